/* SPDX-License-Identifier: MIT */
/*
 * A tree that may be written over one that may not: what a program changes stays
 * in memory (docs/loader.md, "The root").  Its inodes are ramfs inodes whose
 * bytes are, page by page, the lower file's until they are written; a directory
 * keeps a table of the names it has been asked for.  The lower tree is taken not
 * to change, so nothing is asked twice.
 * Locks: the directory's inode.lock for its names; ovl_node.lock (sleeping) for
 * the lower file of a regular file; ovl_super.lock and the chunks' (spinlocks).
 */
#ifndef FS_OVERLAY_H
#define FS_OVERLAY_H

#include "fs/ramfs.h"

/* `lower` belongs to the overlay from now on.  0 or -ENOMEM. */
int overlay_mount(struct superblock *lower, struct superblock **out);

/* ---- between overlay.c and overlay_file.c ---- */

struct ovl_node { /* inode.priv of directories, and of regular files and links that have a lower one */
	struct inode *inode, *lower; /* lower: a reference, or NULL */
	struct mutex lock;
	/* --- regular files, under lock --- */
	struct file *file; /* the lower one, open while `opens` */
	unsigned opens;
	u64 id; /* never used twice: what its chunks are known by */
	/* --- directories, under inode.lock --- */
	struct tree names;
	struct list order; /* oldest first */
	u64 next_seq;
	bool listed; /* the table has all the lower directory's names */
	/* --- files with several names --- */
	struct tree_node by_lower;
	bool hashed;
};

static inline struct ovl_node *ovl_node_of(const struct inode *i) { return i->priv; }
int ovl_file_open(struct inode *i, struct file *f);
ssize_t ovl_fetch(struct ramfs_inode *ri, struct uio *u, u64 off, size_t n);
/* An inode of the lower tree, opened for the kernel.  0 or -errno. */
int ovl_open_lower(struct inode *lower, u32 flags, struct file **out);
extern struct file_ops ovl_file_ops; /* set up by overlay_mount() */
void ovl_file_init(void);

#endif
