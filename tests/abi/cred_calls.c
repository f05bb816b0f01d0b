/* SPDX-License-Identifier: MIT */
/* Capabilities and supplementary groups: the sets, what changes them, and that files obey them. */
#include "abi.h"
#include <grp.h>
#include <linux/capability.h>
#include <sched.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <time.h>

#define BIT(cap) (1ull << (cap))

struct sets {
	uint64_t effective, permitted, inheritable;
};

static long get(struct sets *s)
{
	struct __user_cap_header_struct h = {.version = _LINUX_CAPABILITY_VERSION_3};
	struct __user_cap_data_struct d[2] = {{0}};
	long r = syscall(SYS_capget, &h, d);

	s->effective = (uint64_t)d[1].effective << 32 | d[0].effective;
	s->permitted = (uint64_t)d[1].permitted << 32 | d[0].permitted;
	s->inheritable = (uint64_t)d[1].inheritable << 32 | d[0].inheritable;
	return r;
}

static long set(struct sets s)
{
	struct __user_cap_header_struct h = {.version = _LINUX_CAPABILITY_VERSION_3};
	struct __user_cap_data_struct d[2] = {
		{(uint32_t)s.effective, (uint32_t)s.permitted, (uint32_t)s.inheritable},
		{(uint32_t)(s.effective >> 32), (uint32_t)(s.permitted >> 32), (uint32_t)(s.inheritable >> 32)}};

	return syscall(SYS_capset, &h, d);
}

static void show(const char *when)
{
	struct sets s;

	get(&s);
	SAY("%s: effective %s, permitted %s\n", when, s.effective ? "some" : "none", s.permitted ? "some" : "none");
}

static void arguments(void)
{
	struct __user_cap_header_struct h = {.version = 77};
	struct __user_cap_data_struct d[2] = {{0}};

	T(syscall(SYS_capset, &h, d));
	IS(h.version == _LINUX_CAPABILITY_VERSION_3);
	T(syscall(SYS_capset, BAD, d));
	T(syscall(SYS_capset, &h, BAD));
	h.pid = 99999999;
	T(syscall(SYS_capset, &h, d));
	T(syscall(SYS_capget, &h, d));
	h.pid = -1;
	T(syscall(SYS_capget, &h, d));
	T(prctl(PR_CAPBSET_READ, CAP_CHOWN));
	T(prctl(PR_CAPBSET_READ, 63));
	T(prctl(PR_GET_KEEPCAPS));
	T(prctl(PR_SET_KEEPCAPS, 2));
	T(prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_IS_SET, CAP_CHOWN, 0, 0));
	T(prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_RAISE, CAP_CHOWN, 0, 0));
	T(prctl(PR_CAP_AMBIENT, 9, CAP_CHOWN, 0, 0));
	T(prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_CLEAR_ALL, 1, 0, 0));
}

static void groups(void)
{
	gid_t some[] = {500, 100, 300, 100}, got[8] = {0}, bad[] = {(gid_t)-1};
	static gid_t many[65537];

	T(setgroups(0, NULL));
	T(getgroups(0, NULL));
	T(setgroups(4, some));
	T(getgroups(0, NULL));
	T(getgroups(3, got));
	T(getgroups(8, got));
	SAY("%d %d %d %d\n", (int)got[0], (int)got[1], (int)got[2], (int)got[3]);
	T(syscall(SYS_getgroups, -1, got));
	T(getgroups(8, BAD));
	T(setgroups(1, bad));
	T(setgroups(1, BAD));
	T(setgroups(65537, many));
	T(setgroups((size_t)-1, many));
	for (int i = 0; i < 65536; i++)
		many[i] = (gid_t)((i * 7919u) % 65536);
	T(setgroups(65536, many));
	T(getgroups(65536, many));
	IS(many[0] == 0 && many[1] == 1 && many[40000] == 40000 && many[65535] == 65535);
	T(setgroups(4, some));
}

static void try(const char *name)
{
	int fd;

	SAY("%s: ", name);
	fd = open(name, O_RDONLY);
	SAY("read %s, ", fd < 0 ? strerrorname_np(errno) : "ok");
	close(fd);
	fd = open(name, O_WRONLY);
	SAY("write %s, ", fd < 0 ? strerrorname_np(errno) : "ok");
	close(fd);
	SAY("execute %s\n", faccessat(AT_FDCWD, name, X_OK, AT_EACCESS) ? strerrorname_np(errno) : "ok");
}

static void try_all(const char *as)
{
	SAY("-- %s\n", as);
	try("closed");
	try("group300");
	try("group400");
	try("tool");
	try("dir/inside");
	T(chmod("closed", 0));
	T(chown("closed", 12, 12));
	T(utimensat(AT_FDCWD, "closed", NULL, 0));
	T(access("closed", R_OK));
}

static void make(const char *name, mode_t mode, uid_t uid, gid_t gid)
{
	abi_put(name, "x");
	if (chown(name, uid, gid) || chmod(name, mode))
		SAY("%s: %s\n", name, strerrorname_np(errno));
}

static void files(void)
{
	struct sets all, some;
	struct timespec ts = {0};

	make("closed", 0, 7, 7);
	make("group300", 0060, 7, 300);
	make("group400", 0060, 7, 400);
	make("tool", 0100, 7, 7);
	mkdir("dir", 0700);
	make("dir/inside", 0, 7, 7);
	if (chown("dir", 7, 7))
		SAY("dir\n");
	get(&all);
	try_all("with all");
	some = all;
	some.effective &= ~BIT(CAP_DAC_OVERRIDE);
	T(set(some));
	try_all("without DAC_OVERRIDE");
	some.effective &= ~BIT(CAP_DAC_READ_SEARCH);
	T(set(some));
	try_all("without DAC_READ_SEARCH");
	some.effective &= ~(BIT(CAP_FOWNER) | BIT(CAP_CHOWN));
	T(set(some));
	try_all("without FOWNER and CHOWN");
	some.effective &= ~(BIT(CAP_SETUID) | BIT(CAP_SETGID) | BIT(CAP_SYS_TIME) | BIT(CAP_SYS_CHROOT));
	T(set(some));
	T(setuid(5));
	T(setgid(5));
	T(setgroups(0, NULL));
	T(clock_settime(CLOCK_REALTIME, &ts));
	T(chroot("/"));
	T(set(all)); /* what is permitted may come back */
	try_all("with all again");
}

static void losing(void)
{
	struct sets all, some;

	get(&all);
	some = all;
	some.inheritable = BIT(CAP_CHOWN);
	T(set(some));
	T(prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_RAISE, CAP_CHOWN, 0, 0));
	T(prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_IS_SET, CAP_CHOWN, 0, 0));
	T(prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_LOWER, CAP_CHOWN, 0, 0));
	T(prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_IS_SET, CAP_CHOWN, 0, 0));
	T(prctl(PR_CAPBSET_DROP, CAP_SYS_TIME));
	T(prctl(PR_CAPBSET_READ, CAP_SYS_TIME));
	T(prctl(PR_CAPBSET_DROP, 64));
	some.inheritable |= BIT(CAP_SYS_TIME);
	T(set(some)); /* not in the bounding set */
	some.inheritable = 0;
	some.permitted &= ~BIT(CAP_SYS_TIME);
	T(set(some)); /* effective, but not permitted */
	some.effective = some.permitted;
	T(set(some));
	T(set(all)); /* for ever */
	T(seteuid(5));
	show("euid 5");
	try_all("as 5");
	T(seteuid(0));
	show("euid 0");
	T(prctl(PR_SET_KEEPCAPS, 1));
	T(setgid(5));
	T(setresuid(5, 5, 5));
	show("uid 5, kept");
	some.permitted = some.effective = BIT(CAP_DAC_READ_SEARCH) | BIT(CAP_SETUID);
	T(set(some));
	try_all("as 5 with DAC_READ_SEARCH");
	T(prctl(PR_SET_KEEPCAPS, 0));
	T(setresuid(6, 6, 6));
	show("uid 6");
	T(setresuid(0, 0, 0)); /* CAP_SETUID is still there: nobody was root */
	show("uid 0");
	T(setresuid(6, 6, 6));
	show("uid 6, not kept");
	T(setresuid(0, 0, 0));
	T(prctl(PR_CAPBSET_DROP, CAP_CHOWN));
	try_all("as 6");
}

int main(void)
{
	char dir[] = "/tmp/cred.XXXXXX";

	if (!mkdtemp(dir) || chmod(dir, 0777) || chdir(dir))
		return 99;
	arguments();
	groups();
	files();
	losing();
	return 0;
}
