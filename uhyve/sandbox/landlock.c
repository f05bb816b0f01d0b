/* SPDX-License-Identifier: MIT */
/* Landlock by its system calls, since the C library has no functions for them
 * (Documentation/userspace-api/landlock.rst). */
#define _GNU_SOURCE
#include "sandbox/sandbox.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/landlock.h>
#include <stdint.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

/* Renaming between directories can be allowed from here on: before, it would be refused in a share, too. */
#define ABI_LEAST 2

/* Newer than the headers of the host that this is built on. */
#define FS_TRUNCATE  (1ull << 14) /* ABI 3 */
#define FS_IOCTL_DEV (1ull << 15) /* ABI 5 */
#define NET_TCP	     3ull	  /* ABI 4: bind, connect */
#define SCOPES	     3ull	  /* ABI 6: abstract sockets, signals */

struct ruleset { /* struct landlock_ruleset_attr of ABI 6; older ones are its beginning */
	uint64_t fs, net, scoped;
};

/* Of the 14 rights of ABI 2 those that only read. */
#define FS_ABI2 ((1ull << 14) - 1)
#define FS_READ (LANDLOCK_ACCESS_FS_READ_FILE | LANDLOCK_ACCESS_FS_READ_DIR)

static uint64_t fs_rights(long abi)
{
	return FS_ABI2 | (abi >= 3 ? FS_TRUNCATE : 0) | (abi >= 5 ? FS_IOCTL_DEV : 0);
}

static int ruleset_make(long abi)
{
	struct ruleset r = {.fs = fs_rights(abi), .net = NET_TCP, .scoped = SCOPES};
	size_t size = abi >= 6	 ? sizeof(r)
		      : abi >= 4 ? offsetof(struct ruleset, scoped)
				 : offsetof(struct ruleset, net);
	long fd = syscall(SYS_landlock_create_ruleset, &r, size, 0);

	return fd < 0 ? -errno : (int)fd;
}

static int ruleset_allow(int ruleset, const struct sandbox_dir *d, long abi)
{
	struct landlock_path_beneath_attr a = {
		.allowed_access =
			d->rdonly ? FS_READ : fs_rights(abi) & ~FS_IOCTL_DEV & ~LANDLOCK_ACCESS_FS_EXECUTE,
	};
	int r = 0;

	a.parent_fd = open(d->path, O_PATH | O_CLOEXEC);
	if (a.parent_fd < 0)
		return -errno;
	if (syscall(SYS_landlock_add_rule, ruleset, LANDLOCK_RULE_PATH_BENEATH, &a, 0))
		r = -errno;
	close(a.parent_fd);
	return r;
}

int sandbox_process(const struct sandbox_dir *dirs, size_t n, bool jail, bool *landlock)
{
	long abi = syscall(SYS_landlock_create_ruleset, NULL, 0, LANDLOCK_CREATE_RULESET_VERSION);
	int ruleset = -1, r = 0;

	if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0))
		return -errno;
	*landlock = abi >= ABI_LEAST; /* not: an old kernel, or one that was started without it */
	if (*landlock) {
		ruleset = ruleset_make(abi);
		if (ruleset < 0)
			return ruleset;
	}
	for (size_t i = 0; i < n && *landlock && !r; i++)
		r = ruleset_allow(ruleset, &dirs[i], abi);
	/* Between them: the rules need the paths, and landlock forbids what has to do with mounts. */
	if (!r && jail)
		r = jail_close();
	if (!r && *landlock && syscall(SYS_landlock_restrict_self, ruleset, 0))
		r = -errno;
	if (ruleset >= 0)
		close(ruleset);
	return r;
}
