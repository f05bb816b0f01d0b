/* SPDX-License-Identifier: MIT */
/*
 * A file's pages in memory: a sparse array of frames by page number, a radix
 * tree of 512-way nodes that grows upwards as it must, so that an append costs
 * the same at any length.  A hole has no frame.  The caller locks.
 */
#ifndef FS_PAGES_H
#define FS_PAGES_H

#include "lib/types.h"

#define PAGES_FANOUT 512

struct pages {
	void *root;	 /* a frame's memory (height 0) or a node */
	unsigned height; /* levels of nodes; 0: only page 0 */
	u64 count;	 /* frames */
};

/* Page `index`'s memory, or NULL: a hole. */
void *pages_find(const struct pages *p, u64 index);
/* The same, with the place made ready for it; NULL: no memory.  *slot is NULL where there is a hole. */
void **pages_slot(struct pages *p, u64 index);
/* Drops the pages from `first` to `last`, both included. */
void pages_drop(struct pages *p, u64 first, u64 last);
/* The first page >= index that is there; ~0: none. */
u64 pages_next(const struct pages *p, u64 index);

/* Implemented by the user of this: a page goes. */
void pages_free_page(void *page);

#endif
