/* SPDX-License-Identifier: MIT */
#include "proc/wait.h"
#include "proc/thread.h"

void wait_queue_init(struct wait_queue *q)
{
	spin_init(&q->lock);
	list_init(&q->waiters);
}

void wait_add(struct wait_queue *q, struct waiter *w)
{
	unsigned long ev = spin_lock(&q->lock);

	/* Exclusive waiters behind the others, so that a wake-up reaches all of those first. */
	if (w->exclusive)
		list_push_back(&q->waiters, &w->link);
	else
		list_push_front(&q->waiters, &w->link);
	spin_unlock(&q->lock, ev);
}

void wait_remove(struct wait_queue *q, struct waiter *w)
{
	unsigned long ev = spin_lock(&q->lock);

	list_remove(&w->link);
	spin_unlock(&q->lock, ev);
}

void wait_wake_n(struct wait_queue *q, unsigned n, unsigned events)
{
	unsigned long ev;

	ev = spin_lock(&q->lock);
	list_for_each_safe(l, tmp, &q->waiters) {
		struct waiter *w = list_entry(l, struct waiter, link);
		bool woken = w->notify ? w->notify(w, events) : sched_wake(w->thread);

		if (w->exclusive && woken && !--n)
			break;
	}
	spin_unlock(&q->lock, ev);
}

void wait_wake(struct wait_queue *q, unsigned events) { wait_wake_n(q, 1, events); }
void wait_wake_all(struct wait_queue *q, unsigned events) { wait_wake_n(q, ~0u, events); }

void mutex_init(struct mutex *m)
{
	m->locked = 0;
	wait_queue_init(&m->wait);
}

bool mutex_trylock(struct mutex *m) { return !__atomic_exchange_n(&m->locked, 1, __ATOMIC_ACQUIRE); }

void mutex_lock(struct mutex *m)
{
	if (!mutex_trylock(m))
		(void)WAIT_EVENT(&m->wait, mutex_trylock(m), WAIT_FOREVER, WAIT_UNINTERRUPTIBLE);
}

void mutex_unlock(struct mutex *m)
{
	__atomic_store_n(&m->locked, 0, __ATOMIC_SEQ_CST);
	if (!wait_queue_idle(&m->wait))
		wait_wake_all(&m->wait, 0);
}
