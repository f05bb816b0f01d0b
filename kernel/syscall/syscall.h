/* SPDX-License-Identifier: MIT */
/* System-call handlers: prototypes from table.def, and the dispatcher that the entry code calls. */
#ifndef SYSCALL_SYSCALL_H
#define SYSCALL_SYSCALL_H

#include <arch/offsets.h>
#include "lib/errno.h"
#include "lib/types.h"
#include "lib/uaccess.h"
#include "proc/signal.h"

struct trap_frame;
/* clang-format off */
#define SYSCALL0(nr, name, kind) long sys_##name(void);
#define SYSCALL1(nr, name, kind, d1, t1, a1) long sys_##name(t1 a1);
#define SYSCALL2(nr, name, kind, d1, t1, a1, d2, t2, a2) long sys_##name(t1 a1, t2 a2);
#define SYSCALL3(nr, name, kind, d1, t1, a1, d2, t2, a2, d3, t3, a3) long sys_##name(t1 a1, t2 a2, t3 a3);
#define SYSCALL4(nr, name, kind, d1, t1, a1, d2, t2, a2, d3, t3, a3, d4, t4, a4) \
	long sys_##name(t1 a1, t2 a2, t3 a3, t4 a4);
#define SYSCALL5(nr, name, kind, d1, t1, a1, d2, t2, a2, d3, t3, a3, d4, t4, a4, d5, t5, a5) \
	long sys_##name(t1 a1, t2 a2, t3 a3, t4 a4, t5 a5);
#define SYSCALL6(nr, name, kind, d1, t1, a1, d2, t2, a2, d3, t3, a3, d4, t4, a4, d5, t5, a5, d6, t6, a6) \
	long sys_##name(t1 a1, t2 a2, t3 a3, t4 a4, t5 a5, t6 a6);
/* clang-format on */

struct cap_data;
struct cap_header;
struct file_handle;
struct clone_args;
struct linux_itimerspec;
struct linux_itimerval;
struct linux_rusage;
struct linux_sigevent;
struct linux_statfs;
struct linux_stat;
struct pollfd;
struct iovec;
struct linux_sysinfo;
struct linux_tms;
struct linux_utsname;
struct rlimit64;
struct sched_attr;
struct sched_param;
struct futex_waitv;
struct io_event;
struct iocb;
struct mq_attr;
struct sembuf;
struct sigaction;
struct sigaltstack;
struct siginfo;
struct timespec64;
struct timeval64;
struct timezone;

#include "syscall/table.def"

const char *syscall_name(unsigned nr); /* "?" if there is none */

typedef long syscall_fn(u64, u64, u64, u64, u64, u64);
/* By number; every entry is callable (missing calls: one that returns -ENOSYS and logs once). */
extern syscall_fn *const syscall_table[SYSCALL_MAX];

#endif
