/* SPDX-License-Identifier: MIT */
#include "mm/buddy.h"
#include "lib/errno.h"
#include "lib/string.h"

#define CHUNK (1ull << BUDDY_MAX_ORDER)

/* What stands at the start of a free block. */
struct free_block {
	struct list link;
	pfn_t pfn;
};

static void push(struct buddy *b, pfn_t pfn, unsigned order)
{
	struct free_block *f = b->pfn_to_ptr(pfn);

	b->frames[pfn] = (struct frame){.order = (u8)order, .state = FRAME_FREE};
	f->pfn = pfn;
	list_push_front(&b->free[order], &f->link);
	b->nonempty |= 1u << order;
}

static void take(struct buddy *b, pfn_t pfn, unsigned order)
{
	struct free_block *f = b->pfn_to_ptr(pfn);

	list_remove(&f->link);
	if (list_empty(&b->free[order]))
		b->nonempty &= ~(1u << order);
}

/*
 * Frees a block and joins it with its buddies.  A buddy lies in the same chunk, so its metadata is known; and it
 * cannot lie inside a greater block, so its first frame heads a block, or is absent.
 */
static void insert(struct buddy *b, pfn_t pfn, unsigned order)
{
	for (; order < BUDDY_MAX_ORDER; order++) {
		pfn_t buddy = pfn ^ (1ull << order);

		if (buddy >= b->end || b->frames[buddy].state != FRAME_FREE || b->frames[buddy].order != order)
			break;
		take(b, buddy, order);
		b->frames[MAX(pfn, buddy)].state = FRAME_TAIL;
		pfn = MIN(pfn, buddy);
	}
	push(b, pfn, order);
}

void buddy_init(struct buddy *b, struct frame *frames, pfn_t end, void *(*pfn_to_ptr)(pfn_t))
{
	*b = (struct buddy){.frames = frames, .end = end, .pfn_to_ptr = pfn_to_ptr};
	for (unsigned i = 0; i <= BUDDY_MAX_ORDER; i++)
		list_init(&b->free[i]);
}

/*
 * A range's first and last chunk may belong to it only in part: the rest is absent, until another range brings it.
 */
static void mark_edge_absent(struct buddy *b, pfn_t pfn)
{
	pfn_t lo = ALIGN_DOWN(pfn, CHUNK), hi = MIN(lo + CHUNK, b->end);

	for (unsigned i = 0; i < b->nlazy; i++)
		if (b->lazy[i].lo < hi && b->lazy[i].end > lo)
			return; /* done when that range was added; some frames may be in use by now */
	memset(&b->frames[lo], FRAME_ABSENT, (hi - lo) * sizeof(struct frame));
}

int buddy_add(struct buddy *b, pfn_t lo, pfn_t hi)
{
	hi = MIN(hi, b->end);
	if (lo >= hi)
		return 0;
	if (b->nlazy == BUDDY_RANGES)
		return -ENOSPC;
	if (!IS_ALIGNED(lo, CHUNK))
		mark_edge_absent(b, lo);
	if (!IS_ALIGNED(hi, CHUNK))
		mark_edge_absent(b, hi);
	b->lazy[b->nlazy].lo = b->lazy[b->nlazy].next = lo;
	b->lazy[b->nlazy].end = hi;
	b->nlazy++;
	b->nfree += hi - lo;
	b->ntotal += hi - lo;
	return 0;
}

/* Initialises the next chunk and frees its frames.  False if there is none left. */
static bool init_chunk(struct buddy *b)
{
	unsigned r = 0;
	pfn_t lo, hi;

	while (r < b->nlazy && b->lazy[r].next == b->lazy[r].end)
		r++;
	if (r == b->nlazy)
		return false;
	lo = b->lazy[r].next;
	hi = MIN(ALIGN_DOWN(lo, CHUNK) + CHUNK, b->lazy[r].end);
	/* Every byte gets the value: only `state` of a tail means anything. */
	memset(&b->frames[lo], FRAME_TAIL, (hi - lo) * sizeof(struct frame));
	b->lazy[r].next = hi;
	while (lo < hi) {
		unsigned order = lo ? (unsigned)__builtin_ctzll(lo) : BUDDY_MAX_ORDER;

		if (order > BUDDY_MAX_ORDER)
			order = BUDDY_MAX_ORDER;
		while (lo + (1ull << order) > hi)
			order--;
		insert(b, lo, order);
		lo += 1ull << order;
	}
	return true;
}

pfn_t buddy_alloc(struct buddy *b, unsigned order)
{
	unsigned have;
	pfn_t pfn;

	if (order > BUDDY_MAX_ORDER)
		return PFN_NONE;
	while (!(b->nonempty >> order))
		if (!init_chunk(b))
			return PFN_NONE;
	have = order + (unsigned)__builtin_ctz(b->nonempty >> order);
	pfn = list_first(&b->free[have], struct free_block, link)->pfn;
	take(b, pfn, have);
	while (have > order) {
		have--;
		push(b, pfn + (1ull << have), have);
	}
	b->frames[pfn] = (struct frame){.refs = 1, .order = (u8)order, .state = FRAME_USED};
	b->nfree -= 1ull << order;
	return pfn;
}

bool buddy_known(const struct buddy *b, pfn_t pfn)
{
	for (unsigned i = 0; i < b->nlazy; i++)
		if (pfn - b->lazy[i].lo < READ_ONCE(b->lazy[i].next) - b->lazy[i].lo)
			return true;
	return false;
}

bool buddy_free(struct buddy *b, pfn_t pfn, unsigned order)
{
	if (!buddy_known(b, pfn) || b->frames[pfn].state != FRAME_USED || b->frames[pfn].order != order)
		return false;
	insert(b, pfn, order);
	b->nfree += 1ull << order;
	return true;
}

void buddy_split(struct buddy *b, pfn_t pfn)
{
	struct frame f = b->frames[pfn];
	pfn_t end = pfn + (1ull << f.order);

	f.order = 0;
	for (; pfn < end; pfn++)
		b->frames[pfn] = f;
}
