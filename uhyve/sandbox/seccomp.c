/* SPDX-License-Identifier: MIT */
#define _GNU_SOURCE
#include "sandbox/sandbox.h"

#include <errno.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "filters.h" /* made by compile.c */

#define PROGRAM(f)                                                                                           \
	{                                                                                                    \
		.len = sizeof(f) / sizeof((f)[0]), .filter = (f)                                             \
	}

int sandbox_thread(enum sandbox_kind kind)
{
	static const struct sock_fprog programs[SANDBOX_KINDS] = {
		[SANDBOX_CPU] = PROGRAM(filter_CPU),
		[SANDBOX_IO] = PROGRAM(filter_IO),
		[SANDBOX_BLK] = PROGRAM(filter_BLK),
		[SANDBOX_GDB] = PROGRAM(filter_GDB),
		[SANDBOX_P9] = PROGRAM(filter_P9),
	};

	return syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, 0, &programs[kind]) ? -errno : 0;
}
