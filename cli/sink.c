/* SPDX-License-Identifier: MIT */
#include "sink.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

void sink_open(struct sink *s, int fd)
{
	*s = (struct sink){ .fd = fd, .own = -1 };
}

void sink_close(struct sink *s)
{
	if (s->own >= 0)
		close(s->own);
	s->own = -1;
}

int sink_poll_fd(const struct sink *s)
{
	return s->own >= 0 ? s->own : s->fd;
}

/*
 * Chosen at the first write.  A pipe or terminal opened anew has flags of its
 * own, so O_NONBLOCK there does not touch the user's.  Where that is refused (a
 * pipe of another user), steps of PIPE_BUF after POLLOUT do not wait either,
 * as long as nobody else writes.
 */
static void sink_choose(struct sink *s)
{
	char path[40];
	struct stat st;

	s->how = SINK_PLAIN;
	if (fstat(s->fd, &st))
		return;
	if (S_ISSOCK(st.st_mode)) {
		s->how = SINK_SOCKET;
		return;
	}
	if (!S_ISFIFO(st.st_mode) && !(S_ISCHR(st.st_mode) && isatty(s->fd)))
		return;
	snprintf(path, sizeof(path), "/proc/self/fd/%d", s->fd);
	s->own = open(path, O_WRONLY | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);
	if (s->own < 0)
		s->how = SINK_STEP;
}

static ssize_t sink_put(const struct sink *s, const char *data, size_t len)
{
	if (s->how == SINK_SOCKET)
		return send(s->fd, data, len, MSG_DONTWAIT | MSG_NOSIGNAL);
	if (s->how == SINK_STEP && len > PIPE_BUF)
		len = PIPE_BUF;
	return write(sink_poll_fd(s), data, len);
}

long sink_write(struct sink *s, const char *data, size_t len)
{
	ssize_t n;

	if (s->dead)
		return -EPIPE;
	if (s->how == SINK_NEW)
		sink_choose(s);
	n = sink_put(s, data, len);
	if (n >= 0)
		return n;
	if (errno == EAGAIN || errno == EINTR)
		return 0;
	if (errno != EPIPE && errno != ECONNRESET)
		s->error = errno;
	s->dead = true;
	return -EPIPE;
}
