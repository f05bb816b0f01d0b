/* SPDX-License-Identifier: MIT */
#include "fs/pseudo.h"
#include "lib/format.h"
#include "lib/string.h"
#include "mm/heap.h"
#include "proc/thread.h"

struct pseudo_inode {
	struct inode inode;
	const struct pseudo_fs *fs;
	unsigned row;	   /* the file's; for a directory the first row below it */
	size_t prefix_len; /* of that row's path: what leads here */
	long n[PSEUDO_NUMBERS];
	unsigned nn;
};

static struct pseudo_inode *pseudo(struct inode *i) { return container_of(i, struct pseudo_inode, inode); }

/* ---- text ---- */

static bool text_make_room(struct text *t, size_t n)
{
	size_t room = t->room ? t->room : 256;
	char *buf;

	if (t->no_memory)
		return false;
	while (room - t->len < n)
		room *= 2;
	if (room == t->room)
		return true;
	buf = krealloc(t->buf, room);
	if (!buf) {
		t->no_memory = true;
		return false;
	}
	t->buf = buf;
	t->room = room;
	return true;
}

void text_add(struct text *t, const void *bytes, size_t n)
{
	if (!text_make_room(t, n))
		return;
	memcpy(t->buf + t->len, bytes, n);
	t->len += n;
}

void text_printf(struct text *t, const char *fmt, ...)
{
	va_list ap;
	int n;

	va_start(ap, fmt);
	n = format_vstring(NULL, 0, fmt, ap);
	va_end(ap);
	if (n <= 0 || !text_make_room(t, n + 1))
		return;
	va_start(ap, fmt);
	format_vstring(t->buf + t->len, n + 1, fmt, ap);
	va_end(ap);
	t->len += n;
}

/* ---- paths of rows ---- */

/* The component of a row's path after the first `from` bytes (0, or a prefix without its '/'). */
static const char *component(const char *path, size_t from, size_t *len)
{
	const char *c = path + from + (from ? 1 : 0);

	for (*len = 0; c[*len] && c[*len] != '/'; (*len)++)
		;
	return c;
}

/*
 * Whether row r lies below the directory that the first `len` bytes of row `of` lead to.  Equal text means equal
 * classes, so the numbers match as well.
 */
static bool below(const struct pseudo_fs *fs, unsigned r, unsigned of, size_t len)
{
	const char *path = fs->rows[r].path;

	return !len || (!strncmp(path, fs->rows[of].path, len) && path[len] == '/');
}

static const struct pseudo_class *class_of(const struct pseudo_fs *fs, const char *c, size_t len)
{
	if (len < 2 || c[len - 2] != '%')
		return NULL;
	for (unsigned i = 0; i < fs->class_count; i++)
		if (fs->classes[i].letter == c[len - 1])
			return &fs->classes[i];
	return NULL;
}

/* A number as the kernel writes it: no sign, no leading zeros. */
static bool parse_number(const char *s, size_t len, long *n)
{
	*n = 0;
	if (!len || len > 9 || (len > 1 && *s == '0'))
		return false;
	for (size_t i = 0; i < len; i++) {
		if (s[i] < '0' || s[i] > '9')
			return false;
		*n = *n * 10 + (s[i] - '0');
	}
	return true;
}

static bool matches(const struct pseudo_inode *dir, const char *c, size_t clen, const char *name, size_t len, long *n,
		    bool *number)
{
	const struct pseudo_class *k = class_of(dir->fs, c, clen);

	*number = k;
	if (!k)
		return len == clen && !memcmp(c, name, len);
	clen -= 2;
	return len > clen && !memcmp(c, name, clen) && parse_number(name + clen, len - clen, n) &&
	       dir->nn < PSEUDO_NUMBERS && k->next(*n, dir->n) == *n;
}

static u64 make_ino(const struct pseudo_inode *i)
{
	u64 h = 14695981039346656037ull;

	for (size_t k = 0; k < i->prefix_len; k++)
		h = (h ^ (u8)i->fs->rows[i->row].path[k]) * 1099511628211ull;
	for (unsigned k = 0; k < i->nn; k++)
		h = (h ^ (u64)i->n[k]) * 1099511628211ull;
	return h >> 16 | 1; /* 48 bits: some programs keep it in less than 64 */
}

static const struct inode_ops pseudo_iops;
static const struct file_ops pseudo_file_ops, pseudo_dir_ops;

static struct inode *make_inode(struct superblock *sb, const struct pseudo_inode *from, unsigned row, size_t prefix)
{
	const struct pseudo_fs *fs = from->fs;
	const struct pseudo_row *r = &fs->rows[row];
	struct pseudo_inode *i = kzalloc(sizeof(*i));
	bool leaf = from->nn || prefix ? !r->path[prefix] : false;
	u32 mode = !leaf ? S_IFDIR | 0555 : r->mode ? r->mode : S_IFREG | 0444;

	if (!i)
		return NULL;
	inode_init(&i->inode, sb, mode, &pseudo_iops, S_ISDIR(mode) ? &pseudo_dir_ops : &pseudo_file_ops);
	i->fs = fs;
	i->row = row;
	i->prefix_len = prefix;
	memcpy(i->n, from->n, sizeof(i->n));
	i->nn = from->nn;
	i->inode.ino = make_ino(i);
	if (fs->process_owned && init_process) {
		i->inode.uid = init_process->euid;
		i->inode.gid = init_process->egid;
	}
	return &i->inode;
}

static int pseudo_lookup(struct inode *inode, const char *name, size_t len, struct inode **out)
{
	struct pseudo_inode *dir = pseudo(inode), here = *dir;
	const struct pseudo_fs *fs = dir->fs;

	for (unsigned r = dir->row; r < fs->count; r++) {
		size_t clen, end;
		const char *c;
		bool number;
		long n;

		if (!below(fs, r, dir->row, dir->prefix_len))
			continue;
		c = component(fs->rows[r].path, dir->prefix_len, &clen);
		if (!matches(dir, c, clen, name, len, &n, &number))
			continue;
		if (number)
			here.n[here.nn++] = n;
		end = c + clen - fs->rows[r].path;
		*out = make_inode(inode->sb, &here, r, end);
		return *out ? 0 : -ENOMEM;
	}
	return -ENOENT;
}

static void pseudo_evict(struct inode *i) { kfree(pseudo(i)); }

static ssize_t pseudo_readlink(struct inode *i, char *buf, size_t size)
{
	const struct pseudo_row *r = &pseudo(i)->fs->rows[pseudo(i)->row];

	if (!r->link)
		return -EINVAL;
	return r->link(pseudo(i)->n, buf, size);
}

static int pseudo_follow(struct inode *i, struct dentry **out)
{
	const struct pseudo_row *r = &pseudo(i)->fs->rows[pseudo(i)->row];

	return r->follow ? r->follow(pseudo(i)->n, out) : -ENOSYS;
}

static const struct inode_ops pseudo_iops = {
	.lookup = pseudo_lookup,
	.readlink = pseudo_readlink,
	.follow = pseudo_follow,
	.evict = pseudo_evict,
};

/* ---- files ---- */

/* The text is made anew when it is read from its start; until then f->priv keeps what was made. */
static ssize_t pseudo_read(struct file *f, struct uio *u, u64 off)
{
	struct pseudo_inode *i = pseudo(f->inode);
	const struct pseudo_row *r = &i->fs->rows[i->row];
	size_t before = u->left;
	struct text *t;
	ssize_t n = 0;

	if (!r->show)
		return -EINVAL;
	mutex_lock(&f->inode->lock);
	t = f->priv;
	if (!t || off == 0) {
		if (!t)
			f->priv = t = kzalloc(sizeof(*t));
		if (t) {
			t->len = 0;
			t->no_memory = false;
			r->show(t, i->n);
		}
		if (!t || t->no_memory)
			n = -ENOMEM;
	}
	if (!n && off < t->len) {
		uio_copy_to(u, t->buf + off, t->len - off);
		n = UIO_RESULT(u, before);
	}
	mutex_unlock(&f->inode->lock);
	return n;
}

#define STORE_MAX 128

static ssize_t pseudo_write(struct file *f, struct uio *u, u64 *off)
{
	struct pseudo_inode *i = pseudo(f->inode);
	const struct pseudo_row *r = &i->fs->rows[i->row];
	char buf[STORE_MAX];
	size_t n = u->left;
	int err;

	if (!r->store)
		return -EIO;
	if (n >= sizeof(buf))
		return -EINVAL;
	if (uio_copy_from(u, buf, n) < n)
		return -EFAULT;
	buf[n] = '\0';
	err = r->store(i->n, buf, n);
	return err ? err : (ssize_t)n;
}

static void pseudo_release(struct file *f)
{
	struct text *t = f->priv;

	if (t)
		kfree(t->buf);
	kfree(t);
}

static const struct file_ops pseudo_file_ops = {
	.read = pseudo_read,
	.write = pseudo_write,
	.release = pseudo_release,
};

/* ---- directories ---- */

/* Positions: 0 and 1 the dots; then 2 + the row's index in the upper half and a number in the lower one. */
#define ROW_POS(row, n) (2 + ((u64)(row) << 32) + (u64)(n))

static bool seen_before(const struct pseudo_inode *dir, unsigned row, const char *c, size_t clen)
{
	for (unsigned r = dir->row; r < row; r++) {
		size_t len;
		const char *e;

		if (!below(dir->fs, r, dir->row, dir->prefix_len))
			continue;
		e = component(dir->fs->rows[r].path, dir->prefix_len, &len);
		if (len == clen && !memcmp(e, c, len))
			return true;
	}
	return false;
}

static unsigned row_dtype(const struct pseudo_row *r, const char *end)
{
	if (*end == '/')
		return DT_OF_MODE(S_IFDIR);
	return DT_OF_MODE(r->mode ? r->mode : S_IFREG);
}

static bool emit_row(struct pseudo_inode *dir, unsigned row, u64 *pos, struct dir_sink *s)
{
	const struct pseudo_row *r = &dir->fs->rows[row];
	const struct pseudo_class *k;
	struct pseudo_inode at = *dir;
	size_t clen;
	const char *c = component(r->path, dir->prefix_len, &clen);
	unsigned dtype = row_dtype(r, c + clen);

	if (seen_before(dir, row, c, clen))
		return true;
	at.row = row;
	at.prefix_len = c + clen - r->path;
	k = class_of(dir->fs, c, clen);
	if (!k) {
		if (!s->emit(s, c, clen, make_ino(&at), dtype, ROW_POS(row + 1, 0)))
			return false;
		return true;
	}
	at.nn++;
	for (long n = *pos > ROW_POS(row, 0) ? (long)(*pos - ROW_POS(row, 0)) : 0; (n = k->next(n, dir->n)) >= 0; n++) {
		char name[64];
		int len = format_string(name, sizeof(name), "%.*s%ld", (int)clen - 2, c, n);

		at.n[at.nn - 1] = n;
		if (!s->emit(s, name, len, make_ino(&at), dtype, ROW_POS(row, n + 1)))
			return false;
		*pos = ROW_POS(row, n + 1);
	}
	return true;
}

static int pseudo_readdir(struct file *f, u64 *pos, struct dir_sink *s)
{
	struct pseudo_inode *dir = pseudo(f->inode);

	for (; *pos < 2; ++*pos)
		if (!s->emit(s, "..", *pos + 1, dir->inode.ino, DT_OF_MODE(S_IFDIR), *pos + 1))
			return 0;
	for (unsigned r = (*pos - 2) >> 32; r < dir->fs->count; r++) {
		if (r >= dir->row && below(dir->fs, r, dir->row, dir->prefix_len) && !emit_row(dir, r, pos, s))
			return 0;
		*pos = ROW_POS(r + 1, 0);
	}
	return 0;
}

static const struct file_ops pseudo_dir_ops = {.readdir = pseudo_readdir};

bool pseudo_is_dir(struct file *f, const struct pseudo_fs *fs, const char *path)
{
	struct pseudo_inode *i = f->ops == &pseudo_dir_ops ? pseudo(f->inode) : NULL;

	return i && i->fs == fs && i->prefix_len == strlen(path) && !strncmp(fs->rows[i->row].path, path, i->prefix_len);
}

struct superblock *pseudo_super(const struct pseudo_fs *fs, u32 magic, const char *type)
{
	struct superblock *sb = kmalloc(sizeof(*sb));
	struct pseudo_inode root = {.fs = fs};

	if (!sb)
		return NULL;
	superblock_init(sb, NULL, 0, magic, type);
	sb->root_inode = make_inode(sb, &root, 0, 0);
	if (!sb->root_inode) {
		kfree(sb);
		return NULL;
	}
	sb->root_inode->ino = 1;
	return sb;
}
