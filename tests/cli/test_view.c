/* SPDX-License-Identifier: MIT */
#include "unit.h"
#include "view.h"

#include <limits.h>
#include <sys/stat.h>

static char here[PATH_MAX];
static struct config config;

static void share(const char *host, const char *guest)
{
	config.shares[config.nshares++] = (struct share){ .host = host, .host_len = strlen(host),
							  .guest = guest, .guest_len = guest ? strlen(guest) : 0 };
}

static void normal_is(const char *base, const char *path, const char *want)
{
	char *got = path_normal(base, path, strlen(path));

	assert_string_equal(got, want);
	free(got);
}

static void paths_become_normal(void **state)
{
	normal_is("/a/b", "c", "/a/b/c");
	normal_is("/a/b", "../c", "/a/c");
	normal_is("/a/b", "../../../../c", "/c");
	normal_is("/a/b", "/x//y/./z/", "/x/y/z");
	normal_is("/a/b", "..", "/a");
	normal_is("/a", "..", "/");
	normal_is("/", ".", "/");
	normal_is("/", "...", "/...");
	normal_is("/", "a/..b/c..", "/a/..b/c..");
	normal_is("/a", "", "/a");
}

static void within_goes_by_components(void **state)
{
	assert_true(path_within("/a/b", "/a"));
	assert_true(path_within("/a", "/a"));
	assert_true(path_within("/a", "/"));
	assert_false(path_within("/ab", "/a"));
	assert_false(path_within("/a", "/a/b"));
}

static void working_directory_is_shared(void **state)
{
	struct view v;

	config = (struct config){ 0 };
	assert_int_equal(view_make(&v, &config), 0);
	assert_int_equal(v.nmounts, 1);
	assert_string_equal(v.mounts[0].guest, here);
	assert_string_equal(v.mounts[0].host, here);
	assert_string_equal(v.cwd, here);
	assert_false(v.mounts[0].rdonly);
	view_free(&v);
}

static void named_working_directory_takes_its_place(void **state)
{
	struct view v;

	config = (struct config){ .workdir = "sub" };
	assert_int_equal(view_make(&v, &config), 0);
	assert_int_equal(v.nmounts, 1);
	assert_string_equal(v.cwd + strlen(here), "/sub");
	view_free(&v);
	config.workdir = "absent";
	heard_begin();
	assert_true(view_make(&v, &config) < 0);
	assert_heard("cannot be shared");
	view_free(&v);
}

static void root_and_kernels_directories_are_not_shared_unasked(void **state)
{
	static const char *const dirs[] = { "/", "/proc", "/dev", "/sys/class" };
	struct view v;

	for (size_t i = 0; i < 4; i++) {
		config = (struct config){ .workdir = dirs[i] };
		heard_begin();
		assert_int_equal(view_make(&v, &config), 0);
		heard_end();
		assert_int_equal(v.nmounts, 0);
		assert_string_equal(v.cwd, dirs[i]);
		view_free(&v);
	}
	config = (struct config){ .workdir = "/" };
	share("/", NULL);
	assert_int_equal(view_make(&v, &config), 0);
	assert_int_equal(v.nmounts, 1);
	assert_string_equal(v.mounts[0].guest, "/");
	view_free(&v);
}

static void what_is_covered_is_not_shared_twice(void **state)
{
	struct view v;

	config = (struct config){ 0 };
	share("..", NULL);
	assert_int_equal(view_make(&v, &config), 0);
	assert_int_equal(v.nmounts, 1);
	assert_string_equal(v.cwd, here);
	view_free(&v);
}

static void parents_come_first(void **state)
{
	struct view v;

	config = (struct config){ .workdir = "/" };
	share("sub", "/data/deep");
	share(".", "/data");
	share("/", "/");
	assert_int_equal(view_make(&v, &config), 0);
	assert_int_equal(v.nmounts, 3);
	assert_string_equal(v.mounts[0].guest, "/");
	assert_string_equal(v.mounts[1].guest, "/data");
	assert_string_equal(v.mounts[2].guest, "/data/deep");
	view_free(&v);
}

static void one_place_twice_is_refused(void **state)
{
	struct view v;

	config = (struct config){ 0 };
	share("sub", "/data");
	share(".", "/data/");
	heard_begin();
	assert_int_equal(view_make(&v, &config), -EEXIST);
	assert_heard("two directories are shared there");
	view_free(&v);
}

static void other_root_starts_at_its_top(void **state)
{
	struct view v;

	config = (struct config){ 0 };
	share("sub", "/");
	assert_int_equal(view_make(&v, &config), 0);
	assert_int_equal(v.nmounts, 1);
	assert_string_equal(v.cwd, "/");
	view_free(&v);
}

static void files_are_not_shared(void **state)
{
	struct view v;

	config = (struct config){ 0 };
	share("/etc/passwd", NULL);
	heard_begin();
	assert_int_equal(view_make(&v, &config), -ENOTDIR);
	assert_heard("/etc/passwd: cannot be shared");
	view_free(&v);
}

static int begin(void **state)
{
	static char template[] = "/tmp/view-XXXXXX";

	return !mkdtemp(template) || chdir(template) || !getcwd(here, sizeof(here)) || mkdir("sub", 0700);
}

static int end(void **state)
{
	return rmdir("sub") || chdir("/") || rmdir(here);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(paths_become_normal),
		cmocka_unit_test(within_goes_by_components),
		cmocka_unit_test(working_directory_is_shared),
		cmocka_unit_test(named_working_directory_takes_its_place),
		cmocka_unit_test(root_and_kernels_directories_are_not_shared_unasked),
		cmocka_unit_test(what_is_covered_is_not_shared_twice),
		cmocka_unit_test(parents_come_first),
		cmocka_unit_test(one_place_twice_is_refused),
		cmocka_unit_test(other_root_starts_at_its_top),
		cmocka_unit_test(files_are_not_shared),
	};

	return cmocka_run_group_tests(tests, begin, end);
}
