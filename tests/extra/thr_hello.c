/* SPDX-License-Identifier: MIT */
/* POSIX threads: each thing a threaded program leans on, with a result that does not depend on who
 * came first. */
#include <pthread.h>
#include <semaphore.h>
#include <stdatomic.h>
#include <time.h>
#include <unistd.h>

#include "check.h"

#define THREADS 8
#define ROUNDS 20000
#define SLOTS 4
#define ITEMS 2000

static pthread_mutex_t mutex = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t changed = PTHREAD_COND_INITIALIZER;
static long counter;
static atomic_long atomic_counter;
static _Thread_local int local = -1;
static pthread_key_t key;
static atomic_int destroyed;
static pthread_once_t once = PTHREAD_ONCE_INIT;
static atomic_int once_calls;

static void once_run(void)
{
	atomic_fetch_add(&once_calls, 1);
}

static void key_destroy(void *value)
{
	atomic_fetch_add(&destroyed, (int)(long)value);
}

static void *hello(void *arg)
{
	long id = (long)arg;

	CHECK(local == -1);
	local = (int)id;
	CHECK(pthread_once(&once, once_run) == 0);
	CHECK(pthread_setspecific(key, (void *)(id + 1)) == 0);
	for (int i = 0; i < ROUNDS; i++) {
		pthread_mutex_lock(&mutex);
		counter++;
		pthread_mutex_unlock(&mutex);
		atomic_fetch_add(&atomic_counter, id);
	}
	CHECK(local == id && pthread_getspecific(key) == (void *)(id + 1));
	return (void *)(id * id);
}

static void test_create_join(void)
{
	pthread_t t[THREADS];
	long squares = 0;

	CHECK(pthread_key_create(&key, key_destroy) == 0);
	for (long i = 0; i < THREADS; i++)
		CHECK(pthread_create(&t[i], NULL, hello, (void *)i) == 0);
	for (long i = 0; i < THREADS; i++) {
		void *result;

		CHECK(pthread_join(t[i], &result) == 0);
		CHECK(result == (void *)(i * i));
		squares += (long)result;
		printf("Hello from thread %ld\n", i);
	}
	CHECK(counter == THREADS * ROUNDS);
	CHECK(atomic_counter == (long)ROUNDS * THREADS * (THREADS - 1) / 2);
	CHECK(once_calls == 1);
	CHECK(destroyed == THREADS * (THREADS + 1) / 2);
	CHECK(local == -1);
	printf("threads: %ld increments, sum of squares %ld\n", counter, squares);
}

/* A bounded queue between producers and consumers. */
static int queue[SLOTS], queued, head;
static long consumed;

static void *produce(void *arg)
{
	for (int i = 1; i <= ITEMS; i++) {
		pthread_mutex_lock(&mutex);
		while (queued == SLOTS)
			pthread_cond_wait(&changed, &mutex);
		queue[(head + queued++) % SLOTS] = i;
		pthread_cond_broadcast(&changed);
		pthread_mutex_unlock(&mutex);
	}
	return arg;
}

static void *consume(void *arg)
{
	for (int i = 0; i < ITEMS; i++) {
		pthread_mutex_lock(&mutex);
		while (queued == 0)
			pthread_cond_wait(&changed, &mutex);
		consumed += queue[head];
		head = (head + 1) % SLOTS;
		queued--;
		pthread_cond_broadcast(&changed);
		pthread_mutex_unlock(&mutex);
	}
	return arg;
}

static void test_condition(void)
{
	pthread_t t[4];

	for (int i = 0; i < 4; i++)
		CHECK(pthread_create(&t[i], NULL, i % 2 ? consume : produce, NULL) == 0);
	for (int i = 0; i < 4; i++)
		CHECK(pthread_join(t[i], NULL) == 0);
	CHECK(queued == 0 && consumed == (long)ITEMS * (ITEMS + 1));
	printf("conditions: %ld\n", consumed);
}

static pthread_barrier_t barrier;
static int stage[THREADS];

static void *march(void *arg)
{
	long id = (long)arg;

	for (int s = 1; s <= 50; s++) {
		stage[id] = s;
		pthread_barrier_wait(&barrier);
		for (int i = 0; i < THREADS; i++)
			CHECK(stage[i] == s);
		pthread_barrier_wait(&barrier);
	}
	return NULL;
}

static void test_barrier(void)
{
	pthread_t t[THREADS];

	CHECK(pthread_barrier_init(&barrier, NULL, THREADS) == 0);
	for (long i = 0; i < THREADS; i++)
		CHECK(pthread_create(&t[i], NULL, march, (void *)i) == 0);
	for (long i = 0; i < THREADS; i++)
		CHECK(pthread_join(t[i], NULL) == 0);
	CHECK(pthread_barrier_destroy(&barrier) == 0);
	puts("barrier: in step");
}

static struct timespec after(clockid_t clock, long ms)
{
	struct timespec t;

	clock_gettime(clock, &t);
	t.tv_nsec += ms * 1000000;
	t.tv_sec += t.tv_nsec / 1000000000;
	t.tv_nsec %= 1000000000;
	return t;
}

static void test_timeouts(void)
{
	struct timespec begin, end, until = after(CLOCK_REALTIME, 30);
	long us;
	sem_t sem;

	clock_gettime(CLOCK_MONOTONIC, &begin);
	pthread_mutex_lock(&mutex);
	CHECK(pthread_cond_timedwait(&changed, &mutex, &until) == ETIMEDOUT);
	pthread_mutex_unlock(&mutex);
	clock_gettime(CLOCK_MONOTONIC, &end);
	us = (end.tv_sec - begin.tv_sec) * 1000000 + (end.tv_nsec - begin.tv_nsec) / 1000;
	CHECK(us >= 29000); /* the two clocks may be adjusted against each other a little */
	CHECK(sem_init(&sem, 0, 1) == 0 && sem_wait(&sem) == 0);
	until = after(CLOCK_REALTIME, 10);
	CHECK(sem_timedwait(&sem, &until) == -1 && errno == ETIMEDOUT);
	puts("timeouts: kept");
}

static pthread_mutex_t robust;

static void *die_with_lock(void *arg)
{
	CHECK(pthread_mutex_lock(&robust) == 0);
	return arg;
}

static void test_robust(void)
{
	pthread_mutexattr_t attr;
	pthread_t t;

	pthread_mutexattr_init(&attr);
	pthread_mutexattr_setrobust(&attr, PTHREAD_MUTEX_ROBUST);
	CHECK(pthread_mutex_init(&robust, &attr) == 0);
	CHECK(pthread_create(&t, NULL, die_with_lock, NULL) == 0);
	CHECK(pthread_join(t, NULL) == 0);
	CHECK(pthread_mutex_lock(&robust) == EOWNERDEAD);
	CHECK(pthread_mutex_consistent(&robust) == 0 && pthread_mutex_unlock(&robust) == 0);
	CHECK(pthread_mutex_lock(&robust) == 0 && pthread_mutex_unlock(&robust) == 0);
	puts("robust mutex: owner's death seen");
}

static void *once_more(void *arg)
{
	return (void *)((long)arg + 1);
}

/* Many short lives: stacks and ids must come back. */
static void test_churn(void)
{
	long n = 0;

	for (int i = 0; i < 500; i++) {
		pthread_t t;
		void *result;

		CHECK(pthread_create(&t, NULL, once_more, (void *)n) == 0 && pthread_join(t, &result) == 0);
		n = (long)result;
	}
	CHECK(n == 500);
	puts("churn: 500 threads");
}

int main(void)
{
	test_create_join();
	test_condition();
	test_barrier();
	test_timeouts();
	test_robust();
	test_churn();
	puts("thr_hello: ok");
	return 0;
}
