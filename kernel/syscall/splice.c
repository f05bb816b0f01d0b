/* SPDX-License-Identifier: MIT */
/*
 * splice, tee, vmsplice: bytes between a pipe and something else.  The pipe keeps bytes, not pages, so each of them
 * copies once; that is all a program can tell (SPLICE_F_MOVE and _GIFT are only hints).
 */
#include "ipc/pipe.h"
#include "lib/uaccess.h"
#include "syscall/args.h"

#define SPLICE_F_NONBLOCK 2u
#define SPLICE_F_ALL	  0xfu

struct other { /* the end that is no pipe */
	struct fdref f;
	u64 *at; /* NULL: the file's own position */
};

static ssize_t from_file(void *arg, void *mem, size_t n)
{
	struct other *o = arg;
	struct uio u;
	ssize_t r;

	uio_init_kernel(&u, mem, n);
	r = file_do_read(o->f, &u, o->at);
	if (r > 0 && o->at)
		*o->at += r;
	return r;
}

static ssize_t to_file(void *arg, void *mem, size_t n)
{
	struct other *o = arg;
	struct uio u;
	ssize_t r;

	uio_init_kernel(&u, mem, n);
	r = file_do_write(o->f, &u, o->at);
	if (r > 0 && o->at)
		*o->at += r;
	return r;
}

/* Whether a file that is no pipe may be spliced at this position. */
static int other_check(const struct other *o, bool write, size_t len)
{
	struct file *f = o->f.file;
	u64 at = o->at ? *o->at : f->pos;

	if (o->at && (f->kind & FILE_STREAM))
		return -EINVAL;
	/* Counters, timers and queues of events (what has no type): not on Linux either. */
	if (!(f->inode->mode & S_IFMT))
		return -EINVAL;
	if (write ? !f->ops->write || (f->flags & O_APPEND) : !f->ops->read)
		return -EINVAL;
	return !(f->kind & FILE_STREAM) && ((s64)at < 0 || (s64)(at + len) < 0) ? -EINVAL : 0;
}

static ssize_t do_splice(struct fdref in, u64 *in_at, struct fdref out, u64 *out_at, size_t len, bool nonblock)
{
	bool in_pipe = pipe_is(in.file), out_pipe = pipe_is(out.file);
	struct other o = {in_pipe ? out : in, in_pipe ? out_at : in_at};
	int r;

	if (!(in.file->kind & FILE_READ) || !(out.file->kind & FILE_WRITE))
		return -EBADF;
	if (!in_pipe && !out_pipe)
		return -EINVAL;
	if (in_pipe)
		nonblock |= (in.file->flags & O_NONBLOCK) != 0;
	if (out_pipe)
		nonblock |= (out.file->flags & O_NONBLOCK) != 0;
	if (in_pipe && out_pipe)
		return pipe_copy(in.file, out.file, len, nonblock, false);
	r = other_check(&o, in_pipe, len);
	if (r)
		return r;
	return in_pipe ? pipe_drain(in.file, len, nonblock, to_file, &o)
		       : pipe_fill(out.file, len, nonblock, from_file, &o);
}

long sys_splice(int in_fd, s64 __user *in_off, int out_fd, s64 __user *out_off, size_t len, unsigned flags)
{
	struct fdref in, out;
	s64 in_at = 0, out_at = 0;
	long n;

	if (!len)
		return 0;
	if (flags & ~SPLICE_F_ALL)
		return -EINVAL;
	in = fd_get(in_fd);
	if (!in.file)
		return -EBADF;
	out = fd_get(out_fd);
	if (!out.file) {
		fd_put(in);
		return -EBADF;
	}
	if ((in_off && pipe_is(in.file)) || (out_off && pipe_is(out.file)))
		n = -ESPIPE;
	else if ((out_off && get_user(out_at, out_off)) || (in_off && get_user(in_at, in_off)))
		n = -EFAULT;
	else
		n = do_splice(in, in_off ? (u64 *)&in_at : NULL, out, out_off ? (u64 *)&out_at : NULL,
			      MIN(len, RW_MAX), flags & SPLICE_F_NONBLOCK);
	if (n >= 0 && ((out_off && put_user(out_at, out_off)) || (in_off && put_user(in_at, in_off))))
		n = -EFAULT;
	fd_put(in);
	fd_put(out);
	return n;
}

long sys_tee(int in_fd, int out_fd, size_t len, unsigned flags)
{
	struct fdref in, out;
	long n = -EBADF;

	if (flags & ~SPLICE_F_ALL)
		return -EINVAL;
	if (!len)
		return 0;
	in = fd_get(in_fd);
	if (!in.file)
		return -EBADF;
	out = fd_get(out_fd);
	if (out.file) {
		bool nonblock = (flags & SPLICE_F_NONBLOCK) || ((in.file->flags | out.file->flags) & O_NONBLOCK);

		if (!(in.file->kind & FILE_READ) || !(out.file->kind & FILE_WRITE))
			n = -EBADF;
		else if (!pipe_is(in.file) || !pipe_is(out.file))
			n = -EINVAL;
		else
			n = pipe_copy(in.file, out.file, MIN(len, RW_MAX), nonblock, true);
		fd_put(out);
	}
	fd_put(in);
	return n;
}

static ssize_t from_uio(void *arg, void *mem, size_t n)
{
	size_t k = uio_copy_from(arg, mem, n);

	return k ? (ssize_t)k : -EFAULT;
}

static ssize_t to_uio(void *arg, void *mem, size_t n)
{
	size_t k = uio_copy_to(arg, mem, n);

	return k ? (ssize_t)k : -EFAULT;
}

long sys_vmsplice(int fd, const struct iovec __user *iov, u64 count, unsigned flags)
{
	struct iov_arg a;
	struct fdref f;
	bool nonblock;
	long n;

	if (flags & ~SPLICE_F_ALL)
		return -EINVAL;
	f = fd_get(fd);
	if (!f.file)
		return -EBADF;
	nonblock = (flags & SPLICE_F_NONBLOCK) || (f.file->flags & O_NONBLOCK);
	n = f.file->kind & (FILE_READ | FILE_WRITE) ? iov_get(&a, iov, count) : -EBADF;
	if (!n) {
		if (!a.uio.left)
			n = 0;
		else if (!pipe_is(f.file))
			n = -EBADF;
		else if (f.file->kind & FILE_WRITE)
			n = pipe_fill(f.file, a.uio.left, nonblock, from_uio, &a.uio);
		else
			n = pipe_drain(f.file, a.uio.left, nonblock, to_uio, &a.uio);
		iov_end(&a);
	}
	fd_put(f);
	return n;
}
