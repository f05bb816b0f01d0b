/* SPDX-License-Identifier: MIT */
/* The overlay's tables of names: kept, listed, and swept. */
#include "fs/overlay_names.h"
#include "fs/dentry.h"
#include "lib/string.h"
#include "mm/heap.h"
#include "platform/platform.h"

static int name_cmp(const struct tree_node *a, const struct tree_node *b)
{
	const struct ovl_name *n = tree_entry(a, struct ovl_name, node), *m = tree_entry(b, struct ovl_name, node);

	return name_order(n->hash, n->name, n->len, m->hash, m->name, m->len);
}

struct ovl_name *ovl_name_find(const struct ovl_node *dir, const char *name, size_t len)
{
	u32 hash = dentry_hash(name, len);
	struct tree_node *t = dir->names.root;

	while (t) {
		struct ovl_name *n = tree_entry(t, struct ovl_name, node);
		int c = name_order(hash, name, len, n->hash, n->name, n->len);

		if (c == 0)
			return n;
		t = c < 0 ? t->left : t->right;
	}
	return NULL;
}

struct ovl_name *ovl_name_make(struct ovl_node *dir, const char *name, size_t len)
{
	struct ovl_name *n = ovl_name_find(dir, name, len);

	if (n)
		return n;
	n = kzalloc(sizeof(*n) + len + 1);
	if (!n)
		return NULL;
	memcpy(n->name, name, len);
	n->len = (u16)len;
	n->hash = dentry_hash(name, len);
	tree_insert(&dir->names, &n->node, name_cmp);
	list_push_back(&dir->order, &n->link);
	n->seq = dir->next_seq++;
	__atomic_fetch_add(&ovl_super_of(dir->inode)->names, 1, __ATOMIC_RELAXED);
	return n;
}

void ovl_name_give(struct ovl_node *dir, struct ovl_name *n, struct inode *i, bool own)
{
	struct inode *old = n->inode;

	n->own = own;

	n->inode = inode_ref(i);
	n->ino = i->ino; /* NOLINT: wrap() has set what it returned 0 for */
	n->dtype = DT_OF_MODE(i->mode);
	if (!n->present) { /* new to readdir(2): at the end */
		list_remove(&n->link);
		list_push_back(&dir->order, &n->link);
		n->seq = dir->next_seq++;
	}
	n->present = true;
	if (old)
		inode_unref(old);
}

void ovl_name_free(struct ovl_node *dir, struct ovl_name *n)
{
	__atomic_fetch_sub(&ovl_super_of(dir->inode)->names, 1, __ATOMIC_RELAXED);
	tree_remove(&dir->names, &n->node);
	list_remove(&n->link);
	if (n->inode)
		inode_unref(n->inode);
	kfree(n);
}

int ovl_lower_lookup(struct ovl_node *d, const char *name, size_t len, struct inode **out)
{
	return d->lower && d->lower->ops->lookup ? d->lower->ops->lookup(d->lower, name, len, out) : -ENOENT;
}

void ovl_name_hide(struct ovl_node *dir, const char *name, size_t len)
{
	struct ovl_name *n = ovl_name_find(dir, name, len);
	struct inode *lower;
	int r;

	if (!n)
		return;
	r = ovl_lower_lookup(dir, name, len, &lower);
	if (r == -ENOENT) {
		ovl_name_free(dir, n);
		return;
	}
	if (!r)
		inode_unref(lower);
	n->present = false;
	n->own = true;
	if (n->inode)
		inode_unref(n->inode);
	n->inode = NULL;
}

/* ---- what can go ---- */

#define SWEEP_DEPTH 40

/*
 * Frees what nobody uses of what the program has not changed, in dir and below.  With dir's lock held.  True: there
 * is nothing left in it that dir has to be kept for.
 */
static bool sweep(struct inode *dir, unsigned depth)
{
	struct ovl_node *d = ovl_node_of(dir);
	bool used = READ_ONCE(dir->refs) > 1, clean = true;
	struct list *l, *next;

	for (l = d->order.next; l != &d->order; l = next) {
		struct ovl_name *n = list_entry(l, struct ovl_name, link);
		struct inode *i = n->inode;
		bool free = !n->own && (!i || ovl_untouched(i));

		next = l->next;
		if (i && S_ISDIR(i->mode) && (depth == SWEEP_DEPTH || !mutex_trylock(&i->lock))) {
			free = false;
		} else if (i && S_ISDIR(i->mode)) {
			free &= sweep(i, depth + 1);
			mutex_unlock(&i->lock);
		}
		if (!free || (i && READ_ONCE(i->refs) > 1)) {
			clean = false;
		} else if (used && n->listing == d->listing && n->listing) { /* may be being read */
			n->inode = NULL;
			if (i)
				inode_unref(i);
		} else {
			ovl_name_free(d, n);
		}
	}
	return clean;
}

void ovl_sweep_when_full(struct ovl_super *s)
{
	struct inode *root = s->sb.root_inode;
	unsigned most = (unsigned)MIN(platform_memory_total() / (256 * KiB), 8192ull);

	if (READ_ONCE(s->names) <= MAX(READ_ONCE(s->names_max), most) || !mutex_trylock(&root->lock))
		return;
	sweep(root, 0);
	s->names_max = 2 * READ_ONCE(s->names);
	mutex_unlock(&root->lock);
}

/* ---- listing ---- */

struct list_sink {
	struct dir_sink sink;
	struct ovl_node *dir;
	unsigned count;
	bool failed;
};

#define LIST_MAX (1u << 22) /* a server that gives more goes round in circles */

static bool list_emit(struct dir_sink *sink, const char *name, size_t len, u64 ino, unsigned dtype, u64 next)
{
	struct list_sink *l = container_of(sink, struct list_sink, sink);
	struct ovl_name *n;

	if ((len == 1 && name[0] == '.') || (len == 2 && name[0] == '.' && name[1] == '.') || len > NAME_MAX)
		return true;
	n = ovl_name_make(l->dir, name, len);
	if (!n || ++l->count > LIST_MAX) {
		l->failed = true;
		return false;
	}
	n->listing = l->dir->listing;
	if (n->own || n->inode) /* removed, made or looked up */
		return true;
	n->present = true;
	n->ino = ino;
	n->dtype = (u8)dtype;
	return true;
}

/* Brings all names of the lower directory into the table, and takes those out that it does not have any more. */
static int list_lower(struct ovl_node *d)
{
	struct list_sink l = {.sink.emit = list_emit, .dir = d};
	struct list *at, *next;
	struct file *f;
	u64 pos = 0;
	int r;

	if (!d->lower)
		return 0;
	r = ovl_open_lower(d->lower, O_RDONLY | O_DIRECTORY, &f);
	if (r)
		return r;
	if (!++d->listing)
		d->listing++;
	r = f->ops->readdir(f, &pos, &l.sink); /* to its end, since the sink takes all */
	file_unref(f);
	if (l.failed)
		r = -ENOMEM;
	for (at = d->order.next; !r && at != &d->order; at = next) {
		struct ovl_name *n = list_entry(at, struct ovl_name, link);

		next = at->next;
		if (n->listing != d->listing && !n->own && (!n->inode || ovl_untouched(n->inode)))
			ovl_name_free(d, n);
	}
	return r;
}

int ovl_readdir(struct file *f, u64 *pos, struct dir_sink *s)
{
	struct inode *dir = f->inode;
	struct ovl_node *d = ovl_node_of(dir);
	struct dentry *up = f->dentry ? f->dentry->parent : NULL;
	int r = 0;

	ovl_sweep_when_full(ovl_super_of(dir));
	mutex_lock(&dir->lock);
	if (*pos == 0)
		r = list_lower(d);
	if (!r && *pos == 0 && s->emit(s, ".", 1, dir->ino, DT_OF_MODE(S_IFDIR), 1))
		*pos = 1;
	if (!r && *pos == 1 && s->emit(s, "..", 2, up ? up->inode->ino : dir->ino, DT_OF_MODE(S_IFDIR), 2))
		*pos = 2;
	if (!r && *pos >= 2) {
		list_for_each(l, &d->order) {
			struct ovl_name *n = list_entry(l, struct ovl_name, link);

			if (n->seq < *pos || !n->present)
				continue;
			if (!s->emit(s, n->name, n->len, n->ino, n->dtype, n->seq + 1))
				break;
			*pos = n->seq + 1;
		}
	}
	mutex_unlock(&dir->lock);
	return r;
}

int ovl_must_be_empty(struct inode *dir)
{
	struct ovl_node *d = ovl_node_of(dir);
	int r = list_lower(d);

	if (r)
		return r;
	list_for_each(l, &d->order)
		if (list_entry(l, struct ovl_name, link)->present)
			return -ENOTEMPTY;
	return 0;
}
