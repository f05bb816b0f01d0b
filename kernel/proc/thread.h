/* SPDX-License-Identifier: MIT */
/*
 * Threads and the process they belong to.  A thread is reference-counted:
 * process list, run queue and `current` hold one reference together, dropped
 * when it has ended; look-ups by tid take another.
 * process.lock guards the thread list and what says so.
 */
#ifndef PROC_THREAD_H
#define PROC_THREAD_H

#include <arch/thread.h>
#include <arch/trap.h>
#include "lib/list.h"
#include "lib/spinlock.h"
#include "lib/types.h"
#include "proc/cpu.h"
#include "proc/runqueue.h"
#include "proc/signal.h"
#include "proc/timer.h"
#include "proc/wait.h"

struct file;
struct file_table;
struct groups;
struct fs_context;
struct space;
struct futex_waiter;
struct sem_owner;
struct trace_line;

/* Bits of thread.work: looked at before each return to the program. */
#define THREAD_WORK_SIGNAL  (1u << 0) /* a signal may be deliverable */
#define THREAD_WORK_RESCHED (1u << 1) /* the CPU is wanted by another */
#define THREAD_WORK_EXIT    (1u << 2) /* the process ends: this thread must too */
#define THREAD_WORK_RSEQ    (1u << 3) /* proc/rseq.h */

enum thread_state {
	THREAD_RUNNABLE, /* running, or on a run queue */
	THREAD_SLEEPING,
	THREAD_ENDED,
};

struct thread {
	u32 work; /* THREAD_WORK_*, atomic; known to assembly (offset 0) */

	/* --- scheduler: under the run-queue lock of `cpu` --- */
	u32 state; /* enum thread_state */
	bool interruptible;
	bool on_cpu; /* its registers are in a CPU, or on their way out */
	int cpu; /* where it runs, is queued, or ran last */
	int rseq_cpu; /* what its area (proc/rseq.h) says; its own */
	struct rq_entity rq;
	cpumask_t affinity;
	u8 policy; /* enum sched_policy */
	s8 nice;
	nsec_t runtime;	     /* charged so far */
	nsec_t running_since;
	u64 voluntary, involuntary; /* context switches */
	struct timer sleep_timer;

	struct arch_thread arch;
	struct trap_frame *frame; /* the program's registers, while in the kernel on its behalf */

	u32 refs;
	int tid;
	char name[16];		/* comm */
	struct process *process; /* NULL: a thread of the kernel */
	struct list link;	 /* in process.threads */
	void (*kernel_fn)(void *);
	void *kernel_arg;

	/* --- signals: under process.sig_lock --- */
	struct thread_signals sig;

	/* --- used by the thread itself only --- */
	int __user *set_tid, *clear_tid;
	struct rseq_area __user *rseq; /* proc/rseq.h; NULL: none */
	u32 rseq_len, rseq_sig;
	void __user *robust_list;
	size_t robust_list_len;
	struct {
		long (*fn)(struct thread *); /* for restart_syscall(2) */
		u64 arg[6];
	} restart;
	u16 ioprio, mempolicy; /* ioprio_set(2), set_mempolicy(2) */
	bool mempolicy_node0;
	int exit_status;
	struct futex_waiter *futex;
	struct sem_owner *sem_owner; /* whose SEM_UNDO: ipc/sysv_sem.c; NULL: nobody's yet */
	bool parked; /* for a core file: proc/core.c */
	struct trace_line *trace; /* syscall/trace.h's; NULL: none */
	struct file **freed_files; /* what it frees a file for: those that wait for that; else NULL */
};

struct rlimit64 {
	u64 cur, max;
};
#define RLIMIT_COUNT 16
#define RLIM_INFINITY (~0ull)

struct process {
	struct spinlock lock;
	u32 refs;
	int pid;
	struct list threads;
	unsigned thread_count; /* those that have not ended */
	struct space *space;
	struct file_table *files;
	struct fs_context *fs; /* root, working directory, umask */

	struct spinlock sig_lock;
	struct process_signals sig;

	u32 uid, euid, suid, gid, egid, sgid;
	u64 cap_effective, cap_permitted, cap_inheritable, cap_bounding, cap_ambient; /* proc/cred.h */
	bool keep_caps;
	struct groups *groups; /* NULL: none */
	struct rlimit64 limits[RLIMIT_COUNT];

	bool exiting, dumping; /* under lock */
	bool dumped; /* there is a core file */
	bool execing; /* under lock: a thread of it waits for the others to end, to become another program */
	int exit_status; /* of exit_group, or */
	int exit_signal; /* the signal that ended it; 0: it exited */

	char *exe;  /* absolute path */
	/* /proc/self/{cmdline,environ,auxv}: where they lie in the program's memory */
	vaddr_t arg_start, arg_end, env_start, env_end;
	u64 auxv[2 * 32];
	nsec_t started; /* monotonic */
	nsec_t dead_runtime; /* of threads that have ended */
};

extern struct process *init_process; /* the program; pid 1 has no parent, as in a container */

/* A new thread of `p` (NULL: of the kernel), not started.  NULL: no memory. */
struct thread *thread_create(struct process *p);
/* A kernel thread that runs fn(arg) and ends when it returns. */
struct thread *thread_spawn_kernel(const char *name, void (*fn)(void *), void *arg);
void thread_ref(struct thread *t);
void thread_unref(struct thread *t);
/* With a reference, or NULL. */
struct thread *thread_find(struct process *p, int tid);
/* exit(2): ends the calling thread (clear_tid, robust list); the last one ends the process. */
void thread_exit(int status) __noreturn;
/* exit_group(2), or death by a signal if signal != 0: ends all threads, then the machine. */
void process_exit(struct process *p, int status, int signal) __noreturn;

/* Whether one of the process's other threads `is`; tell: all of them are told to end.  Takes p->lock. */
bool process_others(struct process *p, bool tell, bool (*is)(const struct thread *t));
void thread_set_work(struct thread *t, u32 bits); /* and makes it look, if it runs elsewhere */

/*
 * The whole frame of the current system call, rbx..r15 included.  Only for calls that the
 * table marks FULL, and on the way out.
 */
static inline struct trap_frame *thread_full_frame(void) { return current->frame; }

/* Called by the entry code with events enabled when `work` is set, before returning to the program. */
void thread_return_work(struct trap_frame *f);

#endif
