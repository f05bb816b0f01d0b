/* SPDX-License-Identifier: MIT */
/*
 * Memory and strings.  The compiler may turn loops in here into calls of these very functions: this file is
 * built with -ffreestanding and -fno-tree-loop-distribute-patterns (see kernel/CMakeLists.txt).
 * Short blocks are moved with two accesses that overlap, so no length needs a loop over bytes.
 */
#define LIB_STRING_C /* makes the functions, so it must not replace them */
#include "lib/string.h"
#include <arch/string.h>

typedef u64 u64_any __attribute__((may_alias, aligned(1)));
typedef u32 u32_any __attribute__((may_alias, aligned(1)));
typedef u16 u16_any __attribute__((may_alias, aligned(1)));

static inline u64 load64(const void *p) { return *(const u64_any *)p; }
static inline void store64(void *p, u64 v) { *(u64_any *)p = v; }
static inline u32 load32(const void *p) { return *(const u32_any *)p; }
static inline void store32(void *p, u32 v) { *(u32_any *)p = v; }
static inline u16 load16(const void *p) { return *(const u16_any *)p; }
static inline void store16(void *p, u16 v) { *(u16_any *)p = v; }

/* n <= 32.  All loads come before the stores, so the blocks may overlap. */
static inline void copy_short(u8 *d, const u8 *s, size_t n)
{
	if (n > 16) {
		u64 a = load64(s), b = load64(s + 8), c = load64(s + n - 16), e = load64(s + n - 8);

		store64(d, a);
		store64(d + 8, b);
		store64(d + n - 16, c);
		store64(d + n - 8, e);
	} else if (n >= 8) {
		u64 a = load64(s), b = load64(s + n - 8);

		store64(d, a);
		store64(d + n - 8, b);
	} else if (n >= 4) {
		u32 a = load32(s), b = load32(s + n - 4);

		store32(d, a);
		store32(d + n - 4, b);
	} else if (n >= 2) {
		u16 a = load16(s), b = load16(s + n - 2);

		store16(d, a);
		store16(d + n - 2, b);
	} else if (n) {
		*d = *s;
	}
}

void *memcpy(void *dst, const void *src, size_t n)
{
	u64 last;

	if (n <= 32) {
		copy_short(dst, src, n);
		return dst;
	}
	last = load64((const u8 *)src + n - 8);
	arch_copy_words(dst, src, (n - 1) / 8);
	store64((u8 *)dst + n - 8, last);
	return dst;
}

void *memmove(void *dst, const void *src, size_t n)
{
	u8 *d = dst;
	const u8 *s = src;

	if (n <= 32) {
		copy_short(d, s, n);
	} else if ((uintptr_t)d - (uintptr_t)s >= n) { /* d below s, or no overlap: upwards is right */
		u64 last = load64(s + n - 8);

		arch_copy_words(d, s, (n - 1) / 8);
		store64(d + n - 8, last);
	} else {
		u64 first = load64(s);

		arch_copy_words_down(d + n - 8, s + n - 8, (n - 1) / 8);
		store64(d, first);
	}
	return dst;
}

void *memset(void *dst, int c, size_t n)
{
	u8 *d = dst;
	u64 v = (u8)c * 0x0101010101010101ull;

	if (n >= 8) {
		store64(d + n - 8, v);
		if (n > 32) {
			arch_fill_words(d, v, (n - 1) / 8);
			return dst;
		}
		store64(d, v);
		if (n > 16) {
			store64(d + 8, v);
			store64(d + n - 16, v);
		}
	} else if (n >= 4) {
		store32(d, (u32)v);
		store32(d + n - 4, (u32)v);
	} else if (n >= 2) {
		store16(d, (u16)v);
		store16(d + n - 2, (u16)v);
	} else if (n) {
		*d = (u8)v;
	}
	return dst;
}

/* Of two different words: which bytes come first in order. */
static int word_order(u64 x, u64 y) { return __builtin_bswap64(x) < __builtin_bswap64(y) ? -1 : 1; }

/* Names are short: the last bytes are compared by a word that reaches back over compared ones, not one by one. */
int memcmp(const void *a, const void *b, size_t n)
{
	const u8 *x = a, *y = b;

	if (n >= 8) {
		const u8 *last = x + n - 8;

		for (; x < last; x += 8, y += 8)
			if (load64(x) != load64(y))
				return word_order(load64(x), load64(y));
		y -= x - last;
		return load64(last) == load64(y) ? 0 : word_order(load64(last), load64(y));
	}
	if (n >= 4) {
		if (load32(x) != load32(y))
			return word_order(load32(x), load32(y));
		x += n - 4;
		y += n - 4;
		return load32(x) == load32(y) ? 0 : word_order(load32(x), load32(y));
	}
	for (; n; x++, y++, n--)
		if (*x != *y)
			return *x - *y;
	return 0;
}

void *memchr(const void *s, int c, size_t n)
{
	for (const u8 *p = s; n; p++, n--)
		if (*p == (u8)c)
			return (void *)p;
	return NULL;
}

__no_kasan size_t strlen(const char *s)
{
	/* Eight bytes at a time once aligned: such a word cannot reach into another page. */
	const char *p = s;

	for (; (uintptr_t)p & 7; p++)
		if (!*p)
			return p - s;
	for (;; p += 8) {
		u64 v = *(const u64 *)p, zeros = (v - 0x0101010101010101ull) & ~v & 0x8080808080808080ull;

		if (zeros)
			return p - s + (__builtin_ctzll(zeros) >> 3);
	}
}

size_t strnlen(const char *s, size_t max)
{
	const char *end = memchr(s, 0, max);

	return end ? (size_t)(end - s) : max;
}

int strcmp(const char *a, const char *b)
{
	while (*a && *a == *b)
		a++, b++;
	return (u8)*a - (u8)*b;
}

int strncmp(const char *a, const char *b, size_t n)
{
	for (; n; a++, b++, n--) {
		if (*a != *b)
			return (u8)*a - (u8)*b;
		if (!*a)
			break;
	}
	return 0;
}

char *strchr(const char *s, int c)
{
	for (;; s++) {
		if (*s == (char)c)
			return (char *)s;
		if (!*s)
			return NULL;
	}
}

char *strrchr(const char *s, int c)
{
	const char *found = NULL;

	for (;; s++) {
		if (*s == (char)c)
			found = s;
		if (!*s)
			return (char *)found;
	}
}

size_t string_copy(char *dst, const char *src, size_t size)
{
	size_t len = strlen(src);

	if (size) {
		size_t n = MIN(len, size - 1);

		memcpy(dst, src, n);
		dst[n] = 0;
	}
	return len;
}
