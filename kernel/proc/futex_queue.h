/* SPDX-License-Identifier: MIT */
/* What futex.c (waiting, waking) and futex_pi.c (owners, threads that end) share. */
#ifndef PROC_FUTEX_QUEUE_H
#define PROC_FUTEX_QUEUE_H

#include "lib/spinlock.h"
#include "lib/types.h"

#define FUTEX_BUCKETS 256 /* a power of two */

/*
 * What a futex is: its address, or for a shared mapping of a file the place in the file, so that two
 * mappings meet.  As on Linux a private and a shared operation on the same word do not.
 */
struct futex_key {
	u64 where;  /* address, or offset in the file */
	void *what; /* space, or inode */
	bool shared;
};

/* On the waiting thread's stack.  Its links and `bucket` are under the lock of the bucket it is in. */
struct futex_waiter {
	struct futex_waiter *next, *prev;
	struct bucket *bucket;
	struct futex_key key;
	u32 bitset;
	bool woken; /* out of the queue */
	bool pi;
	struct thread *thread;
};

struct bucket { /* zero is a valid empty one: nothing to set up at boot */
	struct spinlock lock;
	struct futex_waiter *first, *last;
};

extern struct bucket futex_buckets[FUTEX_BUCKETS];

int futex_make_key(const u32 __user *addr, bool shared, struct futex_key *k);
bool futex_key_equal(const struct futex_key *a, const struct futex_key *b);
struct bucket *futex_bucket(const struct futex_key *k);

/* Under the bucket's lock. */
void futex_bucket_add(struct bucket *b, struct futex_waiter *w);
/* The waiter takes the bucket's lock before it believes `woken`, so its stack stays until the waker lets go.
 */
void futex_waiter_wake(struct bucket *b, struct futex_waiter *w);

/*
 * Takes w out of whatever bucket it has been moved to; false: it was woken before.  The bucket may change
 * until its lock is held.
 */
bool futex_waiter_leave(struct futex_waiter *w);
/* Sleeps until woken: 0; -ETIMEDOUT; -ERESTARTSYS.  The caller has called sched_prepare_sleep() before
 * queueing. */
int futex_waiter_sleep(struct futex_waiter *w, nsec_t deadline);

#endif
