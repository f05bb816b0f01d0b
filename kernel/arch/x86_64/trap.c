/* SPDX-License-Identifier: MIT */
#include "arch/x86_64/trap.h"
#include <arch/cpu.h>
#include <arch/patch.h>
#include <arch/switch.h>
#include "lib/log.h"
#include "proc/rseq.h"
#include "lib/string.h"
#include "mm/heap.h"
#include "mm/space.h"
#include "lib/errno.h"
#include "proc/fault.h"
#include "proc/thread.h"

#define IST_MOVING     1 /* everything that moves to the kernel stack */
#define IST_DOUBLE     2
#define IST_NMI	       3
#define IST_MCE	       4
#define IST_DEBUG      5

#define VECTOR_DEBUG 1
#define RFLAGS_TF    0x100ull

#define IST_SMALL 1024 /* only the frame before it moves */
#define IST_LARGE 4096 /* a handler runs on it */

struct idt_gate { /* SDM 3A, figure 6-8 */
	u16 offset_low, selector;
	u8 ist, type;
	u16 offset_mid;
	u32 offset_high, reserved;
};

struct tss { /* SDM 3A, figure 8-11 */
	u32 reserved0;
	u64 rsp[3];
	u64 reserved1;
	u64 ist[7]; /* IST1 is ist[0] */
	u64 reserved2;
	u16 reserved3, iomap;
} __packed;

struct cpu_tables {
	u64 gdt[6];
	struct tss tss;
	u8 moving[IST_SMALL] __aligned(16);
	u8 debug[IST_SMALL] __aligned(16);
	u8 dbl[IST_LARGE] __aligned(16);
	u8 nmi[IST_LARGE] __aligned(16);
	u8 mce[IST_LARGE] __aligned(16);
};

static struct idt_gate idt[256] __aligned(16);
static struct cpu_tables boot_tables;
extern u64 kernel_gdt[6];
extern void syscall_entry(void), syscall_entry_traced(void);
static void (*entry)(void) = syscall_entry;
extern char syscall_exit_jump[];

void trap_handle(struct trap_frame *f);
void trap_handle_nested(struct trap_frame *f);
void trap_leave(struct trap_frame *f);
void trap_stack_overflow(struct trap_frame *f);
void trap_twice(struct trap_frame *f);

static inline void set_gate(unsigned vector, u8 ist)
{
	u64 stub = (u64)trap_stubs + vector * TRAP_STUB_SIZE;

	idt[vector] = (struct idt_gate){
		.offset_low = stub,
		.selector = 0x08,
		.ist = ist,
		.type = 0x8e, /* present, 64-bit interrupt gate: masks events */
		.offset_mid = stub >> 16,
		.offset_high = stub >> 32,
	};
}

void trap_enable_vector(unsigned vector) { set_gate(vector, IST_MOVING); }

static void load_tables(struct cpu_tables *t)
{
	struct {
		u16 limit;
		u64 base;
	} __packed gdtr = {sizeof(t->gdt) - 1, (u64)t->gdt}, idtr = {sizeof(idt) - 1, (u64)idt};
	u64 tss = (u64)&t->tss;

	memcpy(t->gdt, kernel_gdt, sizeof(t->gdt));
	t->gdt[4] = (sizeof(struct tss) - 1) | (tss & 0xffffff) << 16 | 0x89ull << 40 | (tss >> 24 & 0xff) << 56;
	t->gdt[5] = tss >> 32;
	t->tss.iomap = sizeof(struct tss);
	t->tss.ist[IST_MOVING - 1] = (u64)(t->moving + IST_SMALL);
	t->tss.ist[IST_DEBUG - 1] = (u64)(t->debug + IST_SMALL);
	t->tss.ist[IST_DOUBLE - 1] = (u64)(t->dbl + IST_LARGE);
	t->tss.ist[IST_NMI - 1] = (u64)(t->nmi + IST_LARGE);
	t->tss.ist[IST_MCE - 1] = (u64)(t->mce + IST_LARGE);
	__asm__ volatile("lgdt %0; lidt %1; ltr %w2" ::"m"(gdtr), "m"(idtr), "r"(0x20) : "memory");
}

void trap_init_cpu(struct cpu *c)
{
	struct cpu_tables *t = &boot_tables;

	if (c->id) {
		t = kzalloc(sizeof(*t));
		if (!t)
			panic("no memory for CPU %u", c->id);
	} else {
		for (unsigned v = 0; v < VECTOR_IRQ_FIRST; v++)
			set_gate(v, IST_MOVING);
		set_gate(1, IST_DEBUG);
		set_gate(2, IST_NMI);
		set_gate(8, IST_DOUBLE);
		set_gate(18, IST_MCE);
	}
	load_tables(t);
	/* SYSCALL: cs = 0x08, ss = 0x10; masks TF, IF, DF, IOPL, NT, AC (SDM 2B, SYSCALL). */
	msr_write(MSR_STAR, 0x08ull << 32);
	msr_write(MSR_LSTAR, (u64)entry);
	msr_write(MSR_FMASK, 0x47700);
}

void arch_trace_syscalls(void)
{
	entry = syscall_entry_traced;
	msr_write(MSR_LSTAR, (u64)entry);
}

bool trap_from_kernel(const struct trap_frame *f)
{
	const struct cpu *c = this_cpu();

	return f->rsp > c->kstack_low && f->rsp <= c->kstack_top;
}

void trap_print_frame(const struct trap_frame *f)
{
	log_printf("trap %lu error %lx rip %016lx rflags %lx cr2 %016lx", f->trapno, f->error, f->rip, f->rflags,
		   cpu_read_cr2());
	log_printf("rax %016lx rbx %016lx rcx %016lx rdx %016lx", f->rax, f->rbx, f->rcx, f->rdx);
	log_printf("rsi %016lx rdi %016lx rbp %016lx rsp %016lx", f->rsi, f->rdi, f->rbp, f->rsp);
	log_printf("r8  %016lx r9  %016lx r10 %016lx r11 %016lx", f->r8, f->r9, f->r10, f->r11);
	log_printf("r12 %016lx r13 %016lx r14 %016lx r15 %016lx", f->r12, f->r13, f->r14, f->r15);
}

static __noreturn __cold void panic_frame(const struct trap_frame *f, const char *what)
{
	static const char *const names[] = {"divide error", "debug", "NMI", "breakpoint", "overflow", "bound",
		"invalid opcode", "no FPU", "double fault", "", "invalid TSS", "segment not present",
		"stack segment", "general protection", "page fault", "", "x87 error", "alignment", "machine check",
		"SIMD error"};

	log_verbose = true;
	trap_print_frame(f);
	panic("%s in the kernel (%s) at %lx", what, f->trapno < ARRAY_SIZE(names) ? names[f->trapno] : "vector",
	      f->rip);
}

/* A faulting access through lib/uaccess.h goes on behind it (arch/x86_64/uaccess.c). */
static bool fix_up(struct trap_frame *f)
{
	struct fixup {
		u64 at, go_on;
	};
	extern const struct fixup uaccess_table[], uaccess_table_end[];

	for (const struct fixup *x = uaccess_table; x < uaccess_table_end; x++) {
		if (x->at == f->rip) {
			f->rip = x->go_on;
			return true;
		}
	}
	return false;
}

static void page_fault(struct trap_frame *f, bool kernel)
{
	vaddr_t addr = cpu_read_cr2();
	u32 access = f->error & 2 ? AREA_WRITE : f->error & 16 ? AREA_EXEC : AREA_READ;
	struct process *p = current->process;
	u64 slept = current->voluntary;
	int err = -EFAULT;

	/* With events masked the kernel may not sleep: only the accesses that say so get here (user_load_u32_nosleep). */
	if (p && addr < (1ull << 47) && (f->rflags & 0x200)) {
		events_on();
		err = space_fault(p->space, addr, access);
		events_off();
		if (!kernel && unlikely(current->voluntary != slept))
			rseq_interrupted(current); /* another has had the CPU meanwhile */
		if (!err)
			return;
	}
	if (kernel) {
		if (!fix_up(f))
			panic_frame(f, "fault");
		return;
	}
	events_on();
	if (err == -EIO)
		signal_fault(f, SIGBUS, BUS_ADRERR, addr);
	else if (err == -ENOMEM)
		signal_out_of_memory(f, addr);
	else
		signal_fault(f, SIGSEGV, err == -EACCES ? SEGV_ACCERR : SEGV_MAPERR, addr);
}

static int fpe_code(u32 status) /* the unmasked exceptions that are raised: SDM 1, 8.5 and 11.5 */
{
	return status & 1 ? FPE_FLTINV : status & 4 ? FPE_FLTDIV : status & 8 ? FPE_FLTOVF
	     : status & 16 ? FPE_FLTUND
	     : status & 32 ? FPE_FLTRES
			   : FPE_FLTINV;
}

static void program_fault(struct trap_frame *f)
{
	u32 mxcsr;
	u16 sw, cw;

	switch (f->trapno) {
	case 0:
		signal_fault(f, SIGFPE, FPE_INTDIV, f->rip);
		break;
	case 1:
		signal_fault(f, SIGTRAP, TRAP_TRACE, f->rip);
		break;
	case 3:
		if (!patch_breakpoint(f))
			signal_fault(f, SIGTRAP, SI_KERNEL, 0);
		break;
	case 6:
		signal_fault(f, SIGILL, ILL_ILLOPN, f->rip);
		break;
	case 16:
		__asm__ volatile("fnstsw %0; fnstcw %1" : "=m"(sw), "=m"(cw));
		signal_fault(f, SIGFPE, fpe_code(sw & ~cw), f->rip);
		break;
	case 17:
		signal_fault(f, SIGBUS, BUS_ADRALN, 0);
		break;
	case 19:
		__asm__ volatile("stmxcsr %0" : "=m"(mxcsr));
		signal_fault(f, SIGFPE, fpe_code(mxcsr & ~(mxcsr >> 7)), f->rip);
		break;
	default: /* general protection and its kin: Linux gives no address */
		signal_fault(f, SIGSEGV, SI_KERNEL, 0);
	}
}

/* On the thread's kernel stack; events masked, also on return. */
void trap_handle(struct trap_frame *f)
{
	bool kernel = trap_from_kernel(f);

	/*
	 * A system call's last instruction runs with the program's stack and events on, and that is where a
	 * waiting event comes: the program, and its signal handlers, must see their own address.
	 */
	if (!kernel && f->rip == (u64)syscall_exit_jump)
		f->rip = f->rcx;
	if (f->rip - (u64)patched_text < (u64)(patched_text_end - patched_text))
		patch_interrupted(f, kernel);
	if (f->trapno >= VECTOR_IRQ_FIRST) {
		struct cpu *c = this_cpu();

		c->in_handler = true;
		c->interrupts++;
		platform_interrupt(f->trapno, &f->rip);
		c->in_handler = false;
	} else if (f->trapno == VECTOR_PAGE_FAULT) {
		page_fault(f, kernel);
	} else if (kernel && f->trapno == VECTOR_DEBUG) {
		/* A program that steps itself leaves a system call with TF on: the steps end here. */
		f->rflags &= ~RFLAGS_TF;
	} else if (kernel) {
		if (!fix_up(f))
			panic_frame(f, "exception");
	} else {
		events_on();
		program_fault(f);
	}
	if (!kernel)
		trap_leave(f);
}

/* Before returning to the program: until no work is left.  f is a whole frame. */
void trap_leave(struct trap_frame *f)
{
	events_off();
	while (unlikely(READ_ONCE(current->work))) {
		events_on();
		if (current->work & THREAD_WORK_SIGNAL && !(f->rflags & RFLAGS_TF))
			f->rip = patch_program_pc(f->rip); /* with TF it would step to the same place for ever */
		thread_return_work(f);
		events_off();
	}
}

/* #DF, NMI, #MC: on a stack of their own, whatever was interrupted. */
void trap_handle_nested(struct trap_frame *f)
{
	if (f->trapno == 2) {
		platform_interrupt(2, &f->rip);
		return;
	}
	panic_frame(f, "fatal exception");
}

void trap_stack_overflow(struct trap_frame *f)
{
	panic_frame(f, "kernel stack overflow");
}

void trap_twice(struct trap_frame *f)
{
	panic_frame(f, "the hypervisor gave an interrupt twice");
}
