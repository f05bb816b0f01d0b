/* SPDX-License-Identifier: MIT */
/*
 * What a uhyve that a guest has taken over can still do to the host: almost
 * nothing.  main.c calls sandbox_process() once everything is open and before
 * there are threads; each thread gives itself the filter of its kind before the
 * guest's first instruction.  There is no way back.  No locks.
 */
#ifndef UHYVE_SANDBOX_H
#define UHYVE_SANDBOX_H

#include <stdbool.h>
#include <stddef.h>

enum sandbox_kind { SANDBOX_CPU, SANDBOX_GDB, SANDBOX_IO, SANDBOX_BLK, SANDBOX_P9, SANDBOX_KINDS };

struct sandbox_dir {
	const char *path; /* a directory that stays within reach, with all below it */
	bool rdonly;
};

/*
 * --jail, the outer wall; the host may forbid it, and then a message says so.  jail_enter() comes before there is any
 * other thread (unshare(2)): namespaces of our own, with /proc/self/fd's descriptor for hostfs_use_proc() as result.
 * What is needed later is opened through jail_tree(): a copy of the mount at path, in which ".." does not lead out and,
 * if rdonly, nothing can be written.  Its descriptor (O_PATH, to be kept) or a negative error without a message.
 * jail_close(), which sandbox_process() calls: the root is an empty directory, and no capability is left.  No message.
 */
int jail_enter(void);
int jail_tree(const char *path, bool rdonly);
int jail_close(void);

/*
 * No new privileges, ever, and landlock: no file but those below the n directories can be opened any more,
 * and no TCP.  Where the host has no landlock (*landlock false) that is left to hostfs and the filters.  With
 * `jail` it closes that, too.  0 or a negative error.
 */
int sandbox_process(const struct sandbox_dir *dirs, size_t n, bool jail, bool *landlock);

/* Only the system calls of rules.def from here on, for this thread; any other ends the process.  0 or a
 * negative error. */
int sandbox_thread(enum sandbox_kind kind);

#endif
