/* SPDX-License-Identifier: MIT */
/* Signals among threads: who takes one that is for the process, masks of each, and storms of tgkill(2). */
#include "abi.h"
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdatomic.h>
#include <time.h>

static pthread_t main_thread, other_thread;
static atomic_int taken_by_main, taken_by_other, ready, stop;

static void who(int sig)
{
	if (pthread_equal(pthread_self(), main_thread))
		taken_by_main++;
	else
		taken_by_other++;
}

static void pause_ms(long ms)
{
	struct timespec ts = {ms / 1000, ms % 1000 * 1000000};

	while (nanosleep(&ts, &ts))
		;
}

static void mask(int how, int sig)
{
	sigset_t s;

	sigemptyset(&s);
	sigaddset(&s, sig);
	pthread_sigmask(how, &s, NULL);
}

static void *sleeper(void *arg)
{
	ready = 1;
	while (!stop)
		pause_ms(5);
	return NULL;
}

static void wait_taken(int n)
{
	for (int i = 0; i < 2000 && taken_by_main + taken_by_other < n; i++)
		pause_ms(1);
}

static void show(const char *what)
{
	printf("%s: main %d other %d\n", what, taken_by_main, taken_by_other);
	taken_by_main = taken_by_other = 0;
}

static void direction(void)
{
	signal(SIGUSR1, who);
	main_thread = pthread_self();
	pthread_create(&other_thread, NULL, sleeper, NULL);
	while (!ready)
		pause_ms(1);
	kill(getpid(), SIGUSR1);
	wait_taken(1);
	show("to the process");
	pthread_kill(other_thread, SIGUSR1);
	wait_taken(1);
	show("to the other");
	mask(SIG_BLOCK, SIGUSR1);
	kill(getpid(), SIGUSR1);
	wait_taken(1);
	show("blocked in main");
	pthread_kill(main_thread, SIGUSR1);
	pause_ms(20);
	show("to main, blocked");
	mask(SIG_UNBLOCK, SIGUSR1);
	show("unblocked");
	stop = 1;
	pthread_join(other_thread, NULL);
}

static void *blocks_then_waits(void *arg)
{
	sigset_t s;
	int sig;

	sigemptyset(&s);
	sigaddset(&s, SIGUSR2);
	ready = 1;
	sigwait(&s, &sig);
	printf("sigwait took %d\n", sig);
	return NULL;
}

static void waiting(void)
{
	pthread_t t;

	ready = 0;
	mask(SIG_BLOCK, SIGUSR2);
	pthread_create(&t, NULL, blocks_then_waits, NULL);
	while (!ready)
		pause_ms(1);
	pause_ms(20);
	kill(getpid(), SIGUSR2);
	pthread_join(t, NULL);
	/* Pending for the process while all block it; a thread that ends does not take it along. */
	kill(getpid(), SIGUSR2);
	ready = 0;
	pthread_create(&t, NULL, blocks_then_waits, NULL);
	pthread_join(t, NULL);
	mask(SIG_UNBLOCK, SIGUSR2);
}

/* As Go preempts: many signals to threads that compute with all their registers. */
#define STORM 4
static atomic_long interrupted;
static atomic_int begun, finished;

static void count(int sig, siginfo_t *si, void *uc)
{
	interrupted++;
	__asm__ volatile("pcmpeqd %%xmm0, %%xmm0; pcmpeqd %%xmm9, %%xmm9" ::: "xmm0", "xmm9");
}

static void *computes(void *arg)
{
	double sum = 0, x = 1;
	unsigned long mix = 1;

	begun++;
	for (long i = 0; i < 3000000; i++) {
		sum += x / (double)(2 * i + 1);
		x = -x;
		mix = mix * 6364136223846793005ul + (unsigned long)i;
	}
	while (!interrupted) /* the others may have had the CPU all the time */
		sched_yield();
	finished++;
	printf("pi/4 is %.6f, mix %lx\n", sum, mix);
	return NULL;
}

static void storm(void)
{
	struct sigaction sa = {.sa_sigaction = count, .sa_flags = SA_SIGINFO | SA_RESTART};
	pthread_t t[STORM];
	long sent = 0;

	sigaction(SIGURG, &sa, NULL);
	for (int i = 0; i < STORM; i++)
		pthread_create(&t[i], NULL, computes, NULL);
	while (begun < STORM)
		sched_yield();
	do {
		for (int i = 0; i < STORM; i++)
			sent += !pthread_kill(t[i], SIGURG);
		pause_ms(1);
	} while (finished < STORM);
	for (int i = 0; i < STORM; i++)
		pthread_join(t[i], NULL);
	IS(interrupted > 0 && interrupted <= sent);
	(void)sent;
}

/* Handlers in all threads at once, and a process-wide timer. */
static void *raises(void *arg)
{
	for (int i = 0; i < 100; i++) {
		raise(SIGUSR1);
		kill(getpid(), SIGUSR1);
	}
	return NULL;
}

static void crowd(void)
{
	pthread_t t[STORM];

	taken_by_main = taken_by_other = 0;
	for (int i = 0; i < STORM; i++)
		pthread_create(&t[i], NULL, raises, NULL);
	for (int i = 0; i < STORM; i++)
		pthread_join(t[i], NULL);
	IS(taken_by_main + taken_by_other >= STORM * 100);
}

int main(void)
{
	direction();
	waiting();
	storm();
	crowd();
	return 0;
}
