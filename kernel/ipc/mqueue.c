/* SPDX-License-Identifier: MIT */
#include "ipc/mqueue.h"
#include "fs/fd.h"
#include "fs/vfs.h"
#include "lib/format.h"
#include "lib/string.h"
#include "mm/heap.h"
#include "proc/clock.h"
#include "proc/cred.h"
#include "proc/limits.h"
#include "proc/thread.h"

#define HARD_COUNT_MAX 65536 /* for root, who may pass the limits (Linux: HARD_MSGMAX, HARD_MSGSIZEMAX) */
#define HARD_SIZE_MAX  (16 * MiB)
#define SI_MESGQ       -3
#define TEXT_SIZE      80 /* what stat(2) says of a queue's size */

const struct mq_limits mq_limits = {256, 10, 8192, 10, 8192};

struct mqueue {
	struct list link; /* under mq_names */
	struct spinlock lock;
	u32 refs; /* its name has one, and each open file */
	char *name;
	struct inode *inode; /* owner, mode, times */
	u64 max, size, count, bytes;
	u64 charged; /* of RLIMIT_MSGQUEUE */
	struct list messages; /* the highest priority first, of one priority the oldest */
	struct list receivers, senders;
	struct wait_queue poll_wait;
	bool notify_set;
	struct mq_notify notify;
};

/* On the waiting thread's stack; under the queue's lock. */
struct mq_waiter {
	struct list link;
	struct thread *thread;
	struct mq_msg *msg; /* to be sent, or received */
	bool done;
};

static struct spinlock mq_names = SPINLOCK_INIT;
static struct list queues = LIST_INIT(queues);
static int queue_count;
static u64 charged_bytes;

/* ---- queues and their names ---- */

static void mq_put_refs(struct mqueue *q, u32 refs)
{
	unsigned long ev;

	if (__atomic_sub_fetch(&q->refs, refs, __ATOMIC_ACQ_REL))
		return;
	ev = spin_lock(&mq_names);
	queue_count--;
	charged_bytes -= q->charged;
	spin_unlock(&mq_names, ev);
	while (!list_empty(&q->messages)) {
		struct mq_msg *m = list_first(&q->messages, struct mq_msg, link);

		list_remove(&m->link);
		kfree(m);
	}
	inode_unref(q->inode);
	kfree(q->name);
	kfree(q);
}

static void mq_put(struct mqueue *q) { mq_put_refs(q, 1); }

/* Under mq_names; with a reference. */
static struct mqueue *find_name(const char *name)
{
	list_for_each(l, &queues) {
		struct mqueue *q = list_entry(l, struct mqueue, link);

		if (!strcmp(q->name, name)) {
			__atomic_fetch_add(&q->refs, 1, __ATOMIC_RELAXED);
			return q;
		}
	}
	return NULL;
}

static int check_attr(const struct mq_attr *a)
{
	bool root = capable(CAP_SYS_RESOURCE);

	if (a->max <= 0 || a->size <= 0)
		return -EINVAL;
	if (a->max > (root ? HARD_COUNT_MAX : mq_limits.msg_max) ||
	    a->size > (root ? (s64)HARD_SIZE_MAX : mq_limits.msgsize_max))
		return -EINVAL;
	return 0;
}

/* What Linux counts against RLIMIT_MSGQUEUE: getrlimit(2). */
static u64 charge_of(u64 max, u64 size) { return max * 48 + MIN(max, (u64)MQ_PRIO_MAX) * 48 + max * size; }

static struct mqueue *mq_create(const char *name, u32 mode, const struct mq_attr *attr, int *err)
{
	struct mq_attr a = {.max = mq_limits.msg_default, .size = mq_limits.msgsize_default};
	struct mqueue *q;

	if (attr) {
		a = *attr;
		*err = check_attr(&a);
		if (*err)
			return NULL;
	}
	*err = -ENOMEM;
	q = kzalloc(sizeof(*q));
	if (!q)
		return NULL;
	q->name = kstrdup(name);
	q->inode = inode_anon(S_IFREG | (mode & 07777), NULL);
	if (!q->name || !q->inode) {
		kfree(q->name);
		if (q->inode)
			inode_unref(q->inode);
		kfree(q);
		return NULL;
	}
	q->inode->size = TEXT_SIZE;
	q->refs = 2;
	q->max = (u64)a.max;
	q->size = (u64)a.size;
	q->charged = charge_of(q->max, q->size);
	spin_init(&q->lock);
	list_init(&q->messages);
	list_init(&q->receivers);
	list_init(&q->senders);
	wait_queue_init(&q->poll_wait);
	return q;
}

/* Under mq_names: 0, -ENOSPC, -EMFILE. */
static int enter(struct mqueue *q)
{
	if (queue_count >= mq_limits.queues_max && !capable(CAP_SYS_RESOURCE))
		return -ENOSPC;
	if (charged_bytes + q->charged > current->process->limits[RLIMIT_MSGQUEUE].cur)
		return -EMFILE;
	queue_count++;
	charged_bytes += q->charged;
	list_push_back(&queues, &q->link);
	return 0;
}

static const struct file_ops mq_file_ops;

static void discard(struct mqueue *q)
{
	inode_unref(q->inode);
	kfree(q->name);
	kfree(q);
}

static int check_name(const char *name)
{
	size_t n = strlen(name);

	if (!n)
		return -ENOENT;
	if (n > NAME_MAX)
		return -ENAMETOOLONG;
	for (size_t i = 0; i < n; i++)
		if (name[i] == '/')
			return -EACCES;
	return strcmp(name, ".") && strcmp(name, "..") ? 0 : -EACCES;
}

static int open_found(struct mqueue *q, int flags)
{
	static const unsigned may[] = {MAY_READ, MAY_WRITE, MAY_READ | MAY_WRITE};

	if ((flags & (O_CREAT | O_EXCL)) == (O_CREAT | O_EXCL))
		return -EEXIST;
	if ((flags & O_ACCMODE) == O_ACCMODE)
		return -EINVAL;
	return vfs_permission_bits(q->inode, may[flags & O_ACCMODE]);
}

/* The queue of that name, or a new one; with a reference. */
static int find_or_make(const char *name, int flags, u32 mode, const struct mq_attr *attr, struct mqueue **out)
{
	struct mqueue *q, *made = NULL;
	unsigned long ev;
	int err = 0;

	for (;;) {
		ev = spin_lock(&mq_names);
		q = find_name(name);
		if (!q && made)
			err = enter(made);
		spin_unlock(&mq_names, ev);
		if (q || made || !(flags & O_CREAT))
			break;
		made = mq_create(name, mode, attr, &err);
		if (!made)
			return err;
	}
	if (made && (q || err))
		discard(made);
	else if (made)
		q = made;
	if (q && q != made && !err)
		err = open_found(q, flags);
	if (err && q)
		mq_put(q);
	*out = q;
	return err ? err : q ? 0 : -ENOENT;
}

int mq_open(const char *name, int flags, u32 mode, const struct mq_attr *attr, struct file **out)
{
	struct mqueue *q;
	struct file *f;
	int err = check_name(name);

	if (!err)
		err = find_or_make(name, flags, mode & ~current->process->fs->umask, attr, &q);
	if (err)
		return err;
	f = file_alloc(q->inode, NULL, (u32)flags & (O_ACCMODE | O_NONBLOCK), &mq_file_ops);
	if (!f) {
		mq_put(q);
		return -ENOMEM;
	}
	f->priv = q;
	*out = f;
	return 0;
}

int mq_unlink(const char *name)
{
	int err = check_name(name);
	struct mqueue *q;
	unsigned long ev;
	bool mine = false;

	if (err)
		return err;
	ev = spin_lock(&mq_names);
	q = find_name(name);
	if (q) { /* the directory is sticky */
		mine = capable(CAP_FOWNER) || current->process->euid == q->inode->uid;
		if (mine)
			list_remove(&q->link);
	}
	spin_unlock(&mq_names, ev);
	if (!q)
		return -ENOENT;
	mq_put_refs(q, mine ? 2 : 1); /* the name's, too */
	return mine ? 0 : -EPERM;
}

/* ---- messages ---- */

static struct mqueue *queue_of(struct file *f, u32 kind)
{
	return f->ops == &mq_file_ops && (f->kind & kind) == kind ? f->priv : NULL;
}

int mq_may_send(struct file *f, u64 size)
{
	struct mqueue *q = queue_of(f, FILE_WRITE);

	return !q ? -EBADF : size > q->size ? -EMSGSIZE : 0;
}

int mq_may_receive(struct file *f, u64 room)
{
	struct mqueue *q = queue_of(f, FILE_READ);

	return !q ? -EBADF : room < q->size ? -EMSGSIZE : 0;
}

/* Under the lock. */
static void insert(struct mqueue *q, struct mq_msg *m)
{
	struct list *before = q->messages.prev;

	while (before != &q->messages && list_entry(before, struct mq_msg, link)->prio < m->prio)
		before = before->prev;
	list_push_front(before, &m->link);
	q->count++;
	q->bytes += m->size;
}

static struct mq_waiter *first_waiter(struct list *waiters)
{
	return list_empty(waiters) ? NULL : list_first(waiters, struct mq_waiter, link);
}

static void finish(struct mq_waiter *w)
{
	list_remove(&w->link);
	w->done = true;
	sched_wake(w->thread);
}

static bool is_done(struct mqueue *q, struct mq_waiter *w)
{
	unsigned long ev = spin_lock(&q->lock);
	bool done = w->done;

	spin_unlock(&q->lock, ev);
	return done;
}

/* Queues the thread, whose turn comes after all that wait already.  Under the lock, which it lets go of. */
static int wait_turn(struct mqueue *q, struct list *waiters, struct mq_waiter *w, nsec_t deadline, unsigned long ev)
{
	int err = 0;

	list_push_back(waiters, &w->link);
	sched_prepare_sleep(true);
	spin_unlock(&q->lock, ev);
	while (!err && !is_done(q, w)) {
		err = sched_sleep(deadline);
		if (!err)
			sched_prepare_sleep(true);
	}
	sched_cancel_sleep();
	ev = spin_lock(&q->lock);
	if (w->done)
		err = 0;
	else
		list_remove(&w->link);
	spin_unlock(&q->lock, ev);
	return err;
}

/* The first message in an empty queue that nobody waits at: mq_notify(3).  What is to be sent, under the lock. */
static bool take_notify(struct mqueue *q, struct siginfo *info)
{
	const struct process *p = current->process;
	bool send = q->notify_set && q->notify.how == MQ_NOTIFY_SIGNAL && q->notify.signo;

	*info = (struct siginfo){.si_signo = q->notify.signo, .si_code = SI_MESGQ};
	info->rt.pid = p->pid;
	info->rt.uid = p->uid;
	info->rt.value = q->notify.value;
	q->notify_set = false;
	return send;
}

int mq_send(struct file *f, struct mq_msg *m, nsec_t deadline)
{
	struct mqueue *q = f->priv;
	struct mq_waiter w = {.thread = current, .msg = m}, *r;
	struct siginfo info;
	bool notify = false;
	unsigned long ev = spin_lock(&q->lock);

	if (q->count >= q->max) {
		if (READ_ONCE(f->flags) & O_NONBLOCK) {
			spin_unlock(&q->lock, ev);
			return -EAGAIN;
		}
		return wait_turn(q, &q->senders, &w, deadline, ev);
	}
	r = first_waiter(&q->receivers);
	if (r) {
		r->msg = m;
		finish(r);
	} else {
		insert(q, m);
		notify = q->count == 1 && take_notify(q, &info);
	}
	inode_touch(q->inode, ATTR_MTIME);
	spin_unlock(&q->lock, ev);
	if (!r)
		wait_wake_all(&q->poll_wait, POLLIN | POLLRDNORM);
	if (notify)
		signal_send(current->process, NULL, &info);
	return 0;
}

int mq_receive(struct file *f, nsec_t deadline, struct mq_msg **out)
{
	struct mqueue *q = f->priv;
	struct mq_waiter w = {.thread = current}, *s;
	unsigned long ev = spin_lock(&q->lock);
	int err;

	if (!q->count) {
		if (READ_ONCE(f->flags) & O_NONBLOCK) {
			spin_unlock(&q->lock, ev);
			return -EAGAIN;
		}
		err = wait_turn(q, &q->receivers, &w, deadline, ev);
		*out = w.msg;
		return err;
	}
	*out = list_first(&q->messages, struct mq_msg, link);
	list_remove(&(*out)->link);
	q->count--;
	q->bytes -= (*out)->size;
	s = first_waiter(&q->senders);
	if (s) { /* into the place that has become free */
		insert(q, s->msg);
		finish(s);
	}
	inode_touch(q->inode, ATTR_MTIME);
	spin_unlock(&q->lock, ev);
	wait_wake_all(&q->poll_wait, s ? POLLIN | POLLRDNORM : POLLOUT | POLLWRNORM);
	return 0;
}

int mq_attributes(struct file *f, const struct mq_attr *new_attr, struct mq_attr *old)
{
	struct mqueue *q = queue_of(f, 0);
	unsigned long ev;

	if (!q)
		return -EBADF;
	ev = spin_lock(&q->lock);
	*old = (struct mq_attr){.flags = f->flags & O_NONBLOCK, .max = (s64)q->max, .size = (s64)q->size,
				.count = (s64)q->count};
	if (new_attr)
		WRITE_ONCE(f->flags, (f->flags & ~(u32)O_NONBLOCK) | ((u32)new_attr->flags & O_NONBLOCK));
	spin_unlock(&q->lock, ev);
	return 0;
}

int mq_set_notify(struct file *f, const struct mq_notify *n)
{
	struct mqueue *q = queue_of(f, 0);
	unsigned long ev;
	int err = 0;

	if (!q)
		return -EBADF;
	ev = spin_lock(&q->lock);
	if (!n) {
		q->notify_set = false;
	} else if (q->notify_set) {
		err = -EBUSY;
	} else {
		q->notify = *n;
		q->notify_set = true;
	}
	spin_unlock(&q->lock, ev);
	return err;
}

/* ---- as files ---- */

static ssize_t mq_read(struct file *f, struct uio *u, u64 off)
{
	struct mqueue *q = f->priv;
	char text[TEXT_SIZE + 1];
	size_t before = u->left;
	unsigned long ev = spin_lock(&q->lock);
	bool set = q->notify_set;
	int n = format_string(text, sizeof(text), "QSIZE:%-10lu NOTIFY:%-5d SIGNO:%-5d NOTIFY_PID:%-6d\n", (unsigned long)q->bytes,
			      set && q->notify.how == MQ_NOTIFY_NONE ? 1 : 0,
			      set && q->notify.how == MQ_NOTIFY_SIGNAL ? q->notify.signo : 0,
			      set ? current->process->pid : 0);

	spin_unlock(&q->lock, ev);
	if (off >= (u64)n)
		return 0;
	uio_copy_to(u, text + off, (size_t)n - off);
	return UIO_RESULT(u, before);
}

static unsigned mq_poll(struct file *f, unsigned want, struct poll_hook *hook)
{
	struct mqueue *q = f->priv;
	unsigned long ev;
	unsigned r;

	poll_add(hook, &q->poll_wait);
	ev = spin_lock(&q->lock);
	r = (q->count ? POLLIN | POLLRDNORM : 0) | (q->count < q->max ? POLLOUT | POLLWRNORM : 0);
	spin_unlock(&q->lock, ev);
	return r;
}

/* Any close of a descriptor ends the process's wish to be notified: mq_close(3). */
static void mq_flush(struct file *f) { mq_set_notify(f, NULL); }

static void mq_release(struct file *f) { mq_put(f->priv); }

static int mq_describe(struct file *f, char *buf, size_t size)
{
	return format_string(buf, size, "/%s", ((struct mqueue *)f->priv)->name);
}

static const struct file_ops mq_file_ops = {
	.read = mq_read,
	.poll = mq_poll,
	.flush = mq_flush,
	.release = mq_release,
	.describe = mq_describe,
};
