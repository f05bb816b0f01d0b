/* SPDX-License-Identifier: MIT */
/* Open files and directories. */
#include "share.h"
#include <string.h>
#include <sys/syscall.h>

#define FLAGS_KEPT (O_ACCMODE | O_APPEND | O_TRUNC | O_SYNC | O_DIRECTORY)

static int check_flags(struct hostfs_node *n, int flags)
{
	int access = flags & O_ACCMODE;

	if (access == O_ACCMODE)
		return -EINVAL;
	if (n->type == S_IFLNK)
		return -ELOOP;
	if (n->type == S_IFDIR && (access != O_RDONLY || flags & O_TRUNC))
		return -EISDIR;
	if (n->type != S_IFDIR && flags & O_DIRECTORY)
		return -ENOTDIR;
	/* To open a FIFO waits, to open a device acts: not for a guest, and not on this thread. */
	if (n->type != S_IFDIR && n->type != S_IFREG)
		return -ENXIO;
	return n->share->rdonly && (access != O_RDONLY || flags & O_TRUNC) ? -EROFS : 0;
}

/* A file of n around fd, which it takes over, also if it fails. */
static int file_make(struct hostfs_node *n, int fd, int flags, struct hostfs_file **out)
{
	struct hostfs_file *f = node_make_room(n->share) ? NULL : malloc(sizeof(*f));

	if (!f) {
		close(fd);
		return n->share->fds >= n->share->max_fds ? -ENFILE : -ENOMEM;
	}
	*f = (struct hostfs_file){
		.node = hostfs_get(n), .next = n->files, .fd = fd, .access = flags & O_ACCMODE};
	n->files = f;
	n->share->fds++;
	node_touch(n);
	*out = f;
	return 0;
}

int hostfs_open(struct hostfs_node *n, int flags, struct hostfs_file **out)
{
	int fd, err;

	flags &= FLAGS_KEPT;
	err = check_flags(n, flags);
	if (!err)
		err = node_make_room(n->share);
	if (err)
		return err;
	fd = node_fd(n);
	if (fd >= 0 && n->type == S_IFDIR) {
		/* Below the node's own descriptor, so without /proc. */
		fd = openat(fd, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
		if (fd < 0)
			fd = -errno;
	} else if (fd >= 0) {
		fd = share_reopen(n->share, fd, flags);
	}
	return fd < 0 ? fd : file_make(n, fd, flags, out);
}

#define CREATE_TRIES 20

/* A file that was not there: a descriptor, or -EEXIST. */
static int create_new(struct hostfs_node *dir, const char *name, int flags, mode_t mode,
		      struct hostfs_owner owner, struct hostfs_node **node)
{
	struct hostfs_share *s = dir->share;
	int fd = node_fd(dir), path, err;

	if (fd >= 0)
		fd = share_open_at(s, fd, name, flags | O_CREAT | O_EXCL | O_NOFOLLOW, mode & 07777);
	if (fd < 0)
		return fd;
	node_own(dir, fd, owner);
	/* The node by way of the descriptor: the name may be another file's by now. */
	path = share_reopen(s, fd, O_PATH);
	err = path < 0 ? path : node_make(dir, name, path, node, NULL);
	if (err) {
		close(fd);
		return err;
	}
	return fd;
}

int hostfs_create(struct hostfs_node *dir, const char *name, size_t len, int flags, mode_t mode,
		  struct hostfs_owner owner, struct hostfs_node **node, struct hostfs_file **out)
{
	struct entry_name n;
	bool exclusive = flags & O_EXCL;
	int err = name_check(&n, name, len), fd;

	flags &= FLAGS_KEPT & ~O_DIRECTORY;
	if (err)
		return err;
	if (dir->type != S_IFDIR)
		return -ENOTDIR;
	if (name_is_dots(&n))
		return exclusive ? -EEXIST : -EISDIR;
	if ((flags & O_ACCMODE) == O_ACCMODE)
		return -EINVAL;
	if (dir->share->rdonly)
		return -EROFS;
	if (mode_gains_rights(S_IFREG, mode))
		return -EPERM;
	/*
	 * Never an open that may meet what is there: that could be a FIFO or a device.  What is there is opened as a
	 * node first; it may be gone when we come back, and come and go as often as the host likes.
	 */
	for (unsigned tries = 0; tries < CREATE_TRIES; tries++) {
		err = node_make_room(dir->share);
		if (err)
			return err;
		fd = create_new(dir, n.text, flags, mode, owner, node);
		if (fd >= 0) {
			err = file_make(*node, fd, flags, out);
			if (err)
				hostfs_put(*node);
			return err;
		}
		if (fd != -EEXIST || exclusive)
			return fd;
		err = hostfs_walk(dir, n.text, strlen(n.text), node, NULL);
		if (!err) {
			err = hostfs_open(*node, flags, out);
			if (err)
				hostfs_put(*node);
			return err;
		}
		if (err != -ENOENT)
			return err;
	}
	return -ESTALE;
}

void hostfs_close(struct hostfs_file *f)
{
	struct hostfs_file **p;

	if (!f)
		return;
	for (p = &f->node->files; *p != f; p = &(*p)->next)
		;
	*p = f->next;
	close(f->fd);
	f->node->share->fds--;
	node_touch(f->node);
	hostfs_put(f->node);
	free(f);
}

struct hostfs_node *hostfs_file_node(struct hostfs_file *f)
{
	return f->node;
}

ssize_t hostfs_read(struct hostfs_file *f, const struct iovec *iov, int n, uint64_t off)
{
	ssize_t got;

	if (off > INT64_MAX)
		return -EINVAL;
	got = preadv(f->fd, iov, n, (off_t)off);
	return got < 0 ? -errno : got;
}

ssize_t hostfs_write(struct hostfs_file *f, const struct iovec *iov, int n, uint64_t off)
{
	ssize_t put;

	if (off > INT64_MAX)
		return -EINVAL;
	put = pwritev(f->fd, iov, n, (off_t)off);
	return put < 0 ? -errno : put;
}

int hostfs_fsync(struct hostfs_file *f, bool data_only)
{
	return (data_only ? fdatasync(f->fd) : fsync(f->fd)) ? -errno : 0;
}

/* ---- directories ---- */

struct linux_dirent64 { /* getdents64(2) */
	uint64_t ino;
	int64_t off;
	uint16_t reclen;
	uint8_t type;
	char name[];
};

int hostfs_readdir(struct hostfs_file *f, uint64_t *off, void *buf, size_t size, hostfs_entry_fn *fn,
		   void *arg)
{
	int taken = 0;
	long n;

	if (f->node->type != S_IFDIR)
		return -ENOTDIR;
	if (f->pos != *off && lseek(f->fd, (off_t)*off, SEEK_SET) < 0)
		return -errno;
	f->pos = *off;
	n = syscall(SYS_getdents64, f->fd, buf, size);
	if (n < 0)
		return -errno;
	for (long at = 0; at < n;) {
		struct linux_dirent64 *d = (struct linux_dirent64 *)(void *)((char *)buf + at);

		if (!fn(arg, d->ino, (uint64_t)d->off, d->type, d->name, strlen(d->name))) {
			f->pos = UINT64_MAX; /* the descriptor is further than what was taken */
			break;
		}
		*off = f->pos = (uint64_t)d->off;
		taken++;
		at += d->reclen;
	}
	return taken;
}

/* ---- locks ---- */

int hostfs_lock(struct hostfs_file *f, short type, uint64_t start, uint64_t len)
{
	struct flock l = {.l_type = type, .l_whence = SEEK_SET, .l_start = (off_t)start, .l_len = (off_t)len};

	if (start > INT64_MAX || len > INT64_MAX)
		return -EINVAL;
	if (!fcntl(f->fd, F_OFD_SETLK, &l))
		return 0;
	return errno == EACCES ? -EAGAIN : -errno;
}

int hostfs_lock_test(struct hostfs_file *f, short *type, uint64_t *start, uint64_t *len)
{
	struct flock l = {
		.l_type = *type, .l_whence = SEEK_SET, .l_start = (off_t)*start, .l_len = (off_t)*len};

	if (*start > INT64_MAX || *len > INT64_MAX)
		return -EINVAL;
	if (fcntl(f->fd, F_OFD_GETLK, &l))
		return -errno;
	*type = l.l_type;
	if (l.l_type != F_UNLCK) {
		*start = (uint64_t)l.l_start;
		*len = (uint64_t)l.l_len;
	}
	return 0;
}
