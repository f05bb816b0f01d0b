/* SPDX-License-Identifier: MIT */
/* Calls that a signal interrupts: restarted, failed with EINTR, or gone on with the time that was left. */
#include "abi.h"
#include <linux/futex.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <sys/select.h>
#include <sys/time.h>
#include <time.h>

static volatile int handled;
static int fds[2];

static void count(int sig) { handled++; }

static void feed(int sig)
{
	/* The second time there is something to read, so that a restarted read ends. */
	if (++handled == 2 && write(fds[1], "x", 1) != 1)
		_exit(98);
}

static void on(int sig, void (*fn)(int), int flags)
{
	struct sigaction sa = {.sa_handler = fn, .sa_flags = flags};

	sigaction(sig, &sa, NULL);
	handled = 0;
}

static void ticks(long first_us, long every_us)
{
	struct itimerval it = {{0, every_us}, {0, first_us}};

	setitimer(ITIMER_REAL, &it, NULL);
}

/*
 * Ticks until the call between has ended, since the first may come before it has begun; counted as one.
 */
static int handled_before;

static void ticking(void)
{
	handled_before = handled;
	ticks(20000, 20000);
}

static void ticked(void)
{
	ticks(0, 0);
	handled = handled_before + (handled > handled_before);
}

static double seconds(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return (double)ts.tv_sec + (double)ts.tv_nsec / 1e9;
}

static void reads(void)
{
	char c;

	if (pipe(fds))
		exit(97);
	on(SIGALRM, count, 0);
	ticking();
	T(read(fds[0], &c, 1));
	ticked();
	on(SIGALRM, feed, SA_RESTART);
	ticks(20000, 20000);
	T(read(fds[0], &c, 1));
	ticks(0, 0);
	IS(handled >= 2);
}

/* These fail with EINTR whatever SA_RESTART says: signal(7). */
static void never_restarted(void)
{
	struct pollfd p = {.fd = fds[0], .events = POLLIN};
	struct timespec half = {0, 500000000};
	struct timeval tv = {0, 500000};
	sigset_t none, usr;
	siginfo_t si;

	sigemptyset(&none);
	sigemptyset(&usr);
	sigaddset(&usr, SIGUSR1);
	on(SIGALRM, count, SA_RESTART);
	ticking();
	T(poll(&p, 1, 500));
	ticked();
	ticking();
	T(ppoll(&p, 1, &half, &none));
	ticked();
	ticking();
	T(select(0, NULL, NULL, NULL, &tv));
	ticked();
	ticking();
	T(pause());
	ticked();
	ticking();
	T(sigsuspend(&none));
	ticked();
	sigprocmask(SIG_BLOCK, &usr, NULL);
	ticking();
	T(sigtimedwait(&usr, &si, &half));
	ticked();
	printf("handled %d\n", handled);
}

static void sleeps(void)
{
	struct timespec req = {0, 300000000}, rem = {9, 9}, abs;
	double start;

	on(SIGALRM, count, SA_RESTART);
	ticks(50000, 0);
	T(nanosleep(&req, &rem));
	IS(rem.tv_sec == 0 && rem.tv_nsec > 50000000 && rem.tv_nsec < 290000000);
	ticks(50000, 0);
	errno = clock_nanosleep(CLOCK_MONOTONIC, 0, &req, &rem);
	printf("clock_nanosleep: %s\n", strerrorname_np(errno));
	clock_gettime(CLOCK_MONOTONIC, &abs);
	abs.tv_sec++;
	ticks(50000, 0);
	errno = clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &abs, NULL);
	printf("absolute: %s\n", strerrorname_np(errno));
	/* An ignored signal does not shorten a sleep; nor does a default action of "ignore". */
	on(SIGALRM, SIG_IGN, 0);
	ticks(30000, 0);
	start = seconds();
	T(nanosleep(&req, NULL));
	IS(seconds() - start >= 0.3);
	(void)start;
}

static void *interrupter(void *arg)
{
	struct timespec ts = {0, 40000000};

	nanosleep(&ts, NULL);
	pthread_kill(*(pthread_t *)arg, SIGUSR2);
	return NULL;
}

static long futex(int *p, int op, int val, const struct timespec *ts)
{
	return syscall(SYS_futex, p, op, val, ts, NULL, 0xffffffff);
}

static void futexes(void)
{
	struct timespec rel = {0, 200000000};
	pthread_t self = pthread_self(), other;
	int word = 0;
	double start;

	on(SIGUSR2, count, 0);
	pthread_create(&other, NULL, interrupter, &self);
	T(futex(&word, FUTEX_WAIT_PRIVATE, 0, NULL));
	pthread_join(other, NULL);
	/* With a time-out it is EINTR even with SA_RESTART, as restart_syscall(2) is only for no handler. */
	on(SIGUSR2, count, SA_RESTART);
	pthread_create(&other, NULL, interrupter, &self);
	T(futex(&word, FUTEX_WAIT_PRIVATE, 0, &rel));
	pthread_join(other, NULL);
	IS(handled == 1);
	/* A signal without a handler: the wait goes on to its own end. */
	on(SIGUSR2, SIG_DFL, 0);
	signal(SIGUSR2, SIG_IGN);
	pthread_create(&other, NULL, interrupter, &self);
	start = seconds();
	T(futex(&word, FUTEX_WAIT_PRIVATE, 0, &rel));
	IS(seconds() - start >= 0.2);
	(void)start;
	pthread_join(other, NULL);
}

/* SIGCONT without a handler wakes sleepers, which then go on by restart_syscall(2). */
static void *conts(void *arg)
{
	for (int i = 0; i < 3; i++) {
		struct timespec ts = {0, 30000000};

		nanosleep(&ts, NULL);
		kill(getpid(), SIGCONT);
	}
	return NULL;
}

static void default_ignored(void)
{
	struct timespec req = {0, 250000000};
	double start = seconds();
	pthread_t other;

	pthread_create(&other, NULL, conts, NULL);
	T(nanosleep(&req, NULL));
	IS(seconds() - start >= 0.25);
	(void)start;
	pthread_join(other, NULL);
}

int main(void)
{
	reads();
	never_restarted();
	sleeps();
	futexes();
	default_ignored();
	return 0;
}
