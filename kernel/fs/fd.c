/* SPDX-License-Identifier: MIT */
#include "fs/fd.h"
#include "fs/range_lock.h"
#include "lib/string.h"
#include "mm/heap.h"

#define RLIMIT_NOFILE 7
#define FD_MAX	      (1u << 20) /* Linux's default of fs.nr_open */

struct file_table *file_table_create(void)
{
	struct file_table *t = kzalloc(sizeof(*t));

	if (!t)
		return NULL;
	t->files = t->first_files;
	t->cloexec = t->first_cloexec;
	t->size = ARRAY_SIZE(t->first_files);
	return t;
}

/* A descriptor of f is being closed. */
static void flush(struct file *f)
{
	if (!(f->kind & FILE_PATH))
		range_lock_release(f->inode, current->process); /* whichever descriptor they were taken by: fcntl(2) */
	if (f->ops && f->ops->flush)
		f->ops->flush(f);
}

static void table_close_range(struct file_table *t, unsigned from, unsigned to, bool only_cloexec)
{
	for (unsigned fd = from; fd < t->size && fd <= to; fd++) {
		unsigned long ev = spin_lock(&t->lock);
		struct file *f = t->files[fd];

		if (f && (!only_cloexec || t->cloexec[fd])) {
			t->files[fd] = NULL;
			t->hint = MIN(t->hint, fd);
		} else {
			f = NULL;
		}
		spin_unlock(&t->lock, ev);
		if (f) {
			flush(f);
			file_unref(f);
		}
	}
}

void fd_close_all(struct file_table *t) { table_close_range(t, 0, ~0u, false); }
void fd_close_on_exec(struct file_table *t) { table_close_range(t, 0, ~0u, true); }
void fd_close_many(unsigned from, unsigned to) { table_close_range(current->process->files, from, to, false); }

void fd_cloexec_many(unsigned from, unsigned to)
{
	struct file_table *t = current->process->files;
	unsigned long ev = spin_lock(&t->lock);

	for (unsigned fd = from; fd < t->size && fd <= to; fd++)
		t->cloexec[fd] = 1;
	spin_unlock(&t->lock, ev);
}

static struct file *table_get(struct file_table *t, int fd)
{
	unsigned long ev = spin_lock(&t->lock);
	struct file *f = (unsigned)fd < t->size ? t->files[fd] : NULL;

	if (f)
		file_ref(f);
	spin_unlock(&t->lock, ev);
	return f;
}

struct fdref fd_get_shared(int fd)
{
	struct file *f = table_get(current->process->files, fd);

	return (struct fdref){f, f != NULL};
}

struct file *fd_get_file(int fd)
{
	struct file *f = table_get(current->process->files, fd);

	if (f && (f->kind & FILE_PATH)) {
		file_unref(f);
		f = NULL;
	}
	return f;
}

/*
 * Makes the arrays hold `fd`.  A single-threaded process reads them without the lock, but then nobody else
 * is here either: the old arrays can go at once.
 */
static int table_grow(struct file_table *t, unsigned fd)
{
	unsigned size = t->size, old = size;
	struct file **files, **old_files;
	u8 *cloexec, *old_cloexec;
	unsigned long ev;

	while (size <= fd)
		size *= 2;
	files = kzalloc(size * sizeof(*files));
	cloexec = kzalloc(size);
	if (!files || !cloexec) {
		kfree(files);
		kfree(cloexec);
		return -ENOMEM;
	}
	ev = spin_lock(&t->lock);
	if (t->size != old) { /* another thread has grown it */
		spin_unlock(&t->lock, ev);
		kfree(files);
		kfree(cloexec);
		return 0;
	}
	memcpy(files, t->files, old * sizeof(*files));
	memcpy(cloexec, t->cloexec, old);
	old_files = t->files;
	old_cloexec = t->cloexec;
	t->files = files;
	t->cloexec = cloexec;
	t->size = size;
	spin_unlock(&t->lock, ev);
	if (old_files != t->first_files) {
		kfree(old_files);
		kfree(old_cloexec);
	}
	return 0;
}

static u64 fd_limit(void) { return MIN(current->process->limits[RLIMIT_NOFILE].cur, FD_MAX); }

int fd_install(struct file *f, int from, bool cloexec)
{
	struct file_table *t = current->process->files;
	u64 limit = fd_limit();

	for (;;) {
		unsigned long ev = spin_lock(&t->lock);
		unsigned fd = MAX((unsigned)from, t->hint);
		int r;

		while (fd < t->size && t->files[fd])
			fd++;
		if (fd < t->size && fd < limit) {
			t->files[fd] = f;
			t->cloexec[fd] = cloexec;
			if ((unsigned)from <= t->hint)
				t->hint = fd + 1;
			spin_unlock(&t->lock, ev);
			return fd;
		}
		spin_unlock(&t->lock, ev);
		if (fd >= limit)
			return -EMFILE;
		r = table_grow(t, fd);
		if (r)
			return r;
	}
}

int fd_room(void)
{
	struct file_table *t = current->process->files;
	u64 limit = fd_limit();
	unsigned long ev = spin_lock(&t->lock);
	unsigned fd = t->hint;

	while (fd < t->size && t->files[fd])
		fd++;
	t->hint = fd;
	spin_unlock(&t->lock, ev);
	return fd < limit ? 0 : -EMFILE;
}

int fd_close(int fd)
{
	struct file_table *t = current->process->files;
	unsigned long ev = spin_lock(&t->lock);
	struct file *f = (unsigned)fd < t->size ? t->files[fd] : NULL;

	if (f) {
		t->files[fd] = NULL;
		t->hint = MIN(t->hint, (unsigned)fd);
	}
	spin_unlock(&t->lock, ev);
	if (!f)
		return -EBADF;
	flush(f);
	file_unref(f);
	return 0;
}

int fd_replace(struct file *f, int fd, bool cloexec)
{
	struct file_table *t = current->process->files;
	struct file *old;
	unsigned long ev;

	if (fd < 0 || (u64)fd >= fd_limit())
		return -EBADF;
	while ((unsigned)fd >= t->size) {
		int r = table_grow(t, fd);

		if (r)
			return r;
	}
	ev = spin_lock(&t->lock);
	old = t->files[fd];
	t->files[fd] = f;
	t->cloexec[fd] = cloexec;
	if (t->hint == (unsigned)fd)
		t->hint = fd + 1;
	spin_unlock(&t->lock, ev);
	if (old) {
		flush(old);
		file_unref(old);
	}
	return fd;
}

int fd_cloexec(int fd, int set)
{
	struct file_table *t = current->process->files;
	unsigned long ev = spin_lock(&t->lock);
	int r = -EBADF;

	if ((unsigned)fd < t->size && t->files[fd]) {
		r = t->cloexec[fd];
		if (set >= 0)
			t->cloexec[fd] = set;
	}
	spin_unlock(&t->lock, ev);
	return r;
}

int fd_next(struct file_table *t, int fd)
{
	unsigned long ev = spin_lock(&t->lock);

	while ((unsigned)fd < t->size && !t->files[fd])
		fd++;
	if ((unsigned)fd >= t->size)
		fd = -1;
	spin_unlock(&t->lock, ev);
	return fd;
}
