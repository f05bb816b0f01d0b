/* SPDX-License-Identifier: MIT */
/* /proc: what C libraries and the runtimes of OpenMP, Go and Fortran read, and what people look at. */
#include <arch/cpuinfo.h>
#include "fs/dentry.h"
#include "fs/fd.h"
#include "fs/procfs.h"
#include "ipc/mqueue.h"
#include "ipc/sysv.h"
#include "lib/format.h"
#include "lib/random.h"
#include "lib/string.h"
#include "lib/uaccess.h"
#include "mm/heap.h"
#include "mm/space.h"
#include "platform/boot.h"
#include "platform/platform.h"
#include "proc/clock.h"
#include "proc/limits.h"
#include "proc/sched.h"
#include "proc/thread.h"
#include "version.h"

#define PROC_MAGIC 0x9fa0

/* ---- numbers: processes, threads, descriptors ---- */

static long next_pid(long from, const long *outer)
{
	return from <= procfs_process()->pid ? procfs_process()->pid : -1;
}

static long next_tid(long from, const long *outer)
{
	struct process *p = procfs_process();
	unsigned long ev = spin_lock(&p->lock);
	long best = -1;

	list_for_each(l, &p->threads) {
		const struct thread *t = list_entry(l, struct thread, link);

		if (t->tid >= from && (best < 0 || t->tid < best))
			best = t->tid;
	}
	spin_unlock(&p->lock, ev);
	return best;
}

static long next_fd(long from, const long *outer) { return fd_next(procfs_process()->files, from); }

static const struct pseudo_class classes[] = {{'p', next_pid}, {'t', next_tid}, {'f', next_fd}};

/* ---- links ---- */

static int link_self(const long *n, char *buf, size_t size)
{
	return format_string(buf, size, "%d", procfs_process()->pid);
}

static int link_thread_self(const long *n, char *buf, size_t size)
{
	return format_string(buf, size, "%d/task/%d", procfs_process()->pid, current->tid);
}

static int link_mounts(const long *n, char *buf, size_t size) { return format_string(buf, size, "self/mounts"); }
static int link_net(const long *n, char *buf, size_t size) { return format_string(buf, size, "self/net"); }

static int link_exe(const long *n, char *buf, size_t size)
{
	size_t len = MIN(strlen(procfs_process()->exe), size);

	memcpy(buf, procfs_process()->exe, len);
	return len;
}

/* The text must fit without a NUL that vfs_path() would add. */
static int path_text(struct dentry *d, char *buf, size_t size)
{
	char *tmp = kmalloc(PATH_MAX + 16);
	int n = tmp ? vfs_path(d, tmp, PATH_MAX + 16, true) : -ENOMEM;

	if (n > 0) {
		n = MIN((size_t)n, size);
		memcpy(buf, tmp, n);
	}
	kfree(tmp);
	return n;
}

static int follow_cwd(const long *n, struct dentry **out)
{
	*out = fs_context_cwd(procfs_process()->fs);
	return 0;
}

static int link_cwd(const long *n, char *buf, size_t size)
{
	struct dentry *d = fs_context_cwd(procfs_process()->fs);
	int r = path_text(d, buf, size);

	dentry_unref(d);
	return r;
}

static int follow_root(const long *n, struct dentry **out)
{
	*out = fs_context_root(procfs_process()->fs);
	return 0;
}
static int link_root(const long *n, char *buf, size_t size) { return format_string(buf, size, "/"); }

static struct file *fd_file(const long *n) /* with a reference */
{
	struct fdref r = fd_get_shared(n[1]);

	return r.file;
}

static int link_fd(const long *n, char *buf, size_t size)
{
	struct file *f = fd_file(n);
	int r = -ENOENT;

	if (!f)
		return r;
	if (f->dentry)
		r = path_text(f->dentry, buf, size);
	else if (f->ops && f->ops->describe)
		r = f->ops->describe(f, buf, size);
	else
		r = format_string(buf, size, "anon_inode:[file]");
	file_unref(f);
	return r;
}

static int follow_fd(const long *n, struct dentry **out)
{
	struct file *f = fd_file(n);

	if (!f)
		return -ENOENT;
	*out = f->dentry ? dentry_ref(f->dentry) : dentry_alone(f->inode, "");
	file_unref(f);
	return *out ? 0 : -ENOMEM;
}

static void show_fdinfo(struct text *t, const long *n)
{
	struct file *f = fd_file(n);

	if (!f)
		return;
	text_printf(t, "pos:\t%lu\nflags:\t%08o\nmnt_id:\t%u\nino:\t%lu\n", (unsigned long)f->pos, f->flags,
		    f->inode->sb->dev, (unsigned long)f->inode->ino);
	file_unref(f);
}

static void show_nothing(struct text *t, const long *n) {}
/* Where a thread sleeps in the kernel is nobody's business. */
static void show_wchan(struct text *t, const long *n) { text_printf(t, "0"); }
static void show_zero(struct text *t, const long *n) { text_printf(t, "0\n"); }
/* Nobody has logged in: what getlogin(3) reads, without an end of line. */
static void show_unset_id(struct text *t, const long *n) { text_printf(t, "4294967295"); }

/* ---- the machine ---- */

static void show_mounts(struct text *t, const long *n)
{
	text_printf(t, "%s / %s rw 0 0\ndevtmpfs /dev devtmpfs rw 0 0\nproc /proc proc rw 0 0\nsysfs /sys sysfs ro 0 0\n",
		    vfs_root->inode->sb->source, vfs_root->inode->sb->type);
	for (unsigned i = 0; i < boot_info.mount_count; i++) {
		const struct boot_mount *b = &boot_info.mounts[i];

		if (strcmp(b->path, "/"))
			text_printf(t, "%s %s 9p %s 0 0\n", b->tag, b->path, b->flags & HERMIT_MOUNT_RDONLY ? "ro" : "rw");
	}
}

static void show_cpuinfo(struct text *t, const long *n)
{
	size_t size = 4096;
	char *buf = kmalloc(size);

	if (!buf) {
		t->no_memory = true;
		return;
	}
	for (unsigned i = 0; i < cpu_count; i++) {
		int len = arch_cpuinfo(buf, size, i, cpu_count, boot_info.tsc_khz);

		text_add(t, buf, MIN((size_t)len, size - 1));
	}
	kfree(buf);
}

static void show_meminfo(struct text *t, const long *n)
{
	unsigned long total = platform_memory_total() / KiB, left = platform_memory_free() / KiB;

	text_printf(t,
		    "MemTotal:       %8lu kB\nMemFree:        %8lu kB\nMemAvailable:   %8lu kB\n"
		    "Buffers:               0 kB\nCached:                0 kB\nSwapCached:            0 kB\n"
		    "SwapTotal:             0 kB\nSwapFree:              0 kB\nShmem:                 0 kB\n",
		    total, left, left);
	text_printf(t, "CommitLimit:    %8lu kB\nHugePages_Total:       0\nHugePages_Free:        0\nHugepagesize:       2048 kB\n",
		    total);
}

static nsec_t idle_time(const struct cpu *c)
{
	nsec_t idle = READ_ONCE(c->idle_time), since = READ_ONCE(c->idle_since);
	nsec_t now = clock_monotonic();

	return since && since < now ? idle + (now - since) : idle;
}

static void show_cpu_line(struct text *t, const char *name, nsec_t busy, nsec_t idle)
{
	text_printf(t, "%s %lu 0 0 %lu 0 0 0 0 0 0\n", name, (unsigned long)procfs_ticks(busy),
		    (unsigned long)procfs_ticks(idle));
}

static void show_system_stat(struct text *t, const long *n)
{
	nsec_t now = clock_monotonic(), idle = 0;
	u64 switches = 0, interrupts = 0, running = 0;
	char name[16];

	for (unsigned i = 0; i < cpu_count; i++) {
		idle += MIN(idle_time(cpus[i]), now);
		switches += cpus[i]->switches;
		interrupts += cpus[i]->interrupts;
		running += cpus[i]->rq.count;
	}
	show_cpu_line(t, "cpu ", now * cpu_count - idle, idle);
	for (unsigned i = 0; i < cpu_count; i++) {
		nsec_t one = MIN(idle_time(cpus[i]), now);

		format_string(name, sizeof(name), "cpu%u", i);
		show_cpu_line(t, name, now - one, one);
	}
	text_printf(t, "intr %lu\nctxt %lu\nbtime %ld\nprocesses 1\nprocs_running %lu\nprocs_blocked 0\n",
		    (unsigned long)interrupts, (unsigned long)switches,
		    (long)((clock_realtime() - (s64)now) / (s64)NSEC_PER_SEC), (unsigned long)running + 1);
}

static void show_uptime(struct text *t, const long *n)
{
	nsec_t now = clock_monotonic(), idle = 0;

	for (unsigned i = 0; i < cpu_count; i++)
		idle += MIN(idle_time(cpus[i]), now);
	text_printf(t, "%lu.%02lu %lu.%02lu\n", (unsigned long)(now / NSEC_PER_SEC),
		    (unsigned long)(procfs_ticks(now) % PROCFS_HZ), (unsigned long)(idle / NSEC_PER_SEC),
		    (unsigned long)(procfs_ticks(idle) % PROCFS_HZ));
}

/* Load averages need a clock tick that a tickless kernel does not have: what runs now stands for all three. */
static void show_loadavg(struct text *t, const long *n)
{
	unsigned running = 1;

	for (unsigned i = 0; i < cpu_count; i++)
		running += cpus[i]->rq.count;
	text_printf(t, "%u.00 %u.00 %u.00 %u/%u %d\n", running, running, running, running,
		    procfs_process()->thread_count, current->tid);
}

static void show_version(struct text *t, const long *n)
{
	text_printf(t, "Linux version " UTS_RELEASE " (hermit) " UTS_VERSION "\n");
}

static void show_filesystems(struct text *t, const long *n)
{
	text_printf(t, "nodev\tsysfs\nnodev\ttmpfs\nnodev\tproc\nnodev\tdevtmpfs\nnodev\tpipefs\nnodev\t9p\nnodev\toverlay\n");
}

static void show_cmdline_of_kernel(struct text *t, const long *n) { text_printf(t, "\n"); }
static void show_devices(struct text *t, const long *n)
{
	text_printf(t, "Character devices:\n  1 mem\n  5 /dev/tty\n136 pts\n\nBlock devices:\n");
}
static void show_swaps(struct text *t, const long *n)
{
	text_printf(t, "Filename\t\t\t\tType\t\tSize\t\tUsed\t\tPriority\n");
}

/* ---- /proc/sys ---- */

static void show_osrelease(struct text *t, const long *n) { text_printf(t, UTS_RELEASE "\n"); }
static void show_ostype(struct text *t, const long *n) { text_printf(t, "Linux\n"); }
static void show_uts_version(struct text *t, const long *n) { text_printf(t, UTS_VERSION "\n"); }
static void show_hostname(struct text *t, const long *n) { text_printf(t, "%s\n", boot_info.hostname); }
static void show_domainname(struct text *t, const long *n) { text_printf(t, "(none)\n"); }
static void show_pid_max(struct text *t, const long *n) { text_printf(t, "4194304\n"); }
static void show_threads_max(struct text *t, const long *n)
{
	text_printf(t, "%lu\n", (unsigned long)procfs_process()->limits[RLIMIT_NPROC].max);
}
static void show_ngroups_max(struct text *t, const long *n) { text_printf(t, "65536\n"); }
static void show_cap_last(struct text *t, const long *n) { text_printf(t, "40\n"); }
static void show_overflow_id(struct text *t, const long *n) { text_printf(t, "65534\n"); }
static void show_aslr(struct text *t, const long *n)
{
	text_printf(t, "%d\n", boot_info.flags & HERMIT_BOOT_F_NO_ASLR ? 0 : 2);
}
static void show_entropy(struct text *t, const long *n) { text_printf(t, "256\n"); }
static void show_one(struct text *t, const long *n) { text_printf(t, "1\n"); }
static void show_max_map_count(struct text *t, const long *n) { text_printf(t, "65530\n"); }
static void show_mmap_min(struct text *t, const long *n) { text_printf(t, "65536\n"); }
static void show_nr_open(struct text *t, const long *n) { text_printf(t, "1048576\n"); }
static void show_file_max(struct text *t, const long *n) { text_printf(t, "9223372036854775807\n"); }
static void show_pipe_max(struct text *t, const long *n) { text_printf(t, "1048576\n"); }
static void show_somaxconn(struct text *t, const long *n) { text_printf(t, "4096\n"); }

static void add_uuid(struct text *t, const u8 *b) /* RFC 4122, version 4 */
{
	for (unsigned i = 0; i < 16; i++) {
		u8 v = i == 6 ? (b[i] & 15) | 0x40 : i == 8 ? (b[i] & 0x3f) | 0x80 : b[i];

		text_printf(t, i == 4 || i == 6 || i == 8 || i == 10 ? "-%02x" : "%02x", v);
	}
	text_add(t, "\n", 1);
}
static void show_uuid(struct text *t, const long *n)
{
	u8 b[16];

	random_bytes(b, sizeof(b));
	add_uuid(t, b);
}
static void show_boot_id(struct text *t, const long *n)
{
	static u8 id[16];
	static bool made;

	if (!__atomic_exchange_n(&made, true, __ATOMIC_ACQ_REL))
		random_bytes(id, sizeof(id));
	add_uuid(t, id);
}

/* ---- limits of message queues, semaphores and shared memory: fixed ---- */

static void show_mq_msg_default(struct text *t, const long *n) { text_printf(t, "%d\n", mq_limits.msg_default); }
static void show_mq_msg_max(struct text *t, const long *n) { text_printf(t, "%d\n", mq_limits.msg_max); }
static void show_mq_msgsize_default(struct text *t, const long *n) { text_printf(t, "%d\n", mq_limits.msgsize_default); }
static void show_mq_msgsize_max(struct text *t, const long *n) { text_printf(t, "%d\n", mq_limits.msgsize_max); }
static void show_mq_queues_max(struct text *t, const long *n) { text_printf(t, "%d\n", mq_limits.queues_max); }
static void show_msgmax(struct text *t, const long *n) { text_printf(t, "%d\n", MSG_SIZE_MAX); }
static void show_msgmnb(struct text *t, const long *n) { text_printf(t, "%d\n", MSG_BYTES_MAX); }
static void show_msgmni(struct text *t, const long *n) { text_printf(t, "%d\n", MSG_QUEUES); }
static void show_shmmax(struct text *t, const long *n) { text_printf(t, "%lu\n", (unsigned long)SHM_SIZE_MAX); }
static void show_shmmni(struct text *t, const long *n) { text_printf(t, "%d\n", SHM_COUNT_MAX); }
static void show_sem(struct text *t, const long *n)
{
	text_printf(t, "%d\t%d\t%d\t%d\n", SEM_PER_SET, SEM_TOTAL, SEM_OPS_MAX, SEM_SETS);
}

#define LINK (S_IFLNK | 0777)
#define RW   (S_IFREG | 0644)
#define OWN  (S_IFREG | 0400)

static const struct pseudo_row rows[] = {
	{"self", LINK, NULL, link_self, NULL, NULL},
	{"thread-self", LINK, NULL, link_thread_self, NULL, NULL},
	{"%p/exe", LINK, NULL, link_exe, NULL, NULL},
	{"%p/cwd", LINK, NULL, link_cwd, follow_cwd, NULL},
	{"%p/root", LINK, NULL, link_root, follow_root, NULL},
	{"%p/fd/%f", LINK, NULL, link_fd, follow_fd, NULL},
	{"%p/fdinfo/%f", OWN, show_fdinfo, NULL, NULL, NULL},
	{"%p/maps", 0, procfs_show_maps, NULL, NULL, NULL},
	{"%p/status", 0, procfs_show_status, NULL, NULL, NULL},
	{"%p/stat", 0, procfs_show_stat, NULL, NULL, NULL},
	{"%p/statm", 0, procfs_show_statm, NULL, NULL, NULL},
	{"%p/cmdline", 0, procfs_show_cmdline, NULL, NULL, NULL},
	{"%p/environ", OWN, procfs_show_environ, NULL, NULL, NULL},
	{"%p/auxv", OWN, procfs_show_auxv, NULL, NULL, NULL},
	{"%p/comm", RW, procfs_show_comm, NULL, NULL, procfs_store_comm},
	{"%p/limits", 0, procfs_show_limits, NULL, NULL, NULL},
	{"%p/mounts", 0, show_mounts, NULL, NULL, NULL},
	{"%p/mountinfo", 0, procfs_show_mountinfo, NULL, NULL, NULL},
	{"%p/cgroup", 0, procfs_show_cgroup, NULL, NULL, NULL},
	{"%p/io", OWN, procfs_show_io, NULL, NULL, NULL},
	{"%p/smaps", 0, procfs_show_smaps, NULL, NULL, NULL},
	{"%p/smaps_rollup", 0, procfs_show_smaps_rollup, NULL, NULL, NULL},
	{"%p/uid_map", 0, procfs_show_id_map, NULL, NULL, NULL},
	{"%p/gid_map", 0, procfs_show_id_map, NULL, NULL, NULL},
	{"%p/personality", OWN, procfs_show_personality, NULL, NULL, NULL},
	{"%p/coredump_filter", 0, procfs_show_coredump_filter, NULL, NULL, NULL},
	{"%p/loginuid", RW, show_unset_id, NULL, NULL, NULL},
	{"%p/sessionid", 0, show_unset_id, NULL, NULL, NULL},
	{"%p/oom_score", 0, show_zero, NULL, NULL, NULL},
	{"%p/oom_score_adj", 0, show_zero, NULL, NULL, NULL},
	{"%p/task/%t/comm", RW, procfs_show_task_comm, NULL, NULL, procfs_store_task_comm},
	{"%p/task/%t/status", 0, procfs_show_task_status, NULL, NULL, NULL},
	{"%p/task/%t/stat", 0, procfs_show_task_stat, NULL, NULL, NULL},
	{"%p/task/%t/maps", 0, procfs_show_maps, NULL, NULL, NULL},
	{"%p/task/%t/smaps", 0, procfs_show_smaps, NULL, NULL, NULL},
	{"%p/task/%t/statm", 0, procfs_show_statm, NULL, NULL, NULL},
	{"%p/task/%t/limits", 0, procfs_show_limits, NULL, NULL, NULL},
	{"%p/task/%t/cmdline", 0, procfs_show_cmdline, NULL, NULL, NULL},
	{"%p/task/%t/environ", OWN, procfs_show_environ, NULL, NULL, NULL},
	{"%p/task/%t/auxv", OWN, procfs_show_auxv, NULL, NULL, NULL},
	{"%p/task/%t/cgroup", 0, procfs_show_cgroup, NULL, NULL, NULL},
	{"%p/task/%t/mounts", 0, show_mounts, NULL, NULL, NULL},
	{"%p/task/%t/mountinfo", 0, procfs_show_mountinfo, NULL, NULL, NULL},
	{"%p/task/%t/children", 0, show_nothing, NULL, NULL, NULL},
	{"%p/task/%t/wchan", 0, show_wchan, NULL, NULL, NULL},
	{"%p/task/%t/oom_score_adj", 0, show_zero, NULL, NULL, NULL},
	{"%p/task/%t/exe", LINK, NULL, link_exe, NULL, NULL},
	{"%p/ns/cgroup", LINK, NULL, procfs_link_ns_cgroup, NULL, NULL},
	{"%p/ns/ipc", LINK, NULL, procfs_link_ns_ipc, NULL, NULL},
	{"%p/ns/mnt", LINK, NULL, procfs_link_ns_mnt, NULL, NULL},
	{"%p/ns/net", LINK, NULL, procfs_link_ns_net, NULL, NULL},
	{"%p/ns/pid", LINK, NULL, procfs_link_ns_pid, NULL, NULL},
	{"%p/ns/time", LINK, NULL, procfs_link_ns_time, NULL, NULL},
	{"%p/ns/user", LINK, NULL, procfs_link_ns_user, NULL, NULL},
	{"%p/ns/uts", LINK, NULL, procfs_link_ns_uts, NULL, NULL},
	{"%p/wchan", 0, show_wchan, NULL, NULL, NULL},
	{"%p/net/dev", 0, procfs_show_net_dev, NULL, NULL, NULL},
	{"%p/net/tcp", 0, procfs_show_net_inet, NULL, NULL, NULL},
	{"%p/net/tcp6", 0, procfs_show_net_inet, NULL, NULL, NULL},
	{"%p/net/udp", 0, procfs_show_net_inet, NULL, NULL, NULL},
	{"%p/net/udp6", 0, procfs_show_net_inet, NULL, NULL, NULL},
	{"%p/net/raw", 0, procfs_show_net_inet, NULL, NULL, NULL},
	{"%p/net/raw6", 0, procfs_show_net_inet, NULL, NULL, NULL},
	{"%p/net/udplite", 0, procfs_show_net_inet, NULL, NULL, NULL},
	{"%p/net/route", 0, procfs_show_net_route, NULL, NULL, NULL},
	{"%p/net/packet", 0, procfs_show_net_packet, NULL, NULL, NULL},
	{"%p/net/netlink", 0, procfs_show_net_netlink, NULL, NULL, NULL},
	{"%p/net/unix", 0, procfs_show_net_unix, NULL, NULL, NULL},
	{"cgroups", 0, procfs_show_cgroups, NULL, NULL, NULL},
	{"cmdline", 0, show_cmdline_of_kernel, NULL, NULL, NULL},
	{"cpuinfo", 0, show_cpuinfo, NULL, NULL, NULL},
	{"devices", 0, show_devices, NULL, NULL, NULL},
	{"filesystems", 0, show_filesystems, NULL, NULL, NULL},
	{"interrupts", 0, procfs_show_interrupts, NULL, NULL, NULL},
	{"loadavg", 0, show_loadavg, NULL, NULL, NULL},
	{"meminfo", 0, show_meminfo, NULL, NULL, NULL},
	{"mounts", LINK, NULL, link_mounts, NULL, NULL},
	{"net", LINK, NULL, link_net, NULL, NULL},
	{"partitions", 0, procfs_show_partitions, NULL, NULL, NULL},
	{"stat", 0, show_system_stat, NULL, NULL, NULL},
	{"swaps", 0, show_swaps, NULL, NULL, NULL},
	{"uptime", 0, show_uptime, NULL, NULL, NULL},
	{"version", 0, show_version, NULL, NULL, NULL},
	{"vmstat", 0, procfs_show_vmstat, NULL, NULL, NULL},
	{"sys/fs/file-max", 0, show_file_max, NULL, NULL, NULL},
	{"sys/fs/file-nr", 0, procfs_show_file_nr, NULL, NULL, NULL},
	{"sys/fs/inotify/max_queued_events", 0, procfs_show_queued_max, NULL, NULL, NULL},
	{"sys/fs/inotify/max_user_instances", 0, procfs_show_instances_max, NULL, NULL, NULL},
	{"sys/fs/inotify/max_user_watches", 0, procfs_show_watches_max, NULL, NULL, NULL},
	{"sys/fs/mqueue/msg_default", 0, show_mq_msg_default, NULL, NULL, NULL},
	{"sys/fs/mqueue/msg_max", 0, show_mq_msg_max, NULL, NULL, NULL},
	{"sys/fs/mqueue/msgsize_default", 0, show_mq_msgsize_default, NULL, NULL, NULL},
	{"sys/fs/mqueue/msgsize_max", 0, show_mq_msgsize_max, NULL, NULL, NULL},
	{"sys/fs/mqueue/queues_max", 0, show_mq_queues_max, NULL, NULL, NULL},
	{"sys/fs/nr_open", 0, show_nr_open, NULL, NULL, NULL},
	{"sys/fs/pipe-max-size", 0, show_pipe_max, NULL, NULL, NULL},
	{"sys/kernel/cap_last_cap", 0, show_cap_last, NULL, NULL, NULL},
	{"sys/kernel/core_pattern", 0, procfs_show_core_pattern, NULL, NULL, NULL},
	{"sys/kernel/core_uses_pid", 0, show_zero, NULL, NULL, NULL},
	{"sys/kernel/domainname", 0, show_domainname, NULL, NULL, NULL},
	{"sys/kernel/hostname", 0, show_hostname, NULL, NULL, NULL},
	{"sys/kernel/msgmax", 0, show_msgmax, NULL, NULL, NULL},
	{"sys/kernel/msgmnb", 0, show_msgmnb, NULL, NULL, NULL},
	{"sys/kernel/msgmni", 0, show_msgmni, NULL, NULL, NULL},
	{"sys/kernel/ngroups_max", 0, show_ngroups_max, NULL, NULL, NULL},
	{"sys/kernel/numa_balancing", 0, show_zero, NULL, NULL, NULL},
	{"sys/kernel/osrelease", 0, show_osrelease, NULL, NULL, NULL},
	{"sys/kernel/ostype", 0, show_ostype, NULL, NULL, NULL},
	{"sys/kernel/overflowgid", 0, show_overflow_id, NULL, NULL, NULL},
	{"sys/kernel/overflowuid", 0, show_overflow_id, NULL, NULL, NULL},
	{"sys/kernel/panic", 0, show_zero, NULL, NULL, NULL},
	{"sys/kernel/perf_event_paranoid", 0, procfs_show_2, NULL, NULL, NULL},
	{"sys/kernel/pid_max", 0, show_pid_max, NULL, NULL, NULL},
	{"sys/kernel/pty/max", 0, procfs_show_pty_max, NULL, NULL, NULL},
	{"sys/kernel/pty/nr", 0, procfs_show_pty_nr, NULL, NULL, NULL},
	{"sys/kernel/random/boot_id", 0, show_boot_id, NULL, NULL, NULL},
	{"sys/kernel/random/entropy_avail", 0, show_entropy, NULL, NULL, NULL},
	{"sys/kernel/random/poolsize", 0, show_entropy, NULL, NULL, NULL},
	{"sys/kernel/random/uuid", 0, show_uuid, NULL, NULL, NULL},
	{"sys/kernel/randomize_va_space", 0, show_aslr, NULL, NULL, NULL},
	{"sys/kernel/tainted", 0, show_zero, NULL, NULL, NULL},
	{"sys/kernel/sched_rr_timeslice_ms", 0, procfs_show_rr_slice, NULL, NULL, NULL},
	{"sys/kernel/sem", 0, show_sem, NULL, NULL, NULL},
	{"sys/kernel/shmall", 0, show_shmmax, NULL, NULL, NULL},
	{"sys/kernel/shmmax", 0, show_shmmax, NULL, NULL, NULL},
	{"sys/kernel/shmmni", 0, show_shmmni, NULL, NULL, NULL},
	{"sys/kernel/threads-max", 0, show_threads_max, NULL, NULL, NULL},
	{"sys/kernel/version", 0, show_uts_version, NULL, NULL, NULL},
	{"sys/net/core/somaxconn", 0, show_somaxconn, NULL, NULL, NULL},
	{"sys/net/ipv4/ip_local_port_range", 0, procfs_show_port_range, NULL, NULL, NULL},
	{"sys/vm/max_map_count", 0, show_max_map_count, NULL, NULL, NULL},
	{"sys/vm/mmap_min_addr", 0, show_mmap_min, NULL, NULL, NULL},
	{"sys/vm/nr_hugepages", 0, show_zero, NULL, NULL, NULL},
	{"sys/vm/nr_overcommit_hugepages", 0, show_zero, NULL, NULL, NULL},
	{"sys/vm/overcommit_ratio", 0, procfs_show_50, NULL, NULL, NULL},
	{"sys/vm/zone_reclaim_mode", 0, show_zero, NULL, NULL, NULL},
	/* Memory is given out as it is touched, whatever has been promised. */
	{"sys/vm/overcommit_memory", 0, show_one, NULL, NULL, NULL},
	{"sys/vm/swappiness", 0, show_zero, NULL, NULL, NULL},
};

static const struct pseudo_fs procfs = {rows, ARRAY_SIZE(rows), classes, ARRAY_SIZE(classes), true};

struct process *procfs_process_of(struct file *f) { return pseudo_is_dir(f, &procfs, "%p") ? procfs_process() : NULL; }

int procfs_mount(struct mount *m, struct superblock **out)
{
	*out = pseudo_super(&procfs, PROC_MAGIC, "proc");
	return *out ? 0 : -ENOMEM;
}
