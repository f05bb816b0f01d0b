/* SPDX-License-Identifier: MIT */
/* Sockets of AF_UNIX by name: connections, datagrams, passed descriptors, time-outs, errors. */
#include "abi.h"
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stddef.h>
#include <sys/epoll.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <sys/un.h>

static struct sockaddr_un name_of(const char *path, socklen_t *len)
{
	struct sockaddr_un un = {.sun_family = AF_UNIX};

	if (*path == '@')
		memcpy(un.sun_path + 1, path + 1, strlen(path) - 1);
	else
		strcpy(un.sun_path, path);
	*len = (socklen_t)(offsetof(struct sockaddr_un, sun_path) + strlen(path) + (*path != '@'));
	return un;
}

static long do_bind(int fd, const char *path)
{
	socklen_t len;
	struct sockaddr_un un = name_of(path, &len);

	return bind(fd, (void *)&un, len);
}

static long do_connect(int fd, const char *path)
{
	socklen_t len;
	struct sockaddr_un un = name_of(path, &len);

	return connect(fd, (void *)&un, len);
}

static void name(int fd, bool peer)
{
	struct sockaddr_un un;
	socklen_t len = sizeof(un);
	long r;

	memset(&un, 0x7f, sizeof(un));
	r = peer ? getpeername(fd, (void *)&un, &len) : getsockname(fd, (void *)&un, &len);
	if (r) {
		printf("%s: %s\n", peer ? "getpeername" : "getsockname", strerrorname_np(errno));
		return;
	}
	printf("%s: family %d length %u ", peer ? "peer" : "own name", un.sun_family, len);
	abi_bytes("path", un.sun_path, len > 2 ? len - 2 : 0);
}

static void events(int fd)
{
	struct pollfd p = {fd, POLLIN | POLLOUT | POLLRDHUP, 0};

	poll(&p, 1, 0);
	printf("events %x\n", p.revents);
}

static void connections(const char *path)
{
	int server = socket(AF_UNIX, SOCK_STREAM, 0), a, b, c;
	struct ucred cred;
	socklen_t len = sizeof(cred);
	char buf[64];
	int v;

	SAY("-- connections %s\n", path);
	T(do_connect(server, path));
	T(listen(server, 5));
	T(accept4(server, NULL, NULL, SOCK_NONBLOCK));
	T(do_bind(server, path));
	T(do_bind(server, "another"));
	name(server, false);
	name(server, true);
	a = socket(AF_UNIX, SOCK_STREAM, 0);
	events(a);
	T(do_connect(a, path));
	T(listen(server, 1));
	events(server);
	T(do_connect(a, path));
	name(a, false);
	name(a, true);
	events(server);
	T(write(a, "early", 5));
	b = accept(server, NULL, NULL);
	name(b, false);
	name(b, true);
	events(server);
	T(do_connect(a, path));
	T(read(b, buf, 64));
	T(write(b, "answer", 6));
	events(a);
	T(ioctl(a, FIONREAD, &v));
	T(v);
	T(read(a, buf, 64));
	len = sizeof(v);
	T(getsockopt(server, SOL_SOCKET, SO_ACCEPTCONN, &v, &len));
	T(v);
	len = sizeof(cred);
	T(getsockopt(a, SOL_SOCKET, SO_PEERCRED, &cred, &len));
	IS(cred.pid == getpid() && cred.uid == geteuid());
	/* The backlog: 1, so two may wait. */
	fcntl(server, F_SETFL, O_NONBLOCK);
	for (int i = 0; i < 4; i++) {
		c = socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0);
		T(do_connect(c, path));
	}
	T(accept(server, NULL, NULL) >= 0);
	T(accept(server, NULL, NULL) >= 0);
	T(accept(server, NULL, NULL));
	/* Ends. */
	T(shutdown(a, SHUT_WR));
	events(a);
	events(b);
	T(read(b, buf, 64));
	T(send(a, "x", 1, MSG_NOSIGNAL));
	T(write(b, "unread", 6));
	T(close(a));
	events(b);
	T(read(b, buf, 64));
	T(send(b, "x", 1, MSG_NOSIGNAL));
	T(close(b));
	/* Whoever closes with bytes unread resets the other. */
	a = socket(AF_UNIX, SOCK_STREAM, 0);
	fcntl(server, F_SETFL, 0);
	T(do_connect(a, path));
	b = accept(server, NULL, NULL);
	T(write(a, "lost", 4));
	T(close(b));
	events(a);
	T(read(a, buf, 64));
	T(read(a, buf, 64));
	T(close(a));
	/* Nobody accepts any more. */
	a = socket(AF_UNIX, SOCK_STREAM, 0);
	T(do_connect(a, path));
	T(close(server));
	T(read(a, buf, 64));
	T(close(a));
	a = socket(AF_UNIX, SOCK_STREAM, 0);
	T(do_connect(a, path));
	T(close(a));
}

static void datagrams(void)
{
	int a = socket(AF_UNIX, SOCK_DGRAM, 0), b = socket(AF_UNIX, SOCK_DGRAM, 0), s = socket(AF_UNIX, SOCK_STREAM, 0);
	struct sockaddr_un un, from;
	socklen_t len, from_len = sizeof(from);
	char buf[64];

	SAY("-- datagrams\n");
	T(do_bind(a, "dgram-a"));
	T(do_bind(b, "@dgram-b"));
	un = name_of("@dgram-b", &len);
	T(sendto(a, "hello", 5, 0, (void *)&un, len));
	T(recvfrom(b, buf, 64, 0, (void *)&from, &from_len));
	T(from_len);
	abi_bytes("from", from.sun_path, from_len - 2);
	T(sendto(b, "back", 4, 0, (void *)&from, from_len));
	T(recv(a, buf, 2, 0));
	T(recv(a, buf, 2, MSG_DONTWAIT));
	T(send(a, "x", 1, 0));
	T(do_connect(a, "@dgram-b"));
	name(a, true);
	T(send(a, "y", 1, 0));
	T(recv(b, buf, 64, 0));
	T(do_connect(s, "dgram-a"));
	T(do_connect(a, "nowhere"));
	abi_put("plain", "x");
	T(do_connect(a, "plain"));
	T(listen(a, 1));
	T(accept(a, NULL, NULL));
	T(close(b));
	T(send(a, "x", 1, 0));
	T(send(a, "x", 1, 0));
	un.sun_family = AF_INET;
	T(sendto(a, "x", 1, 0, (void *)&un, len));
	T(connect(s, (void *)&un, len));
	T(connect(s, (void *)&un, 1));
	T(connect(s, BAD, len));
	T(connect(s, (void *)&un, 200));
	close(a);
	close(s);
}

static void passing(int type)
{
	int s[2], fds[2], got[3];
	char byte = 'b', control[CMSG_SPACE(3 * sizeof(int))], buf[16];
	struct iovec iov = {&byte, 1};
	struct msghdr m = {.msg_iov = &iov, .msg_iovlen = 1, .msg_control = control, .msg_controllen = sizeof(control)};
	struct cmsghdr *c = CMSG_FIRSTHDR(&m);

	SAY("-- passing %d\n", type);
	T(socketpair(AF_UNIX, type, 0, s));
	T(pipe(fds));
	memset(control, 0, sizeof(control));
	c->cmsg_level = SOL_SOCKET;
	c->cmsg_type = SCM_RIGHTS;
	c->cmsg_len = CMSG_LEN(2 * sizeof(int));
	memcpy(CMSG_DATA(c), fds, sizeof(fds));
	m.msg_controllen = CMSG_SPACE(2 * sizeof(int));
	T(sendmsg(s[0], &m, 0));
	close(fds[0]);
	close(fds[1]);
	memset(control, 0, sizeof(control));
	m.msg_controllen = sizeof(control);
	T(recvmsg(s[1], &m, MSG_CMSG_CLOEXEC));
	T(m.msg_flags & ~MSG_CMSG_CLOEXEC);
	T(m.msg_controllen);
	c = CMSG_FIRSTHDR(&m);
	T(c->cmsg_len);
	T(c->cmsg_type);
	memcpy(got, CMSG_DATA(c), 2 * sizeof(int));
	T(fcntl(got[0], F_GETFD));
	T(write(got[1], "through", 7));
	T(read(got[0], buf, 16));
	/* No room for them: closed, and said so. */
	memcpy(CMSG_DATA(c), got, 2 * sizeof(int));
	m.msg_controllen = CMSG_SPACE(2 * sizeof(int));
	T(sendmsg(s[0], &m, 0));
	m.msg_controllen = CMSG_LEN(sizeof(int));
	T(recvmsg(s[1], &m, 0));
	T(m.msg_flags);
	m.msg_control = NULL;
	m.msg_controllen = 0;
	T(recvmsg(s[1], &m, MSG_DONTWAIT));
	/* What is wrong with them. */
	m.msg_control = control;
	m.msg_controllen = CMSG_SPACE(sizeof(int));
	c->cmsg_len = CMSG_LEN(sizeof(int));
	c->cmsg_level = SOL_SOCKET;
	c->cmsg_type = SCM_RIGHTS;
	*(int *)CMSG_DATA(c) = 99;
	T(sendmsg(s[0], &m, 0));
	c->cmsg_len = 3;
	T(sendmsg(s[0], &m, 0));
	m.msg_control = BAD;
	T(sendmsg(s[0], &m, 0));
	for (int fd = 3; fd < 20; fd++)
		close(fd);
}

static void timeouts(void)
{
	struct timeval tv = {0, 30000};
	socklen_t len = sizeof(tv);
	char c;
	int s[2];

	SAY("-- time-outs\n");
	T(socketpair(AF_UNIX, SOCK_STREAM, 0, s));
	T(setsockopt(s[0], SOL_SOCKET, SO_RCVTIMEO, &tv, sizeof(tv)));
	T(setsockopt(s[0], SOL_SOCKET, SO_RCVTIMEO, &tv, 3));
	T(read(s[0], &c, 1));
	tv.tv_usec = 1000001;
	T(setsockopt(s[0], SOL_SOCKET, SO_RCVTIMEO, &tv, sizeof(tv)));
	T(getsockopt(s[0], SOL_SOCKET, SO_SNDTIMEO, &tv, &len));
	T(len);
	T(tv.tv_sec);
	close(s[0]);
	close(s[1]);
}

static int rendezvous[2];

static void *late(void *arg)
{
	char buf[8];

	usleep(30000);
	if (write(rendezvous[1], "wake", 4) != 4 || read(rendezvous[1], buf, 8) != 0)
		SAY("the other side does not work\n");
	return NULL;
}

static void waiting(void)
{
	struct epoll_event ev = {.events = EPOLLIN | EPOLLET | EPOLLRDHUP};
	int e = epoll_create1(0);
	pthread_t t;
	char buf[8];

	SAY("-- waiting\n");
	socketpair(AF_UNIX, SOCK_STREAM, 0, rendezvous);
	T(epoll_ctl(e, EPOLL_CTL_ADD, rendezvous[0], &ev));
	T(epoll_wait(e, &ev, 1, 0));
	pthread_create(&t, NULL, late, NULL);
	T(epoll_wait(e, &ev, 1, 5000));
	T(ev.events);
	T(epoll_wait(e, &ev, 1, 0));
	T(read(rendezvous[0], buf, 8));
	T(shutdown(rendezvous[0], SHUT_WR));
	pthread_join(t, NULL);
	T(close(rendezvous[1]));
	T(epoll_wait(e, &ev, 1, 5000));
	T(ev.events);
	close(rendezvous[0]);
	T(epoll_wait(e, &ev, 1, 0));
	close(e);
}

int main(void)
{
	char dir[] = "/tmp/sockets.XXXXXX";

	if (!mkdtemp(dir) || chdir(dir))
		return 99;
	signal(SIGPIPE, SIG_IGN);
	connections("stream");
	connections("@stream-abstract");
	datagrams();
	passing(SOCK_STREAM);
	passing(SOCK_DGRAM);
	timeouts();
	waiting();
	return 0;
}
