/* SPDX-License-Identifier: MIT */
/* Each function against the host's, for all short lengths and alignments, at the very edge of mapped memory. */
#include <sys/mman.h>
#include "unit.h"
#include "string_under_test.h"

#define LONGEST 300u

/* A page between two that are not mapped. */
static u8 *edge_page(void)
{
	u8 *p = mmap(NULL, 3 * PAGE_SIZE, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	assert_true(p != MAP_FAILED);
	assert_int_equal(mprotect(p + PAGE_SIZE, PAGE_SIZE, PROT_READ | PROT_WRITE), 0);
	return p + PAGE_SIZE;
}

static u8 *src, *dst, model[PAGE_SIZE];

static int set_up(void **state)
{
	src = edge_page();
	dst = edge_page();
	for (size_t i = 0; i < PAGE_SIZE; i++)
		src[i] = (u8)(unit_random() >> 32);
	return 0;
}

/* At the page's start (from = 0) or ending with the page, shifted by `skew`. */
static u8 *place(u8 *page, bool at_end, size_t n, size_t skew) { return at_end ? page + PAGE_SIZE - n - skew : page + skew; }

static void copy_is_exact(void **state)
{
	for (size_t n = 0; n <= LONGEST; n++) {
		for (unsigned how = 0; how < 64; how++) {
			u8 *s = place(src, how & 1, n, how >> 3 & 7), *d = place(dst, how & 2, n, how & 4 ? 5 : 0);

			memset(dst, 0xee, PAGE_SIZE);
			memset(model, 0xee, PAGE_SIZE);
			memcpy(model + (d - dst), s, n);
			assert_ptr_equal(k_memcpy(d, s, n), d);
			assert_memory_equal(dst, model, PAGE_SIZE);
		}
	}
}

static void move_survives_any_overlap(void **state)
{
	for (size_t n = 0; n <= 100; n++) {
		for (int shift = -110; shift <= 110; shift++) {
			u8 *s = dst + 200, *d = s + shift;

			memcpy(dst, src, PAGE_SIZE);
			memcpy(model, src, PAGE_SIZE);
			memmove(model + 200 + shift, model + 200, n);
			assert_ptr_equal(k_memmove(d, s, n), d);
			assert_memory_equal(dst, model, PAGE_SIZE);
		}
	}
}

static void move_stays_inside_its_pages(void **state)
{
	for (size_t n = 0; n <= 64; n++) {
		memcpy(dst, src, PAGE_SIZE);
		memcpy(model, src, PAGE_SIZE);
		k_memmove(dst + PAGE_SIZE - n, dst + PAGE_SIZE - n, n);
		k_memmove(dst, dst + 1, PAGE_SIZE - 1);
		k_memmove(dst + 1, dst, PAGE_SIZE - 1);
		memmove(model, model + 1, PAGE_SIZE - 1);
		memmove(model + 1, model, PAGE_SIZE - 1);
		assert_memory_equal(dst, model, PAGE_SIZE);
	}
}

static void set_is_exact(void **state)
{
	for (size_t n = 0; n <= LONGEST; n++) {
		for (unsigned how = 0; how < 16; how++) {
			u8 *d = place(dst, how & 1, n, how >> 1);

			memset(dst, 0xee, PAGE_SIZE);
			memset(model, 0xee, PAGE_SIZE);
			memset(model + (d - dst), 0x1f0 + (int)how, n);
			assert_ptr_equal(k_memset(d, 0x1f0 + (int)how, n), d);
			assert_memory_equal(dst, model, PAGE_SIZE);
		}
	}
}

static int sign(int v) { return (v > 0) - (v < 0); }

static void compare_tells_the_order(void **state)
{
	for (size_t n = 0; n <= 70; n++) {
		u8 *a = src + PAGE_SIZE - n, *b = dst + PAGE_SIZE - n;

		memcpy(b, a, n);
		assert_int_equal(k_memcmp(a, b, n), 0);
		for (size_t i = 0; i < n; i++) {
			b[i] ^= 0x80;
			assert_int_equal(sign(k_memcmp(a, b, n)), sign(memcmp(a, b, n)));
			assert_int_equal(k_memcmp(a, b, i), 0);
			b[i] ^= 0x80;
		}
	}
}

static void strings_end_where_they_end(void **state)
{
	char *s = (char *)dst;

	for (size_t n = 0; n < 40; n++) {
		char *p = s + PAGE_SIZE - n - 1;

		memset(p, 'a', n);
		p[n] = 0;
		assert_int_equal(k_strlen(p), n);
		assert_int_equal(k_strnlen(p, n + 9), n);
		assert_int_equal(k_strnlen(p, n / 2), n / 2);
		assert_ptr_equal(k_strchr(p, 0), p + n);
		assert_ptr_equal(k_strrchr(p, 0), p + n);
		assert_null(k_strchr(p, 'b'));
		assert_ptr_equal(k_strchr(p, 'a'), n ? p : NULL);
		assert_ptr_equal(k_strrchr(p, 'a'), n ? p + n - 1 : NULL);
		assert_null(k_memchr(p, 'b', n));
		assert_ptr_equal(k_memchr(p, 0, n + 1), p + n);
	}
}

static void string_comparison_is_unsigned(void **state)
{
	static const char *const words[] = {"", "a", "b", "ab", "abc", "abd", "a\377", "a\1", "\200"};

	for (size_t i = 0; i < ARRAY_SIZE(words); i++) {
		for (size_t j = 0; j < ARRAY_SIZE(words); j++) {
			assert_int_equal(sign(k_strcmp(words[i], words[j])), sign(strcmp(words[i], words[j])));
			for (size_t n = 0; n < 5; n++)
				assert_int_equal(sign(k_strncmp(words[i], words[j], n)),
						 sign(strncmp(words[i], words[j], n)));
		}
	}
}

static void string_copy_cuts_and_ends(void **state)
{
	char buf[8];

	memset(buf, 'x', sizeof(buf));
	assert_int_equal(string_copy(buf, "hello", 0), 5);
	assert_int_equal(buf[0], 'x');
	assert_int_equal(string_copy(buf, "hello", 4), 5);
	assert_string_equal(buf, "hel");
	assert_int_equal(buf[4], 'x');
	assert_int_equal(string_copy(buf, "hello", sizeof(buf)), 5);
	assert_string_equal(buf, "hello");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(copy_is_exact),
		cmocka_unit_test(move_survives_any_overlap),
		cmocka_unit_test(move_stays_inside_its_pages),
		cmocka_unit_test(set_is_exact),
		cmocka_unit_test(compare_tells_the_order),
		cmocka_unit_test(strings_end_where_they_end),
		cmocka_unit_test(string_comparison_is_unsigned),
		cmocka_unit_test(string_copy_cuts_and_ends),
	};

	return cmocka_run_group_tests_name("string", tests, set_up, NULL);
}
