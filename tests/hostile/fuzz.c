/* SPDX-License-Identifier: MIT */
/*
 * Random sequences of system calls: fuzz SEED SEQUENCES [CALLS].  Four threads at once make CALLS calls each, of the
 * whole table, with arguments from a grammar; then descriptors, memory, timers and files are put back, and the next
 * sequence begins.  The same seed makes the same calls (the threads' order is the machine's).  Who sleeps is woken
 * by a signal; who cannot be woken is a hang, which is named with its seed.  The kernel must survive: a report of
 * its own ends the run without an exit status.
 */
#include "calls.h"
#include <sys/prctl.h>

#define THREADS	  4
#define ARENA	  ((char *)0x200000000)
#define ARENA_LEN (64 * 4096l)
#define HANG_SEC  60

/*
 * Left out: what ends the program or takes its own ground away, by design and not by a mistake of the kernel.
 */
static const char left_out[] =
	" exit exit_group rt_sigreturn "	  /* no way back */
	"fork vfork clone clone3 "		  /* a copy of this code on another stack */
	"brk close_range chroot pivot_root "	  /* of everybody */
	"setuid setgid setreuid setregid setresuid setresgid setfsuid setfsgid setgroups " /* for good */
	"setrlimit reboot rt_sigaction rt_sigsuspend sethostname " /* nobody would be woken or reported any more */
	"sched_setaffinity sched_setscheduler sched_setattr sched_setparam "; /* who watches must get a CPU */

/* Pointers that these read would say what to do to the program: only bad ones. */
static const char bad_pointers_only[] =
	" execve execveat rseq arch_prctl prlimit64 rt_sigprocmask timer_create ppoll pselect6 epoll_pwait epoll_pwait2 "
	"set_robust_list process_vm_writev process_vm_readv ";

static struct worker {
	pthread_t thread;
	uint64_t random;
	int tid;
	volatile unsigned long calls; /* made; odd: in one */
	volatile int nr;
	unsigned long last;
	time_t since;
	volatile bool done;
} workers[THREADS];

static unsigned calls_each = 40;
static volatile unsigned long round_now;
static unsigned long seed;

static uint64_t next(struct worker *w)
{
	w->random ^= w->random << 13;
	w->random ^= w->random >> 7;
	w->random ^= w->random << 17;
	return w->random * 0x2545f4914f6cdd1dull >> 16;
}
#define PICK(w, list) ((list)[next(w) % (sizeof(list) / sizeof((list)[0]))])

static long bad_pointer(struct worker *w)
{
	static const long bad[] = {0, 1, 0x123456000, (long)0xffffffff80100000, (long)0xffff888000000000,
		(long)0x8000000000000000, -1, -4096, 0x7ffffffffffe, 0x7ffffffff000};

	return PICK(w, bad);
}

static long pointer(struct worker *w, bool only_bad)
{
	switch (only_bad ? 0 : next(w) % 8) {
	case 0:
		return bad_pointer(w);
	case 1: /* across the end, or the border of two pages */
		return (long)ARENA + (next(w) & 1 ? ARENA_LEN : 4096 * (long)(next(w) % 64)) - (long)(next(w) % 32);
	case 2:
		return (long)ARENA + 4096 * (long)(next(w) % 64);
	default:
		return (long)ARENA + 8 * (long)(next(w) % (ARENA_LEN / 8));
	}
}

static long path(struct worker *w)
{
	static const char *const paths[] = {"a", "b", "c", "d", "d/a", "d/b", "d/../a", "./a", "a/", "", ".", "d", "link", "sock",
		"/dev/null", "/dev/zero", "/dev/full", "/dev/urandom", "/proc/self/maps", "/proc/self/status", "/proc/self/fd",
		"/proc/self/fd/3", "/proc/meminfo", "/proc/cpuinfo", "/sys/devices/system/cpu/online", "/tmp/fuzz/a", "/tmp/fuzz",
		"/tmp/fuzz/d/e/f", "no/such", "/proc/self/mem", "/dev/tty", "fifo", "/dev/shm/x", "user.name"};

	return next(w) % 8 == 0 ? pointer(w, false) : (long)PICK(w, paths);
}

static long number(struct worker *w)
{
	static const long odd[] = {-1, 0, 1, 2, 3, 4, 5, 7, 8, 16, 100, 255, 4095, 4096, 4097, 65536, 0x7fffffff, 0x80000000l,
		0xffffffffl, 0x7fffffffffffffff, (long)0x8000000000000000, 0x5555555555555555, -4096, -100};

	switch (next(w) % 4) {
	case 0:
		return PICK(w, odd);
	case 1:
		return 1l << next(w) % 64;
	case 2:
		return (long)(1ul << next(w) % 32 | 1ul << next(w) % 32 | 1ul << next(w) % 32);
	default:
		return (long)(next(w) % 16);
	}
}

static long descriptor(struct worker *w)
{
	static const long odd[] = {-1, -100, 1000000, 0x7fffffff, 900};

	return next(w) % 8 == 0 ? PICK(w, odd) : 3 + (long)(next(w) % 24);
}

static long length(struct worker *w, const struct call *c)
{
	static const long odd[] = {-1, 0x7fffffffffffffff, (long)0x8000000000000000, 1l << 47, 0x7ffff000, 0xffffffffl};
	static const long usual[] = {0, 1, 8, 8, 8, 16, 24, 64, 128, 4096, 4096, 8192, 65536};

	/* Memory beyond the arena is the program's own. */
	if (next(w) % 8 == 0 && !named(c->name, " mmap munmap mprotect mremap madvise pkey_mprotect mbind mlock mlock2 munlock "))
		return PICK(w, odd);
	return PICK(w, usual);
}

static long signal_number(struct worker *w)
{
	static const long sigs[] = {0, SIGUSR1, SIGUSR2, SIGCHLD, SIGWINCH, 34, 63, 64, 65, -1, 1000};

	return PICK(w, sigs);
}

static long argument(struct worker *w, const struct call *c, unsigned i)
{
	bool only_bad = named(c->name, bad_pointers_only);

	switch (c->arg[i]) {
	case W_fd:
		return descriptor(w);
	case W_dirfd:
		return next(w) % 2 ? AT_FDCWD : descriptor(w);
	case W_path: case W_str:
		return only_bad ? bad_pointer(w) : path(w);
	case W_sigset:
		return bad_pointer(w);
	case W_buf: case W_outbuf: case W_ptr: case W_timespec: case W_iovec:
		return pointer(w, only_bad);
	case W_len:
		return length(w, c);
	case W_sig:
		return signal_number(w);
	default:
		return number(w);
	}
}

/* Calls whose numbers mean something to the program itself. */
static void tame(struct worker *w, const struct call *c, long a[6])
{
	bool inside = a[0] >= (long)ARENA && a[0] < (long)ARENA + ARENA_LEN;

	if (named(c->name, " munmap mprotect mremap madvise pkey_mprotect mbind mlock mlock2 munlock mmap ") && inside) {
		long room = (long)ARENA + ARENA_LEN - a[0];

		a[1] = a[1] > room ? room : a[1];
	}
	if (named(c->name, " mmap mremap shmat "))
		a[3] &= ~0x40000000l; /* nothing of the size of all memory */
	if (named(c->name, " mremap ")) {
		a[2] &= 0xffff;
		a[4] = (long)ARENA;
	}
	if (named(c->name, " mmap ")) {
		a[0] = inside ? a[0] & ~4095l : 0;
		a[1] = inside && a[0] + a[1] > (long)ARENA + ARENA_LEN ? 4096 : a[1];
	}
	if (named(c->name, " shmat "))
		a[1] = 0, a[2] &= ~040000l;
	if (named(c->name, " shmget fallocate ftruncate truncate pwrite64 pwritev pwritev2 "))
		for (unsigned i = 1; i < 6; i++)
			if (!is_pointer(c->arg[i]) && a[i] > 1 << 20)
				a[i] &= 0xfffff;
	if (named(c->name, " mmap lseek copy_file_range ") && a[5] > 1 << 20)
		a[5] &= 0xff000;
	if (named(c->name, " lseek "))
		a[1] &= 0xfffff;
	if (named(c->name, " dup2 dup3 ") && a[1] >= 0 && a[1] < 3)
		a[1] = 3;
	if (named(c->name, " close ") && (int)a[0] >= 0 && (int)a[0] < 3)
		a[0] = 3;
	if (named(c->name, " futex ") && ((a[1] & 0x7f) == 6 || (a[1] & 0x7f) == 13))
		a[1] ^= 1; /* FUTEX_LOCK_PI begins anew after every signal, on Linux too */
	if (named(c->name, " arch_prctl ") && ((int)a[0] == 0x1002 || (int)a[0] == 0x1001))
		a[0] = 0x1003;
	if (named(c->name, " rt_sigqueueinfo rt_tgsigqueueinfo pidfd_send_signal kill tkill tgkill "))
		for (unsigned i = 0; i < 3; i++)
			if (c->arg[i] == W_int)
				a[i] = next(w) % 2 ? 1 : a[i];
	if (named(c->name, " prctl ") && (int)a[0] == PR_SET_SECCOMP)
		a[0] = PR_GET_SECCOMP;
	if (named(c->name, " setpriority nice "))
		a[2] = 0;
	if (named(c->name, " ioctl ") && (next(w) & 1))
		a[1] = 0x5401 + (long)(next(w) % 0x70);
}

static void one(struct worker *w)
{
	static const long zero;
	const struct call *c;
	long a[6] = {0};

	do
		c = &calls[next(w) % CALLS];
	while (named(c->name, left_out));
	for (unsigned i = 0; i < 6 && c->arg[i] != W_none; i++)
		a[i] = argument(w, c, i);
	tame(w, c, a);
	w->nr = c->nr;
	w->calls++;
	(void)raw(c->nr, a);
	(void)raw(SYS_rt_sigprocmask, (long[6]){SIG_SETMASK, (long)&zero, 0, 8});
	w->calls++;
}

static void *work(void *arg)
{
	struct worker *w = arg;
	unsigned long round = 0;

	w->tid = (int)syscall(SYS_gettid);
	for (;;) {
		while (round_now == round)
			nanosleep(&(struct timespec){0, 100000}, NULL);
		round = round_now;
		for (unsigned i = 0; i < calls_each; i++)
			one(w);
		w->done = true;
	}
	return NULL;
}

/* What the last sequence has left behind. */
static void reset(void)
{
	static const long nothing[4];
	uint64_t *words = (uint64_t *)ARENA;

	syscall(SYS_close_range, 3, ~0u, 0);
	if (mmap(ARENA, ARENA_LEN, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0) != ARENA)
		exit(2);
	for (unsigned i = 0; i < ARENA_LEN / 8; i += 16) {
		words[i] = (uint64_t)pointer(&workers[0], false);
		words[i + 1] = next(&workers[0]) % 4097;
		words[i + 2] = (uint64_t)number(&workers[0]);
	}
	for (long i = 0; i < 3; i++)
		syscall(SYS_setitimer, i, nothing, NULL);
	for (long i = 0; i < 40; i++)
		syscall(SYS_timer_delete, i);
	syscall(SYS_chdir, "/tmp/fuzz");
	syscall(SYS_umask, 022);
	static const char *const left[] = {"a", "b", "c", "link", "sock", "fifo", "d/a", "d/b", "user.name", "/dev/shm/x"};
	for (unsigned i = 0; i < sizeof(left) / sizeof(left[0]); i++)
		if (syscall(SYS_unlink, left[i]) && errno == EISDIR)
			syscall(SYS_rmdir, left[i]);
	syscall(SYS_mkdir, "d", 0755);
	syscall(SYS_symlink, "a", "link");
	syscall(SYS_open, "a", O_RDWR | O_CREAT | O_NONBLOCK, 0644);
	syscall(SYS_open, "d", O_RDONLY | O_DIRECTORY);
	syscall(SYS_pipe2, (int[2]){0}, O_NONBLOCK);
	syscall(SYS_eventfd2, 1, O_NONBLOCK);
	syscall(SYS_epoll_create1, 0);
	syscall(SYS_socketpair, 1, 1 | O_NONBLOCK, 0, (int[2]){0});
	syscall(SYS_socketpair, 1, 2, 0, (int[2]){0});
	syscall(SYS_timerfd_create, 1, 0);
	syscall(SYS_memfd_create, "m", 0);
}

/* Whoever has not moved since the last look is sent a signal; whoever does not move for long hangs. */
static bool watch(unsigned long sequence)
{
	bool all = true;

	for (unsigned i = 0; i < THREADS; i++) {
		struct worker *w = &workers[i];

		if (w->done)
			continue;
		all = false;
		if (w->calls != w->last) {
			w->last = w->calls;
			w->since = time(NULL);
			struct timespec now;

			clock_gettime(CLOCK_MONOTONIC, &now);
			w->since = now.tv_sec;
			continue;
		}
		struct timespec now;

		clock_gettime(CLOCK_MONOTONIC, &now);
		syscall(SYS_tgkill, getpid(), w->tid, 40);
		if (now.tv_sec - w->since > HANG_SEC) {
			printf("hang: seed %lu, sequence %lu, thread %u in call %d\n", seed, sequence, i, w->nr);
			fflush(stdout);
			_exit(1);
		}
	}
	return all;
}

int main(int argc, char **argv)
{
	unsigned long sequences;

	if (argc < 3)
		return 2;
	seed = strtoul(argv[1], NULL, 0);
	sequences = strtoul(argv[2], NULL, 0);
	if (argc > 3)
		calls_each = (unsigned)strtoul(argv[3], NULL, 0);
	take_signals();
	if (mkdir("/tmp/fuzz", 0755) || chdir("/tmp/fuzz"))
		return 2;
	for (unsigned i = 0; i < THREADS; i++)
		if (pthread_create(&workers[i].thread, NULL, work, &workers[i]))
			return 2;
	for (unsigned long s = 0; s < sequences; s++) {
		for (unsigned i = 0; i < THREADS; i++) {
			workers[i].random = (seed + s) * 0x9e3779b97f4a7c15ull + i * 0x632be59bd9b4e019ull + 1;
			next(&workers[i]);
			workers[i].done = false;
		}
		reset();
		round_now++;
		while (!watch(s))
			nanosleep(&(struct timespec){0, 1000000}, NULL);
	}
	printf("survived\n");
	fflush(stdout);
	_exit(0);
}
