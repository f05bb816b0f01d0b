/* SPDX-License-Identifier: MIT */
/*
 * Shadow memory for KASan on the platform vm, in place before the first line of
 * C that is checked: __wrap_vm_start() runs between start.S and vm_start().
 *
 * Shadowed are the direct map (an eighth of the memory is taken for it out of
 * the memory map that the loader gave), the kernel's image, and kernel stacks.
 * Accesses to anything else are not checked.
 */
#include "lib/kasan.h"
#include "lib/log.h"
#include "lib/types.h"
#include "mm/frame.h"
#include "platform/platform.h"
#include "platform/vm/paging.h"
#include "platform/vm/vm.h"

#define INDEX(va, level) (((va) >> (12 + 9 * (level))) & 511)
#define PAGE_FLAGS	 (PTE_P | PTE_W | PTE_A | PTE_D | PTE_NX)
#define IMAGE_MAX	 (8 * MiB)  /* what start.S maps */
#define MEMORY_MAX	 (64 * GiB) /* what PDS tables can shadow */
#define PDS		 (MEMORY_MAX / 8 / GiB)
#define MEMMAP_MAX	 32
#define STACK_SLOT	 (32 * KiB) /* a kernel stack and its guard: one page of shadow */

/* As in platform/vm/boot.c. */
struct start_info {
	u32 magic, version, flags, module_count;
	u64 modules, cmdline, rsdp, memmap;
	u32 memmap_entries, reserved;
};
struct module {
	u64 addr, size, cmdline, reserved;
};
struct memmap {
	u64 addr, size;
	u32 type, reserved;
};
#define MEMMAP_RAM 1

static u64 direct_shadow_pdpt[512] __aligned(4096), direct_shadow_pd[PDS][512] __aligned(4096);
static u64 stack_shadow_pdpt[512] __aligned(4096);
static u64 image_shadow_pdpt[512] __aligned(4096), image_shadow_pd[512] __aligned(4096);
static u64 image_shadow_pt[512] __aligned(4096);
static u8 image_shadow[IMAGE_MAX / KASAN_GRAIN] __aligned(4096);

static struct start_info info_copy;
static struct memmap map_copy[MEMMAP_MAX];
static paddr_t memory_end;
static vaddr_t stacks_end = STACK_BASE; /* kernel stacks below have shadow */

void __real_vm_start(u32 start_info_pa) __noreturn;
void __wrap_vm_start(u32 start_info_pa) __noreturn;
void *__real_platform_kstack_alloc(u64 *low, u64 *top);
void *__wrap_platform_kstack_alloc(u64 *low, u64 *top);

bool kasan_has_shadow(vaddr_t a)
{
	if (a - DIRECT_BASE < memory_end || a - KERNEL_BASE < IMAGE_MAX)
		return true;
	return a - STACK_BASE < READ_ONCE(stacks_end) - STACK_BASE;
}

static u64 image_table(const void *table) { return ((u64)table - KERNEL_BASE) | PTE_P | PTE_W; }

static void map_image_shadow(void)
{
	vaddr_t va = (vaddr_t)kasan_shadow_of(KERNEL_BASE);

	kernel_root[INDEX(va, 3)] = image_table(image_shadow_pdpt);
	image_shadow_pdpt[INDEX(va, 2)] = image_table(image_shadow_pd);
	image_shadow_pd[INDEX(va, 1)] = image_table(image_shadow_pt);
	for (size_t i = 0; i < sizeof(image_shadow) / PAGE_SIZE; i++)
		image_shadow_pt[INDEX(va, 0) + i] = ((u64)image_shadow - KERNEL_BASE + i * PAGE_SIZE) | PAGE_FLAGS;
}

/* The direct map's, at block in 2 MiB pages. */
static void map_direct_shadow(paddr_t block, u64 size)
{
	vaddr_t va = (vaddr_t)kasan_shadow_of(DIRECT_BASE);

	kernel_root[INDEX(va, 3)] = image_table(direct_shadow_pdpt);
	for (u64 i = 0; i < size / HUGE_SIZE; i++) {
		direct_shadow_pdpt[i / 512] = image_table(direct_shadow_pd[i / 512]);
		direct_shadow_pd[i / 512][i % 512] = (block + i * HUGE_SIZE) | PAGE_FLAGS | PTE_PS;
	}
	for (u64 *p = (u64 *)va; p < (u64 *)(va + size); p++)
		*p = 0;
}

/* The highest block of `size` bytes in [start, end) that neither the image nor an initrd lies in; 0: none. */
static paddr_t place_in(paddr_t start, paddr_t end, u64 size)
{
	const struct module *m = phys_to_virt(info_copy.modules);

	start = MAX(start, (paddr_t)IMAGE_MAX);
	for (u32 i = 0; i < info_copy.module_count; i++)
		if (m[i].addr < end && m[i].addr + m[i].size > start)
			end = m[i].addr;
	end = ALIGN_DOWN(end, HUGE_SIZE);
	return end >= start && end - start >= size ? end - size : 0;
}

/* Takes the block out of entry i. */
static void cut_memmap(u32 i, paddr_t block, u64 size)
{
	struct memmap *e = &map_copy[i], *rest = &map_copy[info_copy.memmap_entries++];

	*rest = *e;
	rest->addr = block + size;
	rest->size = e->addr + e->size - rest->addr;
	e->size = block - e->addr;
}

static void take_shadow(void)
{
	u64 size = ALIGN_UP(memory_end / KASAN_GRAIN, HUGE_SIZE);

	if (memory_end > MEMORY_MAX)
		panic("KASan: more than %lu GiB of memory", MEMORY_MAX / GiB);
	for (u32 i = 0; i < info_copy.memmap_entries; i++) {
		const struct memmap *e = &map_copy[i];
		paddr_t block = e->type == MEMMAP_RAM ? place_in(e->addr, e->addr + e->size, size) : 0;

		if (!block)
			continue;
		cut_memmap(i, block, size);
		map_direct_shadow(block, size);
		return;
	}
	panic("KASan: no place for %lu MiB of shadow memory", size / MiB);
}

static void read_start_info(u32 pa)
{
	const struct memmap *map;

	info_copy = *(const struct start_info *)phys_to_virt(pa);
	if (info_copy.memmap_entries >= MEMMAP_MAX)
		panic("KASan: the memory map is too long");
	map = phys_to_virt(info_copy.memmap);
	for (u32 i = 0; i < info_copy.memmap_entries; i++) {
		map_copy[i] = map[i];
		if (map[i].type == MEMMAP_RAM)
			memory_end = MAX(memory_end, map[i].addr + map[i].size);
	}
	info_copy.memmap = (u64)map_copy - KERNEL_BASE;
}

void __wrap_vm_start(u32 start_info_pa)
{
	vaddr_t stacks = (vaddr_t)kasan_shadow_of(STACK_BASE);

	map_image_shadow();
	kernel_root[INDEX(stacks, 3)] = image_table(stack_shadow_pdpt);
	read_start_info(start_info_pa);
	take_shadow();
	kasan_register_globals();
	__real_vm_start((u32)((u64)&info_copy - KERNEL_BASE));
}

/* A new stack needs a page of shadow; a used one is clean again. */
void *__wrap_platform_kstack_alloc(u64 *low, u64 *top)
{
	void *stack = __real_platform_kstack_alloc(low, top);
	vaddr_t slot = (vaddr_t)stack, end;

	if (!stack)
		return NULL;
	end = READ_ONCE(stacks_end);
	if (slot >= end) {
		paddr_t p = frame_alloc(0);

		if (!p || paging_map_kernel((vaddr_t)kasan_shadow_of(slot), p, PTE_W | PTE_NX | PTE_A | PTE_D))
			panic("KASan: no memory for a stack's shadow");
	}
	kasan_unpoison((void *)slot, STACK_SLOT);
	/* In order of slots, which others may overtake: what lies between is theirs, and mapped soon. */
	while (slot >= end && !__atomic_compare_exchange_n(&stacks_end, &end, slot + STACK_SLOT, false,
							   __ATOMIC_RELEASE, __ATOMIC_RELAXED))
		;
	return stack;
}
