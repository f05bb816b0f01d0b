/* SPDX-License-Identifier: MIT */
/* Inodes and dentries: their counts, and the tree of names. */
#include "fs/dentry.h"
#include "fs/mapped.h"
#include "fs/notify.h"
#include "lib/log.h"
#include "lib/string.h"
#include "mm/heap.h"
#include "proc/clock.h"

struct spinlock dcache_lock = SPINLOCK_INIT;
struct mutex rename_lock;

static u32 superblock_count;

void superblock_init(struct superblock *sb, const struct super_ops *ops, u32 flags, u32 magic, const char *type)
{
	memset(sb, 0, sizeof(*sb));
	sb->ops = ops;
	sb->flags = flags;
	sb->dev = __atomic_add_fetch(&superblock_count, 1, __ATOMIC_RELAXED);
	sb->magic = magic;
	sb->block_size = PAGE_SIZE;
	sb->next_ino = 1;
	sb->type = type;
	sb->source = type;
}

void inode_init(struct inode *i, struct superblock *sb, u32 mode, const struct inode_ops *ops,
		const struct file_ops *fops)
{
	memset(i, 0, sizeof(*i));
	i->refs = 1;
	i->mode = mode;
	i->nlink = S_ISDIR(mode) ? 2 : 1;
	i->ino = __atomic_fetch_add(&sb->next_ino, 1, __ATOMIC_RELAXED);
	i->atime = i->mtime = i->ctime = clock_realtime();
	i->sb = sb;
	i->ops = ops;
	i->fops = fops;
	mutex_init(&i->lock);
}

void inode_unref(struct inode *i)
{
	if (__atomic_sub_fetch(&i->refs, 1, __ATOMIC_ACQ_REL) == 0) {
		if (i->mapped)
			mapped_free(i);
		if (i->ops->evict)
			i->ops->evict(i);
		else
			kfree(i);
	}
}

void inode_touch(struct inode *i, u32 attr)
{
	s64 now = clock_realtime();

	if (attr & ATTR_ATIME)
		i->atime = now;
	if (attr & ATTR_MTIME)
		i->mtime = now;
	if (attr & ~(u32)ATTR_ATIME)
		i->ctime = now;
}

u32 dentry_hash(const char *name, size_t len)
{
	u32 h = 2166136261u; /* FNV-1a */

	for (size_t i = 0; i < len; i++)
		h = (h ^ (u8)name[i]) * 16777619u;
	return h;
}

static int dentry_order(u32 hash, const char *name, size_t len, const struct dentry *d)
{
	if (hash != d->hash)
		return hash < d->hash ? -1 : 1;
	if (len != d->len)
		return len < d->len ? -1 : 1;
	return memcmp(name, d->name, len);
}

static int dentry_cmp(const struct tree_node *a, const struct tree_node *b)
{
	const struct dentry *d = tree_entry(a, struct dentry, node);

	return dentry_order(d->hash, d->name, d->len, tree_entry(b, struct dentry, node));
}

struct dentry *dentry_find_locked(struct dentry *parent, const char *name, size_t len)
{
	struct tree_node *n = parent->children.root;
	u32 hash = dentry_hash(name, len);

	while (n) {
		struct dentry *d = tree_entry(n, struct dentry, node);
		int c = dentry_order(hash, name, len, d);

		if (c == 0)
			return d;
		n = c < 0 ? n->left : n->right;
	}
	return NULL;
}

struct dentry *dentry_find(struct dentry *parent, const char *name, size_t len)
{
	unsigned long ev = spin_lock(&dcache_lock);
	struct dentry *d = dentry_find_locked(parent, name, len);

	if (d)
		dentry_ref(d);
	spin_unlock(&dcache_lock, ev);
	return d;
}

bool dentry_set_name(struct dentry *d, const char *name, size_t len)
{
	char *s = d->short_name;

	if (len >= sizeof(d->short_name)) {
		s = kmalloc(len + 1);
		if (!s)
			return false;
	}
	memcpy(s, name, len);
	s[len] = '\0';
	d->name = s;
	d->len = len;
	d->hash = dentry_hash(name, len);
	return true;
}

void dentry_free_name(struct dentry *d)
{
	if (d->name != d->short_name)
		kfree(d->name);
}

struct dentry *dentry_alloc(struct inode *i, const char *name, size_t len)
{
	struct dentry *d = kzalloc(sizeof(*d));

	if (!d)
		return NULL;
	if (!dentry_set_name(d, name, len)) {
		kfree(d);
		return NULL;
	}
	d->refs = 1;
	d->inode = i ? inode_ref(i) : NULL;
	list_init(&d->link);
	list_init(&d->order);
	d->next_seq = 2;
	return d;
}

struct dentry *dentry_alone(struct inode *i, const char *name) { return dentry_alloc(i, name, strlen(name)); }

void dentry_hash_locked(struct dentry *parent, struct dentry *d)
{
	d->seq = parent->next_seq++;
	tree_insert(&parent->children, &d->node, dentry_cmp);
	list_push_back(&parent->order, &d->link);
	d->flags |= DENTRY_HASHED;
}

/* The name goes away: the dentry lives on, without a place, as long as it is held. */
void dentry_unhash_locked(struct dentry *d)
{
	if (!(d->flags & DENTRY_HASHED))
		return;
	tree_remove(&d->parent->children, &d->node);
	list_remove(&d->link);
	d->flags &= ~(u32)DENTRY_HASHED;
}

struct dentry *dentry_prepare(struct dentry *parent, const char *name, size_t len)
{
	struct dentry *d = dentry_alloc(NULL, name, len);

	if (d)
		d->parent = dentry_ref(parent);
	return d;
}

void dentry_attach(struct dentry *d, struct inode *i)
{
	unsigned long ev;

	d->inode = inode_ref(i);
	if (d->parent->inode->sb->flags & SB_PINNED) {
		d->flags |= DENTRY_PINNED;
		d->refs++;
	}
	ev = spin_lock(&dcache_lock);
	dentry_hash_locked(d->parent, d);
	spin_unlock(&dcache_lock, ev);
}

struct dentry *dentry_add(struct dentry *parent, const char *name, size_t len, struct inode *i)
{
	struct dentry *d = dentry_prepare(parent, name, len);

	if (d)
		dentry_attach(d, i);
	return d;
}

/* The name has been removed: forgets it, and the reference that kept it. */
void dentry_drop(struct dentry *d)
{
	unsigned long ev = spin_lock(&dcache_lock);
	bool pinned = d->flags & DENTRY_PINNED;

	dentry_unhash_locked(d);
	d->flags &= ~(u32)DENTRY_PINNED;
	spin_unlock(&dcache_lock, ev);
	if (pinned)
		dentry_unref(d);
}

/*
 * The last reference must go under the lock, since a look-up may find the dentry until it is out of the tree.
 * Goes upwards by a loop: a deep path must not eat the stack.
 */
void dentry_unref(struct dentry *d)
{
	while (d) {
		struct dentry *parent;
		unsigned long ev;
		u32 refs = READ_ONCE(d->refs);

		while (refs > 1) {
			if (__atomic_compare_exchange_n(&d->refs, &refs, refs - 1, true, __ATOMIC_RELEASE,
							__ATOMIC_RELAXED))
				return;
		}
		ev = spin_lock(&dcache_lock);
		if (__atomic_sub_fetch(&d->refs, 1, __ATOMIC_ACQ_REL)) {
			spin_unlock(&dcache_lock, ev);
			return;
		}
		dentry_unhash_locked(d);
		spin_unlock(&dcache_lock, ev);
		parent = d->parent;
		if (d->inode) {
			if (!d->inode->nlink)
				notify_gone(d->inode);
			inode_unref(d->inode);
		}
		dentry_free_name(d);
		kfree(d);
		d = parent;
	}
}
