/* SPDX-License-Identifier: MIT */
#include "buf.h"

#include <stdlib.h>
#include <string.h>

static bool buf_reserve(struct buf *b, size_t len)
{
	size_t want, room = b->room ? b->room : 8192;
	char *data;

	if (b->failed || __builtin_add_overflow(b->len, len, &want)) {
		b->failed = true;
		return false;
	}
	if (want <= b->room)
		return true;
	while (room < want)
		if (__builtin_mul_overflow(room, (size_t)2, &room)) {
			b->failed = true;
			return false;
		}
	data = realloc(b->data, room);
	if (!data) {
		b->failed = true;
		return false;
	}
	b->data = data;
	b->room = room;
	return true;
}

void buf_add(struct buf *b, const void *data, size_t len)
{
	if (!len || !buf_reserve(b, len))
		return;
	memcpy(b->data + b->len, data, len);
	b->len += len;
}

void buf_zero(struct buf *b, size_t len)
{
	if (!len || !buf_reserve(b, len))
		return;
	memset(b->data + b->len, 0, len);
	b->len += len;
}

void buf_free(struct buf *b)
{
	free(b->data);
	*b = (struct buf){ 0 };
}
