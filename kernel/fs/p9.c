/* SPDX-License-Identifier: MIT */
/* The 9p file system: inodes and names. */
#include "fs/p9.h"
#include "drivers/virtio_9p.h"
#include "lib/errno.h"
#include "lib/log.h"
#include "lib/string.h"
#include "mm/heap.h"
#include "platform/boot.h"
#include "proc/thread.h"

#define V9FS_MAGIC   0x01021997
#define AT_REMOVEDIR_FLAG 0x200u

static u32 current_gid(void) { return current->process ? current->process->egid : 0; }

/* ---- fids of inodes ---- */

struct p9_fid *p9_fid_get(struct p9_inode *i)
{
	struct p9_fs *fs = p9_fs_of(&i->vfs);
	unsigned long ev = spin_lock(&fs->lock);
	struct p9_fid *f = i->fid;

	f->refs++; /* NOLINT(clang-analyzer-unix.Malloc): the inode has a reference of its own */
	spin_unlock(&fs->lock, ev);
	return f;
}

void p9_fid_put(struct p9_fs *fs, struct p9_fid *f)
{
	unsigned long ev = spin_lock(&fs->lock);
	bool last = --f->refs == 0;

	spin_unlock(&fs->lock, ev);
	if (last) {
		p9_clunk(&fs->client, f->fid);
		kfree(f);
	}
}

/* ---- the table of inodes ---- */

static int inode_cmp(const struct tree_node *a, const struct tree_node *b)
{
	u64 x = tree_entry(a, struct p9_inode, node)->qid.path, y = tree_entry(b, struct p9_inode, node)->qid.path;

	return x < y ? -1 : x > y;
}

static struct p9_inode *table_find(struct p9_fs *fs, u64 path)
{
	struct tree_node *n = fs->inodes.root;

	while (n) {
		struct p9_inode *i = tree_entry(n, struct p9_inode, node);

		if (path == i->qid.path)
			return i;
		n = path < i->qid.path ? n->left : n->right;
	}
	return NULL;
}

static void unhash_locked(struct p9_fs *fs, struct p9_inode *i)
{
	if (i->hashed)
		tree_remove(&fs->inodes, &i->node);
	i->hashed = false;
}

/* Its name is gone: a new file with the same number is another file. */
static void inode_gone(struct p9_inode *i)
{
	struct p9_fs *fs = p9_fs_of(&i->vfs);
	unsigned long ev = spin_lock(&fs->lock);

	unhash_locked(fs, i);
	i->gone = true;
	if (i->vfs.nlink)
		i->vfs.nlink--;
	spin_unlock(&fs->lock, ev);
}

static bool inode_ref_unless_dead(struct inode *i)
{
	u32 refs = READ_ONCE(i->refs);

	do {
		if (refs == 0)
			return false;
	} while (!__atomic_compare_exchange_n(&i->refs, &refs, refs + 1, true, __ATOMIC_ACQUIRE, __ATOMIC_RELAXED));
	return true;
}

/* The inode we have for qid, whose fid becomes `f`: a path may have led elsewhere when its old one was made. */
static struct p9_inode *table_adopt(struct p9_fs *fs, const struct p9_qid *qid, struct p9_fid *f)
{
	unsigned long ev = spin_lock(&fs->lock);
	struct p9_inode *i = table_find(fs, qid->path);
	struct p9_fid *old = NULL;

	if (i && (i->qid.type != qid->type || !inode_ref_unless_dead(&i->vfs))) {
		unhash_locked(fs, i);
		i = NULL;
	}
	if (i) {
		old = i->fid;
		i->fid = f;
		i->qid = *qid;
		i->lost = false;
	}
	spin_unlock(&fs->lock, ev);
	if (old)
		p9_fid_put(fs, old);
	return i;
}

static const struct inode_ops p9_inode_ops;

static bool mode_fits(u32 mode, u8 qid_type)
{
	return S_ISDIR(mode) == !!(qid_type & P9_QTDIR) && S_ISLNK(mode) == !!(qid_type & P9_QTSYMLINK);
}

static int inode_make(struct p9_fs *fs, struct p9_fid *f, const struct p9_qid *qid, struct p9_inode **out)
{
	struct p9_when when = p9_now();
	struct p9_inode *i;
	struct p9_attr a;
	unsigned long ev;
	int err = p9_getattr(&fs->client, f->fid, &a);

	if (err)
		return err;
	if (a.qid.path != qid->path || !mode_fits(a.mode, qid->type)) /* replaced since, or the server lies */
		return -ESTALE;
	i = kzalloc(sizeof(*i));
	if (!i)
		return -ENOMEM;
	inode_init(&i->vfs, &fs->sb, a.mode, &p9_inode_ops, S_ISDIR(a.mode) ? &p9_dir_ops : &p9_file_ops);
	i->vfs.ino = qid->path;
	i->qid = *qid;
	i->fid = f;
	p9_checked(i, &a, when);
	ev = spin_lock(&fs->lock);
	if (!table_find(fs, qid->path)) { /* else another thread was here first: two inodes, no harm done */
		tree_insert(&fs->inodes, &i->node, inode_cmp);
		i->hashed = true;
	}
	spin_unlock(&fs->lock, ev);
	*out = i;
	return 0;
}

int p9_inode_get(struct p9_fs *fs, u32 fid, const struct p9_qid *qid, struct inode **out)
{
	struct p9_fid *f = kmalloc(sizeof(*f));
	struct p9_inode *i;
	int err = 0;

	if (!f) {
		p9_clunk(&fs->client, fid);
		return -ENOMEM;
	}
	*f = (struct p9_fid){1, fid};
	i = table_adopt(fs, qid, f);
	if (!i)
		err = inode_make(fs, f, qid, &i);
	if (err)
		p9_fid_put(fs, f);
	else
		*out = &i->vfs;
	return err;
}

static void p9_evict(struct inode *inode)
{
	struct p9_inode *i = p9_inode_of(inode);
	struct p9_fs *fs = p9_fs_of(inode);
	unsigned long ev = spin_lock(&fs->lock);

	unhash_locked(fs, i);
	spin_unlock(&fs->lock, ev);
	if (i->extents.root)
		p9_cache_drop(i, 0, ~0ull);
	p9_fid_put(fs, i->fid);
	kfree(i);
}

/* ---- inode_ops ---- */

#define WALK_TRIES 20

int p9_walk_to(struct inode *dir, const char *name, size_t len, struct inode **out)
{
	struct p9_fs *fs = p9_fs_of(dir);
	struct p9_fid *d = p9_fid_get(p9_inode_of(dir));
	struct p9_qid qid;
	int err = -ESTALE;
	u32 fid;

	/* ESTALE: the host gave the name to another file between two messages. */
	for (unsigned tries = 0; tries < WALK_TRIES && err == -ESTALE; tries++) {
		err = p9_walk(&fs->client, d->fid, name, len, &fid, &qid);
		if (!err)
			err = p9_inode_get(fs, fid, &qid, out);
	}
	p9_fid_put(fs, d);
	return err;
}

/* We have changed dir, `name` in it: others may have done so before us, and waited for it. */
static void name_changed(struct inode *dir, const char *name, size_t len)
{
	p9_name_forget(p9_fs_of(dir), p9_inode_of(dir), name, len);
	p9_changed(p9_inode_of(dir));
	__atomic_add_fetch(&vfs_news, 1, __ATOMIC_RELEASE);
}

/* The same, and what the new name is. */
static int name_made(struct inode *dir, const char *name, size_t len, struct inode **out)
{
	name_changed(dir, name, len);
	return p9_lookup(dir, name, len, out);
}

static int p9_create(struct inode *dir, const char *name, size_t len, u32 mode, struct file *f, struct inode **out)
{
	struct p9_fs *fs = p9_fs_of(dir);
	u32 flags = f ? f->flags & (O_ACCMODE | O_APPEND | O_SYNC) : O_WRONLY;
	struct p9_fid *d;
	u32 fid;
	int err;

	if (!S_ISREG(mode))
		return -EPERM;
	d = p9_fid_get(p9_inode_of(dir));
	err = p9_walk(&fs->client, d->fid, NULL, 0, &fid, NULL);
	p9_fid_put(fs, d);
	if (err)
		return err;
	/* O_EXCL only for mknod: a file that the host makes at this moment is as good as one made before. */
	err = p9_lcreate(&fs->client, fid, name, len, flags | O_CREAT | (f ? 0 : O_EXCL), mode & 07777, current_gid());
	if (!err)
		err = name_made(dir, name, len, out);
	if (!err && f) {
		err = p9_file_attach(f, fid);
		if (err) {
			inode_unref(*out);
		} else {
			__atomic_fetch_add(&p9_inode_of(*out)->opens, 1, __ATOMIC_RELAXED);
			f->ops = &p9_file_ops;
			f->kind |= FILE_OPENED;
			return 0;
		}
	}
	p9_clunk(&fs->client, fid);
	return err;
}

static int p9_op_mkdir(struct inode *dir, const char *name, size_t len, u32 mode, struct inode **out)
{
	struct p9_fs *fs = p9_fs_of(dir);
	struct p9_fid *d = p9_fid_get(p9_inode_of(dir));
	int err = p9_mkdir(&fs->client, d->fid, name, len, mode & 07777, current_gid());

	p9_fid_put(fs, d);
	return err ? err : name_made(dir, name, len, out);
}

static int p9_op_symlink(struct inode *dir, const char *name, size_t len, const char *target, struct inode **out)
{
	struct p9_fs *fs = p9_fs_of(dir);
	struct p9_fid *d = p9_fid_get(p9_inode_of(dir));
	int err = p9_symlink(&fs->client, d->fid, name, len, target, current_gid());

	p9_fid_put(fs, d);
	return err ? err : name_made(dir, name, len, out);
}

static int p9_op_link(struct inode *dir, const char *name, size_t len, struct inode *inode)
{
	struct p9_fs *fs = p9_fs_of(dir);
	struct p9_fid *d = p9_fid_get(p9_inode_of(dir)), *f = p9_fid_get(p9_inode_of(inode));
	int err = p9_link(&fs->client, d->fid, f->fid, name, len);

	p9_fid_put(fs, f);
	p9_fid_put(fs, d);
	if (!err) {
		name_changed(dir, name, len);
		p9_changed(p9_inode_of(inode));
		__atomic_fetch_add(&inode->nlink, 1, __ATOMIC_RELAXED);
	}
	return err;
}

static int remove_name(struct inode *dir, const char *name, size_t len, struct inode *inode, u32 flags)
{
	struct p9_fs *fs = p9_fs_of(dir);
	struct p9_fid *d = p9_fid_get(p9_inode_of(dir));
	int err;

	if (READ_ONCE(p9_inode_of(inode)->opens)) { /* the last chance to ask: fstat works on after this */
		struct kstat st;

		(void)p9_inode_ask(inode, &st);
	}
	err = p9_unlinkat(&fs->client, d->fid, name, len, flags);
	p9_fid_put(fs, d);
	if (!err) {
		name_changed(dir, name, len);
		inode_gone(p9_inode_of(inode));
	}
	return err;
}

static int p9_op_unlink(struct inode *dir, const char *name, size_t len, struct inode *inode)
{
	return remove_name(dir, name, len, inode, 0);
}

static int p9_op_rmdir(struct inode *dir, const char *name, size_t len, struct inode *inode)
{
	return remove_name(dir, name, len, inode, AT_REMOVEDIR_FLAG);
}

static int p9_op_rename(struct inode *old_dir, const char *old_name, size_t old_len, struct inode *inode,
			struct inode *new_dir, const char *new_name, size_t new_len, struct inode *target,
			unsigned flags)
{
	struct p9_fs *fs = p9_fs_of(old_dir);
	struct p9_fid *from, *to;
	int err;

	if (flags) /* the protocol has no way to say it; Linux's client gives the same */
		return -EINVAL;
	from = p9_fid_get(p9_inode_of(old_dir));
	to = p9_fid_get(p9_inode_of(new_dir));
	err = p9_renameat(&fs->client, from->fid, old_name, old_len, to->fid, new_name, new_len);
	p9_fid_put(fs, to);
	p9_fid_put(fs, from);
	if (err)
		return err;
	name_changed(old_dir, old_name, old_len);
	name_changed(new_dir, new_name, new_len);
	p9_changed(p9_inode_of(inode));
	if (target)
		inode_gone(p9_inode_of(target));
	return 0;
}

static ssize_t p9_op_readlink(struct inode *i, char *buf, size_t size)
{
	struct p9_fs *fs = p9_fs_of(i);
	struct p9_fid *f = p9_fid_get(p9_inode_of(i));
	ssize_t n = p9_readlink(&fs->client, f->fid, buf, size);

	p9_fid_put(fs, f);
	return n < 0 ? n : MIN(n, (ssize_t)size);
}

static void fill_stat(struct inode *i, struct kstat *st)
{
	*st = (struct kstat){
		.dev = i->sb->dev,
		.ino = i->ino,
		.rdev = i->rdev,
		.size = i->size,
		.blocks = i->blocks,
		.mode = i->mode,
		.uid = i->uid,
		.gid = i->gid,
		.blksize = p9_inode_of(i)->blksize,
		.nlink = i->nlink,
		.atime = i->atime,
		.mtime = i->mtime,
		.ctime = i->ctime,
	};
}

/*
 * Asks the server for attributes.  One that knows files by their names (QEMU's does) may answer about another file
 * that has the name now, or about none: -ESTALE.
 */
static int ask_attr(struct p9_inode *i, struct p9_attr *a)
{
	struct p9_fs *fs = p9_fs_of(&i->vfs);
	struct p9_fid *f;
	int err;

	if (i->orphan)
		return -ESTALE;
	f = p9_fid_get(i);
	err = p9_getattr(&fs->client, f->fid, a);
	p9_fid_put(fs, f);
	if (!err && (a->qid.path != i->qid.path || ((a->mode ^ i->vfs.mode) & S_IFMT)))
		err = -ESTALE;
	if (err == -ESTALE || err == -ENOENT)
		WRITE_ONCE(i->lost, true);
	return err == -ENOENT && (i->gone || READ_ONCE(i->opens)) ? -ESTALE : err;
}

/* A file that is open lives on: what was known last is the answer, with the size as our own writes have moved it. */
static bool answer_from_memory(struct p9_inode *i, int err)
{
	return err == -ESTALE && (i->gone || READ_ONCE(i->opens));
}

int p9_inode_ask(struct inode *inode, struct kstat *st)
{
	struct p9_inode *i = p9_inode_of(inode);
	struct p9_when when = p9_now();
	struct p9_attr a;
	int err = ask_attr(i, &a);

	if (err)
		return err;
	p9_checked(i, &a, when);
	fill_stat(inode, st);
	return 0;
}

int p9_inode_getattr(struct inode *inode, struct kstat *st)
{
	struct p9_inode *i = p9_inode_of(inode);
	bool lost = READ_ONCE(i->lost);
	int err = 0;

	if (!p9_holds(&i->checked) || i->stale || i->gone || lost)
		err = p9_inode_ask(inode, st);
	else
		fill_stat(inode, st);
	if (err == -ENOENT && !lost) /* the name may be another file's now: look once more */
		return -ESTALE;
	if (!answer_from_memory(i, err))
		return err;
	if (!i->gone)
		inode->nlink = 0;
	inode->blocks = (inode->size + 511) / 512;
	fill_stat(inode, st);
	return 0;
}

/*
 * ftruncate(2) of a file whose name is gone, on a server that can cut by name alone.  Nobody else can see the
 * file's size any more, so it is enough to write what will be read: zeros; and to remember where it ends.
 */
static int setattr_gone(struct p9_inode *i, struct file *f, u64 size)
{
	u64 old = i->vfs.size;
	int err = 0;

	if (!f || !(f->kind & FILE_WRITE))
		return -ENOENT;
	if (size < old)
		err = p9_file_zero(f, size, old);
	else if (size > old)
		err = p9_file_zero(f, size - 1, size);
	if (err)
		return err;
	i->orphan = true;
	i->vfs.size = size;
	return 0;
}

static int p9_op_setattr(struct inode *inode, const struct iattr *a)
{
	struct p9_inode *i = p9_inode_of(inode);
	struct p9_fs *fs = p9_fs_of(inode);
	struct p9_attr now;
	struct p9_fid *f;
	u32 valid = 0;
	int err = 0;

	/* What is open may have lost its name, and another file may have it now: that one is not to be changed. */
	if (i->gone || a->file)
		err = ask_attr(i, &now);
	if (answer_from_memory(i, err))
		return a->valid == ATTR_SIZE ? setattr_gone(i, a->file, a->size) : -ENOENT;
	if (err)
		return err;
	valid |= a->valid & ATTR_MODE ? P9_SET_MODE : 0;
	valid |= a->valid & ATTR_UID ? P9_SET_UID : 0;
	valid |= a->valid & ATTR_GID ? P9_SET_GID : 0;
	valid |= a->valid & ATTR_SIZE ? P9_SET_SIZE : 0;
	valid |= a->valid & ATTR_ATIME ? P9_SET_ATIME | (a->valid & ATTR_ATIME_NOW ? 0 : P9_SET_ATIME_SET) : 0;
	valid |= a->valid & ATTR_MTIME ? P9_SET_MTIME | (a->valid & ATTR_MTIME_NOW ? 0 : P9_SET_MTIME_SET) : 0;
	f = p9_fid_get(i);
	err = p9_setattr(&fs->client, f->fid, valid, a->mode, a->uid, a->gid, a->size, a->atime, a->mtime);
	p9_fid_put(fs, f);
	if (err)
		return err;
	p9_changed(i);
	if (a->valid & ATTR_SIZE) {
		p9_cache_drop(i, MIN(inode->size, a->size), ~0ull);
		inode->size = a->size;
	}
	if (a->valid & ATTR_MODE)
		inode->mode = (inode->mode & S_IFMT) | (a->mode & 07777);
	return 0;
}

static const struct inode_ops p9_inode_ops = {
	.lookup = p9_lookup,
	.create = p9_create,
	.mkdir = p9_op_mkdir,
	.symlink = p9_op_symlink,
	.link = p9_op_link,
	.unlink = p9_op_unlink,
	.rmdir = p9_op_rmdir,
	.rename = p9_op_rename,
	.readlink = p9_op_readlink,
	.getattr = p9_inode_getattr,
	.setattr = p9_op_setattr,
	.getxattr = p9_op_getxattr,
	.setxattr = p9_op_setxattr,
	.listxattr = p9_op_listxattr,
	.open = p9_inode_open,
	.evict = p9_evict,
};

/* ---- superblock ---- */

static int p9_op_statfs(struct superblock *sb, struct linux_statfs *st)
{
	struct p9_fs *fs = container_of(sb, struct p9_fs, sb);
	struct p9_fid *f = p9_fid_get(p9_inode_of(sb->root_inode));
	int err = p9_statfs(&fs->client, f->fid, st);

	p9_fid_put(fs, f);
	return err;
}

static const struct super_ops p9_super_ops = {.statfs = p9_op_statfs};

int p9_mount(const char *tag, bool rdonly, struct superblock **out)
{
	struct p9_fs *fs = kzalloc(sizeof(*fs));
	struct p9_qid qid;
	u32 root;
	int err;

	if (!fs)
		return -ENOMEM;
	spin_init(&fs->lock);
	superblock_init(&fs->sb, &p9_super_ops, SB_REVALIDATE | SB_NO_PERM | (rdonly ? SB_RDONLY : 0), V9FS_MAGIC,
			"9p");
	fs->sb.source = tag;
	err = virtio_9p_open(tag, &fs->client.transport, &fs->client.device);
	if (err) {
		kfree(fs);
		return err;
	}
	p9_cache_init(fs);
	/* From here on the device may know fs: a mount that fails leaves it. */
	err = p9_client_start(&fs->client, boot_info.ids.euid, &root, &qid) ?:
	      p9_inode_get(fs, root, &qid, &fs->sb.root_inode);
	if (err) {
		log_error("mount of the host's directory %s fails (%d)", tag, err);
		return err;
	}
	*out = &fs->sb;
	return 0;
}
