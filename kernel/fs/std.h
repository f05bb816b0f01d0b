/* SPDX-License-Identifier: MIT */
#ifndef FS_STD_H
#define FS_STD_H

struct inode;

/* The terminal's inode if a standard descriptor is one, else NULL.  No reference: it lives for ever. */
struct inode *std_tty(void);

#endif
