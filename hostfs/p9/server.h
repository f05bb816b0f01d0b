/* SPDX-License-Identifier: MIT */
/*
 * What the server's files share: fids, and a request while it is served.  A handler reads the request's fields from
 * `body`, then checks request_bad(), then acts; it returns 0, with the reply's fields in `reply`, or -errno.
 */
#ifndef HOSTFS_P9_SERVER_H
#define HOSTFS_P9_SERVER_H

#include "hostfs/table.h"
#include "p9.h"
#include "wire.h"
#include <limits.h>

#define BODY_MAX	8192 /* of a request without its data: the longest, Tsymlink, has 255 + 4095 bytes of text */
#define REPLY_MAX	8192	    /* of a reply without its data: Rreadlink */
#define DIR_MAX		(32 * 1024) /* of entries in one reply */
#define XATTR_VALUE_MAX 65536u	    /* XATTR_SIZE_MAX */
#define XATTR_BYTES_MAX (1u << 20)  /* of values that fids of a session hold */
#define PIECES_MAX	1024	    /* IOV_MAX of Linux */

/* A value that is read or written by way of a fid (Txattrwalk, Txattrcreate). */
struct fid_xattr {
	bool write;
	int flags;
	size_t size, done;
	char name[256];
	uint8_t data[];
};

struct fid {
	struct table_link link;
	uint32_t number;
	uint32_t uid;		  /* who the client says it is for: owner of what is made */
	struct hostfs_node *node; /* a reference */
	struct hostfs_file *file; /* if it has been opened */
	struct fid_xattr *xattr;  /* if it stands for a value */
};

struct p9_server {
	struct hostfs_share *share;
	struct table fids;
	uint32_t msize; /* 0: no Tversion yet */
	size_t xattr_bytes;
	uint8_t body[BODY_MAX], reply[REPLY_MAX];
	uint8_t entries[DIR_MAX];
	_Alignas(8) uint8_t dirents[DIR_MAX];
	struct iovec pieces[PIECES_MAX];
};

struct request {
	struct p9_server *server;
	uint8_t type;
	uint16_t tag;
	const struct iovec *in, *out;
	unsigned nin, nout;
	size_t size; /* of the request, by its header */
	size_t room; /* for the reply, whatever the reason */
	struct p9_reader body;
	struct p9_writer reply;
	size_t data; /* bytes that stand in `out` behind `reply` already */
};

static inline bool request_bad(const struct request *r)
{
	return r->body.overrun;
}

/* ---- fids.c ---- */
struct fid *fid_find(struct p9_server *s, uint32_t number);
/* A new fid for node, whose reference it takes over (also if it fails).  0; -EBADF: in use; -ENFILE; -ENOMEM. */
int fid_new(struct p9_server *s, uint32_t number, uint32_t uid, struct hostfs_node *node, struct fid **out);
void fid_free(struct p9_server *s, struct fid *f);
void fid_free_all(struct p9_server *s);
/* Room for a value of `size` bytes, in f.  0 or -errno. */
int fid_xattr_new(struct p9_server *s, struct fid *f, size_t size);
/* The fid in the next field, which stands for a file system's object: else -EBADF (-EINVAL for a value). */
int request_fid(struct request *r, struct fid **out);
int node_qid(struct hostfs_node *n, struct p9_qid *q);
int qid_of(struct hostfs_node *n, const struct statx *st, struct p9_qid *q);

/* ---- handlers: session.c, files.c, names.c, xattr.c ---- */
typedef int request_handler(struct request *r);
request_handler p9_version, p9_attach, p9_auth, p9_flush, p9_walk, p9_clunk, p9_remove;
request_handler p9_lopen, p9_lcreate, p9_read, p9_write, p9_readdir, p9_fsync, p9_lock, p9_getlock;
request_handler p9_getattr, p9_setattr, p9_statfs;
request_handler p9_mkdir, p9_mknod, p9_symlink, p9_link, p9_readlink, p9_rename, p9_renameat, p9_unlinkat;
request_handler p9_xattrwalk, p9_xattrcreate;
ssize_t p9_xattr_read(struct request *r, struct fid *f, uint64_t off, size_t count);
ssize_t p9_xattr_write(struct request *r, struct fid *f, uint64_t off, size_t count);
int p9_xattr_finish(struct fid *f);

#endif
