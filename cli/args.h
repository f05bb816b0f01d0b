/* SPDX-License-Identifier: MIT */
/* An argument vector that is built up.  A failure is kept until machine_spawn() looks.  Single-threaded. */
#ifndef CLI_ARGS_H
#define CLI_ARGS_H

#include <stddef.h>

#define ARGS_MAX 2400 /* more words than fit on a kernel's command line */

struct args {
	char *v[ARGS_MAX + 1]; /* malloced, ended by NULL */
	size_t n;
	int failed; /* a negative error */
};

void args_add(struct args *a, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
/* Shows it as one line, for --verbose. */
void args_note(const struct args *a);
void args_free(struct args *a);

#endif
