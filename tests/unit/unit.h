/* SPDX-License-Identifier: MIT */
/* What all unit tests share: cmocka, panics that can be expected, random numbers that can be repeated. */
#ifndef UNIT_H
#define UNIT_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "lib/types.h"

extern jmp_buf unit_panic_jump;
extern bool unit_panic_expected;
extern char unit_panic_text[256];

/* The expression must end in panic() with `part` in its message. */
#define assert_panics(expr, part)                                                                            \
	do {                                                                                                 \
		unit_panic_expected = true;                                                                  \
		if (!setjmp(unit_panic_jump)) {                                                              \
			(void)(expr);                                                                        \
			fail_msg("%s did not panic", #expr);                                                 \
		}                                                                                            \
		unit_panic_expected = false;                                                                 \
		if (!strstr(unit_panic_text, part))                                                          \
			fail_msg("%s: panic says \"%s\"", #expr, unit_panic_text);                           \
	} while (0)

/* The sequence is the same in every run, unless UNIT_SEED says otherwise. */
u64 unit_random(void);
static inline u64 unit_below(u64 n) { return unit_random() % n; }

#endif
