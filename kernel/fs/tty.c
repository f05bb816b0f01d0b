/* SPDX-License-Identifier: MIT */
#include "fs/tty.h"
#include "fs/console.h"
#include "lib/uaccess.h"
#include "proc/thread.h"

/* A terminal as Linux sets up a new one (tty_std_termios), until the program changes it. */
static struct hermit_ctl_termios termios = {
	.iflag = 0x500,	 /* ICRNL IXON */
	.oflag = 0x5,	 /* OPOST ONLCR */
	.cflag = 0xbf,	 /* B38400 CS8 CREAD HUPCL */
	.lflag = 0x8a3b, /* ISIG ICANON ECHO ECHOE ECHOK ECHOCTL ECHOKE IEXTEN */
	.cc = {3, 28, 127, 21, 4, 0, 1, 0, 17, 19, 26, 0, 18, 15, 23, 22},
};
static struct mutex termios_lock = {.wait = WAIT_QUEUE_INIT(termios_lock.wait)};

struct user_termios { /* struct termios of the kernel ABI */
	u32 iflag, oflag, cflag, lflag;
	u8 line, cc[19];
};

static long tty_set(u64 arg)
{
	struct hermit_ctl_termios t;
	int r = copy_from_user(&t, (const void __user *)arg, sizeof(struct user_termios));

	if (r)
		return r;
	mutex_lock(&termios_lock);
	r = console_set_termios(&t);
	if (!r)
		termios = t;
	mutex_unlock(&termios_lock);
	return r;
}

long tty_ioctl(unsigned cmd, u64 arg)
{
	struct hermit_boot_winsize ws;
	void __user *p = (void __user *)arg;
	int n;

	_Static_assert(sizeof(struct user_termios) == sizeof(termios), "the loader's termios is Linux's");
	switch (cmd) {
	case TCGETS:
		return copy_to_user(p, &termios, sizeof(termios));
	case TCSETS:
	case TCSETSW:
	case TCSETSF:
		return tty_set(arg);
	case TIOCGWINSZ:
		console_winsize(&ws);
		return copy_to_user(p, &ws, sizeof(ws));
	case TIOCGPGRP:
	case TIOCGSID:
		n = current->process->pid; /* one process: it leads its session and is in the foreground */
		return put_user(n, (int __user *)p);
	case TIOCSPGRP:
		if (get_user(n, (const int __user *)p))
			return -EFAULT;
		return n == current->process->pid ? 0 : n < 0 ? -EINVAL : -ESRCH;
	case TIOCOUTQ:
		n = 0;
		return put_user(n, (int __user *)p);
	case TIOCSCTTY:
		return 0; /* it is */
	default:
		return -ENOTTY;
	}
}
