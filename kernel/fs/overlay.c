/* SPDX-License-Identifier: MIT */
/* The overlay's tree: inodes and names.  The bytes of its files: overlay_file.c. */
#include "fs/overlay_names.h"
#include "lib/log.h"
#include "lib/string.h"
#include "mm/heap.h"
#include "platform/platform.h"

#define OVERLAYFS_MAGIC 0x794c7630u
#define NEW_INODES	(1ull << 56) /* what is made here is numbered from here on: no file of the host's is likely to be */

static const struct inode_ops ovl_dir_iops, ovl_iops;
static const struct file_ops ovl_dir_ops;

/* ---- nodes and inodes ---- */

static struct ovl_node *node_make(struct inode *i, struct inode *lower)
{
	struct ovl_node *n = kzalloc(sizeof(*n));

	if (!n)
		return NULL;
	n->inode = i;
	n->lower = lower ? inode_ref(lower) : NULL;
	n->next_seq = 2;
	mutex_init(&n->lock);
	list_init(&n->order);
	i->priv = n;
	return n;
}

static void node_free(struct ovl_node *n)
{
	struct ovl_super *s = ovl_super_of(n->inode);

	if (n->hashed) {
		unsigned long ev = spin_lock(&s->lock);

		tree_remove(&s->by_lower, &n->by_lower);
		spin_unlock(&s->lock, ev);
	}
	while (!list_empty(&n->order)) {
		struct ovl_name *name = list_first(&n->order, struct ovl_name, link);
		struct inode *i = name->inode;

		list_remove(&name->link);
		kfree(name);
		__atomic_fetch_sub(&s->names, 1, __ATOMIC_RELAXED);
		/* A directory that goes with this one leaves its names to it: a deep tree must not eat the stack. */
		if (i && S_ISDIR(i->mode) && i->priv && READ_ONCE(i->refs) == 1) {
			struct ovl_node *below = ovl_node_of(i);

			while (!list_empty(&below->order)) {
				struct list *l = below->order.next;

				list_remove(l);
				list_push_back(&n->order, l);
			}
			below->names.root = NULL;
		}
		if (i)
			inode_unref(i);
	}
	if (n->lower)
		inode_unref(n->lower);
	kfree(n);
}

static void ovl_evict(struct inode *i)
{
	if (ovl_has_node(i) && i->priv) {
		node_free(i->priv);
		i->priv = NULL;
	}
	ramfs_iops.evict(i);
}

/* An inode that ramfs has made becomes ours. */
static int adopt(struct inode *i)
{
	if (!S_ISDIR(i->mode)) {
		i->ops = &ovl_iops;
		return 0;
	}
	i->ops = &ovl_dir_iops;
	i->fops = &ovl_dir_ops;
	return node_make(i, NULL) ? 0 : -ENOMEM;
}

static int lower_cmp(const struct tree_node *a, const struct tree_node *b)
{
	u64 x = tree_entry(a, struct ovl_node, by_lower)->lower->ino, y = tree_entry(b, struct ovl_node, by_lower)->lower->ino;

	return x < y ? -1 : x > y;
}

static bool ref_unless_dead(struct inode *i)
{
	u32 refs = READ_ONCE(i->refs);

	do {
		if (refs == 0)
			return false;
	} while (!__atomic_compare_exchange_n(&i->refs, &refs, refs + 1, true, __ATOMIC_ACQUIRE, __ATOMIC_RELAXED));
	return true;
}

/* A file with several names is one inode, whichever of them it is found by. */
static struct inode *find_by_lower(struct ovl_super *s, u64 ino)
{
	unsigned long ev = spin_lock(&s->lock);
	struct tree_node *t = s->by_lower.root;
	struct inode *found = NULL;

	while (t && !found) {
		struct ovl_node *n = tree_entry(t, struct ovl_node, by_lower);

		if (ino == n->lower->ino) {
			if (!ref_unless_dead(n->inode))
				break;
			found = n->inode;
		}
		t = ino < n->lower->ino ? t->left : t->right;
	}
	spin_unlock(&s->lock, ev);
	return found;
}

static void hash_by_lower(struct ovl_super *s, struct ovl_node *n)
{
	unsigned long ev = spin_lock(&s->lock);

	tree_insert(&s->by_lower, &n->by_lower, lower_cmp);
	n->hashed = true;
	spin_unlock(&s->lock, ev);
}

void ovl_change(struct inode *i)
{
	struct ovl_node *n = ovl_node_of(i);

	if (!ovl_has_node(i) || !n || READ_ONCE(n->changed))
		return;
	ovl_refresh(i);
	mutex_lock(&n->lock);
	n->changed = true;
	mutex_unlock(&n->lock);
}

static void take_attributes(struct inode *i, const struct inode *lower)
{
	i->uid = lower->uid;
	i->gid = lower->gid;
	i->nlink = lower->nlink;
	i->ino = lower->ino;
	i->rdev = lower->rdev;
	i->size = lower->size;
	i->atime = lower->atime;
	i->mtime = lower->mtime;
	i->ctime = lower->ctime;
}

void ovl_refresh(struct inode *i)
{
	struct ovl_node *n = ovl_node_of(i);
	struct inode *lower;
	struct kstat st;

	if (!ovl_untouched(i) || !n->lower->ops->getattr || n->lower->ops->getattr(n->lower, &st))
		return; /* gone, or the server is: it stays as it was known */
	lower = n->lower;
	mutex_lock(&n->lock);
	if (!n->changed && (i->mtime != lower->mtime || i->ctime != lower->ctime || i->size != lower->size)) {
		i->mode = lower->mode;
		take_attributes(i, lower);
		if (S_ISREG(i->mode)) {
			struct ramfs_inode *ri = ramfs_of(i);
			unsigned long ev = spin_lock(&ri->lock);

			ri->base_len = lower->size;
			pages_drop(&ri->pages, 0, ~0ull >> PAGE_SHIFT);
			spin_unlock(&ri->lock, ev);
		}
	}
	mutex_unlock(&n->lock);
}

/* Our inode for a lower one. */
static int wrap(struct superblock *sb, struct inode *lower, struct inode **out)
{
	struct ovl_super *s = container_of(sb, struct ovl_super, sb);
	bool several = !S_ISDIR(lower->mode) && lower->nlink > 1 && ovl_has_node(lower);
	struct inode *i = several ? find_by_lower(s, lower->ino) : NULL;
	struct ovl_node *n = NULL;

	if (i) {
		*out = i;
		return 0;
	}
	i = ramfs_inode_create(sb, lower->mode, NULL);
	if (!i)
		return -ENOMEM;
	take_attributes(i, lower);
	i->ops = S_ISDIR(i->mode) ? &ovl_dir_iops : &ovl_iops;
	if (ovl_has_node(i)) {
		n = node_make(i, lower);
		if (!n) {
			inode_unref(i);
			return -ENOMEM;
		}
	}
	if (S_ISDIR(i->mode)) {
		i->fops = &ovl_dir_ops;
	} else if (S_ISREG(i->mode)) {
		i->fops = &ovl_file_ops;
		ramfs_of(i)->base_len = lower->size;
		ramfs_of(i)->fetch = ovl_fetch;
	}
	if (several && n)
		hash_by_lower(s, n);
	*out = i;
	return 0;
}

/* ---- looking up ---- */

static int ovl_lookup(struct inode *dir, const char *name, size_t len, struct inode **out)
{
	struct ovl_node *d = ovl_node_of(dir);
	struct ovl_name *n = ovl_name_find(d, name, len);
	struct inode *lower, *i = n ? n->inode : NULL;
	int r;

	if (n && n->own && !i)
		return -ENOENT;
	if (i && (n->own || !ovl_untouched(i))) {
		*out = inode_ref(i);
		return 0;
	}
	r = ovl_lower_lookup(d, name, len, &lower);
	if (n && (r == -ENOENT || (!r && i && ovl_node_of(i)->lower != lower))) { /* the host has been at work */
		ovl_name_free(d, n);
		n = NULL;
		i = NULL;
	}
	if (r)
		return r;
	if (i) {
		*out = inode_ref(i);
	} else {
		n = ovl_name_make(d, name, len);
		r = n ? wrap(dir->sb, lower, out) : -ENOMEM;
		if (!r)
			ovl_name_give(d, n, *out, false);
	}
	inode_unref(lower);
	return r;
}

/* ---- changes ---- */

/* The entry of a name that the program is about to make in dir.  NULL: no memory. */
static struct ovl_name *own_name(struct inode *dir, const char *name, size_t len)
{
	ovl_change(dir);
	return ovl_name_make(ovl_node_of(dir), name, len);
}

/* What `make` has given to *out gets its name, which has been prepared. */
static int finish(struct inode *dir, struct ovl_name *n, int r, struct inode **out)
{
	if (r)
		return r;
	r = adopt(*out);
	if (r) {
		if (S_ISDIR((*out)->mode))
			dir->nlink--;
		inode_unref(*out);
		return r;
	}
	if (n)
		ovl_name_give(ovl_node_of(dir), n, *out, true);
	return 0;
}

static int ovl_create(struct inode *dir, const char *name, size_t len, u32 mode, struct file *f, struct inode **out)
{
	struct ovl_name *n = own_name(dir, name, len);

	return n ? finish(dir, n, ramfs_iops.create(dir, name, len, mode, f, out), out) : -ENOSPC;
}

static int ovl_tmpfile(struct inode *dir, u32 mode, struct inode **out)
{
	return finish(dir, NULL, ramfs_iops.tmpfile(dir, mode, out), out);
}

static int ovl_mkdir(struct inode *dir, const char *name, size_t len, u32 mode, struct inode **out)
{
	struct ovl_name *n = own_name(dir, name, len);

	return n ? finish(dir, n, ramfs_iops.mkdir(dir, name, len, mode, out), out) : -ENOSPC;
}

static int ovl_symlink(struct inode *dir, const char *name, size_t len, const char *target, struct inode **out)
{
	struct ovl_name *n = own_name(dir, name, len);

	return n ? finish(dir, n, ramfs_iops.symlink(dir, name, len, target, out), out) : -ENOSPC;
}

static int ovl_link(struct inode *dir, const char *name, size_t len, struct inode *i)
{
	struct ovl_name *n = own_name(dir, name, len);
	int r = n ? 0 : -ENOSPC;

	if (!r) {
		ovl_change(i);
		r = ramfs_iops.link(dir, name, len, i);
	}

	if (!r)
		ovl_name_give(ovl_node_of(dir), n, i, true);
	return r;
}

static int ovl_unlink(struct inode *dir, const char *name, size_t len, struct inode *i)
{
	int r;

	ovl_change(dir);
	ovl_change(i);
	r = ramfs_iops.unlink(dir, name, len, i);
	if (!r)
		ovl_name_hide(ovl_node_of(dir), name, len);
	return r;
}

static int ovl_rmdir(struct inode *dir, const char *name, size_t len, struct inode *i)
{
	int r = ovl_must_be_empty(i);

	if (!r) {
		ovl_change(dir);
		ovl_change(i);
		r = ramfs_iops.rmdir(dir, name, len, i);
	}
	if (!r)
		ovl_name_hide(ovl_node_of(dir), name, len);
	return r;
}

/* Directories of the lower tree move as any other: they keep their lower inode, not its name. */
static int ovl_rename(struct inode *old_dir, const char *old_name, size_t old_len, struct inode *i, struct inode *new_dir,
		      const char *new_name, size_t new_len, struct inode *target, unsigned flags)
{
	struct ovl_node *from = ovl_node_of(old_dir), *to = ovl_node_of(new_dir);
	struct ovl_name *n = own_name(new_dir, new_name, new_len);
	struct ovl_name *o = flags & RENAME_EXCHANGE ? ovl_name_make(from, old_name, old_len) : NULL;
	int r = 0;

	ovl_change(old_dir);
	if (!n || (flags & RENAME_EXCHANGE && !o))
		return -ENOSPC;
	if (target && S_ISDIR(target->mode) && !(flags & RENAME_EXCHANGE))
		r = ovl_must_be_empty(target);
	if (!r) {
		ovl_change(i);
		if (target)
			ovl_change(target);
	}
	if (!r)
		r = ramfs_iops.rename(old_dir, old_name, old_len, i, new_dir, new_name, new_len, target, flags);
	if (r)
		return r;
	ovl_name_give(to, n, i, true);
	if (o)
		ovl_name_give(from, o, target, true);
	else
		ovl_name_hide(from, old_name, old_len);
	return 0;
}

static ssize_t ovl_readlink(struct inode *i, char *buf, size_t size)
{
	struct ovl_node *n = ovl_node_of(i);
	struct ramfs_inode *ri = ramfs_of(i);
	ssize_t len = 0;
	char *link;

	if (!n || ri->link)
		return ramfs_iops.readlink(i, buf, size);
	link = kmalloc(PATH_MAX);
	if (!link)
		return -ENOMEM;
	len = n->lower->ops->readlink ? n->lower->ops->readlink(n->lower, link, PATH_MAX - 1) : -EINVAL;
	if (len >= 0) {
		link[len] = '\0';
		mutex_lock(&n->lock);
		if (!ri->link) {
			i->size = len;
			ri->link = kmalloc(len + 1);
			if (ri->link)
				memcpy(ri->link, link, len + 1);
		}
		mutex_unlock(&n->lock);
		len = MIN((size_t)len, size);
		memcpy(buf, link, len);
	}
	kfree(link);
	return len;
}

static int ovl_open(struct inode *i, struct file *f)
{
	ovl_sweep_when_full(ovl_super_of(i));
	if (S_ISREG(i->mode) && i->priv)
		return ovl_file_open(i, f);
	if (S_ISCHR(i->mode) || S_ISBLK(i->mode)) /* the host's: no business of the program's */
		return -ENXIO;
	return ramfs_iops.open(i, f);
}

static const struct file_ops ovl_dir_ops = {
	.readdir = ovl_readdir,
	.fsync = file_nothing_to_sync,
};

static int ovl_getattr(struct inode *i, struct kstat *st)
{
	ovl_sweep_when_full(ovl_super_of(i));
	ovl_refresh(i);
	return ramfs_iops.getattr(i, st);
}

static int ovl_setattr(struct inode *i, const struct iattr *a)
{
	ovl_change(i);
	return ramfs_iops.setattr(i, a);
}

/* Those of the lower files are not looked at: what they say (capabilities, access lists) has no meaning here. */
static ssize_t ovl_getxattr(struct inode *i, const char *name, void *buf, size_t size)
{
	return ramfs_iops.getxattr(i, name, buf, size);
}
static int ovl_setxattr(struct inode *i, const char *name, const void *value, size_t size, int flags)
{
	ovl_change(i);
	return ramfs_iops.setxattr(i, name, value, size, flags);
}
static ssize_t ovl_listxattr(struct inode *i, char *buf, size_t size) { return ramfs_iops.listxattr(i, buf, size); }

static const struct inode_ops ovl_dir_iops = {
	.lookup = ovl_lookup,
	.create = ovl_create,
	.tmpfile = ovl_tmpfile,
	.mkdir = ovl_mkdir,
	.symlink = ovl_symlink,
	.link = ovl_link,
	.unlink = ovl_unlink,
	.rmdir = ovl_rmdir,
	.rename = ovl_rename,
	.getattr = ovl_getattr,
	.setattr = ovl_setattr,
	.getxattr = ovl_getxattr,
	.setxattr = ovl_setxattr,
	.listxattr = ovl_listxattr,
	.evict = ovl_evict,
};

static const struct inode_ops ovl_iops = {
	.readlink = ovl_readlink,
	.getattr = ovl_getattr,
	.setattr = ovl_setattr,
	.getxattr = ovl_getxattr,
	.setxattr = ovl_setxattr,
	.listxattr = ovl_listxattr,
	.open = ovl_open,
	.evict = ovl_evict,
};

static int ovl_statfs(struct superblock *sb, struct linux_statfs *st)
{
	st->blocks = platform_memory_total() / PAGE_SIZE; /* there is as much room as memory */
	st->bfree = st->bavail = platform_memory_free() / PAGE_SIZE;
	st->files = st->ffree = st->blocks;
	return 0;
}

static const struct super_ops ovl_super_ops = {.statfs = ovl_statfs};

int overlay_mount(struct superblock *lower, struct superblock **out)
{
	struct ovl_super *s = kzalloc(sizeof(*s));
	int r;

	if (!s)
		return -ENOMEM;
	ovl_file_init();
	superblock_init(&s->sb, &ovl_super_ops, SB_REVALIDATE, OVERLAYFS_MAGIC, "overlay");
	s->sb.next_ino = NEW_INODES;
	r = wrap(&s->sb, lower->root_inode, &s->sb.root_inode);
	if (r) {
		kfree(s);
		return r;
	}
	*out = &s->sb;
	return 0;
}
