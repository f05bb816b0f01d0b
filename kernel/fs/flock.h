/* SPDX-License-Identifier: MIT */
/*
 * flock(2)'s locks: between open files, on an inode.  They are known in here
 * only: on a host's file, the host does not hear of them.  Takes a spinlock of
 * its own, the innermost but for the wait queue's.
 */
#ifndef FS_FLOCK_H
#define FS_FLOCK_H

#include "fs/file.h"

#define LOCK_SH 1
#define LOCK_EX 2
#define LOCK_NB 4
#define LOCK_UN 8

/* 0, -EWOULDBLOCK (LOCK_NB), -ERESTARTSYS, -ENOMEM, -EINVAL. */
int flock_set(struct file *f, unsigned op);
void flock_release(struct file *f); /* f is being released */

#endif
