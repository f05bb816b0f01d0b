/* SPDX-License-Identifier: MIT */
/*
 * --jail: namespaces of our own (user_namespaces(7), mount_namespaces(7)).
 *
 * A descriptor of a directory leads to everything above it by "..", however empty the root is.  So what stays open is
 * not the host's directory but a copy of the mount below it that hangs nowhere: there ".." ends at its root.
 */
#define _GNU_SOURCE
#include "msg.h"
#include "sandbox/sandbox.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/capability.h>
#include <sched.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

/* A PID namespace is for children only, and we have none: it would take a process that waits for us. */
#define NAMESPACES (CLONE_NEWUSER | CLONE_NEWNS | CLONE_NEWNET | CLONE_NEWIPC | CLONE_NEWUTS)

#define OTHERWISE ", or leave --jail out"

/* What distributions forbid them with. */
static const char *jail_switch(void)
{
	static const struct {
		const char *path, *mend;
		char forbids;
	} switches[] = {
		{ "/proc/sys/kernel/unprivileged_userns_clone",
		  "sysctl -w kernel.unprivileged_userns_clone=1" OTHERWISE, '0' },
		{ "/proc/sys/kernel/apparmor_restrict_unprivileged_userns",
		  "sysctl -w kernel.apparmor_restrict_unprivileged_userns=0" OTHERWISE, '1' },
	};

	for (size_t i = 0; i < sizeof(switches) / sizeof(switches[0]); i++) {
		int fd = open(switches[i].path, O_RDONLY | O_CLOEXEC);
		char c = 0;

		if (fd < 0)
			continue;
		if (read(fd, &c, 1) != 1)
			c = 0;
		close(fd);
		if (c == switches[i].forbids)
			return switches[i].mend;
	}
	return "a container or chroot does so: run outside of it" OTHERWISE;
}

static int jail_failed(const char *what)
{
	int error = errno;

	switch (error) {
	case EPERM:
	case EACCES:
		msg_error("--jail", jail_switch(), "this host forbids namespaces of one's own: %s: %s", what,
			  strerror(error));
		break;
	case ENOSPC:
	case EUSERS:
		msg_error("--jail", "raise user.max_user_namespaces and the like with sysctl" OTHERWISE,
			  "this host allows no more namespaces: %s: %s", what, strerror(error));
		break;
	default:
		msg_error("--jail", "use a Linux of 5.12 or later" OTHERWISE, "%s: %s", what, strerror(error));
	}
	return -error;
}

/* A file in /proc/self. */
static int jail_say(const char *path, const char *text)
{
	int fd = open(path, O_WRONLY | O_CLOEXEC);
	bool said;

	if (fd < 0)
		return -1;
	said = write(fd, text, strlen(text)) == (ssize_t)strlen(text);
	close(fd);
	return said ? 0 : -1;
}

static int jail_map(const char *path, unsigned int id)
{
	char text[64];

	snprintf(text, sizeof(text), "%u %u 1", id, id);
	return jail_say(path, text);
}

/* Our own ids, and no other: all that is possible without privilege. */
static int jail_ids(uid_t uid, gid_t gid)
{
	if (jail_say("/proc/self/setgroups", "deny") || jail_map("/proc/self/gid_map", gid) ||
	    jail_map("/proc/self/uid_map", uid))
		return jail_failed("user namespace");
	return 0;
}

int jail_enter(void)
{
	uid_t uid = geteuid();
	gid_t gid = getegid();
	int r;

	if (unshare(NAMESPACES))
		return jail_failed("unshare");
	r = jail_ids(uid, gid);
	if (r)
		return r;
	r = jail_tree("/proc/self/fd", true);
	if (r >= 0)
		return r;
	errno = -r;
	return jail_failed("/proc/self/fd");
}

int jail_tree(const char *path, bool rdonly)
{
	struct mount_attr attr = { .attr_set = MOUNT_ATTR_NOSUID | MOUNT_ATTR_NOEXEC };
	int fd = open_tree(AT_FDCWD, path, OPEN_TREE_CLONE | OPEN_TREE_CLOEXEC | AT_RECURSIVE), r = 0;
	struct stat st;

	if (fd < 0)
		return -errno;
	if (fstat(fd, &st))
		r = -errno;
	if (rdonly)
		attr.attr_set |= MOUNT_ATTR_RDONLY;
	if (!r && S_ISDIR(st.st_mode))
		attr.attr_set |= MOUNT_ATTR_NODEV; /* a disk may be one */
	if (!r && mount_setattr(fd, "", AT_EMPTY_PATH | AT_RECURSIVE, &attr, sizeof(attr)))
		r = -errno;
	if (!r)
		return fd;
	close(fd);
	return r;
}

/* An empty file system for a root, and no other one below or beside it. */
static int jail_root(void)
{
	int fs = fsopen("tmpfs", FSOPEN_CLOEXEC), root = -1, r;

	if (fs >= 0 && !fsconfig(fs, FSCONFIG_CMD_CREATE, NULL, NULL, 0))
		root = fsmount(fs, FSMOUNT_CLOEXEC,
			       MOUNT_ATTR_RDONLY | MOUNT_ATTR_NOSUID | MOUNT_ATTR_NODEV | MOUNT_ATTR_NOEXEC);
	/* The old root goes, so that none of its mounts is kept busy; an initramfs stays, out of reach. */
	r = root < 0 || fchdir(root) || (umount2("/", MNT_DETACH) && errno != EINVAL) || chroot(".") ? -errno : 0;
	if (root >= 0)
		close(root);
	if (fs >= 0)
		close(fs);
	return r;
}

int jail_close(void)
{
	struct __user_cap_header_struct head = { .version = _LINUX_CAPABILITY_VERSION_3 };
	struct __user_cap_data_struct none[_LINUX_CAPABILITY_U32S_3] = { 0 };
	int r = jail_root();

	for (unsigned long cap = 0; !r && prctl(PR_CAPBSET_READ, cap, 0, 0, 0) >= 0; cap++)
		if (prctl(PR_CAPBSET_DROP, cap, 0, 0, 0))
			r = -errno;
	if (!r && (prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_CLEAR_ALL, 0, 0, 0) || syscall(SYS_capset, &head, none)))
		r = -errno;
	return r;
}
