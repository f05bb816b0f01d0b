/* SPDX-License-Identifier: MIT */
/* For the C sample programs: a check that fails says what and where, and ends the program with 1. */
#ifndef EXTRA_CHECK_H
#define EXTRA_CHECK_H

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define CHECK(cond)                                                                                      \
	do {                                                                                             \
		if (!(cond)) {                                                                           \
			fflush(stdout);                                                                  \
			fprintf(stderr, "%s:%d: %s: is not so (errno %d, %s)\n", __FILE_NAME__, __LINE__, #cond, \
				errno, strerror(errno));                                                 \
			_Exit(1);                                                                        \
		}                                                                                        \
	} while (0)

#ifndef __FILE_NAME__
#define __FILE_NAME__ __FILE__
#endif

/* A small generator of our own, so that every run and every C library does the same. */
static inline unsigned random_next(unsigned *state)
{
	*state = *state * 1664525u + 1013904223u;
	return *state >> 8;
}

#endif
