/* SPDX-License-Identifier: MIT */
/* Calls that administer a machine: names and clock as root, and what is refused to everybody else. */
#include "abi.h"
#include <grp.h>
#include <sched.h>
#include <sys/klog.h>
#include <sys/mount.h>
#include <sys/reboot.h>
#include <sys/swap.h>
#include <sys/time.h>
#include <sys/utsname.h>

static void names(void)
{
	struct utsname u;

	/* On Linux, lest the machine itself be renamed; in the isle the program is the only one, and pid 1. */
	if (getpid() != 1 && unshare(CLONE_NEWUTS))
		return;
	T(sethostname("a-name", 6));
	T(setdomainname("a-domain", 8));
	T(uname(&u));
	SAY("%s %s\n", u.nodename, u.domainname);
	abi_show("/proc/sys/kernel/hostname");
	T(sethostname("abcdef", 3));
	T(syscall(SYS_sethostname, "x", -1));
	T(sethostname(BAD, 1));
	T(setdomainname(BAD, 65));
	T(setdomainname(BAD, 64));
	T(uname(&u));
	SAY("%s %s\n", u.nodename, u.domainname);
	T(sethostname("", 0));
	T(uname(&u));
	SAY("\"%s\"\n", u.nodename);
}

static void kernel_log(void)
{
	char buf[64];

	T(klogctl(0, NULL, 0));
	T(klogctl(1, NULL, 0));
	T(klogctl(3, NULL, 10));
	T(klogctl(3, buf, -1));
	T(klogctl(3, buf, 0));
	IS(klogctl(3, buf, sizeof(buf)) >= 0);
	IS(klogctl(10, NULL, 0) > 0);
	T(klogctl(2, NULL, 1));
	T(klogctl(4, buf, -1));
	T(klogctl(8, NULL, 9));
	T(klogctl(11, NULL, 0));
	T(klogctl(-1, NULL, 0));
}

static void refused(void)
{
	struct timeval tv = {1, 0}, odd = {1, 1000001}, minus = {1, -1};
	char buf[16];

	T(sethostname("x", 1));
	T(syscall(SYS_sethostname, BAD, -1));
	T(setdomainname("x", 1));
	T(settimeofday(&tv, NULL));
	T(settimeofday(&odd, NULL));
	T(settimeofday(&minus, NULL));
	T(syscall(SYS_settimeofday, BAD, NULL));
	T(syscall(SYS_settimeofday, NULL, BAD));
	T(mount("none", "/tmp", "tmpfs", 0, NULL));
	T(mount("none", "/missing", "tmpfs", 0, NULL));
	T(mount(BAD, "/tmp", "tmpfs", 0, NULL));
	T(mount("none", BAD, "tmpfs", 0, NULL));
	T(mount("none", "/tmp", BAD, 0, NULL));
	T(mount("none", "/tmp", "tmpfs", 0, BAD));
	T(umount2("/proc", 0));
	T(umount2("/proc", 16));
	T(umount2("/missing", MNT_DETACH));
	T(umount2(BAD, 0));
	T(syscall(SYS_pivot_root, "/", "/"));
	T(chroot("/"));
	T(chroot("/missing"));
	T(chroot("/proc/version"));
	T(chroot(BAD));
	T(acct(NULL));
	T(acct("/missing"));
	T(swapon("/missing", 0));
	T(swapoff("/missing"));
	T(syscall(SYS_reboot, 1, 2, 3, NULL));
	T(reboot(RB_ENABLE_CAD));
	T(klogctl(4, buf, sizeof(buf)));
	T(klogctl(5, NULL, 0));
}

int main(void)
{
	names();
	kernel_log();
	T(setgroups(0, NULL));
	T(setgid(65534));
	T(setuid(65534));
	refused();
	return 0;
}
