/* SPDX-License-Identifier: MIT */
#include "text.h"

#include <errno.h>
#include <string.h>
#include <strings.h>

static int text_digits(const char **s, uint64_t *value)
{
	const char *p = *s;
	uint64_t v = 0;

	if (*p < '0' || *p > '9')
		return -EINVAL;
	for (; *p >= '0' && *p <= '9'; p++)
		if (__builtin_mul_overflow(v, 10, &v) || __builtin_add_overflow(v, (uint64_t)(*p - '0'), &v))
			return -ERANGE;
	*s = p;
	*value = v;
	return 0;
}

int text_number(const char *s, uint64_t min, uint64_t max, uint64_t *value)
{
	uint64_t v;
	int r = text_digits(&s, &v);

	if (r)
		return r;
	if (*s)
		return -EINVAL;
	if (v < min || v > max)
		return -ERANGE;
	*value = v;
	return 0;
}

int text_size(const char *s, uint64_t *bytes)
{
	unsigned int shift = 20;
	uint64_t v;
	int r = text_digits(&s, &v);

	if (r)
		return r;
	if (*s) {
		switch (*s++ | 0x20) {
		case 'k':
			shift = 10;
			break;
		case 'm':
			shift = 20;
			break;
		case 'g':
			shift = 30;
			break;
		default:
			return -EINVAL;
		}
		if (*s && strcasecmp(s, "b") && strcasecmp(s, "ib"))
			return -EINVAL;
	}
	if (v > UINT64_MAX >> shift)
		return -ERANGE;
	*bytes = v << shift;
	return 0;
}

/* A number that ends at one of `ends` or the string's end.  -EINVAL, -ERANGE. */
static int text_item(const char **s, const char *ends, unsigned int most, unsigned int *value)
{
	char digits[16];
	size_t len = strcspn(*s, ends);
	uint64_t v;
	int r;

	if (len >= sizeof(digits))
		return -ERANGE;
	memcpy(digits, *s, len);
	digits[len] = 0;
	r = text_number(digits, 0, most, &v);
	if (r)
		return r;
	*value = (unsigned int)v;
	*s += len;
	return 0;
}

int text_list(const char *s, unsigned int most, unsigned int *list, unsigned int room)
{
	unsigned int n = 0;

	for (;;) {
		unsigned int first = 0, last;
		int r = text_item(&s, ",-", most, &first);

		last = first;
		if (!r && *s == '-') {
			s++;
			r = text_item(&s, ",", most, &last);
		}
		if (r)
			return r;
		if (last < first)
			return -EINVAL;
		for (; first <= last; first++) {
			if (n == room)
				return -ERANGE;
			list[n++] = first;
		}
		if (!*s)
			return (int)n;
		s++;
	}
}

int text_bool(const char *s, bool *value)
{
	static const char *const words[][2] = {
		{ "0", "1" }, { "no", "yes" }, { "off", "on" }, { "false", "true" }
	};

	for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++)
		for (int v = 0; v < 2; v++)
			if (!strcasecmp(s, words[i][v])) {
				*value = v;
				return 0;
			}
	return -EINVAL;
}

#define NEAR_MAX 48 /* names longer than this are not compared */

/* Optimal string alignment: insertions, deletions, substitutions and swaps of neighbours. */
static unsigned int text_distance(const char *a, size_t n, const char *b, size_t m)
{
	unsigned int d[3][NEAR_MAX + 1];

	for (size_t j = 0; j <= m; j++)
		d[0][j] = (unsigned int)j;
	for (size_t i = 1; i <= n; i++) {
		unsigned int *row = d[i % 3], *up = d[(i + 2) % 3], *up2 = d[(i + 1) % 3];

		row[0] = (unsigned int)i;
		for (size_t j = 1; j <= m; j++) {
			unsigned int best = up[j - 1] + (a[i - 1] != b[j - 1]);

			if (up[j] + 1 < best)
				best = up[j] + 1;
			if (row[j - 1] + 1 < best)
				best = row[j - 1] + 1;
			if (i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1] &&
			    up2[j - 2] + 1 < best)
				best = up2[j - 2] + 1;
			row[j] = best;
		}
	}
	return d[n % 3][m];
}

/* The prefix that all variables have says nothing about what was meant. */
static const char *text_stem(const char *s)
{
	return strncmp(s, "HERMIT_", 7) ? s : s + 7;
}

const char *text_nearest(const char *s, const void *names, size_t count, size_t stride)
{
	const char *best = NULL;
	unsigned int best_d = UINT32_MAX;
	size_t n = strlen(text_stem(s));

	if (n > NEAR_MAX)
		return NULL;
	for (size_t i = 0; i < count; i++) {
		const char *name;
		size_t m;
		unsigned int d;

		memcpy(&name, (const char *)names + i * stride, sizeof(name));
		if (!name)
			continue;
		m = strlen(text_stem(name));
		if (m > NEAR_MAX)
			continue;
		d = text_distance(text_stem(s), n, text_stem(name), m);
		/* A third of the letters wrong is still a slip; more is another word. */
		if (d < best_d && d <= 1 + (m > n ? m : n) / 3) {
			best = name;
			best_d = d;
		}
	}
	return best;
}
