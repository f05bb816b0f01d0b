/* SPDX-License-Identifier: MIT */
/* Clocks, sleeping and timers: results, errors, and that time passes as it should. */
#include "abi.h"
#include <signal.h>
#include <sys/resource.h>
#include <sys/time.h>
#include <sys/times.h>
#include <time.h>

static volatile sig_atomic_t ticks, last_code, last_value, last_overrun;

static void tick(int sig, siginfo_t *si, void *uc)
{
	ticks++;
	last_code = si->si_code;
	last_value = si->si_value.sival_int;
	last_overrun = si->si_overrun;
}

static double now(clockid_t c)
{
	struct timespec ts;

	clock_gettime(c, &ts);
	return (double)ts.tv_sec + (double)ts.tv_nsec / 1e9;
}

static void burn(double s)
{
	double end = now(CLOCK_PROCESS_CPUTIME_ID) + s;

	while (now(CLOCK_PROCESS_CPUTIME_ID) < end)
		;
}

static void pause_ms(long ms)
{
	struct timespec ts = {ms / 1000, ms % 1000 * 1000000};

	while (nanosleep(&ts, &ts))
		;
}

static void clocks(void)
{
	static const int ids[] = {0, 1, 2, 3, 4, 5, 6, 7, 11, 10, 12, 99, -1, -2, -6, -5, -100000};
	struct timespec ts;

	for (unsigned i = 0; i < sizeof(ids) / sizeof(ids[0]); i++) {
		errno = 0;
		printf("clock %d: %ld", ids[i], syscall(SYS_clock_gettime, ids[i], &ts));
		printf(" %s\n", strerrorname_np(errno));
	}
	T(syscall(SYS_clock_gettime, 0, BAD));
	T(syscall(SYS_clock_getres, 99, &ts));
	T(syscall(SYS_clock_getres, 1, NULL));
	T(syscall(SYS_clock_getres, 1, BAD));
	T(clock_getres(CLOCK_MONOTONIC, &ts));
	IS(ts.tv_sec == 0 && ts.tv_nsec == 1);
	ts.tv_nsec = 1000000000;
	T(syscall(SYS_clock_settime, 0, &ts));
	T(syscall(SYS_clock_settime, 0, BAD));
	T(syscall(SYS_clock_settime, 1, &ts));
	T(syscall(SYS_clock_settime, 99, &ts));
	T(syscall(SYS_gettimeofday, NULL, NULL));
	T(syscall(SYS_gettimeofday, BAD, NULL));
	T(syscall(SYS_time, BAD));
	T(syscall(SYS_times, BAD));
	IS(times(NULL) != -1);
	for (int i = 0; i < 100000; i++) {
		static double last;
		double t = now(CLOCK_MONOTONIC);

		if (t < last) {
			printf("the clock went back\n");
			break;
		}
		last = t;
	}
}

static void cpu_time(void)
{
	double wall = now(CLOCK_MONOTONIC), cpu = now(CLOCK_PROCESS_CPUTIME_ID), mine = now(CLOCK_THREAD_CPUTIME_ID);
	struct rusage ru;

	pause_ms(100);
	IS(now(CLOCK_PROCESS_CPUTIME_ID) - cpu < 0.08);
	IS(now(CLOCK_MONOTONIC) - wall >= 0.1);
	burn(0.05);
	IS(now(CLOCK_THREAD_CPUTIME_ID) - mine >= 0.045);
	T(getrusage(RUSAGE_SELF, &ru));
	IS(ru.ru_utime.tv_sec * 1000000 + ru.ru_utime.tv_usec + ru.ru_stime.tv_sec * 1000000 + ru.ru_stime.tv_usec >
	   45000);
	IS(ru.ru_maxrss > 0);
	T(getrusage(RUSAGE_THREAD, &ru));
	T(getrusage(RUSAGE_CHILDREN, &ru));
	T(getrusage(7, &ru));
	T(syscall(SYS_getrusage, RUSAGE_SELF, BAD));
	(void)wall, (void)cpu, (void)mine;
}

static void sleeps(void)
{
	struct timespec ts = {0, 1000000000}, rem, past = {1, 0};
	double start;

	T(nanosleep(&ts, NULL));
	ts.tv_nsec = -1;
	T(nanosleep(&ts, NULL));
	ts = (struct timespec){-1, 0};
	T(nanosleep(&ts, NULL));
	T(syscall(SYS_nanosleep, BAD, NULL));
	ts = (struct timespec){0, 0};
	T(nanosleep(&ts, &rem));
	T(syscall(SYS_clock_nanosleep, 99, 0, &ts, NULL));
	T(syscall(SYS_clock_nanosleep, CLOCK_THREAD_CPUTIME_ID, 0, &ts, NULL));
	T(syscall(SYS_clock_nanosleep, CLOCK_MONOTONIC_RAW, 0, &ts, NULL));
	T(syscall(SYS_clock_nanosleep, CLOCK_MONOTONIC_COARSE, 0, &ts, NULL));
	T(syscall(SYS_clock_nanosleep, CLOCK_MONOTONIC, TIMER_ABSTIME, &past, NULL));
	T(syscall(SYS_clock_nanosleep, CLOCK_REALTIME, TIMER_ABSTIME, &past, NULL));
	T(syscall(SYS_clock_nanosleep, CLOCK_BOOTTIME, TIMER_ABSTIME, &past, NULL));
	ts = (struct timespec){0, 30000000};
	start = now(CLOCK_MONOTONIC);
	T(syscall(SYS_clock_nanosleep, CLOCK_REALTIME, 0, &ts, NULL));
	IS(now(CLOCK_MONOTONIC) - start >= 0.03);
	clock_gettime(CLOCK_REALTIME, &ts);
	ts.tv_sec += 1;
	start = now(CLOCK_MONOTONIC);
	T(syscall(SYS_clock_nanosleep, CLOCK_REALTIME, TIMER_ABSTIME, &ts, NULL));
	IS(now(CLOCK_MONOTONIC) - start >= 0.99 && now(CLOCK_MONOTONIC) - start < 3);
	(void)start;
}

static void itimers(void)
{
	struct itimerval it = {{0, 0}, {0, 1000000}}, old;
	struct sigaction sa = {.sa_sigaction = tick, .sa_flags = SA_SIGINFO | SA_RESTART};

	sigaction(SIGALRM, &sa, NULL);
	sigaction(SIGVTALRM, &sa, NULL);
	sigaction(SIGPROF, &sa, NULL);
	T(setitimer(ITIMER_REAL, &it, NULL));
	T(setitimer(3, &it, NULL));
	T(getitimer(-1, &it));
	T(syscall(SYS_getitimer, ITIMER_REAL, BAD));
	T(syscall(SYS_setitimer, ITIMER_REAL, BAD, NULL));
	it = (struct itimerval){{5, 0}, {100, 500000}};
	T(setitimer(ITIMER_REAL, &it, &old));
	IS(old.it_value.tv_sec == 0 && old.it_value.tv_usec == 0);
	T(getitimer(ITIMER_REAL, &it));
	IS(it.it_value.tv_sec == 100 && it.it_interval.tv_sec == 5 && it.it_value.tv_usec <= 500000);
	T(alarm(0));
	T(getitimer(ITIMER_REAL, &it));
	IS(it.it_value.tv_sec == 0 && it.it_value.tv_usec == 0);
	T(alarm(10));
	T(alarm(0));
	it = (struct itimerval){{0, 10000}, {0, 10000}};
	setitimer(ITIMER_REAL, &it, NULL);
	while (ticks < 5)
		pause();
	printf("real: code %x\n", (unsigned)last_code);
	it = (struct itimerval){{0, 0}, {0, 0}};
	setitimer(ITIMER_REAL, &it, NULL);
	ticks = 0;
	it = (struct itimerval){{0, 10000}, {0, 10000}};
	setitimer(ITIMER_PROF, &it, NULL);
	pause_ms(50);
	IS(ticks <= 2); /* asleep: no CPU time */
	ticks = 0;
	burn(0.15);
	IS(ticks >= 5);
	setitimer(ITIMER_PROF, &(struct itimerval){{0, 0}, {0, 0}}, NULL);
	ticks = 0;
	it = (struct itimerval){{0, 0}, {0, 20000}};
	setitimer(ITIMER_VIRTUAL, &it, NULL);
	for (long i = 0; i < 4000000000l && !ticks; i++)
		;
	IS(ticks == 1);
}

static void posix(void)
{
	struct sigaction sa = {.sa_sigaction = tick, .sa_flags = SA_SIGINFO};
	struct sigevent ev = {.sigev_notify = SIGEV_SIGNAL, .sigev_signo = SIGRTMIN + 2};
	struct itimerspec its = {{0, 0}, {0, 20000000}}, cur;
	sigset_t set;
	timer_t t, t2;
	siginfo_t si;

	ev.sigev_value.sival_int = 42;
	sigaction(SIGRTMIN + 2, &sa, NULL);
	T(syscall(SYS_timer_create, 99, NULL, &t));
	T(syscall(SYS_timer_create, CLOCK_MONOTONIC_COARSE, NULL, &t));
	T(syscall(SYS_timer_create, CLOCK_MONOTONIC, BAD, &t));
	T(syscall(SYS_timer_create, CLOCK_MONOTONIC, NULL, BAD));
	T(syscall(SYS_timer_settime, 12345, 0, &its, NULL));
	T(syscall(SYS_timer_gettime, 12345, &its));
	T(syscall(SYS_timer_getoverrun, 12345));
	T(syscall(SYS_timer_delete, 12345));
	ev.sigev_signo = 77;
	T(timer_create(CLOCK_MONOTONIC, &ev, &t));
	ev.sigev_signo = SIGRTMIN + 2;
	T(timer_create(CLOCK_MONOTONIC, &ev, &t));
	ticks = 0;
	T(timer_settime(t, 0, &its, NULL));
	while (!ticks)
		pause_ms(5);
	printf("fired: code %d value %d overrun %d\n", (int)last_code, (int)last_value, (int)last_overrun);
	T(timer_gettime(t, &cur));
	IS(cur.it_value.tv_sec == 0 && cur.it_value.tv_nsec == 0);
	/* Periods that pass while the signal is blocked are counted, not queued. */
	sigemptyset(&set);
	sigaddset(&set, SIGRTMIN + 2);
	sigprocmask(SIG_BLOCK, &set, NULL);
	its.it_interval.tv_nsec = its.it_value.tv_nsec = 10000000;
	T(timer_settime(t, 0, &its, NULL));
	pause_ms(105);
	T(sigwaitinfo(&set, &si) == SIGRTMIN + 2);
	IS(si.si_overrun >= 7);
	IS(timer_getoverrun(t) == si.si_overrun);
	its = (struct itimerspec){{0, 0}, {0, 0}};
	T(timer_settime(t, 0, &its, &cur));
	IS(cur.it_interval.tv_nsec == 10000000 && cur.it_value.tv_nsec > 0);
	its.it_value.tv_nsec = 1000000000;
	T(timer_settime(t, 0, &its, NULL));
	T(timer_delete(t));
	T(syscall(SYS_timer_delete, (int)(long)t));
	/* In CPU time, and one that sends nothing. */
	T(timer_create(CLOCK_THREAD_CPUTIME_ID, &ev, &t));
	ev.sigev_notify = SIGEV_NONE;
	T(timer_create(CLOCK_REALTIME, &ev, &t2));
	its = (struct itimerspec){{0, 0}, {0, 20000000}};
	timer_settime(t, 0, &its, NULL);
	timer_settime(t2, 0, &its, NULL);
	sigprocmask(SIG_UNBLOCK, &set, NULL);
	ticks = 0;
	burn(0.06);
	IS(ticks == 1);
	T(timer_gettime(t2, &cur));
	IS(cur.it_value.tv_nsec == 0);
	timer_delete(t);
	timer_delete(t2);
}

int main(void)
{
	clocks();
	cpu_time();
	sleeps();
	itimers();
	posix();
	return 0;
}
