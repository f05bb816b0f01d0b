/* SPDX-License-Identifier: MIT */
/* Sockets of the family AF_UNIX: sending and receiving. */
#include "lib/string.h"
#include "mm/heap.h"
#include "net/unix.h"
#include "proc/thread.h"

/* ---- sending ---- */

/* Whom a message goes to, with a reference: the peer, or whom it names. */
static int send_target(struct unix_sock *s, struct socket_msg *m, struct unix_sock **to)
{
	unsigned long ev;
	int r = 0;

	if (m->name_len) {
		if (unix_is_dgram(s)) {
			r = unix_find_target(m->name, m->name_len, to);
			if (!r && (*to)->sock.type != s->sock.type) {
				unix_unref(*to);
				r = -EPROTOTYPE;
			}
			return r;
		}
		if (s->sock.type == SOCK_STREAM)
			return s->state == UNIX_CONNECTED ? -EISCONN : -EOPNOTSUPP;
	}
	ev = spin_lock(&unix_lock);
	*to = s->peer ? unix_ref(s->peer) : NULL;
	if (s->sock.error) {
		r = -s->sock.error;
		s->sock.error = 0;
	} else if (s->shut & SHUT_BIT_WR) {
		r = -EPIPE;
	}
	if (!r && !*to)
		r = -ENOTCONN;
	spin_unlock(&unix_lock, ev);
	if (r && *to)
		unix_unref(*to);
	return r;
}

#define OVERFLOW_ID 65534 /* of nobody */

/* Whose message it is: as the program says, or as it is if either side wants to know (Linux: maybe_add_creds()). */
static struct socket_cred cred_of(const struct unix_sock *s, const struct unix_sock *to, const struct socket_msg *m)
{
	const struct process *p = current->process;

	if (m->has_cred)
		return m->cred;
	if (socket_wants_cred(&s->sock) || socket_wants_cred(&to->sock))
		return (struct socket_cred){p->pid, p->uid, p->gid};
	return (struct socket_cred){0, OVERFLOW_ID, OVERFLOW_ID};
}

/* Puts a message into the queue of `to`: 0, -EAGAIN (full), or that nobody will read it. */
static int enqueue(struct unix_sock *s, struct unix_sock *to, struct unix_msg *msg)
{
	unsigned long ev = spin_lock(&unix_lock);
	struct unix_sock *gone = NULL;
	int r = 0;

	if (to->closed) {
		r = unix_is_dgram(s) ? -ECONNREFUSED : -EPIPE;
		if (unix_is_dgram(s) && s->peer == to) {
			gone = s->peer;
			s->peer = NULL;
			s->state = UNIX_IDLE;
		}
	} else if ((to->shut & SHUT_BIT_RD) || (!unix_is_dgram(s) && (s->shut & SHUT_BIT_WR))) {
		r = -EPIPE;
	} else if (to->queued && to->queued + msg->len > (size_t)s->sock.send_buffer) {
		r = -EAGAIN;
	} else {
		if (s->name_len) {
			memcpy(msg->name, s->name, sizeof(msg->name));
			msg->name_len = s->name_len;
		}
		list_push_back(&to->queue, &msg->link);
		to->queued += msg->len;
	}
	spin_unlock(&unix_lock, ev);
	unix_unref(gone);
	if (!r)
		wait_wake_all(&to->readable, POLLIN | POLLRDNORM);
	return r;
}

static bool may_send(struct unix_sock *s, struct unix_sock *to, size_t len)
{
	size_t queued = READ_ONCE(to->queued);

	return !queued || queued + len <= (size_t)s->sock.send_buffer || READ_ONCE(to->closed) ||
	       (READ_ONCE(to->shut) & SHUT_BIT_RD) || (READ_ONCE(s->shut) & SHUT_BIT_WR);
}

static int send_one(struct file *f, struct unix_sock *to, struct socket_msg *m, size_t len)
{
	struct unix_sock *s = unix_of(f);
	struct unix_msg *msg = kmalloc(sizeof(*msg) + len);
	int r;

	if (!msg)
		return -ENOBUFS;
	msg->len = len;
	msg->off = 0;
	msg->fds = NULL;
	msg->nfds = 0;
	msg->name_len = 0;
	msg->cred = cred_of(s, to, m);
	list_init(&msg->link);
	if (uio_copy_from(m->u, msg->data, len) < len) {
		kfree(msg);
		return -EFAULT;
	}
	for (;;) {
		msg->fds = m->fds;
		msg->nfds = m->nfds;
		r = enqueue(s, to, msg);
		if (!r) {
			m->fds = NULL;
			m->nfds = 0;
			return 0;
		}
		msg->fds = NULL; /* still the caller's */
		msg->nfds = 0;
		if (r != -EAGAIN || unix_nonblock(f, m->flags))
			break;
		/* A reader of `to` wakes those who write to it by its own queue. */
		r = WAIT_EVENT(&to->writable, may_send(s, to, len), unix_deadline(s->sock.send_timeout),
			       WAIT_INTERRUPTIBLE);
		if (r) {
			r = unix_wait_error(r, s->sock.send_timeout);
			break;
		}
	}
	kfree(msg);
	return r;
}

ssize_t unix_send(struct file *f, struct socket_msg *m)
{
	struct unix_sock *s = unix_of(f), *to;
	size_t before = m->u->left;
	int r;

	if (m->flags & MSG_OOB)
		return -EOPNOTSUPP;
	r = unix_autobind(f);
	if (r)
		return r;
	r = send_target(s, m, &to);
	if (r)
		return r;
	if (s->sock.type != SOCK_STREAM) {
		if (before > (size_t)s->sock.send_buffer - 32)
			r = -EMSGSIZE;
		else
			r = send_one(f, to, m, before);
		unix_unref(to); /* NOLINT: what enqueue() lets go of is the peer's own reference */
		return r ? r : (ssize_t)before;
	}
	while (m->u->left) {
		size_t left = m->u->left;

		r = send_one(f, to, m, MIN(left, UNIX_CHUNK));
		if (r) {
			unix_unref(to);
			return left != before ? (ssize_t)(before - left) : r;
		}
	}
	unix_unref(to);
	return before;
}

/* ---- receiving ---- */

/* The head of the queue, or why there is none: 0 and NULL at the end of the stream, -EAGAIN. */
static int head_of(struct unix_sock *s, struct unix_msg **out)
{
	unsigned long ev = spin_lock(&unix_lock);
	int r = 0;

	*out = NULL;
	if (s->state == UNIX_LISTENING || (s->state != UNIX_CONNECTED && !unix_is_dgram(s))) {
		r = s->sock.type == SOCK_SEQPACKET ? -ENOTCONN : -EINVAL;
	} else if (!list_empty(&s->queue)) {
		*out = list_first(&s->queue, struct unix_msg, link);
	} else if (s->sock.error) {
		r = -s->sock.error;
		s->sock.error = 0;
	} else if (!(s->shut & SHUT_BIT_RD)) {
		r = -EAGAIN;
	}
	spin_unlock(&unix_lock, ev);
	return r;
}

static void dequeue(struct unix_sock *s, struct unix_msg *msg)
{
	unsigned long ev = spin_lock(&unix_lock);

	list_remove(&msg->link);
	s->queued -= msg->len;
	spin_unlock(&unix_lock, ev);
	unix_msg_free(msg);
}

/* Room has come about in s's queue: for those who wait to send, and for its peer's poll. */
static void wake_senders(struct unix_sock *s)
{
	struct unix_sock *peer;
	unsigned long ev = spin_lock(&unix_lock);

	peer = s->peer ? unix_ref(s->peer) : NULL;
	spin_unlock(&unix_lock, ev);
	wait_wake_all(&s->writable, 0);
	if (peer) {
		wait_wake_all(&peer->readable, POLLOUT | POLLWRNORM);
		unix_unref(peer);
	}
}

static void take_fds(struct unix_msg *msg, struct socket_msg *m)
{
	if (!msg->nfds)
		return;
	if (m->flags & MSG_PEEK) {
		m->fds = kmalloc(msg->nfds * sizeof(*m->fds));
		if (!m->fds)
			return;
		for (unsigned i = 0; i < msg->nfds; i++)
			m->fds[i] = file_ref(msg->fds[i]);
		m->nfds = msg->nfds;
		return;
	}
	m->fds = msg->fds;
	m->nfds = msg->nfds;
	msg->fds = NULL;
	msg->nfds = 0;
}

static void sender_name(const struct unix_msg *msg, struct socket_msg *m)
{
	memcpy(m->name, msg->name, msg->name_len);
	m->name_len = msg->name_len;
}

/* One whole message; what does not fit is lost (MSG_TRUNC tells). */
static ssize_t recv_packet(struct unix_sock *s, struct unix_msg *msg, struct socket_msg *m)
{
	size_t len = msg->len, n = MIN(len, m->u->left);

	if (uio_copy_to(m->u, msg->data, n) < n)
		return -EFAULT;
	if (n < len)
		m->out_flags |= MSG_TRUNC;
	sender_name(msg, m);
	m->cred = msg->cred;
	take_fds(msg, m);
	if (!(m->flags & MSG_PEEK)) {
		dequeue(s, msg);
		wake_senders(s);
	}
	return m->flags & MSG_TRUNC ? len : n;
}

/* The message behind `msg`, for those who only look. */
static struct unix_msg *next_msg(struct unix_sock *s, struct unix_msg *msg)
{
	unsigned long ev = spin_lock(&unix_lock);
	struct unix_msg *next = msg->link.next == &s->queue ? NULL : list_entry(msg->link.next, struct unix_msg, link);

	spin_unlock(&unix_lock, ev);
	return next;
}

/* Bytes of the stream, from as many messages as fill the buffers; passed descriptors end a read. */
static ssize_t recv_bytes(struct unix_sock *s, struct unix_msg *msg, struct socket_msg *m)
{
	size_t before = m->u->left;
	bool freed = false;

	while (msg && m->u->left) {
		size_t k = msg->len - msg->off, want = MIN(k, m->u->left);
		size_t n = uio_copy_to(m->u, msg->data + msg->off, want);
		bool fds = msg->nfds;

		m->cred = msg->cred;
		take_fds(msg, m);
		if (!(m->flags & MSG_PEEK)) {
			msg->off += n;
			if (msg->off == msg->len) {
				dequeue(s, msg);
				freed = true;
			}
		}
		if (n < want || fds || m->u->left == 0)
			break;
		if (m->flags & MSG_PEEK)
			msg = next_msg(s, msg);
		else
			head_of(s, &msg);
		if (msg && (msg->nfds || (socket_wants_cred(&s->sock) && memcmp(&msg->cred, &m->cred, sizeof(m->cred)))))
			break; /* one read tells of one sender */
	}
	if (freed)
		wake_senders(s);
	return UIO_RESULT(m->u, before);
}

ssize_t unix_recv(struct file *f, struct socket_msg *m)
{
	struct unix_sock *s = unix_of(f);
	bool stream = s->sock.type == SOCK_STREAM;
	size_t before = m->u->left;
	ssize_t n = 0;

	if (m->flags & MSG_OOB)
		return stream ? -EINVAL : -EOPNOTSUPP;
	m->name_len = 0;
	mutex_lock(&s->recv_lock);
	for (;;) {
		struct unix_msg *msg;
		int r = head_of(s, &msg);

		if (msg) {
			n = stream ? recv_bytes(s, msg, m) : recv_packet(s, msg, m);
			if (n < 0 || !stream || !m->u->left || !(m->flags & MSG_WAITALL) || (m->flags & MSG_PEEK) || m->nfds)
				break;
			continue; /* MSG_WAITALL: goes on until it is full, the stream ends, or a signal */
		}
		n = r;
		if (r != -EAGAIN || (stream && !m->u->left && before == 0))
			break;
		if (unix_nonblock(f, m->flags))
			break;
		mutex_unlock(&s->recv_lock);
		r = WAIT_EVENT(&s->readable,
			       !list_empty(&s->queue) || READ_ONCE(s->sock.error) || (READ_ONCE(s->shut) & SHUT_BIT_RD),
			       unix_deadline(s->sock.recv_timeout), WAIT_INTERRUPTIBLE);
		mutex_lock(&s->recv_lock);
		if (r) {
			n = unix_wait_error(r, s->sock.recv_timeout);
			break;
		}
	}
	mutex_unlock(&s->recv_lock);
	if (stream && before != m->u->left)
		return before - m->u->left;
	return n;
}
