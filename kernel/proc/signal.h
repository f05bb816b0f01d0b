/* SPDX-License-Identifier: MIT */
/*
 * Signals, as Linux has them: sets, actions, queued information, delivery.
 * process.sig_lock guards all of it; it is taken inside process.lock and
 * outside run-queue locks, so signal_send may be called from event handlers.
 */
#ifndef PROC_SIGNAL_H
#define PROC_SIGNAL_H

#include "lib/list.h"
#include "lib/types.h"
#include "proc/wait.h"

struct process;
struct thread;
struct trap_frame;

#define NSIG 64
typedef u64 sigset_t; /* bit n-1: signal n, as the ABI has it */
#define SIGMASK(n) (1ull << ((n)-1))

enum {
	SIGHUP = 1,
	SIGINT,
	SIGQUIT,
	SIGILL,
	SIGTRAP,
	SIGABRT,
	SIGBUS,
	SIGFPE,
	SIGKILL,
	SIGUSR1,
	SIGSEGV,
	SIGUSR2,
	SIGPIPE,
	SIGALRM,
	SIGTERM,
	SIGSTKFLT,
	SIGCHLD,
	SIGCONT,
	SIGSTOP,
	SIGTSTP,
	SIGTTIN,
	SIGTTOU,
	SIGURG,
	SIGXCPU,
	SIGXFSZ,
	SIGVTALRM,
	SIGPROF,
	SIGWINCH,
	SIGIO,
	SIGPWR,
	SIGSYS,
	SIGRTMIN = 32,
	SIGRTMAX = 64,
};

/* si_code (asm-generic/siginfo.h) */
#define SI_USER	    0
#define SI_KERNEL   0x80
#define SI_QUEUE    -1
#define SI_TIMER    -2
#define SI_TKILL    -6
#define SEGV_MAPERR 1
#define SEGV_ACCERR 2
#define BUS_ADRALN  1
#define BUS_ADRERR  2
#define FPE_INTDIV  1
#define FPE_INTOVF  2
#define FPE_FLTDIV  3
#define FPE_FLTOVF  4
#define FPE_FLTUND  5
#define FPE_FLTRES  6
#define FPE_FLTINV  7
#define ILL_ILLOPN  2
#define TRAP_BRKPT  1
#define TRAP_TRACE  2

/* Linux's siginfo_t: 128 bytes. */
struct siginfo {
	s32 si_signo, si_errno, si_code, pad;
	union {
		struct {
			s32 pid;
			u32 uid;
			u64 value; /* sigqueue's sigval */
		} rt;
		struct {
			s32 timerid, overrun;
			u64 value;
		} timer;
		struct {
			u64 addr;
			s16 addr_lsb;
		} fault;
		u8 bytes[112];
	};
};
_Static_assert(sizeof(struct siginfo) == 128, "siginfo_t of the ABI");

/* The kernel's struct sigaction of the ABI (x86-64: with restorer). */
struct sigaction {
	u64 handler; /* 0 SIG_DFL, 1 SIG_IGN */
	u64 flags;
	u64 restorer;
	sigset_t mask;
};
#define SA_NOCLDSTOP 1u
#define SA_NOCLDWAIT 2u
#define SA_SIGINFO   4u
#define SA_RESTORER  0x04000000u
#define SA_ONSTACK   0x08000000u
#define SA_RESTART   0x10000000u
#define SA_NODEFER   0x40000000u
#define SA_RESETHAND 0x80000000u

struct sigaltstack {
	u64 sp;
	s32 flags;
	s32 pad;
	u64 size;
};
#define SS_ONSTACK    1
#define SS_DISABLE    2
#define SS_AUTODISARM (1u << 31)

struct sigqueue { /* one queued signal */
	struct list link;
	struct siginfo info;
	bool owned; /* part of a POSIX timer: not freed when it is taken off */
};

struct thread_signals {
	sigset_t blocked, pending;
	sigset_t real_blocked; /* sigtimedwait(2): blocked otherwise, so neither discarded nor handled */
	sigset_t saved_mask;   /* for sigsuspend, ppoll &c.: restored after the handler */
	bool restore_mask;
	struct list queue; /* struct sigqueue */
	struct sigaltstack alt;
};

struct process_signals {
	struct sigaction action[NSIG];
	sigset_t pending; /* for the process as a whole */
	struct list queue;
	unsigned queued; /* entries from the heap, of all threads: RLIMIT_SIGPENDING is their limit */
	bool stopped;	 /* by SIGSTOP: every thread waits on its way out */
	struct wait_queue stop_wait;
	struct wait_queue signalfd_wait; /* whoever reads or polls a signalfd: woken for every signal */
};

#define SIG_DFL 0
#define SIG_IGN 1
/* Neither can be blocked, handled or ignored. */
#define SIG_UNBLOCKABLE (SIGMASK(SIGKILL) | SIGMASK(SIGSTOP))

void signal_init_process(struct process *p);
/* A new thread: inherits the mask of the current one, if that is a program's; nothing pending, no stack. */
void signal_init_thread(struct thread *t);
/* A thread ends: what it alone had pending is dropped, what it was to take for the process goes to another.
 */
void signal_exit_thread(struct thread *t);
void signal_free_thread(struct thread *t);

/*
 * Sends to one thread, or to the process (t NULL).  0, -EAGAIN (queue full, real-time signals only).
 * From anywhere, also from event handlers, but with none of the process's locks held.
 */
int signal_send(struct process *p, struct thread *t, const struct siginfo *info);
/* As signal_send, with an entry that the caller owns (POSIX timers); false: it was discarded as ignored. */
bool signal_send_entry(struct process *p, struct thread *t, struct sigqueue *q);
/* Takes the entry back, if it is queued. */
void signal_unqueue_entry(struct process *p, struct thread *t, struct sigqueue *q);
/* A signal the current thread cannot block or ignore: a fault's.  Ends the process if it is blocked. */
void signal_force(const struct siginfo *info);
/*
 * The program's instruction at f's pc trapped: SIGSEGV, SIGBUS, SIGFPE, SIGILL or SIGTRAP for the current
 * thread, with si_code and si_addr.  (arch/<isa>/signal.c)
 */
void signal_fault(struct trap_frame *f, int signo, int code, u64 addr);
/* Whether t has a signal to act on, or must end; what makes interruptible sleeps end.  No lock. */
bool signal_pending(const struct thread *t);
/*
 * On the way back to the program: delivers, restarts or interrupts the system call, stops the process.
 * f is the whole frame.  May sleep; does not return if the signal ends the process.
 */
void signal_deliver(struct trap_frame *f);

/* Replaces the current thread's mask; a signal that this lets through is delivered on the way out. */
void signal_set_blocked(sigset_t mask);
/*
 * ppoll(2), sigsuspend(2) and their kin: `mask` holds while the call sleeps.  After -ERESTART* or -EINTR for
 * a signal, end with interrupted = true: the handler then runs under `mask` and returns to the old one.
 */
void signal_mask_begin(sigset_t mask);
void signal_mask_end(bool interrupted);
/*
 * The same for a call's (set, size) arguments; a NULL set changes nothing.  0, -EINVAL (size), -EFAULT.
 */
int signal_mask_begin_user(const sigset_t __user *set, size_t size);
/* sigtimedwait(2): takes a pending signal out of `set`.  Its number, -EAGAIN at the deadline, -EINTR. */
int signal_wait(sigset_t set, struct siginfo *info, nsec_t deadline);
/* Sleeps until a signal comes; puts an old mask back.  Always -ERESTARTNOHAND. */
long signal_pause(void);
/* sigaction(2); either pointer may be NULL. */
void signal_action(int sig, const struct sigaction *new_sa, struct sigaction *old_sa);
/* sigaltstack(2) with the program's stack pointer sp; 0, -EPERM, -EINVAL, -ENOMEM.  Thread's own: no lock. */
int signal_altstack(const struct sigaltstack *new_ss, struct sigaltstack *old_ss, u64 sp);
/* execve(2): handlers of the old program are gone, what was ignored stays so. */
void signal_exec(void);
bool signal_on_altstack(const struct thread *t, u64 sp);
void signal_reset_altstack(struct thread *t);
const char *signal_name(int sig); /* "SIGSEGV"; for real-time ones "SIGRT" */

/*
 * ISA's part (arch/<isa>/signal.c): builds Linux's frame on the program's stack (from f, with the vector
 * state) so that the handler runs next: 0 or -EFAULT; and takes it down for rt_sigreturn(2).
 */
int arch_signal_frame(struct trap_frame *f, const struct sigaction *sa, const struct siginfo *info,
		      sigset_t mask);
int arch_signal_return(struct trap_frame *f, sigset_t *mask, struct sigaltstack *alt);
/* The system call that f is in runs again, as number nr, once the program continues. */
void arch_syscall_restart(struct trap_frame *f, u64 nr);
u64 arch_syscall_restart_nr(void); /* of restart_syscall(2) */
/* Stack that a signal frame needs at most, in bytes: AT_MINSIGSTKSZ. */
u64 arch_signal_stack_min(void);

#endif
