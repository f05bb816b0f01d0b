/* SPDX-License-Identifier: MIT */
/* What ioctl(2) can ask of either end of a pseudo-terminal (tty_ioctl(2)). */
#include "fs/pty.h"
#include "fs/fd.h"
#include "fs/tty.h"
#include "lib/string.h"
#include "lib/uaccess.h"
#include "proc/thread.h"

static const u32 speeds[] = {0, 50, 75, 110, 134, 150, 200, 300, 600, 1200, 1800, 2400, 4800, 9600, 19200, 38400,
	57600, 115200, 230400, 460800, 500000, 576000, 921600, 1000000, 1152000, 1500000, 2000000, 2500000, 3000000,
	3500000, 4000000};

/* What struct termios says of speed in bits of cflag (CBAUD, 010017; CBAUDEX is 010000). */
static u32 speed_of(u32 bits, u32 other)
{
	u32 n = bits & 010000 ? (bits & 017) + 15 : bits & 017;

	return bits == 010000 ? other : n < ARRAY_SIZE(speeds) ? speeds[n] : other; /* BOTHER: as it says */
}

static int set_termios(struct pty *p, u64 arg, size_t size, bool flush)
{
	struct termios2 t = p->l.t;

	if (copy_from_user(&t, (const void __user *)arg, size))
		return -EFAULT;
	t.ospeed = speed_of(t.cflag & 010017, t.ospeed);
	t.ispeed = t.cflag >> 16 & 010017 ? speed_of(t.cflag >> 16 & 010017, t.ispeed) : t.ospeed;
	mutex_lock(&p->lock);
	if (flush)
		ldisc_flush_input(&p->l);
	ldisc_set(&p->l, &t);
	mutex_unlock(&p->lock);
	pty_wake(p);
	return 0;
}

static int set_size(struct pty *p, u64 arg)
{
	typeof(p->size) size;
	bool changed;

	if (copy_from_user(&size, (const void __user *)arg, sizeof(size)))
		return -EFAULT;
	mutex_lock(&p->lock);
	changed = memcmp(&size, &p->size, sizeof(size));
	p->size = size;
	mutex_unlock(&p->lock);
	if (changed)
		pty_signal(p, SIGWINCH);
	return 0;
}

/* TCXONC: the slave's output, or as if the character had been typed at the other end. */
static int flow(struct pty *p, u64 how)
{
	if (how > 3)
		return -EINVAL;
	mutex_lock(&p->lock);
	if (how < 2)
		ldisc_stop(&p->l, !how);
	else
		ldisc_output(&p->l, p->l.t.cc[how == 2 ? 9 /* VSTOP */ : 8 /* VSTART */]);
	mutex_unlock(&p->lock);
	pty_wake(p);
	return 0;
}

/* TCFLSH.  What one side has sent is the other's already: there is nothing under way to be dropped. */
static int flush(struct pty *p, u64 which, bool master)
{
	if (which > 2)
		return -EINVAL;
	mutex_lock(&p->lock);
	if (which != 1 && master)
		p->l.out_tail = p->l.out_head;
	else if (which != 1)
		ldisc_flush_input(&p->l);
	if (which && !master)
		p->l.events |= LDISC_FLUSH_OUT;
	mutex_unlock(&p->lock);
	pty_wake(p);
	return 0;
}

static int set_group(struct pty *p, u64 arg)
{
	int pgrp;

	if (!pty_controls(p))
		return -ENOTTY;
	if (get_user(pgrp, (const int __user *)arg))
		return -EFAULT;
	return pgrp == current->process->pid ? 0 : pgrp < 0 ? -EINVAL : -ESRCH;
}

static int stuff(struct pty *p, u64 arg)
{
	u8 c;
	int sig;

	if (get_user(c, (const u8 __user *)arg))
		return -EFAULT;
	mutex_lock(&p->lock);
	sig = ldisc_input(&p->l, c);
	mutex_unlock(&p->lock);
	if (sig)
		pty_signal(p, sig);
	pty_wake(p);
	return 0;
}

/* What both ends answer; else: */
#define NOT_COMMON (-4095) /* no error of a call */

static long common_ioctl(struct pty *p, unsigned cmd, u64 arg, bool master)
{
	void __user *to = (void __user *)arg;
	bool ours = pty_controls(p);
	u32 n;

	switch (cmd) {
	case TCGETS:
		return copy_to_user(to, &p->l.t, TERMIOS_SIZE);
	case TCGETS2:
		return copy_to_user(to, &p->l.t, sizeof(p->l.t));
	case TCSETS:
	case TCSETSW: /* output needs no draining: it is the other end's at once */
	case TCSETSF:
		return set_termios(p, arg, TERMIOS_SIZE, cmd == TCSETSF);
	case TCSETS2:
	case TCSETSW2:
	case TCSETSF2:
		return set_termios(p, arg, sizeof(struct termios2), cmd == TCSETSF2);
	case TIOCGWINSZ:
		return copy_to_user(to, &p->size, sizeof(p->size));
	case TIOCSWINSZ:
		return set_size(p, arg);
	case TCSBRK:
	case TCSBRKP:
		return 0; /* no wire, no break; drained at once */
	case TCFLSH:
		return flush(p, arg, master);
	case TIOCSTI:
		return stuff(p, arg);
	case TIOCSCTTY:
		return pty_take_control(p);
	case TIOCSPGRP:
		return set_group(p, arg);
	case TIOCGPGRP:
		if (!ours && !master)
			return -ENOTTY;
		return put_user(ours ? current->process->pid : 0, (int __user *)to);
	case TIOCGSID:
		return ours ? put_user(current->process->pid, (int __user *)to) : -ENOTTY;
	case TIOCGETD:
	case TIOCOUTQ:
		return put_user(0, (int __user *)to);
	case TIOCSETD:
		return get_user(n, (const u32 __user *)to) ? -EFAULT : n ? -EINVAL : 0;
	case TIOCGDEV:
		return put_user(p->rdev, (u32 __user *)to);
	}
	return NOT_COMMON;
}

long pty_slave_ioctl(struct file *f, unsigned cmd, u64 arg)
{
	struct pty *p = f->priv;
	long r;
	u32 n;

	if (pty_hung_up(p))
		return cmd == TIOCSPGRP ? -ENOTTY : -EIO;
	r = common_ioctl(p, cmd, arg, false);
	if (r != NOT_COMMON)
		return r;
	if (cmd == TIOCNOTTY) {
		if (!pty_controls(p))
			return -ENOTTY;
		pty_lose_control(p);
		return 0;
	}
	if (cmd == TCXONC)
		return flow(p, arg);
	if (cmd != FIONREAD)
		return -ENOTTY;
	mutex_lock(&p->lock);
	n = ldisc_pending(&p->l);
	mutex_unlock(&p->lock);
	return put_user(n, (u32 __user *)arg);
}

static long master_flag(struct pty *p, bool *flag, u64 arg)
{
	int v;

	if (get_user(v, (const int __user *)arg))
		return -EFAULT;
	mutex_lock(&p->lock);
	*flag = v;
	if (flag == &p->packet && v)
		p->l.events = 0;
	mutex_unlock(&p->lock);
	return 0;
}

/* TIOCGPTPEER: opens the slave without its name. */
static long open_peer(struct pty *p, u64 flags)
{
	struct file *f;
	int r = vfs_open_dentry(p->dentry, (u32)flags, &f), fd;

	if (r)
		return r;
	fd = fd_install(f, 0, flags & O_CLOEXEC);
	if (fd < 0)
		file_unref(f);
	return fd;
}

static long master_signal(struct pty *p, u64 sig)
{
	if (sig != SIGINT && sig != SIGQUIT && sig != SIGTSTP)
		return -EINVAL;
	pty_signal(p, (int)sig);
	return 0;
}

long pty_master_ioctl(struct file *f, unsigned cmd, u64 arg)
{
	struct pty *p = f->priv;
	long r = common_ioctl(p, cmd, arg, true);

	if (r != NOT_COMMON)
		return r;
	switch (cmd) {
	case TIOCGPTN:
		return put_user(p->number, (u32 __user *)arg);
	case TIOCSPTLCK:
		return master_flag(p, &p->locked, arg);
	case TIOCGPTLCK:
		return put_user((int)p->locked, (int __user *)arg);
	case TIOCPKT:
		return master_flag(p, &p->packet, arg);
	case TIOCGPKT:
		return put_user((int)p->packet, (int __user *)arg);
	case TIOCGPTPEER:
		return open_peer(p, arg);
	case TIOCSIG:
		return master_signal(p, arg);
	case FIONREAD:
		return put_user(READ_ONCE(p->l.out_head) - READ_ONCE(p->l.out_tail), (u32 __user *)arg);
	}
	return -ENOTTY;
}
