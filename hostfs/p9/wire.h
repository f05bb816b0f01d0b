/* SPDX-License-Identifier: MIT */
/*
 * 9P2000.L on the wire: integers are little-endian, strings have 16 bits of length in front (intro(5) of the Plan 9
 * manual; the .L messages as diod's protocol.md has them).  Pure code, no locks; for the server and its tests.
 */
#ifndef HOSTFS_P9_WIRE_H
#define HOSTFS_P9_WIRE_H

#include <hermit/p9.h>

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/uio.h>

#define P9_MSIZE_MIN 4096

struct p9_qid {
	uint8_t type;
	uint32_t version;
	uint64_t path;
};

struct p9_writer {
	uint8_t *buf;
	size_t cap, len;
	bool overflow; /* something did not fit */
};

struct p9_reader {
	const uint8_t *buf;
	size_t len, pos;
	bool overrun; /* more was read than there is: what came of it is zeros */
};

void p9_put(struct p9_writer *w, uint64_t v, unsigned bytes);
void p9_put_bytes(struct p9_writer *w, const void *data, size_t len);
void p9_put_string(struct p9_writer *w, const char *s, size_t len);
void p9_put_qid(struct p9_writer *w, const struct p9_qid *q);

uint64_t p9_get(struct p9_reader *r, unsigned bytes);
static inline uint8_t p9_get8(struct p9_reader *r)
{
	return (uint8_t)p9_get(r, 1);
}
static inline uint16_t p9_get16(struct p9_reader *r)
{
	return (uint16_t)p9_get(r, 2);
}
static inline uint32_t p9_get32(struct p9_reader *r)
{
	return (uint32_t)p9_get(r, 4);
}
static inline uint64_t p9_get64(struct p9_reader *r)
{
	return p9_get(r, 8);
}
struct p9_string {
	const char *s; /* in the reader's buffer; not ended by NUL */
	uint16_t len;
};
struct p9_string p9_get_string(struct p9_reader *r);

/* ---- bytes in pieces ---- */
size_t p9_iov_size(const struct iovec *v, unsigned n); /* SIZE_MAX if the sum overflows */
/* Copies up to `len` bytes from offset `off` on: how many there were. */
size_t p9_iov_read(const struct iovec *v, unsigned n, size_t off, void *buf, size_t len);
size_t p9_iov_write(const struct iovec *v, unsigned n, size_t off, const void *buf, size_t len);
/* The pieces of [off, off + len), at most `max`: what they hold may be less than len. */
unsigned p9_iov_slice(const struct iovec *v, unsigned n, size_t off, size_t len, struct iovec *out,
		      unsigned max);

#endif
