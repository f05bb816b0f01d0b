/* SPDX-License-Identifier: MIT */
/* Calls that few programs make: the clock's adjustment, I/O priorities, file handles. */
#include "lib/string.h"
#include "proc/clock.h"
#include "proc/cred.h"
#include "syscall/args.h"
#include "syscall/clockid.h"

/* ---- adjtimex(2) ---- */

struct timex { /* linux/timex.h */
	u32 modes, pad0;
	s64 offset, freq, maxerror, esterror;
	s32 status, pad1;
	s64 constant, precision, tolerance, sec, usec, tick, ppsfreq, jitter;
	s32 shift, pad2;
	s64 stabil, jitcnt, calcnt, errcnt, stbcnt;
	s32 tai, pad3[11];
};
_Static_assert(sizeof(struct timex) == 208, "struct timex of the ABI");

#define ADJ_OFFSET	0x0001
#define ADJ_FREQUENCY	0x0002
#define ADJ_MAXERROR	0x0004
#define ADJ_ESTERROR	0x0008
#define ADJ_STATUS	0x0010
#define ADJ_TIMECONST	0x0020
#define ADJ_TAI		0x0080
#define ADJ_SETOFFSET	0x0100
#define ADJ_MICRO	0x1000
#define ADJ_NANO	0x2000 /* with ADJ_ADJTIME: only look */
#define ADJ_TICK	0x4000
#define ADJ_ADJTIME	0x8000
#define STA_UNSYNC	0x0040
#define STA_NANO	0x2000
#define STA_RONLY	0xff00
#define TIME_ERROR	5

/* What an NTP daemon leaves here for others; the clock itself is set, never slewed. */
static struct {
	s64 maxerror, esterror, constant;
	s32 status, tai;
} ntp = {16000000, 16000000, 2, STA_UNSYNC, 0};
static struct spinlock ntp_lock = SPINLOCK_INIT;

static int check_timex(const struct timex *t)
{
	bool look = t->modes & ADJ_ADJTIME && t->modes & ADJ_NANO;

	if (t->modes & ADJ_ADJTIME) {
		if (!(t->modes & ADJ_OFFSET))
			return -EINVAL;
	} else if (t->modes & ADJ_TICK && (t->tick < 9000 || t->tick > 11000) && capable(CAP_SYS_TIME)) {
		return -EINVAL;
	}
	if (t->modes && !look && !capable(CAP_SYS_TIME))
		return -EPERM;
	if (t->modes & ADJ_SETOFFSET &&
	    (t->usec < 0 || t->usec >= (t->modes & ADJ_NANO ? (s64)NSEC_PER_SEC : 1000000)))
		return -EINVAL;
	/* To slew the clock would take a vDSO that does: only where nothing is asked for can it be had. */
	if (!look && ((t->modes & ADJ_OFFSET && t->offset) || (t->modes & ADJ_FREQUENCY && t->freq) ||
		      (t->modes & ADJ_TICK && t->tick != 10000)))
		return -EOPNOTSUPP;
	return 0;
}

static void adjust(struct timex *t)
{
	unsigned long ev;

	if (t->modes & ADJ_SETOFFSET)
		clock_set_realtime(clock_realtime() +
				   clock_wall_of(t->sec, t->usec * (t->modes & ADJ_NANO ? 1 : 1000)));
	ev = spin_lock(&ntp_lock);
	if (!(t->modes & ADJ_ADJTIME)) {
		if (t->modes & ADJ_STATUS)
			ntp.status = (t->status & ~STA_RONLY) | (ntp.status & STA_RONLY);
		if (t->modes & ADJ_NANO)
			ntp.status |= STA_NANO;
		if (t->modes & ADJ_MICRO)
			ntp.status &= ~STA_NANO;
		if (t->modes & ADJ_MAXERROR)
			ntp.maxerror = MIN(MAX(t->maxerror, 0ll), 16000000ll);
		if (t->modes & ADJ_ESTERROR)
			ntp.esterror = MIN(MAX(t->esterror, 0ll), 16000000ll);
		if (t->modes & ADJ_TIMECONST)
			ntp.constant = MIN(MAX(t->constant + (ntp.status & STA_NANO ? 0 : 4), 0ll), 10ll);
		if (t->modes & ADJ_TAI && t->constant >= 0 && t->constant <= 100000)
			ntp.tai = (s32)t->constant;
	}
	t->offset = t->freq = 0;
	t->maxerror = ntp.maxerror;
	t->esterror = ntp.esterror;
	t->status = ntp.status;
	t->constant = ntp.constant;
	t->tai = ntp.tai;
	spin_unlock(&ntp_lock, ev);
}

long sys_adjtimex(void __user *buf)
{
	struct timex t;
	s64 now;
	int r;

	if (copy_from_user(&t, buf, sizeof(t)))
		return -EFAULT;
	r = check_timex(&t);
	if (r)
		return r;
	adjust(&t);
	now = clock_realtime();
	t.precision = 1;
	t.tolerance = 32768000;
	t.tick = 10000;
	t.ppsfreq = t.jitter = t.shift = 0;
	t.stabil = t.jitcnt = t.calcnt = t.errcnt = t.stbcnt = 0;
	t.sec = now / (s64)NSEC_PER_SEC;
	t.usec = now % (s64)NSEC_PER_SEC / (t.status & STA_NANO ? 1 : 1000);
	if (copy_to_user(buf, &t, sizeof(t)))
		return -EFAULT;
	return t.status & STA_UNSYNC ? TIME_ERROR : 0;
}

long sys_clock_adjtime(int id, void __user *buf)
{
	struct timex t;
	s64 ns;

	if (copy_from_user(&t, buf, sizeof(t)))
		return -EFAULT;
	if (id == CLOCK_REALTIME)
		return sys_adjtimex(buf);
	return clockid_read(id, &ns) ? -EINVAL : -EOPNOTSUPP;
}

/* ---- I/O priorities: kept for whoever asks; the host orders its disks itself ---- */

enum { WHO_PROCESS = 1, WHO_GROUP, WHO_USER };
enum { CLASS_NONE, CLASS_RT, CLASS_BE, CLASS_IDLE };
#define CLASS_SHIFT 13

/* One thread's is what has been set; among several counts what that comes to. */
static u16 ioprio_of(const struct thread *t, bool raw)
{
	bool batch = t->policy == 5 /* SCHED_IDLE */, rt = t->rq.rt_prio;

	if (raw || t->ioprio >> CLASS_SHIFT)
		return t->ioprio;
	return (u16)((batch ? CLASS_IDLE : rt ? CLASS_RT : CLASS_BE) << CLASS_SHIFT | (t->nice + 20) / 5);
}

/* The most urgent of those that are meant, after they have got `set` if it is not negative; -ESRCH: nobody is. */
static long ioprio_each(int which, int who, int set)
{
	struct process *p = current->process;
	bool all = which != WHO_PROCESS;
	unsigned long ev;
	long best = -ESRCH;

	if (which < WHO_PROCESS || which > WHO_USER)
		return -EINVAL;
	if (all && who && who != (which == WHO_GROUP ? p->pid : (int)p->uid))
		return -ESRCH;
	ev = spin_lock(&p->lock);
	list_for_each(l, &p->threads) {
		struct thread *t = list_entry(l, struct thread, link);

		if (!all && t->tid != (who ? who : current->tid))
			continue;
		if (set >= 0)
			t->ioprio = (u16)set;
		best = best < 0 ? ioprio_of(t, !all) : MIN(best, (long)ioprio_of(t, !all));
	}
	spin_unlock(&p->lock, ev);
	return best;
}

long sys_ioprio_get(int which, int who) { return ioprio_each(which, who, -1); }

long sys_ioprio_set(int which, int who, int prio)
{
	long r;

	switch (prio >> CLASS_SHIFT) {
	case CLASS_RT:
		if (!capable(CAP_SYS_ADMIN) && !capable(CAP_SYS_NICE))
			return -EPERM;
		break;
	case CLASS_NONE:
		if (prio & 7)
			return -EINVAL;
		break;
	case CLASS_BE:
	case CLASS_IDLE:
		break;
	default:
		return -EINVAL;
	}
	r = ioprio_each(which, who, prio);
	return r < 0 ? r : 0;
}

/* ---- file handles: no file system here can find a file by one (as Linux's that cannot be exported) ---- */

#define HANDLE_MAX 128
#define AT_HANDLE_FID 0x200

struct file_handle {
	u32 bytes;
	s32 type;
};

long sys_name_to_handle_at(int dirfd, const char __user *path, struct file_handle __user *handle,
			   int __user *mount_id, int flags)
{
	struct dentry *d;
	long r;

	if (flags & ~(AT_SYMLINK_FOLLOW | AT_EMPTY_PATH | AT_HANDLE_FID))
		return -EINVAL;
	r = path_lookup(dirfd, path,
			(flags & AT_SYMLINK_FOLLOW ? WALK_FOLLOW : 0) | (flags & AT_EMPTY_PATH ? WALK_EMPTY : 0), &d);
	if (r)
		return r;
	dentry_unref(d);
	return -EOPNOTSUPP;
}

long sys_open_by_handle_at(int mount_fd, struct file_handle __user *handle, int flags)
{
	struct file_handle h;
	struct fdref r;

	if (!capable(CAP_DAC_READ_SEARCH))
		return -EPERM;
	if (copy_from_user(&h, handle, sizeof(h)))
		return -EFAULT;
	if (!h.bytes || h.bytes > HANDLE_MAX)
		return -EINVAL;
	if (mount_fd != AT_FDCWD) {
		r = fd_get_raw(mount_fd);
		if (!r.file)
			return -EBADF;
		fd_put(r);
	}
	return -ESTALE;
}
