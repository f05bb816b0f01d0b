/* SPDX-License-Identifier: MIT */
#include "platform/vm/paging.h"
#include <arch/cpu.h>
#include "lib/errno.h"
#include "lib/log.h"
#include "lib/spinlock.h"
#include "lib/string.h"
#include "mm/frame.h"
#include "platform/vm/vm.h"

#define INDEX(va, level) (((va) >> (12 + 9 * (level))) & 511) /* level 0: PT ... 3: PML4 */

static u64 mmio_pdpt[512] __aligned(4096);
static u64 stack_pdpt[512] __aligned(4096);
static struct spinlock kernel_half_lock;

static inline paddr_t image_phys(const void *p) { return (u64)p - KERNEL_BASE; }
static inline u64 *table_at(u64 entry) { return phys_to_virt(entry & PTE_ADDR); }

paddr_t virt_to_phys(const void *p)
{
	return (u64)p >= KERNEL_BASE ? image_phys(p) : (u64)p - DIRECT_BASE;
}

void *frame_ptr(paddr_t pa) { return phys_to_virt(pa); }
paddr_t frame_addr(const void *p) { return virt_to_phys(p); }

static void protect_image(const char *start, const char *end, u64 clear, u64 set)
{
	u64 *pte = &kernel_pt[image_phys(start) >> PAGE_SHIFT], *stop = &kernel_pt[image_phys(end) >> PAGE_SHIFT];

	for (; pte < stop; pte++)
		*pte = (*pte & ~clear) | set;
}

void paging_init(void)
{
	/*
	 * The image's small pages serve both of its mappings.  All of the direct map is made
	 * non-executable one level up, the image's data here.
	 */
	protect_image(text_start, text_end, PTE_W, 0);
	protect_image(rodata_start, rodata_end, PTE_W, PTE_NX);
	protect_image(rodata_end, kernel_end, 0, PTE_NX);
	kernel_root[INDEX(DIRECT_BASE, 3)] |= PTE_NX;
	kernel_root[INDEX(MMIO_BASE, 3)] = image_phys(mmio_pdpt) | PTE_P | PTE_W | PTE_NX;
	kernel_root[INDEX(STACK_BASE, 3)] = image_phys(stack_pdpt) | PTE_P | PTE_W | PTE_NX;
	cpu_write_cr3(image_phys(kernel_root));
}

/*
 * 1 GiB pages where the CPU has them and the whole GiB is memory; else 2 MiB pages, the last of
 * which may reach beyond the memory's end: nothing ever touches that.
 */
void paging_map_ram(paddr_t start, paddr_t end)
{
	static u64 *last_pd;
	static paddr_t last_gib = ~0ull;
	bool gib_pages = cpu_has(CPU_FEATURE_PDPE1GB);
	paddr_t p;

	start = MAX(start, GiB); /* the first is in start.S */
	p = ALIGN_DOWN(start, HUGE_SIZE);
	while (p < end) {
		u64 *pdpte = &direct_pdpt[p >> 30];

		if (p >= 512 * GiB)
			panic("memory above 512 GiB is not supported");
		if (gib_pages && !*pdpte && IS_ALIGNED(p, GiB) && start <= p && p + GiB <= end) {
			*pdpte = p | PTE_P | PTE_W | PTE_A | PTE_D | PTE_PS;
			p += GiB;
			continue;
		}
		if (p >> 30 != last_gib) {
			last_gib = p >> 30;
			if (!*pdpte) {
				paddr_t pd = frame_alloc(0);

				if (!pd)
					panic("no memory for the direct map");
				last_pd = memset(phys_to_virt(pd), 0, PAGE_SIZE);
				*pdpte = pd | PTE_P | PTE_W;
			} else {
				last_pd = table_at(*pdpte);
			}
		}
		/* To the end of the range or of this PD. */
		paddr_t stop = MIN(end, ALIGN_DOWN(p, GiB) + GiB);
		for (u64 *pde = &last_pd[INDEX(p, 1)]; p < stop; p += HUGE_SIZE, pde++)
			if (!*pde) /* NOLINT: no GiB is ~0, so last_pd is set */
				*pde = p | PTE_P | PTE_W | PTE_A | PTE_D | PTE_PS;
	}
}

static u64 *next_table(u64 *entry)
{
	if (!(*entry & PTE_P)) {
		paddr_t pa = frame_alloc(0);

		if (!pa)
			return NULL;
		memset(phys_to_virt(pa), 0, PAGE_SIZE);
		*entry = pa | PTE_P | PTE_W;
	}
	return table_at(*entry);
}

int paging_map_kernel(vaddr_t va, paddr_t pa, u64 flags)
{
	unsigned long ev = spin_lock(&kernel_half_lock);
	u64 *t = table_at(kernel_root[INDEX(va, 3)]);

	for (int level = 2; t && level > 0; level--)
		t = next_table(&t[INDEX(va, level)]);
	if (t)
		t[INDEX(va, 0)] = pa | flags | PTE_P;
	spin_unlock(&kernel_half_lock, ev);
	return t ? 0 : -ENOMEM;
}

void *mmio_map(paddr_t phys, size_t len)
{
	static vaddr_t next = MMIO_BASE;
	paddr_t start = ALIGN_DOWN(phys, PAGE_SIZE), end = ALIGN_UP(phys + len, PAGE_SIZE);
	vaddr_t va = __atomic_fetch_add(&next, end - start + PAGE_SIZE, __ATOMIC_RELAXED);

	for (paddr_t p = start; p < end; p += PAGE_SIZE)
		if (paging_map_kernel(va + (p - start), p, PTE_W | PTE_NX | PTE_PCD | PTE_A | PTE_D))
			return NULL;
	return (void *)(va + (phys - start));
}

u64 *paging_find(paddr_t root, vaddr_t va, bool *huge)
{
	u64 *t = phys_to_virt(root);

	*huge = false;
	for (int level = 3; level > 0; level--) {
		u64 *e = &t[INDEX(va, level)];

		if (!pte_there(*e))
			return NULL;
		if (*e & PTE_PS) {
			*huge = true;
			return e;
		}
		t = table_at(*e);
	}
	return &t[INDEX(va, 0)];
}

u64 *paging_make(paddr_t root, vaddr_t va, bool huge)
{
	u64 *t = phys_to_virt(root);

	for (int level = 3; level > (int)huge; level--) {
		u64 *e = &t[INDEX(va, level)];

		if (*e & PTE_PS && level == 1)
			return NULL;
		t = next_table(e);
		if (!t)
			return NULL;
	}
	return &t[INDEX(va, huge)];
}

vaddr_t paging_skip(paddr_t root, vaddr_t va, vaddr_t end)
{
	while (va < end) {
		u64 *t = phys_to_virt(root);
		int level;

		for (level = 3; level > 0; level--) {
			u64 e = t[INDEX(va, level)];

			if (!pte_there(e))
				break;
			if (e & PTE_PS)
				return va;
			t = table_at(e);
		}
		if (!level) {
			do {
				if (pte_there(t[INDEX(va, 0)]))
					return va;
				va += PAGE_SIZE;
			} while (va < end && INDEX(va, 0));
			continue;
		}
		u64 span = 1ull << (12 + 9 * level);
		va = ALIGN_DOWN(va, span) + span;
		if (!va)
			break;
	}
	return end;
}

int paging_split(u64 *pde)
{
	paddr_t pt = frame_alloc(0);
	u64 flags = *pde & ~(PTE_ADDR | PTE_PS), base = *pde & PTE_ADDR;

	if (!pt)
		return -ENOMEM;
	for (u64 i = 0, *t = phys_to_virt(pt); i < 512; i++)
		t[i] = (base + i * PAGE_SIZE) | flags;
	*pde = pt | PTE_P | PTE_W;
	return 0;
}

static void free_tables(u64 *t, int level, unsigned count)
{
	for (unsigned i = 0; i < count; i++) {
		if (!(t[i] & PTE_P) || t[i] & PTE_PS)
			continue;
		if (level > 1)
			free_tables(table_at(t[i]), level - 1, 512);
		frame_free(t[i] & PTE_ADDR, 0);
		t[i] = 0;
	}
}

void paging_free_tables(paddr_t root) { free_tables(phys_to_virt(root), 3, 256); }
