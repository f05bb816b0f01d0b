/* SPDX-License-Identifier: MIT */
/* Allocators and locks with all CPUs at them at once: what unit tests, with one thread, cannot show. */
#include "lib/log.h"
#include "lib/spinlock.h"
#include "lib/string.h"
#include "mm/frame.h"
#include "mm/heap.h"
#include "platform/platform.h"
#include "proc/cpu.h"
#include "proc/sched.h"
#include "proc/thread.h"
#include "selftest/selftest.h"

#define THREADS_PER_CPU 2
#define HELD		64
#define LOCK_TURNS	20000

static u32 running;

/* xorshift64 (Marsaglia, "Xorshift RNGs", 2003) */
static u64 next_random(u64 *x)
{
	*x ^= *x << 13;
	*x ^= *x >> 7;
	*x ^= *x << 17;
	return *x;
}

static void nap(nsec_t ns)
{
	sched_prepare_sleep(false);
	sched_sleep(platform_clock() + ns);
}

/* Runs fn(number) in THREADS_PER_CPU threads for each CPU; returns when all have ended. */
static void on_all_cpus(void (*fn)(void *))
{
	unsigned n = THREADS_PER_CPU * cpu_count;

	__atomic_store_n(&running, n, __ATOMIC_RELEASE);
	for (unsigned i = 0; i < n; i++)
		if (!thread_spawn_kernel("stress", fn, (void *)(uintptr_t)(i + 1)))
			panic("no memory for a thread");
	while (__atomic_load_n(&running, __ATOMIC_ACQUIRE))
		nap(5 * NSEC_PER_MSEC);
}

static void done(void) { __atomic_fetch_sub(&running, 1, __ATOMIC_RELEASE); }

/* An object is full of its thread's own pattern, so that one given out twice is seen. */
static void heap_worker(void *arg)
{
	struct {
		u64 *p;
		size_t words;
	} held[HELD] = {0};
	u64 x = (u64)arg * 0x9e3779b97f4a7c15;

	for (unsigned step = 0; step < 15000; step++) {
		unsigned i = next_random(&x) % HELD;
		u64 *p = held[i].p, tag = (u64)arg << 32 | i;

		if (p) {
			for (size_t k = 0; k < held[i].words; k++)
				if (p[k] != tag)
					panic("stress: an object of thread %lu has changed", (unsigned long)arg);
			kfree(p);
			held[i].p = NULL;
		} else {
			held[i].words = 1 + next_random(&x) % (step % 64 ? 40 : 1500);
			p = held[i].p = kmalloc(held[i].words * sizeof(*p));
			for (size_t k = 0; p && k < held[i].words; k++)
				p[k] = tag;
		}
		if (step % 512 == 0)
			sched_yield_cpu();
	}
	for (unsigned i = 0; i < HELD; i++)
		kfree(held[i].p);
	done();
}

static void heap(void) { on_all_cpus(heap_worker); }

static void frame_worker(void *arg)
{
	struct {
		paddr_t p;
		unsigned order;
	} held[HELD] = {0};
	u64 x = (u64)arg * 0x9e3779b97f4a7c15;

	for (unsigned step = 0; step < 20000; step++) {
		unsigned i = next_random(&x) % HELD;
		u64 tag = (u64)arg << 32 | i;

		if (held[i].p) {
			if (*(u64 *)frame_ptr(held[i].p) != tag)
				panic("stress: a frame of thread %lu has changed", (unsigned long)arg);
			frame_ref(held[i].p);
			frame_unref(held[i].p);
			frame_unref(held[i].p);
			held[i].p = 0;
		} else {
			held[i].order = next_random(&x) % 8 ? 0 : next_random(&x) % 5;
			held[i].p = frame_alloc(held[i].order);
			if (held[i].p)
				*(u64 *)frame_ptr(held[i].p) = tag;
		}
		if (step % 512 == 0)
			sched_yield_cpu();
	}
	for (unsigned i = 0; i < HELD; i++)
		if (held[i].p)
			frame_free(held[i].p, held[i].order);
	done();
}

static void frames(void)
{
	u64 before, after;

	on_all_cpus(frame_worker); /* the threads' stacks stay with the platform: count after a first round */
	nap(50 * NSEC_PER_MSEC);   /* until the last thread's own memory is back */
	before = frame_free_count();
	on_all_cpus(frame_worker);
	nap(50 * NSEC_PER_MSEC);
	after = frame_free_count();
	if (after + 64 < before)
		panic("stress: %lu frames are lost", (unsigned long)(before - after));
}

static struct spinlock turn_lock = SPINLOCK_INIT;
static u64 turns;

static void lock_worker(void *arg)
{
	for (unsigned i = 0; i < LOCK_TURNS; i++) {
		unsigned long ev = spin_lock(&turn_lock);
		u64 t = READ_ONCE(turns);

		WRITE_ONCE(turns, t + 1);
		spin_unlock(&turn_lock, ev);
	}
	done();
}

static void locks(void)
{
	u64 want = (u64)LOCK_TURNS * THREADS_PER_CPU * cpu_count;

	on_all_cpus(lock_worker);
	if (turns != want)
		panic("stress: %lu turns of a lock are lost", (unsigned long)(want - turns));
}

const struct selftest selftests_stress[] = {
	{"stress-heap", heap, true},
	{"stress-frames", frames, true},
	{"stress-locks", locks, true},
	{NULL, NULL, true},
};
