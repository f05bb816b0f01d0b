/* SPDX-License-Identifier: MIT */
/*
 * Signals arrive during everything: arithmetic in vector registers, system
 * calls, futex waits, page faults, other handlers.  Nothing they interrupt may
 * come out different.
 */
#include "stress.h"
#include <signal.h>
#include <sys/mman.h>
#include <sys/time.h>

#define WORKERS 4

static pthread_t workers[WORKERS];
static int done;
static long handled;
static int fds[2];

static void on_signal(int sig)
{
	/* Overwrites the vector registers and errno on its way. */
	volatile double x = sig;

	for (int i = 0; i < 10; i++)
		x = x * 1.5 + i;
	__atomic_fetch_add(&handled, 1, __ATOMIC_RELAXED);
	int e = errno;
	close(-1);
	errno = e;
}

static void arithmetic(void)
{
	double a = 1, b = 0.5;
	uint64_t h = 1469598103934665603ull;

	for (int i = 0; i < 200000; i++) {
		a = a * 1.0000001 + b;
		b = b * 0.9999999 + 1e-7;
		h = (h ^ (uint64_t)i) * 1099511628211ull;
	}
	static double wanted_a, wanted_b;
	static uint64_t wanted_h;
	static pthread_mutex_t once = PTHREAD_MUTEX_INITIALIZER;

	pthread_mutex_lock(&once);
	if (wanted_h == 0) {
		wanted_a = a;
		wanted_b = b;
		wanted_h = h;
	}
	MUST(a == wanted_a && b == wanted_b && h == wanted_h);
	pthread_mutex_unlock(&once);
}

static void calls(void)
{
	char c = 'x';

	for (int i = 0; i < 300; i++) {
		MUST(write(fds[1], &c, 1) == 1);
		MUST(getppid() >= 0);
		MUST(read(fds[0], &c, 1) == 1 && c == 'x');
	}
}

static void faults(void)
{
	unsigned char *p = mmap(NULL, 1 << 20, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	MUST(p != MAP_FAILED);
	for (int i = 0; i < 256; i++)
		p[i * 4096] = (unsigned char)i;
	for (int i = 0; i < 256; i++)
		MUST(p[i * 4096] == (unsigned char)i);
	MUST(munmap(p, 1 << 20) == 0);
}

static void sleeps(void)
{
	struct timespec ts = {0, 300000}, left;
	uint64_t start = stress_ns();

	while (clock_nanosleep(CLOCK_MONOTONIC, 0, &ts, &left) == EINTR)
		ts = left;
	MUST(stress_ns() - start >= 300000);
}

static void *work(void *arg)
{
	for (int i = 0; i < 12; i++) {
		arithmetic();
		calls();
		faults();
		sleeps();
	}
	__atomic_fetch_add(&done, 1, __ATOMIC_SEQ_CST);
	/* Stays until the sender has stopped: its tid must remain valid. */
	while (__atomic_load_n(&done, __ATOMIC_SEQ_CST) <= WORKERS)
		usleep(1000);
	return arg;
}

int main(void)
{
	struct sigaction sa = {.sa_handler = on_signal, .sa_flags = SA_RESTART};
	struct itimerval it = {{0, 700}, {0, 700}};
	uint32_t rng = 3;

	sigaction(SIGUSR1, &sa, NULL);
	sigaction(SIGALRM, &sa, NULL);
	sa.sa_flags |= SA_NODEFER;
	sigaction(SIGUSR2, &sa, NULL);
	MUST(pipe(fds) == 0);
	for (int i = 0; i < WORKERS; i++)
		MUST(pthread_create(&workers[i], NULL, work, NULL) == 0);
	setitimer(ITIMER_REAL, &it, NULL);
	for (long sent = 0; __atomic_load_n(&done, __ATOMIC_SEQ_CST) < WORKERS; sent++) {
		pthread_kill(workers[stress_random(&rng) % WORKERS], stress_random(&rng) & 1 ? SIGUSR1 : SIGUSR2);
		if (sent % 8 == 0)
			usleep(200);
	}
	it = (struct itimerval){{0, 0}, {0, 0}};
	setitimer(ITIMER_REAL, &it, NULL);
	__atomic_fetch_add(&done, 1, __ATOMIC_SEQ_CST);
	for (int i = 0; i < WORKERS; i++)
		pthread_join(workers[i], NULL);
	MUST(handled > 10);
	printf("%d threads came through\n", WORKERS);
	return 0;
}
