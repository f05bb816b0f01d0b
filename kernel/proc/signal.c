/* SPDX-License-Identifier: MIT */
/* Signals: queues, sending, choosing who takes them, masks.  See signal(7) and sigaction(2). */
#include "proc/signal.h"
#include "fs/abi.h"
#include "lib/errno.h"
#include "lib/string.h"
#include "lib/uaccess.h"
#include "mm/heap.h"
#include "proc/itimer.h"
#include "proc/limits.h"
#include "proc/posix_timer.h"
#include "proc/signal_queue.h"
#include "proc/thread.h"

/* Raised by the thread's own instruction: taken before all others (Linux: SYNCHRONOUS_MASK). */
#define SYNCHRONOUS                                                                                          \
	(SIGMASK(SIGSEGV) | SIGMASK(SIGBUS) | SIGMASK(SIGILL) | SIGMASK(SIGTRAP) | SIGMASK(SIGFPE) |         \
	 SIGMASK(SIGSYS))

#define MINSIGSTKSZ 2048

void signal_init_process(struct process *p)
{
	memset(&p->sig, 0, sizeof(p->sig));
	spin_init(&p->sig_lock);
	list_init(&p->sig.queue);
	wait_queue_init(&p->sig.stop_wait);
	wait_queue_init(&p->sig.signalfd_wait);
}

void signal_init_thread(struct thread *t)
{
	memset(&t->sig, 0, sizeof(t->sig));
	list_init(&t->sig.queue);
	if (current && current->process) {
		t->sig.blocked = current->sig.blocked;
		t->sig.alt.flags = SS_DISABLE; /* 0 in the first thread: a handler can see the difference */
	}
}

const char *signal_name(int sig)
{
	static const char *const names[] = {
		"SIG0",	     "SIGHUP",	"SIGINT",    "SIGQUIT", "SIGILL",   "SIGTRAP", "SIGABRT", "SIGBUS",
		"SIGFPE",    "SIGKILL", "SIGUSR1",   "SIGSEGV", "SIGUSR2",  "SIGPIPE", "SIGALRM", "SIGTERM",
		"SIGSTKFLT", "SIGCHLD", "SIGCONT",   "SIGSTOP", "SIGTSTP",  "SIGTTIN", "SIGTTOU", "SIGURG",
		"SIGXCPU",   "SIGXFSZ", "SIGVTALRM", "SIGPROF", "SIGWINCH", "SIGIO",   "SIGPWR",  "SIGSYS",
	};

	return sig >= 0 && (size_t)sig < ARRAY_SIZE(names) ? names[sig] : "SIGRT";
}

/* ---- who hears of it (all under sig_lock) ---- */

void signal_wake_thread(struct thread *t)
{
	__atomic_fetch_or(&t->work, THREAD_WORK_SIGNAL, __ATOMIC_SEQ_CST);
	sched_notify_signal(t);
}

static sigset_t thread_deliverable(const struct process *p, const struct thread *t)
{
	return (t->sig.pending | p->sig.pending) & ~t->sig.blocked;
}

void signal_recalc_current(void)
{
	struct process *p = current->process;

	if (thread_deliverable(p, current) || p->sig.stopped)
		__atomic_fetch_or(&current->work, THREAD_WORK_SIGNAL, __ATOMIC_SEQ_CST);
	else
		__atomic_fetch_and(&current->work, ~THREAD_WORK_SIGNAL, __ATOMIC_SEQ_CST);
}

bool signal_pending(const struct thread *t)
{
	return READ_ONCE(t->work) & (THREAD_WORK_SIGNAL | THREAD_WORK_EXIT);
}

static bool thread_wants(const struct thread *t, int sig)
{
	if (t->sig.blocked & SIGMASK(sig))
		return false;
	if (READ_ONCE(t->work) & THREAD_WORK_EXIT)
		return false;
	return sig == SIGKILL || t == current || t->on_cpu || !(READ_ONCE(t->work) & THREAD_WORK_SIGNAL);
}

/* A signal for the whole process: the main thread if it can, else the first that can.  Under p->lock too. */
static struct thread *choose_thread(struct process *p, int sig)
{
	list_for_each(l, &p->threads)
	{
		struct thread *t = list_entry(l, struct thread, link);

		if (thread_wants(t, sig))
			return t;
	}
	return NULL; /* it stays pending until a thread lets it through */
}

/* `mask` is pending for the process and the current thread no longer takes it. */
static void retarget(struct process *p, sigset_t mask)
{
	mask &= p->sig.pending;
	if (!mask)
		return;
	list_for_each(l, &p->threads)
	{
		struct thread *t = list_entry(l, struct thread, link);

		if (t == current || !(mask & ~t->sig.blocked))
			continue;
		signal_wake_thread(t);
		mask &= t->sig.blocked;
		if (!mask)
			return;
	}
}

/* ---- queues ---- */

static void queue_free(struct process *p, struct sigqueue *q)
{
	list_remove(&q->link);
	if (q->owned)
		return;
	p->sig.queued--;
	kfree(q);
}

static void queue_drop(struct process *p, sigset_t *pending, struct list *queue, sigset_t which)
{
	*pending &= ~which;
	list_for_each_safe(l, next, queue)
	{
		struct sigqueue *q = list_entry(l, struct sigqueue, link);

		if (SIGMASK(q->info.si_signo) & which)
			queue_free(p, q);
	}
}

static void drop_everywhere(struct process *p, sigset_t which)
{
	queue_drop(p, &p->sig.pending, &p->sig.queue, which);
	list_for_each(l, &p->threads)
	{
		struct thread *t = list_entry(l, struct thread, link);

		queue_drop(p, &t->sig.pending, &t->sig.queue, which);
	}
}

static int enqueue(struct process *p, sigset_t *pending, struct list *queue, const struct siginfo *info)
{
	int sig = info->si_signo;
	/* A standard signal from the kernel or kill(2) gets through in any case, if need be without its
	 * siginfo. */
	bool override = sig < SIGRTMIN && info->si_code >= 0;
	struct sigqueue *q = NULL;

	if (sig < SIGRTMIN && (*pending & SIGMASK(sig)))
		return 0;
	if (override || p->sig.queued < p->limits[RLIMIT_SIGPENDING].cur)
		q = kmalloc(sizeof(*q));
	if (q) {
		q->info = *info;
		q->owned = false;
		list_push_back(queue, &q->link);
		p->sig.queued++;
	} else if (sig >= SIGRTMIN && info->si_code != SI_USER) {
		return -EAGAIN;
	}
	*pending |= SIGMASK(sig);
	return 0;
}

/* Takes signal `sig`, which is pending, off a queue. */
static void queue_take(struct process *p, sigset_t *pending, struct list *queue, int sig,
		       struct siginfo *info)
{
	struct sigqueue *first = NULL;
	bool more = false;

	list_for_each(l, queue)
	{
		struct sigqueue *q = list_entry(l, struct sigqueue, link);

		if (q->info.si_signo != sig)
			continue;
		if (first) {
			more = true;
			break;
		}
		first = q;
	}
	if (!more)
		*pending &= ~SIGMASK(sig);
	if (!first) {
		memset(info, 0, sizeof(*info));
		info->si_signo = sig;
		return;
	}
	*info = first->info;
	queue_free(p, first);
}

int signal_dequeue(struct process *p, sigset_t which, struct siginfo *info)
{
	struct thread *t = current;
	sigset_t own = t->sig.pending & which, all = p->sig.pending & which;
	sigset_t set = own ? own : all;
	int sig;

	if (!set)
		return 0;
	if (set & SYNCHRONOUS)
		set &= SYNCHRONOUS;
	sig = __builtin_ctzll(set) + 1;
	if (own)
		queue_take(p, &t->sig.pending, &t->sig.queue, sig, info);
	else
		queue_take(p, &p->sig.pending, &p->sig.queue, sig, info);
	return sig;
}

void signal_timers_go_on(struct siginfo *info)
{
	if (info->si_code == SI_TIMER)
		posix_timer_taken(info);
	else if (info->si_signo == SIGALRM)
		itimer_signal_taken();
}

/* ---- sending ---- */

static bool ignored(const struct process *p, const struct thread *t, int sig)
{
	u64 handler = p->sig.action[sig - 1].handler;

	/* A blocked signal stays pending: its action may change before it is let through. */
	if ((t->sig.blocked | t->sig.real_blocked) & SIGMASK(sig))
		return false;
	return handler == SIG_IGN || (handler == SIG_DFL && (SIGMASK(sig) & DEFAULT_IGNORE));
}

static void resume_process(struct process *p)
{
	if (!p->sig.stopped)
		return;
	p->sig.stopped = false;
	wait_wake_all(&p->sig.stop_wait, 0);
}

/* What sending does beside queueing: SIGCONT and the stop signals undo each other; false: discard it. */
static bool prepare_send(struct process *p, struct thread *t, int sig)
{
	if (sig == SIGCONT) {
		drop_everywhere(p, DEFAULT_STOP);
		resume_process(p);
	} else if (SIGMASK(sig) & DEFAULT_STOP) {
		drop_everywhere(p, SIGMASK(SIGCONT));
	} else if (sig == SIGKILL) {
		resume_process(p);
	}
	if (!t && list_empty(&p->threads))
		return false;
	return !ignored(p, t ? t : list_first(&p->threads, struct thread, link), sig);
}

static void notify(struct process *p, struct thread *t, int sig)
{
	if (!t)
		t = choose_thread(p, sig);
	else if (!thread_wants(t, sig))
		t = NULL;
	if (t)
		signal_wake_thread(t);
}

/* Stop signals, SIGCONT and SIGKILL, and signals for the process, look at all threads: under p->lock too. */
static bool needs_threads(const struct thread *t, int sig)
{
	return !t || (SIGMASK(sig) & (DEFAULT_STOP | SIGMASK(SIGCONT) | SIGMASK(SIGKILL)));
}

static int send_locked(struct process *p, struct thread *t, const struct siginfo *info)
{
	int sig = info->si_signo, err;

	if (!prepare_send(p, t, sig))
		return 0;
	err = enqueue(p, t ? &t->sig.pending : &p->sig.pending, t ? &t->sig.queue : &p->sig.queue, info);
	if (!err)
		notify(p, t, sig);
	return err;
}

/* Without the locks: epoll hears of it too, and looks. */
static void wake_signalfd(struct process *p)
{
	if (!wait_queue_idle(&p->sig.signalfd_wait))
		wait_wake_all(&p->sig.signalfd_wait, POLLIN);
}

int signal_send(struct process *p, struct thread *t, const struct siginfo *info)
{
	bool all = needs_threads(t, info->si_signo);
	unsigned long ev = all ? spin_lock(&p->lock) : 0, ev2 = spin_lock(&p->sig_lock);
	int err = send_locked(p, t, info);

	spin_unlock(&p->sig_lock, ev2);
	if (all)
		spin_unlock(&p->lock, ev);
	wake_signalfd(p);
	return err;
}

bool signal_send_entry(struct process *p, struct thread *t, struct sigqueue *q)
{
	int sig = q->info.si_signo;
	unsigned long ev = spin_lock(&p->lock), ev2 = spin_lock(&p->sig_lock);
	bool queued = !list_empty(&q->link);

	if (!queued && prepare_send(p, t, sig)) {
		list_push_back(t ? &t->sig.queue : &p->sig.queue, &q->link);
		*(t ? &t->sig.pending : &p->sig.pending) |= SIGMASK(sig);
		notify(p, t, sig);
		queued = true;
	}
	spin_unlock(&p->sig_lock, ev2);
	spin_unlock(&p->lock, ev);
	wake_signalfd(p);
	return queued;
}

void signal_unqueue_entry(struct process *p, struct thread *t, struct sigqueue *q)
{
	unsigned long ev = spin_lock(&p->sig_lock);
	struct list *queue = t ? &t->sig.queue : &p->sig.queue;
	bool was = !list_empty(&q->link), others = false;

	list_remove(&q->link);
	list_for_each(l, queue) others |=
		list_entry(l, struct sigqueue, link)->info.si_signo == q->info.si_signo;
	if (was && !others)
		*(t ? &t->sig.pending : &p->sig.pending) &= ~SIGMASK(q->info.si_signo);
	spin_unlock(&p->sig_lock, ev);
}

void signal_force(const struct siginfo *info)
{
	struct process *p = current->process;
	int sig = info->si_signo;
	unsigned long ev = spin_lock(&p->sig_lock);
	struct sigaction *sa = &p->sig.action[sig - 1];

	if (sa->handler == SIG_IGN || (current->sig.blocked & SIGMASK(sig))) {
		sa->handler = SIG_DFL;
		current->sig.blocked &= ~SIGMASK(sig);
	}
	/* A fault while the same signal is pending from kill(2): the fault's siginfo must not be lost. */
	queue_drop(p, &current->sig.pending, &current->sig.queue, SIGMASK(sig));
	enqueue(p, &current->sig.pending, &current->sig.queue, info);
	signal_recalc_current();
	spin_unlock(&p->sig_lock, ev);
}

void signal_exit_thread(struct thread *t)
{
	struct process *p = t->process;
	unsigned long ev = spin_lock(&p->lock), ev2 = spin_lock(&p->sig_lock);
	sigset_t mine = ~t->sig.blocked;

	t->sig.blocked = ~0ull;
	queue_drop(p, &t->sig.pending, &t->sig.queue, ~0ull);
	retarget(p, mine);
	spin_unlock(&p->sig_lock, ev2);
	spin_unlock(&p->lock, ev);
}

void signal_free_thread(struct thread *t)
{
	struct process *p = t->process;
	unsigned long ev;

	if (!p)
		return;
	ev = spin_lock(&p->sig_lock);
	queue_drop(p, &t->sig.pending, &t->sig.queue, ~0ull);
	spin_unlock(&p->sig_lock, ev);
}

/* ---- masks ---- */

void signal_set_blocked(sigset_t mask)
{
	struct process *p = current->process;
	sigset_t newly;
	unsigned long ev, ev2;

	mask &= ~SIG_UNBLOCKABLE;
	if (mask == current->sig.blocked)
		return;
	ev = spin_lock(&p->sig_lock);
	newly = mask & ~current->sig.blocked & p->sig.pending;
	current->sig.blocked = mask;
	signal_recalc_current();
	spin_unlock(&p->sig_lock, ev);
	if (!newly)
		return;
	/* This thread may have been the one that was to take them. */
	ev = spin_lock(&p->lock);
	ev2 = spin_lock(&p->sig_lock);
	retarget(p, newly);
	spin_unlock(&p->sig_lock, ev2);
	spin_unlock(&p->lock, ev);
}

void signal_mask_begin(sigset_t mask)
{
	current->sig.saved_mask = current->sig.blocked;
	current->sig.restore_mask = true;
	signal_set_blocked(mask);
}

void signal_mask_end(bool interrupted)
{
	if (!current->sig.restore_mask)
		return;
	if (interrupted) {
		/* signal_deliver() puts the mask back, after the handler if there is one. */
		__atomic_fetch_or(&current->work, THREAD_WORK_SIGNAL, __ATOMIC_SEQ_CST);
		return;
	}
	current->sig.restore_mask = false;
	signal_set_blocked(current->sig.saved_mask);
}

int signal_mask_begin_user(const sigset_t __user *set, size_t size)
{
	sigset_t mask;

	if (!set)
		return 0;
	if (size != sizeof(sigset_t))
		return -EINVAL;
	if (get_user(mask, set))
		return -EFAULT;
	signal_mask_begin(mask);
	return 0;
}

long signal_pause(void)
{
	for (sched_prepare_sleep(true); !signal_pending(current); sched_prepare_sleep(true))
		sched_sleep(WAIT_FOREVER);
	sched_cancel_sleep();
	signal_mask_end(true);
	return -ERESTARTNOHAND;
}

static int wait_take(struct process *p, sigset_t set, struct siginfo *info)
{
	unsigned long ev = spin_lock(&p->sig_lock);
	int sig = signal_dequeue(p, set, info);

	spin_unlock(&p->sig_lock, ev);
	if (sig)
		signal_timers_go_on(info);
	return sig;
}

int signal_wait(sigset_t set, struct siginfo *info, nsec_t deadline)
{
	struct process *p = current->process;
	sigset_t old = current->sig.blocked;
	int sig, err = 0;

	set &= ~SIG_UNBLOCKABLE;
	sig = wait_take(p, set, info);
	if (sig || deadline == 0)
		return sig ? sig : -EAGAIN;
	/* Let the wanted ones through to wake us; real_blocked keeps them from being discarded if ignored. */
	current->sig.real_blocked = old;
	signal_set_blocked(old & ~set);
	for (sched_prepare_sleep(true); !signal_pending(current) && !err; sched_prepare_sleep(true))
		err = sched_sleep(deadline);
	sched_cancel_sleep();
	sig = wait_take(p, set, info);
	current->sig.real_blocked = 0;
	signal_set_blocked(old);
	if (sig)
		return sig;
	return err == -ETIMEDOUT ? -EAGAIN : -EINTR;
}

/* ---- actions and alternate stacks ---- */

void signal_action(int sig, const struct sigaction *new_sa, struct sigaction *old_sa)
{
	struct process *p = current->process;
	bool ignore = new_sa && (new_sa->handler == SIG_IGN ||
				 (new_sa->handler == SIG_DFL && (SIGMASK(sig) & DEFAULT_IGNORE)));
	unsigned long ev = ignore ? spin_lock(&p->lock) : 0, ev2 = spin_lock(&p->sig_lock);
	struct sigaction *sa = &p->sig.action[sig - 1];

	if (old_sa)
		*old_sa = *sa;
	if (new_sa) {
		*sa = *new_sa;
		sa->mask &= ~SIG_UNBLOCKABLE;
	}
	if (ignore) /* POSIX: what becomes ignored is no longer pending, blocked or not */
		drop_everywhere(p, SIGMASK(sig));
	spin_unlock(&p->sig_lock, ev2);
	if (ignore)
		spin_unlock(&p->lock, ev);
}

static bool within_altstack(const struct thread *t, u64 sp)
{
	return sp > t->sig.alt.sp && sp - t->sig.alt.sp <= t->sig.alt.size;
}

bool signal_on_altstack(const struct thread *t, u64 sp)
{
	/* With SS_AUTODISARM a handler runs with the stack disarmed, so being there does not count. */
	return !((u32)t->sig.alt.flags & SS_AUTODISARM) && within_altstack(t, sp);
}

void signal_reset_altstack(struct thread *t)
{
	t->sig.alt = (struct sigaltstack){.flags = SS_DISABLE};
}

int signal_altstack(const struct sigaltstack *new_ss, struct sigaltstack *old_ss, u64 sp)
{
	struct thread *t = current;
	bool on = signal_on_altstack(t, sp);
	u32 mode;

	if (old_ss) {
		memset(old_ss, 0, sizeof(*old_ss));
		old_ss->sp = t->sig.alt.sp;
		old_ss->size = t->sig.alt.size;
		old_ss->flags = (s32)(((u32)t->sig.alt.flags & SS_AUTODISARM) | (!t->sig.alt.size ? SS_DISABLE
										 : on		  ? SS_ONSTACK
												  : 0));
	}
	if (!new_ss)
		return 0;
	if (on)
		return -EPERM;
	mode = (u32)new_ss->flags & ~SS_AUTODISARM;
	if (mode != SS_DISABLE && mode != SS_ONSTACK && mode != 0)
		return -EINVAL;
	if (mode == SS_DISABLE) {
		t->sig.alt = (struct sigaltstack){.flags = new_ss->flags};
		return 0;
	}
	if (new_ss->size < MINSIGSTKSZ)
		return -ENOMEM;
	t->sig.alt = *new_ss;
	t->sig.alt.pad = 0;
	return 0;
}

void signal_exec(void)
{
	struct process *p = current->process;
	unsigned long ev = spin_lock(&p->sig_lock);

	for (unsigned i = 0; i < NSIG; i++)
		p->sig.action[i] = (struct sigaction){
			.handler = p->sig.action[i].handler == SIG_IGN ? SIG_IGN : SIG_DFL,
		};
	current->sig.restore_mask = false;
	signal_reset_altstack(current);
	spin_unlock(&p->sig_lock, ev);
}
