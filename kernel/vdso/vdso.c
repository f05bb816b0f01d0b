/* SPDX-License-Identifier: MIT */
/* Runs in the program, on its stack: reads the clock's page and the TSC; everything else is a system call. */
#include "lib/types.h"
#include "mm/vdso.h"
#include "proc/clock.h"

extern const struct vdso_clock vvar __attribute__((visibility("hidden")));

#define SYS_gettimeofday  96
#define SYS_clock_gettime 228
#define SYS_clock_getres  229
#define SYS_getcpu	  309

enum { CLOCK_REALTIME, CLOCK_MONOTONIC, CLOCK_MONOTONIC_RAW = 4, CLOCK_REALTIME_COARSE, CLOCK_MONOTONIC_COARSE,
       CLOCK_BOOTTIME };

struct timeval64 {
	s64 tv_sec, tv_usec;
};

int __vdso_clock_gettime(int clock, struct timespec64 *ts);
int __vdso_gettimeofday(struct timeval64 *tv, void *tz);
int __vdso_clock_getres(int clock, struct timespec64 *ts);
s64 __vdso_time(s64 *t);
int __vdso_getcpu(unsigned *cpu, unsigned *node, void *unused);

static long call(long nr, long a, long b, long c)
{
	long ret;

	__asm__ volatile("syscall" : "=a"(ret) : "a"(nr), "D"(a), "S"(b), "d"(c) : "rcx", "r11", "memory");
	return ret;
}

/* False: the clock's parameters are not there yet. */
static inline bool read_clock(bool wall, u64 *ns)
{
	u32 seq, lo, hi;

	do {
		seq = __atomic_load_n(&vvar.seq, __ATOMIC_ACQUIRE);
		if (!vvar.usable)
			return false;
		__asm__ volatile("lfence; rdtsc" : "=a"(lo), "=d"(hi)::"memory");
		*ns = vvar.mono_base +
		      (u64)((unsigned __int128)(((u64)hi << 32 | lo) - vvar.tsc_base) * vvar.mult >> 32);
		if (wall)
			*ns += vvar.wall_offset;
		__atomic_thread_fence(__ATOMIC_ACQUIRE);
	} while (seq & 1 || seq != __atomic_load_n(&vvar.seq, __ATOMIC_RELAXED));
	return true;
}

int __vdso_clock_gettime(int clock, struct timespec64 *ts)
{
	bool wall = clock == CLOCK_REALTIME || clock == CLOCK_REALTIME_COARSE;
	u64 ns;

	if ((!wall && clock != CLOCK_MONOTONIC && (clock < CLOCK_MONOTONIC_RAW || clock > CLOCK_BOOTTIME)) ||
	    !read_clock(wall, &ns))
		return call(SYS_clock_gettime, clock, (long)ts, 0);
	ts->tv_sec = ns / NSEC_PER_SEC;
	ts->tv_nsec = ns % NSEC_PER_SEC;
	return 0;
}

int __vdso_gettimeofday(struct timeval64 *tv, void *tz)
{
	u64 ns;

	if (!tv || tz || !read_clock(true, &ns))
		return call(SYS_gettimeofday, (long)tv, (long)tz, 0);
	tv->tv_sec = ns / NSEC_PER_SEC;
	tv->tv_usec = ns % NSEC_PER_SEC / 1000;
	return 0;
}

int __vdso_clock_getres(int clock, struct timespec64 *ts) { return call(SYS_clock_getres, clock, (long)ts, 0); }

s64 __vdso_time(s64 *t)
{
	u64 ns;
	s64 sec;

	if (!read_clock(true, &ns)) {
		struct timeval64 tv;

		call(SYS_gettimeofday, (long)&tv, 0, 0);
		sec = tv.tv_sec;
	} else {
		sec = ns / NSEC_PER_SEC;
	}
	if (t)
		*t = sec;
	return sec;
}

int __vdso_getcpu(unsigned *cpu, unsigned *node, void *unused)
{
	return call(SYS_getcpu, (long)cpu, (long)node, 0);
}
