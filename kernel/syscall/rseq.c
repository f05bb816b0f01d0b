/* SPDX-License-Identifier: MIT */
/* rseq(2): a thread names the area that tells it its CPU, and the kernel its sequence. */
#include "proc/rseq.h"
#include "syscall/syscall.h"

#define RSEQ_FLAG_UNREGISTER 1

static long unregister(struct rseq_area __user *area)
{
	const u32 none[] = {0, ~0u};

	if (copy_to_user(area, none, sizeof(none)) ||
	    put_user(0ull, (u64 __user *)user_member(area, node_id)))
		return -EFAULT;
	current->rseq = NULL;
	return 0;
}

long sys_rseq(void __user *area, u32 len, int flags, u32 sig)
{
	struct thread *t = current;
	bool same = t->rseq && t->rseq == area && t->rseq_len == len;

	if (flags & ~RSEQ_FLAG_UNREGISTER)
		return -EINVAL;
	if (t->rseq || flags) {
		if (!same)
			return -EINVAL;
		if (t->rseq_sig != sig)
			return -EPERM;
		return flags ? unregister(area) : -EBUSY;
	}
	if (len < RSEQ_AREA_SIZE || (u64)area % RSEQ_AREA_SIZE)
		return -EINVAL;
	if (!user_range_ok(area, len) || rseq_start(area))
		return -EFAULT;
	t->rseq_len = len;
	t->rseq_sig = sig;
	t->rseq = area;
	return 0;
}
