/* SPDX-License-Identifier: MIT */
/* Random use of malloc, realloc, calloc and free; every block carries a pattern that is checked. */
#ifndef EXTRA_HEAP_H
#define EXTRA_HEAP_H

#include <stddef.h>

#include "check.h"

#define HEAP_BLOCKS 512

struct heap {
	struct {
		unsigned char *p;
		size_t len;
		unsigned char mark;
	} block[HEAP_BLOCKS];
};

static inline void heap_fill(struct heap *h, int i, unsigned mark)
{
	h->block[i].mark = (unsigned char)mark;
	memset(h->block[i].p, (int)h->block[i].mark, h->block[i].len);
}

static inline void heap_verify(const struct heap *h, int i, size_t len)
{
	const unsigned char *p = h->block[i].p;

	/* Ends and a few places between: all of it would take too long for large blocks. */
	for (size_t k = 0; k < len; k += 1 + len / 16)
		CHECK(p[k] == h->block[i].mark);
	CHECK(len == 0 || p[len - 1] == h->block[i].mark);
}

static inline size_t heap_size(unsigned *seed)
{
	unsigned kind = random_next(seed) % 100;

	if (kind < 70)
		return random_next(seed) % 512;
	return random_next(seed) % (kind < 99 ? 16384u : 400000u);
}

/* Returns the number of bytes asked for. */
static inline unsigned long heap_exercise(struct heap *h, unsigned seed, int rounds)
{
	unsigned long total = 0;

	while (rounds--) {
		int i = (int)(random_next(&seed) % HEAP_BLOCKS);
		size_t len = heap_size(&seed), old = h->block[i].len;

		if (!h->block[i].p) {
			h->block[i].p = random_next(&seed) % 4 ? malloc(len) : calloc(1, len);
			CHECK(h->block[i].p || len == 0);
		} else if (random_next(&seed) % 3 == 0 && len) {
			heap_verify(h, i, old);
			h->block[i].p = realloc(h->block[i].p, len);
			CHECK(h->block[i].p);
			heap_verify(h, i, old < len ? old : len);
		} else {
			heap_verify(h, i, old);
			free(h->block[i].p);
			h->block[i].p = NULL;
			h->block[i].len = 0;
			continue;
		}
		h->block[i].len = h->block[i].p ? len : 0;
		heap_fill(h, i, random_next(&seed));
		total += len;
	}
	return total;
}

static inline void heap_empty(struct heap *h)
{
	for (int i = 0; i < HEAP_BLOCKS; i++) {
		heap_verify(h, i, h->block[i].len);
		free(h->block[i].p);
		h->block[i].p = NULL;
		h->block[i].len = 0;
	}
}

#endif
