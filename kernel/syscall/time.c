/* SPDX-License-Identifier: MIT */
/* Clocks, sleeping and interval timers. */
#include "proc/clock.h"
#include "lib/string.h"
#include "proc/cred.h"
#include "proc/itimer.h"
#include "proc/sched.h"
#include "proc/thread.h"
#include "proc/wait.h"
#include "syscall/timeval.h"
#include "syscall/clockid.h"
#include "syscall/syscall.h"

#define TIMER_ABSTIME 1
#define TICKS_PER_SEC 100 /* CLOCKS_PER_SEC of times(2): USER_HZ */

/* ---- which clock ---- */

/* pthread_getcpuclockid(3) and clock_getcpuclockid(3) make negative numbers: ~id << 3 | per thread 4 | kind
 * 0-2. */
int clockid_cpu(int id, struct thread **t)
{
	int pid = ~(id >> 3);

	*t = NULL;
	if (id >= 0 || (id & 3) == 3)
		return -EINVAL;
	if (!(id & 4))
		return pid && pid != current->process->pid ? -EINVAL : 0;
	*t = thread_find(current->process, pid ? pid : current->tid);
	return *t ? 0 : -EINVAL;
}

static int cpu_clock(int id, nsec_t *ns)
{
	struct thread *t;
	int err = clockid_cpu(id, &t);

	if (err)
		return err;
	*ns = t ? sched_runtime(t) : process_cpu_time(current->process);
	if (t)
		thread_unref(t);
	return 0;
}

int clockid_read(int id, s64 *ns)
{
	nsec_t t;
	int err = 0;

	switch (id) {
	case CLOCK_REALTIME:
	case CLOCK_REALTIME_COARSE:
	case CLOCK_REALTIME_ALARM:
	case CLOCK_TAI: /* nobody has told the kernel of leap seconds: as on a fresh Linux, TAI is UTC */
		*ns = clock_realtime();
		return 0;
	case CLOCK_MONOTONIC:
	case CLOCK_MONOTONIC_RAW:
	case CLOCK_MONOTONIC_COARSE:
	case CLOCK_BOOTTIME:
	case CLOCK_BOOTTIME_ALARM:
		*ns = (s64)clock_monotonic();
		return 0;
	case CLOCK_PROCESS_CPUTIME_ID:
		t = process_cpu_time(current->process);
		break;
	case CLOCK_THREAD_CPUTIME_ID:
		t = sched_runtime(current);
		break;
	default:
		if (id >= 0)
			return -EINVAL;
		err = cpu_clock(id, &t);
	}
	if (!err)
		*ns = (s64)t;
	return err;
}

long sys_clock_gettime(int id, struct timespec64 __user *tp)
{
	s64 ns;
	struct timespec64 ts;
	int err = clockid_read(id, &ns);

	if (err)
		return err;
	ts = nsec_to_timespec((nsec_t)ns);
	return copy_to_user(tp, &ts, sizeof(ts));
}

long sys_clock_getres(int id, struct timespec64 __user *res)
{
	struct timespec64 ts = {0, 1}; /* also of the "coarse" clocks, which are as fine as the others here */
	s64 ns;
	int err = clockid_read(id, &ns);

	if (err || !res)
		return err;
	return copy_to_user(res, &ts, sizeof(ts));
}

static bool may_set_clock(void)
{
	return capable(CAP_SYS_TIME);
}

long sys_clock_settime(int id, const struct timespec64 __user *tp)
{
	struct timespec64 ts;
	s64 ns;
	int err;

	if (id != CLOCK_REALTIME) {
		err = clockid_read(id, &ns);
		return err									   ? err
		       : id < 0 || id == CLOCK_PROCESS_CPUTIME_ID || id == CLOCK_THREAD_CPUTIME_ID ? -EPERM
												   : -EINVAL;
	}
	if (get_user(ts, tp))
		return -EFAULT;
	if (!timespec_ok(&ts) || ts.tv_sec > (s64)(~0ull >> 1) / (s64)NSEC_PER_SEC - 1)
		return -EINVAL;
	if (!may_set_clock())
		return -EPERM;
	clock_set_realtime((s64)timespec_to_nsec(&ts));
	return 0;
}

struct timezone {
	s32 minuteswest, dsttime;
};

long sys_gettimeofday(struct timeval64 __user *tv, struct timezone __user *tz)
{
	struct timeval64 now = nsec_to_timeval((nsec_t)clock_realtime());
	struct timezone utc = {0, 0};

	if (tv && copy_to_user(tv, &now, sizeof(now)))
		return -EFAULT;
	if (tz && copy_to_user(tz, &utc, sizeof(utc)))
		return -EFAULT;
	return 0;
}

/* The time zone is UTC; to say so is all that can be done about it. */
long sys_settimeofday(const struct timeval64 __user *tv, const struct timezone __user *tz)
{
	struct timezone zone = {0, 0};
	struct timeval64 t;

	if (tv) {
		if (get_user(t, tv))
			return -EFAULT;
		if (t.tv_usec < 0 || t.tv_usec > 1000000)
			return -EINVAL;
	}
	if (tz && get_user(zone, tz))
		return -EFAULT;
	if (tv && (t.tv_sec < 0 || t.tv_sec > (s64)(~0ull >> 1) / (s64)NSEC_PER_SEC - 1 || t.tv_usec == 1000000))
		return -EINVAL;
	if (!may_set_clock())
		return -EPERM;
	if (zone.minuteswest || zone.dsttime)
		return -EINVAL;
	if (tv)
		clock_set_realtime(clock_wall_of(t.tv_sec, t.tv_usec * 1000));
	return 0;
}

long sys_time(s64 __user *tloc)
{
	s64 now = clock_realtime() / (s64)NSEC_PER_SEC;

	if (tloc && put_user(now, tloc))
		return -EFAULT;
	return now;
}

struct linux_tms {
	s64 utime, stime, cutime, cstime;
};

long sys_times(struct linux_tms __user *buf)
{
	struct linux_tms t = {
		.utime = (s64)(process_cpu_time(current->process) / (NSEC_PER_SEC / TICKS_PER_SEC))};

	if (buf && copy_to_user(buf, &t, sizeof(t)))
		return -EFAULT;
	return (long)(clock_monotonic() / (NSEC_PER_SEC / TICKS_PER_SEC));
}

/* ---- sleeping ---- */

/* 0, or -ERESTARTSYS: a signal came first. */
static int sleep_until(nsec_t deadline)
{
	int err = 0;

	for (sched_prepare_sleep(true); !err; sched_prepare_sleep(true)) {
		if (clock_monotonic() >= deadline)
			break;
		err = sched_sleep(deadline);
	}
	sched_cancel_sleep();
	return err == -ETIMEDOUT ? 0 : err;
}

static long sleep_relative(nsec_t deadline, struct timespec64 __user *rem);

static long sleep_again(struct thread *t)
{
	return sleep_relative(t->restart.arg[0], (struct timespec64 __user *)t->restart.arg[1]);
}

static long sleep_relative(nsec_t deadline, struct timespec64 __user *rem)
{
	struct timespec64 left;
	nsec_t now;

	if (!sleep_until(deadline))
		return 0;
	now = clock_monotonic();
	if (now >= deadline)
		return 0;
	left = nsec_to_timespec(deadline - now);
	if (rem && copy_to_user(rem, &left, sizeof(left)))
		return -EFAULT;
	current->restart.fn = sleep_again;
	current->restart.arg[0] = deadline;
	current->restart.arg[1] = (u64)rem;
	return -ERESTART_RESTARTBLOCK;
}

long sys_nanosleep(const struct timespec64 __user *req, struct timespec64 __user *rem)
{
	struct timespec64 ts;

	if (get_user(ts, req))
		return -EFAULT;
	if (!timespec_ok(&ts))
		return -EINVAL;
	return sleep_relative(clock_deadline(timespec_to_nsec(&ts)), rem);
}

/* A moment on the wall clock: looked at again afterwards, as somebody may have set it back. */
static long sleep_wall(nsec_t wall)
{
	int err;

	do {
		err = sleep_until(deadline_of_wall(wall));
	} while (!err && clock_realtime() < (s64)wall);
	return err;
}

long sys_clock_nanosleep(int id, int flags, const struct timespec64 __user *req,
			 struct timespec64 __user *rem)
{
	bool wall = id == CLOCK_REALTIME || id == CLOCK_TAI;
	struct timespec64 ts;
	long err;
	s64 now;

	if (clockid_read(id, &now))
		return -EINVAL;
	if (!wall && id != CLOCK_MONOTONIC && id != CLOCK_BOOTTIME)
		return -EOPNOTSUPP;
	if (get_user(ts, req))
		return -EFAULT;
	if (!timespec_ok(&ts))
		return -EINVAL;
	if (!(flags & TIMER_ABSTIME))
		return sleep_relative(clock_deadline(timespec_to_nsec(&ts)), rem);
	err = wall ? sleep_wall(timespec_to_nsec(&ts)) : sleep_until(timespec_to_nsec(&ts));
	return err ? -ERESTARTNOHAND : 0;
}

/* ---- interval timers ---- */

struct linux_itimerval {
	struct timeval64 interval, value;
};

/* Rounded up: a timer that is armed never shows zero. */
static struct timeval64 itimer_timeval(nsec_t ns)
{
	return nsec_to_timeval(ns ? ns + NSEC_PER_USEC - 1 : 0);
}

static int put_itimer(struct linux_itimerval __user *to, const struct itimer_value *v)
{
	struct linux_itimerval it = {itimer_timeval(v->interval), itimer_timeval(v->value)};

	return copy_to_user(to, &it, sizeof(it));
}

long sys_getitimer(int which, struct linux_itimerval __user *curr)
{
	struct itimer_value v;

	if (which < 0 || which >= ITIMER_COUNT)
		return -EINVAL;
	itimer_get((enum itimer_which)which, &v);
	return put_itimer(curr, &v);
}

long sys_setitimer(int which, const struct linux_itimerval __user *new_value,
		   struct linux_itimerval __user *old)
{
	struct linux_itimerval it = {{0, 0}, {0, 0}}; /* Linux takes NULL for zeros */
	struct itimer_value v, was;

	if (new_value && copy_from_user(&it, new_value, sizeof(it)))
		return -EFAULT;
	if (which < 0 || which >= ITIMER_COUNT || !timeval_ok(&it.value) || !timeval_ok(&it.interval))
		return -EINVAL;
	v.value = timeval_to_nsec(&it.value);
	v.interval = timeval_to_nsec(&it.interval);
	itimer_set((enum itimer_which)which, &v, &was);
	return old ? put_itimer(old, &was) : 0;
}

long sys_alarm(unsigned seconds)
{
	struct itimer_value v = {.value = seconds * NSEC_PER_SEC}, was;
	u64 left;

	itimer_set(ITIMER_REAL, &v, &was);
	/* To the nearest second, but not to 0 while one was armed. */
	left = (was.value + NSEC_PER_SEC / 2) / NSEC_PER_SEC;
	return was.value && !left ? 1 : (long)left;
}
