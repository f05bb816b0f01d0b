/* SPDX-License-Identifier: MIT */
/*
 * A run queue holds what is ready but not running.  Its lock also guards the
 * state of every thread whose `cpu` it is, and is held from the choice of the
 * next thread until that one has left the previous thread's stack
 * (sched_after_switch): so who holds it sees each thread either running or gone.
 */
#include "proc/sched.h"
#include <arch/switch.h>
#include "lib/errno.h"
#include "lib/log.h"
#include "platform/platform.h"
#include "proc/clock.h"
#include "proc/rseq.h"
#include "proc/signal.h"
#include "proc/thread.h"

#define FAIR_SLICE (4 * NSEC_PER_MSEC)
#define RR_SLICE   (100 * NSEC_PER_MSEC) /* as Linux's default */

struct cpu *cpus[CPU_MAX];
unsigned cpu_count;
static cpumask_t idle_cpus; /* a hint for wake-ups */

static struct thread *thread_of(struct rq_entity *e) { return container_of(e, struct thread, rq); }
static cpumask_t cpu_bit(unsigned cpu) { return 1ull << cpu; }

void sched_init_cpu(struct cpu *c)
{
	rq_init(&c->rq);
	spin_init(&c->rq_lock);
	spin_init(&c->timer_lock);
	c->idle->policy = SCHED_IDLE;
	c->idle->cpu = c->id;
	c->idle->on_cpu = true;
	c->idle->sig.blocked = ~0ull;
}

/* The run queue that guards t, locked. */
static struct cpu *lock_cpu_of(struct thread *t, unsigned long *ev)
{
	for (;;) {
		int n = READ_ONCE(t->cpu);
		struct cpu *c;

		if (n < 0) { /* between two queues, for a moment */
			platform_spin_wait();
			continue;
		}
		c = cpus[n];
		*ev = spin_lock(&c->rq_lock);
		if (t->cpu == (int)c->id)
			return c;
		spin_unlock(&c->rq_lock, *ev);
	}
}

/* The running thread of c should enter the scheduler soon.  c's lock is held. */
static void request_resched(struct cpu *c)
{
	c->resched = true;
	__atomic_fetch_or(&c->running->work, THREAD_WORK_RESCHED, __ATOMIC_RELAXED);
	if (c != this_cpu())
		platform_kick(c->id);
}

/* c has got competition: its running thread gets a slice, if it has none yet.  On c itself, lock held. */
static inline __attribute__((always_inline)) void start_slice_at(struct cpu *c, nsec_t now)
{
	struct thread *t = c->running;

	if (c->slice_end || !c->rq.count || t == c->idle || t->policy == SCHED_FIFO)
		return;
	c->slice_end = now + (t->policy == SCHED_RR ? RR_SLICE : FAIR_SLICE);
	timer_program_by(c->slice_end);
}

static void start_slice(struct cpu *c)
{
	if (!c->slice_end && c->rq.count)
		start_slice_at(c, clock_monotonic());
}

/* c's lock is held; t is RUNNABLE and nowhere queued. */
static void enqueue(struct cpu *c, struct thread *t, bool woken)
{
	rq_enqueue(&c->rq, &t->rq, woken);
	if (c->running == c->idle || rq_preempts(&t->rq, &c->running->rq))
		request_resched(c);
	else if (c == this_cpu())
		start_slice(c);
	else if (!c->slice_end)
		platform_kick(c->id); /* so that it starts a slice: sched_kicked() */
}

static unsigned select_cpu(const struct thread *t)
{
	cpumask_t allowed = t->affinity & (~0ull >> (64 - cpu_count));
	cpumask_t idle = READ_ONCE(idle_cpus) & allowed;
	unsigned best, load = ~0u;

	if (idle & cpu_bit(t->cpu) || cpu_count == 1)
		return t->cpu;
	if (idle)
		return __builtin_ctzll(idle);
	if (!allowed) /* cannot be asked for; a thread that ran somewhere may go on there */
		return t->cpu;
	best = t->cpu;
	for (cpumask_t m = allowed; m; m &= m - 1) {
		unsigned i = __builtin_ctzll(m), n = READ_ONCE(cpus[i]->rq.count);

		if (n < load || (n == load && (int)i == t->cpu)) {
			load = n;
			best = i;
		}
	}
	return best;
}

/* Puts t, RUNNABLE and off every CPU and queue, on a queue.  Called with from's lock held, which it lets go. */
static void place(struct cpu *from, struct thread *t, bool woken, unsigned long ev)
{
	unsigned to = select_cpu(t);

	if (to != from->id) {
		struct cpu *c = cpus[to];

		rq_detach(&from->rq, &t->rq);
		t->cpu = -1;
		spin_release(&from->rq_lock);
		spin_acquire(&c->rq_lock);
		rq_attach(&c->rq, &t->rq);
		__atomic_store_n(&t->cpu, (int)to, __ATOMIC_RELEASE);
		from = c;
	}
	enqueue(from, t, woken);
	spin_unlock(&from->rq_lock, ev);
}

/* How long t has run since it was last asked. */
static inline nsec_t run_until(struct thread *t, nsec_t now)
{
	nsec_t ran = now - t->running_since;

	t->running_since = now;
	t->runtime += ran;
	return ran;
}

static void charge(struct cpu *c, struct thread *t, nsec_t now)
{
	nsec_t ran = run_until(t, now);

	if (t != c->idle)
		rq_charge(&c->rq, &t->rq, ran);
}

static bool may_run_on(struct rq_entity *e, void *cpu)
{
	return thread_of(e)->affinity & cpu_bit(((struct cpu *)cpu)->id);
}

/* An idle CPU looks for work that waits elsewhere.  c's lock is held, and let go in between. */
static void steal(struct cpu *c, unsigned long *ev)
{
	for (unsigned i = 1; i < cpu_count; i++) {
		struct cpu *o = cpus[(c->id + i) % cpu_count];
		struct thread *t = NULL;
		struct rq_entity *e;
		unsigned long inner;

		if (!READ_ONCE(o->rq.count))
			continue;
		spin_unlock(&c->rq_lock, *ev);
		inner = spin_lock(&o->rq_lock);
		e = rq_find(&o->rq, may_run_on, c);
		if (e) {
			t = thread_of(e);
			rq_dequeue(&o->rq, &t->rq);
			rq_detach(&o->rq, &t->rq);
			t->cpu = -1;
		}
		spin_unlock(&o->rq_lock, inner);
		*ev = spin_lock(&c->rq_lock);
		if (t) {
			rq_attach(&c->rq, &t->rq);
			__atomic_store_n(&t->cpu, (int)c->id, __ATOMIC_RELEASE);
			rq_enqueue(&c->rq, &t->rq, false);
		}
		if (c->rq.count)
			return;
	}
}

/* Who runs next on this CPU, taken off the queue.  The running thread is on it if it stays ready. */
static struct thread *choose_next(struct cpu *c)
{
	struct rq_entity *e = rq_peek(&c->rq);

	if (!e)
		return c->idle;
	rq_dequeue(&c->rq, e);
	return thread_of(e);
}

static inline __attribute__((always_inline)) void after_switch(void)
{
	struct cpu *c = this_cpu();
	struct thread *prev = c->previous, *migrating = c->migrating;
	bool ended = prev->state == THREAD_ENDED; /* without the lock, prev may run elsewhere, end and be gone */

	prev->on_cpu = false;
	c->previous = c->migrating = NULL;
	if (unlikely(migrating))
		place(c, migrating, false, 0);
	else
		spin_release(&c->rq_lock);
	if (unlikely(ended))
		thread_unref(prev);
}

/*
 * Switches to `next`, which is on no queue.  Called with the lock held, which is let go by whoever runs
 * afterwards; events stay masked.  The running thread has been charged.
 */
static void switch_to(struct cpu *c, struct thread *next, nsec_t now)
{
	struct thread *prev = c->running;

	c->resched = false;
	__atomic_fetch_and(&prev->work, ~THREAD_WORK_RESCHED, __ATOMIC_RELAXED);
	next->running_since = now;
	if (next == c->idle)
		__atomic_fetch_or(&idle_cpus, cpu_bit(c->id), __ATOMIC_RELAXED);
	else if (prev == c->idle)
		__atomic_fetch_and(&idle_cpus, ~cpu_bit(c->id), __ATOMIC_RELAXED);
	c->running = next;
	c->slice_end = 0;
	c->slice_ended = false;
	start_slice_at(c, now);
	if (next == prev) {
		spin_release(&c->rq_lock);
		return;
	}
	c->switches++;
	c->kstack_top = next->arch.kstack_top;
	c->kstack_low = next->arch.kstack_low;
	c->kstack_frame = next->frame;
	c->previous = prev;
	next->on_cpu = true;
	if (unlikely(next->rseq_cpu != (int)c->id))
		rseq_interrupted(next);
	arch_switch(prev, next);
	after_switch(); /* on next's stack, and for next: maybe on another CPU than where it left */
}

void sched_after_switch(void) { after_switch(); }

void sched_prepare_sleep(bool interruptible)
{
	struct thread *t = current;

	t->interruptible = interruptible;
	/* Ordered before the look at the condition; pairs with the lock in sched_wake(). */
	__atomic_store_n(&t->state, THREAD_SLEEPING, __ATOMIC_SEQ_CST);
}

void sched_cancel_sleep(void)
{
	__atomic_store_n(&current->state, THREAD_RUNNABLE, __ATOMIC_SEQ_CST);
}

static void sleep_timeout(struct timer *timer) { sched_wake(timer->arg); }

int sched_sleep(nsec_t deadline)
{
	struct thread *t = current;
	bool timed = deadline != WAIT_FOREVER;
	unsigned long ev;
	struct cpu *c;
	nsec_t now;
	int ret = 0;

	if (timed) {
		if (deadline <= clock_monotonic()) {
			sched_cancel_sleep();
			return -ETIMEDOUT;
		}
		timer_init(&t->sleep_timer, sleep_timeout, t);
		timer_set(&t->sleep_timer, deadline);
	}
	c = lock_cpu_of(t, &ev);
	if (t->interruptible && signal_pending(t)) {
		t->state = THREAD_RUNNABLE;
		ret = -ERESTARTSYS;
	}
	if (t->state == THREAD_SLEEPING) {
		now = clock_monotonic();
		charge(c, t, now);
		t->voluntary++;
		switch_to(c, choose_next(c), now);
		events_restore(ev);
	} else {
		spin_unlock(&c->rq_lock, ev);
	}
	if (timed) {
		timer_cancel(&t->sleep_timer);
		if (!ret && deadline <= clock_monotonic())
			ret = -ETIMEDOUT;
	}
	if (!ret && t->interruptible && signal_pending(t))
		ret = -ERESTARTSYS;
	return ret;
}

bool sched_wake(struct thread *t)
{
	unsigned long ev;
	struct cpu *c = lock_cpu_of(t, &ev);

	if (t->state != THREAD_SLEEPING) {
		spin_unlock(&c->rq_lock, ev);
		return false;
	}
	t->state = THREAD_RUNNABLE;
	if (t == c->running) /* has not got round to sleeping yet */
		spin_unlock(&c->rq_lock, ev);
	else
		place(c, t, true, ev);
	return true;
}

void sched_notify_signal(struct thread *t)
{
	unsigned long ev;
	struct cpu *c = lock_cpu_of(t, &ev);

	if (t->state == THREAD_SLEEPING && t->interruptible && t != c->running) {
		t->state = THREAD_RUNNABLE;
		place(c, t, true, ev);
		return;
	}
	if (t == c->running) {
		if (t->state == THREAD_SLEEPING && t->interruptible)
			t->state = THREAD_RUNNABLE;
		if (c != this_cpu())
			platform_kick(c->id);
	}
	spin_unlock(&c->rq_lock, ev);
}

void sched_start(struct thread *t)
{
	struct cpu *c;
	unsigned long ev = events_save();

	c = this_cpu();
	spin_acquire(&c->rq_lock);
	t->state = THREAD_RUNNABLE;
	t->cpu = c->id;
	t->rq.vruntime = c->rq.min_vruntime;
	place(c, t, false, ev);
}

long sched_yield_cpu(void)
{
	struct thread *t, *next;
	struct cpu *c;
	nsec_t now;

	events_off();
	c = this_cpu();
	spin_acquire(&c->rq_lock);
	if (c->rq.count) {
		t = c->running;
		t->voluntary++;
		now = clock_monotonic();
		next = thread_of(rq_yield(&c->rq, &t->rq, run_until(t, now)));
		switch_to(c, next, now);
	} else {
		spin_release(&c->rq_lock);
	}
	events_on();
	return 0;
}

void sched_preempt(void)
{
	unsigned long ev = events_save();
	struct thread *t = current;
	struct cpu *c = this_cpu();
	nsec_t now;

	spin_acquire(&c->rq_lock);
	c->resched = false;
	__atomic_fetch_and(&t->work, ~THREAD_WORK_RESCHED, __ATOMIC_RELAXED);
	rseq_interrupted(t);
	if (!(t->affinity & cpu_bit(c->id)) && t != c->idle) {
		/* Moved away by sched_setaffinity: a queue that it may use takes it once this CPU has left it. */
		now = clock_monotonic();
		charge(c, t, now);
		c->migrating = t;
		switch_to(c, choose_next(c), now);
		events_restore(ev);
		return;
	}
	if (!c->rq.count) {
		spin_unlock(&c->rq_lock, ev);
		return;
	}
	t->involuntary++;
	now = clock_monotonic();
	charge(c, t, now);
	/* Real-time: before its equals, unless its slice has ended. */
	if (t->rq.rt_prio && !c->slice_ended)
		rq_enqueue_front(&c->rq, &t->rq);
	else
		rq_enqueue(&c->rq, &t->rq, false);
	switch_to(c, choose_next(c), now);
	events_restore(ev);
}

void sched_exit(void)
{
	nsec_t now = clock_monotonic();
	struct cpu *c;

	events_off();
	c = this_cpu();
	spin_acquire(&c->rq_lock);
	charge(c, current, now);
	current->state = THREAD_ENDED;
	switch_to(c, choose_next(c), now);
	panic("an ended thread runs");
}

void sched_interrupt_sequences(u64 mask)
{
	for (unsigned i = 0; i < cpu_count; i++) {
		unsigned long ev;

		if (!(mask & cpu_bit(i)))
			continue;
		ev = spin_lock(&cpus[i]->rq_lock);
		rseq_interrupted(cpus[i]->running);
		spin_unlock(&cpus[i]->rq_lock, ev);
	}
}

void sched_kicked(void)
{
	struct cpu *c = this_cpu();
	unsigned long ev = spin_lock(&c->rq_lock);

	start_slice(c);
	spin_unlock(&c->rq_lock, ev);
}

void sched_tick(void)
{
	struct cpu *c = this_cpu();
	unsigned long ev = spin_lock(&c->rq_lock);

	if (c->slice_end && c->slice_end <= clock_monotonic()) {
		c->slice_end = 0;
		if (c->rq.count) {
			c->slice_ended = true;
			request_resched(c);
		}
	}
	spin_unlock(&c->rq_lock, ev);
}

void sched_idle_loop(void)
{
	struct cpu *c = this_cpu();

	events_off();
	c->running->running_since = clock_monotonic();
	__atomic_fetch_or(&idle_cpus, cpu_bit(c->id), __ATOMIC_RELAXED);
	for (;;) {
		unsigned long ev = spin_lock(&c->rq_lock);

		if (!c->rq.count)
			steal(c, &ev);
		if (c->rq.count) {
			nsec_t now = clock_monotonic();

			charge(c, c->idle, now);
			switch_to(c, choose_next(c), now);
			continue;
		}
		c->resched = false;
		spin_unlock(&c->rq_lock, ev);
		platform_idle();
	}
}

/* Takes t, ready and queued, off its queue, changes it, and puts it back where it may run. */
static void requeue(struct thread *t, void (*change)(struct thread *, const void *), const void *arg)
{
	unsigned long ev;
	struct cpu *c = lock_cpu_of(t, &ev);

	if (t->rq.queued) {
		rq_dequeue(&c->rq, &t->rq);
		change(t, arg);
		place(c, t, false, ev);
		return;
	}
	change(t, arg);
	if (t == c->running)
		request_resched(c);
	spin_unlock(&c->rq_lock, ev);
}

struct policy_change {
	int policy, rt_prio, nice;
};

static void change_policy(struct thread *t, const void *arg)
{
	const struct policy_change *p = arg;

	t->policy = p->policy;
	t->nice = p->nice;
	t->rq.rt_prio = p->rt_prio;
	t->rq.weight = p->policy == SCHED_IDLE ? 3 : rq_weight_of_nice(p->nice);
}

void sched_set_policy(struct thread *t, int policy, int rt_prio, int nice)
{
	struct policy_change p = {policy, rt_prio, nice};

	requeue(t, change_policy, &p);
}

static void change_affinity(struct thread *t, const void *arg) { t->affinity = *(const u64 *)arg; }

void sched_set_affinity(struct thread *t, u64 mask)
{
	requeue(t, change_affinity, &mask);
	if (t == current && !(mask & cpu_bit(this_cpu()->id)))
		sched_preempt();
}

nsec_t sched_runtime(const struct thread *t)
{
	nsec_t ns = READ_ONCE(t->runtime);

	if (READ_ONCE(t->on_cpu))
		ns += clock_monotonic() - READ_ONCE(t->running_since);
	return ns;
}
