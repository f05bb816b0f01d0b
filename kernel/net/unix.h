/* SPDX-License-Identifier: MIT */
/*
 * What the parts of AF_UNIX share: unix.c has the sockets and their ends,
 * unix_connect.c names and connections, unix_io.c moves the bytes.
 * Locks: unix_lock (a spinlock for all: who is connected to whom, states and
 * queues) and, outside it, each socket's recv_lock (sleeping: one reader at a
 * time owns the head of the queue).  Nothing is copied under unix_lock.
 */
#ifndef NET_UNIX_H
#define NET_UNIX_H

#include "fs/file.h"
#include "net/socket.h"
#include "proc/clock.h"
#include "proc/wait.h"

#define UNIX_BUFFER   212992 /* Linux's net.core.wmem_default */
#define UNIX_CHUNK    (32 * KiB)
#define UNIX_PATH_MAX 108
#define SHUT_BIT_RD   1
#define SHUT_BIT_WR   2

struct unix_msg {
	struct list link;
	size_t len, off; /* bytes, and how many of them have been read */
	struct file **fds;
	unsigned nfds;
	struct socket_cred cred; /* pid 0: nobody has asked whose it is */
	u8 name[SOCK_NAME_MAX]; /* of the sender */
	unsigned name_len;
	u8 data[];
};

enum unix_state { UNIX_IDLE, UNIX_LISTENING, UNIX_CONNECTED };

struct unix_sock {
	struct socket sock;
	u32 refs;
	struct list link; /* in `names`, if it is bound; a new connection: in its listener's queue */
	bool bound;	  /* the name is its own; an accepted socket shows its listener's */
	enum unix_state state;
	bool closed;
	u8 shut; /* SHUT_BIT_* */
	struct unix_sock *peer; /* a reference */
	struct mutex recv_lock;
	struct list queue; /* messages to be read; of a listener: its new connections, by `link` */
	size_t queued;	   /* bytes in it */
	unsigned pending, backlog; /* new connections */
	struct wait_queue readable, writable; /* writable: woken when our peer has read what we sent */
	u8 name[SOCK_NAME_MAX];
	unsigned name_len;
	struct inode *inode; /* a reference: of the name, if that is a path */
	u32 peer_pid, peer_uid, peer_gid;
};

extern struct spinlock unix_lock;

static inline struct unix_sock *unix_of(struct file *f)
{
	return container_of((struct socket *)f->priv, struct unix_sock, sock);
}

static inline bool unix_is_dgram(const struct unix_sock *s) { return s->sock.type == SOCK_DGRAM; }

static inline struct unix_sock *unix_ref(struct unix_sock *s)
{
	__atomic_fetch_add(&s->refs, 1, __ATOMIC_RELAXED);
	return s;
}

static inline bool unix_nonblock(const struct file *f, int msg_flags)
{
	return (READ_ONCE(f->flags) & O_NONBLOCK) || (msg_flags & MSG_DONTWAIT);
}

static inline nsec_t unix_deadline(nsec_t timeout) { return timeout ? clock_deadline(timeout) : WAIT_FOREVER; }

/* A sleep's result as a socket call returns it. */
static inline int unix_wait_error(int r, nsec_t timeout)
{
	if (r == -ETIMEDOUT)
		return -EAGAIN;
	return r == -ERESTARTSYS && timeout ? -EINTR : r; /* with a time-out never restarted (signal(7)) */
}

/* A socket without a file, refs 1; NULL: no memory. */
struct unix_sock *unix_alloc(int type);
/* Its file, which takes over the reference to s; NULL: no memory, and it is still the caller's. */
struct file *unix_file(struct unix_sock *s, u32 flags);
/* Nobody will read or write s any more: tells its peer and whoever waits. */
void unix_close(struct unix_sock *s);
void unix_unref(struct unix_sock *s);
void unix_msg_free(struct unix_msg *m);
/* The sock that a program names, with a reference.  -ECONNREFUSED: nobody has the name. */
int unix_find_target(const u8 *name, unsigned len, struct unix_sock **out);
/* See socket_ops. */
/* Who wants to know senders has a name itself: as on Linux the kernel gives it one.  0 or as unix_bind(). */
int unix_autobind(struct file *f);
int unix_bind(struct file *f, const u8 *name, unsigned len);
int unix_name(struct file *f, bool peer, u8 *name, unsigned *len);
int unix_listen(struct file *f, int backlog);
int unix_connect(struct file *f, const u8 *name, unsigned len);
int unix_accept(struct file *f, u32 flags, struct file **out);
ssize_t unix_send(struct file *f, struct socket_msg *m);
ssize_t unix_recv(struct file *f, struct socket_msg *m);

/* For /proc/net/unix: the sockets that have a name, at most max; an abstract one begins with '@'.  How many. */
struct unix_info {
	u16 type;
	bool listening, connected;
	u64 ino;
	unsigned len;
	char path[UNIX_PATH_MAX];
};
unsigned unix_list(struct unix_info *out, unsigned max);

#endif
