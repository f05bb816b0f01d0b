/* SPDX-License-Identifier: MIT */
/*
 * Reading of what a user typed: sizes, numbers, yes and no, and the nearest
 * name to a misspelt one.  Pure functions, callable from anywhere.
 */
#ifndef CLI_TEXT_H
#define CLI_TEXT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/*
 * A size with suffix K, M or G (either case, optionally followed by "iB" or
 * "B"); a bare number counts MiB.  Gives bytes.  -EINVAL if it is not a size,
 * -ERANGE if it does not fit.
 */
int text_size(const char *s, uint64_t *bytes);

/* A decimal number of digits only.  -EINVAL, or -ERANGE outside min..max. */
int text_number(const char *s, uint64_t min, uint64_t max, uint64_t *value);

/*
 * A list of numbers and ranges, such as "0,4-7", in its order; each of 0..most.
 * Gives how many there are, at most `room` of them in list[].  -EINVAL; -ERANGE.
 */
int text_list(const char *s, unsigned int most, unsigned int *list, unsigned int room);

/* 0/1, no/yes, off/on, false/true.  -EINVAL for all else. */
int text_bool(const char *s, bool *value);

/*
 * The one of `names` (`stride` bytes apart, each entry beginning with a
 * `const char *` that may be NULL) with the fewest edits from `s`, or NULL if
 * none is near enough to be meant.
 */
const char *text_nearest(const char *s, const void *names, size_t count, size_t stride);

#endif
