/* SPDX-License-Identifier: MIT */
/*
 * From the PVH entry (start.S) to kernel_main(): the CPU's features, the memory
 * map, the command line, the machine's tables.
 */
#include "platform/vm/boot.h"
#include <arch/cpu.h>
#include <arch/vector.h>
#include "arch/x86_64/trap.h"
#include "kernel.h"
#include "lib/log.h"
#include "lib/string.h"
#include "mm/frame.h"
#include "platform/boot.h"
#include "platform/platform.h"
#include "platform/vm/apic.h"
#include "platform/vm/clock.h"
#include "platform/vm/machine.h"
#include "platform/vm/paging.h"
#include "platform/vm/vm.h"
#include "proc/sched.h"
#include "proc/thread.h"
#include "proc/trace.h"

/* Xen's public/arch-x86/hvm/start_info.h, version 1.  Loaders align them to 4 bytes, or not at all. */
struct hvm_start_info {
	u32 magic, version, flags, module_count;
	u64 modules, cmdline, rsdp;
	u64 memmap;
	u32 memmap_entries, reserved;
} __packed;
#define HVM_START_MAGIC 0x336ec578
struct hvm_module {
	u64 addr, size, cmdline, reserved;
} __packed;
struct hvm_memmap {
	u64 addr, size;
	u32 type, reserved;
} __packed;
#define MEMMAP_RAM 1

#define MEMMAP_MAX  32
#define CMDLINE_MAX 4096

struct cpu boot_cpu;
u32 cpu_features;
struct virtio_mmio_slot virtio_mmio_slots[VIRTIO_MMIO_MAX];
unsigned virtio_mmio_count;
bool machine_has_pci;

static struct thread boot_thread;
static char cmdline[CMDLINE_MAX];
static struct hvm_memmap ram[MEMMAP_MAX];
static unsigned ram_count;
extern u64 __stack_chk_guard; /* lib/protect.c */
extern char boot_stack[], boot_stack_top[];

void vm_start(u32 start_info_pa) __noreturn;

static void detect_features(void)
{
	struct cpuid id = cpu_cpuid(1, 0), ext = cpu_cpuid(0x80000001, 0);
	u32 max = cpu_cpuid(0, 0).eax;

	cpu_features = (ext.edx >> 26 & 1) << CPU_FEATURE_PDPE1GB | (id.ecx >> 21 & 1) << CPU_FEATURE_X2APIC |
		       (id.ecx >> 24 & 1) << CPU_FEATURE_TSC_DEADLINE | (id.ecx >> 26 & 1) << CPU_FEATURE_XSAVE |
		       (id.ecx >> 30 & 1) << CPU_FEATURE_RDRAND | (id.ecx >> 31) << CPU_FEATURE_HYPERVISOR;
	if (max >= 7)
		cpu_features |= (cpu_cpuid(7, 0).ebx & 1) << CPU_FEATURE_FSGSBASE;
}

void cpu_init_control(void)
{
	u64 cr4 = cpu_read_cr4() | 1u << 7 | 1u << 9 | 1u << 10; /* PGE, OSFXSR, OSXMMEXCPT */

	if (cpu_has(CPU_FEATURE_FSGSBASE))
		cr4 |= 1u << 16;
	cpu_write_cr4(cr4);
}

/* Low memory will be given to the allocator: take out of it what the loader put there. */
static void copy_start_info(const struct hvm_start_info *info)
{
	const struct hvm_memmap *map = phys_to_virt(info->memmap);

	if (info->magic != HVM_START_MAGIC || info->version < 1 || !info->memmap_entries)
		panic("the loader gave no memory map (PVH version 1 is needed)");
	for (unsigned i = 0; i < info->memmap_entries && ram_count < MEMMAP_MAX; i++)
		if (map[i].type == MEMMAP_RAM && map[i].size >= PAGE_SIZE)
			ram[ram_count++] = map[i];
	if (info->cmdline)
		string_copy(cmdline, phys_to_virt(info->cmdline), sizeof(cmdline));
	if (info->module_count) {
		const struct hvm_module *m = phys_to_virt(info->modules);

		boot_info.initrd = phys_to_virt(m->addr);
		boot_info.initrd_len = m->size;
	}
}

struct range {
	paddr_t start, end;
};

/* Frames' metadata lies behind the kernel or the initrd, wherever it fits: below 1 GiB, which is mapped first. */
static paddr_t place_meta(size_t size, const struct range *taken, unsigned count)
{
	for (unsigned i = 0; i < ram_count; i++) {
		paddr_t p = MAX(ram[i].addr, (paddr_t)1 * MiB), end = MIN(ram[i].addr + ram[i].size, GiB);

		for (unsigned k = 0; k < count; k++)
			if (p < taken[k].end && p + size > taken[k].start)
				p = ALIGN_UP(taken[k].end, PAGE_SIZE);
		if (p + size <= end)
			return p;
	}
	panic("no place for the metadata of the memory (%lu KiB)", size / KiB);
}

/* Gives [start, end) to the allocator, but for what is taken (sorted by address). */
static void add_frames(paddr_t start, paddr_t end, const struct range *taken, unsigned count)
{
	for (unsigned k = 0; k < count && start < end; k++) {
		if (taken[k].end <= start || taken[k].start >= end)
			continue;
		if (taken[k].start > start)
			frames_add(start, taken[k].start);
		start = ALIGN_UP(taken[k].end, PAGE_SIZE);
	}
	if (start < end)
		frames_add(start, end);
}

static void sort_ranges(struct range *r, unsigned n)
{
	for (unsigned i = 1; i < n; i++)
		for (unsigned k = i; k > 0 && r[k].start < r[k - 1].start; k--) {
			struct range t = r[k];

			r[k] = r[k - 1];
			r[k - 1] = t;
		}
}

static void memory_init(void)
{
	paddr_t initrd = boot_info.initrd ? virt_to_phys(boot_info.initrd) : 0;
	struct range taken[4] = {
		{TRAMPOLINE, TRAMPOLINE + PAGE_SIZE},
		{kernel_start - (char *)KERNEL_BASE, kernel_end - (char *)KERNEL_BASE},
		{initrd, initrd + boot_info.initrd_len},
	};
	paddr_t end = 0, meta;

	for (unsigned i = 0; i < ram_count; i++)
		end = MAX(end, ram[i].addr + ram[i].size);
	meta = place_meta((end >> PAGE_SHIFT) * sizeof(struct frame), taken + 1, 2);
	taken[3] = (struct range){meta, meta + (end >> PAGE_SHIFT) * sizeof(struct frame)};
	sort_ranges(taken, 4);

	/* First what start.S has mapped; the page tables for the rest come from it. */
	/* The initrd's frames are not the allocator's: say so where it would look. */
	struct frame *frames = phys_to_virt(meta);
	memset(&frames[initrd >> PAGE_SHIFT], 0,
	       ((boot_info.initrd_len + PAGE_SIZE - 1) >> PAGE_SHIFT) * sizeof(*frames));
	memset(frames, 0, (virt_to_phys(kernel_end) >> PAGE_SHIFT) * sizeof(*frames));
	frames_init(frames, end >> PAGE_SHIFT);
	for (unsigned i = 0; i < ram_count; i++)
		if (ram[i].addr < GiB)
			add_frames(ram[i].addr, MIN(ram[i].addr + ram[i].size, GiB), taken, 4);
	for (unsigned i = 0; i < ram_count; i++) {
		paddr_t start = MAX(ram[i].addr, GiB), stop = ram[i].addr + ram[i].size;

		if (start >= stop)
			continue;
		paging_map_ram(start, stop);
		add_frames(start, stop, taken, 4);
	}
}

static bool parse_number(const char **p, u64 *out)
{
	const char *s = *p;
	unsigned base = 10;
	u64 v = 0;

	if (s[0] == '0' && (s[1] == 'x' || s[1] == 'X')) {
		base = 16;
		s += 2;
	}
	const char *first = s;
	for (;; s++) {
		unsigned d = *s >= '0' && *s <= '9' ? *s - '0' : (*s | 32) >= 'a' && (*s | 32) <= 'f' ? (*s | 32) - 'a' + 10
												      : 99;
		if (d >= base)
			break;
		v = v * base + d;
	}
	*p = s;
	*out = v;
	return s != first;
}

/* virtio_mmio.device=SIZE@ADDR:IRQ, as QEMU's microvm and Firecracker append them. */
static bool parse_virtio_mmio(const char *word)
{
	static const char key[] = "virtio_mmio.device=";
	u64 size, addr, irq;

	if (strncmp(word, key, sizeof(key) - 1))
		return false;
	word += sizeof(key) - 1;
	if (!parse_number(&word, &size))
		return true;
	if (*word == 'K' || *word == 'k') {
		size *= KiB;
		word++;
	}
	if (*word++ != '@' || !parse_number(&word, &addr) || *word++ != ':' || !parse_number(&word, &irq))
		return true;
	if (virtio_mmio_count < VIRTIO_MMIO_MAX)
		virtio_mmio_slots[virtio_mmio_count++] = (struct virtio_mmio_slot){addr, size, irq};
	return true;
}

/* Takes the platform's words out of the command line; the rest is for boot_read(). */
static void parse_cmdline(void)
{
	char *in = cmdline, *out = cmdline;

	while (*in) {
		char *word = in, end;

		while (*in && *in != ' ')
			in++;
		end = *in;
		*in = 0;
		if (!parse_virtio_mmio(word)) {
			size_t len = in - word;

			memmove(out, word, len);
			out += len;
			if (end)
				*out++ = ' ';
		}
		if (end)
			in++;
	}
	*out = 0;
}

static void probe_pci(void)
{
	/* Configuration mechanism 1: the address register keeps what is written (PCI 3.0, 3.2.2.3.2). */
	port_out32(0xcf8, 0x80000000);
	machine_has_pci = port_in32(0xcf8) == 0x80000000 && (port_out32(0xcf8, 0x80000000), port_in16(0xcfc)) != 0xffff;
}

u64 platform_memory_total(void) { return frame_total_count() * PAGE_SIZE; }
u64 platform_memory_free(void) { return frame_free_count() * PAGE_SIZE; }

static __noreturn __attribute__((noinline)) void start_machine(const struct hvm_start_info *info)
{
	struct cpu *c = &boot_cpu;
	paddr_t rsdp = info->rsdp;

	cpu_init_control();
	trap_init_cpu(c);
	vector_init_cpu();
	paging_init();
	copy_start_info(info);
	parse_cmdline();
	memory_init();
	apic_init_cpu();
	clock_init();
	machine_probe(rsdp);
	c->hw_id = apic_id();
	probe_pci();
	sched_init_cpu(c);
	boot_read(cmdline);
	if (boot_info.flags & HERMIT_BOOT_F_STRACE)
		trace_start();
	clock_ready();
	platform_start_cpus();
	kernel_main();
}

/* Changes the canary, so it must have none of its own. */
__attribute__((no_stack_protector)) void vm_start(u32 start_info_pa)
{
	struct cpu *c = &boot_cpu;
	u64 canary = __stack_chk_guard;

	c->self = c;
	c->running = c->idle = &boot_thread;
	c->kstack_low = boot_thread.arch.kstack_low = (u64)boot_stack;
	c->kstack_top = boot_thread.arch.kstack_top = (u64)boot_stack_top;
	c->online = true;
	cpus[0] = c;
	cpu_count = 1;
	boot_thread.on_cpu = true;
	boot_thread.refs = 1;
	detect_features();
	platform_entropy(&canary, sizeof(canary));
	__stack_chk_guard = (canary ^ cpu_rdtsc()) & ~0xffull; /* a zero byte stops strings */
	start_machine(phys_to_virt(start_info_pa));
}
