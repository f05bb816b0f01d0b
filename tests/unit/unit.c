/* SPDX-License-Identifier: MIT */
#include "unit.h"
#include "lib/log.h"

jmp_buf unit_panic_jump;
bool unit_panic_expected;
char unit_panic_text[256];

/* Weak: the log's own test has the real one. */
__attribute__((weak)) void panic(const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(unit_panic_text, sizeof(unit_panic_text), fmt, ap);
	va_end(ap);
	if (unit_panic_expected)
		longjmp(unit_panic_jump, 1);
	fprintf(stderr, "unexpected panic: %s\n", unit_panic_text);
	abort();
}

/* xorshift64* (Vigna, "An experimental exploration of Marsaglia's xorshift generators", 2016) */
u64 unit_random(void)
{
	static u64 x;

	if (!x) {
		const char *seed = getenv("UNIT_SEED");

		x = seed ? strtoull(seed, NULL, 0) : 0;
		x = x ? x : 20160923;
	}
	x ^= x >> 12;
	x ^= x << 25;
	x ^= x >> 27;
	return x * 2685821657736338717ull;
}
