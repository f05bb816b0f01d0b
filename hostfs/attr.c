/* SPDX-License-Identifier: MIT */
/* Attributes: of files, of the file system they lie on, and extended ones. */
#include "share.h"
#include <string.h>
#include <sys/xattr.h>

int hostfs_stat(struct hostfs_node *n, struct statx *st)
{
	int fd = node_fd(n);

	if (fd < 0)
		return fd;
	return statx(fd, "", AT_EMPTY_PATH, STATX_BASIC_STATS | STATX_BTIME, st) ? -errno : 0;
}

int hostfs_statfs(struct hostfs_node *n, struct statfs *st)
{
	int fd = node_fd(n);

	if (fd < 0)
		return fd;
	return fstatfs(fd, st) ? -errno : 0;
}

/* ---- setting ---- */

static int set_mode(struct hostfs_node *n, int fd, mode_t mode)
{
	struct proc_name proc = share_proc_name(fd);

	if (n->type == S_IFLNK)
		return -EOPNOTSUPP;
	if (mode_gains_rights(n->type, mode))
		return -EPERM;
	return fchmodat(n->share->proc, proc.text, mode & 07777, 0) ? -errno : 0;
}

static int set_size(struct hostfs_node *n, int fd, uint64_t size)
{
	struct hostfs_file *f;
	int err;

	if (n->type != S_IFREG)
		return n->type == S_IFDIR ? -EISDIR : -EINVAL;
	if (size > INT64_MAX)
		return -EINVAL;
	/* Through one that is open for writing, if there is one: its owner may have no write permission left. */
	f = node_writer(n);
	fd = f ? f->fd : share_reopen(n->share, fd, O_WRONLY);
	if (fd < 0)
		return fd;
	err = ftruncate(fd, (off_t)size) ? -errno : 0;
	if (!f)
		close(fd);
	return err;
}

static int set_times(int fd, const struct hostfs_attr *a)
{
	struct timespec t[2] = {a->atime, a->mtime};

	return utimensat(fd, "", t, AT_EMPTY_PATH) ? -errno : 0;
}

int hostfs_setattr(struct hostfs_node *n, const struct hostfs_attr *a)
{
	uid_t uid = a->valid & HOSTFS_SET_UID ? a->uid : (uid_t)-1;
	gid_t gid = a->valid & HOSTFS_SET_GID ? a->gid : (gid_t)-1;
	int fd, err = 0;

	if (n->share->rdonly)
		return -EROFS;
	fd = node_fd(n);
	if (fd < 0)
		return fd;
	/* In an order in which none undoes another: chown takes set-ID bits away, a new size sets the time. */
	if (a->valid & (HOSTFS_SET_UID | HOSTFS_SET_GID | HOSTFS_SET_CTIME) &&
	    fchownat(fd, "", uid, gid, AT_EMPTY_PATH | AT_SYMLINK_NOFOLLOW))
		err = -errno;
	if (!err && a->valid & HOSTFS_SET_MODE)
		err = set_mode(n, fd, a->mode);
	if (!err && a->valid & HOSTFS_SET_SIZE)
		err = set_size(n, fd, a->size);
	if (!err && a->valid & HOSTFS_SET_TIMES)
		err = set_times(fd, a);
	return err;
}

/* ---- extended attributes ---- */

static bool xattr_allowed(const char *name)
{
	return !strncmp(name, "user.", 5) || !strcmp(name, "system.posix_acl_access") ||
	       !strcmp(name, "system.posix_acl_default");
}

/*
 * A descriptor that knows xattrs, which O_PATH ones do not: an open one, or one of its own (*own).  A file that can
 * only be written is opened for that.
 */
static int xattr_fd(struct hostfs_node *n, bool *own)
{
	int fd, path;

	*own = false;
	if (n->type != S_IFREG && n->type != S_IFDIR)
		return -EOPNOTSUPP;
	if (n->files)
		return n->files->fd;
	path = node_fd(n);
	if (path < 0)
		return path;
	fd = share_reopen(n->share, path, O_RDONLY);
	if (fd == -EACCES && n->type == S_IFREG && !n->share->rdonly)
		fd = share_reopen(n->share, path, O_WRONLY);
	*own = fd >= 0;
	return fd;
}

static ssize_t xattr_end(int fd, bool own, ssize_t result)
{
	int err = errno;

	if (own)
		close(fd);
	return result < 0 ? -err : result;
}

ssize_t hostfs_xattr_get(struct hostfs_node *n, const char *name, void *buf, size_t size)
{
	bool own;
	int fd = xattr_allowed(name) ? xattr_fd(n, &own) : -EOPNOTSUPP;

	return fd < 0 ? fd : xattr_end(fd, own, fgetxattr(fd, name, buf, size));
}

ssize_t hostfs_xattr_list(struct hostfs_node *n, char *buf, size_t size)
{
	size_t keep = 0, len;
	ssize_t all;
	bool own;
	char *names;
	int fd = xattr_fd(n, &own);

	if (fd == -EOPNOTSUPP)
		return 0;
	if (fd < 0)
		return fd;
	names = malloc(XATTR_LIST_MAX);
	if (!names) {
		errno = ENOMEM;
		return xattr_end(fd, own, -1);
	}
	all = xattr_end(fd, own, flistxattr(fd, names, XATTR_LIST_MAX));
	for (ssize_t at = 0; at < all; at += (ssize_t)len) {
		len = strlen(names + at) + 1;
		if (!xattr_allowed(names + at))
			continue;
		if (size && keep + len <= size)
			memcpy(buf + keep, names + at, len);
		keep += len;
	}
	free(names);
	if (all < 0)
		return all;
	return size && keep > size ? -ERANGE : (ssize_t)keep;
}

int hostfs_xattr_set(struct hostfs_node *n, const char *name, const void *value, size_t size, int flags)
{
	bool own;
	int fd;

	if (n->share->rdonly)
		return -EROFS;
	fd = xattr_allowed(name) ? xattr_fd(n, &own) : -EOPNOTSUPP;
	return fd < 0 ? fd : (int)xattr_end(fd, own, fsetxattr(fd, name, value, size, flags));
}

int hostfs_xattr_remove(struct hostfs_node *n, const char *name)
{
	bool own;
	int fd;

	if (n->share->rdonly)
		return -EROFS;
	fd = xattr_allowed(name) ? xattr_fd(n, &own) : -EOPNOTSUPP;
	return fd < 0 ? fd : (int)xattr_end(fd, own, fremovexattr(fd, name));
}
