/* SPDX-License-Identifier: MIT */
#include "unit.h"
#include "fs/p9_wire.h"
#include "lib/errno.h"

static void integers_are_little_endian_and_strings_counted(void **state)
{
	static const u8 want[] = {28, 0, 0, 0, 110, 0x34, 0x12, 0xaa, 0xcc, 0xbb, 4, 3, 2, 1,
				  8, 7, 6, 5, 4, 3, 2, 1, 2, 0, 'h', 'i'};
	struct p9_writer w;
	u8 buf[64];

	p9_write_begin(&w, buf, sizeof(buf), P9_TWALK, 0x1234);
	p9_put8(&w, 0xaa);
	p9_put16(&w, 0xbbcc);
	p9_put32(&w, 0x01020304);
	p9_put64(&w, 0x0102030405060708);
	p9_put_string(&w, "hi", 2);
	p9_write_end(&w, 2);
	assert_false(w.overflow);
	assert_int_equal(w.len, sizeof(want));
	assert_memory_equal(buf, want, sizeof(want));
}

static void what_does_not_fit_is_not_written(void **state)
{
	struct p9_writer w;
	u8 *buf = malloc(12);

	p9_write_begin(&w, buf, 12, P9_TWALK, 0);
	p9_put32(&w, 1);
	p9_put16(&w, 1);
	assert_true(w.overflow);
	p9_write_begin(&w, buf, 12, P9_TWALK, 0);
	p9_put_string(&w, "abcd", 4);
	assert_true(w.overflow);
	p9_write_begin(&w, buf, 12, P9_TWALK, 0);
	p9_put_string(&w, "abc", 3);
	assert_false(w.overflow);
	free(buf);
}

static void a_reader_that_runs_out_gives_zeros_and_says_so(void **state)
{
	static const u8 bytes[] = {5, 0, 'a', 'b', 'c'};
	struct p9_reader r;
	u16 len;

	p9_read_begin(&r, bytes, sizeof(bytes));
	(void)p9_get_string(&r, &len);
	assert_true(r.short_);
	assert_int_equal(len, 0);
	p9_read_begin(&r, bytes, 3);
	assert_int_equal(p9_get32(&r), 0);
	assert_true(r.short_);
	assert_int_equal(p9_get8(&r), 0);
}

static int check(const void *head, u32 have, u32 got) { return p9_check_reply(head, have, got, P9_TREAD, 7); }

static void replies_are_believed_only_if_they_fit_the_request(void **state)
{
	static const u8 good[] = {11, 0, 0, 0, P9_TREAD + 1, 7, 0, 0, 0, 0, 0};
	static const u8 error[] = {11, 0, 0, 0, P9_RLERROR, 7, 0, ENOENT, 0, 0, 0};
	u8 bad[11];

	assert_int_equal(check(good, 11, 11), 0);
	assert_int_equal(check(error, 11, 11), -ENOENT);
	assert_int_equal(check(good, 11, 10), -EIO); /* size above what came */
	assert_int_equal(check(good, 6, 6), -EIO);
	assert_int_equal(check(error, 10, 11), -EIO);
	memcpy(bad, good, 11);
	bad[0] = 6;
	assert_int_equal(check(bad, 11, 11), -EIO);
	memcpy(bad, good, 11);
	bad[3] = 0x80;
	assert_int_equal(check(bad, 11, 11), -EIO);
	memcpy(bad, good, 11);
	bad[4] = P9_TREAD;
	assert_int_equal(check(bad, 11, 11), -EIO);
	memcpy(bad, good, 11);
	bad[5] = 8;
	assert_int_equal(check(bad, 11, 11), -EIO);
}

static void error_codes_that_are_none_become_eio(void **state)
{
	static const u32 codes[] = {0, 512, 4095, 4096, 0x80000000, 0xffffffff};

	for (unsigned i = 0; i < ARRAY_SIZE(codes); i++) {
		u8 error[] = {11, 0, 0, 0, P9_RLERROR, 7, 0, (u8)codes[i], (u8)(codes[i] >> 8), (u8)(codes[i] >> 16),
			      (u8)(codes[i] >> 24)};

		assert_int_equal(check(error, 11, 11), -EIO);
	}
}

static void attributes_hold_any_time(void **state)
{
	struct p9_attr a;
	struct p9_reader r;
	u8 buf[153] = {0};

	p9_read_begin(&r, buf, sizeof(buf));
	memset(buf + 73, 0xff, 7); /* atime's seconds: -1, or nearly so */
	buf[80] = 0x7f;		   /* ... or far above */
	assert_int_equal(p9_get_attr(&r, &a), 0);
	assert_true(a.atime == INT64_MAX);
	p9_read_begin(&r, buf, sizeof(buf));
	buf[80] = 0x80;
	assert_int_equal(p9_get_attr(&r, &a), 0);
	assert_true(a.atime == INT64_MIN);
	p9_read_begin(&r, buf, 120);
	assert_int_equal(p9_get_attr(&r, &a), -EIO);
	p9_read_begin(&r, buf, sizeof(buf));
	memset(buf + 49, 0xff, 8); /* a size that is negative as an off_t */
	assert_int_equal(p9_get_attr(&r, &a), -EIO);
}

static u32 entry(u8 *p, const char *name, u16 len, u64 next)
{
	memset(p, 0, 24);
	memcpy(p + 13, &next, 8);
	p[21] = 8;
	memcpy(p + 22, &len, 2);
	memcpy(p + 24, name, len);
	return 24u + len;
}

static void directory_entries_are_names_or_an_error(void **state)
{
	struct p9_dirent d;
	struct p9_reader r;
	char longest[300];
	u8 buf[1024];
	u32 n = entry(buf, "one", 3, 11);

	n += entry(buf + n, ".", 1, 12);
	p9_read_begin(&r, buf, n);
	assert_int_equal(p9_get_dirent(&r, &d), 1);
	assert_int_equal(d.len, 3);
	assert_memory_equal(d.name, "one", 3);
	assert_int_equal(d.next, 11);
	assert_int_equal(p9_get_dirent(&r, &d), 1);
	assert_int_equal(p9_get_dirent(&r, &d), 0);

	p9_read_begin(&r, buf, entry(buf, "a/b", 3, 1));
	assert_int_equal(p9_get_dirent(&r, &d), -EIO);
	p9_read_begin(&r, buf, entry(buf, "a\0b", 3, 1));
	assert_int_equal(p9_get_dirent(&r, &d), -EIO);
	p9_read_begin(&r, buf, entry(buf, "", 0, 1));
	assert_int_equal(p9_get_dirent(&r, &d), -EIO);
	memset(longest, 'x', sizeof(longest));
	p9_read_begin(&r, buf, entry(buf, longest, 255, 1));
	assert_int_equal(p9_get_dirent(&r, &d), 1);
	p9_read_begin(&r, buf, entry(buf, longest, 256, 1));
	assert_int_equal(p9_get_dirent(&r, &d), -EIO);
	p9_read_begin(&r, buf, entry(buf, "cut", 3, 1) - 1);
	assert_int_equal(p9_get_dirent(&r, &d), -EIO);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(integers_are_little_endian_and_strings_counted),
		cmocka_unit_test(what_does_not_fit_is_not_written),
		cmocka_unit_test(a_reader_that_runs_out_gives_zeros_and_says_so),
		cmocka_unit_test(replies_are_believed_only_if_they_fit_the_request),
		cmocka_unit_test(error_codes_that_are_none_become_eio),
		cmocka_unit_test(attributes_hold_any_time),
		cmocka_unit_test(directory_entries_are_names_or_an_error),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
