/* SPDX-License-Identifier: MIT */
#include "fs/blkdev.h"
#include "fs/vfs.h"
#include "lib/string.h"
#include "lib/uaccess.h"
#include "mm/heap.h"
#include "proc/thread.h"

#define CHUNK_MAX (256 * KiB)

/* linux/fs.h */
#define BLKROGET      0x125e
#define BLKGETSIZE    0x1260
#define BLKFLSBUF     0x1261
#define BLKSSZGET     0x1268
#define BLKBSZGET     0x80081270
#define BLKGETSIZE64  0x80081272
#define BLKDISCARD    0x1277
#define BLKIOMIN      0x1278
#define BLKIOOPT      0x1279
#define BLKALIGNOFF   0x127a
#define BLKPBSZGET    0x127b
#define BLKROTATIONAL 0x127e
#define BLKZEROOUT    0x127f

static struct blkdev *disk(struct file *f)
{
	return f->priv;
}

u64 blkdev_rdev(const struct blkdev *d)
{
	return BLKDEV_MAJOR << 8 | (unsigned)(d->name[2] - 'a') * BLKDEV_MINORS;
}

/* ---- ranges that are being written ---- */

struct range {
	struct list link;
	u64 from, to;
};

static bool range_take(struct blkdev *d, struct range *r)
{
	unsigned long ev = spin_lock(&d->lock);
	bool free = true;

	list_for_each(l, &d->writing)
	{
		const struct range *o = list_entry(l, struct range, link);

		free = free && (r->to <= o->from || o->to <= r->from);
	}
	if (free)
		list_push_back(&d->writing, &r->link);
	spin_unlock(&d->lock, ev);
	return free;
}

static void range_lock(struct blkdev *d, struct range *r, u64 from, u64 to)
{
	*r = (struct range){.from = from, .to = to};
	(void)WAIT_EVENT(&d->wait, range_take(d, r), WAIT_FOREVER, WAIT_UNINTERRUPTIBLE);
}

static void range_unlock(struct blkdev *d, struct range *r)
{
	unsigned long ev = spin_lock(&d->lock);

	list_remove(&r->link);
	spin_unlock(&d->lock, ev);
	wait_wake_all(&d->wait, 0);
}

/* ---- reading and writing ---- */

/* Memory for a piece of the blocks [*from, to): as much of it as there is memory for.  *len: how much. */
static void *chunk_alloc(const struct blkdev *d, u64 from, u64 to, size_t *len)
{
	size_t n = MIN(MIN(to - from, d->max_transfer), ALIGN_UP(CHUNK_MAX, d->block));

	for (;;) {
		void *buf = kmalloc(n);

		if (buf || n == d->block) {
			*len = n;
			return buf;
		}
		n = MAX(ALIGN_DOWN(n / 2, (size_t)d->block), (size_t)d->block);
	}
}

static ssize_t blkdev_read(struct file *f, struct uio *u, u64 off)
{
	struct blkdev *d = disk(f);
	size_t before = u->left;
	int err = 0;

	while (u->left && off < d->size && !u->faulted && !err) {
		u64 start = ALIGN_DOWN(off, (u64)d->block), end = off + MIN(u->left, d->size - off);
		size_t len, n;
		u8 *buf = chunk_alloc(d, start, ALIGN_UP(end, (u64)d->block), &len);

		err = buf ? d->ops->transfer(d, false, start, buf, len) : -ENOMEM;
		if (!err) {
			n = MIN(start + len, end) - off;
			off += uio_copy_to(u, buf + (off - start), n);
		}
		kfree(buf);
	}
	return err && u->left == before ? err : UIO_RESULT(u, before);
}

/* Those bytes of a block at `at` that [from, to) leaves out, into its place in buf. */
static int fill_block(struct blkdev *d, u64 at, u8 *buf, u64 from, u64 to)
{
	u8 *old = kmalloc(d->block);
	int err = old ? d->ops->transfer(d, false, at, old, d->block) : -ENOMEM;

	if (!err && from > at)
		memcpy(buf, old, from - at);
	if (!err && to < at + d->block)
		memcpy(buf + (to - at), old + (to - at), at + d->block - to);
	kfree(old);
	return err;
}

/* Writes [from, to), whose bytes lie in buf as they do in the blocks from ALIGN_DOWN(from) on. */
static int write_blocks(struct blkdev *d, u8 *buf, u64 from, u64 to)
{
	u64 start = ALIGN_DOWN(from, (u64)d->block), end = ALIGN_UP(to, (u64)d->block), last = end - d->block;
	struct range r;
	int err = 0;

	range_lock(d, &r, start, end);
	if (from > start || (last == start && to < end))
		err = fill_block(d, start, buf, from, to);
	if (!err && last > start && to < end)
		err = fill_block(d, last, buf + (last - start), last, to);
	if (!err)
		err = d->ops->transfer(d, true, start, buf, end - start);
	range_unlock(d, &r);
	return err;
}

static ssize_t blkdev_write(struct file *f, struct uio *u, u64 *pos)
{
	struct blkdev *d = disk(f);
	u64 off = *pos; /* O_APPEND means nothing here */
	ssize_t done = 0;
	int err = 0;

	if (d->rdonly)
		return -EPERM;
	if (off >= d->size)
		return -ENOSPC;
	while (u->left && off < d->size && !u->faulted && !err) {
		u64 start = ALIGN_DOWN(off, (u64)d->block), end = off + MIN(u->left, d->size - off);
		size_t len, n;
		u8 *buf = chunk_alloc(d, start, ALIGN_UP(end, (u64)d->block), &len);

		if (!buf) {
			err = -ENOMEM;
			break;
		}
		n = uio_copy_from(u, buf + (off - start), MIN(start + len, end) - off);
		err = n ? write_blocks(d, buf, off, off + n) : -EFAULT;
		kfree(buf);
		if (!err) {
			off += n;
			done += n;
		}
	}
	if (done && (f->flags & O_DSYNC)) {
		int flushed = d->ops->flush(d);

		if (flushed)
			return flushed;
	}
	return done ? done : err;
}

static int blkdev_read_page(struct file *f, u64 off, void *page)
{
	ssize_t n = off < disk(f)->size ? file_kernel_read(f, page, PAGE_SIZE, off) : -EIO;

	if (n < 0)
		return -EIO;
	memset((u8 *)page + n, 0, PAGE_SIZE - n);
	return 0;
}

static int blkdev_fsync(struct file *f, bool data_only)
{
	return disk(f)->ops->flush(disk(f));
}

static s64 blkdev_seek(struct file *f, s64 off, int whence)
{
	s64 size = disk(f)->size, at = off;

	if (whence == SEEK_DATA || whence == SEEK_HOLE)
		return -EINVAL;
	if (whence != SEEK_SET && __builtin_add_overflow(whence == SEEK_END ? size : (s64)f->pos, off, &at))
		return -EINVAL;
	if (at < 0 || at > size) /* unlike a file, it has an end that nothing moves */
		return -EINVAL;
	f->pos = at;
	return at;
}

/* ---- ioctl ---- */

static int zero_by_writing(struct blkdev *d, u64 off, u64 len)
{
	size_t n;
	void *zeros = chunk_alloc(d, off, off + len, &n);
	int err = zeros ? 0 : -ENOMEM;

	if (zeros)
		memset(zeros, 0, n);
	for (u64 at = off; !err && at < off + len; at += n) {
		n = MIN((u64)n, off + len - at);
		err = d->ops->transfer(d, true, at, zeros, n);
	}
	kfree(zeros);
	return err;
}

/* BLKDISCARD and BLKZEROOUT; arg: where, and how much. */
static long ioctl_range(struct file *f, bool zero, u64 arg)
{
	struct blkdev *d = disk(f);
	u64 range[2], end;
	struct range r;
	int err;

	if (!(f->kind & FILE_WRITE))
		return -EBADF;
	if (!zero && !d->ops->discard)
		return -EOPNOTSUPP;
	if (get_user(range, (u64 __user(*)[2])arg))
		return -EFAULT;
	if ((range[0] | range[1]) & (d->block - 1) || __builtin_add_overflow(range[0], range[1], &end) ||
	    end > d->size || !range[1])
		return -EINVAL;
	if (d->rdonly)
		return -EPERM;
	range_lock(d, &r, range[0], end);
	if (!zero) {
		err = d->ops->discard(d, range[0], range[1]);
	} else {
		err = d->ops->zero ? d->ops->zero(d, range[0], range[1]) : -EOPNOTSUPP;
		if (err == -EOPNOTSUPP)
			err = zero_by_writing(d, range[0], range[1]);
	}
	range_unlock(d, &r);
	return err;
}

static long blkdev_ioctl(struct file *f, unsigned cmd, u64 arg)
{
	struct blkdev *d = disk(f);

	switch (cmd) {
	case BLKROGET:
		return put_user((int)d->rdonly, (int __user *)arg);
	case BLKGETSIZE:
		return put_user(d->size >> 9, (u64 __user *)arg);
	case BLKGETSIZE64:
		return put_user(d->size, (u64 __user *)arg);
	case BLKSSZGET:
		return put_user((int)d->block, (int __user *)arg);
	case BLKPBSZGET:
	case BLKIOMIN:
		return put_user(d->block, (u32 __user *)arg);
	case BLKIOOPT:
		return put_user(0u, (u32 __user *)arg);
	case BLKALIGNOFF:
		return put_user(0, (int __user *)arg);
	case BLKBSZGET:
		return put_user((int)MAX((u32)PAGE_SIZE, d->block), (int __user *)arg);
	case BLKROTATIONAL:
		return put_user((u16)1, (u16 __user *)arg); /* what Linux says of a disk that says nothing */
	case BLKFLSBUF:
		return d->ops->flush(d);
	case BLKDISCARD:
	case BLKZEROOUT:
		return ioctl_range(f, cmd == BLKZEROOUT, arg);
	}
	return -ENOTTY;
}

/* ---- opening ---- */

static struct blkdev *disks; /* set once, before any of them has a name */

struct blkdev *blkdev_start(void)
{
	if (!disks)
		WRITE_ONCE(disks, blkdev_probe());
	return disks;
}

static int blkdev_open(struct file *f)
{
	struct blkdev *d = disks;

	while (d && blkdev_rdev(d) != f->inode->rdev)
		d = d->next;
	if (!d)
		return -ENXIO;
	f->priv = d;
	return 0;
}

void blkdev_sync_all(void)
{
	for (struct blkdev *d = READ_ONCE(disks); d; d = d->next)
		if (!d->rdonly)
			d->ops->flush(d);
}

const struct file_ops blkdev_fops = {
	.open = blkdev_open,
	.read = blkdev_read,
	.write = blkdev_write,
	.ioctl = blkdev_ioctl,
	.fsync = blkdev_fsync,
	.seek = blkdev_seek,
	.read_page = blkdev_read_page,
};
