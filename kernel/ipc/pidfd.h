/* SPDX-License-Identifier: MIT */
/* pidfd_open(2): a process as a file.  Takes no lock. */
#ifndef IPC_PIDFD_H
#define IPC_PIDFD_H

#include "fs/file.h"

struct process;

struct file *pidfd_create(struct process *p, u32 flags); /* NULL: no memory */
struct process *pidfd_process(struct file *f);		  /* NULL: f is no pidfd */

#endif
