/* SPDX-License-Identifier: MIT */
/* Calls about names: open, mkdir, unlink, rename, links, directories. */
#include "fs/notify.h"
#include "lib/string.h"
#include "mm/heap.h"
#include "proc/cred.h"
#include "syscall/args.h"

long sys_openat(int dirfd, const char __user *path, int flags, u32 mode)
{
	struct path_arg p;
	struct file *f;
	long r = path_get(&p, dirfd, path);

	if (!r)
		r = fd_room(); /* a file must not be made that nobody can have */
	if (!r)
		r = vfs_open(p.at, p.name, flags, mode, &f);
	path_end(&p);
	return r ? r : fd_give(f, 0, flags & O_CLOEXEC);
}

long sys_open(const char __user *path, int flags, u32 mode) { return sys_openat(AT_FDCWD, path, flags, mode); }

long sys_creat(const char __user *path, u32 mode)
{
	return sys_openat(AT_FDCWD, path, O_CREAT | O_WRONLY | O_TRUNC, mode);
}

/* ---- openat2 ---- */

struct open_how { /* linux/openat2.h */
	u64 flags, mode, resolve;
};

#define OPEN_FLAGS_ALL                                                                                                 \
	((u64)(O_ACCMODE | O_CREAT | O_EXCL | O_NOCTTY | O_TRUNC | O_APPEND | O_NONBLOCK | O_SYNC | O_DIRECT |         \
	       O_ASYNC | O_LARGEFILE | O_DIRECTORY | O_NOFOLLOW | O_NOATIME | O_CLOEXEC | O_PATH | O_TMPFILE))
#define RESOLVE_ALL    0x3fu
#define RESOLVE_CACHED 0x20u

/* RESOLVE_* in their order. */
static const unsigned walk_of_resolve[] = {WALK_NO_XDEV, WALK_NO_MAGICLINKS, WALK_NO_SYMLINKS,
					   WALK_BENEATH, WALK_IN_ROOT,	     WALK_CACHED};

/* Unlike open(2) this call refuses what it does not know (build_open_flags() of Linux). */
static long how_check(const struct open_how *how, unsigned *walk)
{
	const u64 tmpfile = O_TMPFILE & ~O_DIRECTORY;

	if (how->flags & ~OPEN_FLAGS_ALL || how->resolve & ~(u64)RESOLVE_ALL)
		return -EINVAL;
	*walk = 0;
	for (unsigned n = 0; n < ARRAY_SIZE(walk_of_resolve); n++)
		if (how->resolve & (1u << n))
			*walk |= walk_of_resolve[n];
	if ((*walk & WALK_SCOPED) == WALK_SCOPED)
		return -EINVAL;
	if (how->flags & (O_CREAT | tmpfile) ? how->mode & ~07777ull : how->mode)
		return -EINVAL;
	if ((how->flags & (O_DIRECTORY | O_CREAT)) == (O_DIRECTORY | O_CREAT))
		return -EINVAL;
	if (how->flags & tmpfile && (!(how->flags & O_DIRECTORY) || (how->flags & O_ACCMODE) == O_RDONLY))
		return -EINVAL;
	if (how->flags & O_PATH && how->flags & ~(u64)(O_PATH | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC))
		return -EINVAL;
	if ((how->resolve & RESOLVE_CACHED) && how->flags & (O_TRUNC | O_CREAT | tmpfile))
		return -EAGAIN;
	return 0;
}

/* A newer program's longer structure is as good as ours if it asks for nothing more. */
static long how_get(struct open_how *how, const void __user *from, size_t size)
{
	if (size < sizeof(*how))
		return -EINVAL;
	if (size > PAGE_SIZE)
		return -E2BIG;
	for (size_t n = sizeof(*how); n < size; n++) {
		char c;

		if (copy_from_user(&c, user_at(from, n), 1))
			return -EFAULT;
		if (c)
			return -E2BIG;
	}
	return copy_from_user(how, from, sizeof(*how));
}

long sys_openat2(int dirfd, const char __user *path, const void __user *uhow, size_t size)
{
	struct path_arg p;
	struct open_how how;
	struct file *f;
	unsigned walk;
	long r = how_get(&how, uhow, size);

	if (!r)
		r = how_check(&how, &walk);
	if (r)
		return r;
	r = path_get_from(&p, dirfd, path, walk & WALK_IN_ROOT);
	if (!r)
		r = fd_room();
	if (!r)
		r = vfs_open_how(p.at, p.name, (u32)how.flags, (u32)how.mode, walk, &f);
	path_end(&p);
	return r ? r : fd_give(f, 0, how.flags & O_CLOEXEC);
}

long sys_mkdirat(int dirfd, const char __user *path, u32 mode)
{
	struct path_arg p;
	long r = path_get(&p, dirfd, path);

	if (!r)
		r = vfs_mkdir(p.at, p.name, mode);
	path_end(&p);
	return r;
}

long sys_mkdir(const char __user *path, u32 mode) { return sys_mkdirat(AT_FDCWD, path, mode); }

long sys_mknodat(int dirfd, const char __user *path, u32 mode, u32 dev)
{
	struct path_arg p;
	long r = path_get(&p, dirfd, path);

	if (!r)
		r = vfs_mknod(p.at, p.name, mode, dev);
	path_end(&p);
	return r;
}

long sys_mknod(const char __user *path, u32 mode, u32 dev) { return sys_mknodat(AT_FDCWD, path, mode, dev); }

long sys_unlinkat(int dirfd, const char __user *path, int flags)
{
	struct path_arg p;
	long r;

	if (flags & ~AT_REMOVEDIR)
		return -EINVAL;
	r = path_get(&p, dirfd, path);
	if (!r)
		r = flags & AT_REMOVEDIR ? vfs_rmdir(p.at, p.name) : vfs_unlink(p.at, p.name);
	path_end(&p);
	return r;
}

long sys_unlink(const char __user *path) { return sys_unlinkat(AT_FDCWD, path, 0); }
long sys_rmdir(const char __user *path) { return sys_unlinkat(AT_FDCWD, path, AT_REMOVEDIR); }

long sys_renameat2(int old_dirfd, const char __user *old_path, int new_dirfd, const char __user *new_path,
		   unsigned flags)
{
	struct path_arg from, to;
	long r = path_get(&from, old_dirfd, old_path);

	if (!r) {
		r = path_get(&to, new_dirfd, new_path);
		if (!r)
			r = vfs_rename(from.at, from.name, to.at, to.name, flags);
		path_end(&to);
	}
	path_end(&from);
	return r;
}

long sys_renameat(int old_dirfd, const char __user *old_path, int new_dirfd, const char __user *new_path)
{
	return sys_renameat2(old_dirfd, old_path, new_dirfd, new_path, 0);
}

long sys_rename(const char __user *old_path, const char __user *new_path)
{
	return sys_renameat2(AT_FDCWD, old_path, AT_FDCWD, new_path, 0);
}

long sys_linkat(int old_dirfd, const char __user *old_path, int new_dirfd, const char __user *new_path, int flags)
{
	unsigned walk = (flags & AT_SYMLINK_FOLLOW ? WALK_FOLLOW : 0) | (flags & AT_EMPTY_PATH ? WALK_EMPTY : 0);
	struct path_arg to;
	struct dentry *d;
	long r;

	if (flags & ~(AT_SYMLINK_FOLLOW | AT_EMPTY_PATH))
		return -EINVAL;
	r = path_lookup(old_dirfd, old_path, walk, &d);
	if (r)
		return r;
	r = path_get(&to, new_dirfd, new_path);
	if (!r)
		r = vfs_link(d, to.at, to.name);
	path_end(&to);
	dentry_unref(d);
	return r;
}

long sys_link(const char __user *old_path, const char __user *new_path)
{
	return sys_linkat(AT_FDCWD, old_path, AT_FDCWD, new_path, 0);
}

long sys_symlinkat(const char __user *target, int dirfd, const char __user *path)
{
	struct path_arg text, p;
	long r = path_get(&text, AT_FDCWD, target);

	if (!r) {
		r = path_get(&p, dirfd, path);
		if (!r)
			r = vfs_symlink(p.at, p.name, text.name);
		path_end(&p);
	}
	path_end(&text);
	return r;
}

long sys_symlink(const char __user *target, const char __user *path)
{
	return sys_symlinkat(target, AT_FDCWD, path);
}

static long put_link(struct inode *i, char __user *buf, int size)
{
	char small[256], *text = small;
	long r = i->ops->readlink(i, small, sizeof(small));

	if (r == sizeof(small)) { /* perhaps not all of it */
		text = kmalloc(PATH_MAX);
		if (!text)
			return -ENOMEM;
		r = i->ops->readlink(i, text, PATH_MAX);
	}
	if (r > 0) {
		r = MIN(r, (long)size);
		if (copy_to_user(buf, text, r))
			r = -EFAULT;
	}
	if (text != small)
		kfree(text);
	return r;
}

long sys_readlinkat(int dirfd, const char __user *path, char __user *buf, int size)
{
	struct dentry *d;
	char first;
	long r;

	if (size <= 0)
		return -EINVAL;
	r = path_lookup(dirfd, path, WALK_EMPTY, &d);
	if (r)
		return r;
	if (S_ISLNK(d->inode->mode) && d->inode->ops->readlink)
		r = put_link(d->inode, buf, size);
	else
		r = get_user(first, path) || first ? -EINVAL : -ENOENT;
	dentry_unref(d);
	return r;
}

long sys_readlink(const char __user *path, char __user *buf, int size)
{
	return sys_readlinkat(AT_FDCWD, path, buf, size);
}

/* ---- listing ---- */

struct dirent64 { /* linux/dirent.h */
	u64 ino;
	s64 off;
	u16 reclen;
	u8 type;
	char name[];
};

#define GETDENTS_STEP (32 * KiB)

struct dirent_sink {
	struct dir_sink sink;
	char *buf;
	size_t size, used;
	bool too_small;
};

static bool dirent_emit(struct dir_sink *s, const char *name, size_t len, u64 ino, unsigned dtype, u64 next)
{
	struct dirent_sink *d = container_of(s, struct dirent_sink, sink);
	size_t reclen = ALIGN_UP(offsetof(struct dirent64, name) + len + 1, 8ul);
	struct dirent64 *e = (struct dirent64 *)(d->buf + d->used);

	if (d->size - d->used < reclen) {
		d->too_small = !d->used;
		return false;
	}
	e->ino = ino;
	e->off = next;
	e->reclen = reclen;
	e->type = dtype;
	memset(e->name + len, 0, reclen - offsetof(struct dirent64, name) - len);
	memcpy(e->name, name, len);
	d->used += reclen;
	return true;
}

struct dirent_old { /* the type stands in the last byte, behind the name's NUL */
	u64 ino, off;
	u16 reclen;
	char name[];
};

static bool dirent_emit_old(struct dir_sink *s, const char *name, size_t len, u64 ino, unsigned dtype, u64 next)
{
	struct dirent_sink *d = container_of(s, struct dirent_sink, sink);
	size_t reclen = ALIGN_UP(offsetof(struct dirent_old, name) + len + 2, 8ul);
	struct dirent_old *e = (struct dirent_old *)(d->buf + d->used);

	if (d->size - d->used < reclen) {
		d->too_small = !d->used;
		return false;
	}
	e->ino = ino;
	e->off = next;
	e->reclen = (u16)reclen;
	memset(e->name + len, 0, reclen - offsetof(struct dirent_old, name) - len);
	memcpy(e->name, name, len);
	d->buf[d->used + reclen - 1] = (char)dtype;
	d->used += reclen;
	return true;
}

static long do_getdents(int fd, void __user *buf, unsigned size,
			bool (*emit)(struct dir_sink *s, const char *name, size_t len, u64 ino, unsigned dtype, u64 next))
{
	struct fdref r = fd_get(fd);
	struct dirent_sink s = {.sink.emit = emit, .size = MIN(size, GETDENTS_STEP)};
	long n = -EBADF;
	u64 pos;

	if (!r.file)
		return n;
	s.buf = kmalloc(s.size ? s.size : 1);
	if (!s.buf) {
		n = -ENOMEM;
	} else if (!r.file->ops->readdir) {
		n = -ENOTDIR;
	} else if (S_ISDIR(r.file->inode->mode) && !r.file->inode->nlink) {
		n = -ENOENT; /* removed */
	} else {
		mutex_lock(&r.file->pos_lock);
		pos = r.file->pos;
		n = r.file->ops->readdir(r.file, &pos, &s.sink);
		if (!n && s.too_small)
			n = -EINVAL;
		if (!n && copy_to_user(buf, s.buf, s.used))
			n = -EFAULT;
		if (!n) {
			r.file->pos = pos;
			n = s.used;
		}
		mutex_unlock(&r.file->pos_lock);
		notify_file(r.file, NOTIFY_ACCESS);
	}
	kfree(s.buf);
	fd_put(r);
	return n;
}

long sys_getdents64(int fd, void __user *buf, unsigned size) { return do_getdents(fd, buf, size, dirent_emit); }
long sys_getdents(int fd, void __user *buf, unsigned size) { return do_getdents(fd, buf, size, dirent_emit_old); }

/* ---- where the process is ---- */

static long change_dir(struct dentry *d)
{
	long r = S_ISDIR(d->inode->mode) ? vfs_permission(d->inode, MAY_EXEC) : -ENOTDIR;

	if (!r)
		fs_context_set_cwd(current->process->fs, d);
	return r;
}

long sys_chdir(const char __user *path)
{
	struct dentry *d;
	long r = path_lookup(AT_FDCWD, path, WALK_FOLLOW | WALK_DIRECTORY, &d);

	if (r)
		return r;
	r = change_dir(d);
	dentry_unref(d);
	return r;
}

long sys_chroot(const char __user *path)
{
	struct dentry *d;
	long r = path_lookup(AT_FDCWD, path, WALK_FOLLOW | WALK_DIRECTORY, &d);

	if (r)
		return r;
	r = vfs_permission(d->inode, MAY_EXEC);
	if (!r && !capable(CAP_SYS_CHROOT))
		r = -EPERM;
	if (!r)
		fs_context_set_root(current->process->fs, d);
	dentry_unref(d);
	return r;
}

long sys_fchdir(int fd)
{
	struct fdref f = fd_get_raw(fd);
	long r;

	if (!f.file)
		return -EBADF;
	r = f.file->dentry ? change_dir(f.file->dentry) : -ENOTDIR;
	fd_put(f);
	return r;
}

long sys_getcwd(char __user *buf, u64 size)
{
	struct dentry *d = fs_context_cwd(current->process->fs);
	char small[256], *text = small;
	long r = vfs_path(d, small, sizeof(small), false);

	if (r == -ENAMETOOLONG) {
		text = kmalloc(PATH_MAX);
		r = text ? vfs_path(d, text, PATH_MAX, false) : -ENOMEM;
	}
	if (r > 0 && !vfs_in_tree(d))
		r = -ENOENT; /* it has been removed */
	if (r > 0) {
		r++; /* the NUL counts */
		if ((u64)r > size)
			r = -ERANGE;
		else if (copy_to_user(buf, text, r))
			r = -EFAULT;
	}
	if (text != small)
		kfree(text);
	dentry_unref(d);
	return r;
}

long sys_umask(u32 mask)
{
	return __atomic_exchange_n(&current->process->fs->umask, mask & 0777, __ATOMIC_RELAXED);
}
