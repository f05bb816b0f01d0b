/* SPDX-License-Identifier: MIT */
/* Fids: the client's names for objects, open files and values. */
#include "server.h"

struct fid *fid_find(struct p9_server *s, uint32_t number)
{
	for (struct table_link *l = table_first(&s->fids, table_hash(number, 0)); l; l = table_next(l)) {
		struct fid *f = container_of(l, struct fid, link);

		if (f->number == number)
			return f;
	}
	return NULL;
}

int fid_new(struct p9_server *s, uint32_t number, uint32_t uid, struct hostfs_node *node, struct fid **out)
{
	struct fid *f = NULL;
	int err = 0;

	if (number == P9_NOFID || fid_find(s, number))
		err = -EBADF;
	else if (s->fids.count >= P9_FIDS_MAX)
		err = -ENFILE;
	else if (!(f = calloc(1, sizeof(*f))) || table_insert(&s->fids, &f->link, table_hash(number, 0)))
		err = -ENOMEM;
	if (err) {
		free(f);
		hostfs_put(node);
		return err;
	}
	f->number = number;
	f->uid = uid;
	f->node = node;
	*out = f;
	return 0;
}

static void xattr_drop(struct p9_server *s, struct fid *f)
{
	if (f->xattr)
		s->xattr_bytes -= f->xattr->size;
	free(f->xattr);
	f->xattr = NULL;
}

void fid_free(struct p9_server *s, struct fid *f)
{
	xattr_drop(s, f);
	hostfs_close(f->file);
	hostfs_put(f->node);
	table_remove(&s->fids, &f->link);
	free(f);
}

void fid_free_all(struct p9_server *s)
{
	for (size_t i = 0; i < s->fids.nslots; i++)
		while (s->fids.slots[i])
			fid_free(s, container_of(s->fids.slots[i], struct fid, link));
	table_free(&s->fids);
}

int fid_xattr_new(struct p9_server *s, struct fid *f, size_t size)
{
	if (size > XATTR_VALUE_MAX)
		return -E2BIG;
	if (s->xattr_bytes + size > XATTR_BYTES_MAX)
		return -ENOMEM;
	f->xattr = calloc(1, sizeof(*f->xattr) + size);
	if (!f->xattr)
		return -ENOMEM;
	f->xattr->size = size;
	s->xattr_bytes += size;
	return 0;
}

int request_fid(struct request *r, struct fid **out)
{
	*out = fid_find(r->server, p9_get32(&r->body));
	if (!*out)
		return -EBADF;
	return (*out)->xattr ? -EINVAL : 0;
}

/* The version says when a client that caches has to look again: as QEMU makes it. */
int qid_of(struct hostfs_node *n, const struct statx *st, struct p9_qid *q)
{
	q->type = S_ISDIR(st->stx_mode) ? P9_QTDIR : S_ISLNK(st->stx_mode) ? P9_QTSYMLINK : 0;
	q->version = (uint32_t)st->stx_mtime.tv_sec ^ (uint32_t)(st->stx_size << 8);
	return hostfs_node_number(n, &q->path);
}

int node_qid(struct hostfs_node *n, struct p9_qid *q)
{
	struct statx st;
	int err = hostfs_stat(n, &st);

	return err ? err : qid_of(n, &st, q);
}
