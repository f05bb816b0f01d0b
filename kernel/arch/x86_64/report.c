/* SPDX-License-Identifier: MIT */
/* What a fault report says of the registers and the callers. */
#include <arch/trap.h>
#include "lib/uaccess.h"
#include "mm/heap.h"
#include "proc/fault.h"
#include "proc/thread.h"

#define TRAP_PAGE_FAULT 14
#define ERROR_WRITE	2
#define ERROR_FETCH	16

const char *arch_fault_access(const struct trap_frame *f)
{
	if (current->arch.trap_nr != TRAP_PAGE_FAULT)
		return NULL;
	return current->arch.trap_error & ERROR_FETCH	? "execution"
	       : current->arch.trap_error & ERROR_WRITE ? "write"
							: "read";
}

void arch_fault_registers(const struct trap_frame *f)
{
	fault_print("  rip %016lx rsp %016lx rbp %016lx flags %08lx\n", f->rip, f->rsp, f->rbp, f->rflags);
	fault_print("  rax %016lx rbx %016lx rcx %016lx rdx %016lx\n", f->rax, f->rbx, f->rcx, f->rdx);
	fault_print("  rsi %016lx rdi %016lx r8  %016lx r9  %016lx\n", f->rsi, f->rdi, f->r8, f->r9);
	fault_print("  r10 %016lx r11 %016lx r12 %016lx r13 %016lx\n", f->r10, f->r11, f->r12, f->r13);
	fault_print("  r14 %016lx r15 %016lx\n", f->r14, f->r15);
}

static bool read_word(void *arg, u64 addr, u64 *value)
{
	return !copy_from_user(value, (void __user *)addr, sizeof(*value));
}

/* By frame pointers: %rbp points to the caller's, above which stands the return address (psABI 3.2.2). */
static bool step_by_frame_pointer(struct unwind_regs *r)
{
	u64 fp = r->r[UNWIND_RBP], pair[2];

	if (fp < r->r[UNWIND_RSP] || (fp & 7) || copy_from_user(pair, (void __user *)fp, sizeof(pair)) ||
	    !pair[1])
		return false;
	r->r[UNWIND_RSP] = fp + 16;
	r->r[UNWIND_RBP] = pair[0];
	r->r[UNWIND_PC] = pair[1];
	r->exact = false;
	return true;
}

/* A call through a bad pointer: there is no code here, but the return address lies on top of the stack. */
static bool step_by_return_address(struct unwind_regs *r)
{
	u64 pc;

	if (!read_word(NULL, r->r[UNWIND_RSP], &pc) || !pc)
		return false;
	r->r[UNWIND_RSP] += 8;
	r->r[UNWIND_PC] = pc;
	r->exact = false;
	return true;
}

unsigned arch_backtrace(const struct trap_frame *f, const struct unwind_table *t, u64 *pcs, unsigned max)
{
	/* In DWARF's order. */
	struct unwind_regs r = {
		.r = {f->rax, f->rdx, f->rcx, f->rbx, f->rsi, f->rdi, f->rbp, f->rsp, f->r8, f->r9, f->r10,
		      f->r11, f->r12, f->r13, f->r14, f->r15, f->rip},
		.exact = !frame_is_syscall(f),
	};
	struct unwind_scratch *scratch = t ? kmalloc(sizeof(*scratch)) : NULL;
	bool nowhere = current->arch.trap_nr == TRAP_PAGE_FAULT && (current->arch.trap_error & ERROR_FETCH);
	unsigned n = 0;

	pcs[n++] = f->rip;
	while (n < max) {
		bool found = n == 1 && nowhere ? step_by_return_address(&r)
					       : scratch && !unwind_step(t, &r, scratch, read_word, NULL);

		/* Once the table has been of use, where it ends is the end. */
		if (!found && ((scratch && n > 1) || !step_by_frame_pointer(&r)))
			break;
		pcs[n++] = r.r[UNWIND_PC];
	}
	kfree(scratch);
	return n;
}
