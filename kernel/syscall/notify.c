/* SPDX-License-Identifier: MIT */
/* inotify's four calls. */
#include "fs/notify.h"
#include "syscall/args.h"

#define IN_ONLYDIR     0x01000000u
#define IN_DONT_FOLLOW 0x02000000u
#define IN_EXCL_UNLINK 0x04000000u
#define IN_MASK_CREATE 0x10000000u
#define IN_MASK_ADD    0x20000000u
/* IN_ACCESS to IN_MOVE_SELF, IN_UNMOUNT, IN_Q_OVERFLOW, IN_IGNORED, and the flags */
#define IN_ALL_BITS    (0x0fffu | 0xe000u | 0x07000000u | IN_MASK_CREATE | IN_MASK_ADD | 0x40000000u | 0x80000000u)

long sys_inotify_init1(int flags)
{
	int r;

	if (flags & ~(O_CLOEXEC | O_NONBLOCK))
		return -EINVAL;
	r = inotify_instances_full();
	return r ? r : fd_give(inotify_create(flags & O_NONBLOCK), 0, flags & O_CLOEXEC);
}

long sys_inotify_init(void) { return sys_inotify_init1(0); }

static long watch_path(struct file *f, const char __user *path, u32 mask)
{
	unsigned walk = (mask & IN_DONT_FOLLOW ? 0 : WALK_FOLLOW) | (mask & IN_ONLYDIR ? WALK_DIRECTORY : 0);
	struct dentry *d;
	long r = path_lookup(AT_FDCWD, path, walk, &d);

	if (r)
		return r;
	r = vfs_permission(d->inode, MAY_READ);
	if (!r)
		r = inotify_watch(f, d->inode, mask);
	dentry_unref(d);
	return r;
}

long sys_inotify_add_watch(int fd, const char __user *path, u32 mask)
{
	struct fdref f;
	long r;

	if (!(mask & IN_ALL_BITS))
		return -EINVAL;
	f = fd_get(fd);
	if (!f.file)
		return -EBADF;
	if ((mask & IN_MASK_ADD) && (mask & IN_MASK_CREATE))
		r = -EINVAL;
	else
		r = inotify_is(f.file) ? watch_path(f.file, path, mask) : -EINVAL;
	fd_put(f);
	return r;
}

long sys_inotify_rm_watch(int fd, int wd)
{
	struct fdref f = fd_get(fd);
	long r;

	if (!f.file)
		return -EBADF;
	r = inotify_is(f.file) ? inotify_unwatch(f.file, wd) : -EINVAL;
	fd_put(f);
	return r;
}
