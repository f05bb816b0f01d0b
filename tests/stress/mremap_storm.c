/* SPDX-License-Identifier: MIT */
/*
 * Threads grow, shrink and move their mappings, small ones and ones of large
 * pages, to places with and without room, while others run on the same CPUs:
 * every page keeps its contents and new ones are zero.
 */
#include "stress.h"
#include <sys/mman.h>

#define THREADS 4
#define ROUNDS	12
#define PAGE	4096ul

static void stamp(char *p, size_t from, size_t to, uint64_t tag)
{
	for (size_t i = from; i < to; i++) {
		uint64_t *word = (uint64_t *)(p + i * PAGE) + i % 512;

		MUST(*word == 0);
		*word = tag + i;
	}
}

static void check(const char *p, size_t pages, uint64_t tag)
{
	for (size_t i = 0; i < pages; i++)
		if (((const uint64_t *)(p + i * PAGE))[i % 512] != tag + i)
			FAIL("page %zu of %zu does not hold its stamp", i, pages);
}

static size_t any_size(uint32_t *rng)
{
	return stress_random(rng) % 4 ? 1 + stress_random(rng) % 60 : 400 + stress_random(rng) % 1500;
}

static void *work(void *arg)
{
	uint64_t tag = ((uint64_t)(intptr_t)arg + 1) << 32;
	uint32_t rng = 77u + (uint32_t)(intptr_t)arg;
	size_t pages = any_size(&rng);
	char *p = mmap(NULL, pages * PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	MUST(p != MAP_FAILED);
	stamp(p, 0, pages, tag);
	for (int i = 0; i < ROUNDS; i++) {
		size_t want = any_size(&rng);
		int flags = MREMAP_MAYMOVE;
		char *to = NULL;

		if (stress_random(&rng) % 3 == 0) {
			/* To a place of its own choice, at times one that fits large pages and at times not. */
			size_t off = stress_random(&rng) % 2 ? 0 : stress_random(&rng) % 512;

			to = mmap(NULL, (want + 1024) * PAGE, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
			MUST(to != MAP_FAILED);
			MUST(munmap(to, off * PAGE) == 0 || off == 0);
			MUST(munmap(to + (off + want) * PAGE, (1024 - off) * PAGE) == 0);
			to += off * PAGE;
			flags |= MREMAP_FIXED;
		}
		char *q = mremap(p, pages * PAGE, want * PAGE, flags, to);

		MUST(q != MAP_FAILED && (!to || q == to));
		check(q, want < pages ? want : pages, tag);
		if (want > pages)
			stamp(q, pages, want, tag);
		p = q;
		pages = want;
		/* A hole or a protected page in the middle now and then, put right again. */
		if (pages > 3 && stress_random(&rng) % 4 == 0) {
			MUST(mprotect(p + PAGE, PAGE, PROT_READ) == 0);
			MUST(mremap(p, pages * PAGE, (pages + 1) * PAGE, MREMAP_MAYMOVE) == MAP_FAILED);
			MUST(mprotect(p + PAGE, PAGE, PROT_READ | PROT_WRITE) == 0);
		}
		check(p, pages, tag);
	}
	MUST(munmap(p, pages * PAGE) == 0);
	return NULL;
}

int main(void)
{
	stress_threads(THREADS, work);
	printf("%d threads, %d rounds\n", THREADS, ROUNDS);
	return 0;
}
