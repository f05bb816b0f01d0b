/* SPDX-License-Identifier: MIT */
/* epoll: level and edge triggering, one-shot, changes while waiting, nesting, errors. */
#include "abi.h"
#include <pthread.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/resource.h>
#include <sys/timerfd.h>

static int ep;
static volatile int minus = -1;

static void wait_show(const char *what, int timeout)
{
	struct epoll_event ev[8];
	int n;

	memset(ev, 0, sizeof(ev));
	n = epoll_wait(ep, ev, 8, timeout);
	SAY("%s: %d", what, n);
	for (int i = 0; i < n; i++)
		SAY(" [%x %lu]", ev[i].events, (unsigned long)ev[i].data.u64);
	SAY("\n");
}

static int add(int fd, uint32_t events, uint64_t data)
{
	struct epoll_event ev = {.events = events, .data.u64 = data};

	return epoll_ctl(ep, EPOLL_CTL_ADD, fd, &ev);
}

static int mod(int fd, uint32_t events, uint64_t data)
{
	struct epoll_event ev = {.events = events, .data.u64 = data};

	return epoll_ctl(ep, EPOLL_CTL_MOD, fd, &ev);
}

static void *later(void *arg)
{
	usleep(20000);
	if (write(*(int *)arg, "x", 1) != 1)
		SAY("write failed\n");
	return NULL;
}

static void triggers(void)
{
	int fds[2];
	char buf[16];
	pthread_t t;

	T(pipe(fds));
	T(add(fds[0], EPOLLIN, 7));
	wait_show("empty", 0);
	T(write(fds[1], "ab", 2));
	wait_show("level", 0);
	wait_show("level again", 0);
	T(read(fds[0], buf, 1));
	wait_show("level, one left", 0);
	T(read(fds[0], buf, 1));
	wait_show("level, none left", 10);

	T(mod(fds[0], EPOLLIN | EPOLLET, 8));
	T(write(fds[1], "a", 1));
	wait_show("edge", 0);
	wait_show("edge again", 0);
	T(write(fds[1], "b", 1));
	wait_show("edge, more came", 0);
	T(mod(fds[0], EPOLLIN | EPOLLONESHOT, 9));
	wait_show("one shot", 0);
	wait_show("one shot again", 0);
	T(mod(fds[0], EPOLLIN | EPOLLONESHOT, 10));
	wait_show("one shot, armed again", 0);
	T(read(fds[0], buf, 16));
	T(mod(fds[0], EPOLLIN, 11));
	pthread_create(&t, NULL, later, &fds[1]);
	wait_show("from another thread", 5000);
	pthread_join(t, NULL);
	T(add(fds[1], EPOLLOUT, 12));
	T(epoll_ctl(ep, EPOLL_CTL_DEL, fds[0], NULL));
	wait_show("writer only", 0);
	T(close(fds[0]));
	wait_show("reader gone", 0);
	T(close(fds[1])); /* leaves the set by itself */
	wait_show("nothing left", 0);

	/* a descriptor that was closed stays in the set while the file is open elsewhere */
	T(pipe(fds));
	int d = dup(fds[0]);
	T(add(fds[0], EPOLLIN, 13));
	T(close(fds[0]));
	T(write(fds[1], "x", 1));
	wait_show("through the duplicate", 0);
	T(close(d));
	wait_show("closed", 0);
	T(close(fds[1]));
}

static void errors(void)
{
	struct epoll_event ev = {.events = EPOLLIN};
	int fds[2], f, e2;

	T(epoll_create1(99));
	T(epoll_create(0));
	T(epoll_create(-1));
	T(pipe(fds));
	abi_put("f", "x");
	f = T(open("f", O_RDONLY));
	T(add(f, EPOLLIN, 1));
	T(add(99, EPOLLIN, 1));
	T(add(fds[0], EPOLLIN, 1));
	T(add(fds[0], EPOLLIN, 1));
	T(mod(fds[1], EPOLLIN, 1));
	T(epoll_ctl(ep, EPOLL_CTL_DEL, fds[1], NULL));
	T(epoll_ctl(ep, 77, fds[0], &ev));
	T(epoll_ctl(99, EPOLL_CTL_ADD, fds[0], &ev));
	T(epoll_ctl(f, EPOLL_CTL_ADD, fds[0], &ev));
	T(epoll_ctl(ep, EPOLL_CTL_ADD, ep, &ev));
	T(epoll_ctl(ep, EPOLL_CTL_ADD, fds[1], BAD));
	T(epoll_wait(ep, &ev, 0, 0));
	T(epoll_wait(ep, &ev, minus, 0));
	T(epoll_wait(f, &ev, 1, 0));
	T(epoll_wait(99, &ev, 1, 0));
	T(write(fds[1], "x", 1));
	T(epoll_wait(ep, BAD, 1, 0));
	T(epoll_pwait(ep, &ev, 1, 0, NULL));
	T(fcntl(ep, F_GETFD));
	e2 = T(epoll_create1(EPOLL_CLOEXEC));
	T(fcntl(e2, F_GETFD));
	/* a set in a set */
	T(epoll_ctl(e2, EPOLL_CTL_ADD, ep, &ev));
	T(epoll_wait(e2, &ev, 1, 0));
	T(epoll_ctl(ep, EPOLL_CTL_ADD, e2, &ev)); /* a loop */
	T(read(ep, &ev, 8));
	T(write(ep, &ev, 8));
	T(close(e2));
	T(close(f));
}

static void events(void)
{
	int e = T(eventfd(3, EFD_NONBLOCK)), s, t;
	uint64_t v;
	struct itimerspec its = {{0, 0}, {0, 5000000}};

	T(add(e, EPOLLIN | EPOLLOUT, 20));
	wait_show("eventfd", 0);
	T(read(e, &v, 8));
	T(v);
	T(read(e, &v, 8));
	T(read(e, &v, 4));
	v = 5;
	T(write(e, &v, 8));
	T(write(e, &v, 8));
	T(write(e, &v, 7));
	T(read(e, &v, 8));
	T(v);
	v = ~0ull;
	T(write(e, &v, 8));
	v = ~0ull - 1;
	T(write(e, &v, 8));
	v = 1;
	T(write(e, &v, 8));
	wait_show("eventfd full", 0);
	T(close(e));
	s = T(eventfd(2, EFD_SEMAPHORE | EFD_NONBLOCK));
	T(read(s, &v, 8));
	T(v);
	T(read(s, &v, 8));
	T(read(s, &v, 8));
	T(eventfd(0, 0x10));
	T(close(s));

	t = T(timerfd_create(CLOCK_MONOTONIC, TFD_NONBLOCK));
	T(read(t, &v, 8));
	T(timerfd_settime(t, 0, &its, NULL));
	T(add(t, EPOLLIN, 21));
	wait_show("timerfd", 5000);
	T(read(t, &v, 8));
	T(v);
	T(timerfd_gettime(t, &its));
	T(its.it_value.tv_nsec);
	T(timerfd_create(99, 0));
	T(timerfd_settime(e, 0, &its, NULL));
	T(close(t));
}

#define MANY 2500

/* More at once than any table of the kernel's may have thought of. */
static void many(void)
{
	static struct epoll_event ev[MANY + 1];
	static char seen[MANY];
	struct rlimit limit;
	int e = T(eventfd(1, 0)), set = T(epoll_create1(0)), fds[MANY], twice = 0, n;
	const int rooms[] = {MANY + 1, 1500, 1500, 1, 17, MANY};

	getrlimit(RLIMIT_NOFILE, &limit);
	limit.rlim_cur = MANY + 100;
	T(setrlimit(RLIMIT_NOFILE, &limit));
	for (int i = 0; i < MANY; i++) {
		struct epoll_event one = {.events = EPOLLIN, .data.u32 = i};

		fds[i] = dup(e);
		if (epoll_ctl(set, EPOLL_CTL_ADD, fds[i], &one))
			SAY("%d was not added: %s\n", i, strerror(errno));
	}
	for (unsigned i = 0; i < sizeof(rooms) / sizeof(rooms[0]); i++)
		T(epoll_wait(set, ev, rooms[i], 0));
	n = epoll_wait(set, ev, MANY, 1000);
	for (int i = 0; i < n; i++)
		twice += seen[ev[i].data.u32]++;
	T(twice);
	for (int i = 0; i < MANY; i++) {
		struct epoll_event one = {.events = EPOLLIN | EPOLLET, .data.u32 = i};

		if (epoll_ctl(set, EPOLL_CTL_MOD, fds[i], &one))
			SAY("%d was not changed: %s\n", i, strerror(errno));
	}
	for (unsigned i = 0; i < 3; i++) /* edges: each is told once, in portions too */
		T(epoll_wait(set, ev, 1500, 0));
	for (int i = 0; i < MANY; i++)
		close(fds[i]);
	T(epoll_wait(set, ev, MANY + 1, 0));
	T(close(set));
	T(close(e));
}

int main(void)
{
	ep = T(epoll_create1(0));
	many();
	triggers();
	events();
	errors();
	return 0;
}
