/* SPDX-License-Identifier: MIT */
/* futex(2) and the robust list. */
#include "proc/futex.h"
#include "proc/thread.h"
#include "proc/wait.h"
#include "syscall/timeval.h"
#include "syscall/syscall.h"

static bool takes_timeout(int cmd)
{
	return cmd == FUTEX_WAIT || cmd == FUTEX_WAIT_BITSET || cmd == FUTEX_LOCK_PI || cmd == FUTEX_LOCK_PI2;
}

/* Relative for FUTEX_WAIT, a moment for the others; FUTEX_LOCK_PI's is always on the wall clock. */
static int get_deadline(int cmd, bool realtime, const struct timespec64 __user *timeout, nsec_t *deadline)
{
	struct timespec64 ts;
	nsec_t t;

	*deadline = WAIT_FOREVER;
	if (!timeout || !takes_timeout(cmd))
		return 0;
	if (get_user(ts, timeout))
		return -EFAULT;
	if (!timespec_ok(&ts))
		return -EINVAL;
	t = timespec_to_nsec(&ts);
	if (cmd == FUTEX_WAIT)
		*deadline = clock_deadline(t);
	else if (realtime || cmd == FUTEX_LOCK_PI)
		*deadline = deadline_of_wall(t);
	else
		*deadline = t;
	return 0;
}

static long wait_again(struct thread *t)
{
	const u64 *a = t->restart.arg;
	long r = futex_wait((u32 __user *)a[0], a[1], (u32)a[2], a[3], (u32)a[4]);

	return r == -ERESTARTSYS ? -ERESTART_RESTARTBLOCK : r;
}

static long wait(u32 __user *addr, bool shared, u32 val, nsec_t deadline, u32 bitset)
{
	long r = futex_wait(addr, shared, val, deadline, bitset);

	if (r != -ERESTARTSYS || deadline == WAIT_FOREVER)
		return r;
	/* The time left must not start anew: the call goes on with its deadline, by restart_syscall(2). */
	current->restart.fn = wait_again;
	current->restart.arg[0] = (u64)addr;
	current->restart.arg[1] = shared;
	current->restart.arg[2] = val;
	current->restart.arg[3] = deadline;
	current->restart.arg[4] = bitset;
	return -ERESTART_RESTARTBLOCK;
}

long sys_futex(u32 __user *addr, int op, u32 val, const struct timespec64 __user *timeout, u32 __user *addr2,
	       u32 val3)
{
	bool shared = !(op & FUTEX_PRIVATE_FLAG), realtime = op & FUTEX_CLOCK_REALTIME;
	int cmd = op & FUTEX_CMD_MASK, val2 = (int)(u64)timeout, err;
	nsec_t deadline;

	err = get_deadline(cmd, realtime, timeout, &deadline);
	if (err)
		return err;
	if (realtime && cmd != FUTEX_WAIT_BITSET && cmd != FUTEX_LOCK_PI2)
		return -ENOSYS;
	switch (cmd) {
	case FUTEX_WAIT:
		return wait(addr, shared, val, deadline, FUTEX_BITSET_ALL);
	case FUTEX_WAIT_BITSET:
		return wait(addr, shared, val, deadline, val3);
	case FUTEX_WAKE:
		return futex_wake(addr, shared, (int)val, FUTEX_BITSET_ALL);
	case FUTEX_WAKE_BITSET:
		return futex_wake(addr, shared, (int)val, val3);
	case FUTEX_REQUEUE:
		return futex_requeue(addr, addr2, shared, (int)val, val2, NULL);
	case FUTEX_CMP_REQUEUE:
		return futex_requeue(addr, addr2, shared, (int)val, val2, &val3);
	case FUTEX_WAKE_OP:
		return futex_wake_op(addr, addr2, shared, (int)val, val2, val3);
	case FUTEX_LOCK_PI:
	case FUTEX_LOCK_PI2:
		return futex_lock_pi(addr, shared, deadline, false);
	case FUTEX_TRYLOCK_PI:
		return futex_lock_pi(addr, shared, deadline, true);
	case FUTEX_UNLOCK_PI:
		return futex_unlock_pi(addr, shared);
	default: /* FUTEX_FD is gone from Linux; the two REQUEUE_PI are not here (docs/limits.md) */
		return -ENOSYS;
	}
}

#define ROBUST_HEAD_SIZE 24 /* struct robust_list_head */

long sys_set_robust_list(void __user *head, size_t len)
{
	if (len != ROBUST_HEAD_SIZE)
		return -EINVAL;
	current->robust_list = head;
	current->robust_list_len = len;
	return 0;
}

long sys_get_robust_list(int pid, u64 __user *head, size_t __user *len)
{
	struct thread *t = current;
	u64 list;
	size_t n = ROBUST_HEAD_SIZE;

	if (pid)
		t = thread_find(current->process, pid);
	if (!t)
		return -ESRCH;
	list = (u64)t->robust_list;
	if (pid)
		thread_unref(t);
	return put_user(n, len) || put_user(list, head) ? -EFAULT : 0;
}
