/* SPDX-License-Identifier: MIT */
/*
 * A machine as the loader sees it: a process, and the sockets to its guest.
 * The same for every VMM; isle_*.c say how each is told of them.
 * Single-threaded, no locks.
 */
#ifndef CLI_MACHINE_H
#define CLI_MACHINE_H

#include "args.h"

#include <stdbool.h>
#include <sys/types.h>

/*
 * A machine that was started.  The descriptors are ours, nonblocking and
 * close-on-exec; machine_end() closes them.
 */
struct machine {
	pid_t pid; /* leads a session and a process group of its own */
	int io, err, ctl; /* the guest's ports, see <hermit/ctl.h> */
	int serial; /* what the kernel says by itself: to stderr */
	int diag; /* what the VMM says: kept for the message of a failure */
	int stats; /* a file for the VMM's counts (<hermit/stats.h>), the caller's; -1: none */
};

enum { SOCKET_IO, SOCKET_ERR, SOCKET_CTL, SOCKET_SERIAL, MACHINE_SOCKETS };

/* Clears *m but for `stats`, and makes its sockets; theirs[] are for the VMM.  0 or a negative error, reported. */
int machine_sockets(struct machine *m, int theirs[MACHINE_SOCKETS]);

/*
 * Starts `path`, which messages call `name`, with `a` and what it inherits:
 * theirs[], closed here in any case, `initrd` and m->stats (-1: none).  0 or a negative
 * error, reported with `mend`; then *m is closed.
 */
int machine_spawn(struct machine *m, const char *name, const char *mend, const char *path, struct args *a,
		  int theirs[MACHINE_SOCKETS], int initrd, bool no_huge_pages);

/*
 * Waits a moment for the machine to end, kills it if it does not, reaps it and
 * closes the descriptors.  Gives the wait status; *ended: it needed no kill.
 */
int machine_end(struct machine *m, bool *ended);

#endif
