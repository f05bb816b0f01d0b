/* SPDX-License-Identifier: MIT */
#include "proc/rseq.h"
#include <arch/patch.h>
#include "lib/uaccess.h"

struct rseq_cs {
	u32 version, flags;
	u64 start, length, abort;
};

static int write_cpu(struct rseq_area __user *area)
{
	u32 ids[2], more[2] = {0};

	current->rseq_cpu = (int)this_cpu()->id; /* if it moves while this is written it comes back here */
	ids[0] = ids[1] = more[1] = (u32)current->rseq_cpu; /* one thread to a CPU: it will do as mm_cid */
	if (copy_to_user(area, ids, sizeof(ids)))
		return -EFAULT;
	return copy_to_user(user_member(area, node_id), more, sizeof(more));
}

int rseq_start(struct rseq_area __user *area)
{
	if (put_user(0ull, user_member(area, cs)))
		return -EFAULT;
	return write_cpu(area);
}

/* The word ahead of the abort handler says that it is one: nobody is to be sent just anywhere. */
static int check_sequence(const struct rseq_cs *cs)
{
	u32 sig;

	if (cs->version || !user_range_ok((void __user *)cs->start, 1) ||
	    !user_range_ok((void __user *)cs->start, cs->length) || !user_range_ok((void __user *)cs->abort, 1) ||
	    cs->abort - cs->start < cs->length)
		return -EINVAL;
	if (get_user(sig, (const u32 __user *)(cs->abort - sizeof(sig))))
		return -EFAULT;
	return sig == current->rseq_sig ? 0 : -EINVAL;
}

static int abort_sequence(struct trap_frame *f)
{
	struct rseq_area __user *area = current->rseq;
	struct rseq_cs cs;
	u64 at;

	if (get_user(at, user_member(area, cs)))
		return -EFAULT;
	if (!at)
		return 0;
	if (copy_from_user(&cs, (const void __user *)at, sizeof(cs)) || check_sequence(&cs))
		return -EFAULT;
	if (patch_program_pc(frame_pc(f)) - cs.start < cs.length) {
		if (cs.flags) /* to go on in spite of it: once possible, and no more */
			return -EINVAL;
		frame_set_pc(f, cs.abort);
	}
	return put_user(0ull, user_member(area, cs));
}

void rseq_resume(struct trap_frame *f)
{
	struct siginfo info = {.si_signo = SIGSEGV, .si_code = SI_KERNEL};

	__atomic_fetch_and(&current->work, ~THREAD_WORK_RSEQ, __ATOMIC_RELAXED);
	if (!current->rseq)
		return;
	if (abort_sequence(f) || write_cpu(current->rseq)) {
		current->rseq = NULL; /* else each signal would find it again */
		signal_force(&info);
	}
}
