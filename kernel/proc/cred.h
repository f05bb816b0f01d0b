/* SPDX-License-Identifier: MIT */
/*
 * What the program may do (credentials(7), capabilities(7)): its ids are in
 * struct process, its capabilities and supplementary groups here.  Whoever
 * changes them holds process.lock; a capability is looked at without it.
 */
#ifndef PROC_CRED_H
#define PROC_CRED_H

#include "proc/thread.h"

enum {
	CAP_CHOWN = 0,
	CAP_DAC_OVERRIDE = 1,
	CAP_DAC_READ_SEARCH = 2,
	CAP_FOWNER = 3,
	CAP_SETGID = 6,
	CAP_SETUID = 7,
	CAP_SETPCAP = 8,
	CAP_IPC_OWNER = 15,
	CAP_SYS_CHROOT = 18,
	CAP_SYS_ADMIN = 21,
	CAP_SYS_NICE = 23,
	CAP_SYS_RESOURCE = 24,
	CAP_SYS_TIME = 25,
	CAP_SYS_TTY_CONFIG = 26,
	CAP_SYSLOG = 34,
	CAP_LAST = 40,
};
#define CAP_ALL ((1ull << (CAP_LAST + 1)) - 1)

struct groups { /* supplementary ones, sorted */
	u32 count;
	u32 gid[];
};

/* Whether the caller may; what the kernel does of itself it may. */
static inline bool capable(unsigned cap)
{
	const struct process *p = current->process;

	return !p || p->cap_effective >> cap & 1;
}

/* Whether gid is p's effective group or one of its others. */
static inline bool cred_in_group(struct process *p, u32 gid)
{
	bool found = gid == p->egid;
	unsigned long ev;

	if (found || !READ_ONCE(p->groups))
		return found;
	ev = spin_lock(&p->lock);
	for (u32 i = 0; p->groups && i < p->groups->count && !found; i++)
		found = p->groups->gid[i] == gid;
	spin_unlock(&p->lock, ev);
	return found;
}

/* A program that starts with these ids: root has all, others what is ambient. */
static inline void cred_start(struct process *p)
{
	p->cap_permitted = p->uid && p->euid ? p->cap_ambient : p->cap_bounding;
	p->cap_effective = p->euid ? p->cap_ambient : p->cap_permitted;
	p->keep_caps = false;
}

#endif
