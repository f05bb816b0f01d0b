/* SPDX-License-Identifier: MIT */
/* The heap from many threads, with blocks freed by others than those who took them. */
#include <pthread.h>
#include <stdatomic.h>

#include "check.h"
#include "heap.h"

#define THREADS 6
#define ROUNDS 15000
#define MAIL 64

static struct heap *heaps[THREADS];
static unsigned long totals[THREADS];
static _Atomic(unsigned char *) mail[MAIL];
static atomic_long sent, received;

/* A block's first two bytes are its length, the rest repeats the second. */
static void letter_free(unsigned char *p)
{
	if (!p)
		return;
	for (int i = 1; i < p[0]; i++)
		CHECK(p[i] == (unsigned char)~p[0]);
	free(p);
	atomic_fetch_add(&received, 1);
}

static void *worker(void *arg)
{
	long id = (long)arg;
	unsigned seed = (unsigned)id * 77 + 5;

	totals[id] = heap_exercise(heaps[id], (unsigned)id + 1, ROUNDS);
	for (int i = 0; i < ROUNDS; i++) {
		unsigned len = 16 + random_next(&seed) % 200;
		unsigned char *p = malloc(len);

		CHECK(p);
		memset(p, (int)~len, len);
		p[0] = (unsigned char)len;
		atomic_fetch_add(&sent, 1);
		letter_free(atomic_exchange(&mail[random_next(&seed) % MAIL], p));
	}
	return NULL;
}

int main(void)
{
	pthread_t t[THREADS];

	for (long i = 0; i < THREADS; i++) {
		heaps[i] = calloc(1, sizeof(struct heap));
		CHECK(heaps[i]);
		CHECK(pthread_create(&t[i], NULL, worker, (void *)i) == 0);
	}
	for (int i = 0; i < THREADS; i++)
		CHECK(pthread_join(t[i], NULL) == 0);
	for (int i = 0; i < MAIL; i++)
		letter_free(atomic_load(&mail[i]));
	for (int i = 0; i < THREADS; i++) {
		printf("thread %d: %lu bytes went through\n", i, totals[i]);
		heap_empty(heaps[i]);
		free(heaps[i]);
	}
	CHECK(sent == received && sent == (long)THREADS * ROUNDS);
	printf("%ld blocks freed by whoever found them\n", received);
	puts("test-malloc-mt: ok");
	return 0;
}
