/* SPDX-License-Identifier: MIT */
/* Resource limits (getrlimit(2)).  Each is read and written as one word or two; no lock. */
#ifndef PROC_LIMITS_H
#define PROC_LIMITS_H

struct process;

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

/* What a program finds at its start: a usual Linux's values. */
void limits_init(struct process *p);

#endif
