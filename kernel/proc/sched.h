/* SPDX-License-Identifier: MIT */
/*
 * Scheduler: which thread runs on which CPU.  Tickless: a CPU with one thread
 * to run takes no timer interrupt.  The kernel itself is not preempted: a
 * thread inside it gives up the CPU by sleeping or on its way back to the
 * program.  Takes run-queue locks.
 */
#ifndef PROC_SCHED_H
#define PROC_SCHED_H

#include "lib/types.h"

struct thread;
struct cpu;

void sched_init_cpu(struct cpu *c);

/*
 * Sleeping takes three steps, so that no wake-up is lost: prepare, look at the
 * condition, sleep.  A wake-up between prepare and sleep makes sleep return at once.
 */
void sched_prepare_sleep(bool interruptible);
/* 0 after a wake-up; -ETIMEDOUT; -ERESTARTSYS if interruptible and a signal is pending. */
int sched_sleep(nsec_t deadline);
void sched_cancel_sleep(void);

/* Makes t runnable if it sleeps.  From anywhere.  False if it was not asleep. */
bool sched_wake(struct thread *t);
/* Makes t, sleeping interruptibly, look at its signals; makes t, running, enter the kernel soon. */
void sched_notify_signal(struct thread *t);
void sched_start(struct thread *t); /* a new thread: queues it for the first time */

long sched_yield_cpu(void);	 /* sched_yield(2): 0; events on */
void sched_preempt(void);	 /* on the way back to the program, when this_cpu()->resched */
void sched_exit(void) __noreturn; /* the current thread ends; its memory is freed by whoever switches away from it */

/* Changes that take effect at once.  The caller has checked the values. */
void sched_set_policy(struct thread *t, int policy, int rt_prio, int nice);
void sched_set_affinity(struct thread *t, u64 cpumask);
/* The timer's event handler asks: has the current thread's slice ended? */
void sched_tick(void);
void sched_interrupt_sequences(u64 cpus); /* of rseq(2): whoever runs there, once it is interrupted */
void sched_kicked(void); /* the event handler of platform_kick(): has competition arrived? */
/* What every thread does first when it gets a CPU: lets go of the previous one.  Events masked. */
void sched_after_switch(void);
void sched_idle_loop(void) __noreturn;
/* Sum of run time in ns, of a thread that may be running. */
nsec_t sched_runtime(const struct thread *t);

#endif
