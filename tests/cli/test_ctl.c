/* SPDX-License-Identifier: MIT */
#include "unit.h"
#include "ctl.h"

#include <sys/socket.h>

static int pair[2];
static struct ctl_in in;
static const char *why;

static int begin(void **state)
{
	memset(&in, 0, sizeof(in));
	return socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0, pair);
}

static int end(void **state)
{
	close(pair[0]);
	close(pair[1]);
	return 0;
}

static void put(uint16_t type, const void *payload, uint16_t len)
{
	struct hermit_ctl head = { type, len };

	assert_int_equal(write(pair[1], &head, sizeof(head)), sizeof(head));
	if (len)
		assert_int_equal(write(pair[1], payload, len), len);
}

/* Reads until there is no more; gives the last answer. */
static int take_all(void)
{
	int r;

	while ((r = ctl_receive(&in, pair[0], &why)) > 0)
		;
	return r;
}

static void messages_in_any_pieces_are_understood(void **state)
{
	struct hermit_ctl_exit e = { -5, 0 };
	unsigned char all[64];
	uint64_t want = 4096;
	size_t len = 0;

	memcpy(all, &(struct hermit_ctl){ HERMIT_CTL_STDIN_WANT, 8 }, 4);
	memcpy(all + 4, &want, 8);
	memcpy(all + 12, &(struct hermit_ctl){ 999, 3 }, 4);
	memcpy(all + 16, "abc", 3);
	memcpy(all + 19, &(struct hermit_ctl){ HERMIT_CTL_EXIT, 8 }, 4);
	memcpy(all + 23, &e, 8);
	len = 31;
	for (size_t step = 1; step <= len; step++) {
		memset(&in, 0, sizeof(in));
		for (size_t at = 0; at < len; at += step) {
			size_t n = step < len - at ? step : len - at;

			assert_int_equal(write(pair[1], all + at, n), n);
			assert_int_equal(take_all(), 0);
		}
		assert_true(in.ended && in.wanted);
		assert_int_equal(in.exit.status, -5);
		assert_int_equal(in.want, 4096);
	}
}

static void longest_message_fits(void **state)
{
	char payload[HERMIT_CTL_MAX] = { 0 };

	for (int i = 0; i < 100; i++) {
		put(1234, payload, sizeof(payload));
		assert_int_equal(take_all(), 0);
	}
}

static void wrong_messages_are_protocol_errors(void **state)
{
	static const struct {
		uint16_t type, len;
	} wrong[] = { { HERMIT_CTL_EXIT, 7 }, { HERMIT_CTL_EXIT, 0 }, { HERMIT_CTL_STDIN_WANT, 4 },
		      { HERMIT_CTL_TERMIOS, 100 } };
	char payload[128] = { 0 };

	for (size_t i = 0; i < 4; i++) {
		memset(&in, 0, sizeof(in));
		put(wrong[i].type, payload, wrong[i].len);
		assert_int_equal(take_all(), -EPROTO);
		assert_non_null(why);
		assert_false(in.ended);
	}
	memset(&in, 0, sizeof(in));
	put(5555, NULL, 0);
	assert_int_equal(write(pair[1], &(struct hermit_ctl){ 1, HERMIT_CTL_MAX + 1 }, 4), 4);
	assert_int_equal(take_all(), -EPROTO);
}

static void nothing_counts_after_the_exit(void **state)
{
	put(HERMIT_CTL_EXIT, &(struct hermit_ctl_exit){ 1, 0 }, 8);
	put(HERMIT_CTL_EXIT, &(struct hermit_ctl_exit){ 2, 0 }, 8);
	put(HERMIT_CTL_EXIT, "x", 1);
	assert_int_equal(take_all(), 0);
	put(HERMIT_CTL_EXIT, "x", 1);
	assert_int_equal(take_all(), 0);
	assert_int_equal(in.exit.status, 1);
}

static void end_of_the_channel_is_seen(void **state)
{
	shutdown(pair[1], SHUT_WR);
	assert_int_equal(take_all(), -EPIPE);
}

/* Any bytes whatever: no crash, and in the end either more is wanted or it is an error. */
static void rubbish_is_borne(void **state)
{
	unsigned int seed = 7;

	for (int run = 0; run < 2000; run++) {
		unsigned char bytes[300];
		int r;

		memset(&in, 0, sizeof(in));
		for (size_t i = 0; i < sizeof(bytes); i++)
			bytes[i] = (unsigned char)(rand_r(&seed) % (i % 4 == 3 ? 2 : 80));
		assert_int_equal(write(pair[1], bytes, sizeof(bytes)), sizeof(bytes));
		while ((r = ctl_receive(&in, pair[0], &why)) > 0)
			assert_true(in.len < sizeof(in.buf));
		assert_true(r == 0 || r == -EPROTO);
		while (read(pair[0], bytes, sizeof(bytes)) > 0)
			;
	}
}

static void wishes_become_messages_once(void **state)
{
	struct ctl_out out = { .signals = 1ull << 2 | 1ull << 15, .winsize = true, .eof = true, .eof_at = 77,
			       .hup = { [1] = true, [2] = true }, .win = { 1, 2, 3, 4 } };
	unsigned char got[256];
	ssize_t n, at = 0;
	int count[8] = { 0 };

	assert_true(ctl_pending(&out));
	assert_int_equal(ctl_send(&out, pair[0]), 0);
	assert_false(ctl_pending(&out));
	n = read(pair[1], got, sizeof(got));
	while (at < n) {
		struct hermit_ctl head;
		uint64_t v = 0;

		memcpy(&head, got + at, sizeof(head));
		memcpy(&v, got + at + 4, head.len);
		assert_true(head.type < 8);
		count[head.type]++;
		if (head.type == HERMIT_CTL_STDIN_EOF)
			assert_int_equal(v, 77);
		at += 4 + head.len;
	}
	assert_int_equal(at, n);
	assert_int_equal(count[HERMIT_CTL_SIGNAL], 2);
	assert_int_equal(count[HERMIT_CTL_WINSIZE], 1);
	assert_int_equal(count[HERMIT_CTL_STDIN_EOF], 1);
	assert_int_equal(count[HERMIT_CTL_HUP], 2);
}

/* A guest that does not read: wishes wait, nothing grows, nothing is lost or torn. */
static void full_channel_keeps_the_wish(void **state)
{
	struct ctl_out out = { 0 };
	unsigned char got[8];
	size_t sent = 0, seen = 0;

	for (int i = 0; i < 1000000 && !ctl_pending(&out); i++) {
		out.signals |= 1ull << 10;
		assert_int_equal(ctl_send(&out, pair[0]), 0);
		sent++;
	}
	assert_true(ctl_pending(&out));
	for (;;) {
		ssize_t n = read(pair[1], got, sizeof(got));

		if (n <= 0) {
			if (!ctl_pending(&out))
				break;
			assert_int_equal(ctl_send(&out, pair[0]), 0);
			continue;
		}
		assert_int_equal(n, 8);
		assert_int_equal(got[0], HERMIT_CTL_SIGNAL);
		assert_int_equal(got[4], 10);
		seen++;
	}
	assert_int_equal(seen, sent);
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, begin, end)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(messages_in_any_pieces_are_understood),
		TEST(longest_message_fits),
		TEST(wrong_messages_are_protocol_errors),
		TEST(nothing_counts_after_the_exit),
		TEST(end_of_the_channel_is_seen),
		TEST(rubbish_is_borne),
		TEST(wishes_become_messages_once),
		TEST(full_channel_keeps_the_wish),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
