/* SPDX-License-Identifier: MIT */
#include "proc/clock.h"
#include "platform/platform.h"

nsec_t clock_monotonic(void) { return platform_clock(); }
s64 clock_realtime(void) { return platform_wall_clock(); }
void clock_set_realtime(s64 ns) { platform_set_wall_clock(ns); }

nsec_t timespec_to_nsec(const struct timespec64 *ts)
{
	if ((u64)ts->tv_sec >= ~0ull / NSEC_PER_SEC)
		return ~0ull;
	return (u64)ts->tv_sec * NSEC_PER_SEC + (u64)ts->tv_nsec;
}

nsec_t clock_deadline(nsec_t ns)
{
	nsec_t now = clock_monotonic();

	return ns > ~0ull - now ? ~0ull : now + ns;
}
