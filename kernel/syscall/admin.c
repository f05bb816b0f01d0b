/* SPDX-License-Identifier: MIT */
/*
 * Calls that administer a machine.  There is nothing here that they could act on: no swap, no accounting; mounts and power
 * are the host's.  So each says EPERM, to root as well, as Linux does in a container, after the same checks.
 */
#include "lib/log.h"
#include "mm/heap.h"
#include "proc/cred.h"
#include "syscall/args.h"

/* A string that the call would copy first: only whether it can be read. */
static int string_check(const char __user *s)
{
	char c;

	return s && get_user(c, s) ? -EFAULT : 0;
}

static int path_check(const char __user *path, unsigned walk)
{
	struct dentry *d;
	int r = path_lookup(AT_FDCWD, path, walk, &d);

	if (!r)
		dentry_unref(d);
	return r;
}

long sys_mount(const char __user *source, const char __user *target, const char __user *type, u64 flags,
	       const void __user *data)
{
	int r = string_check(type);

	if (!r)
		r = string_check(source);
	if (!r)
		r = string_check(data);
	if (!r)
		r = path_check(target, WALK_FOLLOW);
	return r ? r : -EPERM;
}

#define MNT_FORCE	0x1
#define MNT_DETACH	0x2
#define MNT_EXPIRE	0x4
#define UMOUNT_NOFOLLOW 0x8

long sys_umount2(const char __user *target, int flags)
{
	int r;

	if (flags & ~(MNT_FORCE | MNT_DETACH | MNT_EXPIRE | UMOUNT_NOFOLLOW))
		return -EINVAL;
	r = path_check(target, flags & UMOUNT_NOFOLLOW ? 0 : WALK_FOLLOW);
	return r ? r : -EPERM;
}

long sys_pivot_root(const char __user *new_root, const char __user *put_old) { return -EPERM; }
long sys_acct(const char __user *path) { return -EPERM; }
long sys_swapon(const char __user *path, int flags) { return -EPERM; }
long sys_swapoff(const char __user *path) { return -EPERM; }
long sys_reboot(int magic1, int magic2, unsigned cmd, void __user *arg) { return -EPERM; }

/* ---- syslog: the kernel's own log ---- */

enum {
	SYSLOG_CLOSE,
	SYSLOG_OPEN,
	SYSLOG_READ,
	SYSLOG_READ_ALL,
	SYSLOG_READ_CLEAR,
	SYSLOG_CLEAR,
	SYSLOG_CONSOLE_OFF,
	SYSLOG_CONSOLE_ON,
	SYSLOG_CONSOLE_LEVEL,
	SYSLOG_RING_SIZE_UNREAD,
	SYSLOG_RING_SIZE_BUFFER,
};

static long read_all(char __user *to, int len)
{
	char *buf;
	size_t n;
	long r;

	if (!to || len < 0)
		return -EINVAL;
	if (!len)
		return 0;
	if (!user_range_ok(to, (size_t)len))
		return -EFAULT;
	buf = kmalloc(LOG_RING_SIZE);
	if (!buf)
		return -ENOMEM;
	n = log_read(buf, MIN((size_t)len, (size_t)LOG_RING_SIZE));
	r = copy_to_user(to, buf, n) ? -EFAULT : (long)n;
	kfree(buf);
	return r;
}

/* Root's, as with dmesg_restrict.  It is neither cleared nor waited for, and has no console of its own to turn off. */
long sys_syslog(int type, char __user *buf, int len)
{
	if (!capable(CAP_SYSLOG))
		return -EPERM;
	switch (type) {
	case SYSLOG_CLOSE:
	case SYSLOG_OPEN:
		return 0;
	case SYSLOG_READ_ALL:
		return read_all(buf, len);
	case SYSLOG_RING_SIZE_BUFFER:
		return LOG_RING_SIZE;
	case SYSLOG_READ:
	case SYSLOG_READ_CLEAR:
		if (!buf || len < 0)
			return -EINVAL;
		return len ? -EPERM : 0;
	case SYSLOG_CLEAR:
	case SYSLOG_CONSOLE_OFF:
	case SYSLOG_CONSOLE_ON:
	case SYSLOG_RING_SIZE_UNREAD:
		return -EPERM;
	case SYSLOG_CONSOLE_LEVEL:
		return len < 1 || len > 8 ? -EINVAL : -EPERM;
	default:
		return -EINVAL;
	}
}
