/* SPDX-License-Identifier: MIT */
/* What prctl(2) can be asked (linux/prctl.h), and the part of it that is about credentials. */
#ifndef SYSCALL_PRCTL_H
#define SYSCALL_PRCTL_H

#include "lib/types.h"

enum {
	PR_SET_PDEATHSIG = 1,
	PR_GET_PDEATHSIG = 2,
	PR_GET_DUMPABLE = 3,
	PR_GET_KEEPCAPS = 7,
	PR_SET_KEEPCAPS = 8,
	PR_SET_NAME = 15,
	PR_GET_NAME = 16,
	PR_GET_SECCOMP = 21,
	PR_CAPBSET_READ = 23,
	PR_CAPBSET_DROP = 24,
	PR_GET_SECUREBITS = 27,
	PR_GET_TIMERSLACK = 30,
	PR_SET_NO_NEW_PRIVS = 38,
	PR_GET_NO_NEW_PRIVS = 39,
	PR_GET_THP_DISABLE = 42,
	PR_CAP_AMBIENT = 47,
};

long cred_prctl(int option, u64 a2, u64 a3, u64 rest);

#endif
