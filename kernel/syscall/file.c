/* SPDX-License-Identifier: MIT */
/* Calls about descriptors and open files: close, dup, fcntl, fsync, truncation. */
#include "fs/blkdev.h"
#include "fs/flock.h"
#include "fs/memfd.h"
#include "fs/notify.h"
#include "fs/range_lock.h"
#include "fs/tty.h"
#include "ipc/pipe.h"
#include "lib/string.h"
#include "syscall/args.h"

long sys_close(int fd) { return fd_close(fd); }

#define CLOSE_RANGE_UNSHARE (1u << 1)
#define CLOSE_RANGE_CLOEXEC (1u << 2)

long sys_close_range(unsigned first, unsigned last, unsigned flags)
{
	if (flags & ~(CLOSE_RANGE_UNSHARE | CLOSE_RANGE_CLOEXEC) || first > last)
		return -EINVAL;
	/* The one process shares its table with nobody, so UNSHARE is what there is. */
	if (flags & CLOSE_RANGE_CLOEXEC)
		fd_cloexec_many(first, last);
	else
		fd_close_many(first, last);
	return 0;
}

/* ---- dup ---- */

static struct file *file_of(int fd) /* with a reference of its own; O_PATH files too */
{
	struct fdref r = fd_get_raw(fd);

	if (r.file && !r.counted)
		file_ref(r.file);
	return r.file;
}

static long dup_from(int fd, int from, bool cloexec)
{
	struct file *f = file_of(fd);

	return f ? fd_give(f, from, cloexec) : -EBADF;
}

static long dup_to(int fd, int to, bool cloexec)
{
	struct file *f = file_of(fd);
	long r;

	if (!f)
		return -EBADF;
	r = fd_replace(f, to, cloexec);
	if (r < 0)
		file_unref(f);
	return r;
}

long sys_dup(int fd) { return dup_from(fd, 0, false); }

long sys_dup2(int fd, int to)
{
	if (fd == to) {
		struct fdref r = fd_get_raw(fd);

		if (!r.file)
			return -EBADF;
		fd_put(r);
		return fd;
	}
	return dup_to(fd, to, false);
}

long sys_dup3(int fd, int to, int flags)
{
	if ((flags & ~O_CLOEXEC) || fd == to)
		return -EINVAL;
	return dup_to(fd, to, flags & O_CLOEXEC);
}

/* ---- fcntl ---- */

#define F_DUPFD		0
#define F_GETFD		1
#define F_SETFD		2
#define F_GETFL		3
#define F_SETFL		4
#define F_GETLK		5
#define F_SETLK		6
#define F_SETLKW	7
#define F_SETOWN	8
#define F_GETOWN	9
#define F_OFD_GETLK	36
#define F_OFD_SETLK	37
#define F_OFD_SETLKW	38
#define F_DUPFD_CLOEXEC 1030
#define F_SETPIPE_SZ	1031
#define F_GETPIPE_SZ	1032
#define F_ADD_SEALS	1033
#define F_GET_SEALS	1034
#define FD_CLOEXEC	1

#define F_RDLCK 0
#define F_WRLCK 1
#define F_UNLCK 2

struct user_flock {
	s16 type, whence;
	s64 start, len;
	s32 pid;
};

/* What l means in f: flock64_to_posix_lock() of Linux, its order of checks. */
static int range_get(struct file *f, const struct user_flock *l, struct range *r)
{
	s64 start;

	if (l->whence < SEEK_SET || l->whence > SEEK_END)
		return -EINVAL;
	start = l->whence == SEEK_SET ? 0 : l->whence == SEEK_CUR ? (s64)f->pos : (s64)file_size(f);
	if (__builtin_add_overflow(start, l->start, &start))
		return -EOVERFLOW;
	if (start < 0)
		return -EINVAL;
	r->start = start;
	r->end = INT64_MAX;
	if (l->len > 0) {
		if (__builtin_add_overflow(start, l->len - 1, &r->end))
			return -EOVERFLOW;
	} else if (l->len < 0) {
		r->start = start + l->len;
		r->end = start - 1;
		if (r->start < 0)
			return -EINVAL;
	}
	if (l->type < F_RDLCK || l->type > F_UNLCK)
		return -EINVAL;
	r->type = (enum range_lock_type)l->type;
	return 0;
}

/*
 * Record locks.  A process's own never stand in its way, and there is one process; those of open files (OFD) stand in
 * each other's and in the process's.
 */
static long fcntl_lock(struct file *f, unsigned cmd, u64 arg)
{
	bool ofd = cmd >= F_OFD_GETLK, get = cmd == F_GETLK || cmd == F_OFD_GETLK;
	struct user_flock __user *p = (struct user_flock __user *)arg;
	const void *owner = ofd ? (const void *)f : current->process;
	struct range r = {.ofd = ofd}, found;
	struct user_flock l;
	int err;

	if (get_user(l, p))
		return -EFAULT;
	if (get && (l.type < F_RDLCK || l.type > F_UNLCK || (!ofd && l.type == F_UNLCK)))
		return -EINVAL;
	err = range_get(f, &l, &r);
	if (err)
		return err;
	if (ofd && l.pid)
		return -EINVAL;
	if (get) {
		l.type = F_UNLCK;
		if (range_lock_find(f->inode, owner, &r, &found)) {
			l.type = (s16)found.type;
			l.whence = SEEK_SET;
			l.start = found.start;
			l.len = found.end == INT64_MAX ? 0 : found.end - found.start + 1;
			l.pid = found.ofd ? -1 : current->process->pid;
		}
		return put_user(l, p);
	}
	if ((l.type == F_RDLCK && !(f->kind & FILE_READ)) || (l.type == F_WRLCK && !(f->kind & FILE_WRITE)))
		return -EBADF;
	return range_lock_set(f->inode, owner, &r, cmd == F_SETLKW || cmd == F_OFD_SETLKW);
}

static long fcntl_file(struct file *f, unsigned cmd, u64 arg)
{
	const u32 settable = O_APPEND | O_NONBLOCK | O_DIRECT | O_NOATIME;

	switch (cmd) {
	case F_GETFL:
		return f->flags | (f->kind & FILE_STREAM ? 0 : O_LARGEFILE);
	case F_SETFL:
		if (((arg ^ f->flags) & O_NOATIME) && vfs_permission(f->inode, MAY_WRITE))
			return -EPERM;
		WRITE_ONCE(f->flags, (f->flags & ~settable) | (arg & settable));
		return 0;
	case F_GETLK:
	case F_SETLK:
	case F_SETLKW:
	case F_OFD_GETLK:
	case F_OFD_SETLK:
	case F_OFD_SETLKW:
		return fcntl_lock(f, cmd, arg);
	case F_GETPIPE_SZ:
		return pipe_capacity(f);
	case F_SETPIPE_SZ:
		return pipe_set_capacity(f, arg);
	case F_ADD_SEALS:
		return arg > ~0u ? -EINVAL : memfd_add_seals(f, (u32)arg);
	case F_GET_SEALS:
		return memfd_seals(f);
	default:
		return -EINVAL;
	}
}

long sys_fcntl(int fd, unsigned cmd, u64 arg)
{
	struct fdref r = fd_get_raw(fd);
	long n;

	if (!r.file)
		return -EBADF;
	switch (cmd) {
	case F_DUPFD:
	case F_DUPFD_CLOEXEC:
		if (arg >= current->process->limits[7 /* NOFILE */].cur || (s64)arg < 0)
			n = -EINVAL;
		else
			n = dup_from(fd, arg, cmd == F_DUPFD_CLOEXEC);
		break;
	case F_GETFD:
		n = fd_cloexec(fd, -1);
		break;
	case F_SETFD:
		n = fd_cloexec(fd, arg & FD_CLOEXEC);
		n = n < 0 ? n : 0;
		break;
	case F_GETFL:
		n = fcntl_file(r.file, cmd, arg);
		break;
	default:
		n = r.file->kind & FILE_PATH ? -EBADF : fcntl_file(r.file, cmd, arg);
	}
	fd_put(r);
	return n;
}

long sys_flock(int fd, unsigned op)
{
	struct fdref r = fd_get(fd);
	long n;

	if (!r.file)
		return -EBADF;
	n = flock_set(r.file, op);
	fd_put(r);
	return n;
}

/* ---- ioctl ---- */

static long ioctl_int(u64 arg, u32 *flags, u32 bit)
{
	int on;

	if (get_user(on, (const int __user *)arg))
		return -EFAULT;
	WRITE_ONCE(*flags, on ? *flags | bit : *flags & ~bit);
	return 0;
}

long sys_ioctl(int fd, unsigned cmd, u64 arg)
{
	struct fdref r = fd_get(fd);
	struct file *f = r.file;
	long n;

	if (!f)
		return -EBADF;
	switch (cmd) {
	case FIOCLEX:
	case FIONCLEX:
		n = fd_cloexec(fd, cmd == FIOCLEX);
		n = n < 0 ? n : 0;
		break;
	case FIONBIO:
		n = ioctl_int(arg, &f->flags, O_NONBLOCK);
		break;
	case FIONREAD:
		if (S_ISREG(f->inode->mode) && !(f->kind & FILE_STREAM)) {
			n = put_user((int)(file_size(f) - f->pos), (int __user *)arg);
			break;
		}
		/* fallthrough */
	default:
		n = f->ops->ioctl ? f->ops->ioctl(f, cmd, arg) : -ENOTTY;
	}
	fd_put(r);
	return n;
}

/* ---- pipe ---- */

static long make_pipe(int __user *fds, u32 flags)
{
	struct file *ends[2];
	int r;

	if (flags & ~(u32)(O_CLOEXEC | O_NONBLOCK)) /* packets (O_DIRECT) and notifications: not here */
		return -EINVAL;
	r = pipe_create(ends, flags & O_NONBLOCK);
	return r ? r : fd_give_two(ends, flags & O_CLOEXEC, fds);
}

long sys_pipe(int __user *fds) { return make_pipe(fds, 0); }
long sys_pipe2(int __user *fds, int flags) { return make_pipe(fds, flags); }

/* ---- files in memory ---- */

#define MFD_CLOEXEC	  0x01u
#define MFD_ALLOW_SEALING 0x02u
#define MFD_HUGETLB	  0x04u
#define MFD_NOEXEC_SEAL	  0x08u
#define MFD_EXEC	  0x10u
#define MFD_HUGE_SIZE	  (0x3fu << 26)

#define MFD_NAME_MAX (NAME_MAX - 6) /* "memfd:" stands before it */

long sys_memfd_create(const char __user *uname, unsigned flags)
{
	u32 seals = flags & (MFD_ALLOW_SEALING | MFD_NOEXEC_SEAL) ? 0 : F_SEAL_SEAL;
	char name[MFD_NAME_MAX + 1];
	ssize_t n;

	if (flags & ~(MFD_CLOEXEC | MFD_ALLOW_SEALING | MFD_HUGETLB | MFD_NOEXEC_SEAL | MFD_EXEC |
		      (flags & MFD_HUGETLB ? MFD_HUGE_SIZE : 0)))
		return -EINVAL;
	if ((flags & MFD_EXEC) && (flags & MFD_NOEXEC_SEAL))
		return -EINVAL;
	n = copy_string_from_user(name, uname, sizeof(name));
	if (n < 0)
		return n == -ENAMETOOLONG ? -EINVAL : n;
	if (flags & MFD_HUGETLB) /* no huge pages are set aside: as a Linux without hugetlbfs */
		return -ENOSYS;
	if (flags & MFD_NOEXEC_SEAL)
		seals |= F_SEAL_EXEC;
	return fd_give(memfd_file(name, flags & MFD_NOEXEC_SEAL ? 0666 : 0777, seals), 0, flags & MFD_CLOEXEC);
}

/* ---- to the disk ---- */

static long do_fsync(int fd, bool data_only)
{
	struct fdref r = fd_get(fd);
	long n;

	if (!r.file)
		return -EBADF;
	n = file_fsync(r.file, data_only);
	fd_put(r);
	return n;
}

long sys_fsync(int fd) { return do_fsync(fd, false); }
long sys_fdatasync(int fd) { return do_fsync(fd, true); }

/* Files in memory need none, host directories are written through. */
long sys_sync(void)
{
	blkdev_sync_all();
	return 0;
}

long sys_syncfs(int fd)
{
	struct fdref r = fd_get(fd);
	struct superblock *sb;
	long n;

	if (!r.file)
		return -EBADF;
	sb = r.file->inode->sb;
	n = sb->ops && sb->ops->sync ? sb->ops->sync(sb) : 0;
	fd_put(r);
	return n;
}

#define SYNC_FILE_RANGE_ALL 7u

/* The whole file goes out, which is more than was asked for. */
long sys_sync_file_range(int fd, s64 off, s64 len, unsigned flags)
{
	struct fdref r;
	long n = 0;
	s64 end;
	u32 mode;

	if ((flags & ~SYNC_FILE_RANGE_ALL) || off < 0 || __builtin_add_overflow(off, len, &end) || end < off)
		n = -EINVAL;
	r = fd_get(fd);
	if (!r.file)
		return -EBADF;
	mode = r.file->inode->mode;
	if (!n && !S_ISREG(mode) && !S_ISBLK(mode) && !S_ISDIR(mode) && !S_ISLNK(mode))
		n = -ESPIPE;
	if (!n && flags && r.file->ops->fsync)
		n = file_fsync(r.file, true);
	fd_put(r);
	return n;
}

/* Advice that need not be taken. */
long sys_readahead(int fd, s64 off, size_t count)
{
	struct fdref r = fd_get(fd);
	long n = 0;

	if (!r.file || !(r.file->kind & FILE_READ))
		n = -EBADF;
	else if (!S_ISREG(r.file->inode->mode) && !S_ISBLK(r.file->inode->mode))
		n = -EINVAL;
	if (r.file)
		fd_put(r);
	return n;
}

/* ---- truncation ---- */

long sys_ftruncate(int fd, s64 size)
{
	struct fdref r;
	long n;

	if (size < 0)
		return -EINVAL;
	r = fd_get(fd);
	if (!r.file)
		return -EBADF;
	if (!S_ISREG(r.file->inode->mode) || !(r.file->kind & FILE_WRITE) || (r.file->kind & FILE_STREAM))
		n = -EINVAL;
	else
		n = vfs_truncate(r.file->inode, size, r.file);
	if (!n)
		notify_file(r.file, NOTIFY_MODIFY);
	fd_put(r);
	return n;
}

long sys_truncate(const char __user *path, s64 size)
{
	struct dentry *d;
	long r;

	if (size < 0)
		return -EINVAL;
	r = path_lookup(AT_FDCWD, path, WALK_FOLLOW, &d);
	if (r)
		return r;
	if (S_ISDIR(d->inode->mode))
		r = -EISDIR;
	else if (!S_ISREG(d->inode->mode))
		r = -EINVAL;
	else
		r = vfs_permission(d->inode, MAY_WRITE);
	if (!r)
		r = vfs_truncate(d->inode, size, NULL);
	if (!r)
		notify_dentry(d, NOTIFY_MODIFY);
	dentry_unref(d);
	return r;
}

/* One way of changing the file at a time; punching keeps its size, and collapsing cannot (vfs_fallocate() of Linux). */
static bool falloc_mode_ok(int mode)
{
	switch (mode & ~1 /* KEEP_SIZE */) {
	case 0x00: /* allocate */
	case 0x10: /* ZERO_RANGE */
	case 0x40: /* UNSHARE_RANGE */
		return true;
	case 0x02: /* PUNCH_HOLE */
		return mode & 1;
	case 0x08: /* COLLAPSE_RANGE */
	case 0x20: /* INSERT_RANGE */
		return !(mode & 1);
	default:
		return false;
	}
}

long sys_fallocate(int fd, int mode, s64 off, s64 len)
{
	struct fdref r;
	long n;

	r = fd_get(fd);
	if (!r.file)
		return -EBADF;
	if (off < 0 || len <= 0)
		n = -EINVAL;
	else if (!falloc_mode_ok(mode))
		n = -EOPNOTSUPP;
	else if (!(r.file->kind & FILE_WRITE))
		n = -EBADF;
	else if (r.file->kind & FILE_STREAM)
		n = -ESPIPE;
	else if (r.file->kind & FILE_DIR)
		n = -EISDIR;
	else if (!S_ISREG(r.file->inode->mode))
		n = -ENODEV;
	else if ((s64)((u64)off + (u64)len) < 0)
		n = -EFBIG;
	else
		n = mode & 1 /* KEEP_SIZE */ ? 0 : file_limit_size(r.file->inode, (u64)off + (u64)len);
	if (!n)
		n = r.file->ops->fallocate ? r.file->ops->fallocate(r.file, mode, off, len) : -EOPNOTSUPP;
	if (!n)
		notify_file(r.file, NOTIFY_MODIFY);
	fd_put(r);
	return n;
}

long sys_fadvise64(int fd, s64 off, s64 len, int advice)
{
	struct fdref r = fd_get(fd);
	long n = 0;

	if (!r.file)
		return -EBADF;
	if (r.file->kind & FILE_STREAM)
		n = -ESPIPE;
	else if (len < 0 || advice < 0 || advice > 5)
		n = -EINVAL;
	fd_put(r);
	return n;
}
