/* SPDX-License-Identifier: MIT */
/* Extended attributes: each call for a path, for a link itself, and for a descriptor. */
#include "fs/xattr.h"
#include "fs/notify.h"
#include "lib/string.h"
#include "mm/heap.h"
#include "syscall/args.h"

/* What a call is about: a path (follow: links at its end too), or a descriptor. */
struct target {
	const char __user *path;
	bool follow;
	int fd; /* if path is NULL */
};

/* The dentry, or NULL for a file without a name; the inode; both as long as the reference of either kind is held. */
struct found {
	struct dentry *dentry;
	struct fdref ref;
	struct inode *inode;
};

static struct target by_path(const char __user *path) { return (struct target){path, true, -1}; }
static struct target by_link(const char __user *path) { return (struct target){path, false, -1}; }
static struct target by_fd(int fd) { return (struct target){NULL, false, fd}; }

static int target_find(const struct target *t, bool by_descriptor, struct found *f)
{
	int r;

	*f = (struct found){NULL, {NULL, false}, NULL};
	if (by_descriptor) {
		f->ref = fd_get(t->fd);
		if (!f->ref.file)
			return -EBADF;
		f->inode = f->ref.file->inode;
		return 0;
	}
	r = path_lookup(AT_FDCWD, t->path, t->follow ? WALK_FOLLOW : 0, &f->dentry);
	if (!r)
		f->inode = f->dentry->inode;
	return r;
}

static void found_end(struct found *f)
{
	if (f->dentry)
		dentry_unref(f->dentry);
	if (f->ref.file)
		fd_put(f->ref);
}

/* ERANGE for a name that is empty or too long: not ENAMETOOLONG, as xattr(7) has it. */
static int name_get(char *name, const char __user *from)
{
	ssize_t n = copy_string_from_user(name, from, XATTR_NAME_MAX + 1);

	if (n == 0 || n == -ENAMETOOLONG)
		return -ERANGE;
	return n < 0 ? (int)n : 0;
}

static void notify_changed(struct found *f)
{
	if (f->dentry)
		notify_dentry(f->dentry, NOTIFY_ATTRIB);
	else
		notify_file(f->ref.file, NOTIFY_ATTRIB);
}

static long set(struct target t, bool fd, const char __user *uname, const void __user *uvalue, size_t size, int flags)
{
	char name[XATTR_NAME_MAX + 1];
	struct found f;
	void *value;
	long r;

	if (flags & ~(XATTR_CREATE | XATTR_REPLACE))
		return -EINVAL;
	r = name_get(name, uname);
	if (r)
		return r;
	if (size > XATTR_SIZE_MAX)
		return -E2BIG;
	value = kmalloc(size ? size : 1);
	if (!value)
		return -ENOMEM;
	r = size && copy_from_user(value, uvalue, size) ? -EFAULT : target_find(&t, fd, &f);
	if (!r) {
		r = vfs_setxattr(f.inode, name, value, size, flags);
		if (!r)
			notify_changed(&f);
		found_end(&f);
	}
	kfree(value);
	return r;
}

/* name NULL: the list of names. */
static long get(struct target t, bool fd, const char *name, void __user *to, size_t size)
{
	struct found f;
	void *buf;
	long r;

	size = MIN(size, (size_t)XATTR_SIZE_MAX);
	buf = kmalloc(size ? size : 1);
	if (!buf)
		return -ENOMEM;
	r = target_find(&t, fd, &f);
	if (!r) {
		r = name ? vfs_getxattr(f.inode, name, buf, size) : vfs_listxattr(f.inode, buf, size);
		if (r == -ERANGE && size == XATTR_SIZE_MAX)
			r = -E2BIG;
		if (r > 0 && size && copy_to_user(to, buf, (size_t)r))
			r = -EFAULT;
		found_end(&f);
	}
	kfree(buf);
	return r;
}

static long get_named(struct target t, bool fd, const char __user *uname, void __user *to, size_t size)
{
	char name[XATTR_NAME_MAX + 1];
	long r = name_get(name, uname);

	return r ? r : get(t, fd, name, to, size);
}

static long drop(struct target t, bool fd, const char __user *uname)
{
	char name[XATTR_NAME_MAX + 1];
	struct found f;
	long r = name_get(name, uname);

	if (r)
		return r;
	r = target_find(&t, fd, &f);
	if (r)
		return r;
	r = vfs_setxattr(f.inode, name, NULL, 0, XATTR_REPLACE);
	if (!r)
		notify_changed(&f);
	found_end(&f);
	return r;
}

long sys_setxattr(const char __user *path, const char __user *name, const void __user *value, size_t size, int flags)
{
	return set(by_path(path), false, name, value, size, flags);
}
long sys_lsetxattr(const char __user *path, const char __user *name, const void __user *value, size_t size, int flags)
{
	return set(by_link(path), false, name, value, size, flags);
}
long sys_fsetxattr(int fd, const char __user *name, const void __user *value, size_t size, int flags)
{
	return set(by_fd(fd), true, name, value, size, flags);
}

long sys_getxattr(const char __user *path, const char __user *name, void __user *value, size_t size)
{
	return get_named(by_path(path), false, name, value, size);
}
long sys_lgetxattr(const char __user *path, const char __user *name, void __user *value, size_t size)
{
	return get_named(by_link(path), false, name, value, size);
}
long sys_fgetxattr(int fd, const char __user *name, void __user *value, size_t size)
{
	return get_named(by_fd(fd), true, name, value, size);
}

long sys_listxattr(const char __user *path, char __user *list, size_t size)
{
	return get(by_path(path), false, NULL, list, size);
}
long sys_llistxattr(const char __user *path, char __user *list, size_t size)
{
	return get(by_link(path), false, NULL, list, size);
}
long sys_flistxattr(int fd, char __user *list, size_t size) { return get(by_fd(fd), true, NULL, list, size); }

long sys_removexattr(const char __user *path, const char __user *name) { return drop(by_path(path), false, name); }
long sys_lremovexattr(const char __user *path, const char __user *name) { return drop(by_link(path), false, name); }
long sys_fremovexattr(int fd, const char __user *name) { return drop(by_fd(fd), true, name); }
