/* SPDX-License-Identifier: MIT */
/*
 * The process's interval timers (setitimer(2), alarm(2)) and POSIX timers
 * (timer_create(2)): what fires and sends.  Their callbacks run in event handlers
 * and send signals, so nobody may arm or cancel them with the process's locks
 * held.
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
 * SIGALRM has been taken: the periodic ITIMER_REAL starts its next period, as on Linux, so that a short
 * period cannot drown the process.  With no lock held; may sleep.
 */
void itimer_signal_taken(void);
/* A signal with SI_TIMER has been taken: fills in the overrun and starts the next period.  The same. */
void posix_timer_taken(struct siginfo *info);

/* CPU time of the process and of a thread, in ns.  The system's share is not told apart from the program's.
 */
nsec_t process_cpu_time(struct process *p);

#endif
