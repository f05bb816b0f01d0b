/* SPDX-License-Identifier: MIT */
/* Making threads and switching between them. */
#ifndef ARCH_SWITCH_H
#define ARCH_SWITCH_H

#include <arch/trap.h>
#include "lib/types.h"

struct thread;

/* A kernel stack, and vector state if it is to run a program.  0 or -ENOMEM. */
int arch_thread_init(struct thread *t, bool program);
void arch_thread_free(struct thread *t);
/* When t first runs it calls fn(arg), which never returns. */
void arch_thread_set_start(struct thread *t, void (*fn)(void *), void *arg);
/*
 * When t first runs it goes to the program with the registers of f (copied to t->frame, where the caller may
 * still change them).  The vector state is the current thread's (clone), or the initial one.
 */
void arch_thread_set_frame(struct thread *t, const struct trap_frame *f, bool copy_vector);
/* From one kernel stack to another, with space, thread pointer and vector state.  Events masked. */
void arch_switch(struct thread *prev, struct thread *next);
/* Leaves the kernel by t->frame of the current thread. */
void arch_return_to_program(struct trap_frame *f) __noreturn;
/* The current thread goes to another program's first instruction, with registers as a program finds them. */
void arch_thread_exec(struct thread *t, u64 pc, u64 sp) __noreturn;
/* A frame for a program's first instruction. */
void arch_frame_init(struct trap_frame *f, u64 pc, u64 sp);
/* The program's thread pointer (%fs): of the current thread, or one that does not run. */
void arch_set_tls(struct thread *t, u64 tls);
u64 arch_get_tls(struct thread *t);

/* From now on system calls pass by the tracer: before other CPUs are started. */
void arch_trace_syscalls(void);

#endif
