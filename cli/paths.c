/* SPDX-License-Identifier: MIT */
#include "paths.h"
#include "msg.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

/* PREFIX of PREFIX/bin/proxy. */
static int path_prefix(char path[PATH_MAX])
{
	ssize_t n = readlink("/proc/self/exe", path, PATH_MAX - 1);

	if (n < 0)
		return -errno;
	path[n] = 0;
	for (int up = 0; up < 2; up++) {
		char *slash = strrchr(path, '/');

		if (!slash)
			return -ENOENT;
		*slash = 0;
	}
	return 0;
}

int path_kernel_find(const struct config *c, char path[PATH_MAX])
{
	char prefix[PATH_MAX];
	int n, r;

	if (c->kernel) {
		n = snprintf(path, PATH_MAX, "%s", c->kernel);
	} else {
		r = path_prefix(prefix);
		if (r) {
			snprintf(path, PATH_MAX, "../" PATHS_KERNEL);
			return r;
		}
		n = snprintf(path, PATH_MAX, "%s/" PATHS_KERNEL, prefix);
	}
	if (n >= PATH_MAX)
		return -ENAMETOOLONG;
	return access(path, R_OK) ? -errno : 0;
}

int path_uhyve(char path[PATH_MAX])
{
	char prefix[PATH_MAX];
	int r = path_prefix(prefix);

	if (r)
		prefix[0] = 0;
	if (snprintf(path, PATH_MAX, "%s/" PATHS_UHYVE, prefix) >= PATH_MAX)
		return -ENAMETOOLONG;
	return r ? r : access(path, X_OK) ? -errno : 0;
}

int path_kernel(const struct config *c, char path[PATH_MAX])
{
	int r = path_kernel_find(c, path);

	if (r)
		msg_error(path, c->kernel ? "check HERMIT_KERNEL" : "install hermit again, or set HERMIT_KERNEL",
			  "cannot read the kernel: %s", strerror(-r));
	return r;
}
