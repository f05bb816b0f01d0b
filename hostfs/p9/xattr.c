/* SPDX-License-Identifier: MIT */
/* Extended attributes: a value is read and written by way of a fid of its own, and set when that is clunked. */
#include "server.h"
#include <string.h>
#include <sys/xattr.h>

static int name_get(struct request *r, char name[256])
{
	struct p9_string s = p9_get_string(&r->body);

	if (request_bad(r))
		return -EPROTO;
	if (s.len > 255)
		return -ERANGE; /* setxattr(2)'s */
	if (memchr(s.s, 0, s.len))
		return -EINVAL;
	memcpy(name, s.s, s.len);
	name[s.len] = 0;
	return 0;
}

/* The value, or with an empty name the list of names: into f, which stands for it from now on. */
static int value_load(struct p9_server *s, struct fid *f, const char *name)
{
	ssize_t n;
	int err;

	n = *name ? hostfs_xattr_get(f->node, name, NULL, 0) : hostfs_xattr_list(f->node, NULL, 0);
	if (n < 0)
		return (int)n;
	err = fid_xattr_new(s, f, (size_t)n);
	if (err || n == 0)
		return err;
	if (*name)
		n = hostfs_xattr_get(f->node, name, f->xattr->data, (size_t)n);
	else
		n = hostfs_xattr_list(f->node, (char *)f->xattr->data, (size_t)n);
	if (n < 0)
		return (int)n;
	f->xattr->done = (size_t)n; /* may have become shorter */
	return 0;
}

int p9_xattrwalk(struct request *r)
{
	struct p9_server *s = r->server;
	struct fid *f, *new;
	int err = request_fid(r, &f), err2;
	uint32_t number = p9_get32(&r->body);
	char name[256];

	err2 = name_get(r, name);
	if (err || err2)
		return err2 ? err2 : err;
	err = fid_new(s, number, f->uid, hostfs_get(f->node), &new);
	if (err)
		return err;
	err = value_load(s, new, name);
	if (err) {
		fid_free(s, new);
		return err;
	}
	p9_put(&r->reply, new->xattr->done, 8);
	return 0;
}

int p9_xattrcreate(struct request *r)
{
	struct fid *f;
	int err = request_fid(r, &f), err2;
	char name[256];
	uint64_t size;
	uint32_t flags;

	err2 = name_get(r, name);
	size = p9_get64(&r->body);
	flags = p9_get32(&r->body);
	if (request_bad(r))
		return -EPROTO;
	if (err || err2)
		return err2 ? err2 : err;
	if (f->file || flags & ~(uint32_t)(XATTR_CREATE | XATTR_REPLACE))
		return -EINVAL;
	if (hostfs_share_rdonly(r->server->share))
		return -EROFS;
	if (size > XATTR_VALUE_MAX)
		return -E2BIG;
	err = fid_xattr_new(r->server, f, (size_t)size);
	if (err)
		return err;
	f->xattr->write = true;
	f->xattr->flags = (int)flags;
	memcpy(f->xattr->name, name, sizeof(name));
	return 0;
}

ssize_t p9_xattr_read(struct request *r, struct fid *f, uint64_t off, size_t count)
{
	struct fid_xattr *x = f->xattr;

	if (x->write)
		return -EBADF;
	if (off >= x->done)
		return 0;
	if (count > x->done - off)
		count = x->done - (size_t)off;
	return (ssize_t)p9_iov_write(r->out, r->nout, P9_DATA_HEADER, x->data + off, count);
}

ssize_t p9_xattr_write(struct request *r, struct fid *f, uint64_t off, size_t count)
{
	struct fid_xattr *x = f->xattr;

	if (!x->write)
		return -EBADF;
	if (off != x->done || count > x->size - x->done)
		return -ENOSPC;
	x->done += p9_iov_read(r->in, r->nin, P9_WRITE_HEADER, x->data + off, count);
	return (ssize_t)count;
}

int p9_xattr_finish(struct fid *f)
{
	struct fid_xattr *x = f->xattr;

	if (!x->write)
		return 0;
	if (x->done != x->size)
		return -EINVAL;
	/* The protocol has no message for removing: Linux's client says it like this. */
	if (x->size == 0 && x->flags == XATTR_REPLACE)
		return hostfs_xattr_remove(f->node, x->name);
	return hostfs_xattr_set(f->node, x->name, x->data, x->size, x->flags);
}
