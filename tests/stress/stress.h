/* SPDX-License-Identifier: MIT */
/*
 * For programs that look for races: many threads, little luck left to chance.
 * A result is printed once, at the end, and is the same in every run.
 */
#ifndef STRESS_H
#define STRESS_H

#ifndef _GNU_SOURCE
#define _GNU_SOURCE
#endif
#include <errno.h>
#include <pthread.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#define FAIL(...)                                              \
	do {                                                   \
		fprintf(stderr, "%s:%d: ", __FILE__, __LINE__); \
		fprintf(stderr, __VA_ARGS__);                  \
		fprintf(stderr, " (errno %d)\n", errno);       \
		_exit(1);                                      \
	} while (0)
#define MUST(cond)                       \
	do {                             \
		if (!(cond))             \
			FAIL("%s", #cond); \
	} while (0)

static inline uint32_t stress_random(uint32_t *state)
{
	*state ^= *state << 13;
	*state ^= *state >> 17;
	*state ^= *state << 5;
	return *state;
}

/* Runs f(0) ... f(n - 1), each in a thread of its own, and waits for all of them. */
static inline void stress_threads(int n, void *(*f)(void *))
{
	pthread_t t[64];

	for (int i = 0; i < n; i++)
		MUST(pthread_create(&t[i], NULL, f, (void *)(intptr_t)i) == 0);
	for (int i = 0; i < n; i++)
		MUST(pthread_join(t[i], NULL) == 0);
}

static inline uint64_t stress_ns(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return (uint64_t)ts.tv_sec * 1000000000ull + (uint64_t)ts.tv_nsec;
}

#endif
