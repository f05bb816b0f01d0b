/* SPDX-License-Identifier: MIT */
/*
 * speak BYTES PIECE [ignore]: writes numbered lines to stdout, PIECE bytes at a time; `ignore`: ignores SIGPIPE and
 * says on stderr which error came.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

int main(int argc, char **argv)
{
	long left = atol(argv[1]);
	size_t piece = (size_t)atol(argv[2]), have = 0;
	char *buf = malloc(piece + 32);
	long line = 0;

	if (argc > 3)
		signal(SIGPIPE, SIG_IGN);
	while (left > 0) {
		size_t n;
		ssize_t r;

		while (have < piece)
			have += (size_t)sprintf(buf + have, "line %ld\n", line++);
		n = (size_t)left < piece ? (size_t)left : piece;
		r = write(1, buf, n);
		if (r < 0) {
			fprintf(stderr, "write: %s\n", strerrorname_np(errno));
			return 3;
		}
		memmove(buf, buf + r, have - (size_t)r);
		have -= (size_t)r;
		left -= r;
	}
	return 0;
}
