/* SPDX-License-Identifier: MIT */
/* The machine and its resources: names, limits, usage, randomness. */
#include "fs/abi.h"
#include "lib/format.h"
#include "lib/random.h"
#include "lib/string.h"
#include "mm/space.h"
#include "platform/boot.h"
#include "platform/platform.h"
#include "proc/clock.h"
#include "proc/cred.h"
#include "proc/itimer.h"
#include "proc/limits.h"
#include "proc/sched.h"
#include "proc/thread.h"
#include "syscall/timeval.h"
#include "syscall/syscall.h"
#include "version.h"

struct linux_utsname {
	char sysname[65], nodename[65], release[65], version[65], machine[65], domainname[65];
};

/* The machine's names, once they have been set. */
static char host_name[65], domain_name[65] = "(none)";
static struct spinlock names_lock = SPINLOCK_INIT;

static void names_get(char *host, char *domain)
{
	unsigned long ev = spin_lock(&names_lock);

	string_copy(host, boot_info.hostname, sizeof(host_name));
	string_copy(domain, domain_name, sizeof(domain_name));
	spin_unlock(&names_lock, ev);
}

static long name_set(char *name, const char __user *from, int len)
{
	char new[65] = "";
	unsigned long ev;

	if (!capable(CAP_SYS_ADMIN))
		return -EPERM;
	if (len < 0 || len > 64)
		return -EINVAL;
	if (copy_from_user(new, from, (size_t)len))
		return -EFAULT;
	ev = spin_lock(&names_lock);
	memcpy(name, new, sizeof(new));
	if (name == host_name)
		boot_info.hostname = host_name;
	spin_unlock(&names_lock, ev);
	return 0;
}

long sys_sethostname(const char __user *name, int len) { return name_set(host_name, name, len); }
long sys_setdomainname(const char __user *name, int len) { return name_set(domain_name, name, len); }

/* Programs look for features by the release: the one whose interface this kernel follows. */
long sys_uname(struct linux_utsname __user *buf)
{
	struct linux_utsname u;

	memset(&u, 0, sizeof(u));
	string_copy(u.sysname, "Linux", sizeof(u.sysname));
	names_get(u.nodename, u.domainname);
	string_copy(u.release, UTS_RELEASE, sizeof(u.release));
	string_copy(u.version, UTS_VERSION, sizeof(u.version));
	string_copy(u.machine, UTS_MACHINE, sizeof(u.machine));
	return copy_to_user(buf, &u, sizeof(u));
}

struct linux_sysinfo {
	s64 uptime;
	u64 loads[3], totalram, freeram, sharedram, bufferram, totalswap, freeswap;
	u16 procs, pad;
	u64 totalhigh, freehigh;
	u32 mem_unit;
};
_Static_assert(sizeof(struct linux_sysinfo) == 112, "struct sysinfo of the ABI");

long sys_sysinfo(struct linux_sysinfo __user *info)
{
	struct linux_sysinfo s;

	memset(&s, 0, sizeof(s));
	s.uptime = (s64)(clock_monotonic() / NSEC_PER_SEC);
	s.totalram = platform_memory_total();
	s.freeram = platform_memory_free();
	s.procs = (u16)MIN(READ_ONCE(current->process->thread_count), 65535u);
	s.mem_unit = 1;
	return copy_to_user(info, &s, sizeof(s));
}

/* ---- limits ---- */

static int change_limit(struct process *p, unsigned which, const struct rlimit64 *new_limit)
{
	struct rlimit64 *l = &p->limits[which];

	if (new_limit->cur > new_limit->max)
		return -EINVAL;
	if (which == RLIMIT_NOFILE && new_limit->max > 1048576) /* Linux's fs.nr_open */
		return -EPERM;
	if (new_limit->max > l->max && !capable(CAP_SYS_RESOURCE))
		return -EPERM;
	*l = *new_limit;
	return 0;
}

long sys_prlimit64(int pid, unsigned which, const struct rlimit64 __user *new_limit,
		   struct rlimit64 __user *old)
{
	struct process *p = current->process;
	struct rlimit64 l, was;
	unsigned long ev;
	int err = 0;

	if (which >= RLIMIT_COUNT)
		return -EINVAL;
	if (new_limit && copy_from_user(&l, new_limit, sizeof(l)))
		return -EFAULT;
	if (pid && pid != p->pid) {
		struct thread *t = thread_find(p, pid);

		if (!t)
			return -ESRCH;
		thread_unref(t);
	}
	ev = spin_lock(&p->lock);
	was = p->limits[which];
	if (new_limit)
		err = change_limit(p, which, &l);
	spin_unlock(&p->lock, ev);
	if (!err && old)
		err = copy_to_user(old, &was, sizeof(was));
	return err;
}

long sys_getrlimit(unsigned which, struct rlimit64 __user *limit)
{
	return limit ? sys_prlimit64(0, which, NULL, limit) : which >= RLIMIT_COUNT ? -EINVAL : -EFAULT;
}

long sys_setrlimit(unsigned which, const struct rlimit64 __user *limit)
{
	return limit ? sys_prlimit64(0, which, limit, NULL) : -EFAULT;
}

/* ---- usage ---- */

struct linux_rusage {
	struct timeval64 utime, stime;
	s64 maxrss, ixrss, idrss, isrss, minflt, majflt, nswap, inblock, oublock, msgsnd, msgrcv, nsignals,
		nvcsw, nivcsw;
};
_Static_assert(sizeof(struct linux_rusage) == 144, "struct rusage of the ABI");

enum { RUSAGE_CHILDREN = -1, RUSAGE_SELF = 0, RUSAGE_THREAD = 1 };

long sys_getrusage(int who, struct linux_rusage __user *ru)
{
	struct process *p = current->process;
	struct linux_rusage r;
	unsigned long ev;

	memset(&r, 0, sizeof(r));
	switch (who) {
	case RUSAGE_SELF:
		r.utime = nsec_to_timeval(process_cpu_time(p));
		ev = spin_lock(&p->lock);
		list_for_each(l, &p->threads)
		{
			struct thread *t = list_entry(l, struct thread, link);

			r.nvcsw += (s64)t->voluntary;
			r.nivcsw += (s64)t->involuntary;
		}
		spin_unlock(&p->lock, ev);
		break;
	case RUSAGE_THREAD:
		r.utime = nsec_to_timeval(sched_runtime(current));
		r.nvcsw = (s64)current->voluntary;
		r.nivcsw = (s64)current->involuntary;
		break;
	case RUSAGE_CHILDREN:
		return copy_to_user(ru, &r, sizeof(r));
	default:
		return -EINVAL;
	}
	r.maxrss = (s64)(p->space->resident * (PAGE_SIZE / KiB));
	return copy_to_user(ru, &r, sizeof(r));
}

/* ---- randomness ---- */

#define GRND_NONBLOCK 1
#define GRND_RANDOM   2
#define GRND_INSECURE 4

long sys_getrandom(char __user *buf, size_t len, unsigned flags)
{
	size_t done = 0;
	u8 piece[256];

	if (flags & ~(GRND_NONBLOCK | GRND_RANDOM | GRND_INSECURE))
		return -EINVAL;
	if ((flags & (GRND_RANDOM | GRND_INSECURE)) == (GRND_RANDOM | GRND_INSECURE))
		return -EINVAL;
	len = MIN(len, RW_MAX);
	while (done < len) {
		size_t n = MIN(len - done, sizeof(piece)), missed;

		random_bytes(piece, n);
		missed = copy_to_user_partial(buf + done, piece, n);
		done += n - missed;
		if (missed)
			return done ? (long)done : -EFAULT;
		if (signal_pending(current) && done < len)
			return (long)done;
	}
	return (long)done;
}

/* personality(2): PER_LINUX, and nothing else. */
long sys_personality(u32 persona)
{
	return persona == 0xffffffffu || persona == 0 ? 0 : -EINVAL;
}
