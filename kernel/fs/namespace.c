/* SPDX-License-Identifier: MIT */
/* Calls that make, remove and change names.  The order of the checks is Linux's, since it decides which error wins. */
#include "fs/notify.h"
#include "fs/walk.h"
#include "lib/string.h"
#include "mm/heap.h"
#include "proc/cred.h"
#include "proc/thread.h"

/* A place for a new or old name: the directory (locked) and the last component. */
struct place {
	struct walk w;
	struct dentry *dir; /* w.cur */
	struct dentry *found; /* what is there now; NULL: nothing */
	struct dentry *made;  /* place_new: gets the new inode */
};

static bool is_dots(const struct walk *w)
{
	return w->len == 0 || (w->last[0] == '.' && (w->len == 1 || (w->len == 2 && w->last[1] == '.')));
}

/* Walks up to the last name.  End with walk_end(). */
static int place_walk(struct place *p, struct dentry *at, const char *path)
{
	int r = walk_start(&p->w, at, path, 0);

	return r ? r : walk_run(&p->w, true);
}

/* Locks the directory that has been walked to; looks the name up.  Not for "." and "..". */
static int place_find(struct place *p)
{
	int r;

	p->dir = p->w.cur;
	p->found = p->made = NULL;
	mutex_lock(&p->dir->inode->lock);
	r = vfs_lookup_held(p->dir, p->w.last, p->w.len, &p->found);
	if (r && r != -ENOENT) {
		mutex_unlock(&p->dir->inode->lock);
		return r;
	}
	return 0;
}

static void place_end(struct place *p)
{
	mutex_unlock(&p->dir->inode->lock);
	if (p->found)
		dentry_unref(p->found);
	if (p->made)
		dentry_unref(p->made);
}

static u32 current_umask(void) { return current->process && current->process->fs ? current->process->fs->umask : 022; }

static int may_create(struct dentry *dir)
{
	if (!dir->inode->nlink) /* removed while we hold it */
		return -ENOENT;
	return vfs_permission(dir->inode, MAY_WRITE | MAY_EXEC);
}

static int may_delete(struct dentry *dir, struct dentry *d, bool want_dir)
{
	struct process *p = current->process;
	struct inode *i = d->inode;
	int r = vfs_permission(dir->inode, MAY_WRITE | MAY_EXEC);

	if (r)
		return r;
	if ((dir->inode->mode & S_ISVTX) && p && !capable(CAP_FOWNER) && p->euid != i->uid && p->euid != dir->inode->uid &&
	    !(i->sb->flags & SB_NO_PERM))
		return -EPERM;
	if (want_dir && !S_ISDIR(i->mode))
		return -ENOTDIR;
	if (want_dir && (!d->parent || d->mount))
		return -EBUSY;
	if (!want_dir && S_ISDIR(i->mode))
		return -EISDIR;
	return 0;
}

static bool dentry_has_children(struct dentry *d)
{
	return (d->inode->sb->flags & SB_PINNED) && !list_empty(&d->order);
}

/* The common frame of mkdir, mknod, symlink and link: a new name that must not exist yet. */
static int place_new(struct place *p, struct dentry *at, const char *path, bool dir)
{
	int r = place_walk(p, at, path);

	if (r)
		return r;
	if (is_dots(&p->w))
		return -EEXIST;
	r = place_find(p);
	if (r)
		return r;
	if (p->found)
		r = -EEXIST;
	else if (p->w.slash && !dir)
		r = -ENOENT;
	else if (p->dir->inode->sb->flags & SB_RDONLY)
		r = -EROFS;
	else
		r = may_create(p->dir);
	if (!r) {
		p->made = dentry_prepare(p->dir, p->w.last, p->w.len);
		r = p->made ? 0 : -ENOMEM;
	}
	if (r)
		place_end(p);
	return r;
}

/* Gives the new inode (its reference is consumed) its name. */
static void place_fill(struct place *p, struct inode *i)
{
	dentry_attach(p->made, i);
	notify_name(p->dir->inode, p->w.last, p->w.len, i, NOTIFY_CREATE);
	inode_unref(i);
}

int vfs_mkdir(struct dentry *at, const char *path, u32 mode)
{
	struct place p;
	struct inode *i;
	int r = place_new(&p, at, path, true);

	if (!r) {
		const struct inode_ops *ops = p.dir->inode->ops;

		r = ops->mkdir ? ops->mkdir(p.dir->inode, p.w.last, p.w.len, mode & ~current_umask() & 01777, &i)
			       : -EPERM;
		if (!r)
			place_fill(&p, i);
		place_end(&p);
	}
	walk_end(&p.w);
	return r;
}

int vfs_mknod(struct dentry *at, const char *path, u32 mode, u64 rdev)
{
	struct place p;
	struct inode *i;
	int r;

	if (!(mode & S_IFMT))
		mode |= S_IFREG;
	if (S_ISDIR(mode))
		return -EPERM;
	if (!S_ISREG(mode) && !S_ISFIFO(mode) && !S_ISSOCK(mode))
		return S_ISCHR(mode) || (mode & S_IFMT) == S_IFBLK ? -EPERM : -EINVAL;
	r = place_new(&p, at, path, false);
	if (!r) {
		const struct inode_ops *ops = p.dir->inode->ops;

		r = ops->create ? ops->create(p.dir->inode, p.w.last, p.w.len, mode & ~current_umask(), NULL, &i)
				: -EPERM;
		if (!r)
			place_fill(&p, i);
		place_end(&p);
	}
	walk_end(&p.w);
	return r;
}

int vfs_symlink(struct dentry *at, const char *path, const char *target)
{
	struct place p;
	struct inode *i;
	int r;

	if (!*target)
		return -ENOENT;
	r = place_new(&p, at, path, false);
	if (!r) {
		const struct inode_ops *ops = p.dir->inode->ops;

		r = ops->symlink ? ops->symlink(p.dir->inode, p.w.last, p.w.len, target, &i) : -EPERM;
		if (!r)
			place_fill(&p, i);
		place_end(&p);
	}
	walk_end(&p.w);
	return r;
}

int vfs_link(struct dentry *old, struct dentry *at, const char *path)
{
	struct inode *i = old->inode;
	struct place p;
	int r = place_new(&p, at, path, false);

	if (!r) {
		const struct inode_ops *ops = p.dir->inode->ops;

		if (i->sb != p.dir->inode->sb)
			r = -EXDEV;
		else if (S_ISDIR(i->mode) || !ops->link)
			r = -EPERM;
		else if (!i->nlink)
			r = -ENOENT;
		else
			r = ops->link(p.dir->inode, p.w.last, p.w.len, i);
		if (!r) {
			notify_inode(i, NOTIFY_ATTRIB); /* of its link count */
			place_fill(&p, inode_ref(i));
		}
		place_end(&p);
	}
	walk_end(&p.w);
	return r;
}

/* d has lost its name in p's directory: out of the tree with it.  The order of the news is Linux's. */
static void place_removed(struct place *p, struct dentry *d)
{
	struct inode *i = d->inode;

	if (!S_ISDIR(i->mode))
		notify_inode(i, NOTIFY_ATTRIB); /* of its link count */
	dentry_drop(d);
	if (READ_ONCE(d->refs) == 1 && !i->nlink) /* nobody but us has it open */
		notify_gone(i);
	notify_name(p->dir->inode, p->w.last, p->w.len, i, NOTIFY_DELETE);
}

int vfs_unlink(struct dentry *at, const char *path)
{
	struct place p;
	int r = place_walk(&p, at, path);

	if (!r && is_dots(&p.w))
		r = -EISDIR;
	if (!r)
		r = place_find(&p);
	if (!r) {
		const struct inode_ops *ops = p.dir->inode->ops;
		struct dentry *d = p.found;

		if (!d)
			r = -ENOENT;
		else if (p.w.slash)
			r = S_ISDIR(d->inode->mode) ? -EISDIR : -ENOTDIR;
		else if (p.dir->inode->sb->flags & SB_RDONLY)
			r = -EROFS;
		else
			r = may_delete(p.dir, d, false);
		if (!r)
			r = ops->unlink ? ops->unlink(p.dir->inode, p.w.last, p.w.len, d->inode) : -EPERM;
		if (!r)
			place_removed(&p, d);
		place_end(&p);
	}
	walk_end(&p.w);
	return r;
}

int vfs_rmdir(struct dentry *at, const char *path)
{
	struct place p;
	int r = place_walk(&p, at, path);

	if (!r && is_dots(&p.w))
		r = !p.w.len ? -EBUSY : p.w.len == 1 ? -EINVAL : -ENOTEMPTY;
	if (!r)
		r = place_find(&p);
	if (!r) {
		const struct inode_ops *ops = p.dir->inode->ops;
		struct dentry *d = p.found;

		if (!d)
			r = -ENOENT;
		else if (p.dir->inode->sb->flags & SB_RDONLY)
			r = -EROFS;
		else
			r = may_delete(p.dir, d, true);
		if (!r && !ops->rmdir)
			r = -EPERM;
		if (!r) {
			mutex_lock(&d->inode->lock); /* nobody makes a name in it meanwhile */
			r = dentry_has_children(d) ? -ENOTEMPTY
						   : ops->rmdir(p.dir->inode, p.w.last, p.w.len, d->inode);
			if (!r)
				d->inode->nlink = 0;
			mutex_unlock(&d->inode->lock);
		}
		if (!r)
			place_removed(&p, d);
		place_end(&p);
	}
	walk_end(&p.w);
	return r;
}

/* Whether a is d or above it.  Under rename_lock nothing moves. */
static bool dentry_is_above(struct dentry *a, struct dentry *d)
{
	for (; d; d = d->parent)
		if (d == a)
			return true;
	return false;
}

/* With dcache_lock held: d takes name and place from `name`, whose reference to the parent becomes d's. */
static void dentry_rename_locked(struct dentry *d, const struct dentry *name)
{
	memcpy(d->short_name, name->short_name, sizeof(name->short_name));
	d->name = name->name == name->short_name ? d->short_name : name->name;
	d->len = name->len;
	d->hash = name->hash;
	d->parent = name->parent;
	dentry_hash_locked(d->parent, d);
}

/* The two change places; what lies below them goes with them. */
static void dentry_exchange(struct dentry *a, struct dentry *b)
{
	unsigned long ev = spin_lock(&dcache_lock);
	struct dentry name = *a; /* its name, length, hash and parent */

	if (a->name == a->short_name)
		name.name = name.short_name;
	dentry_unhash_locked(a);
	dentry_unhash_locked(b);
	dentry_rename_locked(a, b);
	dentry_rename_locked(b, &name);
	spin_unlock(&dcache_lock, ev);
}

/* Gives d the name and place that `name` says; target, which had it, loses it. */
static void dentry_move(struct dentry *d, struct dentry *name, struct dentry *target)
{
	struct dentry *old_parent = d->parent;
	unsigned long ev;

	if (target)
		dentry_drop(target);
	ev = spin_lock(&dcache_lock);
	dentry_unhash_locked(d);
	dentry_free_name(d);
	dentry_rename_locked(d, name);
	spin_unlock(&dcache_lock, ev);
	dentry_unref(old_parent);
}

static int rename_check(struct place *from, struct place *to, unsigned flags)
{
	struct dentry *d = from->found, *target = to->found;
	bool dir, exchange = flags & RENAME_EXCHANGE;
	int r;

	if (!d || (exchange && !target))
		return -ENOENT;
	if (target && (flags & RENAME_NOREPLACE))
		return -EEXIST;
	dir = S_ISDIR(d->inode->mode);
	if (!dir && (from->w.slash || (to->w.slash && !exchange)))
		return -ENOTDIR;
	if (exchange && to->w.slash && !S_ISDIR(target->inode->mode))
		return -ENOTDIR;
	if (dentry_is_above(d, to->dir))
		return -EINVAL;
	if (target && dentry_is_above(target, from->dir))
		return exchange ? -EINVAL : -ENOTEMPTY;
	if (target && target->inode == d->inode)
		return 1; /* two names of one file: nothing happens (rename(2)) */
	r = may_delete(from->dir, d, dir);
	if (r)
		return r;
	r = target ? may_delete(to->dir, target, exchange ? S_ISDIR(target->inode->mode) : dir) : may_create(to->dir);
	if (r)
		return r;
	if (d->mount || (target && target->mount))
		return -EBUSY;
	if (dir && from->dir != to->dir)
		return vfs_permission(d->inode, MAY_WRITE);
	return 0;
}

/* i has moved from one place to the other, where it has replaced `victim` (or NULL). */
static void rename_notify(struct place *from, struct place *to, struct inode *i, struct inode *victim)
{
	u32 cookie;

	if (likely(!READ_ONCE(notify_watches)))
		return;
	cookie = notify_cookie();
	notify_name_slow(from->dir->inode, from->w.last, from->w.len, i, NOTIFY_MOVED_FROM, cookie);
	notify_name_slow(to->dir->inode, to->w.last, to->w.len, i, NOTIFY_MOVED_TO, cookie);
	if (victim)
		notify_inode_slow(victim, NOTIFY_ATTRIB);
	notify_inode_slow(i, NOTIFY_MOVE_SELF);
}

static int rename_locked(struct place *from, struct place *to, unsigned flags)
{
	const struct inode_ops *ops = from->dir->inode->ops;
	struct dentry name = {0}; /* the new one: nothing may fail once the file system has changed */
	struct inode *victim = NULL;
	int r = vfs_lookup_held(from->dir, from->w.last, from->w.len, &from->found);

	if (!r)
		r = vfs_lookup_held(to->dir, to->w.last, to->w.len, &to->found);
	if (r && r != -ENOENT)
		return r;
	r = rename_check(from, to, flags);
	if (r)
		return r < 0 ? r : 0;
	if (!ops->rename)
		return -EPERM;
	if (!dentry_set_name(&name, to->w.last, to->w.len))
		return -ENOMEM;
	if (to->found && !(flags & RENAME_EXCHANGE) && S_ISDIR(to->found->inode->mode)) {
		victim = to->found->inode;
		mutex_lock(&victim->lock);
		if (dentry_has_children(to->found))
			r = -ENOTEMPTY;
	}
	if (!r)
		r = ops->rename(from->dir->inode, from->w.last, from->w.len, from->found->inode, to->dir->inode,
				to->w.last, to->w.len, to->found ? to->found->inode : NULL,
				flags & ~RENAME_NOREPLACE); /* there is nothing to replace: looked at above */
	if (!r && victim)
		victim->nlink = 0;
	if (victim)
		mutex_unlock(&victim->lock);
	if (!r && !(flags & RENAME_EXCHANGE)) {
		name.parent = dentry_ref(to->dir);
		dentry_move(from->found, &name, to->found);
		rename_notify(from, to, from->found->inode, to->found ? to->found->inode : NULL);
		return 0;
	}
	if (!r) {
		dentry_exchange(from->found, to->found);
		rename_notify(from, to, from->found->inode, NULL);
		rename_notify(to, from, to->found->inode, NULL);
	}
	dentry_free_name(&name);
	return r;
}

static void rename_lock_dirs(struct inode *a, struct inode *b, bool b_first)
{
	if (a == b) {
		mutex_lock(&a->lock);
		return;
	}
	mutex_lock(b_first ? &b->lock : &a->lock);
	mutex_lock(b_first ? &a->lock : &b->lock);
}

int vfs_rename(struct dentry *old_at, const char *old_path, struct dentry *new_at, const char *new_path,
	       unsigned flags)
{
	struct place from = {0}, to = {0};
	int r;

	if (flags & ~(RENAME_NOREPLACE | RENAME_EXCHANGE) || flags == (RENAME_NOREPLACE | RENAME_EXCHANGE))
		return -EINVAL;
	r = walk_start(&from.w, old_at, old_path, 0);
	if (!r)
		r = walk_run(&from.w, true);
	if (!r)
		r = walk_start(&to.w, new_at, new_path, 0);
	if (!r)
		r = walk_run(&to.w, true);
	if (!r && from.w.cur->inode->sb != to.w.cur->inode->sb)
		r = -EXDEV;
	if (!r && is_dots(&from.w))
		r = -EBUSY;
	if (!r && is_dots(&to.w))
		r = flags & RENAME_NOREPLACE ? -EEXIST : -EBUSY;
	if (!r && (from.w.cur->inode->sb->flags & SB_RDONLY))
		r = -EROFS;
	if (!r) {
		from.dir = from.w.cur;
		to.dir = to.w.cur;
		/* Whoever locks two directories holds rename_lock, and parents come before children. */
		mutex_lock(&rename_lock);
		rename_lock_dirs(from.dir->inode, to.dir->inode, dentry_is_above(to.dir, from.dir));
		r = rename_locked(&from, &to, flags);
		mutex_unlock(&from.dir->inode->lock);
		if (from.dir->inode != to.dir->inode)
			mutex_unlock(&to.dir->inode->lock);
		mutex_unlock(&rename_lock);
		if (from.found)
			dentry_unref(from.found);
		if (to.found)
			dentry_unref(to.found);
	}
	walk_end(&from.w);
	walk_end(&to.w);
	return r;
}
