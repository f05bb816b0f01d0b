/* SPDX-License-Identifier: MIT */
/* What close(2) and shutdown(2) do to those who are asleep in the descriptor, and to what it held. */
#include "abi.h"
#include <poll.h>
#include <pthread.h>
#include <stddef.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <time.h>

static void doze(void) { nanosleep(&(struct timespec){0, 30000000}, NULL); }

static long answer;
static int answer_errno;

#define ASLEEP(name, call)                   \
	static void *name(void *arg)         \
	{                                    \
		int fd = (int)(intptr_t)arg; \
		char buf[8] = {0};           \
                                             \
		(void)buf;                   \
		answer = (long)(call);       \
		answer_errno = errno;        \
		return NULL;                 \
	}

ASLEEP(asleep_read, read(fd, buf, sizeof(buf)))
ASLEEP(asleep_recv, recv(fd, buf, sizeof(buf), 0))
ASLEEP(asleep_accept, accept(fd, NULL, NULL))
ASLEEP(asleep_poll, poll(&(struct pollfd){fd, POLLIN, 0}, 1, 5000))
ASLEEP(asleep_epoll, epoll_wait(fd, &(struct epoll_event){0}, 1, 5000))

static pthread_t start(void *(*f)(void *), int fd)
{
	pthread_t t;

	pthread_create(&t, NULL, f, (void *)(intptr_t)fd);
	doze();
	return t;
}

static void finish(const char *what, pthread_t t)
{
	pthread_join(t, NULL);
	abi_result(what, answer, answer < 0 ? answer_errno : 0);
}

/* The file lives on for who sleeps in it: what comes afterwards still reaches him. */
static void closed_under_a_reader(void)
{
	int p[2], s[2], e;
	pthread_t t;

	T(pipe(p));
	t = start(asleep_read, p[0]);
	T(close(p[0]));
	T(write(p[1], "late", 4));
	finish("read of a closed pipe", t);
	T(close(p[1]));

	T(pipe(p));
	t = start(asleep_read, p[0]);
	T(close(p[0]));
	T(close(p[1]));
	finish("read of a pipe closed at both ends", t);

	T(socketpair(AF_UNIX, SOCK_STREAM, 0, s));
	t = start(asleep_recv, s[0]);
	T(close(s[0]));
	T(write(s[1], "later", 5));
	finish("recv of a closed socket", t);
	T(close(s[1]));

	e = eventfd(0, 0);
	t = start(asleep_poll, e);
	int other = dup(e);
	T(close(e));
	T(eventfd_write(other, 1));
	finish("poll of a closed eventfd", t);
	T(close(other));
}

static void closed_under_epoll(void)
{
	struct epoll_event ev = {.events = EPOLLIN};
	int ep = epoll_create1(0), e = eventfd(0, 0), other = dup(e);
	pthread_t t;

	T(epoll_ctl(ep, EPOLL_CTL_ADD, e, &ev));
	t = start(asleep_epoll, ep);
	T(close(e)); /* the file is still open: it stays in the set */
	T(close(ep));
	T(eventfd_write(other, 1));
	finish("epoll_wait of a closed set", t);
	T(close(other));
}

static struct sockaddr_un listener_name(void)
{
	struct sockaddr_un un = {.sun_family = AF_UNIX};

	snprintf(un.sun_path + 1, sizeof(un.sun_path) - 1, "close_paths.%d", getpid());
	return un;
}

static int listener(int backlog)
{
	struct sockaddr_un un = listener_name();
	int s = socket(AF_UNIX, SOCK_STREAM, 0);

	T(bind(s, (struct sockaddr *)&un, sizeof(un)));
	T(listen(s, backlog));
	return s;
}

ASLEEP(asleep_connect, connect(fd, (struct sockaddr *)&(struct sockaddr_un[1]){listener_name()}, sizeof(struct sockaddr_un)))

static void listeners(void)
{
	int s = listener(5), c = socket(AF_UNIX, SOCK_STREAM, 0), d = socket(AF_UNIX, SOCK_STREAM, 0), fd;
	struct pollfd p = {s, POLLIN, 0};
	pthread_t t;

	t = start(asleep_accept, s);
	T(shutdown(s, SHUT_RDWR));
	finish("accept after shutdown", t);
	asleep_connect((void *)(intptr_t)c);
	abi_result("connect after shutdown", answer, answer_errno);
	T(poll(&p, 1, 0));
	SAY("revents %x\n", (unsigned)p.revents);
	T(close(s));

	s = listener(5);
	asleep_connect((void *)(intptr_t)c);
	T(shutdown(s, SHUT_RD)); /* what is queued is accepted yet */
	fd = accept(s, NULL, NULL);
	IS(fd >= 0);
	T(accept(s, NULL, NULL));
	T(close(fd));
	T(close(s));
	T(close(c));

	s = listener(0);
	c = socket(AF_UNIX, SOCK_STREAM, 0);
	asleep_connect((void *)(intptr_t)c);
	abi_result("first connect", answer, 0);
	t = start(asleep_connect, d); /* no room: it sleeps */
	T(close(s));
	finish("connect asleep while the listener is closed", t);
	T(read(c, &fd, 1));
	T(close(c));
	T(close(d));
}

static long send_fd(int sock, int fd)
{
	char space[CMSG_SPACE(sizeof(int))] = {0};
	struct iovec iov = {"x", 1};
	struct msghdr m = {.msg_iov = &iov, .msg_iovlen = 1, .msg_control = space, .msg_controllen = sizeof(space)};
	struct cmsghdr *c = CMSG_FIRSTHDR(&m);

	c->cmsg_level = SOL_SOCKET;
	c->cmsg_type = SCM_RIGHTS;
	c->cmsg_len = CMSG_LEN(sizeof(fd));
	memcpy(CMSG_DATA(c), &fd, sizeof(fd));
	return sendmsg(sock, &m, 0);
}

/* A descriptor in a message that nobody has received is closed with the socket it waits in. */
static void closed_on_its_way(int type)
{
	int p[2], s[2];
	char byte;

	T(pipe(p));
	T(socketpair(AF_UNIX, type, 0, s));
	T(send_fd(s[0], p[1]));
	T(close(p[1]));
	T(fcntl(p[0], F_SETFL, O_NONBLOCK));
	T(read(p[0], &byte, 1)); /* a writer is on its way */
	T(close(s[1]));
	T(read(p[0], &byte, 1)); /* and now there is none */
	T(close(s[0]));
	T(close(p[0]));
}

#define CHAIN 5000

/* Each socket waits in the next one: the end of the last is the end of all. */
static void long_chain(void)
{
	int p[2], s[2], held;
	char byte;

	T(pipe(p));
	held = p[1];
	for (int i = 0; i < CHAIN; i++) {
		if (socketpair(AF_UNIX, SOCK_STREAM, 0, s) || send_fd(s[0], held) != 1) {
			abi_ok("chain", false, errno);
			break;
		}
		close(held);
		close(s[0]);
		held = s[1];
	}
	T(fcntl(p[0], F_SETFL, O_NONBLOCK));
	T(read(p[0], &byte, 1));
	T(close(held));
	for (int i = 0; i < 500 && read(p[0], &byte, 1) != 0; i++) /* Linux does some of it later */
		doze();
	T(read(p[0], &byte, 1));
	T(close(p[0]));
}

#define DEEP 200

/* Sets in sets, made longer at the lower end; at some depth it must be refused, and what is there must work. */
static void deep_sets(void)
{
	int set[DEEP], n = 1, e = eventfd(0, 0);
	struct epoll_event ev = {.events = EPOLLIN}, out;

	set[0] = epoll_create1(0);
	for (; n < DEEP; n++) {
		set[n] = epoll_create1(0);
		if (epoll_ctl(set[n - 1], EPOLL_CTL_ADD, set[n], &ev) != 0) {
			abi_ok("one set more", false, errno);
			n++;
			break;
		}
	}
	IS(n < DEEP);
	T(epoll_ctl(set[n - 2], EPOLL_CTL_ADD, e, &ev));
	T(eventfd_write(e, 1));
	T(epoll_wait(set[0], &out, 1, 1000));
	for (int i = 0; i < n; i++)
		close(set[i]);
	T(close(e));
}

int main(void)
{
	closed_under_a_reader();
	closed_under_epoll();
	listeners();
	closed_on_its_way(SOCK_STREAM);
	closed_on_its_way(SOCK_SEQPACKET);
	closed_on_its_way(SOCK_DGRAM);
	long_chain();
	deep_sets();
	return 0;
}
