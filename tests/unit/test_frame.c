/* SPDX-License-Identifier: MIT */
#include "unit.h"
#include "ram.h"
#include "proc/cpu.h"

#define RAM (6 * MiB)

static paddr_t got[RAM / PAGE_SIZE];

static int set_up(void **state)
{
	unit_ram_init(RAM);
	assert_int_equal(frames_add(0, 0x9f123), 0);
	assert_int_equal(frames_add(1 * MiB + 5, RAM - 7), 0);
	return 0;
}

/* Takes single frames, each on another CPU, until there are none. */
static unsigned take_all(void)
{
	unsigned n = 0;

	for (;; n++) {
		test_cpu.id = n % 5;
		got[n] = frame_alloc(0);
		if (!got[n])
			return n;
	}
}

static void frame_zero_is_never_given(void **state)
{
	unsigned n = take_all();

	assert_int_equal(n, frame_total_count());
	assert_int_equal(n, 0x9f - 1 + (RAM - MiB) / PAGE_SIZE - 2);
	for (unsigned i = 0; i < n; i++)
		frame_free(got[i], 0);
	assert_int_equal(frame_free_count(), n);
}

static void frames_at_other_cpus_are_found(void **state)
{
	unsigned n = take_all();

	test_cpu.id = 7;
	for (unsigned i = 0; i < 10; i++) /* lie in CPU 7's cache now */
		frame_free(got[i], 0);
	test_cpu.id = 0;
	for (unsigned i = 0; i < 10; i++) {
		got[i] = frame_alloc(0);
		assert_true(got[i]);
	}
	assert_int_equal(frame_alloc(0), 0);
	for (unsigned i = 0; i < n; i++) {
		test_cpu.id = i % 64;
		frame_free(got[i], 0);
	}
	/* Whole blocks come back too, though each CPU keeps some of their frames. */
	test_cpu.id = 63;
	assert_true(frame_alloc(9)); /* the one chunk of which no frame is missing */
	assert_int_equal(frame_alloc(9), 0);
}

static void last_reference_frees(void **state)
{
	for (unsigned order = 0; order < 4; order++) {
		u64 before = frame_free_count();
		paddr_t p = frame_alloc(order);

		assert_int_equal(frame_free_count(), before - (1u << order));
		assert_int_equal(frame_refs(p), 1);
		frame_ref(p);
		frame_ref(p);
		assert_int_equal(frame_refs(p), 3);
		frame_unref(p);
		frame_unref(p);
		assert_int_equal(frame_free_count(), before - (1u << order));
		frame_unref(p);
		assert_int_equal(frame_free_count(), before);
		assert_int_equal(frame_refs(p), 0);
	}
}

static void one_reference_less_than_none_panics(void **state)
{
	paddr_t p = frame_alloc(0);

	frame_unref(p);
	assert_panics(frame_unref(p), "is free");
}

static void what_is_not_managed_is_left_alone(void **state)
{
	static const paddr_t others[] = {0, 0x9f000, 0xa0000, 1 * MiB, RAM - PAGE_SIZE, RAM, 1ull << 40, ~0xfffull};

	for (volatile size_t i = 0; i < ARRAY_SIZE(others); i++) { /* volatile: it lives across a longjmp */
		assert_false(frame_managed(others[i]));
		frame_ref(others[i]);
		frame_unref(others[i]);
		frame_unref(others[i]);
		assert_int_equal(frame_refs(others[i]), 0);
		assert_panics(frame_free(others[i], 0), "no block");
	}
}

static void wrong_frees_panic(void **state)
{
	paddr_t p = frame_alloc(0), q = frame_alloc(2);

	assert_panics(frame_free(p, 1), "no block of order 1");
	assert_panics(frame_free(p + 8, 0), "no block");
	assert_panics(frame_free(q, 0), "no block");
	assert_panics(frame_free(q + PAGE_SIZE, 0), "no block");
	frame_ref(p);
	assert_panics(frame_free(p, 0), "other users");
	p = frame_alloc(0);
	frame_free(p, 0);
	assert_panics(frame_free(p, 0), "free already");
	assert_panics(frame_ref(p), "is free");
	frame_free(q, 2);
	assert_panics(frame_free(q, 2), "frame_free");
}

static void split_frames_live_on_their_own(void **state)
{
	u64 before = frame_free_count();
	paddr_t p = frame_alloc(9);

	frame_split(p);
	for (unsigned i = 0; i < 512; i++) {
		assert_int_equal(frame_refs(p + i * PAGE_SIZE), 1);
		frame_unref(p + i * PAGE_SIZE);
	}
	assert_int_equal(frame_free_count(), before);
	assert_panics(frame_split(0xa0000), "no block");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(frame_zero_is_never_given, set_up),
		cmocka_unit_test_setup(frames_at_other_cpus_are_found, set_up),
		cmocka_unit_test_setup(last_reference_frees, set_up),
		cmocka_unit_test_setup(one_reference_less_than_none_panics, set_up),
		cmocka_unit_test_setup(what_is_not_managed_is_left_alone, set_up),
		cmocka_unit_test_setup(wrong_frees_panic, set_up),
		cmocka_unit_test_setup(split_frames_live_on_their_own, set_up),
	};

	return cmocka_run_group_tests_name("frame", tests, NULL, NULL);
}
