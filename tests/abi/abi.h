/* SPDX-License-Identifier: MIT */
/*
 * For the programs that are run twice, on Linux and in an isle, and must say
 * the same: they print calls and what came of them, never an address, a pid or
 * a time.  With ABI_TMP=1 a program works in a directory of its own in /tmp
 * (ramfs in an isle), else in the working directory (shared from the host).
 */
#ifndef ABI_H
#define ABI_H

#ifndef _GNU_SOURCE
#define _GNU_SOURCE
#endif
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <limits.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

/* An address that no program has: the call must say EFAULT.  Volatile, so that the compiler does not see it. */
static void *volatile abi_bad = (void *)8;
#define BAD abi_bad

static char abi_tmp[] = "/tmp/abi.XXXXXX";

static inline void abi_result(const char *what, long r, int e)
{
	if (r == -1 && e)
		printf("%s: %s\n", what, strerrorname_np(e) ? strerrorname_np(e) : "unknown error");
	else
		printf("%s: %ld\n", what, r);
}

static inline void abi_ok(const char *what, bool good, int e)
{
	printf("%s: %s\n", what, good ? "ok" : e && strerrorname_np(e) ? strerrorname_np(e) : "failed");
}

/* Prints the call and its result, or the name of its error; gives the result. */
#define T(call)                                       \
	({                                            \
		errno = 0;                            \
		long abi_r = (long)(call);            \
		abi_result(#call, abi_r, errno);      \
		abi_r;                                \
	})

/* The same where the result itself differs from run to run: "ok" or the error. */
#define OK(call)                                      \
	({                                            \
		errno = 0;                            \
		__auto_type abi_v = (call);           \
		abi_ok(#call, (long)abi_v != -1, errno); \
		abi_v;                                \
	})

/* Prints whether a property holds. */
#define IS(cond) printf("%s: %s\n", #cond, (cond) ? "yes" : "no")

#define SAY(...) printf(__VA_ARGS__)

/* Bytes, with what is not printable as \xNN. */
static inline void abi_bytes(const char *what, const void *p, size_t n)
{
	const unsigned char *s = p;

	printf("%s:", what);
	for (size_t i = 0; i < n; i++)
		printf(s[i] >= 32 && s[i] < 127 ? "%s%c" : "%s\\x%02x", i ? "" : " ", s[i]);
	printf(" (%zu)\n", n);
}

static inline void abi_put(const char *name, const char *text)
{
	int fd = open(name, O_WRONLY | O_CREAT | O_TRUNC, 0644);

	if (fd < 0 || write(fd, text, strlen(text)) != (ssize_t)strlen(text))
		printf("cannot make %s: %s\n", name, strerrorname_np(errno));
	close(fd);
}

static inline void abi_show(const char *name)
{
	char buf[512];
	int fd = open(name, O_RDONLY);
	ssize_t n = fd < 0 ? -1 : read(fd, buf, sizeof(buf));

	if (n < 0)
		printf("cannot read %s: %s\n", name, strerrorname_np(errno));
	else
		abi_bytes(name, buf, (size_t)n);
	if (fd >= 0)
		close(fd);
}

/* Waits until the thread that has put its gettid() there sleeps, as /proc says; then it is ready for the next. */
static inline void abi_let_sleep(volatile int *tid)
{
	char path[64], buf[256], *p;

	while (!*tid)
		usleep(1000);
	snprintf(path, sizeof(path), "/proc/self/task/%d/stat", *tid);
	for (;;) {
		int fd = open(path, O_RDONLY);
		ssize_t n = fd < 0 ? 0 : read(fd, buf, sizeof(buf) - 1);

		if (fd >= 0)
			close(fd);
		buf[n > 0 ? n : 0] = 0;
		p = strrchr(buf, ')');
		if (!p || p[2] == 'S')
			break;
		usleep(1000);
	}
	*tid = 0;
}

static inline int abi_remove(const char *path, const struct stat *st, int kind, struct FTW *f)
{
	return remove(path);
}

static inline void abi_leave(void)
{
	for (int fd = 3; fd < 64; fd++)
		close(fd); /* the walk needs some, and the test may have used up all */
	if (chdir("/") == 0)
		nftw(abi_tmp, abi_remove, 16, FTW_DEPTH | FTW_PHYS);
}

__attribute__((constructor)) static inline void abi_enter(void)
{
	setvbuf(stdout, NULL, _IOLBF, 0);
	umask(022);
	if (!getenv("ABI_TMP"))
		return;
	if (!mkdtemp(abi_tmp) || chdir(abi_tmp)) {
		perror("/tmp");
		exit(99);
	}
	atexit(abi_leave);
}

#endif
