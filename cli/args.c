/* SPDX-License-Identifier: MIT */
#define _GNU_SOURCE
#include "args.h"
#include "buf.h"
#include "msg.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

void args_add(struct args *a, const char *fmt, ...)
{
	va_list ap;

	if (a->n == ARGS_MAX)
		a->failed = -E2BIG;
	if (a->failed)
		return;
	va_start(ap, fmt);
	if (vasprintf(&a->v[a->n], fmt, ap) < 0) {
		a->v[a->n] = NULL;
		a->failed = -ENOMEM;
	} else {
		a->n++;
	}
	va_end(ap);
}

void args_note(const struct args *a)
{
	struct buf line = { 0 };

	for (size_t i = 0; i < a->n; i++) {
		buf_add(&line, i ? " " : "", i ? 1 : 0);
		buf_add(&line, a->v[i], strlen(a->v[i]));
	}
	buf_zero(&line, 1);
	if (!line.failed)
		msg_note("%s", line.data);
	buf_free(&line);
}

void args_free(struct args *a)
{
	for (size_t i = 0; i < a->n; i++)
		free(a->v[i]);
}
