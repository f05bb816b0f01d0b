/* SPDX-License-Identifier: MIT */
/* Messages about open files, and attributes. */
#include "server.h"
#include <fcntl.h>
#include <string.h>
#include <sys/sysmacros.h>

static void put_opened(struct request *r, const struct p9_qid *q)
{
	p9_put_qid(&r->reply, q);
	p9_put(&r->reply, r->server->msize - P9_IO_HEADER, 4); /* iounit */
}

int p9_lopen(struct request *r)
{
	struct fid *f;
	int err = request_fid(r, &f);
	uint32_t flags = p9_get32(&r->body);
	struct hostfs_file *file;
	struct p9_qid q;

	if (request_bad(r))
		return -EPROTO;
	if (err)
		return err;
	if (f->file)
		return -EINVAL;
	err = hostfs_open(f->node, (int)flags, &file); /* .L's flags are Linux's */
	if (err)
		return err;
	err = node_qid(f->node, &q);
	if (err) {
		hostfs_close(file);
		return err;
	}
	f->file = file;
	put_opened(r, &q);
	return 0;
}

int p9_lcreate(struct request *r)
{
	struct fid *f;
	int err = request_fid(r, &f);
	struct p9_string name = p9_get_string(&r->body);
	uint32_t flags = p9_get32(&r->body), mode = p9_get32(&r->body), gid = p9_get32(&r->body);
	struct hostfs_node *node;
	struct hostfs_file *file;
	struct p9_qid q;

	if (request_bad(r))
		return -EPROTO;
	if (err)
		return err;
	if (f->file)
		return -EINVAL;
	err = hostfs_create(f->node, name.s, name.len, (int)flags, mode, (struct hostfs_owner){f->uid, gid},
			    &node, &file);
	if (err)
		return err;
	err = node_qid(node, &q);
	if (err) {
		hostfs_close(file);
		hostfs_put(node);
		return err;
	}
	hostfs_put(f->node);
	f->node = node;
	f->file = file;
	put_opened(r, &q);
	return 0;
}

/* The open fid in the next field; also one that stands for a value if `xattr`. */
static int open_fid(struct request *r, struct fid **out, bool xattr)
{
	*out = fid_find(r->server, p9_get32(&r->body));
	if (!*out)
		return -EBADF;
	if ((*out)->xattr)
		return xattr ? 0 : -EINVAL;
	return (*out)->file ? 0 : -EBADF;
}

int p9_read(struct request *r)
{
	struct p9_server *s = r->server;
	struct fid *f;
	int err = open_fid(r, &f, true);
	uint64_t off = p9_get64(&r->body);
	size_t count = p9_get32(&r->body), pieces;
	ssize_t n;

	if (request_bad(r))
		return -EPROTO;
	if (err)
		return err;
	if (count > r->room - P9_DATA_HEADER)
		count = r->room - P9_DATA_HEADER;
	if (f->xattr) {
		n = p9_xattr_read(r, f, off, count);
	} else if (hostfs_type(f->node) == S_IFDIR) {
		n = -EISDIR;
	} else {
		pieces = p9_iov_slice(r->out, r->nout, P9_DATA_HEADER, count, s->pieces, PIECES_MAX);
		n = hostfs_read(f->file, s->pieces, (int)pieces, off);
	}
	if (n < 0)
		return (int)n;
	p9_put(&r->reply, (uint64_t)n, 4);
	r->data = (size_t)n;
	return 0;
}

int p9_write(struct request *r)
{
	struct p9_server *s = r->server;
	struct fid *f;
	int err = open_fid(r, &f, true);
	uint64_t off = p9_get64(&r->body);
	size_t count = p9_get32(&r->body), pieces;
	ssize_t n;

	if (request_bad(r) || count > r->size - P9_WRITE_HEADER)
		return -EPROTO;
	if (err)
		return err;
	if (f->xattr) {
		n = p9_xattr_write(r, f, off, count);
	} else {
		pieces = p9_iov_slice(r->in, r->nin, P9_WRITE_HEADER, count, s->pieces, PIECES_MAX);
		n = hostfs_write(f->file, s->pieces, (int)pieces, off);
	}
	if (n < 0)
		return (int)n;
	p9_put(&r->reply, (uint64_t)n, 4);
	return 0;
}

/* ---- directories ---- */

struct listing {
	struct hostfs_node *dir;
	struct p9_writer w;
	int err;
};

static bool list_entry(void *arg, uint64_t ino, uint64_t next, uint8_t type, const char *name, size_t len)
{
	struct listing *l = arg;
	size_t start = l->w.len;
	struct p9_qid q = {.type = type == DT_DIR ? P9_QTDIR : type == DT_LNK ? P9_QTSYMLINK : 0};

	l->err = hostfs_entry_number(l->dir, ino, &q.path);
	if (l->err)
		return false;
	p9_put_qid(&l->w, &q);
	p9_put(&l->w, next, 8);
	p9_put(&l->w, type, 1);
	p9_put_string(&l->w, name, len);
	if (l->w.overflow) {
		l->w.len = start;
		return false;
	}
	return true;
}

int p9_readdir(struct request *r)
{
	struct p9_server *s = r->server;
	struct fid *f;
	int err = open_fid(r, &f, false), n;
	uint64_t off = p9_get64(&r->body);
	size_t count = p9_get32(&r->body);
	struct listing l = {.w.buf = s->entries};

	if (request_bad(r))
		return -EPROTO;
	if (err)
		return err;
	if (count > r->room - P9_DATA_HEADER)
		count = r->room - P9_DATA_HEADER;
	if (count > DIR_MAX)
		count = DIR_MAX;
	l.dir = f->node;
	l.w.cap = count;
	/* The host's entries are about as long as ours: more of them than fit would be read for nothing. */
	n = hostfs_readdir(f->file, &off, s->dirents, count < 1024 ? 1024 : count, list_entry, &l);
	if (n < 0)
		return n;
	if (n == 0 && (l.err || l.w.overflow))
		return l.err ? l.err
			     : -EINVAL; /* not even one fits: to say 0 would be to say that there are none */
	p9_put(&r->reply, l.w.len, 4);
	r->data = p9_iov_write(r->out, r->nout, P9_DATA_HEADER, l.w.buf, l.w.len);
	return 0;
}

int p9_fsync(struct request *r)
{
	struct fid *f;
	int err = open_fid(r, &f, false);
	uint32_t data_only = 0;

	if (r->body.pos < r->body.len) /* early clients leave it out */
		data_only = p9_get32(&r->body);
	if (request_bad(r))
		return -EPROTO;
	return err ? err : hostfs_fsync(f->file, data_only);
}

/* ---- locks ---- */

/* Types are F_RDLCK, F_WRLCK and F_UNLCK as Linux numbers them. */
int p9_lock(struct request *r)
{
	struct fid *f;
	int err = open_fid(r, &f, false);
	uint8_t type = p9_get8(&r->body);
	uint64_t start, len;

	(void)p9_get32(&r->body); /* flags: a client that wants to wait asks again when it is told BLOCKED */
	start = p9_get64(&r->body);
	len = p9_get64(&r->body);
	(void)p9_get32(&r->body);      /* whose process ... */
	(void)p9_get_string(&r->body); /* ... on which machine: the lock is the fid's */
	if (request_bad(r))
		return -EPROTO;
	if (err)
		return err;
	if (type > F_UNLCK)
		return -EINVAL;
	err = hostfs_lock(f->file, type, start, len);
	if (err && err != -EAGAIN)
		return err;
	p9_put(&r->reply, err ? P9_LOCK_BLOCKED : P9_LOCK_SUCCESS, 1);
	return 0;
}

int p9_getlock(struct request *r)
{
	struct fid *f;
	int err = open_fid(r, &f, false);
	short type = p9_get8(&r->body);
	uint64_t start = p9_get64(&r->body), len = p9_get64(&r->body);
	uint32_t pid = p9_get32(&r->body);
	struct p9_string client = p9_get_string(&r->body);

	if (request_bad(r))
		return -EPROTO;
	if (err)
		return err;
	if (type != F_RDLCK && type != F_WRLCK)
		return -EINVAL;
	err = hostfs_lock_test(f->file, &type, &start, &len);
	if (err)
		return err;
	p9_put(&r->reply, (uint64_t)type, 1);
	p9_put(&r->reply, start, 8);
	p9_put(&r->reply, len, 8);
	p9_put(&r->reply, type == F_UNLCK ? pid : 0,
	       4); /* the host's processes are not the client's business */
	p9_put_string(&r->reply, client.s, client.len);
	return 0;
}

/* ---- attributes ---- */

static void put_time(struct p9_writer *w, const struct statx_timestamp *t)
{
	p9_put(w, (uint64_t)t->tv_sec, 8);
	p9_put(w, t->tv_nsec, 8);
}

int p9_getattr(struct request *r)
{
	struct p9_writer *w = &r->reply;
	struct statx st;
	struct fid *f;
	int err = request_fid(r, &f);
	uint64_t mask = p9_get64(&r->body);
	struct p9_qid q;

	if (request_bad(r))
		return -EPROTO;
	if (!err)
		err = hostfs_stat(f->node, &st);
	if (!err)
		err = qid_of(f->node, &st, &q);
	if (err)
		return err;
	p9_put(w, mask & (P9_GETATTR_BASIC | (st.stx_mask & STATX_BTIME ? P9_GETATTR_BTIME : 0)), 8);
	p9_put_qid(w, &q);
	p9_put(w, st.stx_mode, 4);
	p9_put(w, st.stx_uid, 4);
	p9_put(w, st.stx_gid, 4);
	p9_put(w, st.stx_nlink, 8);
	p9_put(w, makedev(st.stx_rdev_major, st.stx_rdev_minor), 8);
	p9_put(w, st.stx_size, 8);
	p9_put(w, st.stx_blksize, 8);
	p9_put(w, st.stx_blocks, 8);
	put_time(w, &st.stx_atime);
	put_time(w, &st.stx_mtime);
	put_time(w, &st.stx_ctime);
	put_time(w, &st.stx_btime);
	p9_put(w, 0, 8); /* gen and data_version: not in `valid` */
	p9_put(w, 0, 8);
	return 0;
}

static struct timespec time_to_set(uint32_t valid, uint32_t set, uint32_t given, uint64_t sec, uint64_t nsec)
{
	if (!(valid & set))
		return (struct timespec){0, UTIME_OMIT};
	if (!(valid & given))
		return (struct timespec){0, UTIME_NOW};
	return (struct timespec){(time_t)sec,
				 nsec < 1000000000 ? (long)nsec : -1}; /* -1: the host says EINVAL */
}

int p9_setattr(struct request *r)
{
	struct fid *f;
	int err = request_fid(r, &f);
	uint32_t valid = p9_get32(&r->body);
	struct hostfs_attr a = {.mode = p9_get32(&r->body)};
	uint64_t sec, nsec;

	a.uid = p9_get32(&r->body);
	a.gid = p9_get32(&r->body);
	a.size = p9_get64(&r->body);
	sec = p9_get64(&r->body);
	nsec = p9_get64(&r->body);
	a.atime = time_to_set(valid, P9_SET_ATIME, P9_SET_ATIME_SET, sec, nsec);
	sec = p9_get64(&r->body);
	nsec = p9_get64(&r->body);
	a.mtime = time_to_set(valid, P9_SET_MTIME, P9_SET_MTIME_SET, sec, nsec);
	if (request_bad(r))
		return -EPROTO;
	if (err)
		return err;
	a.valid = (valid & P9_SET_MODE ? HOSTFS_SET_MODE : 0) | (valid & P9_SET_UID ? HOSTFS_SET_UID : 0) |
		  (valid & P9_SET_GID ? HOSTFS_SET_GID : 0) | (valid & P9_SET_SIZE ? HOSTFS_SET_SIZE : 0) |
		  (valid & (P9_SET_ATIME | P9_SET_MTIME) ? HOSTFS_SET_TIMES : 0) |
		  (valid == P9_SET_CTIME ? HOSTFS_SET_CTIME : 0);
	return hostfs_setattr(f->node, &a);
}

int p9_statfs(struct request *r)
{
	struct p9_writer *w = &r->reply;
	struct statfs st;
	struct fid *f;
	int err = request_fid(r, &f);
	uint32_t fsid[2];

	if (request_bad(r))
		return -EPROTO;
	if (!err)
		err = hostfs_statfs(f->node, &st);
	if (err)
		return err;
	memcpy(fsid, &st.f_fsid, sizeof(fsid));
	p9_put(w, (uint64_t)st.f_type, 4);
	p9_put(w, (uint64_t)st.f_bsize, 4);
	p9_put(w, st.f_blocks, 8);
	p9_put(w, st.f_bfree, 8);
	p9_put(w, st.f_bavail, 8);
	p9_put(w, st.f_files, 8);
	p9_put(w, st.f_ffree, 8);
	p9_put(w, fsid[0], 4);
	p9_put(w, fsid[1], 4);
	p9_put(w, (uint64_t)st.f_namelen, 4);
	return 0;
}
