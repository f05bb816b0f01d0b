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
#include "fs/pages.h"
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

	/* p9_pages.c: pages that are mapped shared */
	struct mutex map_lock;
	struct pages shared;
	u32 map_fid; /* to write them back through; P9_NOFID: nobody has written to one */
	bool map_borrowed; /* it is an open file's */
	struct list dirty;
};

static inline struct p9_fs *p9_fs_of(const struct inode *i) { return container_of(i->sb, struct p9_fs, sb); }
static inline struct p9_inode *p9_inode_of(struct inode *i) { return container_of(i, struct p9_inode, vfs); }

/* The inode's fid, with a reference. */
struct p9_fid *p9_fid_get(struct p9_inode *i);
void p9_fid_put(struct p9_fs *fs, struct p9_fid *f);

/* An inode for what `fid` (which it takes over, also if it fails) was walked to; one for each file. */
int p9_inode_get(struct p9_fs *fs, u32 fid, const struct p9_qid *qid, struct inode **out);

int p9_inode_getattr(struct inode *i, struct kstat *st);

/* ---- p9_file.c ---- */
extern const struct file_ops p9_file_ops, p9_dir_ops;
int p9_inode_open(struct inode *i, struct file *f);
/* Makes `fid`, which is open, f's.  0 or -ENOMEM (the fid is the caller's still). */
int p9_file_attach(struct file *f, u32 fid);
/* Another fid for the inode's file, opened; not of another file that has its name now (-ESTALE). */
int p9_file_open_again(struct inode *inode, u32 flags, u32 *fid);
u32 p9_file_fid(const struct file *f);
/* Bytes [from, to) of an open file become zeros. */
int p9_file_zero(struct file *f, u64 from, u64 to);

/* ---- p9_pages.c: each does nothing unless the file is mapped shared ---- */
int p9_page_shared(struct file *f, u64 off, bool write, paddr_t *frame);
/* Before [off, off + n) is read or written at the server: what mappings wrote there goes first. */
int p9_pages_flush(struct p9_inode *i, u64 off, size_t n);
/* After it has been written: the pages take it over. */
void p9_pages_refresh(struct p9_inode *i, u32 fid, u64 off, size_t n);
void p9_pages_cut(struct p9_inode *i, u64 size);
/* An open file goes, whose fid is given; last: it was the only one. */
void p9_pages_release(struct p9_inode *i, u32 fid, bool last);

#endif
