/* SPDX-License-Identifier: MIT */
/* Messages about names. */
#include "server.h"
#include <fcntl.h>
#include <string.h>

/* The reply with the qid of something new, whose reference it gives back. */
static int put_new(struct request *r, struct hostfs_node *node)
{
	struct p9_qid q;
	int err = node_qid(node, &q);

	hostfs_put(node);
	if (!err)
		p9_put_qid(&r->reply, &q);
	return err;
}

int p9_mkdir(struct request *r)
{
	struct fid *dir;
	int err = request_fid(r, &dir);
	struct p9_string name = p9_get_string(&r->body);
	uint32_t mode = p9_get32(&r->body), gid = p9_get32(&r->body);
	struct hostfs_node *node;

	if (request_bad(r))
		return -EPROTO;
	if (!err)
		err = hostfs_mkdir(dir->node, name.s, name.len, mode, (struct hostfs_owner){dir->uid, gid},
				   &node);
	return err ? err : put_new(r, node);
}

int p9_mknod(struct request *r)
{
	struct fid *dir;
	int err = request_fid(r, &dir);
	struct p9_string name = p9_get_string(&r->body);
	uint32_t mode = p9_get32(&r->body), gid;
	struct hostfs_node *node;

	(void)p9_get64(&r->body); /* major and minor: no devices */
	gid = p9_get32(&r->body);
	if (request_bad(r))
		return -EPROTO;
	if (!err)
		err = hostfs_mknod(dir->node, name.s, name.len, mode, (struct hostfs_owner){dir->uid, gid},
				   &node);
	return err ? err : put_new(r, node);
}

int p9_symlink(struct request *r)
{
	struct fid *dir;
	int err = request_fid(r, &dir);
	struct p9_string name = p9_get_string(&r->body), to = p9_get_string(&r->body);
	uint32_t gid = p9_get32(&r->body);
	struct hostfs_node *node;
	char target[PATH_MAX];

	if (request_bad(r))
		return -EPROTO;
	if (err)
		return err;
	if (to.len >= sizeof(target))
		return -ENAMETOOLONG;
	if (memchr(to.s, 0, to.len))
		return -EINVAL;
	memcpy(target, to.s, to.len);
	target[to.len] = 0;
	err = hostfs_symlink(dir->node, name.s, name.len, target, (struct hostfs_owner){dir->uid, gid},
			     &node);
	return err ? err : put_new(r, node);
}

int p9_readlink(struct request *r)
{
	char target[PATH_MAX];
	struct fid *f;
	int err = request_fid(r, &f);
	ssize_t n;

	if (request_bad(r))
		return -EPROTO;
	n = err ? err : hostfs_readlink(f->node, target, sizeof(target));
	if (n < 0)
		return (int)n;
	p9_put_string(&r->reply, target, (size_t)n);
	return 0;
}

int p9_link(struct request *r)
{
	struct fid *dir, *f;
	int err = request_fid(r, &dir), err2 = request_fid(r, &f);
	struct p9_string name = p9_get_string(&r->body);

	if (request_bad(r))
		return -EPROTO;
	if (err || err2)
		return err ? err : err2;
	return hostfs_link(f->node, dir->node, name.s, name.len);
}

int p9_rename(struct request *r)
{
	struct fid *f, *dir;
	int err = request_fid(r, &f), err2 = request_fid(r, &dir);
	struct p9_string name = p9_get_string(&r->body);

	if (request_bad(r))
		return -EPROTO;
	if (err || err2)
		return err ? err : err2;
	return hostfs_rename_node(f->node, dir->node, name.s, name.len);
}

int p9_renameat(struct request *r)
{
	struct fid *from, *to;
	int err = request_fid(r, &from), err2;
	struct p9_string old = p9_get_string(&r->body), new;

	err2 = request_fid(r, &to);
	new = p9_get_string(&r->body);
	if (request_bad(r))
		return -EPROTO;
	if (err || err2)
		return err ? err : err2;
	return hostfs_rename(from->node, old.s, old.len, to->node, new.s, new.len);
}

int p9_unlinkat(struct request *r)
{
	struct fid *dir;
	int err = request_fid(r, &dir);
	struct p9_string name = p9_get_string(&r->body);
	uint32_t flags = p9_get32(&r->body);

	if (request_bad(r))
		return -EPROTO;
	if (err)
		return err;
	if (flags & ~(uint32_t)AT_REMOVEDIR)
		return -EINVAL;
	return hostfs_unlink(dir->node, name.s, name.len, flags);
}
