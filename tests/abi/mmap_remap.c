/* SPDX-License-Identifier: MIT */
/* mremap(2) with contents: every page arrives, large ones too, wherever it goes. */
#include "abi.h"
#include <sys/mman.h>

#define PAGE 4096ul
#define MB   (1ul << 20)

/* A number in each page that was touched; every `step`-th was. */
static void fill(char *p, size_t len, size_t step)
{
	for (size_t i = 0; i < len; i += step * PAGE)
		*(size_t *)(p + i) = i + 1;
}

static bool check(const char *p, size_t len, size_t step)
{
	for (size_t i = 0; i < len; i += PAGE)
		if (*(const size_t *)(p + i) != (i % (step * PAGE) ? 0 : i + 1))
			return false;
	return true;
}

static char *anon(size_t len)
{
	char *p = mmap(NULL, len, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	return p == MAP_FAILED ? NULL : p;
}

/* A place for `len` bytes at `offset` from a multiple of 2 MiB. */
static char *place(size_t len, size_t offset)
{
	char *p = anon(len + 4 * MB), *at = (char *)(((unsigned long)p + 2 * MB - 1) & ~(2 * MB - 1)) + offset;

	munmap(p, len + 4 * MB);
	return at;
}

static void moves(size_t len, size_t from_offset, size_t to_offset, size_t step)
{
	char *p = mmap(place(len, from_offset), len, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0);
	char *to = place(len * 2, to_offset), *q;
	unsigned char vec;

	fill(p, len, step);
	q = mremap(p, len, len * 2, MREMAP_MAYMOVE | MREMAP_FIXED, to);
	printf("%zu KiB by %zx from +%zx to +%zx: %s, kept %d, rest zero %d, old place gone %d\n", len >> 10, step, from_offset,
	       to_offset, q == to ? "there" : strerrorname_np(errno), q == to && check(q, len, step),
	       q == to && *(size_t *)(q + 2 * len - PAGE) == 0, mincore(p, PAGE, &vec) == -1 && errno == ENOMEM);
	munmap(q, len * 2);
}

int main(void)
{
	static const size_t offsets[] = {0, PAGE, MB, 2 * MB - PAGE};
	char *p, *q, *r;

	for (unsigned i = 0; i < 4; i++)
		for (unsigned j = 0; j < 4; j++)
			moves(6 * MB, offsets[i], offsets[j], i + j == 3 ? 512 : 1 + i);
	moves(3 * PAGE, 0, 0, 1);
	/* In place, where there is room behind; else elsewhere. */
	p = place(16 * MB, 0);
	p = mmap(p, 4 * MB, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0);
	fill(p, 4 * MB, 1);
	IS(mremap(p, 4 * MB, 8 * MB, 0) == p);
	IS(check(p, 4 * MB, 1));
	r = mmap(p + 8 * MB, PAGE, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0);
	T(mremap(p, 8 * MB, 12 * MB, 0));
	q = mremap(p, 8 * MB, 12 * MB, MREMAP_MAYMOVE);
	IS(q != MAP_FAILED && q != p && check(q, 4 * MB, 1));
	IS(mremap(q, 12 * MB, 4 * MB, 0) == q && check(q, 4 * MB, 1));
	munmap(r, PAGE);
	/* The old place stays, empty. */
	r = mremap(q, 4 * MB, 4 * MB, MREMAP_MAYMOVE | MREMAP_DONTUNMAP);
	IS(r != MAP_FAILED && r != q && check(r, 4 * MB, 1) && *(size_t *)q == 0);
	T(mremap(q, 4 * MB, 8 * MB, MREMAP_MAYMOVE | MREMAP_DONTUNMAP));
	/* Onto something: it is replaced. Overlapping: refused. */
	fill(q, 4 * MB, 7);
	IS(mremap(q, 4 * MB, 4 * MB, MREMAP_MAYMOVE | MREMAP_FIXED, r) == r && check(r, 4 * MB, 7));
	T(mremap(r, 4 * MB, 4 * MB, MREMAP_MAYMOVE | MREMAP_FIXED, r + PAGE));
	/* Out of the middle of an area, which is cut. */
	fill(r, 4 * MB, 1);
	q = mremap(r + MB, MB, MB, MREMAP_MAYMOVE | MREMAP_FIXED, place(MB, PAGE));
	IS(q != MAP_FAILED && *(size_t *)q == MB + 1 && *(size_t *)(q + MB - PAGE) == 2 * MB - PAGE + 1);
	IS(*(size_t *)(r + MB - PAGE) == MB - PAGE + 1 && *(size_t *)(r + 2 * MB) == 2 * MB + 1);
	/* Without old length: only for what is shared. */
	T(mremap(q, 0, PAGE, MREMAP_MAYMOVE));
	/* Many times, as realloc(3) does it. */
	p = anon(PAGE);
	*(size_t *)p = 1;
	for (size_t len = PAGE; len < 64 * MB; len *= 2) {
		p = mremap(p, len, len * 2, MREMAP_MAYMOVE);
		if (p == MAP_FAILED)
			break;
		fill(p + len, len, 1);
	}
	IS(p != MAP_FAILED && *(size_t *)p == 1 && *(size_t *)(p + 33 * MB) == MB + 1);
	return 0;
}
