/* SPDX-License-Identifier: MIT */
/*
 * Disk images: looked at before a machine starts on them, so that what cannot
 * work is said in one line.  Any isle with disks calls it; no locks.
 */
#ifndef CLI_DISK_H
#define CLI_DISK_H

#include "config.h"

#include <limits.h>

struct disk_image {
	char path[PATH_MAX]; /* absolute */
	bool device;	     /* a block device of the host, not a file */
};

/* Looks at disk i of c.  0, or a negative error after a message. */
int disk_open_check(const struct config *c, size_t i, struct disk_image *out);

#endif
