/* SPDX-License-Identifier: MIT */
/* Descriptors 0, 1 and 2, and the terminal: files in front of the console, which look as the host's do. */
#include "fs/std.h"
#include "fs/console.h"
#include "fs/devfs.h"
#include "fs/fd.h"
#include "fs/tty.h"
#include "fs/vfs.h"
#include "lib/format.h"
#include "lib/string.h"
#include "lib/uaccess.h"
#include "platform/boot.h"

static struct superblock std_super = {
	.dev = 0xd, .magic = 0x50495045 /* PIPEFS_MAGIC */, .block_size = PAGE_SIZE, .next_ino = 1,
	.type = "console", .source = "console",
};
/* One for each stream; a terminal has one for all. */
static struct inode std_inode[3];

static enum hermit_stdio_kind kind_of(const struct file *f)
{
	long n = f->inode - std_inode;

	return boot_info.stdio.kind[n];
}

/* The stream that a file writes to: its own, or on a terminal opened by name the first that is one. */
static enum console_stream stream_of(const struct file *f) { return (enum console_stream)(uintptr_t)f->priv; }

static ssize_t std_read(struct file *f, struct uio *u, u64 off)
{
	ssize_t r;

	if (!u->left)
		return 0;
	r = console_read(u, f->flags & O_NONBLOCK);
	if (r >= 0)
		__atomic_add_fetch(&vfs_news, 1, __ATOMIC_RELEASE);
	return r;
}

static ssize_t std_write(struct file *f, struct uio *u, u64 *off)
{
	ssize_t r;

	if (!u->left)
		return 0;
	r = console_write(stream_of(f), u, f->flags & O_NONBLOCK);
	if (r == -EPIPE)
		file_sigpipe();
	return r;
}

static unsigned std_poll(struct file *f, unsigned want, struct poll_hook *hook)
{
	unsigned r = 0;

	if (f->kind & FILE_READ) {
		poll_add(hook, console_wait_queue(CONSOLE_IN));
		r |= console_poll(CONSOLE_IN, want & (POLLIN | POLLRDNORM));
		if (r & POLLIN)
			r |= POLLRDNORM;
	}
	if (f->kind & FILE_WRITE) {
		poll_add(hook, console_wait_queue(stream_of(f)));
		r |= console_poll(stream_of(f), POLLOUT);
		if (r & POLLOUT)
			r |= POLLWRNORM;
	}
	return r;
}

static long std_ioctl(struct file *f, unsigned cmd, u64 arg)
{
	if (cmd == FIONREAD && kind_of(f) != HERMIT_STDIO_FILE) {
		/* How much the host has is not known: at least a byte, or nothing. */
		int n = (f->kind & FILE_READ) && (console_poll(CONSOLE_IN, POLLIN) & POLLIN) ? 1 : 0;

		return put_user(n, (int __user *)arg);
	}
	if (kind_of(f) == HERMIT_STDIO_TTY)
		return tty_ioctl(cmd, arg);
	return -ENOTTY;
}

static int std_fsync(struct file *f, bool data_only)
{
	return kind_of(f) == HERMIT_STDIO_FILE ? 0 : -EINVAL; /* the loader writes as it receives */
}

static int std_describe(struct file *f, char *buf, size_t size)
{
	switch (kind_of(f)) {
	case HERMIT_STDIO_TTY:
		return format_string(buf, size, "/dev/pts/0");
	case HERMIT_STDIO_PIPE:
		return format_string(buf, size, "pipe:[%lu]", (unsigned long)f->inode->ino);
	case HERMIT_STDIO_SOCKET:
		return format_string(buf, size, "socket:[%lu]", (unsigned long)f->inode->ino);
	default:
		return format_string(buf, size, "host:[%lu]", (unsigned long)f->inode->ino);
	}
}

static int std_open(struct inode *i, struct file *f);

static const struct inode_ops std_iops = {.open = std_open};

static const struct file_ops std_ops = {
	.read = std_read,
	.write = std_write,
	.poll = std_poll,
	.ioctl = std_ioctl,
	.fsync = std_fsync,
	.describe = std_describe,
};

/* By name: /dev/stdin, /proc/self/fd/N, /dev/tty. */
static int std_open(struct inode *i, struct file *f)
{
	unsigned n = i - std_inode;

	if (n == 0 && boot_info.stdio.kind[1] == HERMIT_STDIO_TTY)
		n = CONSOLE_OUT;
	else if (n == 0 && boot_info.stdio.kind[2] == HERMIT_STDIO_TTY)
		n = CONSOLE_ERR;
	f->ops = &std_ops;
	f->kind |= FILE_STREAM;
	f->priv = (void *)(uintptr_t)n;
	return 0;
}

struct inode *std_tty(void)
{
	for (unsigned n = 0; n < 3; n++)
		if (boot_info.stdio.kind[n] == HERMIT_STDIO_TTY)
			return &std_inode[n];
	return NULL;
}

static struct file *std_file(const struct boot_info *boot, unsigned n)
{
	static const u32 modes[] = {
		[HERMIT_STDIO_PIPE] = S_IFIFO | 0600,   [HERMIT_STDIO_TTY] = S_IFCHR | 0620,
		[HERMIT_STDIO_FILE] = S_IFREG | 0644,   [HERMIT_STDIO_SOCKET] = S_IFSOCK | 0777,
	};
	u8 kind = boot->stdio.kind[n];
	struct inode *i = &std_inode[n];
	struct file *f;
	u32 flags;

	if (kind == HERMIT_STDIO_NULL)
		return devfs_null_file(n ? O_WRONLY : O_RDONLY);
	if (kind == HERMIT_STDIO_TTY) {
		i = std_tty();
		flags = O_RDWR;
	} else {
		flags = kind == HERMIT_STDIO_SOCKET ? O_RDWR : n ? O_WRONLY : O_RDONLY;
	}
	if (!i->refs) {
		inode_init(i, &std_super, modes[kind], &std_iops, &std_ops);
		i->uid = boot->ids.uid;
		i->gid = boot->ids.gid;
		/* Some read as much as fstat says and no more: the C compiler its source. */
		if (n == 0 && kind == HERMIT_STDIO_FILE)
			i->size = boot->stdin_size;
		if (kind == HERMIT_STDIO_TTY)
			i->rdev = 136 << 8; /* pts/0 */
	}
	f = file_alloc(i, NULL, flags, &std_ops);
	if (f) {
		f->kind |= FILE_STREAM;
		f->priv = (void *)(uintptr_t)(n == 0 && kind == HERMIT_STDIO_TTY ? CONSOLE_OUT : n);
	}
	return f;
}

int fd_install_std(struct file_table *t, const struct boot_info *boot)
{
	for (unsigned n = 0; n < 3; n++) {
		struct file *f;

		if (boot->stdio.kind[n] == HERMIT_STDIO_CLOSED || boot->stdio.kind[n] > HERMIT_STDIO_SOCKET)
			continue;
		if (n == 2 && boot->stdio.err_is_out && t->files[1])
			f = file_ref(t->files[1]);
		else
			f = std_file(boot, n);
		if (!f)
			return -ENOMEM;
		t->files[n] = f;
	}
	return 0;
}
