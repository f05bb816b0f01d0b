/* SPDX-License-Identifier: MIT */
/* futex_waitv(2), and futex2's futex_wait, futex_wake and futex_requeue. */
#include "mm/heap.h"
#include "proc/futex.h"
#include "proc/thread.h"
#include "proc/wait.h"
#include "syscall/syscall.h"
#include "syscall/timeval.h"

#define FUTEX2_SIZE_MASK 3
#define FUTEX2_SIZE_U32	 2
#define FUTEX2_PRIVATE	 128
#define WAITV_MAX	 128
#define CLOCK_REALTIME	 0
#define CLOCK_MONOTONIC	 1

struct futex_waitv { /* of the ABI */
	u64 val, addr;
	u32 flags, reserved;
};

static bool flags_ok(unsigned flags)
{
	return !(flags & ~(unsigned)(FUTEX2_SIZE_MASK | FUTEX2_PRIVATE)) && (flags & FUTEX2_SIZE_MASK) == FUTEX2_SIZE_U32;
}

static int get_deadline(const struct timespec64 __user *timeout, int clock, nsec_t *deadline)
{
	nsec_t ns;
	int err;

	*deadline = WAIT_FOREVER;
	if (!timeout)
		return 0;
	if (clock != CLOCK_REALTIME && clock != CLOCK_MONOTONIC)
		return -EINVAL;
	err = get_timespec_nsec(timeout, &ns);
	if (!err)
		*deadline = clock == CLOCK_REALTIME ? deadline_of_wall(ns) : ns;
	return err;
}

static int get_word(const struct futex_waitv __user *u, struct futex_wait_word *v)
{
	struct futex_waitv w;

	if (copy_from_user(&w, u, sizeof(w)))
		return -EFAULT;
	if (!flags_ok(w.flags) || w.reserved || w.val > 0xffffffff)
		return -EINVAL;
	*v = (struct futex_wait_word){(u32 __user *)w.addr, (u32)w.val, !(w.flags & FUTEX2_PRIVATE)};
	return 0;
}

long sys_futex_waitv(const struct futex_waitv __user *words, unsigned n, unsigned flags,
		     const struct timespec64 __user *timeout, int clock)
{
	struct futex_wait_word *v;
	nsec_t deadline;
	long r;

	if (flags || !n || n > WAITV_MAX || !words)
		return -EINVAL;
	r = get_deadline(timeout, clock, &deadline);
	if (r)
		return r;
	v = kmalloc(n * sizeof(*v));
	if (!v)
		return -ENOMEM;
	for (unsigned i = 0; !r && i < n; i++)
		r = get_word(words + i, &v[i]);
	if (!r)
		r = futex_wait_many(v, n, deadline);
	kfree(v);
	return r;
}

long sys_futex_wait(u32 __user *addr, u64 val, u64 mask, unsigned flags, const struct timespec64 __user *timeout,
		    int clock)
{
	nsec_t deadline;
	long r;

	if (!flags_ok(flags) || val > 0xffffffff || mask > 0xffffffff)
		return -EINVAL;
	r = get_deadline(timeout, clock, &deadline);
	return r ? r : futex_wait(addr, !(flags & FUTEX2_PRIVATE), (u32)val, deadline, (u32)mask);
}

long sys_futex_wake(u32 __user *addr, u64 mask, int n, unsigned flags)
{
	if (!flags_ok(flags) || mask > 0xffffffff)
		return -EINVAL;
	return n || !mask ? futex_wake(addr, !(flags & FUTEX2_PRIVATE), n, (u32)mask) : 0;
}

long sys_futex_requeue(const struct futex_waitv __user *words, unsigned flags, int n_wake, int n_move)
{
	struct futex_wait_word v[2];
	int err;

	if (flags || !words)
		return -EINVAL;
	err = get_word(words, &v[0]);
	if (!err)
		err = get_word(words + 1, &v[1]);
	if (!err && v[0].shared != v[1].shared)
		err = -EINVAL; /* Linux could, our queues compare both words by one rule */
	return err ? err : futex_requeue(v[0].addr, v[1].addr, v[0].shared, n_wake, n_move, &v[0].val);
}
