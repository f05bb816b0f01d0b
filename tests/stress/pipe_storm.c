/* SPDX-License-Identifier: MIT */
/* Rings of threads over pipes and sockets, with poll and epoll in between: every byte arrives, in order. */
#include "stress.h"
#include <fcntl.h>
#include <poll.h>
#include <sys/epoll.h>
#include <sys/socket.h>

#define STAGES 6
#define BYTES  200000

static int in[STAGES], out[STAGES];

static char byte_at(size_t i)
{
	return (char)(i * 2654435761u >> 13);
}

static void wait_for(int fd, short events, int ep)
{
	struct pollfd p = {fd, events, 0};
	struct epoll_event ev;

	if (ep < 0)
		MUST(poll(&p, 1, -1) == 1);
	else
		MUST(epoll_wait(ep, &ev, 1, -1) == 1);
}

/* Passes on what comes, in pieces of odd sizes. */
static void *stage(void *arg)
{
	int self = (int)(intptr_t)arg, ep = -1;
	uint32_t rng = 1000u + (uint32_t)self;
	char buf[3000];
	size_t total = 0;

	fcntl(in[self], F_SETFL, O_NONBLOCK);
	if (self % 2) {
		struct epoll_event ev = {.events = EPOLLIN};

		ep = epoll_create1(0);
		MUST(epoll_ctl(ep, EPOLL_CTL_ADD, in[self], &ev) == 0);
	}
	for (;;) {
		ssize_t n = read(in[self], buf, 1 + stress_random(&rng) % sizeof(buf));

		if (n < 0 && errno == EAGAIN) {
			wait_for(in[self], POLLIN, ep);
			continue;
		}
		MUST(n >= 0);
		if (n == 0)
			break;
		for (ssize_t i = 0; i < n; i++)
			if (buf[i] != byte_at(total + (size_t)i))
				FAIL("stage %d: byte %zu is wrong", self, total + (size_t)i);
		total += (size_t)n;
		for (ssize_t at = 0; at < n;) {
			ssize_t w = write(out[self], buf + at, (size_t)(n - at));

			MUST(w > 0);
			at += w;
		}
	}
	MUST(total == BYTES);
	close(out[self]);
	if (ep >= 0)
		close(ep);
	return NULL;
}

static void *feed(void *arg)
{
	int fd = *(int *)arg;
	uint32_t rng = 5;
	char buf[5000];

	for (size_t at = 0; at < BYTES;) {
		size_t n = 1 + stress_random(&rng) % sizeof(buf);

		if (n > BYTES - at)
			n = BYTES - at;
		for (size_t i = 0; i < n; i++)
			buf[i] = byte_at(at + i);
		MUST(write(fd, buf, n) == (ssize_t)n);
		at += n;
	}
	close(fd);
	return NULL;
}

static void pair(int i, int p[2])
{
	MUST((i % 3 == 2 ? socketpair(AF_UNIX, SOCK_STREAM, 0, p) : pipe(p)) == 0);
}

int main(void)
{
	int p[2], first, last;
	pthread_t feeder, t[STAGES];
	size_t total = 0;
	ssize_t n;
	char buf[4096];

	pair(0, p);
	in[0] = p[0];
	first = p[1];
	for (int i = 0; i < STAGES; i++) {
		pair(i + 1, p);
		out[i] = p[1];
		if (i + 1 < STAGES)
			in[i + 1] = p[0];
		else
			last = p[0];
	}
	MUST(pthread_create(&feeder, NULL, feed, &first) == 0);
	for (int i = 0; i < STAGES; i++)
		MUST(pthread_create(&t[i], NULL, stage, (void *)(intptr_t)i) == 0);
	while ((n = read(last, buf, sizeof(buf))) > 0)
		total += (size_t)n;
	pthread_join(feeder, NULL);
	for (int i = 0; i < STAGES; i++)
		pthread_join(t[i], NULL);
	printf("%zu bytes through %d stages\n", total, STAGES);
	return 0;
}
