/* SPDX-License-Identifier: MIT */
/* /dev: a ramfs with the devices that programs expect, from one table. */
#include "fs/devfs.h"
#include "fs/blkdev.h"
#include "fs/dentry.h"
#include "fs/pty.h"
#include "fs/ramfs.h"
#include "fs/std.h"
#include "lib/random.h"
#include "lib/string.h"
#include "lib/uaccess.h"
#include "mm/heap.h"
#include "proc/thread.h"

/* ---- null, zero, full ---- */

static ssize_t null_read(struct file *f, struct uio *u, u64 off) { return 0; }
static ssize_t null_write(struct file *f, struct uio *u, u64 *off)
{
	size_t n = u->left;

	uio_skip(u, n);
	return n;
}
static s64 null_seek(struct file *f, s64 off, int whence) { return 0; }

static ssize_t zero_read(struct file *f, struct uio *u, u64 off)
{
	size_t before = u->left;

	uio_zero(u, before);
	return UIO_RESULT(u, before);
}
static ssize_t zero_read_user(struct file *f, void __user *buf, size_t n)
{
	size_t left = clear_user_partial(buf, n);

	return left == n && n ? -EFAULT : (ssize_t)(n - left);
}
static int zero_page(struct file *f, u64 off, void *page)
{
	memset(page, 0, PAGE_SIZE);
	return 0;
}
static ssize_t full_write(struct file *f, struct uio *u, u64 *off) { return -ENOSPC; }

/* ---- random, urandom ---- */

static ssize_t random_read(struct file *f, struct uio *u, u64 off)
{
	size_t before = u->left;
	u8 buf[256];

	while (u->left && !u->faulted) {
		size_t n = MIN(u->left, sizeof(buf));

		random_bytes(buf, n);
		uio_copy_to(u, buf, n);
	}
	memset(buf, 0, sizeof(buf));
	return UIO_RESULT(u, before);
}

static ssize_t random_write(struct file *f, struct uio *u, u64 *off)
{
	size_t before = u->left;
	u8 buf[256];

	while (u->left) {
		size_t n = uio_copy_from(u, buf, sizeof(buf));

		if (!n)
			break;
		random_add(buf, n);
	}
	return UIO_RESULT(u, before);
}

/* ---- tty ---- */

static int tty_open(struct file *f)
{
	struct inode *tty = std_tty();

	if (!tty)
		return pty_open_controlling(f);
	inode_unref(f->inode);
	f->inode = inode_ref(tty);
	return tty->ops->open(tty, f);
}

static const struct file_ops null_ops = {.read = null_read, .write = null_write, .seek = null_seek};
static const struct file_ops zero_ops = {
	.read = zero_read, .read_user = zero_read_user, .write = null_write, .seek = null_seek, .read_page = zero_page};
static const struct file_ops full_ops = {.read = zero_read, .write = full_write, .seek = null_seek};
static const struct file_ops random_ops = {.read = random_read, .write = random_write, .seek = null_seek};
static const struct file_ops tty_ops = {.open = tty_open};

#define MKDEV(major, minor) (((major) << 8) | (minor))

static const struct {
	const char *name;
	u32 mode;
	u32 rdev;
	const struct file_ops *fops;
	const char *link;
} devices[] = {
	{"null", S_IFCHR | 0666, MKDEV(1, 3), &null_ops, NULL},
	{"zero", S_IFCHR | 0666, MKDEV(1, 5), &zero_ops, NULL},
	{"full", S_IFCHR | 0666, MKDEV(1, 7), &full_ops, NULL},
	{"random", S_IFCHR | 0666, MKDEV(1, 8), &random_ops, NULL},
	{"urandom", S_IFCHR | 0666, MKDEV(1, 9), &random_ops, NULL},
	{"tty", S_IFCHR | 0666, MKDEV(5, 0), &tty_ops, NULL},
	{"ptmx", S_IFCHR | 0666, MKDEV(5, 2), &ptmx_ops, NULL},
	{"console", S_IFCHR | 0600, MKDEV(5, 1), &tty_ops, NULL},
	{"fd", S_IFLNK, 0, NULL, "/proc/self/fd"},
	{"stdin", S_IFLNK, 0, NULL, "/proc/self/fd/0"},
	{"stdout", S_IFLNK, 0, NULL, "/proc/self/fd/1"},
	{"stderr", S_IFLNK, 0, NULL, "/proc/self/fd/2"},
	{"shm", S_IFDIR | S_ISVTX | 0777, 0, NULL, NULL},
	{"mqueue", S_IFDIR | S_ISVTX | 0777, 0, NULL, NULL},
	{"pts", S_IFDIR | 0755, 0, NULL, NULL},
};

/* They belong to the program's user: whoever started the machine gave it the disks. */
static int add_disks(struct superblock *sb, struct dentry *root)
{
	int r = 0;

	for (struct blkdev *d = blkdev_start(); d && !r; d = d->next) {
		struct inode *i = ramfs_inode_create(sb, S_IFBLK | 0660, &blkdev_fops);

		if (i) {
			i->rdev = blkdev_rdev(d);
			i->size = d->size; /* for mappings; stat(2) says 0 */
			i->uid = init_process ? init_process->euid : 0;
			i->gid = init_process ? init_process->egid : 0;
		}
		r = ramfs_add(root, d->name, strlen(d->name), i);
	}
	return r;
}

int devfs_mount(struct mount *m, struct superblock **out)
{
	struct superblock *sb = ramfs_super(0x01021994, "devtmpfs");
	struct dentry *root = sb ? dentry_alloc(sb->root_inode, "", 0) : NULL, *pts;
	int r = root ? 0 : -ENOMEM;

	for (unsigned n = 0; !r && n < ARRAY_SIZE(devices); n++) {
		const char *link = devices[n].link;
		struct inode *i = link ? ramfs_link_create(sb, link, strlen(link))
				       : ramfs_inode_create(sb, devices[n].mode, devices[n].fops);

		if (i)
			i->rdev = devices[n].rdev;
		r = ramfs_add(root, devices[n].name, strlen(devices[n].name), i);
	}
	if (!r)
		r = add_disks(sb, root);
	pts = r ? NULL : dentry_find(root, "pts", 3);
	if (pts && std_tty())
		r = ramfs_add(pts, "0", 1, inode_ref(std_tty()));
	if (pts)
		pty_set_directory(pts);
	if (r)
		return r; /* what has been made stays: nobody sees it, and memory has run out anyway */
	sb->root = root;
	*out = sb;
	return 0;
}

struct file *devfs_null_file(u32 flags)
{
	static struct superblock sb = {.dev = 0xc, .block_size = PAGE_SIZE, .next_ino = 3};
	static const struct inode_ops iops;
	static struct inode inode;
	struct dentry *d;
	struct file *f;

	if (!inode.refs) {
		inode_init(&inode, &sb, S_IFCHR | 0666, &iops, &null_ops);
		inode.rdev = MKDEV(1, 3);
	}
	d = dentry_alone(&inode, "/dev/null");
	if (!d)
		return NULL;
	f = file_alloc(&inode, d, flags, &null_ops);
	dentry_unref(d);
	return f;
}
