/* SPDX-License-Identifier: MIT */
/* /proc/PID/maps and smaps: the areas of the process's memory, and what is there of each. */
#include "fs/procfs.h"
#include "lib/string.h"
#include "mm/heap.h"
#include "mm/space.h"
#include "platform/platform.h"

struct area_copy {
	vaddr_t start, end;
	u32 flags;
	u64 offset;
	struct file *file; /* a reference */
	const char *name;
};

/* The areas as they are now, since names of files cannot be found out under space.lock.  *count of them. */
static struct area_copy *copy_areas(struct space *s, unsigned *count)
{
	unsigned room = READ_ONCE(s->areas.count) + 16, n = 0;
	struct area_copy *copy = kmalloc(room * sizeof(*copy));
	unsigned long ev;

	*count = 0;
	if (!copy)
		return NULL;
	ev = spin_lock(&s->lock);
	for (struct area *a = area_find_above(&s->areas, 0); a && n < room; a = area_next(a), n++)
		copy[n] = (struct area_copy){a->start, a->end, a->flags, a->offset, a->file ? file_ref(a->file) : NULL,
					     a->name};
	spin_unlock(&s->lock, ev);
	*count = n;
	return copy;
}

static void free_areas(struct area_copy *copy, unsigned count)
{
	for (unsigned i = 0; i < count; i++)
		if (copy[i].file)
			file_unref(copy[i].file);
	kfree(copy);
}

/* A line of maps; path: PATH_MAX + 16 bytes of room. */
static void show_area(struct text *t, const struct area_copy *a, char *path)
{
	struct inode *inode = a->file ? a->file->inode : NULL;
	size_t begin = t->len;
	u32 f = a->flags;

	text_printf(t, "%08lx-%08lx %c%c%c%c %08lx %02x:%02x %lu", a->start, a->end,
		    f & AREA_READ ? 'r' : '-', f & AREA_WRITE ? 'w' : '-', f & AREA_EXEC ? 'x' : '-',
		    f & AREA_SHARED ? 's' : 'p', (unsigned long)a->offset, 0, inode ? inode->sb->dev : 0,
		    inode ? (unsigned long)inode->ino : 0ul);
	if (inode && a->file->dentry && vfs_path(a->file->dentry, path, PATH_MAX + 16, true) > 0)
		text_printf(t, "%*s%s", (int)MAX(1l, 73 - (long)(t->len - begin)), "", path);
	else if (a->name)
		text_printf(t, "%*s%s", (int)MAX(1l, 73 - (long)(t->len - begin)), "", a->name);
	text_add(t, "\n", 1);
}

struct pages_there {
	u64 all, anonymous, dirty; /* KiB */
};

static struct pages_there count_pages(struct space *s, const struct area_copy *a)
{
	struct pages_there n = {0};
	unsigned long ev = spin_lock(&s->lock);

	n.all = platform_space_count(s, a->start, a->end, &n.dirty) * (PAGE_SIZE / KiB);
	spin_unlock(&s->lock, ev);
	n.dirty *= PAGE_SIZE / KiB;
	/* Which pages of a private mapping are copies is the frames' business: those that have been written are. */
	n.anonymous = a->file ? (a->flags & AREA_SHARED ? 0 : n.dirty) : a->flags & AREA_KERNEL ? 0 : n.all;
	n.dirty = MAX(n.dirty, n.anonymous);
	return n;
}

/* What proc_pid_smaps(5) has of an area, or of all together. */
static void show_counts(struct text *t, struct pages_there n, bool shared)
{
	static const char *const none[] = {"KSM", "LazyFree", "AnonHugePages", "ShmemPmdMapped", "FilePmdMapped",
		"Shared_Hugetlb", "Private_Hugetlb", "Swap", "SwapPss", "Locked"};
	const struct {
		const char *name;
		u64 kib;
	} rows[] = {
		{"Rss", n.all}, {"Pss", n.all}, {"Pss_Dirty", n.dirty}, {"Shared_Clean", shared ? n.all - n.dirty : 0},
		{"Shared_Dirty", shared ? n.dirty : 0}, {"Private_Clean", shared ? 0 : n.all - n.dirty},
		{"Private_Dirty", shared ? 0 : n.dirty}, {"Referenced", n.all}, {"Anonymous", n.anonymous},
	};

	for (unsigned i = 0; i < ARRAY_SIZE(rows); i++)
		text_printf(t, "%s:%*s %8lu kB\n", rows[i].name, (int)(14 - strlen(rows[i].name)), "",
			    (unsigned long)rows[i].kib);
	for (unsigned i = 0; i < ARRAY_SIZE(none); i++)
		text_printf(t, "%s:%*s %8u kB\n", none[i], (int)(14 - strlen(none[i])), "", 0);
}

static void show_area_counts(struct text *t, struct space *s, const struct area_copy *a)
{
	u32 f = a->flags;

	text_printf(t, "Size:           %8lu kB\nKernelPageSize:        4 kB\nMMUPageSize:           4 kB\n",
		    (unsigned long)((a->end - a->start) / KiB));
	show_counts(t, count_pages(s, a), f & AREA_SHARED);
	text_printf(t, "THPeligible:           %u\nVmFlags:%s%s%s%s mr%s me%s%s%s\n",
		    f & (AREA_NOHUGE | AREA_STACK) || a->file ? 0 : 1, f & AREA_READ ? " rd" : "",
		    f & AREA_WRITE ? " wr" : "", f & AREA_EXEC ? " ex" : "", f & AREA_SHARED ? " sh" : "",
		    f & AREA_NOWRITE ? "" : " mw", f & AREA_SHARED ? " ms" : "", f & AREA_GROWSDOWN ? " gd" : "",
		    f & AREA_NORESERVE ? " nr" : "");
}

enum detail { MAPS, SMAPS, ROLLUP };

static void show_areas(struct text *t, enum detail what)
{
	struct space *s = procfs_process()->space;
	struct pages_there sum = {0};
	unsigned count;
	struct area_copy *a = copy_areas(s, &count);
	char *path = kmalloc(PATH_MAX + 16);

	if (what == ROLLUP && count)
		text_printf(t, "%08lx-%08lx ---p 00000000 00:00 0 %*s[rollup]\n", a[0].start, a[count - 1].end, 25, "");
	for (unsigned i = 0; path && i < count; i++) {
		if (what == ROLLUP) {
			struct pages_there n = count_pages(s, &a[i]);

			sum.all += n.all, sum.anonymous += n.anonymous, sum.dirty += n.dirty;
			continue;
		}
		show_area(t, &a[i], path);
		if (what == SMAPS)
			show_area_counts(t, s, &a[i]);
	}
	if (what == ROLLUP)
		show_counts(t, sum, false);
	if (!path || !a)
		t->no_memory = true;
	kfree(path);
	free_areas(a, count);
}

void procfs_show_maps(struct text *t, const long *n) { show_areas(t, MAPS); }
void procfs_show_smaps(struct text *t, const long *n) { show_areas(t, SMAPS); }
void procfs_show_smaps_rollup(struct text *t, const long *n) { show_areas(t, ROLLUP); }
