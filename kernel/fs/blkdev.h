/* SPDX-License-Identifier: MIT */
/*
 * Disks as files, /dev/vda and on.  Drivers fill in a struct blkdev; devfs makes
 * its name and fs/blkdev.c is what reads and writes it, at any offset and length.
 * There is no cache: each call is a request of the host, who has one.
 * Locks: blkdev.lock (a spinlock) guards the list of ranges that are being
 * written: writers of the same blocks wait for one another, readers do not.
 */
#ifndef FS_BLKDEV_H
#define FS_BLKDEV_H

#include "fs/file.h"

struct blkdev;

/* All may sleep; 0 or -errno.  off and len are multiples of the block, within the disk. */
struct blkdev_ops {
	/* buf: memory from kmalloc; len: at most max_transfer. */
	int (*transfer)(struct blkdev *d, bool write, u64 off, void *buf, size_t len);
	int (*flush)(struct blkdev *d);
	int (*discard)(struct blkdev *d, u64 off, u64 len); /* NULL: it cannot */
	int (*zero)(struct blkdev *d, u64 off, u64 len);    /* NULL: zeros must be written */
};

struct blkdev {
	char name[8];
	u64 size;	     /* bytes, a multiple of block */
	u32 block;	     /* bytes of the smallest transfer: a power of two, 512 to BLKDEV_BLOCK_MAX */
	size_t max_transfer; /* bytes, a multiple of block */
	bool rdonly;
	const struct blkdev_ops *ops;
	struct blkdev *next; /* by name */
	/* fs/blkdev.c's: */
	struct spinlock lock;
	struct list writing; /* of struct range */
	struct wait_queue wait;
};

#define BLKDEV_BLOCK_MAX 65536u
#define BLKDEV_MAJOR	 254u /* what Linux gives virtio disks, as a rule */
#define BLKDEV_MINORS	 16u  /* of each disk, of which the first is the whole */

extern const struct file_ops blkdev_fops; /* of an inode whose rdev is blkdev_rdev() */
u64 blkdev_rdev(const struct blkdev *d);
/* What has been written to all disks in use is kept; for sync(2). */
void blkdev_sync_all(void);

/* The machine's disks, ordered by name; NULL: none.  For devfs alone, before there are names.  May sleep. */
struct blkdev *blkdev_start(void);
/* Implemented by the platform: finds and starts them.  Called once. */
struct blkdev *blkdev_probe(void);

#endif
