/* SPDX-License-Identifier: MIT */
/*
 * The cross drivers: what their parts share. Single-threaded, short-lived;
 * memory is never freed, a failure to get it ends the program.
 */
#ifndef HERMIT_TOOLCHAIN_DRIVER_H
#define HERMIT_TOOLCHAIN_DRIVER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>

enum lang { LANG_NONE, LANG_C, LANG_CXX, LANG_FORTRAN, LANG_GO, LANG_CPP };

struct args {
	char **v; /* ends in NULL; v[0] is the program */
	int n;
};

struct place {
	const char *prefix;	/* where Hermit is installed */
	const char *linker_dir; /* the directory for -B, with its slash */
	const char *triplet;	/* the spelling we were called by */
};

struct tool {
	const char *name; /* after the triplet */
	const char *real; /* the system's name of it */
	int (*main)(const struct tool *tool, const struct place *place, struct args *args);
	enum lang lang;
};

extern const char *driver_name;

/* Each main either becomes another program or returns an exit status. */
int compiler_main(const struct tool *tool, const struct place *place, struct args *args);
int linker_main(const struct tool *tool, const struct place *place, struct args *args);
int pkgconfig_main(const struct tool *tool, const struct place *place, struct args *args);
int plain_main(const struct tool *tool, const struct place *place, struct args *args);

/* One line "name: what: why (mend)" on stderr, then status 1. */
void die(const char *what, const char *why, const char *mend) __attribute__((noreturn));

/* Finds a program in PATH, "name" or the highest "name-N"; NULL if there is none.
 * Never finds this program itself. first: directories to look into before PATH, or NULL. */
const char *tool_find(const char *name, const char *first);

void args_init(struct args *args, int argc, char **argv);
void args_insert(struct args *args, int at, const char *arg);
/* A copy in which every @file is replaced by the words in it, as GCC and binutils read them. */
void args_expand(struct args *out, const struct args *in);

/* Runs a program, what it writes to descriptor fd (stdout's or stderr's) going through the
 * filter, and waits; the status a shell would give. */
int run_filtered(const char *path, char **argv, int fd, void (*filter)(FILE *from, FILE *to));

void *xmalloc(size_t len);
char *xstrdup(const char *s);
char *xformat(const char *format, ...) __attribute__((format(printf, 1, 2)));

#endif
