/* SPDX-License-Identifier: MIT */
#include "proc/posix_timer.h"
#include "lib/errno.h"
#include "lib/list.h"
#include "lib/string.h"
#include "mm/heap.h"
#include "proc/clock.h"
#include "proc/limits.h"
#include "proc/sched.h"
#include "proc/thread.h"
#include "proc/timer.h"
#include "proc/wait.h"

#define CPU_LOOK_MIN   (200 * NSEC_PER_USEC)
#define IGNORED_PERIOD NSEC_PER_MSEC /* an ignored periodic timer goes on, but not more often than this */
#define OVERRUN_MAX    0x7fffffff    /* Linux: DELAYTIMER_MAX */

struct posix_timer {
	struct list link;
	int id, sig;
	enum posix_clock clock;
	struct process *process;
	struct thread *target, *owner; /* references; owner: whose CPU time POSIX_CLOCK_THREAD measures */
	u32 refs;

	/* --- under timers.lock --- */
	nsec_t due, interval; /* due: on the timer's clock; 0: disarmed */
	bool waits;	      /* fired, and goes on when its signal is taken */
	bool deleted;
	int overrun;
	struct timer timer;
	struct sigqueue entry;
};

static struct {
	struct mutex change; /* held to make, arm and delete timers */
	struct spinlock lock;
	struct list all;
	int last_id;
	unsigned count;
} timers = {
	.change = {0, WAIT_QUEUE_INIT(timers.change.wait)},
	.all = LIST_INIT(timers.all),
	.last_id = -1,
};

static struct posix_timer *timer_get(int id)
{
	unsigned long ev = spin_lock(&timers.lock);
	struct posix_timer *found = NULL;

	list_for_each(l, &timers.all)
	{
		struct posix_timer *t = list_entry(l, struct posix_timer, link);

		if (t->id == id) {
			t->refs++;
			found = t;
			break;
		}
	}
	spin_unlock(&timers.lock, ev);
	return found;
}

static void timer_put(struct posix_timer *t)
{
	unsigned long ev = spin_lock(&timers.lock);
	bool last = --t->refs == 0;

	spin_unlock(&timers.lock, ev);
	if (!last)
		return;
	timer_cancel(&t->timer);
	signal_unqueue_entry(t->process, t->target, &t->entry);
	if (t->target)
		thread_unref(t->target);
	if (t->owner)
		thread_unref(t->owner);
	kfree(t);
}

static bool is_cpu_clock(const struct posix_timer *t)
{
	return t->clock == POSIX_CLOCK_PROCESS || t->clock == POSIX_CLOCK_THREAD;
}

static nsec_t clock_now(const struct posix_timer *t)
{
	switch (t->clock) {
	case POSIX_CLOCK_REAL:
		return (nsec_t)clock_realtime();
	case POSIX_CLOCK_PROCESS:
		return process_cpu_time(t->process);
	case POSIX_CLOCK_THREAD:
		return sched_runtime(t->owner);
	default:
		return clock_monotonic();
	}
}

/* When the hardware should look: exact, except for CPU time, which cannot pass faster than all CPUs make it.
 */
static nsec_t look_at(const struct posix_timer *t, nsec_t due, nsec_t now)
{
	nsec_t left = due > now ? due - now : 0;

	if (t->clock == POSIX_CLOCK_PROCESS)
		left /= cpu_count;
	return clock_deadline(is_cpu_clock(t) ? MAX(left, CPU_LOOK_MIN) : left);
}

static nsec_t next_due(struct posix_timer *t, nsec_t now, u64 *missed)
{
	u64 n = now < t->due ? 0 : (now - t->due) / t->interval;

	*missed = n;
	return t->due + (n + 1) * t->interval;
}

static void fired(struct timer *timer)
{
	struct posix_timer *t = timer->arg;
	nsec_t now = clock_now(t), again = 0;
	bool due, queued;
	u64 missed;
	unsigned long ev = spin_lock(&timers.lock);

	due = !t->deleted && t->due && !t->waits && now >= t->due;
	if (due && t->interval)
		t->waits = true;
	else if (due)
		t->due = 0;
	else if (!t->deleted && t->due && !t->waits)
		again = look_at(t, t->due, now);
	spin_unlock(&timers.lock, ev);
	if (due) {
		queued = t->sig && signal_send_entry(t->process, t->target, &t->entry);
		ev = spin_lock(&timers.lock);
		if (!queued && t->waits && t->interval) { /* nobody will take it: go on by ourselves */
			t->waits = false;
			t->due = next_due(t, now, &missed);
			again = MAX(look_at(t, t->due, now), clock_deadline(IGNORED_PERIOD));
		}
		spin_unlock(&timers.lock, ev);
	}
	if (again)
		timer_set(timer, again);
}

void posix_timer_taken(struct siginfo *info)
{
	struct posix_timer *t = timer_get(info->timer.timerid);
	nsec_t now, due = 0;
	unsigned long ev;
	u64 missed;

	if (!t)
		return;
	mutex_lock(&timers.change);
	now = clock_now(t);
	ev = spin_lock(&timers.lock);
	t->overrun = 0;
	if (t->waits && t->interval && t->due && !t->deleted) {
		t->waits = false;
		due = t->due = next_due(t, now, &missed);
		t->overrun = (int)MIN(missed, (u64)OVERRUN_MAX);
	}
	info->timer.overrun = t->overrun;
	spin_unlock(&timers.lock, ev);
	if (due)
		timer_set(&t->timer, look_at(t, due, now));
	mutex_unlock(&timers.change);
	timer_put(t);
}

int posix_timer_create(enum posix_clock clock, struct thread *owner, int sig, struct thread *target,
		       bool has_value, u64 value)
{
	struct process *p = current->process;
	struct posix_timer *t;
	unsigned long ev;

	if (READ_ONCE(timers.count) >= p->limits[RLIMIT_SIGPENDING].cur)
		return -EAGAIN;
	t = kzalloc(sizeof(*t));
	if (!t)
		return -ENOMEM;
	t->refs = 1;
	t->sig = sig;
	t->clock = clock;
	t->process = p;
	t->target = target;
	if (target)
		thread_ref(target);
	t->owner = owner;
	if (owner)
		thread_ref(owner);
	timer_init(&t->timer, fired, t);
	list_init(&t->entry.link);
	t->entry.owned = true;
	ev = spin_lock(&timers.lock);
	t->id = ++timers.last_id;
	timers.count++;
	t->entry.info.si_signo = sig;
	t->entry.info.si_code = SI_TIMER;
	t->entry.info.timer.timerid = t->id;
	t->entry.info.timer.value = has_value ? value : (u64)t->id;
	list_push_back(&timers.all, &t->link);
	spin_unlock(&timers.lock, ev);
	return t->id;
}

static void get_locked(const struct posix_timer *t, nsec_t now, struct itimer_value *v)
{
	nsec_t due = t->due;

	v->interval = t->interval;
	if (due && due <= now && t->interval) /* its signal waits: what counts is the period that runs */
		due += ((now - due) / t->interval + 1) * t->interval;
	v->value = !due ? 0 : due > now ? due - now : t->sig ? 1 : 0;
}

int posix_timer_get(int id, struct itimer_value *cur)
{
	struct posix_timer *t = timer_get(id);
	unsigned long ev;
	nsec_t now;

	if (!t)
		return -EINVAL;
	now = clock_now(t);
	ev = spin_lock(&timers.lock);
	get_locked(t, now, cur);
	spin_unlock(&timers.lock, ev);
	timer_put(t);
	return 0;
}

int posix_timer_set(int id, bool absolute, const struct itimer_value *v, struct itimer_value *old)
{
	struct posix_timer *t = timer_get(id);
	unsigned long ev;
	nsec_t now, due;

	if (!t)
		return -EINVAL;
	mutex_lock(&timers.change);
	now = clock_now(t);
	due = !v->value ? 0 : absolute ? v->value : now + v->value;
	if (!absolute && due < now && v->value)
		due = ~0ull - 1;
	ev = spin_lock(&timers.lock);
	if (old)
		get_locked(t, now, old);
	t->due = due;
	t->interval = v->interval;
	t->waits = false;
	t->overrun = 0;
	spin_unlock(&timers.lock, ev);
	if (due)
		timer_set(&t->timer, is_cpu_clock(t) || due > now ? look_at(t, due, now) : clock_monotonic());
	else
		timer_cancel(&t->timer);
	mutex_unlock(&timers.change);
	timer_put(t);
	return 0;
}

int posix_timer_overrun(int id)
{
	struct posix_timer *t = timer_get(id);
	int n;

	if (!t)
		return -EINVAL;
	n = READ_ONCE(t->overrun);
	timer_put(t);
	return n;
}

int posix_timer_delete(int id)
{
	struct posix_timer *t = timer_get(id);
	unsigned long ev;
	bool mine;

	if (!t)
		return -EINVAL;
	mutex_lock(&timers.change);
	ev = spin_lock(&timers.lock);
	mine = !t->deleted;
	if (mine) {
		t->deleted = true;
		t->due = 0;
		timers.count--;
		t->refs--; /* the list's; this call has its own */
		list_remove(&t->link);
	}
	spin_unlock(&timers.lock, ev);
	timer_cancel(&t->timer);
	mutex_unlock(&timers.change);
	timer_put(t);
	return mine ? 0 : -EINVAL;
}

void posix_timer_delete_all(void)
{
	for (;;) {
		unsigned long ev = spin_lock(&timers.lock);
		int id = list_empty(&timers.all) ? -1 : list_entry(timers.all.next, struct posix_timer, link)->id;

		spin_unlock(&timers.lock, ev);
		if (id < 0)
			return;
		posix_timer_delete(id);
	}
}
