/* SPDX-License-Identifier: MIT */
/* Every system call of kernel/syscall/table.def as a row, with the table's words for its arguments. */
#ifndef CALLS_H
#define CALLS_H

#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

enum word { W_none, W_fd, W_dirfd, W_path, W_str, W_buf, W_outbuf, W_len, W_ptr, W_int, W_uint, W_hex, W_oct, W_flags, W_sig,
	W_sigset, W_timespec, W_iovec };

struct call {
	int nr;
	const char *name;
	enum word arg[6];
};

#define SYSCALL0(nr, name, kind) {nr, #name, {W_none}},
#define SYSCALL1(nr, name, kind, d1, t1, a1) {nr, #name, {W_##d1}},
#define SYSCALL2(nr, name, kind, d1, t1, a1, d2, t2, a2) {nr, #name, {W_##d1, W_##d2}},
#define SYSCALL3(nr, name, kind, d1, t1, a1, d2, t2, a2, d3, t3, a3) {nr, #name, {W_##d1, W_##d2, W_##d3}},
#define SYSCALL4(nr, name, kind, d1, t1, a1, d2, t2, a2, d3, t3, a3, d4, t4, a4) \
	{nr, #name, {W_##d1, W_##d2, W_##d3, W_##d4}},
#define SYSCALL5(nr, name, kind, d1, t1, a1, d2, t2, a2, d3, t3, a3, d4, t4, a4, d5, t5, a5) \
	{nr, #name, {W_##d1, W_##d2, W_##d3, W_##d4, W_##d5}},
#define SYSCALL6(nr, name, kind, d1, t1, a1, d2, t2, a2, d3, t3, a3, d4, t4, a4, d5, t5, a5, d6, t6, a6) \
	{nr, #name, {W_##d1, W_##d2, W_##d3, W_##d4, W_##d5, W_##d6}},
static const struct call calls[] = {
#include "table.def"
};
#define CALLS (sizeof(calls) / sizeof(calls[0]))

/* Without errno, which is in %fs's reach, and without cancellation. */
static inline long raw(long nr, const long a[6])
{
	register long r10 __asm__("r10") = a[3], r8 __asm__("r8") = a[4], r9 __asm__("r9") = a[5];
	long r;

	__asm__ volatile("syscall" : "=a"(r) : "a"(nr), "D"(a[0]), "S"(a[1]), "d"(a[2]), "r"(r10), "r"(r8), "r"(r9)
			 : "rcx", "r11", "memory");
	return r;
}

static inline bool is_pointer(enum word w)
{
	return w == W_path || w == W_str || w == W_buf || w == W_outbuf || w == W_ptr || w == W_sigset || w == W_timespec ||
	       w == W_iovec;
}

static inline bool named(const char *name, const char *list) /* " a b c " */
{
	const char *p = list;
	size_t n = strlen(name);

	while ((p = strstr(p, name)))
		if (p[-1] == ' ' && p[n] == ' ')
			return true;
		else
			p++;
	return false;
}

static inline void no_op(int sig) { (void)sig; }

/* Every signal that does not come from a mistake of the program itself is taken and forgotten; none restarts. */
static inline void take_signals(void)
{
	struct sigaction sa = {.sa_handler = no_op};

	for (int s = 1; s <= 64; s++)
		if (s != SIGSEGV && s != SIGBUS && s != SIGILL && s != SIGFPE && s != SIGTRAP && s != SIGKILL && s != SIGSTOP)
			sigaction(s, &sa, NULL);
}

#endif
