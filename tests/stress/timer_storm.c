/* SPDX-License-Identifier: MIT */
/* Many sleepers and timers at once: none wakes early, none is forgotten, the clock never goes back. */
#include "stress.h"
#include <poll.h>
#include <sys/timerfd.h>

#define THREADS 16
#define ROUNDS	15
#define TIMERS	40

static uint64_t latest;

static void *sleeper(void *arg)
{
	uint32_t rng = 7u + (uint32_t)(intptr_t)arg;

	for (int i = 0; i < ROUNDS; i++) {
		uint64_t want = stress_random(&rng) % 3000000, start = stress_ns(), now;
		struct timespec ts = {0, (long)want};

		MUST(clock_nanosleep(CLOCK_MONOTONIC, 0, &ts, NULL) == 0);
		now = stress_ns();
		if (now - start < want)
			FAIL("woke after %lu of %lu ns", (unsigned long)(now - start), (unsigned long)want);
		/* One clock for all CPUs. */
		uint64_t seen = __atomic_load_n(&latest, __ATOMIC_SEQ_CST);
		now = stress_ns();
		if (now < seen)
			FAIL("the clock went back by %lu ns", (unsigned long)(seen - now));
		while (seen < now && !__atomic_compare_exchange_n(&latest, &seen, now, false, __ATOMIC_SEQ_CST,
								  __ATOMIC_SEQ_CST))
			;
	}
	return NULL;
}

static void *waiter(void *arg)
{
	pthread_mutex_t m = PTHREAD_MUTEX_INITIALIZER;
	pthread_cond_t c = PTHREAD_COND_INITIALIZER;
	struct timespec ts;
	int r;

	for (int i = 0; i < ROUNDS; i++) {
		clock_gettime(CLOCK_REALTIME, &ts);
		ts.tv_nsec += 1000000 + (long)(intptr_t)arg * 10000;
		if (ts.tv_nsec >= 1000000000) {
			ts.tv_nsec -= 1000000000;
			ts.tv_sec++;
		}
		pthread_mutex_lock(&m);
		do
			r = pthread_cond_timedwait(&c, &m, &ts);
		while (r == 0);
		pthread_mutex_unlock(&m);
		MUST(r == ETIMEDOUT);
	}
	return NULL;
}

static void timers(void)
{
	struct pollfd p[TIMERS];
	int left = TIMERS;

	for (int i = 0; i < TIMERS; i++) {
		/* The later made, the sooner due. */
		struct itimerspec its = {{0, 0}, {0, 1000000 + (TIMERS - i) * 200000}};

		p[i] = (struct pollfd){timerfd_create(CLOCK_MONOTONIC, TFD_NONBLOCK), POLLIN, 0};
		MUST(p[i].fd >= 0 && timerfd_settime(p[i].fd, 0, &its, NULL) == 0);
	}
	while (left > 0) {
		MUST(poll(p, TIMERS, 10000) > 0);
		for (int i = 0; i < TIMERS; i++) {
			uint64_t n;

			if (!p[i].revents)
				continue;
			MUST(read(p[i].fd, &n, sizeof(n)) == 8 && n == 1);
			close(p[i].fd);
			p[i].fd = -1;
			left--;
		}
	}
	printf("%d timers ran out\n", TIMERS);
}

int main(void)
{
	stress_threads(THREADS, sleeper);
	stress_threads(THREADS, waiter);
	timers();
	printf("%d sleepers\n", THREADS);
	return 0;
}
