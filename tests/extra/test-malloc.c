/* SPDX-License-Identifier: MIT */
/* The heap: random sizes with their contents checked, growth and return, failure. */
#include <malloc.h>
#include <stdint.h>

#include "check.h"
#include "heap.h"

static void test_alignment(void)
{
	for (size_t align = 16; align <= 1 << 20; align *= 4) {
		void *p = NULL;

		CHECK(posix_memalign(&p, align, 100) == 0);
		CHECK((uintptr_t)p % align == 0);
		memset(p, 1, 100);
		free(p);
	}
	puts("alignment: ok");
}

static void test_large(void)
{
	/* Above the mmap threshold: comes zeroed, goes back, comes again. */
	for (size_t mib = 1; mib <= 64; mib *= 4) {
		size_t len = mib << 20;
		unsigned char *p = calloc(1, len);

		CHECK(p);
		for (size_t i = 0; i < len; i += 4096)
			CHECK(p[i] == 0);
		memset(p, 0x5a, len);
		p = realloc(p, len * 2);
		CHECK(p && p[0] == 0x5a && p[len - 1] == 0x5a);
		free(p);
	}
	puts("large blocks: ok");
}

static void test_failure(void)
{
	volatile size_t too_much = SIZE_MAX / 4;

	errno = 0;
	CHECK(malloc(too_much) == NULL && errno == ENOMEM);
	errno = 0;
	CHECK(calloc(too_much, 8) == NULL && errno == ENOMEM);
	puts("too much gives ENOMEM: ok");
}

int main(void)
{
	struct heap *h = calloc(1, sizeof(*h));

	CHECK(h);
	for (unsigned seed = 1; seed <= 4; seed++)
		printf("seed %u: %lu bytes went through\n", seed, heap_exercise(h, seed, 40000));
	heap_empty(h);
	free(h);
	malloc_trim(0);
	test_alignment();
	test_large();
	test_failure();
	puts("test-malloc: ok");
	return 0;
}
