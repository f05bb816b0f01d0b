/* SPDX-License-Identifier: MIT */
/*
 * An isle is where a program runs.  One row in isle.c per isle; a run asks its
 * ops only.  Single-threaded, no locks.
 */
#ifndef CLI_ISLE_H
#define CLI_ISLE_H

#include "config.h"
#include "machine.h"
#include "view.h"

enum isle_state {
	ISLE_WORKS,
	ISLE_BROKEN, /* could work here once mended */
	ISLE_LATER, /* not written yet */
};

struct isle_report {
	enum isle_state state;
	char text[512]; /* what works, or why not */
	char mend[256]; /* what to do; may be empty */
};

struct isle {
	const char *name;
	const char *what; /* one line for people */
	void (*report)(const struct config *c, struct isle_report *r);
	/* Starts the machine on the initrd, an open memfd.  0 or a negative error, reported. */
	int (*start)(const struct config *c, const struct view *v, int initrd, struct machine *m);
};

extern const struct isle isle_uhyve, isle_qemu;

/* The isles in the order in which they are tried. */
extern const struct isle *const isles[];
extern const size_t isle_count;

const struct isle *isle_find(const char *name);

/* Says how to connect: c->gdb is set. */
void isle_announce_gdb(const struct config *c, const char *kernel);

/* The isle to run in: the one named, or the first that works; which, if that is not the first, a terminal is told.  NULL after a message. */
const struct isle *isle_choose(const struct config *c);

#endif
