/* SPDX-License-Identifier: MIT */
/* Actions, masks, pending signals and queues: what sigaction(2), sigprocmask(2) and sigqueue(3) promise. */
#include "abi.h"
#include <signal.h>
#include <sys/wait.h>
#include <time.h>

struct kernel_action {
	unsigned long handler, flags, restorer, mask;
};

static char trace[256];
static unsigned traced;

static void note(int c)
{
	if (traced < sizeof(trace) - 1)
		trace[traced++] = (char)c;
	trace[traced] = 0;
}

static void show(const char *what)
{
	printf("%s: %s\n", what, traced ? trace : "(nothing)");
	traced = 0;
	trace[0] = 0;
}

static void plain(int sig) { note('a' + sig); }

static void info(int sig, siginfo_t *si, void *uc)
{
	char line[80];

	snprintf(line, sizeof(line), "<%d code %d value %d pid %s uid %s>", sig == si->si_signo ? sig : -1,
		 si->si_code, si->si_code == SI_QUEUE ? si->si_value.sival_int : 0,
		 si->si_pid == getpid() ? "mine" : "other", si->si_uid == getuid() ? "mine" : "other");
	for (char *p = line; *p; p++)
		note(*p);
}

static void set(int sig, void *fn, int flags)
{
	struct sigaction sa = {.sa_flags = flags};

	sa.sa_handler = (void (*)(int))fn;
	sigaction(sig, &sa, NULL);
}

static void block(int how, int sig)
{
	sigset_t s;

	sigemptyset(&s);
	sigaddset(&s, sig);
	sigprocmask(how, &s, NULL);
}

static void errors(void)
{
	struct kernel_action sa = {0}, old;
	unsigned long mask = 0;

	T(syscall(SYS_rt_sigaction, 0, NULL, &old, 8));
	T(syscall(SYS_rt_sigaction, 65, NULL, &old, 8));
	T(syscall(SYS_rt_sigaction, SIGKILL, &sa, NULL, 8));
	T(syscall(SYS_rt_sigaction, SIGSTOP, &sa, NULL, 8));
	T(syscall(SYS_rt_sigaction, SIGKILL, NULL, &old, 8));
	T(syscall(SYS_rt_sigaction, SIGUSR1, NULL, &old, 4));
	T(syscall(SYS_rt_sigaction, SIGUSR1, BAD, NULL, 8));
	T(syscall(SYS_rt_sigaction, SIGUSR1, NULL, BAD, 8));
	T(syscall(SYS_rt_sigaction, SIGUSR1, &sa, &old, 8));
	T(syscall(SYS_rt_sigprocmask, 3, &mask, NULL, 8));
	T(syscall(SYS_rt_sigprocmask, 3, NULL, &mask, 8));
	T(syscall(SYS_rt_sigprocmask, SIG_BLOCK, &mask, NULL, 16));
	T(syscall(SYS_rt_sigprocmask, SIG_BLOCK, BAD, NULL, 8));
	T(syscall(SYS_rt_sigprocmask, SIG_BLOCK, NULL, BAD, 8));
	T(syscall(SYS_rt_sigpending, &mask, 16));
	T(syscall(SYS_rt_sigpending, BAD, 8));
	T(syscall(SYS_rt_sigsuspend, &mask, 4));
	T(syscall(SYS_rt_sigsuspend, BAD, 8));
	T(syscall(SYS_rt_sigtimedwait, &mask, NULL, NULL, 4));
	T(syscall(SYS_rt_sigtimedwait, BAD, NULL, NULL, 8));
	T(kill(getpid(), 65));
	T(kill(getpid(), -1));
	T(kill(getpid(), 0));
	T(kill(0x7ffffff, 0));
	T(kill(0x7ffffff, SIGTERM));
	T(syscall(SYS_tkill, 0, SIGUSR1));
	T(syscall(SYS_tkill, -1, SIGUSR1));
	T(syscall(SYS_tkill, 0x7ffffff, SIGUSR1));
	T(syscall(SYS_tkill, getpid(), 65));
	T(syscall(SYS_tgkill, 0, getpid(), SIGUSR1));
	T(syscall(SYS_tgkill, getpid(), 0, SIGUSR1));
	T(syscall(SYS_tgkill, 0x7ffffff, getpid(), SIGUSR1));
	T(syscall(SYS_tgkill, getpid(), getpid(), 0));
	T(syscall(SYS_rt_sigqueueinfo, getpid(), SIGUSR1, BAD));
	T(syscall(SYS_rt_tgsigqueueinfo, getpid(), 0, SIGUSR1, BAD));
	T(wait4(-1, NULL, 0, NULL));
	T(wait4(-1, NULL, 0x100, NULL));
}

static void unblockable(void)
{
	unsigned long all = ~0ul, got = 0;

	T(syscall(SYS_rt_sigprocmask, SIG_SETMASK, &all, NULL, 8));
	T(syscall(SYS_rt_sigprocmask, SIG_SETMASK, NULL, &got, 8));
	printf("everything blocked leaves %lx\n", ~got);
	all = 0;
	syscall(SYS_rt_sigprocmask, SIG_SETMASK, &all, NULL, 8);
}

static void flags(void)
{
	struct sigaction sa;

	set(SIGUSR1, plain, SA_RESETHAND);
	raise(SIGUSR1);
	sigaction(SIGUSR1, NULL, &sa);
	IS(sa.sa_handler == SIG_DFL);
	show("SA_RESETHAND");

	set(SIGUSR1, SIG_IGN, 0);
	raise(SIGUSR1);
	show("ignored");

	set(SIGUSR1, info, SA_SIGINFO);
	kill(getpid(), SIGUSR1);
	raise(SIGUSR1);
	show("siginfo");
}

/* Standard signals are kept once, real-time ones all and in order. */
static void queues(void)
{
	union sigval v;
	sigset_t pending;

	set(SIGUSR1, plain, 0);
	set(SIGRTMIN, info, SA_SIGINFO);
	set(SIGRTMIN + 1, info, SA_SIGINFO);
	block(SIG_BLOCK, SIGUSR1);
	block(SIG_BLOCK, SIGRTMIN);
	block(SIG_BLOCK, SIGRTMIN + 1);
	for (int i = 0; i < 3; i++) {
		v.sival_int = 10 + i;
		raise(SIGUSR1);
		T(sigqueue(getpid(), SIGRTMIN + 1, v));
		v.sival_int = 20 + i;
		T(sigqueue(getpid(), SIGRTMIN, v));
	}
	sigpending(&pending);
	printf("pending: USR1 %d RTMIN %d RTMIN+1 %d USR2 %d\n", sigismember(&pending, SIGUSR1),
	       sigismember(&pending, SIGRTMIN), sigismember(&pending, SIGRTMIN + 1), sigismember(&pending, SIGUSR2));
	show("while blocked");
	block(SIG_UNBLOCK, SIGUSR1);
	show("USR1");
	block(SIG_UNBLOCK, SIGRTMIN);
	show("RTMIN");
	block(SIG_UNBLOCK, SIGRTMIN + 1);
	show("RTMIN+1");
	/* What becomes ignored is dropped, blocked or not. */
	block(SIG_BLOCK, SIGUSR1);
	raise(SIGUSR1);
	set(SIGUSR1, SIG_IGN, 0);
	set(SIGUSR1, plain, 0);
	block(SIG_UNBLOCK, SIGUSR1);
	show("dropped");
	/* Ignored while blocked: kept, as its action may change. */
	set(SIGUSR1, SIG_IGN, 0);
	block(SIG_BLOCK, SIGUSR1);
	raise(SIGUSR1);
	sigpending(&pending);
	IS(sigismember(&pending, SIGUSR1));
	set(SIGUSR1, plain, 0);
	block(SIG_UNBLOCK, SIGUSR1);
	show("ignored and blocked");
}

static int inner;

static void nested(int sig)
{
	note('(');
	note('a' + sig);
	if (sig == SIGUSR1 && !inner++) {
		raise(SIGUSR1); /* blocked while its handler runs */
		raise(SIGUSR2);
	}
	note(')');
}

static void nesting(void)
{
	struct sigaction sa = {.sa_handler = nested};

	set(SIGUSR1, nested, 0);
	set(SIGUSR2, nested, 0);
	inner = 0;
	raise(SIGUSR1);
	show("nested");
	inner = 0;
	sigaddset(&sa.sa_mask, SIGUSR2);
	sigaction(SIGUSR1, &sa, NULL);
	raise(SIGUSR1);
	show("with USR2 in the mask");
}

static int depth;

static void again(int sig)
{
	note('(');
	if (++depth < 4)
		raise(sig);
	note(')');
}

/* Several at once: the lowest number's frame is built first, so the highest runs first. */
static void order(void)
{
	sigset_t all, old;

	set(SIGUSR1, again, SA_NODEFER);
	raise(SIGUSR1);
	show("SA_NODEFER");
	for (int s = 34; s < 40; s++)
		set(s, plain, 0);
	sigfillset(&all);
	sigprocmask(SIG_BLOCK, &all, &old);
	for (int s = 39; s >= 34; s--)
		raise(s);
	sigprocmask(SIG_SETMASK, &old, NULL);
	show("order");
}

static void waiting(void)
{
	struct timespec none = {0, 0}, bad = {0, 1000000000}, soon = {0, 20000000};
	union sigval v = {.sival_int = 77};
	siginfo_t si;
	sigset_t s, empty;

	sigemptyset(&empty);
	sigemptyset(&s);
	sigaddset(&s, SIGUSR1);
	sigaddset(&s, SIGRTMIN);
	sigprocmask(SIG_BLOCK, &s, NULL);
	set(SIGUSR2, plain, 0);
	T(sigtimedwait(&s, &si, &none));
	T(sigtimedwait(&s, &si, &bad));
	T(sigtimedwait(&s, &si, &soon));
	raise(SIGUSR1);
	T(sigtimedwait(&s, &si, &none));
	IS(si.si_code == SI_TKILL && si.si_pid == getpid());
	sigqueue(getpid(), SIGRTMIN, v);
	T(sigwaitinfo(&s, &si));
	IS(si.si_code == SI_QUEUE && si.si_value.sival_int == 77);
	set(SIGUSR1, SIG_IGN, 0); /* waited for although it is ignored */
	raise(SIGUSR1);
	T(sigtimedwait(&s, &si, &none));
	set(SIGUSR1, plain, 0);
	raise(SIGUSR1);
	T(sigsuspend(&empty));
	show("sigsuspend");
	IS(sigprocmask(SIG_BLOCK, NULL, &empty) == 0 && sigismember(&empty, SIGUSR1));
	raise(SIGUSR1);
	sigemptyset(&empty);
	sigprocmask(SIG_SETMASK, &empty, NULL);
	show("unblocked");
	T(syscall(SYS_restart_syscall));
}

int main(void)
{
	errors();
	unblockable();
	flags();
	queues();
	nesting();
	order();
	waiting();
	return 0;
}
