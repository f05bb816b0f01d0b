/* SPDX-License-Identifier: MIT */
/* Threads and the one process: making and ending them, identity, prctl(2). */
#include <arch/switch.h>
#include "ipc/sysv.h"
#include "lib/log.h"
#include "lib/string.h"
#include "proc/limits.h"
#include "proc/sched.h"
#include "proc/thread.h"
#include "syscall/prctl.h"
#include "syscall/syscall.h"

/* ---- clone ---- */

#define CLONE_VM	     0x00000100ull
#define CLONE_FS	     0x00000200ull
#define CLONE_FILES	     0x00000400ull
#define CLONE_SIGHAND	     0x00000800ull
#define CLONE_PIDFD	     0x00001000ull
#define CLONE_PTRACE	     0x00002000ull
#define CLONE_VFORK	     0x00004000ull
#define CLONE_PARENT	     0x00008000ull
#define CLONE_THREAD	     0x00010000ull
#define CLONE_NEWNS	     0x00020000ull
#define CLONE_SYSVSEM	     0x00040000ull
#define CLONE_SETTLS	     0x00080000ull
#define CLONE_PARENT_SETTID  0x00100000ull
#define CLONE_CHILD_CLEARTID 0x00200000ull
#define CLONE_DETACHED	     0x00400000ull
#define CLONE_UNTRACED	     0x00800000ull
#define CLONE_CHILD_SETTID   0x01000000ull
#define CLONE_IO	     0x80000000ull
#define CSIGNAL		     0x000000ffull

/* What a thread of one process shares with the others: all of it, here. */
#define CLONE_AS_THREAD (CLONE_VM | CLONE_FS | CLONE_FILES | CLONE_SIGHAND | CLONE_THREAD)
/* Beside that: these change nothing where there is one process that nobody traces. */
#define CLONE_ALLOWED                                                                                        \
	(CLONE_AS_THREAD | CLONE_SYSVSEM | CLONE_SETTLS | CLONE_PARENT_SETTID | CLONE_CHILD_CLEARTID |       \
	 CLONE_CHILD_SETTID | CLONE_DETACHED | CLONE_UNTRACED | CLONE_PTRACE | CLONE_PARENT | CLONE_IO)

struct clone_args { /* struct clone_args of the ABI, version 2 */
	u64 flags, pidfd, child_tid, parent_tid, exit_signal, stack, stack_size, tls, set_tid, set_tid_size,
		cgroup;
};
#define CLONE_ARGS_SIZE_VER0 64

/* A second process: not yet.  EAGAIN is what fork(2) says where there is no room for one more, so programs know what
 * to do with it.  Said once, as the program may go on without. */
static long no_fork(const char *call)
{
	static bool said;

	if (!__atomic_exchange_n(&said, true, __ATOMIC_RELAXED))
		log_warn("%s: a second process is not supported: EAGAIN", call);
	return -EAGAIN;
}

static int check_flags(u64 flags)
{
	if ((flags & CLONE_THREAD) && !(flags & CLONE_SIGHAND))
		return -EINVAL;
	if ((flags & CLONE_SIGHAND) && !(flags & CLONE_VM))
		return -EINVAL;
	if ((flags & (CLONE_NEWNS | CLONE_FS)) == (CLONE_NEWNS | CLONE_FS))
		return -EINVAL;
	if (!(flags & CLONE_THREAD))
		return no_fork(flags & CLONE_VFORK ? "vfork" : "fork");
	/* A thread with a working directory or descriptors of its own, or in another namespace. */
	if ((flags & CLONE_AS_THREAD) != CLONE_AS_THREAD || (flags & ~(CLONE_ALLOWED | CSIGNAL)))
		return -EINVAL;
	return 0;
}

/* a->stack: the child's stack pointer; 0: the parent's. */
static long clone_thread(const struct clone_args *a)
{
	struct process *p = current->process;
	struct trap_frame *f = thread_full_frame();
	struct thread *t;
	int tid, err = check_flags(a->flags);

	if (err)
		return err;
	/* The kernel loads the thread pointer: what the CPU would refuse must not get that far. */
	if ((a->flags & CLONE_SETTLS) && !user_range_ok((void __user *)a->tls, 0))
		return -EPERM;
	if (READ_ONCE(p->thread_count) >= p->limits[RLIMIT_NPROC].cur)
		return -EAGAIN;
	if ((a->flags & CLONE_SYSVSEM) && sem_prepare_clone())
		return -ENOMEM;
	t = thread_create(p);
	if (!t)
		return -ENOMEM;
	if (a->flags & CLONE_SYSVSEM)
		sem_clone(t);
	tid = t->tid;
	arch_thread_set_frame(t, f, true);
	frame_set_result(t->frame, 0);
	if (a->stack)
		frame_set_sp(t->frame, a->stack);
	arch_set_tls(t, a->flags & CLONE_SETTLS ? a->tls : arch_get_tls(current));
	if (a->flags & CLONE_CHILD_CLEARTID)
		t->clear_tid = (int __user *)a->child_tid;
	/* As on Linux a bad address here is the program's loss, not the call's failure. */
	if ((a->flags & CLONE_PARENT_SETTID) && put_user(tid, (int __user *)a->parent_tid))
		err = -EFAULT;
	if ((a->flags & CLONE_CHILD_SETTID) && put_user(tid, (int __user *)a->child_tid))
		err = -EFAULT;
	(void)err;
	sched_start(t); /* t may be gone from here on */
	return tid;
}

long sys_clone(u64 flags, u64 stack, int __user *parent_tid, int __user *child_tid, u64 tls)
{
	struct clone_args a = {
		.flags = flags & 0xffffffff,
		.parent_tid = (u64)parent_tid,
		.child_tid = (u64)child_tid,
		.stack = stack,
		.tls = tls,
	};

	return clone_thread(&a);
}

long sys_clone3(const struct clone_args __user *uargs, size_t size)
{
	struct clone_args a = {0};
	u8 more;

	if (size > PAGE_SIZE)
		return -E2BIG;
	if (size < CLONE_ARGS_SIZE_VER0)
		return -EINVAL;
	if (copy_from_user(&a, uargs, MIN(size, sizeof(a))))
		return -EFAULT;
	for (size_t i = sizeof(a); i < size; i++) { /* newer fields must not say anything */
		if (get_user(more, user_at(uargs, i)))
			return -EFAULT;
		if (more)
			return -E2BIG;
	}
	if ((a.flags & (CLONE_DETACHED | CSIGNAL)) || a.exit_signal > CSIGNAL || a.set_tid_size > 32)
		return -EINVAL;
	if (!a.set_tid != !a.set_tid_size || !a.stack != !a.stack_size)
		return -EINVAL;
	if ((a.flags & (CLONE_THREAD | CLONE_PARENT)) && a.exit_signal)
		return -EINVAL;
	if (a.stack && !user_range_ok((void __user *)a.stack, a.stack_size))
		return -EINVAL;
	if (a.set_tid)
		return -EPERM; /* choosing ids takes a capability that nobody has here */
	a.stack += a.stack_size;
	return clone_thread(&a);
}

long sys_fork(void)
{
	return no_fork("fork");
}

long sys_vfork(void)
{
	return no_fork("vfork");
}

long sys_exit(int status)
{
	thread_exit(status & 0xff);
}

long sys_exit_group(int status)
{
	process_exit(current->process, status & 0xff, 0);
}

#define WNOHANG	   1
#define WUNTRACED  2
#define WEXITED	   4
#define WCONTINUED 8
#define WNOWAIT	   0x01000000
#define WTHREADS   0xe0000000u /* __WNOTHREAD, __WALL, __WCLONE */

/* There are no children to wait for. */
long sys_wait4(int pid, int __user *status, int options, struct linux_rusage __user *ru)
{
	if ((u32)options & ~(WNOHANG | WUNTRACED | WCONTINUED | WTHREADS))
		return -EINVAL;
	return pid == (-2147483647 - 1) ? -ESRCH : -ECHILD;
}

long sys_waitid(int which, int id, struct siginfo __user *info, int options, struct linux_rusage __user *ru)
{
	if ((u32)options & ~(WNOHANG | WNOWAIT | WEXITED | WUNTRACED | WCONTINUED | WTHREADS))
		return -EINVAL;
	if (!(options & (WEXITED | WUNTRACED | WCONTINUED)))
		return -EINVAL;
	switch (which) {
	case 0: /* P_ALL */
		return -ECHILD;
	case 1: /* P_PID */
		return id <= 0 ? -EINVAL : -ECHILD;
	case 2: /* P_PGID */
		return id < 0 ? -EINVAL : -ECHILD;
	case 3: /* P_PIDFD: there are none */
		return id < 0 ? -EINVAL : -EBADF;
	default:
		return -EINVAL;
	}
}

/* ---- who am I ---- */

long sys_getpid(void)
{
	return current->process->pid;
}
long sys_gettid(void)
{
	return current->tid;
}
long sys_getppid(void)
{
	return 0; /* the parent is outside of this machine, as for pid 1 of a container */
}

long sys_set_tid_address(int __user *addr)
{
	current->clear_tid = addr;
	return current->tid;
}

/* The program leads its process group and its session. */
static bool is_self(int pid)
{
	return pid == 0 || pid == current->process->pid;
}

long sys_getpgrp(void)
{
	return current->process->pid;
}
long sys_getpgid(int pid)
{
	return is_self(pid) ? current->process->pid : -ESRCH;
}
long sys_getsid(int pid)
{
	return is_self(pid) ? current->process->pid : -ESRCH;
}
long sys_setsid(void)
{
	return -EPERM; /* it is the leader of a group already */
}

long sys_setpgid(int pid, int pgid)
{
	if (pgid < 0)
		return -EINVAL;
	return pid < 0 ? -EINVAL : is_self(pid) ? -EPERM /* a session leader */ : -ESRCH;
}

/* ---- prctl ---- */

static long set_name(const char __user *uname)
{
	char name[16] = {0};

	/* Cut at 15 bytes: read up to the NUL, but never past it. */
	for (unsigned i = 0; i < sizeof(name) - 1; i++) {
		if (get_user(name[i], user_at(uname, i)))
			return -EFAULT;
		if (!name[i])
			break;
	}
	memcpy(current->name, name, sizeof(name));
	return 0;
}

long sys_prctl(int option, u64 a2, u64 a3, u64 a4, u64 a5)
{
	static bool no_new_privs; /* no file's bits give any to a program: the flag is all there is to it */
	int zero = 0;

	switch (option) {
	case PR_SET_NAME:
		return set_name((const char __user *)a2);
	case PR_GET_NAME:
		return copy_to_user((char __user *)a2, current->name, sizeof(current->name));
	case PR_SET_PDEATHSIG: /* the parent, outside, takes the machine with it when it dies */
		return a2 > NSIG ? -EINVAL : a2 ? -ENOSYS : 0;
	case PR_GET_PDEATHSIG:
		return put_user(zero, (int __user *)a2);
	case PR_GET_DUMPABLE:
		return 1;
	case PR_GET_SECCOMP:
	case PR_GET_SECUREBITS:
	case PR_GET_THP_DISABLE:
		return 0;
	case PR_GET_TIMERSLACK:
		return 50000;
	case PR_GET_KEEPCAPS:
	case PR_SET_KEEPCAPS:
	case PR_CAPBSET_READ:
	case PR_CAPBSET_DROP:
	case PR_CAP_AMBIENT:
		return cred_prctl(option, a2, a3, a4 | a5);
	case PR_SET_NO_NEW_PRIVS:
		if (a2 != 1 || a3 || a4 || a5)
			return -EINVAL;
		no_new_privs = true;
		return 0;
	case PR_GET_NO_NEW_PRIVS:
		return a2 || a3 || a4 || a5 ? -EINVAL : no_new_privs;
	default:
		return -EINVAL;
	}
}
