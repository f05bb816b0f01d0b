/* SPDX-License-Identifier: MIT */
/*
 * Host directories as a file system: 9P2000.L.  p9_mount() is in vfs.h; here is
 * what fs/p9.c (names) and fs/p9_file.c (open files) share.  Nothing is cached
 * that the host may change: names are looked up on each walk, attributes asked
 * for each time.  What is kept is which inode object stands for which file.
 * Locks: p9_fs.lock (a spinlock) guards the table of inodes and their fids.
 */
#ifndef FS_P9_H
#define FS_P9_H

#include "fs/p9_client.h"
#include "fs/vfs.h"

struct p9_fs {
	struct superblock sb;
	struct p9_client client;
	struct spinlock lock;
	struct tree inodes; /* struct p9_inode by qid.path */
};

/* A fid in use: replaced, while others still use it, when a walk comes to the same file again. */
struct p9_fid {
	u32 refs;
	u32 fid;
};

struct p9_inode {
	struct inode vfs;
	struct tree_node node;
	struct p9_qid qid;
	bool hashed; /* in p9_fs.inodes */
	bool gone;   /* we have removed the name by which the server knows it */
	bool orphan; /* ... and cut it since: vfs.size says where it ends, not the server (see p9_setattr_gone) */
	u32 opens;
	struct p9_fid *fid;
};

static inline struct p9_fs *p9_fs_of(const struct inode *i) { return container_of(i->sb, struct p9_fs, sb); }
static inline struct p9_inode *p9_inode_of(struct inode *i) { return container_of(i, struct p9_inode, vfs); }

/* The inode's fid, with a reference. */
struct p9_fid *p9_fid_get(struct p9_inode *i);
void p9_fid_put(struct p9_fs *fs, struct p9_fid *f);

/* An inode for what `fid` (which it takes over, also if it fails) was walked to; one for each file. */
int p9_inode_get(struct p9_fs *fs, u32 fid, const struct p9_qid *qid, struct inode **out);

int p9_inode_getattr(struct inode *i, struct kstat *st);
/* The same as the server says it, and never from memory: -ESTALE if it does not know the file any more. */
int p9_inode_ask(struct inode *i, struct kstat *st);

/* ---- p9_xattr.c ---- */
ssize_t p9_op_getxattr(struct inode *i, const char *name, void *buf, size_t size);
int p9_op_setxattr(struct inode *i, const char *name, const void *value, size_t size, int flags);
ssize_t p9_op_listxattr(struct inode *i, char *buf, size_t size);

/* ---- p9_file.c ---- */
extern const struct file_ops p9_file_ops, p9_dir_ops;
int p9_inode_open(struct inode *i, struct file *f);
/* Makes `fid`, which is open, f's.  0 or -ENOMEM (the fid is the caller's still). */
int p9_file_attach(struct file *f, u32 fid);
/* Bytes [from, to) of an open file become zeros. */
int p9_file_zero(struct file *f, u64 from, u64 to);

#endif
