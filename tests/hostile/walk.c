/* SPDX-License-Identifier: MIT */
/*
 * Walks the whole table of system calls with pointers and descriptors that cannot be right, one at a time, the other
 * arguments harmless.  A call must come back, with an error where the wrong argument has to be looked at.
 * Prints what it did not get, and the number of calls made.
 */
#include "calls.h"

/* Not called, and why: they do not come back, or take the test's own ground away whatever their arguments are. */
static const char left_out[] =
	" exit exit_group rt_sigreturn " /* no way back */
	"pause rt_sigsuspend "		/* wait for ever by design; fuzz.c has them, with somebody who wakes them */
	"fork vfork clone clone3 "	/* a second process or thread that would go on from here */
	"munmap mprotect mremap brk "	/* NULL and the kernel's addresses are tried below, by hand */
	"restart_syscall ";

/* Calls that need not look at the pointer, or have nothing to do before it. */
static const char may_ignore_pointer[] =
	" mmap madvise mincore msync mlock munlock mlock2 mbind get_mempolicy set_robust_list set_tid_address futex "
	"rseq arch_prctl shmat shmdt mprotect pkey_mprotect remap_file_pages getcpu mq_unlink process_madvise "
	"sethostname setdomainname "; /* of no bytes */

/* A descriptor that is not looked at: its other arguments were wrong first, or it is no descriptor then. */
static const char may_ignore_fd[] = " mmap sendfile close_range kcmp ";

#define UNMAPPED 0x123456000l

static char *good, *readonly, *edge; /* edge: the last 2 bytes before nothing */
static int file;
static long made, wrong;

static void prepare(void)
{
	char *p = mmap(NULL, 16 * 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	if (p == MAP_FAILED || mkdir("/tmp/walk", 0755) || chdir("/tmp/walk"))
		exit(2);
	good = p;
	readonly = p + 8 * 4096;
	edge = p + 14 * 4096 - 2;
	munmap(p + 14 * 4096, 2 * 4096);
	mprotect(readonly, 4096, PROT_READ);
	take_signals();
}

/* What does no harm: a path of its own, a zero, room. */
static long harmless(const struct call *c, unsigned i)
{
	switch (c->arg[i]) {
	case W_fd:
		return file;
	case W_dirfd:
		return AT_FDCWD;
	case W_path: case W_str:
		strcpy(good + 4096, "no-such-file");
		return (long)(good + 4096);
	case W_buf: case W_outbuf: case W_ptr:
		return (long)good;
	case W_len:
		return named(c->name, " rt_sigaction rt_sigprocmask rt_sigpending rt_sigtimedwait ppoll epoll_pwait epoll_pwait2 ") ? 8 : 64;
	case W_iovec:
		return (long)(good + 2 * 4096);
	case W_timespec: case W_sigset:
		return (long)(good + 3 * 4096);
	case W_uint:
		return named(c->name,
			     " readv writev preadv pwritev preadv2 pwritev2 poll ppoll vmsplice process_vm_readv process_vm_writev ") ? 1 : 0;
	default:
		return 0;
	}
}

static void reset(void)
{
	memset(good, 0, 8 * 4096);
	((long *)(good + 2 * 4096))[0] = (long)good; /* an iovec: base, length */
	((long *)(good + 2 * 4096))[1] = 16;
	syscall(SYS_close_range, 3, ~0u, 0);
	file = (int)syscall(SYS_openat, AT_FDCWD, "/tmp/walk/file", O_RDWR | O_CREAT | O_NONBLOCK, 0600);
	syscall(SYS_alarm, 0);
	syscall(SYS_rt_sigprocmask, SIG_SETMASK, &(long){0}, NULL, 8);
	syscall(SYS_chdir, "/tmp/walk");
	/* What a call has mapped there must not stay: the addresses are to be bad. */
	syscall(SYS_munmap, edge + 2, 2 * 4096);
	syscall(SYS_munmap, UNMAPPED, 2 * 4096);
}

static long make(const struct call *c, unsigned which, long value)
{
	long a[6] = {0};

	reset();
	for (unsigned i = 0; i < 6; i++)
		a[i] = i == which ? value : harmless(c, i);
	if (!strcmp(c->name, "kill") || !strcmp(c->name, "tkill") || !strcmp(c->name, "tgkill"))
		a[1] = 0;
	made++;
	return raw(c->nr, a);
}

static void complain(const struct call *c, unsigned i, const char *what, long r)
{
	wrong++;
	if (r < 0)
		printf("%s, argument %u %s: %s\n", c->name, i + 1, what, strerrorname_np((int)-r));
	else
		printf("%s, argument %u %s: success\n", c->name, i + 1, what);
}

static void try_pointers(const struct call *c, unsigned i)
{
	const struct {
		const char *what;
		long value;
		bool write_only; /* bad only for who writes */
	} bad[] = {
		{"NULL", 0, false},		   {"unmapped", UNMAPPED, false},
		{"a kernel address", (long)0xffffffff80100000, false}, {"a hole of addresses", (long)0x8000000000000000, false},
		{"the last byte", -1, false},	   {"the border", 0x7ffffffffffe, false},
		{"read-only", (long)readonly, true}, {"an edge", (long)edge, false},
	};
	enum word w = c->arg[i];

	for (unsigned k = 0; k < sizeof(bad) / sizeof(bad[0]); k++) {
		long r = make(c, i, bad[k].value);

		if (r < -4095 && !named(c->name, " mmap shmat "))
			complain(c, i, bad[k].what, r);
		if (k == 0 || k >= 6 || r < 0 || named(c->name, may_ignore_pointer))
			continue;
		/* A string or a list must be read to do anything; a buffer may have 0 bytes to go. */
		if (w == W_path || w == W_str || w == W_iovec || ((w == W_buf || w == W_outbuf) && r > 0))
			complain(c, i, bad[k].what, r);
	}
}

static void try_descriptors(const struct call *c, unsigned i)
{
	static const long bad[] = {-1, 1000000, 0x7fffffff, -0x80000000l, 999};

	for (unsigned k = 0; k < sizeof(bad) / sizeof(bad[0]); k++) {
		long r = make(c, i, bad[k]);

		if (c->arg[i] == W_fd && r != -EBADF && r != -EINVAL && r != -EFAULT && !named(c->name, may_ignore_fd))
			complain(c, i, "is no descriptor", r);
	}
}

static void try_numbers(const struct call *c, unsigned i)
{
	static const long odd[] = {-1, 0x7fffffff, (long)0x8000000000000000, 0x5555555555555555, 0x80000000l, 0x10000};

	for (unsigned k = 0; k < sizeof(odd) / sizeof(odd[0]); k++)
		(void)make(c, i, odd[k]);
}

/* They may not sleep for ever: a signal comes every 4 ms. */
static void *wake(void *arg)
{
	long pid = getpid();

	(void)arg;
	for (;;) {
		nanosleep(&(struct timespec){0, 4000000}, NULL);
		syscall(SYS_tgkill, pid, pid, 40);
	}
	return NULL;
}

/* Numbers would do what they say to the test: signals sent, limits, credentials, clocks, the thread pointer ... */
static const char no_numbers[] =
	" kill tkill tgkill rt_sigqueueinfo rt_tgsigqueueinfo setrlimit prlimit64 arch_prctl alarm setuid setgid setreuid "
	"setregid setresuid setresgid setfsuid setfsgid close_range close dup2 dup3 mmap pidfd_send_signal futex mlockall "
	"sched_setscheduler sched_setattr sched_setparam sched_setaffinity reboot madvise shmat pkey_mprotect remap_file_pages fallocate ftruncate truncate ";

int main(void)
{
	pthread_t t;

	prepare();
	if (pthread_create(&t, NULL, wake, NULL))
		return 2;
	for (unsigned n = 0; n < CALLS; n++) {
		const struct call *c = &calls[n];

		if (named(c->name, left_out))
			continue;
		for (unsigned i = 0; i < 6 && c->arg[i] != W_none; i++) {
			if (is_pointer(c->arg[i]))
				try_pointers(c, i);
			else if (c->arg[i] == W_fd || c->arg[i] == W_dirfd)
				try_descriptors(c, i);
			else if (!named(c->name, no_numbers))
				try_numbers(c, i);
		}
	}
	printf("%s\n", made > 1000 ? "the table was walked" : "the table is empty");
	printf("%ld wrong\n", wrong);
	return wrong != 0;
}
