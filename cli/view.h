/* SPDX-License-Identifier: MIT */
/*
 * What of the host the program sees: the shared directories and its working
 * directory, made of the options.  Paths in it are absolute and normal (no
 * ".", "..", "//"), and owned by the struct.
 */
#ifndef CLI_VIEW_H
#define CLI_VIEW_H

#include "config.h"

struct mount {
	char *host, *guest;
	bool rdonly, overlay; /* overlay: as in config.h */
};

struct view {
	struct mount mounts[CONFIG_SHARES_MAX + 1]; /* parents before what lies in them */
	size_t nmounts;
	char *cwd;
};

/* 0 or a negative error, reported.  view_free() is due in both cases. */
int view_make(struct view *v, const struct config *c);
void view_free(struct view *v);

/* The 9p tag of mount number i. */
#define VIEW_TAG_FORMAT "hermit%zu"

/* `path` (relative to `base`, itself absolute) made normal, by its letters alone.  Malloced; NULL: no memory. */
char *path_normal(const char *base, const char *path, size_t len);

/* What is mounted at "/", or NULL: the program's root is the archive. */
const struct mount *view_root(const struct view *v);
/* The mount that `path`, in the program's view and normal, lies in; NULL: none. */
const struct mount *view_covers(const struct view *v, const char *path);

/* Does `path` lie in, or equal, directory `dir`?  Both normal. */
bool path_within(const char *path, const char *dir);

#endif
