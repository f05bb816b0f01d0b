/* SPDX-License-Identifier: MIT */
/* The files of /proc/PID and /proc/PID/task/TID: the process's memory, its threads and limits. */
#include "fs/procfs.h"
#include "fs/fd.h"
#include "lib/string.h"
#include "lib/uaccess.h"
#include "mm/heap.h"
#include "mm/space.h"
#include "proc/cred.h"
#include "proc/itimer.h"
#include "proc/limits.h"
#include "proc/sched.h"
#include "proc/thread.h"

/* ---- the process's memory ---- */

struct usage {
	u64 size, resident, data, stack, text;
};

static struct usage memory_usage(void)
{
	struct space *s = procfs_process()->space;
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

void procfs_show_statm(struct text *t, const long *n)
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

void procfs_show_cmdline(struct text *t, const long *n)
{
	add_user_memory(t, procfs_process()->arg_start, procfs_process()->arg_end);
}
void procfs_show_environ(struct text *t, const long *n)
{
	add_user_memory(t, procfs_process()->env_start, procfs_process()->env_end);
}

void procfs_show_auxv(struct text *t, const long *n)
{
	const u64 *v = procfs_process()->auxv;
	unsigned i = 0;

	while (i + 2 < ARRAY_SIZE(procfs_process()->auxv) && v[i])
		i += 2;
	text_add(t, v, (i + 2) * sizeof(*v));
}

/* ---- threads ---- */

/* n[1] is a thread for files below task/; elsewhere the first thread stands for the process. */
static struct thread *thread_of(long tid) { return thread_find(procfs_process(), tid); }

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

static void signal_sets(u64 *ignored, u64 *caught)
{
	*ignored = *caught = 0;
	for (unsigned s = 1; s <= NSIG; s++) {
		u64 h = procfs_process()->sig.action[s - 1].handler;

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

static void show_groups(struct text *t, struct process *p)
{
	u32 gid[32], n;
	unsigned long ev = spin_lock(&p->lock);

	n = p->groups ? MIN(p->groups->count, (u32)ARRAY_SIZE(gid)) : 0;
	for (u32 i = 0; i < n; i++)
		gid[i] = p->groups->gid[i];
	spin_unlock(&p->lock, ev);
	for (u32 i = 0; i < n; i++)
		text_printf(t, "%u ", gid[i]);
	text_printf(t, n ? "\n" : " \n");
}

static void show_status_of(struct text *t, struct thread *th)
{
	struct process *p = procfs_process();
	struct usage u = memory_usage();
	u64 ignored, caught;

	signal_sets(&ignored, &caught);
	text_printf(t, "Name:\t%s\nUmask:\t%04o\nState:\t%c (%s)\nTgid:\t%d\nNgid:\t0\nPid:\t%d\nPPid:\t0\nTracerPid:\t0\n",
		    th->name, p->fs->umask, state_letter(th), state_letter(th) == 'R' ? "running" : "sleeping", p->pid,
		    th->tid);
	text_printf(t, "Uid:\t%u\t%u\t%u\t%u\nGid:\t%u\t%u\t%u\t%u\nFDSize:\t%u\nGroups:\t", p->uid, p->euid, p->suid,
		    p->euid, p->gid, p->egid, p->sgid, p->egid, p->files->size);
	show_groups(t, p);
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
		    "SigIgn:\t%016lx\nSigCgt:\t%016lx\nCapInh:\t%016lx\nCapPrm:\t%016lx\nCapEff:\t%016lx\n"
		    "CapBnd:\t%016lx\nCapAmb:\t%016lx\nNoNewPrivs:\t0\nSeccomp:\t0\n",
		    (unsigned long)ignored, (unsigned long)caught, (unsigned long)p->cap_inheritable,
		    (unsigned long)p->cap_permitted, (unsigned long)p->cap_effective, (unsigned long)p->cap_bounding,
		    (unsigned long)p->cap_ambient);
	text_printf(t, "Cpus_allowed:\t%lx\nCpus_allowed_list:\t", (unsigned long)(th->affinity & online_mask()));
	cpu_list(t, th->affinity & online_mask());
	text_printf(t, "Mems_allowed:\t1\nMems_allowed_list:\t0\nvoluntary_ctxt_switches:\t%lu\nnonvoluntary_ctxt_switches:\t%lu\n",
		    (unsigned long)th->voluntary, (unsigned long)th->involuntary);
}

static void show_stat_of(struct text *t, struct thread *th, nsec_t runtime)
{
	struct process *p = procfs_process();
	struct usage u = memory_usage();
	u64 ignored, caught;

	signal_sets(&ignored, &caught);
	text_printf(t, "%d (%s) %c 0 %d %d 0 -1 4194304 0 0 0 0 ", th->tid, th->name, state_letter(th), p->pid, p->pid);
	text_printf(t, "%lu 0 0 0 %d %d %u 0 %lu %lu %lu %lu ", (unsigned long)procfs_ticks(runtime),
		    20 + th->nice, th->nice, p->thread_count, (unsigned long)procfs_ticks(p->started),
		    (unsigned long)u.size, (unsigned long)(u.resident / PAGE_SIZE),
		    (unsigned long)RLIM_INFINITY);
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

	if (!th &&
	    tid == procfs_process()->pid) { /* the first thread has ended: another speaks for the process */
		th = current;
		thread_ref(th);
	}
	if (!th)
		return;
	show(t, th);
	thread_unref(th);
}

static void show_process_stat(struct text *t, struct thread *th)
{
	show_stat_of(t, th, process_cpu_time(procfs_process()));
}
static void show_thread_stat(struct text *t, struct thread *th) { show_stat_of(t, th, sched_runtime(th)); }
static void show_comm_of(struct text *t, struct thread *th) { text_printf(t, "%s\n", th->name); }

void procfs_show_status(struct text *t, const long *n)
{
	with_thread(t, procfs_process()->pid, show_status_of);
}
void procfs_show_stat(struct text *t, const long *n)
{
	with_thread(t, procfs_process()->pid, show_process_stat);
}
void procfs_show_comm(struct text *t, const long *n) { with_thread(t, procfs_process()->pid, show_comm_of); }
void procfs_show_task_status(struct text *t, const long *n) { with_thread(t, n[1], show_status_of); }
void procfs_show_task_stat(struct text *t, const long *n) { with_thread(t, n[1], show_thread_stat); }
void procfs_show_task_comm(struct text *t, const long *n) { with_thread(t, n[1], show_comm_of); }

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
int procfs_store_comm(const long *n, const char *s, size_t len)
{
	return set_comm(procfs_process()->pid, s, len);
}
int procfs_store_task_comm(const long *n, const char *s, size_t len) { return set_comm(n[1], s, len); }

void procfs_show_limits(struct text *t, const long *n)
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
		const u64 v[2] = {procfs_process()->limits[i].cur, procfs_process()->limits[i].max};

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
