/* SPDX-License-Identifier: MIT */
/* struct timeval, and deadlines given as a moment on the wall clock. */
#ifndef SYSCALL_TIMEVAL_H
#define SYSCALL_TIMEVAL_H

#include "lib/errno.h"
#include "lib/types.h"
#include "lib/uaccess.h"
#include "proc/clock.h"

struct timeval64 { /* Linux's struct timeval on 64-bit ISAs */
	s64 tv_sec, tv_usec;
};

static inline bool timeval_ok(const struct timeval64 *tv)
{
	return tv->tv_sec >= 0 && tv->tv_usec >= 0 && tv->tv_usec < 1000000;
}

static inline struct timeval64 nsec_to_timeval(nsec_t ns)
{
	return (struct timeval64){(s64)(ns / NSEC_PER_SEC), (s64)(ns % NSEC_PER_SEC / NSEC_PER_USEC)};
}

/* Saturates. */
static inline nsec_t timeval_to_nsec(const struct timeval64 *tv)
{
	struct timespec64 ts = {tv->tv_sec, tv->tv_usec * 1000};

	return timespec_to_nsec(&ts);
}

/* A struct timespec of the program's, in nanoseconds: 0, -EFAULT, -EINVAL if it is no time.  args.c. */
int get_timespec_nsec(const struct timespec64 __user *p, nsec_t *ns);

/* The monotonic moment at which the wall clock will show `wall` ns since 1970; the past: now. */
static inline nsec_t deadline_of_wall(nsec_t wall)
{
	s64 now = clock_realtime();

	if (now >= 0 && (u64)now >= wall)
		return clock_monotonic();
	return clock_deadline(now >= 0 ? wall - (u64)now : wall + (u64)-now);
}

#endif
