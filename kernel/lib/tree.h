/* SPDX-License-Identifier: MIT */
/*
 * Balanced search tree (AVL), intrusive and ordered by a comparison that the
 * user gives.  The caller locks.  Equal keys are allowed: a new node goes after
 * its equals.
 */
#ifndef LIB_TREE_H
#define LIB_TREE_H

#include "lib/types.h"

struct tree_node {
	struct tree_node *left, *right, *parent;
	int height;
};

struct tree {
	struct tree_node *root;
	/* Or NULL: called bottom-up for nodes whose subtree has changed, to keep a summary of it in the node. */
	void (*update)(struct tree_node *n);
};

#define TREE_INIT {NULL, NULL}

/* < 0 if a sorts before b, > 0 if after. */
typedef int tree_cmp(const struct tree_node *a, const struct tree_node *b);

void tree_insert(struct tree *t, struct tree_node *n, tree_cmp *cmp);
void tree_remove(struct tree *t, struct tree_node *n);
/* What `update` summarises of n has changed: brings n and all above it up to date. */
void tree_changed(struct tree *t, struct tree_node *n);
struct tree_node *tree_first(const struct tree *t);
struct tree_node *tree_last(const struct tree *t);
struct tree_node *tree_next(const struct tree_node *n);
struct tree_node *tree_prev(const struct tree_node *n);

#define tree_entry(p, type, member) container_of(p, type, member)

#endif
