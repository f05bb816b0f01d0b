/* SPDX-License-Identifier: MIT */
/* Signals: sigaction(2) and its kin.  What they mean stands in proc/signal.c. */
#include "proc/signal.h"
#include <arch/switch.h>
#include "lib/string.h"
#include "proc/clock.h"
#include "proc/thread.h"
#include "syscall/timeval.h"
#include "syscall/syscall.h"

static bool signo_ok(int sig)
{
	return sig >= 1 && sig <= NSIG;
}

long sys_rt_sigaction(int sig, const struct sigaction __user *act, struct sigaction __user *oldact,
		      size_t size)
{
	struct sigaction new_sa, old_sa;

	if (size != sizeof(sigset_t))
		return -EINVAL;
	if (act && copy_from_user(&new_sa, act, sizeof(new_sa)))
		return -EFAULT;
	if (!signo_ok(sig) || (act && (SIGMASK(sig) & SIG_UNBLOCKABLE)))
		return -EINVAL;
	signal_action(sig, act ? &new_sa : NULL, oldact ? &old_sa : NULL);
	if (oldact && copy_to_user(oldact, &old_sa, sizeof(old_sa)))
		return -EFAULT;
	return 0;
}

enum { SIG_BLOCK, SIG_UNBLOCK, SIG_SETMASK };

long sys_rt_sigprocmask(int how, const sigset_t __user *set, sigset_t __user *oldset, size_t size)
{
	sigset_t old = current->sig.blocked, mask;

	if (size != sizeof(sigset_t))
		return -EINVAL;
	if (set) {
		if (get_user(mask, set))
			return -EFAULT;
		switch (how) {
		case SIG_BLOCK:
			mask = old | mask;
			break;
		case SIG_UNBLOCK:
			mask = old & ~mask;
			break;
		case SIG_SETMASK:
			break;
		default:
			return -EINVAL;
		}
		signal_set_blocked(mask);
	}
	if (oldset && put_user(old, oldset))
		return -EFAULT;
	return 0;
}

long sys_rt_sigpending(sigset_t __user *set, size_t size)
{
	struct process *p = current->process;
	sigset_t pending;
	unsigned long ev;

	if (size > sizeof(sigset_t))
		return -EINVAL;
	ev = spin_lock(&p->sig_lock);
	pending = (current->sig.pending | p->sig.pending) & current->sig.blocked;
	spin_unlock(&p->sig_lock, ev);
	return copy_to_user(set, &pending, size);
}

long sys_rt_sigsuspend(const sigset_t __user *set, size_t size)
{
	int err;

	if (size != sizeof(sigset_t))
		return -EINVAL;
	if (!set)
		return -EFAULT;
	err = signal_mask_begin_user(set, size);
	if (err)
		return err;
	return signal_pause();
}

long sys_pause(void)
{
	return signal_pause();
}

long sys_rt_sigtimedwait(const sigset_t __user *set, struct siginfo __user *uinfo,
			 const struct timespec64 __user *timeout, size_t size)
{
	nsec_t deadline = WAIT_FOREVER;
	struct timespec64 ts;
	struct siginfo info;
	sigset_t mask;
	int sig;

	if (size != sizeof(sigset_t))
		return -EINVAL;
	if (get_user(mask, set) || (timeout && get_user(ts, timeout)))
		return -EFAULT;
	if (timeout) {
		if (!timespec_ok(&ts))
			return -EINVAL;
		deadline = ts.tv_sec || ts.tv_nsec ? clock_deadline(timespec_to_nsec(&ts)) : 0;
	}
	sig = signal_wait(mask, &info, deadline);
	if (sig > 0 && uinfo && copy_to_user(uinfo, &info, sizeof(info)))
		return -EFAULT;
	return sig;
}

long sys_rt_sigreturn(void)
{
	struct trap_frame *f = thread_full_frame();
	struct siginfo info = {.si_signo = SIGSEGV, .si_code = SI_KERNEL};
	struct sigaltstack alt;
	sigset_t mask;

	current->restart.fn = NULL;
	if (arch_signal_return(f, &mask, &alt)) {
		signal_force(&info);
	} else {
		signal_set_blocked(mask);
		/* Errors are passed over, as on Linux: the program was on that stack when it was saved. */
		signal_altstack(&alt, NULL, frame_sp(f));
	}
	arch_return_to_program(f);
}

long sys_sigaltstack(const struct sigaltstack __user *ss, struct sigaltstack __user *oss)
{
	struct sigaltstack new_ss, old_ss;
	int err;

	if (ss && copy_from_user(&new_ss, ss, sizeof(new_ss)))
		return -EFAULT;
	err = signal_altstack(ss ? &new_ss : NULL, oss ? &old_ss : NULL, frame_sp(current->frame));
	if (!err && oss && copy_to_user(oss, &old_ss, sizeof(old_ss)))
		return -EFAULT;
	return err;
}

/* ---- sending ---- */

static void fill_sender(struct siginfo *info, int sig, int code)
{
	memset(info, 0, sizeof(*info));
	info->si_signo = sig;
	info->si_code = code;
	info->rt.pid = current->process->pid;
	info->rt.uid = current->process->uid;
}

static int send_process(const struct siginfo *info)
{
	return info->si_signo ? signal_send(current->process, NULL, info) : 0;
}

/* The program is the only process: itself, its group, and "all that may be signalled" less init and itself.
 */
long sys_kill(int pid, int sig)
{
	struct process *p = current->process;
	struct siginfo info;

	if (sig < 0 || sig > NSIG)
		return -EINVAL;
	if (pid == -1 || pid == (-2147483647 - 1))
		return -ESRCH;
	/* kill(2) takes a thread's id for its process. */
	if (pid != 0 && pid != -p->pid && pid != p->pid) {
		struct thread *t = pid > 0 ? thread_find(p, pid) : NULL;

		if (!t)
			return -ESRCH;
		thread_unref(t);
	}
	fill_sender(&info, sig, SI_USER);
	return send_process(&info);
}

static long send_thread(int tgid, int tid, const struct siginfo *info)
{
	struct thread *t;
	long err = 0;

	if (tid <= 0 || tgid < 0)
		return -EINVAL;
	if (info->si_signo < 0 || info->si_signo > NSIG)
		return -EINVAL;
	if (tgid && tgid != current->process->pid)
		return -ESRCH;
	t = thread_find(current->process, tid);
	if (!t)
		return -ESRCH;
	if (info->si_signo)
		err = signal_send(current->process, t, info);
	thread_unref(t);
	return err;
}

long sys_tkill(int tid, int sig)
{
	struct siginfo info;

	fill_sender(&info, sig, SI_TKILL);
	return send_thread(0, tid, &info);
}

long sys_tgkill(int tgid, int tid, int sig)
{
	struct siginfo info;

	if (tgid <= 0)
		return -EINVAL;
	fill_sender(&info, sig, SI_TKILL);
	return send_thread(tgid, tid, &info);
}

/* Nobody may pretend to be the kernel or kill(2), except to itself: EPERM on Linux. */
static int get_info(struct siginfo *info, const struct siginfo __user *uinfo, int sig)
{
	if (copy_from_user(info, uinfo, sizeof(*info)))
		return -EFAULT;
	info->si_signo = sig;
	return 0;
}

long sys_rt_sigqueueinfo(int tgid, int sig, const struct siginfo __user *uinfo)
{
	struct siginfo info;
	int err = get_info(&info, uinfo, sig);

	if (err)
		return err;
	if (sig < 0 || sig > NSIG)
		return -EINVAL;
	if (tgid != current->process->pid) {
		struct thread *t = tgid > 0 ? thread_find(current->process, tgid) : NULL;

		if (!t)
			return info.si_code >= 0 || info.si_code == SI_TKILL ? -EPERM : -ESRCH;
		thread_unref(t);
	}
	return send_process(&info);
}

long sys_rt_tgsigqueueinfo(int tgid, int tid, int sig, const struct siginfo __user *uinfo)
{
	struct siginfo info;
	int err = get_info(&info, uinfo, sig);

	if (err)
		return err;
	if (tid <= 0 || tgid <= 0)
		return -EINVAL;
	if ((info.si_code >= 0 || info.si_code == SI_TKILL) && tgid != current->process->pid)
		return -EPERM;
	return send_thread(tgid, tid, &info);
}

long sys_restart_syscall(void)
{
	return current->restart.fn ? current->restart.fn(current) : -EINTR;
}
