/* SPDX-License-Identifier: MIT */
#include "wire.h"
#include <string.h>

void p9_put(struct p9_writer *w, uint64_t v, unsigned bytes)
{
	if (w->cap - w->len < bytes) {
		w->overflow = true;
		return;
	}
	for (; bytes; bytes--, v >>= 8)
		w->buf[w->len++] = (uint8_t)v;
}

void p9_put_bytes(struct p9_writer *w, const void *data, size_t len)
{
	if (w->cap - w->len < len) {
		w->overflow = true;
		return;
	}
	memcpy(w->buf + w->len, data, len);
	w->len += len;
}

void p9_put_string(struct p9_writer *w, const char *s, size_t len)
{
	if (len > UINT16_MAX) {
		w->overflow = true;
		return;
	}
	p9_put(w, len, 2);
	p9_put_bytes(w, s, len);
}

void p9_put_qid(struct p9_writer *w, const struct p9_qid *q)
{
	p9_put(w, q->type, 1);
	p9_put(w, q->version, 4);
	p9_put(w, q->path, 8);
}

uint64_t p9_get(struct p9_reader *r, unsigned bytes)
{
	uint64_t v = 0;

	if (r->len - r->pos < bytes) {
		r->overrun = true;
		r->pos = r->len;
		return 0;
	}
	for (unsigned i = 0; i < bytes; i++)
		v |= (uint64_t)r->buf[r->pos++] << 8 * i;
	return v;
}

struct p9_string p9_get_string(struct p9_reader *r)
{
	struct p9_string s = {.len = p9_get16(r)};

	if (r->len - r->pos < s.len) {
		r->overrun = true;
		r->pos = r->len;
		s.len = 0;
	}
	s.s = (const char *)r->buf + r->pos;
	r->pos += s.len;
	return s;
}

size_t p9_iov_size(const struct iovec *v, unsigned n)
{
	size_t sum = 0;

	for (unsigned i = 0; i < n; i++)
		if (__builtin_add_overflow(sum, v[i].iov_len, &sum))
			return SIZE_MAX;
	return sum;
}

unsigned p9_iov_slice(const struct iovec *v, unsigned n, size_t off, size_t len, struct iovec *out,
		      unsigned max)
{
	unsigned used = 0;

	for (unsigned i = 0; i < n && len && used < max; i++) {
		size_t part;

		if (off >= v[i].iov_len) {
			off -= v[i].iov_len;
			continue;
		}
		part = v[i].iov_len - off;
		if (part > len)
			part = len;
		out[used++] = (struct iovec){(char *)v[i].iov_base + off, part};
		len -= part;
		off = 0;
	}
	return used;
}

size_t p9_iov_read(const struct iovec *v, unsigned n, size_t off, void *buf, size_t len)
{
	size_t done = 0;
	struct iovec piece;

	while (done < len && p9_iov_slice(v, n, off + done, len - done, &piece, 1)) {
		memcpy((char *)buf + done, piece.iov_base, piece.iov_len);
		done += piece.iov_len;
	}
	return done;
}

size_t p9_iov_write(const struct iovec *v, unsigned n, size_t off, const void *buf, size_t len)
{
	size_t done = 0;
	struct iovec piece;

	while (done < len && p9_iov_slice(v, n, off + done, len - done, &piece, 1)) {
		memcpy(piece.iov_base, (const char *)buf + done, piece.iov_len);
		done += piece.iov_len;
	}
	return done;
}
