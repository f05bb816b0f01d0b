/* SPDX-License-Identifier: MIT */
/*
 * The thread that gdb talks to: one connection at a time.  The CPUs wait before
 * their first instruction until a gdb lets them go; when it leaves, they go on,
 * and the next one that comes finds them stopped again.
 */
#define _GNU_SOURCE
#include "gdb/target.h"
#include "kvm/debug.h"
#include "msg.h"
#include "text.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <pthread.h>
#include <semaphore.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>

#define FINISH_SEC 2 /* for gdb to take the news of the end */

static struct {
	struct vm *vm;
	struct gdb_target target;
	struct gdb gdb;
	int listener, connection; /* -1: none */
	int finish; /* eventfd: the machine has ended */
	int status; /* ... with this, written before */
	sem_t finished;
	void (*begin)(void);
	bool serves;
	bool stopped; /* the CPUs are, and nobody has been told why */
	struct debug_stop stop;
} server = { .listener = -1, .connection = -1 };

/* ---- the socket ---- */

static int listen_failed(const char *where, int fd)
{
	int r = -errno;

	msg_error(where, "choose another place for gdb", "cannot be listened at: %s", strerror(-r));
	if (fd >= 0)
		close(fd);
	return r;
}

static int listen_unix(const char *where, const char *path)
{
	struct sockaddr_un a = { .sun_family = AF_UNIX };
	int fd;

	if (strlen(path) >= sizeof(a.sun_path) || !*path) {
		errno = ENAMETOOLONG;
		return listen_failed(where, -1);
	}
	strcpy(a.sun_path, path);
	fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	if (fd < 0 || bind(fd, (struct sockaddr *)&a, sizeof(a)) || listen(fd, 1))
		return listen_failed(where, fd);
	return fd;
}

static int listen_port(const char *where)
{
	struct sockaddr_in a = { .sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	uint64_t port;
	int fd, on = 1;

	if (text_number(where, 1, 65535, &port)) {
		errno = EINVAL;
		return listen_failed(where, -1);
	}
	a.sin_port = htons((uint16_t)port);
	fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	if (fd >= 0)
		setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on));
	if (fd < 0 || bind(fd, (struct sockaddr *)&a, sizeof(a)) || listen(fd, 1))
		return listen_failed(where, fd);
	return fd;
}

int gdb_listen(const char *where)
{
	return !strncmp(where, "unix:", 5) ? listen_unix(where, where + 5) : listen_port(where);
}

static bool server_send(void *arg, const void *bytes, size_t n)
{
	const char *p = bytes;

	while (n) {
		ssize_t w = send(server.connection, p, n, MSG_NOSIGNAL);

		if (w < 0 && errno == EINTR)
			continue;
		if (w <= 0)
			return false;
		p += w;
		n -= (size_t)w;
	}
	return true;
}

/* ---- stops ---- */

static struct gdb_stop stop_of(const struct debug_stop *d)
{
	struct gdb_stop s = { .cpu = d->cpu, .why = GDB_STOP_SIGNAL, .signal = SIGTRAP, .addr = d->addr };

	switch (d->why) {
	case DEBUG_ASKED:
		s.signal = SIGINT;
		break;
	case DEBUG_STEPPED:
		break;
	case DEBUG_SOFT:
		s.why = GDB_STOP_BREAK_SOFT;
		break;
	case DEBUG_HARD:
		s.why = d->kind == DEBUG_EXEC ? GDB_STOP_BREAK_HARD : GDB_STOP_WATCH;
		s.watch = d->kind == DEBUG_WRITE ? GDB_WATCH_WRITE :
			  d->kind == DEBUG_READ ? GDB_WATCH_READ : GDB_WATCH_ACCESS;
		break;
	}
	return s;
}

static void server_stopped(void)
{
	struct gdb_stop s;

	if (!debug_stopped(server.vm, &server.stop))
		return;
	s = stop_of(&server.stop);
	/* A gdb that left while the machine ran has not been told; the next one has not begun. */
	if (server.connection >= 0 && server.gdb.target && server.gdb.running)
		gdb_stopped(&server.gdb, &s);
	else
		server.stopped = true;
}

/* ---- connections ---- */

static void server_begin(void)
{
	struct gdb_stop s = stop_of(&server.stop);

	s.signal = SIGTRAP; /* nobody has asked this gdb's machine to stop */
	gdb_begin(&server.gdb, &server.target, server_send, NULL, &s);
	server.stopped = false;
}

static void server_accept(void)
{
	int on = 1;

	server.connection = accept4(server.listener, NULL, NULL, SOCK_CLOEXEC);
	if (server.connection < 0)
		return;
	setsockopt(server.connection, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on)); /* fails on AF_UNIX, which has no delay */
	if (!server.stopped)
		debug_stop(server.vm);
}

/* gdb has left, with a word or without. */
static void server_close(void)
{
	close(server.connection);
	server.connection = -1;
	if (!server.gdb.ended) {
		if (server.gdb.running) {
			struct debug_stop s;
			struct pollfd e = { .fd = debug_event(server.vm), .events = POLLIN };

			debug_stop(server.vm);
			while (!debug_stopped(server.vm, &s) && poll(&e, 1, FINISH_SEC * 1000) > 0)
				;
		}
		server.target.detach(&server.target);
	}
	server.gdb.target = NULL;
}

static void server_read(void)
{
	char bytes[4096];
	ssize_t n = recv(server.connection, bytes, sizeof(bytes), 0);

	if (n > 0)
		gdb_input(&server.gdb, bytes, (size_t)n);
	else if (n < 0 && errno == EINTR)
		return;
	if (n <= 0 || server.gdb.ended || server.gdb.broken)
		server_close();
}

static void server_finish(void)
{
	struct gdb_stop s = { .why = GDB_STOP_EXITED, .status = server.status };

	if (server.connection >= 0 && server.gdb.target)
		gdb_stopped(&server.gdb, &s);
	sem_post(&server.finished);
}

static void *server_thread(void *arg)
{
	pthread_setname_np(pthread_self(), "gdb");
	server.begin();
	for (;;) {
		bool talks = server.connection >= 0 && server.gdb.target;
		struct pollfd e[3] = {
			{ .fd = debug_event(server.vm), .events = POLLIN },
			{ .fd = server.finish, .events = POLLIN },
			{ .fd = server.connection < 0 ? server.listener : talks ? server.connection : -1,
			  .events = POLLIN },
		};

		if (poll(e, 3, -1) < 0)
			continue;
		if (e[1].revents) {
			server_finish();
			break;
		}
		if (e[0].revents)
			server_stopped();
		if (e[2].revents && server.connection < 0)
			server_accept();
		else if (e[2].revents)
			server_read();
		/* A connection begins once the CPUs stand still. */
		if (server.connection >= 0 && !server.gdb.target && server.stopped)
			server_begin();
	}
	/* The process ends now.  A thread that did so before would need calls that its filter does not know. */
	for (;;)
		poll(NULL, 0, -1);
	return NULL;
}

int gdb_serve(struct vm *vm, int listener, void (*begin)(void))
{
	pthread_t thread;

	server.vm = vm;
	server.listener = listener;
	server.begin = begin;
	server.finish = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	if (server.finish < 0)
		return -errno;
	sem_init(&server.finished, 0, 0);
	gdb_target_init(&server.target, vm);
	server.serves = true;
	return -pthread_create(&thread, NULL, server_thread, NULL);
}

void gdb_finish(int status)
{
	struct timespec until;
	uint64_t one = 1;

	if (!server.serves)
		return;
	server.status = status;
	if (write(server.finish, &one, sizeof(one)) < 0)
		return;
	clock_gettime(CLOCK_REALTIME, &until);
	until.tv_sec += FINISH_SEC;
	sem_timedwait(&server.finished, &until);
}
