/* SPDX-License-Identifier: MIT */
#include "arch/x86_64/displace.h"
#include "unit.h"

#define LENGTH(flags_, ...)                                                     \
	({                                                                      \
		static const u8 code_[] = {__VA_ARGS__};                        \
		bool sets_ = !(flags_);                                         \
		unsigned n_ = displace_length(code_, sizeof(code_), &sets_);    \
		assert_int_equal(sets_, flags_);                                \
		/* Cut off anywhere it is nothing. */                           \
		for (size_t cut_ = 0; cut_ < n_; cut_++) {                      \
			bool drop_;                                             \
			assert_int_equal(displace_length(code_, cut_, &drop_), 0); \
		}                                                               \
		n_;                                                             \
	})

static void compares(void **state)
{
	assert_int_equal(LENGTH(true, 0x48, 0x3d, 0x01, 0xf0, 0xff, 0xff), 6); /* cmp $-4095, %rax */
	assert_int_equal(LENGTH(true, 0x3d, 0x00, 0xf0, 0xff, 0xff), 5);
	assert_int_equal(LENGTH(true, 0x48, 0x83, 0xf8, 0xff), 4);	       /* cmp $-1, %rax */
	assert_int_equal(LENGTH(true, 0x83, 0x7d, 0xf8, 0x00), 4);	       /* cmpl $0, -8(%rbp) */
	assert_int_equal(LENGTH(false, 0x48, 0x83, 0xd0, 0x00), 4);	       /* adc: reads the carry */
	assert_int_equal(LENGTH(true, 0x48, 0x85, 0xc0), 3);
	assert_int_equal(LENGTH(true, 0x85, 0xc0), 2);
	assert_int_equal(LENGTH(true, 0x48, 0xf7, 0xd8), 3);		       /* neg */
	assert_int_equal(LENGTH(true, 0x48, 0x81, 0xbc, 0x24, 1, 2, 3, 4, 5, 6, 7, 8), 12); /* cmpq $, disp32(%rsp) */
}

static void moves(void **state)
{
	assert_int_equal(LENGTH(false, 0x48, 0x89, 0xc3), 3);
	assert_int_equal(LENGTH(false, 0x48, 0x89, 0x44, 0x24, 0x18), 5); /* mov %rax, 24(%rsp) */
	assert_int_equal(LENGTH(false, 0x89, 0x04, 0x25, 1, 2, 3, 4), 7); /* mov %eax, absolute */
	assert_int_equal(LENGTH(false, 0x48, 0x8d, 0x50, 0x01), 4);
	assert_int_equal(LENGTH(false, 0xb8, 1, 2, 3, 4), 5);
	assert_int_equal(LENGTH(false, 0x48, 0xb8, 1, 2, 3, 4, 5, 6, 7, 8), 10);
	assert_int_equal(LENGTH(false, 0xc7, 0x45, 0xfc, 1, 2, 3, 4), 7);
}

static void refused(void **state)
{
	bool flags;
	static const u8 code[][8] = {
		{0xc3},				      /* ret */
		{0x0f, 0x05},			      /* syscall */
		{0xe8, 1, 2, 3, 4},		      /* call */
		{0xeb, 0x10, 0x90, 0x90},	      /* jmp */
		{0x0f, 0x84, 1, 2, 3, 4},	      /* je */
		{0x48, 0x89, 0x05, 1, 2, 3, 4},	      /* mov %rax, x(%rip) */
		{0x48, 0x8d, 0x3d, 1, 2, 3, 4},	      /* lea x(%rip) */
		{0x48, 0x3b, 0x05, 1, 2, 3, 4},	      /* cmp x(%rip) */
		{0xc7, 0x05, 1, 2, 3, 4, 5, 6},	      /* movl $, x(%rip) */
		{0x41, 0x5c, 0x90},		      /* pop */
		{0xf7, 0xe1, 0x90},		      /* mul */
		{0xf0, 0x48, 0x0f, 0xb1},	      /* lock cmpxchg */
		{0xf3, 0x0f, 0x1e, 0xfa},	      /* endbr64 */
		{0x66, 0x90, 0x90},
	};

	for (size_t i = 0; i < ARRAY_SIZE(code); i++)
		assert_int_equal(displace_length(code[i], 8, &flags), 0);
}

static void any_bytes(void **state)
{
	u32 x = 12345;
	u8 code[16];
	bool flags;

	for (int i = 0; i < 1000000; i++) {
		for (int k = 0; k < 16; k += 4) {
			x = x * 1664525 + 1013904223;
			for (int b = 0; b < 4; b++)
				code[k + b] = (u8)(x >> (24 - 8 * b) ^ i);
		}
		unsigned n = displace_length(code, (size_t)(x >> 28), &flags);

		assert_true(n <= x >> 28);
	}
}

static void mov_eax(void **state)
{
	static const u8 nop[] = {0x90, 0x90, 0x90}, mov[] = {0xb8, 39, 0, 0, 0}, mov_ecx[] = {0xb9, 39, 0, 0, 0};
	static const u8 rex[] = {0x90, 0x90, 0x41}, word[] = {0x90, 0x90, 0x66};
	static const u8 store_rbp[] = {0x90, 0xc7, 0x45}, store_rsp[] = {0xc7, 0x44, 0x24}, imul[] = {0x90, 0x69, 0x45};

	assert_true(displace_is_mov_eax(nop, mov, 39));
	assert_false(displace_is_mov_eax(nop, mov, 40));
	assert_false(displace_is_mov_eax(nop, mov_ecx, 39));
	assert_false(displace_is_mov_eax(rex, mov, 39));  /* mov $39, %r8d */
	assert_false(displace_is_mov_eax(word, mov, 39));
	assert_false(displace_is_mov_eax(store_rbp, mov, 39)); /* movl $39, -72(%rbp) */
	assert_false(displace_is_mov_eax(store_rsp, mov, 39));
	assert_false(displace_is_mov_eax(imul, mov, 39));
}

int main(void)
{
	const struct CMUnitTest tests[] = {cmocka_unit_test(compares), cmocka_unit_test(moves), cmocka_unit_test(refused),
					   cmocka_unit_test(any_bytes), cmocka_unit_test(mov_eax)};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
