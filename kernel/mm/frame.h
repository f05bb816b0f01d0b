/* SPDX-License-Identifier: MIT */
/*
 * Frames: the machine's memory in pages of 4 KiB, counted by reference.  One
 * buddy allocator behind one lock, in front of it a small cache of single
 * frames for each CPU.  Any CPU, also from event handlers (this_cpu() must
 * work); never sleeps.  Takes its own locks only: the innermost of all.
 */
#ifndef MM_FRAME_H
#define MM_FRAME_H

#include "lib/types.h"
#include "mm/buddy.h"

/* Implemented by the platform: where the kernel sees a frame's memory, and back. */
void *frame_ptr(paddr_t p);
paddr_t frame_addr(const void *p); /* of memory from frame_ptr or kmalloc */

/*
 * Once, at start, by one CPU.  `meta` is for the frames [0, end), 8 bytes each; it stays the frame layer's and
 * need not be zero.  Nothing of it is touched before it is needed.
 */
void frames_init(struct frame *meta, pfn_t end);
/* Gives [lo, hi), rounded inwards to frames, to the allocator.  -ENOSPC: too many ranges.  Frame 0 is left out. */
int frames_add(paddr_t lo, paddr_t hi);

/* 2^order frames, aligned to their size, not zeroed, with one reference.  0: no memory. */
paddr_t frame_alloc(unsigned order);
/*
 * Or NULL: asked when memory is short, from wherever frames are allocated, so it may take neither a lock under which
 * that is done nor kmalloc's.  True: it has freed something.
 */
extern bool (*frame_give_back)(void);
/* The owner gives back the whole block; nobody else may hold a reference.  Panics if it is no such block. */
void frame_free(paddr_t p, unsigned order);
/*
 * Another user of the block that starts at p, and one less: the last one frees it.  Frames that are not
 * managed (the kernel's image, an initrd used in place, devices) may be passed and are left alone.
 */
void frame_ref(paddr_t p);
void frame_unref(paddr_t p);
/* References now; 0 for a frame that is not managed.  Only a hint unless the caller holds the only one. */
u32 frame_refs(paddr_t p);
/* Whether the allocator gave p out: false for the kernel's image, an initrd used in place, devices. */
bool frame_managed(paddr_t p);
/* Turns a block of `order` into 2^order single frames; each gets the references that the block had. */
void frame_split(paddr_t p);
/* Metadata of an allocated block's first frame; NULL if p is not managed.  For owners only (the heap). */
struct frame *frame_meta(paddr_t p);

/* The same without a look whether p is what the caller says: the heap's way to a page it has in a list. */
struct frame *frame_meta_trusted(paddr_t p);

u64 frame_total_count(void); /* frames managed */
u64 frame_free_count(void);  /* of these free; not exact while other CPUs allocate */

#endif
