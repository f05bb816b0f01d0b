/* SPDX-License-Identifier: MIT */
/*
 * The jail by itself, without landlock and filters, as on a host that has no landlock: what is left to a process in
 * it.  Each attempt in a process of its own; works for root and for others, where the host allows namespaces.
 */
#define _GNU_SOURCE
#include "hostfs/hostfs.h"
#include "said.h"
#include "sandbox/sandbox.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/capability.h>
#include <netinet/in.h>
#include <pthread.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

static char dir[] = "/tmp/hermit-jail.XXXXXX", shared[64], readable[64], other[64];
static int proc, rw, ro; /* in the jail: /proc/self/fd and the two directories */

/* --- attempts: 0 or -errno --- */

static long opened(int at, const char *path, int flags)
{
	int fd = openat(at, path, flags, 0600);

	return fd < 0 ? -errno : 0;
}
static long opened_passwd(void)
{
	return opened(AT_FDCWD, "/etc/passwd", O_RDONLY);
}
static long opened_by_its_path(void)
{
	char path[80];

	snprintf(path, sizeof(path), "%s/file", shared);
	return opened(AT_FDCWD, path, O_RDONLY);
}
static long saw_something_in_root(void)
{
	DIR *d = opendir("/");
	struct dirent *e;
	long n = 0;

	if (!d)
		return -errno;
	while ((e = readdir(d)))
		n += strcmp(e->d_name, ".") && strcmp(e->d_name, "..");
	return n ? 0 : -ENOENT;
}
static long wrote_to_root(void)
{
	return mkdir("/mine", 0700) ? -errno : 0;
}
static long left_by_dots(void)
{
	return opened(rw, "../other/file", O_RDONLY);
}
static long left_by_many_dots(void)
{
	return opened(rw, "../../../../../../../../etc/passwd", O_RDONLY);
}
static long left_by_proc(void)
{
	return opened(proc, "../../../../../../etc/passwd", O_RDONLY);
}
static long saw_itself_in_proc(void)
{
	return opened(proc, "../status", O_RDONLY);
}
static long left_by_proc_and_share(void)
{
	char path[80];

	snprintf(path, sizeof(path), "%d/../other/file", rw);
	return opened(proc, path, O_RDONLY);
}
static long read_and_wrote(void)
{
	return opened(rw, "file", O_RDWR) ? -errno : opened(rw, "new", O_RDWR | O_CREAT | O_EXCL);
}
static long read_readable(void)
{
	return opened(ro, "file", O_RDONLY);
}
static long wrote_readable(void)
{
	return opened(ro, "file", O_WRONLY);
}
static long wrote_readable_by_proc(void)
{
	char path[16];

	snprintf(path, sizeof(path), "%d", openat(ro, "file", O_PATH));
	return opened(proc, path, O_WRONLY);
}
static long wrote_by_proc(void)
{
	char path[16];

	snprintf(path, sizeof(path), "%d", openat(rw, "file", O_PATH));
	return opened(proc, path, O_WRONLY);
}
static long changed_mounts(void)
{
	return mount("none", "/", "tmpfs", 0, NULL) ? -errno : 0;
}
static long changed_root(void)
{
	return chroot("/") ? -errno : 0;
}
static long made_namespaces(void)
{
	return unshare(CLONE_NEWNET) ? -errno : 0;
}
static long had_capabilities(void)
{
	struct __user_cap_header_struct head = { .version = _LINUX_CAPABILITY_VERSION_3 };
	struct __user_cap_data_struct caps[_LINUX_CAPABILITY_U32S_3];

	if (syscall(SYS_capget, &head, caps))
		return -errno;
	for (int i = 0; i < _LINUX_CAPABILITY_U32S_3; i++)
		if (caps[i].effective | caps[i].permitted | caps[i].inheritable)
			return 0;
	for (unsigned long cap = 0; prctl(PR_CAPBSET_READ, cap, 0, 0, 0) >= 0; cap++)
		if (prctl(PR_CAPBSET_READ, cap, 0, 0, 0))
			return 0;
	return -EPERM;
}

static struct sockaddr_in inet = { .sin_family = AF_INET };
static struct sockaddr_un local = { .sun_family = AF_UNIX };
static socklen_t local_len;

static long connected_to(const void *address, socklen_t len, int family)
{
	int fd = socket(family, SOCK_STREAM, 0);

	return fd < 0 || connect(fd, address, len) ? -errno : 0;
}
static long connected(void)
{
	return connected_to(&inet, sizeof(inet), AF_INET);
}
static long connected_to_abstract(void)
{
	return connected_to(&local, local_len, AF_UNIX);
}

/* --- each in a process of its own --- */

static long in_child(long (*fn)(void *), void *arg)
{
	long *result = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0), r;
	pid_t pid = fork();
	int status;

	assert_true(pid >= 0);
	if (pid == 0) {
		*result = fn(arg);
		syscall(SYS_exit_group, 0);
	}
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_int_equal(status, 0);
	r = *result;
	munmap(result, 4096);
	return r;
}

#define NO_JAIL 2000

static int jail_make(void)
{
	proc = jail_enter();
	rw = jail_tree(shared, false);
	ro = jail_tree(readable, true);
	return proc < 0 || rw < 0 || ro < 0 || prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) || jail_close() ? -1 : 0;
}

static long attempt_child(void *fn)
{
	return jail_make() ? NO_JAIL : ((long (*)(void))fn)();
}

static long attempt(long (*fn)(void))
{
	return in_child(attempt_child, (void *)fn);
}

static void need_jail(void)
{
	long (*nothing)(void) = had_capabilities;

	if (attempt(nothing) != NO_JAIL)
		return;
	print_message("this host forbids namespaces\n");
	skip();
}

static void the_root_is_empty(void **state)
{
	need_jail();
	assert_int_equal(attempt(saw_something_in_root), -ENOENT);
	assert_int_equal(attempt(wrote_to_root), -EROFS);
	assert_int_equal(attempt(opened_passwd), -ENOENT);
	assert_int_equal(attempt(opened_by_its_path), -ENOENT);
}

static void no_descriptor_leads_out(void **state)
{
	need_jail();
	assert_int_equal(attempt(left_by_dots), -ENOENT);
	assert_int_equal(attempt(left_by_many_dots), -ENOENT);
	assert_int_equal(attempt(left_by_proc), -ENOENT);
	assert_int_equal(attempt(saw_itself_in_proc), -ENOENT);
	assert_int_equal(attempt(left_by_proc_and_share), -ENOENT);
}

static void shares_are_as_they_were_given(void **state)
{
	need_jail();
	assert_int_equal(attempt(read_and_wrote), 0);
	assert_int_equal(attempt(wrote_by_proc), 0);
	assert_int_equal(attempt(read_readable), 0);
	assert_int_equal(attempt(wrote_readable), -EROFS);
	assert_int_equal(attempt(wrote_readable_by_proc), -EROFS);
}

static void no_privilege_is_left(void **state)
{
	need_jail();
	assert_int_equal(attempt(had_capabilities), -EPERM);
	assert_int_equal(attempt(changed_mounts), -EPERM);
	assert_int_equal(attempt(changed_root), -EPERM);
	assert_int_equal(attempt(made_namespaces), -EPERM);
}

static void nobody_is_on_the_network(void **state)
{
	int tcp = socket(AF_INET, SOCK_STREAM, 0), name = socket(AF_UNIX, SOCK_STREAM, 0);
	socklen_t len = sizeof(inet);

	need_jail();
	inet.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	assert_int_equal(bind(tcp, (void *)&inet, sizeof(inet)) || listen(tcp, 4), 0);
	assert_int_equal(getsockname(tcp, (void *)&inet, &len), 0);
	snprintf(local.sun_path + 1, sizeof(local.sun_path) - 1, "%s", dir);
	local_len = (socklen_t)(offsetof(struct sockaddr_un, sun_path) + 1 + strlen(dir));
	assert_int_equal(bind(name, (void *)&local, local_len) || listen(name, 4), 0);
	assert_int_equal(connected(), 0); /* from outside they are there */
	assert_int_equal(connected_to_abstract(), 0);
	assert_int_equal(attempt(connected), -ENETUNREACH);
	assert_int_equal(attempt(connected_to_abstract), -ECONNREFUSED);
	close(tcp);
	close(name);
}

/* --- hostfs in it --- */

static long served_child(void *path)
{
	struct hostfs_owner owner = { (uid_t)-1, (gid_t)-1 };
	struct hostfs_share *s;
	struct hostfs_node *n = NULL, *up = NULL;
	struct hostfs_file *f = NULL;
	struct iovec v = { (char *)(uintptr_t) "text", 4 };
	struct hostfs_attr mode = { .valid = HOSTFS_SET_MODE, .mode = 0640 };
	char name[32];
	long r;

	proc = jail_enter();
	if (proc < 0)
		return NO_JAIL;
	hostfs_use_proc(proc);
	snprintf(name, sizeof(name), "/proc/self/fd/%d", jail_tree(path, path == readable));
	r = hostfs_share_open(name, 0, 0, &s);
	if (r || jail_close())
		return r ? r : -1;
	r = hostfs_create(hostfs_root(s), "made", 4, O_RDWR, 0600, owner, &n, &f);
	if (!r)
		r = hostfs_write(f, &v, 1, 0) == 4 ? 0 : -EIO;
	hostfs_close(f);
	/* By /proc: an open of what is held, a mode, a second name. */
	if (!r)
		r = hostfs_open(n, O_RDONLY, &f);
	if (!r)
		r = hostfs_setattr(n, &mode);
	if (!r)
		r = hostfs_link(n, hostfs_root(s), "again", 5);
	if (!r)
		r = hostfs_walk(hostfs_root(s), "..", 2, &up, NULL);
	return r ? r : up == hostfs_root(s) ? 0 : -EXDEV;
}

static void hostfs_works_in_it(void **state)
{
	struct stat st;
	char path[80];

	need_jail();
	assert_int_equal(in_child(served_child, shared), 0);
	snprintf(path, sizeof(path), "%s/again", shared);
	assert_int_equal(stat(path, &st), 0);
	assert_int_equal(st.st_size, 4);
	assert_int_equal(st.st_nlink, 2);
	assert_int_equal(st.st_mode & 07777, 0640);
	assert_int_equal(st.st_uid, geteuid());
	/* The mount itself: the share was opened as writable. */
	assert_int_equal(in_child(served_child, readable), -EROFS);
}

/* --- hosts that forbid it --- */

/* Gives the number of messages in thousands, and the error. */
static long refusal(void)
{
	said_count = 0;
	return -jail_enter() + 1000 * (long)said_count;
}

static void put(const char *path, const char *text)
{
	int fd = open(path, O_WRONLY);

	if (fd < 0 || write(fd, text, strlen(text)) < 0)
		syscall(SYS_exit_group, 1);
	close(fd);
}

static long forbidden_child(void *arg)
{
	char map[32];

	/* In a namespace of our own the limit is ours to set. */
	snprintf(map, sizeof(map), "0 %u 1", (unsigned int)geteuid());
	if (unshare(CLONE_NEWUSER))
		return NO_JAIL;
	put("/proc/self/uid_map", map);
	put("/proc/sys/user/max_user_namespaces", "0");
	return refusal();
}

static long chrooted_child(void *arg)
{
	return chroot(dir) || chdir("/") ? NO_JAIL : refusal();
}

static void *idle(void *arg)
{
	pause();
	return NULL;
}

static long threaded_child(void *arg)
{
	pthread_t t;

	return pthread_create(&t, NULL, idle, NULL) ? -1 : refusal();
}

static void a_host_that_forbids_it_is_told(void **state)
{
	long r = in_child(chrooted_child, NULL);

	assert_true(r == NO_JAIL || r == 1000 + EPERM);
	need_jail();
	assert_int_equal(in_child(forbidden_child, NULL), 1000 + ENOSPC);
	assert_int_equal(in_child(threaded_child, NULL), 1000 + EINVAL);
}

static long missing_child(void *arg)
{
	return jail_enter() < 0 ? NO_JAIL : jail_tree("/nothing/here", false);
}

static void what_is_not_there_is_an_error(void **state)
{
	need_jail();
	assert_int_equal(in_child(missing_child, NULL), -ENOENT);
}

static int make(const char *path)
{
	char name[128];
	int fd;

	snprintf(name, sizeof(name), "%s/file", path);
	fd = mkdir(path, 0700) ? -1 : open(name, O_WRONLY | O_CREAT, 0600);
	return fd < 0 || close(fd);
}

static int make_all(void **state)
{
	if (!mkdtemp(dir))
		return -1;
	snprintf(shared, sizeof(shared), "%s/shared", dir);
	snprintf(readable, sizeof(readable), "%s/readable", dir);
	snprintf(other, sizeof(other), "%s/other", dir);
	return make(shared) || make(readable) || make(other);
}

static int remove_all(void **state)
{
	char command[100];

	snprintf(command, sizeof(command), "rm -r %s", dir);
	return system(command);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_root_is_empty),
		cmocka_unit_test(no_descriptor_leads_out),
		cmocka_unit_test(shares_are_as_they_were_given),
		cmocka_unit_test(no_privilege_is_left),
		cmocka_unit_test(nobody_is_on_the_network),
		cmocka_unit_test(hostfs_works_in_it),
		cmocka_unit_test(a_host_that_forbids_it_is_told),
		cmocka_unit_test(what_is_not_there_is_an_error),
	};

	return cmocka_run_group_tests(tests, make_all, remove_all);
}
