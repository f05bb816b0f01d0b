/* SPDX-License-Identifier: MIT */
/*
 * Shared mappings of files whose bytes are a server's: the pages that are mapped,
 * kept in memory beside the inode as long as someone maps them.  read(2) and
 * write(2) of the same file go through mapped_write_back and mapped_write, so that
 * both see the same bytes; the server gets what has been written to the pages at
 * msync, fsync, when a file that maps them is released, and at the end.
 * Locks: mapped.io_lock (sleeping) orders write-backs; mapped.lock (a spinlock,
 * inside) guards the pages.
 */
#ifndef FS_MAPPED_H
#define FS_MAPPED_H

#include "fs/file.h"

struct mapped;

/* Files of these types have bytes at offsets, so that they may be mapped shared. */
#define HAS_BYTES(mode) (S_ISREG(mode) || S_ISBLK(mode))

/* file_page_shared() for files that have read_page and write but no pages of their own. */
int mapped_page(struct file *f, u64 off, bool write, paddr_t *frame);
/* See file_page_written. */
int mapped_written(struct file *f, u64 off);
/* Gives the server what has been written to the pages of f's inode; through f, if it must be. */
int mapped_write_back(struct file *f);
/* f->ops->write() for an inode with mapped pages, which get the bytes as well. */
ssize_t mapped_write(struct file *f, struct uio *u, u64 *off);
/* The server's file has changed: pages that have not been written to take its bytes.  f must be readable. */
void mapped_refresh(struct file *f);
/* The file has been cut to `size`. */
void mapped_cut(struct inode *i, u64 size);
/* f is being released: writes back, and drops pages that nobody maps any more. */
void mapped_release(struct file *f);
void mapped_free(struct inode *i);
/* Whether any file is mapped so: at the end of a run its mappings must be undone. */
bool mapped_any(void);

#endif
