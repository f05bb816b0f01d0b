/* SPDX-License-Identifier: MIT */
/* Resource limits by number (getrlimit(2)): indices of struct process.limits. */
#ifndef PROC_LIMITS_H
#define PROC_LIMITS_H

enum {
	RLIMIT_CPU,
	RLIMIT_FSIZE,
	RLIMIT_DATA,
	RLIMIT_STACK,
	RLIMIT_CORE,
	RLIMIT_RSS,
	RLIMIT_NPROC,
	RLIMIT_NOFILE,
	RLIMIT_MEMLOCK,
	RLIMIT_AS,
	RLIMIT_LOCKS,
	RLIMIT_SIGPENDING,
	RLIMIT_MSGQUEUE,
	RLIMIT_NICE,
	RLIMIT_RTPRIO,
	RLIMIT_RTTIME,
};

#include "lib/types.h"

/*
 * RLIMIT_AS and RLIMIT_DATA, setrlimit(2): -ENOMEM if mapping len bytes with flags (AREA_*) would pass them, else 0.
 * replaces: what is mapped at addr goes; may_not: -EEXIST if there is anything.  limit_writable: the same of making
 * what is mapped there writable.  They take the space's lock.
 */
int limit_memory(u64 addr, u64 len, u32 flags, bool replaces, bool may_not);
int limit_writable(u64 addr, u64 len);

#endif
