/* SPDX-License-Identifier: MIT */
/*
 * The 9P server does what 9P2000.L and Linux say: each message, as a client that behaves sends it.  Long because it is
 * one list, the protocol's.
 */
#include "client.h"
#include <sched.h>
#include <sys/mount.h>
#include <sys/xattr.h>
#include <time.h>

static struct world *w;

static int setup(void **state)
{
	w = world_new(0, 0);
	return 0;
}

static int setup_rdonly(void **state)
{
	w = world_new(0, 0);
	host_write(w, "share/file", "text");
	host_mkdir(w, "share/dir");
	world_restart(w, HOSTFS_RDONLY, 0);
	return 0;
}

static int teardown(void **state)
{
	world_free(w);
	return 0;
}

static void version_agrees_on_a_size_and_forgets_all_fids(void **state)
{
	struct p9_string v;

	assert_int_equal(w->msize, P9_MSIZE_MAX);
	assert_int_equal(p9(w, P9_TVERSION, "ds", 0xffffffffu, P9_VERSION), 0);
	assert_int_equal(p9_get32(&w->reply), P9_MSIZE_MAX);
	assert_int_equal(clunk(w, ROOT), -EBADF);
	assert_int_equal(p9(w, P9_TVERSION, "ds", 8192u, P9_VERSION), 0);
	assert_int_equal(p9_get32(&w->reply), 8192);
	assert_int_equal(p9(w, P9_TVERSION, "ds", 100u, P9_VERSION), -EMSGSIZE);
	assert_int_equal(p9(w, P9_TVERSION, "ds", 8192u, "9P2000.u"), 0);
	(void)p9_get32(&w->reply);
	v = p9_get_string(&w->reply);
	assert_int_equal(v.len, 7);
	assert_memory_equal(v.s, "unknown", 7);
	assert_int_equal(p9(w, P9_TATTACH, "ddssd", ROOT, P9_NOFID, "", "", 0), -EPROTO); /* no session */
}

static void attach_takes_the_one_tree_and_no_authentication(void **state)
{
	assert_int_equal(p9(w, P9_TATTACH, "ddssd", 2, P9_NOFID, "u", "/", 0), 0);
	assert_int_equal(get_qid(&w->reply).type, P9_QTDIR);
	assert_int_equal(p9(w, P9_TATTACH, "ddssd", 2, P9_NOFID, "", "", 0), -EBADF);
	assert_int_equal(p9(w, P9_TATTACH, "ddssd", P9_NOFID, P9_NOFID, "", "", 0), -EBADF);
	assert_int_equal(p9(w, P9_TATTACH, "ddssd", 3, 7, "", "", 0), -EBADF);
	assert_int_equal(p9(w, P9_TATTACH, "ddssd", 3, P9_NOFID, "", "/etc", 0), -ENOENT);
	assert_int_equal(p9(w, P9_TAUTH, "dssd", 3, "", "", 0), -EOPNOTSUPP);
	assert_int_equal(p9(w, P9_TFLUSH, "w", 5), 0);
}

static void walk_goes_as_far_as_it_can(void **state)
{
	struct attr a, b;

	host_mkdir(w, "share/a");
	host_mkdir(w, "share/a/b");
	host_write(w, "share/a/b/f", "x");
	assert_int_equal(walk(w, ROOT, 2, "a/b/f"), 0);
	assert_int_equal(p9(w, P9_TWALK, "ddwsss", ROOT, 3, 3, "a", "nothing", "f"), 0);
	assert_int_equal(p9_get16(&w->reply), 1); /* one qid came, and no fid */
	assert_int_equal(clunk(w, 3), -EBADF);
	assert_int_equal(walk(w, ROOT, 3, "nothing"), -ENOENT);
	assert_int_equal(walk(w, 2, 3, "f"), -ENOTDIR);
	assert_int_equal(walk(w, ROOT, 2, "a"), -EBADF); /* in use */
	assert_int_equal(walk(w, 99, 3, "a"), -EBADF);
	assert_int_equal(walk(w, ROOT, 3, "a/b/../../../../a/./b/f"), 0);
	assert_int_equal(getattr(w, 2, &a), 0);
	assert_int_equal(getattr(w, 3, &b), 0);
	assert_int_equal(a.qid.path, b.qid.path);
	assert_int_equal(walk(w, 3, 4, ""), 0);
	assert_int_equal(walk(w, ROOT, 5, "a"), 0);
	assert_int_equal(walk(w, 5, 5, "b"), 0); /* in place */
	assert_int_equal(walk(w, 5, 5, "nothing"), -ENOENT);
	assert_int_equal(walk(w, 5, 6, "f"), 0);
	assert_int_equal(p9(w, P9_TLOPEN, "dd", 6, O_RDONLY), 0);
	assert_int_equal(walk(w, 6, 7, ""), -EINVAL); /* is open */
	assert_int_equal(p9(w, P9_TWALK, "ddw", ROOT, 7, 17), -EINVAL);
}

static void data_goes_to_and_from_pieces_whole(void **state)
{
	size_t size = 600000;
	uint8_t *data = malloc(size), *back = malloc(size);

	assert_true(data && back);
	for (size_t i = 0; i < size; i++)
		data[i] = (uint8_t)world_random(w);
	assert_int_equal(create(w, 2, "", "big", O_RDWR, 0640), 0);
	assert_int_equal(wr(w, 2, 0, data, (uint32_t)size), size);
	assert_int_equal(wr(w, 2, size, data, 1000), 1000);
	for (unsigned i = 0; i < 20; i++) {
		uint64_t off = world_random(w) % size;
		uint32_t count = (uint32_t)(world_random(w) % size);
		ssize_t n = rd(w, 2, off, back, count), in_data = n;

		assert_int_equal(n, count < size + 1000 - off ? count : size + 1000 - off);
		if (off + (size_t)n > size)
			in_data = (ssize_t)(size - off);
		assert_memory_equal(back, data + off, in_data);
		assert_memory_equal(back + in_data, data, n - in_data);
	}
	assert_int_equal(rd(w, 2, size + 1000, back, 10), 0);
	assert_int_equal(rd(w, 2, 1ull << 62, back, 10), 0);
	assert_int_equal(rd(w, 2, 1ull << 63, back, 10), -EINVAL);
	assert_int_equal(wr(w, 2, 1ull << 63, data, 10), -EINVAL);
	assert_int_equal(p9(w, P9_TFSYNC, "dd", 2, 0), 0);
	assert_int_equal(p9(w, P9_TFSYNC, "dd", 2, 1), 0);
	assert_int_equal(p9(w, P9_TFSYNC, "d", 2), 0);
	free(data);
	free(back);
}

static void open_flags_mean_what_linux_says(void **state)
{
	char buf[32];

	host_write(w, "share/f", "0123456789");
	host_mkdir(w, "share/d");
	assert_int_equal(walk_open(w, 2, "f", O_WRONLY | O_APPEND), 0);
	assert_int_equal(wr(w, 2, 0, "end", 3), 3);
	assert_int_equal(rd(w, 2, 0, buf, 3), -EBADF);
	assert_string_equal(host_read(w, "share/f"), "0123456789end");
	assert_int_equal(walk_open(w, 3, "f", O_RDONLY), 0);
	assert_int_equal(wr(w, 3, 0, "x", 1), -EBADF);
	assert_int_equal(p9(w, P9_TLOPEN, "dd", 3, O_RDONLY), -EINVAL);
	assert_int_equal(walk_open(w, 4, "f", O_RDWR | O_TRUNC), 0);
	assert_string_equal(host_read(w, "share/f"), "");
	assert_int_equal(walk_open(w, 5, "f", O_RDONLY | O_DIRECTORY), -ENOTDIR);
	assert_int_equal(walk_open(w, 5, "f", O_ACCMODE), -EINVAL);
	assert_int_equal(walk_open(w, 5, "d", O_RDWR), -EISDIR);
	assert_int_equal(walk_open(w, 5, "d", O_RDONLY | O_TRUNC), -EISDIR);
	assert_int_equal(walk_open(w, 5, "d", O_RDONLY), 0);
	assert_int_equal(rd(w, 5, 0, buf, 10), -EISDIR);
	assert_int_equal(rd(w, ROOT, 0, buf, 10), -EBADF);
	assert_int_equal(create(w, 6, "", "f", O_RDWR | O_EXCL, 0600), -EEXIST);
	assert_int_equal(create(w, 6, "", "f", O_RDWR, 0600), 0); /* is there: opened */
	assert_int_equal(create(w, 7, "", "new", O_RDWR | O_EXCL, 0751), 0);
	assert_int_equal(wr(w, 7, 0, "new", 3), 3);
	assert_int_equal(create(w, 8, "", "d", O_RDWR, 0600), -EISDIR);
	assert_int_equal(create(w, 8, "f", "x", O_RDWR, 0600), -ENOTDIR);
	assert_int_equal(create(w, 8, "", "new", O_WRONLY | O_TRUNC, 0600), 0);
	assert_string_equal(host_read(w, "share/new"), "");
}

static unsigned list(uint32_t fid, uint32_t count, unsigned *seen, unsigned n)
{
	unsigned entries = 0;
	uint64_t off = 0;

	for (;;) {
		struct p9_reader *r = &w->reply;

		assert_int_equal(p9(w, P9_TREADDIR, "dqd", fid, off, count), 0);
		assert_true(p9_get32(r) <= count);
		if (r->pos == r->len)
			return entries;
		while (r->pos < r->len) {
			struct p9_qid q = get_qid(r);
			struct p9_string name;
			char text[256];
			uint8_t type;

			off = p9_get64(r);
			type = p9_get8(r);
			name = p9_get_string(r);
			assert_false(r->overrun);
			snprintf(text, sizeof(text), "%.*s", (int)name.len, name.s);
			assert_int_equal(q.type, type == DT_DIR	  ? P9_QTDIR
						 : type == DT_LNK ? P9_QTSYMLINK
								  : 0);
			if (text[0] == 'n' && (unsigned)atoi(text + 1) < n)
				seen[atoi(text + 1)]++;
			entries++;
		}
	}
}

static void readdir_gives_each_entry_once_however_little_it_may_give(void **state)
{
	static const uint32_t counts[] = {60, 100, 333, 4096, 0xffffffff};
	struct attr a;
	char name[300];
	enum { N = 700 };

	for (unsigned i = 0; i < N; i++) {
		snprintf(name, sizeof(name), "share/n%u", i);
		if (i % 7)
			host_write(w, name, "");
		else
			assert_int_equal(symlinkat("n1", w->top_fd, name), 0);
	}
	for (unsigned c = 0; c < sizeof(counts) / sizeof(*counts); c++) {
		unsigned seen[N] = {0};

		assert_int_equal(walk_open(w, 2, "", O_RDONLY), 0);
		assert_int_equal(list(2, counts[c], seen, N), N + 2); /* . and .. */
		for (unsigned i = 0; i < N; i++)
			assert_int_equal(seen[i], 1);
		assert_int_equal(list(2, counts[c], seen, N), N + 2); /* from the start again */
		clunk(w, 2);
	}
	assert_int_equal(walk_open(w, 2, "", O_RDONLY), 0);
	assert_int_equal(p9(w, P9_TREADDIR, "dqd", 2, 0ull, 20), -EINVAL); /* not "no more" */
	assert_int_equal(walk_open(w, 3, "n1", O_RDONLY), 0);
	assert_int_equal(p9(w, P9_TREADDIR, "dqd", 3, 0ull, 100), -ENOTDIR);
	assert_int_equal(p9(w, P9_TREADDIR, "dqd", ROOT, 0ull, 100), -EBADF);
	assert_int_equal(getattr(w, 3, &a), 0);
}

static void getattr_tells_what_stat_tells(void **state)
{
	struct attr a;
	struct stat st;

	assert_int_equal(create(w, 2, "", "f", O_RDWR, 0640), 0);
	assert_int_equal(wr(w, 2, 0, "12345", 5), 5);
	assert_int_equal(getattr(w, 2, &a), 0);
	assert_int_equal(fstatat(w->share_fd, "f", &st, 0), 0);
	assert_int_equal(a.valid & P9_GETATTR_BASIC, P9_GETATTR_BASIC);
	assert_int_equal(a.qid.path, st.st_ino);
	assert_int_equal(a.mode, S_IFREG | 0640);
	assert_int_equal(a.mode, st.st_mode);
	assert_int_equal(a.uid, st.st_uid);
	assert_int_equal(a.gid, st.st_gid);
	assert_int_equal(a.nlink, 1);
	assert_int_equal(a.size, 5);
	assert_int_equal(a.blocks, st.st_blocks);
	assert_int_equal(a.blksize, st.st_blksize);
	assert_int_equal(a.mtime, st.st_mtim.tv_sec);
	assert_int_equal(a.mtime_ns, st.st_mtim.tv_nsec);
	assert_int_equal(a.ctime_ns, st.st_ctim.tv_nsec);
	assert_int_equal(getattr(w, 77, &a), -EBADF);
}

static int setattr(uint32_t fid, uint32_t valid, unsigned mode, uint64_t size, uint64_t atime, uint64_t mtime)
{
	return p9(w, P9_TSETATTR, "dddddqqqqq", fid, valid, mode, getuid(), getgid(), size, atime, 5ull,
		  mtime, 999999999ull);
}

static void setattr_sets_each_alone_and_all_at_once(void **state)
{
	struct attr a;
	uint64_t now = (uint64_t)time(NULL);

	host_write(w, "share/f", "0123456789");
	assert_int_equal(symlinkat("f", w->share_fd, "s"), 0);
	assert_int_equal(walk(w, ROOT, 2, "f"), 0);
	assert_int_equal(setattr(2, P9_SET_MODE, 0400, 0, 0, 0), 0);
	assert_int_equal(setattr(2, P9_SET_SIZE, 0, 4, 0, 0), getuid() ? -EACCES : 0);
	assert_int_equal(setattr(2, P9_SET_MODE, 0644, 0, 0, 0), 0);
	assert_int_equal(setattr(2, P9_SET_SIZE, 0, 4, 0, 0), 0);
	assert_string_equal(host_read(w, "share/f"), "0123");
	assert_int_equal(setattr(2, P9_SET_ATIME | P9_SET_ATIME_SET, 0, 0, 1000, 0), 0);
	assert_int_equal(getattr(w, 2, &a), 0);
	assert_int_equal(a.atime, 1000);
	assert_int_equal(a.atime_ns, 5);
	assert_true(a.mtime >= now - 5);
	assert_int_equal(setattr(2, 0x1ff & ~P9_SET_CTIME, 0600, 7, 11, 12), 0);
	assert_int_equal(getattr(w, 2, &a), 0);
	assert_int_equal(a.mode & 07777, 0600);
	assert_int_equal(a.size, 7);
	assert_int_equal(a.atime, 11);
	assert_int_equal(a.mtime, 12);
	assert_int_equal(a.mtime_ns, 999999999);
	assert_int_equal(setattr(2, P9_SET_MTIME, 0, 0, 0, 0), 0); /* now */
	assert_int_equal(setattr(2, P9_SET_CTIME, 0, 0, 0, 0), 0);
	assert_int_equal(getattr(w, 2, &a), 0);
	assert_true(a.mtime >= now - 5);
	assert_int_equal(a.atime, 11);
	assert_int_equal(setattr(2, P9_SET_SIZE, 0, 1ull << 63, 0, 0), -EINVAL);
	assert_int_equal(setattr(ROOT, P9_SET_SIZE, 0, 0, 0, 0), -EISDIR);
	/* of the symlink, not of what it leads to */
	assert_int_equal(walk(w, ROOT, 3, "s"), 0);
	assert_int_equal(setattr(3, P9_SET_MTIME | P9_SET_MTIME_SET, 0, 0, 0, 77), 0);
	assert_int_equal(setattr(3, P9_SET_MODE, 0777, 0, 0, 0), -EOPNOTSUPP);
	assert_int_equal(setattr(3, P9_SET_SIZE, 0, 0, 0, 0), -EINVAL);
	assert_int_equal(getattr(w, 3, &a), 0);
	assert_int_equal(a.mtime, 77);
	assert_int_equal(getattr(w, 2, &a), 0);
	assert_true(a.mtime != 77);
}

static void a_file_that_was_open_for_writing_can_be_cut_without_the_right_to_write(void **state)
{
	assert_int_equal(create(w, 2, "", "f", O_RDWR, 0400), 0);
	assert_int_equal(wr(w, 2, 0, "0123456789", 10), 10);
	assert_int_equal(walk(w, ROOT, 3, "f"), 0);
	assert_int_equal(setattr(3, P9_SET_SIZE, 0, 3, 0, 0), 0);
	assert_string_equal(host_read(w, "share/f"), "012");
}

static void names_are_made_linked_renamed_and_removed(void **state)
{
	struct attr a;
	struct p9_string s;

	assert_int_equal(p9(w, P9_TMKDIR, "dsdd", ROOT, "d", 0750, getegid()), 0);
	assert_int_equal(get_qid(&w->reply).type, P9_QTDIR);
	assert_int_equal(p9(w, P9_TMKDIR, "dsdd", ROOT, "d", 0750, getegid()), -EEXIST);
	assert_int_equal(p9(w, P9_TMKDIR, "dsdd", ROOT, "..", 0750, getegid()), -EEXIST);
	assert_int_equal(p9(w, P9_TMKNOD, "dsdddd", ROOT, "fifo", S_IFIFO | 0600, 0, 0, getegid()), 0);
	assert_int_equal(p9(w, P9_TMKNOD, "dsdddd", ROOT, "sock", S_IFSOCK | 0600, 0, 0, getegid()), 0);
	assert_int_equal(p9(w, P9_TMKNOD, "dsdddd", ROOT, "reg", S_IFREG | 0600, 0, 0, getegid()), 0);
	assert_int_equal(p9(w, P9_TMKNOD, "dsdddd", ROOT, "null", S_IFCHR | 0600, 1, 3, getegid()), -EPERM);
	assert_int_equal(p9(w, P9_TMKNOD, "dsdddd", ROOT, "disk", S_IFBLK | 0600, 8, 0, getegid()), -EPERM);
	assert_int_equal(p9(w, P9_TMKNOD, "dsdddd", ROOT, "what", S_IFDIR | 0600, 0, 0, getegid()), -EINVAL);
	assert_int_equal(p9(w, P9_TSYMLINK, "dssd", ROOT, "sym", "/etc/passwd", getegid()), 0);
	assert_int_equal(get_qid(&w->reply).type, P9_QTSYMLINK);
	assert_int_equal(walk(w, ROOT, 2, "sym"), 0);
	assert_int_equal(p9(w, P9_TREADLINK, "d", 2), 0);
	s = p9_get_string(&w->reply);
	assert_int_equal(s.len, 11);
	assert_memory_equal(s.s, "/etc/passwd", 11);
	assert_int_equal(p9(w, P9_TREADLINK, "d", ROOT), -EINVAL);
	/* links, of a file and of a symlink itself */
	assert_int_equal(walk(w, ROOT, 3, "reg"), 0);
	assert_int_equal(walk(w, ROOT, 4, "d"), 0);
	assert_int_equal(p9(w, P9_TLINK, "dds", 4, 3, "reg2"), 0);
	assert_int_equal(getattr(w, 3, &a), 0);
	assert_int_equal(a.nlink, 2);
	assert_int_equal(p9(w, P9_TLINK, "dds", 4, 2, "sym2"), 0);
	assert_true(host_exists(w, "share/d/sym2"));
	assert_int_equal(p9(w, P9_TLINK, "dds", ROOT, 4, "dir2"), -EPERM);
	/* renames: by directory and name, and by fid */
	assert_int_equal(p9(w, P9_TRENAMEAT, "dsds", 4, "reg2", ROOT, "reg3"), 0);
	assert_int_equal(p9(w, P9_TRENAMEAT, "dsds", 4, "reg2", ROOT, "reg3"), -ENOENT);
	assert_int_equal(p9(w, P9_TRENAME, "dds", 3, 4, "moved"), 0);
	assert_true(host_exists(w, "share/d/moved"));
	assert_int_equal(p9(w, P9_TRENAME, "dds", 3, ROOT, "again"), 0);
	assert_true(host_exists(w, "share/again"));
	assert_int_equal(p9(w, P9_TRENAME, "dds", ROOT, 4, "root"), -EBUSY);
	/* removal */
	assert_int_equal(p9(w, P9_TUNLINKAT, "dsd", ROOT, "d", 0), -EISDIR);
	assert_int_equal(p9(w, P9_TUNLINKAT, "dsd", ROOT, "d", AT_REMOVEDIR), -ENOTEMPTY);
	assert_int_equal(p9(w, P9_TUNLINKAT, "dsd", 4, "sym2", 0), 0);
	assert_int_equal(p9(w, P9_TUNLINKAT, "dsd", 4, ".", AT_REMOVEDIR), -EINVAL);
	assert_int_equal(p9(w, P9_TUNLINKAT, "dsd", ROOT, "d", AT_REMOVEDIR), 0);
	assert_int_equal(p9(w, P9_TUNLINKAT, "dsd", ROOT, "fifo", 0x1234), -EINVAL);
	assert_int_equal(p9(w, P9_TREMOVE, "d", 3), 0);
	assert_int_equal(clunk(w, 3), -EBADF); /* gone with it */
	assert_false(host_exists(w, "share/again"));
	assert_true(host_exists(w, "share/reg3"));
	assert_int_equal(p9(w, P9_TREMOVE, "d", ROOT), -EBUSY);
	assert_int_equal(clunk(w, ROOT), -EBADF); /* remove(5): also if it fails */
}

static void what_is_unlinked_lives_on_with_its_fids(void **state)
{
	char buf[16];
	struct attr a;

	assert_int_equal(create(w, 2, "", "f", O_RDWR, 0600), 0);
	assert_int_equal(wr(w, 2, 0, "mine", 4), 4);
	assert_int_equal(walk(w, ROOT, 3, "f"), 0);
	assert_int_equal(p9(w, P9_TUNLINKAT, "dsd", ROOT, "f", 0), 0);
	host_write(w, "share/f", "another");
	assert_int_equal(getattr(w, 2, &a), 0);
	assert_int_equal(a.nlink, 0);
	assert_int_equal(a.size, 4);
	assert_int_equal(rd(w, 2, 0, buf, 16), 4);
	assert_memory_equal(buf, "mine", 4);
	assert_int_equal(setattr(3, P9_SET_SIZE | P9_SET_MODE, 0640, 2, 0, 0), 0);
	assert_int_equal(walk(w, 3, 4, ""), 0);
	assert_int_equal(p9(w, P9_TLOPEN, "dd", 4, O_RDWR), 0); /* opened without any name */
	assert_int_equal(rd(w, 4, 0, buf, 16), 2);
	assert_int_equal(clunk(w, 2), 0);
	assert_int_equal(clunk(w, 4), 0);
	assert_int_equal(getattr(w, 3, &a), 0);
	assert_int_equal(a.size, 2);
	assert_int_equal(p9(w, P9_TREMOVE, "d", 3), -ESTALE); /* the name is another file's */
	assert_string_equal(host_read(w, "share/f"), "another");
}

static void a_rename_of_a_parent_breaks_nothing(void **state)
{
	char buf[16];

	host_mkdir(w, "share/a");
	host_mkdir(w, "share/a/b");
	host_write(w, "share/a/b/f", "text");
	assert_int_equal(walk(w, ROOT, 2, "a/b"), 0);
	assert_int_equal(walk(w, 2, 3, "f"), 0);
	assert_int_equal(p9(w, P9_TRENAMEAT, "dsds", ROOT, "a", ROOT, "z"), 0);
	assert_int_equal(p9(w, P9_TLOPEN, "dd", 3, O_RDONLY), 0);
	assert_int_equal(rd(w, 3, 0, buf, 16), 4);
	assert_int_equal(walk(w, 2, 4, "f"), 0);
	assert_int_equal(renameat(w->share_fd, "z", w->share_fd, "y"), 0); /* by the host */
	assert_int_equal(walk(w, 2, 5, "f"), 0);
	assert_int_equal(p9(w, P9_TMKDIR, "dsdd", 2, "new", 0755, getegid()), 0);
	assert_true(host_exists(w, "share/y/b/new"));
	assert_int_equal(p9(w, P9_TREMOVE, "d", 5), 0);
	assert_false(host_exists(w, "share/y/b/f"));
}

static int lock(uint32_t fid, unsigned type, uint64_t start, uint64_t len, unsigned *status)
{
	int err = p9(w, P9_TLOCK, "dbdqqds", fid, type, 0, start, len, 1, "me");

	*status = p9_get8(&w->reply);
	return err;
}

static void locks_belong_to_the_fid_and_end_with_it(void **state)
{
	unsigned status, fd;
	struct flock l = {.l_type = F_WRLCK, .l_whence = SEEK_SET, .l_start = 5, .l_len = 1};

	host_write(w, "share/f", "0123456789");
	assert_int_equal(walk_open(w, 2, "f", O_RDWR), 0);
	assert_int_equal(walk_open(w, 3, "f", O_RDWR), 0);
	assert_int_equal(lock(2, F_WRLCK, 2, 6, &status), 0);
	assert_int_equal(status, P9_LOCK_SUCCESS);
	assert_int_equal(lock(3, F_RDLCK, 0, 3, &status), 0);
	assert_int_equal(status, P9_LOCK_BLOCKED);
	assert_int_equal(lock(3, F_RDLCK, 0, 2, &status), 0);
	assert_int_equal(status, P9_LOCK_SUCCESS);
	/* the host sees it, and the guest sees what is in the way */
	fd = (unsigned)openat(w->share_fd, "f", O_RDWR);
	assert_int_equal(fcntl((int)fd, F_OFD_SETLK, &l), -1);
	assert_int_equal(p9(w, P9_TGETLOCK, "dbqqds", 3, F_RDLCK, 0ull, 0ull, 7, "me"), 0);
	assert_int_equal(p9_get8(&w->reply), F_WRLCK);
	assert_int_equal(p9_get64(&w->reply), 2);
	assert_int_equal(p9_get64(&w->reply), 6);
	assert_int_equal(clunk(w, 2), 0);
	assert_int_equal(lock(3, F_WRLCK, 0, 0, &status), 0);
	assert_int_equal(status, P9_LOCK_SUCCESS);
	assert_int_equal(lock(3, F_UNLCK, 0, 0, &status), 0);
	assert_int_equal(fcntl((int)fd, F_OFD_SETLK, &l), 0);
	assert_int_equal(p9(w, P9_TGETLOCK, "dbqqds", 3, F_WRLCK, 6ull, 3ull, 7, "me"), 0);
	assert_int_equal(p9_get8(&w->reply), F_UNLCK);
	assert_int_equal(lock(3, 3, 0, 0, &status), -EINVAL);
	assert_int_equal(lock(3, F_RDLCK, 1ull << 63, 1, &status), -EINVAL);
	close((int)fd);
}

static int xattr_set(uint32_t fid, const char *name, const char *value, uint64_t size, unsigned flags)
{
	int err = walk(w, fid, 90, ""), err2;

	assert_int_equal(err, 0);
	err = p9(w, P9_TXATTRCREATE, "dsqd", 90, name, size, flags);
	if (!err && size)
		assert_int_equal(wr(w, 90, 0, value, (uint32_t)strlen(value)), strlen(value));
	err2 = clunk(w, 90);
	return err ? err : err2;
}

static ssize_t xattr_get(uint32_t fid, const char *name, char *buf, size_t cap)
{
	int err = p9(w, P9_TXATTRWALK, "dds", fid, 91, name);
	uint64_t size = p9_get64(&w->reply);
	ssize_t n;

	if (err)
		return err;
	n = rd(w, 91, 0, buf, (uint32_t)cap);
	assert_int_equal(n, size);
	clunk(w, 91);
	return n;
}

static void xattrs_are_set_read_listed_and_removed(void **state)
{
	char buf[256];

	host_write(w, "share/f", "");
	if (fsetxattr(w->share_fd, "user.probe", "", 0, 0)) {
		print_message("skipped: no user xattrs on this file system\n");
		return;
	}
	assert_int_equal(walk(w, ROOT, 2, "f"), 0);
	assert_int_equal(xattr_set(2, "user.a", "value", 5, 0), 0);
	assert_int_equal(xattr_set(2, "user.a", "other", 5, XATTR_CREATE), -EEXIST);
	assert_int_equal(xattr_set(2, "user.b", "x", 1, XATTR_REPLACE), -ENODATA);
	assert_int_equal(xattr_set(2, "user.empty", "", 0, 0), 0);
	assert_int_equal(xattr_get(2, "user.a", buf, sizeof(buf)), 5);
	assert_memory_equal(buf, "value", 5);
	assert_int_equal(xattr_get(2, "user.empty", buf, sizeof(buf)), 0);
	assert_int_equal(xattr_get(2, "", buf, sizeof(buf)), 7 + 11);
	assert_int_equal(xattr_get(2, "user.none", buf, sizeof(buf)), -ENODATA);
	assert_int_equal(xattr_set(2, "user.a", "", 0, XATTR_REPLACE), 0); /* removes */
	assert_int_equal(xattr_get(2, "user.a", buf, sizeof(buf)), -ENODATA);
	assert_int_equal(xattr_set(2, "user.short", "abc", 5, 0), -EINVAL); /* not all of it written */
	assert_int_equal(xattr_get(ROOT, "user.probe", buf, sizeof(buf)), 0);
	/* on one that is open too */
	assert_int_equal(walk_open(w, 3, "f", O_RDONLY), 0);
	assert_int_equal(xattr_set(2, "user.c", "1", 1, 0), 0);
	assert_int_equal(xattr_get(3, "user.c", buf, sizeof(buf)), 1);
}

static void only_harmless_xattrs_pass(void **state)
{
	char buf[256];

	host_write(w, "share/f", "");
	assert_int_equal(walk(w, ROOT, 2, "f"), 0);
	assert_int_equal(xattr_set(2, "security.capability", "x", 1, 0), -EOPNOTSUPP);
	assert_int_equal(xattr_set(2, "trusted.x", "x", 1, 0), -EOPNOTSUPP);
	assert_int_equal(xattr_get(2, "security.selinux", buf, sizeof(buf)), -EOPNOTSUPP);
	if (!fsetxattr(w->share_fd, "trusted.mine", "secret", 6, 0))
		assert_int_equal(xattr_get(ROOT, "", buf, sizeof(buf)), 0); /* nor are they listed */
}

static void statfs_is_the_hosts(void **state)
{
	struct statfs st;

	assert_int_equal(fstatfs(w->share_fd, &st), 0);
	assert_int_equal(p9(w, P9_TSTATFS, "d", ROOT), 0);
	assert_int_equal(p9_get32(&w->reply), st.f_type);
	assert_int_equal(p9_get32(&w->reply), st.f_bsize);
	assert_int_equal(p9_get64(&w->reply), st.f_blocks);
}

static void a_readonly_share_changes_nothing(void **state)
{
	char buf[16];

	assert_int_equal(walk_open(w, 2, "file", O_RDONLY), 0);
	assert_int_equal(rd(w, 2, 0, buf, 16), 4);
	assert_int_equal(walk_open(w, 3, "file", O_WRONLY), -EROFS);
	assert_int_equal(walk_open(w, 3, "file", O_RDWR), -EROFS);
	assert_int_equal(walk_open(w, 3, "file", O_RDONLY | O_TRUNC), -EROFS);
	assert_int_equal(create(w, 3, "", "new", O_RDONLY, 0600), -EROFS);
	assert_int_equal(p9(w, P9_TMKDIR, "dsdd", ROOT, "new", 0750, 0), -EROFS);
	assert_int_equal(p9(w, P9_TMKNOD, "dsdddd", ROOT, "new", S_IFIFO | 0600, 0, 0, 0), -EROFS);
	assert_int_equal(p9(w, P9_TSYMLINK, "dssd", ROOT, "new", "x", 0), -EROFS);
	assert_int_equal(walk(w, ROOT, 3, "file"), 0);
	assert_int_equal(p9(w, P9_TLINK, "dds", ROOT, 3, "new"), -EROFS);
	assert_int_equal(p9(w, P9_TRENAMEAT, "dsds", ROOT, "file", ROOT, "new"), -EROFS);
	assert_int_equal(p9(w, P9_TRENAME, "dds", 3, ROOT, "new"), -EROFS);
	assert_int_equal(p9(w, P9_TUNLINKAT, "dsd", ROOT, "file", 0), -EROFS);
	assert_int_equal(p9(w, P9_TUNLINKAT, "dsd", ROOT, "dir", AT_REMOVEDIR), -EROFS);
	for (uint32_t bit = 1; bit <= P9_SET_MTIME_SET; bit <<= 1)
		assert_int_equal(setattr(3, bit, 0600, 0, 0, 0), -EROFS);
	assert_int_equal(xattr_set(3, "user.a", "x", 1, 0), -EROFS);
	assert_int_equal(p9(w, P9_TREMOVE, "d", 3), -EROFS);
	assert_string_equal(host_read(w, "share/file"), "text");
	assert_false(host_exists(w, "share/new"));
}

static void files_on_several_devices_have_numbers_of_their_own(void **state)
{
	char path[128];
	struct attr a[3];

	host_mkdir(w, "share/one");
	host_mkdir(w, "share/two");
	snprintf(path, sizeof(path), "%s/share/one", w->top);
	if (unshare(CLONE_NEWNS) || mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) ||
	    mount("tmpfs", path, "tmpfs", 0, "size=1m")) {
		print_message("skipped: may not mount\n");
		return;
	}
	snprintf(path, sizeof(path), "%s/share/two", w->top);
	assert_int_equal(mount("tmpfs", path, "tmpfs", 0, "size=1m"), 0);
	close(w->top_fd); /* is the other namespace's */
	w->top_fd = open(w->top, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	world_restart(w, 0, 0);
	host_write(w, "share/f", "");
	host_write(w, "share/one/f", "");
	host_write(w, "share/two/f", "");
	assert_int_equal(walk(w, ROOT, 2, "f"), 0);
	assert_int_equal(walk(w, ROOT, 3, "one/f"), 0);
	assert_int_equal(walk(w, ROOT, 4, "two/f"), 0);
	for (unsigned i = 0; i < 3; i++)
		assert_int_equal(getattr(w, 2 + i, &a[i]), 0);
	assert_true(a[0].qid.path != a[1].qid.path && a[1].qid.path != a[2].qid.path);
	assert_int_equal((a[1].qid.path ^ a[2].qid.path) << 16, 0); /* the same inode */
	assert_int_equal(walk(w, 3, 5, ""), 0);
	assert_int_equal(p9(w, P9_TLINK, "dds", ROOT, 3, "x"), -EXDEV);
	assert_int_equal(p9(w, P9_TUNLINKAT, "dsd", ROOT, "one", AT_REMOVEDIR), -EBUSY);
	world_restart(w, 0, 0);
	assert_int_equal(umount(path), 0);
	snprintf(path, sizeof(path), "%s/share/one", w->top);
	assert_int_equal(umount(path), 0);
}

static void new_files_belong_to_whom_the_client_names_if_we_may(void **state)
{
	struct attr a;

	if (getuid()) {
		print_message("skipped: not root\n");
		return;
	}
	assert_int_equal(p9(w, P9_TATTACH, "ddssd", 2, P9_NOFID, "", "", 1000), 0);
	assert_int_equal(walk(w, 2, 3, ""), 0);
	assert_int_equal(p9(w, P9_TLCREATE, "dsddd", 3, "f", O_RDWR, 0600, 1001), 0);
	assert_int_equal(getattr(w, 3, &a), 0);
	assert_int_equal(a.uid, 1000);
	assert_int_equal(a.gid, 1001);
	assert_int_equal(p9(w, P9_TMKDIR, "dsdd", 2, "d", 0755, 1001), 0);
	assert_int_equal(walk(w, 2, 4, "d"), 0);
	assert_int_equal(setattr(4, P9_SET_MODE, 02755, 0, 0, 0), 0);
	assert_int_equal(p9(w, P9_TMKDIR, "dsdd", 4, "in", 0755, 1002), 0);
	assert_int_equal(walk(w, 4, 5, "in"), 0);
	assert_int_equal(getattr(w, 5, &a), 0);
	assert_int_equal(a.gid, 1001); /* the directory's: it is set-group-ID */
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, setup, teardown)

int main(void)
{
	static const struct CMUnitTest tests[] = {
		TEST(version_agrees_on_a_size_and_forgets_all_fids),
		TEST(attach_takes_the_one_tree_and_no_authentication),
		TEST(walk_goes_as_far_as_it_can),
		TEST(data_goes_to_and_from_pieces_whole),
		TEST(open_flags_mean_what_linux_says),
		TEST(readdir_gives_each_entry_once_however_little_it_may_give),
		TEST(getattr_tells_what_stat_tells),
		TEST(setattr_sets_each_alone_and_all_at_once),
		TEST(a_file_that_was_open_for_writing_can_be_cut_without_the_right_to_write),
		TEST(names_are_made_linked_renamed_and_removed),
		TEST(what_is_unlinked_lives_on_with_its_fids),
		TEST(a_rename_of_a_parent_breaks_nothing),
		TEST(locks_belong_to_the_fid_and_end_with_it),
		TEST(xattrs_are_set_read_listed_and_removed),
		TEST(only_harmless_xattrs_pass),
		TEST(statfs_is_the_hosts),
		cmocka_unit_test_setup_teardown(a_readonly_share_changes_nothing, setup_rdonly, teardown),
		TEST(new_files_belong_to_whom_the_client_names_if_we_may),
		TEST(files_on_several_devices_have_numbers_of_their_own),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
