/* SPDX-License-Identifier: MIT */
/*
 * A CPU sleeps while its thread waits; meanwhile another replaces, protects or opens up the page that the sleeper has
 * just used. What the sleeper sees when it wakes is the page as it is now, not what its TLB remembers.
 */
#include "stress.h"
#include <sched.h>
#include <semaphore.h>
#include <setjmp.h>
#include <signal.h>
#include <sys/mman.h>

#define ROUNDS 600
#define PAGE   4096ul

static volatile uint32_t *page;
static sem_t go, done;
static sigjmp_buf back;
static volatile bool expecting;

static void on_fault(int sig)
{
	if (!expecting)
		FAIL("signal %d that nobody provoked", sig);
	siglongjmp(back, 1);
}

/* Where there are two CPUs, each thread keeps to its own, so that the sleeper's CPU has nothing else to do. */
static void use_cpu(unsigned which)
{
	cpu_set_t set;

	CPU_ZERO(&set);
	CPU_SET(which, &set);
	(void)sched_setaffinity(0, sizeof(set), &set);
}

static bool write_faults(uint32_t v)
{
	if (sigsetjmp(back, 1)) {
		expecting = false;
		return true;
	}
	expecting = true;
	*page = v;
	expecting = false;
	return false;
}

static void *sleeper(void *arg)
{
	use_cpu(1);
	for (uint32_t i = 0; i < ROUNDS; i++) {
		MUST(sem_wait(&go) == 0);
		uint32_t seen = *page;
		if (seen != i)
			FAIL("round %u: the page holds %u", i, seen);
		if (write_faults(i) != (i % 3 == 1))
			FAIL("round %u: a write does not do what mprotect has said", i);
		MUST(sem_post(&done) == 0);
	}
	return arg;
}

static void replace(uint32_t round)
{
	/* At times while the other is only on its way to sleep. */
	if (round % 4)
		usleep(200);
	switch (round % 3) {
	case 0:
		MUST(mmap((void *)page, PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1,
			  0) == (void *)page);
		*page = round;
		break;
	case 1:
		*page = round;
		MUST(mprotect((void *)page, PAGE, PROT_READ) == 0);
		break;
	default:
		MUST(mprotect((void *)page, PAGE, PROT_READ | PROT_WRITE) == 0);
		MUST(madvise((void *)page, PAGE, MADV_DONTNEED) == 0);
		*page = round;
	}
}

int main(void)
{
	struct sigaction sa = {.sa_handler = on_fault};
	pthread_t t;

	sigaction(SIGSEGV, &sa, NULL);
	page = mmap(NULL, PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	MUST(page != MAP_FAILED && sem_init(&go, 0, 0) == 0 && sem_init(&done, 0, 0) == 0);
	use_cpu(0);
	MUST(pthread_create(&t, NULL, sleeper, NULL) == 0);
	for (uint32_t i = 0; i < ROUNDS; i++) {
		replace(i);
		MUST(sem_post(&go) == 0);
		MUST(sem_wait(&done) == 0);
	}
	MUST(pthread_join(t, NULL) == 0);
	printf("%d rounds\n", ROUNDS);
	return 0;
}
