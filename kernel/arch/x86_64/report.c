/* SPDX-License-Identifier: MIT */
/* What a fault report says of the registers and the callers. */
#include <arch/trap.h>
#include "lib/uaccess.h"
#include "proc/fault.h"
#include "proc/thread.h"

#define TRAP_PAGE_FAULT 14
#define ERROR_WRITE 2
#define ERROR_FETCH 16

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

/* By frame pointers: %rbp points to the caller's, above which stands the return address (psABI 3.2.2). */
unsigned arch_backtrace(const struct trap_frame *f, u64 *pcs, unsigned max)
{
	u64 fp = f->rbp, pair[2];
	unsigned n = 0;

	pcs[n++] = f->rip;
	while (n < max && fp >= f->rsp && (fp & 7) == 0 && !copy_from_user(pair, (void __user *)fp, sizeof(pair))) {
		if (!pair[1] || pair[0] <= fp)
			break;
		pcs[n++] = pair[1];
		fp = pair[0];
	}
	return n;
}
