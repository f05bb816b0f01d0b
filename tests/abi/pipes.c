/* SPDX-License-Identifier: MIT */
/* pipe, pipe2: capacity, atomic writes, ends that close, non-blocking ends, errors. */
#include "abi.h"
#include <poll.h>
#include <pthread.h>
#include <signal.h>

static char page[65536 * 2];
static int fds[2];

static void *drain(void *arg)
{
	size_t *total = arg;
	ssize_t n;
	static char buf[3001];

	while ((n = read(fds[0], buf, sizeof(buf))) > 0) {
		for (ssize_t i = 0; i < n; i++)
			if (buf[i] != (char)((*total + (size_t)i) * 31 >> 3))
				SAY("wrong byte at %zu\n", *total + (size_t)i);
		*total += (size_t)n;
	}
	return NULL;
}

static void *late_writer(void *arg)
{
	usleep(20000);
	if (write(fds[1], "late", 4) != 4)
		SAY("late write failed\n");
	usleep(20000);
	close(fds[1]);
	return NULL;
}

int main(void)
{
	char buf[64];
	pthread_t t;
	size_t total = 0;
	struct pollfd p;

	signal(SIGPIPE, SIG_IGN);
	T(pipe(fds));
	T(fds[0]);
	T(fds[1]);
	T(write(fds[1], "abc", 3));
	T(write(fds[1], "def", 3));
	T(read(fds[0], buf, 4));
	abi_bytes("across two writes", buf, 4);
	T(read(fds[0], buf, 64));
	T(read(fds[1], buf, 1));
	T(write(fds[0], buf, 1));
	T(read(fds[0], buf, 0));
	T(write(fds[1], buf, 0));
	T(close(fds[1]));
	T(read(fds[0], buf, 64));
	T(close(fds[0]));

	T(pipe(fds));
	T(write(fds[1], "left", 4));
	T(close(fds[1]));
	T(read(fds[0], buf, 64));
	T(read(fds[0], buf, 64));
	T(close(fds[0]));

	T(pipe(fds));
	T(close(fds[0]));
	T(write(fds[1], "x", 1));
	T(close(fds[1]));

	/* without blocking */
	T(pipe2(fds, O_NONBLOCK | O_CLOEXEC));
	T(fcntl(fds[0], F_GETFD));
	T(fcntl(fds[0], F_GETFL) & O_NONBLOCK);
	T(read(fds[0], buf, 1));
	T(write(fds[1], page, sizeof(page)));
	T(write(fds[1], page, 1));
	T(read(fds[0], buf, 1));
	T(write(fds[1], page, 4096)); /* atomic up to PIPE_BUF: all or nothing */
	T(read(fds[0], page, 4095));
	T(write(fds[1], page, 4096));
	T(write(fds[1], page, 1));
	p = (struct pollfd){fds[1], POLLOUT, 0};
	T(poll(&p, 1, 0));
	T(close(fds[0]));
	T(close(fds[1]));

	/* a reader waits for the writer, and the other way round */
	T(pipe(fds));
	pthread_create(&t, NULL, late_writer, NULL);
	T(read(fds[0], buf, 64));
	T(read(fds[0], buf, 64));
	pthread_join(t, NULL);
	T(close(fds[0]));

	T(pipe(fds));
	pthread_create(&t, NULL, drain, &total);
	for (size_t i = 0, n = 0; i < 60; i++) {
		for (size_t k = 0; k < 5000; k++)
			page[k] = (char)((n + k) * 31 >> 3);
		if (write(fds[1], page, 5000) != 5000)
			SAY("short write\n");
		n += 5000;
	}
	close(fds[1]);
	pthread_join(t, NULL);
	T(total);
	T(close(fds[0]));

	T(pipe(BAD));
	T(pipe2(fds, 0x7));
	T(pipe2(fds, O_APPEND));
	T(pipe(fds));
	T(read(fds[0], BAD, 0));
	T(write(fds[1], BAD, 1));
	T(write(fds[1], "q", 1));
	T(read(fds[0], BAD, 1));
	return 0;
}
