/* SPDX-License-Identifier: MIT */
/* Mutexes, condition variables, semaphores, barriers and raw futexes with time-outs: no wake-up is lost. */
#include "stress.h"
#include <linux/futex.h>
#include <semaphore.h>
#include <sys/syscall.h>

#define THREADS 8
#define ROUNDS	2000
#define ITEMS	3000

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t not_empty = PTHREAD_COND_INITIALIZER, not_full = PTHREAD_COND_INITIALIZER;
static pthread_barrier_t barrier;
static sem_t sem;
static long counter, barrier_sum, consumed_sum;
static int queue[4], queued, consumed;
static int turn;

static void *count(void *arg)
{
	for (int i = 0; i < ROUNDS; i++) {
		pthread_mutex_lock(&lock);
		counter++;
		pthread_mutex_unlock(&lock);
	}
	return arg;
}

static void *produce_consume(void *arg)
{
	bool producer = (intptr_t)arg & 1;

	for (int i = 0; i < ITEMS / (THREADS / 2); i++) {
		pthread_mutex_lock(&lock);
		if (producer) {
			while (queued == 4)
				pthread_cond_wait(&not_full, &lock);
			queue[queued++] = i;
			pthread_cond_signal(&not_empty);
		} else {
			while (queued == 0)
				pthread_cond_wait(&not_empty, &lock);
			consumed_sum += queue[--queued];
			consumed++;
			pthread_cond_signal(&not_full);
		}
		pthread_mutex_unlock(&lock);
	}
	return NULL;
}

static void *barriers(void *arg)
{
	for (int i = 0; i < 100; i++) {
		__atomic_fetch_add(&barrier_sum, 1, __ATOMIC_SEQ_CST);
		pthread_barrier_wait(&barrier);
		if (__atomic_load_n(&barrier_sum, __ATOMIC_SEQ_CST) != (long)(i + 1) * THREADS)
			FAIL("barrier %d let %ld through", i, barrier_sum);
		pthread_barrier_wait(&barrier);
	}
	return arg;
}

static void *semaphores(void *arg)
{
	for (int i = 0; i < ROUNDS / 4; i++) {
		sem_wait(&sem);
		int v;
		sem_getvalue(&sem, &v);
		MUST(v >= 0 && v <= 2);
		sem_post(&sem);
	}
	return arg;
}

/* A baton goes round by raw futexes; waits have short time-outs, so that wake-ups and time-outs cross. */
static void *baton(void *arg)
{
	int self = (int)(intptr_t)arg, t;
	struct timespec ts = {0, 0};
	uint32_t rng = 17u + (uint32_t)self;

	for (int i = 0; i < 150; i++) {
		while ((t = __atomic_load_n(&turn, __ATOMIC_SEQ_CST)) % THREADS != self) {
			ts.tv_nsec = (long)(stress_random(&rng) % 200000);
			if (syscall(SYS_futex, &turn, FUTEX_WAIT_PRIVATE, t, &ts, NULL, 0) &&
			    errno != ETIMEDOUT && errno != EAGAIN && errno != EINTR)
				FAIL("futex wait");
		}
		__atomic_store_n(&turn, t + 1, __ATOMIC_SEQ_CST);
		MUST(syscall(SYS_futex, &turn, FUTEX_WAKE_PRIVATE, THREADS, NULL, NULL, 0) >= 0);
	}
	return NULL;
}

int main(void)
{
	pthread_barrier_init(&barrier, NULL, THREADS);
	sem_init(&sem, 0, 2);
	stress_threads(THREADS, count);
	printf("counter %ld\n", counter);
	stress_threads(THREADS, produce_consume);
	printf("consumed %d, sum %ld, left %d\n", consumed, consumed_sum, queued);
	stress_threads(THREADS, barriers);
	printf("barriers %ld\n", barrier_sum);
	stress_threads(THREADS, semaphores);
	stress_threads(THREADS, baton);
	printf("turns %d\n", turn);
	return 0;
}
