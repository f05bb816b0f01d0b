/* SPDX-License-Identifier: MIT */
#define _GNU_SOURCE
#include "options.h"
#include "msg.h"
#include "text.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define PAGE_SIZE 4096ull

static int opt_bad(const char *value, const char *why, const char *mend)
{
	msg_error(value, mend, "%s", why);
	return -EINVAL;
}

static int opt_cpus(struct uhyve_options *o, const char *value)
{
	uint64_t n;

	if (text_number(value, 1, OPTIONS_CPUS_MAX, &n))
		return opt_bad(value, "not a number of CPUs", "give 1 to 255");
	o->cpus = (unsigned int)n;
	return 0;
}

static int opt_affinity(struct uhyve_options *o, const char *value)
{
	int n = text_list(value, CPU_SETSIZE - 1, o->affinity, OPTIONS_CPUS_MAX);

	if (n < 0)
		return opt_bad(value, "not a list of CPUs", "give numbers and ranges, such as 0,4-7");
	o->affinities = (unsigned int)n;
	return 0;
}

static int opt_memory(struct uhyve_options *o, const char *value)
{
	if (text_size(value, &o->mem) || o->mem > 1ull << 46)
		return opt_bad(value, "not a size of memory", "give a number with K, M or G, such as 512M");
	o->mem &= ~(PAGE_SIZE - 1);
	return 0;
}

static int opt_bool(const char *value, bool *b)
{
	return text_bool(value, b) ? opt_bad(value, "neither yes nor no", "give 1 or 0") : 0;
}

static int opt_hugepage(struct uhyve_options *o, const char *value)
{
	return opt_bool(value, &o->hugepage);
}

static int opt_mergeable(struct uhyve_options *o, const char *value)
{
	return opt_bool(value, &o->mergeable);
}

static int opt_fd(const char *value, int *fd)
{
	uint64_t n;

	if (text_number(value, 0, INT_MAX, &n) || fcntl((int)n, F_GETFD) < 0)
		return opt_bad(value, "not an open descriptor", "leave it out, and uhyve uses its own");
	*fd = (int)n;
	return 0;
}

static int opt_port(struct uhyve_options *o, const char *value)
{
	static const char *const names[PORT_COUNT] = { "io", "err", "ctl" };

	for (int i = 0; i < PORT_COUNT; i++) {
		size_t len = strlen(names[i]);

		if (strncmp(value, names[i], len) || value[len] != '=')
			continue;
		o->has_ports = true;
		return opt_fd(value + len + 1, &o->port[i]);
	}
	return opt_bad(value, "no such port", "give io=FD, err=FD or ctl=FD");
}

static int opt_log(struct uhyve_options *o, const char *value)
{
	return opt_fd(value, &o->log);
}

/* A path with an optional ":ro" or ":rw" behind it.  Gives the path, malloced. */
static char *opt_path(const char *value, bool *rdonly)
{
	size_t len = strlen(value);

	bool named = len > 3 && (!strcmp(value + len - 3, ":ro") || !strcmp(value + len - 3, ":rw"));

	*rdonly = named && value[len - 1] == 'o';
	return strndup(value, named ? len - 3 : len);
}

static int opt_fs(struct uhyve_options *o, const char *value)
{
	struct uhyve_share *s = &o->share[o->shares];
	const char *eq = strchr(value, '=');

	if (o->shares == OPTIONS_SHARES_MAX)
		return opt_bad(value, "too many shared directories", "share one above them");
	if (!eq || eq == value || eq - value > OPTIONS_TAG_MAX || !eq[1])
		return opt_bad(value, "not a share", "give TAG=DIR or TAG=DIR:ro, the tag of at most 31 bytes");
	memcpy(s->tag, value, (size_t)(eq - value));
	for (size_t i = 0; i < o->shares; i++)
		if (!strcmp(o->share[i].tag, s->tag))
			return opt_bad(value, "the tag is given twice", "give each share its own");
	s->dir = opt_path(eq + 1, &s->rdonly);
	if (!s->dir)
		return opt_bad(value, "no memory", NULL);
	o->shares++;
	return 0;
}

static int opt_disk(struct uhyve_options *o, const char *value)
{
	struct uhyve_disk *d = &o->disk[o->disks];

	if (o->disks == OPTIONS_DISKS_MAX)
		return opt_bad(value, "too many disks", "give at most 8");
	if (!*value)
		return opt_bad("--disk", "no file named", "give FILE or FILE:ro");
	d->file = opt_path(value, &d->rdonly);
	if (!d->file)
		return opt_bad(value, "no memory", NULL);
	o->disks++;
	return 0;
}

static int opt_stats(struct uhyve_options *o, const char *value)
{
	return opt_fd(value, &o->stats);
}

static int opt_gdb(struct uhyve_options *o, const char *value)
{
	o->gdb = value;
	return 0;
}

static int opt_jail(struct uhyve_options *o, const char *value)
{
	o->jail = true;
	return 0;
}

static int opt_help(struct uhyve_options *o, const char *value)
{
	o->help = true;
	return 0;
}

static int opt_version(struct uhyve_options *o, const char *value)
{
	o->version = true;
	return 0;
}

static const struct row {
	const char *name;
	char letter;
	const char *arg; /* NULL: a switch */
	int (*apply)(struct uhyve_options *o, const char *value);
	const char *help;
} rows[] = {
	{ "cpus", 'c', "N", opt_cpus, "CPUs (1)" },
	{ "affinity", 0, "LIST", opt_affinity, "the host's CPUs for them, in their order, such as 0,4-7" },
	{ "memory", 'm', "SIZE", opt_memory, "memory with suffix K, M or G, else MiB (2G); touched only as used" },
	{ "hugepage", 0, "0|1", opt_hugepage, "back it by huge pages where the host can (1)" },
	{ "mergeable", 0, "0|1", opt_mergeable, "let the host merge equal pages (0)" },
	{ "fs", 0, "TAG=DIR[:ro|:rw]", opt_fs, "share a directory by 9p" },
	{ "disk", 0, "FILE[:ro|:rw]", opt_disk, "a raw disk image" },
	{ "port", 0, "NAME=FD", opt_port, "a connected socket for the port io, err or ctl" },
	{ "log", 0, "FD", opt_log, "where the kernel's log goes" },
	{ "stats", 0, "FD", opt_stats, "a file for what hermit stats tells" },
	{ "gdb", 0, "PORT|unix:PATH", opt_gdb, "wait for gdb there, on loopback" },
	{ "jail", 0, NULL, opt_jail, "namespaces of its own: no network, an empty root" },
	{ "help", 'h', NULL, opt_help, "print this" },
	{ "version", 'V', NULL, opt_version, "print the version" },
};
#define ROWS (sizeof(rows) / sizeof(rows[0]))

static const struct row *row_find(const char *arg, size_t len)
{
	for (size_t i = 0; i < ROWS; i++) {
		const struct row *r = &rows[i];

		if (arg[1] == '-' ? strlen(r->name) == len - 2 && !memcmp(r->name, arg + 2, len - 2) :
				    r->letter && r->letter == arg[1])
			return r;
	}
	return NULL;
}

/* Takes the option at args[0].  Gives how many of args it used, or a negative error. */
static int option_take(struct uhyve_options *o, char **args)
{
	const char *arg = args[0], *value = NULL;
	bool is_long = arg[1] == '-';
	size_t len = is_long ? strcspn(arg, "=") : 2;
	const struct row *row = row_find(arg, len);
	int used = 1, r;

	if (arg[len])
		value = arg + len + (is_long ? 1 : 0);
	if (!row)
		return opt_bad(arg, "no such option", "uhyve --help names them all");
	if (!row->arg && value)
		return opt_bad(arg, "it takes no value", "leave it out");
	if (row->arg && !value) {
		value = args[1];
		used = 2;
	}
	if (row->arg && !value)
		return opt_bad(arg, "needs a value", "uhyve --help names them all");
	r = row->apply(o, value);
	return r ? r : used;
}

int uhyve_options_read(struct uhyve_options *o, char **args)
{
	*o = (struct uhyve_options){
		.cpus = 1, .mem = 2ull << 30, .hugepage = true, .port = { -1, -1, -1 }, .log = -1, .stats = -1,
	};
	while (*args && (*args)[0] == '-' && (*args)[1]) {
		int used;

		if (!strcmp(*args, "--")) {
			args++;
			break;
		}
		used = option_take(o, args);
		if (used < 0)
			return used;
		args += used;
	}
	if (o->help || o->version)
		return 0;
	if (!*args)
		return opt_bad("uhyve", "no kernel named", "uhyve [OPTION...] KERNEL [INITRD [ARGUMENT...]]");
	o->kernel = *args++;
	if (*args)
		o->initrd = *args++;
	o->args = args;
	return 0;
}

void uhyve_options_free(struct uhyve_options *o)
{
	for (size_t i = 0; i < o->shares; i++)
		free(o->share[i].dir);
	for (size_t i = 0; i < o->disks; i++)
		free(o->disk[i].file);
}

void uhyve_options_help(void)
{
	puts("uhyve [OPTION...] KERNEL [INITRD [ARGUMENT...]]\n"
	     "Runs hermit's kernel on KVM. INITRD is an archive or a program, which gets the arguments.\n");
	for (size_t i = 0; i < ROWS; i++) {
		char head[64];

		snprintf(head, sizeof(head), "--%s%s%s", rows[i].name, rows[i].arg ? " " : "",
			 rows[i].arg ? rows[i].arg : "");
		if (rows[i].letter)
			printf("  -%c, %-24s %s\n", rows[i].letter, head, rows[i].help);
		else
			printf("      %-24s %s\n", head, rows[i].help);
	}
}
