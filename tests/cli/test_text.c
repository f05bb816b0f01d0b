/* SPDX-License-Identifier: MIT */
#include "unit.h"
#include "text.h"

static void size_of(const char *s, uint64_t want)
{
	uint64_t v = 1;

	if (text_size(s, &v) || v != want)
		fail_msg("%s: %llu, not %llu", s, (unsigned long long)v, (unsigned long long)want);
}

static void sizes_have_suffixes_and_count_mib_without(void **state)
{
	size_of("512", 512ull << 20);
	size_of("6M", 6ull << 20);
	size_of("6m", 6ull << 20);
	size_of("2G", 2ull << 30);
	size_of("64k", 64ull << 10);
	size_of("1GiB", 1ull << 30);
	size_of("1MB", 1ull << 20);
	size_of("0", 0);
	size_of("17592186044415", 17592186044415ull << 20);
}

static void bad_sizes_are_refused(void **state)
{
	static const char *const bad[] = { "", "M", "-1", "+1", " 1", "1 M", "1T", "1.5G", "0x10", "1Mx", "abc", "1KK" };
	uint64_t v = 7;

	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		if (text_size(bad[i], &v) != -EINVAL)
			fail_msg("'%s' was taken", bad[i]);
	assert_int_equal(text_size("18446744073709551616", &v), -ERANGE);
	assert_int_equal(text_size("17592186044416", &v), -ERANGE);
	assert_int_equal(text_size("99999999999G", &v), -ERANGE);
	assert_int_equal(v, 7);
}

static void numbers_keep_to_their_range(void **state)
{
	uint64_t v;

	assert_int_equal(text_number("1", 1, 255, &v), 0);
	assert_int_equal(v, 1);
	assert_int_equal(text_number("255", 1, 255, &v), 0);
	assert_int_equal(text_number("0", 1, 255, &v), -ERANGE);
	assert_int_equal(text_number("256", 1, 255, &v), -ERANGE);
	assert_int_equal(text_number("99999999999999999999", 0, UINT64_MAX, &v), -ERANGE);
	assert_int_equal(text_number("abc", 1, 255, &v), -EINVAL);
	assert_int_equal(text_number("2x", 1, 255, &v), -EINVAL);
	assert_int_equal(text_number("", 1, 255, &v), -EINVAL);
}

static void switches_are_yes_or_no(void **state)
{
	bool b = true;

	assert_int_equal(text_bool("0", &b), 0);
	assert_false(b);
	assert_int_equal(text_bool("YES", &b), 0);
	assert_true(b);
	assert_int_equal(text_bool("2", &b), -EINVAL);
	assert_int_equal(text_bool("", &b), -EINVAL);
}

static void slips_find_the_name_that_was_meant(void **state)
{
	static const char *const names[] = { "HERMIT_CPUS", NULL, "HERMIT_MEM", "HERMIT_ISLE", "HERMIT_VERBOSE",
					     "HERMIT_MERGEABLE" };
	static const char *const slips[][2] = {
		{ "HERMIT_CPU", "HERMIT_CPUS" },       { "HERMIT_CUPS", "HERMIT_CPUS" },
		{ "HERMIT_MEMORY", "HERMIT_MEM" },     { "HERMIT_ILSE", "HERMIT_ISLE" },
		{ "HERMIT_VERBOES", "HERMIT_VERBOSE" }, { "HERMIT_MERGABLE", "HERMIT_MERGEABLE" },
		{ "HERMIT_SOMETHING_ELSE", NULL },     { "HERMIT_XYZ", NULL },
	};
	char lengthy[200];

	for (size_t i = 0; i < sizeof(slips) / sizeof(slips[0]); i++) {
		const char *near = text_nearest(slips[i][0], names, 6, sizeof(names[0]));

		if (!slips[i][1] != !near || (near && strcmp(near, slips[i][1])))
			fail_msg("%s: %s", slips[i][0], near ? near : "nothing");
	}
	memset(lengthy, 'A', sizeof(lengthy) - 1);
	lengthy[sizeof(lengthy) - 1] = 0;
	assert_null(text_nearest(lengthy, names, 6, sizeof(names[0])));
	assert_null(text_nearest("", names, 0, sizeof(names[0])));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(sizes_have_suffixes_and_count_mib_without),
		cmocka_unit_test(bad_sizes_are_refused),
		cmocka_unit_test(numbers_keep_to_their_range),
		cmocka_unit_test(switches_are_yes_or_no),
		cmocka_unit_test(slips_find_the_name_that_was_meant),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
