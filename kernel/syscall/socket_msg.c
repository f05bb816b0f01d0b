/* SPDX-License-Identifier: MIT */
/* The socket calls that move bytes, and descriptors with them (SCM_RIGHTS). */
#include "lib/string.h"
#include "mm/heap.h"
#include "syscall/args.h"
#include "syscall/socket.h"

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
	r = socket_get(fd, &s);
	if (r)
		return r;
	uio_init_user(&u, buf, MIN(len, RW_MAX));
	m.u = &u;
	if (addr) {
		r = socket_get_name(m.name, addr, addr_len);
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
	r = socket_get(fd, &s);
	if (r)
		return r;
	uio_init_user(&u, buf, MIN(len, RW_MAX));
	m.u = &u;
	r = socket_ops_of(s)->recv(s.file, &m);
	drop_fds(&m);
	if (r >= 0 && addr) {
		err = socket_put_name(addr, addr_len, m.name, m.name_len);
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

/* A call of sendmsg or recvmsg. */
struct msg_call {
	struct socket_msg m;
	struct user_msghdr h;
	struct iov_arg a;
	struct fdref s;
};

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

/* The socket and what the program's header says.  End with msg_end() after success. */
static int msg_begin(struct msg_call *c, int fd, const void __user *uh, int flags)
{
	int r = socket_get(fd, &c->s);

	if (r)
		return r;
	r = get_msghdr(uh, &c->h, &c->a);
	if (r)
		fd_put(c->s);
	c->m = (struct socket_msg){.flags = flags, .u = &c->a.uio};
	return r;
}

static void msg_end(struct msg_call *c)
{
	drop_fds(&c->m);
	iov_end(&c->a);
	fd_put(c->s);
}

long sys_sendmsg(int fd, const void __user *uh, int flags)
{
	struct msg_call c;
	long r = msg_begin(&c, fd, uh, flags);

	if (r)
		return r;
	if (c.h.name) {
		c.m.name_len = MIN(c.h.namelen, SOCK_NAME_MAX);
		r = socket_get_name(c.m.name, c.h.name, c.m.name_len);
	}
	if (!r)
		r = get_control(&c.h, socket_of(c.s.file)->family, &c.m);
	if (!r)
		r = do_send(c.s.file, &c.m);
	msg_end(&c);
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
	size_t control = 0;
	struct msg_call c;
	long r = msg_begin(&c, fd, uh, flags);

	if (r)
		return r;
	r = socket_ops_of(c.s)->recv(c.s.file, &c.m);
	if (r >= 0) {
		int err = put_rights(&c.h, &c.m, &control);

		if (!err && c.h.name &&
		    (copy_to_user(c.h.name, c.m.name, MIN((unsigned)c.h.namelen, c.m.name_len)) ||
		     put_user((int)c.m.name_len, &up->namelen)))
			err = -EFAULT;
		if (!err && (put_user(c.m.out_flags | (flags & MSG_CMSG_CLOEXEC), &up->flags) ||
			     put_user(control, &up->controllen)))
			err = -EFAULT;
		if (err)
			r = err;
	}
	msg_end(&c);
	return r;
}
