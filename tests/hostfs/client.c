/* SPDX-License-Identifier: MIT */
#include "client.h"
#include <ftw.h>

uint64_t world_random(struct world *w)
{
	w->random ^= w->random << 13;
	w->random ^= w->random >> 7;
	w->random ^= w->random << 17;
	return w->random;
}

static void start(struct world *w, unsigned flags, unsigned max_fds)
{
	char path[128];

	snprintf(path, sizeof(path), "%s/share", w->top);
	assert_int_equal(hostfs_share_open(path, flags, max_fds, &w->share), 0);
	assert_int_equal(p9_server_new(w->share, &w->server), 0);
	assert_int_equal(p9(w, P9_TVERSION, "ds", CLIENT_MSIZE, P9_VERSION), 0);
	w->msize = p9_get32(&w->reply);
	assert_int_equal(p9(w, P9_TATTACH, "ddssd", ROOT, P9_NOFID, "", "", geteuid()), 0);
}

static void stop(struct world *w)
{
	p9_server_free(w->server);
	assert_int_equal(hostfs_share_nodes(w->share), 1);
	assert_int_equal(hostfs_share_fds(w->share), 1);
	hostfs_share_close(w->share);
}

struct world *world_new(unsigned flags, unsigned max_fds)
{
	const char *tmp = getenv("TMPDIR");
	struct world *w = calloc(1, sizeof(*w));

	assert_non_null(w);
	w->random = 0x9e3779b97f4a7c15;
	w->buf = malloc(CLIENT_MSIZE);
	assert_non_null(w->buf);
	snprintf(w->top, sizeof(w->top), "%s/hostfs.XXXXXX", tmp && strlen(tmp) < 40 ? tmp : "/tmp");
	assert_non_null(mkdtemp(w->top));
	w->top_fd = open(w->top, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	host_mkdir(w, "share");
	host_mkdir(w, "outside");
	host_write(w, "outside/secret", "secret");
	w->share_fd = openat(w->top_fd, "share", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	start(w, flags, max_fds);
	return w;
}

void world_restart(struct world *w, unsigned flags, unsigned max_fds)
{
	stop(w);
	start(w, flags, max_fds);
}

static int remove_one(const char *path, const struct stat *st, int type, struct FTW *ftw)
{
	return remove(path);
}

void world_free(struct world *w)
{
	stop(w);
	close(w->share_fd);
	close(w->top_fd);
	assert_int_equal(nftw(w->top, remove_one, 16, FTW_DEPTH | FTW_PHYS), 0);
	free(w->buf);
	free(w);
}

/* ---- messages ---- */

size_t p9_format(uint8_t *buf, size_t cap, unsigned type, const char *fmt, va_list ap)
{
	struct p9_writer m = {.buf = buf, .cap = cap};
	const char *s;
	size_t len;

	p9_put(&m, 0, 4);
	p9_put(&m, type, 1);
	p9_put(&m, type == P9_TVERSION ? 0xffff : 0x1234, 2);
	for (; *fmt; fmt++) {
		switch (*fmt) {
		case 'b':
			p9_put(&m, va_arg(ap, unsigned), 1);
			break;
		case 'w':
			p9_put(&m, va_arg(ap, unsigned), 2);
			break;
		case 'd':
			p9_put(&m, va_arg(ap, unsigned), 4);
			break;
		case 'q':
			p9_put(&m, va_arg(ap, uint64_t), 8);
			break;
		case 's':
			s = va_arg(ap, const char *);
			p9_put_string(&m, s, strlen(s));
			break;
		default:
			s = va_arg(ap, const char *);
			len = va_arg(ap, size_t);
			if (*fmt == 'S')
				p9_put_string(&m, s, len);
			else
				p9_put_bytes(&m, s, len);
		}
	}
	assert_false(m.overflow);
	len = m.len;
	m.len = 0;
	p9_put(&m, len, 4);
	return len;
}

/* Cuts a buffer at random, with empty pieces now and then. */
static unsigned cut(struct world *w, void *buf, size_t len, struct iovec *v, unsigned max)
{
	unsigned n = 0;

	while (len && n < max - 1) {
		size_t part = world_random(w) % 4 ? world_random(w) % 70000 : world_random(w) % 9;

		if (part > len)
			part = len;
		v[n++] = (struct iovec){buf, part};
		buf = (char *)buf + part;
		len -= part;
	}
	v[n++] = (struct iovec){buf, len};
	return n;
}

size_t p9_raw(struct world *w, const void *msg, size_t len, size_t room)
{
	struct iovec in[64], out[64];
	uint8_t *copy = malloc(len + 1); /* exactly as long as it is: the sanitizer sees who reads beyond */
	unsigned nin, nout;

	assert_non_null(copy);
	memcpy(copy, msg, len);
	nin = cut(w, copy, len, in, 64);
	nout = cut(w, w->buf, room, out, 64);
	w->reply_len = p9_serve(w->server, in, nin, out, nout);
	free(copy);
	assert_true(w->reply_len <= room);
	return w->reply_len;
}

int p9(struct world *w, unsigned type, const char *fmt, ...)
{
	static uint8_t msg[CLIENT_MSIZE + 65536];
	struct p9_reader r = {.buf = w->buf};
	unsigned reply_type, tag;
	size_t len;
	va_list ap;

	va_start(ap, fmt);
	len = p9_format(msg, sizeof(msg), type, fmt, ap);
	va_end(ap);
	r.len = p9_raw(w, msg, len, CLIENT_MSIZE);
	if (p9_get32(&r) != r.len)
		return -EPROTO;
	reply_type = p9_get8(&r);
	tag = p9_get16(&r);
	assert_int_equal(tag, type == P9_TVERSION ? 0xffff : 0x1234);
	w->reply = r;
	if (reply_type == P9_RLERROR) {
		int err = (int)p9_get32(&r);

		assert_true(err > 0 && err < 200 && !r.overrun && r.pos == r.len);
		return -err;
	}
	assert_int_equal(reply_type, type + 1);
	return 0;
}

struct p9_qid get_qid(struct p9_reader *r)
{
	struct p9_qid q = {.type = p9_get8(r)};

	q.version = p9_get32(r);
	q.path = p9_get64(r);
	return q;
}

int walk(struct world *w, uint32_t from, uint32_t to, const char *path)
{
	uint8_t names[4096];
	struct p9_writer n = {.buf = names, .cap = sizeof(names)};
	unsigned count = 0;
	int err;

	while (*path) {
		size_t len = strcspn(path, "/");

		p9_put_string(&n, path, len);
		count++;
		path += len + (path[len] == '/');
	}
	err = p9(w, P9_TWALK, "ddwB", from, to, count, (char *)names, n.len);
	if (!err && p9_get16(&w->reply) != count)
		return -ENOENT;
	return err;
}

int walk_open(struct world *w, uint32_t fid, const char *path, int flags)
{
	int err = walk(w, ROOT, fid, path);

	if (err)
		return err;
	err = p9(w, P9_TLOPEN, "dd", fid, flags);
	if (err)
		clunk(w, fid);
	return err;
}

int create(struct world *w, uint32_t fid, const char *dir, const char *name, int flags, unsigned mode)
{
	int err = walk(w, ROOT, fid, dir);

	if (err)
		return err;
	err = p9(w, P9_TLCREATE, "dsddd", fid, name, flags, mode, -1);
	if (err)
		clunk(w, fid);
	return err;
}

ssize_t rd(struct world *w, uint32_t fid, uint64_t off, void *buf, uint32_t count)
{
	int err = p9(w, P9_TREAD, "dqd", fid, off, count);
	uint32_t n;

	if (err)
		return err;
	n = p9_get32(&w->reply);
	assert_true(n <= count);
	assert_int_equal(w->reply.len - w->reply.pos, n);
	memcpy(buf, w->reply.buf + w->reply.pos, n);
	return n;
}

ssize_t wr(struct world *w, uint32_t fid, uint64_t off, const void *buf, uint32_t count)
{
	int err = p9(w, P9_TWRITE, "dqdB", fid, off, count, (const char *)buf, (size_t)count);

	return err ? err : (ssize_t)p9_get32(&w->reply);
}

int clunk(struct world *w, uint32_t fid)
{
	return p9(w, P9_TCLUNK, "d", fid);
}

int getattr(struct world *w, uint32_t fid, struct attr *a)
{
	struct p9_reader *r = &w->reply;
	int err = p9(w, P9_TGETATTR, "dq", fid, P9_GETATTR_BASIC | P9_GETATTR_BTIME);
	uint64_t *field;

	if (err)
		return err;
	a->valid = p9_get64(r);
	a->qid = get_qid(r);
	a->mode = p9_get32(r);
	a->uid = p9_get32(r);
	a->gid = p9_get32(r);
	for (field = &a->nlink; field <= &a->btime_ns; field++)
		*field = p9_get64(r);
	(void)p9_get64(r);
	(void)p9_get64(r);
	assert_true(!r->overrun && r->pos == r->len);
	return 0;
}

/* ---- the host's side ---- */

void host_write(struct world *w, const char *path, const char *text)
{
	int fd = openat(w->top_fd, path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);

	assert_true(fd >= 0);
	assert_int_equal(write(fd, text, strlen(text)), strlen(text));
	close(fd);
}

void host_mkdir(struct world *w, const char *path)
{
	assert_int_equal(mkdirat(w->top_fd, path, 0755), 0);
}

const char *host_read(struct world *w, const char *path)
{
	static char text[4096];
	int fd = openat(w->top_fd, path, O_RDONLY | O_CLOEXEC);
	ssize_t n;

	if (fd < 0)
		return NULL;
	n = read(fd, text, sizeof(text) - 1);
	close(fd);
	text[n > 0 ? n : 0] = 0;
	return text;
}

bool host_exists(struct world *w, const char *path)
{
	return faccessat(w->top_fd, path, F_OK, AT_SYMLINK_NOFOLLOW) == 0;
}
