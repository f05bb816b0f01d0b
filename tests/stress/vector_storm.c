/* SPDX-License-Identifier: MIT */
/* More threads than CPUs keep values in all vector registers, across preemption, yields and sleeps. */
#include "stress.h"
#include <emmintrin.h>
#include <sched.h>

#define THREADS 8
#define ROUNDS	200

/* Loads all sixteen registers with patterns, spins or calls, and compares. */
static void hold(uint64_t seed, int how)
{
	uint64_t before[32], after[32];
	long nr = how == 1 ? 24 : 39, result; /* sched_yield, getpid */

	for (int i = 0; i < 32; i++)
		before[i] = seed * 0x9e3779b97f4a7c15ull + (uint64_t)i;
	memset(after, 0, sizeof(after));
	__asm__ volatile(
#define LOAD(n, at) "movdqu " #at "(%[b]), %%xmm" #n "\n"
#define SAVE(n, at) "movdqu %%xmm" #n ", " #at "(%[a])\n"
		LOAD(0, 0) LOAD(1, 16) LOAD(2, 32) LOAD(3, 48) LOAD(4, 64) LOAD(5, 80) LOAD(6, 96) LOAD(7, 112)
		LOAD(8, 128) LOAD(9, 144) LOAD(10, 160) LOAD(11, 176) LOAD(12, 192) LOAD(13, 208) LOAD(14, 224)
		LOAD(15, 240)
		"mov $2000, %%ecx\n"
		"1: dec %%ecx\n"
		"jnz 1b\n"
		"test %[how], %[how]\n"
		"jz 2f\n"
		"mov %[nr], %%rax\n"
		"syscall\n"
		"2:\n"
		SAVE(0, 0) SAVE(1, 16) SAVE(2, 32) SAVE(3, 48) SAVE(4, 64) SAVE(5, 80) SAVE(6, 96) SAVE(7, 112)
		SAVE(8, 128) SAVE(9, 144) SAVE(10, 160) SAVE(11, 176) SAVE(12, 192) SAVE(13, 208) SAVE(14, 224)
		SAVE(15, 240)
		: "=&a"(result)
		: [b] "r"(before), [a] "r"(after), [how] "r"(how), [nr] "r"(nr)
		: "rcx", "r11", "memory", "cc", "xmm0", "xmm1", "xmm2", "xmm3", "xmm4", "xmm5", "xmm6", "xmm7", "xmm8",
		  "xmm9", "xmm10", "xmm11", "xmm12", "xmm13", "xmm14", "xmm15");
	if (memcmp(before, after, sizeof(before)) != 0)
		FAIL("vector registers changed (%d)", how);
}

static void *work(void *arg)
{
	uint32_t rng = 5u + (uint32_t)(intptr_t)arg;
	unsigned mxcsr = _mm_getcsr();

	/* A rounding mode of its own for each thread. */
	_mm_setcsr((mxcsr & ~0x6000u) | ((unsigned)(intptr_t)arg & 3) << 13);
	for (int i = 0; i < ROUNDS; i++) {
		hold(stress_random(&rng), i % 3);
		if (i % 50 == 0)
			usleep(100);
		MUST((_mm_getcsr() & 0x6000u) >> 13 == ((unsigned)(intptr_t)arg & 3));
	}
	return NULL;
}

int main(void)
{
	stress_threads(THREADS, work);
	printf("%d threads\n", THREADS);
	return 0;
}
