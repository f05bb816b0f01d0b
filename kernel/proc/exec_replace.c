/* SPDX-License-Identifier: MIT */
/* execve(2) once it is known what is to run: nothing of the old program remains but its process. */
#include <arch/patch.h>
#include <arch/switch.h>
#include "fs/fd.h"
#include "lib/errno.h"
#include "ipc/uring.h"
#include "mm/space.h"
#include "platform/platform.h"
#include "proc/clock.h"
#include "proc/cred.h"
#include "proc/exec.h"
#include "proc/futex.h"
#include "proc/posix_timer.h"
#include "proc/sched.h"
#include "proc/thread.h"
#include "proc/trace.h"

#define YIELDS 20 /* most threads are gone by then */

/* Tells all other threads to end.  Whether there are any. */
static bool others_left(struct process *p)
{
	unsigned long ev = spin_lock(&p->lock);
	bool left = false;

	list_for_each(l, &p->threads) {
		struct thread *t = list_entry(l, struct thread, link);

		if (t == current)
			continue;
		left = true;
		/* Again and again: a thread may have been made by one that had not been told yet. */
		if (!(READ_ONCE(t->work) & THREAD_WORK_EXIT))
			thread_set_work(t, THREAD_WORK_EXIT);
	}
	spin_unlock(&p->lock, ev);
	return left;
}

/* Of several threads that want it one goes on; the others end with the old program. */
static int become_only_thread(struct process *p)
{
	unsigned long ev = spin_lock(&p->lock);
	bool mine = !p->execing && !p->exiting;

	if (mine)
		p->execing = true;
	spin_unlock(&p->lock, ev);
	if (!mine)
		return -EAGAIN;
	for (unsigned turns = 0; others_left(p) && !READ_ONCE(p->exiting); turns++) {
		if (turns < YIELDS) {
			sched_yield_cpu();
			cpu_relax();
		} else { /* one of lower priority would never get the CPU from us */
			sched_prepare_sleep(false);
			(void)sched_sleep(clock_deadline(100 * NSEC_PER_USEC));
		}
	}
	ev = spin_lock(&p->lock);
	p->execing = false;
	mine = !p->exiting;
	if (mine)
		current->tid = p->pid; /* whoever it was: now it is the process's first thread */
	spin_unlock(&p->lock, ev);
	return mine ? 0 : -EAGAIN;
}

static void use_space(struct process *p, struct space *s)
{
	struct space *old = p->space;
	unsigned long ev = events_save();

	p->space = s;
	platform_space_switch(s);
	events_restore(ev);
	space_unref(old);
}

/* What execve(2) lists under "attributes that are not preserved". */
static void reset_thread(struct thread *t)
{
	futex_exit_thread(t); /* what it holds, others of the old program may have shared */
	cred_start(t->process);
	t->robust_list = NULL;
	t->rseq = NULL;
	t->set_tid = t->clear_tid = NULL;
	signal_exec();
	posix_timer_delete_all();
}

int exec_replace(struct exec *e)
{
	struct process *p = current->process;
	struct space *s = space_create();
	u64 pc, sp;
	int err = s ? become_only_thread(p) : -ENOMEM;

	if (err) {
		if (s)
			space_unref(s);
		exec_free(e);
		return err;
	}
	reset_thread(current);
	uring_exec();
	use_space(p, s);
	fd_close_on_exec(p->files);
	err = exec_load(e, &pc, &sp);
	exec_free(e);
	if (err) /* there is nothing to return to */
		process_exit(p, 0, SIGKILL);
	TRACE_HOOK(exec);
	arch_thread_exec(current, pc, sp);
}
