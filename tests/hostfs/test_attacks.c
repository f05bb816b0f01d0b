/* SPDX-License-Identifier: MIT */
/* A client that wants out, to hang or to crash the server: each of these must fail and leave it working. */
#include "client.h"
#include <pthread.h>
#include <sys/syscall.h>

static struct world *w;

static int setup(void **state)
{
	w = world_new(0, 0);
	return 0;
}

/* Whatever has happened: the server serves, and nothing outside was touched. */
static int teardown(void **state)
{
	struct attr a;

	assert_int_equal(p9(w, P9_TVERSION, "ds", CLIENT_MSIZE, P9_VERSION), 0);
	assert_int_equal(p9(w, P9_TATTACH, "ddssd", ROOT, P9_NOFID, "", "", 0), 0);
	assert_int_equal(getattr(w, ROOT, &a), 0);
	assert_string_equal(host_read(w, "outside/secret"), "secret");
	world_free(w);
	return 0;
}

static void symlinks_are_not_followed(void **state)
{
	struct attr a;

	assert_int_equal(symlinkat("../outside", w->share_fd, "dir"), 0);
	assert_int_equal(symlinkat("../outside/secret", w->share_fd, "file"), 0);
	assert_int_equal(symlinkat("/etc/passwd", w->share_fd, "abs"), 0);
	assert_int_equal(symlinkat("/proc/self/fd", w->share_fd, "magic"), 0);
	assert_int_equal(walk(w, ROOT, 2, "dir/secret"), -ENOENT);
	assert_int_equal(walk(w, ROOT, 2, "magic/0"), -ENOENT);
	assert_int_equal(walk(w, ROOT, 2, "dir"), 0);
	assert_int_equal(walk(w, 2, 3, "secret"), -ENOTDIR);
	assert_int_equal(walk(w, 2, 3, ".."), -ENOTDIR);
	assert_int_equal(p9(w, P9_TLOPEN, "dd", 2, O_RDONLY | O_DIRECTORY), -ELOOP);
	assert_int_equal(p9(w, P9_TMKDIR, "dsdd", 2, "new", 0755, 0), -ENOTDIR);
	assert_int_equal(p9(w, P9_TUNLINKAT, "dsd", 2, "secret", 0), -ENOTDIR);
	assert_int_equal(p9(w, P9_TRENAMEAT, "dsds", 2, "secret", ROOT, "mine"), -ENOTDIR);
	assert_int_equal(walk_open(w, 3, "file", O_RDONLY), -ELOOP);
	assert_int_equal(walk_open(w, 3, "abs", O_RDWR | O_TRUNC), -ELOOP);
	assert_int_equal(create(w, 3, "", "file", O_RDWR | O_TRUNC, 0600), -ELOOP);
	assert_int_equal(create(w, 3, "", "file", O_RDWR | O_EXCL, 0600), -EEXIST);
	assert_int_equal(walk(w, ROOT, 3, "file"), 0);
	assert_int_equal(
		p9(w, P9_TSETATTR, "dddddqqqqq", 3, P9_SET_MODE, 0777, 0, 0, 0ull, 0ull, 0ull, 0ull, 0ull),
		-EOPNOTSUPP);
	assert_int_equal(
		p9(w, P9_TSETATTR, "dddddqqqqq", 3, P9_SET_SIZE, 0, 0, 0, 0ull, 0ull, 0ull, 0ull, 0ull),
		-EINVAL);
	assert_int_equal(p9(w, P9_TXATTRWALK, "dds", 3, 4, "user.a"), -EOPNOTSUPP);
	assert_int_equal(p9(w, P9_TLINK, "dds", ROOT, 3, "file2"), 0); /* the link itself */
	assert_int_equal(walk(w, ROOT, 4, "file2"), 0);
	assert_int_equal(getattr(w, 4, &a), 0);
	assert_int_equal(a.qid.type, P9_QTSYMLINK);
}

static void names_that_are_paths_are_refused_everywhere(void **state)
{
	static const struct {
		const char *name;
		size_t len;
	} bad[] = {{"", 0},	{"/", 1},  {"a/b", 3}, {"../outside", 10}, {"/etc/passwd", 11},
		   {"f\0x", 3}, {"\0", 1}, {"f/", 2}};
	char lengthy[300];

	host_write(w, "share/f", "");
	assert_int_equal(walk(w, ROOT, 2, "f"), 0);
	for (unsigned i = 0; i < sizeof(bad) / sizeof(*bad); i++) {
		const char *n = bad[i].name;
		size_t len = bad[i].len;

		assert_int_equal(p9(w, P9_TWALK, "ddwS", ROOT, 3, 1, n, len), -EINVAL);
		assert_int_equal(p9(w, P9_TLCREATE, "dSddd", ROOT, n, len, O_RDWR, 0600, 0), -EINVAL);
		assert_int_equal(p9(w, P9_TMKDIR, "dSdd", ROOT, n, len, 0755, 0), -EINVAL);
		assert_int_equal(p9(w, P9_TMKNOD, "dSdddd", ROOT, n, len, S_IFREG, 0, 0, 0), -EINVAL);
		assert_int_equal(p9(w, P9_TSYMLINK, "dSsd", ROOT, n, len, "x", 0), -EINVAL);
		assert_int_equal(p9(w, P9_TLINK, "ddS", ROOT, 2, n, len), -EINVAL);
		assert_int_equal(p9(w, P9_TUNLINKAT, "dSd", ROOT, n, len, 0), -EINVAL);
		assert_int_equal(p9(w, P9_TRENAME, "ddS", 2, ROOT, n, len), -EINVAL);
		assert_int_equal(p9(w, P9_TRENAMEAT, "dsdS", ROOT, "f", ROOT, n, len), -EINVAL);
		assert_int_equal(p9(w, P9_TRENAMEAT, "dSds", ROOT, n, len, ROOT, "g"), -EINVAL);
	}
	memset(lengthy, 'x', sizeof(lengthy));
	assert_int_equal(p9(w, P9_TWALK, "ddwS", ROOT, 3, 1, lengthy, (size_t)256), -ENAMETOOLONG);
	assert_int_equal(p9(w, P9_TMKDIR, "dSdd", ROOT, lengthy, (size_t)256, 0755, 0), -ENAMETOOLONG);
	assert_int_equal(p9(w, P9_TMKDIR, "dSdd", ROOT, lengthy, (size_t)255, 0755, 0), 0);
	assert_int_equal(p9(w, P9_TSYMLINK, "dsSd", ROOT, "s", "a\0b", (size_t)3, 0), -EINVAL);
	assert_int_equal(p9(w, P9_TSYMLINK, "dssd", ROOT, "s", "", 0), -ENOENT);
}

static void dot_dot_ends_at_the_share(void **state)
{
	struct attr root, a;
	char path[64] = "";

	host_mkdir(w, "share/d");
	assert_int_equal(getattr(w, ROOT, &root), 0);
	for (unsigned i = 0; i < 16; i++)
		strcat(path, "../");
	assert_int_equal(walk(w, ROOT, 2, path), 0);
	assert_int_equal(getattr(w, 2, &a), 0);
	assert_int_equal(a.qid.path, root.qid.path);
	/* The host carries a directory out while we hold it: it leads no further than it is. */
	assert_int_equal(walk(w, ROOT, 3, "d"), 0);
	assert_int_equal(renameat(w->share_fd, "d", w->top_fd, "outside/d"), 0);
	assert_int_equal(walk(w, 3, 4, ".."), 0);
	assert_int_equal(getattr(w, 4, &a), 0);
	assert_int_equal(a.qid.path, root.qid.path);
	assert_int_equal(walk(w, 3, 5, "../secret"), -ENOENT);
	assert_int_equal(p9(w, P9_TREMOVE, "d", 3), -ESTALE);
}

/* ---- races with the host ---- */

static bool stop;

/* Turns `d` from a directory into a symlink to the outside and back, as fast as it can. */
static void *swap(void *arg)
{
	while (!__atomic_load_n(&stop, __ATOMIC_RELAXED))
		syscall(SYS_renameat2, w->share_fd, "d", w->share_fd, "evil", 2 /* RENAME_EXCHANGE */);
	return NULL;
}

static void one_round(unsigned i, unsigned *reached)
{
	char buf[16], name[16];
	ssize_t n;

	snprintf(name, sizeof(name), "n%u", i);
	if (walk_open(w, 2, "d/secret", O_RDONLY) == 0) {
		n = rd(w, 2, 0, buf, sizeof(buf));
		assert_int_equal(n, 4);
		assert_memory_equal(buf, "fine", 4);
		clunk(w, 2);
		++*reached;
	}
	if (walk(w, ROOT, 3, "d"))
		return;
	/* 3 is one or the other: what is done by way of it must not get out. */
	if (walk(w, 3, 4, "") == 0 && p9(w, P9_TLCREATE, "dsddd", 4, name, O_RDWR, 0600, 0) == 0)
		p9(w, P9_TUNLINKAT, "dsd", 3, name, 0);
	clunk(w, 4);
	p9(w, P9_TMKDIR, "dsdd", 3, "new", 0755, 0);
	p9(w, P9_TUNLINKAT, "dsd", 3, "new", AT_REMOVEDIR);
	p9(w, P9_TUNLINKAT, "dsd", 3, "victim", 0);
	p9(w, P9_TRENAMEAT, "dsds", 3, "other", 3, "moved");
	p9(w, P9_TRENAME, "dds", 3, ROOT, "d3"); /* by fid: only if the name is still its */
	p9(w, P9_TRENAMEAT, "dsds", ROOT, "d3", ROOT, "d");
	clunk(w, 3);
}

static void a_directory_swapped_for_a_symlink_leads_nowhere(void **state)
{
	unsigned reached = 0;
	pthread_t t;

	host_mkdir(w, "share/d");
	host_write(w, "share/d/secret", "fine");
	host_write(w, "outside/victim", "");
	host_write(w, "outside/other", "");
	assert_int_equal(symlinkat("../outside", w->share_fd, "evil"), 0);
	stop = false;
	assert_int_equal(pthread_create(&t, NULL, swap, NULL), 0);
	for (unsigned i = 0; i < 4000; i++)
		one_round(i, &reached);
	__atomic_store_n(&stop, true, __ATOMIC_RELAXED);
	pthread_join(t, NULL);
	print_message("reached %u times of 4000\n", reached);
	assert_true(reached > 0); /* else this tests nothing */
	assert_true(host_exists(w, "outside/victim"));
	assert_true(host_exists(w, "outside/other"));
	assert_false(host_exists(w, "outside/moved"));
	assert_false(host_exists(w, "outside/new"));
	/* secret, victim, other: nothing has been made there */
	assert_int_equal(unlinkat(w->top_fd, "outside/victim", 0), 0);
	assert_int_equal(unlinkat(w->top_fd, "outside/other", 0), 0);
	assert_int_equal(renameat(w->top_fd, "outside/secret", w->top_fd, "secret"), 0);
	assert_int_equal(unlinkat(w->top_fd, "outside", AT_REMOVEDIR), 0);
	host_mkdir(w, "outside");
	assert_int_equal(renameat(w->top_fd, "secret", w->top_fd, "outside/secret"), 0);
}

/* The same for the name of a file that is opened, created and cut. */
static void *swap_file(void *arg)
{
	while (!__atomic_load_n(&stop, __ATOMIC_RELAXED))
		syscall(SYS_renameat2, w->share_fd, "f", w->share_fd, "evil", 2);
	return NULL;
}

static void a_file_swapped_for_a_symlink_is_not_followed(void **state)
{
	unsigned reached = 0;
	pthread_t t;

	host_write(w, "share/f", "fine");
	assert_int_equal(symlinkat("../outside/secret", w->share_fd, "evil"), 0);
	stop = false;
	assert_int_equal(pthread_create(&t, NULL, swap_file, NULL), 0);
	for (unsigned i = 0; i < 4000; i++) {
		reached += create(w, 2, "", "f", O_RDWR | O_TRUNC, 0600) == 0;
		wr(w, 2, 0, "evil", 4);
		clunk(w, 2);
		if (walk(w, ROOT, 3, "f") == 0) {
			p9(w, P9_TSETATTR, "dddddqqqqq", 3, P9_SET_SIZE | P9_SET_MODE, 0600, 0, 0, 1ull, 0ull,
			   0ull, 0ull, 0ull);
			p9(w, P9_TLINK, "dds", ROOT, 3, "l");
			p9(w, P9_TUNLINKAT, "dsd", ROOT, "l", 0);
		}
		clunk(w, 3);
	}
	__atomic_store_n(&stop, true, __ATOMIC_RELAXED);
	pthread_join(t, NULL);
	assert_true(reached > 0);
	assert_string_equal(host_read(w, "outside/secret"), "secret");
}

static void a_fifo_does_not_block(void **state)
{
	assert_int_equal(mkfifoat(w->share_fd, "p", 0600), 0);
	alarm(20);
	assert_int_equal(walk_open(w, 2, "p", O_RDONLY), -ENXIO);
	assert_int_equal(walk_open(w, 2, "p", O_WRONLY), -ENXIO);
	assert_int_equal(create(w, 2, "", "p", O_RDWR, 0600), -ENXIO);
	alarm(0);
}

static void a_device_is_not_opened(void **state)
{
	if (mknodat(w->share_fd, "null", S_IFCHR | 0666, 1 << 8 | 3)) {
		print_message("skipped: no device can be made\n");
		return;
	}
	assert_int_equal(walk_open(w, 2, "null", O_RDWR), -ENXIO);
	assert_int_equal(create(w, 2, "", "null", O_RDWR, 0600), -ENXIO);
}

static void a_file_does_not_get_its_owners_rights(void **state)
{
	host_write(w, "share/f", "");
	host_mkdir(w, "share/d");
	assert_int_equal(walk(w, ROOT, 2, "f"), 0);
	assert_int_equal(walk(w, ROOT, 3, "d"), 0);
	for (unsigned fid = 2; fid <= 3; fid++) { /* a directory may be set-group-ID */
		assert_int_equal(p9(w, P9_TSETATTR, "dddddqqqqq", fid, P9_SET_MODE, 02755, 0, 0, 0ull, 0ull,
				    0ull, 0ull, 0ull),
				 fid == 2 ? -EPERM : 0);
	}
	assert_int_equal(
		p9(w, P9_TSETATTR, "dddddqqqqq", 2, P9_SET_MODE, 04755, 0, 0, 0ull, 0ull, 0ull, 0ull, 0ull),
		-EPERM);
	assert_int_equal(create(w, 4, "", "new", O_RDWR, 04755), -EPERM);
	assert_int_equal(p9(w, P9_TMKNOD, "dsdddd", ROOT, "new", S_IFREG | 06755, 0, 0, 0), -EPERM);
	assert_false(host_exists(w, "share/new"));
}

/* ---- rubbish ---- */

static void put32(uint8_t *p, uint32_t v)
{
	memcpy(p, &v, 4);
}

static size_t vformat(uint8_t *buf, size_t cap, unsigned type, const char *fmt, ...)
{
	va_list ap;
	size_t len;

	va_start(ap, fmt);
	len = p9_format(buf, cap, type, fmt, ap);
	va_end(ap);
	return len;
}

/* Each type, cut after each byte and with its size field right or wrong. */
static void messages_that_are_too_short_are_errors(void **state)
{
	uint8_t msg[256];
	size_t full = vformat(msg, sizeof(msg), P9_TREAD, "dddddddddddddddddddd", ROOT, 0, 0, 0, 0, 0, 0, 0,
			      0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0);

	for (unsigned type = 0; type < 256; type++) {
		for (size_t len = 0; len <= full; len++) {
			msg[4] = (uint8_t)type;
			put32(msg, (uint32_t)len);
			assert_true(len >= P9_HEADER ? p9_raw(w, msg, len, 4096) >= P9_HEADER
						     : p9_raw(w, msg, len, 4096) == 0);
			put32(msg, (uint32_t)len + 1); /* says more than there is */
			if (len >= P9_HEADER) {
				assert_int_equal(p9_raw(w, msg, len, 4096), 11);
				assert_int_equal(w->buf[4], P9_RLERROR);
			}
			put32(msg, 0xffffffff);
			assert_true(p9_raw(w, msg, len, 4096) == (len >= P9_HEADER ? 11 : 0));
			put32(msg, 3);
			assert_true(p9_raw(w, msg, len, 4096) == (len >= P9_HEADER ? 11 : 0));
		}
		(void)p9(w, P9_TVERSION, "ds", CLIENT_MSIZE, P9_VERSION);
		(void)p9(w, P9_TATTACH, "ddssd", ROOT, P9_NOFID, "", "", 0);
	}
}

static void replies_keep_to_the_room_there_is(void **state)
{
	uint8_t msg[256];
	size_t len;

	assert_int_equal(create(w, 2, "", "f", O_RDWR, 0600), 0);
	assert_int_equal(wr(w, 2, 0, "0123456789", 10), 10);
	for (size_t room = 0; room < 300; room++) {
		len = vformat(msg, sizeof(msg), P9_TREAD, "dqd", 2, 0ull, 0xffffffffu);
		assert_int_equal(p9_raw(w, msg, len, room), room < 11 ? 0 : room < 21 ? room : 21);
		len = vformat(msg, sizeof(msg), P9_TGETATTR, "dq", 2, 0x7ffull);
		assert_int_equal(p9_raw(w, msg, len, room), room < 11 ? 0 : room < 160 ? 11 : 160);
		len = vformat(msg, sizeof(msg), P9_TSTATFS, "d", 2);
		assert_int_equal(p9_raw(w, msg, len, room), room < 11 ? 0 : room < 67 ? 11 : 67);
	}
}

static void counts_that_lie_are_not_believed(void **state)
{
	char buf[64];

	assert_int_equal(create(w, 2, "", "f", O_RDWR, 0600), 0);
	assert_int_equal(wr(w, 2, 0, "0123456789", 10), 10);
	assert_int_equal(p9(w, P9_TWRITE, "dqdB", 2, 0ull, 0xffffffffu, "abc", (size_t)3), -EPROTO);
	assert_int_equal(p9(w, P9_TWRITE, "dqdB", 2, 0ull, 4, "abc", (size_t)3), -EPROTO);
	assert_int_equal(p9(w, P9_TWRITE, "dqdB", 2, 0ull, 2, "abc", (size_t)3), 0); /* count counts */
	assert_int_equal(rd(w, 2, 0, buf, 64), 10);
	assert_memory_equal(buf, "ab23456789", 10);
	assert_int_equal(p9(w, P9_TREAD, "dqd", 2, UINT64_MAX, 0xffffffffu), -EINVAL);
	assert_int_equal(p9(w, P9_TWALK, "ddw", ROOT, 3, 0xffff), -EINVAL);
	assert_int_equal(p9(w, P9_TWALK, "ddww", ROOT, 3, 1, 0xffff), -EPROTO);
	assert_int_equal(p9(w, P9_TMKDIR, "dw", ROOT, 0xffff), -EPROTO);
	assert_int_equal(walk(w, ROOT, 3, "f"), 0);
	assert_int_equal(p9(w, P9_TXATTRCREATE, "dsqd", 3, "user.a", UINT64_MAX, 0), -E2BIG);
	assert_int_equal(p9(w, P9_TXATTRCREATE, "dsqd", 3, "user.a", 65537ull, 0), -E2BIG);
	assert_int_equal(p9(w, P9_TXATTRCREATE, "dsqd", 3, "user.a", 4ull, 9), -EINVAL);
	assert_int_equal(p9(w, P9_TXATTRCREATE, "dsqd", 3, "user.a", 4ull, 0), 0);
	assert_int_equal(wr(w, 3, 0, "abcde", 5), -ENOSPC);
	assert_int_equal(wr(w, 3, 1, "abc", 3), -ENOSPC);
	assert_int_equal(wr(w, 3, 0, "abc", 3), 3);
	assert_int_equal(wr(w, 3, UINT64_MAX, "a", 1), -ENOSPC);
	assert_int_equal(rd(w, 3, 0, buf, 4), -EBADF);
}

static void a_fid_is_only_what_it_stands_for(void **state)
{
	struct attr a;
	char buf[8];

	host_write(w, "share/f", "text");
	assert_int_equal(p9(w, P9_TXATTRWALK, "dds", ROOT, 2, ""), 0); /* 2: a value */
	assert_int_equal(getattr(w, 2, &a), -EINVAL);
	assert_int_equal(walk(w, 2, 3, ""), -EINVAL);
	assert_int_equal(p9(w, P9_TLOPEN, "dd", 2, 0), -EINVAL);
	assert_int_equal(p9(w, P9_TREADDIR, "dqd", 2, 0ull, 100), -EINVAL);
	assert_int_equal(p9(w, P9_TXATTRWALK, "dds", 2, 3, ""), -EINVAL);
	assert_int_equal(p9(w, P9_TXATTRWALK, "dds", ROOT, 2, ""), -EBADF);
	assert_int_equal(wr(w, 2, 0, "x", 1), -EBADF);
	assert_int_equal(p9(w, P9_TREMOVE, "d", 2), -EINVAL);
	assert_int_equal(walk_open(w, 2, "f", O_RDWR), 0);
	assert_int_equal(p9(w, P9_TLCREATE, "dsddd", 2, "x", O_RDWR, 0600, 0), -EINVAL);
	assert_int_equal(p9(w, P9_TXATTRCREATE, "dsqd", 2, "user.a", 4ull, 0), -EINVAL);
	assert_int_equal(p9(w, P9_TMKDIR, "dsdd", 2, "x", 0700, 0), -ENOTDIR);
	assert_int_equal(clunk(w, 2), 0);
	assert_int_equal(clunk(w, 2), -EBADF);
	assert_int_equal(rd(w, 2, 0, buf, 4), -EBADF);
	assert_int_equal(walk(w, ROOT, P9_NOFID, ""), -EBADF);
	assert_int_equal(walk(w, ROOT, ROOT, ""), 0);
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, setup, teardown)

int main(void)
{
	static const struct CMUnitTest tests[] = {
		TEST(symlinks_are_not_followed),
		TEST(names_that_are_paths_are_refused_everywhere),
		TEST(dot_dot_ends_at_the_share),
		TEST(a_directory_swapped_for_a_symlink_leads_nowhere),
		TEST(a_file_swapped_for_a_symlink_is_not_followed),
		TEST(a_fifo_does_not_block),
		TEST(a_device_is_not_opened),
		TEST(a_file_does_not_get_its_owners_rights),
		TEST(messages_that_are_too_short_are_errors),
		TEST(replies_keep_to_the_room_there_is),
		TEST(counts_that_lie_are_not_believed),
		TEST(a_fid_is_only_what_it_stands_for),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
