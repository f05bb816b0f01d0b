/* SPDX-License-Identifier: MIT */
#define _GNU_SOURCE
#include "program.h"
#include "config.h"
#include "msg.h"
#include "view.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <linux/openat2.h>
#include <sys/syscall.h>
#include <unistd.h>

/* What a shell uses when there is no PATH. */
#define PATH_DEFAULT "/usr/local/bin:/usr/bin:/bin"

int program_lookup(const char *name, char path[PATH_MAX])
{
	const char *dir = getenv("PATH"), *end;
	int r = -ENOENT;

	if (!dir)
		dir = PATH_DEFAULT;
	if (strchr(name, '/')) {
		if ((size_t)snprintf(path, PATH_MAX, "%s", name) >= PATH_MAX)
			return -ENAMETOOLONG;
		return access(path, X_OK) ? -errno : 0;
	}
	for (;; dir = end + 1) {
		struct stat st;

		end = strchrnul(dir, ':');
		/* An empty entry is the working directory (POSIX, 8.3). */
		if (snprintf(path, PATH_MAX, "%.*s%s%s", (int)(end - dir), dir, end == dir ? "./" : "/", name) <
			    PATH_MAX &&
		    !stat(path, &st) && S_ISREG(st.st_mode)) {
			if (!access(path, X_OK))
				return 0;
			r = -EACCES;
		}
		if (!*end)
			return r;
	}
}

static int program_missing(const char *name, int error)
{
	switch (error) {
	case -ENOENT:
	case -ENOTDIR:
		if (strchr(name, '/'))
			msg_error(name, "check the path", "not found");
		else
			msg_error(name, "for a file here, give ./ before the name", "not found in PATH");
		return STATUS_NOTFOUND;
	case -EACCES:
	case -EPERM:
		msg_error(name, "chmod +x makes it executable", "no permission to run it");
		return STATUS_NOEXEC;
	default:
		msg_error(name, "check the path", "%s", strerror(-error));
		return error == -ENAMETOOLONG || error == -ELOOP ? STATUS_NOTFOUND : STATUS_NOEXEC;
	}
}

/* The path behind an open file: links resolved, as /proc/self/exe has it. */
static int program_path(struct program *p)
{
	char link[40];
	ssize_t n;

	snprintf(link, sizeof(link), "/proc/self/fd/%d", p->fd);
	n = readlink(link, p->path, sizeof(p->path) - 1);
	if (n < 0 || p->path[0] != '/') {
		/* No /proc: the name must do. */
		if (!realpath(p->name, p->path))
			return -errno;
		return 0;
	}
	p->path[n] = 0;
	return 0;
}

/* 0, or after a message an exit status. */
static int program_is_file(struct program *p)
{
	if (p->fd >= 0 && fstat(p->fd, &p->st))
		return program_missing(p->name, -errno);
	if (S_ISDIR(p->st.st_mode)) {
		msg_error(p->name, "name the program in it", "is a directory");
		return STATUS_NOEXEC;
	}
	if (!S_ISREG(p->st.st_mode)) {
		msg_error(p->name, "name an executable file", "is not a regular file");
		return STATUS_NOEXEC;
	}
	return 0;
}

int program_find(struct program *p, const char *name)
{
	char path[PATH_MAX];
	int r = *name ? program_lookup(name, path) : -ENOENT;

	if (!*name)
		name = "''"; /* what a shell user typed */
	*p = (struct program){ .name = name, .fd = -1 };
	if (r)
		return program_missing(name, r);
	p->fd = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK);
	if (p->fd < 0) {
		if (errno != EACCES)
			return program_missing(name, -errno);
		/* Linux runs such a file; we have to carry its contents to the machine. */
		msg_error(name, "chmod +r makes it readable", "no permission to read it");
		return STATUS_NOEXEC;
	}
	r = program_is_file(p);
	if (r)
		return r;
	r = program_path(p);
	return r ? program_missing(name, r) : 0;
}

/* --- in the program's root --- */

/* The file that `guest` (absolute, normal) names in the program's view, O_PATH.  Descriptor or -errno. */
static int root_open(const struct view *v, const char *guest)
{
	struct open_how how = { .flags = O_PATH | O_CLOEXEC, .resolve = RESOLVE_IN_ROOT | RESOLVE_NO_MAGICLINKS };
	const struct mount *m = view_covers(v, guest);
	size_t at = strlen(m->guest);
	int dir = open(m->host, O_PATH | O_DIRECTORY | O_CLOEXEC), fd;

	if (dir < 0)
		return -errno;
	do { /* EAGAIN: something on the way has been renamed meanwhile */
		fd = (int)syscall(SYS_openat2, dir, guest[at] ? guest + at : "/", &how, sizeof(how));
	} while (fd < 0 && errno == EAGAIN);
	if (fd < 0)
		fd = -errno;
	close(dir);
	return fd;
}

static char *root_proc(char link[40], int fd)
{
	snprintf(link, 40, "/proc/self/fd/%d", fd);
	return link;
}

/* Opens p->path.  Its name stays as it was found: the machine follows its links by itself. */
static int root_try(struct program *p, const struct view *v, const char *path)
{
	char *guest = path_normal(v->cwd, path, strlen(path)), link[40];
	int fd, r = 0;

	if (!guest || (size_t)snprintf(p->path, sizeof(p->path), "%s", path) >= sizeof(p->path)) {
		free(guest);
		return guest ? -ENAMETOOLONG : -ENOMEM;
	}
	fd = root_open(v, guest);
	free(guest);
	if (fd < 0)
		return fd;
	if (fstat(fd, &p->st))
		r = -errno;
	else if (S_ISREG(p->st.st_mode) && access(root_proc(link, fd), X_OK))
		r = -errno;
	if (!r && S_ISREG(p->st.st_mode))
		p->fd = open(root_proc(link, fd), O_RDONLY | O_CLOEXEC); /* unreadable: then it goes unchecked */
	close(fd);
	return r;
}

static const char *root_search_path(const struct config *c)
{
	const char *path = getenv("PATH");

	for (size_t i = 0; i < c->nenv; i++)
		if (!strncmp(c->env[i], "PATH=", 5))
			path = c->env[i] + 5;
	return path ? path : PATH_DEFAULT;
}

static int root_search(struct program *p, const char *name, const struct config *c, const struct view *v)
{
	int found = -ENOENT;
	const char *end;

	for (const char *dir = root_search_path(c);; dir = end + 1) {
		char path[PATH_MAX];

		end = strchrnul(dir, ':');
		if (snprintf(path, sizeof(path), "%.*s%s%s", (int)(end - dir), dir, end == dir ? "./" : "/", name) <
		    (int)sizeof(path)) {
			int r = root_try(p, v, path);

			if (!r && S_ISREG(p->st.st_mode))
				return 0;
			if (r == -EACCES)
				found = r;
		}
		if (!*end)
			return found;
	}
}

int program_find_in_root(struct program *p, const char *name, const struct config *c, const struct view *v)
{
	int r = -ENOENT;

	*p = (struct program){ .name = *name ? name : "''", .fd = -1, .in_root = true };
	if (strchr(name, '/'))
		r = root_try(p, v, name);
	else if (*name)
		r = root_search(p, name, c, v);
	if (r)
		return program_missing(p->name, r);
	return program_is_file(p);
}
