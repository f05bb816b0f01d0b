/* SPDX-License-Identifier: MIT */
#include "fs/pages.h"
#include "mm/heap.h"

#define PAGES_BITS 9

struct pages_node {
	void *slot[PAGES_FANOUT];
};

/* Pages that a tree of this height can hold. */
static u64 capacity(unsigned height) { return height >= 7 ? ~0ull : 1ull << (PAGES_BITS * height); }

static unsigned slot_of(u64 index, unsigned level) { return (index >> (PAGES_BITS * level)) & (PAGES_FANOUT - 1); }

void *pages_find(const struct pages *p, u64 index)
{
	void *n = p->root;

	if (index >= capacity(p->height))
		return NULL;
	for (unsigned level = p->height; n && level > 0; level--)
		n = ((struct pages_node *)n)->slot[slot_of(index, level - 1)];
	return n;
}

void **pages_slot(struct pages *p, u64 index)
{
	void **slot;

	while (index >= capacity(p->height)) {
		if (p->root) {
			struct pages_node *n = kzalloc(sizeof(*n));

			if (!n)
				return NULL;
			n->slot[0] = p->root;
			p->root = n;
		}
		p->height++;
	}
	slot = &p->root;
	for (unsigned level = p->height; level > 0; level--) {
		if (!*slot) {
			*slot = kzalloc(sizeof(struct pages_node));
			if (!*slot)
				return NULL;
		}
		slot = &((struct pages_node *)*slot)->slot[slot_of(index, level - 1)];
	}
	return slot;
}

/* Drops what lies within [first, last] below *slot, whose subtree begins at page `base`. */
static void drop(struct pages *p, void **slot, unsigned level, u64 base, u64 first, u64 last)
{
	struct pages_node *n = *slot;
	u64 step;
	bool empty = true;

	if (!n)
		return;
	if (level == 0) {
		pages_free_page(n);
		p->count--;
		*slot = NULL;
		return;
	}
	step = capacity(level - 1);
	for (unsigned i = 0; i < PAGES_FANOUT; i++) {
		u64 lo = base + i * step;

		if (n->slot[i] && lo <= last && lo + (step - 1) >= first)
			drop(p, &n->slot[i], level - 1, lo, first, last);
		empty &= !n->slot[i];
	}
	if (empty) {
		kfree(n);
		*slot = NULL;
	}
}

void pages_drop(struct pages *p, u64 first, u64 last)
{
	drop(p, &p->root, p->height, 0, first, last);
	if (!p->root)
		p->height = 0;
}

static u64 next(void *node, unsigned level, u64 base, u64 index)
{
	u64 step;

	if (!node)
		return ~0ull;
	if (level == 0)
		return base >= index ? base : ~0ull;
	step = capacity(level - 1);
	for (unsigned i = 0; i < PAGES_FANOUT; i++) {
		u64 lo = base + i * step, r;

		if (lo + (step - 1) < index)
			continue;
		r = next(((struct pages_node *)node)->slot[i], level - 1, lo, index);
		if (r != ~0ull)
			return r;
	}
	return ~0ull;
}

u64 pages_next(const struct pages *p, u64 index) { return next(p->root, p->height, 0, index); }
