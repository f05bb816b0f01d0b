/* SPDX-License-Identifier: MIT */
/* Walks along paths: components, links, mounts, "..". */
#include "fs/walk.h"
#include "fs/console.h"
#include "lib/log.h"
#include "lib/format.h"
#include "lib/string.h"
#include "mm/heap.h"
#include "platform/boot.h"
#include "proc/cred.h"
#include "proc/thread.h"

struct dentry *vfs_root;

int vfs_permission(struct inode *i, unsigned may)
{
	if ((may & MAY_WRITE) && (i->sb->flags & SB_RDONLY) && (S_ISREG(i->mode) || S_ISDIR(i->mode)))
		return -EROFS;
	return i->sb->flags & SB_NO_PERM ? 0 : vfs_permission_bits(i, may);
}

int vfs_permission_bits(struct inode *i, unsigned may)
{
	struct process *p = current->process;
	unsigned bits;

	if (!p)
		return 0;
	if (i->uid == p->euid)
		bits = i->mode >> 6;
	else if (cred_in_group(p, i->gid))
		bits = i->mode >> 3;
	else
		bits = i->mode;
	if (!(may & ~bits & 7))
		return 0;
	/* Executing takes somebody who may; directories are walked through. */
	if (capable(CAP_DAC_OVERRIDE) && (!(may & MAY_EXEC) || S_ISDIR(i->mode) || (i->mode & 0111)))
		return 0;
	if (capable(CAP_DAC_READ_SEARCH) && (S_ISDIR(i->mode) ? !(may & MAY_WRITE) : may == MAY_READ))
		return 0;
	return -EACCES;
}

/* With dir's lock held, unless its dentries are pinned. */
int vfs_lookup_held(struct dentry *dir, const char *name, size_t len, struct dentry **out)
{
	struct superblock *sb = dir->inode->sb;
	struct dentry *d;
	struct inode *inode;
	int r;

	*out = NULL;
	if (len > NAME_MAX)
		return -ENAMETOOLONG;
	d = dentry_find(dir, name, len);
	if (sb->flags & SB_PINNED) {
		*out = d;
		return d ? 0 : -ENOENT;
	}
	if (d && (!(sb->flags & SB_REVALIDATE) || d->mount)) {
		*out = d;
		return 0;
	}
	r = dir->inode->ops->lookup ? dir->inode->ops->lookup(dir->inode, name, len, &inode) : -ENOENT;
	if (d && (r == -ENOENT || (!r && inode != d->inode))) { /* another thing has that name now, or none */
		dentry_drop(d);
		dentry_unref(d);
		d = NULL;
	}
	if (r) {
		if (d)
			dentry_unref(d);
		return r;
	}
	if (!d)
		d = dentry_add(dir, name, len, inode);
	inode_unref(inode);
	*out = d;
	return d ? 0 : -ENOMEM;
}

int vfs_lookup(struct dentry *dir, const char *name, size_t len, struct dentry **out)
{
	int r;

	if (dir->inode->sb->flags & SB_PINNED)
		return vfs_lookup_held(dir, name, len, out);
	mutex_lock(&dir->inode->lock);
	r = vfs_lookup_held(dir, name, len, out);
	mutex_unlock(&dir->inode->lock);
	return r;
}

static int mount_open(struct mount *m, struct dentry *at)
{
	struct superblock *sb;
	int r = 0;

	mutex_lock(&m->lock);
	if (!m->sb) {
		r = m->open(m, &sb);
		if (!r && !sb->root) {
			sb->root = dentry_alloc(sb->root_inode, "", 0);
			r = sb->root ? 0 : -ENOMEM;
		}
		if (!r) {
			sb->mountpoint = dentry_ref(at);
			__atomic_store_n(&m->sb, sb, __ATOMIC_RELEASE);
		}
	}
	mutex_unlock(&m->lock);
	return r;
}

int vfs_enter_mount(struct dentry **d)
{
	while ((*d)->mount) {
		struct mount *m = (*d)->mount;
		struct dentry *root;

		if (!__atomic_load_n(&m->sb, __ATOMIC_ACQUIRE)) {
			int r = mount_open(m, *d);

			if (r)
				return r;
		}
		root = dentry_ref(m->sb->root);
		dentry_unref(*d);
		*d = root;
	}
	return 0;
}

/* The directory above d, with dcache_lock held; d itself where there is none. */
static struct dentry *above(struct dentry *d)
{
	while (!d->parent && d->inode->sb->mountpoint && d == d->inode->sb->root)
		d = d->inode->sb->mountpoint;
	return d->parent ? d->parent : d;
}

static bool is_below(struct dentry *d, const struct dentry *top)
{
	for (struct dentry *up; d != top; d = up) {
		up = above(d);
		if (up == d)
			return false;
	}
	return true;
}

/* chroot(2)'s, to be compared with and not to be followed; NULL: none. */
static struct dentry *own_root(void)
{
	struct process *p = current->process;

	return p && p->fs ? READ_ONCE(p->fs->root) : NULL;
}

/* "..".  Renames move dentries, so the parent is read under the lock. */
static int walk_up(struct walk *w)
{
	struct dentry *d = w->cur, *up;
	unsigned long ev;
	int r = 0;

	if (d == w->top)
		return w->flags & WALK_BENEATH ? -EXDEV : 0;
	if (unlikely(own_root() == d))
		return 0;
	ev = spin_lock(&dcache_lock);
	up = dentry_ref(above(d));
	if ((w->flags & WALK_NO_XDEV) && up->inode->sb != d->inode->sb)
		r = -EXDEV;
	else if (w->top && !is_below(up, w->top)) /* moved away while we were in it */
		r = -EAGAIN;
	spin_unlock(&dcache_lock, ev);
	if (r) {
		dentry_unref(up);
		return r;
	}
	w->cur = up;
	dentry_unref(d);
	return 0;
}

/* "/": of the whole tree, or the start. */
static int walk_to_root(struct walk *w)
{
	struct dentry *root;

	if (w->flags & WALK_BENEATH)
		return -EXDEV;
	if (w->top)
		root = dentry_ref(w->top);
	else if (likely(!own_root()) || (w->flags & WALK_KERNEL))
		root = dentry_ref(vfs_root);
	else
		root = fs_context_root(current->process->fs);
	if ((w->flags & WALK_NO_XDEV) && w->cur && w->cur->inode->sb != root->inode->sb) {
		dentry_unref(root);
		return -EXDEV;
	}
	if (w->cur)
		dentry_unref(w->cur);
	w->cur = root;
	return 0;
}

int walk_enter_mount(struct walk *w, struct dentry **d)
{
	return (w->flags & WALK_NO_XDEV) && (*d)->mount ? -EXDEV : vfs_enter_mount(d);
}

int walk_start(struct walk *w, struct dentry *at, const char *path, unsigned flags)
{
	if (unlikely(!vfs_complete) && !(flags & WALK_KERNEL))
		vfs_complete_tree();
	memset(w, 0, sizeof(*w));
	w->p = path;
	w->flags = flags;
	if (!*path && !(flags & WALK_EMPTY))
		return -ENOENT;
	if (*path == '/' && !(flags & WALK_IN_ROOT))
		return walk_to_root(w);
	w->cur = at ? dentry_ref(at) : fs_context_cwd(current->process->fs);
	if (flags & WALK_SCOPED)
		w->top = dentry_ref(w->cur);
	return 0;
}

void walk_end(struct walk *w)
{
	if (w->cur)
		dentry_unref(w->cur);
	if (w->top)
		dentry_unref(w->top);
	kfree(w->buf);
	w->cur = w->top = NULL;
	w->buf = NULL;
}

int walk_link(struct walk *w, struct dentry *d, const char *rest, bool slash)
{
	struct inode *i = d->inode;
	size_t restlen = strlen(rest), room;
	char small[128], *buf = NULL;
	ssize_t n;

	if (++w->links > WALK_LINKS_MAX || (w->flags & WALK_NO_SYMLINKS))
		return -ELOOP;
	if (i->ops->follow) {
		struct dentry *to;
		int r = i->ops->follow(i, &to);

		if (r && r != -ENOSYS)
			return r;
		if (r)
			goto text;
		r = w->flags & WALK_NO_MAGICLINKS ? -ELOOP : 0;
		if (!r && ((w->flags & WALK_SCOPED) ||
			   ((w->flags & WALK_NO_XDEV) && to->inode->sb != w->cur->inode->sb)))
			r = -EXDEV;
		if (r) {
			dentry_unref(to);
			return r;
		}
		dentry_unref(w->cur);
		w->cur = to;
		w->p = rest;
		return 0;
	}
text:
	if (!i->ops->readlink)
		return -EINVAL;
	/* Most targets are short; a long one is asked for again with room for any. */
	n = i->ops->readlink(i, small, sizeof(small));
	if (n > 0) {
		room = n < (ssize_t)sizeof(small) ? n : PATH_MAX;
		buf = kmalloc(room + restlen + 2);
		if (!buf)
			return -ENOMEM;
		if (n < (ssize_t)sizeof(small))
			memcpy(buf, small, n);
		else
			n = i->ops->readlink(i, buf, PATH_MAX);
	}
	if (n <= 0 || n >= PATH_MAX) {
		kfree(buf);
		return n < 0 ? (int)n : n ? -ENAMETOOLONG : -ENOENT;
	}
	if (slash || restlen)
		buf[n++] = '/';
	memcpy(buf + n, rest, restlen + 1);
	kfree(w->buf);
	w->buf = buf;
	w->p = buf;
	return *buf == '/' ? walk_to_root(w) : 0;
}

/* Tells once, on the run's stderr, of a path that exists on the host but has not been shared. */
static void walk_tell_unshared(struct walk *w)
{
	static bool told;
	const char *top = boot_info.host_dirs, *end;
	char *path;
	int n;

	if (!top || told || (w->flags & WALK_KERNEL) || w->cur->inode->sb != vfs_root->inode->sb)
		return;
	end = top + boot_info.host_dirs_len;
	path = kmalloc(2 * PATH_MAX);
	if (!path)
		return;
	n = vfs_path(w->cur, path, PATH_MAX, false);
	if (n >= 0) {
		if (n == 1)
			n = 0;
		format_string(path + n, PATH_MAX, "/%s", w->p);
		for (; top < end; top += strnlen(top, end - top) + 1) {
			const char *name = *top == '/' ? top + 1 : top;
			size_t len = strnlen(name, end - name);

			if (!len || strncmp(path + 1, name, len) || (path[1 + len] && path[1 + len] != '/'))
				continue;
			if (!__atomic_exchange_n(&told, true, __ATOMIC_RELAXED)) {
				char *msg = kmalloc(3 * PATH_MAX);
				int k = msg ? format_string(msg, 3 * PATH_MAX,
							    "hermit: %s is not shared; add -v /%.*s\n", path, (int)len,
							    name)
					    : 0;

				console_write_kernel(CONSOLE_ERR, msg, k);
				kfree(msg);
			}
			break;
		}
	}
	kfree(path);
}

int walk_run(struct walk *w, bool stop)
{
	for (;;) {
		const char *name, *after;
		struct dentry *d;
		bool last, slash;
		size_t len;
		int r;

		while (*w->p == '/')
			w->p++;
		name = w->p;
		for (len = 0; name[len] && name[len] != '/'; len++)
			;
		for (after = name + len; *after == '/'; after++)
			;
		last = !*after;
		slash = last && after != name + len;
		if (!len) { /* only slashes, or nothing behind a link that jumps */
			w->last = "";
			w->len = 0;
			w->slash = false;
			return (w->flags & WALK_DIRECTORY) && !S_ISDIR(w->cur->inode->mode) ? -ENOTDIR : 0;
		}
		if (!S_ISDIR(w->cur->inode->mode))
			return -ENOTDIR;
		r = w->flags & WALK_KERNEL ? 0 : vfs_permission(w->cur->inode, MAY_EXEC);
		if (r)
			return r;
		if (stop && last) {
			w->last = name;
			w->len = len;
			w->slash = slash;
			return 0;
		}
		if (len == 2 && name[0] == '.' && name[1] == '.') {
			r = walk_up(w);
			if (r)
				return r;
		} else if (!(len == 1 && name[0] == '.')) {
			if (unlikely(w->flags & WALK_CACHED) && !(w->cur->inode->sb->flags & SB_PINNED))
				return -EAGAIN;
			r = vfs_lookup(w->cur, name, len, &d);
			if (r) {
				if (unlikely(boot_info.host_dirs != NULL) && r == -ENOENT)
					walk_tell_unshared(w);
				return r;
			}
			if (S_ISLNK(d->inode->mode) && (!last || slash || (w->flags & WALK_FOLLOW))) {
				r = walk_link(w, d, after, slash);
				dentry_unref(d);
				if (r)
					return r;
				continue;
			}
			r = walk_enter_mount(w, &d);
			if (r) {
				dentry_unref(d);
				return r;
			}
			dentry_unref(w->cur);
			w->cur = d;
		}
		w->p = after;
		if (last) {
			if ((slash || (w->flags & WALK_DIRECTORY)) && !S_ISDIR(w->cur->inode->mode))
				return -ENOTDIR;
			return 0;
		}
	}
}

int vfs_walk(struct dentry *at, const char *path, unsigned flags, struct dentry **out)
{
	struct walk w;
	int r = walk_start(&w, at, path, flags);

	if (!r)
		r = walk_run(&w, false);
	if (!r) {
		*out = w.cur;
		w.cur = NULL;
	}
	walk_end(&w);
	return r;
}

/* Writes the path from its end, so that no list of the components is needed. */
int vfs_path(struct dentry *d, char *buf, size_t size, bool mark_deleted)
{
	static const char deleted[] = " (deleted)";
	struct dentry *root = own_root();
	unsigned long ev;
	size_t at = size;
	bool gone = false;
	int r = 0;

	ev = spin_lock(&dcache_lock);
	if (!d->parent && d != d->inode->sb->root) { /* no place in the tree: its name is all */
		r = d->len < size ? d->len : -ENAMETOOLONG;
		if (r > 0)
			memcpy(buf, d->name, d->len + 1);
		spin_unlock(&dcache_lock, ev);
		return r;
	}
	while (d && d != root) {
		if (!d->parent) {
			d = d->inode->sb->mountpoint;
			continue;
		}
		gone |= !(d->flags & DENTRY_HASHED);
		if (at < (size_t)d->len + 1) {
			r = -ENAMETOOLONG;
			break;
		}
		at -= d->len;
		memcpy(buf + at, d->name, d->len);
		buf[--at] = '/';
		d = d->parent;
	}
	spin_unlock(&dcache_lock, ev);
	if (!r && at == size) {
		if (!at)
			return -ENAMETOOLONG;
		buf[--at] = '/';
	}
	if (r)
		return r;
	memmove(buf, buf + at, size - at);
	r = size - at;
	if (gone && mark_deleted) {
		if (r + sizeof(deleted) > size)
			return -ENAMETOOLONG;
		memcpy(buf + r, deleted, sizeof(deleted) - 1);
		r += sizeof(deleted) - 1;
	}
	if ((size_t)r >= size)
		return -ENAMETOOLONG;
	buf[r] = '\0';
	return r;
}

bool vfs_in_tree(struct dentry *d)
{
	unsigned long ev = spin_lock(&dcache_lock);
	bool in = true;

	while (in && d) {
		if (d->parent) {
			in = d->flags & DENTRY_HASHED;
			d = d->parent;
		} else {
			in = d == d->inode->sb->root;
			d = d->inode->sb->mountpoint;
		}
	}
	spin_unlock(&dcache_lock, ev);
	return in;
}
