/* SPDX-License-Identifier: MIT */
/* The verb `ps`. */
#include "entry.h"
#include "msg.h"
#include "verbs.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#define FORMAT "%-20s %-10s %8s %-8s %4s %7s %-19s %s\n"

static void ps_state(const struct entry_info *i, bool told, char text[16])
{
	if (i->state == ENTRY_RUNNING)
		snprintf(text, 16, "%s", told ? "running" : "starting");
	else if (i->state == ENTRY_ENDED)
		snprintf(text, 16, "ended %d", i->status);
	else
		snprintf(text, 16, "lost");
}

static void ps_time(int64_t seconds, char text[24])
{
	time_t t = (time_t)seconds;
	struct tm tm;

	text[0] = 0;
	if (localtime_r(&t, &tm))
		strftime(text, 24, "%Y-%m-%d %H:%M:%S", &tm);
}

static int ps_row(const struct entry_info *i, void *arg)
{
	const bool *all = arg;
	char pid[16] = "-", cpus[16] = "-", mem[24] = "-", state[16], since[24] = "-";
	bool told = i->started; /* it has said who it is */

	if (i->state != ENTRY_RUNNING && !*all)
		return 0;
	if (i->loader)
		snprintf(pid, sizeof(pid), "%d", (int)i->loader);
	if (told) {
		snprintf(cpus, sizeof(cpus), "%u", i->cpus);
		snprintf(mem, sizeof(mem), "%" PRIu64 "M", i->mem >> 20);
		ps_time(i->started, since);
	}
	ps_state(i, told, state);
	printf(FORMAT, i->name, state, pid, told ? i->isle : "-", cpus, mem, since, told ? i->program : "-");
	return 0;
}

int verb_ps(char **args)
{
	bool all = false;
	int r;

	for (; *args; args++) {
		if (strcmp(*args, "-a") && strcmp(*args, "--all")) {
			msg_error(*args, "hermit ps [-a]", "no such option");
			return STATUS_LOADER;
		}
		all = true;
	}
	printf(FORMAT, "NAME", "STATE", "PID", "ISLE", "CPUS", "MEMORY", "SINCE", "PROGRAM");
	r = entry_each(ps_row, &all);
	if (r && r != -ENOENT) { /* no place for entries, so there are none */
		msg_error("ps", "is XDG_RUNTIME_DIR your own?", "%s", strerror(-r));
		return STATUS_LOADER;
	}
	return fflush(stdout) ? STATUS_LOADER : 0;
}
