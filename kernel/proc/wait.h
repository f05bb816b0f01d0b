/* SPDX-License-Identifier: MIT */
/*
 * Wait queues: the one mechanism by which threads sleep and are woken, and by
 * which poll and epoll hear of files.  A queue has its own lock (taken inside
 * all others but the run queue's).  wait_wake* may be called from event
 * handlers; sleeping may not, nor with a spinlock held.
 */
#ifndef PROC_WAIT_H
#define PROC_WAIT_H

#include "lib/list.h"
#include "lib/spinlock.h"
#include "proc/sched.h"

struct waiter;

struct wait_queue {
	struct spinlock lock;
	struct list waiters;
};

#define WAIT_QUEUE_INIT(q) {SPINLOCK_INIT, LIST_INIT((q).waiters)}

struct waiter {
	struct list link;
	struct thread *thread;
	/* Called with the queue's lock held instead of waking `thread`; true counts as one woken (wait_wake_n). */
	bool (*notify)(struct waiter *w, unsigned events);
	void *priv;
	bool exclusive; /* wake-ups stop after the wanted number of these */
};

void wait_queue_init(struct wait_queue *q);
void wait_add(struct wait_queue *q, struct waiter *w); /* w->thread, notify and exclusive are set by the caller */
void wait_remove(struct wait_queue *q, struct waiter *w); /* allowed when it is not queued */

/* Wakes all who are not exclusive and one who is.  `events` goes to notify() (POLL* bits, or 0). */
void wait_wake(struct wait_queue *q, unsigned events);
void wait_wake_n(struct wait_queue *q, unsigned n, unsigned events); /* at most n exclusive ones */
void wait_wake_all(struct wait_queue *q, unsigned events);
static inline bool wait_queue_idle(struct wait_queue *q) { return list_empty(&q->waiters); }

#define WAIT_FOREVER (~0ull)
#define WAIT_UNINTERRUPTIBLE false
#define WAIT_INTERRUPTIBLE   true

/*
 * Sleeps until cond is true: evaluated without a lock, before sleeping and after each wake-up.
 * deadline: monotonic nanoseconds or WAIT_FOREVER.
 * 0; -ETIMEDOUT (cond still false); -ERESTARTSYS if interruptible and a signal is pending (cond still false).
 */
#define WAIT_EVENT(q, cond, deadline, interruptible)                                                         \
	({                                                                                                   \
		struct waiter wait_w_ = {.thread = current};                                                 \
		int wait_ret_ = 0;                                                                           \
		list_init(&wait_w_.link);                                                                    \
		wait_add((q), &wait_w_);                                                                     \
		for (;;) {                                                                                   \
			sched_prepare_sleep(interruptible);                                                  \
			if (cond)                                                                            \
				break;                                                                       \
			if (wait_ret_)                                                                       \
				break;                                                                       \
			wait_ret_ = sched_sleep(deadline);                                                   \
			if (wait_ret_ && (cond))                                                             \
				wait_ret_ = 0;                                                               \
			if (wait_ret_)                                                                       \
				break;                                                                       \
		}                                                                                            \
		sched_cancel_sleep();                                                                        \
		wait_remove((q), &wait_w_);                                                                  \
		wait_ret_;                                                                                   \
	})

/* A lock that sleeps: for what is held across host I/O (a file's position).  Not for event handlers. */
struct mutex {
	u32 locked;
	struct wait_queue wait;
};

void mutex_init(struct mutex *m);
void mutex_lock(struct mutex *m);
bool mutex_trylock(struct mutex *m);
void mutex_unlock(struct mutex *m);

#endif
