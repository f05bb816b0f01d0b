/* SPDX-License-Identifier: MIT */
/*
 * Linux AIO, io_setup(2) and its kin.  A request is done while it is submitted: that is what Linux does too for
 * all but direct I/O.  A context's id is the address of a page of the program's that Linux keeps its ring in;
 * ours holds zeros, which tells libaio to ask by io_getevents(2).
 */
#include "ipc/eventfd.h"
#include "lib/string.h"
#include "mm/heap.h"
#include "mm/space.h"
#include "proc/clock.h"
#include "proc/thread.h"
#include "syscall/args.h"

#define CONTEXTS_EVENTS_MAX 65536 /* fs.aio-max-nr */
#define IOCB_FLAG_RESFD	    1u

enum { IOCB_PREAD = 0, IOCB_PWRITE = 1, IOCB_FSYNC = 2, IOCB_FDSYNC = 3, IOCB_PREADV = 7, IOCB_PWRITEV = 8 };

struct iocb { /* of the ABI */
	u64 data;
	u32 key, rw_flags;
	u16 opcode;
	s16 priority;
	u32 fd;
	u64 buf, nbytes;
	s64 offset;
	u64 reserved2;
	u32 flags, resfd;
};
_Static_assert(sizeof(struct iocb) == 64, "struct iocb of the ABI");

struct io_event { /* of the ABI */
	u64 data, obj;
	s64 res, res2;
};

struct done { /* a request that io_getevents has not told yet */
	struct list link;
	struct io_event ev;
};

struct context {
	struct list link;
	u32 refs;
	u64 id;
	unsigned size, used; /* requests that fit; not yet told */
	bool dead;
	struct list done;
	struct wait_queue wait;
};

/* All contexts and what is in them. */
static struct spinlock lock = SPINLOCK_INIT;
static struct list contexts = LIST_INIT(contexts);
static unsigned total;

static struct context *find(u64 id)
{
	unsigned long ev = spin_lock(&lock);
	struct context *found = NULL;

	list_for_each(l, &contexts) {
		struct context *c = list_entry(l, struct context, link);

		if (c->id == id) {
			found = c;
			c->refs++;
			break;
		}
	}
	spin_unlock(&lock, ev);
	return found;
}

static void put(struct context *c)
{
	unsigned long ev = spin_lock(&lock);
	bool last = !--c->refs;

	spin_unlock(&lock, ev);
	if (!last)
		return;
	while (!list_empty(&c->done)) {
		struct done *d = list_first(&c->done, struct done, link);

		list_remove(&d->link);
		kfree(d);
	}
	kfree(c);
}

long sys_io_setup(unsigned n, u64 __user *uctx)
{
	struct space *sp = current->process->space;
	struct context *c;
	unsigned long ev;
	u64 old;
	s64 at;
	bool fits;

	if (get_user(old, uctx))
		return -EFAULT;
	if (old || !n || n > 0x10000000)
		return -EINVAL;
	c = n <= CONTEXTS_EVENTS_MAX ? kzalloc(sizeof(*c)) : NULL;
	if (!c)
		return n > CONTEXTS_EVENTS_MAX ? -EAGAIN : -ENOMEM;
	at = space_map(sp, 0, PAGE_SIZE, AREA_READ | AREA_WRITE, false, false, NULL, 0, NULL);
	if (at < 0) {
		kfree(c);
		return at;
	}
	c->refs = 1;
	c->id = (u64)at;
	c->size = n;
	list_init(&c->done);
	wait_queue_init(&c->wait);
	ev = spin_lock(&lock);
	fits = total + n <= CONTEXTS_EVENTS_MAX;
	if (fits) {
		total += n;
		list_push_back(&contexts, &c->link);
	}
	spin_unlock(&lock, ev);
	if (!fits) {
		kfree(c);
		space_unmap(sp, (vaddr_t)at, PAGE_SIZE);
		return -EAGAIN;
	}
	if (!put_user((u64)at, uctx)) /* c may be gone: another thread can guess its id */
		return 0;
	sys_io_destroy((u64)at);
	return -EFAULT;
}

long sys_io_destroy(u64 id)
{
	struct context *c = find(id);
	unsigned long ev;
	bool mine;

	if (!c)
		return -EINVAL;
	ev = spin_lock(&lock);
	mine = !c->dead;
	if (mine) {
		c->dead = true;
		list_remove(&c->link);
		total -= c->size;
		c->refs--; /* the list's; ours is left */
	}
	spin_unlock(&lock, ev);
	if (mine) {
		wait_wake_all(&c->wait, 0);
		space_unmap(current->process->space, id, PAGE_SIZE);
	}
	put(c);
	return mine ? 0 : -EINVAL;
}

/* ---- submitting ---- */

/* *err: what was wrong before it began, which is the call's own error. */
static ssize_t transfer(struct file *f, const struct iocb *cb, bool write, int *err)
{
	struct fdref r = {f, true};
	u64 at = (u64)cb->offset, *pos = f->kind & FILE_STREAM ? NULL : &at;
	bool vector = cb->opcode == IOCB_PREADV || cb->opcode == IOCB_PWRITEV;
	struct iov_arg a;
	struct uio u;
	ssize_t n = 0;

	if (vector) {
		*err = iov_get(&a, (const struct iovec __user *)cb->buf, cb->nbytes);
		if (*err)
			return 0;
		u = a.uio;
	} else {
		if (!user_range_ok((void __user *)cb->buf, cb->nbytes)) {
			*err = -EFAULT;
			return 0;
		}
		uio_init_user(&u, (void __user *)cb->buf, MIN(cb->nbytes, RW_MAX));
	}
	if (pos && cb->offset < 0)
		*err = -EINVAL;
	else
		n = write ? file_do_write(r, &u, pos) : file_do_read(r, &u, pos);
	if (vector)
		iov_end(&a);
	return n == -ERESTARTSYS ? -EINTR : n;
}

/* What is wrong with the request itself is the call's error, the rest the request's result. */
static int check(const struct iocb *cb, struct file *f)
{
	bool read = cb->opcode == IOCB_PREAD || cb->opcode == IOCB_PREADV;

	switch (cb->opcode) {
	case IOCB_PREAD:
	case IOCB_PREADV:
	case IOCB_PWRITE:
	case IOCB_PWRITEV:
		if (!(f->kind & (read ? FILE_READ : FILE_WRITE)))
			return -EBADF;
		if (cb->rw_flags)
			return -EOPNOTSUPP;
		return read ? f->ops->read ? 0 : -EINVAL : f->ops->write ? 0 : -EINVAL;
	case IOCB_FSYNC:
	case IOCB_FDSYNC:
		if (cb->buf || cb->offset || cb->nbytes || cb->rw_flags)
			return -EINVAL;
		return f->ops->fsync ? 0 : -EINVAL;
	default:
		return -EINVAL;
	}
}

static ssize_t perform(const struct iocb *cb, struct file *f, int *err)
{
	if (cb->opcode == IOCB_FSYNC || cb->opcode == IOCB_FDSYNC)
		return file_fsync(f, cb->opcode == IOCB_FDSYNC);
	return transfer(f, cb, cb->opcode == IOCB_PWRITE || cb->opcode == IOCB_PWRITEV, err);
}

/* A place for the result is taken before anything is done. */
static bool reserve(struct context *c)
{
	unsigned long ev = spin_lock(&lock);
	bool ok = c->used < c->size && !c->dead;

	c->used += ok;
	spin_unlock(&lock, ev);
	return ok;
}

static void unreserve(struct context *c, struct done *d)
{
	unsigned long ev = spin_lock(&lock);

	if (d)
		list_push_back(&c->done, &d->link);
	else
		c->used--;
	spin_unlock(&lock, ev);
}

static int submit(struct context *c, u64 obj)
{
	struct file *f = NULL, *eventfd = NULL;
	struct done *d = NULL;
	struct iocb cb;
	int err = 0;

	if (copy_from_user(&cb, (void __user *)obj, sizeof(cb)))
		return -EFAULT;
	if (cb.reserved2 || (ssize_t)cb.nbytes < 0)
		return -EINVAL;
	if (!reserve(c))
		return -EAGAIN;
	f = fd_get_file((int)cb.fd);
	if (!f || (f->kind & FILE_PATH))
		err = -EBADF;
	if (!err && (cb.flags & IOCB_FLAG_RESFD)) {
		eventfd = fd_get_file((int)cb.resfd);
		err = !eventfd ? -EBADF : eventfd_is(eventfd) ? 0 : -EINVAL;
	}
	if (!err && put_user(0u, &((struct iocb __user *)obj)->key))
		err = -EFAULT;
	if (!err)
		err = check(&cb, f);
	if (!err) {
		d = kmalloc(sizeof(*d));
		err = d ? 0 : -EAGAIN;
	}
	if (d) {
		d->ev = (struct io_event){cb.data, obj, perform(&cb, f, &err), 0};
		if (err) {
			kfree(d);
			d = NULL;
		}
	}
	unreserve(c, d);
	if (d)
		wait_wake_all(&c->wait, 0);
	if (d && eventfd)
		eventfd_signal(eventfd);
	if (eventfd)
		file_unref(eventfd);
	if (f)
		file_unref(f);
	return err;
}

long sys_io_submit(u64 id, s64 n, const u64 __user *list)
{
	struct context *c;
	s64 i;
	long err = 0;
	u64 obj;

	if (n < 0)
		return -EINVAL;
	c = find(id);
	if (!c)
		return -EINVAL;
	for (i = 0; i < n; i++) {
		err = get_user(obj, user_at(list, i * sizeof(*list))) ? -EFAULT : submit(c, obj);
		if (err)
			break;
	}
	put(c);
	return i ? i : err;
}

/* ---- results ---- */

static struct done *take(struct context *c)
{
	unsigned long ev = spin_lock(&lock);
	struct done *d = list_empty(&c->done) ? NULL : list_first(&c->done, struct done, link);

	if (d) {
		list_remove(&d->link);
		c->used--;
	}
	spin_unlock(&lock, ev);
	return d;
}

static void put_back(struct context *c, struct done *d)
{
	unsigned long ev = spin_lock(&lock);

	list_push_front(&c->done, &d->link);
	c->used++;
	spin_unlock(&lock, ev);
}

static long get_events(struct context *c, s64 min, s64 max, struct io_event __user *out, nsec_t deadline)
{
	s64 n = 0;
	int err = 0;

	while (n < max) {
		struct done *d = take(c);
		bool bad;

		if (d) {
			bad = copy_to_user(out + n, &d->ev, sizeof(d->ev));
			if (bad) {
				put_back(c, d);
				return n ? n : -EFAULT;
			}
			kfree(d);
			n++;
			continue;
		}
		if (n >= min || err || READ_ONCE(c->dead))
			break;
		err = deadline ? WAIT_EVENT(&c->wait, !list_empty(&c->done) || READ_ONCE(c->dead), deadline, WAIT_INTERRUPTIBLE)
			       : -ETIMEDOUT;
	}
	return n ? n : err == -ERESTARTSYS ? -EINTR : READ_ONCE(c->dead) && min ? -EINVAL : 0;
}

long sys_io_getevents(u64 id, s64 min, s64 max, struct io_event __user *out, const struct timespec64 __user *timeout)
{
	nsec_t deadline = WAIT_FOREVER;
	struct timespec64 ts;
	struct context *c;
	long r = -EINVAL;

	if (timeout) {
		if (get_user(ts, timeout))
			return -EFAULT;
		/* Linux takes odd times as they come; below zero is over. */
		deadline = !timespec_ok(&ts) || (!ts.tv_sec && !ts.tv_nsec) ? 0 : clock_deadline(timespec_to_nsec(&ts));
	}
	c = find(id);
	if (!c)
		return -EINVAL;
	if (min >= 0 && min <= max)
		r = get_events(c, min, max, out, deadline);
	put(c);
	return r;
}

/* Everything has been done when it could be cancelled. */
long sys_io_cancel(u64 id, struct iocb __user *iocb, struct io_event __user *result)
{
	struct context *c;
	u32 key;

	if (get_user(key, user_member(iocb, key)))
		return -EFAULT;
	if (key)
		return -EINVAL;
	c = find(id);
	if (c)
		put(c);
	return -EINVAL;
}

long sys_io_pgetevents(u64 id, s64 min, s64 max, struct io_event __user *out, const struct timespec64 __user *timeout,
		       const void __user *sig)
{
	struct {
		const u64 __user *mask;
		size_t size;
	} s = {NULL, 0};
	long r = 0;

	if (sig && copy_from_user(&s, sig, sizeof(s)))
		return -EFAULT;
	if (s.mask)
		r = signal_mask_begin_user(s.mask, s.size);
	if (r)
		return r;
	r = sys_io_getevents(id, min, max, out, timeout);
	if (s.mask)
		signal_mask_end(r == -EINTR);
	return r;
}
