/* SPDX-License-Identifier: MIT */
/* Pipes and FIFOs (pipe(7)): a ring of bytes with readers and writers.  pipe.lock is a sleeping lock. */
#ifndef IPC_PIPE_H
#define IPC_PIPE_H

#include "lib/types.h"

struct file;
struct inode;

/* ends[0] reads, ends[1] writes; flags: O_NONBLOCK. */
int pipe_create(struct file *ends[2], u32 flags);
/* F_GETPIPE_SZ, F_SETPIPE_SZ: the capacity in bytes; -EBADF: no pipe. */
long pipe_capacity(struct file *f);
long pipe_set_capacity(struct file *f, unsigned long size);

/* For file systems with FIFOs: inode.priv is theirs. */
int fifo_open(struct inode *i, struct file *f);
void fifo_evict(struct inode *i);

#endif
