/* SPDX-License-Identifier: MIT */
/* More files and fids than there are descriptors: what was walked to is found again, and what cannot be is said. */
#include "client.h"
#include "hostfs/share.h"
#include <sys/resource.h>

#define FDS 64

static struct world *w;

static int setup(void **state)
{
	w = world_new(0, FDS);
	return 0;
}

static int teardown(void **state)
{
	world_free(w);
	return 0;
}

enum { DIRS = 100, FILES = 1000 };

static void name_of(char path[64], unsigned i)
{
	snprintf(path, 64, "d%u/f%u", i / FILES, i % FILES);
}

static void make_tree(unsigned dirs)
{
	char path[64];
	int fd;

	for (unsigned i = 0; i < dirs * FILES; i++) {
		if (i % FILES == 0) {
			snprintf(path, sizeof(path), "d%u", i / FILES);
			assert_int_equal(mkdirat(w->share_fd, path, 0755), 0);
		}
		name_of(path, i);
		fd = openat(w->share_fd, path, O_CREAT | O_WRONLY, 0644);
		assert_true(fd >= 0);
		close(fd);
	}
}

static void a_hundred_thousand_fids_need_few_descriptors(void **state)
{
	struct attr a;
	struct stat st;
	char path[64];

	make_tree(DIRS);
	for (unsigned i = 0; i < DIRS * FILES; i++) {
		name_of(path, i);
		assert_int_equal(walk(w, ROOT, 10 + i, path), 0);
	}
	assert_true(hostfs_share_fds(w->share) <= FDS);
	for (unsigned n = 0; n < 20000; n++) {
		unsigned i = (unsigned)(world_random(w) % (DIRS * FILES));

		name_of(path, i);
		assert_int_equal(fstatat(w->share_fd, path, &st, 0), 0);
		assert_int_equal(getattr(w, 10 + i, &a), 0);
		assert_int_equal(a.qid.path, st.st_ino);
	}
	assert_true(hostfs_share_fds(w->share) <= FDS);
	/* A rename by way of the server takes what is beneath along. */
	assert_int_equal(p9(w, P9_TRENAMEAT, "dsds", ROOT, "d7", ROOT, "moved"), 0);
	assert_int_equal(getattr(w, 10 + 7 * FILES, &a), 0);
	assert_int_equal(getattr(w, 10 + 7 * FILES + 500, &a), 0);
	/* What loses its name by way of the server is kept, although it had no descriptor. */
	assert_int_equal(walk(w, ROOT, 2, "d9"), 0);
	for (unsigned i = 0; i < 20; i++) {
		snprintf(path, sizeof(path), "f%u", i);
		assert_int_equal(p9(w, P9_TUNLINKAT, "dsd", 2, path, 0), 0);
	}
	for (unsigned i = 0; i < 20; i++) {
		assert_int_equal(getattr(w, 10 + 9 * FILES + i, &a), 0);
		assert_int_equal(a.nlink, 0);
	}
}

static void a_name_that_is_another_files_now_is_stale(void **state)
{
	struct attr a;
	char path[64];

	make_tree(1);
	for (unsigned i = 0; i < FILES; i++) {
		name_of(path, i);
		assert_int_equal(walk(w, ROOT, 10 + i, path), 0);
	}
	/* The first ones have no descriptor any more. */
	host_write(w, "share/other", "text");
	assert_int_equal(renameat(w->share_fd, "other", w->share_fd, "d0/f0"), 0);
	assert_int_equal(unlinkat(w->share_fd, "d0/f1", 0), 0);
	assert_int_equal(unlinkat(w->share_fd, "d0/f2", 0), 0);
	assert_int_equal(symlinkat("../../outside/secret", w->share_fd, "d0/f2"), 0);
	assert_int_equal(getattr(w, 10, &a), -ESTALE);
	assert_int_equal(p9(w, P9_TLOPEN, "dd", 10, O_RDONLY), -ESTALE);
	assert_int_equal(getattr(w, 11, &a), -ESTALE);
	assert_int_equal(getattr(w, 12, &a), -ESTALE);
	assert_int_equal(p9(w, P9_TREMOVE, "d", 10), -ESTALE);
	assert_string_equal(host_read(w, "share/d0/f0"), "text");
	/* The host turns a directory above into a symlink to a tree that looks the same. */
	assert_int_equal(renameat(w->share_fd, "d0", w->top_fd, "outside/d0"), 0);
	assert_int_equal(symlinkat("../outside/d0", w->share_fd, "d0"), 0);
	assert_int_equal(walk(w, ROOT, 2, "d0/f20"), -ENOENT);
	assert_int_equal(getattr(w, 30, &a), 0); /* the directory itself is held, wherever it lies */
}

static void a_deep_path_is_found_again(void **state)
{
	struct attr a;
	char name[32];
	uint32_t at = ROOT;

	for (unsigned i = 0; i < 400; i++) {
		assert_int_equal(p9(w, P9_TMKDIR, "dsdd", at, "deep", 0755, getegid()), 0);
		assert_int_equal(walk(w, at, 10 + i, "deep"), 0);
		at = 10 + i;
	}
	for (unsigned i = 0; i < 300; i++) {
		snprintf(name, sizeof(name), "f%u", i);
		assert_int_equal(p9(w, P9_TMKNOD, "dsdddd", ROOT, name, S_IFREG | 0600, 0, 0, getegid()), 0);
		assert_int_equal(walk(w, ROOT, 1000 + i, name), 0);
	}
	assert_int_equal(p9(w, P9_TMKDIR, "dsdd", at, "end", 0755, getegid()), 0);
	assert_int_equal(getattr(w, 200, &a), 0);
	assert_true(hostfs_share_fds(w->share) <= FDS);
}

static void open_files_beyond_the_limit_are_refused_and_the_rest_works_on(void **state)
{
	unsigned opened = 0;
	struct attr a;
	char path[64];
	int err = 0;

	make_tree(1);
	while (!err && opened < FILES) {
		name_of(path, opened);
		err = walk_open(w, 10 + opened, path, O_RDWR);
		opened += !err;
	}
	assert_int_equal(err, -ENFILE);
	assert_true(opened >= 10);
	assert_true(hostfs_share_fds(w->share) <= FDS);
	assert_int_equal(getattr(w, 10, &a), 0);
	assert_int_equal(clunk(w, 10), 0);
	assert_int_equal(clunk(w, 11), 0);
	assert_int_equal(walk_open(w, 10, "d0/f900", O_RDWR), 0);
}

static void a_process_out_of_descriptors_spares_some(void **state)
{
	struct rlimit old, low;
	struct attr a;
	char path[64];
	int next;

	world_restart(w, 0, 100000);
	make_tree(1);
	assert_int_equal(getrlimit(RLIMIT_NOFILE, &old), 0);
	next = dup(0);
	close(next);
	low = (struct rlimit){(rlim_t)next + 80, old.rlim_max};
	assert_int_equal(setrlimit(RLIMIT_NOFILE, &low), 0);
	for (unsigned i = 0; i < FILES; i++) {
		name_of(path, i);
		assert_int_equal(walk(w, ROOT, 10 + i, path), 0);
	}
	for (unsigned i = 0; i < FILES; i++)
		assert_int_equal(getattr(w, 10 + i, &a), 0);
	assert_int_equal(p9(w, P9_TLOPEN, "dd", 10, O_RDONLY), 0);
	assert_int_equal(setrlimit(RLIMIT_NOFILE, &old), 0);
}

static void the_table_of_fids_ends(void **state)
{
	uint32_t fid;
	int err = 0;

	for (fid = ROOT + 1; !err && fid < P9_FIDS_MAX + 10; fid++)
		err = walk(w, ROOT, fid, "");
	assert_int_equal(err, -ENFILE);
	assert_int_equal(fid, P9_FIDS_MAX + 2);
	assert_int_equal(clunk(w, 7), 0);
	assert_int_equal(walk(w, ROOT, 7, ""), 0);
}

/* A fid at the end of a path holds all of it. */
static void a_path_is_not_deeper_than_there_are_nodes(void **state)
{
	struct attr a;
	unsigned depth = 0;
	int err = 0;

	w->share->max_nodes = 500;
	assert_int_equal(walk(w, ROOT, 2, ""), 0);
	while (!err && depth < 1000) {
		err = p9(w, P9_TMKDIR, "dsdd", 2, "d", 0755, -1);
		if (!err)
			err = walk(w, 2, 2, "d");
		depth += !err;
	}
	assert_int_equal(err, -ENFILE);
	assert_int_equal(depth, 499);
	assert_int_equal(getattr(w, 2, &a), 0);
	assert_int_equal(clunk(w, 2), 0);
	assert_int_equal(hostfs_share_nodes(w->share), 1);
}

static void values_take_bounded_memory(void **state)
{
	unsigned n = 0;
	int err = 0;

	host_write(w, "share/f", "");
	for (uint32_t fid = 2; !err && fid < 1000; fid++, n += !err) {
		assert_int_equal(walk(w, ROOT, fid, "f"), 0);
		err = p9(w, P9_TXATTRCREATE, "dsqd", fid, "user.a", 65536ull, 0);
	}
	assert_int_equal(err, -ENOMEM);
	assert_int_equal(n, 16);
	assert_int_equal(clunk(w, 2), -EINVAL); /* nothing was written: and the memory is free */
	assert_int_equal(walk(w, ROOT, 2, "f"), 0);
	assert_int_equal(p9(w, P9_TXATTRCREATE, "dsqd", 2, "user.a", 65536ull, 0), 0);
}

static void device_indices_end(void **state)
{
	uint64_t n, first;

	assert_int_equal(hostfs_number(w->share, 12345, 1, &first), 0);
	for (uint64_t i = 0; i < 65536 - 2; i++) {
		assert_int_equal(hostfs_number(w->share, 777, i << 48 | 1, &n), 0);
		assert_true(n != first);
	}
	assert_int_equal(hostfs_number(w->share, 778, 1, &n), -ENFILE);
	assert_int_equal(hostfs_number(w->share, 12345, 1, &n), 0);
	assert_int_equal(n, first);
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, setup, teardown)

int main(void)
{
	static const struct CMUnitTest tests[] = {
		TEST(a_hundred_thousand_fids_need_few_descriptors),
		TEST(a_name_that_is_another_files_now_is_stale),
		TEST(a_deep_path_is_found_again),
		TEST(open_files_beyond_the_limit_are_refused_and_the_rest_works_on),
		TEST(a_process_out_of_descriptors_spares_some),
		TEST(the_table_of_fids_ends),
		TEST(a_path_is_not_deeper_than_there_are_nodes),
		TEST(values_take_bounded_memory),
		TEST(device_indices_end),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
