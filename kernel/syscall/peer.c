/* SPDX-License-Identifier: MIT */
/*
 * Calls about another process, of which there is none here: those about the
 * program itself work, all others find nobody (ESRCH).
 */
#include "fs/procfs.h"
#include "ipc/pidfd.h"
#include "ipc/sysv.h"
#include "lib/string.h"
#include "mm/heap.h"
#include "proc/thread.h"
#include "syscall/args.h"

/* Whether pid is the program or one of its threads. */
static bool is_own(int pid)
{
	struct thread *t;

	if (pid == current->process->pid)
		return true;
	t = pid > 0 ? thread_find(current->process, pid) : NULL;
	if (t)
		thread_unref(t);
	return t;
}

/* ---- pidfd ---- */

#define PIDFD_NONBLOCK	     O_NONBLOCK
#define PIDFD_SIGNAL_THREAD  1u
#define PIDFD_SIGNAL_PROCESS 2u
#define PIDFD_SIGNAL_GROUP   4u

long sys_pidfd_open(int pid, unsigned flags)
{
	if (flags & ~(unsigned)PIDFD_NONBLOCK || pid <= 0)
		return -EINVAL;
	if (!is_own(pid))
		return -ESRCH;
	if (pid != current->process->pid) /* of a thread alone: PIDFD_THREAD, which is not here */
		return -ENOENT;
	return fd_give(pidfd_create(current->process, flags & O_NONBLOCK), 0, true);
}

/* The process behind a descriptor, or an err_ptr.  dir: which may be that of its directory in /proc. */
static struct process *get_process(int fd, bool dir)
{
	struct fdref r = fd_get(fd);
	struct process *p = r.file ? pidfd_process(r.file) : NULL;

	if (r.file && !p && dir)
		p = procfs_process_of(r.file);
	if (r.file)
		fd_put(r);
	return p ? p : err_ptr(-EBADF);
}

long sys_pidfd_send_signal(int fd, int sig, const struct siginfo __user *uinfo, unsigned flags)
{
	struct siginfo info = {.si_signo = sig, .si_code = SI_USER};
	struct process *p;

	if (flags & ~(PIDFD_SIGNAL_THREAD | PIDFD_SIGNAL_PROCESS | PIDFD_SIGNAL_GROUP) || (flags & (flags - 1)))
		return -EINVAL;
	p = get_process(fd, true); /* pidfd_send_signal(2): /proc/PID came before pidfds */
	if (is_err(p))
		return ptr_err(p);
	info.rt.pid = p->pid;
	info.rt.uid = p->uid;
	if (uinfo && copy_from_user(&info, uinfo, sizeof(info)))
		return -EFAULT;
	if (uinfo && info.si_signo != sig)
		return -EINVAL;
	if (sig < 0 || sig > NSIG)
		return -EINVAL;
	if (!sig)
		return 0;
	if (flags & PIDFD_SIGNAL_THREAD) { /* the thread that the descriptor was made for: the first */
		struct thread *t = thread_find(p, p->pid);
		long r = t ? signal_send(p, t, &info) : -ESRCH;

		if (t)
			thread_unref(t);
		return r;
	}
	return signal_send(p, NULL, &info);
}

long sys_pidfd_getfd(int pidfd, int fd, unsigned flags)
{
	struct process *p;
	struct file *f;

	if (flags)
		return -EINVAL;
	p = get_process(pidfd, false);
	if (is_err(p))
		return ptr_err(p);
	f = fd_get_file(fd);
	return f ? fd_give(f, 0, true) : -EBADF;
}

/* ---- memory ---- */

long sys_process_madvise(int pidfd, const struct iovec __user *iov, u64 n, int advice, unsigned flags)
{
	struct process *p;
	struct iovec v;
	u64 done = 0;
	long r = 0;

	if (flags)
		return -EINVAL;
	if (n > IOV_MAX)
		return -EINVAL;
	for (u64 i = 0; i < n; i++)
		if (get_user(v, iov + i))
			return -EFAULT;
	p = get_process(pidfd, false);
	if (is_err(p))
		return ptr_err(p);
	for (u64 i = 0; !r && i < n; i++) {
		if (get_user(v, iov + i))
			return -EFAULT;
		r = sys_madvise((u64)v.base, v.len, advice);
		if (!r)
			done += v.len;
	}
	return done ? (long)done : r;
}

/* Only of a process that is dying. */
long sys_process_mrelease(int pidfd, unsigned flags)
{
	struct process *p = flags ? err_ptr(-EINVAL) : get_process(pidfd, false);

	return is_err(p) ? ptr_err(p) : -EINVAL;
}

#define VM_COPY_CHUNK 4096

/* The bytes of `from` to `to`, page by page through the kernel; what went over before an address was bad counts. */
static long copy_iovecs(struct iovec *to, u64 n_to, struct iovec *from, u64 n_from)
{
	char *buf = kmalloc(VM_COPY_CHUNK);
	size_t done = 0;
	u64 t = 0, f = 0;

	if (!buf)
		return -ENOMEM;
	for (;;) {
		size_t n, missed;

		while (t < n_to && !to[t].len)
			t++;
		while (f < n_from && !from[f].len)
			f++;
		if (t == n_to || f == n_from)
			break;
		/* No further than the source's page, so that a bad one behind it loses nothing before it. */
		n = MIN(MIN(to[t].len, from[f].len), VM_COPY_CHUNK - ((u64)from[f].base & (VM_COPY_CHUNK - 1)));
		n -= copy_from_user_partial(buf, from[f].base, n);
		missed = copy_to_user_partial(to[t].base, buf, n);
		if (!n || missed) {
			done += n - missed;
			if (!done)
				done = (size_t)-EFAULT;
			break;
		}
		done += n;
		to[t].base = (char *)to[t].base + n;
		to[t].len -= n;
		from[f].base = (char *)from[f].base + n;
		from[f].len -= n;
		if (signal_pending(current) && (READ_ONCE(current->work) & THREAD_WORK_EXIT))
			break;
	}
	kfree(buf);
	return (long)done;
}

/* A list of at most IOV_MAX, in memory that the caller frees (NULL: empty), or an err_ptr.  *len: bytes in all. */
static struct iovec *get_iovecs(const struct iovec __user *u, u64 n, size_t *len)
{
	struct iovec *v;

	*len = 0;
	if (n > IOV_MAX)
		return err_ptr(-EINVAL);
	if (!n)
		return NULL;
	v = kmalloc(n * sizeof(*v));
	if (!v)
		return err_ptr(-ENOMEM);
	if (copy_from_user(v, u, n * sizeof(*v))) {
		kfree(v);
		return err_ptr(-EFAULT);
	}
	for (u64 i = 0; i < n; i++) {
		if ((ssize_t)v[i].len < 0 || (ssize_t)(*len + v[i].len) < 0) {
			kfree(v);
			return err_ptr(-EINVAL);
		}
		*len += v[i].len;
	}
	return v;
}

static long process_vm(int pid, const struct iovec __user *ulocal, u64 n_local, const struct iovec __user *uremote,
		       u64 n_remote, u64 flags, bool write)
{
	size_t local_len, remote_len;
	struct iovec *local, *remote;
	long r = 0;

	if (flags)
		return -EINVAL;
	local = get_iovecs(ulocal, n_local, &local_len);
	if (is_err(local))
		return ptr_err(local);
	for (u64 i = 0; i < n_local && !r; i++)
		if (!user_range_ok(local[i].base, local[i].len))
			r = -EFAULT;
	if (!r && local_len) {
		remote = get_iovecs(uremote, n_remote, &remote_len);
		if (is_err(remote)) {
			r = ptr_err(remote);
		} else {
			if (!remote_len)
				r = 0;
			else if (!is_own(pid))
				r = -ESRCH;
			else
				r = write ? copy_iovecs(remote, n_remote, local, n_local) : copy_iovecs(local, n_local, remote, n_remote);
			kfree(remote);
		}
	}
	kfree(local);
	return r;
}

long sys_process_vm_readv(int pid, const struct iovec __user *local, u64 n_local, const struct iovec __user *remote,
			  u64 n_remote, u64 flags)
{
	return process_vm(pid, local, n_local, remote, n_remote, flags, false);
}

long sys_process_vm_writev(int pid, const struct iovec __user *local, u64 n_local, const struct iovec __user *remote,
			   u64 n_remote, u64 flags)
{
	return process_vm(pid, local, n_local, remote, n_remote, flags, true);
}

/* ---- comparing ---- */

enum { KCMP_FILE, KCMP_VM, KCMP_FILES, KCMP_FS, KCMP_SIGHAND, KCMP_IO, KCMP_SYSVSEM, KCMP_EPOLL_TFD };

static long compare_files(int a, int b)
{
	struct file *f = fd_get_file(a), *g = fd_get_file(b);
	long r = !f || !g ? -EBADF : f == g ? 0 : f < g ? 1 : 2;

	if (f)
		file_unref(f);
	if (g)
		file_unref(g);
	return r;
}

static long compare_sem_owners(int pid1, int pid2)
{
	struct thread *a = thread_find(current->process, pid1), *b = thread_find(current->process, pid2);
	long r = -ESRCH;

	if (a && b)
		r = a->sem_owner == b->sem_owner ? 0 : a->sem_owner < b->sem_owner ? 1 : 2;
	if (a)
		thread_unref(a);
	if (b)
		thread_unref(b);
	return r;
}

/* All threads share everything but what SEM_UNDO has to undo. */
long sys_kcmp(int pid1, int pid2, int type, u64 a, u64 b)
{
	if (!is_own(pid1) || !is_own(pid2))
		return -ESRCH;
	switch (type) {
	case KCMP_FILE:
		return compare_files((int)a, (int)b);
	case KCMP_VM:
	case KCMP_FILES:
	case KCMP_FS:
	case KCMP_SIGHAND:
	case KCMP_IO:
		return 0;
	case KCMP_SYSVSEM:
		return compare_sem_owners(pid1, pid2);
	case KCMP_EPOLL_TFD: /* not here: docs/limits.md */
		return -EOPNOTSUPP;
	default:
		return -EINVAL;
	}
}

/* ---- tracing ---- */

#define PTRACE_TRACEME 0
#define PTRACE_ATTACH  16
#define PTRACE_SEIZE   0x4206

/* Nobody can trace the program, and it cannot trace its own threads: the errors are Linux's for that. */
long sys_ptrace(s64 request, s64 pid, u64 addr, u64 data)
{
	if (request == PTRACE_TRACEME)
		return -EPERM;
	if (!is_own((int)pid))
		return -ESRCH;
	return request == PTRACE_ATTACH || request == PTRACE_SEIZE ? -EPERM : -ESRCH;
}

/* ---- namespaces ---- */

#define CLONE_VM	   0x00000100ull
#define CLONE_FS	   0x00000200ull
#define CLONE_FILES	   0x00000400ull
#define CLONE_SIGHAND	   0x00000800ull
#define CLONE_THREAD	   0x00010000ull
#define CLONE_SYSVSEM	   0x00040000ull
#define CLONE_NEW_ANYTHING 0x7e020080ull /* mount, cgroup, UTS, IPC, user, PID, network and time namespaces */

/* One of each there is; a thread's own descriptors or directory there are not. */
long sys_unshare(u64 flags)
{
	if (flags & ~(CLONE_VM | CLONE_FS | CLONE_FILES | CLONE_SIGHAND | CLONE_THREAD | CLONE_SYSVSEM | CLONE_NEW_ANYTHING))
		return -EINVAL;
	if ((flags & (CLONE_VM | CLONE_SIGHAND | CLONE_THREAD | CLONE_FS | CLONE_FILES)) &&
	    READ_ONCE(current->process->thread_count) > 1)
		return -EINVAL;
	if (flags & CLONE_NEW_ANYTHING)
		return -EPERM;
	if (flags & CLONE_SYSVSEM)
		sem_exit_thread(current);
	return 0;
}

long sys_setns(int fd, int type)
{
	struct fdref r = fd_get(fd);

	if (!r.file)
		return -EBADF;
	fd_put(r);
	return -EINVAL; /* no file is a namespace */
}
