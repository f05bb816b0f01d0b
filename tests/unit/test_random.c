/* SPDX-License-Identifier: MIT */
/* ChaCha20 as RFC 8439 has it, and what the generator makes of its sources. */
#include "unit.h"
#include "lib/log.h"
#include "lib/random.h"
#include "platform/boot.h"
#include "platform/platform.h"

struct boot_info boot_info;
static size_t entropy_given;

nsec_t platform_clock(void) { return 12345; }

size_t platform_entropy(void *buf, size_t n)
{
	size_t given = MIN(n, entropy_given);

	memset(buf, 0x5a, given);
	return given;
}

void log_printf(const char *fmt, ...) {}

/* RFC 8439, 2.3.2. */
static void test_block(void **state)
{
	static const u32 want[16] = {0xe4e7f110, 0x15593bd1, 0x1fdd0f50, 0xc47120a3, 0xc7f4d1c7, 0x0368c033,
				     0x9aaa2204, 0x4e6cd4c3, 0x466482d2, 0x09aa9f07, 0x05d7c214, 0xa2028bd9,
				     0xd19c12b5, 0xb94e16de, 0xe883d0cb, 0x4e3c50a2};
	static const u32 nonce[3] = {0x09000000, 0x4a000000, 0};
	u32 key[8], out[16];

	for (unsigned i = 0; i < 32; i++)
		((u8 *)key)[i] = (u8)i;
	chacha20_block(key, 1, nonce, out);
	assert_memory_equal(out, want, sizeof(want));
}

/* Any length, never the same bytes twice, and all of the buffer is written. */
static void test_bytes(void **state)
{
	u8 a[200], b[200];

	for (size_t n = 0; n <= sizeof(a); n++) {
		memset(a, 0, sizeof(a));
		memset(b, 0, sizeof(b));
		random_bytes(a, n);
		random_bytes(b, n);
		for (size_t i = n; i < sizeof(a); i++)
			assert_int_equal(a[i], 0);
		if (n >= 8)
			assert_memory_not_equal(a, b, n);
	}
	assert_int_not_equal(random_u64(), random_u64());
}

static void test_balance(void **state)
{
	unsigned ones = 0;

	for (int i = 0; i < 4096; i++)
		ones += (unsigned)__builtin_popcountll(random_u64());
	/* 262144 bits: the deviation is 256, ten times that is beyond chance. */
	assert_in_range(ones, 131072 - 2560, 131072 + 2560);
}

static void test_add(void **state)
{
	u8 seed[100] = {1};
	u64 before = random_u64();

	random_add(seed, sizeof(seed));
	random_add(seed, 0);
	random_add(seed, 1);
	assert_int_not_equal(before, random_u64());
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_block),
		cmocka_unit_test(test_bytes),
		cmocka_unit_test(test_balance),
		cmocka_unit_test(test_add),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
