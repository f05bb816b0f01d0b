/* SPDX-License-Identifier: MIT */
/* uhyve's command line. */
#include "options.h"
#include "said.h"

#include <stdio.h>
#include <string.h>

static struct uhyve_options o;

#define ARGS(...) (char **)(uintptr_t)(const char *[]){ __VA_ARGS__, NULL }
#define READ(...) uhyve_options_read(&o, ARGS(__VA_ARGS__))

static void bad(char **args)
{
	said_count = 0;
	assert_true(uhyve_options_read(&o, args) < 0);
	assert_int_equal(said_count, 1);
	uhyve_options_free(&o);
}
#define BAD(...) bad(ARGS(__VA_ARGS__))

static void defaults(void **state)
{
	assert_int_equal(READ("kernel"), 0);
	assert_string_equal(o.kernel, "kernel");
	assert_null(o.initrd);
	assert_null(o.args[0]);
	assert_int_equal(o.cpus, 1);
	assert_int_equal(o.mem, 2ull << 30);
	assert_true(o.hugepage && !o.mergeable && !o.has_ports && !o.jail);
	assert_int_equal(o.log, -1);
}

static void options_end_at_the_kernel(void **state)
{
	assert_int_equal(READ("-c4", "--memory=64M", "kernel", "initrd", "-c", "--memory"), 0);
	assert_int_equal(o.cpus, 4);
	assert_int_equal(o.mem, 64 << 20);
	assert_string_equal(o.initrd, "initrd");
	assert_string_equal(o.args[0], "-c");
	assert_string_equal(o.args[1], "--memory");
	assert_null(o.args[2]);
	assert_int_equal(READ("--jail", "kernel", "--jail"), 0);
	assert_true(o.jail && o.initrd);
	BAD("--jail=1", "kernel");
	assert_int_equal(READ("--", "-c"), 0);
	assert_string_equal(o.kernel, "-c");
}

static void shares_and_disks(void **state)
{
	assert_int_equal(READ("--fs=a=/x", "--fs", "b=/y=z:ro", "--fs=c=/w:ro:rw", "--disk", "d:ro", "--disk=e", "k"), 0);
	assert_int_equal(o.shares, 3);
	assert_string_equal(o.share[0].tag, "a");
	assert_string_equal(o.share[0].dir, "/x");
	assert_false(o.share[0].rdonly);
	assert_string_equal(o.share[1].dir, "/y=z");
	assert_true(o.share[1].rdonly);
	assert_string_equal(o.share[2].dir, "/w:ro");
	assert_false(o.share[2].rdonly);
	assert_int_equal(o.disks, 2);
	assert_string_equal(o.disk[0].file, "d");
	assert_true(o.disk[0].rdonly);
	assert_false(o.disk[1].rdonly);
	uhyve_options_free(&o);
}

static void a_list_keeps_its_order(void **state)
{
	assert_int_equal(READ("--affinity=7,0-2,5", "k"), 0);
	assert_int_equal(o.affinities, 5);
	assert_int_equal(o.affinity[0], 7);
	assert_int_equal(o.affinity[1], 0);
	assert_int_equal(o.affinity[3], 2);
	assert_int_equal(o.affinity[4], 5);
	assert_true(uhyve_options_read(&o, ARGS("--affinity=0-255", "k")) < 0);
	assert_int_equal(READ("--affinity=0-254", "k"), 0);
}

static void memory_is_whole_pages(void **state)
{
	assert_int_equal(READ("-m", "4097K", "k"), 0);
	assert_int_equal(o.mem, 4096 << 10);
}

static void what_is_wrong_is_said_once(void **state)
{
	char tag[64];

	assert_true(uhyve_options_read(&o, (char *[]){ NULL }) < 0);
	BAD("-c");
	BAD("-c", "0", "k");
	BAD("-c", "256", "k");
	BAD("-c", "-1", "k");
	BAD("-c", "1x", "k");
	BAD("--affinity=", "k");
	BAD("--affinity=1,", "k");
	BAD("--affinity=3-1", "k");
	BAD("--affinity=0-9999999999", "k");
	BAD("--affinity=0-1-2", "k");
	BAD("--affinity=-1", "k");
	BAD("-m", "1X", "k");
	BAD("-m", "", "k");
	BAD("-m", "99999999999G", "k");
	BAD("-m", "65537G", "k");
	BAD("--hugepage=maybe", "k");
	BAD("--mergeable", "2", "k");
	BAD("--port=io", "k");
	BAD("--port=in=0", "k");
	BAD("--port=io=x", "k");
	BAD("--port=io=77777", "k");
	BAD("--log=-1", "k");
	BAD("--log=77777", "k");
	BAD("--fs", "k");
	BAD("--fs==/x", "k");
	BAD("--fs=tag=", "k");
	BAD("--fs=t=/x", "--fs=t=/y", "k");
	BAD("--disk=", "k");
	BAD("--moon", "k");
	BAD("-x", "k");
	BAD("--help=1", "k");
	snprintf(tag, sizeof(tag), "--fs=%040d=/x", 0);
	BAD(tag, "k");
}

static void too_many_of_them(void **state)
{
	const char *argv[22];
	char args[20][24];

	for (int i = 0; i < 17; i++) {
		snprintf(args[i], sizeof(args[i]), "--fs=t%d=/x", i);
		argv[i] = args[i];
	}
	argv[17] = "k";
	argv[18] = NULL;
	bad((char **)(uintptr_t)argv);
	for (int i = 0; i < 9; i++)
		argv[i] = "--disk=x";
	argv[9] = "k";
	argv[10] = NULL;
	bad((char **)(uintptr_t)argv);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(defaults),
		cmocka_unit_test(options_end_at_the_kernel),
		cmocka_unit_test(shares_and_disks),
		cmocka_unit_test(a_list_keeps_its_order),
		cmocka_unit_test(memory_is_whole_pages),
		cmocka_unit_test(what_is_wrong_is_said_once),
		cmocka_unit_test(too_many_of_them),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
