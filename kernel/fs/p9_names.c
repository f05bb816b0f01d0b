/* SPDX-License-Identifier: MIT */
/*
 * Names that the server has been asked for, those that are not there too, and how long they hold: as long as a look at
 * the directory's times shows no change.  A file with several names is not remembered: a server that knows files by
 * their names may know it by one that is gone.
 */
#include "fs/p9.h"
#include "fs/dentry.h"
#include "lib/errno.h"
#include "lib/string.h"
#include "mm/heap.h"

struct p9_name {
	struct tree_node node; /* p9_inode.names: by hash, length, bytes */
	struct list link;      /* p9_fs.names */
	struct p9_inode *dir;  /* a reference */
	struct inode *inode;   /* a reference; NULL: no such name */
	struct p9_when asked;
	u32 version; /* of the directory */
	u32 hash;
	u16 len;
	char name[];
};

static int name_cmp(const struct tree_node *a, const struct tree_node *b)
{
	const struct p9_name *n = tree_entry(a, struct p9_name, node), *m = tree_entry(b, struct p9_name, node);

	return name_order(n->hash, n->name, n->len, m->hash, m->name, m->len);
}

static struct p9_name *name_find(struct p9_inode *dir, const char *name, size_t len)
{
	u32 hash = dentry_hash(name, len);
	struct tree_node *t = dir->names.root;

	while (t) {
		struct p9_name *n = tree_entry(t, struct p9_name, node);
		int c = name_order(hash, name, len, n->hash, n->name, n->len);

		if (c == 0)
			return n;
		t = c < 0 ? t->left : t->right;
	}
	return NULL;
}

static void name_unlink(struct p9_fs *fs, struct p9_name *n)
{
	tree_remove(&n->dir->names, &n->node);
	list_remove(&n->link);
	fs->name_count--;
}

static void name_free(struct p9_name *n)
{
	if (n->inode)
		inode_unref(n->inode);
	inode_unref(&n->dir->vfs);
	kfree(n);
}

void p9_name_forget(struct p9_fs *fs, struct p9_inode *dir, const char *name, size_t len)
{
	unsigned long ev = spin_lock(&fs->lock);
	struct p9_name *n = name_find(dir, name, len);

	if (n)
		name_unlink(fs, n);
	spin_unlock(&fs->lock, ev);
	if (n)
		name_free(n);
}

/* Remembers it, and forgets what has not been asked for longest. */
static void name_keep(struct p9_inode *dir, const char *name, size_t len, struct inode *inode, struct p9_when asked,
		      u32 version)
{
	struct p9_fs *fs = p9_fs_of(&dir->vfs);
	struct p9_name *n = kmalloc(sizeof(*n) + len), *old, *last = NULL;
	unsigned long ev;

	if (!n)
		return;
	*n = (struct p9_name){.dir = dir, .inode = inode, .asked = asked, .version = version, .len = (u16)len,
			      .hash = dentry_hash(name, len)};
	memcpy(n->name, name, len);
	inode_ref(&dir->vfs);
	if (inode)
		inode_ref(inode);
	ev = spin_lock(&fs->lock);
	old = name_find(dir, name, len);
	if (old)
		name_unlink(fs, old);
	tree_insert(&dir->names, &n->node, name_cmp);
	list_push_front(&fs->names, &n->link);
	if (++fs->name_count > fs->name_max) {
		last = list_entry(fs->names.prev, struct p9_name, link);
		name_unlink(fs, last);
	}
	spin_unlock(&fs->lock, ev);
	if (old)
		name_free(old);
	if (last)
		name_free(last);
}

/* Whether the name is known: then *inode is what it names, with a reference, or NULL. */
static bool name_known(struct p9_inode *d, const char *name, size_t len, struct inode **inode, bool *was_known)
{
	struct p9_fs *fs = p9_fs_of(&d->vfs);
	bool look = true, known;

	for (;;) {
		unsigned long ev = spin_lock(&fs->lock);
		struct p9_name *n = name_find(d, name, len);

		*was_known = n != NULL;
		known = n && !(n->inode && (p9_inode_of(n->inode)->gone || p9_inode_of(n->inode)->lost));
		if (known) {
			bool same = n->version == d->version;

			known = p9_holds(&n->asked) || (same && p9_holds(&d->checked));
			look &= same;
			if (known) {
				*inode = n->inode ? inode_ref(n->inode) : NULL;
				list_remove(&n->link);
				list_push_front(&fs->names, &n->link);
			}
		} else {
			look = false;
		}
		spin_unlock(&fs->lock, ev);
		if (known || !look || p9_check(d))
			return known;
		look = false;
	}
}

int p9_lookup(struct inode *dir, const char *name, size_t len, struct inode **out)
{
	struct p9_inode *d = p9_inode_of(dir);
	struct p9_when when;
	bool again;
	u32 version;
	int err;

	if (name_known(d, name, len, out, &again))
		return *out ? 0 : -ENOENT;
	version = READ_ONCE(d->version);
	when = p9_now();
	err = p9_walk_to(dir, name, len, out);
	if (err == -ENOENT || (!err && (S_ISDIR((*out)->mode) || (*out)->nlink == 1)))
		name_keep(d, name, len, err ? NULL : *out, when, version);
	else if (again)
		p9_name_forget(p9_fs_of(dir), d, name, len);
	return err;
}
