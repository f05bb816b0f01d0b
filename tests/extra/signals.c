/* SPDX-License-Identifier: MIT */
/* Signals as programs use them: raised, blocked, from faults, from timers, on their own stack. */
#define _GNU_SOURCE /* feenableexcept */
#include <fenv.h>
#include <pthread.h>
#include <setjmp.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdint.h>
#include <sys/mman.h>
#include <sys/time.h>
#include <time.h>
#include <unistd.h>

#include "check.h"

static volatile sig_atomic_t count, last_signal, last_code;
static void *volatile last_address;
static sigjmp_buf back;

static void handler_set(int sig, void (*f)(int, siginfo_t *, void *), int flags)
{
	struct sigaction sa = { .sa_sigaction = f, .sa_flags = SA_SIGINFO | flags };

	sigemptyset(&sa.sa_mask);
	CHECK(sigaction(sig, &sa, NULL) == 0);
}

static void note(int sig, siginfo_t *info, void *context)
{
	count++;
	last_signal = sig;
	last_code = info->si_code;
	last_address = info->si_addr;
	CHECK(context);
}

static void escape(int sig, siginfo_t *info, void *context)
{
	note(sig, info, context);
	siglongjmp(back, 1);
}

static void test_raise(void)
{
	sigset_t set, old;

	handler_set(SIGUSR1, note, 0);
	count = 0;
	CHECK(raise(SIGUSR1) == 0);
	CHECK(count == 1 && last_signal == SIGUSR1 && last_code == SI_TKILL);

	sigemptyset(&set);
	sigaddset(&set, SIGUSR1);
	CHECK(pthread_sigmask(SIG_BLOCK, &set, &old) == 0 && !sigismember(&old, SIGUSR1));
	raise(SIGUSR1);
	raise(SIGUSR1);
	CHECK(count == 1);
	CHECK(pthread_sigmask(SIG_SETMASK, &old, NULL) == 0);
	CHECK(count == 2); /* a standard signal is pending once */

	CHECK(signal(SIGUSR1, SIG_IGN) != SIG_ERR);
	raise(SIGUSR1);
	CHECK(count == 2);
	handler_set(SIGUSR2, note, SA_RESETHAND);
	raise(SIGUSR2);
	CHECK(count == 3);
	struct sigaction now;
	CHECK(sigaction(SIGUSR2, NULL, &now) == 0 && now.sa_handler == SIG_DFL);
	puts("raise, mask, ignore: ok");
}

static void test_realtime(void)
{
	sigset_t set, old;

	handler_set(SIGRTMIN, note, 0);
	count = 0;
	sigemptyset(&set);
	sigaddset(&set, SIGRTMIN);
	pthread_sigmask(SIG_BLOCK, &set, &old);
	for (int i = 0; i < 3; i++)
		raise(SIGRTMIN);
	pthread_sigmask(SIG_SETMASK, &old, NULL);
	CHECK(count == 3); /* these queue */
	puts("real-time signals queue: ok");
}

static void test_faults(void)
{
	char *page = mmap(NULL, 4096, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	volatile int zero = 0;

	CHECK(page != MAP_FAILED);
	handler_set(SIGSEGV, escape, 0);
	handler_set(SIGFPE, escape, 0);
	handler_set(SIGILL, escape, 0);

	if (!sigsetjmp(back, 1)) {
		*(volatile char *)(page + 123) = 1;
		CHECK(!"a read-only page was written");
	}
	CHECK(last_signal == SIGSEGV && last_code == SEGV_ACCERR && last_address == page + 123);

	CHECK(munmap(page, 4096) == 0);
	if (!sigsetjmp(back, 1)) {
		(void)*(volatile char *)(page + 7);
		CHECK(!"an unmapped page was read");
	}
	CHECK(last_signal == SIGSEGV && last_code == SEGV_MAPERR && last_address == page + 7);

	if (!sigsetjmp(back, 1)) {
		/* Not canonical: #GP, which names no address. */
		(void)*(volatile char *)(uintptr_t)0x8000000000000000ull;
		CHECK(!"a non-canonical address was read");
	}
	CHECK(last_signal == SIGSEGV && last_code == SI_KERNEL && last_address == NULL);

	if (!sigsetjmp(back, 1)) {
		zero = 1234 / zero; /* 1 / x would be a comparison */
		CHECK(!"a division by zero went through");
	}
	CHECK(last_signal == SIGFPE && last_code == FPE_INTDIV && last_address);

	if (!sigsetjmp(back, 1)) {
		__asm__ volatile("ud2");
		CHECK(!"ud2 went through");
	}
	CHECK(last_signal == SIGILL && last_address);
	puts("SIGSEGV, SIGFPE, SIGILL: ok");
}

static void test_float_trap(void)
{
	/* long double: the x87, because QEMU without KVM raises no SSE exceptions; and it looks for a
	 * pending one of the x87 only at fwait. */
	volatile long double one = 1, zero = 0;

	feenableexcept(FE_DIVBYZERO);
	if (!sigsetjmp(back, 1)) {
		one = one / zero;
		__asm__ volatile("fwait");
		CHECK(!"an unmasked division went through");
	}
	CHECK(last_signal == SIGFPE && last_code == FPE_FLTDIV);
	fedisableexcept(FE_ALL_EXCEPT);
	feclearexcept(FE_ALL_EXCEPT);
	one = 1;
	CHECK(one / zero > 1e308);
	puts("floating-point trap: ok");
}

static char *alt_begin;
static size_t alt_len;

static void on_alternate(int sig, siginfo_t *info, void *context)
{
	char here;
	stack_t now;

	note(sig, info, context);
	CHECK(&here > alt_begin && &here < alt_begin + alt_len);
	CHECK(sigaltstack(NULL, &now) == 0 && now.ss_flags == SS_ONSTACK);
	siglongjmp(back, 1);
}

static int recurse(volatile int depth)
{
	volatile char frame[4096];

	frame[0] = (char)depth;
	return depth < 0 ? 0 : recurse(depth + 1) + frame[0];
}

static void *overflow(void *arg)
{
	stack_t ss = { .ss_sp = alt_begin, .ss_size = alt_len };

	CHECK(sigaltstack(&ss, NULL) == 0);
	handler_set(SIGSEGV, on_alternate, SA_ONSTACK);
	if (!sigsetjmp(back, 1)) {
		recurse(0);
		CHECK(!"endless recursion ended");
	}
	CHECK(last_signal == SIGSEGV);
	ss.ss_flags = SS_DISABLE;
	CHECK(sigaltstack(&ss, NULL) == 0);
	return arg;
}

static void test_alternate_stack(void)
{
	pthread_attr_t attr;
	pthread_t t;

	alt_len = 65536;
	alt_begin = malloc(alt_len);
	pthread_attr_init(&attr);
	CHECK(pthread_attr_setstacksize(&attr, 256 << 10) == 0);
	CHECK(pthread_create(&t, &attr, overflow, NULL) == 0 && pthread_join(t, NULL) == 0);
	free(alt_begin);
	puts("stack overflow caught on the alternate stack: ok");
}

static void test_timer(void)
{
	struct itimerval interval = { { 0, 5000 }, { 0, 5000 } }, off = { { 0, 0 }, { 0, 0 } };
	double x = 1;

	handler_set(SIGALRM, note, SA_RESTART);
	count = 0;
	CHECK(setitimer(ITIMER_REAL, &interval, NULL) == 0);
	/* It must come through a loop without system calls, and leave its registers alone. */
	while (count < 5) {
		double y = x;

		for (int i = 0; i < 1000; i++)
			y = y * 1.0000001 + 1;
		for (int i = 0; i < 1000; i++)
			y = (y - 1) / 1.0000001;
		CHECK(y > 0.99 && y < 1.01);
	}
	CHECK(setitimer(ITIMER_REAL, &off, NULL) == 0);
	puts("interval timer: ok");
}

static int pipe_fd[2];
static pthread_t main_thread;

static void *poke(void *arg)
{
	struct timespec t = { 0, 30000000 };

	nanosleep(&t, NULL);
	CHECK(pthread_kill(main_thread, SIGUSR1) == 0);
	nanosleep(&t, NULL);
	CHECK(write(pipe_fd[1], "x", 1) == 1);
	return arg;
}

static void test_interrupted_read(void)
{
	pthread_t t;
	char c;

	main_thread = pthread_self();
	CHECK(pipe(pipe_fd) == 0);
	for (int restart = 0; restart < 2; restart++) {
		ssize_t n;

		handler_set(SIGUSR1, note, restart ? SA_RESTART : 0);
		count = 0;
		CHECK(pthread_create(&t, NULL, poke, NULL) == 0);
		n = read(pipe_fd[0], &c, 1);
		if (restart) {
			CHECK(n == 1 && c == 'x');
		} else {
			CHECK(n == -1 && errno == EINTR);
			CHECK(read(pipe_fd[0], &c, 1) == 1);
		}
		CHECK(count == 1);
		CHECK(pthread_join(t, NULL) == 0);
	}
	close(pipe_fd[0]);
	close(pipe_fd[1]);
	puts("EINTR and SA_RESTART: ok");
}

static void test_sleep_rest(void)
{
	struct itimerval once = { { 0, 0 }, { 0, 20000 } };
	struct timespec want = { 5, 0 }, rest = { 0, 0 };

	handler_set(SIGALRM, note, 0);
	CHECK(setitimer(ITIMER_REAL, &once, NULL) == 0);
	CHECK(nanosleep(&want, &rest) == -1 && errno == EINTR);
	CHECK(rest.tv_sec == 4 && rest.tv_nsec > 0);
	puts("nanosleep gives the rest: ok");
}

int main(void)
{
	test_raise();
	test_realtime();
	test_faults();
	test_float_trap();
	test_alternate_stack();
	test_timer();
	test_interrupted_read();
	test_sleep_rest();
	puts("signals: ok");
	return 0;
}
