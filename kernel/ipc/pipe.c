/* SPDX-License-Identifier: MIT */
#include "ipc/pipe.h"
#include "fs/file.h"
#include "fs/tty.h"
#include "fs/vfs.h"
#include "lib/format.h"
#include "lib/string.h"
#include "lib/uaccess.h"
#include "mm/heap.h"
#include "proc/thread.h"

#define PIPE_CAPACITY	  (64 * KiB)
#define PIPE_CAPACITY_MAX (1 * MiB) /* fs.pipe-max-size */

struct pipe {
	struct mutex lock;
	struct wait_queue readable, writable;
	u8 *ring;	/* `size` bytes, a power of two; grows up to `capacity` as it is filled */
	size_t size, capacity;
	size_t head, len; /* the first byte to read, and how many there are */
	unsigned readers, writers;
	unsigned opens;	   /* files that refer to it */
	unsigned r_opened, w_opened; /* ever: for those who wait for the other end of a FIFO */
	bool fifo;	   /* the inode keeps it */
};

static struct pipe *pipe_alloc(void)
{
	struct pipe *p = kzalloc(sizeof(*p));

	if (!p)
		return NULL;
	mutex_init(&p->lock);
	wait_queue_init(&p->readable);
	wait_queue_init(&p->writable);
	p->capacity = PIPE_CAPACITY;
	return p;
}

static void pipe_free(struct pipe *p)
{
	kfree(p->ring);
	kfree(p);
}

/* Moves what there is into a ring of `size` bytes, which hold it.  False: no memory. */
static bool pipe_resize(struct pipe *p, size_t size)
{
	u8 *ring = kmalloc(size);
	size_t first = MIN(p->len, p->size - p->head);

	if (!ring)
		return false;
	if (p->len) {
		memcpy(ring, p->ring + p->head, first);
		memcpy(ring + first, p->ring, p->len - first);
	}
	kfree(p->ring);
	p->ring = ring;
	p->size = size;
	p->head = 0;
	return true;
}

/* Gives the ring room for `want` more bytes, or as many as the capacity allows. */
static int pipe_make_room(struct pipe *p, size_t want)
{
	size_t size = p->size ? p->size : PIPE_BUF;

	while (size < p->capacity && size - p->len < want)
		size *= 2;
	if (size != p->size && !pipe_resize(p, size) && p->len == p->size)
		return -ENOMEM; /* with any room left it goes on, slower */
	return 0;
}

static size_t pipe_take(struct pipe *p, struct uio *u)
{
	size_t done = 0;

	while (p->len && u->left) {
		size_t k = MIN(p->len, p->size - p->head), n = uio_copy_to(u, p->ring + p->head, k);

		p->head = (p->head + n) & (p->size - 1);
		p->len -= n;
		done += n;
		if (!n || u->faulted)
			break;
	}
	return done;
}

static size_t pipe_put(struct pipe *p, struct uio *u, size_t max)
{
	size_t done = 0;

	while (done < max && p->len < p->size) {
		size_t tail = (p->head + p->len) & (p->size - 1);
		size_t k = MIN(MIN(p->size - p->len, p->size - tail), max - done);
		size_t n = uio_copy_from(u, p->ring + tail, k);

		p->len += n;
		done += n;
		if (n < k)
			break;
	}
	return done;
}

static ssize_t pipe_read(struct file *f, struct uio *u, u64 off)
{
	struct pipe *p = f->priv;
	size_t n = 0, before = u->left;
	int r = 0;

	if (!u->left)
		return 0;
	mutex_lock(&p->lock);
	for (;;) {
		if (p->len) {
			n = pipe_take(p, u);
			break;
		}
		if (!p->writers)
			break;
		if ((f->flags & O_NONBLOCK) || u->nowait) {
			r = -EAGAIN;
			break;
		}
		mutex_unlock(&p->lock);
		r = WAIT_EVENT(&p->readable, READ_ONCE(p->len) || !READ_ONCE(p->writers), WAIT_FOREVER,
			       WAIT_INTERRUPTIBLE);
		if (r)
			return r;
		mutex_lock(&p->lock);
	}
	mutex_unlock(&p->lock);
	if (n)
		wait_wake_all(&p->writable, POLLOUT | POLLWRNORM);
	return r ? r : UIO_RESULT(u, before);
}

static ssize_t pipe_write(struct file *f, struct uio *u, u64 *off)
{
	struct pipe *p = f->priv;
	size_t before = u->left, need;
	int r = 0;

	if (!u->left)
		return 0;
	need = u->left <= PIPE_BUF ? u->left : 1; /* up to PIPE_BUF goes in one piece */
	mutex_lock(&p->lock);
	while (u->left) {
		bool was_empty;

		if (!p->readers) {
			r = -EPIPE;
			break;
		}
		if (p->capacity - p->len >= need) {
			r = pipe_make_room(p, u->left);
			if (!r && p->size - p->len < need)
				r = -ENOMEM;
			if (r)
				break;
			was_empty = !p->len;
			if (!pipe_put(p, u, MIN(u->left, p->capacity - p->len)))
				break; /* a bad address */
			if (was_empty)
				wait_wake_all(&p->readable, POLLIN | POLLRDNORM);
			if (u->faulted)
				break;
			continue;
		}
		if ((f->flags & O_NONBLOCK) || u->nowait) {
			r = -EAGAIN;
			break;
		}
		mutex_unlock(&p->lock);
		r = WAIT_EVENT(&p->writable, READ_ONCE(p->capacity) - READ_ONCE(p->len) >= need || !READ_ONCE(p->readers),
			       WAIT_FOREVER, WAIT_INTERRUPTIBLE);
		mutex_lock(&p->lock);
		if (r)
			break;
	}
	mutex_unlock(&p->lock);
	if (r == -EPIPE)
		file_sigpipe();
	if (before != u->left) {
		if (!wait_queue_idle(&p->readable)) /* ordered after the bytes by the mutex's release */
			wait_wake_all(&p->readable, POLLIN | POLLRDNORM);
		return before - u->left;
	}
	return r ? r : UIO_RESULT(u, before);
}

static unsigned pipe_poll(struct file *f, unsigned want, struct poll_hook *hook)
{
	struct pipe *p = f->priv;
	unsigned r = 0;

	if (f->kind & FILE_READ) {
		poll_add(hook, &p->readable);
		if (READ_ONCE(p->len))
			r |= POLLIN | POLLRDNORM;
		if (!READ_ONCE(p->writers) && (!p->fifo || p->w_opened))
			r |= POLLHUP;
	}
	if (f->kind & FILE_WRITE) {
		poll_add(hook, &p->writable);
		if (READ_ONCE(p->capacity) - READ_ONCE(p->len) >= PIPE_BUF)
			r |= POLLOUT | POLLWRNORM;
		if (!READ_ONCE(p->readers))
			r |= POLLERR;
	}
	return r;
}

static long pipe_ioctl(struct file *f, unsigned cmd, u64 arg)
{
	struct pipe *p = f->priv;
	int n = READ_ONCE(p->len);

	return cmd == FIONREAD ? put_user(n, (int __user *)arg) : -ENOTTY;
}

static void pipe_release(struct file *f)
{
	struct pipe *p = f->priv;
	bool last;

	mutex_lock(&f->inode->lock); /* nobody opens it by name meanwhile */
	mutex_lock(&p->lock);
	if (f->kind & FILE_READ)
		p->readers--;
	if (f->kind & FILE_WRITE)
		p->writers--;
	last = --p->opens == 0;
	if (last && p->fifo) { /* what nobody has read is lost */
		p->len = p->head = 0;
		p->w_opened = p->r_opened = 0;
	}
	mutex_unlock(&p->lock);
	last = last && !p->fifo;
	if (last) {
		f->inode->priv = NULL;
	} else {
		/* Under the inode's lock: whoever closes the other end next may free the pipe. */
		wait_wake_all(&p->readable, POLLIN | POLLHUP);
		wait_wake_all(&p->writable, POLLOUT | POLLERR);
	}
	mutex_unlock(&f->inode->lock);
	if (last)
		pipe_free(p);
}

static int pipe_describe(struct file *f, char *buf, size_t size)
{
	return format_string(buf, size, "pipe:[%lu]", (unsigned long)f->inode->ino);
}

static const struct file_ops pipe_ops = {
	.read = pipe_read,
	.write = pipe_write,
	.poll = pipe_poll,
	.ioctl = pipe_ioctl,
	.release = pipe_release,
	.describe = pipe_describe,
};

static void pipe_attach(struct pipe *p, struct file *f)
{
	f->ops = &pipe_ops;
	f->priv = p;
	f->kind |= FILE_STREAM;
	p->opens++;
	if (f->kind & FILE_READ) {
		p->readers++;
		p->r_opened++;
	}
	if (f->kind & FILE_WRITE) {
		p->writers++;
		p->w_opened++;
	}
}

/* /proc/self/fd/N of a pipe: another file of the same end, while one of them lives. */
static int pipe_reopen(struct inode *i, struct file *f)
{
	struct pipe *p;
	int r = -ENXIO;

	mutex_lock(&i->lock);
	p = i->priv;
	if (p) {
		mutex_lock(&p->lock);
		pipe_attach(p, f);
		mutex_unlock(&p->lock);
		r = 0;
	}
	mutex_unlock(&i->lock);
	return r;
}

static const struct inode_ops pipe_iops = {.open = pipe_reopen};

int pipe_create(struct file *ends[2], u32 flags)
{
	struct pipe *p = pipe_alloc();
	struct inode *i = inode_anon(S_IFIFO | 0600, &pipe_iops);

	if (!p || !i)
		goto no_memory;
	ends[0] = file_alloc(i, NULL, O_RDONLY | flags, NULL);
	ends[1] = file_alloc(i, NULL, O_WRONLY | flags, NULL);
	if (!ends[0] || !ends[1]) {
		if (ends[0])
			file_unref(ends[0]);
		if (ends[1])
			file_unref(ends[1]);
		goto no_memory;
	}
	pipe_attach(p, ends[0]);
	pipe_attach(p, ends[1]);
	i->priv = p;
	inode_unref(i);
	return 0;
no_memory:
	if (i)
		inode_unref(i);
	kfree(p);
	return -ENOMEM;
}

/* ---- splicing ---- */

bool pipe_is(const struct file *f) { return f->ops == &pipe_ops; }

/* With p->lock held, until there is something to read: 1; 0: there never will be. */
static int wait_data_locked(struct pipe *p, bool nonblock)
{
	while (!p->len) {
		int r;

		if (!p->writers)
			return 0;
		if (nonblock)
			return -EAGAIN;
		mutex_unlock(&p->lock);
		r = WAIT_EVENT(&p->readable, READ_ONCE(p->len) || !READ_ONCE(p->writers), WAIT_FOREVER,
			       WAIT_INTERRUPTIBLE);
		mutex_lock(&p->lock);
		if (r)
			return r;
	}
	return 1;
}

/* The same until a byte can be written: 1. */
static int wait_space_locked(struct pipe *p, bool nonblock)
{
	for (;;) {
		int r;

		if (!p->readers)
			return -EPIPE;
		if (p->len < p->capacity)
			return 1;
		if (nonblock)
			return -EAGAIN;
		mutex_unlock(&p->lock);
		r = WAIT_EVENT(&p->writable, READ_ONCE(p->len) < READ_ONCE(p->capacity) || !READ_ONCE(p->readers),
			       WAIT_FOREVER, WAIT_INTERRUPTIBLE);
		mutex_lock(&p->lock);
		if (r)
			return r;
	}
}

/* With p->lock held: up to `len` bytes into the ring, as far as there is room. */
static ssize_t fill_locked(struct pipe *p, size_t len, pipe_fn *fn, void *arg)
{
	size_t done = 0;
	ssize_t n = pipe_make_room(p, MIN(len, p->capacity - p->len));

	if (n)
		return n;
	len = MIN(len, MIN(p->capacity, p->size) - p->len);
	while (done < len) {
		size_t tail = (p->head + p->len) & (p->size - 1), k = MIN(len - done, p->size - tail);

		n = fn(arg, p->ring + tail, k);
		if (n <= 0)
			break;
		p->len += n;
		done += n;
		if ((size_t)n < k)
			break;
	}
	return done ? (ssize_t)done : n;
}

ssize_t pipe_fill(struct file *f, size_t len, bool nonblock, pipe_fn *fn, void *arg)
{
	struct pipe *p = f->priv;
	ssize_t n;

	mutex_lock(&p->lock);
	n = wait_space_locked(p, nonblock);
	if (n > 0)
		n = fill_locked(p, len, fn, arg);
	mutex_unlock(&p->lock);
	if (n == -EPIPE)
		file_sigpipe();
	if (n > 0)
		wait_wake_all(&p->readable, POLLIN | POLLRDNORM);
	return n;
}

/* With p->lock held: up to `len` bytes of what is to be read next, which stays where it is. */
static ssize_t show_locked(struct pipe *p, size_t len, pipe_fn *fn, void *arg)
{
	size_t done = 0;
	ssize_t n = 0;

	len = MIN(len, p->len);
	while (done < len) {
		size_t at = (p->head + done) & (p->size - 1), k = MIN(len - done, p->size - at);

		n = fn(arg, p->ring + at, k);
		if (n <= 0)
			break;
		done += n;
		if ((size_t)n < k)
			break;
	}
	return done ? (ssize_t)done : n;
}

static void taken_locked(struct pipe *p, size_t n)
{
	p->head = (p->head + n) & (p->size - 1);
	p->len -= n;
}

ssize_t pipe_drain(struct file *f, size_t len, bool nonblock, pipe_fn *fn, void *arg)
{
	struct pipe *p = f->priv;
	ssize_t n;

	mutex_lock(&p->lock);
	n = wait_data_locked(p, nonblock);
	if (n > 0)
		n = show_locked(p, len, fn, arg);
	if (n > 0)
		taken_locked(p, n);
	mutex_unlock(&p->lock);
	if (n > 0)
		wait_wake_all(&p->writable, POLLOUT | POLLWRNORM);
	return n;
}

static ssize_t into_mem(void *arg, void *mem, size_t n)
{
	u8 **from = arg;

	memcpy(mem, *from, n);
	*from += n;
	return n;
}

static ssize_t into_pipe(void *arg, void *mem, size_t n)
{
	u8 *from = mem;

	return fill_locked(arg, n, into_mem, &from);
}

static void lock_two(struct pipe *a, struct pipe *b)
{
	mutex_lock(a < b ? &a->lock : &b->lock);
	mutex_lock(a < b ? &b->lock : &a->lock);
}

ssize_t pipe_copy(struct file *in, struct file *out, size_t len, bool nonblock, bool keep)
{
	struct pipe *a = in->priv, *b = out->priv;
	ssize_t n;

	if (a == b)
		return -EINVAL;
	for (;;) {
		mutex_lock(&a->lock);
		n = wait_data_locked(a, nonblock);
		mutex_unlock(&a->lock);
		if (n <= 0)
			return n;
		mutex_lock(&b->lock);
		n = wait_space_locked(b, nonblock);
		mutex_unlock(&b->lock);
		if (n == -EPIPE)
			file_sigpipe();
		if (n <= 0)
			return n;
		lock_two(a, b);
		if (a->len && b->len < b->capacity && b->readers)
			break; /* else another was quicker */
		mutex_unlock(&a->lock);
		mutex_unlock(&b->lock);
	}
	n = show_locked(a, len, into_pipe, b);
	if (n > 0 && !keep)
		taken_locked(a, n);
	mutex_unlock(&a->lock);
	mutex_unlock(&b->lock);
	if (n > 0) {
		wait_wake_all(&b->readable, POLLIN | POLLRDNORM);
		if (!keep)
			wait_wake_all(&a->writable, POLLOUT | POLLWRNORM);
	}
	return n;
}

/* ---- capacity ---- */

long pipe_capacity(struct file *f)
{
	return f->ops == &pipe_ops ? (long)((struct pipe *)f->priv)->capacity : -EBADF;
}

long pipe_set_capacity(struct file *f, unsigned long size)
{
	struct pipe *p = f->priv;
	size_t capacity = PIPE_BUF;
	long r;

	if (f->ops != &pipe_ops)
		return -EBADF;
	if (size > 1ul << 31)
		return -EINVAL;
	while (capacity < size)
		capacity *= 2;
	if (capacity > PIPE_CAPACITY_MAX)
		return -EPERM;
	mutex_lock(&p->lock);
	if (p->len > capacity) {
		r = -EBUSY;
	} else {
		if (p->size > capacity && !pipe_resize(p, capacity)) {
			mutex_unlock(&p->lock);
			return -ENOMEM;
		}
		p->capacity = capacity;
		r = capacity;
	}
	mutex_unlock(&p->lock);
	wait_wake_all(&p->writable, POLLOUT | POLLWRNORM);
	return r;
}

/* ---- FIFOs ---- */

/* Until the other end has been opened since `seen`: it may be closed again by then. */
static int fifo_wait(struct wait_queue *q, const unsigned *opened, unsigned seen)
{
	return WAIT_EVENT(q, READ_ONCE(*opened) != seen, WAIT_FOREVER, WAIT_INTERRUPTIBLE);
}

int fifo_open(struct inode *i, struct file *f)
{
	unsigned readers, writers, r_opened, w_opened;
	struct pipe *p;
	int r = 0;

	mutex_lock(&i->lock);
	if (!i->priv && (i->priv = pipe_alloc()) != NULL)
		((struct pipe *)i->priv)->fifo = true;
	mutex_unlock(&i->lock);
	p = i->priv;
	if (!p)
		return -ENOMEM;
	mutex_lock(&p->lock);
	if ((f->flags & O_ACCMODE) == O_WRONLY && (f->flags & O_NONBLOCK) && !p->readers) {
		mutex_unlock(&p->lock);
		return -ENXIO;
	}
	pipe_attach(p, f);
	/* Under the lock: who waits for us comes, writes and goes as soon as it is let go. */
	readers = p->readers;
	writers = p->writers;
	r_opened = p->r_opened;
	w_opened = p->w_opened;
	mutex_unlock(&p->lock);
	wait_wake_all(&p->readable, 0);
	wait_wake_all(&p->writable, 0);
	if ((f->flags & O_ACCMODE) == O_RDONLY && !(f->flags & O_NONBLOCK) && !writers)
		r = fifo_wait(&p->readable, &p->w_opened, w_opened);
	else if ((f->flags & O_ACCMODE) == O_WRONLY && !readers)
		r = fifo_wait(&p->writable, &p->r_opened, r_opened);
	if (r)
		pipe_release(f);
	return r;
}

void fifo_evict(struct inode *i)
{
	if (i->priv)
		pipe_free(i->priv);
}
