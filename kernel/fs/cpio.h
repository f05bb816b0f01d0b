/* SPDX-License-Identifier: MIT */
/*
 * Reader of cpio archives in the "newc" format (the kernel's initramfs, cpio(1)
 * -H newc; Linux's Documentation/driver-api/early-userspace/buffer-format.rst),
 * in memory, without copying.  Pure: no locks, no allocation.  The archive is
 * not trusted.
 */
#ifndef FS_CPIO_H
#define FS_CPIO_H

#include "lib/types.h"

struct cpio {
	const u8 *base;
	size_t len, pos;
};

struct cpio_entry {
	const char *name; /* ended by NUL, without leading "/" and "./"; "" is the root */
	size_t name_len;
	const u8 *data; /* `size` bytes inside the archive: a file's content, a link's target (not ended by NUL) */
	u32 size;
	u32 mode; /* S_IF* and permissions, as in stat(2) */
	u32 ino, nlink; /* entries with the same ino (and dev) and nlink > 1 are one file; the last one has the data */
	u32 dev_major, dev_minor; /* these and the next: read for devices and for nlink > 1 only, else 0 */
	u32 rdev_major, rdev_minor;
	u32 uid, gid;
	u32 mtime; /* seconds since 1970 */
};

void cpio_open(struct cpio *c, const void *archive, size_t len);
/* Whether it begins as an archive of this format does. */
bool cpio_probe(const void *archive, size_t len);
/*
 * The next entry: 1; 0 at the end (several archives one after the other are one); -EINVAL if the archive is
 * damaged or cut, or a name has a ".." in it.  After 0 or an error, every further call gives the same.
 */
int cpio_next(struct cpio *c, struct cpio_entry *e);

#endif
