/* SPDX-License-Identifier: MIT */
/*
 * Where the tracer of system calls (syscall/trace.h) hears of what is no system call.  NULL while nothing is
 * traced: then each place costs one look.  Threads only; the hooks may sleep, and want no lock held.
 */
#ifndef PROC_TRACE_H
#define PROC_TRACE_H

#include "lib/types.h"

struct process;
struct siginfo;

struct trace_hooks {
	void (*signal)(const struct siginfo *info); /* the current thread acts on it */
	void (*exec)(void);			    /* execve(2) has succeeded, which does not return */
	void (*thread_exit)(int status);	    /* of the current thread */
	void (*process_exit)(const struct process *p, bool dumped);
};
extern const struct trace_hooks *trace_hooks;

/* syscall/trace.c: begins, if the boot record says so.  Before other CPUs are started. */
void trace_start(void);

#define TRACE_HOOK(hook, ...)                                                                                \
	do {                                                                                                 \
		if (unlikely(trace_hooks != NULL))                                                           \
			trace_hooks->hook(__VA_ARGS__);                                                      \
	} while (0)

#endif
