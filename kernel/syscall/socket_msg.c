/* SPDX-License-Identifier: MIT */
/* The socket calls that move bytes, and descriptors with them (SCM_RIGHTS). */
#include "lib/string.h"
#include "mm/heap.h"
#include "proc/clock.h"
#include "proc/cred.h"
#include "syscall/args.h"
#include "syscall/socket.h"
#include "syscall/timeval.h"

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

static bool is_own_id(u32 id, u32 real, u32 effective, u32 saved)
{
	return id == real || id == effective || id == saved;
}

/* SCM_CREDENTIALS: only root may claim to be another, and only one that is there. */
static int get_cred(const void *data, size_t len, struct socket_msg *m)
{
	const struct process *p = current->process;

	if (len != sizeof(m->cred))
		return -EINVAL;
	memcpy(&m->cred, data, sizeof(m->cred));
	if ((m->cred.pid != p->pid && !capable(CAP_SYS_ADMIN)) ||
	    (!is_own_id(m->cred.uid, p->uid, p->euid, p->suid) && !capable(CAP_SETUID)) ||
	    (!is_own_id(m->cred.gid, p->gid, p->egid, p->sgid) && !capable(CAP_SETGID)))
		return -EPERM;
	if (m->cred.pid != p->pid)
		return -ESRCH;
	if (m->cred.uid == ~0u || m->cred.gid == ~0u)
		return -EINVAL;
	m->has_cred = true;
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
			if (c.type == SCM_CREDENTIALS && family == AF_UNIX)
				r = get_cred(p + sizeof(c), c.len - sizeof(c), m);
			else if (c.type != SCM_RIGHTS || family != AF_UNIX)
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

/* Tells whose message it is; what does not fit is cut (MSG_CTRUNC).  *used: bytes of the control buffer. */
static int put_cred(const struct user_msghdr *h, struct socket_msg *m, size_t *used)
{
	struct {
		struct user_cmsghdr c;
		struct socket_cred cred;
	} out = {{sizeof(out.c) + sizeof(out.cred), SOL_SOCKET, SCM_CREDENTIALS}, m->cred};
	size_t room = h->control ? h->controllen : 0;

	if (room < out.c.len)
		m->out_flags |= MSG_CTRUNC;
	if (room < sizeof(out.c))
		return 0;
	out.c.len = MIN(out.c.len, room);
	if (copy_to_user(h->control, &out, out.c.len))
		return -EFAULT;
	*used = MIN(CMSG_ALIGN(out.c.len), room);
	return 0;
}

/* Installs what came along and writes the control message; what does not fit is closed (MSG_CTRUNC). */
static int put_rights(const struct user_msghdr *h, struct socket_msg *m, size_t *used)
{
	struct user_cmsghdr c = {.level = SOL_SOCKET, .type = SCM_RIGHTS};
	size_t left = h->control ? h->controllen - *used : 0;
	size_t room = left > sizeof(c) ? (left - sizeof(c)) / sizeof(int) : 0;
	char __user *out = (char __user *)h->control + *used;
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
		*used += MIN(CMSG_ALIGN(c.len), left);
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
		int err = socket_wants_cred(socket_of(c.s.file)) ? put_cred(&c.h, &c.m, &control) : 0;

		if (!err)
			err = put_rights(&c.h, &c.m, &control);
		if (!err && c.h.name &&
		    (copy_to_user(c.h.name, c.m.name, MIN((unsigned)c.h.namelen, c.m.name_len)) ||
		     put_user((int)c.m.name_len, user_member(up, namelen))))
			err = -EFAULT;
		if (!err && (put_user(c.m.out_flags | (flags & MSG_CMSG_CLOEXEC), user_member(up, flags)) ||
			     put_user(control, user_member(up, controllen))))
			err = -EFAULT;
		if (err)
			r = err;
	}
	msg_end(&c);
	return r;
}

/* ---- several at once ---- */

struct user_mmsghdr { /* struct mmsghdr of the ABI */
	struct user_msghdr h;
	unsigned len, pad;
};

static struct user_mmsghdr __user *mmsg_at(void __user *vec, unsigned i)
{
	return (struct user_mmsghdr __user *)((u64)vec + i * sizeof(struct user_mmsghdr));
}

long sys_sendmmsg(int fd, void __user *uvec, unsigned n, int flags)
{
	struct fdref s;
	unsigned done = 0;
	long r = socket_get(fd, &s);

	if (r)
		return r;
	for (; !r && done < MIN(n, (unsigned)IOV_MAX); done += !r) {
		struct user_mmsghdr __user *v = mmsg_at(uvec, done);

		r = sys_sendmsg(fd, user_member(v, h), flags);
		if (r >= 0)
			r = put_user((unsigned)r, user_member(v, len));
	}
	fd_put(s);
	return done ? (long)done : r;
}

static int get_mmsg_deadline(const struct timespec64 __user *timeout, nsec_t *deadline)
{
	nsec_t ns;
	int err;

	*deadline = WAIT_FOREVER;
	if (!timeout)
		return 0;
	err = get_timespec_nsec(timeout, &ns);
	if (!err)
		*deadline = clock_deadline(ns);
	return err;
}

/* The time-out is looked at after each message, as Linux does it: it does not end a wait (recvmmsg(2), BUGS). */
long sys_recvmmsg(int fd, void __user *uvec, unsigned n, int flags, struct timespec64 __user *timeout)
{
	nsec_t deadline, now;
	struct fdref s;
	unsigned done = 0;
	long r = get_mmsg_deadline(timeout, &deadline);

	if (!r)
		r = socket_get(fd, &s);
	if (r)
		return r;
	while (done < n) {
		struct user_mmsghdr __user *v = mmsg_at(uvec, done);

		r = sys_recvmsg(fd, user_member(v, h), flags & ~MSG_WAITFORONE);
		if (r >= 0)
			r = put_user((unsigned)r, user_member(v, len));
		if (r)
			break;
		done++;
		if (flags & MSG_WAITFORONE)
			flags |= MSG_DONTWAIT;
		if (timeout && clock_monotonic() >= deadline)
			break;
	}
	if (done && r && r != -EAGAIN && r != -ERESTARTSYS) /* told by the next call */
		socket_of(s.file)->error = (int)-r;
	fd_put(s);
	now = clock_monotonic();
	if (timeout && done && put_user(nsec_to_timespec(deadline > now ? deadline - now : 0), timeout))
		return -EFAULT;
	return done ? (long)done : r;
}
