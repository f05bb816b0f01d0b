/* SPDX-License-Identifier: MIT */
#include "fs/file.h"
#include "fs/flock.h"
#include "fs/mapped.h"
#include "fs/notify.h"
#include "fs/range_lock.h"
#include "fs/vfs.h"
#include "mm/heap.h"
#include "proc/limits.h"
#include "proc/thread.h"

struct file *file_alloc(struct inode *inode, struct dentry *dentry, u32 flags, const struct file_ops *ops)
{
	struct file *f = kzalloc(sizeof(*f));
	u32 acc = flags & O_ACCMODE;

	if (!f)
		return NULL;
	f->refs = 1;
	f->flags = flags & ~(u32)(O_CREAT | O_EXCL | O_NOCTTY | O_TRUNC | O_CLOEXEC);
	if (flags & O_PATH)
		f->kind = FILE_PATH;
	else if (acc != O_ACCMODE) /* Linux's access mode 3 is for ioctl alone */
		f->kind = (acc != O_WRONLY ? FILE_READ : 0) | (acc != O_RDONLY ? FILE_WRITE : 0);
	if (flags & O_NOCTTY)
		f->kind |= FILE_NOCTTY;
	f->ops = ops;
	f->inode = inode_ref(inode);
	f->dentry = dentry ? dentry_ref(dentry) : NULL;
	mutex_init(&f->pos_lock);
	list_init(&f->epolls);
	return f;
}

static void file_free(struct file *f)
{
	if (f->watched)
		epoll_file_gone(f);
	if (f->ops) /* else it has never been opened */
		notify_file(f, f->kind & FILE_WRITE ? NOTIFY_CLOSE_WRITE : NOTIFY_CLOSE_NOWRITE);
	if (f->kind & FILE_FLOCKED)
		flock_release(f);
	range_lock_release(f->inode, f);
	if (f->inode->mapped)
		mapped_release(f);
	if (f->ops && f->ops->release && !(f->kind & FILE_PATH))
		f->ops->release(f);
	inode_unref(f->inode);
	if (f->dentry)
		dentry_unref(f->dentry);
	kfree(f);
}

/*
 * A file may hold files (in a socket's messages that nobody has received), and those again: they are freed one
 * after the other, not inside each other, since a long chain would eat the stack.
 */
void file_unref(struct file *f)
{
	struct thread *t = current;
	struct file *held = NULL;

	if (__atomic_sub_fetch(&f->refs, 1, __ATOMIC_ACQ_REL))
		return;
	if (t->freed_files) {
		f->next_freed = *t->freed_files;
		*t->freed_files = f;
		return;
	}
	t->freed_files = &held;
	for (; f; f = held, held = f ? f->next_freed : NULL)
		file_free(f);
	t->freed_files = NULL;
}

ssize_t file_kernel_read(struct file *f, void *buf, size_t n, u64 off)
{
	size_t done = 0;

	if (!f->ops->read)
		return -EINVAL;
	while (done < n) {
		struct uio u;
		ssize_t r;

		uio_init_kernel(&u, (char *)buf + done, n - done);
		r = f->ops->read(f, &u, off + done);
		if (r < 0)
			return done ? (ssize_t)done : r;
		if (r == 0)
			break;
		done += r;
	}
	return done;
}

u64 file_size(struct file *f)
{
	struct kstat st;

	if (f->inode->ops->getattr && f->inode->ops->getattr(f->inode, &st) == 0)
		return st.size;
	return READ_ONCE(f->inode->size);
}

int file_mappable(struct file *f, bool shared, bool write)
{
	if (f->kind & FILE_PATH)
		return -EBADF;
	if (!(f->kind & FILE_READ))
		return -EACCES;
	if (shared && write && !(f->kind & FILE_WRITE))
		return -EACCES;
	if (!f->ops->read_page)
		return -ENODEV;
	/* A private mapping is as good as a shared one as long as nobody writes to it. */
	if (shared && write && !f->ops->page_shared && !(HAS_BYTES(f->inode->mode) && f->ops->write))
		return -ENODEV;
	return 0;
}

int file_read_page(struct file *f, u64 off, void *page)
{
	if (f->inode->mapped)
		mapped_write_back(f);
	return f->ops->read_page ? f->ops->read_page(f, off, page) : -ENODEV;
}

unsigned file_pages_in_place(struct file *f, u64 off, unsigned max, paddr_t *first)
{
	return f->ops->pages_in_place ? f->ops->pages_in_place(f, off, max, first) : 0;
}

int file_page_shared(struct file *f, u64 off, bool write, paddr_t *frame)
{
	if (f->ops->page_shared)
		return f->ops->page_shared(f, off, write, frame);
	return f->ops->read_page ? mapped_page(f, off, write, frame) : -ENODEV;
}

int file_page_written(struct file *f, u64 off) { return f->inode->mapped ? mapped_written(f, off) : 0; }

unsigned file_poll(struct file *f, unsigned want, struct poll_hook *hook)
{
	if (!f->ops->poll)
		return POLLIN | POLLOUT | POLLRDNORM | POLLWRNORM;
	return f->ops->poll(f, want, hook);
}

int file_fsync(struct file *f, bool data_only)
{
	int r = 0, err;

	if (!f->ops->fsync)
		return -EINVAL;
	if (f->inode->mapped)
		r = mapped_write_back(f);
	err = f->ops->fsync(f, data_only);
	return r ? r : err;
}

static void raise_here(int sig)
{
	struct process *p = current->process;
	struct siginfo info = {.si_signo = sig, .si_code = SI_USER};

	if (!p)
		return;
	info.rt.pid = p->pid;
	info.rt.uid = p->uid;
	signal_send(p, current, &info);
}

void file_sigpipe(void) { raise_here(SIGPIPE); }

int file_too_large(void)
{
	raise_here(SIGXFSZ);
	return -EFBIG;
}

int file_limit_size(const struct inode *i, u64 size)
{
	struct process *p = current->process;

	return p && size > i->size && size > p->limits[RLIMIT_FSIZE].cur ? file_too_large() : 0;
}

/* ---- inodes without a name ---- */

static struct superblock anon_super = {
	.dev = 0xe, .magic = 0x09041934 /* ANON_INODE_FS_MAGIC */, .block_size = PAGE_SIZE, .next_ino = 1024,
	.type = "anon", .source = "anon",
};
static const struct inode_ops anon_iops;

struct inode *inode_anon(u32 mode, const struct inode_ops *ops)
{
	struct inode *i = kmalloc(sizeof(*i));

	if (!i)
		return NULL;
	inode_init(i, &anon_super, mode, ops ? ops : &anon_iops, NULL);
	i->uid = current->process ? current->process->euid : 0;
	i->gid = current->process ? current->process->egid : 0;
	return i;
}

struct file *file_anon(u32 mode, u32 flags, const struct file_ops *ops, void *priv)
{
	struct inode *i = inode_anon(mode, NULL);
	struct file *f = i ? file_alloc(i, NULL, O_RDWR | flags, ops) : NULL;

	if (i)
		inode_unref(i);
	if (!f)
		return NULL;
	f->kind |= FILE_STREAM;
	f->priv = priv;
	return f;
}
