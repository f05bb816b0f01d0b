/* SPDX-License-Identifier: MIT */
/* The kernel's <string.h> under names of its own, beside the host's. */
#ifndef STRING_UNDER_TEST_H
#define STRING_UNDER_TEST_H

#include "lib/types.h"

void *k_memcpy(void *dst, const void *src, size_t n);
void *k_memmove(void *dst, const void *src, size_t n);
void *k_memset(void *dst, int c, size_t n);
int k_memcmp(const void *a, const void *b, size_t n);
void *k_memchr(const void *s, int c, size_t n);
size_t k_strlen(const char *s);
size_t k_strnlen(const char *s, size_t max);
int k_strcmp(const char *a, const char *b);
int k_strncmp(const char *a, const char *b, size_t n);
char *k_strchr(const char *s, int c);
char *k_strrchr(const char *s, int c);
size_t string_copy(char *dst, const char *src, size_t size);

#endif
