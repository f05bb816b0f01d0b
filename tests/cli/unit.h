/* SPDX-License-Identifier: MIT */
/* What the loader's unit tests share: cmocka, and a look at what went to stderr. */
#ifndef CLI_UNIT_H
#define CLI_UNIT_H

#define _GNU_SOURCE
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>
#include <errno.h>
#include <sys/mman.h>
#include <unistd.h>

static int heard_fd = -1, heard_old = -1;
static char heard_text[4096];

/* From here on stderr is kept. */
static inline void heard_begin(void)
{
	heard_fd = memfd_create("stderr", MFD_CLOEXEC);
	assert_true(heard_fd >= 0);
	heard_old = dup(2);
	dup2(heard_fd, 2);
}

/* Gives what was written since, and stderr back. */
static inline const char *heard_end(void)
{
	ssize_t n = pread(heard_fd, heard_text, sizeof(heard_text) - 1, 0);

	heard_text[n > 0 ? n : 0] = 0;
	dup2(heard_old, 2);
	close(heard_old);
	close(heard_fd);
	return heard_text;
}

#define assert_heard(part)                                                                                   \
	do {                                                                                                 \
		const char *heard = heard_end();                                                             \
		if (!strstr(heard, part))                                                                    \
			fail_msg("stderr has no \"%s\": %s", part, heard);                                   \
	} while (0)

#define assert_heard_nothing() assert_string_equal(heard_end(), "")

#endif
