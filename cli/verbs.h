/* SPDX-License-Identifier: MIT */
/*
 * The verbs of `hermit`: one file and one row of verbs.def each.
 */
#ifndef CLI_VERBS_H
#define CLI_VERBS_H

/* args: what follows the verb, ended by NULL.  Gives the exit status. */
#define VERB(name_, what_) int verb_##name_(char **args);
#include "verbs.def"
#undef VERB

struct verb {
	const char *name;
	const char *what;
	int (*run)(char **args);
};

extern const struct verb verbs[];
extern const unsigned int verb_count;

#endif
