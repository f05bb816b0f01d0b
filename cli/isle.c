/* SPDX-License-Identifier: MIT */
#include "isle.h"
#include "msg.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

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
