/* SPDX-License-Identifier: MIT */
#define _GNU_SOURCE
#include "signals.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stddef.h>
#include <unistd.h>

static int signals_pipe = -1;

static void signals_note(int sig)
{
	int saved = errno;
	unsigned char byte = (unsigned char)sig;

	/* A full pipe holds thousands of signals; one more of them changes nothing. */
	if (write(signals_pipe, &byte, 1) < 0)
		errno = saved;
	errno = saved;
}

static void signals_handle(int sig)
{
	/* No SA_RESTART: a write that waits after all is to be interrupted. */
	struct sigaction sa = { .sa_handler = signals_note };

	sigfillset(&sa.sa_mask);
	sigaction(sig, &sa, NULL);
}

int signals_open(void)
{
	static const int forwarded[] = { SIGINT,  SIGTERM, SIGHUP,   SIGQUIT,
					 SIGUSR1, SIGUSR2, SIGWINCH, SIGTSTP };
	int pipe[2];

	if (pipe2(pipe, O_CLOEXEC | O_NONBLOCK))
		return -errno;
	signals_pipe = pipe[1];
	for (size_t i = 0; i < sizeof(forwarded) / sizeof(forwarded[0]); i++) {
		struct sigaction old;

		if (!sigaction(forwarded[i], NULL, &old) && old.sa_handler == SIG_IGN)
			continue;
		signals_handle(forwarded[i]);
	}
	/* A reader that went away is news for the program, not the end of the loader. */
	signal(SIGPIPE, SIG_IGN);
	return pipe[0];
}

void signals_stop(void)
{
	signal(SIGTSTP, SIG_DFL);
	raise(SIGTSTP);
	signals_handle(SIGTSTP);
}
