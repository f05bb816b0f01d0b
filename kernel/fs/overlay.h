/* SPDX-License-Identifier: MIT */
/*
 * A tree that may be written over one that may not: what a program changes stays
 * in memory (docs/loader.md, "The root").  Its inodes are ramfs inodes whose
 * bytes are, page by page, the lower file's until they are written; a directory
 * keeps a table of names.  What the program has not changed is asked of the lower
 * tree each time (which remembers: fs/p9.h), and may be forgotten here.
 * Locks: the directory's inode.lock for its names; ovl_node.lock (sleeping) for
 * the lower file of a regular file and for `changed`; ovl_super.lock (a spinlock).
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
	bool changed; /* under lock: by the program; it is as it is here whatever becomes of the lower one */
	/* --- regular files, under lock --- */
	struct file *file; /* the lower one, open while `opens` */
	unsigned opens;
	/* --- directories, under inode.lock --- */
	struct tree names;
	struct list order; /* oldest first */
	u64 next_seq;
	u32 listing; /* counts those of the lower directory */
	/* --- files with several names --- */
	struct tree_node by_lower;
	bool hashed;
};

static inline struct ovl_node *ovl_node_of(const struct inode *i) { return i->priv; }
int ovl_file_open(struct inode *i, struct file *f);
/* i takes what the lower file has become, unless the program has changed it. */
void ovl_refresh(struct inode *i);
void ovl_change(struct inode *i); /* the program is about to */
ssize_t ovl_fetch(struct ramfs_inode *ri, struct uio *u, u64 off, size_t n);
/* An inode of the lower tree, opened for the kernel.  0 or -errno. */
int ovl_open_lower(struct inode *lower, u32 flags, struct file **out);
extern struct file_ops ovl_file_ops; /* set up by overlay_mount() */
void ovl_file_init(void);

#endif
