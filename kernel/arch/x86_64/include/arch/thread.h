/* SPDX-License-Identifier: MIT */
/* The part of a thread and of a CPU that x86-64 defines.  Offsets used by assembly stand in arch/offsets.h. */
#ifndef ARCH_THREAD_H
#define ARCH_THREAD_H

#include <arch/offsets.h>
#include "lib/types.h"

struct thread;
struct trap_frame;

struct arch_thread {
	void *kstack;	/* what platform_kstack_free() wants; NULL: not its own */
	u64 kstack_top; /* first byte above the kernel stack; 16-byte aligned */
	u64 kstack_low; /* lowest usable byte; a guard page lies below */
	u64 ksp;	/* where switch_context() left rsp */
	u64 fs_base;	/* the program's thread pointer while it does not run */
	void *vector;	/* XSAVE/FXSAVE image while it does not run; NULL for kernel threads */
	u64 trap_nr, trap_error, trap_cr2; /* of the program's last fault: signal frames show them */
};

/* The thread that runs on this CPU: one load, so it needs no masking. */
static inline struct thread *current_thread(void)
{
	struct thread *t;

	__asm__("movq %%gs:%c1, %0" : "=r"(t) : "i"(CPU_CURRENT));
	return t;
}
#define current current_thread()

static inline void cpu_relax(void) { __asm__ volatile("pause" ::: "memory"); }

#endif
