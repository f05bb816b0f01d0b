/* SPDX-License-Identifier: MIT */
/* The host's files as the program sees them: what is kept of them, for how long, and from a server of bad will. */
#include "unit.h"
#include "vfs_host.h"
#include "drivers/virtio_9p.h"
#include "fs/dentry.h"
#include "fs/overlay.h"
#include "fs/p9.h"
#include "lib/errno.h"

bool (*frame_give_back)(void);

/* ---- a server with a few files ---- */

#define NODES 4096
#define TRUST (2 * NSEC_PER_SEC) /* more than a second: what is known does not hold any more */

static struct node {
	unsigned parent; /* 0: none; the root is 1 */
	char name[24];
	u32 mode;
	u64 time, len;
	u8 *data; /* NULL: made up (see byte_at) */
} nodes[NODES];
static unsigned node_count;
static unsigned fids[65536]; /* nodes */
static uintptr_t deepest; /* the stack's end when a fid was given back */
static u32 msize; /* that the server agrees to */
static unsigned messages, of_type[128];
static bool device_dead;
static unsigned dies_after; /* messages; 0: it does not */
static bool rubbish, refuses;
static u8 request[2 * MiB], reply[2 * MiB];
static struct p9_writer w;
static struct p9_fs *fs;

static u8 byte_at(unsigned node, u64 off) { return (u8)(off * 7 + off / 251 + node); }

static unsigned node_find(unsigned dir, const char *name, size_t len)
{
	for (unsigned i = 2; i < node_count; i++)
		if (nodes[i].parent == dir && strlen(nodes[i].name) == len && !memcmp(nodes[i].name, name, len))
			return i;
	return 0;
}

static unsigned node_add(unsigned dir, const char *name, u32 mode, u64 len)
{
	struct node *n = &nodes[node_count];

	assert_true(node_count < NODES);
	*n = (struct node){.parent = dir, .mode = mode, .len = len, .time = ++nodes[dir].time};
	snprintf(n->name, sizeof(n->name), "%s", name);
	return node_count++;
}

static void put_qid(unsigned i)
{
	p9_put8(&w, S_ISDIR(nodes[i].mode) ? P9_QTDIR : S_ISLNK(nodes[i].mode) ? P9_QTSYMLINK : 0);
	p9_put32(&w, (u32)nodes[i].time);
	p9_put64(&w, i);
}

static void serve_getattr(unsigned i)
{
	struct node *n = &nodes[i];

	p9_put64(&w, P9_GETATTR_BASIC);
	put_qid(i);
	p9_put32(&w, n->mode);
	p9_put32(&w, 0);
	p9_put32(&w, 0);
	p9_put64(&w, 1); /* links */
	p9_put64(&w, 0);
	p9_put64(&w, n->len);
	p9_put64(&w, 4096);
	p9_put64(&w, n->len / 512);
	for (unsigned t = 0; t < 4; t++) { /* atime, mtime, ctime, btime */
		p9_put64(&w, 1000000000 + n->time);
		p9_put64(&w, 0);
	}
	p9_put64(&w, 0);
	p9_put64(&w, 0);
}

static void serve_readdir(unsigned dir, u64 off, u32 room)
{
	u32 at = w.len;

	p9_put32(&w, 0);
	for (unsigned i = MAX(2u, (unsigned)off + 1); i < node_count && w.len + 60 < at + 4 + room; i++) {
		if (nodes[i].parent != dir)
			continue;
		put_qid(i);
		p9_put64(&w, i);
		p9_put8(&w, DT_OF_MODE(nodes[i].mode));
		p9_put_string(&w, nodes[i].name, strlen(nodes[i].name));
	}
	room = w.len - at - 4;
	memcpy(w.buf + at, &room, 4);
}

/* Fills w; 0, or the error to be sent. */
static int serve_type(u8 type, struct p9_reader *in)
{
	u32 fid = p9_get32(in), newfid, count;
	unsigned i = fid < ARRAY_SIZE(fids) ? fids[fid] : 0;
	const char *name;
	u64 off;
	u16 len;

	if (type != P9_TVERSION && type != P9_TATTACH && !i)
		return EBADF;
	switch (type) {
	case P9_TVERSION:
		p9_put32(&w, MIN(fid, msize));
		p9_put_string(&w, P9_VERSION, strlen(P9_VERSION));
		return 0;
	case P9_TATTACH:
		fids[fid] = 1;
		put_qid(1);
		return 0;
	case P9_TWALK:
		newfid = p9_get32(in);
		len = p9_get16(in);
		if (len) {
			name = p9_get_string(in, &len);
			i = node_find(i, name, len);
			if (!i)
				return ENOENT;
			p9_put16(&w, 1);
			put_qid(i);
		} else {
			p9_put16(&w, 0);
		}
		assert_true(newfid < ARRAY_SIZE(fids));
		fids[newfid] = i;
		return 0;
	case P9_TLOPEN:
		put_qid(i);
		p9_put32(&w, 0);
		return 0;
	case P9_TGETATTR:
		serve_getattr(i);
		return 0;
	case P9_TREAD:
		off = p9_get64(in);
		count = (u32)MIN((u64)p9_get32(in), off < nodes[i].len ? nodes[i].len - off : 0);
		p9_put32(&w, count);
		for (u32 k = 0; k < count; k++)
			w.buf[w.len++] = nodes[i].data ? nodes[i].data[off + k] : byte_at(i, off + k);
		return 0;
	case P9_TREADDIR:
		off = p9_get64(in);
		serve_readdir(i, off, p9_get32(in));
		return 0;
	case P9_TCLUNK:
		deepest = MIN(deepest, (uintptr_t)__builtin_frame_address(0));
		fids[fid] = 0;
		return 0;
	default:
		return EOPNOTSUPP;
	}
}

static void make_rubbish(u8 type, u32 *len)
{
	for (u64 n = unit_below(6); n; n--)
		reply[unit_below(MIN(*len, 60u))] = (u8)(unit_below(2) ? unit_random() : unit_below(4));
	if (unit_below(4) == 0)
		*len = (u32)unit_below(*len + 20);
}

static int submit(void *device, struct p9_request *r)
{
	struct p9_reader in;
	u32 head, len;
	int err;

	if (dies_after && !--dies_after)
		device_dead = true;
	if (device_dead)
		return -EIO;
	memcpy(request, r->small, r->out.len);
	if (r->bulk_out)
		memcpy(request + r->out.len, r->bulk, r->bulk_out);
	messages++;
	of_type[r->type]++;
	p9_read_begin(&in, request, r->out.len + r->bulk_out);
	in.pos = P9_HEADER;
	p9_write_begin(&w, reply, sizeof(reply), r->type + 1, r->type == P9_TVERSION ? P9_NOTAG : r->tag);
	err = refuses ? EIO : serve_type(r->type, &in);
	if (err) {
		p9_write_begin(&w, reply, sizeof(reply), P9_RLERROR, r->tag);
		p9_put32(&w, (u32)err);
	}
	p9_write_end(&w, 0);
	len = w.len;
	if (rubbish && unit_below(3) == 0)
		make_rubbish(r->type, &len);
	len = MIN(len, r->in_head + r->bulk_in);
	head = MIN(len, r->in_head);
	memcpy(p9_reply(r), reply, head);
	if (len > head)
		memcpy(r->bulk, reply + head, len - head);
	p9_complete(r, len, 0);
	return 0;
}

static bool dead(void *device) { return device_dead; }
static int wait(void *device, struct wait_queue *q, const bool *cond)
{
	assert_true(*cond || device_dead); /* else it would sleep for ever */
	return *cond ? 0 : -EIO;
}
static void wake(void *device, struct wait_queue *q) {}

int virtio_9p_open(const char *tag, const struct p9_transport **t, void **device)
{
	static const struct p9_transport transport = {submit, dead, wait, wake};

	*t = &transport;
	*device = NULL;
	return 0;
}

/* ---- a mount of it ---- */

static struct superblock *mounted[40]; /* they live on */

static int begin(void **state)
{
	vfs_host_init();
	vfs_host_now += 100 * NSEC_PER_SEC;
	memset(nodes, 0, sizeof(nodes));
	memset(fids, 0, sizeof(fids));
	nodes[1] = (struct node){.mode = S_IFDIR | 0755};
	node_count = 2;
	rubbish = refuses = device_dead = false;
	dies_after = 0;
	vfs_host_fail_every = 0;
	msize = 4 * MiB;
	return 0;
}

/* The share is the root from now on; a session of its own is part of each test. */
static void mount(bool overlay)
{
	static unsigned n;
	struct superblock *sb;

	assert_int_equal(p9_mount("share", false, &sb), 0);
	fs = container_of(sb, struct p9_fs, sb);
	if (overlay)
		assert_int_equal(overlay_mount(sb, &sb), 0);
	sb->root = dentry_alloc(sb->root_inode, "", 0);
	assert_non_null(sb->root);
	mounted[n++] = sb;
	vfs_root = sb->root;
	vfs_complete = true;
	messages = 0;
	memset(of_type, 0, sizeof(of_type));
}

static int size_of(const char *path, u64 *size)
{
	struct kstat st;
	struct dentry *d;
	int r = vfs_walk(vfs_root, path, 0, &d);

	if (r)
		return r;
	r = vfs_getattr(d, &st);
	*size = st.size;
	dentry_unref(d);
	return r;
}

static ssize_t read_at(struct file *f, void *buf, size_t n, u64 off)
{
	struct uio u;

	uio_init_user(&u, buf, n);
	return f->ops->read(f, &u, off);
}

static ssize_t content(const char *path, void *buf, size_t n)
{
	struct file *f;
	ssize_t r = vfs_open(vfs_root, path, O_RDONLY, 0, &f);

	if (r)
		return r;
	r = read_at(f, buf, n, 0);
	file_unref(f);
	return r;
}

static unsigned taken(void)
{
	unsigned n = messages;

	messages = 0;
	return n;
}

/* ---- tests ---- */

static void a_name_is_asked_for_once(void **state)
{
	unsigned dir = node_add(1, "dir", S_IFDIR | 0755, 0);
	u64 size;

	node_add(dir, "file", S_IFREG | 0644, 5);
	mount(false);
	for (int i = 0; i < 100; i++) {
		assert_int_equal(size_of("dir/file", &size), 0);
		assert_int_equal(size, 5);
		assert_int_equal(size_of("dir/none", &size), -ENOENT);
	}
	assert_in_range(taken(), 3, 6);
	vfs_host_now += TRUST; /* a look at each directory, and at the file */
	assert_int_equal(size_of("dir/file", &size), 0);
	assert_int_equal(size_of("dir/none", &size), -ENOENT);
	taken();
	vfs_host_now += TRUST;
	assert_int_equal(size_of("dir/file", &size), 0);
	assert_int_equal(size_of("dir/none", &size), -ENOENT);
	assert_in_range(taken(), 3, 3);
}

static void what_the_host_does_is_seen_in_time(void **state)
{
	unsigned dir = node_add(1, "dir", S_IFDIR | 0755, 0), file = node_add(dir, "file", S_IFREG | 0644, 5), other;
	u64 size;

	for (unsigned told = 0; told < 2; told++) {
		mount(told);
		assert_int_equal(size_of("dir/file", &size), 0);
		assert_int_equal(size_of("dir/new", &size), -ENOENT);
		nodes[file].len = 6 + told;
		nodes[file].time++;
		other = node_add(dir, "new", S_IFREG | 0644, 1);
		if (told)
			vfs_news++;
		else
			vfs_host_now += TRUST;
		assert_int_equal(size_of("dir/file", &size), 0);
		assert_int_equal(size, 6 + told);
		assert_int_equal(size_of("dir/new", &size), 0);
		nodes[other].parent = 0; /* it is gone again */
		nodes[dir].time++;
		nodes[file].parent = 1; /* moved */
		nodes[1].time++;
		vfs_news++;
		assert_int_equal(size_of("dir/new", &size), -ENOENT);
		assert_int_equal(size_of("dir/file", &size), -ENOENT);
		assert_int_equal(size_of("file", &size), 0);
		nodes[file].parent = dir;
		nodes[dir].time++;
		nodes[1].time++;
		vfs_news++;
	}
}

static void a_change_that_leaves_the_time_as_it_was_is_seen(void **state)
{
	unsigned file = node_add(1, "file", S_IFREG | 0644, 5);
	char buf[10];

	mount(false);
	nodes[file].data = (u8 *)"first";
	assert_int_equal(content("file", buf, 10), 5);
	assert_memory_equal(buf, "first", 5);
	nodes[file].data = (u8 *)"again"; /* in the same tick of the host's clock */
	assert_int_equal(content("file", buf, 10), 5);
	assert_memory_equal(buf, "again", 5);
}

static void who_opens_a_file_sees_what_the_host_has_done(void **state)
{
	unsigned file = node_add(1, "file", S_IFREG | 0644, 5), other;
	char buf[10];

	mount(false);
	nodes[file].data = (u8 *)"first";
	for (int i = 0; i < 3; i++) { /* it is old enough to be kept */
		assert_int_equal(content("file", buf, 10), 5);
		vfs_host_now += TRUST;
	}
	of_type[P9_TREAD] = 0;
	assert_int_equal(content("file", buf, 10), 5);
	assert_int_equal(of_type[P9_TREAD], 0);
	nodes[file].data = (u8 *)"again"; /* nobody has told of it, and no time has passed */
	nodes[file].time++;
	assert_int_equal(content("file", buf, 10), 5);
	assert_memory_equal(buf, "again", 5);
	nodes[file].parent = 0; /* replaced by another */
	other = node_add(1, "file", S_IFREG | 0644, 6);
	nodes[other].data = (u8 *)"second";
	assert_int_equal(content("file", buf, 10), 6);
	assert_memory_equal(buf, "second", 6);
}

static void reads_grow_and_what_is_kept_is_bounded(void **state)
{
	unsigned file = node_add(1, "file", S_IFREG | 0644, 20 * MiB);
	static u8 buf[4096];
	struct file *f;

	mount(false);
	assert_int_equal(vfs_open(vfs_root, "file", O_RDONLY, 0, &f), 0);
	for (u64 off = 0; off < nodes[file].len; off += sizeof(buf)) {
		assert_int_equal(read_at(f, buf, sizeof(buf), off), sizeof(buf));
		assert_int_equal(buf[100], byte_at(file, off + 100));
	}
	assert_in_range(of_type[P9_TREAD], 20, 26);
	assert_true(frame_give_back());
	while (frame_give_back()) /* all of it */
		;
	of_type[P9_TREAD] = 0;
	assert_int_equal(read_at(f, buf, 10, nodes[file].len - 10), 10);
	assert_int_equal(buf[9], byte_at(file, nodes[file].len - 1));
	assert_int_equal(of_type[P9_TREAD], 1);
	assert_int_equal(read_at(f, buf, 10, nodes[file].len), 0);
	file_unref(f);
}

static void bytes_are_right_wherever_they_are_read(void **state)
{
	unsigned file = node_add(1, "file", S_IFREG | 0644, 3 * MiB + 123);
	static u8 buf[400 * 1024];
	struct file *f;

	for (int i = 0; i < 4000; i++) {
		u64 off = unit_below(nodes[file].len + 100), n = 1 + unit_below(unit_below(4) ? 5000 : sizeof(buf));
		u64 want = off < nodes[file].len ? MIN(n, nodes[file].len - off) : 0;
		static const u32 sizes[] = {4 * MiB, 4096, 5000, 200000};
		ssize_t got;

		if (i % 1000 == 0) {
			if (i)
				file_unref(f);
			vfs_host_fail_every = 0;
			msize = sizes[i / 1000];
			mount(false);
			assert_int_equal(vfs_open(vfs_root, "file", O_RDONLY, 0, &f), 0);
		}
		vfs_host_fail_every = i % 3 ? 0 : 1 + (unsigned)unit_below(10);
		got = read_at(f, buf, n, off);
		if (vfs_host_fail_every && got == -ENOMEM)
			continue;
		if (!vfs_host_fail_every)
			assert_int_equal(got, want);
		for (ssize_t k = 0; k < got; k += k < got - 1 ? MIN(97, got - 1 - k) : 1)
			assert_int_equal(buf[k], byte_at(file, off + (u64)k));
		if (unit_below(50) == 0)
			(void)frame_give_back();
		if (unit_below(100) == 0)
			vfs_news++;
	}
	vfs_host_fail_every = 0;
	file_unref(f);
}

static void names_do_not_pile_up(void **state)
{
	unsigned dir = node_add(1, "dir", S_IFDIR | 0755, 0);
	char path[40];
	u64 size;

	for (int i = 0; i < 2000; i++) {
		snprintf(path, sizeof(path), "f%d", i);
		node_add(dir, path, S_IFREG | 0644, 1);
	}
	for (int overlay = 0; overlay < 2; overlay++) {
		mount(overlay);
		for (int i = 0; i < 5000; i++) {
			snprintf(path, sizeof(path), "dir/f%d", i);
			assert_int_equal(size_of(path, &size), i < 2000 ? 0 : -ENOENT);
			assert_in_range(fs->name_count, 1, fs->name_max);
		}
		/* One for each name, one for what is above them; the overlay has as many of its own. */
		assert_in_range(fs->client.fids_live, 1, 3 * fs->name_max);
	}
}

static void a_deep_tree_goes_without_eating_the_stack(void **state)
{
	unsigned node = 1, top = 0;
	struct dentry *at, *next;
	struct kstat st;
	u64 size;

	for (int i = 0; i < 3000; i++) {
		node = node_add(node, "d", S_IFDIR | 0755, 0);
		top = top ?: node;
	}
	for (int overlay = 0; overlay < 2; overlay++) {
		mount(overlay);
		at = dentry_ref(vfs_root);
		for (int i = 0; i < 3000; i++) {
			assert_int_equal(vfs_walk(at, "d", WALK_DIRECTORY, &next), 0);
			dentry_unref(at);
			at = next;
		}
		assert_int_equal(vfs_getattr(at, &st), 0);
		deepest = (uintptr_t)__builtin_frame_address(0);
		dentry_unref(at);
		nodes[top].parent = 0;
		nodes[1].time++;
		vfs_news++;
		assert_int_equal(size_of("d", &size), -ENOENT);
		for (unsigned i = 0; i < 2 * fs->name_max; i++) { /* what is remembered of it goes */
			char name[20];

			snprintf(name, sizeof(name), "n%u", i);
			assert_int_equal(size_of(name, &size), -ENOENT);
		}
		assert_in_range(fs->client.fids_live, 1, 10);
		assert_in_range((uintptr_t)__builtin_frame_address(0) - deepest, 0, 32 * KiB);
		nodes[top].parent = 1;
	}
}

static void a_server_that_goes_away_is_an_error(void **state)
{
	unsigned dir = node_add(1, "dir", S_IFDIR | 0755, 0);
	struct file *f, *d;
	char buf[100];
	u64 size;

	node_add(dir, "file", S_IFREG | 0644, 100000);
	for (unsigned when = 0; when < 30; when++) {
		if (when % 10 == 0) {
			device_dead = refuses = false;
			dies_after = 0;
			mount(when == 20);
			assert_int_equal(vfs_open(vfs_root, "dir/file", O_RDONLY, 0, &f), 0);
			assert_int_equal(vfs_open(vfs_root, "dir", O_RDONLY, 0, &d), 0);
		}
		device_dead = false;
		refuses = when >= 10 && when < 20;
		vfs_news++;
		dies_after = refuses ? 0 : 1 + when % 10;
		for (unsigned i = 0; i < 20; i++) {
			ssize_t r = i % 3 == 0 ? size_of("dir/file", &size)
				    : i % 3 == 1 ? content("dir/file", buf, 100)
						 : read_at(f, buf, 100, 50000 + i);

			assert_true(r == 0 || r == 100 || r == -EIO);
			assert_true(r != 0 || i % 3 == 0);
		}
		vfs_news++;
		assert_int_equal(size_of("dir/other", &size), -EIO);
		if (when % 10 == 9) {
			file_unref(f);
			file_unref(d);
		}
	}
}

struct count_sink {
	struct dir_sink sink;
	unsigned n;
};

static bool count_emit(struct dir_sink *s, const char *name, size_t len, u64 ino, unsigned dtype, u64 next)
{
	struct count_sink *c = container_of(s, struct count_sink, sink);

	assert_in_range(len, 1, NAME_MAX);
	return ++c->n < 10000;
}

static void rubbish_is_an_error_and_never_more(void **state)
{
	unsigned dir = node_add(1, "dir", S_IFDIR | 0755, 0);
	char path[24], buf[5000];
	u64 size;

	for (int i = 0; i < 50; i++) {
		snprintf(path, sizeof(path), "f%d", i);
		node_add(dir, path, S_IFREG | 0644, unit_below(200000));
	}
	for (int overlay = 0; overlay < 2; overlay++) {
		mount(overlay);
		rubbish = true;
		for (int i = 0; i < 20000; i++) {
			struct count_sink c = {.sink.emit = count_emit};
			struct file *f;
			u64 pos = 0;
			ssize_t r;

			snprintf(path, sizeof(path), "dir/f%d", (int)unit_below(60));
			taken();
			switch (unit_below(3)) {
			case 0:
				r = size_of(path, &size);
				break;
			case 1:
				r = content(path, buf, 1 + unit_below(sizeof(buf)));
				break;
			default:
				r = vfs_open(vfs_root, "dir", O_RDONLY, 0, &f);
				if (r)
					break;
				if (f->ops->readdir)
					r = f->ops->readdir(f, &pos, &c.sink);
				file_unref(f);
			}
			assert_true(r >= -4095 && r <= (ssize_t)sizeof(buf));
			assert_in_range(taken(), 0, 12000); /* and it comes to an end */
			if (unit_below(10) == 0)
				vfs_news++;
		}
		rubbish = false;
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(a_name_is_asked_for_once, begin),
		cmocka_unit_test_setup(what_the_host_does_is_seen_in_time, begin),
		cmocka_unit_test_setup(a_change_that_leaves_the_time_as_it_was_is_seen, begin),
		cmocka_unit_test_setup(who_opens_a_file_sees_what_the_host_has_done, begin),
		cmocka_unit_test_setup(reads_grow_and_what_is_kept_is_bounded, begin),
		cmocka_unit_test_setup(bytes_are_right_wherever_they_are_read, begin),
		cmocka_unit_test_setup(names_do_not_pile_up, begin),
		cmocka_unit_test_setup(a_deep_tree_goes_without_eating_the_stack, begin),
		cmocka_unit_test_setup(a_server_that_goes_away_is_an_error, begin),
		cmocka_unit_test_setup(rubbish_is_an_error_and_never_more, begin),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
