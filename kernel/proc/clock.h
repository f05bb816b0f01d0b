/* SPDX-License-Identifier: MIT */
/* Time, in nanoseconds.  From anywhere; no locks.  The platform's clock is behind it. */
#ifndef PROC_CLOCK_H
#define PROC_CLOCK_H

#include "lib/types.h"

struct timespec64 { /* Linux's struct timespec on 64-bit ISAs */
	s64 tv_sec;
	s64 tv_nsec;
};

/* A moment since 1970 in nanoseconds; what does not fit becomes the nearest that does (years 1677 to 2262). */
static inline s64 clock_wall_of(s64 sec, s64 nsec)
{
	s64 ns;

	if (__builtin_mul_overflow(sec, 1000000000, &ns) || __builtin_add_overflow(ns, nsec, &ns))
		return sec < 0 ? INT64_MIN : INT64_MAX;
	return ns;
}

nsec_t clock_monotonic(void); /* since boot; never goes back, the same on all CPUs */
s64 clock_realtime(void);     /* since 1970, UTC */
void clock_set_realtime(s64 ns);

static inline bool timespec_ok(const struct timespec64 *ts)
{
	return ts->tv_sec >= 0 && ts->tv_nsec >= 0 && ts->tv_nsec < (s64)NSEC_PER_SEC;
}
/* Saturates at ~0 (WAIT_FOREVER). */
nsec_t timespec_to_nsec(const struct timespec64 *ts);
static inline struct timespec64 nsec_to_timespec(nsec_t ns)
{
	return (struct timespec64){(s64)(ns / NSEC_PER_SEC), (s64)(ns % NSEC_PER_SEC)};
}
/* now + ns, saturating: a deadline for sleeping. */
nsec_t clock_deadline(nsec_t ns);

#endif
