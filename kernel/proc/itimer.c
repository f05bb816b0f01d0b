/* SPDX-License-Identifier: MIT */
#include "proc/itimer.h"
#include "lib/spinlock.h"
#include "proc/clock.h"
#include "proc/sched.h"
#include "proc/thread.h"
#include "proc/timer.h"

/* CPU-time timers are looked at by the clock: not more often than this, however little is left. */
#define CPU_LOOK_MIN (200 * NSEC_PER_USEC)

struct itimer {
	nsec_t due; /* ITIMER_REAL: monotonic; the others: CPU time of the process; 0: disarmed */
	nsec_t interval;
};

static struct {
	struct mutex change; /* held to arm the timers: their state and the hardware's go together */
	struct spinlock lock;
	struct itimer it[ITIMER_COUNT];
	bool taken_pending; /* ITIMER_REAL has fired and waits for its signal to be taken */
	bool ready;
	struct timer real, cpu;
} itimers = {.change = {0, WAIT_QUEUE_INIT(itimers.change.wait)}};

nsec_t process_cpu_time(struct process *p)
{
	unsigned long ev = spin_lock(&p->lock);
	nsec_t sum = p->dead_runtime;

	list_for_each(l, &p->threads) sum += sched_runtime(list_entry(l, struct thread, link));
	spin_unlock(&p->lock, ev);
	return sum;
}

static void send(int sig)
{
	struct siginfo info = {.si_signo = sig, .si_code = SI_KERNEL};

	if (init_process)
		signal_send(init_process, NULL, &info);
}

/* The next multiple of the interval behind `due` that lies after now. */
static nsec_t next_due(const struct itimer *it, nsec_t now)
{
	return now < it->due ? it->due : it->due + ((now - it->due) / it->interval + 1) * it->interval;
}

static void real_fired(struct timer *t)
{
	unsigned long ev = spin_lock(&itimers.lock);
	struct itimer *it = &itimers.it[ITIMER_REAL];
	bool due = it->due && !itimers.taken_pending && clock_monotonic() >= it->due;

	if (due) {
		if (it->interval)
			itimers.taken_pending = true;
		else
			it->due = 0;
	}
	spin_unlock(&itimers.lock, ev);
	if (due)
		send(SIGALRM);
}

void itimer_signal_taken(void)
{
	struct itimer *it = &itimers.it[ITIMER_REAL];
	unsigned long ev;
	nsec_t due = 0;

	if (!READ_ONCE(itimers.taken_pending))
		return;
	mutex_lock(&itimers.change);
	ev = spin_lock(&itimers.lock);
	if (itimers.taken_pending) {
		itimers.taken_pending = false;
		due = it->due = next_due(it, clock_monotonic());
	}
	spin_unlock(&itimers.lock, ev);
	if (due)
		timer_set(&itimers.real, due);
	mutex_unlock(&itimers.change);
}

/* When to look again: no thread can use more than a CPU's time.  0: nothing is armed. */
static nsec_t cpu_look_after(nsec_t used)
{
	nsec_t left = ~0ull;

	for (int i = ITIMER_VIRTUAL; i <= ITIMER_PROF; i++)
		if (itimers.it[i].due)
			left = MIN(left, itimers.it[i].due > used ? itimers.it[i].due - used : 0);
	return left == ~0ull ? 0 : MAX(left / cpu_count, CPU_LOOK_MIN);
}

static void cpu_fired(struct timer *t)
{
	static const int signals[ITIMER_COUNT] = {SIGALRM, SIGVTALRM, SIGPROF};
	nsec_t used = init_process ? process_cpu_time(init_process) : 0, after;
	unsigned long ev = spin_lock(&itimers.lock);
	bool fire[ITIMER_COUNT] = {false};

	for (int i = ITIMER_VIRTUAL; i <= ITIMER_PROF; i++) {
		struct itimer *it = &itimers.it[i];

		if (!it->due || used < it->due)
			continue;
		fire[i] = true;
		it->due = it->interval ? next_due(it, used) : 0;
	}
	after = cpu_look_after(used);
	spin_unlock(&itimers.lock, ev);
	for (int i = ITIMER_VIRTUAL; i <= ITIMER_PROF; i++)
		if (fire[i])
			send(signals[i]);
	if (after)
		timer_set(&itimers.cpu, clock_deadline(after));
}

static nsec_t now_of(enum itimer_which which)
{
	return which == ITIMER_REAL ? clock_monotonic() : process_cpu_time(current->process);
}

static void get_locked(enum itimer_which which, nsec_t now, struct itimer_value *cur)
{
	const struct itimer *it = &itimers.it[which];

	cur->interval = it->interval;
	/* Armed but due: Linux shows a microsecond rather than the zero of a disarmed timer. */
	cur->value = !it->due ? 0 : it->due > now ? it->due - now : NSEC_PER_USEC;
}

void itimer_get(enum itimer_which which, struct itimer_value *cur)
{
	nsec_t now = now_of(which);
	unsigned long ev = spin_lock(&itimers.lock);

	get_locked(which, now, cur);
	spin_unlock(&itimers.lock, ev);
}

static void prepare(void)
{
	if (itimers.ready)
		return;
	timer_init(&itimers.real, real_fired, NULL);
	timer_init(&itimers.cpu, cpu_fired, NULL);
	itimers.ready = true;
}

void itimer_set(enum itimer_which which, const struct itimer_value *new_value, struct itimer_value *old)
{
	nsec_t now = now_of(which), due, after;
	unsigned long ev;

	mutex_lock(&itimers.change);
	prepare();
	ev = spin_lock(&itimers.lock);
	if (old)
		get_locked(which, now, old);
	due = new_value->value ? now + new_value->value : 0;
	if (new_value->value && due < now)
		due = ~0ull - 1;
	itimers.it[which].due = due;
	itimers.it[which].interval = new_value->interval;
	if (which == ITIMER_REAL)
		itimers.taken_pending = false;
	after = cpu_look_after(now);
	spin_unlock(&itimers.lock, ev);
	if (which == ITIMER_REAL) {
		if (due)
			timer_set(&itimers.real, due);
		else
			timer_cancel(&itimers.real);
	} else if (after) {
		timer_set(&itimers.cpu, clock_deadline(after));
	}
	mutex_unlock(&itimers.change);
}
