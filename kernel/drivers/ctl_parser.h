/* SPDX-License-Identifier: MIT */
/*
 * Cuts the byte stream of the port hermit.ctl into messages (hermit/ctl.h):
 * pure code.  The stream comes in pieces of any size.  The caller locks.
 */
#ifndef DRIVERS_CTL_PARSER_H
#define DRIVERS_CTL_PARSER_H

#include <hermit/ctl.h>
#include "lib/types.h"

struct ctl_parser {
	unsigned have; /* bytes of the message that is being put together */
	bool broken;   /* a message was longer than the protocol allows: nothing more is believed */
	union {
		struct hermit_ctl head;
		u8 bytes[sizeof(struct hermit_ctl) + HERMIT_CTL_MAX];
	};
};

/*
 * Takes n bytes and calls fn for each message that is complete with them; the payload is valid during the
 * call only.  -EPROTO once the stream is broken.
 */
int ctl_parse(struct ctl_parser *p, const void *data, size_t n,
	      void (*fn)(unsigned type, const void *payload, unsigned len));

#endif
