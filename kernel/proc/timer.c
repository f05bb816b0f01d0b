/* SPDX-License-Identifier: MIT */
#include "proc/timer.h"
#include "platform/platform.h"
#include "proc/clock.h"
#include "proc/cpu.h"

static struct timer *timer_of(struct tree_node *n) { return tree_entry(n, struct timer, node); }

static int cmp_deadline(const struct tree_node *a, const struct tree_node *b)
{
	nsec_t x = tree_entry(a, const struct timer, node)->deadline, y = tree_entry(b, const struct timer, node)->deadline;

	return x < y ? -1 : x > y;
}

void timer_init(struct timer *t, void (*fn)(struct timer *), void *arg)
{
	t->fn = fn;
	t->arg = arg;
	t->cpu = -1;
}

/* On this CPU, with events masked. */
void timer_program(void)
{
	struct cpu *c = this_cpu();
	unsigned long ev = spin_lock(&c->timer_lock);
	struct tree_node *first = tree_first(&c->timers);
	nsec_t want = first ? timer_of(first)->deadline : 0;

	if (c->slice_end && (!want || c->slice_end < want))
		want = c->slice_end;
	/* Armed for an earlier time is good enough: the handler looks and arms again. */
	if (want && (!c->timer_armed || want < c->timer_armed)) {
		c->timer_armed = want;
		platform_timer_arm(want);
	}
	spin_unlock(&c->timer_lock, ev);
}

void timer_program_by(nsec_t deadline)
{
	nsec_t armed = this_cpu()->timer_armed; /* nobody else's */

	if (!armed || deadline < armed)
		timer_program();
}

void timer_set(struct timer *t, nsec_t deadline)
{
	unsigned long ev;
	struct cpu *c;

	timer_cancel(t);
	ev = events_save();
	c = this_cpu();
	(void)spin_lock(&c->timer_lock);
	t->deadline = MAX(deadline, 1ull);
	t->cpu = c->id;
	tree_insert(&c->timers, &t->node, cmp_deadline);
	spin_release(&c->timer_lock);
	timer_program();
	events_restore(ev);
}

/* Takes t off whatever tree it is on. */
static void disarm(struct timer *t)
{
	for (;;) {
		int n = __atomic_load_n(&t->cpu, __ATOMIC_ACQUIRE);
		struct cpu *c;
		unsigned long ev;

		if (n < 0)
			return;
		c = cpus[n];
		ev = spin_lock(&c->timer_lock);
		if (t->cpu == n) {
			tree_remove(&c->timers, &t->node);
			t->cpu = -1;
		}
		spin_unlock(&c->timer_lock, ev);
	}
}

void timer_cancel(struct timer *t)
{
	do {
		disarm(t);
		/* Its function may be running elsewhere, and may arm it again; on this CPU it can only be our caller. */
		for (unsigned i = 0; i < cpu_count; i++)
			while (__atomic_load_n(&cpus[i]->timer_running, __ATOMIC_ACQUIRE) == t && cpus[i] != this_cpu())
				platform_spin_wait();
	} while (__atomic_load_n(&t->cpu, __ATOMIC_ACQUIRE) >= 0);
}

void timer_run(void)
{
	struct cpu *c = this_cpu();
	unsigned long ev = spin_lock(&c->timer_lock);
	struct tree_node *first;

	c->timer_armed = 0;
	while ((first = tree_first(&c->timers)) && timer_of(first)->deadline <= clock_monotonic()) {
		struct timer *t = timer_of(first);
		void (*fn)(struct timer *) = t->fn;

		tree_remove(&c->timers, first);
		c->timer_running = t;
		__atomic_store_n(&t->cpu, -1, __ATOMIC_RELEASE);
		spin_release(&c->timer_lock);
		fn(t);
		__atomic_store_n(&c->timer_running, NULL, __ATOMIC_RELEASE);
		(void)spin_lock(&c->timer_lock);
	}
	spin_unlock(&c->timer_lock, ev);
	timer_program();
}
