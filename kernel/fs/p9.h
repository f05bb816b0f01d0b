/* SPDX-License-Identifier: MIT */
/*
 * Host directories as a file system: 9P2000.L.  p9_mount() is in vfs.h; here is
 * what fs/p9.c (inodes, changes), fs/p9_names.c (names), fs/p9_cache.c (bytes)
 * and fs/p9_file.c (open files) share.  What is kept in memory, and when the
 * server is asked again, is said in docs/files-of-the-host.md.
 * Locks: p9_fs.lock (a spinlock) guards the tables of inodes and names and what
 * says whether they hold; another one, in p9_cache.c, the extents.  Nothing is
 * allocated or freed under them, and no request waited for.
 */
#ifndef FS_P9_H
#define FS_P9_H

#include "fs/p9_client.h"
#include "fs/vfs.h"

struct p9_fs {
	struct superblock sb;
	struct p9_client client;
	struct spinlock lock;
	struct tree inodes;  /* struct p9_inode by qid.path */
	struct list names;   /* all struct p9_name, the last used first */
	unsigned name_count, name_max;
};

/* A fid in use: replaced, while others still use it, when a walk comes to the same file again. */
struct p9_fid {
	u32 refs;
	u32 fid;
};

/* When the server was asked, and how much the program could know of the host then (vfs_news). */
struct p9_when {
	nsec_t at; /* 0: never */
	u32 news;
};

struct p9_inode {
	struct inode vfs;
	struct tree_node node;
	struct p9_qid qid;
	bool hashed; /* in p9_fs.inodes */
	bool gone;   /* we have removed the name by which the server knows it */
	bool orphan; /* ... and cut it since: vfs.size says where it ends, not the server (see p9_setattr_gone) */
	bool lost;   /* its fid leads nowhere, or elsewhere: its names have to be looked up again */
	bool stale;  /* we have changed it since its attributes came */
	bool wrote;  /* the same, and until `version` moves */
	u32 opens;
	u32 blksize;
	struct p9_fid *fid;
	struct p9_when checked; /* its attributes */
	nsec_t seen;	     /* when they were first as they are */
	bool settled;	     /* that was long enough ago for another change to show */
	u32 version;	     /* of its bytes or names: what has been kept of an older one does not hold */
	u32 mapped_version;  /* of the pages of shared mappings */
	u32 writing;	     /* threads that are */
	u32 misses;	     /* counts bytes that were not in memory */
	u32 drops;	     /* counts p9_cache_drop(): what was being read then is not to be kept */
	struct tree names;   /* of a directory: struct p9_name */
	struct tree extents; /* of a file: struct p9_extent, by offset */
};

static inline struct p9_fs *p9_fs_of(const struct inode *i) { return container_of(i->sb, struct p9_fs, sb); }
static inline struct p9_inode *p9_inode_of(struct inode *i) { return container_of(i, struct p9_inode, vfs); }

/* The inode's fid, with a reference. */
struct p9_fid *p9_fid_get(struct p9_inode *i);
void p9_fid_put(struct p9_fs *fs, struct p9_fid *f);

/* An inode for what `fid` (which it takes over, also if it fails) was walked to; one for each file. */
int p9_inode_get(struct p9_fs *fs, u32 fid, const struct p9_qid *qid, struct inode **out);
/* Walks one name down: asks the server. */
int p9_walk_to(struct inode *dir, const char *name, size_t len, struct inode **out);

int p9_inode_getattr(struct inode *i, struct kstat *st);
/* The same as the server says it, and never from memory: -ESTALE if it does not know the file any more. */
int p9_inode_ask(struct inode *i, struct kstat *st);

/* ---- how long what is known holds: p9_cache.c ---- */

struct p9_when p9_now(void);
bool p9_holds(const struct p9_when *w);
/* Attributes that were asked for at `when` have come: `version` moves if bytes or names may be others. */
void p9_checked(struct p9_inode *i, const struct p9_attr *a, struct p9_when when);
/* Asks for the attributes unless what is known holds.  0 or -errno. */
int p9_check(struct p9_inode *i);
/* We have changed the file, or a directory's names: the change that will show is ours. */
void p9_changed(struct p9_inode *i);

/* ---- names: p9_names.c ---- */

int p9_lookup(struct inode *dir, const char *name, size_t len, struct inode **out);
/* What is known of the name does not hold any more. */
void p9_name_forget(struct p9_fs *fs, struct p9_inode *dir, const char *name, size_t len);

/* ---- bytes: p9_cache.c ---- */

struct p9_extent {
	struct tree_node node; /* p9_inode.extents */
	struct list link;
	struct p9_inode *inode;
	u64 off;
	u32 covers; /* bytes of the file */
	u32 cap;    /* bytes of memory */
	u32 refs;
	bool end; /* the server has said that the file ends behind it */
	u8 *data; /* NULL: taken away, memory was short */
};

/*
 * What is kept for the byte at off, or says that there is none (off lies behind it), with a reference; else NULL, and
 * where to read how much.
 */
struct p9_extent *p9_extent_get(struct p9_inode *i, u64 off, u64 *start, size_t *want, u32 *drops);
void p9_extent_put(struct p9_extent *x);
/* Keeps x (with a reference of the caller's, who stays free to use it), unless something has changed since `drops`. */
void p9_extent_keep(struct p9_inode *i, struct p9_extent *x, u32 drops);
/* Forgets the bytes [from, to). */
void p9_cache_drop(struct p9_inode *i, u64 from, u64 to);
/* The server has these bytes at off now; `drops` is what it was before they were sent. */
void p9_cache_write(struct p9_inode *i, u64 off, const u8 *data, u32 n, u32 drops);
void p9_cache_init(struct p9_fs *fs);

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
