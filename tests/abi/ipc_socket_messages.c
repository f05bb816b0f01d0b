/* SPDX-License-Identifier: MIT */
/* Unix sockets: credentials, several messages at once, what is cut and told so. */
#include "abi.h"
#include <pthread.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <time.h>

static char control[256];

static void show(int fd, size_t room, size_t control_room, int flags)
{
	char buf[64] = "";
	struct iovec v = {buf, room};
	struct msghdr m = {.msg_iov = &v, .msg_iovlen = 1, .msg_control = control, .msg_controllen = control_room};
	long n;

	memset(control, 0, sizeof(control));
	n = T(recvmsg(fd, &m, flags));
	if (n < 0)
		return;
	printf(" '%.*s' flags %x control %zu\n", (int)(n < (long)room ? n : (long)room), buf, m.msg_flags, (size_t)m.msg_controllen);
	for (struct cmsghdr *c = CMSG_FIRSTHDR(&m); c; c = CMSG_NXTHDR(&m, c)) {
		if (c->cmsg_type == SCM_CREDENTIALS) {
			struct ucred u;

			memcpy(&u, CMSG_DATA(c), sizeof(u));
			printf("  credentials (%zu): own %d %d %d none %d\n", (size_t)c->cmsg_len, u.pid == getpid(), u.uid == getuid(), u.gid == getgid(),
			       u.pid == 0 && u.uid == 65534 && u.gid == 65534);
		} else if (c->cmsg_type == SCM_RIGHTS) {
			int passed;

			memcpy(&passed, CMSG_DATA(c), sizeof(passed));
			printf("  rights (%zu): cloexec %d\n", (size_t)c->cmsg_len, fcntl(passed, F_GETFD));
			close(passed);
		}
	}
}

static long put(int fd, const char *text, const struct ucred *u, int pass)
{
	union {
		struct cmsghdr align;
		char space[CMSG_SPACE(sizeof(struct ucred)) + CMSG_SPACE(sizeof(int))];
	} c = {0};
	struct iovec v = {(void *)text, strlen(text)};
	struct msghdr m = {.msg_iov = &v, .msg_iovlen = 1};
	struct cmsghdr *h = &c.align;

	if (u) {
		h->cmsg_len = CMSG_LEN(sizeof(*u));
		h->cmsg_level = SOL_SOCKET;
		h->cmsg_type = SCM_CREDENTIALS;
		memcpy(CMSG_DATA(h), u, sizeof(*u));
		m.msg_controllen += CMSG_SPACE(sizeof(*u));
		h = (struct cmsghdr *)(c.space + CMSG_SPACE(sizeof(*u)));
	}
	if (pass >= 0) {
		h->cmsg_len = CMSG_LEN(sizeof(int));
		h->cmsg_level = SOL_SOCKET;
		h->cmsg_type = SCM_RIGHTS;
		memcpy(CMSG_DATA(h), &pass, sizeof(int));
		m.msg_controllen += CMSG_SPACE(sizeof(int));
	}
	if (m.msg_controllen)
		m.msg_control = c.space;
	return sendmsg(fd, &m, 0);
}

static void credentials(int type)
{
	struct ucred me = {getpid(), getuid(), getgid()}, other = {4000000, getuid(), getgid()};
	int on = 1, off = 0, s[2];
	socklen_t len = sizeof(on);

	SAY("-- credentials, type %d\n", type);
	if (socketpair(AF_UNIX, type, 0, s))
		return;
	T(put(s[0], "before", NULL, -1));
	T(setsockopt(s[1], SOL_SOCKET, SO_PASSCRED, &on, sizeof(on)));
	T(getsockopt(s[1], SOL_SOCKET, SO_PASSCRED, &off, &len));
	IS(off == 1);
	T(put(s[0], "after", NULL, -1));
	show(s[1], 64, 256, 0);
	if (type == SOCK_STREAM)
		show(s[1], 64, 256, 0); /* not in one with what another sent */
	else
		show(s[1], 3, 256, 0);
	T(put(s[0], "said", &me, -1));
	show(s[1], 64, 256, MSG_PEEK);
	show(s[1], 64, 256, 0);
	T(put(s[0], "with a file", &me, 1));
	show(s[1], 64, 256, MSG_CMSG_CLOEXEC);
	T(put(s[0], "with a file", NULL, 1));
	show(s[1], 64, CMSG_SPACE(sizeof(struct ucred)), 0);
	T(put(s[0], "no room", NULL, -1));
	show(s[1], 64, 0, 0);
	T(put(s[0], "some room", NULL, -1));
	show(s[1], 64, 20, 0);
	errno = 0;
	IS(put(s[0], "x", &other, -1) == -1 && (errno == ESRCH || errno == EPERM));
	off = 0;
	T(setsockopt(s[1], SOL_SOCKET, SO_PASSCRED, &off, sizeof(off)));
	T(put(s[0], "said", &me, -1));
	show(s[1], 64, 256, 0);
	close(s[0]);
	close(s[1]);
}

static void peers(void)
{
	struct sockaddr_un a = {.sun_family = AF_UNIX};
	struct ucred u;
	socklen_t len = sizeof(u), n = sizeof(a);
	int s[2], d = socket(AF_UNIX, SOCK_DGRAM, 0), e = socket(AF_UNIX, SOCK_DGRAM, 0), on = 1;

	SAY("-- peers, names\n");
	if (socketpair(AF_UNIX, SOCK_SEQPACKET, 0, s))
		return;
	T(getsockopt(s[0], SOL_SOCKET, SO_PEERCRED, &u, &len));
	IS(u.pid == getpid() && u.uid == getuid() && u.gid == getgid());
	T(bind(d, (struct sockaddr *)&a, sizeof(a.sun_family)));
	T(getsockname(d, (struct sockaddr *)&a, &n));
	IS(n == 8 && a.sun_path[0] == 0);
	T(setsockopt(e, SOL_SOCKET, SO_PASSCRED, &on, sizeof(on)));
	T(sendto(e, "hello", 5, 0, (struct sockaddr *)&a, n)); /* gives the sender a name */
	n = sizeof(a);
	T(getsockname(e, (struct sockaddr *)&a, &n));
	printf("%u\n", n);
	T(send(s[0], "packet", 6, 0));
	T(send(s[0], "", 0, 0));
	show(s[1], 3, 0, MSG_PEEK);
	show(s[1], 3, 0, MSG_TRUNC);
	show(s[1], 3, 0, 0);
	close(s[0]);
	close(s[1]);
	close(d);
	close(e);
}

static void *sends_later(void *arg)
{
	usleep(20000);
	if (send(*(int *)arg, "late", 4, 0) != 4)
		printf("not sent\n");
	return NULL;
}

static void several(void)
{
	char buf[4][8] = {{0}};
	struct iovec v[4], w[3] = {{"one", 3}, {"two", 3}, {"three", 5}};
	struct mmsghdr in[4] = {{{0}, 0}}, out[3] = {{{0}, 0}};
	struct timespec t = {10, 0}, wrong = {0, -1}, zero = {0, 0};
	pthread_t thread;
	int s[2];

	SAY("-- several at once\n");
	if (socketpair(AF_UNIX, SOCK_DGRAM, 0, s))
		return;
	for (int i = 0; i < 4; i++) {
		v[i] = (struct iovec){buf[i], 8};
		in[i].msg_hdr.msg_iov = &v[i];
		in[i].msg_hdr.msg_iovlen = 1;
	}
	for (int i = 0; i < 3; i++) {
		out[i].msg_hdr.msg_iov = &w[i];
		out[i].msg_hdr.msg_iovlen = 1;
	}
	T(sendmmsg(s[0], out, 3, 0));
	printf("%u %u %u\n", out[0].msg_len, out[1].msg_len, out[2].msg_len);
	T(recvmmsg(s[1], in, 4, MSG_DONTWAIT, NULL));
	for (int i = 0; i < 3; i++)
		printf(" %u %.8s\n", in[i].msg_len, buf[i]);
	T(recvmmsg(s[1], in, 4, MSG_DONTWAIT, NULL));
	T(sendmmsg(s[0], out, 2, 0));
	T(recvmmsg(s[1], in, 4, MSG_WAITFORONE, &t));
	IS(t.tv_sec < 10);
	pthread_create(&thread, NULL, sends_later, &s[0]);
	T(recvmmsg(s[1], in, 4, MSG_WAITFORONE, NULL));
	pthread_join(thread, NULL);
	T(sendmmsg(s[0], out, 3, 0));
	T(recvmmsg(s[1], in, 4, 0, &zero)); /* one, then the time is over */
	T(recvmmsg(s[1], in, 4, 0, &wrong));
	T(recvmmsg(s[1], in, 4, 0, BAD));
	T(recvmmsg(s[1], in, 0, 0, NULL));
	T(recvmmsg(s[1], BAD, 1, MSG_DONTWAIT, NULL));
	T(recvmmsg(99, in, 1, 0, NULL));
	T(recvmmsg(1, in, 1, 0, NULL));
	T(sendmmsg(99, out, 1, 0));
	T(sendmmsg(1, out, 1, 0));
	T(sendmmsg(s[0], BAD, 1, 0));
	T(sendmmsg(s[0], out, 0, 0));
	w[1].iov_base = BAD;
	T(sendmmsg(s[0], out, 3, 0)); /* as far as it goes */
	close(s[1]);
	T(sendmmsg(s[0], out, 3, MSG_NOSIGNAL));
	close(s[0]);
}

int main(void)
{
	credentials(SOCK_DGRAM);
	credentials(SOCK_STREAM);
	credentials(SOCK_SEQPACKET);
	peers();
	several();
	return 0;
}
