/* SPDX-License-Identifier: MIT */
/* Random insertions and removals against a sorted array; the balance is checked after each. */
#include "unit.h"
#include "lib/tree.h"

#define NODES 600

struct item {
	struct tree_node node;
	unsigned key, serial;
	unsigned count; /* of the subtree: what update() keeps */
	bool in;
};

static struct item items[NODES];
static struct item *model[NODES];
static unsigned model_count;

static struct item *item_of(const struct tree_node *n) { return tree_entry(n, struct item, node); }

static int cmp(const struct tree_node *a, const struct tree_node *b)
{
	return (item_of(a)->key > item_of(b)->key) - (item_of(a)->key < item_of(b)->key);
}

static unsigned count_of(const struct tree_node *n) { return n ? item_of(n)->count : 0; }

static void update(struct tree_node *n) { item_of(n)->count = 1 + count_of(n->left) + count_of(n->right); }

static int check_node(const struct tree_node *n, const struct tree_node *parent, bool summary)
{
	int l, r;

	if (!n)
		return 0;
	assert_ptr_equal(n->parent, parent);
	l = check_node(n->left, n, summary);
	r = check_node(n->right, n, summary);
	assert_in_range(l - r + 1, 0, 2);
	assert_int_equal(n->height, 1 + MAX(l, r));
	if (summary)
		assert_int_equal(item_of(n)->count, 1 + count_of(n->left) + count_of(n->right));
	return n->height;
}

static void check(const struct tree *t)
{
	struct tree_node *n = tree_first(t), *prev = NULL;

	check_node(t->root, NULL, t->update);
	for (unsigned i = 0; i < model_count; i++, prev = n, n = tree_next(n)) {
		assert_non_null(n);
		assert_ptr_equal(item_of(n), model[i]);
		assert_ptr_equal(tree_prev(n), prev);
	}
	assert_null(n);
	assert_ptr_equal(tree_last(t), prev);
}

static void model_insert(struct item *x)
{
	unsigned at = model_count++;

	for (; at && model[at - 1]->key > x->key; at--)
		model[at] = model[at - 1];
	model[at] = x;
}

static void model_remove(struct item *x)
{
	unsigned at = 0;

	while (model[at] != x)
		at++;
	memmove(&model[at], &model[at + 1], (--model_count - at) * sizeof(model[0]));
}

static void run(struct tree *t, unsigned keys, unsigned steps)
{
	memset(items, 0, sizeof(items));
	model_count = 0;
	for (unsigned i = 0; i < steps; i++) {
		struct item *x = &items[unit_below(NODES)];

		if (x->in) {
			tree_remove(t, &x->node);
			model_remove(x);
		} else {
			x->key = (unsigned)unit_below(keys);
			tree_insert(t, &x->node, cmp);
			model_insert(x);
		}
		x->in = !x->in;
		if (i % 16 == 0)
			check(t);
	}
	while (model_count) {
		struct item *x = model[unit_below(model_count)];

		tree_remove(t, &x->node);
		model_remove(x);
		check(t);
	}
	assert_null(t->root);
}

static void random_keys_stay_sorted(void **state)
{
	struct tree t = TREE_INIT;

	run(&t, 1000000, 6000);
}

static void equal_keys_stay_in_order_of_insertion(void **state)
{
	struct tree t = TREE_INIT;

	run(&t, 7, 6000);
	run(&t, 1, 3000);
}

static void summaries_follow_every_change(void **state)
{
	struct tree t = {.update = update};

	run(&t, 200, 6000);
}

static void ascending_keys_stay_low(void **state)
{
	struct tree t = TREE_INIT;

	memset(items, 0, sizeof(items));
	for (unsigned i = 0; i < NODES; i++) {
		items[i].key = i;
		tree_insert(&t, &items[i].node, cmp);
	}
	assert_in_range(t.root->height, 10, 11); /* 600 nodes */
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(random_keys_stay_sorted),
		cmocka_unit_test(equal_keys_stay_in_order_of_insertion),
		cmocka_unit_test(summaries_follow_every_change),
		cmocka_unit_test(ascending_keys_stay_low),
	};

	return cmocka_run_group_tests_name("tree", tests, NULL, NULL);
}
