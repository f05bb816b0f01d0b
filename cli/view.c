/* SPDX-License-Identifier: MIT */
#include "view.h"
#include "msg.h"

#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* Appends the components of path to out, which holds a normal path without its leading "/" for root. */
static size_t path_append(char *out, size_t at, const char *path, size_t len)
{
	size_t i = 0;

	while (i < len) {
		size_t n = 0;

		while (i < len && path[i] == '/')
			i++;
		while (i + n < len && path[i + n] != '/')
			n++;
		if (n == 2 && path[i] == '.' && path[i + 1] == '.') {
			while (at && out[--at] != '/')
				;
		} else if (n && !(n == 1 && path[i] == '.')) {
			out[at++] = '/';
			memcpy(out + at, path + i, n);
			at += n;
		}
		i += n;
	}
	return at;
}

char *path_normal(const char *base, const char *path, size_t len)
{
	char *out = calloc(1, strlen(base) + len + 3);
	size_t at = 0;

	if (!out)
		return NULL;
	if (!len || path[0] != '/')
		at = path_append(out, at, base, strlen(base));
	at = path_append(out, at, path, len);
	if (!at)
		out[at++] = '/';
	out[at] = 0;
	return out;
}

bool path_within(const char *path, const char *dir)
{
	size_t n = strlen(dir);

	if (n == 1)
		return true; /* all lie in "/" */
	return !strncmp(path, dir, n) && (path[n] == '/' || !path[n]);
}

static int view_no_memory(void)
{
	msg_error("start", "free some memory", "no memory");
	return -ENOMEM;
}

/* Takes ownership of guest. */
static int view_add(struct view *v, const char *host, char *guest, bool rdonly, bool overlay)
{
	struct mount *m = &v->mounts[v->nmounts];
	size_t at = v->nmounts;
	struct mount new;
	struct stat st;

	if (!guest)
		return view_no_memory();
	new = (struct mount){ .guest = guest, .rdonly = rdonly, .overlay = overlay };
	new.host = realpath(host, NULL);
	if (!new.host || stat(new.host, &st) || !S_ISDIR(st.st_mode)) {
		msg_error(host, "name a directory of this machine", "cannot be shared: %s",
			  strerror(new.host ? ENOTDIR : errno));
		free(new.host);
		free(guest);
		return -ENOTDIR;
	}
	for (size_t i = 0; i < v->nmounts; i++)
		if (!strcmp(v->mounts[i].guest, guest)) {
			msg_error(guest, "name each place once", "two directories are shared there: %s and %s",
				  v->mounts[i].host, new.host);
			free(new.host);
			free(guest);
			return -EEXIST;
		}
	/* What lies deeper has the longer path, so order by length puts parents first. */
	while (at && strlen(v->mounts[at - 1].guest) > strlen(guest))
		at--;
	memmove(&v->mounts[at + 1], &v->mounts[at], (size_t)(m - &v->mounts[at]) * sizeof(*m));
	v->mounts[at] = new;
	v->nmounts++;
	return 0;
}

static int view_add_shares(struct view *v, const struct config *c, const char *here)
{
	for (size_t i = 0; i < c->nshares; i++) {
		const struct share *s = &c->shares[i];
		char *host = strndup(s->host, s->host_len);
		char *guest;
		int r;

		if (!host)
			return view_no_memory();
		guest = s->guest ? path_normal("/", s->guest, s->guest_len) :
				   path_normal(here, s->host, s->host_len);
		r = view_add(v, host, guest, s->rdonly, s->overlay);
		free(host);
		if (r)
			return r;
	}
	return 0;
}

const struct mount *view_covers(const struct view *v, const char *path)
{
	for (size_t i = v->nmounts; i-- > 0;)
		if (path_within(path, v->mounts[i].guest))
			return &v->mounts[i];
	return NULL;
}

const struct mount *view_root(const struct view *v)
{
	/* Parents come first. */
	return v->nmounts && !strcmp(v->mounts[0].guest, "/") ? &v->mounts[0] : NULL;
}

/* Directories that the kernel fills itself: sharing the host's in their place would hide its own. */
static bool view_is_kernels(const char *path)
{
	return path_within(path, "/dev") || path_within(path, "/proc") || path_within(path, "/sys");
}

/*
 * The working directory is shared by default.  "/" is not: started from there,
 * a program would get the whole host without anybody having said so.  Over a
 * root that is the host's own it is shared too, since what a program writes
 * there is meant to be found afterwards; any other root has no such directory.
 */
static int view_share_cwd(struct view *v, const struct config *c)
{
	const struct mount *m = view_covers(v, v->cwd);

	if (m && !(m->overlay && !strcmp(m->host, "/"))) {
		/* Another root than the host's has no such directory: start at its top, as containers do. */
		if (!c->workdir && !strcmp(m->guest, "/") && strcmp(m->host, "/"))
			v->cwd[1] = 0;
		return 0;
	}
	if (view_is_kernels(v->cwd))
		return 0;
	if (!strcmp(v->cwd, "/")) {
		if (m)
			return 0;
		if (c->verbose || isatty(STDERR_FILENO))
			msg_warn("/", "-v / shares everything", "the working directory is not shared");
		return 0;
	}
	return view_add(v, v->cwd, strdup(v->cwd), false, false);
}

int view_make(struct view *v, const struct config *c)
{
	char here[PATH_MAX];
	int r;

	*v = (struct view){ 0 };
	/* Linux gives "(unreachable)…" for a directory outside the root. */
	if (!getcwd(here, sizeof(here)) || here[0] != '/') {
		if (!c->workdir || c->workdir[0] != '/') {
			msg_error("working directory", "cd to one that exists, or give -w", "%s",
				  strerror(errno ? errno : ENOENT));
			return -ENOENT;
		}
		strcpy(here, "/");
	}
	v->cwd = c->workdir ? path_normal(here, c->workdir, strlen(c->workdir)) : strdup(here);
	if (!v->cwd)
		return view_no_memory();
	r = view_add_shares(v, c, here);
	return r ? r : view_share_cwd(v, c);
}

void view_free(struct view *v)
{
	for (size_t i = 0; i < v->nmounts; i++) {
		free(v->mounts[i].host);
		free(v->mounts[i].guest);
	}
	free(v->cwd);
	*v = (struct view){ 0 };
}
