/* SPDX-License-Identifier: MIT */
/*
 * What the loader says on stderr: one line each, `hermit: what: why (mend)`.
 * Any part may call it; it takes no locks and one write(2) per line, so that
 * lines of several loaders on one terminal do not mix.
 */
#ifndef CLI_MSG_H
#define CLI_MSG_H

/* Exit statuses of the loader itself, as a shell has them. */
enum {
	STATUS_LOADER = 125,	/* the loader could not do its part */
	STATUS_NOEXEC = 126,	/* the program was found and cannot be run */
	STATUS_NOTFOUND = 127,	/* there is no such program */
};

/* Who speaks: "hermit" unless main() says else. */
extern const char *msg_program;

/* `mend` may be NULL.  Control characters in the parts are shown as '?'. */
void msg_error(const char *what, const char *mend, const char *why, ...) __attribute__((format(printf, 3, 4)));
void msg_warn(const char *what, const char *mend, const char *why, ...) __attribute__((format(printf, 3, 4)));

/* The line as it is, for verbose output. */
void msg_note(const char *fmt, ...) __attribute__((format(printf, 1, 2)));

#endif
