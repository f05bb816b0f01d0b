/* SPDX-License-Identifier: MIT */
/* socketpair and the calls on sockets that need no network: data, ends, errors. */
#include "abi.h"
#include <poll.h>
#include <signal.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/uio.h>
#include <sys/un.h>

static void streams(void)
{
	char buf[64];
	int s[2], v;
	socklen_t len = sizeof(v);
	struct stat st;

	T(socketpair(AF_UNIX, SOCK_STREAM, 0, s));
	T(write(s[0], "abc", 3));
	T(send(s[0], "def", 3, 0));
	T(recv(s[1], buf, 4, MSG_PEEK));
	T(recv(s[1], buf, sizeof(buf), 0));
	abi_bytes("joined", buf, 6);
	T(write(s[1], "back", 4));
	T(read(s[0], buf, 2));
	T(ioctl(s[0], FIONREAD, &v));
	T(v);
	T(read(s[0], buf, 64));
	T(recv(s[0], buf, 64, MSG_DONTWAIT));
	T(fstat(s[0], &st));
	T(S_ISSOCK(st.st_mode));
	T(lseek(s[0], 0, SEEK_SET));
	T(pread(s[0], buf, 1, 0));
	T(getsockopt(s[0], SOL_SOCKET, SO_TYPE, &v, &len));
	T(v == SOCK_STREAM);
	T(getsockopt(s[0], SOL_SOCKET, SO_ERROR, &v, &len));
	T(v);
	T(shutdown(s[0], SHUT_WR));
	T(read(s[1], buf, 64));
	T(send(s[0], "x", 1, MSG_NOSIGNAL));
	T(write(s[1], "still", 5));
	T(read(s[0], buf, 64));
	T(shutdown(s[0], 9));
	T(close(s[1]));
	T(read(s[0], buf, 64));
	T(write(s[0], "x", 1));
	T(close(s[0]));
}

static void datagrams(int type)
{
	char buf[64], b2[8];
	int s[2];
	struct iovec iov[2] = {{buf, 4}, {b2, 4}};
	struct msghdr m = {.msg_iov = iov, .msg_iovlen = 2};

	SAY("-- %s\n", type == SOCK_DGRAM ? "datagram" : "seqpacket");
	T(socketpair(AF_UNIX, type, 0, s));
	T(write(s[0], "first", 5));
	T(write(s[0], "second one", 10));
	T(send(s[0], "", 0, 0));
	T(write(s[0], "third", 5));
	T(read(s[1], buf, 3)); /* the rest of a message is lost */
	abi_bytes("first", buf, 3);
	T(recvmsg(s[1], &m, 0));
	T(m.msg_flags & MSG_TRUNC);
	abi_bytes("second", buf, 4);
	T(recv(s[1], buf, 64, 0));
	T(recv(s[1], buf, 2, MSG_TRUNC));
	T(recv(s[1], buf, 64, MSG_DONTWAIT));
	T(close(s[0]));
	T(close(s[1]));
}

static void nonblocking(void)
{
	static char page[1 << 20];
	int s[2];
	struct pollfd p;

	T(socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0, s));
	T(fcntl(s[1], F_GETFD));
	T(fcntl(s[1], F_GETFL) & O_NONBLOCK);
	T(read(s[0], page, 1));
	while (write(s[0], page, sizeof(page)) > 0)
		;
	IS(errno == EAGAIN);
	p = (struct pollfd){s[0], POLLIN | POLLOUT, 0};
	T(poll(&p, 1, 0));
	while (read(s[1], page, sizeof(page)) > 0)
		;
	IS(errno == EAGAIN);
	T(poll(&p, 1, 0));
	T(p.revents);
	T(close(s[1]));
	T(poll(&p, 1, 0));
	T(p.revents);
	T(close(s[0]));
}

int main(void)
{
	struct sockaddr_un un = {.sun_family = AF_UNIX};
	socklen_t len = sizeof(un);
	int s[2], fd, one = 1;
	char c = 0;

	signal(SIGPIPE, SIG_IGN);
	streams();
	datagrams(SOCK_DGRAM);
	datagrams(SOCK_SEQPACKET);
	nonblocking();

	T(socketpair(AF_UNIX, 99, 0, s));
	T(socketpair(AF_UNIX, SOCK_STREAM, 77, s));
	T(socketpair(99, SOCK_STREAM, 0, s));
	T(socketpair(AF_UNIX, SOCK_STREAM, 0, BAD));
	T(socket(99, SOCK_STREAM, 0));
	T(socket(AF_UNIX, 99, 0));

	abi_put("f", "x");
	fd = T(open("f", O_RDWR));
	T(send(fd, &c, 1, 0));
	T(recv(fd, &c, 1, 0));
	T(shutdown(fd, SHUT_RD));
	T(bind(fd, (void *)&un, sizeof(un)));
	T(listen(fd, 1));
	T(connect(fd, (void *)&un, sizeof(un)));
	T(accept(fd, NULL, NULL));
	T(getsockname(fd, (void *)&un, &len));
	T(getpeername(fd, (void *)&un, &len));
	T(setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &one, sizeof(one)));
	T(getsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &one, &len));
	T(send(99, &c, 1, 0));
	T(recv(99, &c, 1, 0));
	T(shutdown(99, SHUT_RD));
	T(bind(99, (void *)&un, sizeof(un)));
	T(listen(99, 1));
	T(connect(99, (void *)&un, sizeof(un)));
	T(accept(99, NULL, NULL));
	T(accept4(99, NULL, NULL, 0));
	len = sizeof(un);
	T(getsockname(99, (void *)&un, &len));
	T(getpeername(99, (void *)&un, &len));
	T(setsockopt(99, SOL_SOCKET, SO_REUSEADDR, &one, sizeof(one)));
	len = sizeof(one);
	T(getsockopt(99, SOL_SOCKET, SO_REUSEADDR, &one, &len));

	T(socketpair(AF_UNIX, SOCK_STREAM, 0, s));
	len = sizeof(un);
	T(getsockname(s[0], (void *)&un, &len));
	T(len);
	T(un.sun_family);
	len = sizeof(un);
	T(getpeername(s[0], (void *)&un, &len));
	T(len);
	T(read(s[0], BAD, 0));
	T(write(s[1], "x", 1));
	T(recv(s[0], BAD, 1, 0));
	T(accept(s[0], NULL, NULL));
	T(getsockopt(s[0], SOL_SOCKET, 9999, &one, &len));
	return 0;
}
