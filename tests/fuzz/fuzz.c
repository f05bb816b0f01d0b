/* SPDX-License-Identifier: MIT */
#include "fuzz.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

void fuzz_fail(const char *file, int line, const char *what)
{
	fprintf(stderr, "%s:%d: does not hold: %s\n", file, line, what);
	abort();
}

const uint8_t *fuzz_take(struct fuzz_input *in, size_t *n)
{
	const uint8_t *p = in->at;

	if (*n > in->left)
		*n = in->left;
	in->at += *n;
	in->left -= *n;
	return p;
}

size_t fuzz_bytes(struct fuzz_input *in, void *to, size_t n)
{
	const uint8_t *p = fuzz_take(in, &n);

	if (n)
		memcpy(to, p, n);
	return n;
}

uint8_t fuzz_u8(struct fuzz_input *in)
{
	uint8_t v = 0;

	fuzz_bytes(in, &v, sizeof(v));
	return v;
}

uint16_t fuzz_u16(struct fuzz_input *in)
{
	uint16_t v = 0;

	fuzz_bytes(in, &v, sizeof(v));
	return v;
}

uint32_t fuzz_u32(struct fuzz_input *in)
{
	uint32_t v = 0;

	fuzz_bytes(in, &v, sizeof(v));
	return v;
}
