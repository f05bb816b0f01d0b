/* SPDX-License-Identifier: MIT */
/* Calls that move bytes: read, write and their kin, lseek, sendfile. */
#include "fs/mapped.h"
#include "fs/notify.h"
#include "ipc/pipe.h"
#include "lib/string.h"
#include "mm/heap.h"
#include "proc/limits.h"
#include "syscall/args.h"

/*
 * What all of them share.  pos NULL: at the file's own position, which moves.  The lock of the position is
 * taken only where another thread could be using the same file.
 */
static inline __attribute__((always_inline)) ssize_t read_at(struct fdref r, struct uio *u, const u64 *at)
{
	struct file *f = r.file;
	bool own = !at && !(f->kind & FILE_STREAM);
	ssize_t n;

	if (!(f->kind & FILE_READ))
		return -EBADF;
	if (unlikely(!f->ops->read))
		return f->kind & FILE_DIR ? -EISDIR : -EINVAL;
	if (own && r.counted)
		mutex_lock(&f->pos_lock);
	if (unlikely(f->inode->mapped != NULL))
		mapped_write_back(f);
	n = f->ops->read(f, u, at ? *at : f->pos);
	if (own && n > 0)
		f->pos += n;
	if (own && r.counted)
		mutex_unlock(&f->pos_lock);
	if (n > 0)
		notify_file(f, NOTIFY_ACCESS);
	return n;
}

/* RLIMIT_FSIZE: less is written where the file reaches it, and nothing beyond. */
static __attribute__((noinline)) int write_limit(const struct file *f, struct uio *u, u64 off, u64 limit)
{
	if (!u->left || !S_ISREG(f->inode->mode))
		return 0;
	if (f->flags & O_APPEND)
		off = f->inode->size;
	if (off >= limit)
		return file_too_large();
	u->left = MIN(u->left, limit - off);
	return 0;
}

static inline __attribute__((always_inline)) ssize_t write_at(struct fdref r, struct uio *u, const u64 *at)
{
	struct file *f = r.file;
	bool own = !at && !(f->kind & FILE_STREAM);
	u64 off, limit;
	ssize_t n = 0;

	if (!(f->kind & FILE_WRITE))
		return -EBADF;
	if (unlikely(!f->ops->write))
		return -EINVAL;
	if (own && r.counted)
		mutex_lock(&f->pos_lock);
	off = at ? *at : f->pos;
	limit = f->kind & FILE_STREAM ? RLIM_INFINITY : current->process->limits[RLIMIT_FSIZE].cur;
	if (unlikely(limit != RLIM_INFINITY))
		n = write_limit(f, u, off, limit);
	if (unlikely(n < 0))
		; /* too large */
	else if (unlikely(f->inode->mapped != NULL))
		n = mapped_write(f, u, &off);
	else
		n = u->left || (f->kind & FILE_STREAM) ? f->ops->write(f, u, &off) : 0;
	if (own && n > 0)
		f->pos = off + n;
	if (own && r.counted)
		mutex_unlock(&f->pos_lock);
	if (n > 0)
		notify_file(f, NOTIFY_MODIFY);
	return n;
}

__attribute__((noinline)) ssize_t file_do_read(struct fdref r, struct uio *u, const u64 *at) { return read_at(r, u, at); }
__attribute__((noinline)) ssize_t file_do_write(struct fdref r, struct uio *u, const u64 *at) { return write_at(r, u, at); }

static __attribute__((noinline)) long read_one(struct fdref r, void __user *buf, size_t count)
{
	struct uio u;
	long n;

	if (unlikely(!user_range_ok(buf, count))) {
		n = r.file->kind & FILE_READ ? -EFAULT : -EBADF;
	} else {
		uio_init_user(&u, buf, MIN(count, RW_MAX));
		n = read_at(r, &u, NULL);
	}
	fd_put(r);
	return n;
}

long sys_read(int fd, void __user *buf, size_t count)
{
	struct fdref r = fd_get(fd);
	long n;

	if (unlikely(!r.file))
		return -EBADF;
	if (!r.file->ops->read_user || !(r.file->kind & FILE_READ))
		return read_one(r, buf, count);
	n = r.file->ops->read_user(r.file, buf, MIN(count, RW_MAX));
	fd_put(r);
	return n;
}

long sys_write(int fd, const void __user *buf, size_t count)
{
	struct fdref r = fd_get(fd);
	struct uio u;
	long n;

	if (unlikely(!r.file))
		return -EBADF;
	if (unlikely(!user_range_ok(buf, count))) {
		n = r.file->kind & FILE_WRITE ? -EFAULT : -EBADF;
	} else {
		uio_init_user(&u, buf, MIN(count, RW_MAX));
		n = write_at(r, &u, NULL);
	}
	fd_put(r);
	return n;
}

/* ---- at an offset, and with lists ---- */

static long rw(int fd, struct uio *u, s64 off, bool at, bool write)
{
	struct fdref r;
	u64 pos = off;
	long n;

	if (at && off < 0)
		return -EINVAL;
	r = fd_get(fd);
	if (!r.file)
		return -EBADF;
	if (at && (r.file->kind & FILE_STREAM))
		n = -ESPIPE;
	else if (at && (s64)((u64)off + u->left) < 0)
		n = r.file->kind & (write ? FILE_WRITE : FILE_READ) ? -EINVAL : -EBADF;
	else
		n = write ? file_do_write(r, u, at ? &pos : NULL) : file_do_read(r, u, at ? &pos : NULL);
	fd_put(r);
	return n;
}

static long rw_one(int fd, const void __user *buf, size_t count, s64 off, bool write)
{
	struct uio u;

	if (off < 0)
		return -EINVAL;
	if (!user_range_ok(buf, count)) {
		struct fdref r = fd_get(fd);
		bool open = r.file != NULL;

		if (open)
			fd_put(r);
		return open ? -EFAULT : -EBADF;
	}
	uio_init_user(&u, buf, MIN(count, RW_MAX));
	return rw(fd, &u, off, true, write);
}

static long rw_list(int fd, const struct iovec __user *iov, u64 count, s64 off, bool at, bool write)
{
	struct iov_arg a;
	struct fdref r;
	long n;

	if (at && off < 0)
		return -EINVAL;
	r = fd_get(fd); /* a bad descriptor is seen before a bad list */
	if (!r.file)
		return -EBADF;
	fd_put(r);
	n = iov_get(&a, iov, count);
	if (n)
		return n;
	n = a.uio.left || (write && count) ? rw(fd, &a.uio, off, at, write) : 0;
	iov_end(&a);
	return n;
}

long sys_pread64(int fd, void __user *buf, size_t count, s64 off) { return rw_one(fd, buf, count, off, false); }
long sys_pwrite64(int fd, const void __user *buf, size_t count, s64 off) { return rw_one(fd, buf, count, off, true); }
long sys_readv(int fd, const struct iovec __user *iov, u64 n) { return rw_list(fd, iov, n, 0, false, false); }
long sys_writev(int fd, const struct iovec __user *iov, u64 n) { return rw_list(fd, iov, n, 0, false, true); }

/* The offset comes in two halves, of which 64-bit ISAs use the first (linux/syscalls.h). */
long sys_preadv(int fd, const struct iovec __user *iov, u64 n, s64 off, u64 high)
{
	return rw_list(fd, iov, n, off, true, false);
}
long sys_pwritev(int fd, const struct iovec __user *iov, u64 n, s64 off, u64 high)
{
	return rw_list(fd, iov, n, off, true, true);
}

#define RWF_HIPRI    0x01
#define RWF_DSYNC    0x02
#define RWF_SYNC     0x04
#define RWF_NOWAIT   0x08
#define RWF_APPEND   0x10
#define RWF_NOAPPEND 0x20

/*
 * NOWAIT is for files that know whether they would wait: pipes do, and files in memory never wait.  The newer flags
 * (ATOMIC, DONTCACHE, NOSIGNAL) are for what no file here offers.
 */
static int rwf_check(const struct file *f, int flags)
{
	if (flags & ~(RWF_HIPRI | RWF_DSYNC | RWF_SYNC | RWF_NOWAIT | RWF_APPEND | RWF_NOAPPEND))
		return -EOPNOTSUPP;
	if ((flags & RWF_APPEND) && (flags & RWF_NOAPPEND))
		return -EINVAL;
	if ((flags & RWF_NOWAIT) && !pipe_is(f) && !(S_ISREG(f->inode->mode) && f->inode->sb->flags & SB_PINNED))
		return -EOPNOTSUPP;
	return 0;
}

/* What RWF_SYNC and RWF_DSYNC ask for, after `n` bytes have been written. */
static long rwf_sync(struct file *f, int flags, long n)
{
	int err = 0;

	if (n > 0 && (flags & (RWF_DSYNC | RWF_SYNC)) && f->ops->fsync)
		err = file_fsync(f, !(flags & RWF_SYNC));
	return err ? err : n;
}

/* With offset -1 the file's own position is meant. */
static long rw_flags(int fd, const struct iovec __user *iov, u64 count, s64 off, int flags, bool write)
{
	struct iov_arg a;
	struct fdref r;
	long n;

	if (off < -1)
		return -EINVAL;
	r = fd_get(fd);
	if (!r.file)
		return -EBADF;
	if (off != -1 && (r.file->kind & FILE_STREAM))
		n = -ESPIPE;
	else if (!(r.file->kind & (write ? FILE_WRITE : FILE_READ)))
		n = -EBADF;
	else
		n = iov_get(&a, iov, count);
	if (!n) {
		if (a.uio.left)
			n = rwf_check(r.file, flags);
		if (!n && (a.uio.left || write)) {
			a.uio.append = flags & RWF_APPEND;
			a.uio.in_place = flags & RWF_NOAPPEND;
			a.uio.nowait = flags & RWF_NOWAIT;
			n = rw(fd, &a.uio, off, off != -1, write);
			if (write)
				n = rwf_sync(r.file, flags, n);
		}
		iov_end(&a);
	}
	fd_put(r);
	return n;
}

long sys_preadv2(int fd, const struct iovec __user *iov, u64 n, s64 off, u64 high, int flags)
{
	return rw_flags(fd, iov, n, off, flags, false);
}
long sys_pwritev2(int fd, const struct iovec __user *iov, u64 n, s64 off, u64 high, int flags)
{
	return rw_flags(fd, iov, n, off, flags, true);
}

/* ---- lseek ---- */

static s64 do_seek(struct file *f, s64 off, unsigned whence)
{
	s64 at;

	if (f->ops->seek && (whence == SEEK_DATA || whence == SEEK_HOLE || !S_ISREG(f->inode->mode)))
		return f->ops->seek(f, off, whence);
	switch (whence) {
	case SEEK_SET:
		at = off;
		break;
	case SEEK_CUR:
		if (__builtin_add_overflow((s64)f->pos, off, &at))
			return -EOVERFLOW;
		break;
	case SEEK_END:
		if (f->kind & FILE_DIR)
			return -EINVAL;
		if (__builtin_add_overflow((s64)file_size(f), off, &at))
			return -EOVERFLOW;
		break;
	case SEEK_DATA:
	case SEEK_HOLE:
		at = file_size(f);
		if (f->kind & FILE_DIR)
			return -EINVAL;
		if (off < 0 || off >= at)
			return -ENXIO;
		if (whence == SEEK_DATA)
			at = off; /* one piece of data, and a hole behind its end */
		break;
	default:
		return -EINVAL;
	}
	if (at < 0)
		return -EINVAL;
	f->pos = at;
	return at;
}

long sys_lseek(int fd, s64 off, unsigned whence)
{
	struct fdref r = fd_get(fd);
	long n;

	if (!r.file)
		return -EBADF;
	if (whence > SEEK_HOLE) {
		n = -EINVAL;
	} else if (r.file->kind & FILE_STREAM) {
		n = -ESPIPE;
	} else {
		if (r.counted)
			mutex_lock(&r.file->pos_lock);
		n = do_seek(r.file, off, whence);
		if (n >= 0 && whence >= SEEK_DATA)
			r.file->pos = n;
		if (r.counted)
			mutex_unlock(&r.file->pos_lock);
	}
	fd_put(r);
	return n;
}

/* ---- between files ---- */

#define COPY_STEP (64 * KiB)

/* Moves up to n bytes; either position NULL: the file's own. */
static long copy_files(struct fdref in, u64 *in_at, struct fdref out, u64 *out_at, size_t n)
{
	size_t step = MIN(n, COPY_STEP), done = 0;
	char *buf = kmalloc(step ? step : 1);
	long r = 0;

	if (!buf)
		return -ENOMEM;
	while (done < n) {
		struct uio u;
		ssize_t got, put;

		uio_init_kernel(&u, buf, MIN(n - done, step));
		got = file_do_read(in, &u, in_at);
		if (got <= 0) {
			r = got;
			break;
		}
		uio_init_kernel(&u, buf, got);
		put = file_do_write(out, &u, out_at);
		if (put < got) { /* what has been read and not written is read again */
			u64 back = got - (put > 0 ? put : 0);

			if (!in_at && !(in.file->kind & FILE_STREAM))
				in.file->pos -= back;
		}
		if (put <= 0) {
			r = put;
			break;
		}
		done += put;
		if (in_at)
			*in_at += put;
		if (out_at)
			*out_at += put;
		if (put < got)
			break;
	}
	kfree(buf);
	return done ? (long)done : r;
}

long sys_sendfile(int out_fd, int in_fd, s64 __user *off, size_t count)
{
	struct fdref in, out;
	s64 pos = 0;
	long n;

	if (off && get_user(pos, off))
		return -EFAULT;
	in = fd_get(in_fd);
	if (!in.file)
		return -EBADF;
	out = fd_get(out_fd);
	if (!out.file) {
		fd_put(in);
		return -EBADF;
	}
	if (!(in.file->kind & FILE_READ) || !(out.file->kind & FILE_WRITE))
		n = -EBADF;
	else if (off && (in.file->kind & FILE_STREAM))
		n = -ESPIPE;
	else if (pos < 0 || (in.file->kind & FILE_STREAM) || !in.file->ops->read || (out.file->flags & O_APPEND))
		n = -EINVAL;
	else
		n = copy_files(in, off ? (u64 *)&pos : NULL, out, NULL, MIN(count, RW_MAX));
	if (off && n > 0 && put_user(pos, off))
		n = -EFAULT;
	fd_put(in);
	fd_put(out);
	return n;
}

long sys_copy_file_range(int in_fd, s64 __user *in_off, int out_fd, s64 __user *out_off, size_t len, unsigned flags)
{
	struct fdref in, out;
	s64 ipos = 0, opos = 0;
	long n;

	if ((in_off && get_user(ipos, in_off)) || (out_off && get_user(opos, out_off)))
		return -EFAULT;
	in = fd_get(in_fd);
	if (!in.file)
		return -EBADF;
	out = fd_get(out_fd);
	if (!out.file) {
		fd_put(in);
		return -EBADF;
	}
	if (flags)
		n = -EINVAL;
	else if ((in.file->kind | out.file->kind) & FILE_DIR)
		n = -EISDIR;
	else if (!S_ISREG(in.file->inode->mode) || !S_ISREG(out.file->inode->mode) || ipos < 0 || opos < 0 ||
		 ((in.file->kind | out.file->kind) & FILE_STREAM))
		n = -EINVAL;
	else if (!(in.file->kind & FILE_READ) || !(out.file->kind & FILE_WRITE) || (out.file->flags & O_APPEND))
		n = -EBADF;
	else {
		u64 from = in_off ? (u64)ipos : in.file->pos, to = out_off ? (u64)opos : out.file->pos;

		len = MIN(len, RW_MAX);
		if (in.file->inode == out.file->inode && from < to + len && to < from + len)
			n = -EINVAL; /* they overlap */
		else
			n = copy_files(in, in_off ? (u64 *)&ipos : NULL, out, out_off ? (u64 *)&opos : NULL, len);
	}
	if (n > 0 && ((in_off && put_user(ipos, in_off)) || (out_off && put_user(opos, out_off))))
		n = -EFAULT;
	fd_put(in);
	fd_put(out);
	return n;
}
