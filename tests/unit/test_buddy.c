/* SPDX-License-Identifier: MIT */
/* Random operations against a map that says which block owns each frame. */
#include "unit.h"
#include "lib/errno.h"
#include "mm/buddy.h"

#define FRAMES 3000u
#define BLOCKS 1200u

static struct frame meta[FRAMES];
static u8 memory[FRAMES][64]; /* only the first bytes of a free frame are used */
static u16 owner[FRAMES];     /* 0: not allocated, FORBIDDEN: not memory, else block + 1 */
#define FORBIDDEN 0xffff

static struct {
	pfn_t pfn;
	unsigned order;
	bool used;
} blocks[BLOCKS];

static void *pfn_to_ptr(pfn_t pfn)
{
	assert_true(pfn < FRAMES);
	assert_true(owner[pfn] == 0); /* it links free blocks only */
	return memory[pfn];
}

static void start(struct buddy *b)
{
	memset(meta, 0x01, sizeof(meta)); /* rubbish that looks like free blocks of order 1 */
	memset(blocks, 0, sizeof(blocks));
	memset(owner, 0xff, sizeof(owner));
	buddy_init(b, meta, FRAMES, pfn_to_ptr);
}

static void add(struct buddy *b, pfn_t lo, pfn_t hi)
{
	assert_int_equal(buddy_add(b, lo, hi), 0);
	for (pfn_t p = lo; p < hi; p++)
		owner[p] = 0;
}

static bool take(struct buddy *b, unsigned i, unsigned order)
{
	u64 before = b->nfree;
	pfn_t pfn = buddy_alloc(b, order);

	if (pfn == PFN_NONE) {
		assert_int_equal(b->nfree, before);
		return false;
	}
	assert_int_equal(pfn % (1u << order), 0);
	assert_int_equal(b->nfree, before - (1u << order));
	assert_int_equal(meta[pfn].refs, 1);
	assert_int_equal(meta[pfn].owner, 0);
	for (pfn_t p = pfn; p < pfn + (1u << order); p++) {
		assert_true(p < FRAMES && owner[p] == 0);
		owner[p] = (u16)(i + 1);
	}
	memset(memory[pfn], 0xcc, sizeof(memory[0]));
	blocks[i].pfn = pfn;
	blocks[i].order = order;
	blocks[i].used = true;
	return true;
}

static void give(struct buddy *b, unsigned i)
{
	u64 before = b->nfree;

	for (pfn_t p = blocks[i].pfn; p < blocks[i].pfn + (1u << blocks[i].order); p++) {
		assert_int_equal(owner[p], i + 1);
		owner[p] = 0;
	}
	blocks[i].used = false;
	assert_true(buddy_free(b, blocks[i].pfn, blocks[i].order));
	assert_int_equal(b->nfree, before + (1u << blocks[i].order));
	assert_false(buddy_free(b, blocks[i].pfn, blocks[i].order)); /* a second time */
}

static void give_all(struct buddy *b)
{
	for (unsigned i = 0; i < BLOCKS; i++)
		if (blocks[i].used)
			give(b, i);
	assert_int_equal(b->nfree, b->ntotal);
}

static void random_ops(struct buddy *b, unsigned steps)
{
	for (unsigned s = 0; s < steps; s++) {
		unsigned i = (unsigned)unit_below(BLOCKS);

		if (blocks[i].used)
			give(b, i);
		else
			take(b, i, unit_below(4) ? (unsigned)unit_below(3) : (unsigned)unit_below(BUDDY_MAX_ORDER + 1));
	}
}

/* How many blocks of 2 MiB can be had. */
static unsigned count_whole_chunks(struct buddy *b)
{
	unsigned n = 0;

	while (take(b, n, BUDDY_MAX_ORDER))
		n++;
	give_all(b);
	return n;
}

static void odd_ranges_work_and_join_again(void **state)
{
	struct buddy b;

	start(&b);
	add(&b, 1, 159);      /* below 640 KiB, as on a PC */
	add(&b, 256, 700);    /* ends in the middle of a chunk */
	add(&b, 703, 704);    /* a single frame, same chunk */
	add(&b, 900, 2048 + 77);
	add(&b, 2048 + 77, FRAMES); /* touches the one before in the middle of a chunk, ends at the array's end */
	assert_int_equal(b.ntotal, 158 + 444 + 1 + 1148 + 77 + FRAMES - 2048 - 77);
	for (int round = 0; round < 20; round++) {
		random_ops(&b, 4000);
		give_all(&b);
	}
	/* Chunks 2, 3 are whole; chunk 4 is in two ranges, but whole; chunk 5 is cut by the end. */
	assert_int_equal(count_whole_chunks(&b), 3);
}

static void all_memory_can_be_had_in_single_frames(void **state)
{
	struct buddy b;
	unsigned n = 0;

	start(&b);
	add(&b, 5, 1100);
	while (n < BLOCKS && take(&b, n, 0))
		n++;
	assert_int_equal(n, 1095);
	assert_int_equal(b.nfree, 0);
	for (unsigned order = 0; order <= BUDDY_MAX_ORDER + 3; order++)
		assert_true(buddy_alloc(&b, order) == PFN_NONE);
	give_all(&b);
	assert_int_equal(count_whole_chunks(&b), 1);
}

static void metadata_is_touched_only_when_needed(void **state)
{
	struct buddy b;

	start(&b);
	add(&b, 0, 2560);
	assert_int_equal(meta[0].state, 0x01);
	assert_true(take(&b, 0, 0));
	assert_false(buddy_known(&b, 512));
	assert_true(buddy_known(&b, 511));
	for (pfn_t p = 512; p < 2560; p++)
		assert_int_equal(meta[p].refs, 0x01010101);
	assert_int_equal(b.nfree, 2559);
}

static void wrong_frees_are_refused(void **state)
{
	struct buddy b;

	start(&b);
	add(&b, 0, 1024);
	assert_true(take(&b, 0, 3));
	assert_false(buddy_free(&b, blocks[0].pfn, 2));
	assert_false(buddy_free(&b, blocks[0].pfn, 4));
	assert_false(buddy_free(&b, blocks[0].pfn + 1, 0));
	assert_false(buddy_free(&b, blocks[0].pfn + 8, 3));
	assert_false(buddy_free(&b, 1023, 0)); /* not yet initialised */
	assert_false(buddy_free(&b, 2000, 0)); /* never added */
	assert_false(buddy_free(&b, FRAMES + 5, 0));
	assert_false(buddy_free(&b, PFN_NONE, 0));
	give(&b, 0);
}

static void split_gives_single_frames(void **state)
{
	struct buddy b;
	pfn_t first;

	start(&b);
	add(&b, 0, 512);
	assert_true(take(&b, 0, 9));
	first = blocks[0].pfn;
	meta[first].refs = 3;
	buddy_split(&b, first);
	for (unsigned i = 0; i < 512; i++) {
		assert_int_equal(meta[first + i].refs, 3);
		assert_int_equal(meta[first + i].order, 0);
		owner[first + i] = 0;
		assert_true(buddy_free(&b, first + i, 0));
	}
	blocks[0].used = false;
	assert_int_equal(count_whole_chunks(&b), 1);
}

static void ranges_are_limited(void **state)
{
	struct buddy b;

	start(&b);
	for (unsigned i = 0; i < BUDDY_RANGES; i++)
		add(&b, i * 4, i * 4 + 2);
	assert_int_equal(buddy_add(&b, 1000, 1001), -ENOSPC);
	assert_int_equal(buddy_add(&b, 9, 9), 0);
	assert_int_equal(buddy_add(&b, FRAMES, FRAMES + 100), 0); /* beyond the array: nothing to add */
	assert_int_equal(b.ntotal, 2 * BUDDY_RANGES);
	random_ops(&b, 3000);
	give_all(&b);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(odd_ranges_work_and_join_again),
		cmocka_unit_test(all_memory_can_be_had_in_single_frames),
		cmocka_unit_test(metadata_is_touched_only_when_needed),
		cmocka_unit_test(wrong_frees_are_refused),
		cmocka_unit_test(split_gives_single_frames),
		cmocka_unit_test(ranges_are_limited),
	};

	return cmocka_run_group_tests_name("buddy", tests, NULL, NULL);
}
