/* SPDX-License-Identifier: MIT */
/* Which instructions may be moved to another address unchanged.  Knows bytes, no memory: patch.c's. */
#ifndef ARCH_X86_64_DISPLACE_H
#define ARCH_X86_64_DISPLACE_H

#include "lib/types.h"

/*
 * The length of the instruction at code[0..len) if it does the same at any address and goes on behind itself;
 * 0: not sure.  *sets_flags: it sets all arithmetic flags and reads none.
 */
unsigned displace_length(const u8 *code, size_t len, bool *sets_flags);

/* Whether code[0..5) may be `mov $number, %eax` and not the tail of another instruction; `before`: the 3 bytes ahead. */
bool displace_is_mov_eax(const u8 *before, const u8 *code, u32 number);

#endif
