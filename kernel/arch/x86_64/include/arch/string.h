/* SPDX-License-Identifier: MIT */
/*
 * Long copies and fills by the string instructions: fast where the CPU has ERMS, and under emulation eight
 * bytes cost one iteration.  `words` are of 8 bytes; the pointers need no alignment.
 */
#ifndef ARCH_STRING_H
#define ARCH_STRING_H

#include "lib/types.h"

static inline void arch_copy_words(void *dst, const void *src, size_t words)
{
	__asm__ volatile("rep movsq" : "+D"(dst), "+S"(src), "+c"(words)::"memory");
}

/* From the last word down to the first; both point to the last word. */
static inline void arch_copy_words_down(void *dst, const void *src, size_t words)
{
	__asm__ volatile("std; rep movsq; cld" : "+D"(dst), "+S"(src), "+c"(words)::"memory", "cc");
}

static inline void arch_fill_words(void *dst, u64 word, size_t words)
{
	__asm__ volatile("rep stosq" : "+D"(dst), "+c"(words) : "a"(word) : "memory");
}

#endif
