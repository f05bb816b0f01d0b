/* SPDX-License-Identifier: MIT */
/* What signal.c (queues, masks, sending) and signal_deliver.c share.  All under sig_lock unless said. */
#ifndef PROC_SIGNAL_QUEUE_H
#define PROC_SIGNAL_QUEUE_H

#include "proc/signal.h"

/* What has no handler and SIG_DFL: signal(7), "Standard signals". */
#define DEFAULT_IGNORE (SIGMASK(SIGCHLD) | SIGMASK(SIGCONT) | SIGMASK(SIGURG) | SIGMASK(SIGWINCH))
#define DEFAULT_STOP   (SIGMASK(SIGSTOP) | SIGMASK(SIGTSTP) | SIGMASK(SIGTTIN) | SIGMASK(SIGTTOU))

/* t has something to do on its way out. */
void signal_wake_thread(struct thread *t);
/* The work bit says whether there is something to do; only the thread itself takes it back. */
void signal_recalc_current(void);
/* The current thread's next signal within `which`: 0 if there is none. */
int signal_dequeue(struct process *p, sigset_t which, struct siginfo *info);
/* After a signal has been taken, without the locks: the timer behind it goes on. */
void signal_timers_go_on(struct siginfo *info);

#endif
