/* SPDX-License-Identifier: MIT */
/* Calls about processes where there is only one, ids, memory policy, locks: results and errors. */
#include "abi.h"
#include <linux/capability.h>
#include <sched.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/personality.h>
#include <sys/times.h>
#include <sys/wait.h>

int main(void)
{
	siginfo_t si;
	int status;
	struct tms t;
	void *p;
	struct __user_cap_header_struct cap = {_LINUX_CAPABILITY_VERSION_3, 0};
	struct __user_cap_data_struct data[2];
	void *head;
	size_t len;

	/* nobody to wait for */
	T(wait4(-1, &status, 0, NULL));
	T(wait4(-1, &status, WNOHANG, NULL));
	T(wait4(4000000, &status, 0, NULL));
	T(wait4(-1, &status, 0x99, NULL));
	T(waitid(P_ALL, 0, &si, WEXITED));
	T(waitid(P_ALL, 0, &si, 0));
	T(waitid(99, 0, &si, WEXITED));

	/* signals to processes */
	T(kill(getpid(), 0));
	T(kill(4000000, 0));
	T(kill(getpid(), 99));
	T(kill(getpid(), -1));
	T(syscall(SYS_tgkill, getpid(), getpid(), 0));
	T(syscall(SYS_tgkill, getpid(), 4000000, 0));
	T(syscall(SYS_tgkill, -1, getpid(), 0));
	T(syscall(SYS_tkill, 4000000, 0));
	T(syscall(SYS_tkill, -1, 0));
	T(syscall(SYS_tgkill, getpid(), getpid(), 65));

	T(setuid(getuid()));
	T(setgid(getgid()));
	T(setreuid((uid_t)-1, (uid_t)-1));
	T(setresgid((gid_t)-1, (gid_t)-1, (gid_t)-1));
	T(personality(0xffffffff));
	IS(times(&t) != -1);
	T(syscall(SYS_times, BAD));
	T(syscall(SYS_capget, &cap, data));
	T(syscall(SYS_capget, BAD, data));
	cap.version = 1;
	T(syscall(SYS_capget, &cap, data));
	IS(cap.version == _LINUX_CAPABILITY_VERSION_3);

	p = OK(mmap(NULL, 16384, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0));
	T(mlock(p, 8192));
	T(munlock(p, 8192));
	T(munmap((char *)p + 4096, 4096));
	T(mlock(p, 16384));
	T(munlock(p, 16384));
	T(mlock(p, (size_t)-8192));

	T(syscall(SYS_set_robust_list, p, 1));
	T(syscall(SYS_get_robust_list, 0, &head, &len));
	T(len);
	T(syscall(SYS_get_robust_list, 4000000, &head, &len));
	T(syscall(SYS_get_robust_list, 0, BAD, &len));
	IS(syscall(SYS_set_tid_address, &status) == getpid());
	T(syscall(SYS_futex, &status, 0x7f, 0, NULL, NULL, 0));
	T(syscall(SYS_clone, CLONE_SIGHAND, 0, 0, 0, 0));
	T(syscall(SYS_clone, CLONE_THREAD, 0, 0, 0, 0));
	T(syscall(SYS_clone3, BAD, 64));
	T(syscall(SYS_clone3, &data, 8));
	return 0;
}
