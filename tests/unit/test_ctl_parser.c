/* SPDX-License-Identifier: MIT */
#include "unit.h"
#include "drivers/ctl_parser.h"
#include "lib/errno.h"

static struct ctl_parser parser;
static struct {
	unsigned type, len;
	u8 payload[HERMIT_CTL_MAX];
} got[512];
static unsigned ngot;

static int begin(void **state)
{
	memset(&parser, 0, sizeof(parser));
	ngot = 0;
	return 0;
}

static void keep(unsigned type, const void *payload, unsigned len)
{
	assert_true(len <= HERMIT_CTL_MAX && ngot < ARRAY_SIZE(got));
	got[ngot].type = type;
	got[ngot].len = len;
	memcpy(got[ngot++].payload, payload, len);
}

static size_t put(u8 *p, u16 type, u16 len, u8 fill)
{
	struct hermit_ctl h = {type, len};

	memcpy(p, &h, sizeof(h));
	memset(p + sizeof(h), fill, len);
	return sizeof(h) + len;
}

static void messages_survive_any_cutting(void **state)
{
	u8 stream[4096];
	size_t n = 0;

	n += put(stream + n, 1, 4, 0x11);
	n += put(stream + n, 2, 0, 0);
	n += put(stream + n, 99, HERMIT_CTL_MAX, 0x33);
	n += put(stream + n, 3, 8, 0x44);
	for (unsigned round = 0; round < 2000; round++) {
		size_t at = 0;

		begin(NULL);
		while (at < n) {
			size_t piece = MIN(n - at, (size_t)(round ? unit_below(round % 300 + 2) : n));
			u8 *copy = malloc(piece ? piece : 1); /* of that very size: ASan sees a byte too many */

			memcpy(copy, stream + at, piece);
			assert_int_equal(ctl_parse(&parser, copy, piece, keep), 0);
			free(copy);
			at += piece;
		}
		assert_int_equal(ngot, 4);
		assert_int_equal(got[0].type, 1);
		assert_int_equal(got[1].len, 0);
		assert_int_equal(got[2].len, HERMIT_CTL_MAX);
		assert_int_equal(got[2].payload[HERMIT_CTL_MAX - 1], 0x33);
		assert_int_equal(got[3].payload[7], 0x44);
	}
}

static void a_message_too_long_ends_the_stream(void **state)
{
	u8 stream[2 * HERMIT_CTL_MAX];
	size_t n = put(stream, 1, 4, 1);
	struct hermit_ctl h = {1, HERMIT_CTL_MAX + 1};

	memset(stream + n, 0, sizeof(stream) - n);
	memcpy(stream + n, &h, sizeof(h));
	assert_int_equal(ctl_parse(&parser, stream, sizeof(stream), keep), -EPROTO);
	assert_int_equal(ngot, 1);
	assert_int_equal(ctl_parse(&parser, stream, 8, keep), -EPROTO);
	assert_int_equal(ngot, 1);
}

static void rubbish_is_cut_without_harm(void **state)
{
	for (unsigned round = 0; round < 20000; round++) {
		u8 noise[300];
		size_t n = unit_below(sizeof(noise));

		begin(NULL);
		for (size_t i = 0; i < n; i++)
			noise[i] = unit_below(4) ? 0 : (u8)unit_random();
		(void)ctl_parse(&parser, noise, n, keep);
		assert_true(parser.have <= sizeof(parser.bytes));
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(messages_survive_any_cutting, begin),
		cmocka_unit_test_setup(a_message_too_long_ends_the_stream, begin),
		cmocka_unit_test_setup(rubbish_is_cut_without_harm, begin),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
