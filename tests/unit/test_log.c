/* SPDX-License-Identifier: MIT */
#include "unit.h"
#include "lib/log.h"

#include "platform/platform.h"
#include "proc/cpu.h"

const char text_start[1], text_end[1]; /* the linker script's: a host test has no kernel text */

struct cpu test_cpu;
const char text_start[1], text_end[1]; /* no address looks like code */

static char console[65536];
static size_t console_len;
static jmp_buf powered_off;

void platform_console_write(const char *s, size_t n)
{
	assert_true(console_len + n < sizeof(console));
	memcpy(console + console_len, s, n);
	console_len += n;
	console[console_len] = 0;
}

void platform_power_off(bool failed)
{
	assert_true(failed);
	longjmp(powered_off, 1);
}

void platform_spin_wait(void) { abort(); }

static void console_clear(void)
{
	console_len = 0;
	console[0] = 0;
}

static void lines_reach_the_console_only_when_verbose(void **state)
{
	console_clear();
	log_verbose = false;
	log_info("hidden %d", 1);
	assert_int_equal(console_len, 0);
	log_verbose = true;
	log_warn("shown %d", 2);
	assert_string_equal(console, "warning: shown 2\n");
	log_verbose = false;
}

static void past_lines_can_be_shown_later(void **state)
{
	console_clear();
	log_show_past();
	assert_string_equal(console, "hidden 1\nwarning: shown 2\n");
}

static void ring_keeps_the_last_whole_lines(void **state)
{
	static char buf[LOG_RING_SIZE + 1];
	char want[32], *line = buf;
	size_t n;
	int i;

	for (i = 0; i < 3000; i++)
		log_info("line %d", i);
	n = log_read(buf, LOG_RING_SIZE);
	assert_in_range(n, LOG_RING_SIZE - 20, LOG_RING_SIZE);
	buf[n] = 0;
	assert_int_equal(sscanf(buf, "line %d", &i), 1);
	for (; i < 3000; i++) {
		int len = snprintf(want, sizeof(want), "line %d\n", i);

		assert_memory_equal(line, want, len);
		line += len;
	}
	assert_ptr_equal(line, buf + n);
	for (size_t size = 0; size < 100; size++) { /* never half a line */
		n = log_read(buf, size);
		assert_true(n <= size);
		if (n) {
			assert_memory_equal(buf, "line ", 5);
			assert_int_equal(buf[n - 1], '\n');
		}
	}
}

static void long_lines_are_cut_and_ended(void **state)
{
	static char text[1000], buf[1000];
	size_t n;

	memset(text, 'x', sizeof(text) - 1);
	log_info("%s", text);
	n = log_read(buf, sizeof(buf));
	assert_int_equal(buf[n - 1], '\n');
	assert_int_equal(buf[n - 2], 'x');
}

static void panic_tells_and_ends_the_machine(void **state)
{
	console_clear();
	log_info("the last line before");
	if (!setjmp(powered_off))
		panic("no %s left", "frames");
	assert_non_null(strstr(console, "the last line before\n"));
	assert_non_null(strstr(console, "\npanic: no frames left\n"));
	/* A panic on the way ends at once, silently. */
	console_clear();
	if (!setjmp(powered_off))
		panic("again");
	assert_int_equal(console_len, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(lines_reach_the_console_only_when_verbose),
		cmocka_unit_test(past_lines_can_be_shown_later),
		cmocka_unit_test(ring_keeps_the_last_whole_lines),
		cmocka_unit_test(long_lines_are_cut_and_ended),
		cmocka_unit_test(panic_tells_and_ends_the_machine),
	};

	return cmocka_run_group_tests_name("log", tests, NULL, NULL);
}
