/* SPDX-License-Identifier: MIT */
#define _GNU_SOURCE
#include "boot_record.h"
#include "msg.h"

#include <hermit/boot.h>

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/random.h>
#include <sys/stat.h>
#include <sys/utsname.h>
#include <time.h>
#include <unistd.h>

/* A record whose payload comes in two pieces. */
static void rec_add2(struct buf *b, uint32_t type, const void *p1, size_t n1, const void *p2, size_t n2)
{
	struct hermit_boot_rec r = { .type = type, .len = (uint32_t)(n1 + n2) };

	if (n1 + n2 > UINT32_MAX / 2) {
		b->failed = true;
		return;
	}
	buf_add(b, &r, sizeof(r));
	buf_add(b, p1, n1);
	buf_add(b, p2, n2);
	buf_zero(b, -(n1 + n2) & 7);
}

static void rec_add(struct buf *b, uint32_t type, const void *p, size_t n)
{
	rec_add2(b, type, p, n, NULL, 0);
}

static void rec_string(struct buf *b, uint32_t type, const char *s)
{
	rec_add(b, type, s, strlen(s));
}

/* The last -e of a name wins, as the last of several assignments does. */
static bool env_overridden(const struct config *c, const char *entry, size_t from)
{
	size_t len = strcspn(entry, "=");

	for (size_t i = from; i < c->nenv; i++)
		if (!strncmp(c->env[i], entry, len) && c->env[i][len] == '=')
			return true;
	return false;
}

static void rec_env(struct buf *b, const struct config *c, char **env)
{
	for (; *env; env++)
		if (!c->nenv || !env_overridden(c, *env, 0))
			rec_string(b, HERMIT_BOOT_ENV, *env);
	for (size_t i = 0; i < c->nenv; i++)
		if (!env_overridden(c, c->env[i], i + 1))
			rec_string(b, HERMIT_BOOT_ENV, c->env[i]);
}

static void rec_mounts(struct buf *b, const struct view *v)
{
	for (size_t i = 0; i < v->nmounts; i++) {
		struct hermit_boot_mount m = { .flags = (v->mounts[i].rdonly ? HERMIT_MOUNT_RDONLY : 0) |
							(v->mounts[i].overlay ? HERMIT_MOUNT_OVERLAY : 0) };

		snprintf(m.tag, sizeof(m.tag), VIEW_TAG_FORMAT, i);
		rec_add2(b, HERMIT_BOOT_MOUNT, &m, sizeof(m), v->mounts[i].guest, strlen(v->mounts[i].guest));
	}
}

static void rec_ids(struct buf *b)
{
	struct hermit_boot_ids ids = {
		.uid = getuid(), .euid = geteuid(), .gid = getgid(), .egid = getegid()
	};

	ids.umask = umask(0);
	umask((mode_t)ids.umask);
	rec_add(b, HERMIT_BOOT_IDS, &ids, sizeof(ids));
}

/*
 * The host's top directories that hold users' data.  Those of the system are
 * left out: programs look for optional files there all the time, and to hear
 * each time that /usr is not shared would help nobody.
 */
static bool is_system_dir(const char *name)
{
	static const char *const system[] = { "bin",  "boot", "dev", "etc", "lib", "lib32", "lib64", "libx32",
					      "proc", "run",  "sbin", "sys", "tmp", "usr",  "var" };

	for (size_t i = 0; i < sizeof(system) / sizeof(system[0]); i++)
		if (!strcmp(name, system[i]))
			return true;
	return name[0] == '.' || !strcmp(name, "lost+found");
}

static void rec_hosts(struct buf *b)
{
	struct buf list = { 0 };
	DIR *root = opendir("/");
	struct dirent *d;

	if (!root)
		return;
	while ((d = readdir(root)) != NULL) {
		if ((d->d_type != DT_DIR && d->d_type != DT_LNK && d->d_type != DT_UNKNOWN) ||
		    is_system_dir(d->d_name))
			continue;
		buf_add(&list, "/", 1);
		buf_add(&list, d->d_name, strlen(d->d_name) + 1);
	}
	closedir(root);
	if (list.len && !list.failed)
		rec_add(b, HERMIT_BOOT_HOSTS, list.data, list.len);
	buf_free(&list);
}

static void rec_time(struct buf *b)
{
	struct timespec now;
	uint64_t ns;

	clock_gettime(CLOCK_REALTIME, &now);
	ns = (uint64_t)now.tv_sec * 1000000000u + (uint64_t)now.tv_nsec;
	rec_add(b, HERMIT_BOOT_WALLTIME, &ns, sizeof(ns));
}

static void rec_random(struct buf *b)
{
	unsigned char bytes[HERMIT_BOOT_RANDOM_LEN];

	if (getrandom(bytes, sizeof(bytes), 0) == (ssize_t)sizeof(bytes))
		rec_add(b, HERMIT_BOOT_RANDOM, bytes, sizeof(bytes));
	explicit_bzero(bytes, sizeof(bytes));
}

static void rec_flags(struct buf *b, const struct config *c)
{
	uint64_t flags = 0;

	if (c->verbose)
		flags |= HERMIT_BOOT_F_VERBOSE;
	if (c->strace)
		flags |= HERMIT_BOOT_F_STRACE;
	if (c->core)
		flags |= HERMIT_BOOT_F_CORE;
	if (!c->patch)
		flags |= HERMIT_BOOT_F_NO_PATCH;
	if (!c->aslr)
		flags |= HERMIT_BOOT_F_NO_ASLR;
	rec_add(b, HERMIT_BOOT_FLAGS, &flags, sizeof(flags));
}

int boot_record(struct buf *b, const struct config *c, const struct program *p, const struct view *v,
		const struct stdio_state *s, char **env)
{
	struct hermit_boot head = { .magic = HERMIT_BOOT_MAGIC, .version = HERMIT_BOOT_VERSION };
	struct hermit_boot_stdio stdio = { .err_is_out = s->err_is_out };
	struct utsname uts;

	buf_add(b, &head, sizeof(head));
	rec_flags(b, c);
	rec_string(b, HERMIT_BOOT_PROGRAM, p->path);
	for (char **a = c->argv; *a; a++)
		rec_string(b, HERMIT_BOOT_ARG, *a);
	rec_env(b, c, env);
	rec_string(b, HERMIT_BOOT_CWD, v->cwd);
	rec_mounts(b, v);
	memcpy(stdio.kind, s->kind, sizeof(stdio.kind));
	rec_add(b, HERMIT_BOOT_STDIO, &stdio, sizeof(stdio));
	if (s->in_size)
		rec_add(b, HERMIT_BOOT_STDIN_SIZE, &s->in_size, sizeof(s->in_size));
	if (s->tty >= 0)
		rec_add(b, HERMIT_BOOT_WINSIZE, &s->win, sizeof(s->win));
	rec_ids(b);
	if (c->hostname)
		rec_string(b, HERMIT_BOOT_HOSTNAME, c->hostname);
	else if (!uname(&uts))
		rec_string(b, HERMIT_BOOT_HOSTNAME, uts.nodename);
	rec_hosts(b);
	rec_random(b);
	rec_time(b);
	if (b->failed || b->len > UINT32_MAX) {
		msg_error(p->name, "give it fewer or shorter ones", "no memory for its arguments and environment");
		return -ENOMEM;
	}
	head.size = (uint32_t)b->len;
	memcpy(b->data, &head, sizeof(head));
	return 0;
}
