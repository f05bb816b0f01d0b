/* SPDX-License-Identifier: MIT */
/*
 * System V shared memory: a segment is a file in memory without a name, and each
 * attachment an open file of it.  As long as an area of the address space, or a
 * part of one, refers to that file, the segment is attached.
 */
#include "fs/ramfs.h"
#include "ipc/sysv.h"
#include "lib/errno.h"
#include "lib/format.h"
#include "mm/heap.h"
#include "mm/space.h"
#include "proc/limits.h"
#include "proc/thread.h"

#define TMPFS_MAGIC 0x01021994

static void shm_free(struct sysv_obj *o);
struct sysv_ids shm_ids = {.lock = SPINLOCK_INIT, .max = SHM_COUNT_MAX, .last = -1, .free = shm_free};
static struct mutex super_lock = {0, WAIT_QUEUE_INIT(super_lock.wait)};
static u64 total_pages; /* of all segments */

static u64 pages_of(u64 size) { return ALIGN_UP(size, PAGE_SIZE) >> PAGE_SHIFT; }

static struct superblock *shm_super(void)
{
	static struct superblock *sb;

	mutex_lock(&super_lock);
	if (!sb)
		sb = ramfs_super(TMPFS_MAGIC, "tmpfs");
	mutex_unlock(&super_lock);
	return sb;
}

static void shm_free(struct sysv_obj *o)
{
	struct shm *s = shm_of(o);

	__atomic_fetch_sub(&total_pages, pages_of(s->size), __ATOMIC_RELAXED);
	inode_unref(s->inode);
	kfree(s);
}

static struct sysv_obj *shm_create(const void *arg, int *err)
{
	u64 size = *(const u64 *)arg;
	struct superblock *sb;
	struct shm *s;

	*err = -EINVAL;
	if (!size || size > SHM_SIZE_MAX)
		return NULL;
	/* Promised to the program: what cannot be had by any means is refused now, and not by a SIGBUS. */
	*err = -ENOMEM;
	if (size > platform_memory_free())
		return NULL;
	sb = shm_super();
	s = sb ? kzalloc(sizeof(*s)) : NULL;
	if (!s)
		return NULL;
	s->inode = ramfs_inode_create(sb, S_IFREG | 0777, NULL);
	if (!s->inode) {
		kfree(s);
		return NULL;
	}
	s->inode->size = ALIGN_UP(size, PAGE_SIZE);
	s->size = size;
	s->creator = current->process->pid;
	s->ctime = sysv_now();
	__atomic_fetch_add(&total_pages, pages_of(size), __ATOMIC_RELAXED);
	return &s->obj;
}

static int shm_fits(struct sysv_obj *o, const void *arg) { return shm_of(o)->size < *(const u64 *)arg ? -EINVAL : 0; }

long shm_get(s32 key, u64 size, int flags)
{
	struct sysv_maker m = {shm_create, shm_fits, &size};

	return sysv_get(&shm_ids, key, flags, &m);
}

void shm_usage(u64 *pages, u64 *resident)
{
	unsigned long ev = spin_lock(&shm_ids.lock);

	*resident = 0;
	for (unsigned i = 0; i < shm_ids.size; i++)
		if (shm_ids.slots[i])
			*resident += READ_ONCE(ramfs_of(shm_of(shm_ids.slots[i])->inode)->pages.count);
	spin_unlock(&shm_ids.lock, ev);
	*pages = READ_ONCE(total_pages);
}

/* ---- attachments ---- */

static int shm_read_page(struct file *f, u64 off, void *page) { return ramfs_file_ops.read_page(f, off, page); }

static int shm_page_shared(struct file *f, u64 off, bool write, paddr_t *frame)
{
	return ramfs_file_ops.page_shared(f, off, write, frame);
}

/* One user less; the last one of a segment that is to go takes it along. */
static void detached(struct shm *s)
{
	unsigned long ev = spin_lock(&s->obj.lock);
	bool gone = !--s->attached && (s->obj.perm.mode & SHM_DEST);

	spin_unlock(&s->obj.lock, ev);
	if (gone)
		sysv_remove(&shm_ids, &s->obj);
	sysv_put(&shm_ids, &s->obj);
}

static void shm_release(struct file *f)
{
	struct shm *s = f->priv;
	unsigned long ev = spin_lock(&s->obj.lock);

	s->dtime = sysv_now();
	s->last = current->process ? current->process->pid : 0;
	spin_unlock(&s->obj.lock, ev);
	detached(s);
}

static int shm_describe(struct file *f, char *buf, size_t size)
{
	struct shm *s = f->priv;

	return format_string(buf, size, "/SYSV%08x (deleted)", (unsigned)s->obj.perm.key);
}

static const struct file_ops shm_file_ops = {
	.read_page = shm_read_page,
	.page_shared = shm_page_shared,
	.release = shm_release,
	.describe = shm_describe,
};

s64 shm_attach(struct shm *s, vaddr_t addr, int flags)
{
	u32 area = AREA_SHARED | AREA_READ, mode = SYSV_READ;
	bool fixed = addr != 0;
	unsigned long ev;
	struct file *f;
	s64 at;
	int err;

	if (addr && !IS_ALIGNED(addr, PAGE_SIZE)) {
		if (!(flags & SHM_RND))
			return -EINVAL;
		addr = ALIGN_DOWN(addr, PAGE_SIZE);
	}
	if (!addr && (flags & SHM_REMAP))
		return -EINVAL;
	if (!(flags & SHM_RDONLY)) {
		area |= AREA_WRITE;
		mode |= SYSV_WRITE;
	}
	if (flags & SHM_EXEC) {
		area |= AREA_EXEC;
		mode |= 0111;
	}
	err = sysv_permitted(&s->obj, mode);
	if (err)
		return err;
	f = file_alloc(s->inode, NULL, flags & SHM_RDONLY ? O_RDONLY : O_RDWR, &shm_file_ops);
	if (!f)
		return -ENOMEM;
	ev = spin_lock(&s->obj.lock);
	err = s->obj.removed ? -EIDRM : 0;
	if (!err) {
		s->attached++;
		__atomic_fetch_add(&s->obj.refs, 1, __ATOMIC_RELAXED);
	}
	spin_unlock(&s->obj.lock, ev);
	f->priv = s;
	if (err) {
		f->ops = NULL; /* it never became an attachment */
		file_unref(f);
		return err;
	}
	at = limit_memory(addr, ALIGN_UP(s->size, PAGE_SIZE), area, fixed && flags & SHM_REMAP, false);
	if (!at)
		at = space_map(current->process->space, addr, s->size, area, fixed, !(flags & SHM_REMAP), f, 0, NULL);
	if (at >= 0) {
		ev = spin_lock(&s->obj.lock);
		s->atime = sysv_now();
		s->last = current->process->pid;
		spin_unlock(&s->obj.lock, ev);
	} else {
		f->ops = NULL;
		detached(s);
	}
	file_unref(f);
	return at == -EEXIST ? -EINVAL : at;
}

u64 shm_attachments(struct shm *s)
{
	struct space *sp = current->process->space;
	unsigned long ev = spin_lock(&sp->lock);
	u64 n = 0;

	for (struct area *a = area_find_above(&sp->areas, 0); a; a = area_next(a))
		n += a->file && a->file->ops == &shm_file_ops && a->file->priv == s;
	spin_unlock(&sp->lock, ev);
	return n;
}

/* The attachment whose first page would be, or is, at addr: its file, with a reference. */
static struct file *find_attachment(struct space *sp, vaddr_t addr)
{
	unsigned long ev = spin_lock(&sp->lock);
	struct file *f = NULL;

	for (struct area *a = area_find_above(&sp->areas, addr); a && !f; a = area_next(a))
		if (a->file && a->file->ops == &shm_file_ops && a->start - addr == a->offset && a->start >= addr)
			f = file_ref(a->file);
	spin_unlock(&sp->lock, ev);
	return f;
}

/* A part of the attachment that is still mapped where it was: false if there is none. */
static bool find_part(struct space *sp, vaddr_t addr, struct file *f, vaddr_t *start, u64 *len)
{
	unsigned long ev = spin_lock(&sp->lock);
	u64 size = ALIGN_UP(((struct shm *)f->priv)->size, PAGE_SIZE);
	bool found = false;

	for (struct area *a = area_find_above(&sp->areas, addr); a && a->start < addr + size && !found; a = area_next(a))
		if (a->file == f && a->start - addr == a->offset) {
			*start = a->start;
			*len = a->end - a->start;
			found = true;
		}
	spin_unlock(&sp->lock, ev);
	return found;
}

int shm_detach(vaddr_t addr)
{
	struct space *sp = current->process->space;
	vaddr_t start = 0;
	struct file *f;
	u64 len = 0;
	int err = 0;

	if (!IS_ALIGNED(addr, PAGE_SIZE))
		return -EINVAL;
	f = find_attachment(sp, addr);
	if (!f)
		return -EINVAL;
	while (!err && find_part(sp, addr, f, &start, &len))
		err = space_unmap(sp, start, len);
	file_unref(f);
	return err;
}

void shm_destroy(struct shm *s)
{
	unsigned long ev = spin_lock(&s->obj.lock);
	bool now = !s->attached;

	s->obj.perm.mode |= SHM_DEST;
	spin_unlock(&s->obj.lock, ev);
	sysv_hide(&shm_ids, &s->obj);
	if (now)
		sysv_remove(&shm_ids, &s->obj);
}
