/* SPDX-License-Identifier: MIT */
#include "unit.h"
#include "ram.h"
#include "mm/heap.h"

#define RAM (8 * MiB)

static int set_up(void **state)
{
	static bool done;

	if (!done) { /* once: the heap keeps slabs from test to test, as it does in a kernel */
		unit_ram_init(RAM);
		frames_add(0, RAM);
		done = true;
	}
	return 0;
}

static struct {
	u8 *p;
	size_t size;
	u8 fill;
} live[3000];

static void check_fill(unsigned i)
{
	for (size_t k = 0; k < live[i].size; k++)
		assert_int_equal(live[i].p[k], live[i].fill);
}

static size_t random_size(void)
{
	switch (unit_below(8)) {
	case 0:
		return unit_below(20000);
	case 1:
		return unit_below(4200);
	default:
		return unit_below(300);
	}
}

static void release(unsigned i)
{
	check_fill(i);
	kfree(live[i].p);
	live[i].p = NULL;
}

static void obtain(unsigned i)
{
	live[i].size = random_size();
	live[i].p = kmalloc(live[i].size);
	if (!live[i].p)
		return;
	live[i].fill = (u8)unit_random();
	assert_true(IS_ALIGNED((uintptr_t)live[i].p, 16));
	if (live[i].size >= PAGE_SIZE)
		assert_true(IS_ALIGNED((uintptr_t)live[i].p - (uintptr_t)unit_ram, PAGE_SIZE));
	assert_true(kmalloc_size(live[i].p) >= live[i].size);
	live[i].size = unit_below(2) ? live[i].size : kmalloc_size(live[i].p); /* all of it is usable */
	memset(live[i].p, live[i].fill, live[i].size);
}

static void random_use_keeps_contents_apart(void **state)
{
	for (unsigned s = 0; s < 60000; s++) {
		unsigned i = (unsigned)unit_below(ARRAY_SIZE(live));

		if (!live[i].p) {
			obtain(i);
		} else if (unit_below(6) == 0) {
			size_t size = random_size();
			u8 *p = krealloc(live[i].p, size);

			if (!p)
				continue;
			live[i].p = p;
			live[i].size = MIN(live[i].size, size);
			check_fill(i);
			live[i].size = size;
			memset(p, live[i].fill, size);
		} else {
			release(i);
		}
	}
	for (unsigned i = 0; i < ARRAY_SIZE(live); i++)
		if (live[i].p)
			release(i);
	/* At most one empty slab stays with each class. */
	assert_in_range(frame_free_count(), frame_total_count() - 13, frame_total_count());
}

static void exhaustion_gives_null_and_all_comes_back(void **state)
{
	for (size_t size = 1; size <= 2 * MiB; size = size * 3 / 2 + 1) {
		void **chain = NULL, **p;
		u64 sum = 0;

		while ((p = kmalloc(MAX(size, sizeof(void *))))) {
			*p = chain;
			chain = p;
			sum += kmalloc_size(p);
		}
		/* Slabs that stay lie in the way of great blocks. */
		assert_true(sum >= (size <= 8192 ? RAM * 9 / 10 : size <= 65536 ? RAM / 2 : 0));
		assert_null(kzalloc(size + 2 * MiB));
		while (chain) {
			p = *chain;
			kfree(chain);
			chain = p;
		}
		assert_in_range(frame_free_count(), frame_total_count() - 13, frame_total_count());
	}
}

static void too_large_is_null(void **state)
{
	static const size_t sizes[] = {2 * MiB + 1, SIZE_MAX, SIZE_MAX - 4000, SIZE_MAX / 2};
	volatile size_t nothing = 0;
	void *p = kmalloc(nothing);

	for (size_t i = 0; i < ARRAY_SIZE(sizes); i++)
		assert_null(kmalloc(*(const volatile size_t *)&sizes[i]));
	assert_non_null(p);
	kfree(p);
	kfree(NULL);
}

static void kzalloc_zeroes_used_memory(void **state)
{
	u8 *p = kmalloc(500), *q;

	memset(p, 0xff, 500);
	kfree(p);
	q = kzalloc(500);
	assert_ptr_equal(p, q);
	for (int i = 0; i < 500; i++)
		assert_int_equal(q[i], 0);
	kfree(q);
}

/* In every class: the freed object may be the first, the slab's last, or among others. */
static void double_free_panics(void **state)
{
	/* volatile: they live across a longjmp */
	for (volatile size_t size = 16; size <= 2048; size += 16) {
		unsigned n = (unsigned)(PAGE_SIZE / size) + 3;
		void *p[300];

		for (volatile unsigned pattern = 0; pattern < 3; pattern++) {
			for (unsigned i = 0; i < n; i++)
				p[i] = kmalloc(size);
			switch (pattern) {
			case 0: /* the first freed of a full slab: its tail */
				kfree(p[0]);
				assert_panics(kfree(p[0]), "free already");
				break;
			case 1: /* further ones of a slab, head and middle of its list */
				kfree(p[0]);
				kfree(p[1]);
				kfree(p[2]);
				assert_panics(kfree(p[2]), "free already");
				assert_panics(kfree(p[1]), "free already");
				break;
			default: /* with the page's last object still fresh */
				kfree(p[n - 1]);
				assert_panics(kfree(p[n - 1]), "free already");
			}
		}
	}
}

static void double_free_of_blocks_panics(void **state)
{
	void *p = kmalloc(PAGE_SIZE), *q = kmalloc(5 * PAGE_SIZE);

	kfree(p);
	assert_panics(kfree(p), "free already");
	kfree(q);
	assert_panics(kfree(q), "free already");
}

static void foreign_pointers_panic(void **state)
{
	char *p = kmalloc(100), *q = kmalloc(3 * PAGE_SIZE);
	int local;

	assert_panics(kfree(p + 1), "no object");
	assert_panics(kfree(p + 16), "no object");
	assert_panics(kfree(q + 16), "not of the heap");
	assert_panics(kfree(q + PAGE_SIZE), "not of the heap");
	assert_panics(kfree(&local), "not of the heap");
	assert_panics(kfree(frame_ptr(frame_alloc(0))), "not of the heap");
	assert_panics(krealloc(p + 5000 * PAGE_SIZE, 5), "not of the heap");
}

/* What the heap writes into freed objects may stand in a live one: no false alarm. */
static void data_that_looks_freed_is_no_double_free(void **state)
{
	u64 *p = kmalloc(64), *q = kmalloc(64), copy[8];

	kfree(kmalloc(64));
	kfree(p);
	memcpy(copy, p, sizeof(copy));
	p = kmalloc(64);
	memcpy(p, copy, sizeof(copy));
	kfree(p);
	kfree(q);
}

static void realloc_keeps_the_content(void **state)
{
	char *p = krealloc(NULL, 10);

	strcpy(p, "content");
	p = krealloc(p, 100000);
	assert_string_equal(p, "content");
	p = krealloc(p, 8);
	assert_string_equal(p, "content");
	assert_int_equal(kmalloc_size(p), 16);
	assert_null(krealloc(p, 3 * MiB)); /* and p is still there */
	assert_string_equal(p, "content");
	kfree(p);
	p = kstrdup("a copy");
	assert_string_equal(p, "a copy");
	kfree(p);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(random_use_keeps_contents_apart, set_up),
		cmocka_unit_test_setup(exhaustion_gives_null_and_all_comes_back, set_up),
		cmocka_unit_test_setup(too_large_is_null, set_up),
		cmocka_unit_test_setup(kzalloc_zeroes_used_memory, set_up),
		cmocka_unit_test_setup(realloc_keeps_the_content, set_up),
		cmocka_unit_test_setup(data_that_looks_freed_is_no_double_free, set_up),
		cmocka_unit_test_setup(double_free_of_blocks_panics, set_up),
		cmocka_unit_test_setup(foreign_pointers_panic, set_up),
		cmocka_unit_test_setup(double_free_panics, set_up),
	};

	return cmocka_run_group_tests_name("heap", tests, NULL, NULL);
}
