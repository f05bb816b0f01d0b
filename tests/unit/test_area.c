/* SPDX-License-Identifier: MIT */
/* Random operations against an array of pages that says which area has each. */
#include "unit.h"
#include "lib/errno.h"
#include "mm/area.h"

#define PAGES 400u
#define BASE  0x10000000ull

static struct area *page_of[PAGES];
static struct area_tree tree;

static unsigned index_of(vaddr_t a) { return (unsigned)((a - BASE) / PAGE_SIZE); }
static vaddr_t addr_of(u64 page) { return BASE + page * PAGE_SIZE; }

static void model_set(const struct area *a, struct area *value)
{
	for (unsigned p = index_of(a->start); p < index_of(a->end); p++)
		page_of[p] = value;
}

static bool model_empty(unsigned lo, unsigned hi)
{
	for (; lo < hi; lo++)
		if (page_of[lo])
			return false;
	return true;
}

static vaddr_t model_gap(unsigned lo, unsigned hi, unsigned pages, unsigned align)
{
	for (int p = (int)hi - (int)pages; p >= (int)lo; p--)
		if (addr_of((unsigned)p) % (align * PAGE_SIZE) == 0 && model_empty((unsigned)p, (unsigned)p + pages))
			return addr_of((unsigned)p);
	return 0;
}

static void check(void)
{
	u64 bytes = 0;
	unsigned count = 0;
	struct area *prev = NULL, *a = area_find_above(&tree, 0);

	for (; a; prev = a, a = area_next(a)) {
		assert_ptr_equal(area_prev(a), prev);
		assert_true(!prev || prev->end <= a->start);
		bytes += a->end - a->start;
		count++;
	}
	assert_int_equal(tree.bytes, bytes);
	assert_int_equal(tree.count, count);
	for (int i = 0; i < 30; i++) {
		unsigned p = (unsigned)unit_below(PAGES), q = p;
		vaddr_t addr = addr_of(p) + unit_below(PAGE_SIZE);

		assert_ptr_equal(area_find(&tree, addr), page_of[p]);
		while (q < PAGES && !page_of[q])
			q++;
		assert_ptr_equal(area_find_above(&tree, addr), q < PAGES ? page_of[q] : NULL);
	}
}

static void check_gaps(void)
{
	for (int i = 0; i < 30; i++) {
		unsigned lo = (unsigned)unit_below(PAGES), hi = lo + (unsigned)unit_below(PAGES - lo + 1);
		unsigned pages = 1 + (unsigned)unit_below(12), align = 1u << unit_below(5);
		vaddr_t want = model_gap(lo, hi, pages, align);

		assert_int_equal(area_find_gap(&tree, addr_of(lo), addr_of(hi), pages * PAGE_SIZE, align * PAGE_SIZE), want);
	}
}

static struct area *new_area(u64 page, u64 pages)
{
	struct area *a = calloc(1, sizeof(*a));

	assert_non_null(a);
	a->start = addr_of(page);
	a->end = addr_of(page + pages);
	a->file = unit_below(2) ? (struct file *)&page_of : NULL;
	a->offset = a->file ? unit_below(100) * PAGE_SIZE : 0;
	return a;
}

static void try_insert(void)
{
	unsigned p = (unsigned)unit_below(PAGES), n = 1 + (unsigned)unit_below(MIN(PAGES - p, 9u));
	struct area *a = new_area(p, n);
	bool fits = model_empty(p, p + n);

	assert_int_equal(area_insert(&tree, a), fits ? 0 : -EEXIST);
	if (fits)
		model_set(a, a);
	else
		free(a);
}

static void remove_and_free(struct area *a)
{
	model_set(a, NULL);
	area_remove(&tree, a);
	free(a);
}

static void split(struct area *a)
{
	u64 pages = (a->end - a->start) / PAGE_SIZE;
	struct area *upper;
	vaddr_t end = a->end, at;

	if (pages < 2)
		return;
	upper = malloc(sizeof(*upper));
	assert_non_null(upper);
	at = a->start + (1 + unit_below(pages - 1)) * PAGE_SIZE;
	area_split(&tree, a, upper, at);
	assert_int_equal(a->end, at);
	assert_int_equal(upper->start, at);
	assert_int_equal(upper->end, end);
	assert_true(area_can_merge(a, upper));
	assert_false(area_can_merge(upper, a));
	model_set(upper, upper);
}

static void resize(struct area *a)
{
	unsigned lo = (unsigned)unit_below(PAGES), hi = lo + 1 + (unsigned)unit_below(PAGES - lo);
	struct area *prev = area_prev(a), *next = area_next(a);
	vaddr_t start = addr_of(lo), end = addr_of(hi);
	bool fits = (!prev || prev->end <= start) && (!next || end <= next->start);

	model_set(a, NULL);
	assert_int_equal(area_resize(&tree, a, start, end), fits ? 0 : -EEXIST);
	model_set(a, a);
}

static void random_changes_keep_the_map(void **state)
{
	area_tree_init(&tree);
	for (unsigned s = 0; s < 20000; s++) {
		struct area *a = page_of[unit_below(PAGES)];

		switch (unit_below(4)) {
		case 0:
			if (a)
				split(a);
			break;
		case 1:
			if (a)
				remove_and_free(a);
			break;
		case 2:
			if (a)
				resize(a);
			break;
		default:
			try_insert();
		}
		if (s % 8 == 0) {
			check();
			check_gaps();
		}
	}
	for (unsigned p = 0; p < PAGES; p++)
		if (page_of[p])
			remove_and_free(page_of[p]);
	assert_null(area_find_above(&tree, 0));
	assert_int_equal(tree.bytes, 0);
}

static void gap_search_survives_the_edges(void **state)
{
	struct area a = {.start = 0x10000, .end = 0x20000};

	area_tree_init(&tree);
	assert_int_equal(area_find_gap(&tree, 0x1000, 0x5000, 0x4000, PAGE_SIZE), 0x1000);
	assert_int_equal(area_find_gap(&tree, 0x1000, 0x5000, 0x5000, PAGE_SIZE), 0);
	assert_int_equal(area_find_gap(&tree, 0x5000, 0x5000, 0x1000, PAGE_SIZE), 0);
	assert_int_equal(area_find_gap(&tree, 0x1000, 0x5000, 0, PAGE_SIZE), 0);
	assert_int_equal(area_find_gap(&tree, 0x1000, 0x5000, ~0xfffull, PAGE_SIZE), 0);
	assert_int_equal(area_insert(&tree, &a), 0);
	assert_int_equal(area_find_gap(&tree, 0x8000, 0x30000, 0x10000, PAGE_SIZE), 0x20000);
	assert_int_equal(area_find_gap(&tree, 0x8000, 0x28000, 0x8000, PAGE_SIZE), 0x20000);
	assert_int_equal(area_find_gap(&tree, 0x8000, 0x28000, 0x9000, PAGE_SIZE), 0);
	assert_int_equal(area_find_gap(&tree, 0x8000, 0x1ffff000, 0x200000, 0x200000), 0x1fc00000);
	assert_int_equal(area_find_gap(&tree, 0, ~0xfffull, 0xfffffffffffd0000, PAGE_SIZE), 0x2f000);
}

static void merging_needs_the_same_kind(void **state)
{
	struct file *f = (struct file *)&tree;
	struct area a = {.start = 0x1000, .end = 0x3000, .flags = AREA_READ};
	struct area b = {.start = 0x3000, .end = 0x4000, .flags = AREA_READ};

	assert_true(area_can_merge(&a, &b));
	b.flags |= AREA_WRITE;
	assert_false(area_can_merge(&a, &b));
	b.flags = a.flags;
	b.start = 0x5000;
	assert_false(area_can_merge(&a, &b));
	b.start = 0x3000;
	a.file = b.file = f;
	assert_false(area_can_merge(&a, &b)); /* both from offset 0 */
	b.offset = 0x2000;
	assert_true(area_can_merge(&a, &b));
	b.file = NULL;
	assert_false(area_can_merge(&a, &b));
}

/* Thousands of stacks: each search must not walk them all. */
static void many_areas_stay_fast(void **state)
{
	enum { COUNT = 20000 };
	struct area *all = calloc(COUNT, sizeof(*all));

	assert_non_null(all);
	area_tree_init(&tree);
	for (unsigned i = 0; i < COUNT; i++) {
		vaddr_t at = area_find_gap(&tree, 0x10000, 1ull << 47, 0x10000, 0x10000);

		all[i].start = at;
		all[i].end = at + 0x9000;
		assert_int_equal(at, (1ull << 47) - 0x10000ull * (i + 1));
		assert_int_equal(area_insert(&tree, &all[i]), 0);
	}
	assert_int_equal(tree.count, COUNT);
	free(all);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(random_changes_keep_the_map),
		cmocka_unit_test(gap_search_survives_the_edges),
		cmocka_unit_test(merging_needs_the_same_kind),
		cmocka_unit_test(many_areas_stay_fast),
	};

	return cmocka_run_group_tests_name("area", tests, NULL, NULL);
}
