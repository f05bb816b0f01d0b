/* SPDX-License-Identifier: MIT */
#include "unit.h"
#include "fs/p9_client.h"
#include "fs/uio.h"
#include "lib/errno.h"

/* ---- what the client stands on, for the host; allocations fail when told so ---- */

static unsigned fail_allocations; /* bit n: the n-th from now fails */

void *kmalloc(size_t size);
void kfree(void *p);
void *kmalloc(size_t size)
{
	bool fail = fail_allocations & 1;

	fail_allocations >>= 1;
	return fail ? NULL : malloc(size);
}
void kfree(void *p) { free(p); }

void wait_queue_init(struct wait_queue *q) {}

static size_t copy(struct uio *u, void *mem, size_t n, bool to)
{
	n = MIN(n, u->left);
	if (to)
		memcpy((u8 *)u->iov->base + u->skip, mem, n);
	else
		memcpy(mem, (u8 *)u->iov->base + u->skip, n);
	u->skip += n;
	u->left -= n;
	return n;
}
size_t uio_copy_to(struct uio *u, const void *src, size_t n) { return copy(u, (void *)src, n, true); }
size_t uio_copy_from(struct uio *u, void *dst, size_t n) { return copy(u, dst, n, false); }
void uio_skip(struct uio *u, size_t n)
{
	u->skip += n;
	u->left -= n;
}

/* ---- a server ---- */

static struct p9_client client;
static u32 root;
static struct p9_request *queued[P9_TAGS];
static unsigned nqueued;
static u8 reply[P9_CHUNK_MAX + 64];
static u32 reply_len;
static void (*serve)(struct p9_request *r); /* fills reply */
static unsigned kills; /* that many waits end with -EINTR */
static bool device_dead;
static u8 file_content[3 * P9_CHUNK_MAX];
static u64 file_size;
static u32 msize = 2 << 20;

static struct p9_writer w;
static void answer(struct p9_request *r, u8 type)
{
	p9_write_begin(&w, reply, sizeof(reply), type, r->type == P9_TVERSION ? P9_NOTAG : r->tag);
}

/* Gathers the request, as the device would. */
static u8 *request_bytes(struct p9_request *r, u32 *len)
{
	static u8 bytes[P9_CHUNK_MAX + P9_SMALL];

	memcpy(bytes, r->small, r->out.len);
	if (r->bulk_out)
		memcpy(bytes + r->out.len, r->bulk, r->bulk_out);
	*len = r->out.len + r->bulk_out;
	return bytes;
}

static void serve_well(struct p9_request *r)
{
	struct p9_reader in;
	u32 len, count;
	u64 off;
	u8 *bytes = request_bytes(r, &len);

	p9_read_begin(&in, bytes, len);
	assert_int_equal(p9_get32(&in), len);
	assert_int_equal(p9_get8(&in), r->type);
	assert_int_equal(p9_get16(&in), r->type == P9_TVERSION ? P9_NOTAG : r->tag);
	answer(r, r->type + 1);
	switch (r->type) {
	case P9_TVERSION:
		p9_put32(&w, MIN(p9_get32(&in), msize));
		p9_put_string(&w, P9_VERSION, strlen(P9_VERSION));
		break;
	case P9_TATTACH:
		p9_put8(&w, P9_QTDIR);
		p9_put32(&w, 0);
		p9_put64(&w, 1);
		break;
	case P9_TWALK:
		p9_get32(&in);
		p9_get32(&in);
		count = p9_get16(&in);
		p9_put16(&w, (u16)count);
		for (u32 i = 0; i < count; i++) {
			p9_put8(&w, 0);
			p9_put32(&w, 0);
			p9_put64(&w, 42);
		}
		break;
	case P9_TREAD:
		p9_get32(&in);
		off = p9_get64(&in);
		count = (u32)MIN((u64)p9_get32(&in), off < file_size ? file_size - off : 0);
		p9_put32(&w, count);
		memcpy(w.buf + w.len, file_content + off, count);
		w.len += count;
		break;
	case P9_TWRITE:
		p9_get32(&in);
		off = p9_get64(&in);
		count = p9_get32(&in);
		assert_int_equal(in.len - in.pos, count);
		memcpy(file_content + off, in.buf + in.pos, count);
		file_size = MAX(file_size, off + count);
		p9_put32(&w, count);
		break;
	case P9_TREADLINK:
		p9_put_string(&w, (char *)file_content, file_size);
		break;
	case P9_TREADDIR:
		p9_put32(&w, 0);
		break;
	}
	assert_false(in.short_ || w.overflow);
	p9_write_end(&w, 0);
	reply_len = w.len;
}

static void complete(unsigned i)
{
	struct p9_request *r = queued[i];
	u32 head, rest;

	queued[i] = queued[--nqueued];
	serve(r);
	reply_len = MIN(reply_len, r->in_head + r->bulk_in); /* as the queue cuts it */
	head = MIN(reply_len, r->in_head);
	rest = reply_len - head;
	memcpy(p9_reply(r), reply, head);
	if (rest)
		memcpy(r->bulk, reply + head, rest);
	p9_complete(r, reply_len, 0);
}

static int fake_submit(void *device, struct p9_request *r)
{
	if (device_dead)
		return -EIO;
	assert_true(nqueued < P9_TAGS);
	queued[nqueued++] = r;
	if (unit_random() & 1) /* a device may answer at once */
		complete((unsigned)unit_below(nqueued));
	return 0;
}

static bool fake_dead(void *device) { return device_dead; }

static int fake_wait(void *device, struct wait_queue *q, const bool *cond)
{
	if (kills && !*cond) {
		kills--;
		return -EINTR;
	}
	while (!*cond) {
		if (device_dead)
			return -EIO;
		assert_int_not_equal(nqueued, 0); /* else it would sleep for ever */
		complete((unsigned)unit_below(nqueued));
	}
	return 0;
}

static void fake_wake(void *device, struct wait_queue *q) {}

static const struct p9_transport transport = {fake_submit, fake_dead, fake_wait, fake_wake};

static int begin(void **state)
{
	struct p9_qid qid;

	memset(&client, 0, sizeof(client));
	client.transport = &transport;
	nqueued = kills = fail_allocations = 0;
	device_dead = false;
	serve = serve_well;
	file_size = 0;
	return p9_client_start(&client, 0, &root, &qid);
}

static void drain(void)
{
	while (nqueued)
		complete(0);
}

static int finish(void **state)
{
	drain();
	assert_int_equal(client.free_tags, (1u << P9_TAGS) - 1);
	for (unsigned i = 0; i < P9_TAGS; i++) {
		assert_null(client.requests[i].bulk);
		free(client.requests[i].small);
	}
	free(client.bulk_cache);
	return 0;
}

/* ---- tests ---- */

static void data_of_any_size_comes_back(void **state)
{
	static const size_t sizes[] = {1, 100, 2037, 2038, 4096, 70000, P9_CHUNK_MAX - 1, P9_CHUNK_MAX};
	bool full;

	for (unsigned i = 0; i < ARRAY_SIZE(sizes); i++) {
		u8 *out = malloc(sizes[i]), *back = malloc(sizes[i]);
		struct uio u;

		for (size_t n = 0; n < sizes[i]; n++)
			out[n] = (u8)unit_random();
		uio_init_kernel(&u, out, sizes[i]);
		assert_int_equal(p9_write(&client, root, &u, 5), sizes[i]);
		assert_int_equal(u.left, 0);
		uio_init_kernel(&u, back, sizes[i]);
		assert_int_equal(p9_read(&client, root, &u, 5, &full), sizes[i]);
		assert_memory_equal(out, back, sizes[i]);
		free(out);
		free(back);
	}
}

static void a_read_at_the_end_gives_what_is_there(void **state)
{
	u8 buf[5000];
	struct uio u;
	bool full;

	file_size = 4100;
	uio_init_kernel(&u, buf, sizeof(buf));
	assert_int_equal(p9_read(&client, root, &u, 0, &full), 4100);
	assert_false(full);
	uio_init_kernel(&u, buf, sizeof(buf));
	assert_int_equal(p9_read(&client, root, &u, 4100, &full), 0);
}

static void short_of_memory_data_goes_in_smaller_pieces(void **state)
{
	u8 *buf = calloc(1, 50000);
	struct uio u;
	ssize_t n;

	fail_allocations = 0x7; /* the bulk buffer, three times */
	uio_init_kernel(&u, buf, 50000);
	n = p9_write(&client, root, &u, 0);
	assert_true(n >= 1000 && n < 50000);
	fail_allocations = 0xffff;
	n = p9_write(&client, root, &u, 0);
	assert_in_range(n, 1, P9_SMALL);
	fail_allocations = 0;
	free(buf);
}

static void links_of_any_length_come_back(void **state)
{
	char buf[PATH_MAX];

	for (file_size = 1; file_size < PATH_MAX; file_size += 1 + file_size / 3) {
		memset(file_content, 'l', file_size);
		file_content[0] = 'a';
		file_content[file_size - 1] = 'z';
		assert_int_equal(p9_readlink(&client, root, buf, sizeof(buf)), file_size);
		assert_memory_equal(buf, file_content, file_size);
	}
	file_size = PATH_MAX; /* no link is as long */
	assert_int_equal(p9_readlink(&client, root, buf, sizeof(buf)), -EIO);
}

static void a_name_beyond_the_message_is_refused(void **state)
{
	static char name[P9_SMALL];
	struct p9_qid qid;
	u32 fid, live = client.fids_live;

	memset(name, 'n', sizeof(name));
	assert_int_equal(p9_walk(&client, root, name, sizeof(name), &fid, &qid), -ENAMETOOLONG);
	assert_int_equal(client.fids_live, live);
}

static void fids_are_used_again(void **state)
{
	struct p9_qid qid;
	u32 fid;

	for (unsigned i = 0; i < 10000; i++) {
		assert_int_equal(p9_walk(&client, root, "x", 1, &fid, &qid), 0);
		p9_clunk(&client, fid);
		assert_in_range(fid, 1, 100);
	}
	drain();
	assert_int_equal(client.fids_live, 1);
}

static struct p9_request *unanswered;
static void serve_error(struct p9_request *r)
{
	answer(r, P9_RLERROR);
	p9_put32(&w, ENOENT);
	p9_write_end(&w, 0);
	reply_len = w.len;
}

static void errors_arrive_as_they_were_sent(void **state)
{
	struct p9_qid qid;
	struct p9_attr a;
	char buf[100];
	struct uio u;
	bool full;
	u32 fid;

	serve = serve_error;
	assert_int_equal(p9_walk(&client, root, "x", 1, &fid, &qid), -ENOENT);
	assert_int_equal(p9_getattr(&client, root, &a), -ENOENT);
	assert_int_equal(p9_readlink(&client, root, buf, sizeof(buf)), -ENOENT);
	uio_init_kernel(&u, file_content, 100000);
	assert_int_equal(p9_read(&client, root, &u, 0, &full), -ENOENT);
	assert_int_equal(u.left, 100000);
	assert_int_equal(p9_write(&client, root, &u, 0), -ENOENT);
	assert_int_equal(u.left, 100000); /* as if nothing had been taken */
	assert_int_equal(client.fids_live, 1);
}

static void a_killed_wait_leaves_its_request_to_the_device(void **state)
{
	struct p9_attr a;
	int err;

	for (unsigned i = 0; i < 1000; i++) {
		kills = 1;
		err = p9_getattr(&client, root, &a);
		assert_true(err == 0 || err == -EINTR || err == -EIO);
		kills = 0;
		if (unit_below(8) == 0)
			drain();
	}
}

static void when_all_tags_are_taken_the_next_one_waits(void **state)
{
	struct p9_qid qid;
	u32 fid[3 * P9_TAGS];

	for (unsigned i = 0; i < ARRAY_SIZE(fid); i++)
		assert_int_equal(p9_walk(&client, root, "x", 1, &fid[i], &qid), 0);
	for (unsigned i = 0; i < ARRAY_SIZE(fid); i++)
		p9_clunk(&client, fid[i]);
	drain();
	assert_int_equal(client.fids_live, 1);
}

static void a_dead_device_is_an_error(void **state)
{
	struct p9_attr a;
	struct p9_qid qid;
	u32 fid;

	assert_int_equal(p9_walk(&client, root, "x", 1, &fid, &qid), 0);
	device_dead = true;
	assert_int_equal(p9_getattr(&client, root, &a), -EIO);
	p9_clunk(&client, fid);
}

static void small_messages_are_agreed_on_or_refused(void **state)
{
	struct p9_client c = {.transport = &transport};
	struct p9_qid qid;
	u8 *buf = malloc(50000);
	struct uio u;
	u32 fid;

	msize = 8192;
	assert_int_equal(p9_client_start(&c, 0, &fid, &qid), 0);
	uio_init_kernel(&u, buf, 50000);
	assert_in_range(p9_write(&c, fid, &u, 0), 4096, 8192 - P9_WRITE_HEADER);
	for (unsigned i = 0; i < P9_TAGS; i++)
		free(c.requests[i].small);
	free(c.bulk_cache);
	memset(&c, 0, sizeof(c));
	c.transport = &transport;
	msize = 100;
	assert_int_equal(p9_client_start(&c, 0, &fid, &qid), -EPROTO);
	for (unsigned i = 0; i < P9_TAGS; i++)
		free(c.requests[i].small);
	msize = 2 << 20;
	free(buf);
}

/* A server of bad will: a right answer with bytes changed, cut, or made longer; or noise. */
static void serve_rubbish(struct p9_request *r)
{
	unanswered = r;
	if (unit_below(4)) {
		serve_well(r);
		for (u64 n = unit_below(4); n; n--)
			reply[unit_below(MIN(reply_len, 40u))] = (u8)unit_random();
		if (unit_below(3) == 0)
			reply_len = (u32)unit_below(reply_len + 20);
	} else {
		reply_len = (u32)unit_below(300);
		for (u32 i = 0; i < reply_len; i++)
			reply[i] = (u8)unit_random();
		if (reply_len >= 7 && unit_below(2)) { /* a header to get past */
			memcpy(reply, &reply_len, 4);
			reply[4] = r->type + 1;
			reply[5] = (u8)r->tag;
			reply[6] = 0;
		}
	}
}

static bool take_entry(void *arg, const struct p9_dirent *d)
{
	assert_in_range(d->len, 1, NAME_MAX);
	return unit_below(5) != 0;
}

static void rubbish_from_the_server_is_never_more_than_an_error(void **state)
{
	u8 *buf = malloc(20000);

	serve = serve_rubbish;
	for (unsigned i = 0; i < 100000; i++) {
		size_t n = 1 + unit_below(unit_below(20) ? 3000 : 20000);
		struct linux_statfs st;
		struct p9_qid qid;
		struct p9_attr a;
		struct uio u;
		bool full;
		ssize_t got = 0;
		u32 fid;

		file_size = unit_below(5000);
		uio_init_kernel(&u, buf, n);
		switch (unit_below(9)) {
		case 0:
			if (p9_walk(&client, root, "name", 4, &fid, &qid) == 0)
				p9_clunk(&client, fid);
			break;
		case 1:
			(void)p9_getattr(&client, root, &a);
			break;
		case 2:
			got = p9_readlink(&client, root, (char *)buf, n);
			break;
		case 3:
			got = p9_read(&client, root, &u, unit_below(6000), &full);
			break;
		case 4:
			got = p9_write(&client, root, &u, 0);
			assert_int_equal(u.left, got > 0 ? n - (size_t)got : n);
			break;
		case 5:
			(void)p9_readdir(&client, root, 0, take_entry, NULL);
			break;
		case 6:
			(void)p9_statfs(&client, root, &st);
			break;
		case 7:
			(void)p9_unlinkat(&client, root, "x", 1, 0);
			break;
		case 8:
			(void)p9_lopen(&client, root, 0, &qid);
			break;
		}
		assert_true(got >= -4095 && got <= (ssize_t)MAX(n, (size_t)PATH_MAX));
	}
	serve = serve_well;
	free(buf);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(data_of_any_size_comes_back, begin, finish),
		cmocka_unit_test_setup_teardown(a_read_at_the_end_gives_what_is_there, begin, finish),
		cmocka_unit_test_setup_teardown(short_of_memory_data_goes_in_smaller_pieces, begin, finish),
		cmocka_unit_test_setup_teardown(links_of_any_length_come_back, begin, finish),
		cmocka_unit_test_setup_teardown(a_name_beyond_the_message_is_refused, begin, finish),
		cmocka_unit_test_setup_teardown(fids_are_used_again, begin, finish),
		cmocka_unit_test_setup_teardown(errors_arrive_as_they_were_sent, begin, finish),
		cmocka_unit_test_setup_teardown(a_killed_wait_leaves_its_request_to_the_device, begin, finish),
		cmocka_unit_test_setup_teardown(when_all_tags_are_taken_the_next_one_waits, begin, finish),
		cmocka_unit_test_setup_teardown(a_dead_device_is_an_error, begin, finish),
		cmocka_unit_test_setup_teardown(small_messages_are_agreed_on_or_refused, begin, finish),
		cmocka_unit_test_setup_teardown(rubbish_from_the_server_is_never_more_than_an_error, begin, finish),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
