/* SPDX-License-Identifier: MIT */
/*
 * fill CPUS MIB PERCENT full|sparse: the machine has so many CPUs, each runs a
 * thread; at least PERCENT of its memory is free for the program, and holds what
 * is written there.  sparse writes a page here and there, for machines larger
 * than their host.
 */
#define _GNU_SOURCE
#include <pthread.h>
#include <sched.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/sysinfo.h>

#define PAGE 4096ul
#define SPARSE_PAGES 64
/* What page tables, stacks and the program's own pages take while memory fills up. */
#define SPARE(size) ((size) / 256 + (512ul << 10))

static void fail(const char *what, unsigned long is, unsigned long wanted)
{
	printf("%s: %lu, %lu is wanted\n", what, is, wanted);
	exit(1);
}

static void *on_cpu(void *arg)
{
	long cpu = (long)(intptr_t)arg;
	cpu_set_t set;

	CPU_ZERO(&set);
	CPU_SET((size_t)cpu, &set);
	if (sched_setaffinity(0, sizeof(set), &set))
		return (void *)1;
	for (int i = 0; i < 100; i++) {
		if (sched_getcpu() != cpu)
			return (void *)2;
		sched_yield();
	}
	return NULL;
}

static void check_cpus(long n)
{
	pthread_t *t = calloc((size_t)n, sizeof(*t));
	pthread_attr_t small;
	void *bad;

	if (get_nprocs() != n)
		fail("CPUs", (unsigned long)get_nprocs(), (unsigned long)n);
	pthread_attr_init(&small);
	pthread_attr_setstacksize(&small, 64 << 10);
	for (long i = 0; i < n; i++)
		if (pthread_create(&t[i], &small, on_cpu, (void *)(intptr_t)i))
			fail("threads", (unsigned long)i, (unsigned long)n);
	for (long i = 0; i < n; i++) {
		pthread_join(t[i], &bad);
		if (bad)
			fail("thread is not on CPU", (unsigned long)(uintptr_t)bad, (unsigned long)i);
	}
	free(t);
}

static uint64_t pattern(size_t page, size_t word)
{
	return (page * 512 + word) * 0x9e3779b97f4a7c15ull + 1;
}

static void fill(uint64_t *p, size_t pages, size_t step, size_t words)
{
	for (size_t i = 0; i < pages; i += step)
		for (size_t w = 0; w < 512; w += 512 / words)
			p[i * 512 + w] = pattern(i, w);
	for (size_t i = 0; i < pages; i += step)
		for (size_t w = 0; w < 512; w += 512 / words)
			if (p[i * 512 + w] != pattern(i, w))
				fail("page with wrong contents", i, 0);
}

int main(int argc, char **argv)
{
	unsigned long mib, percent, size;
	struct sysinfo si;
	bool sparse;
	void *p;

	if (argc != 5)
		return 99;
	mib = strtoul(argv[2], NULL, 10);
	percent = strtoul(argv[3], NULL, 10);
	sparse = strcmp(argv[4], "sparse") == 0;
	check_cpus(strtol(argv[1], NULL, 10));

	sysinfo(&si);
	if (si.totalram * si.mem_unit > mib << 20)
		fail("more memory than there is, in MiB", si.totalram * si.mem_unit >> 20, mib);
	size = si.freeram * si.mem_unit;
	if (size < SPARE(size))
		fail("bytes free", size, SPARE(size));
	size = (size - SPARE(size)) & -PAGE;
	if (size < (mib << 20) / 100 * percent)
		fail("KiB for the program", size >> 10, (mib << 10) / 100 * percent);
	p = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	if (p == MAP_FAILED)
		fail("KiB mapped", 0, size >> 10);
	fill(p, size / PAGE, sparse ? size / PAGE / SPARSE_PAGES : 1, sparse ? 1 : 4);
	/* and once more, after it has been given back */
	munmap(p, size);
	p = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	if (p == MAP_FAILED)
		fail("KiB mapped again", 0, size >> 10);
	fill(p, size / PAGE, sparse ? size / PAGE / SPARSE_PAGES : 1, 1);
	printf("ok\n");
	return 0;
}
