/* SPDX-License-Identifier: MIT */
/*
 * inotify(7).  A watch hangs in two lists, its inode's and its instance's; one spinlock guards all of them and the
 * queues, since events are rare and short.  A watch holds its inode, whose last reference may only go without the lock.
 */
#include "fs/dentry.h"
#include "fs/notify.h"
#include "fs/tty.h"
#include "lib/format.h"
#include "lib/string.h"
#include "lib/uaccess.h"
#include "mm/heap.h"
#include "proc/thread.h"

#define IN_ALL_EVENTS  0x0fffu
#define IN_Q_OVERFLOW  0x4000u
#define IN_IGNORED     0x8000u
#define IN_EXCL_UNLINK 0x04000000u
#define IN_MASK_CREATE 0x10000000u
#define IN_MASK_ADD    0x20000000u
#define IN_ISDIR       0x40000000u
#define IN_ONESHOT     0x80000000u

/* Linux's defaults of fs.inotify.max_queued_events, max_user_instances and a bound like max_user_watches. */
#define EVENTS_MAX    16384
#define INSTANCES_MAX 128
#define WATCHES_MAX   65536

struct inotify_event { /* linux/inotify.h */
	s32 wd;
	u32 mask, cookie, len;
};

struct event {
	struct list link;
	struct inotify_event e;
	char name[]; /* e.len bytes, the rest zeros */
};

struct inotify {
	struct list events, watches;
	unsigned queued;
	size_t bytes; /* of what is queued, as read(2) gives it */
	int last_wd;
	struct event *overflow; /* kept for when there is no room; NULL while it is queued */
	struct wait_queue wait;
};

struct watch {
	struct watch *next; /* of the same inode */
	struct list link;   /* in inotify.watches */
	struct inotify *owner;
	struct inode *inode; /* a reference */
	int wd;
	u32 mask;
};

static struct spinlock lock = SPINLOCK_INIT;
static u32 instances;
u32 notify_watches;

u32 notify_cookie(void)
{
	static u32 last;

	return __atomic_add_fetch(&last, 1, __ATOMIC_RELAXED);
}

/* ---- the queue; with the lock held ---- */

static void push(struct inotify *in, struct event *e)
{
	list_push_back(&in->events, &e->link);
	in->queued++;
	in->bytes += sizeof(e->e) + e->e.len;
	wait_wake_all(&in->wait, POLLIN | POLLRDNORM);
}

static void push_overflow(struct inotify *in)
{
	struct event *e = in->overflow;

	in->overflow = NULL;
	if (e)
		push(in, e);
}

/* The same once more says nothing new (inotify(7)). */
static bool like_last(struct inotify *in, const struct watch *w, u32 mask, const char *name, size_t len)
{
	struct event *last = list_empty(&in->events) ? NULL : list_entry(in->events.prev, struct event, link);

	return last && last->e.wd == w->wd && last->e.mask == mask && !last->e.len == !len &&
	       (!len || (strnlen(last->name, last->e.len) == len && !memcmp(last->name, name, len)));
}

static void queue(struct watch *w, u32 mask, u32 cookie, const char *name, size_t len)
{
	struct inotify *in = w->owner;
	size_t room = len ? ALIGN_UP(len + 1, sizeof(struct inotify_event)) : 0;
	struct event *e;

	if (!(mask & IN_IGNORED) && like_last(in, w, mask, name, len))
		return;
	e = in->queued < EVENTS_MAX ? kmalloc(sizeof(*e) + room) : NULL;
	if (!e) {
		push_overflow(in);
		return;
	}
	list_init(&e->link);
	e->e = (struct inotify_event){w->wd, mask, cookie, (u32)room};
	if (room) {
		memcpy(e->name, name, len);
		memset(e->name + len, 0, room - len);
	}
	push(in, e);
}

/* Out of both lists, and says so; the caller puts it on `dead` and frees it without the lock. */
static void unhang(struct watch *w, struct watch **dead)
{
	struct watch **at = &w->inode->watches;

	while (*at != w)
		at = &(*at)->next;
	*at = w->next;
	list_remove(&w->link);
	__atomic_fetch_sub(&notify_watches, 1, __ATOMIC_RELAXED);
	w->next = *dead;
	*dead = w;
}

static void bury(struct watch *dead)
{
	while (dead) {
		struct watch *next = dead->next;

		inode_unref(dead->inode);
		kfree(dead);
		dead = next;
	}
}

/* To all who watch i.  A name makes it an event in the directory i. */
static void tell(struct inode *i, u32 event, u32 cookie, const char *name, size_t len, bool unlinked, struct watch **dead)
{
	struct watch *w, *next;

	for (w = i->watches; w; w = next) {
		next = w->next;
		if (!(w->mask & event & IN_ALL_EVENTS) || (unlinked && (w->mask & IN_EXCL_UNLINK)))
			continue;
		queue(w, event, cookie, name, len);
		if (w->mask & IN_ONESHOT) {
			queue(w, IN_IGNORED, 0, NULL, 0);
			unhang(w, dead);
		}
	}
}

/* ---- what the rest of the kernel says ---- */

static u32 with_kind(const struct inode *i, u32 event)
{
	/* Of a directory that goes or moves itself this is not said: it never was. */
	return event | (S_ISDIR(i->mode) && !(event & (NOTIFY_DELETE_SELF | NOTIFY_MOVE_SELF)) ? IN_ISDIR : 0);
}

void notify_inode_slow(struct inode *i, u32 event)
{
	struct watch *dead = NULL;
	unsigned long ev;

	if (!READ_ONCE(i->watches))
		return;
	ev = spin_lock(&lock);
	tell(i, with_kind(i, event), 0, NULL, 0, false, &dead);
	spin_unlock(&lock, ev);
	bury(dead);
}

void notify_name_slow(struct inode *dir, const char *name, size_t len, const struct inode *i, u32 event, u32 cookie)
{
	struct watch *dead = NULL;
	unsigned long ev;

	if (!READ_ONCE(dir->watches))
		return;
	ev = spin_lock(&lock);
	tell(dir, with_kind(i, event), cookie, name, len, false, &dead);
	spin_unlock(&lock, ev);
	bury(dead);
}

static void notify_place(struct dentry *d, struct inode *i, u32 event)
{
	char name[NAME_MAX + 1];
	struct dentry *up = NULL;
	bool unlinked = false;
	size_t len = 0;
	unsigned long ev;

	if (d) {
		ev = spin_lock(&dcache_lock);
		if (d->parent && READ_ONCE(d->parent->inode->watches)) {
			up = dentry_ref(d->parent);
			len = d->len;
			memcpy(name, d->name, len);
			unlinked = !(d->flags & DENTRY_HASHED);
		}
		spin_unlock(&dcache_lock, ev);
	}
	if (up || READ_ONCE(i->watches)) {
		struct watch *dead = NULL;

		event = with_kind(i, event);
		ev = spin_lock(&lock);
		if (up)
			tell(up->inode, event, 0, name, len, unlinked, &dead);
		tell(i, event, 0, NULL, 0, false, &dead);
		spin_unlock(&lock, ev);
		bury(dead);
	}
	if (up)
		dentry_unref(up);
}

void notify_file_slow(struct file *f, u32 event)
{
	if (!(f->kind & FILE_PATH))
		notify_place(f->dentry, f->inode, event);
}

void notify_dentry_slow(struct dentry *d, u32 event) { notify_place(d, d->inode, event); }

void notify_gone_slow(struct inode *i)
{
	struct watch *dead = NULL, *w;
	unsigned long ev;

	if (!READ_ONCE(i->watches))
		return;
	ev = spin_lock(&lock);
	tell(i, NOTIFY_DELETE_SELF, 0, NULL, 0, false, &dead);
	while ((w = i->watches) != NULL) {
		queue(w, IN_IGNORED, 0, NULL, 0);
		unhang(w, &dead);
	}
	spin_unlock(&lock, ev);
	bury(dead);
}

/* ---- the file ---- */

/* The first event if it fits in `room` bytes: 0 and *out, NULL where there is none; -EINVAL. */
static int pop(struct inotify *in, size_t room, struct event **out)
{
	unsigned long ev = spin_lock(&lock);
	int r = 0;

	*out = NULL;
	if (!list_empty(&in->events)) {
		struct event *e = list_entry(in->events.next, struct event, link);

		if (sizeof(e->e) + e->e.len > room) { /* NOLINT: what event_done() frees has left the list */
			r = -EINVAL;
		} else {
			list_remove(&e->link);
			in->queued--;
			in->bytes -= sizeof(e->e) + e->e.len;
			*out = e;
		}
	}
	spin_unlock(&lock, ev);
	return r;
}

/* An event that has been read; the one that tells of an overflow is kept. */
static void event_done(struct inotify *in, struct event *e)
{
	if (e->e.mask & IN_Q_OVERFLOW)
		__atomic_store_n(&in->overflow, e, __ATOMIC_RELEASE);
	else
		kfree(e);
}

static ssize_t inotify_read(struct file *f, struct uio *u, u64 off)
{
	struct inotify *in = f->priv;
	size_t before = u->left;

	for (;;) {
		struct event *e;
		int r = pop(in, u->left, &e);

		if (e) {
			size_t n = sizeof(e->e) + e->e.len;
			bool fault = uio_copy_to(u, &e->e, sizeof(e->e)) < sizeof(e->e) ||
				     uio_copy_to(u, e->name, n - sizeof(e->e)) < n - sizeof(e->e);

			event_done(in, e);
			if (fault)
				return -EFAULT;
			continue;
		}
		if (before != u->left)
			return before - u->left;
		if (r)
			return r;
		if (f->flags & O_NONBLOCK)
			return -EAGAIN;
		r = WAIT_EVENT(&in->wait, READ_ONCE(in->queued), WAIT_FOREVER, WAIT_INTERRUPTIBLE);
		if (r)
			return r;
	}
}

static unsigned inotify_poll(struct file *f, unsigned want, struct poll_hook *hook)
{
	struct inotify *in = f->priv;

	poll_add(hook, &in->wait);
	return READ_ONCE(in->queued) ? POLLIN | POLLRDNORM : 0;
}

static long inotify_ioctl(struct file *f, unsigned cmd, u64 arg)
{
	int n = (int)READ_ONCE(((struct inotify *)f->priv)->bytes);

	return cmd == FIONREAD ? put_user(n, (int __user *)arg) : -ENOTTY;
}

static void inotify_release(struct file *f)
{
	struct inotify *in = f->priv;
	struct watch *dead = NULL;
	unsigned long ev = spin_lock(&lock);

	while (!list_empty(&in->watches))
		unhang(list_entry(in->watches.next, struct watch, link), &dead);
	spin_unlock(&lock, ev);
	bury(dead);
	while (!list_empty(&in->events)) { /* nobody knows of it any more */
		struct event *e = list_entry(in->events.next, struct event, link);

		list_remove(&e->link);
		kfree(e);
	}
	kfree(in->overflow);
	kfree(in);
	__atomic_fetch_sub(&instances, 1, __ATOMIC_RELAXED);
}

static int inotify_describe(struct file *f, char *buf, size_t size)
{
	return format_string(buf, size, "anon_inode:inotify");
}

static const struct file_ops inotify_ops = {
	.read = inotify_read,
	.poll = inotify_poll,
	.ioctl = inotify_ioctl,
	.release = inotify_release,
	.describe = inotify_describe,
};

bool inotify_is(const struct file *f) { return f->ops == &inotify_ops; }
int inotify_instances_full(void) { return READ_ONCE(instances) >= INSTANCES_MAX ? -EMFILE : 0; }

struct file *inotify_create(u32 flags)
{
	struct inotify *in = kzalloc(sizeof(*in));
	struct event *e = kzalloc(sizeof(*e));
	struct file *f = in && e ? file_anon(0600, flags, &inotify_ops, in) : NULL;

	if (!f) {
		kfree(in);
		kfree(e);
		return NULL;
	}
	f->kind &= ~(u32)FILE_WRITE;
	f->flags &= ~(u32)O_ACCMODE; /* read only */
	list_init(&e->link);
	e->e = (struct inotify_event){-1, IN_Q_OVERFLOW, 0, 0};
	in->overflow = e;
	list_init(&in->events);
	list_init(&in->watches);
	wait_queue_init(&in->wait);
	__atomic_fetch_add(&instances, 1, __ATOMIC_RELAXED);
	return f;
}

/* ---- watches ---- */

/* With the lock held: what becomes of a watch that is there already. */
static long change(struct watch *w, u32 mask)
{
	if (mask & IN_MASK_CREATE)
		return -EEXIST;
	mask &= IN_ALL_EVENTS | IN_EXCL_UNLINK | IN_ONESHOT | IN_MASK_ADD;
	w->mask = mask & IN_MASK_ADD ? w->mask | (mask & ~IN_MASK_ADD) : mask;
	return w->wd;
}

long inotify_watch(struct file *f, struct inode *i, u32 mask)
{
	struct inotify *in = f->priv;
	struct watch *w, *new;
	unsigned long ev;
	long r;

	new = kzalloc(sizeof(*new));
	if (!new)
		return -ENOMEM;
	ev = spin_lock(&lock);
	for (w = i->watches; w && w->owner != in; w = w->next)
		;
	if (w) {
		r = change(w, mask);
	} else if (notify_watches >= WATCHES_MAX) {
		r = -ENOSPC;
	} else {
		*new = (struct watch){.next = i->watches, .owner = in, .inode = inode_ref(i)};
		new->mask = mask & (IN_ALL_EVENTS | IN_EXCL_UNLINK | IN_ONESHOT);
		new->wd = ++in->last_wd; /* never one that has been in use: an old event would speak of it */
		list_init(&new->link);
		list_push_back(&in->watches, &new->link);
		i->watches = new;
		__atomic_fetch_add(&notify_watches, 1, __ATOMIC_RELAXED);
		r = new->wd;
		new = NULL;
	}
	spin_unlock(&lock, ev);
	kfree(new);
	return r;
}

long inotify_unwatch(struct file *f, int wd)
{
	struct inotify *in = f->priv;
	struct watch *dead = NULL;
	unsigned long ev = spin_lock(&lock);

	list_for_each(l, &in->watches) {
		struct watch *w = list_entry(l, struct watch, link);

		if (w->wd == wd) {
			queue(w, IN_IGNORED, 0, NULL, 0);
			unhang(w, &dead);
			break;
		}
	}
	spin_unlock(&lock, ev);
	if (!dead)
		return -EINVAL;
	bury(dead);
	return 0;
}
