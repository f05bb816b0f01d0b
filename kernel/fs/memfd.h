/* SPDX-License-Identifier: MIT */
/*
 * Files in memory without a name (memfd_create(2)) and the seals on them: a
 * ramfs of their own.  For system calls; the ramfs enforces the seals on writes
 * and cuts, mmap(2) those on mappings.  Seals change under inode.lock.
 */
#ifndef FS_MEMFD_H
#define FS_MEMFD_H

#include "lib/types.h"

struct file;

#define F_SEAL_SEAL	    0x01u
#define F_SEAL_SHRINK	    0x02u
#define F_SEAL_GROW	    0x04u
#define F_SEAL_WRITE	    0x08u
#define F_SEAL_FUTURE_WRITE 0x10u
#define F_SEAL_EXEC	    0x20u
#define F_SEAL_ALL	    0x3fu

/* name: at most 249 bytes; NULL: no memory. */
struct file *memfd_file(const char *name, u32 mode, u32 seals);
/* The seals; -EINVAL: not such a file. */
int memfd_seals(struct file *f);
/* F_ADD_SEALS: 0, -EINVAL, -EPERM (sealed, or not open for writing), -EBUSY (F_SEAL_WRITE and it is mapped so). */
int memfd_add_seals(struct file *f, u32 seals);
/* Whether a shared mapping of f may be written, now and in future. */
bool memfd_may_write_shared(struct file *f);

#endif
