/* SPDX-License-Identifier: MIT */
#include "proc/runqueue.h"
#include "lib/string.h"

#define WEIGHT_NORMAL 1024u
#define WAKE_CREDIT   (3 * NSEC_PER_MSEC) /* how far before the others a thread that slept may start */
/* How much less virtual time a thread must have than the running one to take its CPU: bounds switches. */
#define WAKE_MARGIN NSEC_PER_MSEC

/* 1024 * 1.25^-nice */
static const u32 nice_weights[40] = {
	88818, 71054, 56843, 45475, 36380, 29104, 23283, 18626,
	14901, 11921, 9537, 7629, 6104, 4883, 3906, 3125,
	2500, 2000, 1600, 1280, 1024, 819, 655, 524,
	419, 336, 268, 215, 172, 137, 110, 88,
	70, 56, 45, 36, 29, 23, 18, 15,
};

u32 rq_weight_of_nice(int nice)
{
	if (nice < -20)
		nice = -20;
	if (nice > 19)
		nice = 19;
	return nice_weights[nice + 20];
}

void rq_init(struct runqueue *rq)
{
	memset(rq, 0, sizeof(*rq)); /* a list is made when its first entity comes: rt_bits says which there are */
}

static struct rq_entity *entity_of(struct tree_node *n) { return tree_entry(n, struct rq_entity, node); }

/* Differences are signed: virtual time may wrap. */
static int cmp_vruntime(const struct tree_node *a, const struct tree_node *b)
{
	s64 d = (s64)(tree_entry(a, const struct rq_entity, node)->vruntime -
		      tree_entry(b, const struct rq_entity, node)->vruntime);

	return d < 0 ? -1 : d > 0;
}

static bool before(u64 a, u64 b) { return (s64)(a - b) < 0; }

static bool rt_waiting(const struct runqueue *rq, unsigned prio) { return rq->rt_bits[prio / 64] >> (prio % 64) & 1; }

static void enqueue(struct runqueue *rq, struct rq_entity *e, bool front)
{
	e->queued = true;
	rq->count++;
	if (!e->rt_prio) {
		tree_insert(&rq->fair, &e->node, cmp_vruntime);
		return;
	}
	if (!rt_waiting(rq, e->rt_prio))
		list_init(&rq->rt[e->rt_prio]);
	if (front)
		list_push_front(&rq->rt[e->rt_prio], &e->link);
	else
		list_push_back(&rq->rt[e->rt_prio], &e->link);
	rq->rt_bits[e->rt_prio / 64] |= 1ull << (e->rt_prio % 64);
}

void rq_enqueue(struct runqueue *rq, struct rq_entity *e, bool woken)
{
	/*
	 * Time asleep is not saved up.  The limit holds for others too: one that is new here, or was real-time,
	 * must not starve the rest until it has caught up.
	 */
	if (!e->rt_prio) {
		u64 earliest = woken ? rq->min_vruntime - WAKE_CREDIT : rq->min_vruntime;

		if (before(e->vruntime, rq->min_vruntime - WAKE_CREDIT))
			e->vruntime = earliest;
	}
	enqueue(rq, e, false);
}

void rq_enqueue_front(struct runqueue *rq, struct rq_entity *e) { enqueue(rq, e, true); }

void rq_dequeue(struct runqueue *rq, struct rq_entity *e)
{
	e->queued = false;
	rq->count--;
	if (!e->rt_prio) {
		tree_remove(&rq->fair, &e->node);
		return;
	}
	list_remove(&e->link);
	if (list_empty(&rq->rt[e->rt_prio]))
		rq->rt_bits[e->rt_prio / 64] &= ~(1ull << (e->rt_prio % 64));
}

struct rq_entity *rq_peek(const struct runqueue *rq)
{
	struct tree_node *n;

	for (int i = 1; i >= 0; i--) {
		if (rq->rt_bits[i]) {
			int prio = i * 64 + 63 - __builtin_clzll(rq->rt_bits[i]);

			return list_first(&rq->rt[prio], struct rq_entity, link);
		}
	}
	n = tree_first(&rq->fair);
	return n ? entity_of(n) : NULL;
}

/* 2^54 ns (208 days) in one go would overflow; nothing runs that long without a charge. */
static u64 virtual_time(const struct rq_entity *e, nsec_t ns)
{
	return likely(e->weight == WEIGHT_NORMAL) ? ns : ns * WEIGHT_NORMAL / MAX(e->weight, 1u);
}

/* `next` is to be chosen before e. */
static void yield_to(struct rq_entity *e, const struct rq_entity *next)
{
	if (!before(next->vruntime, e->vruntime))
		e->vruntime = next->vruntime + 1;
}

struct rq_entity *rq_yield(struct runqueue *rq, struct rq_entity *e, nsec_t ran)
{
	struct rq_entity *next;

	if (rq->count == 1 && rq->fair.root && !e->rt_prio) { /* two hand the CPU to and fro: there is no tree to balance */
		next = entity_of(rq->fair.root);
		e->vruntime += virtual_time(e, ran);
		yield_to(e, next);
		if (before(rq->min_vruntime, next->vruntime))
			rq->min_vruntime = next->vruntime;
		next->queued = false;
		e->queued = true;
		e->node = (struct tree_node){.height = 1};
		rq->fair.root = &e->node;
		return next;
	}
	rq_charge(rq, e, ran);
	next = rq_peek(rq);
	if (e->rt_prio <= next->rt_prio) {
		rq_dequeue(rq, next);
		if (!next->rt_prio)
			yield_to(e, next);
		rq_enqueue(rq, e, false);
		return next;
	}
	rq_enqueue(rq, e, false);
	next = rq_peek(rq);
	rq_dequeue(rq, next);
	return next;
}

struct rq_entity *rq_find(const struct runqueue *rq, bool (*ok)(struct rq_entity *e, void *arg), void *arg)
{
	for (int prio = RT_PRIO_MAX; prio > 0 && (rq->rt_bits[0] | rq->rt_bits[1]); prio--) {
		if (!rt_waiting(rq, prio))
			continue;
		list_for_each(l, &rq->rt[prio]) {
			struct rq_entity *e = list_entry(l, struct rq_entity, link);

			if (ok(e, arg))
				return e;
		}
	}
	for (struct tree_node *n = tree_first(&rq->fair); n; n = tree_next(n))
		if (ok(entity_of(n), arg))
			return entity_of(n);
	return NULL;
}

void rq_charge(struct runqueue *rq, struct rq_entity *e, nsec_t ns)
{
	struct tree_node *first = tree_first(&rq->fair);
	u64 least;

	if (e->rt_prio)
		return;
	e->vruntime += virtual_time(e, ns);
	least = e->vruntime;
	if (first && before(entity_of(first)->vruntime, least))
		least = entity_of(first)->vruntime;
	if (before(rq->min_vruntime, least))
		rq->min_vruntime = least;
}

bool rq_preempts(const struct rq_entity *e, const struct rq_entity *running)
{
	if (e->rt_prio || running->rt_prio)
		return e->rt_prio > running->rt_prio;
	return (s64)(running->vruntime - e->vruntime) > (s64)WAKE_MARGIN;
}

void rq_detach(struct runqueue *from, struct rq_entity *e) { e->vruntime -= from->min_vruntime; }
void rq_attach(struct runqueue *to, struct rq_entity *e) { e->vruntime += to->min_vruntime; }
