/* SPDX-License-Identifier: MIT */
/* The tree of names, ramfs, the archive in place, pages of files, and pipes. */
#include "unit.h"
#include "vfs_host.h"
#include "fs/dentry.h"
#include "fs/pages.h"
#include "fs/ramfs.h"
#include "ipc/pipe.h"
#include "lib/errno.h"

/* ---- an archive ---- */

static char archive[64 * 1024] __aligned(4096);
static size_t archive_len;

static void put(const char *name, unsigned mode, const char *data, size_t size, unsigned ino, unsigned nlink)
{
	char head[111];
	size_t namesize = strlen(name) + 1;

	/* Pads the name so that the data begins on a page, as the loader does. */
	if (size >= 4096)
		while ((archive_len + 110 + namesize) % 4096)
			namesize++;
	snprintf(head, sizeof(head), "070701%08x%08x%08x%08x%08x%08x%08x%08x%08x%08x%08x%08x%08x", ino, mode, 1u, 2u, nlink,
		 5u, (unsigned)size, 0u, 0u, 0u, 0u, (unsigned)namesize, 0u);
	memcpy(archive + archive_len, head, 110);
	memset(archive + archive_len + 110, 0, namesize);
	strcpy(archive + archive_len + 110, name);
	archive_len = (archive_len + 110 + namesize + 3) & ~3ul;
	memcpy(archive + archive_len, data, size);
	archive_len = (archive_len + size + 3) & ~3ul;
}

static char program[10000];

static void make_archive(void)
{
	archive_len = 0;
	memset(archive, 0, sizeof(archive));
	for (size_t i = 0; i < sizeof(program); i++)
		program[i] = (char)(i * 7 + i / 256);
	put(".hermit/boot", 0100600, "secret", 6, 1, 1);
	put("bin/prog", 0100755, program, sizeof(program), 2, 1);
	put("bin", 040711, "", 0, 3, 2);
	put("etc/hard1", 0100644, "", 0, 4, 2);
	put("etc/hard2", 0100644, "linked", 6, 4, 2);
	put("etc/link", 0120777, "../bin/prog", 11, 5, 1);
	put("bin/prog/below", 0100644, "x", 1, 6, 1); /* below a file: left out */
	put("bin/prog", 0100644, "again", 5, 7, 1);   /* twice: left out */
	put("dev/null", 020666, "", 0, 8, 1);	      /* a device: left out */
	put("TRAILER!!!", 0, "", 0, 0, 1);
}

static int setup(void **state)
{
	vfs_host_init();
	make_archive();
	assert_int_equal(vfs_init_root(archive, archive_len), 0);
	return 0;
}

static struct file *open_ok(const char *path, u32 flags)
{
	struct file *f;

	assert_int_equal(vfs_open(NULL, path, flags, 0666, &f), 0);
	return f;
}

static ssize_t read_at(struct file *f, void *buf, size_t n, u64 off)
{
	struct uio u;

	uio_init_user(&u, buf, n);
	return f->ops->read(f, &u, off);
}

static ssize_t write_at(struct file *f, const void *buf, size_t n, u64 off)
{
	struct uio u;

	uio_init_user(&u, buf, n);
	return f->ops->write(f, &u, &off);
}

static void archive_becomes_the_root(void **state)
{
	char buf[sizeof(program)];
	struct dentry *d;
	struct file *f;

	assert_int_equal(vfs_walk(NULL, "/.hermit", 0, &d), -ENOENT);
	assert_int_equal(vfs_walk(NULL, "/.hermit/boot", 0, &d), -ENOENT);
	f = open_ok("/etc/link", O_RDONLY);
	assert_int_equal(read_at(f, buf, sizeof(buf), 0), sizeof(buf));
	assert_memory_equal(buf, program, sizeof(buf));
	file_unref(f);
	assert_int_equal(vfs_walk(NULL, "/bin", 0, &d), 0);
	assert_int_equal(d->inode->mode, 040711);
	dentry_unref(d);
	f = open_ok("etc/hard1", O_RDONLY);
	assert_int_equal(f->inode->nlink, 2);
	assert_int_equal(read_at(f, buf, 10, 0), 6);
	assert_memory_equal(buf, "linked", 6);
	file_unref(f);
	assert_int_equal(vfs_walk(NULL, "/dev/null", 0, &d), -ENODEV); /* the mount is tried: the host has none */
}

static void data_stays_in_place_until_written(void **state)
{
	struct file *f = open_ok("/bin/prog", O_RDWR);
	char before[sizeof(archive)], buf[8192];
	long frames = vfs_host_frames;
	paddr_t first;

	memcpy(before, archive, sizeof(archive));
	assert_int_equal(f->ops->pages_in_place(f, 0, 8, &first), 2); /* the third page is not whole */
	assert_memory_equal((void *)first, program, 8192);
	assert_int_equal(vfs_host_frames, frames);
	assert_int_equal(write_at(f, "CHANGED", 7, 5000), 7);
	assert_int_equal(vfs_host_frames, frames + 1);
	assert_memory_equal(before, archive, sizeof(archive));
	assert_int_equal(f->ops->pages_in_place(f, 0, 8, &first), 1);
	assert_int_equal(read_at(f, buf, 8192, 0), 8192);
	assert_memory_equal(buf, program, 5000);
	assert_memory_equal(buf + 5000, "CHANGED", 7);
	assert_memory_equal(buf + 5007, program + 5007, 8192 - 5007);
	/* What is cut off does not come back. */
	assert_int_equal(vfs_truncate(f->inode, 100, NULL), 0);
	assert_int_equal(vfs_host_frames, frames);
	assert_int_equal(vfs_truncate(f->inode, 8192, NULL), 0);
	assert_int_equal(read_at(f, buf, 8192, 0), 8192);
	assert_memory_equal(buf, program, 100);
	for (int i = 100; i < 8192; i++)
		assert_int_equal(buf[i], 0);
	assert_memory_equal(before, archive, sizeof(archive));
	file_unref(f);
}

/* ---- the tree's own consistency ---- */

static unsigned names_of(struct dentry *d, const struct inode *i)
{
	unsigned n = d->inode == i;

	list_for_each(l, &d->order)
		n += names_of(list_entry(l, struct dentry, link), i);
	return n;
}

/* After everything has been closed: counts say what the tree shows. */
static void check_tree(struct dentry *d)
{
	unsigned children = 0, dirs = 0, in_tree = 0;

	list_for_each(l, &d->order) {
		struct dentry *c = list_entry(l, struct dentry, link);

		assert_ptr_equal(c->parent, d);
		assert_int_equal(c->flags, DENTRY_HASHED | DENTRY_PINNED);
		assert_int_equal(c->hash, dentry_hash(c->name, c->len));
		assert_ptr_equal(dentry_find_locked(d, c->name, c->len), c);
		assert_false(c->inode->lock.locked);
		children++;
		dirs += (c->inode->mode & S_IFMT) == S_IFDIR;
		check_tree(c);
	}
	for (struct tree_node *n = tree_first(&d->children); n; n = tree_next(n))
		in_tree++;
	assert_int_equal(in_tree, children);
	if ((d->inode->mode & S_IFMT) == S_IFDIR) {
		assert_int_equal(d->inode->nlink, 2 + dirs);
	} else {
		assert_int_equal(d->inode->nlink, names_of(vfs_root, d->inode));
		assert_int_equal(children, 0);
	}
	if (d != vfs_root && !d->mount) { /* mounts and the root are held by more */
		assert_int_equal(d->refs, 1 + children);
		assert_int_equal(d->inode->refs, names_of(vfs_root, d->inode));
	}
}

static const char *a_path(void)
{
	static const char *const names[] = {"a", "b", "c", "d", "..", ".", "l", "a-name-that-does-not-fit-within"};
	static char bufs[4][512];
	static unsigned next;
	char *buf = bufs[next++ % 4];

	strcpy(buf, "/t");
	for (u64 n = 1 + unit_below(4); n; n--) {
		strcat(buf, unit_below(8) ? "/" : "//");
		strcat(buf, names[unit_below(8)]);
	}
	if (!unit_below(8))
		strcat(buf, "/");
	return buf;
}

static struct file *held[5];

static void random_call(void)
{
	static const u32 flags[] = {O_RDONLY, O_RDWR | O_CREAT, O_RDWR | O_CREAT | O_TRUNC, O_WRONLY | O_APPEND | O_CREAT,
				    O_RDONLY | O_DIRECTORY, O_RDWR | O_CREAT | O_EXCL, O_PATH, O_TMPFILE | O_RDWR};
	const char *p = a_path(), *q = a_path();
	struct dentry *d;
	u64 k = unit_below(5);
	char buf[9000];

	switch (unit_below(13)) {
	case 0:
	case 1:
		if (held[k])
			file_unref(held[k]);
		if (vfs_open(NULL, p, flags[unit_below(8)], 0644, &held[k]))
			held[k] = NULL;
		break;
	case 2:
		vfs_mkdir(NULL, p, 0755);
		break;
	case 3:
		vfs_unlink(NULL, p);
		break;
	case 4:
		vfs_rmdir(NULL, p);
		break;
	case 5:
	case 6:
		vfs_rename(NULL, p, NULL, q, 0);
		break;
	case 7:
		vfs_rename(NULL, p, NULL, q, 1 + (unsigned)unit_below(2));
		break;
	case 8:
		if (!vfs_walk(NULL, p, 0, &d)) {
			vfs_link(d, NULL, q);
			dentry_unref(d);
		}
		break;
	case 9:
		vfs_symlink(NULL, p, unit_below(2) ? q : "a/../b");
		break;
	case 10:
		if (held[k] && (held[k]->kind & FILE_WRITE) && held[k]->ops->write)
			write_at(held[k], unit_below(20) ? buf : VFS_HOST_BAD, unit_below(sizeof(buf)), unit_below(1 << 20));
		break;
	case 11:
		if (held[k] && (held[k]->inode->mode & S_IFMT) == S_IFREG)
			vfs_truncate(held[k]->inode, unit_below(1 << 20), held[k]);
		break;
	default:
		if (!vfs_walk(NULL, p, WALK_FOLLOW, &d)) {
			assert_true(vfs_path(d, buf, sizeof(buf), true) > 0);
			assert_true(vfs_path(d, buf, 3, true) <= 3);
			dentry_unref(d);
		}
	}
}

/* dev and proc are mount points that nothing can open here. */
static void any_history_leaves_the_tree_whole(void **state)
{
	vfs_mkdir(NULL, "/t", 0755);
	for (int round = 0; round < 300; round++) {
		vfs_host_fail_every = round % 3 ? 0 : 2 + (unsigned)unit_below(40); /* memory runs out every now and then */
		for (int i = 0; i < 200; i++)
			random_call();
		vfs_host_fail_every = 0;
		for (int k = 0; k < 5; k++) {
			if (held[k])
				file_unref(held[k]);
			held[k] = NULL;
		}
		assert_false(rename_lock.locked);
		check_tree(vfs_root);
	}
}

/* ---- pages ---- */

static void pages_hold_what_was_put(void **state)
{
	static const u64 spread[] = {4, 600, 300000, 1ull << 40};
	enum { N = 200 };

	for (int round = 0; round < 60; round++) {
		struct pages p = {0};
		u64 index[N];
		void *page[N];
		long frames = vfs_host_frames;
		u64 range = spread[unit_below(4)];

		for (int i = 0; i < N; i++) {
			void **slot;

			index[i] = unit_below(range);
			slot = pages_slot(&p, index[i]);
			assert_non_null(slot);
			if (!*slot) {
				extern paddr_t frame_alloc(unsigned order);

				*slot = (void *)frame_alloc(0);
				p.count++;
			}
			page[i] = *slot;
		}
		for (int i = 0; i < N; i++)
			assert_ptr_equal(pages_find(&p, index[i]), page[i]);
		for (int cut = 0; cut < 5; cut++) {
			u64 lo = unit_below(range), hi = lo + unit_below(range), at = lo;

			pages_drop(&p, lo, hi);
			assert_true(pages_next(&p, lo) > hi);
			for (int i = 0; i < N; i++)
				if (index[i] >= lo && index[i] <= hi)
					page[i] = NULL;
			for (int i = 0; i < N; i++)
				assert_ptr_equal(pages_find(&p, index[i]), page[i]);
			/* Nothing is skipped when the rest is gone through. */
			for (u64 n = 0; (at = pages_next(&p, n ? at + 1 : 0)) != ~0ull; n++)
				assert_non_null(pages_find(&p, at));
		}
		assert_int_equal(vfs_host_frames - frames, p.count);
		pages_drop(&p, 0, ~0ull >> PAGE_SHIFT);
		assert_int_equal(vfs_host_frames, frames);
		assert_null(p.root);
	}
}

/* ---- pipes ---- */

static void pipe_keeps_order_at_any_size(void **state)
{
	static char in[200000], out[200000];
	u64 sent = 0, got = 0;
	struct file *f[2];
	u8 next_in = 0, next_out = 0;

	assert_int_equal(pipe_create(f, O_NONBLOCK), 0);
	for (int i = 0; i < 4000; i++) {
		size_t n = unit_below(unit_below(3) ? 5000 : sizeof(in));
		ssize_t r;

		if (unit_below(50) == 0)
			pipe_set_capacity(f[0], 1ul << (12 + unit_below(9)));
		if (unit_below(2)) {
			for (size_t k = 0; k < n; k++)
				in[k] = (char)(next_in + k);
			r = write_at(f[1], in, n, 0);
			assert_true(r == -EAGAIN || (r >= 0 && (size_t)r <= n));
			if (n <= PIPE_BUF && r >= 0)
				assert_int_equal(r, n); /* all or nothing */
			sent += r > 0 ? (u64)r : 0;
			next_in += r > 0 ? r : 0;
		} else {
			r = read_at(f[0], out, n, 0);
			assert_true(r == -EAGAIN ? sent == got : r >= 0 && (size_t)r <= n);
			for (ssize_t k = 0; k < r; k++)
				assert_int_equal((u8)out[k], next_out++);
			got += r > 0 ? (u64)r : 0;
		}
		assert_true(sent - got <= (u64)pipe_capacity(f[0]));
	}
	assert_int_equal(write_at(f[1], VFS_HOST_BAD, 10, 0), sent - got + 10 > (u64)pipe_capacity(f[0]) ? -EAGAIN : -EFAULT);
	file_unref(f[0]);
	vfs_host_sigpipes = 0;
	assert_int_equal(write_at(f[1], in, 1, 0), -EPIPE);
	assert_int_equal(vfs_host_sigpipes, 1);
	file_unref(f[1]);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(archive_becomes_the_root),
		cmocka_unit_test(data_stays_in_place_until_written),
		cmocka_unit_test(any_history_leaves_the_tree_whole),
		cmocka_unit_test(pages_hold_what_was_put),
		cmocka_unit_test(pipe_keeps_order_at_any_size),
	};

	return cmocka_run_group_tests(tests, setup, NULL);
}
