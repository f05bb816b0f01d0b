/* SPDX-License-Identifier: MIT */
/*
 * Options and variables: option over environment over default.  Called once by
 * a verb, before anything else; messages go out through msg.h.
 */
#ifndef CLI_OPTIONS_H
#define CLI_OPTIONS_H

#include "config.h"

struct option_row {
	const char *variable; /* first: text_nearest() reads the rows by it */
	const char *name;
	char letter;
	const char *arg;
	const char *def;
	const char *help;
	const char *group; /* set: this row only opens a group */
	/* `who` is what the user wrote: "HERMIT_MEM", "--memory", "-m".  0 or a negative error, reported. */
	int (*apply)(struct config *c, const char *who, const char *value);
};

extern const struct option_row option_rows[];
extern const size_t option_count;

/*
 * Reads args (ended by NULL, the verb or argv[0] left out) and env into *c,
 * which it clears first.  c->argv is NULL if no program was named.
 * 0, or a negative error after a message.
 */
int options_read(struct config *c, char **args, char **env);

#endif
