/* SPDX-License-Identifier: MIT */
/* The socket calls.  The families are in net/. */
#include "net/socket.h"
#include "lib/string.h"
#include "mm/heap.h"
#include "proc/clock.h"
#include "syscall/args.h"

#define SOCK_MAX 11 /* types below */
#define AF_MAX	 46

/* The socket behind a descriptor: 0, -EBADF, -ENOTSOCK.  End with fd_put() after success. */
static int sock_get(int fd, struct fdref *r)
{
	*r = fd_get(fd);
	if (!r->file)
		return -EBADF;
	if (!(r->file->kind & FILE_SOCKET)) {
		fd_put(*r);
		return -ENOTSOCK;
	}
	return 0;
}

static const struct socket_ops *ops_of(struct fdref r) { return socket_of(r.file)->ops; }

static int get_name(u8 name[SOCK_NAME_MAX], const void __user *addr, int len)
{
	if (len < 0 || len > SOCK_NAME_MAX)
		return -EINVAL;
	memset(name, 0, SOCK_NAME_MAX);
	return copy_from_user(name, addr, len);
}

/* As much as fits, and how long the whole is. */
static int put_name(void __user *addr, int __user *ulen, const u8 *name, unsigned len)
{
	int room;

	if (get_user(room, ulen))
		return -EFAULT;
	if (room < 0)
		return -EINVAL;
	if (copy_to_user(addr, name, MIN((unsigned)room, len)) || put_user((int)len, ulen))
		return -EFAULT;
	return 0;
}

/* ---- making them ---- */

static int create(int family, int type, int protocol, u32 flags, struct file **out)
{
	if (family < 0 || family >= AF_MAX)
		return -EAFNOSUPPORT;
	if (type < 0 || type >= SOCK_MAX)
		return -EINVAL;
	if (family != AF_UNIX) /* there is no network stack yet */
		return -EAFNOSUPPORT;
	return unix_create(type, protocol, flags, out);
}

long sys_socket(int family, int type, int protocol)
{
	u32 flags = type & ~SOCK_TYPE_MASK;
	struct file *f;
	long r;

	if (flags & ~(u32)(SOCK_CLOEXEC | SOCK_NONBLOCK))
		return -EINVAL;
	r = create(family, type & SOCK_TYPE_MASK, protocol, flags & O_NONBLOCK, &f);
	if (r)
		return r;
	r = fd_install(f, 0, flags & O_CLOEXEC);
	if (r < 0)
		file_unref(f);
	return r;
}

long sys_socketpair(int family, int type, int protocol, int __user *fds)
{
	u32 flags = type & ~SOCK_TYPE_MASK;
	struct file *f[2];
	int fd[2];
	long r;

	if (flags & ~(u32)(SOCK_CLOEXEC | SOCK_NONBLOCK))
		return -EINVAL;
	type &= SOCK_TYPE_MASK;
	/* Linux takes the descriptors and writes them before it looks at the rest. */
	if (!user_range_ok(fds, sizeof(fd)) || clear_user(fds, sizeof(fd)))
		return -EFAULT;
	if (family < 0 || family >= AF_MAX || (type < SOCK_MAX && family != AF_UNIX))
		return family == AF_INET || family == AF_INET6 ? -EOPNOTSUPP : -EAFNOSUPPORT;
	if (type >= SOCK_MAX)
		return -EINVAL;
	r = unix_pair(type, protocol, flags & O_NONBLOCK, f);
	if (r)
		return r;
	fd[0] = fd_install(f[0], 0, flags & O_CLOEXEC);
	if (fd[0] < 0) {
		file_unref(f[0]);
		file_unref(f[1]);
		return fd[0];
	}
	fd[1] = fd_install(f[1], 0, flags & O_CLOEXEC);
	if (fd[1] < 0) {
		fd_close(fd[0]);
		file_unref(f[1]);
		return fd[1];
	}
	if (copy_to_user(fds, fd, sizeof(fd))) {
		fd_close(fd[0]);
		fd_close(fd[1]);
		return -EFAULT;
	}
	return 0;
}

/* ---- names and connections ---- */

long sys_bind(int fd, const void __user *addr, int len)
{
	u8 name[SOCK_NAME_MAX];
	struct fdref s;
	long r = sock_get(fd, &s);

	if (r)
		return r;
	r = get_name(name, addr, len);
	if (!r)
		r = ops_of(s)->bind(s.file, name, len);
	fd_put(s);
	return r;
}

long sys_connect(int fd, const void __user *addr, int len)
{
	u8 name[SOCK_NAME_MAX];
	struct fdref s;
	long r = sock_get(fd, &s);

	if (r)
		return r;
	r = get_name(name, addr, len);
	if (!r)
		r = ops_of(s)->connect(s.file, name, len);
	fd_put(s);
	return r;
}

long sys_listen(int fd, int backlog)
{
	struct fdref s;
	long r = sock_get(fd, &s);

	if (r)
		return r;
	r = ops_of(s)->listen(s.file, backlog);
	fd_put(s);
	return r;
}

long sys_accept4(int fd, void __user *addr, int __user *len, int flags)
{
	struct fdref s;
	struct file *f;
	long r;

	if (flags & ~(SOCK_CLOEXEC | SOCK_NONBLOCK))
		return -EINVAL;
	r = sock_get(fd, &s);
	if (r)
		return r;
	r = fd_room();
	if (!r)
		r = ops_of(s)->accept(s.file, flags & O_NONBLOCK, &f);
	if (!r && addr) {
		u8 name[SOCK_NAME_MAX];
		unsigned n = 0;

		r = ops_of(s)->name(f, true, name, &n);
		if (r == -ENOTCONN) /* it has gone already */
			r = -ECONNABORTED;
		if (!r)
			r = put_name(addr, len, name, n);
		if (r)
			file_unref(f);
	}
	if (!r) {
		r = fd_install(f, 0, flags & SOCK_CLOEXEC);
		if (r < 0)
			file_unref(f);
	}
	fd_put(s);
	return r;
}

long sys_accept(int fd, void __user *addr, int __user *len) { return sys_accept4(fd, addr, len, 0); }

static long do_name(int fd, void __user *addr, int __user *len, bool peer)
{
	u8 name[SOCK_NAME_MAX];
	unsigned n = 0;
	struct fdref s;
	long r = sock_get(fd, &s);

	if (r)
		return r;
	r = ops_of(s)->name(s.file, peer, name, &n);
	if (!r)
		r = put_name(addr, len, name, n);
	fd_put(s);
	return r;
}

long sys_getsockname(int fd, void __user *addr, int __user *len) { return do_name(fd, addr, len, false); }
long sys_getpeername(int fd, void __user *addr, int __user *len) { return do_name(fd, addr, len, true); }

long sys_shutdown(int fd, int how)
{
	struct fdref s;
	long r = sock_get(fd, &s);

	if (r)
		return r;
	r = how < SHUT_RD || how > SHUT_RDWR ? -EINVAL : ops_of(s)->shutdown(s.file, how);
	fd_put(s);
	return r;
}

/* ---- bytes ---- */

static void drop_fds(struct socket_msg *m)
{
	for (unsigned i = 0; i < m->nfds; i++)
		file_unref(m->fds[i]);
	kfree(m->fds);
	m->fds = NULL;
	m->nfds = 0;
}

static long do_send(struct file *f, struct socket_msg *m)
{
	long r = socket_of(f)->ops->send(f, m);

	if (r == -EPIPE && socket_of(f)->type == SOCK_STREAM && !(m->flags & MSG_NOSIGNAL))
		file_sigpipe();
	return r;
}

long sys_sendto(int fd, const void __user *buf, size_t len, int flags, const void __user *addr, int addr_len)
{
	struct socket_msg m = {.flags = flags};
	struct uio u;
	struct fdref s;
	long r;

	if (!user_range_ok(buf, len))
		return -EFAULT;
	r = sock_get(fd, &s);
	if (r)
		return r;
	uio_init_user(&u, buf, MIN(len, RW_MAX));
	m.u = &u;
	if (addr) {
		r = get_name(m.name, addr, addr_len);
		m.name_len = addr_len;
	}
	if (!r)
		r = do_send(s.file, &m);
	fd_put(s);
	return r;
}

long sys_recvfrom(int fd, void __user *buf, size_t len, int flags, void __user *addr, int __user *addr_len)
{
	struct socket_msg m = {.flags = flags};
	struct uio u;
	struct fdref s;
	long r;
	int err;

	if (!user_range_ok(buf, len))
		return -EFAULT;
	r = sock_get(fd, &s);
	if (r)
		return r;
	uio_init_user(&u, buf, MIN(len, RW_MAX));
	m.u = &u;
	r = ops_of(s)->recv(s.file, &m);
	drop_fds(&m);
	if (r >= 0 && addr) {
		err = put_name(addr, addr_len, m.name, m.name_len);
		if (err)
			r = err;
	}
	fd_put(s);
	return r;
}

struct user_msghdr { /* struct msghdr of the ABI */
	void __user *name;
	int namelen, pad0;
	struct iovec __user *iov;
	size_t iovlen;
	void __user *control;
	size_t controllen;
	int flags, pad1;
};

struct user_cmsghdr {
	size_t len;
	int level, type;
};
#define CMSG_ALIGN(n) ALIGN_UP((size_t)(n), sizeof(size_t))

/* SCM_RIGHTS: takes references to the descriptors that the program names. */
static int get_rights(const int *fds, unsigned n, struct socket_msg *m)
{
	struct file **files;

	if (!n)
		return 0;
	if (n + m->nfds > SCM_FDS_MAX)
		return -EINVAL;
	files = krealloc(m->fds, (m->nfds + n) * sizeof(*files));
	if (!files)
		return -ENOMEM;
	m->fds = files;
	for (unsigned i = 0; i < n; i++) {
		struct file *f = fd_get_file(fds[i]);

		if (!f)
			return -EBADF;
		m->fds[m->nfds++] = f;
	}
	return 0;
}

#define CONTROL_MAX 20480 /* net.core.optmem_max */

static int get_control(const struct user_msghdr *h, u8 family, struct socket_msg *m)
{
	size_t left = h->controllen, step;
	char *buf, *p;
	int r = 0;

	if (!h->control || !left)
		return 0;
	if (left > CONTROL_MAX)
		return -ENOBUFS;
	buf = p = kmalloc(left);
	if (!buf)
		return -ENOMEM;
	if (copy_from_user(buf, h->control, left))
		r = -EFAULT;
	while (!r && left >= sizeof(struct user_cmsghdr)) {
		struct user_cmsghdr c;

		memcpy(&c, p, sizeof(c));
		if (c.len < sizeof(c) || c.len > left) {
			r = -EINVAL;
			break;
		}
		if (c.level == SOL_SOCKET) {
			if (c.type != SCM_RIGHTS || family != AF_UNIX)
				r = -EINVAL;
			else
				r = get_rights((const int *)(p + sizeof(c)), (c.len - sizeof(c)) / sizeof(int), m);
		}
		step = MIN(CMSG_ALIGN(c.len), left);
		p += step;
		left -= step;
	}
	kfree(buf);
	return r;
}

static int get_msghdr(const void __user *uh, struct user_msghdr *h, struct iov_arg *a)
{
	if (get_user(*h, (const struct user_msghdr __user *)uh))
		return -EFAULT;
	if (!h->name)
		h->namelen = 0;
	if (h->namelen < 0)
		return -EINVAL;
	if (h->iovlen > IOV_MAX)
		return -EMSGSIZE;
	return iov_get(a, h->iov, h->iovlen);
}

long sys_sendmsg(int fd, const void __user *uh, int flags)
{
	struct socket_msg m = {.flags = flags};
	struct user_msghdr h;
	struct iov_arg a;
	struct fdref s;
	long r = sock_get(fd, &s);

	if (r)
		return r;
	r = get_msghdr(uh, &h, &a);
	if (r) {
		fd_put(s);
		return r;
	}
	m.u = &a.uio;
	if (h.name) {
		m.name_len = MIN(h.namelen, SOCK_NAME_MAX);
		r = get_name(m.name, h.name, m.name_len);
	}
	if (!r)
		r = get_control(&h, socket_of(s.file)->family, &m);
	if (!r)
		r = do_send(s.file, &m);
	drop_fds(&m);
	iov_end(&a);
	fd_put(s);
	return r;
}

/* Installs what came along and writes the control message; what does not fit is closed (MSG_CTRUNC). */
static int put_rights(struct user_msghdr *h, struct socket_msg *m, size_t *used)
{
	struct user_cmsghdr c = {.level = SOL_SOCKET, .type = SCM_RIGHTS};
	size_t room = h->control && h->controllen > sizeof(c) ? (h->controllen - sizeof(c)) / sizeof(int) : 0;
	char __user *out = h->control;
	unsigned n = 0;

	if (!m->nfds)
		return 0;
	for (; n < m->nfds && n < room; n++) {
		/* The table gets a reference of its own: another thread may close the descriptor at once. */
		int fd = fd_install(file_ref(m->fds[n]), 0, m->flags & MSG_CMSG_CLOEXEC);

		if (fd < 0) {
			file_unref(m->fds[n]);
			break;
		}
		if (put_user(fd, (int __user *)(out + sizeof(c) + n * sizeof(int)))) {
			fd_close(fd);
			break;
		}
	}
	if (n < m->nfds)
		m->out_flags |= MSG_CTRUNC;
	if (n) {
		c.len = sizeof(c) + n * sizeof(int);
		if (copy_to_user(out, &c, sizeof(c)))
			return -EFAULT;
		*used = MIN(CMSG_ALIGN(c.len), h->controllen);
	}
	return 0;
}

long sys_recvmsg(int fd, void __user *uh, int flags)
{
	struct user_msghdr __user *up = uh;
	struct socket_msg m = {.flags = flags};
	struct user_msghdr h;
	struct iov_arg a;
	struct fdref s;
	size_t control = 0;
	long r = sock_get(fd, &s);

	if (r)
		return r;
	r = get_msghdr(uh, &h, &a);
	if (r) {
		fd_put(s);
		return r;
	}
	m.u = &a.uio;
	r = ops_of(s)->recv(s.file, &m);
	if (r >= 0) {
		int err = put_rights(&h, &m, &control);

		if (!err && h.name && (copy_to_user(h.name, m.name, MIN((unsigned)h.namelen, m.name_len)) ||
				       put_user((int)m.name_len, &up->namelen)))
			err = -EFAULT;
		if (!err && (put_user(m.out_flags | (flags & MSG_CMSG_CLOEXEC), &up->flags) ||
			     put_user(control, &up->controllen)))
			err = -EFAULT;
		if (err)
			r = err;
	}
	drop_fds(&m);
	iov_end(&a);
	fd_put(s);
	return r;
}

/* ---- options ---- */

#define SO_DEBUG      1
#define SO_REUSEADDR  2
#define SO_TYPE	      3
#define SO_ERROR      4
#define SO_DONTROUTE  5
#define SO_BROADCAST  6
#define SO_SNDBUF     7
#define SO_RCVBUF     8
#define SO_KEEPALIVE  9
#define SO_OOBINLINE  10
#define SO_REUSEPORT  15
#define SO_RCVTIMEO   20
#define SO_SNDTIMEO   21
#define SO_PROTOCOL   38
#define SO_DOMAIN     39
/* Those that are remembered: they change nothing where there is no network. */
#define SO_REMEMBERED                                                                                        \
	(1u << SO_REUSEADDR | 1u << SO_DONTROUTE | 1u << SO_BROADCAST | 1u << SO_KEEPALIVE | 1u << SO_OOBINLINE |  \
	 1u << SO_REUSEPORT)
#define BUFFER_MIN 2304
#define BUFFER_MAX 212992

static int set_timeout(nsec_t *out, const void __user *val, int len)
{
	s64 tv[2]; /* struct timeval */
	struct timespec64 ts;

	if (len < (int)sizeof(tv))
		return -EINVAL;
	if (copy_from_user(tv, val, sizeof(tv)))
		return -EFAULT;
	if (tv[1] < 0 || tv[1] >= 1000000)
		return -EDOM;
	ts = (struct timespec64){tv[0] < 0 ? 0 : tv[0], tv[0] < 0 ? 0 : tv[1] * 1000};
	*out = timespec_to_nsec(&ts);
	return 0;
}

static long set_option(struct socket *so, int name, const void __user *val, int len)
{
	int v;

	if (name == SO_RCVTIMEO || name == SO_SNDTIMEO)
		return set_timeout(name == SO_RCVTIMEO ? &so->recv_timeout : &so->send_timeout, val, len);
	if (len < (int)sizeof(v))
		return -EINVAL;
	if (get_user(v, (const int __user *)val))
		return -EFAULT;
	switch (name) {
	case SO_SNDBUF:
	case SO_RCVBUF: /* doubled, for what the kernel needs itself (socket(7)) */
		v = v < 0 || v > BUFFER_MAX ? BUFFER_MAX : MAX(v, BUFFER_MIN);
		*(name == SO_SNDBUF ? &so->send_buffer : &so->recv_buffer) = 2 * v;
		return 0;
	default:
		if (name <= 0 || name >= 32 || !(SO_REMEMBERED >> name & 1))
			return -ENOPROTOOPT;
		if (v)
			so->options |= 1u << name;
		else
			so->options &= ~(1u << name);
		return 0;
	}
}

long sys_setsockopt(int fd, int level, int name, const void __user *val, int len)
{
	struct fdref s;
	long r = sock_get(fd, &s);

	if (r)
		return r;
	if (len < 0)
		r = -EINVAL;
	else
		r = level == SOL_SOCKET ? set_option(socket_of(s.file), name, val, len) : -EOPNOTSUPP;
	fd_put(s);
	return r;
}

static long get_option(struct file *f, int level, int name, void *val, unsigned *len)
{
	struct socket *so = socket_of(f);
	int *v = val;
	nsec_t timeout;

	*len = sizeof(*v);
	if (level != SOL_SOCKET)
		return so->ops->getopt(f, level, name, val, len);
	switch (name) {
	case SO_TYPE:
		*v = so->type;
		return 0;
	case SO_DOMAIN:
		*v = so->family;
		return 0;
	case SO_PROTOCOL:
		*v = so->protocol;
		return 0;
	case SO_ERROR:
		*v = __atomic_exchange_n(&so->error, 0, __ATOMIC_RELAXED);
		return 0;
	case SO_SNDBUF:
		*v = so->send_buffer;
		return 0;
	case SO_RCVBUF:
		*v = so->recv_buffer;
		return 0;
	case SO_RCVTIMEO:
	case SO_SNDTIMEO:
		timeout = name == SO_RCVTIMEO ? so->recv_timeout : so->send_timeout;
		((s64 *)val)[0] = timeout / NSEC_PER_SEC;
		((s64 *)val)[1] = timeout % NSEC_PER_SEC / NSEC_PER_USEC;
		*len = 2 * sizeof(s64);
		return 0;
	default:
		if (name > 0 && name < 32 && (SO_REMEMBERED >> name & 1)) {
			*v = so->options >> name & 1;
			return 0;
		}
		return so->ops->getopt(f, level, name, val, len);
	}
}

long sys_getsockopt(int fd, int level, int name, void __user *val, int __user *ulen)
{
	u64 buf[4] = {0};
	unsigned n;
	struct fdref s;
	int room;
	long r = sock_get(fd, &s);

	if (r)
		return r;
	if (get_user(room, ulen))
		r = -EFAULT;
	else if (room < 0)
		r = -EINVAL;
	else
		r = get_option(s.file, level, name, buf, &n);
	if (!r) {
		n = MIN(n, (unsigned)room);
		if (copy_to_user(val, buf, n) || put_user((int)n, ulen))
			r = -EFAULT;
	}
	fd_put(s);
	return r;
}
