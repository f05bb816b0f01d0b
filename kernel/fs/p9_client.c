/* SPDX-License-Identifier: MIT */
/* The session, and a function for each message.  How a request travels: p9_request.c. */
#include "fs/p9_client.h"
#include "fs/p9_request.h"
#include "fs/uio.h"
#include "lib/errno.h"
#include "lib/log.h"
#include "lib/string.h"
#include "mm/heap.h"

#define MSIZE_MIN 4096 /* a server that takes less is of no use */

/* ---- session ---- */

static int version(struct p9_client *c)
{
	struct p9_request *r;
	struct p9_reader in;
	const char *v;
	u32 msize, max = c->chunk_max ?: P9_CHUNK_MAX;
	u16 len;
	int err = p9_request_begin(c, P9_TVERSION, &r);

	if (err)
		return err;
	p9_put32(&r->out, max + P9_IO_HEADER);
	p9_put_string(&r->out, P9_VERSION, strlen(P9_VERSION));
	err = p9_request_call(r, &in);
	if (err)
		return err;
	msize = p9_get32(&in);
	v = p9_get_string(&in, &len);
	if (in.short_ || len != strlen(P9_VERSION) || memcmp(v, P9_VERSION, len) || msize < MSIZE_MIN)
		err = -EPROTO;
	else
		c->chunk = MIN(max, (msize - P9_IO_HEADER) & ~511u);
	p9_request_end(r);
	return err;
}

int p9_client_start(struct p9_client *c, u32 uid, u32 *root, struct p9_qid *qid)
{
	struct p9_request *r;
	struct p9_reader in;
	int err;

	spin_init(&c->lock);
	wait_queue_init(&c->tag_wait);
	c->free_tags = (u32)((1ull << P9_TAGS) - 1);
	c->chunk = MSIZE_MIN - P9_WRITE_HEADER;
	for (unsigned i = 0; i < P9_TAGS; i++) {
		c->requests[i].client = c;
		c->requests[i].tag = (u16)i;
		wait_queue_init(&c->requests[i].wait);
	}
	err = version(c) ?: p9_request_begin(c, P9_TATTACH, &r);
	if (err)
		return err;
	*root = p9_fid_alloc(c);
	p9_put32(&r->out, *root);
	p9_put32(&r->out, P9_NOFID);
	p9_put_string(&r->out, "", 0); /* uname: the number counts */
	p9_put_string(&r->out, "", 0); /* aname: what the server exports */
	p9_put32(&r->out, uid);
	err = p9_request_call(r, &in);
	if (err) {
		p9_fid_free(c, *root);
		return err;
	}
	p9_get_qid(&in, qid);
	p9_request_end(r);
	return in.short_ || !(qid->type & P9_QTDIR) ? -EPROTO : 0;
}

/* ---- messages about fids ---- */

/* A request whose first field is a fid, as nearly all have. */
static int begin_about(struct p9_client *c, u8 type, u32 fid, struct p9_request **out)
{
	int err = p9_request_begin(c, type, out);

	if (!err)
		p9_put32(&(*out)->out, fid);
	return err;
}

/* The same with a bulk buffer for the reply, of `size` bytes or what there is. */
static int begin_bulk(struct p9_client *c, u8 type, u32 fid, size_t size, struct p9_request **out)
{
	int err = begin_about(c, type, fid, out);

	if (err)
		return err;
	if (p9_request_bulk(*out, size))
		return 0;
	p9_request_end(*out);
	return -ENOMEM;
}

int p9_walk(struct p9_client *c, u32 fid, const char *name, size_t len, u32 *newfid, struct p9_qid *qid)
{
	struct p9_request *r;
	struct p9_reader in;
	unsigned names = len ? 1 : 0, walked;
	int err = p9_request_begin(c, P9_TWALK, &r);

	if (err)
		return err;
	*newfid = p9_fid_alloc(c);
	p9_put32(&r->out, fid);
	p9_put32(&r->out, *newfid);
	p9_put16(&r->out, (u16)names);
	if (names)
		p9_put_string(&r->out, name, len);
	err = p9_request_call(r, &in);
	if (err) {
		if (err != -EINTR) /* abandoned: it may exist yet */
			p9_fid_free(c, *newfid);
		return err;
	}
	walked = p9_get16(&in);
	if (names)
		p9_get_qid(&in, qid);
	p9_request_end(r);
	if (in.short_ || walked != names) {
		p9_fid_free(c, *newfid); /* a walk that stops early makes no fid (walk(5)) */
		return walked < names ? -ENOENT : -EIO;
	}
	return 0;
}

void p9_clunk(struct p9_client *c, u32 fid)
{
	struct p9_request *r;

	if (p9_request_begin(c, P9_TCLUNK, &r))
		return; /* killed, dead or no memory: the fid stays with the server */
	p9_put32(&r->out, fid);
	r->fid = fid;
	r->abandoned = true;
	if (p9_request_submit(r)) {
		p9_fid_free(c, fid);
		p9_request_end(r);
	}
}

int p9_lopen(struct p9_client *c, u32 fid, u32 flags, struct p9_qid *qid)
{
	struct p9_request *r;
	struct p9_reader in;
	int err = begin_about(c, P9_TLOPEN, fid, &r);

	if (err)
		return err;
	p9_put32(&r->out, flags);
	err = p9_request_call(r, &in);
	if (err)
		return err;
	p9_get_qid(&in, qid); /* iounit follows: messages are no larger than msize anyway */
	p9_request_end(r);
	return in.short_ ? -EIO : 0;
}

int p9_lcreate(struct p9_client *c, u32 fid, const char *name, size_t len, u32 flags, u32 mode, u32 gid)
{
	struct p9_request *r;
	int err = begin_about(c, P9_TLCREATE, fid, &r);

	if (err)
		return err;
	p9_put_string(&r->out, name, len);
	p9_put32(&r->out, flags);
	p9_put32(&r->out, mode);
	p9_put32(&r->out, gid);
	return p9_request_run(r);
}

int p9_getattr(struct p9_client *c, u32 fid, struct p9_attr *a)
{
	struct p9_request *r;
	struct p9_reader in;
	int err = begin_about(c, P9_TGETATTR, fid, &r);

	if (err)
		return err;
	p9_put64(&r->out, P9_GETATTR_BASIC);
	err = p9_request_call(r, &in);
	if (err)
		return err;
	err = p9_get_attr(&in, a);
	p9_request_end(r);
	return err;
}

static void put_time(struct p9_writer *w, s64 ns)
{
	s64 sec = ns / (s64)NSEC_PER_SEC, rest = ns % (s64)NSEC_PER_SEC;

	if (rest < 0) {
		rest += (s64)NSEC_PER_SEC;
		sec--;
	}
	p9_put64(w, (u64)sec);
	p9_put64(w, (u64)rest);
}

int p9_setattr(struct p9_client *c, u32 fid, u32 valid, u32 mode, u32 uid, u32 gid, u64 size, s64 atime, s64 mtime)
{
	struct p9_request *r;
	int err = begin_about(c, P9_TSETATTR, fid, &r);

	if (err)
		return err;
	p9_put32(&r->out, valid);
	p9_put32(&r->out, mode);
	p9_put32(&r->out, uid);
	p9_put32(&r->out, gid);
	p9_put64(&r->out, size);
	put_time(&r->out, atime);
	put_time(&r->out, mtime);
	return p9_request_run(r);
}

int p9_statfs(struct p9_client *c, u32 fid, struct linux_statfs *st)
{
	struct p9_request *r;
	struct p9_reader in;
	int err = begin_about(c, P9_TSTATFS, fid, &r);

	if (err)
		return err;
	err = p9_request_call(r, &in);
	if (err)
		return err;
	*st = (struct linux_statfs){.type = p9_get32(&in), .bsize = p9_get32(&in)};
	st->frsize = st->bsize;
	st->blocks = p9_get64(&in);
	st->bfree = p9_get64(&in);
	st->bavail = p9_get64(&in);
	st->files = p9_get64(&in);
	st->ffree = p9_get64(&in);
	st->fsid[0] = (s32)p9_get32(&in);
	st->fsid[1] = (s32)p9_get32(&in);
	st->namelen = p9_get32(&in);
	p9_request_end(r);
	return in.short_ ? -EIO : 0;
}

int p9_fsync(struct p9_client *c, u32 fid, bool data_only)
{
	struct p9_request *r;
	int err = begin_about(c, P9_TFSYNC, fid, &r);

	if (err)
		return err;
	p9_put32(&r->out, data_only);
	return p9_request_run(r);
}

/* ---- messages about names ---- */

int p9_mkdir(struct p9_client *c, u32 dir, const char *name, size_t len, u32 mode, u32 gid)
{
	struct p9_request *r;
	int err = begin_about(c, P9_TMKDIR, dir, &r);

	if (err)
		return err;
	p9_put_string(&r->out, name, len);
	p9_put32(&r->out, mode);
	p9_put32(&r->out, gid);
	return p9_request_run(r);
}

int p9_symlink(struct p9_client *c, u32 dir, const char *name, size_t len, const char *target, u32 gid)
{
	size_t target_len = strlen(target);
	struct p9_writer bulk;
	struct p9_request *r;
	int err = begin_about(c, P9_TSYMLINK, dir, &r);

	if (err)
		return err;
	p9_put_string(&r->out, name, len);
	/* A target may be as long as a path: the rest of the message lies in a bulk buffer. */
	if (!p9_request_bulk(r, target_len + 6)) {
		p9_request_end(r);
		return -ENOMEM;
	}
	bulk = (struct p9_writer){.buf = r->bulk, .cap = r->bulk_cap};
	p9_put_string(&bulk, target, target_len);
	p9_put32(&bulk, gid);
	r->bulk_out = bulk.len;
	r->out.overflow |= bulk.overflow;
	return p9_request_run(r);
}

ssize_t p9_readlink(struct p9_client *c, u32 fid, char *buf, size_t size)
{
	struct p9_request *r;
	struct p9_reader in;
	u32 n, first;
	u16 len;
	int err = begin_bulk(c, P9_TREADLINK, fid, PATH_MAX, &r);

	if (err)
		return err;
	r->bulk_in = r->bulk_cap;
	err = p9_request_call(r, &in);
	if (err)
		return err;
	len = p9_get16(&in);
	first = in.len - in.pos; /* of the target, in `small` */
	if (in.short_ || len > PATH_MAX - 1 || P9_HEADER + 2 + (u32)len > r->got) {
		p9_request_end(r);
		return -EIO;
	}
	n = (u32)MIN((size_t)len, size);
	first = MIN(first, n);
	memcpy(buf, in.buf + in.pos, first);
	memcpy(buf + first, r->bulk, n - first);
	p9_request_end(r);
	return len;
}

int p9_link(struct p9_client *c, u32 dir, u32 fid, const char *name, size_t len)
{
	struct p9_request *r;
	int err = begin_about(c, P9_TLINK, dir, &r);

	if (err)
		return err;
	p9_put32(&r->out, fid);
	p9_put_string(&r->out, name, len);
	return p9_request_run(r);
}

int p9_unlinkat(struct p9_client *c, u32 dir, const char *name, size_t len, u32 flags)
{
	struct p9_request *r;
	int err = begin_about(c, P9_TUNLINKAT, dir, &r);

	if (err)
		return err;
	p9_put_string(&r->out, name, len);
	p9_put32(&r->out, flags);
	return p9_request_run(r);
}

int p9_renameat(struct p9_client *c, u32 old_dir, const char *old_name, size_t old_len, u32 new_dir,
		const char *new_name, size_t new_len)
{
	struct p9_request *r;
	int err = begin_about(c, P9_TRENAMEAT, old_dir, &r);

	if (err)
		return err;
	p9_put_string(&r->out, old_name, old_len);
	p9_put32(&r->out, new_dir);
	p9_put_string(&r->out, new_name, new_len);
	return p9_request_run(r);
}

/* ---- extended attributes ---- */

int p9_xattrwalk(struct p9_client *c, u32 fid, const char *name, u32 *newfid, u64 *size)
{
	struct p9_request *r;
	struct p9_reader in;
	int err = begin_about(c, P9_TXATTRWALK, fid, &r);

	if (err)
		return err;
	*newfid = p9_fid_alloc(c);
	p9_put32(&r->out, *newfid);
	p9_put_string(&r->out, name, strlen(name));
	err = p9_request_call(r, &in);
	if (err) {
		if (err != -EINTR) /* abandoned: it may exist yet */
			p9_fid_free(c, *newfid);
		return err;
	}
	*size = p9_get64(&in);
	p9_request_end(r);
	if (!in.short_)
		return 0;
	p9_clunk(c, *newfid);
	return -EIO;
}

int p9_xattrcreate(struct p9_client *c, u32 fid, const char *name, u64 size, int flags)
{
	struct p9_request *r;
	int err = begin_about(c, P9_TXATTRCREATE, fid, &r);

	if (err)
		return err;
	p9_put_string(&r->out, name, strlen(name));
	p9_put64(&r->out, size);
	p9_put32(&r->out, (u32)flags);
	return p9_request_run(r);
}

int p9_clunk_wait(struct p9_client *c, u32 fid)
{
	struct p9_request *r;
	int err = begin_about(c, P9_TCLUNK, fid, &r);

	if (err)
		return err;
	err = p9_request_run(r);
	if (err != -EINTR) /* abandoned: it may exist yet */
		p9_fid_free(c, fid);
	return err;
}

/* ---- messages with data ---- */

/* Where a reply's data lies: behind the header in `small` if it is short, else in the bulk buffer. */
static u32 data_room(struct p9_request *r, size_t want)
{
	u32 room;

	if (want <= P9_SMALL - P9_DATA_HEADER || !p9_request_bulk(r, want)) {
		room = (u32)MIN(want, (size_t)(P9_SMALL - P9_DATA_HEADER));
		r->in_head = P9_DATA_HEADER + room;
		return room;
	}
	room = (u32)MIN(want, (size_t)r->bulk_cap);
	r->in_head = P9_DATA_HEADER;
	r->bulk_in = room;
	return room;
}

static const u8 *data_of(struct p9_request *r) { return r->bulk_in ? r->bulk : p9_reply(r) + P9_DATA_HEADER; }

/* The count of Rread and Rreaddir; -EIO if it is more than was asked for, or than has come. */
static ssize_t data_count(struct p9_request *r, struct p9_reader *in, u32 room)
{
	u32 n = p9_get32(in);

	return in->short_ || n > room || n > r->got - P9_DATA_HEADER ? -EIO : (ssize_t)n;
}

ssize_t p9_read(struct p9_client *c, u32 fid, struct uio *u, u64 off, bool *full)
{
	struct p9_request *r;
	struct p9_reader in;
	u32 room;
	ssize_t n;
	int err = p9_request_begin(c, P9_TREAD, &r);

	if (err)
		return err;
	room = data_room(r, MIN(u->left, (size_t)c->chunk));
	p9_put32(&r->out, fid);
	p9_put64(&r->out, off);
	p9_put32(&r->out, room);
	err = p9_request_call(r, &in);
	if (err)
		return err;
	n = data_count(r, &in, room);
	*full = n == (ssize_t)room;
	if (n > 0) {
		n = (ssize_t)uio_copy_to(u, data_of(r), (size_t)n);
		if (n == 0)
			n = -EFAULT;
	}
	p9_request_end(r);
	return n;
}

ssize_t p9_read_buffer(struct p9_client *c, u32 fid, u64 off, size_t want, u8 **data, bool *full)
{
	struct p9_request *r;
	struct p9_reader in;
	u32 room;
	ssize_t n;
	int err = begin_bulk(c, P9_TREAD, fid, want, &r);

	if (err)
		return err;
	room = (u32)MIN(want, (size_t)r->bulk_cap);
	r->in_head = P9_DATA_HEADER;
	r->bulk_in = room;
	p9_put64(&r->out, off);
	p9_put32(&r->out, room);
	err = p9_request_call(r, &in);
	if (err)
		return err;
	n = data_count(r, &in, room);
	*full = n == (ssize_t)room;
	if (n > 0) {
		*data = r->bulk;
		r->bulk = NULL;
	}
	p9_request_end(r);
	return n;
}

ssize_t p9_write(struct p9_client *c, u32 fid, struct uio *u, u64 off)
{
	return p9_write_tell(c, fid, u, off, NULL, NULL);
}

ssize_t p9_write_tell(struct p9_client *c, u32 fid, struct uio *u, u64 off,
		      void (*tell)(void *arg, u64 off, const u8 *data, u32 n), void *arg)
{
	struct p9_request *r;
	struct p9_reader in;
	struct uio start = *u;
	size_t n = MIN(u->left, (size_t)c->chunk);
	u32 done = 0;
	u8 *data;
	int err = p9_request_begin(c, P9_TWRITE, &r);

	if (err)
		return err;
	if (n <= P9_SMALL - P9_WRITE_HEADER || !p9_request_bulk(r, n)) {
		n = MIN(n, (size_t)(P9_SMALL - P9_WRITE_HEADER));
		data = r->small + P9_WRITE_HEADER;
	} else {
		n = MIN(n, (size_t)r->bulk_cap);
		data = r->bulk;
	}
	n = uio_copy_from(u, data, n);
	if (n == 0) {
		p9_request_end(r);
		return -EFAULT;
	}
	p9_put32(&r->out, fid);
	p9_put64(&r->out, off);
	p9_put32(&r->out, (u32)n);
	if (r->bulk)
		r->bulk_out = (u32)n;
	else
		r->out.len += (u32)n;
	err = p9_request_call(r, &in);
	if (!err) {
		done = p9_get32(&in);
		if (in.short_ || done > n || done == 0) {
			err = -EIO;
			done = 0;
		} else if (tell) {
			tell(arg, off, data, done);
		}
		p9_request_end(r);
	}
	if (done < n) { /* what the server did not take was not written */
		*u = start;
		uio_skip(u, done);
	}
	return err ? err : (ssize_t)done;
}

int p9_readdir(struct p9_client *c, u32 fid, u64 off, bool (*fn)(void *arg, const struct p9_dirent *d), void *arg)
{
	struct p9_request *r;
	struct p9_reader in, entries;
	struct p9_dirent d;
	u32 room;
	ssize_t n;
	int taken = 0, more, err = p9_request_begin(c, P9_TREADDIR, &r);

	if (err)
		return err;
	room = data_room(r, MIN((size_t)(64 * KiB), (size_t)c->chunk));
	p9_put32(&r->out, fid);
	p9_put64(&r->out, off);
	p9_put32(&r->out, room);
	err = p9_request_call(r, &in);
	if (err)
		return err;
	n = data_count(r, &in, room);
	if (n < 0) {
		p9_request_end(r);
		return (int)n;
	}
	p9_read_begin(&entries, data_of(r), (u32)n);
	while ((more = p9_get_dirent(&entries, &d)) > 0 && fn(arg, &d))
		taken++;
	p9_request_end(r);
	return more < 0 && !taken ? more : taken;
}
