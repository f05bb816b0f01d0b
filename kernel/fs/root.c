/* SPDX-License-Identifier: MIT */
/* The root tree: built from the archive, with the mounts hung into it when a program first walks a path. */
#include "fs/cpio.h"
#include "fs/dentry.h"
#include "fs/overlay.h"
#include "fs/ramfs.h"
#include "lib/log.h"
#include "lib/string.h"
#include "mm/heap.h"
#include "platform/boot.h"

#define TMPFS_MAGIC 0x01021994u

bool vfs_complete;
static struct mutex complete_lock;
static bool overlay_root; /* the root is an overlay: mount points are made there */

/* A file of the archive that has several names: the entries come one after the other or far apart. */
struct link_seen {
	struct link_seen *next;
	u32 ino, major, minor;
	struct inode *inode;
};

/* The directory that `path` (no leading '/') goes into, made if need be; *last and *len its last component. */
static struct dentry *make_parents(const char *path, const char **last, size_t *len)
{
	struct dentry *dir = dentry_ref(vfs_root);

	for (;;) {
		struct dentry *d;
		size_t n;

		while (*path == '/')
			path++;
		for (n = 0; path[n] && path[n] != '/'; n++)
			;
		*last = path;
		*len = n;
		path += n;
		while (*path == '/')
			path++;
		if (!*path)
			return dir;
		d = n == 1 && **last == '.' ? dentry_ref(dir) : dentry_find(dir, *last, n);
		if (!d) {
			if (ramfs_add(dir, *last, n, ramfs_inode_create(vfs_root->inode->sb, S_IFDIR | 0755, NULL)))
				break;
			d = dentry_find(dir, *last, n);
		}
		dentry_unref(dir);
		if (!S_ISDIR(d->inode->mode)) {
			dentry_unref(d);
			return NULL;
		}
		dir = d;
	}
	dentry_unref(dir);
	return NULL;
}

static struct dentry *make_dir(const char *path, u32 mode)
{
	const char *name;
	size_t len;
	struct dentry *dir = make_parents(path, &name, &len), *d;

	if (!dir)
		return NULL;
	if (!len)
		return dir;
	d = dentry_find(dir, name, len);
	if (!d && len <= NAME_MAX &&
	    !ramfs_add(dir, name, len, ramfs_inode_create(vfs_root->inode->sb, S_IFDIR | mode, NULL)))
		d = dentry_find(dir, name, len);
	dentry_unref(dir);
	if (d && !S_ISDIR(d->inode->mode)) {
		dentry_unref(d);
		d = NULL;
	}
	return d;
}

static void set_data(struct inode *i, const u8 *data, u64 size)
{
	struct ramfs_inode *ri = container_of(i, struct ramfs_inode, inode);

	ri->base = data;
	ri->base_len = size;
	i->size = size;
}

static struct inode *make_inode(const struct cpio_entry *e, struct link_seen **seen)
{
	struct superblock *sb = vfs_root->inode->sb;
	struct link_seen *s;
	struct inode *i;

	if (S_ISLNK(e->mode)) {
		i = e->size < PATH_MAX ? ramfs_link_create(sb, (const char *)e->data, e->size) : NULL;
	} else if (!S_ISREG(e->mode) && !S_ISDIR(e->mode) && !S_ISFIFO(e->mode)) {
		return NULL; /* device nodes: /dev has its own */
	} else {
		if (S_ISREG(e->mode) && e->nlink > 1) {
			for (s = *seen; s; s = s->next) {
				if (s->ino != e->ino || s->major != e->dev_major || s->minor != e->dev_minor)
					continue;
				if (e->size)
					set_data(s->inode, e->data, e->size);
				s->inode->nlink++;
				return inode_ref(s->inode);
			}
		}
		i = ramfs_inode_create(sb, e->mode, NULL);
		if (i && S_ISREG(e->mode)) {
			set_data(i, e->data, e->size);
			if (e->nlink > 1 && (s = kmalloc(sizeof(*s))) != NULL) {
				*s = (struct link_seen){*seen, e->ino, e->dev_major, e->dev_minor, inode_ref(i)};
				*seen = s;
			}
		}
	}
	if (i) {
		i->uid = e->uid;
		i->gid = e->gid;
		i->atime = i->mtime = i->ctime = (s64)e->mtime * (s64)NSEC_PER_SEC;
	}
	return i;
}

static int add_entry(const struct cpio_entry *e, struct link_seen **seen)
{
	const char *name;
	size_t len;
	struct dentry *dir, *old;
	struct inode *i;
	int r = 0;

	if (!memcmp(e->name, ".hermit", MIN(e->name_len + 1, sizeof(".hermit"))) ||
	    !strncmp(e->name, ".hermit/", 8)) /* the boot record is not for the program */
		return 0;
	dir = make_parents(e->name, &name, &len);
	if (!dir)
		return -ENOTDIR;
	if (len > NAME_MAX)
		r = -ENAMETOOLONG;
	old = !r && len ? dentry_find(dir, name, len) : NULL;
	if (!len || old) {
		/* The root itself, or a directory that an earlier entry implied or gave: takes the attributes. */
		struct inode *d = old ? old->inode : vfs_root->inode;

		if (S_ISDIR(d->mode) && S_ISDIR(e->mode)) {
			d->mode = e->mode;
			d->uid = e->uid;
			d->gid = e->gid;
		} else if (!r) {
			r = -EEXIST;
		}
	} else if (!r) {
		i = make_inode(e, seen);
		if (i)
			r = ramfs_add(dir, name, len, i);
	}
	if (old)
		dentry_unref(old);
	dentry_unref(dir);
	return r;
}

static int init_from_archive(const void *archive, size_t len)
{
	struct link_seen *seen = NULL;
	struct cpio c;
	struct cpio_entry e;
	int r;

	cpio_open(&c, archive, len);
	while ((r = cpio_next(&c, &e)) > 0) {
		int err = add_entry(&e, &seen);

		if (err == -ENOMEM) {
			r = err;
			break;
		}
		if (err)
			log_warn("archive: \"%s\" left out (error %d)", e.name, -err);
	}
	while (seen) {
		struct link_seen *s = seen;

		seen = s->next;
		inode_unref(s->inode);
		kfree(s);
	}
	return r;
}

int vfs_init_root(const void *archive, size_t len)
{
	struct superblock *sb = ramfs_super(TMPFS_MAGIC, "rootfs");

	mutex_init(&rename_lock);
	mutex_init(&complete_lock);
	if (!sb)
		return -ENOMEM;
	sb->root = vfs_root = dentry_alloc(sb->root_inode, "", 0);
	if (!vfs_root)
		return -ENOMEM;
	if (!len)
		return 0;
	if (cpio_probe(archive, len))
		return init_from_archive(archive, len);
	/* A bare executable: the only file there is. */
	struct cpio_entry e = {.name = boot_info.program && *boot_info.program ? boot_info.program : "program",
			       .data = archive, .size = (u32)len, .mode = S_IFREG | 0755, .nlink = 1};
	struct link_seen *seen = NULL;

	if (len != e.size)
		return -EFBIG;
	e.name_len = strlen(e.name);
	return add_entry(&e, &seen);
}

/* Whether `path` lies below a directory that is mounted already, so that the host's names lead to it. */
static bool below_mount(const char *path, unsigned count)
{
	if (vfs_root->inode->sb->mountpoint || !(vfs_root->inode->sb->flags & SB_PINNED))
		return true;
	for (unsigned i = 0; i < count; i++) {
		const char *outer = boot_info.mounts[i].path;
		size_t n = strlen(outer);

		if (!strncmp(path, outer, n) && path[n] == '/')
			return true;
	}
	return false;
}

/* The directory that is to be mounted upon, made in an overlay, which is the program's own. */
static int make_mountpoint(const char *path)
{
	struct dentry *dir = dentry_ref(vfs_root);
	int r = 0;

	while (!r && *path) {
		struct dentry *d = NULL;
		struct inode *i;
		size_t n;

		while (*path == '/')
			path++;
		for (n = 0; path[n] && path[n] != '/'; n++)
			;
		if (!n)
			break;
		mutex_lock(&dir->inode->lock);
		r = vfs_lookup_held(dir, path, n, &d);
		if (r == -ENOENT && !(r = dir->inode->ops->mkdir(dir->inode, path, n, 0755, &i))) {
			d = dentry_add(dir, path, n, i);
			inode_unref(i);
			r = d ? 0 : -ENOMEM;
		}
		mutex_unlock(&dir->inode->lock);
		if (!r)
			r = vfs_enter_mount(&d);
		if (!r && !S_ISDIR(d->inode->mode))
			r = -ENOTDIR;
		if (!r) {
			dentry_unref(dir);
			dir = d;
		} else if (d) {
			dentry_unref(d);
		}
		path += n;
	}
	dentry_unref(dir);
	return r;
}

int vfs_mount_at(const char *path, struct mount *m, bool walk)
{
	struct dentry *d = NULL;
	int r = 0;

	mutex_init(&m->lock);
	if (walk) {
		const unsigned how = WALK_KERNEL | WALK_DIRECTORY | WALK_FOLLOW;

		r = vfs_walk(vfs_root, path, how, &d);
		if (r == -ENOENT && overlay_root) {
			r = make_mountpoint(path);
			if (!r)
				r = vfs_walk(vfs_root, path, how, &d);
		}
	} else {
		d = make_dir(path, 0755);
		r = d ? 0 : -ENOTDIR;
	}
	if (!r && d->mount)
		r = -EBUSY;
	if (r) {
		if (d)
			dentry_unref(d);
		return r;
	}
	d->mount = m; /* the reference is the mount's: the dentry keeps its place */
	return 0;
}

/* The whole host: its root takes the place of ours. */
static int mount_root(struct mount *m)
{
	struct superblock *sb;
	int r = m->open(m, &sb);

	if (r)
		return r;
	sb->root = dentry_alloc(sb->root_inode, "", 0);
	if (!sb->root)
		return -ENOMEM;
	m->sb = sb;
	vfs_root = sb->root;
	overlay_root = m->overlay;
	boot_info.host_dirs = NULL; /* what is not there is not there */
	return 0;
}

static int open_p9(struct mount *m, struct superblock **out)
{
	int r = p9_mount(m->tag, m->rdonly, out);

	if (r)
		log_warn("mount of \"%s\" failed (error %d)", m->tag, -r);
	else if (m->rdonly)
		(*out)->flags |= SB_RDONLY;
	if (!r && m->overlay)
		r = overlay_mount(*out, out);
	return r;
}

static struct mount system_mounts[] = {{.open = devfs_mount}, {.open = procfs_mount}, {.open = sysfs_mount}};

static void sort_mounts(void) /* outer ones first */
{
	struct boot_mount *b = boot_info.mounts;

	for (unsigned i = 1; i < boot_info.mount_count; i++) {
		for (unsigned k = i; k && strlen(b[k].path) < strlen(b[k - 1].path); k--) {
			struct boot_mount tmp = b[k];

			b[k] = b[k - 1];
			b[k - 1] = tmp;
		}
	}
}

static void mount_host_dirs(bool root)
{
	for (unsigned i = 0; i < boot_info.mount_count; i++) {
		struct boot_mount *b = &boot_info.mounts[i];
		bool is_root = !strcmp(b->path, "/");
		struct mount *m;
		int r = -ENOMEM;

		if (is_root != root)
			continue;
		m = kzalloc(sizeof(*m));
		if (m) {
			m->open = open_p9;
			m->tag = b->tag;
			m->rdonly = b->flags & HERMIT_MOUNT_RDONLY;
			m->overlay = b->flags & HERMIT_MOUNT_OVERLAY;
			r = is_root ? mount_root(m) : vfs_mount_at(b->path, m, below_mount(b->path, i));
		}
		if (r) {
			log_warn("cannot mount \"%s\" at %s (error %d)", b->tag, b->path, -r);
			kfree(m);
		}
	}
}

void vfs_complete_tree(void)
{
	static const char *const names[] = {"/dev", "/proc", "/sys"};

	mutex_lock(&complete_lock);
	if (!vfs_complete) {
		struct superblock *ours = vfs_root->inode->sb;
		struct dentry *tmp;

		sort_mounts();
		mount_host_dirs(true);
		for (unsigned i = 0; i < ARRAY_SIZE(names); i++)
			if (vfs_mount_at(names[i], &system_mounts[i], vfs_root->inode->sb != ours))
				log_warn("cannot mount %s", names[i]);
		if (vfs_root->inode->sb == ours) {
			tmp = make_dir("/tmp", 01777);
			if (tmp)
				dentry_unref(tmp);
		}
		mount_host_dirs(false);
		__atomic_store_n(&vfs_complete, true, __ATOMIC_RELEASE);
	}
	mutex_unlock(&complete_lock);
}

/* ---- the process's place ---- */

struct fs_context *fs_context_create(const char *cwd, u32 umask)
{
	struct fs_context *c = kzalloc(sizeof(*c));

	if (!c)
		return NULL;
	c->refs = 1;
	c->umask = umask & 0777;
	c->cwd_path = cwd;
	return c;
}

void fs_context_unref(struct fs_context *c)
{
	if (__atomic_sub_fetch(&c->refs, 1, __ATOMIC_ACQ_REL))
		return;
	if (c->cwd)
		dentry_unref(c->cwd);
	if (c->root)
		dentry_unref(c->root);
	kfree(c);
}

static void context_set(struct fs_context *c, struct dentry **which, struct dentry *d)
{
	unsigned long ev;
	struct dentry *old;

	dentry_ref(d);
	ev = spin_lock(&c->lock);
	old = *which;
	*which = d;
	spin_unlock(&c->lock, ev);
	if (old)
		dentry_unref(old);
}

void fs_context_set_cwd(struct fs_context *c, struct dentry *d) { context_set(c, &c->cwd, d); }

void fs_context_set_root(struct fs_context *c, struct dentry *d)
{
	dentry_unref(fs_context_cwd(c)); /* named before the root moves */
	context_set(c, &c->root, d);
}

struct dentry *fs_context_root(struct fs_context *c)
{
	unsigned long ev = spin_lock(&c->lock);
	struct dentry *d = dentry_ref(c->root ? c->root : vfs_root);

	spin_unlock(&c->lock, ev);
	return d;
}

struct dentry *fs_context_cwd(struct fs_context *c)
{
	unsigned long ev = spin_lock(&c->lock);
	struct dentry *d = c->cwd ? dentry_ref(c->cwd) : NULL;
	int r = -ENOENT;

	spin_unlock(&c->lock, ev);
	if (d)
		return d;
	if (c->cwd_path)
		r = vfs_walk(vfs_root, c->cwd_path, WALK_FOLLOW | WALK_DIRECTORY, &d);
	if (r) {
		if (c->cwd_path)
			log_warn("working directory %s: error %d; / it is", c->cwd_path, -r);
		d = dentry_ref(vfs_root);
	}
	ev = spin_lock(&c->lock);
	if (!c->cwd)
		c->cwd = dentry_ref(d);
	spin_unlock(&c->lock, ev);
	return d;
}
