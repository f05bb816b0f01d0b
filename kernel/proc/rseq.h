/* SPDX-License-Identifier: MIT */
/*
 * Restartable sequences (rseq(2), linux/rseq.h): a thread names a piece of its
 * code that must run on one CPU in one go; if it did not, the thread goes on at
 * its abort handler.  The kernel looks on the way back to the program, when the
 * thread has lost its CPU there, when it comes back on another one, and at
 * signals.  thread.rseq and its kin are the thread's own: no locks.
 */
#ifndef PROC_RSEQ_H
#define PROC_RSEQ_H

#include "proc/thread.h"

struct rseq_area { /* of the program */
	u32 cpu_id_start, cpu_id;
	u64 cs;
	u32 flags, node_id, mm_cid, pad;
};
#define RSEQ_AREA_SIZE 32

/* The current thread's area gets its first values: 0 or -EFAULT. */
int rseq_start(struct rseq_area __user *area);
/* A sequence that f's pc is in has been cut short; the area learns the CPU.  A bad area or sequence: SIGSEGV. */
void rseq_resume(struct trap_frame *f);
/* Before a handler's frame is made. */
static inline void rseq_signal(struct trap_frame *f)
{
	if (current->rseq)
		rseq_resume(f);
}
/* t has lost its CPU in the midst of the program, or must go on as if. */
static inline void rseq_interrupted(struct thread *t)
{
	if (t->rseq)
		__atomic_fetch_or(&t->work, THREAD_WORK_RSEQ, __ATOMIC_RELAXED);
}

#endif
