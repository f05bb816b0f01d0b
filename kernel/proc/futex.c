/* SPDX-License-Identifier: MIT */
#include "proc/futex.h"
#include "fs/file.h"
#include "lib/errno.h"
#include "lib/uaccess.h"
#include "mm/space.h"
#include "proc/futex_queue.h"
#include "proc/sched.h"
#include "proc/thread.h"

struct bucket futex_buckets[FUTEX_BUCKETS];

struct bucket *futex_bucket(const struct futex_key *k)
{
	u64 h = (k->where >> 2) * 0x9e3779b97f4a7c15ull ^ ((u64)k->what >> 4);

	return &futex_buckets[(h >> 40) & (FUTEX_BUCKETS - 1)];
}

bool futex_key_equal(const struct futex_key *a, const struct futex_key *b)
{
	return a->where == b->where && a->what == b->what && a->shared == b->shared;
}

static int shared_key(u64 addr, struct futex_key *k)
{
	struct space *s = current->process->space;
	unsigned long ev = spin_lock(&s->lock);
	struct area *a = area_find(&s->areas, addr);

	if (a && a->file && (a->flags & AREA_SHARED)) {
		k->what = a->file->inode;
		k->where = a->offset + (addr - a->start);
	}
	spin_unlock(&s->lock, ev);
	return a ? 0 : -EFAULT;
}

int futex_make_key(const u32 __user *addr, bool shared, struct futex_key *k)
{
	if (!IS_ALIGNED((u64)addr, sizeof(u32)))
		return -EINVAL;
	if (!user_range_ok(addr, sizeof(u32)))
		return -EFAULT;
	k->what = current->process->space;
	k->where = (u64)addr;
	k->shared = shared;
	return shared ? shared_key((u64)addr, k) : 0;
}

void futex_bucket_add(struct bucket *b, struct futex_waiter *w)
{
	w->bucket = b;
	w->next = NULL;
	w->prev = b->last;
	if (b->last)
		b->last->next = w;
	else
		b->first = w;
	b->last = w;
}

static void bucket_remove(struct bucket *b, struct futex_waiter *w)
{
	if (w->prev)
		w->prev->next = w->next;
	else
		b->first = w->next;
	if (w->next)
		w->next->prev = w->prev;
	else
		b->last = w->prev;
}

/* Both in address order; the same one is locked once. */
static unsigned long lock_two(struct bucket *a, struct bucket *b, unsigned long *ev2)
{
	unsigned long ev = spin_lock(a < b ? &a->lock : &b->lock);

	if (a != b)
		*ev2 = spin_lock(a < b ? &b->lock : &a->lock);
	return ev;
}

static void unlock_two(struct bucket *a, struct bucket *b, unsigned long ev, unsigned long ev2)
{
	if (a != b)
		spin_unlock(a < b ? &b->lock : &a->lock, ev2);
	spin_unlock(a < b ? &a->lock : &b->lock, ev);
}

void futex_waiter_wake(struct bucket *b, struct futex_waiter *w)
{
	bucket_remove(b, w);
	w->woken = true;
	sched_wake(w->thread);
}

/* At most n, but at least one if there is one: Linux counts after it has woken, so 0 is as good as 1. */
static unsigned wake_matching(struct bucket *b, const struct futex_key *k, int n, u32 bitset, bool *met_pi)
{
	unsigned woken = 0, most = n > 0 ? (unsigned)n : 1;

	for (struct futex_waiter *w = b->first, *next; w && woken < most; w = next) {
		next = w->next;
		if (!futex_key_equal(&w->key, k))
			continue;
		if (w->pi) {
			*met_pi = true;
			break;
		}
		if (!(w->bitset & bitset))
			continue;
		futex_waiter_wake(b, w);
		woken++;
	}
	return woken;
}

/* ---- waiting ---- */

bool futex_waiter_leave(struct futex_waiter *w)
{
	for (;;) {
		struct bucket *b = READ_ONCE(w->bucket);
		unsigned long ev = spin_lock(&b->lock);
		bool left;

		if (w->bucket != b) {
			spin_unlock(&b->lock, ev);
			continue;
		}
		left = !w->woken;
		if (left) {
			bucket_remove(b, w);
			w->woken = true;
		}
		spin_unlock(&b->lock, ev);
		return left;
	}
}

static bool waiter_is_woken(struct futex_waiter *w)
{
	for (;;) {
		struct bucket *b = READ_ONCE(w->bucket);
		unsigned long ev = spin_lock(&b->lock);
		bool same = w->bucket == b, woken = w->woken;

		spin_unlock(&b->lock, ev);
		if (same)
			return woken;
	}
}

int futex_waiter_sleep(struct futex_waiter *w, nsec_t deadline)
{
	int err;

	for (;;) {
		err = sched_sleep(deadline);
		if (waiter_is_woken(w))
			return 0;
		if (err)
			return futex_waiter_leave(w) ? err : 0;
		sched_prepare_sleep(true);
		if (waiter_is_woken(w)) {
			sched_cancel_sleep();
			return 0;
		}
	}
}

long futex_wait(u32 __user *addr, bool shared, u32 val, nsec_t deadline, u32 bitset)
{
	struct futex_waiter w = {.bitset = bitset, .thread = current};
	struct bucket *b;
	unsigned long ev;
	u32 found;
	int err;

	if (!bitset)
		return -EINVAL;
	err = futex_make_key(addr, shared, &w.key);
	if (err)
		return err;
	b = futex_bucket(&w.key);
	for (;;) {
		ev = spin_lock(&b->lock);
		err = user_load_u32_nosleep(addr, &found);
		if (!err)
			break;
		spin_unlock(&b->lock, ev);
		/* The page is not there: bring it, then look again. */
		if (err != -EAGAIN || user_load_u32(addr, &found))
			return -EFAULT;
	}
	if (found != val) {
		spin_unlock(&b->lock, ev);
		return -EAGAIN;
	}
	futex_bucket_add(b, &w);
	sched_prepare_sleep(true);
	spin_unlock(&b->lock, ev);
	return futex_waiter_sleep(&w, deadline);
}

/* ---- waking and moving ---- */

long futex_wake(u32 __user *addr, bool shared, int n, u32 bitset)
{
	struct futex_key key;
	struct bucket *b;
	bool met_pi = false;
	unsigned long ev;
	unsigned woken;
	int err;

	if (!bitset)
		return -EINVAL;
	err = futex_make_key(addr, shared, &key);
	if (err)
		return err;
	b = futex_bucket(&key);
	ev = spin_lock(&b->lock);
	woken = wake_matching(b, &key, n, bitset, &met_pi);
	spin_unlock(&b->lock, ev);
	return met_pi && !woken ? -EINVAL : (long)woken;
}

/* Under both locks: wakes and moves. */
static long requeue_locked(struct bucket *b, struct bucket *b2, const struct futex_key *k,
			   const struct futex_key *k2, int n_wake, int n_move)
{
	bool met_pi = false;
	unsigned woken = n_wake ? wake_matching(b, k, n_wake, FUTEX_BITSET_ALL, &met_pi) : 0;
	int moved = 0;

	if (met_pi)
		return woken ? (long)woken : -EINVAL;
	for (struct futex_waiter *w = b->first, *next, *end = b->last; w && moved < n_move; w = next) {
		bool was_last = w == end; /* those moved to the same bucket's end are not met again */

		next = was_last ? NULL : w->next;
		if (!futex_key_equal(&w->key, k))
			continue;
		if (w->pi)
			return -EINVAL;
		bucket_remove(b, w);
		w->key = *k2;
		futex_bucket_add(b2, w);
		moved++;
	}
	return (long)woken + moved;
}

long futex_requeue(u32 __user *addr, u32 __user *addr2, bool shared, int n_wake, int n_move, const u32 *cmp)
{
	struct futex_key key, key2;
	struct bucket *b, *b2;
	unsigned long ev, ev2 = 0;
	u32 found = 0;
	long r;
	int err = n_wake < 0 || n_move < 0 ? -EINVAL : futex_make_key(addr, shared, &key);

	if (!err)
		err = futex_make_key(addr2, shared, &key2);
	if (err)
		return err;
	b = futex_bucket(&key);
	b2 = futex_bucket(&key2);
	for (;;) {
		ev = lock_two(b, b2, &ev2);
		err = cmp ? user_load_u32_nosleep(addr, &found) : 0;
		if (!err)
			break;
		unlock_two(b, b2, ev, ev2);
		if (err != -EAGAIN || user_load_u32(addr, &found))
			return -EFAULT;
	}
	r = cmp && found != *cmp ? -EAGAIN : requeue_locked(b, b2, &key, &key2, n_wake, n_move);
	unlock_two(b, b2, ev, ev2);
	return r;
}

/* futex(2), FUTEX_WAKE_OP: the packed operation.  0 or -ENOSYS, -EFAULT; *old the word's value before. */
static int word_op(u32 __user *p, u32 op, u32 *old)
{
	unsigned code = op >> 28 & 7;
	s32 arg = (s32)(op << 8) >> 20;
	u32 found, desired;

	if (op & 0x80000000u) /* FUTEX_OP_ARG_SHIFT; Linux takes the shift modulo 32 */
		arg = (s32)(1u << (arg & 31));
	if (user_load_u32(p, &found))
		return -EFAULT;
	do {
		*old = found;
		switch (code) {
		case 0:
			desired = (u32)arg;
			break;
		case 1:
			desired = found + (u32)arg;
			break;
		case 2:
			desired = found | (u32)arg;
			break;
		case 3:
			desired = found & ~(u32)arg;
			break;
		case 4:
			desired = found ^ (u32)arg;
			break;
		default:
			return -ENOSYS;
		}
		if (user_cmpxchg_u32(p, *old, desired, &found))
			return -EFAULT;
	} while (found != *old);
	return 0;
}

static int word_compare(u32 op, u32 old)
{
	s32 a = (s32)old, arg = (s32)(op << 20) >> 20;

	switch (op >> 24 & 15) {
	case 0:
		return a == arg;
	case 1:
		return a != arg;
	case 2:
		return a < arg;
	case 3:
		return a >= arg;
	case 4:
		return a <= arg;
	case 5:
		return a > arg;
	default:
		return -ENOSYS;
	}
}

long futex_wake_op(u32 __user *addr, u32 __user *addr2, bool shared, int n, int n2, u32 op)
{
	struct futex_key key, key2;
	struct bucket *b, *b2;
	unsigned long ev, ev2 = 0;
	bool met_pi = false;
	long woken;
	u32 old;
	int r, err = futex_make_key(addr, shared, &key);

	if (!err)
		err = futex_make_key(addr2, shared, &key2);
	/*
	 * The word changes before the locks are taken, as it may have to be paged in.  Who then queues on it
	 * has seen the new value; who queued before is woken below: nobody is missed.
	 */
	if (!err)
		err = word_op(addr2, op, &old);
	if (err)
		return err;
	b = futex_bucket(&key);
	b2 = futex_bucket(&key2);
	ev = lock_two(b, b2, &ev2);
	woken = wake_matching(b, &key, n, FUTEX_BITSET_ALL, &met_pi);
	r = met_pi ? -EINVAL : word_compare(op, old);
	if (r > 0)
		woken += wake_matching(b2, &key2, n2, FUTEX_BITSET_ALL, &met_pi);
	unlock_two(b, b2, ev, ev2);
	return r < 0 ? r : met_pi ? -EINVAL : woken;
}
