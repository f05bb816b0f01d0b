/* SPDX-License-Identifier: MIT */
/*
 * The same words of an area of large pages are counted up by all threads while
 * one cuts pages out of it and protects others: no count may be lost, and no
 * processor may write through a translation that is gone.
 */
#include "stress.h"
#include <sys/mman.h>

#define THREADS 4
#define SIZE	(8ul << 20)
#define PAGE	4096ul
#define ADDS	20000

static uint64_t *area;
static int go_on = 1;

static void *add(void *arg)
{
	uint32_t rng = 99u + (uint32_t)(intptr_t)arg;

	for (int i = 0; i < ADDS; i++) {
		/* Even pages belong to the counters, odd ones to the cutter. */
		size_t page = (stress_random(&rng) % (SIZE / PAGE)) & ~1ul;

		__atomic_fetch_add(&area[page * 512 + (stress_random(&rng) & 511)], 1, __ATOMIC_RELAXED);
	}
	return NULL;
}

static void *cut(void *arg)
{
	uint32_t rng = 4711;

	while (__atomic_load_n(&go_on, __ATOMIC_RELAXED)) {
		size_t page = stress_random(&rng) % (SIZE / PAGE) | 1;
		char *p = (char *)area + page * PAGE;

		MUST(mprotect(p, PAGE, PROT_READ) == 0);
		MUST(*(volatile char *)p == 0);
		MUST(munmap(p, PAGE) == 0);
		MUST(mmap(p, PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0) == p);
		*(volatile char *)p = 1;
		MUST(madvise(p, PAGE, MADV_DONTNEED) == 0);
		MUST(*(volatile char *)p == 0);
		usleep(50);
	}
	return arg;
}

int main(void)
{
	uint64_t sum = 0;
	pthread_t cutter;

	area = mmap(NULL, SIZE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	MUST(area != MAP_FAILED);
	MUST(pthread_create(&cutter, NULL, cut, NULL) == 0);
	stress_threads(THREADS, add);
	__atomic_store_n(&go_on, 0, __ATOMIC_RELAXED);
	MUST(pthread_join(cutter, NULL) == 0);
	for (size_t i = 0; i < SIZE / 8; i++)
		sum += area[i];
	printf("counted %lu of %lu\n", (unsigned long)sum, (unsigned long)THREADS * ADDS);
	return 0;
}
