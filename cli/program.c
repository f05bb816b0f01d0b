/* SPDX-License-Identifier: MIT */
#define _GNU_SOURCE
#include "program.h"
#include "msg.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
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
	if (fstat(p->fd, &p->st)) {
		r = -errno;
	} else if (S_ISDIR(p->st.st_mode)) {
		msg_error(name, "name the program in it", "is a directory");
		return STATUS_NOEXEC;
	} else if (!S_ISREG(p->st.st_mode)) {
		msg_error(name, "name an executable file", "is not a regular file");
		return STATUS_NOEXEC;
	} else {
		r = program_path(p);
	}
	return r ? program_missing(name, r) : 0;
}
