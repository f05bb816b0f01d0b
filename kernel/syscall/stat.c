/* SPDX-License-Identifier: MIT */
/* Calls about what files are: stat and its kin, permissions, owners, times, file systems. */
#include "fs/notify.h"
#include "lib/string.h"
#include "mm/heap.h"
#include "platform/platform.h"
#include "proc/clock.h"
#include "syscall/args.h"

/* The size of what a device holds is asked of the device. */
static u64 shown_size(const struct kstat *k) { return S_ISBLK(k->mode) ? 0 : k->size; }

static long put_stat(const struct kstat *k, struct linux_stat __user *buf)
{
	struct linux_stat st = {
		.dev = k->dev,
		.ino = k->ino,
		.nlink = k->nlink,
		.mode = k->mode,
		.uid = k->uid,
		.gid = k->gid,
		.rdev = k->rdev,
		.size = shown_size(k),
		.blksize = k->blksize,
		.blocks = k->blocks,
		.atime = k->atime / (s64)NSEC_PER_SEC,
		.atime_nsec = k->atime % (s64)NSEC_PER_SEC,
		.mtime = k->mtime / (s64)NSEC_PER_SEC,
		.mtime_nsec = k->mtime % (s64)NSEC_PER_SEC,
		.ctime = k->ctime / (s64)NSEC_PER_SEC,
		.ctime_nsec = k->ctime % (s64)NSEC_PER_SEC,
	};

	return copy_to_user(buf, &st, sizeof(st));
}

static int stat_file(struct file *f, struct kstat *k)
{
	if (f->inode->ops->getattr)
		return f->inode->ops->getattr(f->inode, k);
	inode_stat(f->inode, k);
	return 0;
}

static long stat_fd(int fd, struct kstat *k)
{
	struct fdref r = fd_get_raw(fd);
	long n;

	if (!r.file)
		return -EBADF;
	n = stat_file(r.file, k);
	fd_put(r);
	return n;
}

static long stat_path(int dirfd, const char __user *path, int flags, struct kstat *k)
{
	unsigned walk = flags & AT_SYMLINK_NOFOLLOW ? 0 : WALK_FOLLOW;
	struct dentry *d;
	int tries = 0;
	char first;
	long r;

	if (flags & AT_EMPTY_PATH) { /* fstat(fd) as newer C libraries spell it: no walk */
		if (!path && dirfd >= 0)
			return stat_fd(dirfd, k);
		if (get_user(first, path))
			return -EFAULT;
		if (!first && dirfd >= 0)
			return stat_fd(dirfd, k);
		walk |= WALK_EMPTY;
	}
	do { /* -ESTALE: the host gave the name to another file since it was looked up */
		r = path_lookup(dirfd, path, walk, &d);
		if (r)
			return r;
		r = vfs_getattr(d, k);
		dentry_unref(d);
	} while (r == -ESTALE && ++tries < 20);
	return r;
}

long sys_newfstatat(int dirfd, const char __user *path, struct linux_stat __user *buf, int flags)
{
	struct kstat k;
	long r;

	if (flags & ~(AT_SYMLINK_NOFOLLOW | AT_NO_AUTOMOUNT | AT_EMPTY_PATH))
		return -EINVAL;
	r = stat_path(dirfd, path, flags, &k);
	return r ? r : put_stat(&k, buf);
}

long sys_stat(const char __user *path, struct linux_stat __user *buf)
{
	return sys_newfstatat(AT_FDCWD, path, buf, 0);
}
long sys_lstat(const char __user *path, struct linux_stat __user *buf)
{
	return sys_newfstatat(AT_FDCWD, path, buf, AT_SYMLINK_NOFOLLOW);
}

long sys_fstat(int fd, struct linux_stat __user *buf)
{
	struct kstat k;
	long r = stat_fd(fd, &k);

	return r ? r : put_stat(&k, buf);
}

/* ---- statx ---- */

struct statx_time {
	s64 sec;
	u32 nsec;
	s32 pad;
};

struct linux_statx { /* linux/stat.h */
	u32 mask, blksize;
	u64 attributes;
	u32 nlink, uid, gid;
	u16 mode, pad0;
	u64 ino, size, blocks, attributes_mask;
	struct statx_time atime, btime, ctime, mtime;
	u32 rdev_major, rdev_minor, dev_major, dev_minor;
	u64 mnt_id;
	u32 dio_mem_align, dio_offset_align;
	u64 pad[12];
};
_Static_assert(sizeof(struct linux_statx) == 256, "struct statx of the ABI");

#define STATX_BASIC_STATS 0x7ffu
#define STATX_RESERVED	  0x80000000u

static struct statx_time statx_time(s64 ns)
{
	return (struct statx_time){.sec = ns / (s64)NSEC_PER_SEC, .nsec = ns % (s64)NSEC_PER_SEC};
}

static u32 dev_major(u64 dev) { return (dev >> 8 & 0xfff) | (dev >> 32 & ~0xfffu); }
static u32 dev_minor(u64 dev) { return (dev & 0xff) | (dev >> 12 & ~0xffu); }

long sys_statx(int dirfd, const char __user *path, unsigned flags, unsigned mask, void __user *buf)
{
	struct linux_statx sx;
	struct kstat k;
	long r;

	if ((mask & STATX_RESERVED) || (flags & AT_STATX_SYNC_TYPE) == AT_STATX_SYNC_TYPE ||
	    (flags & ~(AT_SYMLINK_NOFOLLOW | AT_NO_AUTOMOUNT | AT_EMPTY_PATH | AT_STATX_SYNC_TYPE)))
		return -EINVAL;
	r = stat_path(dirfd, path, flags, &k);
	if (r)
		return r;
	memset(&sx, 0, sizeof(sx));
	sx.mask = STATX_BASIC_STATS;
	sx.blksize = k.blksize;
	sx.nlink = k.nlink;
	sx.uid = k.uid;
	sx.gid = k.gid;
	sx.mode = k.mode;
	sx.ino = k.ino;
	sx.size = shown_size(&k);
	sx.blocks = k.blocks;
	sx.atime = statx_time(k.atime);
	sx.ctime = statx_time(k.ctime);
	sx.mtime = statx_time(k.mtime);
	sx.rdev_major = dev_major(k.rdev);
	sx.rdev_minor = dev_minor(k.rdev);
	sx.dev_major = dev_major(k.dev);
	sx.dev_minor = dev_minor(k.dev);
	return copy_to_user(buf, &sx, sizeof(sx));
}

/* ---- access ---- */

#define F_OK 0

static long do_access(int dirfd, const char __user *path, int mode, int flags)
{
	unsigned walk = (flags & AT_SYMLINK_NOFOLLOW ? 0 : WALK_FOLLOW) | (flags & AT_EMPTY_PATH ? WALK_EMPTY : 0);
	struct process *p = current->process;
	struct dentry *d;
	u32 euid = p->euid, egid = p->egid;
	u64 caps = p->cap_effective, real_caps = p->uid ? 0 : p->cap_permitted;
	long r;

	if ((mode & ~7) || (flags & ~(AT_EACCESS | AT_SYMLINK_NOFOLLOW | AT_EMPTY_PATH)))
		return -EINVAL;
	if (!(flags & AT_EACCESS) && (p->uid != euid || p->gid != egid || caps != real_caps)) { /* asks for the real user */
		p->euid = p->uid;
		p->egid = p->gid;
		p->cap_effective = real_caps;
	}
	r = path_lookup(dirfd, path, walk, &d);
	if (!r) {
		r = mode == F_OK ? 0 : vfs_permission(d->inode, mode);
		if (!r && (mode & MAY_WRITE) && (d->inode->sb->flags & SB_RDONLY))
			r = -EROFS;
		if (!r && mode && d->inode->ops->access)
			r = d->inode->ops->access(d->inode, mode);
		else if (!r && mode)
			r = vfs_permission_bits(d->inode, mode);
		dentry_unref(d);
	}
	p->euid = euid;
	p->egid = egid;
	p->cap_effective = caps;
	return r;
}

long sys_access(const char __user *path, int mode) { return do_access(AT_FDCWD, path, mode, 0); }
long sys_faccessat(int dirfd, const char __user *path, int mode) { return do_access(dirfd, path, mode, 0); }
long sys_faccessat2(int dirfd, const char __user *path, int mode, int flags)
{
	return do_access(dirfd, path, mode, flags);
}

/* ---- changes ---- */

/* Which news a change is (fsnotify_change() of Linux). */
static u32 setattr_event(const struct iattr *a)
{
	u32 event = a->valid & (ATTR_MODE | ATTR_UID | ATTR_GID) ? NOTIFY_ATTRIB : 0;

	switch (a->valid & (ATTR_ATIME | ATTR_MTIME)) {
	case ATTR_ATIME | ATTR_MTIME:
		return event | NOTIFY_ATTRIB;
	case ATTR_ATIME:
		return event | NOTIFY_ACCESS;
	case ATTR_MTIME:
		return event | NOTIFY_MODIFY;
	default:
		return event;
	}
}

static long setattr_fd(int fd, struct iattr *a)
{
	struct fdref r = fd_get(fd);
	long n;

	if (!r.file)
		return -EBADF;
	a->file = r.file;
	n = vfs_setattr(r.file->inode, a);
	if (!n)
		notify_file(r.file, setattr_event(a));
	fd_put(r);
	return n;
}

static long setattr_path(int dirfd, const char __user *path, unsigned walk, struct iattr *a)
{
	struct dentry *d;
	long r = path_lookup(dirfd, path, walk, &d);

	if (r)
		return r;
	if ((a->valid & ATTR_MODE) && S_ISLNK(d->inode->mode))
		r = -EOPNOTSUPP;
	else
		r = vfs_setattr(d->inode, a);
	if (!r)
		notify_dentry(d, setattr_event(a));
	dentry_unref(d);
	return r;
}

long sys_fchmodat(int dirfd, const char __user *path, u32 mode)
{
	struct iattr a = {.valid = ATTR_MODE, .mode = mode & 07777};

	return setattr_path(dirfd, path, WALK_FOLLOW, &a);
}

long sys_fchmodat2(int dirfd, const char __user *path, u32 mode, unsigned flags)
{
	struct iattr a = {.valid = ATTR_MODE, .mode = mode & 07777};

	if (flags & ~(AT_SYMLINK_NOFOLLOW | AT_EMPTY_PATH))
		return -EINVAL;
	return setattr_path(dirfd, path,
			    (flags & AT_SYMLINK_NOFOLLOW ? 0 : WALK_FOLLOW) | (flags & AT_EMPTY_PATH ? WALK_EMPTY : 0),
			    &a);
}

long sys_chmod(const char __user *path, u32 mode) { return sys_fchmodat(AT_FDCWD, path, mode); }

long sys_fchmod(int fd, u32 mode)
{
	struct iattr a = {.valid = ATTR_MODE, .mode = mode & 07777};

	return setattr_fd(fd, &a);
}

static struct iattr chown_attr(u32 uid, u32 gid)
{
	return (struct iattr){.valid = (uid != ~0u ? ATTR_UID : 0) | (gid != ~0u ? ATTR_GID : 0), .uid = uid, .gid = gid};
}

long sys_fchownat(int dirfd, const char __user *path, u32 uid, u32 gid, int flags)
{
	struct iattr a = chown_attr(uid, gid);

	if (flags & ~(AT_SYMLINK_NOFOLLOW | AT_EMPTY_PATH))
		return -EINVAL;
	return setattr_path(dirfd, path,
			    (flags & AT_SYMLINK_NOFOLLOW ? 0 : WALK_FOLLOW) | (flags & AT_EMPTY_PATH ? WALK_EMPTY : 0),
			    &a);
}

long sys_chown(const char __user *path, u32 uid, u32 gid) { return sys_fchownat(AT_FDCWD, path, uid, gid, 0); }
long sys_lchown(const char __user *path, u32 uid, u32 gid)
{
	return sys_fchownat(AT_FDCWD, path, uid, gid, AT_SYMLINK_NOFOLLOW);
}
long sys_fchown(int fd, u32 uid, u32 gid)
{
	struct iattr a = chown_attr(uid, gid);

	return setattr_fd(fd, &a);
}

#define UTIME_NOW  0x3fffffff
#define UTIME_OMIT 0x3ffffffe

static int time_attr(const struct timespec64 *t, u32 bit, u32 now_bit, struct iattr *a, s64 *ns)
{
	if (t->tv_nsec == UTIME_OMIT)
		return 0;
	a->valid |= bit;
	if (t->tv_nsec == UTIME_NOW) {
		a->valid |= now_bit;
		return 0;
	}
	if (t->tv_nsec < 0 || t->tv_nsec >= (s64)NSEC_PER_SEC)
		return -EINVAL;
	*ns = clock_wall_of(t->tv_sec, t->tv_nsec);
	return 0;
}

static long set_times(int dirfd, const char __user *path, const struct timespec64 *t, int flags)
{
	struct iattr a = {.valid = ATTR_ATIME | ATTR_MTIME | ATTR_ATIME_NOW | ATTR_MTIME_NOW};

	if (t) {
		a.valid = 0;
		if (time_attr(&t[0], ATTR_ATIME, ATTR_ATIME_NOW, &a, &a.atime) ||
		    time_attr(&t[1], ATTR_MTIME, ATTR_MTIME_NOW, &a, &a.mtime))
			return -EINVAL;
		if (!a.valid)
			return 0; /* both left alone: nothing is even looked at */
	}
	if (flags & ~(AT_SYMLINK_NOFOLLOW | AT_EMPTY_PATH))
		return -EINVAL;
	if (!path)
		return flags || dirfd == AT_FDCWD ? (dirfd == AT_FDCWD ? -EFAULT : -EINVAL) : setattr_fd(dirfd, &a);
	return setattr_path(dirfd, path,
			    (flags & AT_SYMLINK_NOFOLLOW ? 0 : WALK_FOLLOW) | (flags & AT_EMPTY_PATH ? WALK_EMPTY : 0),
			    &a);
}

long sys_utimensat(int dirfd, const char __user *path, const struct timespec64 __user *times, int flags)
{
	struct timespec64 t[2];

	if (times && copy_from_user(t, times, sizeof(t)))
		return -EFAULT;
	return set_times(dirfd, path, times ? t : NULL, flags);
}

static long set_timevals(int dirfd, const char __user *path, const void __user *times)
{
	struct timespec64 t[2];

	if (times) {
		if (copy_from_user(t, times, sizeof(t))) /* struct timeval[2] has the same layout */
			return -EFAULT;
		for (int i = 0; i < 2; i++) {
			if (t[i].tv_nsec < 0 || t[i].tv_nsec >= 1000000)
				return -EINVAL;
			t[i].tv_nsec *= 1000;
		}
	}
	return set_times(dirfd, path, times ? t : NULL, 0);
}

long sys_utimes(const char __user *path, const void __user *times) { return set_timevals(AT_FDCWD, path, times); }
long sys_futimesat(int dirfd, const char __user *path, const void __user *times)
{
	return set_timevals(dirfd, path, times);
}

long sys_utime(const char __user *path, const s64 __user *times)
{
	struct timespec64 t[2] = {{0, 0}, {0, 0}};
	s64 sec[2];

	if (times) {
		if (copy_from_user(sec, times, sizeof(sec)))
			return -EFAULT;
		t[0].tv_sec = sec[0];
		t[1].tv_sec = sec[1];
	}
	return set_times(AT_FDCWD, path, times ? t : NULL, 0);
}

/* ---- file systems ---- */

static long statfs_of(struct superblock *sb, struct linux_statfs __user *buf)
{
	struct linux_statfs st;

	memset(&st, 0, sizeof(st));
	st.type = sb->magic;
	st.bsize = st.frsize = sb->block_size;
	st.namelen = NAME_MAX;
	st.fsid[0] = sb->dev;
	st.flags = 0x20 /* ST_VALID */ | (sb->flags & SB_RDONLY ? 1 : 0);
	if (sb->flags & SB_PINNED) { /* in memory: what is free there */
		st.blocks = platform_memory_total() / PAGE_SIZE;
		st.bfree = st.bavail = platform_memory_free() / PAGE_SIZE;
		st.files = st.ffree = st.blocks;
	}
	if (sb->ops && sb->ops->statfs) {
		int r = sb->ops->statfs(sb, &st);

		if (r)
			return r;
	}
	return copy_to_user(buf, &st, sizeof(st));
}

long sys_statfs(const char __user *path, struct linux_statfs __user *buf)
{
	struct dentry *d;
	long r = path_lookup(AT_FDCWD, path, WALK_FOLLOW, &d);

	if (r)
		return r;
	r = statfs_of(d->inode->sb, buf);
	dentry_unref(d);
	return r;
}

long sys_fstatfs(int fd, struct linux_statfs __user *buf)
{
	struct fdref f = fd_get_raw(fd);
	long r;

	if (!f.file)
		return -EBADF;
	r = statfs_of(f.file->inode->sb, buf);
	fd_put(f);
	return r;
}
