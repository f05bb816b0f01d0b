/* SPDX-License-Identifier: MIT */
/* /proc: what C libraries and the runtimes of OpenMP, Go and Fortran read, and what people look at. */
#include <arch/cpuinfo.h>
#include "fs/dentry.h"
#include "fs/fd.h"
#include "fs/pseudo.h"
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
#define USER_HZ	   100 /* what times in /proc are counted in */

static struct process *proc(void) { return init_process; }

static u64 ticks(nsec_t ns) { return ns / (NSEC_PER_SEC / USER_HZ); }

/* ---- numbers: processes, threads, descriptors ---- */

static long next_pid(long from, const long *outer) { return from <= proc()->pid ? proc()->pid : -1; }

static long next_tid(long from, const long *outer)
{
	struct process *p = proc();
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

static long next_fd(long from, const long *outer) { return fd_next(proc()->files, from); }

static const struct pseudo_class classes[] = {{'p', next_pid}, {'t', next_tid}, {'f', next_fd}};

/* ---- links ---- */

static int link_self(const long *n, char *buf, size_t size) { return format_string(buf, size, "%d", proc()->pid); }

static int link_thread_self(const long *n, char *buf, size_t size)
{
	return format_string(buf, size, "%d/task/%d", proc()->pid, current->tid);
}

static int link_mounts(const long *n, char *buf, size_t size) { return format_string(buf, size, "self/mounts"); }
static int link_net(const long *n, char *buf, size_t size) { return format_string(buf, size, "self/net"); }

static int link_exe(const long *n, char *buf, size_t size)
{
	size_t len = MIN(strlen(proc()->exe), size);

	memcpy(buf, proc()->exe, len);
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
	*out = fs_context_cwd(proc()->fs);
	return 0;
}

static int link_cwd(const long *n, char *buf, size_t size)
{
	struct dentry *d = fs_context_cwd(proc()->fs);
	int r = path_text(d, buf, size);

	dentry_unref(d);
	return r;
}

static int follow_root(const long *n, struct dentry **out)
{
	*out = dentry_ref(vfs_root);
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

/* ---- the process's memory ---- */

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

static void show_maps(struct text *t, const long *n)
{
	unsigned count;
	struct area_copy *a = copy_areas(proc()->space, &count);
	char *path = kmalloc(PATH_MAX + 16);

	for (unsigned i = 0; path && i < count; i++) {
		struct inode *inode = a[i].file ? a[i].file->inode : NULL;
		size_t begin = t->len;
		u32 f = a[i].flags;

		text_printf(t, "%08lx-%08lx %c%c%c%c %08lx %02x:%02x %lu", a[i].start, a[i].end,
			    f & AREA_READ ? 'r' : '-', f & AREA_WRITE ? 'w' : '-', f & AREA_EXEC ? 'x' : '-',
			    f & AREA_SHARED ? 's' : 'p', (unsigned long)a[i].offset, 0, inode ? inode->sb->dev : 0,
			    inode ? (unsigned long)inode->ino : 0ul);
		if (inode && a[i].file->dentry && vfs_path(a[i].file->dentry, path, PATH_MAX + 16, true) > 0)
			text_printf(t, "%*s%s", (int)MAX(1l, 73 - (long)(t->len - begin)), "", path);
		else if (a[i].name)
			text_printf(t, "%*s%s", (int)MAX(1l, 73 - (long)(t->len - begin)), "", a[i].name);
		text_add(t, "\n", 1);
	}
	if (!path || !a)
		t->no_memory = true;
	kfree(path);
	free_areas(a, count);
}

struct usage {
	u64 size, resident, data, stack, text;
};

static struct usage memory_usage(void)
{
	struct space *s = proc()->space;
	struct usage u = {.size = s->areas.bytes, .resident = s->resident * PAGE_SIZE};
	unsigned long ev = spin_lock(&s->lock);

	for (struct area *a = area_find_above(&s->areas, 0); a; a = area_next(a)) {
		u64 len = a->end - a->start;

		if (a->flags & (AREA_STACK | AREA_GROWSDOWN))
			u.stack += len;
		else if (a->flags & AREA_WRITE)
			u.data += len;
		else if (a->flags & AREA_EXEC)
			u.text += len;
	}
	spin_unlock(&s->lock, ev);
	return u;
}

static void show_statm(struct text *t, const long *n)
{
	struct usage u = memory_usage();

	text_printf(t, "%lu %lu 0 %lu 0 %lu 0\n", (unsigned long)(u.size / PAGE_SIZE),
		    (unsigned long)(u.resident / PAGE_SIZE), (unsigned long)(u.text / PAGE_SIZE),
		    (unsigned long)((u.data + u.stack) / PAGE_SIZE));
}

/* Reads what the program has at [start, end); a part that has been unmapped ends it. */
static void add_user_memory(struct text *t, vaddr_t start, vaddr_t end)
{
	char buf[256];

	while (start < end) {
		size_t n = MIN((size_t)(end - start), sizeof(buf));
		size_t missed = copy_from_user_partial(buf, (const void __user *)start, n);

		text_add(t, buf, n - missed);
		if (missed)
			break;
		start += n;
	}
}

static void show_cmdline(struct text *t, const long *n) { add_user_memory(t, proc()->arg_start, proc()->arg_end); }
static void show_environ(struct text *t, const long *n) { add_user_memory(t, proc()->env_start, proc()->env_end); }

static void show_auxv(struct text *t, const long *n)
{
	const u64 *v = proc()->auxv;
	unsigned i = 0;

	while (i + 2 < ARRAY_SIZE(proc()->auxv) && v[i])
		i += 2;
	text_add(t, v, (i + 2) * sizeof(*v));
}

/* ---- threads ---- */

/* n[1] is a thread for files below task/; elsewhere the first thread stands for the process. */
static struct thread *thread_of(long tid) { return thread_find(proc(), tid); }

static char state_letter(const struct thread *t)
{
	switch (READ_ONCE(t->state)) {
	case THREAD_RUNNABLE:
		return 'R';
	case THREAD_SLEEPING:
		return t->interruptible ? 'S' : 'D';
	default:
		return 'Z';
	}
}

static nsec_t process_runtime(struct process *p)
{
	unsigned long ev = spin_lock(&p->lock);
	nsec_t sum = p->dead_runtime;

	list_for_each(l, &p->threads)
		sum += sched_runtime(list_entry(l, struct thread, link));
	spin_unlock(&p->lock, ev);
	return sum;
}

static void signal_sets(u64 *ignored, u64 *caught)
{
	*ignored = *caught = 0;
	for (unsigned s = 1; s <= NSIG; s++) {
		u64 h = proc()->sig.action[s - 1].handler;

		if (h == SIG_IGN)
			*ignored |= SIGMASK(s);
		else if (h != SIG_DFL)
			*caught |= SIGMASK(s);
	}
}

static void cpu_list(struct text *t, u64 mask)
{
	bool any = false;

	for (unsigned i = 0; i < 64; i++) {
		unsigned from = i;

		if (!(mask >> i & 1))
			continue;
		while (i + 1 < 64 && (mask >> (i + 1) & 1))
			i++;
		text_printf(t, any ? ",%u" : "%u", from);
		if (i > from)
			text_printf(t, "-%u", i);
		any = true;
	}
	text_add(t, "\n", 1);
}

static u64 online_mask(void) { return cpu_count >= 64 ? ~0ull : (1ull << cpu_count) - 1; }

static void show_status_of(struct text *t, struct thread *th)
{
	struct process *p = proc();
	struct usage u = memory_usage();
	u64 ignored, caught, caps = p->euid ? 0 : 0x1ffffffffffull;

	signal_sets(&ignored, &caught);
	text_printf(t, "Name:\t%s\nUmask:\t%04o\nState:\t%c (%s)\nTgid:\t%d\nNgid:\t0\nPid:\t%d\nPPid:\t0\nTracerPid:\t0\n",
		    th->name, p->fs->umask, state_letter(th), state_letter(th) == 'R' ? "running" : "sleeping", p->pid,
		    th->tid);
	text_printf(t, "Uid:\t%u\t%u\t%u\t%u\nGid:\t%u\t%u\t%u\t%u\nFDSize:\t%u\nGroups:\t\n", p->uid, p->euid, p->suid,
		    p->euid, p->gid, p->egid, p->sgid, p->egid, p->files->size);
	text_printf(t,
		    "VmPeak:\t%8lu kB\nVmSize:\t%8lu kB\nVmLck:\t       0 kB\nVmPin:\t       0 kB\nVmHWM:\t%8lu kB\n"
		    "VmRSS:\t%8lu kB\nVmData:\t%8lu kB\nVmStk:\t%8lu kB\nVmExe:\t%8lu kB\nVmLib:\t       0 kB\n"
		    "VmSwap:\t       0 kB\n",
		    (unsigned long)(u.size / KiB), (unsigned long)(u.size / KiB), (unsigned long)(u.resident / KiB),
		    (unsigned long)(u.resident / KiB), (unsigned long)(u.data / KiB), (unsigned long)(u.stack / KiB),
		    (unsigned long)(u.text / KiB));
	text_printf(t, "Threads:\t%u\nSigQ:\t%u/%lu\nSigPnd:\t%016lx\nShdPnd:\t%016lx\nSigBlk:\t%016lx\n",
		    p->thread_count, p->sig.queued, (unsigned long)p->limits[RLIMIT_SIGPENDING].cur,
		    (unsigned long)th->sig.pending, (unsigned long)p->sig.pending, (unsigned long)th->sig.blocked);
	text_printf(t,
		    "SigIgn:\t%016lx\nSigCgt:\t%016lx\nCapInh:\t%016x\nCapPrm:\t%016lx\nCapEff:\t%016lx\n"
		    "CapBnd:\t%016lx\nCapAmb:\t%016x\nNoNewPrivs:\t0\nSeccomp:\t0\n",
		    (unsigned long)ignored, (unsigned long)caught, 0, (unsigned long)caps, (unsigned long)caps,
		    0x1fffffffffful, 0);
	text_printf(t, "Cpus_allowed:\t%lx\nCpus_allowed_list:\t", (unsigned long)(th->affinity & online_mask()));
	cpu_list(t, th->affinity & online_mask());
	text_printf(t, "Mems_allowed:\t1\nMems_allowed_list:\t0\nvoluntary_ctxt_switches:\t%lu\nnonvoluntary_ctxt_switches:\t%lu\n",
		    (unsigned long)th->voluntary, (unsigned long)th->involuntary);
}

static void show_stat_of(struct text *t, struct thread *th, nsec_t runtime)
{
	struct process *p = proc();
	struct usage u = memory_usage();
	u64 ignored, caught;

	signal_sets(&ignored, &caught);
	text_printf(t, "%d (%s) %c 0 %d %d 0 -1 4194304 0 0 0 0 ", th->tid, th->name, state_letter(th), p->pid, p->pid);
	text_printf(t, "%lu 0 0 0 %d %d %u 0 %lu %lu %lu %lu ", (unsigned long)ticks(runtime), 20 + th->nice, th->nice,
		    p->thread_count, (unsigned long)ticks(p->started), (unsigned long)u.size,
		    (unsigned long)(u.resident / PAGE_SIZE), (unsigned long)RLIM_INFINITY);
	/* startcode endcode startstack kstkesp kstkeip; then the signals */
	text_printf(t, "0 0 0 0 0 %lu %lu %lu %lu 0 0 0 17 %d %u %u 0 0 0 0 0 %lu %lu %lu %lu %lu 0\n",
		    (unsigned long)th->sig.pending, (unsigned long)th->sig.blocked, (unsigned long)ignored,
		    (unsigned long)caught, th->cpu, th->rq.rt_prio, th->policy, (unsigned long)p->space->brk_start,
		    (unsigned long)p->arg_start, (unsigned long)p->arg_end, (unsigned long)p->env_start,
		    (unsigned long)p->env_end);
}

static void with_thread(struct text *t, long tid, void (*show)(struct text *, struct thread *))
{
	struct thread *th = thread_of(tid);

	if (!th && tid == proc()->pid) { /* the first thread has ended: another speaks for the process */
		th = current;
		thread_ref(th);
	}
	if (!th)
		return;
	show(t, th);
	thread_unref(th);
}

static void show_process_stat(struct text *t, struct thread *th) { show_stat_of(t, th, process_runtime(proc())); }
static void show_thread_stat(struct text *t, struct thread *th) { show_stat_of(t, th, sched_runtime(th)); }
static void show_comm_of(struct text *t, struct thread *th) { text_printf(t, "%s\n", th->name); }

static void show_status(struct text *t, const long *n) { with_thread(t, proc()->pid, show_status_of); }
static void show_stat(struct text *t, const long *n) { with_thread(t, proc()->pid, show_process_stat); }
static void show_comm(struct text *t, const long *n) { with_thread(t, proc()->pid, show_comm_of); }
static void show_task_status(struct text *t, const long *n) { with_thread(t, n[1], show_status_of); }
static void show_task_stat(struct text *t, const long *n) { with_thread(t, n[1], show_thread_stat); }
static void show_task_comm(struct text *t, const long *n) { with_thread(t, n[1], show_comm_of); }

static int set_comm(long tid, const char *s, size_t len)
{
	struct thread *th = thread_of(tid);

	if (!th)
		return -ESRCH;
	if (len && s[len - 1] == '\n')
		len--;
	len = MIN(len, sizeof(th->name) - 1);
	memset(th->name, 0, sizeof(th->name));
	memcpy(th->name, s, len);
	thread_unref(th);
	return 0;
}
static int store_comm(const long *n, const char *s, size_t len) { return set_comm(proc()->pid, s, len); }
static int store_task_comm(const long *n, const char *s, size_t len) { return set_comm(n[1], s, len); }

static void show_limits(struct text *t, const long *n)
{
	static const struct {
		const char *name, *unit;
	} names[RLIMIT_COUNT] = {
		{"cpu time", "seconds"},    {"file size", "bytes"},	  {"data size", "bytes"},
		{"stack size", "bytes"},    {"core file size", "bytes"},  {"resident set", "bytes"},
		{"processes", "processes"}, {"open files", "files"},	  {"locked memory", "bytes"},
		{"address space", "bytes"}, {"file locks", "locks"},	  {"pending signals", "signals"},
		{"msgqueue size", "bytes"}, {"nice priority", ""},	  {"realtime priority", ""},
		{"realtime timeout", "us"},
	};

	text_printf(t, "%-25s %-20s %-20s %-10s\n", "Limit", "Soft Limit", "Hard Limit", "Units");
	for (unsigned i = 0; i < RLIMIT_COUNT; i++) {
		const u64 v[2] = {proc()->limits[i].cur, proc()->limits[i].max};

		text_printf(t, "Max %-21s ", names[i].name);
		for (unsigned k = 0; k < 2; k++) {
			if (v[k] == RLIM_INFINITY)
				text_printf(t, "%-20s ", "unlimited");
			else
				text_printf(t, "%-20lu ", (unsigned long)v[k]);
		}
		text_printf(t, "%-10s\n", names[i].unit);
	}
}

static void show_zero(struct text *t, const long *n) { text_printf(t, "0\n"); }

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
	text_printf(t, "%s %lu 0 0 %lu 0 0 0 0 0 0\n", name, (unsigned long)ticks(busy), (unsigned long)ticks(idle));
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
	text_printf(t, "%lu.%02lu %lu.%02lu\n", (unsigned long)(now / NSEC_PER_SEC), (unsigned long)(ticks(now) % USER_HZ),
		    (unsigned long)(idle / NSEC_PER_SEC), (unsigned long)(ticks(idle) % USER_HZ));
}

/* Load averages need a clock tick that a tickless kernel does not have: what runs now stands for all three. */
static void show_loadavg(struct text *t, const long *n)
{
	unsigned running = 1;

	for (unsigned i = 0; i < cpu_count; i++)
		running += cpus[i]->rq.count;
	text_printf(t, "%u.00 %u.00 %u.00 %u/%u %d\n", running, running, running, running, proc()->thread_count,
		    current->tid);
}

static void show_version(struct text *t, const long *n)
{
	text_printf(t, "Linux version " UTS_RELEASE " (hermit) " UTS_VERSION "\n");
}

static void show_filesystems(struct text *t, const long *n)
{
	text_printf(t, "nodev\tsysfs\nnodev\ttmpfs\nnodev\tproc\nnodev\tdevtmpfs\nnodev\tpipefs\nnodev\t9p\n");
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
	text_printf(t, "%lu\n", (unsigned long)proc()->limits[RLIMIT_NPROC].max);
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
	{"%p/maps", 0, show_maps, NULL, NULL, NULL},
	{"%p/status", 0, show_status, NULL, NULL, NULL},
	{"%p/stat", 0, show_stat, NULL, NULL, NULL},
	{"%p/statm", 0, show_statm, NULL, NULL, NULL},
	{"%p/cmdline", 0, show_cmdline, NULL, NULL, NULL},
	{"%p/environ", OWN, show_environ, NULL, NULL, NULL},
	{"%p/auxv", OWN, show_auxv, NULL, NULL, NULL},
	{"%p/comm", RW, show_comm, NULL, NULL, store_comm},
	{"%p/limits", 0, show_limits, NULL, NULL, NULL},
	{"%p/mounts", 0, show_mounts, NULL, NULL, NULL},
	{"%p/oom_score", 0, show_zero, NULL, NULL, NULL},
	{"%p/task/%t/comm", RW, show_task_comm, NULL, NULL, store_task_comm},
	{"%p/task/%t/status", 0, show_task_status, NULL, NULL, NULL},
	{"%p/task/%t/stat", 0, show_task_stat, NULL, NULL, NULL},
	{"%p/task/%t/maps", 0, show_maps, NULL, NULL, NULL},
	{"%p/net", S_IFDIR | 0555, NULL, NULL, NULL, NULL},
	{"cmdline", 0, show_cmdline_of_kernel, NULL, NULL, NULL},
	{"cpuinfo", 0, show_cpuinfo, NULL, NULL, NULL},
	{"devices", 0, show_devices, NULL, NULL, NULL},
	{"filesystems", 0, show_filesystems, NULL, NULL, NULL},
	{"loadavg", 0, show_loadavg, NULL, NULL, NULL},
	{"meminfo", 0, show_meminfo, NULL, NULL, NULL},
	{"mounts", LINK, NULL, link_mounts, NULL, NULL},
	{"net", LINK, NULL, link_net, NULL, NULL},
	{"stat", 0, show_system_stat, NULL, NULL, NULL},
	{"swaps", 0, show_swaps, NULL, NULL, NULL},
	{"uptime", 0, show_uptime, NULL, NULL, NULL},
	{"version", 0, show_version, NULL, NULL, NULL},
	{"sys/fs/file-max", 0, show_file_max, NULL, NULL, NULL},
	{"sys/fs/nr_open", 0, show_nr_open, NULL, NULL, NULL},
	{"sys/fs/pipe-max-size", 0, show_pipe_max, NULL, NULL, NULL},
	{"sys/kernel/cap_last_cap", 0, show_cap_last, NULL, NULL, NULL},
	{"sys/kernel/domainname", 0, show_domainname, NULL, NULL, NULL},
	{"sys/kernel/hostname", 0, show_hostname, NULL, NULL, NULL},
	{"sys/kernel/ngroups_max", 0, show_ngroups_max, NULL, NULL, NULL},
	{"sys/kernel/osrelease", 0, show_osrelease, NULL, NULL, NULL},
	{"sys/kernel/ostype", 0, show_ostype, NULL, NULL, NULL},
	{"sys/kernel/overflowgid", 0, show_overflow_id, NULL, NULL, NULL},
	{"sys/kernel/overflowuid", 0, show_overflow_id, NULL, NULL, NULL},
	{"sys/kernel/pid_max", 0, show_pid_max, NULL, NULL, NULL},
	{"sys/kernel/random/boot_id", 0, show_boot_id, NULL, NULL, NULL},
	{"sys/kernel/random/entropy_avail", 0, show_entropy, NULL, NULL, NULL},
	{"sys/kernel/random/poolsize", 0, show_entropy, NULL, NULL, NULL},
	{"sys/kernel/random/uuid", 0, show_uuid, NULL, NULL, NULL},
	{"sys/kernel/randomize_va_space", 0, show_aslr, NULL, NULL, NULL},
	{"sys/kernel/threads-max", 0, show_threads_max, NULL, NULL, NULL},
	{"sys/kernel/version", 0, show_uts_version, NULL, NULL, NULL},
	{"sys/net/core/somaxconn", 0, show_somaxconn, NULL, NULL, NULL},
	{"sys/vm/max_map_count", 0, show_max_map_count, NULL, NULL, NULL},
	{"sys/vm/mmap_min_addr", 0, show_mmap_min, NULL, NULL, NULL},
	{"sys/vm/nr_hugepages", 0, show_zero, NULL, NULL, NULL},
	/* Memory is given out as it is touched, whatever has been promised. */
	{"sys/vm/overcommit_memory", 0, show_one, NULL, NULL, NULL},
	{"sys/vm/swappiness", 0, show_zero, NULL, NULL, NULL},
};

static const struct pseudo_fs procfs = {rows, ARRAY_SIZE(rows), classes, ARRAY_SIZE(classes), true};

int procfs_mount(struct mount *m, struct superblock **out)
{
	*out = pseudo_super(&procfs, PROC_MAGIC, "proc");
	return *out ? 0 : -ENOMEM;
}
