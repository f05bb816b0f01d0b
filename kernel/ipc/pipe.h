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

/*
 * For splice(2) and its kin.  fn moves up to n bytes between the pipe's memory and somewhere else, with pipe.lock held:
 * the number, 0, or -errno; less than n ends the transfer.  Each waits until one byte can be moved (-EAGAIN if
 * nonblock), and moves what can be without waiting again.  The bytes moved; 0 where no writer is left; -EPIPE (with
 * SIGPIPE), -ERESTARTSYS, -ENOMEM.
 */
bool pipe_is(const struct file *f);
typedef ssize_t pipe_fn(void *arg, void *mem, size_t n);
ssize_t pipe_fill(struct file *f, size_t len, bool nonblock, pipe_fn *fn, void *arg);
ssize_t pipe_drain(struct file *f, size_t len, bool nonblock, pipe_fn *fn, void *arg);
/* From pipe to pipe; keep: what is in the first stays there (tee(2)).  -EINVAL: they are one. */
ssize_t pipe_copy(struct file *in, struct file *out, size_t len, bool nonblock, bool keep);

/* For file systems with FIFOs: inode.priv is theirs. */
int fifo_open(struct inode *i, struct file *f);
void fifo_evict(struct inode *i);

#endif
