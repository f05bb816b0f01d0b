/* SPDX-License-Identifier: MIT */
/* More of /proc: what is mounted in the long form, what has no meaning here and is read all the same, and sysctls. */
#include "fs/dentry.h"
#include "fs/fd.h"
#include "fs/procfs.h"
#include "lib/string.h"
#include "mm/space.h"
#include "platform/boot.h"
#include "platform/platform.h"

/* ID PARENT MAJOR:MINOR ROOT PLACE OPTIONS - TYPE SOURCE OPTIONS (proc_pid_mountinfo(5)). */
static void mount_line(struct text *t, unsigned id, const char *place, const char *source, const char *type, bool rdonly)
{
	const char *how = rdonly ? "ro" : "rw";

	text_printf(t, "%u %u 0:%u / %s %s,relatime - %s %s %s\n", id, id == 1 ? 0u : 1u, id, place, how, type, source, how);
}

void procfs_show_mountinfo(struct text *t, const long *n)
{
	const struct superblock *root = vfs_root->inode->sb;
	unsigned id = 1;

	mount_line(t, id++, "/", root->source, root->type, root->flags & SB_RDONLY);
	mount_line(t, id++, "/dev", "devtmpfs", "devtmpfs", false);
	mount_line(t, id++, "/proc", "proc", "proc", false);
	mount_line(t, id++, "/sys", "sysfs", "sysfs", true);
	for (unsigned i = 0; i < boot_info.mount_count; i++) {
		const struct boot_mount *b = &boot_info.mounts[i];

		if (strcmp(b->path, "/"))
			mount_line(t, id++, b->path, b->tag, "9p", b->flags & HERMIT_MOUNT_RDONLY);
	}
}

/* There is one group of the second version's hierarchy, and all is in it. */
void procfs_show_cgroup(struct text *t, const long *n) { text_printf(t, "0::/\n"); }

/* All ids are what they are outside. */
void procfs_show_id_map(struct text *t, const long *n) { text_printf(t, "%10u %10u %10u\n", 0u, 0u, 0xffffffffu); }

/* I/O is not counted: the lines are there for those who look for them. */
void procfs_show_io(struct text *t, const long *n)
{
	text_printf(t, "rchar: 0\nwchar: 0\nsyscr: 0\nsyscw: 0\nread_bytes: 0\nwrite_bytes: 0\ncancelled_write_bytes: 0\n");
}

void procfs_show_smaps_rollup(struct text *t, const long *n)
{
	const struct space *s = procfs_process()->space;
	unsigned long kib = s->resident * (PAGE_SIZE / KiB);

	text_printf(t, "%08lx-%08lx ---p 00000000 00:00 0                          [rollup]\n", (unsigned long)s->low,
		    (unsigned long)s->high);
	text_printf(t, "Rss:            %8lu kB\nPss:            %8lu kB\nPrivate_Dirty:  %8lu kB\nSwap:                  0 kB\n",
		    kib, kib, kib);
}

void procfs_show_file_nr(struct text *t, const long *n)
{
	text_printf(t, "%u\t0\t9223372036854775807\n", procfs_process()->files->size);
}

void procfs_show_vmstat(struct text *t, const long *n)
{
	text_printf(t, "nr_free_pages %lu\npgpgin 0\npgpgout 0\npswpin 0\npswpout 0\n",
		    (unsigned long)(platform_memory_free() / PAGE_SIZE));
}

void procfs_show_core_pattern(struct text *t, const long *n) { text_printf(t, "core\n"); }
void procfs_show_50(struct text *t, const long *n) { text_printf(t, "50\n"); }
void procfs_show_2(struct text *t, const long *n) { text_printf(t, "2\n"); }
void procfs_show_personality(struct text *t, const long *n) { text_printf(t, "00000000\n"); }
void procfs_show_coredump_filter(struct text *t, const long *n) { text_printf(t, "00000033\n"); }
