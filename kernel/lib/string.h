/* SPDX-License-Identifier: MIT */
/* The part of <string.h> the kernel uses, with ISO C's meaning; general registers only. */
#ifndef LIB_STRING_H
#define LIB_STRING_H

#include "lib/types.h"

#ifdef HERMIT_UNIT_TEST
#include <string.h>
#else
void *memcpy(void *dst, const void *src, size_t n);
void *memmove(void *dst, const void *src, size_t n);
void *memset(void *dst, int c, size_t n);
int memcmp(const void *a, const void *b, size_t n);
void *memchr(const void *s, int c, size_t n);
size_t strlen(const char *s);
size_t strnlen(const char *s, size_t max);
int strcmp(const char *a, const char *b);
int strncmp(const char *a, const char *b, size_t n);
char *strchr(const char *s, int c);
char *strrchr(const char *s, int c);
#endif

#if !defined(HERMIT_UNIT_TEST) && !defined(LIB_STRING_C)
/* The compiler knows these, and does the short ones in place; -ffreestanding had it forget. */
#define memcpy(dst, src, n)  __builtin_memcpy(dst, src, n)
#define memmove(dst, src, n) __builtin_memmove(dst, src, n)
#define memset(dst, c, n)    __builtin_memset(dst, c, n)
#define memcmp(a, b, n)	     __builtin_memcmp(a, b, n)
#define strlen(s)	     __builtin_strlen(s)
#define strcmp(a, b)	     __builtin_strcmp(a, b)
#define strncmp(a, b, n)     __builtin_strncmp(a, b, n)
#endif

/* Copies at most size - 1 bytes and always ends `dst`; returns strlen(src): >= size means cut. */
size_t string_copy(char *dst, const char *src, size_t size);

#endif
