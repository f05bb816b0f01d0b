/* SPDX-License-Identifier: MIT */
/* futex_waitv, and futex2's futex_wait, futex_wake, futex_requeue. */
#include "abi.h"
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <sys/mman.h>
#include <time.h>

struct waitv {
	uint64_t val, uaddr;
	uint32_t flags, reserved;
};

#define U32	2
#define PRIVATE 128

#define futex_waitv(...)   syscall(449, __VA_ARGS__)
#define futex_wake(...)	   syscall(454, __VA_ARGS__)
#define futex_wait(...)	   syscall(455, __VA_ARGS__)
#define futex_requeue(...) syscall(456, __VA_ARGS__)

static uint32_t word[4];
static struct waitv v[130];

static void fill(unsigned flags)
{
	for (int i = 0; i < 130; i++)
		v[i] = (struct waitv){0, (uint64_t)&word[i & 3], flags, 0};
}

static struct timespec after_ms(int ms, clockid_t clock)
{
	struct timespec t;

	clock_gettime(clock, &t);
	t.tv_nsec += ms * 1000000l;
	t.tv_sec += t.tv_nsec / 1000000000;
	t.tv_nsec %= 1000000000;
	return t;
}

static void errors(void)
{
	struct timespec t = after_ms(20, CLOCK_MONOTONIC), r = after_ms(20, CLOCK_REALTIME), wrong = {0, -1}, past = {1, 0};

	SAY("-- errors\n");
	fill(U32 | PRIVATE);
	T(futex_waitv(v, 3, 0, &t, CLOCK_MONOTONIC));
	T(futex_waitv(v, 3, 0, &r, CLOCK_REALTIME));
	T(futex_waitv(v, 128, 0, &past, CLOCK_MONOTONIC));
	T(futex_waitv(v, 129, 0, &past, CLOCK_MONOTONIC));
	T(futex_waitv(v, 0, 0, &past, CLOCK_MONOTONIC));
	T(futex_waitv(v, 3, 1, &past, CLOCK_MONOTONIC));
	T(futex_waitv(v, 3, 0, &past, CLOCK_PROCESS_CPUTIME_ID));
	T(futex_waitv(v, 3, 0, &wrong, CLOCK_MONOTONIC));
	T(futex_waitv(v, 3, 0, BAD, CLOCK_MONOTONIC));
	T(futex_waitv(BAD, 3, 0, &past, CLOCK_MONOTONIC));
	T(futex_waitv(NULL, 3, 0, &past, CLOCK_MONOTONIC));
	v[1].val = 1;
	T(futex_waitv(v, 3, 0, &past, CLOCK_MONOTONIC));
	v[1].val = 1ull << 32;
	T(futex_waitv(v, 3, 0, &past, CLOCK_MONOTONIC));
	v[1].val = 0;
	v[1].uaddr++;
	T(futex_waitv(v, 3, 0, &past, CLOCK_MONOTONIC));
	v[1].uaddr = 8;
	T(futex_waitv(v, 3, 0, &past, CLOCK_MONOTONIC));
	fill(U32 | PRIVATE);
	v[2].flags = 1;
	T(futex_waitv(v, 3, 0, &past, CLOCK_MONOTONIC));
	v[2].flags = U32 | 64;
	T(futex_waitv(v, 3, 0, &past, CLOCK_MONOTONIC));
	fill(U32);
	v[0].reserved = 1;
	T(futex_waitv(v, 3, 0, &past, CLOCK_MONOTONIC));
	fill(U32);
	T(futex_waitv(v, 3, 0, &past, CLOCK_MONOTONIC));
	T(futex_wait(word, 1, ~0u, U32 | PRIVATE, NULL, CLOCK_MONOTONIC));
	T(futex_wait(word, 0, ~0u, U32 | PRIVATE, &past, CLOCK_MONOTONIC));
	T(futex_wait(word, 0, 0, U32 | PRIVATE, &past, CLOCK_MONOTONIC));
	T(futex_wait(word, 0, ~0u, PRIVATE, &past, CLOCK_MONOTONIC));
	T(futex_wait(BAD, 0, ~0u, U32, &past, CLOCK_MONOTONIC));
	T(futex_wake(word, ~0u, 1, U32 | PRIVATE));
	T(futex_wake(word, 0, 1, U32 | PRIVATE));
	T(futex_wake(word, ~0u, 1, 77));
	T(futex_wake((char *)word + 1, ~0u, 1, U32));
}

static volatile int started;
static unsigned flags_used;

static void *waits(void *arg)
{
	struct waitv mine[3];
	long r;

	for (int i = 0; i < 3; i++)
		mine[i] = (struct waitv){0, (uint64_t)&word[i], flags_used, 0};
	started = 1;
	r = futex_waitv(mine, 3, 0, NULL, CLOCK_MONOTONIC);
	return (void *)(r < 0 ? -(long)errno : r);
}

static void *waits_one(void *arg)
{
	long r = futex_wait(&word[3], 0, (unsigned)(long)arg, U32 | PRIVATE, NULL, CLOCK_MONOTONIC);

	return (void *)(r < 0 ? -(long)errno : r);
}

static void ended(const char *what, pthread_t t)
{
	void *r;

	pthread_join(t, &r);
	if ((long)r < 0)
		printf("%s: %s\n", what, strerrorname_np((int)-(long)r));
	else
		printf("%s: %ld\n", what, (long)r);
}

static void wake_one(void *addr, unsigned mask)
{
	while (futex_wake(addr, mask, 1, flags_used) == 0)
		sched_yield();
}

static void on_signal(int sig) {}

static void waking(void)
{
	struct sigaction sa = {.sa_handler = on_signal};
	struct waitv two[2] = {{0, (uint64_t)&word[3], U32 | PRIVATE, 0}, {0, (uint64_t)&word[0], U32 | PRIVATE, 0}};
	pthread_t t, u;

	SAY("-- waking\n");
	sigaction(SIGUSR1, &sa, NULL);
	for (flags_used = U32; flags_used <= (U32 | PRIVATE); flags_used += PRIVATE)
		for (int i = 0; i < 3; i++) {
			pthread_create(&t, NULL, waits, NULL);
			wake_one(&word[i], ~0u);
			ended("woken", t);
			T(futex_wake(&word[0], ~0u, 9, flags_used));
		}
	flags_used = U32 | PRIVATE;
	started = 0;
	pthread_create(&t, NULL, waits, NULL);
	while (!started)
		sched_yield();
	usleep(20000);
	pthread_kill(t, SIGUSR1);
	ended("signal", t);

	pthread_create(&t, NULL, waits_one, (void *)6);
	usleep(20000);
	T(futex_wake(&word[3], 1, 9, flags_used));
	wake_one(&word[3], 2);
	ended("masked", t);

	pthread_create(&t, NULL, waits_one, (void *)~0u);
	pthread_create(&u, NULL, waits_one, (void *)~0u);
	usleep(100000);
	T(futex_requeue(two, 0, 1, 5));
	T(futex_wake(&word[3], ~0u, 9, flags_used));
	T(futex_wake(&word[0], ~0u, 9, flags_used));
	ended("first", t);
	ended("second", u);
	two[0].val = 1;
	T(futex_requeue(two, 0, 1, 5));
	T(futex_requeue(two, 1, 1, 5));
	T(futex_requeue(NULL, 0, 1, 5));
	T(futex_requeue(BAD, 0, 1, 5));
}

#define ROUNDS 1000
static uint32_t turn[2];

/* Two threads, each waiting for either of two words of which the other changes one. */
static void *plays(void *arg)
{
	int me = (int)(long)arg;

	for (uint32_t i = 0; i < ROUNDS; i++) {
		struct waitv w[2] = {{i, (uint64_t)&turn[me], U32 | PRIVATE, 0}, {0, (uint64_t)&word[0], U32 | PRIVATE, 0}};

		if (me) {
			while (__atomic_load_n(&turn[me], __ATOMIC_SEQ_CST) == i)
				futex_waitv(w, 2, 0, NULL, CLOCK_MONOTONIC);
		}
		__atomic_store_n(&turn[!me], i + 1, __ATOMIC_SEQ_CST);
		futex_wake(&turn[!me], ~0u, 1, U32 | PRIVATE);
		if (!me) {
			while (__atomic_load_n(&turn[me], __ATOMIC_SEQ_CST) == i)
				futex_waitv(w, 2, 0, NULL, CLOCK_MONOTONIC);
		}
	}
	return NULL;
}

static void playing(void)
{
	pthread_t a, b;

	SAY("-- ping-pong\n");
	pthread_create(&a, NULL, plays, (void *)0);
	pthread_create(&b, NULL, plays, (void *)1);
	pthread_join(a, NULL);
	pthread_join(b, NULL);
	IS(turn[0] == ROUNDS && turn[1] == ROUNDS);
}

int main(void)
{
	errors();
	waking();
	playing();
	return 0;
}
