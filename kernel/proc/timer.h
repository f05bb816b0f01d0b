/* SPDX-License-Identifier: MIT */
/*
 * One-shot timers, per CPU.  Callbacks run in the event handler (no sleeping)
 * with no lock held.  May be used from anywhere; takes the CPU's timer lock.
 */
#ifndef PROC_TIMER_H
#define PROC_TIMER_H

#include "lib/tree.h"
#include "lib/types.h"

struct timer {
	struct tree_node node;
	nsec_t deadline; /* monotonic */
	void (*fn)(struct timer *t);
	void *arg;
	int cpu; /* on whose tree it is; -1: on none */
};

void timer_init(struct timer *t, void (*fn)(struct timer *), void *arg);
/* (Re)arms t on this CPU. */
void timer_set(struct timer *t, nsec_t deadline);
/* Disarms t.  When it returns, fn neither runs nor will run; so not with a lock held that fn takes. */
void timer_cancel(struct timer *t);
/* Event handler: runs what is due and arms the hardware for the next. */
void timer_run(void);
/* Arms the hardware for the earlier of this CPU's first timer and its slice's end. */
void timer_program(void);
/* The same, where only `deadline` is new.  Events masked. */
void timer_program_by(nsec_t deadline);

#endif
