/* SPDX-License-Identifier: MIT */
/* POSIX timers: timer_create(2) and its kin. */
#include "proc/clock.h"
#include "proc/posix_timer.h"
#include "proc/thread.h"
#include "syscall/clockid.h"
#include "syscall/syscall.h"

#define SIGEV_SIGNAL	0
#define SIGEV_NONE	1
#define SIGEV_THREAD	2
#define SIGEV_THREAD_ID 4
#define TIMER_ABSTIME	1

struct linux_sigevent { /* struct sigevent of the ABI: 64 bytes */
	u64 value;
	s32 signo, notify, tid;
	u32 pad[11];
};
_Static_assert(sizeof(struct linux_sigevent) == 64, "struct sigevent of the ABI");

struct linux_itimerspec {
	struct timespec64 interval, value;
};

/* *owner: whose time a thread's clock measures, with a reference. */
static int clock_of(int id, enum posix_clock *c, struct thread **owner)
{
	int err;

	*owner = NULL;
	if (id < 0) { /* what the C library makes of CLOCK_*_CPUTIME_ID and pthread_getcpuclockid(3) */
		err = clockid_cpu(id, owner);
		*c = *owner ? POSIX_CLOCK_THREAD : POSIX_CLOCK_PROCESS;
		return err;
	}
	switch (id) {
	case CLOCK_REALTIME:
	case CLOCK_TAI:
		*c = POSIX_CLOCK_REAL;
		return 0;
	case CLOCK_MONOTONIC:
	case CLOCK_BOOTTIME:
		*c = POSIX_CLOCK_MONO;
		return 0;
	case CLOCK_PROCESS_CPUTIME_ID:
		*c = POSIX_CLOCK_PROCESS;
		return 0;
	case CLOCK_THREAD_CPUTIME_ID:
		*c = POSIX_CLOCK_THREAD;
		thread_ref(current);
		*owner = current;
		return 0;
	case CLOCK_MONOTONIC_RAW:
	case CLOCK_MONOTONIC_COARSE:
	case CLOCK_REALTIME_COARSE:
		return -EOPNOTSUPP;
	default:
		return -EINVAL;
	}
}

/* Whom the event names: *target with a reference, or NULL: the process. */
static int check_event(const struct linux_sigevent *e, struct thread **target)
{
	*target = NULL;
	switch (e->notify) {
	case SIGEV_NONE:
		return 0;
	case SIGEV_SIGNAL:
	case SIGEV_THREAD: /* the C library's word for a thread of its own: to the kernel it is a signal */
		break;
	case SIGEV_SIGNAL | SIGEV_THREAD_ID:
		*target = thread_find(current->process, e->tid);
		if (!*target)
			return -EINVAL;
		break;
	default:
		return -EINVAL;
	}
	if (e->signo >= 1 && e->signo <= NSIG)
		return 0;
	if (*target)
		thread_unref(*target);
	return -EINVAL;
}

long sys_timer_create(int id, const struct linux_sigevent __user *uevent, int __user *timerid)
{
	struct linux_sigevent e = {.signo = SIGALRM, .notify = SIGEV_SIGNAL};
	struct thread *target = NULL, *owner;
	enum posix_clock c;
	int r = clock_of(id, &c, &owner);

	if (!r && uevent && copy_from_user(&e, uevent, sizeof(e)))
		r = -EFAULT;
	if (!r)
		r = check_event(&e, &target);
	if (!r)
		r = posix_timer_create(c, owner, e.notify == SIGEV_NONE ? 0 : e.signo, target, uevent != NULL,
				       e.value);
	if (target)
		thread_unref(target);
	if (owner)
		thread_unref(owner);
	if (r < 0)
		return r;
	if (put_user(r, timerid)) {
		posix_timer_delete(r);
		return -EFAULT;
	}
	return 0;
}

static int put_itimerspec(struct linux_itimerspec __user *to, const struct itimer_value *v)
{
	struct linux_itimerspec its = {nsec_to_timespec(v->interval), nsec_to_timespec(v->value)};

	return copy_to_user(to, &its, sizeof(its));
}

long sys_timer_settime(int timerid, int flags, const struct linux_itimerspec __user *new_value,
		       struct linux_itimerspec __user *old)
{
	struct linux_itimerspec its;
	struct itimer_value v, was;
	int err;

	if (!new_value)
		return -EINVAL;
	if (get_user(its, new_value))
		return -EFAULT;
	if (!timespec_ok(&its.value) || !timespec_ok(&its.interval))
		return -EINVAL;
	v.value = timespec_to_nsec(&its.value);
	v.interval = timespec_to_nsec(&its.interval);
	err = posix_timer_set(timerid, flags & TIMER_ABSTIME, &v, &was);
	return err ? err : old ? put_itimerspec(old, &was) : 0;
}

long sys_timer_gettime(int timerid, struct linux_itimerspec __user *cur)
{
	struct itimer_value v;
	int err = posix_timer_get(timerid, &v);

	return err ? err : put_itimerspec(cur, &v);
}

long sys_timer_getoverrun(int timerid)
{
	return posix_timer_overrun(timerid);
}

long sys_timer_delete(int timerid)
{
	return posix_timer_delete(timerid);
}
