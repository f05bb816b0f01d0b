/* SPDX-License-Identifier: MIT */
/*
 * uhyve as a guest would like it: linked before uhyve's own objects with --wrap, so that all else is the real one.
 *
 *   HOSTILE_THREAD=cpu|gdb|io|blk|9p HOSTILE_TRY=...	what that thread tries as soon as it is locked in
 *   HOSTILE_LANDLOCK=0		a host without landlock
 *   HOSTILE_LACKS=N		a KVM without capability N
 *   HOSTILE_FAILS=N		a KVM whose Nth answer is EIO
 */
#define _GNU_SOURCE
#include "sandbox/sandbox.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/kvm.h>
#include <linux/landlock.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

int __real_sandbox_thread(enum sandbox_kind kind);
int __wrap_sandbox_thread(enum sandbox_kind kind);
long __real_syscall(long nr, ...);
long __wrap_syscall(long nr, long a, long b, long c, long d, long e, long f);
int __real_ioctl(int fd, unsigned long request, ...);
int __wrap_ioctl(int fd, unsigned long request, unsigned long arg);

#define UP "../../../../../../../../../../../.."
#define FDS 128

/* --- attempts: 0 or an errno --- */

static int tried(long r)
{
	return r < 0 ? errno : 0;
}

static int try_call(void)
{
	return tried(__real_syscall(SYS_getppid));
}

static int try_socket(void)
{
	return tried(socket(AF_INET, SOCK_STREAM, 0));
}

static int try_path(void)
{
	return tried(openat(AT_FDCWD, "/etc/passwd", O_RDONLY));
}

/* Every descriptor that leads anywhere. */
static int try_dots(void)
{
	int error = EBADF;

	for (int fd = 0; fd < FDS && error; fd++) {
		int r = tried(openat(fd, UP "/etc/passwd", O_RDONLY));

		if (r != EBADF && r != ENOTDIR)
			error = r;
	}
	return error;
}

/* What is open to read only, such as a disk, once more for writing. */
static int try_again(void)
{
	int error = EBADF;

	for (int fd = 0; fd < FDS && error; fd++) {
		struct stat st;
		char name[16];

		if ((fcntl(fd, F_GETFL) & (O_ACCMODE | O_PATH)) != O_RDONLY || fstat(fd, &st) || !S_ISREG(st.st_mode))
			continue;
		snprintf(name, sizeof(name), "%d", fd);
		for (int proc = 0; proc < FDS && error; proc++) {
			int r = tried(openat(proc, name, O_WRONLY));

			if (r != EBADF && r != ENOTDIR && r != ENOENT)
				error = r;
		}
	}
	return error;
}

static const struct {
	const char *name;
	int (*fn)(void);
} attempts[] = {
	{ "call", try_call }, { "socket", try_socket }, { "path", try_path },
	{ "dots", try_dots }, { "again", try_again },
};

int __wrap_sandbox_thread(enum sandbox_kind kind)
{
	static const char *const kinds[SANDBOX_KINDS] = {
		[SANDBOX_CPU] = "cpu", [SANDBOX_GDB] = "gdb", [SANDBOX_IO] = "io",
		[SANDBOX_BLK] = "blk", [SANDBOX_P9] = "9p",
	};
	const char *thread = getenv("HOSTILE_THREAD"), *name = getenv("HOSTILE_TRY");
	int r = __real_sandbox_thread(kind);
	char said[32];

	if (r || !thread || !name || strcmp(thread, kinds[kind]))
		return r;
	for (size_t i = 0; i < sizeof(attempts) / sizeof(attempts[0]); i++)
		if (!strcmp(attempts[i].name, name)) {
			r = snprintf(said, sizeof(said), "uhyve: hostile: error %d\n", attempts[i].fn());
			__real_syscall(SYS_write, 2, said, (size_t)r);
		}
	__real_syscall(SYS_exit_group, 1);
	return 0;
}

/* --- hosts --- */

long __wrap_syscall(long nr, long a, long b, long c, long d, long e, long f)
{
	const char *landlock = getenv("HOSTILE_LANDLOCK");

	if (nr == SYS_landlock_create_ruleset && landlock && !strcmp(landlock, "0")) {
		errno = ENOSYS;
		return -1;
	}
	return __real_syscall(nr, a, b, c, d, e, f);
}

int __wrap_ioctl(int fd, unsigned long request, unsigned long arg)
{
	static unsigned int count;
	const char *lacks = getenv("HOSTILE_LACKS"), *fails = getenv("HOSTILE_FAILS");

	if (request == KVM_CHECK_EXTENSION && lacks && strtoul(lacks, NULL, 10) == arg)
		return 0;
	if (fails && _IOC_TYPE(request) == KVMIO && request != KVM_CHECK_EXTENSION && request != KVM_RUN &&
	    __atomic_add_fetch(&count, 1, __ATOMIC_SEQ_CST) == strtoul(fails, NULL, 10)) {
		errno = EIO;
		return -1;
	}
	return __real_ioctl(fd, request, arg);
}
