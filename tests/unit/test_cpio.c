/* SPDX-License-Identifier: MIT */
#include "unit.h"
#include "fs/cpio.h"
#include "lib/errno.h"

static char archive[1 << 16];
static size_t archive_len;

static void pad(void)
{
	while (archive_len % 4)
		archive[archive_len++] = 0;
}

/* name_space: bytes for the name, at least its length + 1: the rest are NULs. */
static void put_padded(const char *name, size_t name_space, unsigned mode, const void *data, unsigned size)
{
	archive_len += (size_t)sprintf(archive + archive_len, "070701%08X%08x%08x%08x%08x%08x%08x%08x%08x%08x%08x%08zx%08x",
				       0xABCDEF01u, mode, 1000, 100, 1, 0x5f5e1000, size, 8, 1, 5, 6, name_space, 0);
	strcpy(archive + archive_len, name);
	memset(archive + archive_len + strlen(name), 0, name_space - strlen(name));
	archive_len += name_space;
	pad();
	memcpy(archive + archive_len, data, size);
	archive_len += size;
	pad();
}

static void put(const char *name, const char *data) { put_padded(name, strlen(name) + 1, 0100644, data, (unsigned)strlen(data)); }

static int begin(void **state)
{
	archive_len = 0;
	return 0;
}

/* A copy of exactly that length, so that ASan sees a byte too many. */
static void *exact(size_t len)
{
	void *p = malloc(len ? len : 1);

	assert_non_null(p);
	memcpy(p, archive, len);
	return p;
}

static void entries_come_with_all_fields(void **state)
{
	struct cpio c;
	struct cpio_entry e;
	void *a;

	put("/bin/hello", "content");
	put("./etc/empty", "");
	put(".", "");
	put("odd", "12345");
	put_padded("dev/tty", 8, 0020666, "", 0);
	put("TRAILER!!!", "");
	a = exact(archive_len);
	assert_true(cpio_probe(a, archive_len));
	cpio_open(&c, a, archive_len);
	assert_int_equal(cpio_next(&c, &e), 1);
	assert_string_equal(e.name, "bin/hello");
	assert_int_equal(e.name_len, 9);
	assert_int_equal(e.size, 7);
	assert_memory_equal(e.data, "content", 7);
	assert_int_equal(e.ino, 0xabcdef01);
	assert_int_equal(e.mode, 0100644);
	assert_int_equal(e.uid, 1000);
	assert_int_equal(e.gid, 100);
	assert_int_equal(e.nlink, 1);
	assert_int_equal(e.mtime, 0x5f5e1000);
	assert_int_equal(e.dev_major, 0); /* says nothing of a file with one name */
	assert_int_equal(cpio_next(&c, &e), 1);
	assert_string_equal(e.name, "etc/empty");
	assert_int_equal(e.size, 0);
	assert_int_equal(cpio_next(&c, &e), 1);
	assert_string_equal(e.name, "");
	assert_int_equal(cpio_next(&c, &e), 1);
	assert_memory_equal(e.data, "12345", 5);
	assert_int_equal(cpio_next(&c, &e), 1);
	assert_string_equal(e.name, "dev/tty");
	assert_int_equal(e.dev_major, 8);
	assert_int_equal(e.dev_minor, 1);
	assert_int_equal(e.rdev_major, 5);
	assert_int_equal(e.rdev_minor, 6);
	assert_int_equal(cpio_next(&c, &e), 0);
	assert_int_equal(cpio_next(&c, &e), 0);
	free(a);
}

static void padded_names_place_the_data(void **state)
{
	struct cpio c;
	struct cpio_entry e;

	put_padded("bin/app", 4096 - 110, 0100755, "ELF", 3);
	put("TRAILER!!!", "");
	cpio_open(&c, archive, archive_len);
	assert_int_equal(cpio_next(&c, &e), 1);
	assert_string_equal(e.name, "bin/app");
	assert_ptr_equal(e.data, archive + 4096);
	assert_int_equal(cpio_next(&c, &e), 0);
}

static void archives_follow_each_other(void **state)
{
	struct cpio c;
	struct cpio_entry e;

	put("a", "1");
	put("TRAILER!!!", "");
	memset(archive + archive_len, 0, 512);
	archive_len += 512;
	put("b", "2");
	put("TRAILER!!!", "");
	strcpy(archive + archive_len, "rubbish after the end");
	archive_len += 21;
	cpio_open(&c, archive, archive_len);
	assert_int_equal(cpio_next(&c, &e), 1);
	assert_string_equal(e.name, "a");
	assert_int_equal(cpio_next(&c, &e), 1);
	assert_string_equal(e.name, "b");
	assert_int_equal(cpio_next(&c, &e), 0);
	assert_int_equal(cpio_next(&c, &e), 0);
}

static void names_that_climb_are_refused(void **state)
{
	static const char *const bad[] = {"..", "../x", "a/../../b", "a/..", "/..", "./.."};
	static const char *const good[] = {"..a", "a..", "a/..b/c", "...", "a/...", ".hidden"};
	struct cpio c;
	struct cpio_entry e;

	for (size_t i = 0; i < ARRAY_SIZE(bad); i++) {
		archive_len = 0;
		put(bad[i], "x");
		cpio_open(&c, archive, archive_len);
		assert_int_equal(cpio_next(&c, &e), -EINVAL);
		assert_int_equal(cpio_next(&c, &e), -EINVAL);
	}
	for (size_t i = 0; i < ARRAY_SIZE(good); i++) {
		archive_len = 0;
		put(good[i], "x");
		cpio_open(&c, archive, archive_len);
		assert_int_equal(cpio_next(&c, &e), 1);
		assert_string_equal(e.name, good[i]);
	}
}

static void lying_headers_are_refused(void **state)
{
	static const struct {
		unsigned field;
		const char *value;
	} lies[] = {
		{6, "FFFFFFFF"},  {6, "7fffffff"},  {6, "00000100"},  {11, "00000000"}, {11, "FFFFFFFF"},
		{11, "00000400"}, {11, "FFFFFF92"}, {1, "0000g000"},  {1, "  100644"},	{1, "+0100644"},
		{1, "0x100644"},  {1, "0010064\377"}, {6, "0000000/"}, {6, "0000000:"}, {6, "0000000@"},
		{6, "0000000`"},  {6, "\0200000000"},
	};
	struct cpio c;
	struct cpio_entry e;

	for (size_t i = 0; i < ARRAY_SIZE(lies); i++) {
		void *a;

		archive_len = 0;
		put("name", "data");
		memcpy(archive + 6 + 8 * lies[i].field, lies[i].value, 8);
		a = exact(archive_len);
		cpio_open(&c, a, archive_len);
		assert_int_equal(cpio_next(&c, &e), -EINVAL);
		free(a);
	}
}

/* Follows whatever it gives to the end: every byte it points to must be there. */
static int walk(const void *a, size_t len)
{
	struct cpio c;
	struct cpio_entry e;
	volatile u8 sum = 0;
	int ret, n = 0;

	cpio_open(&c, a, len);
	while ((ret = cpio_next(&c, &e)) == 1) {
		assert_int_equal(strlen(e.name), e.name_len);
		for (size_t i = 0; i < e.size; i++)
			sum = (u8)(sum + e.data[i]);
		assert_in_range(++n, 1, 100);
	}
	assert_int_equal(cpio_next(&c, &e), ret);
	return ret;
}

static void build_sample(void)
{
	archive_len = 0;
	put("dir", "");
	put("dir/file", "some content of a file");
	put_padded("dir/other", 64, 0100755, "more", 4);
	put("TRAILER!!!", "");
}

static void cut_archives_are_refused(void **state)
{
	build_sample();
	for (size_t len = 1; len < archive_len; len++) {
		void *a = exact(len);

		/* The trailer's padding alone may be missing. */
		assert_int_equal(walk(a, len), len >= archive_len - 3 ? 0 : -EINVAL);
		free(a);
	}
	assert_int_equal(walk(archive, 0), 0);
}

static void damaged_archives_do_no_harm(void **state)
{
	build_sample();
	for (size_t i = 0; i < archive_len; i++) {
		u8 *a = exact(archive_len);

		for (unsigned bit = 0; bit < 8; bit++) {
			a[i] ^= (u8)(1u << bit);
			walk(a, archive_len);
			a[i] ^= (u8)(1u << bit);
		}
		free(a);
	}
	for (unsigned i = 0; i < 20000; i++) {
		size_t len = 1 + unit_below(archive_len);
		u8 *a = exact(len);

		for (unsigned k = 0; k < 4; k++)
			a[unit_below(len)] = unit_below(2) ? (u8)unit_random() : (u8)"0123456789abcdefFF"[unit_below(18)];
		walk(a, len);
		free(a);
	}
}

static void other_data_is_no_archive(void **state)
{
	assert_false(cpio_probe("070701", 6));
	assert_false(cpio_probe("\177ELF", 4));
	assert_false(cpio_probe("", 0));
	memset(archive, 'x', 200);
	assert_false(cpio_probe(archive, 200));
	assert_int_equal(walk(archive, 200), -EINVAL);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(entries_come_with_all_fields, begin),
		cmocka_unit_test_setup(padded_names_place_the_data, begin),
		cmocka_unit_test_setup(archives_follow_each_other, begin),
		cmocka_unit_test_setup(names_that_climb_are_refused, begin),
		cmocka_unit_test_setup(lying_headers_are_refused, begin),
		cmocka_unit_test_setup(cut_archives_are_refused, begin),
		cmocka_unit_test_setup(damaged_archives_do_no_harm, begin),
		cmocka_unit_test_setup(other_data_is_no_archive, begin),
	};

	return cmocka_run_group_tests_name("cpio", tests, NULL, NULL);
}
