/* SPDX-License-Identifier: MIT */
/* The kernel's reader of hermit.ctl (kernel/drivers/ctl_parser.h).  The input: a byte of how long the pieces are, the stream. */
#include "fuzz.h"
#include "drivers/ctl_parser.h"

#include <stdlib.h>
#include <string.h>

static size_t heard;

static void message(unsigned int type, const void *payload, unsigned int len)
{
	const uint8_t *p = payload;

	FUZZ_CHECK(len <= HERMIT_CTL_MAX);
	for (unsigned int i = 0; i < len; i++) /* the sanitizer looks at them */
		heard += p[i];
	heard += type;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct fuzz_input in = { data, size };
	struct ctl_parser *p = calloc(1, sizeof(*p));
	size_t piece = fuzz_u8(&in) + 1u;
	int r = 0;

	FUZZ_CHECK(p);
	while (in.left) {
		size_t n = piece;
		const uint8_t *bytes = fuzz_take(&in, &n);
		int was = r;

		r = ctl_parse(p, bytes, n, message);
		FUZZ_CHECK(!was || r == was); /* what is broken stays so */
	}
	free(p);
	return 0;
}
