/* SPDX-License-Identifier: MIT */
#include "ipc/eventfd.h"
#include "fs/vfs.h"
#include "lib/format.h"
#include "mm/heap.h"
#include "proc/clock.h"
#include "proc/thread.h"
#include "proc/timer.h"

struct eventfd {
	struct spinlock lock;
	u64 count;
	bool semaphore;
	struct wait_queue wait; /* for both directions: readers and writers are few */
};

static ssize_t eventfd_read(struct file *f, struct uio *u, u64 off)
{
	struct eventfd *e = f->priv;
	u64 v;

	if (u->left < sizeof(v))
		return -EINVAL;
	for (;;) {
		unsigned long ev = spin_lock(&e->lock);
		int r;

		v = e->semaphore && e->count ? 1 : e->count;
		e->count -= v;
		spin_unlock(&e->lock, ev);
		if (v)
			break;
		if (f->flags & O_NONBLOCK)
			return -EAGAIN;
		r = WAIT_EVENT(&e->wait, READ_ONCE(e->count), WAIT_FOREVER, WAIT_INTERRUPTIBLE);
		if (r)
			return r;
	}
	wait_wake_all(&e->wait, POLLOUT | POLLWRNORM);
	return uio_copy_to(u, &v, sizeof(v)) == sizeof(v) ? (ssize_t)sizeof(v) : -EFAULT;
}

static ssize_t eventfd_write(struct file *f, struct uio *u, u64 *off)
{
	struct eventfd *e = f->priv;
	u64 v;

	if (u->left < sizeof(v))
		return -EINVAL;
	if (uio_copy_from(u, &v, sizeof(v)) < sizeof(v))
		return -EFAULT;
	if (v == ~0ull)
		return -EINVAL;
	for (;;) {
		unsigned long ev = spin_lock(&e->lock);
		bool fits = v < ~0ull - e->count; /* the greatest value is ~0 - 1 */
		int r;

		if (fits)
			e->count += v;
		spin_unlock(&e->lock, ev);
		if (fits)
			break;
		if (f->flags & O_NONBLOCK)
			return -EAGAIN;
		r = WAIT_EVENT(&e->wait, v < ~0ull - READ_ONCE(e->count), WAIT_FOREVER, WAIT_INTERRUPTIBLE);
		if (r)
			return r;
	}
	wait_wake_all(&e->wait, POLLIN | POLLRDNORM);
	return sizeof(v);
}

static unsigned eventfd_poll(struct file *f, unsigned want, struct poll_hook *hook)
{
	struct eventfd *e = f->priv;
	u64 count;

	poll_add(hook, &e->wait);
	count = READ_ONCE(e->count);
	return (count ? POLLIN | POLLRDNORM : 0) | (count < ~0ull - 1 ? POLLOUT | POLLWRNORM : 0);
}

static void free_priv(struct file *f) { kfree(f->priv); }

static int eventfd_describe(struct file *f, char *buf, size_t size)
{
	return format_string(buf, size, "anon_inode:[eventfd]");
}

static const struct file_ops eventfd_ops = {
	.read = eventfd_read,
	.write = eventfd_write,
	.poll = eventfd_poll,
	.release = free_priv,
	.describe = eventfd_describe,
};

struct file *eventfd_create(u32 count, bool semaphore, u32 flags)
{
	struct eventfd *e = kzalloc(sizeof(*e));
	struct file *f = e ? file_anon(0600, flags, &eventfd_ops, e) : NULL;

	if (!f) {
		kfree(e);
		return NULL;
	}
	spin_init(&e->lock);
	wait_queue_init(&e->wait);
	e->count = count;
	e->semaphore = semaphore;
	return f;
}

bool eventfd_is(const struct file *f) { return f->ops == &eventfd_ops; }

int eventfd_signal(struct file *f)
{
	struct eventfd *e = f->priv;
	unsigned long ev;

	if (!eventfd_is(f))
		return -EINVAL;
	ev = spin_lock(&e->lock);
	if (e->count < ~0ull - 1)
		e->count++;
	spin_unlock(&e->lock, ev);
	wait_wake_all(&e->wait, POLLIN | POLLRDNORM);
	return 0;
}

/* ---- timers ---- */

struct timerfd {
	struct mutex change; /* held to arm it: two threads must not put one timer on a tree at a time */
	struct spinlock lock;
	struct timer timer;
	bool realtime;
	nsec_t due;	 /* monotonic; 0: disarmed */
	nsec_t interval; /* 0: once */
	u64 expired;	 /* times, not yet read */
	struct wait_queue wait;
};

static void timerfd_fire(struct timer *timer)
{
	struct timerfd *t = timer->arg;
	unsigned long ev = spin_lock(&t->lock);
	nsec_t now = clock_monotonic(), again = 0;

	if (t->due && t->due <= now) {
		t->expired++;
		if (t->interval) { /* those missed count as well */
			u64 missed = (now - t->due) / t->interval;

			t->expired += missed;
			t->due += (missed + 1) * t->interval;
			again = t->due;
		} else {
			t->due = 0;
		}
	}
	spin_unlock(&t->lock, ev);
	if (again)
		timer_set(&t->timer, again);
	wait_wake_all(&t->wait, POLLIN | POLLRDNORM);
}

static ssize_t timerfd_read(struct file *f, struct uio *u, u64 off)
{
	struct timerfd *t = f->priv;
	u64 v;

	if (u->left < sizeof(v))
		return -EINVAL;
	for (;;) {
		unsigned long ev = spin_lock(&t->lock);
		int r;

		v = t->expired;
		t->expired = 0;
		spin_unlock(&t->lock, ev);
		if (v)
			break;
		if (f->flags & O_NONBLOCK)
			return -EAGAIN;
		r = WAIT_EVENT(&t->wait, READ_ONCE(t->expired), WAIT_FOREVER, WAIT_INTERRUPTIBLE);
		if (r)
			return r;
	}
	return uio_copy_to(u, &v, sizeof(v)) == sizeof(v) ? (ssize_t)sizeof(v) : -EFAULT;
}

static unsigned timerfd_poll(struct file *f, unsigned want, struct poll_hook *hook)
{
	struct timerfd *t = f->priv;

	poll_add(hook, &t->wait);
	return READ_ONCE(t->expired) ? POLLIN | POLLRDNORM : 0;
}

static void timerfd_release(struct file *f)
{
	struct timerfd *t = f->priv;
	unsigned long ev = spin_lock(&t->lock);

	t->due = 0; /* a timer that fires now does not arm itself again */
	t->interval = 0;
	spin_unlock(&t->lock, ev);
	timer_cancel(&t->timer);
	kfree(t);
}

static int timerfd_describe(struct file *f, char *buf, size_t size)
{
	return format_string(buf, size, "anon_inode:[timerfd]");
}

static const struct file_ops timerfd_ops = {
	.read = timerfd_read,
	.poll = timerfd_poll,
	.release = timerfd_release,
	.describe = timerfd_describe,
};

struct file *timerfd_create_file(bool realtime, u32 flags)
{
	struct timerfd *t = kzalloc(sizeof(*t));
	struct file *f = t ? file_anon(0600, flags, &timerfd_ops, t) : NULL;

	if (!f) {
		kfree(t);
		return NULL;
	}
	mutex_init(&t->change);
	spin_init(&t->lock);
	wait_queue_init(&t->wait);
	timer_init(&t->timer, timerfd_fire, t);
	t->realtime = realtime;
	return f;
}

static void split(nsec_t ns, s64 *sec, s64 *nsec)
{
	*sec = ns / NSEC_PER_SEC;
	*nsec = ns % NSEC_PER_SEC;
}

static void time_left(struct timerfd *t, struct itimerspec64 *v) /* with t->lock held */
{
	nsec_t now = clock_monotonic();

	split(t->interval, &v->interval_sec, &v->interval_nsec);
	split(!t->due ? 0 : t->due > now ? t->due - now : 1, &v->value_sec, &v->value_nsec);
}

int timerfd_get(struct file *f, struct itimerspec64 *value)
{
	struct timerfd *t = f->priv;
	unsigned long ev;

	if (f->ops != &timerfd_ops)
		return -EINVAL;
	ev = spin_lock(&t->lock);
	time_left(t, value);
	spin_unlock(&t->lock, ev);
	return 0;
}

int timerfd_set(struct file *f, bool absolute, const struct itimerspec64 *v, struct itimerspec64 *old)
{
	struct timespec64 value = {v->value_sec, v->value_nsec}, interval = {v->interval_sec, v->interval_nsec};
	struct timerfd *t = f->priv;
	unsigned long ev;
	nsec_t ns, due = 0;

	if (f->ops != &timerfd_ops || !timespec_ok(&value) || !timespec_ok(&interval))
		return -EINVAL;
	ns = timespec_to_nsec(&value);
	if (ns && absolute && t->realtime) {
		s64 wait = (s64)MIN(ns, (nsec_t)INT64_MAX) - clock_realtime();

		due = wait > 0 ? clock_deadline(wait) : clock_monotonic();
	} else if (ns) {
		due = absolute ? ns : clock_deadline(ns);
	}
	mutex_lock(&t->change);
	timer_cancel(&t->timer);
	ev = spin_lock(&t->lock);
	time_left(t, old);
	t->due = due;
	t->interval = timespec_to_nsec(&interval);
	t->expired = 0;
	spin_unlock(&t->lock, ev);
	if (due)
		timer_set(&t->timer, due);
	mutex_unlock(&t->change);
	return 0;
}
