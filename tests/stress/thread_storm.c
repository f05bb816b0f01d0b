/* SPDX-License-Identifier: MIT */
/* Threads come and go in every way there is: joined, detached, from threads, with and without TLS of their own. */
#include "stress.h"

#define CREATORS 4
#define ROUNDS	 60

static __thread int own = 42;
static int detached, exited, cleaned;
static pthread_key_t key;

static void clean(void *p)
{
	free(p);
	__atomic_fetch_add(&cleaned, 1, __ATOMIC_SEQ_CST);
}

static void *child(void *arg)
{
	MUST(own == 42);
	own = (int)(intptr_t)arg;
	pthread_setspecific(key, malloc(100));
	sched_yield();
	MUST(own == (int)(intptr_t)arg);
	if ((intptr_t)arg % 3 == 0)
		pthread_exit((void *)(intptr_t)(own + 1));
	return (void *)(intptr_t)(own + 1);
}

static void *lonely(void *arg)
{
	MUST(own == 42);
	__atomic_fetch_add(&detached, 1, __ATOMIC_SEQ_CST);
	return arg;
}

static void *create(void *arg)
{
	pthread_attr_t a;
	pthread_t t[4], d;
	void *result;

	pthread_attr_init(&a);
	pthread_attr_setdetachstate(&a, PTHREAD_CREATE_DETACHED);
	for (int i = 0; i < ROUNDS; i++) {
		for (int k = 0; k < 4; k++)
			MUST(pthread_create(&t[k], NULL, child, (void *)(intptr_t)(i * 4 + k)) == 0);
		while (pthread_create(&d, &a, lonely, NULL))
			usleep(100);
		for (int k = 0; k < 4; k++) {
			MUST(pthread_join(t[k], &result) == 0);
			MUST((intptr_t)result == i * 4 + k + 1);
			__atomic_fetch_add(&exited, 1, __ATOMIC_SEQ_CST);
		}
	}
	return arg;
}

int main(void)
{
	pthread_key_create(&key, clean);
	stress_threads(CREATORS, create);
	while (__atomic_load_n(&detached, __ATOMIC_SEQ_CST) < CREATORS * ROUNDS)
		usleep(1000);
	printf("joined %d, detached %d, cleaned %d\n", exited, detached, cleaned);
	return 0;
}
