/* SPDX-License-Identifier: MIT */
/* Waiting for several files at once: what poll(2) and select(2) share. */
#ifndef FS_POLL_H
#define FS_POLL_H

#include "fs/fd.h"

struct pollfd {
	s32 fd;
	s16 events, revents;
};

/*
 * Fills revents; sleeps until one is not 0 or the deadline (monotonic; 0: does not sleep).  pfd: kernel memory.
 * The number of entries with revents; 0 after the deadline; -ERESTARTNOHAND, -ENOMEM.
 */
long poll_wait(struct pollfd *pfd, unsigned n, nsec_t deadline);

#endif
