/* SPDX-License-Identifier: MIT */
/* The kernel's formatting against the host's snprintf. */
#include <limits.h>
#include "unit.h"
#include "lib/format.h"

#pragma GCC diagnostic ignored "-Wformat"
#pragma GCC diagnostic ignored "-Wformat-nonliteral"
#ifndef __clang__
#pragma GCC diagnostic ignored "-Wformat-truncation"
#endif
#pragma GCC diagnostic ignored "-Wformat-security"
#pragma GCC diagnostic ignored "-Wformat-extra-args"

#define CHECK(...)                                                                                           \
	do {                                                                                                 \
		char want[300], got[300];                                                                    \
		int n = snprintf(want, sizeof(want), __VA_ARGS__);                                           \
		assert_int_equal(format_string(got, sizeof(got), __VA_ARGS__), n);                           \
		assert_string_equal(got, want);                                                              \
	} while (0)

static const char *const flags[] = {"", "-", "0", "+", " ", "#", "-0", "+0", " 0", "#0", "-#", "+-"};
static const char *const widths[] = {"", "1", "5", "12", "40"};
static const char *const precisions[] = {"", ".", ".0", ".1", ".5", ".14"};

/* Every combination of flags, width and precision before `conv`. */
#define FOR_EACH_SPEC(fmt, conv, body)                                                                       \
	for (size_t i_ = 0; i_ < ARRAY_SIZE(flags); i_++)                                                    \
		for (size_t j_ = 0; j_ < ARRAY_SIZE(widths); j_++)                                           \
			for (size_t k_ = 0; k_ < ARRAY_SIZE(precisions); k_++) {                             \
				snprintf(fmt, sizeof(fmt), "<%%%s%s%s%s>", flags[i_], widths[j_],            \
					 precisions[k_], conv);                                              \
				body;                                                                        \
			}

static void integers_are_as_in_c(void **state)
{
	static const char *const convs[] = {"d", "i", "u", "x", "X", "o"};
	static const long values[] = {0, 1, -1, 9, 10, 42, -42, 255, INT_MAX, INT_MIN, LONG_MAX, LONG_MIN, 0x80, 0x8000};
	char conv[8], fmt[40];

	for (size_t c = 0; c < ARRAY_SIZE(convs); c++) {
		for (size_t v = 0; v < ARRAY_SIZE(values); v++) {
			FOR_EACH_SPEC(fmt, convs[c], CHECK(fmt, (int)values[v]));
			snprintf(conv, sizeof(conv), "l%s", convs[c]);
			FOR_EACH_SPEC(fmt, conv, CHECK(fmt, values[v]));
			snprintf(conv, sizeof(conv), "h%s", convs[c]);
			FOR_EACH_SPEC(fmt, conv, CHECK(fmt, (int)values[v]));
			snprintf(conv, sizeof(conv), "hh%s", convs[c]);
			FOR_EACH_SPEC(fmt, conv, CHECK(fmt, (int)values[v]));
			snprintf(conv, sizeof(conv), "z%s", convs[c]);
			FOR_EACH_SPEC(fmt, conv, CHECK(fmt, values[v]));
		}
	}
	CHECK("%lld %llu %td", LLONG_MIN, ULLONG_MAX, (ptrdiff_t)-5);
}

static void strings_are_as_in_c(void **state)
{
	static const char unended[] = {'a', 'b', 'c'};
	static char *nothing;
	char fmt[40];

	for (size_t j = 0; j < ARRAY_SIZE(widths); j++) {
		for (size_t k = 0; k < ARRAY_SIZE(precisions); k++) {
			snprintf(fmt, sizeof(fmt), "<%%%s%ss|%%-%s%ss>", widths[j], precisions[k], widths[j], precisions[k]);
			CHECK(fmt, "", "hello");
			CHECK(fmt, "a longer text than any width", "x");
		}
		snprintf(fmt, sizeof(fmt), "<%%%sc|%%-%sc>", widths[j], widths[j]);
		CHECK(fmt, 'a', 'b');
	}
	CHECK("%.3s", unended);
	CHECK("%*d|%-*d|%*d", 6, 1, 6, 2, -6, 3);
	CHECK("%.*s|%.*s", 2, "abc", -1, "abc");
	CHECK("100%%, %s", "done");
	CHECK("%p", (void *)0x1234);
	format_string(fmt, sizeof(fmt), "%s", *(char *volatile *)&nothing);
	assert_string_equal(fmt, "(null)");
}

static void output_never_passes_the_end(void **state)
{
	for (size_t size = 0; size < 24; size++) {
		char *got = malloc(size ? size : 1), want[24]; /* ASan watches its end */

		assert_int_equal(format_string(got, size, "%5d %s %x", 42, "hello", 0xbeef), 16);
		snprintf(want, size, "%5d %s %x", 42, "hello", 0xbeef);
		if (size)
			assert_string_equal(got, want);
		free(got);
	}
}

static void unknown_conversions_are_shown(void **state)
{
	char got[40];

	assert_int_equal(format_string(got, sizeof(got), "a %5q b"), 7);
	assert_string_equal(got, "a %5q b");
	assert_int_equal(format_string(got, sizeof(got), "end %"), 5);
	assert_string_equal(got, "end %");
	assert_int_equal(format_string(got, sizeof(got), "end %-08l"), 9);
	assert_string_equal(got, "end %-08l");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(integers_are_as_in_c),
		cmocka_unit_test(strings_are_as_in_c),
		cmocka_unit_test(output_never_passes_the_end),
		cmocka_unit_test(unknown_conversions_are_shown),
	};

	return cmocka_run_group_tests_name("format", tests, NULL, NULL);
}
