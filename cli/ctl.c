/* SPDX-License-Identifier: MIT */
#include "ctl.h"

#include <errno.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

bool ctl_pending(const struct ctl_out *o)
{
	return o->sent < o->len || o->signals || o->winsize || o->eof || o->ready || o->hup[1] || o->hup[2];
}

static void ctl_build(struct ctl_out *o, uint16_t type, const void *payload, uint16_t len)
{
	struct hermit_ctl head = { .type = type, .len = len };

	memcpy(o->buf, &head, sizeof(head));
	memcpy(o->buf + sizeof(head), payload, len);
	o->len = sizeof(head) + len;
	o->sent = 0;
}

/* Turns one wish into a message. */
static bool ctl_next(struct ctl_out *o)
{
	if (o->winsize) {
		o->winsize = false;
		ctl_build(o, HERMIT_CTL_WINSIZE, &o->win, sizeof(o->win));
		return true;
	}
	if (o->signals) {
		uint32_t sig = (uint32_t)__builtin_ctzll(o->signals);

		o->signals &= o->signals - 1;
		ctl_build(o, HERMIT_CTL_SIGNAL, &sig, sizeof(sig));
		return true;
	}
	for (uint32_t fd = 1; fd <= 2; fd++)
		if (o->hup[fd]) {
			o->hup[fd] = false;
			ctl_build(o, HERMIT_CTL_HUP, &fd, sizeof(fd));
			return true;
		}
	if (o->eof) {
		o->eof = false;
		ctl_build(o, HERMIT_CTL_STDIN_EOF, &o->eof_at, sizeof(o->eof_at));
		return true;
	}
	if (o->ready) {
		o->ready = false;
		ctl_build(o, HERMIT_CTL_STDIN_READY, &o->ready_is, sizeof(o->ready_is));
		return true;
	}
	return false;
}

int ctl_send(struct ctl_out *o, int fd)
{
	for (;;) {
		ssize_t n;

		if (o->sent == o->len && !ctl_next(o))
			return 0;
		n = send(fd, o->buf + o->sent, o->len - o->sent, MSG_NOSIGNAL | MSG_DONTWAIT);
		if (n < 0)
			return errno == EAGAIN || errno == EINTR ? 0 : -errno;
		o->sent += (size_t)n;
	}
}

/* One whole message.  NULL, or what is wrong with it. */
static const char *ctl_take(struct ctl_in *in, const struct hermit_ctl *head, const void *payload)
{
	switch (head->type) {
	case HERMIT_CTL_EXIT:
		if (head->len != sizeof(in->exit))
			return "an exit message of the wrong length";
		memcpy(&in->exit, payload, sizeof(in->exit));
		if (in->exit.signal < 0 || in->exit.signal > 64)
			return "an exit by a signal that does not exist";
		in->ended = true;
		return NULL;
	case HERMIT_CTL_STDIN_WANT:
		if (head->len != sizeof(in->want))
			return "a request for input of the wrong length";
		memcpy(&in->want, payload, sizeof(in->want));
		in->wanted = true;
		return NULL;
	case HERMIT_CTL_STDIN_POLL:
		in->polled = true;
		return NULL;
	case HERMIT_CTL_TERMIOS:
		if (head->len != sizeof(in->termios))
			return "terminal modes of the wrong length";
		memcpy(&in->termios, payload, sizeof(in->termios));
		in->termios_set = true;
		return NULL;
	default:
		return NULL; /* a newer kernel's: skipped by its length */
	}
}

/* Cuts whole messages off the buffer.  Nothing counts after the exit message. */
static const char *ctl_cut(struct ctl_in *in)
{
	size_t at = 0;
	const char *why = NULL;

	while (!why && !in->ended && in->len - at >= sizeof(struct hermit_ctl)) {
		struct hermit_ctl head;

		memcpy(&head, in->buf + at, sizeof(head));
		if (head.len > HERMIT_CTL_MAX)
			return "a message longer than the limit";
		if (in->len - at < sizeof(head) + head.len)
			break;
		why = ctl_take(in, &head, in->buf + at + sizeof(head));
		at += sizeof(head) + head.len;
	}
	if (in->ended)
		at = in->len;
	memmove(in->buf, in->buf + at, in->len - at);
	in->len -= at;
	return why;
}

int ctl_receive(struct ctl_in *in, int fd, const char **why)
{
	/* ctl_cut() leaves less than one whole message, so there is always room. */
	ssize_t n = read(fd, in->buf + in->len, sizeof(in->buf) - in->len);

	if (n < 0)
		return errno == EAGAIN || errno == EINTR ? 0 : -EPIPE;
	if (n == 0)
		return -EPIPE;
	in->len += (size_t)n;
	*why = ctl_cut(in);
	return *why ? -EPROTO : 1;
}
