/* SPDX-License-Identifier: MIT */
#define _GNU_SOURCE
#include "spawn.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/close_range.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

extern char **environ;

struct child {
	const struct spawn *s;
	pid_t parent;
	int null, diag;
	volatile int error; /* shared with the parent until exec */
};

/* Runs in the parent's memory until exec: async-signal-safe calls only. */
static void __attribute__((noinline, noreturn)) spawn_child(struct child *c)
{
	sigset_t none;

	setsid();
	if (prctl(PR_SET_PDEATHSIG, SIGKILL))
		goto fail;
	/* The parent may have died before the line above; then nobody would send the signal. */
	if (getppid() != c->parent)
		_exit(1);
	if (c->s->no_huge_pages && prctl(PR_SET_THP_DISABLE, 1, 0, 0, 0))
		goto fail;
	if (dup2(c->null, 0) < 0 || dup2(c->diag, 1) < 0 || dup2(c->diag, 2) < 0)
		goto fail;
	/* What the user has open is not the VMM's business. */
	if (syscall(SYS_close_range, 3u, ~0u, CLOSE_RANGE_CLOEXEC))
		goto fail;
	for (size_t i = 0; i < c->s->nkeep; i++)
		if (fcntl(c->s->keep[i], F_SETFD, 0))
			goto fail;
	sigemptyset(&none);
	sigprocmask(SIG_SETMASK, &none, NULL);
	execve(c->s->path, c->s->argv, environ);
fail:
	c->error = errno;
	_exit(1);
}

/* vfork: a fork would copy page tables only to throw them away. */
static pid_t spawn_vfork(struct child *c)
{
	pid_t pid = vfork();

	if (pid == 0)
		spawn_child(c);
	return pid;
}

int spawn_start(struct spawn *s)
{
	struct child c = { .s = s, .parent = getpid() };
	sigset_t all, old;
	int pipe[2], r = 0;

	c.null = open("/dev/null", O_RDONLY | O_CLOEXEC);
	if (c.null < 0)
		return -errno;
	if (pipe2(pipe, O_CLOEXEC)) {
		r = -errno;
		close(c.null);
		return r;
	}
	c.diag = pipe[1];
	/* No handler may run in the child while it shares our memory. */
	sigfillset(&all);
	sigprocmask(SIG_SETMASK, &all, &old);
	s->pid = spawn_vfork(&c);
	if (s->pid < 0)
		r = -errno;
	sigprocmask(SIG_SETMASK, &old, NULL);
	close(c.null);
	close(pipe[1]);
	if (!r && c.error) {
		r = -c.error;
		while (waitpid(s->pid, NULL, 0) < 0 && errno == EINTR)
			;
	}
	if (r) {
		close(pipe[0]);
		return r;
	}
	fcntl(pipe[0], F_SETFL, O_NONBLOCK);
	s->diag = pipe[0];
	return 0;
}
