/* SPDX-License-Identifier: MIT */
/*
 * Files in memory: the root tree (whose files begin as the archive's bytes,
 * used where they lie), /tmp, /dev.  The names are the dentries themselves.
 * Locks: inode.lock for writers and cuts; ramfs_inode.lock (a spinlock, inside)
 * for the pages, so that a page fault never waits for a writer who may be
 * waiting for a page fault.
 */
#ifndef FS_RAMFS_H
#define FS_RAMFS_H

#include "fs/pages.h"
#include "fs/vfs.h"

struct ramfs_inode {
	struct inode inode;
	struct spinlock lock;
	struct pages pages; /* frames of their own; where there is none: */
	const u8 *base;	    /* the file's first base_len bytes, or NULL: never written, never freed */
	u64 base_len;
	/* Where the base is not memory: reads n bytes of it at off into u.  Bytes, short only after a fault; or -errno. */
	ssize_t (*fetch)(struct ramfs_inode *ri, struct uio *u, u64 off, size_t n);
	char *link; /* target of a symbolic link */
	u32 seals;	      /* fs/memfd.h */
	struct xattr *xattrs; /* fs/xattr.h; under inode.lock */
};

static inline struct ramfs_inode *ramfs_of(struct inode *i) { return container_of(i, struct ramfs_inode, inode); }

/* The usual ones: file systems made of these inodes build theirs upon them (overlay.c). */
extern const struct inode_ops ramfs_iops;
/* Of regular files (ramfs_file.c). */
extern const struct file_ops ramfs_file_ops;
/* truncate(2): under inode.lock.  0 or -EFBIG. */
int ramfs_cut(struct ramfs_inode *ri, u64 size);

struct superblock *ramfs_super(u32 magic, const char *type); /* with its root directory; NULL: no memory */
/* fops: of a device; NULL for the usual ones of the mode's type. */
struct inode *ramfs_inode_create(struct superblock *sb, u32 mode, const struct file_ops *fops);
struct inode *ramfs_link_create(struct superblock *sb, const char *target, size_t len);
/* Makes a name in a tree that is being built (nobody else changes it).  The inode's reference is consumed. */
int ramfs_add(struct dentry *dir, const char *name, size_t len, struct inode *i);

int dcache_readdir(struct file *f, u64 *pos, struct dir_sink *s);
int file_nothing_to_sync(struct file *f, bool data_only);

#endif
