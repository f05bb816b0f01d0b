/* SPDX-License-Identifier: MIT */
/*
 * Locks on ranges of a file (fcntl(2)): a process's (POSIX) and an open file's
 * (OFD).  Whoever owns one is told apart by an address alone.  They are known in
 * here only: on a host's file, the host does not hear of them.  For fcntl and
 * for those that close files.  Takes a spinlock of its own, the innermost but
 * for the wait queue's.
 */
#ifndef FS_RANGE_LOCK_H
#define FS_RANGE_LOCK_H

#include "fs/vfs.h"

enum range_lock_type { RANGE_READ, RANGE_WRITE, RANGE_UNLOCK }; /* F_RDLCK, F_WRLCK, F_UNLCK */

struct range {
	enum range_lock_type type;
	s64 start, end; /* both included; INT64_MAX: to the end, however far that is */
	bool ofd;
};

/* Sets, or with RANGE_UNLOCK clears, r for owner.  0; -EAGAIN (somebody is in the way and !wait), -ERESTARTSYS, -ENOLCK. */
int range_lock_set(struct inode *i, const void *owner, const struct range *r, bool wait);
/* Whether somebody is in the way of r: true, and *found says who.  RANGE_UNLOCK asks for the owner's own. */
bool range_lock_find(struct inode *i, const void *owner, const struct range *r, struct range *found);
void range_lock_release_slow(struct inode *i, const void *owner);
/* owner's all: an open file that goes, or a process that closes a descriptor of the file, whichever it locked by. */
static inline void range_lock_release(struct inode *i, const void *owner)
{
	if (unlikely(READ_ONCE(i->range_locks) != NULL))
		range_lock_release_slow(i, owner);
}

#endif
