/* SPDX-License-Identifier: MIT */
/* The socket calls but for those that move bytes (socket_msg.c).  The families are in net/. */
#include "syscall/socket.h"
#include "lib/string.h"
#include "proc/clock.h"
#include "syscall/args.h"

#define SOCK_MAX 11 /* types below */
#define AF_MAX	 46

int socket_get(int fd, struct fdref *r)
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

int socket_get_name(u8 name[SOCK_NAME_MAX], const void __user *addr, int len)
{
	if (len < 0 || len > SOCK_NAME_MAX)
		return -EINVAL;
	memset(name, 0, SOCK_NAME_MAX);
	return copy_from_user(name, addr, len);
}

int socket_put_name(void __user *addr, int __user *ulen, const u8 *name, unsigned len)
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
	return r ? r : fd_give(f, 0, flags & O_CLOEXEC);
}

long sys_socketpair(int family, int type, int protocol, int __user *fds)
{
	u32 flags = type & ~SOCK_TYPE_MASK;
	struct file *f[2];
	long r;

	if (flags & ~(u32)(SOCK_CLOEXEC | SOCK_NONBLOCK))
		return -EINVAL;
	type &= SOCK_TYPE_MASK;
	/* Linux takes the descriptors and writes them before it looks at the rest. */
	if (!user_range_ok(fds, 2 * sizeof(*fds)) || clear_user(fds, 2 * sizeof(*fds)))
		return -EFAULT;
	if (family < 0 || family >= AF_MAX || (type < SOCK_MAX && family != AF_UNIX))
		return family == AF_INET || family == AF_INET6 ? -EOPNOTSUPP : -EAFNOSUPPORT;
	if (type >= SOCK_MAX)
		return -EINVAL;
	r = unix_pair(type, protocol, flags & O_NONBLOCK, f);
	return r ? r : fd_give_two(f, flags & O_CLOEXEC, fds);
}

/* ---- names and connections ---- */

static long bind_or_connect(int fd, const void __user *addr, int len, bool bind)
{
	u8 name[SOCK_NAME_MAX];
	struct fdref s;
	long r = socket_get(fd, &s);

	if (r)
		return r;
	r = socket_get_name(name, addr, len);
	if (!r)
		r = (bind ? socket_ops_of(s)->bind : socket_ops_of(s)->connect)(s.file, name, len);
	fd_put(s);
	return r;
}

long sys_bind(int fd, const void __user *addr, int len) { return bind_or_connect(fd, addr, len, true); }
long sys_connect(int fd, const void __user *addr, int len) { return bind_or_connect(fd, addr, len, false); }

long sys_listen(int fd, int backlog)
{
	struct fdref s;
	long r = socket_get(fd, &s);

	if (r)
		return r;
	r = socket_ops_of(s)->listen(s.file, backlog);
	fd_put(s);
	return r;
}

long socket_accept(struct file *f, void __user *addr, int __user *len, int flags)
{
	struct file *new;
	long r;

	if (flags & ~(SOCK_CLOEXEC | SOCK_NONBLOCK))
		return -EINVAL;
	r = fd_room();
	if (!r)
		r = socket_of(f)->ops->accept(f, flags & O_NONBLOCK, &new);
	if (!r && addr) {
		u8 name[SOCK_NAME_MAX];
		unsigned n = 0;

		r = socket_of(new)->ops->name(new, true, name, &n);
		if (r == -ENOTCONN) /* it has gone already */
			r = -ECONNABORTED;
		if (!r)
			r = socket_put_name(addr, len, name, n);
		if (r)
			file_unref(new);
	}
	return r ? r : fd_give(new, 0, flags & SOCK_CLOEXEC);
}

long sys_accept4(int fd, void __user *addr, int __user *len, int flags)
{
	struct fdref s;
	long r;

	if (flags & ~(SOCK_CLOEXEC | SOCK_NONBLOCK))
		return -EINVAL;
	r = socket_get(fd, &s);
	if (r)
		return r;
	r = socket_accept(s.file, addr, len, flags);
	fd_put(s);
	return r;
}

long sys_accept(int fd, void __user *addr, int __user *len) { return sys_accept4(fd, addr, len, 0); }

static long do_name(int fd, void __user *addr, int __user *len, bool peer)
{
	u8 name[SOCK_NAME_MAX];
	unsigned n = 0;
	struct fdref s;
	long r = socket_get(fd, &s);

	if (r)
		return r;
	r = socket_ops_of(s)->name(s.file, peer, name, &n);
	if (!r)
		r = socket_put_name(addr, len, name, n);
	fd_put(s);
	return r;
}

long sys_getsockname(int fd, void __user *addr, int __user *len) { return do_name(fd, addr, len, false); }
long sys_getpeername(int fd, void __user *addr, int __user *len) { return do_name(fd, addr, len, true); }

long sys_shutdown(int fd, int how)
{
	struct fdref s;
	long r = socket_get(fd, &s);

	if (r)
		return r;
	r = how < SHUT_RD || how > SHUT_RDWR ? -EINVAL : socket_ops_of(s)->shutdown(s.file, how);
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
/* Those that are remembered: most change nothing where there is no network. */
#define SO_REMEMBERED                                                                                        \
	(1u << SO_REUSEADDR | 1u << SO_DONTROUTE | 1u << SO_BROADCAST | 1u << SO_KEEPALIVE | 1u << SO_OOBINLINE |  \
	 1u << SO_REUSEPORT | 1u << SO_PASSCRED)
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
	long r = socket_get(fd, &s);

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
	long r = socket_get(fd, &s);

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
