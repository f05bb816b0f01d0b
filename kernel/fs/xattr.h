/* SPDX-License-Identifier: MIT */
/*
 * Extended attributes: the checks that come before a file system is asked
 * (vfs_*: for system calls; they may sleep and take the inode's lock), and a list
 * of attributes for file systems in memory (xattrs_*: the caller locks).
 */
#ifndef FS_XATTR_H
#define FS_XATTR_H

#include "fs/vfs.h"

#define XATTR_CREATE   1
#define XATTR_REPLACE  2
#define XATTR_NAME_MAX 255
#define XATTR_SIZE_MAX 65536 /* bytes of a value */
#define XATTR_LIST_MAX 65536

#define XATTR_USER     "user."
#define XATTR_TRUSTED  "trusted."
#define XATTR_SECURITY "security."
#define XATTR_SYSTEM   "system."

/* As inode_ops.getxattr and so on; EPERM, EACCES, EROFS, ENODATA, EOPNOTSUPP, EINVAL for a name that is only a prefix. */
ssize_t vfs_getxattr(struct inode *i, const char *name, void *buf, size_t size);
int vfs_setxattr(struct inode *i, const char *name, const void *value, size_t size, int flags); /* value NULL: removes */
ssize_t vfs_listxattr(struct inode *i, char *buf, size_t size);

struct xattr;

ssize_t xattrs_get(const struct xattr *list, const char *name, void *buf, size_t size); /* -ENODATA, -ERANGE */
/* -EEXIST, -ENODATA (by flags), -ENOSPC: no memory, or too much of it for one file. */
int xattrs_set(struct xattr **list, const char *name, const void *value, size_t size, int flags);
ssize_t xattrs_list(const struct xattr *list, char *buf, size_t size);
void xattrs_free(struct xattr *list);

#endif
