/* SPDX-License-Identifier: MIT */
#define _GNU_SOURCE
#include "args.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

void args_add(struct args *a, const char *fmt, ...)
{
	va_list ap;

	if (a->failed || a->n == ARGS_MAX) {
		a->failed = true;
		return;
	}
	va_start(ap, fmt);
	if (vasprintf(&a->v[a->n], fmt, ap) < 0) {
		a->v[a->n] = NULL;
		a->failed = true;
	} else {
		a->n++;
	}
	va_end(ap);
}

void args_free(struct args *a)
{
	for (size_t i = 0; i < a->n; i++)
		free(a->v[i]);
}
