/* SPDX-License-Identifier: MIT */
/* futex_waitv(2): asleep on several words at once, until one of them is woken. */
#include "lib/errno.h"
#include "lib/uaccess.h"
#include "mm/heap.h"
#include "proc/futex.h"
#include "proc/futex_queue.h"
#include "proc/sched.h"
#include "proc/thread.h"

/* Out of all queues: the last one that was woken, or -1. */
static int leave_all(struct futex_waiter *w, unsigned n)
{
	int woken = -1;

	for (unsigned i = 0; i < n; i++)
		if (!futex_waiter_leave(&w[i]))
			woken = (int)i;
	return woken;
}

/* Queues one if its word still has the value: 0; -EAGAIN: it has not; -EFAULT: the page has to be fetched first. */
static int queue_one(const struct futex_wait_word *v, struct futex_waiter *w)
{
	struct bucket *b = futex_bucket(&w->key);
	unsigned long ev = spin_lock(&b->lock);
	u32 found;
	int err = user_load_u32_nosleep(v->addr, &found);

	if (!err && found == v->val)
		futex_bucket_add(b, w);
	spin_unlock(&b->lock, ev);
	return err ? -EFAULT : found != v->val ? -EAGAIN : 0;
}

/* All, or none: 0; 1 + the place of one that was woken meanwhile; -EAGAIN, -EFAULT. */
static int queue_all(const struct futex_wait_word *v, struct futex_waiter *w, unsigned n)
{
	unsigned i = 0;

	while (i < n) {
		int err = queue_one(&v[i], &w[i]), woken;
		u32 found;

		if (!err) {
			i++;
			continue;
		}
		woken = leave_all(w, i);
		if (woken >= 0)
			return 1 + woken;
		if (err == -EAGAIN || user_load_u32(v[i].addr, &found))
			return err;
		for (unsigned k = 0; k < i; k++) /* from the start: time has passed */
			w[k].woken = false;
		i = 0;
	}
	return 0;
}

static bool any_woken(const struct futex_waiter *w, unsigned n)
{
	for (unsigned i = 0; i < n; i++)
		if (READ_ONCE(w[i].woken))
			return true;
	return false;
}

long futex_wait_many(const struct futex_wait_word *v, unsigned n, nsec_t deadline)
{
	struct futex_waiter *w = kzalloc(n * sizeof(*w));
	int err = w ? 0 : -ENOMEM, woken;

	for (unsigned i = 0; !err && i < n; i++) {
		w[i].thread = current;
		w[i].bitset = FUTEX_BITSET_ALL;
		err = futex_make_key(v[i].addr, v[i].shared, &w[i].key);
	}
	if (!err)
		err = queue_all(v, w, n);
	if (err) {
		kfree(w);
		return err > 0 ? err - 1 : err;
	}
	sched_prepare_sleep(true);
	while (!err && !any_woken(w, n)) {
		err = sched_sleep(deadline);
		if (!err)
			sched_prepare_sleep(true);
	}
	sched_cancel_sleep();
	woken = leave_all(w, n);
	kfree(w);
	return woken >= 0 ? woken : err;
}
