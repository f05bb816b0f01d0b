/* SPDX-License-Identifier: MIT */
/* Signals on the way back to the program: default actions, handlers, restarting system calls. */
#include "lib/errno.h"
#include "proc/core.h"
#include "proc/fault.h"
#include "proc/rseq.h"
#include "proc/signal_queue.h"
#include "proc/thread.h"
#include "proc/trace.h"

static void wait_while_stopped(struct process *p)
{
	WAIT_EVENT(&p->sig.stop_wait,
		   !READ_ONCE(p->sig.stopped) || (READ_ONCE(current->work) & THREAD_WORK_EXIT), WAIT_FOREVER,
		   WAIT_UNINTERRUPTIBLE);
}

/* Every thread stops on its way out, unless SIGCONT has come in the meantime. */
static void stop_all(struct process *p)
{
	unsigned long ev = spin_lock(&p->lock), ev2 = spin_lock(&p->sig_lock);

	if (p->sig.stopped)
		list_for_each(l, &p->threads) signal_wake_thread(list_entry(l, struct thread, link));
	spin_unlock(&p->sig_lock, ev2);
	spin_unlock(&p->lock, ev);
}

enum verdict { NOTHING, HANDLE, DISCARD, STOP, END };

/* Takes the next signal off and says what is to be done with it. */
static enum verdict take_signal(struct process *p, struct siginfo *info, struct sigaction *sa)
{
	int sig = signal_dequeue(p, ~current->sig.blocked, info);

	if (!sig)
		return NOTHING;
	*sa = p->sig.action[sig - 1];
	if (sa->handler == SIG_IGN)
		return DISCARD;
	if (sa->handler != SIG_DFL) {
		if (sa->flags & SA_RESETHAND)
			p->sig.action[sig - 1].handler = SIG_DFL;
		return HANDLE;
	}
	if (SIGMASK(sig) & DEFAULT_IGNORE)
		return DISCARD;
	if (SIGMASK(sig) & DEFAULT_STOP) {
		/*
		 * The program is the only process of its session, so its process group is orphaned: there
		 * POSIX lets the terminal's stop signals do nothing.
		 */
		if (sig != SIGSTOP)
			return DISCARD;
		p->sig.stopped = true;
		return STOP;
	}
	return END;
}

static enum verdict next_signal(struct process *p, struct siginfo *info, struct sigaction *sa)
{
	for (;;) {
		unsigned long ev = spin_lock(&p->sig_lock);
		bool stopped = p->sig.stopped;
		enum verdict v = stopped ? STOP : take_signal(p, info, sa);

		if (v == NOTHING)
			signal_recalc_current();
		spin_unlock(&p->sig_lock, ev);
		if (v != NOTHING && !stopped)
			signal_timers_go_on(info);
		if (v == STOP) {
			if (!stopped)
				stop_all(p);
			wait_while_stopped(p);
		}
		if (READ_ONCE(current->work) & THREAD_WORK_EXIT)
			return NOTHING;
		if (v == NOTHING || v == HANDLE || v == END)
			return v;
	}
}

static bool is_restart(long r)
{
	return r == -ERESTARTSYS || r == -ERESTARTNOINTR || r == -ERESTARTNOHAND ||
	       r == -ERESTART_RESTARTBLOCK;
}

/* A handler is about to run: does the interrupted call go on after it, or does it fail? */
static void restart_with_handler(struct trap_frame *f, const struct sigaction *sa)
{
	long r = (long)frame_result(f);

	if (!frame_is_syscall(f) || !is_restart(r))
		return;
	if (r == -ERESTARTNOINTR || (r == -ERESTARTSYS && (sa->flags & SA_RESTART)))
		arch_syscall_restart(f, frame_syscall_nr(f));
	else
		frame_set_result(f, (u64)-EINTR);
}

static void restart_without_handler(struct trap_frame *f)
{
	long r = (long)frame_result(f);

	if (!frame_is_syscall(f) || !is_restart(r))
		return;
	arch_syscall_restart(f,
			     r == -ERESTART_RESTARTBLOCK ? arch_syscall_restart_nr() : frame_syscall_nr(f));
}

static void handler_done(const struct sigaction *sa, int sig)
{
	sigset_t mask = current->sig.blocked | sa->mask;

	current->sig.restore_mask = false;
	if (!(sa->flags & SA_NODEFER))
		mask |= SIGMASK(sig);
	signal_set_blocked(mask);
}

/* The frame did not fit on the program's stack. */
static void frame_failed(int sig)
{
	struct process *p = current->process;
	struct siginfo info = {.si_signo = SIGSEGV, .si_code = SI_KERNEL};

	if (sig == SIGSEGV) { /* its own handler cannot run: the end */
		unsigned long ev = spin_lock(&p->sig_lock);

		p->sig.action[SIGSEGV - 1].handler = SIG_DFL;
		spin_unlock(&p->sig_lock, ev);
	}
	signal_force(&info);
}

static void deliver_all(struct trap_frame *f)
{
	struct process *p = current->process;
	struct sigaction sa;
	struct siginfo info;
	enum verdict v;

	while ((v = next_signal(p, &info, &sa)) != NOTHING) {
		sigset_t mask;

		TRACE_HOOK(signal, &info);
		if (v == END) {
			if (fault_is_reported(&info))
				fault_report(f, &info);
			if (core_dump(&info))
				p->dumped = true;
			process_exit(p, 0, info.si_signo);
		}
		rseq_signal(f);
		restart_with_handler(f, &sa);
		mask = current->sig.restore_mask ? current->sig.saved_mask : current->sig.blocked;
		if (arch_signal_frame(f, &sa, &info, mask))
			frame_failed(info.si_signo);
		else
			handler_done(&sa, info.si_signo);
	}
}

void signal_deliver(struct trap_frame *f)
{
	/* Putting an old mask back may let more signals through. */
	do {
		deliver_all(f);
		restart_without_handler(f);
		if (current->sig.restore_mask) {
			current->sig.restore_mask = false;
			signal_set_blocked(current->sig.saved_mask);
		}
	} while ((READ_ONCE(current->work) & (THREAD_WORK_SIGNAL | THREAD_WORK_EXIT)) == THREAD_WORK_SIGNAL);
}
