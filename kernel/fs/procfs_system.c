/* SPDX-License-Identifier: MIT */
/* More of /proc: what is mounted in the long form, what has no meaning here and is read all the same, and sysctls. */
#include "fs/blkdev.h"
#include "fs/dentry.h"
#include "fs/fd.h"
#include "fs/procfs.h"
#include "fs/pty.h"
#include "lib/format.h"
#include "lib/string.h"
#include "mm/heap.h"
#include "mm/space.h"
#include "net/unix.h"
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

/* Interrupts are counted for each CPU, not for each line. */
void procfs_show_interrupts(struct text *t, const long *n)
{
	text_printf(t, "     ");
	for (unsigned i = 0; i < cpu_count; i++)
		text_printf(t, "       CPU%-4u", i);
	text_printf(t, "\nLOC: ");
	for (unsigned i = 0; i < cpu_count; i++)
		text_printf(t, "%10lu ", (unsigned long)READ_ONCE(cpus[i]->interrupts));
	text_printf(t, "  Local interrupts\n");
}

void procfs_show_cgroups(struct text *t, const long *n)
{
	text_printf(t, "#subsys_name\thierarchy\tnum_cgroups\tenabled\n");
}

void procfs_show_partitions(struct text *t, const long *n)
{
	text_printf(t, "major minor  #blocks  name\n\n");
	for (struct blkdev *d = blkdev_start(); d; d = d->next)
		text_printf(t, "%4u %8u %10lu %s\n", (unsigned)(blkdev_rdev(d) >> 8 & 0xfff),
			    (unsigned)(blkdev_rdev(d) & 0xff), (unsigned long)(d->size / KiB), d->name);
}

/* The initial namespaces of Linux (include/linux/proc_ns.h): there are no others. */
#define NS_LINK(name, ino)                                            \
	int procfs_link_ns_##name(const long *n, char *buf, size_t size) \
	{                                                             \
		return format_string(buf, size, #name ":[%u]", ino);  \
	}
NS_LINK(cgroup, 4026531835u)
NS_LINK(ipc, 4026531839u)
NS_LINK(mnt, 4026531841u)
NS_LINK(net, 4026531840u)
NS_LINK(pid, 4026531836u)
NS_LINK(time, 4026531834u)
NS_LINK(user, 4026531837u)
NS_LINK(uts, 4026531838u)

/* Limits that are what they are; sysctl(8) names the file. */
void procfs_show_watches_max(struct text *t, const long *n) { text_printf(t, "65536\n"); }
void procfs_show_instances_max(struct text *t, const long *n) { text_printf(t, "128\n"); }
void procfs_show_queued_max(struct text *t, const long *n) { text_printf(t, "16384\n"); }
void procfs_show_pty_max(struct text *t, const long *n) { text_printf(t, "1024\n"); }
void procfs_show_pty_nr(struct text *t, const long *n) { text_printf(t, "%u\n", pty_count()); }
void procfs_show_rr_slice(struct text *t, const long *n) { text_printf(t, "100\n"); }
void procfs_show_port_range(struct text *t, const long *n) { text_printf(t, "32768\t60999\n"); }

/* ---- net: there is no network yet but the sockets of AF_UNIX that have a name ---- */

void procfs_show_net_dev(struct text *t, const long *n)
{
	text_printf(t, "Inter-|   Receive                                                |  Transmit\n"
		       " face |bytes    packets errs drop fifo frame compressed multicast|bytes    packets errs drop "
		       "fifo colls carrier compressed\n");
}

void procfs_show_net_inet(struct text *t, const long *n)
{
	text_printf(t, "  sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout "
		       "inode\n");
}

void procfs_show_net_route(struct text *t, const long *n)
{
	text_printf(t, "Iface\tDestination\tGateway \tFlags\tRefCnt\tUse\tMetric\tMask\t\tMTU\tWindow\tIRTT\n");
}

void procfs_show_net_packet(struct text *t, const long *n)
{
	text_printf(t, "sk               RefCnt Type Proto  Iface R Rmem   User   Inode\n");
}

void procfs_show_net_netlink(struct text *t, const long *n)
{
	text_printf(t, "sk               Eth Pid        Groups   Rmem     Wmem     Dump  Locks    Drops    Inode\n");
}

void procfs_show_net_unix(struct text *t, const long *n)
{
	const unsigned max = 128;
	struct unix_info *all = kmalloc(max * sizeof(*all));
	unsigned count = all ? unix_list(all, max) : 0;

	text_printf(t, "Num       RefCount Protocol Flags    Type St Inode Path\n");
	for (unsigned i = 0; i < count; i++) {
		struct unix_info *u = &all[i];

		for (unsigned k = 0; k + 1 < u->len && u->path[0] == '@'; k++) /* NULs, as Linux shows them */
			if (!u->path[k])
				u->path[k] = '@';
		text_printf(t, "%016x: %08X 00000000 %08X %04X %02X %5lu %.*s\n", 0, 2, u->listening ? 0x10000 : 0,
			    u->type, u->connected ? 3 : 1, (unsigned long)u->ino, (int)u->len, u->path);
	}
	if (!all)
		t->no_memory = true;
	kfree(all);
}
