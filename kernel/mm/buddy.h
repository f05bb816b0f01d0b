/* SPDX-License-Identifier: MIT */
/*
 * Buddy allocator of frames: the data structure alone.  The caller locks
 * (mm/frame.h is that caller).  A frame's metadata is an entry of an array
 * indexed by frame number; it is initialised only when its chunk of 2 MiB is
 * first needed, so a machine with much memory starts as fast as a small one,
 * and untouched memory is not touched.  The array need not be zero.
 */
#ifndef MM_BUDDY_H
#define MM_BUDDY_H

#include "lib/list.h"
#include "lib/types.h"

#define BUDDY_MAX_ORDER 9 /* 2 MiB, also the chunk of lazy initialisation */
#define BUDDY_RANGES	32

typedef u64 pfn_t;
#define PFN_NONE (~0ull)

enum frame_state {
	FRAME_ABSENT = 0, /* not memory, or not yet initialised */
	FRAME_FREE,	  /* head of a free block of `order` */
	FRAME_TAIL,	  /* inside a block whose head says more */
	FRAME_USED,	  /* head of an allocated block of `order` */
};

/* Metadata of a frame, 8 bytes. */
struct frame {
	u32 refs;  /* of an allocated block's head: mappings and kernel users */
	u8 order;  /* of the block that starts here */
	u8 state;  /* enum frame_state */
	u16 owner; /* for the user of the block: the heap keeps its size class here */
};

struct buddy {
	struct frame *frames; /* by frame number, for [0, end) */
	pfn_t end;
	void *(*pfn_to_ptr)(pfn_t); /* where the kernel sees a frame: free blocks are linked through themselves */
	struct list free[BUDDY_MAX_ORDER + 1];
	u64 nfree;  /* frames free, those not yet initialised included */
	u64 ntotal;
	u32 nonempty; /* bit n: free[n] has blocks */
	struct {
		pfn_t lo, next, end; /* [lo, end) was added; [next, end) is not yet initialised */
	} lazy[BUDDY_RANGES];
	unsigned nlazy;
};

void buddy_init(struct buddy *b, struct frame *frames, pfn_t end, void *(*pfn_to_ptr)(pfn_t));
/* Gives [lo, hi), which no earlier call gave, to the allocator; initialises nothing yet.  -ENOSPC when BUDDY_RANGES are used up. */
int buddy_add(struct buddy *b, pfn_t lo, pfn_t hi);
/* A block of 2^order frames, aligned to its size, with refs 1; PFN_NONE if there is none. */
pfn_t buddy_alloc(struct buddy *b, unsigned order);
/* Frees a block that buddy_alloc gave.  False (and nothing done) if pfn is no allocated block of that order. */
bool buddy_free(struct buddy *b, pfn_t pfn, unsigned order);
/* Turns an allocated block into single allocated frames, each with the refs that the block had. */
void buddy_split(struct buddy *b, pfn_t pfn);
/* Whether pfn's metadata means something: it was added and its chunk has been needed. */
bool buddy_known(const struct buddy *b, pfn_t pfn);

#endif
