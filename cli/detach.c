/* SPDX-License-Identifier: MIT */
#define _GNU_SOURCE
#include "detach.h"
#include "msg.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

/* What the new process says until it is ready: its messages, then, if all went well, a NUL. */
static int caller_wait(int from, pid_t child, const char *name)
{
	char buf[4096];
	int status = 0;
	bool ready = false;
	ssize_t n;

	while (!ready) {
		n = read(from, buf, sizeof(buf));
		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0)
			break;
		if (!buf[n - 1]) {
			ready = true;
			n--;
		}
		if (n > 0 && write(STDERR_FILENO, buf, (size_t)n) < 0)
			break;
	}
	close(from);
	if (ready) {
		printf("%s\n", name);
		return fflush(stdout) ? STATUS_LOADER : 0;
	}
	while (waitpid(child, &status, 0) < 0 && errno == EINTR)
		;
	return WIFEXITED(status) && WEXITSTATUS(status) ? WEXITSTATUS(status) : STATUS_LOADER;
}

/* Messages go to the caller at first; then descriptor 2 becomes the log, as the program is to find it. */
static int child_begin(struct detach *d, struct entry *e, const char *name, int to)
{
	int null, log = -1, r;

	setsid();
	signal(SIGHUP, SIG_DFL);
	if (dup2(to, STDERR_FILENO) < 0)
		_exit(STATUS_LOADER);
	close(to);
	r = entry_make(e, name);
	if (r == -EBUSY) {
		msg_error(name, "choose another --name, or hermit kill it", "such a run is there");
		_exit(STATUS_LOADER);
	}
	if (r == 0)
		log = r = entry_log_create(e);
	if (r < 0) {
		msg_error("-d", "set XDG_RUNTIME_DIR to a directory of your own", "no place for the run's log: %s",
			  strerror(-r));
		entry_remove(e);
		_exit(STATUS_LOADER);
	}
	null = open("/dev/null", O_RDWR | O_CLOEXEC);
	d->ready = fcntl(STDERR_FILENO, F_DUPFD_CLOEXEC, 3);
	if (null < 0 || d->ready < 0 || dup2(null, STDIN_FILENO) < 0 || dup2(log, STDOUT_FILENO) < 0 ||
	    dup2(log, STDERR_FILENO) < 0) {
		entry_remove(e);
		_exit(STATUS_LOADER);
	}
	close(null);
	close(log);
	return -1;
}

int detach_run(struct detach *d, struct entry *e, const char *name)
{
	int pipe[2];
	pid_t child;

	if (pipe2(pipe, O_CLOEXEC)) {
		msg_error("-d", "raise ulimit -n", "no pipe: %s", strerror(errno));
		return STATUS_LOADER;
	}
	fflush(stdout);
	child = fork();
	if (child < 0) {
		msg_error("-d", NULL, "no process: %s", strerror(errno));
		return STATUS_LOADER;
	}
	if (child == 0) {
		close(pipe[0]);
		return child_begin(d, e, name, pipe[1]);
	}
	close(pipe[1]);
	return caller_wait(pipe[0], child, name);
}

void detach_failed(struct detach *d, const struct entry *e)
{
	char buf[4096];
	ssize_t n;
	int log;

	if (d->ready < 0)
		return;
	log = entry_log_open(e->name);
	while (log >= 0 && (n = read(log, buf, sizeof(buf))) > 0)
		if (write(d->ready, buf, (size_t)n) < 0)
			break;
	if (log >= 0)
		close(log);
	close(d->ready);
	d->ready = -1;
}

void detach_started(struct detach *d)
{
	if (d->ready < 0)
		return;
	if (write(d->ready, "", 1) < 0)
		d->ready = -1; /* the caller has gone: nobody waits */
	close(d->ready);
	d->ready = -1;
}
