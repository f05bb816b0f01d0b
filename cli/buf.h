/* SPDX-License-Identifier: MIT */
/*
 * A growing buffer.  After memory ran out once it stays `failed` and takes
 * nothing more, so that a chain of additions is checked once, at its end.
 */
#ifndef CLI_BUF_H
#define CLI_BUF_H

#include <stdbool.h>
#include <stddef.h>

struct buf {
	char *data;
	size_t len, room;
	bool failed;
};

void buf_add(struct buf *b, const void *data, size_t len);
void buf_zero(struct buf *b, size_t len);
void buf_free(struct buf *b);

#endif
