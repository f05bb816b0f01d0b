/* SPDX-License-Identifier: MIT */
#include "gdb_place.h"
#include "msg.h"

#include <errno.h>
#include <stddef.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static const char *socket_path(const char *gdb)
{
	return gdb && !strncmp(gdb, "unix:", 5) ? gdb + 5 : NULL;
}

int gdb_place_check(const char *gdb)
{
	const char *path = socket_path(gdb);
	struct stat st;

	if (!path || (lstat(path, &st) && errno == ENOENT))
		return 0;
	msg_error(gdb, "choose another place for gdb, or remove it", "there is a file already");
	return -EEXIST;
}

void gdb_place_clean(const char *gdb)
{
	const char *path = socket_path(gdb);
	struct stat st;

	if (path && !lstat(path, &st) && S_ISSOCK(st.st_mode))
		unlink(path);
}
