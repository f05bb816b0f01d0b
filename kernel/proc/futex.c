/* SPDX-License-Identifier: MIT */
#include "proc/futex.h"
#include "fs/file.h"
#include "lib/errno.h"
#include "lib/list.h"
#include "lib/spinlock.h"
#include "lib/uaccess.h"
#include "mm/space.h"
#include "proc/clock.h"
#include "proc/sched.h"
#include "proc/thread.h"

#define BUCKETS 256 /* a power of two */
#define ROBUST_LIST_LIMIT 2048

/*
 * What a futex is: its address, or for a shared mapping of a file the place in the file, so that two
 * mappings meet.  As on Linux a private and a shared operation on the same word do not.
 */
struct futex_key {
	u64 where; /* address, or offset in the file */
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

static struct bucket buckets[BUCKETS];

static struct bucket *key_bucket(const struct futex_key *k)
{
	u64 h = (k->where >> 2) * 0x9e3779b97f4a7c15ull ^ ((u64)k->what >> 4);

	return &buckets[(h >> 40) & (BUCKETS - 1)];
}

static bool key_equal(const struct futex_key *a, const struct futex_key *b)
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

static int make_key(const u32 __user *addr, bool shared, struct futex_key *k)
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

static void bucket_add(struct bucket *b, struct futex_waiter *w)
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

/*
 * Under the lock.  The waiter takes the bucket's lock before it believes `woken`, so its stack stays until we
 * let go.
 */
static void waiter_wake(struct bucket *b, struct futex_waiter *w)
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
		if (!key_equal(&w->key, k))
			continue;
		if (w->pi) {
			*met_pi = true;
			break;
		}
		if (!(w->bitset & bitset))
			continue;
		waiter_wake(b, w);
		woken++;
	}
	return woken;
}

/* ---- waiting ---- */

/*
 * Takes w out of whatever bucket it has been moved to; false: it was woken before.  The bucket may change
 * until its lock is held.
 */
static bool waiter_leave(struct futex_waiter *w)
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

/* Sleeps until woken: 0; -ETIMEDOUT; -ERESTARTSYS.  The caller has called sched_prepare_sleep() before queueing. */
static int waiter_sleep(struct futex_waiter *w, nsec_t deadline)
{
	int err;

	for (;;) {
		err = sched_sleep(deadline);
		if (waiter_is_woken(w))
			return 0;
		if (err)
			return waiter_leave(w) ? err : 0;
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
	err = make_key(addr, shared, &w.key);
	if (err)
		return err;
	b = key_bucket(&w.key);
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
	bucket_add(b, &w);
	sched_prepare_sleep(true);
	spin_unlock(&b->lock, ev);
	return waiter_sleep(&w, deadline);
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
	err = make_key(addr, shared, &key);
	if (err)
		return err;
	b = key_bucket(&key);
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
		if (!key_equal(&w->key, k))
			continue;
		if (w->pi)
			return -EINVAL;
		bucket_remove(b, w);
		w->key = *k2;
		bucket_add(b2, w);
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
	int err = n_wake < 0 || n_move < 0 ? -EINVAL : make_key(addr, shared, &key);

	if (!err)
		err = make_key(addr2, shared, &key2);
	if (err)
		return err;
	b = key_bucket(&key);
	b2 = key_bucket(&key2);
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
	int r, err = make_key(addr, shared, &key);

	if (!err)
		err = make_key(addr2, shared, &key2);
	/*
	 * The word changes before the locks are taken, as it may have to be paged in.  Who then queues on it
	 * has seen the new value; who queued before is woken below: nobody is missed.
	 */
	if (!err)
		err = word_op(addr2, op, &old);
	if (err)
		return err;
	b = key_bucket(&key);
	b2 = key_bucket(&key2);
	ev = lock_two(b, b2, &ev2);
	woken = wake_matching(b, &key, n, FUTEX_BITSET_ALL, &met_pi);
	r = met_pi ? -EINVAL : word_compare(op, old);
	if (r > 0)
		woken += wake_matching(b2, &key2, n2, FUTEX_BITSET_ALL, &met_pi);
	unlock_two(b, b2, ev, ev2);
	return r < 0 ? r : met_pi ? -EINVAL : woken;
}

/* ---- locks with an owner ---- */

static unsigned pi_waiters; /* of all futexes: whether a thread that ends has to look for some */

/* The waiter of the highest priority, the first of equals; *more: there are others. */
static struct futex_waiter *top_waiter(struct bucket *b, const struct futex_key *k, bool *more)
{
	struct futex_waiter *top = NULL;

	*more = false;
	for (struct futex_waiter *w = b->first; w; w = w->next) {
		if (!w->pi || !key_equal(&w->key, k))
			continue;
		if (top)
			*more = true;
		if (!top || w->thread->rq.rt_prio > top->thread->rq.rt_prio)
			top = w;
	}
	return top;
}

/*
 * Changes the word from `old` to `desired` with the bucket locked.  With events masked the access does not
 * sleep: where the page is not there it fails.  1: done; 0: the word has changed; -EFAULT.
 */
static int word_swap(u32 __user *addr, u32 old, u32 desired)
{
	u32 found;

	if (user_cmpxchg_u32(addr, old, desired, &found))
		return -EFAULT;
	return found == old;
}

/* Without a lock: makes the word's page present and writable. */
static int word_fault_in(u32 __user *addr)
{
	u32 found;

	if (user_load_u32(addr, &found))
		return -EFAULT;
	return user_cmpxchg_u32(addr, found, found, &found) ? -EFAULT : 0;
}

static bool owner_lives(u32 word)
{
	struct thread *t = thread_find(current->process, (int)(word & FUTEX_TID_MASK));

	if (t)
		thread_unref(t);
	return t;
}

/* One attempt, with the bucket locked: 0 got it; 1 queued; 2 again; 3 page it in; or -errno. */
static int lock_attempt(struct bucket *b, u32 __user *addr, struct futex_waiter *w, bool try_only)
{
	u32 word, tid = (u32)current->tid;
	bool more;
	int r;

	if (user_load_u32_nosleep(addr, &word))
		return 3;
	if ((word & FUTEX_TID_MASK) == tid)
		return -EDEADLK;
	if (!(word & FUTEX_TID_MASK)) {
		u32 waiters = top_waiter(b, &w->key, &more) ? FUTEX_WAITERS : 0;

		r = word_swap(addr, word, tid | waiters | (word & FUTEX_OWNER_DIED));
		return r < 0 ? 3 : r ? 0 : 2;
	}
	if (try_only)
		return -EAGAIN;
	if (!(word & FUTEX_WAITERS)) {
		r = word_swap(addr, word, word | FUTEX_WAITERS);
		if (r <= 0)
			return r < 0 ? 3 : 2;
	}
	w->pi = true;
	bucket_add(b, w);
	__atomic_fetch_add(&pi_waiters, 1, __ATOMIC_SEQ_CST);
	sched_prepare_sleep(true);
	return 1;
}

long futex_lock_pi(u32 __user *addr, bool shared, nsec_t deadline, bool try_only)
{
	struct futex_waiter w = {.bitset = FUTEX_BITSET_ALL, .thread = current};
	struct bucket *b;
	u32 word;
	int r = make_key(addr, shared, &w.key);

	if (r)
		return r;
	b = key_bucket(&w.key);
	do {
		unsigned long ev = spin_lock(&b->lock);

		r = lock_attempt(b, addr, &w, try_only);
		spin_unlock(&b->lock, ev);
		if (r == 3 && word_fault_in(addr))
			return -EFAULT;
	} while (r == 2 || r == 3);
	if (r <= 0)
		return r;
	/* An owner that ended before we were queued did not find us. */
	if (!user_load_u32(addr, &word) && (word & FUTEX_TID_MASK) && !owner_lives(word) && waiter_leave(&w)) {
		sched_cancel_sleep();
		r = -ESRCH;
	} else {
		r = waiter_sleep(&w, deadline); /* who unlocks writes our tid into the word */
	}
	__atomic_fetch_sub(&pi_waiters, 1, __ATOMIC_SEQ_CST);
	return r == -ERESTARTSYS ? -ERESTARTNOINTR : r;
}

/* Gives the lock to the next waiter, or to nobody.  As lock_attempt(): 0 done, 2, 3. */
static int hand_over(struct bucket *b, const struct futex_key *k, u32 __user *addr, u32 word, u32 died)
{
	bool more;
	struct futex_waiter *w = top_waiter(b, k, &more);
	u32 desired = w ? (u32)w->thread->tid | (more ? FUTEX_WAITERS : 0) : 0;
	int r = word_swap(addr, word, desired | died);

	if (r <= 0)
		return r < 0 ? 3 : 2;
	if (w)
		waiter_wake(b, w);
	return 0;
}

long futex_unlock_pi(u32 __user *addr, bool shared)
{
	struct futex_key key;
	struct bucket *b;
	u32 word;
	int r = make_key(addr, shared, &key);

	if (r)
		return r;
	b = key_bucket(&key);
	do {
		unsigned long ev;

		if (user_load_u32(addr, &word))
			return -EFAULT;
		if ((word & FUTEX_TID_MASK) != (u32)current->tid)
			return -EPERM;
		ev = spin_lock(&b->lock);
		r = hand_over(b, &key, addr, word, 0);
		spin_unlock(&b->lock, ev);
		if (r == 3 && word_fault_in(addr))
			return -EFAULT;
	} while (r == 2 || r == 3);
	return r;
}

/* ---- a thread ends ---- */

/* One lock of the robust list (Documentation/locking/robust-futexes): marks it, and lets a waiter have it. */
static void owner_died(u32 __user *addr, u32 tid, bool pi)
{
	struct futex_key key;
	struct bucket *b;
	u32 word;
	int r = 2;

	if (make_key(addr, true, &key))
		return;
	b = key_bucket(&key);
	while (r == 2 || r == 3) {
		unsigned long ev;

		if (user_load_u32(addr, &word) || (word & FUTEX_TID_MASK) != tid)
			return;
		if (r == 3 && word_fault_in(addr))
			return;
		ev = spin_lock(&b->lock);
		if (pi) {
			r = hand_over(b, &key, addr, word, FUTEX_OWNER_DIED);
		} else {
			r = word_swap(addr, word, (word & FUTEX_WAITERS) | FUTEX_OWNER_DIED);
			r = r < 0 ? 3 : r ? 0 : 2;
		}
		spin_unlock(&b->lock, ev);
	}
	if (!pi && (word & FUTEX_WAITERS))
		futex_wake(addr, true, 1, FUTEX_BITSET_ALL);
}

struct robust_head { /* struct robust_list_head of the ABI */
	u64 next;
	s64 offset;
	u64 pending;
};

static void robust_walk(struct thread *t)
{
	const u64 __user *head = t->robust_list;
	struct robust_head h;
	u64 entry, next;

	if (!head || copy_from_user(&h, head, sizeof(h)))
		return;
	entry = h.next;
	for (unsigned i = 0; i < ROBUST_LIST_LIMIT && (entry & ~1ull) != (u64)head; i++) {
		/* The link is read first: a woken thread may free the lock it lies in. */
		bool end = copy_from_user(&next, (void __user *)(entry & ~1ull), sizeof(next));

		if ((entry & ~1ull) != (h.pending & ~1ull))
			owner_died((u32 __user *)((entry & ~1ull) + (u64)h.offset), (u32)t->tid, entry & 1);
		if (end)
			break;
		entry = next;
	}
	if (h.pending & ~1ull)
		owner_died((u32 __user *)((h.pending & ~1ull) + (u64)h.offset), (u32)t->tid, h.pending & 1);
}

/* A waiter of this bucket for a lock that `tid` holds, or NULL. */
static struct futex_waiter *waiter_of_owner(struct bucket *b, u32 tid, u32 *word)
{
	for (struct futex_waiter *w = b->first; w; w = w->next)
		if (w->pi && w->key.what == current->process->space &&
		    !user_load_u32_nosleep((u32 __user *)w->key.where, word) && (*word & FUTEX_TID_MASK) == tid)
			return w;
	return NULL;
}

/* A lock with waiters whose owner ends without a robust list: they would wait for ever. */
static void pi_walk(u32 tid)
{
	for (unsigned i = 0; i < BUCKETS && READ_ONCE(pi_waiters); i++) {
		struct bucket *b = &buckets[i];
		unsigned long ev = spin_lock(&b->lock);
		struct futex_waiter *w;
		u32 word;
		int r = 0;

		while (r != 3 && (w = waiter_of_owner(b, tid, &word)))
			r = hand_over(b, &w->key, (u32 __user *)w->key.where, word, FUTEX_OWNER_DIED);
		spin_unlock(&b->lock, ev);
	}
}

void futex_exit_thread(struct thread *t)
{
	if (t->robust_list)
		robust_walk(t);
	if (READ_ONCE(pi_waiters))
		pi_walk((u32)t->tid);
	/* The last thread's word is not looked at by anyone: as on Linux it stays as it is. */
	if (t->clear_tid && READ_ONCE(t->process->thread_count) > 1) {
		int zero = 0;

		if (!copy_to_user(t->clear_tid, &zero, sizeof(zero)))
			futex_wake((u32 __user *)t->clear_tid, true, 1, FUTEX_BITSET_ALL);
	}
}
