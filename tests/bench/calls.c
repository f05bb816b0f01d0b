/* SPDX-License-Identifier: MIT */
/*
 * What single operations cost: tools/bench runs this under the counting plugin
 * and reads the instructions between the marks.  mark_NAME_0 and _1 are around
 * the first time, which meets a cold kernel (an empty cache), _2 and _3 around a
 * later one: by then the call sites are rewritten.
 */
#define _GNU_SOURCE
#include <fcntl.h>
#include <linux/futex.h>
#include <pthread.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#define WARM 8
#define MARK(name) __asm__ volatile(".globl mark_" name "\nmark_" name ":" ::: "memory")
#define MEASURE(name, work)            \
	static __attribute__((noinline)) void measure_##name(void) \
	{                              \
		MARK(#name "_0");      \
		work;                  \
		MARK(#name "_1");      \
		for (int warm = 0; warm < WARM; warm++) \
			work;          \
		MARK(#name "_2");      \
		work;                  \
		MARK(#name "_3");      \
	}

static int word, turn, zero, pipe_fds[2];
static char *page;

static void malloc_touch(void)
{
	volatile char *p = malloc(1 << 20);

	if (!p)
		abort();
	for (size_t i = 0; i < 1 << 20; i += 4096)
		p[i] = 1;
	free((char *)p);
}

static void touch_page(void)
{
	*(volatile char *)page = 1;
	page += 4096;
}

static void write_byte(void)
{
	if (write(1, ".", 1) != 1)
		abort();
}

static void read_zero(void)
{
	char c;

	if (read(zero, &c, 1) != 1)
		abort();
}

static void write_pipe(void)
{
	if (write(pipe_fds[1], ".", 1) != 1)
		abort();
}

/* Yields for as long as there is somebody to yield to. */
static void *yielder(void *arg)
{
	while (!__atomic_load_n(&word, __ATOMIC_RELAXED))
		sched_yield();
	return arg;
}

static void now(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
}

/* Nobody waits. */
static void futex_wake(void)
{
	syscall(SYS_futex, &word, FUTEX_WAKE_PRIVATE, 1, NULL, NULL, 0);
}

static void turn_over(int to)
{
	__atomic_store_n(&turn, to, __ATOMIC_SEQ_CST);
	syscall(SYS_futex, &turn, FUTEX_WAKE_PRIVATE, 1, NULL, NULL, 0);
}

static void turn_wait(int mine)
{
	int t;

	while ((t = __atomic_load_n(&turn, __ATOMIC_SEQ_CST)) != mine)
		syscall(SYS_futex, &turn, FUTEX_WAIT_PRIVATE, t, NULL, NULL, 0);
}

/* To the other thread and back: two wake-ups, two waits, two switches. */
static void futex_round(void)
{
	turn_over(1);
	turn_wait(0);
}

static void *partner(void *arg)
{
	for (int i = 0; i < WARM + 4; i++) {
		turn_wait(1);
		turn_over(0);
	}
	return arg;
}

static void *nothing(void *arg)
{
	return arg;
}

static void create_join(void)
{
	pthread_t t;

	if (pthread_create(&t, NULL, nothing, NULL) || pthread_join(t, NULL))
		abort();
}

MEASURE(empty, )
MEASURE(getppid, getppid())
MEASURE(read_zero, read_zero())
MEASURE(write_pipe, write_pipe())
MEASURE(yield_switch, sched_yield())
MEASURE(sched_yield, sched_yield())
MEASURE(clock_gettime, now())
MEASURE(write_1, write_byte())
MEASURE(malloc_1M, malloc_touch())
MEASURE(first_touch, touch_page())
MEASURE(futex_wake, futex_wake())
MEASURE(futex_round, futex_round())
MEASURE(create_join, create_join())

int main(void)
{
	pthread_t t;

	/* Small, and not aligned to 2 MiB: ordinary pages. */
	page = mmap(NULL, 32 * 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	if (page == MAP_FAILED)
		return 1;
	measure_empty();
	zero = open("/dev/zero", O_RDONLY | O_CLOEXEC);
	if (zero < 0 || pipe2(pipe_fds, O_CLOEXEC))
		return 1;
	measure_getppid();
	measure_read_zero();
	measure_write_pipe();
	measure_sched_yield();
	measure_clock_gettime();
	measure_write_1();
	measure_malloc_1M();
	measure_first_touch();
	measure_futex_wake();
	measure_create_join();
	if (pthread_create(&t, NULL, partner, NULL))
		return 1;
	futex_round(); /* the partner has started and waits */
	futex_round();
	measure_futex_round();
	pthread_join(t, NULL);
	if (pthread_create(&t, NULL, yielder, NULL))
		return 1;
	measure_yield_switch();
	word = 1;
	pthread_join(t, NULL);
	return 0;
}
