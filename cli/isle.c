/* SPDX-License-Identifier: MIT */
#include "isle.h"
#include "msg.h"

#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

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

static const struct isle isle_process = {
	.name = "process",
	.what = "a Linux process under seccomp",
	.report = isle_later_report,
	.start = isle_later_start,
};

const struct isle *const isles[] = { &isle_uhyve, &isle_process, &isle_qemu };
const size_t isle_count = sizeof(isles) / sizeof(isles[0]);

/* The kernel that is booted is stripped; its symbols lie beside it. */
void isle_announce_gdb(const struct config *c, const char *kernel)
{
	bool is_path = !strncmp(c->gdb, "unix:", 5);
	char symbols[PATH_MAX];

	if (snprintf(symbols, sizeof(symbols), "%s.debug", kernel) >= (int)sizeof(symbols) || access(symbols, R_OK))
		snprintf(symbols, sizeof(symbols), "%s", kernel);
	msg_note("waiting for gdb: gdb %s -ex 'add-symbol-file %s' -ex 'target remote %s%s'", symbols, c->argv[0],
		 is_path ? "" : "127.0.0.1:", is_path ? c->gdb + 5 : c->gdb);
}

const struct isle *isle_find(const char *name)
{
	for (size_t i = 0; i < isle_count; i++)
		if (!strcmp(isles[i]->name, name))
			return isles[i];
	return NULL;
}

/* What only QEMU has was asked for: then it is QEMU that is meant. */
static bool isle_means_qemu(const struct config *c)
{
	return c->kvm == KVM_NEVER || c->machine_named || c->qemu_named || c->monitor;
}

/* Said to a person only: a script has not asked. */
static void isle_announce(const struct isle *wanted, const struct isle_report *why, const struct isle *isle)
{
	if (isatty(STDERR_FILENO))
		msg_note("isle %s instead of %s: %s", isle->name, wanted->name, why->text);
}

const struct isle *isle_choose(const struct config *c)
{
	const struct isle *wanted = NULL;
	struct isle_report why = { .mend = "" };

	if (c->isle) {
		const struct isle *isle = isle_find(c->isle);

		if (isle->start != isle_later_start)
			return isle;
		isle_later_start(c, NULL, -1, NULL);
		return NULL;
	}
	if (isle_means_qemu(c))
		return &isle_qemu;
	/* The last one is not asked: it says when it is started why it cannot be. */
	for (size_t i = 0; i < isle_count - 1; i++) {
		struct isle_report r = { .mend = "" };

		isles[i]->report(c, &r);
		if (r.state == ISLE_WORKS)
			return isles[i];
		if (r.state == ISLE_BROKEN && !wanted) {
			wanted = isles[i];
			why = r;
		}
	}
	if (wanted)
		isle_announce(wanted, &why, isles[isle_count - 1]);
	return isles[isle_count - 1];
}
