/* SPDX-License-Identifier: MIT */
/* Sockets of the family AF_UNIX: their names, and who is connected to whom. */
#include "fs/vfs.h"
#include "lib/format.h"
#include "lib/string.h"
#include "net/unix.h"
#include "proc/thread.h"

static struct list names = LIST_INIT(names); /* of those that are bound: under unix_lock */

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

int unix_bind(struct file *f, const u8 *name, unsigned len)
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

int unix_autobind(struct file *f)
{
	static const u8 family[SOCK_NAME_MAX] = {AF_UNIX};
	const struct unix_sock *s = unix_of(f);
	int r;

	if (!socket_wants_cred(&s->sock) || READ_ONCE(s->name_len) || s->sock.type != SOCK_DGRAM)
		return 0;
	r = unix_bind(f, family, 2);
	return r == -EINVAL ? 0 : r; /* another thread was quicker */
}

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

int unix_name(struct file *f, bool peer, u8 *name, unsigned *len)
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

int unix_listen(struct file *f, int backlog)
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

int unix_connect(struct file *f, const u8 *name, unsigned len)
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

int unix_accept(struct file *f, u32 flags, struct file **out)
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

unsigned unix_list(struct unix_info *out, unsigned max)
{
	const unsigned skip = 2; /* the family */
	unsigned long ev = spin_lock(&unix_lock);
	unsigned n = 0;

	list_for_each(l, &names) {
		const struct unix_sock *s = list_entry(l, struct unix_sock, link);
		struct unix_info *i = &out[n];

		if (n++ == max)
			break;
		i->type = (u16)s->sock.type;
		i->listening = s->state == UNIX_LISTENING;
		i->connected = s->state == UNIX_CONNECTED;
		i->ino = s->inode ? s->inode->ino : 0;
		i->len = s->name_len > skip ? MIN(s->name_len - skip, (unsigned)sizeof(i->path)) : 0;
		memcpy(i->path, s->name + skip, i->len);
		if (i->len && !i->path[0])
			i->path[0] = '@';
		else
			i->len = (unsigned)strnlen(i->path, i->len);
	}
	spin_unlock(&unix_lock, ev);
	return MIN(n, max);
}
