/* SPDX-License-Identifier: MIT */
/* Sockets of the family AF_UNIX (unix(7)): making them, closing them, and what they are as files. */
#include "fs/tty.h"
#include "fs/vfs.h"
#include "lib/format.h"
#include "lib/string.h"
#include "lib/uaccess.h"
#include "mm/heap.h"
#include "net/unix.h"
#include "proc/thread.h"

struct spinlock unix_lock = SPINLOCK_INIT;
static const struct socket_ops unix_ops;
static const struct file_ops unix_file_ops;

void unix_msg_free(struct unix_msg *m)
{
	for (unsigned i = 0; i < m->nfds; i++)
		file_unref(m->fds[i]);
	kfree(m->fds);
	kfree(m);
}

static void free_messages(struct list *queue)
{
	while (!list_empty(queue)) {
		struct unix_msg *m = list_first(queue, struct unix_msg, link);

		list_remove(&m->link);
		unix_msg_free(m);
	}
}

void unix_unref(struct unix_sock *s)
{
	if (!s || __atomic_sub_fetch(&s->refs, 1, __ATOMIC_ACQ_REL))
		return;
	free_messages(&s->queue);
	if (s->inode)
		inode_unref(s->inode);
	kfree(s);
}

struct unix_sock *unix_alloc(int type)
{
	struct unix_sock *s = kzalloc(sizeof(*s));

	if (!s)
		return NULL;
	s->refs = 1;
	s->sock.ops = &unix_ops;
	s->sock.family = AF_UNIX;
	s->sock.type = type;
	s->sock.send_buffer = s->sock.recv_buffer = UNIX_BUFFER;
	list_init(&s->link);
	list_init(&s->queue);
	mutex_init(&s->recv_lock);
	wait_queue_init(&s->readable);
	wait_queue_init(&s->writable);
	if (current->process) {
		s->peer_pid = current->process->pid;
		s->peer_uid = current->process->euid;
		s->peer_gid = current->process->egid;
	}
	return s;
}

struct file *unix_file(struct unix_sock *s, u32 flags)
{
	struct file *f = file_anon(S_IFSOCK | 0777, flags, &unix_file_ops, &s->sock);

	if (f)
		f->kind |= FILE_SOCKET;
	return f;
}

static int check_type(int *type, int protocol)
{
	if (protocol && protocol != AF_UNIX)
		return -EPROTONOSUPPORT;
	if (*type == SOCK_RAW)
		*type = SOCK_DGRAM; /* as Linux */
	return *type == SOCK_STREAM || *type == SOCK_DGRAM || *type == SOCK_SEQPACKET ? 0 : -ESOCKTNOSUPPORT;
}

int unix_create(int type, int protocol, u32 flags, struct file **out)
{
	struct unix_sock *s;
	int r = check_type(&type, protocol);

	if (r)
		return r;
	s = unix_alloc(type);
	*out = s ? unix_file(s, flags) : NULL;
	if (!*out)
		unix_unref(s);
	return *out ? 0 : -ENOMEM;
}

int unix_pair(int type, int protocol, u32 flags, struct file *out[2])
{
	struct unix_sock *a, *b;
	int r = unix_create(type, protocol, flags, &out[0]);

	if (r)
		return r;
	r = unix_create(type, protocol, flags, &out[1]);
	if (r) {
		file_unref(out[0]);
		return r;
	}
	a = unix_of(out[0]);
	b = unix_of(out[1]);
	a->peer = unix_ref(b);
	b->peer = unix_ref(a);
	a->state = b->state = UNIX_CONNECTED;
	return 0;
}

/* Wakes whoever waits for a change of s, of any kind. */
static void wake_all(struct unix_sock *s)
{
	wait_wake_all(&s->readable, 0);
	wait_wake_all(&s->writable, 0);
}

/* Under unix_lock. */
static void move_queue(struct list *from, struct list *to)
{
	while (!list_empty(from)) {
		struct list *l = from->next;

		list_remove(l);
		list_push_back(to, l);
	}
}

void unix_close(struct unix_sock *s)
{
	struct list orphans, lost;
	struct unix_sock *peer;
	unsigned long ev;

	list_init(&orphans);
	list_init(&lost);
	ev = spin_lock(&unix_lock);
	s->closed = true;
	peer = s->peer;
	s->peer = NULL;
	if (s->bound)
		list_remove(&s->link);
	if (peer && !unix_is_dgram(s)) {
		peer->shut = SHUT_BIT_RD | SHUT_BIT_WR;
		if (!list_empty(&s->queue)) /* it has written what nobody will read */
			peer->sock.error = ECONNRESET;
	}
	/* Now and not with the last reference, which may be the peer's: files on their way have other ends. */
	move_queue(&s->queue, s->state == UNIX_LISTENING ? &orphans : &lost);
	s->queued = 0;
	if (s->state == UNIX_LISTENING)
		s->state = UNIX_IDLE;
	spin_unlock(&unix_lock, ev);
	free_messages(&lost);
	if (peer) {
		wake_all(peer);
		unix_unref(peer);
	}
	while (!list_empty(&orphans)) { /* connected to us, and never accepted */
		struct unix_sock *o = list_first(&orphans, struct unix_sock, link);

		list_remove(&o->link);
		o->sock.error = 0;
		if (o->peer)
			o->peer->sock.error = ECONNRESET;
		unix_close(o);
		unix_unref(o);
	}
	wake_all(s);
}

static void unix_release(struct file *f)
{
	struct unix_sock *s = unix_of(f);

	unix_close(s);
	unix_unref(s);
}

static int unix_shutdown(struct file *f, int how)
{
	struct unix_sock *s = unix_of(f), *peer;
	u8 bits = how + 1, back = 0;
	unsigned long ev = spin_lock(&unix_lock);

	s->shut |= bits;
	peer = s->peer && !unix_is_dgram(s) ? unix_ref(s->peer) : NULL;
	if (bits & SHUT_BIT_RD)
		back |= SHUT_BIT_WR;
	if (bits & SHUT_BIT_WR)
		back |= SHUT_BIT_RD;
	if (peer)
		peer->shut |= back;
	spin_unlock(&unix_lock, ev);
	wake_all(s);
	if (peer) {
		wake_all(peer);
		unix_unref(peer);
	}
	return 0;
}

/* ---- as files ---- */

static ssize_t unix_read(struct file *f, struct uio *u, u64 off)
{
	struct socket_msg m = {.u = u};
	ssize_t n;

	if (!u->left)
		return 0;
	n = unix_recv(f, &m);
	for (unsigned i = 0; i < m.nfds; i++) /* read(2) cannot give them to the program */
		file_unref(m.fds[i]);
	kfree(m.fds);
	return n;
}

static ssize_t unix_write(struct file *f, struct uio *u, u64 *off)
{
	struct socket_msg m = {.u = u};
	ssize_t n = unix_send(f, &m);

	if (n == -EPIPE && socket_of(f)->type == SOCK_STREAM)
		file_sigpipe();
	return n;
}

static unsigned unix_poll(struct file *f, unsigned want, struct poll_hook *hook)
{
	struct unix_sock *s = unix_of(f);
	unsigned long ev;
	unsigned r = 0;

	/* All that a poller of s may wait for comes to `readable`, room in the peer's queue as well. */
	poll_add(hook, &s->readable);
	ev = spin_lock(&unix_lock);
	if (s->sock.error)
		r |= POLLERR;
	if (s->shut == (SHUT_BIT_RD | SHUT_BIT_WR))
		r |= POLLHUP;
	if (s->shut & SHUT_BIT_RD)
		r |= POLLRDHUP | POLLIN | POLLRDNORM;
	if (!list_empty(&s->queue))
		r |= POLLIN | POLLRDNORM;
	if (!unix_is_dgram(s) && s->state == UNIX_IDLE)
		r |= POLLHUP;
	if (s->state != UNIX_LISTENING && (!s->peer || s->peer->queued * 4 <= (size_t)s->sock.send_buffer))
		r |= POLLOUT | POLLWRNORM | POLLWRBAND;
	spin_unlock(&unix_lock, ev);
	return r;
}

static long unix_ioctl(struct file *f, unsigned cmd, u64 arg)
{
	struct unix_sock *s = unix_of(f), *peer;
	unsigned long ev;
	size_t n = 0;

	if (cmd != FIONREAD && cmd != TIOCOUTQ)
		return -ENOTTY;
	if (s->state == UNIX_LISTENING)
		return -EINVAL;
	ev = spin_lock(&unix_lock);
	peer = s->peer;
	if (cmd == TIOCOUTQ) {
		n = peer ? peer->queued : 0;
	} else {
		list_for_each(l, &s->queue) {
			struct unix_msg *m = list_entry(l, struct unix_msg, link);

			n += m->len - m->off;
			if (s->sock.type != SOCK_STREAM)
				break;
		}
	}
	spin_unlock(&unix_lock, ev);
	return put_user((int)n, (int __user *)arg);
}

static int unix_describe(struct file *f, char *buf, size_t size)
{
	return format_string(buf, size, "socket:[%lu]", (unsigned long)f->inode->ino);
}

#define SO_PEERCRED   17
#define SO_ACCEPTCONN 30

static int unix_getopt(struct file *f, int level, int name, void *val, unsigned *len)
{
	struct unix_sock *s = unix_of(f);

	if (level != SOL_SOCKET)
		return -EOPNOTSUPP;
	if (name == SO_ACCEPTCONN) {
		*(int *)val = s->state == UNIX_LISTENING;
		*len = sizeof(int);
		return 0;
	}
	if (name == SO_PEERCRED) {
		const u32 cred[3] = {s->state == UNIX_IDLE ? 0 : s->peer_pid, s->state == UNIX_IDLE ? ~0u : s->peer_uid,
				     s->state == UNIX_IDLE ? ~0u : s->peer_gid};

		memcpy(val, cred, sizeof(cred));
		*len = sizeof(cred);
		return 0;
	}
	return -ENOPROTOOPT;
}

static const struct socket_ops unix_ops = {
	.bind = unix_bind,
	.connect = unix_connect,
	.listen = unix_listen,
	.accept = unix_accept,
	.name = unix_name,
	.send = unix_send,
	.recv = unix_recv,
	.shutdown = unix_shutdown,
	.getopt = unix_getopt,
};

static const struct file_ops unix_file_ops = {
	.read = unix_read,
	.write = unix_write,
	.poll = unix_poll,
	.ioctl = unix_ioctl,
	.release = unix_release,
	.describe = unix_describe,
};
