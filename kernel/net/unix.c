/* SPDX-License-Identifier: MIT */
/* Sockets of the family AF_UNIX (unix(7)): making them, names, connections.  The bytes move in unix_io.c. */
#include "fs/tty.h"
#include "fs/vfs.h"
#include "lib/format.h"
#include "lib/string.h"
#include "lib/uaccess.h"
#include "mm/heap.h"
#include "net/unix.h"
#include "proc/thread.h"

struct spinlock unix_lock = SPINLOCK_INIT;
static struct list names = LIST_INIT(names); /* of those that are bound */
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

static struct unix_sock *unix_alloc(int type)
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

/* The file takes over the reference to s. */
static struct file *unix_file(struct unix_sock *s, u32 flags)
{
	struct inode *i = inode_anon(S_IFSOCK | 0777, NULL);
	struct file *f = i ? file_alloc(i, NULL, O_RDWR | flags, &unix_file_ops) : NULL;

	if (i)
		inode_unref(i);
	if (!f)
		return NULL;
	f->kind |= FILE_STREAM | FILE_SOCKET;
	f->priv = &s->sock;
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

static void unix_close(struct unix_sock *s)
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

/* ---- names ---- */

/* The sock that a name belongs to, with a reference; unix_lock is taken. */
static struct unix_sock *find_bound(const u8 *name, unsigned len, const struct inode *inode)
{
	unsigned long ev = spin_lock(&unix_lock);
	struct unix_sock *found = NULL;

	list_for_each(l, &names) {
		struct unix_sock *s = list_entry(l, struct unix_sock, link);

		if (inode ? s->inode == inode : !s->inode && s->name_len == len && !memcmp(s->name, name, len)) {
			found = unix_ref(s);
			break;
		}
	}
	spin_unlock(&unix_lock, ev);
	return found;
}

/* A name's kind: 1 a path (copied to path, ended), 0 an abstract one; -EINVAL. */
static int parse_name(const u8 *name, unsigned len, char path[UNIX_PATH_MAX + 1])
{
	u16 family;

	if (len <= sizeof(family) || len > sizeof(family) + UNIX_PATH_MAX)
		return -EINVAL;
	memcpy(&family, name, sizeof(family));
	if (family != AF_UNIX)
		return -EINVAL;
	if (!name[2])
		return 0;
	memcpy(path, name + 2, len - 2);
	path[len - 2] = '\0';
	return 1;
}

static int unix_bind(struct file *f, const u8 *name, unsigned len)
{
	struct unix_sock *s = unix_of(f), *other;
	char path[UNIX_PATH_MAX + 1];
	struct dentry *d = NULL;
	u8 abstract[SOCK_NAME_MAX] = {AF_UNIX, 0, 0};
	unsigned long ev;
	int r;

	if (len == 2 && name[0] == AF_UNIX && !name[1]) { /* the kernel chooses: five hexadecimal digits */
		static u32 next;

		format_string((char *)abstract + 3, 6, "%05x", __atomic_fetch_add(&next, 1, __ATOMIC_RELAXED) & 0xfffff);
		name = abstract;
		len = 8;
	}
	r = parse_name(name, len, path);
	if (r < 0)
		return r;
	if (s->name_len)
		return -EINVAL;
	if (r) {
		r = vfs_mknod(NULL, path, S_IFSOCK | 0777, 0);
		if (r)
			return r == -EEXIST ? -EADDRINUSE : r;
		r = vfs_walk(NULL, path, 0, &d);
		if (r)
			return r;
		len = 2 + strlen(path) + 1;
	} else {
		other = find_bound(name, len, NULL);
		if (other) {
			unix_unref(other);
			return -EADDRINUSE;
		}
	}
	ev = spin_lock(&unix_lock);
	if (s->name_len) {
		r = -EINVAL;
	} else {
		memset(s->name, 0, sizeof(s->name));
		memcpy(s->name, name, MIN(len, (unsigned)sizeof(s->name)));
		if (d) {
			memcpy(s->name + 2, path, strlen(path) + 1);
			s->inode = inode_ref(d->inode);
		}
		s->name_len = len;
		list_push_back(&names, &s->link);
		s->bound = true;
	}
	spin_unlock(&unix_lock, ev);
	if (d)
		dentry_unref(d);
	return r < 0 ? r : 0;
}

/* The sock that a program names, with a reference. */
int unix_find_target(const u8 *name, unsigned len, struct unix_sock **out)
{
	char path[UNIX_PATH_MAX + 1];
	int r = parse_name(name, len, path);

	if (r < 0)
		return r;
	if (r) {
		struct dentry *d;

		r = vfs_walk(NULL, path, WALK_FOLLOW, &d);
		if (r)
			return r;
		r = vfs_permission(d->inode, MAY_WRITE);
		*out = r ? NULL : S_ISSOCK(d->inode->mode) ? find_bound(NULL, 0, d->inode) : NULL;
		dentry_unref(d);
		if (r)
			return r;
	} else {
		*out = find_bound(name, len, NULL);
	}
	return *out ? 0 : -ECONNREFUSED;
}

static int unix_name(struct file *f, bool peer, u8 *name, unsigned *len)
{
	struct unix_sock *s = unix_of(f);
	unsigned long ev = spin_lock(&unix_lock);
	const struct unix_sock *of = peer ? s->peer : s;
	int r = 0;

	memset(name, 0, SOCK_NAME_MAX);
	if (!of) {
		r = -ENOTCONN;
	} else if (of->name_len) {
		memcpy(name, of->name, SOCK_NAME_MAX);
		*len = of->name_len;
	} else {
		name[0] = AF_UNIX;
		*len = 2;
	}
	spin_unlock(&unix_lock, ev);
	return r;
}

/* ---- connections ---- */

static int unix_listen(struct file *f, int backlog)
{
	struct unix_sock *s = unix_of(f);
	unsigned long ev;
	int r = 0;

	if (unix_is_dgram(s))
		return -EOPNOTSUPP;
	ev = spin_lock(&unix_lock);
	if (!s->name_len || s->state == UNIX_CONNECTED) {
		r = -EINVAL;
	} else {
		s->state = UNIX_LISTENING;
		s->backlog = backlog < 0 || backlog > 4096 ? 4096 : backlog;
	}
	spin_unlock(&unix_lock, ev);
	return r;
}

static int connect_dgram(struct unix_sock *s, const u8 *name, unsigned len)
{
	struct unix_sock *to = NULL, *old;
	unsigned long ev;

	if (len < 2)
		return -EINVAL;
	if (name[0] || name[1]) { /* AF_UNSPEC: dissolves the association */
		int r = unix_find_target(name, len, &to);

		if (r)
			return r;
		if (to->sock.type != s->sock.type) {
			unix_unref(to);
			return -EPROTOTYPE;
		}
	}
	ev = spin_lock(&unix_lock);
	old = s->peer;
	s->peer = to;
	s->state = to ? UNIX_CONNECTED : UNIX_IDLE;
	spin_unlock(&unix_lock, ev);
	unix_unref(old);
	return 0;
}

static int unix_connect(struct file *f, const u8 *name, unsigned len)
{
	struct unix_sock *s = unix_of(f), *to, *server;
	unsigned long ev;
	int r;

	if (unix_is_dgram(s))
		return connect_dgram(s, name, len);
	r = unix_find_target(name, len, &to);
	if (r)
		return r;
	server = unix_alloc(s->sock.type);
	if (!server) {
		unix_unref(to);
		return -ENOMEM;
	}
	for (;;) {
		ev = spin_lock(&unix_lock);
		if (s->state == UNIX_CONNECTED)
			r = -EISCONN;
		else if (s->state == UNIX_LISTENING)
			r = -EINVAL;
		else if (to->sock.type != s->sock.type)
			r = -EPROTOTYPE;
		else if (to->closed || to->state != UNIX_LISTENING || (to->shut & SHUT_BIT_RD))
			r = -ECONNREFUSED;
		else if (to->pending > to->backlog)
			r = -EAGAIN;
		else
			break;
		spin_unlock(&unix_lock, ev);
		if (r == -EAGAIN && !unix_nonblock(f, 0)) {
			r = WAIT_EVENT(&to->writable, READ_ONCE(to->pending) <= READ_ONCE(to->backlog) || READ_ONCE(to->closed),
				       unix_deadline(s->sock.send_timeout), WAIT_INTERRUPTIBLE);
			if (!r)
				continue;
			r = unix_wait_error(r, s->sock.send_timeout);
		}
		unix_unref(to);
		unix_unref(server);
		return r;
	}
	server->peer = unix_ref(s);
	server->state = UNIX_CONNECTED;
	memcpy(server->name, to->name, sizeof(to->name));
	server->name_len = to->name_len;
	s->peer = unix_ref(server);
	s->state = UNIX_CONNECTED;
	s->peer_pid = to->peer_pid;
	s->peer_uid = to->peer_uid;
	s->peer_gid = to->peer_gid;
	list_push_back(&to->queue, &server->link); /* its first reference */
	to->pending++;
	spin_unlock(&unix_lock, ev);
	wait_wake_all(&to->readable, POLLIN | POLLRDNORM);
	unix_unref(to);
	return 0;
}

static int unix_accept(struct file *f, u32 flags, struct file **out)
{
	struct unix_sock *s = unix_of(f), *new;
	unsigned long ev;
	int r;

	for (;;) {
		new = NULL;
		ev = spin_lock(&unix_lock);
		r = unix_is_dgram(s) ? -EOPNOTSUPP : s->state != UNIX_LISTENING ? -EINVAL : 0;
		if (!r && !list_empty(&s->queue)) {
			new = list_first(&s->queue, struct unix_sock, link);
			list_remove(&new->link);
			s->pending--;
		} else if (!r && (s->shut & SHUT_BIT_RD)) {
			r = -EINVAL; /* shutdown(2) gets those out who wait here */
		}
		spin_unlock(&unix_lock, ev);
		if (r)
			return r;
		if (new)
			break;
		if (unix_nonblock(f, 0))
			return -EAGAIN;
		r = WAIT_EVENT(&s->readable, !list_empty(&s->queue) || READ_ONCE(s->state) != UNIX_LISTENING ||
				       (READ_ONCE(s->shut) & SHUT_BIT_RD),
			       unix_deadline(s->sock.recv_timeout), WAIT_INTERRUPTIBLE);
		if (r)
			return unix_wait_error(r, s->sock.recv_timeout);
	}
	wait_wake_all(&s->writable, POLLOUT);
	*out = unix_file(new, flags);
	if (!*out) {
		unix_close(new);
		unix_unref(new);
		return -ENOMEM;
	}
	return 0;
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
