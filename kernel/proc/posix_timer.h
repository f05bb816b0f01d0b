/* SPDX-License-Identifier: MIT */
/*
 * POSIX timers: timer_create(2) and its kin.  Threads only, with no lock held;
 * may sleep.  Times are in ns on the timer's clock.
 */
#ifndef PROC_POSIX_TIMER_H
#define PROC_POSIX_TIMER_H

#include "lib/types.h"
#include "proc/itimer.h"

struct thread;

enum posix_clock { POSIX_CLOCK_REAL, POSIX_CLOCK_MONO, POSIX_CLOCK_PROCESS, POSIX_CLOCK_THREAD };

/*
 * owner: whose time POSIX_CLOCK_THREAD measures.  sig: 0: it sends nothing (SIGEV_NONE).  target: who gets
 * the signal, or NULL: the process.  The call takes its own references.  has_value false: sigval is the
 * timer's id.  The id, or -EAGAIN, -ENOMEM.
 */
int posix_timer_create(enum posix_clock clock, struct thread *owner, int sig, struct thread *target,
		       bool has_value, u64 value);
/* All: 0, or -EINVAL if there is no such timer.  old may be NULL. */
int posix_timer_set(int id, bool absolute, const struct itimer_value *v, struct itimer_value *old);
int posix_timer_get(int id, struct itimer_value *cur);
int posix_timer_overrun(int id);
int posix_timer_delete(int id);
void posix_timer_delete_all(void);

#endif
