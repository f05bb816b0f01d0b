/* SPDX-License-Identifier: MIT */
/*
 * Pseudo-terminals (pty(7)): /dev/ptmx makes one, /dev/pts/N is its slave while
 * the master lives.  At most one, or the console, is the program's controlling
 * terminal: it gets the signals that are typed.
 * Locks: ptys_lock (who there is, and who controls) -> the directory's ->
 * pty.lock, all sleeping ones.
 */
#ifndef FS_PTY_H
#define FS_PTY_H

#include "fs/ldisc.h"
#include "fs/vfs.h"

extern const struct file_ops ptmx_ops; /* of the device /dev/ptmx */
/* pts: /dev/pts, where slaves get their names; its reference passes. */
void pty_set_directory(struct dentry *pts);
unsigned pty_count(void); /* that there are now */
/* Opens the controlling terminal, if it is a pty: 0 or -errno; -ENXIO: none is. */
int pty_open_controlling(struct file *f);

/* ---- for fs/pty.c and fs/pty_ioctl.c alone ---- */

struct pty {
	struct list link; /* in ptys, by number */
	unsigned number;
	u32 rdev;
	struct inode *inode;   /* the slave's, compared and never followed: a stale one may outlive us */
	struct dentry *dentry; /* /dev/pts/N, with a reference */

	struct mutex lock; /* for all below */
	struct ldisc l;
	struct wait_queue master_wait, slave_wait;
	struct {
		u16 rows, cols, xpixel, ypixel;
	} size;
	unsigned slaves; /* files open; under ptys_lock */
	bool used;	 /* there has been one: if there is none any more, the master's reads end */
	bool master;	 /* is open */
	bool locked, packet;
};

static inline bool pty_hung_up(const struct pty *p) { return !READ_ONCE(p->master); }

bool pty_controls(const struct pty *p);	      /* now */
int pty_take_control(struct pty *p);	      /* TIOCSCTTY: 0 or -EPERM */
void pty_lose_control(struct pty *p);	      /* SIGHUP for the program, if it controlled */
void pty_signal(struct pty *p, int sig);      /* to the foreground group: the program, if it controls */
void pty_wake(struct pty *p);		      /* both sides look again: at bytes, room, or the other's end */
long pty_master_ioctl(struct file *f, unsigned cmd, u64 arg);
long pty_slave_ioctl(struct file *f, unsigned cmd, u64 arg);

#endif
