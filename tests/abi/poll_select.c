/* SPDX-License-Identifier: MIT */
/* poll, ppoll, select, pselect6: what is ready, waiting, time-outs, errors. */
#include "abi.h"
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <sys/resource.h>
#include <sys/select.h>
#include <time.h>

static int fds[2];

static void *writer(void *arg)
{
	usleep(30000);
	if (write(fds[1], "x", 1) != 1)
		SAY("write failed\n");
	return NULL;
}

static void *closer(void *arg)
{
	usleep(30000);
	close(fds[1]);
	return NULL;
}

static long elapsed_ms(const struct timespec *a)
{
	struct timespec b;

	clock_gettime(CLOCK_MONOTONIC, &b);
	return (b.tv_sec - a->tv_sec) * 1000 + (b.tv_nsec - a->tv_nsec) / 1000000;
}

static void polls(void)
{
	struct pollfd p[4];
	struct timespec start, ts = {0, 20000000}, bad = {0, 1000000000};
	pthread_t t;
	char c;
	int f;

	abi_put("f", "x");
	f = open("f", O_RDWR);
	T(pipe(fds));
	p[0] = (struct pollfd){fds[0], POLLIN, 77};
	p[1] = (struct pollfd){fds[1], POLLOUT, 77};
	p[2] = (struct pollfd){f, POLLIN | POLLOUT, 77};
	p[3] = (struct pollfd){-1, POLLIN, 77};
	T(poll(p, 4, 0));
	SAY("revents %d %d %d %d\n", p[0].revents, p[1].revents, p[2].revents, p[3].revents);
	p[3].fd = 99;
	T(poll(p, 4, -1));
	T(p[3].revents);
	T(poll(NULL, 0, 10));
	T(poll(BAD, 1, 0));

	clock_gettime(CLOCK_MONOTONIC, &start);
	T(poll(p, 1, 20));
	IS(elapsed_ms(&start) >= 20);
	clock_gettime(CLOCK_MONOTONIC, &start);
	T(ppoll(p, 1, &ts, NULL));
	IS(elapsed_ms(&start) >= 20);
	T(ppoll(p, 1, &bad, NULL));

	pthread_create(&t, NULL, writer, NULL);
	T(poll(p, 1, -1));
	T(p[0].revents);
	pthread_join(t, NULL);
	T(read(fds[0], &c, 1));
	pthread_create(&t, NULL, closer, NULL);
	T(poll(p, 1, -1));
	T(p[0].revents);
	pthread_join(t, NULL);
	T(close(fds[0]));

	T(pipe(fds));
	close(fds[0]);
	p[1] = (struct pollfd){fds[1], POLLOUT, 0};
	T(poll(&p[1], 1, -1));
	T(p[1].revents);
	p[1].events = 0;
	T(poll(&p[1], 1, -1));
	T(p[1].revents);
	close(fds[1]);
	close(f);
}

static void selects(void)
{
	fd_set r, w, e;
	struct timeval tv = {0, 20000};
	struct timespec start, ts = {0, 10000000};
	pthread_t t;
	int n;

	T(pipe(fds));
	FD_ZERO(&r);
	FD_ZERO(&w);
	FD_ZERO(&e);
	FD_SET(fds[0], &r);
	FD_SET(fds[1], &w);
	n = fds[1] + 1;
	T(select(n, &r, &w, &e, NULL));
	SAY("readable %d writable %d\n", FD_ISSET(fds[0], &r) != 0, FD_ISSET(fds[1], &w) != 0);
	FD_SET(fds[0], &r);
	clock_gettime(CLOCK_MONOTONIC, &start);
	T(select(n, &r, NULL, NULL, &tv));
	IS(elapsed_ms(&start) >= 20);
	SAY("left %ld.%06ld readable %d\n", tv.tv_sec, tv.tv_usec, FD_ISSET(fds[0], &r) != 0);
	FD_SET(fds[0], &r);
	pthread_create(&t, NULL, writer, NULL);
	T(select(n, &r, NULL, NULL, NULL));
	T(FD_ISSET(fds[0], &r) != 0);
	pthread_join(t, NULL);
	T(pselect(0, NULL, NULL, NULL, &ts, NULL));
	FD_ZERO(&r);
	FD_SET(50, &r);
	T(select(51, &r, NULL, NULL, &tv));
	T(select(-1, NULL, NULL, NULL, &tv));
	tv.tv_usec = -1;
	T(select(0, NULL, NULL, NULL, &tv));
	tv = (struct timeval){0, 0};
	T(select(n, BAD, NULL, NULL, &tv));
	T(syscall(SYS_select, n, NULL, NULL, NULL, BAD));
}

static void on_alarm(int sig)
{
	SAY("signal %d\n", sig);
}

/* A signal ends the wait; ppoll's mask holds only while it waits. */
static void interrupted(void)
{
	struct sigaction sa = {.sa_handler = on_alarm, .sa_flags = SA_RESTART};
	struct timespec ts = {5, 0};
	sigset_t block, none, now;
	struct pollfd p;

	T(pipe(fds));
	p = (struct pollfd){fds[0], POLLIN, 0};
	sigaction(SIGUSR1, &sa, NULL);
	sigemptyset(&none);
	sigemptyset(&block);
	sigaddset(&block, SIGUSR1);
	sigprocmask(SIG_BLOCK, &block, NULL);
	raise(SIGUSR1);
	T(poll(&p, 1, 0));
	T(ppoll(&p, 1, &ts, &none));
	sigprocmask(SIG_SETMASK, NULL, &now);
	T(sigismember(&now, SIGUSR1));
	raise(SIGUSR1);
	T(pselect(0, NULL, NULL, NULL, &ts, &none));
}

int main(void)
{
	struct rlimit lim;
	static struct pollfd many[2000];

	polls();
	selects();
	interrupted();
	getrlimit(RLIMIT_NOFILE, &lim);
	lim.rlim_cur = 1000;
	T(setrlimit(RLIMIT_NOFILE, &lim));
	for (int i = 0; i < 2000; i++)
		many[i].fd = -1;
	T(poll(many, 1000, 0));
	T(poll(many, 1001, 0));
	return 0;
}
