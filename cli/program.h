/* SPDX-License-Identifier: MIT */
/*
 * The program to run: found as a shell finds it, opened once, checked.  All
 * later use is of the open descriptor, so that what was checked is what runs.
 */
#ifndef CLI_PROGRAM_H
#define CLI_PROGRAM_H

#include <limits.h>
#include <stdbool.h>
#include <stdint.h>
#include <sys/stat.h>

struct config;
struct view;

struct program {
	const char *name; /* as the user gave it */
	char path[PATH_MAX]; /* absolute, as /proc/self/exe would show it */
	int fd; /* open to read, close-on-exec */
	struct stat st;
	bool in_root; /* the machine finds it by its path; else it is carried there */
	uint64_t image_size; /* bytes of memory its segments take, whole pages */
};

/*
 * A name with a slash is a path, another is looked up in PATH.  0, or after a
 * message STATUS_NOTFOUND, STATUS_NOEXEC or STATUS_LOADER.
 */
int program_find(struct program *p, const char *name);

/* The same for a program in the root that the view has: PATH is searched there. */
int program_find_in_root(struct program *p, const char *name, const struct config *c, const struct view *v);

/* Writes where `name` is in PATH to `path`.  0, -ENOENT, or -EACCES if one was there but not executable. */
int program_lookup(const char *name, char path[PATH_MAX]);

#endif
