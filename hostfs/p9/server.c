/* SPDX-License-Identifier: MIT */
/* From a request's bytes to its handler, and from the handler's answer to the reply's bytes. */
#include "server.h"
#include <string.h>

static request_handler *const handlers[256] = {
	[P9_TVERSION] = p9_version,	[P9_TAUTH] = p9_auth,
	[P9_TATTACH] = p9_attach,	[P9_TFLUSH] = p9_flush,
	[P9_TWALK] = p9_walk,		[P9_TCLUNK] = p9_clunk,
	[P9_TREMOVE] = p9_remove,	[P9_TLOPEN] = p9_lopen,
	[P9_TLCREATE] = p9_lcreate,	[P9_TREAD] = p9_read,
	[P9_TWRITE] = p9_write,		[P9_TREADDIR] = p9_readdir,
	[P9_TFSYNC] = p9_fsync,		[P9_TLOCK] = p9_lock,
	[P9_TGETLOCK] = p9_getlock,	[P9_TGETATTR] = p9_getattr,
	[P9_TSETATTR] = p9_setattr,	[P9_TSTATFS] = p9_statfs,
	[P9_TMKDIR] = p9_mkdir,		[P9_TMKNOD] = p9_mknod,
	[P9_TSYMLINK] = p9_symlink,	[P9_TLINK] = p9_link,
	[P9_TREADLINK] = p9_readlink,	[P9_TRENAME] = p9_rename,
	[P9_TRENAMEAT] = p9_renameat,	[P9_TUNLINKAT] = p9_unlinkat,
	[P9_TXATTRWALK] = p9_xattrwalk, [P9_TXATTRCREATE] = p9_xattrcreate,
};

int p9_server_new(struct hostfs_share *share, struct p9_server **out)
{
	struct p9_server *s = calloc(1, sizeof(*s));

	if (!s)
		return -ENOMEM;
	s->share = share;
	*out = s;
	return 0;
}

void p9_server_reset(struct p9_server *s)
{
	fid_free_all(s);
	s->msize = 0;
}

void p9_server_free(struct p9_server *s)
{
	if (!s)
		return;
	p9_server_reset(s);
	free(s);
}

static void reply_begin(struct request *r, uint8_t type)
{
	struct p9_server *s = r->server;

	r->reply = (struct p9_writer){.buf = s->reply, .cap = r->room < REPLY_MAX ? r->room : REPLY_MAX};
	r->data = 0;
	p9_put(&r->reply, 0, 4);
	p9_put(&r->reply, type, 1);
	p9_put(&r->reply, r->tag, 2);
}

/* Copies what is to be checked: header and fields; a write's data stays where it is. */
static int request_read(struct request *r, uint32_t size, size_t sent)
{
	struct p9_server *s = r->server;
	size_t len = size - P9_HEADER;

	if (size < P9_HEADER || size > sent)
		return -EPROTO;
	if (s->msize ? size > s->msize : r->type != P9_TVERSION)
		return s->msize ? -EMSGSIZE : -EPROTO;
	r->size = size;
	if (r->type == P9_TWRITE && len > P9_WRITE_HEADER - P9_HEADER)
		len = P9_WRITE_HEADER - P9_HEADER;
	if (len > BODY_MAX) /* only names and targets could make it so long */
		return -ENAMETOOLONG;
	r->body = (struct p9_reader){.buf = s->body};
	r->body.len = p9_iov_read(r->in, r->nin, P9_HEADER, s->body, len);
	return 0;
}

static int request_serve(struct request *r)
{
	request_handler *handler = handlers[r->type];
	int err;

	if (!handler)
		return -EOPNOTSUPP;
	reply_begin(r, (uint8_t)(r->type + 1));
	err = handler(r);
	return !err && r->reply.overflow ? -EMSGSIZE : err;
}

size_t p9_serve(struct p9_server *s, const struct iovec *in, unsigned nin, const struct iovec *out,
		unsigned nout)
{
	struct request r = {.server = s, .in = in, .nin = nin, .out = out, .nout = nout};
	size_t sent = p9_iov_size(in, nin), len;
	uint8_t head[P9_HEADER];
	struct p9_reader h = {.buf = head, .len = sizeof(head)};
	uint32_t size;
	int err;

	r.room = p9_iov_size(out, nout);
	if (r.room < P9_HEADER + 4 || p9_iov_read(in, nin, 0, head, sizeof(head)) != sizeof(head))
		return 0;
	if (r.room > (s->msize ? s->msize : P9_MSIZE_MIN))
		r.room = s->msize ? s->msize : P9_MSIZE_MIN;
	size = p9_get32(&h);
	r.type = p9_get8(&h);
	r.tag = p9_get16(&h);
	err = request_read(&r, size, sent);
	if (!err)
		err = request_serve(&r);
	if (err) {
		reply_begin(&r, P9_RLERROR);
		p9_put(&r.reply, (uint64_t)-err, 4);
	}
	len = r.reply.len;
	r.reply.len = 0;
	p9_put(&r.reply, len + r.data, 4);
	p9_iov_write(out, nout, 0, r.reply.buf, len);
	return len + r.data;
}
