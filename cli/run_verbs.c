/* SPDX-License-Identifier: MIT */
/* The verbs `logs`, `kill` and `rm`: what is done to a run by its name. */
#define _GNU_SOURCE
#include "entry.h"
#include "msg.h"
#include "sink.h"
#include "text.h"
#include "verbs.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#define FOLLOW_NS 50000000 /* between two looks at a log's end */

static int no_such_run(const char *name)
{
	msg_error(*name ? name : "''", "hermit ps -a lists them", "no such run");
	return STATUS_LOADER;
}

static int usage(const char *verb, const char *how)
{
	msg_error(verb, how, "no run named");
	return STATUS_LOADER;
}

/* ---- logs ---- */

/* What there is of the log.  0, or a negative error of the writing. */
static int logs_copy(int log)
{
	char buf[65536];
	ssize_t n;

	while ((n = read(log, buf, sizeof(buf))) > 0)
		for (ssize_t at = 0; at < n;) {
			ssize_t w = write(STDOUT_FILENO, buf + at, (size_t)(n - at));

			if (w < 0 && errno != EINTR)
				return -errno;
			at += w > 0 ? w : 0;
		}
	return n < 0 ? -errno : 0;
}

int verb_logs(char **args)
{
	const struct timespec wait = { .tv_nsec = FOLLOW_NS };
	bool follow = false, running;
	struct entry_info i;
	int log, r;

	if (*args && !strcmp(*args, "-f")) {
		follow = true;
		args++;
	}
	if (!*args || args[1])
		return usage("logs", "hermit logs [-f] NAME");
	if (entry_read(*args, &i))
		return no_such_run(*args);
	log = entry_log_open(*args);
	if (log < 0) {
		msg_error(*args, "only a run started with -d has one", "it has no log");
		return STATUS_LOADER;
	}
	do {
		/* First: what is written before the end is then read after it. */
		running = follow && !entry_read(*args, &i) && i.state == ENTRY_RUNNING;
		r = logs_copy(log);
		if (running && !r)
			nanosleep(&wait, NULL);
	} while (running && !r);
	close(log);
	if (r && r != -EPIPE)
		msg_error("logs", "check where stdout goes", "%s", strerror(-r));
	return r ? STATUS_LOADER : 0;
}

/* ---- kill ---- */

static int signal_number(const char *s)
{
	uint64_t n;

	if (!text_number(s, 1, 64, &n))
		return (int)n;
	if (!strncasecmp(s, "SIG", 3))
		s += 3;
	for (int sig = 1; sig < 32; sig++) {
		const char *name = sigabbrev_np(sig);

		if (name && !strcasecmp(name, s))
			return sig;
	}
	return -EINVAL;
}

/* The loader passes these on to the program; KILL ends it and the machine with it. */
static bool signal_passes(int sig)
{
	static const int passed[] = { SIGINT, SIGTERM, SIGHUP, SIGQUIT, SIGUSR1, SIGUSR2, SIGWINCH, SIGKILL };

	for (size_t i = 0; i < sizeof(passed) / sizeof(passed[0]); i++)
		if (passed[i] == sig)
			return true;
	return false;
}

static int kill_one(const char *name, int sig)
{
	int r = entry_signal(name, sig);

	if (!r)
		return 0;
	if (r == -ENOENT)
		return no_such_run(name);
	if (r == -ESRCH)
		msg_error(name, "hermit ps -a tells how", "it has ended already");
	else if (r == -EXDEV)
		msg_error(name, "kill it from there", "it runs in another pid namespace");
	else
		msg_error(name, NULL, "no signal can be sent: %s", strerror(-r));
	return STATUS_LOADER;
}

int verb_kill(char **args)
{
	int sig = SIGTERM, status = 0;

	if (*args && !strncmp(*args, "-s", 2)) {
		const char *value = (*args)[2] ? *args + 2 : *++args;

		sig = value ? signal_number(value) : -EINVAL;
		if (sig < 0 || !signal_passes(sig)) {
			msg_error(value && *value ? value : "-s", "there are INT, TERM, HUP, QUIT, USR1, USR2, WINCH and KILL",
				  "no signal that is passed on");
			return STATUS_LOADER;
		}
		args++;
	}
	if (!*args)
		return usage("kill", "hermit kill [-s SIGNAL] NAME...");
	for (; *args; args++)
		if (kill_one(*args, sig))
			status = STATUS_LOADER;
	return status;
}

/* ---- rm ---- */

int verb_rm(char **args)
{
	int status = 0;

	if (!*args)
		return usage("rm", "hermit rm NAME...");
	for (; *args; args++) {
		int r = entry_forget(*args);

		if (!r)
			continue;
		status = STATUS_LOADER;
		if (r == -ENOENT)
			no_such_run(*args);
		else if (r == -EBUSY)
			msg_error(*args, "end it first: hermit kill", "it runs");
		else
			msg_error(*args, NULL, "%s", strerror(-r));
	}
	return status;
}
