/* SPDX-License-Identifier: MIT */
/* Scheduling: policies, priorities, affinity.  The scheduler itself is proc/sched.c. */
#include "proc/cred.h"
#include "proc/sched.h"
#include "lib/string.h"
#include "proc/clock.h"
#include "proc/cpu.h"
#include "proc/limits.h"
#include "proc/thread.h"
#include "syscall/syscall.h"

#define SCHED_RESET_ON_FORK 0x40000000
#define RR_INTERVAL	    (100 * NSEC_PER_MSEC)

struct sched_param {
	s32 priority;
};

/* The thread that a call means, with a reference; NULL: there is none. */
static struct thread *get_thread(int tid)
{
	if (tid == 0 || tid == current->tid) {
		thread_ref(current);
		return current;
	}
	return tid > 0 ? thread_find(current->process, tid) : NULL;
}

static bool privileged(void)
{
	return capable(CAP_SYS_NICE);
}

long sys_sched_yield(void) { return sched_yield_cpu(); }

/* ---- affinity ---- */

static cpumask_t all_cpus(void)
{
	return cpu_count >= 64 ? ~0ull : (1ull << cpu_count) - 1;
}

long sys_sched_getaffinity(int tid, unsigned len, u64 __user *mask)
{
	struct thread *t;
	cpumask_t m;

	if (len < (cpu_count + 7) / 8 || (len & (sizeof(u64) - 1)))
		return -EINVAL;
	t = get_thread(tid);
	if (!t)
		return -ESRCH;
	m = READ_ONCE(t->affinity) & all_cpus();
	thread_unref(t);
	return copy_to_user(mask, &m, sizeof(m)) ? -EFAULT : (long)sizeof(m);
}

long sys_sched_setaffinity(int tid, unsigned len, const u64 __user *mask)
{
	struct thread *t;
	cpumask_t m = 0;

	if (copy_from_user(&m, mask, MIN((size_t)len, sizeof(m))))
		return -EFAULT;
	t = get_thread(tid);
	if (!t)
		return -ESRCH;
	m &= all_cpus();
	if (m)
		sched_set_affinity(t, m);
	thread_unref(t);
	return m ? 0 : -EINVAL;
}

long sys_getcpu(unsigned __user *cpu, unsigned __user *node, void __user *unused)
{
	unsigned c = this_cpu()->id, zero = 0;

	if (cpu && put_user(c, cpu))
		return -EFAULT;
	return node ? put_user(zero, node) : 0;
}

/* ---- policy ---- */

static bool policy_is_rt(int policy)
{
	return policy == SCHED_FIFO || policy == SCHED_RR;
}

static bool policy_known(int policy)
{
	return policy_is_rt(policy) || policy == SCHED_OTHER || policy == SCHED_BATCH || policy == SCHED_IDLE;
}

static long set_policy(int tid, int policy, int prio, const int *nice)
{
	struct thread *t;

	policy &= ~SCHED_RESET_ON_FORK;
	if (!policy_known(policy))
		return -EINVAL;
	if (policy_is_rt(policy) ? prio < 1 || prio > RT_PRIO_MAX : prio != 0)
		return -EINVAL;
	t = get_thread(tid);
	if (!t)
		return -ESRCH;
	if (policy_is_rt(policy) && !privileged() && (u64)prio > t->process->limits[RLIMIT_RTPRIO].cur) {
		thread_unref(t);
		return -EPERM;
	}
	sched_set_policy(t, policy, prio, nice ? *nice : t->nice);
	thread_unref(t);
	return 0;
}

long sys_sched_setscheduler(int tid, int policy, const struct sched_param __user *param)
{
	struct sched_param p;

	if (!param || tid < 0 || policy < 0)
		return -EINVAL;
	if (get_user(p, param))
		return -EFAULT;
	return set_policy(tid, policy, p.priority, NULL);
}

long sys_sched_getscheduler(int tid)
{
	struct thread *t;
	long r;

	if (tid < 0)
		return -EINVAL;
	t = get_thread(tid);
	if (!t)
		return -ESRCH;
	r = t->policy;
	thread_unref(t);
	return r;
}

long sys_sched_setparam(int tid, const struct sched_param __user *param)
{
	long policy;
	struct sched_param p;

	if (!param || tid < 0)
		return -EINVAL;
	if (get_user(p, param))
		return -EFAULT;
	policy = sys_sched_getscheduler(tid);
	return policy < 0 ? policy : set_policy(tid, (int)policy, p.priority, NULL);
}

long sys_sched_getparam(int tid, struct sched_param __user *param)
{
	struct sched_param p;
	struct thread *t;

	if (!param || tid < 0)
		return -EINVAL;
	t = get_thread(tid);
	if (!t)
		return -ESRCH;
	p.priority = t->rq.rt_prio;
	thread_unref(t);
	return copy_to_user(param, &p, sizeof(p));
}

long sys_sched_get_priority_max(int policy)
{
	return policy_is_rt(policy) ? RT_PRIO_MAX : policy_known(policy) || policy == 6 ? 0 : -EINVAL;
}

long sys_sched_get_priority_min(int policy)
{
	return policy_is_rt(policy) ? 1 : policy_known(policy) || policy == 6 ? 0 : -EINVAL;
}

long sys_sched_rr_get_interval(int tid, struct timespec64 __user *interval)
{
	struct timespec64 ts = {0, 0};
	long policy = sys_sched_getscheduler(tid);

	if (policy < 0)
		return policy;
	if (policy == SCHED_RR)
		ts = nsec_to_timespec(RR_INTERVAL);
	else if (policy != SCHED_FIFO)
		ts = nsec_to_timespec(4 * NSEC_PER_MSEC);
	return copy_to_user(interval, &ts, sizeof(ts));
}

/* Linux's struct sched_attr, version 0. */
struct sched_attr {
	u32 size, policy;
	u64 flags;
	s32 nice;
	u32 priority;
	u64 runtime, deadline, period;
};
_Static_assert(sizeof(struct sched_attr) == 48, "SCHED_ATTR_SIZE_VER0");

long sys_sched_setattr(int tid, const struct sched_attr __user *uattr, unsigned flags)
{
	struct sched_attr a;
	int nice;

	if (!uattr || tid < 0 || flags)
		return -EINVAL;
	if (get_user(a.size, user_member(uattr, size)))
		return -EFAULT;
	if (a.size && a.size < sizeof(a))
		return -E2BIG;
	if (copy_from_user(&a, uattr, sizeof(a)))
		return -EFAULT;
	if (a.flags & ~1ull) /* SCHED_FLAG_RESET_ON_FORK has nothing to reset: there is no fork */
		return -EINVAL;
	nice = a.nice < -20 ? -20 : a.nice > 19 ? 19 : a.nice;
	if ((s32)a.policy < 0)
		return -EINVAL;
	return set_policy(tid, (int)a.policy, (int)a.priority, &nice);
}

long sys_sched_getattr(int tid, struct sched_attr __user *uattr, unsigned size, unsigned flags)
{
	struct sched_attr a = {.size = sizeof(a)};
	struct thread *t;

	if (!uattr || tid < 0 || flags || size < sizeof(a) || size > PAGE_SIZE)
		return -EINVAL;
	t = get_thread(tid);
	if (!t)
		return -ESRCH;
	a.policy = t->policy;
	a.priority = t->rq.rt_prio;
	a.nice = (s32)t->nice;
	thread_unref(t);
	return copy_to_user(uattr, &a, sizeof(a));
}

/* ---- nice ---- */

enum { PRIO_PROCESS, PRIO_PGRP, PRIO_USER };

/* What `which` and `who` name: one thread, or (a group, a user) the whole process: *all. */
static int find_prio(int which, int who, struct thread **t, bool *all)
{
	const struct process *p = current->process;

	*t = NULL;
	*all = which != PRIO_PROCESS;
	switch (which) {
	case PRIO_PROCESS:
		*t = get_thread(who);
		return *t ? 0 : -ESRCH;
	case PRIO_PGRP:
		return who == 0 || who == p->pid ? 0 : -ESRCH;
	case PRIO_USER:
		return who == 0 || (u32)who == p->uid ? 0 : -ESRCH;
	default:
		return -EINVAL;
	}
}

long sys_getpriority(int which, int who)
{
	struct thread *t;
	long r;
	bool all;
	int err = find_prio(which, who, &t, &all);

	if (err)
		return err;
	r = 20 - (t ? t->nice : current->nice);
	if (t)
		thread_unref(t);
	return r;
}

static int set_nice(struct thread *t, int nice)
{
	if (nice < t->nice && !privileged() && (u64)(20 - nice) > t->process->limits[RLIMIT_NICE].cur)
		return -EACCES;
	sched_set_policy(t, t->policy, t->rq.rt_prio, nice);
	return 0;
}

long sys_setpriority(int which, int who, int nice)
{
	struct process *p = current->process;
	struct thread *t;
	bool all;
	int err = find_prio(which, who, &t, &all);

	if (err)
		return err;
	nice = nice < -20 ? -20 : nice > 19 ? 19 : nice;
	if (!all) {
		err = set_nice(t, nice);
		thread_unref(t);
		return err;
	}
	unsigned long ev = spin_lock(&p->lock);

	list_for_each(l, &p->threads)
	{
		int e = set_nice(list_entry(l, struct thread, link), nice);

		err = err ? err : e;
	}
	spin_unlock(&p->lock, ev);
	return err;
}
