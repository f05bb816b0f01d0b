/* SPDX-License-Identifier: MIT */
/*
 * The directory for what is known until the next boot: $XDG_RUNTIME_DIR/hermit,
 * or where that variable is unset or names another user's directory,
 * /run/user/UID/hermit, else for root /run/hermit.  It belongs to the user, and
 * nobody else may write there.
 */
#ifndef CLI_STATE_DIR_H
#define CLI_STATE_DIR_H

#include <stdbool.h>

/* A descriptor (close-on-exec) or a negative error: -ENOENT if there is no such place (or, unless `make`, not yet). */
int state_dir_open(bool make);

/* The directory `name` in `dir`, if it is the user's own; made if `make`. */
int state_subdir_open(int dir, const char *name, bool make);

#endif
