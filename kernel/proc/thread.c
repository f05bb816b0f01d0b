/* SPDX-License-Identifier: MIT */
#include "proc/thread.h"
#include <arch/switch.h>
#include "fs/console.h"
#include "fs/fd.h"
#include "fs/mapped.h"
#include "fs/vfs.h"
#include "ipc/sysv.h"
#include "lib/errno.h"
#include "lib/log.h"
#include "lib/string.h"
#include "lib/uaccess.h"
#include "mm/heap.h"
#include "mm/space.h"
#include "platform/platform.h"
#include "proc/clock.h"
#include "proc/core.h"
#include "proc/futex.h"
#include "proc/rseq.h"
#include "proc/sched.h"
#include "proc/trace.h"

#define EXIT_WAIT (2 * NSEC_PER_SEC) /* how long process_exit waits for threads that run elsewhere */

struct process *init_process;
static int last_tid;

struct thread *thread_create(struct process *p)
{
	struct thread *t = kzalloc(sizeof(*t));

	if (!t)
		return NULL;
	if (arch_thread_init(t, p != NULL)) {
		kfree(t);
		return NULL;
	}
	t->refs = 1;
	t->state = THREAD_SLEEPING;
	t->affinity = ~0ull;
	t->rq.weight = rq_weight_of_nice(0);
	list_init(&t->link);
	list_init(&t->rq.link);
	timer_init(&t->sleep_timer, NULL, NULL);
	signal_init_thread(t);
	if (!p)
		return t;
	t->process = p;
	t->tid = __atomic_add_fetch(&last_tid, 1, __ATOMIC_RELAXED);
	if (current->process) { /* a new thread is like the one that made it */
		t->affinity = current->affinity;
		t->policy = current->policy;
		t->nice = current->nice;
		t->rq.weight = current->rq.weight;
		t->rq.rt_prio = current->rq.rt_prio;
		memcpy(t->name, current->name, sizeof(t->name));
	}
	unsigned long ev = spin_lock(&p->lock);
	if (p->exiting) {
		spin_unlock(&p->lock, ev);
		t->process = NULL;
		thread_unref(t);
		return NULL;
	}
	list_push_back(&p->threads, &t->link);
	p->thread_count++;
	spin_unlock(&p->lock, ev);
	return t;
}

static void kernel_thread(void *arg)
{
	struct thread *t = arg;

	t->kernel_fn(t->kernel_arg);
	sched_exit();
}

struct thread *thread_spawn_kernel(const char *name, void (*fn)(void *), void *arg)
{
	struct thread *t = thread_create(NULL);

	if (!t)
		return NULL;
	string_copy(t->name, name, sizeof(t->name));
	t->kernel_fn = fn;
	t->kernel_arg = arg;
	arch_thread_set_start(t, kernel_thread, t);
	sched_start(t);
	return t;
}

void thread_ref(struct thread *t) { __atomic_fetch_add(&t->refs, 1, __ATOMIC_RELAXED); }

void thread_unref(struct thread *t)
{
	if (__atomic_sub_fetch(&t->refs, 1, __ATOMIC_ACQ_REL))
		return;
	signal_free_thread(t);
	arch_thread_free(t);
	kfree(t);
}

struct thread *thread_find(struct process *p, int tid)
{
	unsigned long ev = spin_lock(&p->lock);
	struct thread *found = NULL;

	list_for_each(l, &p->threads) {
		struct thread *t = list_entry(l, struct thread, link);

		if (t->tid == tid) {
			thread_ref(t);
			found = t;
			break;
		}
	}
	spin_unlock(&p->lock, ev);
	return found;
}

void thread_set_work(struct thread *t, u32 bits)
{
	__atomic_fetch_or(&t->work, bits, __ATOMIC_SEQ_CST);
	if (t != current)
		sched_notify_signal(t);
}

void thread_return_work(struct trap_frame *f)
{
	struct thread *t = current;
	u32 work = READ_ONCE(t->work);

	if (work & THREAD_WORK_EXIT) {
		core_park();
		thread_exit(0);
	}
	if (work & THREAD_WORK_RESCHED)
		sched_preempt();
	if (READ_ONCE(t->work) & THREAD_WORK_RSEQ)
		rseq_resume(f);
	if (work & THREAD_WORK_SIGNAL)
		signal_deliver(f);
}

/* Under the lock: off the list. */
static void leave_locked(struct process *p, struct thread *t)
{
	p->thread_count--;
	list_remove(&t->link);
	p->dead_runtime += sched_runtime(t);
}

static void leave_process(struct process *p, struct thread *t)
{
	unsigned long ev = spin_lock(&p->lock);

	leave_locked(p, t);
	spin_unlock(&p->lock, ev);
}

void thread_exit(int status)
{
	struct thread *t = current;
	struct process *p = t->process;
	unsigned long ev;
	bool last;

	t->exit_status = status;
	futex_exit_thread(t); /* robust list, clear_tid */
	sem_exit_thread(t);
	signal_exit_thread(t);
	/*
	 * The last thread stays on the list, as the one in whose name the process ends.  Whether it is the last
	 * and its leaving are one step: of two that end at the same time, one has to be it.
	 */
	ev = spin_lock(&p->lock);
	last = p->thread_count == 1 && !p->exiting;
	if (!last)
		leave_locked(p, t);
	spin_unlock(&p->lock, ev);
	if (last)
		process_exit(p, status, 0);
	TRACE_HOOK(thread_exit, status);
	sched_exit();
}

bool process_others(struct process *p, bool tell, bool (*is)(const struct thread *t))
{
	unsigned long ev = spin_lock(&p->lock);
	bool any = false;

	list_for_each(l, &p->threads) {
		struct thread *t = list_entry(l, struct thread, link);

		if (t == current)
			continue;
		if (tell)
			thread_set_work(t, THREAD_WORK_EXIT);
		any |= is(t);
	}
	spin_unlock(&p->lock, ev);
	return any;
}

/* It may still run the program's code. */
static bool may_run(const struct thread *t) { return READ_ONCE(t->state) == THREAD_RUNNABLE || READ_ONCE(t->on_cpu); }

void process_exit(struct process *p, int status, int signal)
{
	unsigned long ev = spin_lock(&p->lock);
	bool first = !p->exiting;
	nsec_t until;

	p->exiting = true;
	if (first) {
		p->exit_status = status;
		p->exit_signal = signal;
	}
	spin_unlock(&p->lock, ev);
	if (!first) {
		TRACE_HOOK(thread_exit, status);
		leave_process(p, current);
		sched_exit();
	}
	/* Nobody may write any more once the last output is on its way. */
	until = clock_deadline(EXIT_WAIT);
	for (bool tell = true; process_others(p, tell, may_run) && clock_monotonic() < until; tell = false) {
		sched_yield_cpu();
		cpu_relax();
	}
	if (mapped_any()) /* what has been written there must reach the host */
		space_unmap(p->space, 0, p->space->high);
	fd_close_all(p->files);
	TRACE_HOOK(process_exit, p, p->dumped);
	console_shutdown(p->exit_status, p->exit_signal);
	platform_power_off(false);
}
