/* SPDX-License-Identifier: MIT */
/*
 * The bytes of lower files.  What is asked for in small pieces is fetched in chunks, the last of which are kept:
 * a dynamic linker reads a header and maps the rest, and each page fault asks for one page.
 */
#include "fs/overlay.h"
#include "lib/string.h"
#include "mm/heap.h"
#include "platform/platform.h"

#define CHUNK_SIZE (64 * KiB)
#define CHUNKS_MAX 96 /* 6 MiB, or 1/32 of the memory */

struct chunk {
	struct list link;
	u64 id, index;
	u32 refs;
	u32 len;
	u8 data[];
};

static struct {
	struct spinlock lock;
	struct list all; /* the last used first */
	unsigned count;
} chunks = {.all = LIST_INIT(chunks.all)};

struct file_ops ovl_file_ops;

/* ---- the lower file ---- */

int ovl_open_lower(struct inode *lower, u32 flags, struct file **out)
{
	struct file *f = file_alloc(lower, NULL, flags, lower->fops);
	int r;

	if (!f)
		return -ENOMEM;
	r = lower->ops->open ? lower->ops->open(lower, f) : 0;
	if (r) {
		f->ops = NULL;
		file_unref(f);
		return r;
	}
	*out = f;
	return 0;
}

int ovl_file_open(struct inode *i, struct file *f)
{
	struct ovl_node *n = ovl_node_of(i);

	mutex_lock(&n->lock);
	n->opens++;
	mutex_unlock(&n->lock);
	return 0;
}

static void ovl_release(struct file *f)
{
	struct ovl_node *n = ovl_node_of(f->inode);
	struct file *lower = NULL;

	if (!n || (f->kind & FILE_PATH))
		return;
	mutex_lock(&n->lock);
	if (--n->opens == 0) {
		lower = n->file;
		n->file = NULL;
	}
	mutex_unlock(&n->lock);
	if (lower)
		file_unref(lower);
}

/* The open lower file, with a reference. */
static int lower_file(struct ovl_node *n, struct file **out)
{
	int r = 0;

	mutex_lock(&n->lock);
	if (!n->file)
		r = ovl_open_lower(n->lower, O_RDONLY, &n->file);
	if (!r)
		*out = file_ref(n->file);
	if (!r && !n->opens) { /* asked for without being open: not kept */
		file_unref(n->file);
		n->file = NULL;
	}
	mutex_unlock(&n->lock);
	return r;
}

/* ---- chunks ---- */

static struct chunk *chunk_find(u64 id, u64 index)
{
	unsigned long ev = spin_lock(&chunks.lock);
	struct chunk *found = NULL;

	list_for_each(l, &chunks.all) {
		struct chunk *c = list_entry(l, struct chunk, link);

		if (c->id == id && c->index == index) {
			c->refs++;
			list_remove(&c->link);
			list_push_front(&chunks.all, &c->link);
			found = c;
			break;
		}
	}
	spin_unlock(&chunks.lock, ev);
	return found;
}

static void chunk_put(struct chunk *c)
{
	unsigned long ev = spin_lock(&chunks.lock);
	bool last = --c->refs == 0;

	spin_unlock(&chunks.lock, ev);
	if (last)
		kfree(c);
}

/* Keeps c, and lets the one go that has not been used for longest. */
static void chunk_keep(struct chunk *c)
{
	u64 max = MIN(platform_memory_total() / 32 / CHUNK_SIZE, (u64)CHUNKS_MAX);
	struct chunk *old = NULL;
	unsigned long ev;

	if (!max)
		return;
	ev = spin_lock(&chunks.lock);
	if (chunks.count >= max) {
		old = list_entry(chunks.all.prev, struct chunk, link);
		list_remove(&old->link);
		chunks.count--;
	}
	c->refs++;
	list_push_front(&chunks.all, &c->link);
	chunks.count++;
	spin_unlock(&chunks.lock, ev);
	if (old)
		chunk_put(old);
}

static int chunk_read(struct ovl_node *n, u64 index, struct chunk **out)
{
	struct chunk *c = kmalloc(sizeof(*c) + CHUNK_SIZE);
	struct file *f;
	ssize_t got;
	int r;

	if (!c)
		return -ENOMEM;
	c->id = n->id;
	c->index = index;
	c->refs = 1;
	r = lower_file(n, &f);
	if (r) {
		kfree(c);
		return r;
	}
	got = file_kernel_read(f, c->data, CHUNK_SIZE, index * CHUNK_SIZE);
	file_unref(f);
	if (got < 0) {
		kfree(c);
		return (int)got;
	}
	c->len = got;
	chunk_keep(c);
	*out = c;
	return 0;
}

static ssize_t fetch_straight(struct ovl_node *n, struct uio *u, u64 off, size_t len)
{
	struct uio part = *u;
	struct file *f;
	ssize_t r = lower_file(n, &f);

	if (r)
		return r;
	if (u->iov == &u->one)
		part.iov = &part.one;
	part.left = len;
	r = f->ops->read(f, &part, off);
	file_unref(f);
	if (r > 0)
		uio_skip(u, r);
	u->faulted |= part.faulted;
	return r;
}

ssize_t ovl_fetch(struct ramfs_inode *ri, struct uio *u, u64 off, size_t len)
{
	struct ovl_node *n = ovl_node_of(&ri->inode);
	size_t done = 0;

	if (len >= CHUNK_SIZE)
		return fetch_straight(n, u, off, len);
	while (done < len) {
		u64 at = off + done, in = at % CHUNK_SIZE;
		size_t k = MIN(len - done, CHUNK_SIZE - in), moved;
		struct chunk *c = chunk_find(n->id, at / CHUNK_SIZE);
		int r = c ? 0 : chunk_read(n, at / CHUNK_SIZE, &c);

		if (r == -ENOMEM)
			return done ? (ssize_t)done : fetch_straight(n, u, at, len);
		if (r)
			return done ? (ssize_t)done : r;
		if (in >= c->len) { /* the host has cut it: see docs/loader.md */
			chunk_put(c);
			return done ? (ssize_t)done : -EIO;
		}
		k = MIN(k, c->len - in);
		moved = uio_copy_to(u, c->data + in, k);
		chunk_put(c);
		done += moved;
		if (moved < k)
			break;
	}
	return done;
}

void ovl_file_init(void)
{
	ovl_file_ops = ramfs_file_ops;
	ovl_file_ops.release = ovl_release;
}
