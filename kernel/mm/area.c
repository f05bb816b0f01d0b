/* SPDX-License-Identifier: MIT */
/*
 * Each node of the tree knows the greatest gap between the areas of its subtree, so that a place for a mapping
 * is found in O(log n): programs with thousands of threads have thousands of areas.
 */
#include "mm/area.h"
#include "lib/errno.h"

static struct area *area_of(const struct tree_node *n) { return tree_entry(n, struct area, node); }

static void summarise(struct tree_node *n)
{
	struct area *a = area_of(n);

	a->sub_start = a->start;
	a->sub_end = a->end;
	a->sub_gap = 0;
	if (n->left) {
		struct area *l = area_of(n->left);

		a->sub_start = l->sub_start;
		a->sub_gap = MAX(l->sub_gap, a->start - l->sub_end);
	}
	if (n->right) {
		struct area *r = area_of(n->right);

		a->sub_end = r->sub_end;
		a->sub_gap = MAX(a->sub_gap, r->sub_gap);
		a->sub_gap = MAX(a->sub_gap, r->sub_start - a->end);
	}
}

static int cmp_start(const struct tree_node *a, const struct tree_node *b)
{
	vaddr_t x = area_of(a)->start, y = area_of(b)->start;

	return x < y ? -1 : x > y;
}

void area_tree_init(struct area_tree *t) { *t = (struct area_tree){.tree = {.update = summarise}}; }

struct area *area_find_above(struct area_tree *t, vaddr_t addr)
{
	struct area *found = NULL;

	if (t->hint && t->hint->start <= addr && addr < t->hint->end)
		return t->hint;
	for (struct tree_node *n = t->tree.root; n;) {
		struct area *a = area_of(n);

		if (a->end > addr) {
			found = a;
			if (a->start <= addr)
				break;
			n = n->left;
		} else {
			n = n->right;
		}
	}
	if (found)
		t->hint = found;
	return found;
}

struct area *area_find(struct area_tree *t, vaddr_t addr)
{
	struct area *a = area_find_above(t, addr);

	return a && a->start <= addr ? a : NULL;
}

struct area *area_next(const struct area *a)
{
	struct tree_node *n = tree_next(&a->node);

	return n ? area_of(n) : NULL;
}

struct area *area_prev(const struct area *a)
{
	struct tree_node *n = tree_prev(&a->node);

	return n ? area_of(n) : NULL;
}

int area_insert(struct area_tree *t, struct area *a)
{
	struct area *above = area_find_above(t, a->start);

	if (above && above->start < a->end)
		return -EEXIST;
	tree_insert(&t->tree, &a->node, cmp_start);
	t->bytes += a->end - a->start;
	t->count++;
	return 0;
}

void area_remove(struct area_tree *t, struct area *a)
{
	if (t->hint == a)
		t->hint = NULL;
	tree_remove(&t->tree, &a->node);
	t->bytes -= a->end - a->start;
	t->count--;
}

int area_resize(struct area_tree *t, struct area *a, vaddr_t start, vaddr_t end)
{
	struct area *prev = area_prev(a), *next = area_next(a);

	if ((prev && prev->end > start) || (next && next->start < end))
		return -EEXIST;
	t->bytes += (end - start) - (a->end - a->start);
	a->start = start;
	a->end = end;
	tree_changed(&t->tree, &a->node);
	return 0;
}

void area_split(struct area_tree *t, struct area *a, struct area *upper, vaddr_t addr)
{
	*upper = (struct area){
		.start = addr,
		.end = a->end,
		.flags = a->flags,
		.file = a->file,
		.offset = a->file ? a->offset + (addr - a->start) : 0,
		.name = a->name,
	};
	area_resize(t, a, a->start, addr);
	area_insert(t, upper);
}

bool area_can_merge(const struct area *a, const struct area *b)
{
	return a->end == b->start && a->flags == b->flags && a->file == b->file && a->name == b->name &&
	       (!a->file || a->offset + (a->end - a->start) == b->offset);
}

struct gap_search {
	vaddr_t lo, hi;
	u64 len, align;
};

/* The highest place within [start, end) and the searched range, or 0. */
static vaddr_t fit(const struct gap_search *g, vaddr_t start, vaddr_t end)
{
	vaddr_t addr;

	start = MAX(start, g->lo);
	end = MIN(end, g->hi);
	if (start >= end || end - start < g->len)
		return 0;
	addr = ALIGN_DOWN(end - g->len, g->align);
	return addr >= start ? addr : 0;
}

/* Between the areas of n's subtree, from the top.  As deep as the tree is high: 1.44 log2(areas). */
static vaddr_t search(const struct gap_search *g, const struct tree_node *n)
{
	const struct area *a;
	vaddr_t addr;

	if (!n)
		return 0;
	a = area_of(n);
	if (a->sub_gap < g->len || a->sub_start >= g->hi || a->sub_end <= g->lo)
		return 0;
	addr = search(g, n->right);
	if (!addr && n->right)
		addr = fit(g, a->end, area_of(n->right)->sub_start);
	if (!addr && n->left)
		addr = fit(g, area_of(n->left)->sub_end, a->start);
	return addr ? addr : search(g, n->left);
}

vaddr_t area_find_gap(struct area_tree *t, vaddr_t lo, vaddr_t hi, u64 len, u64 align)
{
	struct gap_search g = {.lo = lo, .hi = hi, .len = len, .align = MAX(align, PAGE_SIZE)};
	struct tree_node *root = t->tree.root;
	vaddr_t addr;

	if (!len || lo >= hi)
		return 0;
	if (!root)
		return fit(&g, lo, hi);
	addr = fit(&g, area_of(root)->sub_end, hi);
	if (!addr)
		addr = search(&g, root);
	return addr ? addr : fit(&g, lo, area_of(root)->sub_start);
}
