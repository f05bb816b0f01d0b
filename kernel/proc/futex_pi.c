/* SPDX-License-Identifier: MIT */
/*
 * Futexes whose word holds the owner's tid, and what happens to them when the
 * owner ends.  The lock goes to the waiter of the highest real-time priority;
 * the owner is not boosted while it waits (docs/limits.md).
 */
#include "lib/errno.h"
#include "lib/uaccess.h"
#include "mm/space.h"
#include "proc/futex.h"
#include "proc/futex_queue.h"
#include "proc/sched.h"
#include "proc/thread.h"

#define ROBUST_LIST_LIMIT 2048 /* as on Linux: a list may be a ring */

static unsigned pi_waiters; /* of all futexes: whether a thread that ends has to look for some */

/* The waiter of the highest priority, the first of equals; *more: there are others. */
static struct futex_waiter *top_waiter(struct bucket *b, const struct futex_key *k, bool *more)
{
	struct futex_waiter *top = NULL;

	*more = false;
	for (struct futex_waiter *w = b->first; w; w = w->next) {
		if (!w->pi || !futex_key_equal(&w->key, k))
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
	futex_bucket_add(b, w);
	__atomic_fetch_add(&pi_waiters, 1, __ATOMIC_SEQ_CST);
	sched_prepare_sleep(true);
	return 1;
}

long futex_lock_pi(u32 __user *addr, bool shared, nsec_t deadline, bool try_only)
{
	struct futex_waiter w = {.bitset = FUTEX_BITSET_ALL, .thread = current};
	struct bucket *b;
	u32 word;
	int r = futex_make_key(addr, shared, &w.key);

	if (r)
		return r;
	b = futex_bucket(&w.key);
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
	if (!user_load_u32(addr, &word) && (word & FUTEX_TID_MASK) && !owner_lives(word) &&
	    futex_waiter_leave(&w)) {
		sched_cancel_sleep();
		r = -ESRCH;
	} else {
		r = futex_waiter_sleep(&w, deadline); /* who unlocks writes our tid into the word */
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
		futex_waiter_wake(b, w);
	return 0;
}

long futex_unlock_pi(u32 __user *addr, bool shared)
{
	struct futex_key key;
	struct bucket *b;
	u32 word;
	int r = futex_make_key(addr, shared, &key);

	if (r)
		return r;
	b = futex_bucket(&key);
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

	if (futex_make_key(addr, true, &key))
		return;
	b = futex_bucket(&key);
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
		    !user_load_u32_nosleep((u32 __user *)w->key.where, word) &&
		    (*word & FUTEX_TID_MASK) == tid)
			return w;
	return NULL;
}

/* A lock with waiters whose owner ends without a robust list: they would wait for ever. */
static void pi_walk(u32 tid)
{
	for (unsigned i = 0; i < FUTEX_BUCKETS && READ_ONCE(pi_waiters); i++) {
		struct bucket *b = &futex_buckets[i];
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
