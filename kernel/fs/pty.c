/* SPDX-License-Identifier: MIT */
#include "fs/pty.h"
#include "fs/dentry.h"
#include "fs/ramfs.h"
#include "fs/std.h"
#include "lib/format.h"
#include "lib/string.h"
#include "mm/heap.h"
#include "proc/clock.h"
#include "proc/thread.h"

#define PTY_MAX 1024

static struct mutex ptys_lock = {.wait = WAIT_QUEUE_INIT(ptys_lock.wait)};
static struct list ptys = LIST_INIT(ptys);
static struct pty *controlling;
static struct dentry *pts_dir;

void pty_set_directory(struct dentry *pts) { pts_dir = pts; }

/* To the foreground group, which is the program. */
static void signal_program(int sig)
{
	struct siginfo info = {.si_signo = sig, .si_code = SI_KERNEL};

	signal_send(current->process, NULL, &info);
}

void pty_signal(struct pty *p, int sig)
{
	if (pty_controls(p))
		signal_program(sig);
}

void pty_wake(struct pty *p)
{
	wait_wake_all(&p->master_wait, POLLIN | POLLRDNORM | POLLOUT | POLLWRNORM | POLLPRI);
	wait_wake_all(&p->slave_wait, POLLIN | POLLRDNORM | POLLOUT | POLLWRNORM);
}

static bool slave_gone(const struct pty *p) { return READ_ONCE(p->used) && !READ_ONCE(p->slaves); }

/* ---- bytes ---- */

/*
 * Waits until `cond`, letting go of p->lock meanwhile: what WAIT_EVENT says, or -EAGAIN.  An expression of the
 * caller's variables, so a macro.
 */
#define PTY_WAIT(p, f, queue, cond, deadline)                                                \
	({                                                                                   \
		int pty_r_ = -EAGAIN;                                                        \
		if (!((f)->flags & O_NONBLOCK)) {                                            \
			mutex_unlock(&(p)->lock);                                            \
			pty_r_ = WAIT_EVENT((queue), (cond), (deadline), WAIT_INTERRUPTIBLE); \
			mutex_lock(&(p)->lock);                                              \
		}                                                                            \
		pty_r_;                                                                      \
	})

static ssize_t master_read(struct file *f, struct uio *u, u64 off)
{
	struct pty *p = f->priv;
	size_t before = u->left;
	u8 buf[256], status = 0;
	u32 n;
	int r = 0;

	if (!u->left)
		return 0;
	mutex_lock(&p->lock);
	while (!(p->packet && p->l.events) && p->l.out_head == p->l.out_tail && !r)
		r = slave_gone(p) ? -EIO
				  : PTY_WAIT(p, f, &p->master_wait,
					     READ_ONCE(p->l.out_head) != READ_ONCE(p->l.out_tail) || slave_gone(p) ||
						     (READ_ONCE(p->packet) && READ_ONCE(p->l.events)),
					     WAIT_FOREVER);
	if (!r && p->packet) { /* TIOCPKT: each read begins with what happened, or 0 and bytes */
		status = p->l.events;
		uio_copy_to(u, &status, 1);
		p->l.events = 0;
	}
	while (!r && !status && u->left && !u->faulted) {
		n = ldisc_take_output(&p->l, buf, MIN(u->left, sizeof(buf)));
		if (!n)
			break;
		uio_copy_to(u, buf, n);
	}
	mutex_unlock(&p->lock);
	if (!r)
		wait_wake_all(&p->slave_wait, POLLOUT | POLLWRNORM);
	return r ? r : UIO_RESULT(u, before);
}

static ssize_t master_write(struct file *f, struct uio *u, u64 *off)
{
	struct pty *p = f->priv;
	size_t before = u->left, n;
	u8 buf[256];
	int r = 0;

	mutex_lock(&p->lock);
	while (u->left && !r) {
		u32 room = ldisc_input_room(&p->l);

		if (!room) {
			r = PTY_WAIT(p, f, &p->master_wait, ldisc_input_room(&p->l), WAIT_FOREVER);
			continue;
		}
		n = uio_copy_from(u, buf, MIN(u->left, (size_t)room));
		for (size_t i = 0; i < n; i++) {
			int sig = ldisc_input(&p->l, buf[i]);

			if (sig)
				pty_signal(p, sig);
		}
		if (u->faulted)
			break;
		pty_wake(p);
	}
	mutex_unlock(&p->lock);
	return before != u->left ? (ssize_t)(before - u->left) : r ? r : UIO_RESULT(u, before);
}

/* Up to a line, in canonical mode; else what VMIN and VTIME say (termios(3)). */
static int slave_fill(struct pty *p, struct file *f, struct uio *u, size_t before)
{
	nsec_t deadline = WAIT_FOREVER;
	bool armed = false, end;
	u8 buf[256];
	u32 n;

	for (;;) {
		bool lines = p->l.t.lflag & L_ICANON;
		unsigned min = lines ? 1 : p->l.t.cc[VMIN];
		nsec_t time = lines ? 0 : p->l.t.cc[VTIME] * (NSEC_PER_SEC / 10);
		int r;

		n = ldisc_take(&p->l, buf, MIN(u->left, sizeof(buf)), &end);
		uio_copy_to(u, buf, n);
		if (end || !u->left || u->faulted)
			return 0;
		if (n) {
			armed = false; /* VTIME is the time between two bytes */
			continue;
		}
		if (before - u->left >= MAX(min, 1u))
			return 0;
		if (pty_hung_up(p))
			return -EIO;
		if (!min && !time)
			return 0;
		if (time && !armed && (!min || before != u->left))
			deadline = clock_deadline(time);
		armed = true;
		r = PTY_WAIT(p, f, &p->slave_wait, ldisc_readable(&p->l) || pty_hung_up(p), deadline);
		if (r)
			return r == -ETIMEDOUT ? 0 : r;
	}
}

static ssize_t slave_read(struct file *f, struct uio *u, u64 off)
{
	struct pty *p = f->priv;
	size_t before = u->left;
	int r = 0;

	if (!u->left)
		return 0;
	mutex_lock(&p->lock);
	if (!pty_hung_up(p)) /* afterwards a read finds the end, at once */
		r = slave_fill(p, f, u, before);
	mutex_unlock(&p->lock);
	wait_wake_all(&p->master_wait, POLLOUT | POLLWRNORM);
	return r && before == u->left ? r : UIO_RESULT(u, before);
}

static ssize_t slave_write(struct file *f, struct uio *u, u64 *off)
{
	struct pty *p = f->priv;
	size_t before = u->left, n;
	u8 buf[256];
	int r = 0;

	mutex_lock(&p->lock);
	while (u->left && !r) {
		u32 room = ldisc_output_room(&p->l);

		if (pty_hung_up(p)) {
			r = -EIO;
		} else if (!room) {
			r = PTY_WAIT(p, f, &p->slave_wait, ldisc_output_room(&p->l) || pty_hung_up(p), WAIT_FOREVER);
		} else {
			n = uio_copy_from(u, buf, MIN(u->left, (size_t)room));
			for (size_t i = 0; i < n; i++)
				ldisc_output(&p->l, buf[i]);
			wait_wake_all(&p->master_wait, POLLIN | POLLRDNORM);
			if (u->faulted)
				break;
		}
	}
	mutex_unlock(&p->lock);
	return before != u->left ? (ssize_t)(before - u->left) : r ? r : UIO_RESULT(u, before);
}

static unsigned master_poll(struct file *f, unsigned want, struct poll_hook *hook)
{
	struct pty *p = f->priv;
	unsigned r = 0;

	poll_add(hook, &p->master_wait);
	if (READ_ONCE(p->packet) && READ_ONCE(p->l.events))
		r |= POLLPRI | POLLIN | POLLRDNORM;
	if (READ_ONCE(p->l.out_head) != READ_ONCE(p->l.out_tail))
		r |= POLLIN | POLLRDNORM;
	if (ldisc_input_room(&p->l))
		r |= POLLOUT | POLLWRNORM;
	return slave_gone(p) ? r | POLLHUP : r;
}

static unsigned slave_poll(struct file *f, unsigned want, struct poll_hook *hook)
{
	struct pty *p = f->priv;
	u8 min = READ_ONCE(p->l.t.cc[VMIN]);
	unsigned r = 0;

	poll_add(hook, &p->slave_wait);
	if (pty_hung_up(p))
		return POLLIN | POLLOUT | POLLERR | POLLHUP | POLLRDNORM | POLLWRNORM;
	if (READ_ONCE(p->l.t.lflag) & L_ICANON || READ_ONCE(p->l.t.cc[VTIME]) || !min)
		min = 1;
	if (ldisc_readable(&p->l) &&
	    (min == 1 || READ_ONCE(p->l.in_head) - READ_ONCE(p->l.in_tail) >= min))
		r |= POLLIN | POLLRDNORM;
	if (ldisc_output_room(&p->l))
		r |= POLLOUT | POLLWRNORM;
	return r;
}

/* ---- the controlling terminal ---- */

bool pty_controls(const struct pty *p) { return READ_ONCE(controlling) == p; }

int pty_take_control(struct pty *p)
{
	int r = 0;

	mutex_lock(&ptys_lock);
	if (controlling != p) {
		if (controlling || std_tty())
			r = -EPERM;
		else
			controlling = p;
	}
	mutex_unlock(&ptys_lock);
	return r;
}

/* As the leader of a session does that gives up its terminal, or whose terminal is gone. */
void pty_lose_control(struct pty *p)
{
	bool had;

	mutex_lock(&ptys_lock);
	had = controlling == p;
	if (had)
		controlling = NULL;
	mutex_unlock(&ptys_lock);
	if (had) {
		signal_program(SIGHUP);
		signal_program(SIGCONT);
	}
}

/* ---- opening and closing ---- */

static void pty_free(struct pty *p)
{
	ldisc_free(&p->l);
	kfree(p);
}

/* With ptys_lock held.  The last one who has it open frees it. */
static bool pty_unused(const struct pty *p) { return !p->master && !p->slaves; }

static void slave_release(struct file *f)
{
	struct pty *p = f->priv;
	bool unused;

	mutex_lock(&ptys_lock);
	p->slaves--;
	unused = pty_unused(p);
	if (!unused)
		pty_wake(p); /* under ptys_lock: nobody frees it */
	mutex_unlock(&ptys_lock);
	if (unused)
		pty_free(p);
}

static int slave_open(struct file *f);

static const struct file_ops slave_ops = {
	.open = slave_open,
	.read = slave_read,
	.write = slave_write,
	.poll = slave_poll,
	.ioctl = pty_slave_ioctl,
	.release = slave_release,
};

/* With ptys_lock held. */
static int slave_attach(struct pty *p, struct file *f)
{
	if (p->locked || pty_hung_up(p))
		return -EIO;
	p->slaves++;
	p->used = true;
	f->priv = p;
	f->ops = &slave_ops;
	f->kind |= FILE_STREAM;
	return 0;
}

static int slave_open(struct file *f)
{
	int r = -EIO; /* its master has gone */

	mutex_lock(&ptys_lock);
	list_for_each(l, &ptys) {
		struct pty *p = list_entry(l, struct pty, link);

		if (p->inode != f->inode)
			continue;
		r = slave_attach(p, f);
		if (!r && !controlling && !std_tty() && (f->kind & FILE_READ) && !(f->kind & FILE_NOCTTY))
			controlling = p;
		break;
	}
	mutex_unlock(&ptys_lock);
	return r;
}

unsigned pty_count(void)
{
	unsigned n = 0;

	mutex_lock(&ptys_lock);
	list_for_each(l, &ptys) n++;
	mutex_unlock(&ptys_lock);
	return n;
}

int pty_open_controlling(struct file *f)
{
	int r = -ENXIO;

	mutex_lock(&ptys_lock);
	if (controlling)
		r = slave_attach(controlling, f);
	mutex_unlock(&ptys_lock);
	return r;
}

/* Takes the name away, hangs up. */
static void master_release(struct file *f)
{
	struct pty *p = f->priv;
	bool unused;

	pty_lose_control(p);
	mutex_lock(&ptys_lock);
	list_remove(&p->link);
	mutex_lock(&pts_dir->inode->lock);
	p->dentry->inode->nlink = 0;
	dentry_drop(p->dentry);
	mutex_unlock(&pts_dir->inode->lock);
	dentry_unref(p->dentry);
	mutex_lock(&p->lock);
	p->master = false;
	mutex_unlock(&p->lock);
	unused = pty_unused(p);
	if (!unused)
		wait_wake_all(&p->slave_wait, POLLIN | POLLOUT | POLLERR | POLLHUP);
	mutex_unlock(&ptys_lock);
	if (unused)
		pty_free(p);
}

static const struct file_ops master_ops = {
	.read = master_read,
	.write = master_write,
	.poll = master_poll,
	.ioctl = pty_master_ioctl,
	.release = master_release,
};

/* With ptys_lock held: a number that is free, in the list before those above it. */
static int pty_number(struct pty *p)
{
	unsigned n = std_tty() ? 1 : 0; /* which is the console */
	struct list *at = ptys.next;

	for (; at != &ptys && list_entry(at, struct pty, link)->number == n; at = at->next)
		n++;
	if (n >= PTY_MAX)
		return -ENOSPC;
	p->number = n;
	p->rdev = 136u << 8 | (n & 0xff) | (n & ~0xffu) << 12; /* as the ABI has minor numbers */
	list_push_back(at, &p->link);
	return 0;
}

static int pty_name(struct pty *p)
{
	struct inode *i = ramfs_inode_create(pts_dir->inode->sb, S_IFCHR | 0620, &slave_ops);
	struct process *owner = current->process;
	char name[12];
	int len = format_string(name, sizeof(name), "%u", p->number);

	if (!i)
		return -ENOMEM;
	i->rdev = p->rdev;
	i->uid = owner->euid;
	i->gid = owner->euid ? owner->egid : 5; /* tty */
	mutex_lock(&pts_dir->inode->lock);
	p->dentry = dentry_add(pts_dir, name, len, i);
	mutex_unlock(&pts_dir->inode->lock);
	p->inode = i;
	inode_unref(i); /* the name keeps it */
	return p->dentry ? 0 : -ENOMEM;
}

static int ptmx_open(struct file *f)
{
	struct pty *p = kzalloc(sizeof(*p));
	int r;

	if (!p)
		return -ENOMEM;
	r = ldisc_init(&p->l);
	if (r) {
		kfree(p);
		return r;
	}
	mutex_init(&p->lock);
	wait_queue_init(&p->master_wait);
	wait_queue_init(&p->slave_wait);
	list_init(&p->link);
	p->master = p->locked = true;
	mutex_lock(&ptys_lock);
	r = pty_number(p);
	if (!r)
		r = pty_name(p);
	if (r)
		list_remove(&p->link);
	mutex_unlock(&ptys_lock);
	if (r) {
		pty_free(p);
		return r;
	}
	f->priv = p;
	f->ops = &master_ops;
	f->kind |= FILE_STREAM;
	return 0;
}

const struct file_ops ptmx_ops = {.open = ptmx_open};
