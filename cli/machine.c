/* SPDX-License-Identifier: MIT */
#define _GNU_SOURCE
#include "machine.h"
#include "msg.h"
#include "spawn.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#define END_GRACE 1000 /* ms for a machine that has closed its ports to end by itself */

int machine_sockets(struct machine *m, int theirs[MACHINE_SOCKETS])
{
	int *const ours[MACHINE_SOCKETS] = { &m->io, &m->err, &m->ctl, &m->serial };

	*m = (struct machine){ .pid = -1, .io = -1, .err = -1, .ctl = -1, .serial = -1, .diag = -1,
				.stats = m->stats };
	for (int i = 0; i < MACHINE_SOCKETS; i++) {
		int pair[2], r;

		if (!socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0, pair)) {
			*ours[i] = pair[0];
			theirs[i] = pair[1];
			continue;
		}
		r = -errno;
		msg_error("start", "raise ulimit -n", "no sockets for the console: %s", strerror(-r));
		while (i--)
			close(theirs[i]);
		machine_end(m, &(bool){ false });
		return r;
	}
	return 0;
}

int machine_spawn(struct machine *m, const char *name, const char *mend, const char *path, struct args *a,
		  int theirs[MACHINE_SOCKETS], int initrd, bool no_huge_pages)
{
	struct spawn s = {
		.path = path,
		.argv = a->v,
		.keep = { theirs[SOCKET_IO], theirs[SOCKET_ERR], theirs[SOCKET_CTL], theirs[SOCKET_SERIAL] },
		.nkeep = MACHINE_SOCKETS,
		.no_huge_pages = no_huge_pages,
	};
	int r;

	if (initrd >= 0)
		s.keep[s.nkeep++] = initrd;
	if (m->stats >= 0)
		s.keep[s.nkeep++] = m->stats;
	r = a->failed ? a->failed : spawn_start(&s);

	for (int i = 0; i < MACHINE_SOCKETS; i++)
		close(theirs[i]);
	if (r) {
		msg_error(name, mend, "cannot be started: %s", strerror(-r));
		machine_end(m, &(bool){ false }); /* nothing runs: closes the descriptors */
		return r;
	}
	m->pid = s.pid;
	m->diag = s.diag;
	return 0;
}

static void machine_close(int *fd)
{
	if (*fd >= 0)
		close(*fd);
	*fd = -1;
}

/* One whose ports are closed is about to end: give it the time, so that its own status is seen. */
static bool machine_ends(pid_t pid)
{
	struct pollfd p = { .fd = (int)syscall(SYS_pidfd_open, pid, 0u), .events = POLLIN };
	bool ended;

	if (p.fd < 0)
		return false;
	ended = poll(&p, 1, END_GRACE) == 1;
	close(p.fd);
	return ended;
}

int machine_end(struct machine *m, bool *ended)
{
	int status = 0;

	*ended = m->pid > 0 && machine_ends(m->pid);
	if (m->pid > 0) {
		/* Its whole group, should HERMIT_QEMU be a script; one that has ended is not hurt by it. */
		kill(-m->pid, SIGKILL);
		while (waitpid(m->pid, &status, 0) < 0 && errno == EINTR)
			;
		m->pid = -1;
	}
	machine_close(&m->io);
	machine_close(&m->err);
	machine_close(&m->ctl);
	machine_close(&m->serial);
	machine_close(&m->diag);
	return status;
}
