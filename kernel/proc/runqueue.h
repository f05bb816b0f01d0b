/* SPDX-License-Identifier: MIT */
/*
 * The order in which threads get one CPU: the data structure alone.  The
 * caller locks (proc/sched.h is that caller).
 *
 * Two classes, as Linux has them.  Real-time entities (SCHED_FIFO, SCHED_RR;
 * priority 1 to 99) always go first, by priority, equals in order of arrival.
 * Fair ones (SCHED_OTHER, SCHED_BATCH, SCHED_IDLE) share what is left in
 * proportion to their weight: the one with the least virtual run time is next.
 */
#ifndef PROC_RUNQUEUE_H
#define PROC_RUNQUEUE_H

#include "lib/list.h"
#include "lib/tree.h"
#include "lib/types.h"

enum sched_policy { SCHED_OTHER = 0, SCHED_FIFO = 1, SCHED_RR = 2, SCHED_BATCH = 3, SCHED_IDLE = 5 };

#define RT_PRIO_MAX 99

struct rq_entity {
	struct tree_node node;	/* fair: by vruntime */
	struct list link;	/* real-time: in its priority's list */
	u64 vruntime;		/* nanoseconds, scaled by weight */
	u32 weight;		/* 1024 is nice 0 */
	u8 rt_prio;		/* 0: fair */
	bool queued;
};

struct runqueue {
	struct tree fair;
	struct list rt[RT_PRIO_MAX + 1];
	u64 rt_bits[2];	  /* which lists are not empty */
	u64 min_vruntime; /* never goes back */
	unsigned count;	  /* entities queued */
};

void rq_init(struct runqueue *rq);
u32 rq_weight_of_nice(int nice); /* -20 to 19; about 1.25 from step to step, 1024 at 0 */
/*
 * Queues e.  `woken`: it slept, so it starts at most `credit` ns of virtual time before the others, and never
 * with a debt of run time it did not use.
 */
void rq_enqueue(struct runqueue *rq, struct rq_entity *e, bool woken);
/* Queues e in front of its equals: a real-time entity that was preempted, not one whose slice ended. */
void rq_enqueue_front(struct runqueue *rq, struct rq_entity *e);
void rq_dequeue(struct runqueue *rq, struct rq_entity *e);
/*
 * e has run for `ran` and yields: it is charged and queued behind the one that is next, which is dequeued and
 * returned.  There is one queued.
 */
struct rq_entity *rq_yield(struct runqueue *rq, struct rq_entity *e, nsec_t ran);
struct rq_entity *rq_peek(const struct runqueue *rq); /* the next one, or NULL */
/* The first one, in the queue's order, that `ok` accepts; NULL. */
struct rq_entity *rq_find(const struct runqueue *rq, bool (*ok)(struct rq_entity *e, void *arg), void *arg);
/* Charges `ns` of run time to e, which is running and not queued. */
void rq_charge(struct runqueue *rq, struct rq_entity *e, nsec_t ns);
/* Whether `e`, queued, should take the CPU from `running`, which is not queued. */
bool rq_preempts(const struct rq_entity *e, const struct rq_entity *running);
/* For an entity that moves between queues: makes its vruntime relative, then absolute again. */
void rq_detach(struct runqueue *from, struct rq_entity *e);
void rq_attach(struct runqueue *to, struct rq_entity *e);

#endif
