/* SPDX-License-Identifier: MIT */
/*
 * Where the installed files are: found from this program's own place, so that
 * an installation can be moved.
 */
#ifndef CLI_PATHS_H
#define CLI_PATHS_H

#include "config.h"

#include <limits.h>

#define PATHS_UHYVE  "bin/uhyve" /* both below the prefix */
#define PATHS_KERNEL "lib/hermit/hermit-x86_64.elf"

/* The kernel to boot.  0 or a negative error; path_kernel() reports it, path_kernel_find() does not. */
int path_kernel(const struct config *c, char path[PATH_MAX]);
int path_kernel_find(const struct config *c, char path[PATH_MAX]);

/* The VMM of the isle uhyve.  0 or a negative error, not reported; `path` says where it was looked for. */
int path_uhyve(char path[PATH_MAX]);

#endif
