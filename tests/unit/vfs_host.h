/* SPDX-License-Identifier: MIT */
/* A kernel around the VFS, made of the host's: for its unit tests. */
#ifndef VFS_HOST_H
#define VFS_HOST_H

#include "lib/types.h"

void vfs_host_init(void);
/* From now on every n-th allocation fails; 0: none does. */
extern unsigned vfs_host_fail_every;
extern unsigned vfs_host_sigpipes; /* SIGPIPEs sent */
extern long vfs_host_frames;	   /* frames that are allocated now */
extern unsigned long long vfs_host_now; /* clock_monotonic() */
extern const char *vfs_host_archive, *vfs_host_archive_end; /* addresses that are not the allocator's frames */
/* Program addresses that are not there: copying from and to them fails. */
#define VFS_HOST_BAD ((void *)0x1000)

#endif
