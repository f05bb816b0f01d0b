/* SPDX-License-Identifier: MIT */
/*
 * Where the user's standard descriptors lead.  Looked at once, at the start,
 * before anything else is opened (a closed one would be taken by it).
 */
#ifndef CLI_STDIO_STATE_H
#define CLI_STDIO_STATE_H

#include <hermit/boot.h>
#include <stdbool.h>

struct stdio_state {
	uint8_t kind[3]; /* enum hermit_stdio_kind */
	uint64_t in_size; /* bytes, if descriptor 0 is a regular file */
	bool err_is_out; /* 2 is the same open file as 1 */
	int tty; /* the first of them that is a terminal, -1: none */
	struct hermit_boot_winsize win; /* its size */
};

/* Also opens /dev/null in place of the closed ones. */
void stdio_inspect(struct stdio_state *s);

/* The terminal's size now.  0 or a negative error. */
int stdio_winsize(const struct stdio_state *s, struct hermit_boot_winsize *w);

#endif
