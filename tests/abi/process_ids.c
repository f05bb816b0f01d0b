/* SPDX-License-Identifier: MIT */
/* Who the process is: ids, names, limits, system information. */
#include "abi.h"
#include <grp.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/sysinfo.h>
#include <sys/utsname.h>

static volatile int minus = -1;

static const char *lim(rlim_t v)
{
	static char buf[2][32];
	static int at;

	if (v == RLIM_INFINITY)
		return "unlimited";
	snprintf(buf[at ^= 1], 32, "%lu", (unsigned long)v);
	return buf[at];
}

static void limits(void)
{
	struct rlimit r, old;
	static const int which[] = {RLIMIT_NOFILE, RLIMIT_CORE, RLIMIT_MEMLOCK};

	for (unsigned i = 0; i < sizeof(which) / sizeof(which[0]); i++) {
		T(getrlimit(which[i], &r));
		r.rlim_cur = 500;
		T(setrlimit(which[i], &r));
		T(getrlimit(which[i], &r));
		SAY("soft %s\n", lim(r.rlim_cur));
		r.rlim_cur = r.rlim_max;
		T(setrlimit(which[i], &r));
	}
	T(getrlimit(99, &r));
	T(setrlimit(99, &r));
	T(getrlimit(RLIMIT_NOFILE, BAD));
	T(syscall(SYS_prlimit64, 0, RLIMIT_NOFILE, NULL, &old));
	r = (struct rlimit){300, 400};
	T(syscall(SYS_prlimit64, getpid(), RLIMIT_NOFILE, &r, NULL));
	T(syscall(SYS_prlimit64, 0, RLIMIT_NOFILE, NULL, &r));
	SAY("%s %s\n", lim(r.rlim_cur), lim(r.rlim_max));
	r = (struct rlimit){500, 400};
	T(setrlimit(RLIMIT_NOFILE, &r));
	T(syscall(SYS_prlimit64, 4000000, RLIMIT_NOFILE, NULL, &r));
}

/* What setpriv(1) asks for. */
static void capabilities(void)
{
	T(prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_IS_SET, 0, 0, 0));
	T(prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_IS_SET, 40, 0, 0));
	T(prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_IS_SET, 64, 0, 0));
	T(prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_IS_SET, 0, 1, 0));
	T(prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_IS_SET, 0, 0, 1));
	T(prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_RAISE, 40, 0, 0));
	T(prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_LOWER, 40, 0, 0));
	T(prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_CLEAR_ALL, 0, 0, 0));
	T(prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_CLEAR_ALL, 1, 0, 0));
	T(prctl(PR_CAP_AMBIENT, 0, 0, 0, 0));
	T(prctl(PR_CAP_AMBIENT, 5, 0, 0, 0));
	T(prctl(PR_GET_SECUREBITS));
}

/* getlogin(3) reads a number to which nothing is appended. */
static void login(void)
{
	static const char *const names[] = {"/proc/self/loginuid", "/proc/self/sessionid"};
	char number[16] = "";
	struct stat st;

	for (int i = 0; i < 2; i++) {
		int fd = open(names[i], O_RDONLY);
		ssize_t n = read(fd, number, sizeof(number));

		IS(n > 0 && n <= 10 && (size_t)n == strspn(number, "0123456789"));
		T(fstat(fd, &st));
		SAY("mode %o\n", st.st_mode);
		close(fd);
	}
}

int main(void)
{
	struct utsname u;
	struct sysinfo si;
	struct rusage ru;
	char name[32];
	uid_t r, e, s;

	IS(getpid() > 0);
	IS(getpid() == (pid_t)syscall(SYS_gettid));
	T(getuid() == geteuid());
	T(getgid() == getegid());
	T(getresuid(&r, &e, &s));
	IS(r == e && e == s && s == getuid());
	T(getpgid(0) == getpgrp());
	T(getpgid(4000000));
	T(getsid(4000000));
	T(setpgid(-1, 0));
	T(getpriority(PRIO_PROCESS, 0));
	T(getpriority(99, 0));
	T(setpriority(PRIO_PROCESS, 0, 5));
	T(getpriority(PRIO_PROCESS, 0));
	T(setpriority(PRIO_PROCESS, 0, 99));
	T(getpriority(PRIO_PROCESS, 0));
	T(getgroups(0, NULL) >= 0);
	T(getgroups(minus, NULL));

	T(uname(&u));
	SAY("%s %s\n", u.sysname, u.machine);
	IS(u.release[0] >= '3' && strchr(u.release, '.'));
	IS(u.nodename[0] != 0);
	T(uname(BAD));
	T(sysinfo(&si));
	IS(si.totalram > 0 && si.freeram > 0 && si.freeram <= si.totalram && si.mem_unit > 0);
	IS(si.procs > 0);
	T(sysinfo(BAD));
	T(getrusage(RUSAGE_SELF, &ru));
	T(getrusage(RUSAGE_THREAD, &ru));
	T(getrusage(99, &ru));
	T(getrusage(RUSAGE_SELF, BAD));

	T(prctl(PR_SET_NAME, "a name longer than fits"));
	T(prctl(PR_GET_NAME, name));
	SAY("%s\n", name);
	T(prctl(PR_GET_NAME, BAD));
	T(prctl(99999));
	T(prctl(PR_GET_DUMPABLE));
	capabilities();
	login();
	T(syscall(SYS_arch_prctl, 0x9999, 0));
	limits();
	T(syscall(9999));
	T(syscall(-1));
	return 0;
}
