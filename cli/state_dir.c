/* SPDX-License-Identifier: MIT */
#define _GNU_SOURCE
#include "state_dir.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

int state_subdir_open(int dir, const char *name, bool make)
{
	struct stat st;
	int fd;

	if (make && mkdirat(dir, name, 0700) && errno != EEXIST)
		return -errno;
	fd = openat(dir, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	if (fd < 0)
		return -errno;
	if (fstat(fd, &st) || st.st_uid != geteuid() || st.st_mode & 022) {
		close(fd);
		return -EPERM;
	}
	return fd;
}

#define NOT_OURS (-EXDEV)

/* $XDG_RUNTIME_DIR, unless it is somebody else's: sudo may have kept the caller's one, and
 * root's files would be in the way there. */
static int state_xdg_open(void)
{
	const char *run = getenv("XDG_RUNTIME_DIR");
	struct stat st;
	int fd;

	if (!run || run[0] != '/')
		return NOT_OURS;
	fd = open(run, O_PATH | O_DIRECTORY | O_CLOEXEC);
	if (fd < 0)
		return -errno;
	if (!fstat(fd, &st) && (st.st_uid == geteuid() || st.st_uid == 0))
		return fd;
	close(fd);
	return NOT_OURS;
}

static int state_base_open(void)
{
	char path[PATH_MAX];
	int fd = state_xdg_open();

	if (fd != NOT_OURS)
		return fd;
	snprintf(path, sizeof(path), "/run/user/%u", (unsigned int)geteuid());
	fd = open(path, O_PATH | O_DIRECTORY | O_CLOEXEC);
	if (fd < 0 && geteuid() == 0)
		fd = open("/run", O_PATH | O_DIRECTORY | O_CLOEXEC);
	return fd < 0 ? -errno : fd;
}

int state_dir_open(bool make)
{
	int base = state_base_open(), fd;

	if (base < 0)
		return base;
	fd = state_subdir_open(base, "hermit", make);
	close(base);
	return fd;
}
