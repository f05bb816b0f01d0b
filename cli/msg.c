/* SPDX-License-Identifier: MIT */
#include "msg.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

const char *msg_program = "hermit";

struct line {
	char text[2048];
	size_t len;
};

static void line_vadd(struct line *l, const char *fmt, va_list ap)
{
	size_t room = sizeof(l->text) - 1 - l->len; /* one is kept for the newline */
	int n = vsnprintf(l->text + l->len, room, fmt, ap);

	if (n > 0)
		l->len += (size_t)n < room ? (size_t)n : room - 1;
}

static void line_add(struct line *l, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	line_vadd(l, fmt, ap);
	va_end(ap);
}

/* Names come from files and environments: none of them may steer the terminal or break the line. */
static void line_end(struct line *l)
{
	for (size_t i = 0; i < l->len; i++) {
		unsigned char c = (unsigned char)l->text[i];

		if (c < 0x20 || c == 0x7f)
			l->text[i] = '?';
	}
	l->text[l->len++] = '\n';
	if (write(STDERR_FILENO, l->text, l->len) < 0)
		return; /* there is nowhere left to say so */
}

static void line_say(const char *kind, const char *what, const char *mend, const char *why, va_list ap)
{
	struct line l = { .len = 0 };

	line_add(&l, "%s: %s%s: ", msg_program, kind, what);
	line_vadd(&l, why, ap);
	if (mend)
		line_add(&l, " (%s)", mend);
	line_end(&l);
}

void msg_error(const char *what, const char *mend, const char *why, ...)
{
	va_list ap;

	va_start(ap, why);
	line_say("", what, mend, why, ap);
	va_end(ap);
}

void msg_warn(const char *what, const char *mend, const char *why, ...)
{
	va_list ap;

	va_start(ap, why);
	line_say("warning: ", what, mend, why, ap);
	va_end(ap);
}

void msg_note(const char *fmt, ...)
{
	struct line l = { .len = 0 };
	va_list ap;

	va_start(ap, fmt);
	line_add(&l, "%s: ", msg_program);
	line_vadd(&l, fmt, ap);
	va_end(ap);
	line_end(&l);
}
