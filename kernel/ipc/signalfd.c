/* SPDX-License-Identifier: MIT */
#include "ipc/signalfd.h"
#include "fs/fd.h"
#include "lib/format.h"
#include "lib/string.h"
#include "mm/heap.h"
#include "proc/signal_queue.h"
#include "proc/thread.h"

struct signalfd {
	sigset_t mask; /* atomic */
};

struct signalfd_siginfo { /* of the ABI */
	u32 signo;
	s32 error, code;
	u32 pid, uid;
	s32 fd;
	u32 tid, band, overrun, trapno;
	s32 status, value;
	u64 pointer, utime, stime, addr;
	u16 addr_lsb, pad16;
	s32 syscall;
	u64 call_addr;
	u32 arch;
	u8 pad[28];
};
_Static_assert(sizeof(struct signalfd_siginfo) == 128, "struct signalfd_siginfo of the ABI");

/* Which fields a siginfo has: by si_code, as Linux's siginfo_layout(). */
static void translate(const struct siginfo *from, struct signalfd_siginfo *to)
{
	memset(to, 0, sizeof(*to));
	to->signo = (u32)from->si_signo;
	to->error = from->si_errno;
	to->code = from->si_code;
	if (from->si_code == SI_TIMER) {
		to->tid = (u32)from->timer.timerid;
		to->overrun = (u32)from->timer.overrun;
		to->pointer = from->timer.value;
		to->value = (s32)from->timer.value;
	} else if (from->si_code > SI_USER && from->si_code < SI_KERNEL) {
		to->addr = from->fault.addr;
	} else {
		to->pid = (u32)from->rt.pid;
		to->uid = from->rt.uid;
		if (from->si_code < 0) {
			to->pointer = from->rt.value;
			to->value = (s32)from->rt.value;
		}
	}
}

static sigset_t pending(const struct signalfd *s)
{
	return (READ_ONCE(current->sig.pending) | READ_ONCE(current->process->sig.pending)) & READ_ONCE(s->mask);
}

static int take(struct signalfd *s, struct siginfo *info)
{
	struct process *p = current->process;
	unsigned long ev = spin_lock(&p->sig_lock);
	int sig = signal_dequeue(p, READ_ONCE(s->mask), info);

	if (sig)
		signal_recalc_current();
	spin_unlock(&p->sig_lock, ev);
	if (sig)
		signal_timers_go_on(info);
	return sig;
}

static ssize_t signalfd_read(struct file *f, struct uio *u, u64 off)
{
	struct signalfd *s = f->priv;
	struct signalfd_siginfo out;
	size_t before = u->left;
	struct siginfo info;

	if (u->left < sizeof(out))
		return -EINVAL;
	while (u->left >= sizeof(out)) {
		int r = take(s, &info);

		if (!r && u->left != before)
			break;
		if (!r && (f->flags & O_NONBLOCK))
			return -EAGAIN;
		if (!r) {
			r = WAIT_EVENT(&current->process->sig.signalfd_wait, pending(s), WAIT_FOREVER, WAIT_INTERRUPTIBLE);
			if (r)
				return r;
			continue;
		}
		translate(&info, &out);
		if (uio_copy_to(u, &out, sizeof(out)) < sizeof(out))
			return before - u->left >= sizeof(out) ? (ssize_t)ALIGN_DOWN(before - u->left, sizeof(out)) : -EFAULT;
	}
	return (ssize_t)(before - u->left);
}

static unsigned signalfd_poll(struct file *f, unsigned want, struct poll_hook *hook)
{
	poll_add(hook, &current->process->sig.signalfd_wait);
	return pending(f->priv) ? POLLIN : 0;
}

static void signalfd_release(struct file *f) { kfree(f->priv); }

static int signalfd_describe(struct file *f, char *buf, size_t size)
{
	return format_string(buf, size, "anon_inode:[signalfd]");
}

static const struct file_ops signalfd_ops = {
	.read = signalfd_read,
	.poll = signalfd_poll,
	.release = signalfd_release,
	.describe = signalfd_describe,
};

struct file *signalfd_create(sigset_t mask, u32 flags)
{
	struct signalfd *s = kzalloc(sizeof(*s));
	struct file *f = s ? file_anon(0600, flags, &signalfd_ops, s) : NULL;

	if (!f) {
		kfree(s);
		return NULL;
	}
	s->mask = mask & ~SIG_UNBLOCKABLE;
	return f;
}

int signalfd_set_mask(struct file *f, sigset_t mask)
{
	struct signalfd *s = f->priv;

	if (f->ops != &signalfd_ops)
		return -EINVAL;
	WRITE_ONCE(s->mask, mask & ~SIG_UNBLOCKABLE);
	wait_wake_all(&current->process->sig.signalfd_wait, POLLIN); /* some may be there already */
	return 0;
}
