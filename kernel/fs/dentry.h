/* SPDX-License-Identifier: MIT */
/* What the files of the VFS share among themselves about dentries.  Others use fs/vfs.h. */
#ifndef FS_DENTRY_H
#define FS_DENTRY_H

#include "fs/vfs.h"
#include "lib/string.h"

extern struct spinlock dcache_lock;
extern struct mutex rename_lock; /* held by a rename that changes a directory's parent */
extern struct dentry *vfs_root;

u32 dentry_hash(const char *name, size_t len);
/* The order of names in a tree: by hash, length, bytes.  Below, equal, above 0, as memcmp. */
static inline int name_order(u32 hash, const char *name, size_t len, u32 hash2, const char *name2, size_t len2)
{
	if (hash != hash2)
		return hash < hash2 ? -1 : 1;
	if (len != len2)
		return len < len2 ? -1 : 1;
	return memcmp(name, name2, len);
}
struct dentry *dentry_alloc(struct inode *i, const char *name, size_t len); /* takes its own reference to i (or NULL) */
/* In two steps, so that nothing can fail after the file system has changed: without an inode, then in the tree. */
struct dentry *dentry_prepare(struct dentry *parent, const char *name, size_t len);
void dentry_attach(struct dentry *d, struct inode *i); /* takes its own reference to i */
/* Both; the caller holds the directory's lock.  With a reference for the caller.  NULL: no memory. */
struct dentry *dentry_add(struct dentry *parent, const char *name, size_t len, struct inode *i);
struct dentry *dentry_find(struct dentry *parent, const char *name, size_t len); /* with a reference, or NULL */
void dentry_drop(struct dentry *d);
bool dentry_set_name(struct dentry *d, const char *name, size_t len);
void dentry_free_name(struct dentry *d);
/* With dcache_lock held. */
struct dentry *dentry_find_locked(struct dentry *parent, const char *name, size_t len);
void dentry_hash_locked(struct dentry *parent, struct dentry *d);
void dentry_unhash_locked(struct dentry *d);

/* Builds the mounts and the usual directories, once: called at the first walk of a program's path. */
extern bool vfs_complete;
void vfs_complete_tree(void);

/* One step down: the dentry of a name in a directory, mounts not yet entered.  -ENOENT. */
int vfs_lookup(struct dentry *dir, const char *name, size_t len, struct dentry **out);
int vfs_lookup_held(struct dentry *dir, const char *name, size_t len, struct dentry **out); /* its lock is held */
int vfs_enter_mount(struct dentry **d); /* replaces d by the root of what is mounted on it */

#endif
