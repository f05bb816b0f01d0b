/* SPDX-License-Identifier: MIT */
/* What the kernel keeps for each CPU.  Found through the per-CPU register (GS on x86-64). */
#ifndef PROC_CPU_H
#define PROC_CPU_H

#include <arch/thread.h>
#include "lib/spinlock.h"
#include "lib/tree.h"
#include "lib/types.h"
#include "proc/runqueue.h"

#define CPU_MAX 64

typedef u64 cpumask_t; /* bit n: CPU n */

struct thread;
struct space;

struct cpu {
	/* Known to assembly: keep in step with arch/offsets.h. */
	struct cpu *self;
	struct thread *running; /* `current` is a macro (arch/thread.h) */
	u64 kstack_top, kstack_low;
	u64 scratch;
	struct trap_frame *kstack_frame; /* the running thread's `frame` */

	unsigned id;	  /* 0 is the one that booted */
	u32 hw_id;	  /* APIC id */
	bool online;
	bool in_handler;  /* an event handler runs: no sleeping */
	struct thread *idle;
	struct space *space; /* whose page tables are loaded */

	struct spinlock rq_lock;
	struct runqueue rq;
	struct thread *previous;  /* left its stack for `running`, in switch_to() */
	struct thread *migrating; /* previous, if it may not run here any more */
	bool resched; /* the current thread should give up this CPU */

	struct spinlock timer_lock;
	struct tree timers;   /* struct timer by deadline */
	nsec_t timer_armed;   /* what the hardware is set to; 0: nothing */
	bool slice_ended;     /* the current thread has had its slice and should go behind its equals */
	nsec_t slice_end;     /* when the current thread's slice ends; 0: it runs alone */
	struct timer *timer_running;

	u64 switches, interrupts; /* for /proc */
	nsec_t idle_time, idle_since;
};

extern struct cpu *cpus[CPU_MAX];
extern unsigned cpu_count; /* online */

/* Valid until this thread may move: with events masked, or for hints. */
static inline struct cpu *this_cpu(void)
{
	struct cpu *c;

	__asm__ volatile("movq %%gs:%c1, %0" : "=r"(c) : "i"(CPU_SELF));
	return c;
}

#endif
