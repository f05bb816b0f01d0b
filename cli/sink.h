/* SPDX-License-Identifier: MIT */
/*
 * One of the user's output descriptors, written without ever waiting: the
 * guest's bytes wait in their own buffer and so hold the guest back.
 */
#ifndef CLI_SINK_H
#define CLI_SINK_H

#include <stdbool.h>
#include <stddef.h>

struct sink {
	int fd; /* the user's */
	int own; /* a nonblocking opening of the same pipe or terminal, or -1 */
	enum { SINK_NEW, SINK_PLAIN, SINK_STEP, SINK_SOCKET } how;
	bool dead; /* no reader, or an error: what comes is thrown away */
	int error; /* errno of a write that lost output, 0 if none; EPIPE does not count */
};

void sink_open(struct sink *s, int fd);
void sink_close(struct sink *s);

/* The descriptor to poll for writing. */
int sink_poll_fd(const struct sink *s);

/* How many bytes it took, 0 if it is full now, or -EPIPE once it is dead. */
long sink_write(struct sink *s, const char *data, size_t len);

#endif
