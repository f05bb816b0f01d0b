/* SPDX-License-Identifier: MIT */
/* The clocks that clock_gettime(2) and its kin name. */
#ifndef SYSCALL_CLOCKID_H
#define SYSCALL_CLOCKID_H

#include "lib/types.h"

enum {
	CLOCK_REALTIME = 0,
	CLOCK_MONOTONIC = 1,
	CLOCK_PROCESS_CPUTIME_ID = 2,
	CLOCK_THREAD_CPUTIME_ID = 3,
	CLOCK_MONOTONIC_RAW = 4,
	CLOCK_REALTIME_COARSE = 5,
	CLOCK_MONOTONIC_COARSE = 6,
	CLOCK_BOOTTIME = 7,
	CLOCK_REALTIME_ALARM = 8,
	CLOCK_BOOTTIME_ALARM = 9,
	CLOCK_TAI = 11,
};

struct thread;

/* A negative id, a CPU clock's: *t with a reference, or NULL for the whole process.  0, or -EINVAL. */
int clockid_cpu(int id, struct thread **t);
/* ns on the clock `id`: 0, or -EINVAL for one that is not there. */
int clockid_read(int id, s64 *ns);

#endif
