/* SPDX-License-Identifier: MIT */
#define _GNU_SOURCE
#include "kvm/stats.h"

#include <errno.h>
#include <sys/mman.h>
#include <stdbool.h>
#include <time.h>
#include <unistd.h>

static struct hermit_stats nowhere;
static struct hermit_stats *stats = &nowhere;

int stats_open(int fd)
{
	struct hermit_stats *s;

	/* The file's size is whatever it was given; ours is the one that counts. */
	if (ftruncate(fd, sizeof(*s)))
		return -errno;
	s = mmap(NULL, sizeof(*s), PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	if (s == MAP_FAILED)
		return -errno;
	for (int i = 0; i < HERMIT_STAGES; i++)
		s->stage[i] = nowhere.stage[i];
	stats = s;
	__atomic_store_n(&s->magic, HERMIT_STATS_MAGIC, __ATOMIC_RELEASE);
	return 0;
}

void stats_stage(enum hermit_stats_stage stage)
{
	uint64_t none = 0;
	struct timespec t;

	if (__atomic_load_n(&stats->stage[stage], __ATOMIC_RELAXED))
		return;
	clock_gettime(CLOCK_MONOTONIC, &t);
	__atomic_compare_exchange_n(&stats->stage[stage], &none, (uint64_t)t.tv_sec * 1000000000 + (uint64_t)t.tv_nsec,
				    false, __ATOMIC_RELAXED, __ATOMIC_RELAXED);
}

void stats_exit(enum hermit_stats_exit why)
{
	__atomic_fetch_add(&stats->exits[why], 1, __ATOMIC_RELAXED);
}
