/* SPDX-License-Identifier: MIT */
/*
 * Builds the initrd: a cpio archive (newc) in a memfd, with the boot record and
 * the program at its own path.  Nothing touches a disk.
 */
#ifndef CLI_PACK_H
#define CLI_PACK_H

#include "buf.h"
#include "program.h"

#include <stdint.h>

struct pack {
	int fd; /* memfd with the archive, close-on-exec; the caller's to close */
	uint64_t size; /* of the archive in bytes */
};

/* 0 or a negative error, reported. */
int pack_make(struct pack *k, const struct program *p, const struct buf *record);

#endif
