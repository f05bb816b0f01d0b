/* SPDX-License-Identifier: MIT */
/*
 * What a program's registers look like when the kernel has them: one type for
 * both platforms.  On `vm` the entry code (trap.S, syscall.S) fills it; on
 * `process` it is copied from the signal's ucontext.
 *
 * A system call saves rbx, rbp and r12-r15 only when somebody wants the whole
 * frame (the C code in between preserves them): see thread_full_frame().
 */
#ifndef ARCH_TRAP_H
#define ARCH_TRAP_H

#include <arch/offsets.h>
#include "lib/types.h"

struct trap_frame {
	/* Vector state at the time of the trap: NULL while it is still in the registers. */
	void *vector;
	u64 trapno; /* exception or interrupt vector, or TRAP_SYSCALL */
	u64 r15, r14, r13, r12, rbp, rbx; /* in a system call's frame: valid only once saved */
	u64 r11, r10, r9, r8, rax, rcx, rdx, rsi, rdi;
	u64 error; /* exception's error code; in a system call its number, for restarting */
	/* as iretq wants them */
	u64 rip, cs, rflags, rsp, ss;
};

#define TRAP_SIGRETURN	257 /* rt_sigreturn has replaced a system call's frame by an interrupted one */

/* Generic names for what portable code needs of a frame. */
static inline u64 frame_pc(const struct trap_frame *f) { return f->rip; }
static inline void frame_set_pc(struct trap_frame *f, u64 pc) { f->rip = pc; }
static inline u64 frame_sp(const struct trap_frame *f) { return f->rsp; }
static inline void frame_set_sp(struct trap_frame *f, u64 sp) { f->rsp = sp; }
static inline u64 frame_result(const struct trap_frame *f) { return f->rax; }
static inline void frame_set_result(struct trap_frame *f, u64 v) { f->rax = v; }
static inline bool frame_is_syscall(const struct trap_frame *f) { return f->trapno == TRAP_SYSCALL; }
/* The argument i of a system call, from 0 to 5. */
static inline u64 frame_syscall_arg(const struct trap_frame *f, unsigned i)
{
	const u64 args[] = {f->rdi, f->rsi, f->rdx, f->r10, f->r8, f->r9};

	return args[i];
}
static inline u64 frame_syscall_nr(const struct trap_frame *f) { return f->error; }

#endif
