/* SPDX-License-Identifier: MIT */
/* Users, groups and capabilities: credentials(7), capabilities(7). */
#include "proc/cred.h"
#include "lib/string.h"
#include "mm/heap.h"
#include "syscall/prctl.h"
#include "syscall/syscall.h"

long sys_getuid(void)
{
	return current->process->uid;
}
long sys_geteuid(void)
{
	return current->process->euid;
}
long sys_getgid(void)
{
	return current->process->gid;
}
long sys_getegid(void)
{
	return current->process->egid;
}

#define KEEP 0xffffffffu /* -1: leave it as it is */

struct ids {
	u32 *real, *effective, *saved;
};
static struct ids user_ids(struct process *p)
{
	return (struct ids){&p->uid, &p->euid, &p->suid};
}
static struct ids group_ids(struct process *p)
{
	return (struct ids){&p->gid, &p->egid, &p->sgid};
}

static bool id_is_mine(const struct ids *i, u32 id)
{
	return id == KEEP || id == *i->real || id == *i->effective || id == *i->saved;
}

/* capabilities(7), "effect of user ID changes on capabilities".  With p->lock held. */
static void caps_follow(struct process *p, bool had_root, u32 euid)
{
	if (had_root && p->uid && p->euid && p->suid) {
		if (!p->keep_caps)
			p->cap_permitted = p->cap_effective = 0;
		p->cap_ambient = 0;
	}
	if (!euid && p->euid)
		p->cap_effective = 0;
	if (euid && !p->euid)
		p->cap_effective = p->cap_permitted;
}

/* credentials(7): who has the capability may become anyone, others only who they are already. */
static long set_ids(struct ids i, u32 real, u32 effective, u32 saved)
{
	struct process *p = current->process;
	bool may = capable(i.real == &p->uid ? CAP_SETUID : CAP_SETGID), had_root = !p->uid || !p->euid || !p->suid;
	unsigned long ev = spin_lock(&p->lock);
	u32 euid = p->euid;
	long err = 0;

	if (!may && (!id_is_mine(&i, real) || !id_is_mine(&i, effective) || !id_is_mine(&i, saved))) {
		err = -EPERM;
	} else {
		*i.real = real != KEEP ? real : *i.real;
		*i.effective = effective != KEEP ? effective : *i.effective;
		*i.saved = saved != KEEP ? saved : *i.saved;
		caps_follow(p, had_root, euid);
	}
	spin_unlock(&p->lock, ev);
	return err;
}

static long set_id(struct ids i, u32 id)
{
	bool root = capable(i.real == &current->process->uid ? CAP_SETUID : CAP_SETGID);

	if (id == KEEP)
		return -EINVAL;
	if (!root && id != *i.real && id != *i.saved)
		return -EPERM;
	return set_ids(i, root ? id : KEEP, id, root ? id : KEEP);
}

static long set_re_ids(struct ids i, u32 real, u32 effective)
{
	bool root = capable(i.real == &current->process->uid ? CAP_SETUID : CAP_SETGID);

	if (!root && real != KEEP && real != *i.real && real != *i.effective)
		return -EPERM;
	return set_ids(i, real, effective,
		       real != KEEP || (effective != KEEP && effective != *i.real)
			       ? effective != KEEP ? effective : *i.effective
			       : KEEP);
}

static long get_ids(struct ids i, u32 __user *real, u32 __user *effective, u32 __user *saved)
{
	return put_user(*i.real, real) || put_user(*i.effective, effective) || put_user(*i.saved, saved)
		       ? -EFAULT
		       : 0;
}

long sys_setuid(u32 id)
{
	return set_id(user_ids(current->process), id);
}
long sys_setgid(u32 id)
{
	return set_id(group_ids(current->process), id);
}
long sys_setreuid(u32 r, u32 e)
{
	return set_re_ids(user_ids(current->process), r, e);
}
long sys_setregid(u32 r, u32 e)
{
	return set_re_ids(group_ids(current->process), r, e);
}
long sys_setresuid(u32 r, u32 e, u32 s)
{
	return set_ids(user_ids(current->process), r, e, s);
}
long sys_setresgid(u32 r, u32 e, u32 s)
{
	return set_ids(group_ids(current->process), r, e, s);
}
long sys_getresuid(u32 __user *r, u32 __user *e, u32 __user *s)
{
	return get_ids(user_ids(current->process), r, e, s);
}
long sys_getresgid(u32 __user *r, u32 __user *e, u32 __user *s)
{
	return get_ids(group_ids(current->process), r, e, s);
}
/* The file-system ids follow the effective ones; asking for others changes nothing and says so by its result.
 */
long sys_setfsuid(u32 id)
{
	return current->process->euid;
}
long sys_setfsgid(u32 id)
{
	return current->process->egid;
}

/* ---- supplementary groups ---- */

#define GROUPS_MAX 65536

long sys_getgroups(int size, u32 __user *list)
{
	struct process *p = current->process;
	struct groups *g = NULL;
	unsigned long ev;
	u32 n, room = 0;
	long r;

	if (size < 0)
		return -EINVAL;
	for (;;) { /* a copy, since the program's memory may have to be waited for */
		ev = spin_lock(&p->lock);
		n = p->groups ? p->groups->count : 0;
		if (!size || n <= room)
			break;
		spin_unlock(&p->lock, ev);
		kfree(g);
		g = kmalloc(sizeof(*g) + n * sizeof(g->gid[0]));
		if (!g)
			return -ENOMEM;
		room = n;
	}
	if (size && n)
		memcpy(g->gid, p->groups->gid, n * sizeof(g->gid[0]));
	spin_unlock(&p->lock, ev);
	r = !size || !n ? 0 : (u32)size < n ? -EINVAL : copy_to_user(list, g->gid, n * sizeof(g->gid[0]));
	kfree(g);
	return r ? r : (long)n;
}

/* Shell's sort: short, and quick enough for the most that there may be. */
static void groups_sort(struct groups *g)
{
	for (u32 gap = g->count / 2; gap; gap /= 2)
		for (u32 i = gap; i < g->count; i++) {
			u32 gid = g->gid[i], k = i;

			for (; k >= gap && g->gid[k - gap] > gid; k -= gap)
				g->gid[k] = g->gid[k - gap];
			g->gid[k] = gid;
		}
}

long sys_setgroups(int size, const u32 __user *list)
{
	struct process *p = current->process;
	struct groups *g = NULL, *old;
	unsigned long ev;

	if (!capable(CAP_SETGID))
		return -EPERM;
	if ((unsigned)size > GROUPS_MAX)
		return -EINVAL;
	if (size) {
		g = kmalloc(sizeof(*g) + (u32)size * sizeof(g->gid[0]));
		if (!g)
			return -ENOMEM;
		g->count = (u32)size;
		if (copy_from_user(g->gid, list, g->count * sizeof(g->gid[0]))) {
			kfree(g);
			return -EFAULT;
		}
		for (u32 i = 0; i < g->count; i++)
			if (g->gid[i] == KEEP) { /* no group (gid_valid()) */
				kfree(g);
				return -EINVAL;
			}
		groups_sort(g);
	}
	ev = spin_lock(&p->lock);
	old = p->groups;
	p->groups = g;
	spin_unlock(&p->lock, ev);
	kfree(old);
	return 0;
}

/* ---- capabilities ---- */

#define CAP_VERSION_1 0x19980330u
#define CAP_VERSION_2 0x20071026u
#define CAP_VERSION_3 0x20080522u

struct cap_header {
	u32 version;
	s32 pid;
};
struct cap_data {
	u32 effective, permitted, inheritable;
};

static int cap_words(struct cap_header *h, struct cap_header __user *uh)
{
	u32 version = CAP_VERSION_3;

	if (get_user(*h, uh))
		return -EFAULT;
	switch (h->version) {
	case CAP_VERSION_1:
		return 1;
	case CAP_VERSION_2:
	case CAP_VERSION_3:
		return 2;
	default:
		return put_user(version, user_member(uh, version)) ? -EFAULT : -EINVAL;
	}
}

long sys_capget(struct cap_header __user *uh, struct cap_data __user *data)
{
	const struct process *p = current->process;
	struct cap_data d[2] = {{0}};
	struct cap_header h;
	int n = cap_words(&h, uh);

	if (n < 0)
		return n == -EINVAL && !data ? 0 : n;
	if (h.pid < 0)
		return -EINVAL;
	if (h.pid && h.pid != p->pid && h.pid != current->tid)
		return -ESRCH;
	for (int w = 0; w < n; w++) {
		d[w].effective = (u32)(p->cap_effective >> 32 * w);
		d[w].permitted = (u32)(p->cap_permitted >> 32 * w);
		d[w].inheritable = (u32)(p->cap_inheritable >> 32 * w);
	}
	return data ? copy_to_user(data, d, (size_t)n * sizeof(d[0])) : 0;
}

static bool beyond(u64 set, u64 limit) { return set & ~limit; }

/* The sets are the process's, not each thread's: the C library's ids are, too. */
long sys_capset(struct cap_header __user *uh, const struct cap_data __user *data)
{
	struct process *p = current->process;
	struct cap_data d[2] = {{0}};
	struct cap_header h;
	u64 effective, permitted, inheritable;
	unsigned long ev;
	int n = cap_words(&h, uh);
	long r = 0;

	if (n < 0)
		return n;
	if (h.pid && h.pid != current->tid)
		return -EPERM;
	if (copy_from_user(d, data, (size_t)n * sizeof(d[0])))
		return -EFAULT;
	effective = ((u64)d[1].effective << 32 | d[0].effective) & CAP_ALL;
	permitted = ((u64)d[1].permitted << 32 | d[0].permitted) & CAP_ALL;
	inheritable = ((u64)d[1].inheritable << 32 | d[0].inheritable) & CAP_ALL;
	ev = spin_lock(&p->lock);
	if ((!capable(CAP_SETPCAP) && beyond(inheritable, p->cap_inheritable | p->cap_permitted)) ||
	    beyond(inheritable, p->cap_inheritable | p->cap_bounding) || beyond(permitted, p->cap_permitted) ||
	    beyond(effective, permitted)) {
		r = -EPERM;
	} else {
		p->cap_effective = effective;
		p->cap_permitted = permitted;
		p->cap_inheritable = inheritable;
		p->cap_ambient &= permitted & inheritable;
	}
	spin_unlock(&p->lock, ev);
	return r;
}

/* PR_CAP_AMBIENT: what a program keeps over execve(2) that is not root's. */
static long cap_ambient(struct process *p, u64 what, u64 cap, u64 rest)
{
	enum { IS_SET = 1, RAISE, LOWER, CLEAR_ALL };
	u64 bit = cap <= CAP_LAST ? 1ull << cap : 0;

	if (rest || (what == CLEAR_ALL ? cap != 0 : !bit) || what < IS_SET || what > CLEAR_ALL)
		return -EINVAL;
	if (what == IS_SET)
		return !!(p->cap_ambient & bit);
	if (what == RAISE && !(p->cap_permitted & p->cap_inheritable & bit))
		return -EPERM;
	p->cap_ambient = what == CLEAR_ALL ? 0 : what == RAISE ? p->cap_ambient | bit : p->cap_ambient & ~bit;
	return 0;
}

long cred_prctl(int option, u64 a2, u64 a3, u64 rest)
{
	struct process *p = current->process;

	switch (option) {
	case PR_GET_KEEPCAPS:
		return p->keep_caps;
	case PR_SET_KEEPCAPS:
		if (a2 > 1)
			return -EINVAL;
		p->keep_caps = a2;
		return 0;
	case PR_CAPBSET_READ:
		return a2 <= CAP_LAST ? (long)(p->cap_bounding >> a2 & 1) : -EINVAL;
	case PR_CAPBSET_DROP:
		if (!capable(CAP_SETPCAP))
			return -EPERM;
		if (a2 > CAP_LAST)
			return -EINVAL;
		p->cap_bounding &= ~(1ull << a2);
		return 0;
	default:
		return cap_ambient(p, a2, a3, rest);
	}
}
