/* SPDX-License-Identifier: MIT */
/* The verb `stats`: what the host knows of a run's machine, and what its monitor counts. */
#define _GNU_SOURCE
#include "entry.h"
#include "msg.h"
#include "verbs.h"

#include <hermit/stats.h>

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

/* A file of /proc/PID as text.  Whether it could be read. */
static bool proc_read(pid_t pid, const char *file, char *text, size_t size)
{
	char path[64];
	ssize_t n;
	int fd;

	snprintf(path, sizeof(path), "/proc/%d/%s", (int)pid, file);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return false;
	n = read(fd, text, size - 1);
	close(fd);
	if (n <= 0)
		return false;
	text[n] = 0;
	return true;
}

static void stats_line(const char *text, const char *key, const char *name)
{
	const char *line = strstr(text, key);

	if (line)
		printf("%-16s %s kB\n", name, strtok(strdupa(line + strlen(key)), " \t\n"));
}

static void stats_memory(pid_t machine)
{
	char text[8192];

	if (!proc_read(machine, "status", text, sizeof(text)))
		return;
	stats_line(text, "VmRSS:", "memory now");
	stats_line(text, "VmHWM:", "memory at most");
}

/* Fields 14 and 15 of /proc/PID/stat, proc(5): user and system time in ticks. */
static void stats_cpu(pid_t machine)
{
	unsigned long user, system, ticks = (unsigned long)sysconf(_SC_CLK_TCK);
	char text[1024];
	const char *after;

	if (!proc_read(machine, "stat", text, sizeof(text)) || !(after = strrchr(text, ')')) ||
	    sscanf(after + 1, " %*c %*d %*d %*d %*d %*d %*u %*u %*u %*u %*u %lu %lu", &user, &system) != 2 || !ticks)
		return;
	printf("%-16s %.2f s in the program and its kernel, %.2f s in the host's\n", "CPU time",
	       (double)user / (double)ticks, (double)system / (double)ticks);
}

/* ---- what the VMM counts ---- */

static void stats_stages(const struct hermit_stats *s)
{
	static const char *const stages[HERMIT_STAGES] = {
		[HERMIT_STAGE_LOADED] = "loaded",
		[HERMIT_STAGE_READY] = "machine made",
		[HERMIT_STAGE_GUEST] = "guest entered",
		[HERMIT_STAGE_DEVICES] = "devices found",
		[HERMIT_STAGE_OUTPUT] = "first output",
	};

	for (int i = HERMIT_STAGE_START + 1; i < HERMIT_STAGES; i++)
		if (s->stage[i] > s->stage[HERMIT_STAGE_START])
			printf("%-16s after %.3f ms\n", stages[i],
			       (double)(s->stage[i] - s->stage[HERMIT_STAGE_START]) / 1e6);
}

static void stats_exits(const struct hermit_stats *s)
{
	static const char *const reasons[HERMIT_EXITS] = {
		[HERMIT_EXIT_MMIO] = "device registers", [HERMIT_EXIT_PORT] = "ports", [HERMIT_EXIT_SIGNAL] = "signals",
		[HERMIT_EXIT_DEBUG] = "debugger", [HERMIT_EXIT_OTHER] = "others",
	};

	for (int i = 0; i < HERMIT_EXITS; i++)
		printf("%s%" PRIu64 " for %s", i ? ", " : "exits            ", s->exits[i], reasons[i]);
	putchar('\n');
}

static void stats_machine(const char *name)
{
	struct hermit_stats s;
	int fd = entry_stats_open(name);

	if (fd < 0)
		return;
	if (read(fd, &s, sizeof(s)) == sizeof(s) && s.magic == HERMIT_STATS_MAGIC) {
		stats_stages(&s);
		stats_exits(&s);
	}
	close(fd);
}

int verb_stats(char **args)
{
	struct entry_info i;

	if (!*args || args[1]) {
		msg_error("stats", "hermit stats NAME", "no run named");
		return STATUS_LOADER;
	}
	if (entry_read(*args, &i)) {
		msg_error(*args, "hermit ps -a lists them", "no such run");
		return STATUS_LOADER;
	}
	if (i.state != ENTRY_RUNNING) {
		msg_error(*args, "hermit ps -a tells how", "it has ended already");
		return STATUS_LOADER;
	}
	printf("%-16s %s\n%-16s %s\n%-16s %s\n%-16s %u\n%-16s %" PRIu64 " kB\n", "name", i.name, "program", i.program,
	       "isle", i.isle, "CPUs", i.cpus, "memory given", i.mem >> 10);
	printf("%-16s %" PRId64 " s\n%-16s %" PRId64 " ms\n", "runs for", (int64_t)time(NULL) - i.started,
	       "loader took", i.ready_ms);
	stats_memory(i.machine);
	stats_cpu(i.machine);
	stats_machine(i.name);
	return fflush(stdout) ? STATUS_LOADER : 0;
}
