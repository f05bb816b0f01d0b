/* SPDX-License-Identifier: MIT */
#include "unit.h"
#include "options.h"

static struct config c;

#define ARGS(...) ((char *[]){ __VA_ARGS__, NULL })
#define NO_ARGS	  ((char *[]){ NULL })

static void read_ok(char **args, char **env)
{
	heard_begin();
	int r = options_read(&c, args, env);
	const char *heard = heard_end();

	if (r || *heard)
		fail_msg("%d: %s", r, heard);
}

static void read_bad(char **args, char **env, const char *part)
{
	heard_begin();
	int r = options_read(&c, args, env);
	const char *heard = heard_end();

	if (r >= 0 || !strstr(heard, part) || strncmp(heard, "hermit: ", 8) ||
	    strchr(heard, '\n') != heard + strlen(heard) - 1)
		fail_msg("%s: %d: %s", part, r, heard);
}

static void defaults_hold(void **state)
{
	read_ok(ARGS("prog", "-v", "--isle", "x"), NO_ARGS);
	assert_int_equal(c.cpus, 1);
	assert_int_equal(c.mem, 2ull << 30);
	assert_string_equal(c.machine, "microvm");
	assert_string_equal(c.qemu, "qemu-system-x86_64");
	assert_int_equal(c.kvm, KVM_IF_IT_WORKS);
	assert_true(c.patch && c.hugepage);
	assert_false(c.mergeable || c.verbose || c.monitor || c.gdb || c.strace);
	/* Options end at the program's name: the rest is its own. */
	assert_string_equal(c.argv[0], "prog");
	assert_string_equal(c.argv[3], "x");
}

static void option_goes_before_variable(void **state)
{
	read_ok(ARGS("-m", "5M", "prog"), ARGS("HERMIT_MEM=7M", "HERMIT_CPUS=3"));
	assert_int_equal(c.mem, 5ull << 20);
	assert_string_equal(c.mem_who, "-m");
	assert_int_equal(c.cpus, 3);
	/* A variable that an option overrides may even be wrong. */
	read_ok(ARGS("-c", "2", "prog"), ARGS("HERMIT_CPUS=abc"));
	assert_int_equal(c.cpus, 2);
}

static void forms_of_options_are_equal(void **state)
{
	static char *forms[][3] = { { "-m", "9M", "p" }, { "-m9M", "p", NULL }, { "--memory", "9M", "p" },
				    { "--memory=9M", "p", NULL } };

	for (size_t i = 0; i < 4; i++) {
		char *args[] = { forms[i][0], forms[i][1], forms[i][2], NULL };

		read_ok(args, NO_ARGS);
		assert_int_equal(c.mem, 9ull << 20);
		assert_string_equal(c.argv[0], "p");
	}
	read_ok(ARGS("--verbose", "--", "--odd-name"), NO_ARGS);
	assert_true(c.verbose && !c.jail);
	assert_string_equal(c.argv[0], "--odd-name");
	read_ok(ARGS("--jail", "p"), NO_ARGS);
	assert_true(c.jail);
}

static void bad_values_name_thing_and_mend(void **state)
{
	read_bad(ARGS("p"), ARGS("HERMIT_CPUS=abc"), "HERMIT_CPUS=abc: not a number of CPUs (give 1 to 255");
	read_bad(ARGS("p"), ARGS("HERMIT_CPUS=0"), "out of range");
	read_bad(ARGS("p"), ARGS("HERMIT_MEM=lots"), "HERMIT_MEM=lots: not a size");
	read_bad(ARGS("p"), ARGS("HERMIT_ISLE=1"), "not supported");
	read_bad(ARGS("p"), ARGS("HERMIT_ISLE=moon"), "no such isle");
	read_bad(ARGS("p"), ARGS("HERMIT_KVM=perhaps"), "neither yes nor no");
	read_bad(ARGS("p"), ARGS("HERMIT_MACHINE=vax"), "no such machine");
	read_bad(ARGS("p"), ARGS("HERMIT_PORT=70000"), "not a port");
	read_bad(ARGS("--memory=x", "p"), NO_ARGS, "--memory=x: not a size");
	read_bad(ARGS("--verbos", "p"), NO_ARGS, "did you mean --verbose?");
	read_bad(ARGS("--verbose=1", "p"), NO_ARGS, "takes none");
	read_bad(ARGS("-Z", "p"), NO_ARGS, "no such option");
	read_bad(ARGS("-m"), NO_ARGS, "needs a value");
	read_bad(ARGS("-v", "a:b:ro", "p"), NO_ARGS, "must be absolute");
	read_bad(ARGS("-v", "a:/b:rx", "p"), NO_ARGS, "no such mode");
	read_bad(ARGS("-e", "=x", "p"), NO_ARGS, "needs a name");
}

static void what_is_not_there_yet_says_so(void **state)
{
	static char *later[] = { "HERMIT_NETIF=tap0", "HERMIT_NETIF_MAC=1", "HERMIT_IP=10.0.5.2",
				 "HERMIT_GATEWAY=10.0.5.1", "HERMIT_MASK=255.255.255.0", "HERMIT_APP_PORT=8000",
				 "HERMIT_CAPTURE_NET=1", "HERMIT_CHECKPOINT=5", "HERMIT_FULLCHECKPOINT=1",
				 "HERMIT_MIGRATION_SERVER=h", "HERMIT_MIGRATION_SUPPORT=1",
				 "HERMIT_MIGRATION_PARAMS=f" };
	char part[80];

	for (size_t i = 0; i < sizeof(later) / sizeof(later[0]); i++) {
		snprintf(part, sizeof(part), "hermit: %.*s: ", (int)strcspn(later[i], "="), later[i]);
		read_bad(ARGS("p"), ARGS(later[i]), part);
		read_bad(ARGS("p"), ARGS(later[i]), "not there yet");
	}
	read_bad(ARGS("-p", "80:80", "p"), NO_ARGS, "-p: the network is not there yet");
	/* Switched off is what one gets anyway. */
	read_ok(ARGS("p"), ARGS("HERMIT_CAPTURE_NET=0", "HERMIT_CHECKPOINT=0", "HERMIT_IP="));
}

static void run_may_have_a_name(void **state)
{
	read_ok(ARGS("-d", "--name", "a.b-1", "p"), NO_ARGS);
	assert_true(c.detach);
	assert_string_equal(c.hostname, "a.b-1");
	read_bad(ARGS("--name", "a b", "p"), NO_ARGS, "not a name");
	read_bad(ARGS("--name", "../a", "p"), NO_ARGS, "not a name");
}

static void misspelt_variable_is_warned_about(void **state)
{
	heard_begin();
	assert_int_equal(options_read(&c, ARGS("p"), ARGS("HERMIT_VERBSE=1", "HERMITAGE=x", "PATH=/bin")), 0);
	assert_string_equal(heard_end(),
			    "hermit: warning: HERMIT_VERBSE: no such variable (did you mean HERMIT_VERBOSE?)\n");
	assert_false(c.verbose);
}

static void shares_are_read(void **state)
{
	read_ok(ARGS("-v", "/a:/b:ro", "-v", "rel", "--root", "/r:rw", "-e", "A=1", "-e", "B", "p"),
		ARGS("HERMIT_MOUNT=/"));
	assert_int_equal(c.nshares, 4);
	assert_memory_equal(c.shares[0].host, "/a", c.shares[0].host_len);
	assert_memory_equal(c.shares[0].guest, "/b", c.shares[0].guest_len);
	assert_true(c.shares[0].rdonly);
	assert_null(c.shares[1].guest);
	assert_int_equal(c.shares[2].host_len, 2);
	assert_false(c.shares[2].rdonly);
	assert_int_equal(c.nenv, 1);
}

static void no_more_of_anything_than_there_is_room(void **state)
{
	enum { N = 600 };
	char *args[2 * N + 2];

	for (size_t i = 0; i < N; i++) {
		args[2 * i] = "-v";
		args[2 * i + 1] = "/x";
	}
	args[2 * N] = "p";
	args[2 * N + 1] = NULL;
	read_bad(args, NO_ARGS, "too many shared directories");
	for (size_t i = 0; i < N; i++) {
		args[2 * i] = "-e";
		args[2 * i + 1] = "X=1";
	}
	read_bad(args, NO_ARGS, "too many variables");
}

/* A row added is the whole registration: two with one name would hide each other. */
static void table_has_no_name_twice(void **state)
{
	for (size_t i = 0; i < option_count; i++)
		for (size_t j = 0; j < i; j++) {
			const struct option_row *a = &option_rows[i], *b = &option_rows[j];

			if ((a->name && b->name && !strcmp(a->name, b->name)) ||
			    (a->variable && b->variable && !strcmp(a->variable, b->variable)) ||
			    (a->letter && a->letter == b->letter))
				fail_msg("rows %zu and %zu", i, j);
		}
}

static void control_characters_do_not_reach_the_terminal(void **state)
{
	heard_begin();
	options_read(&c, ARGS("p"), ARGS("HERMIT_CPUS=\033[31m\n"));
	assert_string_equal(heard_end(),
			    "hermit: HERMIT_CPUS=?[31m?: not a number of CPUs (give 1 to 255, or all)\n");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(defaults_hold),
		cmocka_unit_test(option_goes_before_variable),
		cmocka_unit_test(forms_of_options_are_equal),
		cmocka_unit_test(bad_values_name_thing_and_mend),
		cmocka_unit_test(what_is_not_there_yet_says_so),
		cmocka_unit_test(run_may_have_a_name),
		cmocka_unit_test(misspelt_variable_is_warned_about),
		cmocka_unit_test(shares_are_read),
		cmocka_unit_test(no_more_of_anything_than_there_is_room),
		cmocka_unit_test(table_has_no_name_twice),
		cmocka_unit_test(control_characters_do_not_reach_the_terminal),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
