/* SPDX-License-Identifier: MIT */
#include "fs/xattr.h"
#include "lib/string.h"
#include "mm/heap.h"
#include "proc/cred.h"
#include "proc/thread.h"

/* ---- what is checked before any file system is asked (xattr_permission() of Linux) ---- */

static bool has_prefix(const char *name, const char *prefix) { return !strncmp(name, prefix, strlen(prefix)); }

static int xattr_permission(struct inode *i, const char *name, unsigned may)
{
	bool write = may & MAY_WRITE;

	if (write && (i->sb->flags & SB_RDONLY))
		return -EROFS;
	if (has_prefix(name, XATTR_SECURITY) || has_prefix(name, XATTR_SYSTEM))
		return 0; /* whoever keeps them decides */
	if (has_prefix(name, XATTR_TRUSTED))
		return capable(CAP_SYS_ADMIN) ? 0 : write ? -EPERM : -ENODATA;
	if (has_prefix(name, XATTR_USER)) {
		/* A link's or a device's mode says nothing about who may fill the disk with them. */
		if (!S_ISREG(i->mode) && !S_ISDIR(i->mode))
			return write ? -EPERM : -ENODATA;
		if (write && S_ISDIR(i->mode) && (i->mode & S_ISVTX) && !capable(CAP_FOWNER) &&
		    current->process->euid != i->uid)
			return -EPERM;
	}
	return vfs_permission(i, may);
}

/* A name that only has the prefix, or none that anybody knows. */
static int xattr_name_check(const char *name)
{
	static const char *const prefixes[] = {XATTR_USER, XATTR_TRUSTED, XATTR_SECURITY, XATTR_SYSTEM};

	for (unsigned n = 0; n < ARRAY_SIZE(prefixes); n++)
		if (has_prefix(name, prefixes[n]))
			return name[strlen(prefixes[n])] ? 0 : n < 2 ? -EINVAL : -EOPNOTSUPP;
	return -EOPNOTSUPP;
}

ssize_t vfs_getxattr(struct inode *i, const char *name, void *buf, size_t size)
{
	int r = xattr_permission(i, name, MAY_READ);

	if (!r)
		r = i->ops->getxattr ? xattr_name_check(name) : -EOPNOTSUPP;
	return r ? r : i->ops->getxattr(i, name, buf, size);
}

int vfs_setxattr(struct inode *i, const char *name, const void *value, size_t size, int flags)
{
	int r = xattr_permission(i, name, MAY_WRITE);

	if (!r)
		r = i->ops->setxattr ? xattr_name_check(name) : -EOPNOTSUPP;
	if (r)
		return r;
	mutex_lock(&i->lock);
	r = i->ops->setxattr(i, name, value, size, flags);
	mutex_unlock(&i->lock);
	return r;
}

ssize_t vfs_listxattr(struct inode *i, char *buf, size_t size)
{
	return i->ops->listxattr ? i->ops->listxattr(i, buf, size) : 0;
}

/* ---- in memory ---- */

#define XATTRS_PER_FILE (256 * KiB) /* bytes of names and values */

struct xattr {
	struct xattr *next;
	u32 size;
	u16 name_len;
	char data[]; /* the name with its NUL, the value */
};

static const char *value_of(const struct xattr *x) { return x->data + x->name_len + 1; }

ssize_t xattrs_get(const struct xattr *x, const char *name, void *buf, size_t size)
{
	while (x && strcmp(x->data, name))
		x = x->next;
	if (!x)
		return -ENODATA;
	if (size && size < x->size)
		return -ERANGE;
	if (size)
		memcpy(buf, value_of(x), x->size);
	return x->size;
}

int xattrs_set(struct xattr **list, const char *name, const void *value, size_t size, int flags)
{
	struct xattr **at = list, **found = NULL, *x = NULL;
	size_t len = strlen(name), total = 0;

	for (; *at; at = &(*at)->next) {
		if (!strcmp((*at)->data, name))
			found = at;
		else
			total += sizeof(*x) + (*at)->name_len + 1 + (*at)->size;
	}
	if (found && (flags & XATTR_CREATE))
		return -EEXIST;
	if (!found && (flags & XATTR_REPLACE))
		return -ENODATA;
	if (value) {
		if (total + sizeof(*x) + len + 1 + size > XATTRS_PER_FILE)
			return -ENOSPC;
		x = kmalloc(sizeof(*x) + len + 1 + size);
		if (!x)
			return -ENOSPC;
		x->size = (u32)size;
		x->name_len = (u16)len;
		memcpy(x->data, name, len + 1);
		memcpy(x->data + len + 1, value, size);
	}
	if (found) {
		struct xattr *old = *found;

		if (x)
			x->next = old->next;
		*found = x ? x : old->next;
		kfree(old);
	} else if (x) {
		x->next = NULL;
		*at = x;
	}
	return 0;
}

ssize_t xattrs_list(const struct xattr *x, char *buf, size_t size)
{
	size_t total = 0;

	for (; x; x = x->next) {
		/* trusted.* is not for everybody's eyes. */
		if (has_prefix(x->data, XATTR_TRUSTED) && !capable(CAP_SYS_ADMIN))
			continue;
		if (size && total + x->name_len + 1 > size)
			return -ERANGE;
		if (size)
			memcpy(buf + total, x->data, x->name_len + 1);
		total += x->name_len + 1;
	}
	return (ssize_t)total;
}

void xattrs_free(struct xattr *x)
{
	while (x) {
		struct xattr *next = x->next;

		kfree(x);
		x = next;
	}
}
