/* SPDX-License-Identifier: MIT */
#include "drivers/ctl_parser.h"
#include "lib/errno.h"
#include "lib/string.h"

int ctl_parse(struct ctl_parser *p, const void *data, size_t n,
	      void (*fn)(unsigned type, const void *payload, unsigned len))
{
	const u8 *in = data;

	while (n > 0 && !p->broken) {
		size_t want = sizeof(p->head), take;

		if (p->have >= sizeof(p->head))
			want += p->head.len;
		take = MIN(want - p->have, n);
		memcpy(p->bytes + p->have, in, take);
		p->have += (unsigned)take;
		in += take;
		n -= take;
		if (p->have < sizeof(p->head))
			break;
		if (p->head.len > HERMIT_CTL_MAX) {
			p->broken = true;
		} else if (p->have == sizeof(p->head) + p->head.len) {
			fn(p->head.type, p->bytes + sizeof(p->head), p->head.len);
			p->have = 0;
		}
	}
	return p->broken ? -EPROTO : 0;
}
