/* SPDX-License-Identifier: MIT */
/* As long as there are no POSIX timers, no signal comes from one. */
#include "lib/log.h"
#include "proc/itimer.h"

__attribute__((weak)) void posix_timer_taken(struct posix_timer *t, struct siginfo *info)
{
	panic("a signal claims to come from a POSIX timer");
}
