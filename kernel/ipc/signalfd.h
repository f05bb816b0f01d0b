/* SPDX-License-Identifier: MIT */
/* signalfd(2): the pending signals of whoever reads, as a file.  Takes process.sig_lock. */
#ifndef IPC_SIGNALFD_H
#define IPC_SIGNALFD_H

#include "fs/file.h"
#include "proc/signal.h"

struct file *signalfd_create(sigset_t mask, u32 flags); /* NULL: no memory */
int signalfd_set_mask(struct file *f, sigset_t mask);	 /* -EINVAL: f is no signalfd */

#endif
