/* SPDX-License-Identifier: MIT */
#include "fs/p9_wire.h"
#include "fs/abi.h"
#include "lib/errno.h"
#include "lib/string.h"

/* ---- requests ---- */

static void put(struct p9_writer *w, u64 v, unsigned n)
{
	if (w->cap - w->len < n) {
		w->overflow = true;
		return;
	}
	while (n--) {
		w->buf[w->len++] = (u8)v;
		v >>= 8;
	}
}

void p9_put8(struct p9_writer *w, u8 v) { put(w, v, 1); }
void p9_put16(struct p9_writer *w, u16 v) { put(w, v, 2); }
void p9_put32(struct p9_writer *w, u32 v) { put(w, v, 4); }
void p9_put64(struct p9_writer *w, u64 v) { put(w, v, 8); }

void p9_put_string(struct p9_writer *w, const char *s, size_t len)
{
	if (len > 0xffff || w->cap - w->len < len + 2) {
		w->overflow = true;
		return;
	}
	put(w, len, 2);
	memcpy(w->buf + w->len, s, len);
	w->len += (u32)len;
}

void p9_write_begin(struct p9_writer *w, void *buf, u32 cap, u8 type, u16 tag)
{
	*w = (struct p9_writer){.buf = buf, .cap = cap};
	put(w, 0, 4);
	put(w, type, 1);
	put(w, tag, 2);
}

void p9_write_end(struct p9_writer *w, u32 more)
{
	u32 len = w->len;

	w->len = 0;
	put(w, (u64)len + more, 4);
	w->len = len;
}

/* ---- replies ---- */

static u64 get(struct p9_reader *r, unsigned n)
{
	u64 v = 0;

	if (r->len - r->pos < n) {
		r->short_ = true;
		r->pos = r->len;
		return 0;
	}
	for (unsigned i = 0; i < n; i++)
		v |= (u64)r->buf[r->pos++] << 8 * i;
	return v;
}

u8 p9_get8(struct p9_reader *r) { return (u8)get(r, 1); }
u16 p9_get16(struct p9_reader *r) { return (u16)get(r, 2); }
u32 p9_get32(struct p9_reader *r) { return (u32)get(r, 4); }
u64 p9_get64(struct p9_reader *r) { return get(r, 8); }

const char *p9_get_string(struct p9_reader *r, u16 *len)
{
	const char *s;

	*len = p9_get16(r);
	if (r->len - r->pos < *len) {
		r->short_ = true;
		r->pos = r->len;
		*len = 0;
	}
	s = (const char *)r->buf + r->pos;
	r->pos += *len;
	return s;
}

void p9_get_qid(struct p9_reader *r, struct p9_qid *q)
{
	q->type = p9_get8(r);
	q->version = p9_get32(r);
	q->path = p9_get64(r);
}

int p9_check_reply(const u8 *head, u32 have, u32 got, u8 request_type, u16 tag)
{
	struct p9_reader r;
	u32 size, code;
	u16 reply_tag;
	u8 type;

	p9_read_begin(&r, head, MIN(have, got));
	size = p9_get32(&r);
	type = p9_get8(&r);
	reply_tag = p9_get16(&r);
	if (r.short_ || size > got || size < P9_HEADER || reply_tag != tag)
		return -EIO;
	if (type == request_type + 1)
		return 0;
	if (type != P9_RLERROR)
		return -EIO;
	code = p9_get32(&r);
	/* 0 would be a success, and what is above the last errno could be taken for a pointer. */
	return r.short_ || code == 0 || code > ENOTRECOVERABLE + 2 ? -EIO : -(int)code;
}

static s64 get_time(struct p9_reader *r)
{
	s64 sec = (s64)p9_get64(r);
	u64 nsec = p9_get64(r);

	/* Beyond the years 1678 to 2262 nanoseconds do not fit: the nearest that does. */
	if (sec > 9223372035)
		return INT64_MAX;
	if (sec < -9223372035)
		return INT64_MIN;
	return sec * (s64)NSEC_PER_SEC + (s64)MIN(nsec, NSEC_PER_SEC - 1);
}

int p9_get_attr(struct p9_reader *r, struct p9_attr *a)
{
	(void)p9_get64(r); /* valid: a server fills all of BASIC */
	p9_get_qid(r, &a->qid);
	a->mode = p9_get32(r);
	a->uid = p9_get32(r);
	a->gid = p9_get32(r);
	a->nlink = p9_get64(r);
	a->rdev = p9_get64(r);
	a->size = p9_get64(r);
	a->blksize = p9_get64(r);
	a->blocks = p9_get64(r);
	a->atime = get_time(r);
	a->mtime = get_time(r);
	a->ctime = get_time(r);
	if (r->short_ || (s64)a->size < 0)
		return -EIO;
	return 0;
}

int p9_get_dirent(struct p9_reader *r, struct p9_dirent *d)
{
	if (r->pos == r->len)
		return 0;
	p9_get_qid(r, &d->qid);
	d->next = p9_get64(r);
	d->dtype = p9_get8(r);
	d->name = p9_get_string(r, &d->len);
	if (r->short_ || d->len == 0 || d->len > NAME_MAX || memchr(d->name, '/', d->len) ||
	    memchr(d->name, 0, d->len))
		return -EIO;
	return 1;
}
