/* SPDX-License-Identifier: MIT */
/* NUMA policies (numa(7)): there is one node, 0. */
#include "mm/space.h"
#include "proc/cred.h"
#include "syscall/memory.h"
#include "syscall/syscall.h"

#define MPOL_DEFAULT	0
#define MPOL_PREFERRED	1
#define MPOL_LOCAL	4
#define MPOL_MAX	7
#define MPOL_MODE_FLAGS 0xe000
#define MPOL_MF_VALID	7

/* Which nodes `mask` names: nothing but node 0 exists.  0 with *node0, or -errno. */
static int get_nodes(const u64 __user *mask, u64 maxnode, bool *node0)
{
	u64 bits = maxnode ? maxnode - 1 : 0, word;

	*node0 = false;
	if (!mask || !bits)
		return 0;
	if (bits > PAGE_SIZE * 8)
		return -EINVAL;
	for (u64 i = 0; i < (bits + 63) / 64; i++) {
		if (get_user(word, mask + i))
			return -EFAULT;
		if (bits - i * 64 < 64)
			word &= (1ull << (bits - i * 64)) - 1;
		if (i ? word != 0 : (word & ~1ull) != 0)
			return -EINVAL;
		*node0 |= word & 1;
	}
	return 0;
}

static int check_policy(int mode, const u64 __user *mask, u64 maxnode, bool *node0)
{
	int err;

	mode &= ~MPOL_MODE_FLAGS;
	if (mode < 0 || mode > MPOL_MAX)
		return -EINVAL;
	err = get_nodes(mask, maxnode, node0);
	if (err)
		return err;
	if (mode == MPOL_DEFAULT || mode == MPOL_LOCAL)
		return *node0 ? -EINVAL : 0;
	return mode != MPOL_PREFERRED && !*node0 ? -EINVAL : 0;
}

long sys_mbind(u64 addr, u64 len, u64 mode, const u64 __user *mask, u64 maxnode, unsigned flags)
{
	bool anonymous, node0;
	int err;

	if (flags & ~MPOL_MF_VALID)
		return -EINVAL;
	err = mode > 0xffff ? -EINVAL : check_policy((int)mode, mask, maxnode, &node0);
	if (err)
		return err;
	if (check_range(addr, &len))
		return -EINVAL;
	return len && range_is(addr, len, &anonymous) ? -EFAULT : 0;
}

#define MPOL_F_NODE	    1
#define MPOL_F_ADDR	    2
#define MPOL_F_MEMS_ALLOWED 4

long sys_get_mempolicy(int __user *mode, u64 __user *mask, u64 maxnode, u64 addr, u64 flags)
{
	/* Node 0, where MPOL_F_NODE asks for it.  An area's own policy is not kept: mbind(2). */
	int what = flags ? 0 : current->mempolicy;
	u64 word = (flags & MPOL_F_MEMS_ALLOWED) || (!flags && current->mempolicy_node0);
	bool anonymous;

	if (flags & ~7ull || (mask && maxnode < 1))
		return -EINVAL;
	if ((flags & MPOL_F_MEMS_ALLOWED) && (flags & (MPOL_F_NODE | MPOL_F_ADDR)))
		return -EINVAL;
	if (!(flags & MPOL_F_ADDR) && addr)
		return -EINVAL;
	if ((flags & MPOL_F_ADDR) && range_is(ALIGN_DOWN(addr, PAGE_SIZE), PAGE_SIZE, &anonymous))
		return -EFAULT;
	if ((flags & MPOL_F_NODE) && !(flags & MPOL_F_ADDR))
		return -EINVAL; /* only while interleaving */
	if (mode && put_user(what, mode))
		return -EFAULT;
	if (!mask)
		return 0;
	for (u64 i = 0; i < (maxnode + 63) / 64 && i < PAGE_SIZE; i++) {
		if (put_user(word, mask + i))
			return -EFAULT;
		word = 0;
	}
	return 0;
}

long sys_set_mempolicy(int mode, const u64 __user *mask, u64 maxnode)
{
	bool node0;
	int err = mode & ~0xffff ? -EINVAL : check_policy(mode, mask, maxnode, &node0);

	if (err)
		return err;
	current->mempolicy = (u16)mode;
	current->mempolicy_node0 = node0;
	return 0;
}

/* The program, or one of its threads. */
static int check_pid(int pid)
{
	struct thread *t;

	if (!pid || pid == current->process->pid)
		return 0;
	t = thread_find(current->process, pid);
	if (!t)
		return -ESRCH;
	thread_unref(t);
	return 0;
}

/* Everything is where it could be moved to: node 0. */
long sys_migrate_pages(int pid, u64 maxnode, const u64 __user *from, const u64 __user *to)
{
	bool node0;
	int err = get_nodes(from, maxnode, &node0) ?: get_nodes(to, maxnode, &node0) ?: check_pid(pid);

	return err ? err : node0 ? 0 : -EINVAL;
}

static int page_node(u64 addr)
{
	struct space *s = current->process->space;
	bool anonymous, there;
	unsigned long ev;

	addr = ALIGN_DOWN(addr, PAGE_SIZE);
	if (!user_range_ok((void __user *)addr, PAGE_SIZE) || range_is(addr, PAGE_SIZE, &anonymous))
		return -EFAULT;
	ev = spin_lock(&s->lock);
	there = platform_space_present(s, addr);
	spin_unlock(&s->lock, ev);
	return there ? 0 : -ENOENT;
}

long sys_move_pages(int pid, u64 count, const u64 __user *pages, const int __user *nodes, int __user *status,
		    int flags)
{
	int err, node, is;
	u64 addr;

	if (flags & ~(2 | 4)) /* MPOL_MF_MOVE, MPOL_MF_MOVE_ALL */
		return -EINVAL;
	if (flags & 4 && !capable(CAP_SYS_NICE))
		return -EPERM;
	err = check_pid(pid);
	for (u64 i = 0; !err && i < count; i++) {
		if (get_user(addr, pages + i) || (nodes && get_user(node, nodes + i)))
			return -EFAULT;
		if (nodes && node)
			return -ENODEV;
		is = page_node(addr);
		err = put_user(is, status + i);
		if (!(i % 1024) && signal_pending(current) && READ_ONCE(current->work) & THREAD_WORK_EXIT)
			return -EINTR;
	}
	return err;
}
