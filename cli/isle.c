/* SPDX-License-Identifier: MIT */
#define _GNU_SOURCE
#include "isle.h"
#include "msg.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#define END_GRACE 1000 /* ms for a machine that has closed its ports to end by itself */

static void isle_later_report(const struct config *c, struct isle_report *r)
{
	r->state = ISLE_LATER;
	snprintf(r->text, sizeof(r->text), "not there yet");
	snprintf(r->mend, sizeof(r->mend), "use the isle qemu");
}

static int isle_later_start(const struct config *c, const struct view *v, int initrd, struct machine *m)
{
	msg_error(c->isle, "HERMIT_ISLE=qemu works", "this isle is not there yet");
	return -ENOSYS;
}

static const struct isle isle_uhyve = {
	.name = "uhyve",
	.what = "the own virtual machine monitor, on KVM",
	.report = isle_later_report,
	.start = isle_later_start,
};

static const struct isle isle_process = {
	.name = "process",
	.what = "a Linux process under seccomp",
	.report = isle_later_report,
	.start = isle_later_start,
};

const struct isle *const isles[] = { &isle_uhyve, &isle_process, &isle_qemu };
const size_t isle_count = sizeof(isles) / sizeof(isles[0]);

const struct isle *isle_find(const char *name)
{
	for (size_t i = 0; i < isle_count; i++)
		if (!strcmp(isles[i]->name, name))
			return isles[i];
	return NULL;
}

const struct isle *isle_choose(const struct config *c)
{
	if (c->isle) {
		const struct isle *isle = isle_find(c->isle);

		if (isle->start != isle_later_start)
			return isle;
		isle_later_start(c, NULL, -1, NULL);
		return NULL;
	}
	/* The first that is there.  An isle that cannot run here says so when it is started. */
	for (size_t i = 0; i < isle_count; i++)
		if (isles[i]->start != isle_later_start)
			return isles[i];
	return NULL;
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
