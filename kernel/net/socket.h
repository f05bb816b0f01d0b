/* SPDX-License-Identifier: MIT */
/*
 * Sockets: what the socket calls need of an address family.  A socket is a
 * struct file whose priv is its struct socket; each family has its ops.  Ops may
 * sleep; they honour O_NONBLOCK of the file and MSG_DONTWAIT, and return
 * negative errno values.  SIGPIPE is raised by the calls, not by the ops.
 */
#ifndef NET_SOCKET_H
#define NET_SOCKET_H

#include "fs/file.h"
#include "lib/types.h"

#define AF_UNSPEC 0
#define AF_UNIX	  1
#define AF_INET	  2
#define AF_INET6  10

#define SOCK_STREAM    1
#define SOCK_DGRAM     2
#define SOCK_RAW       3
#define SOCK_SEQPACKET 5
#define SOCK_TYPE_MASK 0xf
#define SOCK_NONBLOCK  O_NONBLOCK
#define SOCK_CLOEXEC   O_CLOEXEC

#define MSG_OOB		 0x1
#define MSG_PEEK	 0x2
#define MSG_CTRUNC	 0x8
#define MSG_TRUNC	 0x20
#define MSG_DONTWAIT	 0x40
#define MSG_EOR		 0x80
#define MSG_WAITALL	 0x100
#define MSG_NOSIGNAL	 0x4000
#define MSG_WAITFORONE	 0x10000
#define MSG_CMSG_CLOEXEC 0x40000000

#define SOL_SOCKET     1
#define SCM_RIGHTS     1
#define SCM_CREDENTIALS 2
#define SO_PASSCRED    16
#define SCM_FDS_MAX    253
#define SOCK_NAME_MAX  128 /* struct sockaddr_storage */
#define SHUT_RD	       0
#define SHUT_WR	       1
#define SHUT_RDWR      2

struct socket_ops;

struct socket {
	const struct socket_ops *ops;
	u8 family, type;
	int protocol;
	nsec_t recv_timeout, send_timeout; /* 0: none */
	int send_buffer, recv_buffer;
	u32 options; /* bit n: SO_n is set, for the ones that are only remembered */
	int error;   /* SO_ERROR: positive, taken by whoever reads it */
};

struct socket_cred { /* struct ucred of the ABI */
	s32 pid;
	u32 uid, gid;
};

/* One message on its way. */
struct socket_msg {
	struct uio *u;
	u8 name[SOCK_NAME_MAX];
	unsigned name_len; /* sending: 0 for none; receiving: set by the op */
	struct file **fds; /* passed along (SCM_RIGHTS): references; the op that takes them sets fds to NULL */
	unsigned nfds;
	struct socket_cred cred; /* the sender's (SCM_CREDENTIALS) */
	bool has_cred;	       /* sending: the program has said whose */
	int flags;     /* MSG_* of the call */
	int out_flags; /* MSG_TRUNC ... of the answer */
};

struct socket_ops {
	int (*bind)(struct file *f, const u8 *name, unsigned len);
	int (*connect)(struct file *f, const u8 *name, unsigned len);
	int (*listen)(struct file *f, int backlog);
	int (*accept)(struct file *f, u32 flags, struct file **out);
	/* The socket's own name, or its peer's: SOCK_NAME_MAX bytes of room. */
	int (*name)(struct file *f, bool peer, u8 *name, unsigned *len);
	ssize_t (*send)(struct file *f, struct socket_msg *m);
	ssize_t (*recv)(struct file *f, struct socket_msg *m);
	int (*shutdown)(struct file *f, int how);
	/* Options the family has of its own: -ENOPROTOOPT for others. */
	int (*getopt)(struct file *f, int level, int name, void *val, unsigned *len);
};

static inline bool socket_wants_cred(const struct socket *s) { return s->options & 1u << SO_PASSCRED; }
static inline struct socket *socket_of(struct file *f) { return f->kind & FILE_SOCKET ? f->priv : NULL; }

/* flags: O_NONBLOCK.  0, -EPROTONOSUPPORT, -ESOCKTNOSUPPORT, -ENOMEM. */
int unix_create(int type, int protocol, u32 flags, struct file **out);
int unix_pair(int type, int protocol, u32 flags, struct file *out[2]);

#endif
