/* SPDX-License-Identifier: MIT */
/* Calls that few programs make: the clock's adjustment, I/O priorities, handles, advice by pidfd, NUMA. */
#include "abi.h"
#include <linux/aio_abi.h>
#include <linux/mempolicy.h>
#include <pthread.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/timex.h>
#include <sys/uio.h>
#include <time.h>

static void clock_adjustment(void)
{
	struct timex t = {0};
	struct timespec before, after;

	IS(syscall(SYS_adjtimex, &t) == (t.status & STA_UNSYNC ? TIME_ERROR : TIME_OK));
	SAY("%ld %ld %ld %d\n", (long)t.precision, (long)t.tolerance, (long)t.tick, t.tai);
	IS(labs((long)(t.time.tv_sec - time(NULL))) <= 1);
	T(syscall(SYS_adjtimex, BAD));
	IS(syscall(SYS_clock_adjtime, CLOCK_REALTIME, &t) == (t.status & STA_UNSYNC ? TIME_ERROR : TIME_OK));
	T(syscall(SYS_clock_adjtime, CLOCK_MONOTONIC, &t));
	T(syscall(SYS_clock_adjtime, CLOCK_PROCESS_CPUTIME_ID, &t));
	T(syscall(SYS_clock_adjtime, 99, &t));
	T(syscall(SYS_clock_adjtime, CLOCK_REALTIME, BAD));
	t.modes = 0x8000; /* adjtime(3)'s, without an offset */
	T(syscall(SYS_adjtimex, &t));
	t.modes = 0xa001; /* ADJ_OFFSET_SS_READ */
	IS(syscall(SYS_adjtimex, &t) >= 0);
	t.modes = ADJ_TICK;
	t.tick = 1;
	T(syscall(SYS_adjtimex, &t));
	t.modes = ADJ_SETOFFSET | ADJ_NANO;
	t.time.tv_usec = 1000000000;
	T(syscall(SYS_adjtimex, &t));
	clock_gettime(CLOCK_REALTIME, &before);
	t.time.tv_sec = 0;
	t.time.tv_usec = 1000;
	IS(syscall(SYS_adjtimex, &t) >= 0);
	t.time.tv_sec = -1;
	t.time.tv_usec = 999999000;
	IS(syscall(SYS_adjtimex, &t) >= 0);
	clock_gettime(CLOCK_REALTIME, &after);
	IS(after.tv_sec - before.tv_sec >= 0 && after.tv_sec - before.tv_sec < 3);
	if (seteuid(5) == 0) {
		T(syscall(SYS_adjtimex, &t));
		t.modes = 0;
		IS(syscall(SYS_adjtimex, &t) >= 0);
		t.modes = ADJ_TICK;
		t.tick = 1;
		T(syscall(SYS_adjtimex, &t));
		seteuid(0);
	}
}

#define IOPRIO(class, data) ((class) << 13 | (data))
static long ioprio_get(int which, int who) { return syscall(SYS_ioprio_get, which, who); }
static long ioprio_set(int which, int who, int prio) { return syscall(SYS_ioprio_set, which, who, prio); }

static void io_priorities(void)
{
	T(ioprio_set(1, 0, IOPRIO(0, 0)));
	setpriority(PRIO_PROCESS, 0, 0);
	T(ioprio_get(1, 0));
	T(ioprio_get(2, 0));
	setpriority(PRIO_PROCESS, 0, 10);
	T(ioprio_get(1, 0));
	T(ioprio_get(2, 0));
	T(ioprio_set(1, 0, IOPRIO(2, 3)));
	T(ioprio_get(1, 0));
	T(ioprio_get(1, getpid()));
	T(ioprio_get(2, getpgrp()));
	T(ioprio_set(1, 0, IOPRIO(3, 0)));
	T(ioprio_get(1, gettid()));
	T(ioprio_set(1, 0, IOPRIO(1, 2)));
	T(ioprio_get(1, 0));
	T(ioprio_set(1, 0, IOPRIO(0, 1)));
	T(ioprio_set(1, 0, IOPRIO(5, 1)));
	T(ioprio_set(0, 0, IOPRIO(2, 1)));
	T(ioprio_set(4, 0, IOPRIO(2, 1)));
	T(ioprio_set(1, 99999999, IOPRIO(2, 1)));
	T(ioprio_get(1, 99999999));
	T(ioprio_get(2, 99999999));
	T(ioprio_get(0, 0));
	T(ioprio_set(1, 0, IOPRIO(0, 0)));
	T(ioprio_get(1, 0));
	if (seteuid(5) == 0) {
		T(ioprio_set(1, 0, IOPRIO(1, 2)));
		T(ioprio_set(1, 0, IOPRIO(2, 0)));
		seteuid(0);
	}
}

static void handles(void)
{
	struct {
		struct file_handle h;
		char more[128];
	} f = {.h.handle_bytes = 128};
	int mount;

	T(name_to_handle_at(AT_FDCWD, "/proc/self", &f.h, &mount, 0));
	T(name_to_handle_at(AT_FDCWD, "/sys/devices", &f.h, &mount, AT_SYMLINK_FOLLOW));
	T(name_to_handle_at(AT_FDCWD, "/proc/none", &f.h, &mount, 0));
	T(name_to_handle_at(AT_FDCWD, "", &f.h, &mount, 0));
	T(name_to_handle_at(99, "", &f.h, &mount, AT_EMPTY_PATH));
	T(name_to_handle_at(AT_FDCWD, BAD, &f.h, &mount, 0));
	T(name_to_handle_at(AT_FDCWD, "/proc", &f.h, &mount, 0x10));
	f.h.handle_bytes = 0;
	T(open_by_handle_at(AT_FDCWD, &f.h, O_RDONLY));
	f.h.handle_bytes = 129;
	T(open_by_handle_at(AT_FDCWD, &f.h, O_RDONLY));
	T(open_by_handle_at(AT_FDCWD, BAD, O_RDONLY));
	f.h.handle_bytes = 8;
	T(open_by_handle_at(99, &f.h, O_RDONLY));
	if (seteuid(5) == 0) {
		T(open_by_handle_at(AT_FDCWD, &f.h, O_RDONLY));
		seteuid(0);
	}
}

static void advice(void)
{
	char *p = mmap(NULL, 4 * 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	struct iovec v[2] = {{p, 4096}, {p + 8192, 4096}}, hole[2] = {{p, 4096}, {p + 12288, 4096}};
	int self = (int)syscall(SYS_pidfd_open, getpid(), 0);

	munmap(p + 12288, 4096);
	T(syscall(SYS_process_madvise, self, v, 2, MADV_COLD, 0));
	T(syscall(SYS_process_madvise, self, v, 2, MADV_PAGEOUT, 0));
	T(syscall(SYS_process_madvise, self, v, 2, MADV_WILLNEED, 0));
	T(syscall(SYS_process_madvise, self, v, 0, MADV_COLD, 0));
	T(syscall(SYS_process_madvise, self, hole, 2, MADV_COLD, 0));
	T(syscall(SYS_process_madvise, self, hole + 1, 1, MADV_COLD, 0));
	T(syscall(SYS_process_madvise, self, v, 2, 7777, 0));
	T(syscall(SYS_process_madvise, self, v, 2, MADV_COLD, 1));
	T(syscall(SYS_process_madvise, self, BAD, 2, MADV_COLD, 0));
	T(syscall(SYS_process_madvise, self, v, 1025, MADV_COLD, 0));
	T(syscall(SYS_process_madvise, 99, v, 2, MADV_COLD, 0));
	T(syscall(SYS_process_madvise, 0, v, 2, MADV_COLD, 0));
	T(syscall(SYS_process_mrelease, self, 0));
	T(syscall(SYS_process_mrelease, self, 1));
	T(syscall(SYS_process_mrelease, 99, 0));
	close(self);
}

static void numa(void)
{
	char *p = mmap(NULL, 3 * 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	void *pages[3] = {p, p + 4096 + 17, (void *)4096};
	unsigned long node0 = 1, none = 0, got = 7;
	int nodes[3] = {0, 0, 0}, bad_nodes[3] = {4000, 0, 0}, status[3] = {77, 77, 77}, mode = -1;

	p[0] = 1;
	T(syscall(SYS_set_mempolicy, MPOL_BIND, &node0, 64));
	T(syscall(SYS_get_mempolicy, &mode, &got, 1024, 0, 0));
	SAY("mode %d, nodes %lx\n", mode, got);
	T(syscall(SYS_set_mempolicy, MPOL_INTERLEAVE, &none, 64));
	T(syscall(SYS_set_mempolicy, MPOL_PREFERRED, &node0, 64));
	T(syscall(SYS_get_mempolicy, &mode, NULL, 0, 0, 0));
	SAY("mode %d\n", mode);
	T(syscall(SYS_set_mempolicy, MPOL_DEFAULT, &node0, 64));
	T(syscall(SYS_set_mempolicy, 99, NULL, 0));
	T(syscall(SYS_set_mempolicy, MPOL_BIND, BAD, 64));
	T(syscall(SYS_set_mempolicy, MPOL_DEFAULT, NULL, 0));
	T(syscall(SYS_get_mempolicy, &mode, NULL, 0, 0, 0));
	SAY("mode %d\n", mode);
	T(syscall(SYS_migrate_pages, 0, 64, &node0, &node0));
	T(syscall(SYS_migrate_pages, 0, 64, &node0, &none));
	T(syscall(SYS_migrate_pages, 99999999, 64, &node0, &node0));
	T(syscall(SYS_migrate_pages, 0, 64, BAD, &node0));
	T(syscall(SYS_move_pages, 0, 3, pages, NULL, status, 0));
	SAY("%d %d %d\n", status[0], status[1], status[2]);
	T(syscall(SYS_move_pages, 0, 2, pages, nodes, status, MPOL_MF_MOVE));
	SAY("%d %d\n", status[0], status[1]);
	T(syscall(SYS_move_pages, getpid(), 0, NULL, NULL, NULL, 0));
	T(syscall(SYS_move_pages, 0, 1, pages, bad_nodes, status, MPOL_MF_MOVE));
	T(syscall(SYS_move_pages, 0, 1, pages, NULL, status, 1));
	T(syscall(SYS_move_pages, 99999999, 1, pages, NULL, status, 0));
	T(syscall(SYS_move_pages, 0, 1, BAD, NULL, status, 0));
	T(syscall(SYS_move_pages, 0, 1, pages, NULL, BAD, 0));
}

static volatile sig_atomic_t seen;
static void on_signal(int sig) { seen++; }

static void *kicker(void *main_thread)
{
	usleep(50000);
	pthread_kill(*(pthread_t *)main_thread, SIGUSR1);
	return NULL;
}

static void events(void)
{
	aio_context_t ctx = 0;
	struct timespec ts = {0, 1000000}, far = {20, 0};
	struct io_event e;
	uint64_t usr1 = 1ull << (SIGUSR1 - 1), none = 0;
	struct {
		const void *mask;
		size_t size;
	} sig = {&none, 8}, short_sig = {&none, 4}, bad = {BAD, 8};
	pthread_t self = pthread_self(), t;

	signal(SIGUSR1, on_signal);
	T(syscall(SYS_io_setup, 4, &ctx));
	T(syscall(SYS_io_pgetevents, ctx, 1, 1, &e, &ts, NULL));
	T(syscall(SYS_io_pgetevents, ctx, 1, 1, &e, &ts, &sig));
	T(syscall(SYS_io_pgetevents, ctx, 1, 1, &e, &ts, &short_sig));
	T(syscall(SYS_io_pgetevents, ctx, 1, 1, &e, &ts, &bad));
	T(syscall(SYS_io_pgetevents, ctx, 1, 1, &e, &ts, BAD));
	T(syscall(SYS_io_pgetevents, 12345, 1, 1, &e, &ts, &sig));
	T(syscall(SYS_rt_sigprocmask, SIG_BLOCK, &usr1, NULL, 8));
	pthread_create(&t, NULL, kicker, &self);
	T(syscall(SYS_io_pgetevents, ctx, 1, 1, &e, &far, &sig)); /* lets the signal through */
	SAY("seen %d\n", (int)seen);
	pthread_join(t, NULL);
	T(syscall(SYS_io_destroy, ctx));
}

int main(void)
{
	clock_adjustment();
	io_priorities();
	handles();
	advice();
	numa();
	events();
	return 0;
}
