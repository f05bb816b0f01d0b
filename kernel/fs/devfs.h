/* SPDX-License-Identifier: MIT */
#ifndef FS_DEVFS_H
#define FS_DEVFS_H

#include "fs/vfs.h"

/* /dev/null, opened, without a walk: what a standard descriptor may be.  NULL: no memory. */
struct file *devfs_null_file(u32 flags);

#endif
