/* SPDX-License-Identifier: MIT */
/*
 * Threads map, protect, discard and unmap while others fault in the same areas.
 * Each knows what its own pages must hold; in the shared area a read gives the
 * page's pattern, zeros or a fault that is caught, never another page's bytes.
 */
#include "stress.h"
#include <setjmp.h>
#include <signal.h>
#include <sys/mman.h>

#define THREADS 6
#define ROUNDS	60
#define PAGE	4096ul
#define SHARED	64

static char *shared;
static __thread sigjmp_buf back;
static __thread volatile bool expecting;

static void on_fault(int sig)
{
	if (!expecting)
		FAIL("signal %d that nobody provoked", sig);
	expecting = false;
	siglongjmp(back, 1);
}

static void check_shared(size_t page)
{
	volatile uint32_t *p = (volatile uint32_t *)(shared + page * PAGE);

	if (sigsetjmp(back, 1))
		return;
	expecting = true;
	uint32_t v = p[(page * 7) % 1024];
	expecting = false;
	if (v != 0 && v != (uint32_t)page + 1)
		FAIL("page %zu holds %u", page, v);
}

static void write_shared(size_t page)
{
	volatile uint32_t *p = (volatile uint32_t *)(shared + page * PAGE);

	if (sigsetjmp(back, 1))
		return;
	expecting = true;
	p[(page * 7) % 1024] = (uint32_t)page + 1;
	expecting = false;
}

static void disturb_shared(uint32_t *rng)
{
	size_t page = stress_random(rng) % SHARED, n = 1 + stress_random(rng) % 4;

	if (page + n > SHARED)
		n = SHARED - page;
	switch (stress_random(rng) % 5) {
	case 0:
		MUST(mprotect(shared + page * PAGE, n * PAGE, PROT_READ) == 0);
		break;
	case 1:
		MUST(mprotect(shared + page * PAGE, n * PAGE, PROT_READ | PROT_WRITE) == 0);
		break;
	case 2:
		MUST(madvise(shared + page * PAGE, n * PAGE, MADV_DONTNEED) == 0);
		break;
	case 3:
		MUST(mprotect(shared + page * PAGE, n * PAGE, PROT_NONE) == 0);
		break;
	default:
		MUST(mmap(shared + page * PAGE, n * PAGE, PROT_READ | PROT_WRITE,
			  MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0) != MAP_FAILED);
	}
}

static void own_area(uint32_t *rng, int self)
{
	size_t pages = 1 + stress_random(rng) % 40;
	uint32_t *p = mmap(NULL, pages * PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	MUST(p != MAP_FAILED);
	for (size_t i = 0; i < pages; i++) {
		MUST(p[i * 1024 + 5] == 0);
		p[i * 1024 + 5] = (uint32_t)(i * 100) + (uint32_t)self;
	}
	size_t hole = stress_random(rng) % pages;
	MUST(munmap((char *)p + hole * PAGE, PAGE) == 0);
	for (size_t i = 0; i < pages; i++)
		if (i != hole)
			MUST(p[i * 1024 + 5] == (uint32_t)(i * 100) + (uint32_t)self);
	/* Not the hole: it may be another thread's by now. */
	if (hole > 0)
		MUST(munmap(p, hole * PAGE) == 0);
	if (hole + 1 < pages)
		MUST(munmap((char *)p + (hole + 1) * PAGE, (pages - hole - 1) * PAGE) == 0);
}

static void *work(void *arg)
{
	int self = (int)(intptr_t)arg;
	uint32_t rng = 12345u + (uint32_t)self * 77777u;

	for (int i = 0; i < ROUNDS; i++) {
		own_area(&rng, self);
		disturb_shared(&rng);
		for (int k = 0; k < 4; k++) {
			write_shared(stress_random(&rng) % SHARED);
			check_shared(stress_random(&rng) % SHARED);
		}
	}
	return NULL;
}

int main(void)
{
	struct sigaction sa = {.sa_handler = on_fault};

	sigaction(SIGSEGV, &sa, NULL);
	sigaction(SIGBUS, &sa, NULL);
	shared = mmap(NULL, SHARED * PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	MUST(shared != MAP_FAILED);
	stress_threads(THREADS, work);
	MUST(mmap(shared, SHARED * PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0) ==
	     shared);
	for (size_t i = 0; i < SHARED * PAGE; i++)
		MUST(shared[i] == 0);
	printf("%d threads, %d rounds\n", THREADS, ROUNDS);
	return 0;
}
