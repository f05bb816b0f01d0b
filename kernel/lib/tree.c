/* SPDX-License-Identifier: MIT */
/* AVL: the heights of a node's two subtrees differ by at most one (Knuth, TAOCP 3, 6.2.3). */
#include "lib/tree.h"

static int height(const struct tree_node *n) { return n ? n->height : 0; }

/* Puts `n` where `old` hung below `parent`. */
static void replace_child(struct tree *t, struct tree_node *parent, struct tree_node *old, struct tree_node *n)
{
	if (!parent)
		t->root = n;
	else if (parent->left == old)
		parent->left = n;
	else
		parent->right = n;
	if (n)
		n->parent = parent;
}

static void refresh(struct tree *t, struct tree_node *n)
{
	n->height = 1 + MAX(height(n->left), height(n->right));
	if (t->update)
		t->update(n);
}

/* n's right child takes n's place; returns it. */
static struct tree_node *rotate_left(struct tree *t, struct tree_node *n)
{
	struct tree_node *r = n->right;

	n->right = r->left;
	if (n->right)
		n->right->parent = n;
	replace_child(t, n->parent, n, r);
	r->left = n;
	n->parent = r;
	refresh(t, n);
	refresh(t, r);
	return r;
}

static struct tree_node *rotate_right(struct tree *t, struct tree_node *n)
{
	struct tree_node *l = n->left;

	n->left = l->right;
	if (n->left)
		n->left->parent = n;
	replace_child(t, n->parent, n, l);
	l->right = n;
	n->parent = l;
	refresh(t, n);
	refresh(t, l);
	return l;
}

/* Makes n's subtree balanced, given that its children's are; returns its root. */
static struct tree_node *balance(struct tree *t, struct tree_node *n)
{
	int d = height(n->left) - height(n->right);

	if (d > 1) {
		if (height(n->left->left) < height(n->left->right))
			rotate_left(t, n->left);
		return rotate_right(t, n);
	}
	if (d < -1) {
		if (height(n->right->right) < height(n->right->left))
			rotate_right(t, n->right);
		return rotate_left(t, n);
	}
	refresh(t, n);
	return n;
}

/* From n up to the root, or to where nothing changes any more. */
static void rebalance(struct tree *t, struct tree_node *n)
{
	while (n) {
		int old = n->height;

		n = balance(t, n);
		if (n->height == old && !t->update)
			break;
		n = n->parent;
	}
}

void tree_insert(struct tree *t, struct tree_node *n, tree_cmp *cmp)
{
	struct tree_node **link = &t->root, *parent = NULL;

	while (*link) {
		parent = *link;
		link = cmp(n, parent) < 0 ? &parent->left : &parent->right;
	}
	n->left = n->right = NULL;
	n->parent = parent;
	n->height = 1;
	*link = n;
	if (t->update)
		t->update(n);
	rebalance(t, parent);
}

void tree_remove(struct tree *t, struct tree_node *n)
{
	struct tree_node *from; /* the lowest node whose subtree shrinks */

	if (n->left && n->right) {
		struct tree_node *s = n->right; /* the next in order takes n's place */

		while (s->left)
			s = s->left;
		from = s->parent == n ? s : s->parent;
		replace_child(t, s->parent, s, s->right);
		s->left = n->left;
		s->left->parent = s;
		s->right = n->right;
		if (s->right)
			s->right->parent = s;
		s->height = n->height;
		replace_child(t, n->parent, n, s);
	} else {
		from = n->parent;
		replace_child(t, n->parent, n, n->left ? n->left : n->right);
	}
	n->left = n->right = n->parent = NULL;
	rebalance(t, from);
}

void tree_changed(struct tree *t, struct tree_node *n)
{
	if (t->update)
		for (; n; n = n->parent)
			t->update(n);
}

struct tree_node *tree_first(const struct tree *t)
{
	struct tree_node *n = t->root;

	while (n && n->left)
		n = n->left;
	return n;
}

struct tree_node *tree_last(const struct tree *t)
{
	struct tree_node *n = t->root;

	while (n && n->right)
		n = n->right;
	return n;
}

struct tree_node *tree_next(const struct tree_node *n)
{
	if (n->right) {
		n = n->right;
		while (n->left)
			n = n->left;
		return (struct tree_node *)n;
	}
	while (n->parent && n->parent->right == n)
		n = n->parent;
	return n->parent;
}

struct tree_node *tree_prev(const struct tree_node *n)
{
	if (n->left) {
		n = n->left;
		while (n->right)
			n = n->right;
		return (struct tree_node *)n;
	}
	while (n->parent && n->parent->left == n)
		n = n->parent;
	return n->parent;
}
