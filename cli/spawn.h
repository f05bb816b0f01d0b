/* SPDX-License-Identifier: MIT */
/*
 * Starts a VMM as a child that cannot outlive this process, in a session of its
 * own (the terminal's signals are for us), with nothing of the user's open.
 */
#ifndef CLI_SPAWN_H
#define CLI_SPAWN_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

#define SPAWN_KEEP_MAX 8

struct spawn {
	const char *path;
	char **argv;
	int keep[SPAWN_KEEP_MAX]; /* open in the child under the same number */
	size_t nkeep;
	bool no_huge_pages;
	/* filled in */
	pid_t pid;
	int diag; /* reads the child's stdout and stderr; nonblocking, close-on-exec */
};

/* 0, or a negative error when nothing was started. */
int spawn_start(struct spawn *s);

#endif
