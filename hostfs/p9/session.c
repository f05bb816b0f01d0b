/* SPDX-License-Identifier: MIT */
/* Messages about the session and its fids. */
#include "server.h"
#include <string.h>

int p9_version(struct request *r)
{
	struct p9_server *s = r->server;
	uint32_t msize = p9_get32(&r->body);
	struct p9_string v = p9_get_string(&r->body);

	if (request_bad(r))
		return -EPROTO;
	p9_server_reset(s); /* version(5): all fids are gone */
	if (msize < P9_MSIZE_MIN)
		return -EMSGSIZE;
	if (msize > P9_MSIZE_MAX)
		msize = P9_MSIZE_MAX;
	p9_put(&r->reply, msize, 4);
	if (v.len != strlen(P9_VERSION) || memcmp(v.s, P9_VERSION, v.len)) {
		p9_put_string(&r->reply, "unknown", strlen("unknown"));
		return 0;
	}
	s->msize = msize;
	p9_put_string(&r->reply, v.s, v.len);
	return 0;
}

/* Who may start the machine has decided who may use the share. */
int p9_auth(struct request *r)
{
	return -EOPNOTSUPP;
}

int p9_attach(struct request *r)
{
	uint32_t number = p9_get32(&r->body), afid = p9_get32(&r->body), uid;
	struct p9_string name;
	struct p9_qid q;
	struct fid *f;
	int err;

	(void)p9_get_string(&r->body); /* uname: the number counts */
	name = p9_get_string(&r->body);
	uid = p9_get32(&r->body);
	if (request_bad(r))
		return -EPROTO;
	if (afid != P9_NOFID)
		return -EBADF;
	if (name.len && !(name.len == 1 && name.s[0] == '/')) /* a server has one tree */
		return -ENOENT;
	err = fid_new(r->server, number, uid, hostfs_root(r->server->share), &f);
	if (err)
		return err;
	err = node_qid(f->node, &q);
	if (err)
		fid_free(r->server, f);
	else
		p9_put_qid(&r->reply, &q);
	return err;
}

/* Requests are served one after the other: what is to be flushed has been answered (flush(5)). */
int p9_flush(struct request *r)
{
	(void)p9_get16(&r->body);
	return request_bad(r) ? -EPROTO : 0;
}

/* walk(5) tells how far it came, not why no further, which clients take for ENOENT: so only if it is about the name. */
static bool about_name(int err)
{
	return err == -ENOENT || err == -ENOTDIR || err == -EACCES || err == -EINVAL || err == -ENAMETOOLONG;
}

/* Walks as far as it goes: the number of names; *node is where it came to.  -errno if the first one fails. */
static int walk_names(struct hostfs_node **node, const struct p9_string *names, unsigned count,
		      struct p9_qid *qids)
{
	for (unsigned i = 0; i < count; i++) {
		struct hostfs_node *next;
		struct statx st;
		int err = hostfs_walk(*node, names[i].s, names[i].len, &next, &st);

		if (!err) {
			err = qid_of(next, &st, &qids[i]);
			if (err)
				hostfs_put(next);
		}
		if (err)
			return i && about_name(err) ? (int)i : err;
		hostfs_put(*node);
		*node = next;
	}
	return (int)count;
}

int p9_walk(struct request *r)
{
	struct p9_server *s = r->server;
	struct p9_string names[P9_WALK_MAX];
	struct p9_qid qids[P9_WALK_MAX];
	struct hostfs_node *node;
	uint32_t number;
	struct fid *f, *new;
	unsigned count;
	int err = request_fid(r, &f), walked;

	number = p9_get32(&r->body);
	count = p9_get16(&r->body);
	if (request_bad(r))
		return -EPROTO;
	if (err)
		return err;
	if (count > P9_WALK_MAX || f->file) /* walk(5): the fid must not have been opened */
		return -EINVAL;
	for (unsigned i = 0; i < count; i++)
		names[i] = p9_get_string(&r->body);
	if (request_bad(r))
		return -EPROTO;
	if (number != f->number && (number == P9_NOFID || fid_find(s, number)))
		return -EBADF;
	node = hostfs_get(f->node);
	walked = walk_names(&node, names, count, qids);
	if (walked < (int)count || number == f->number) {
		if (walked == (int)count) {
			hostfs_put(f->node);
			f->node = hostfs_get(node);
		}
		hostfs_put(node);
	} else {
		err = fid_new(s, number, f->uid, node, &new);
		if (err)
			return err;
	}
	if (walked < 0)
		return walked;
	p9_put(&r->reply, (unsigned)walked, 2);
	for (int i = 0; i < walked; i++)
		p9_put_qid(&r->reply, &qids[i]);
	return 0;
}

int p9_clunk(struct request *r)
{
	struct fid *f = fid_find(r->server, p9_get32(&r->body));
	int err;

	if (request_bad(r))
		return -EPROTO;
	if (!f)
		return -EBADF;
	err = f->xattr ? p9_xattr_finish(f) : 0; /* an error is told, but the fid is gone */
	fid_free(r->server, f);
	return err;
}

int p9_remove(struct request *r)
{
	struct fid *f = fid_find(r->server, p9_get32(&r->body));
	int err;

	if (request_bad(r))
		return -EPROTO;
	if (!f)
		return -EBADF;
	err = f->xattr ? -EINVAL : hostfs_unlink_node(f->node);
	fid_free(r->server, f); /* remove(5): also if it fails */
	return err;
}
