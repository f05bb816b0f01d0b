/* SPDX-License-Identifier: MIT */
/*
 * Futexes: sleeping on a word of the program's memory.  Threads only, with no
 * lock held.  A hash table of buckets, each with a spinlock that is taken
 * outside the run queue's; a waiter compares and queues under it, a waker looks
 * under it, so no wake-up is lost.
 */
#ifndef PROC_FUTEX_H
#define PROC_FUTEX_H

#include "lib/types.h"

struct thread;

#define FUTEX_WAIT	      0
#define FUTEX_WAKE	      1
#define FUTEX_FD	      2
#define FUTEX_REQUEUE	      3
#define FUTEX_CMP_REQUEUE     4
#define FUTEX_WAKE_OP	      5
#define FUTEX_LOCK_PI	      6
#define FUTEX_UNLOCK_PI	      7
#define FUTEX_TRYLOCK_PI      8
#define FUTEX_WAIT_BITSET     9
#define FUTEX_WAKE_BITSET     10
#define FUTEX_WAIT_REQUEUE_PI 11
#define FUTEX_CMP_REQUEUE_PI  12
#define FUTEX_LOCK_PI2	      13
#define FUTEX_PRIVATE_FLAG    128
#define FUTEX_CLOCK_REALTIME  256
#define FUTEX_CMD_MASK	      (~(FUTEX_PRIVATE_FLAG | FUTEX_CLOCK_REALTIME))

#define FUTEX_WAITERS	 0x80000000u
#define FUTEX_OWNER_DIED 0x40000000u
#define FUTEX_TID_MASK	 0x3fffffffu
#define FUTEX_BITSET_ALL 0xffffffffu

/* All: 0 or a count, or -EFAULT, -EINVAL (alignment), ...: futex(2).  shared: without FUTEX_PRIVATE_FLAG. */

struct futex_wait_word {
	u32 __user *addr;
	u32 val;
	bool shared;
};
/* futex_waitv(2): asleep while every word has its value.  The place of one that was woken; else as futex_wait(). */
long futex_wait_many(const struct futex_wait_word *v, unsigned n, nsec_t deadline);
/* Sleeps while *addr == val.  -EAGAIN: it was not; -ETIMEDOUT; -ERESTARTSYS.  deadline: monotonic. */
long futex_wait(u32 __user *addr, bool shared, u32 val, nsec_t deadline, u32 bitset);
long futex_wake(u32 __user *addr, bool shared, int n, u32 bitset);
/* Wakes n_wake waiters of addr and moves up to n_move of the rest to addr2; cmp: if *addr is still *cmp. */
long futex_requeue(u32 __user *addr, u32 __user *addr2, bool shared, int n_wake, int n_move, const u32 *cmp);
long futex_wake_op(u32 __user *addr, u32 __user *addr2, bool shared, int n, int n2, u32 op);
/* The word holds the owner's tid; deadline: monotonic. */
long futex_lock_pi(u32 __user *addr, bool shared, nsec_t deadline, bool try_only);
long futex_unlock_pi(u32 __user *addr, bool shared);

/*
 * The current thread ends: hands on what its robust list holds, with FUTEX_OWNER_DIED, and wakes who waits
 * for clear_tid.
 */
void futex_exit_thread(struct thread *t);

#endif
