/* SPDX-License-Identifier: MIT */
/*
 * The process's interval timers (setitimer(2), alarm(2)) and POSIX timers
 * (timer_create(2)): what fires and sends.  Their locks are taken inside
 * process.sig_lock; the timers' callbacks run in event handlers.
 */
#ifndef PROC_ITIMER_H
#define PROC_ITIMER_H

#include "lib/types.h"
#include "proc/signal.h"

enum itimer_which { ITIMER_REAL, ITIMER_VIRTUAL, ITIMER_PROF, ITIMER_COUNT };

struct itimer_value { /* nanoseconds; value 0: disarmed */
	nsec_t value, interval;
};

void itimer_get(enum itimer_which which, struct itimer_value *cur);
void itimer_set(enum itimer_which which, const struct itimer_value *new_value, struct itimer_value *old);
/*
 * SIGALRM is being taken: the periodic ITIMER_REAL starts its next period, as on Linux, so that a short
 * period cannot drown the process.  Under sig_lock.
 */
void itimer_signal_taken(void);

struct posix_timer;
/* The timer's signal is being taken: fills in the overrun and goes on with the next period.  Under sig_lock. */
void posix_timer_taken(struct posix_timer *t, struct siginfo *info);

/* CPU time of the process and of a thread, in ns.  The system's share is not told apart from the program's. */
nsec_t process_cpu_time(struct process *p);

#endif
