/* SPDX-License-Identifier: MIT */
/*
 * The lists in hostfs.h are all that hostfs needs: a client uses everything while seccomp allows only those calls and
 * landlock only those rights on the share.  And what is beside the share is out of reach for the process itself.
 * Without sanitizers, which make calls of their own; the checks are made by exit status, since cmocka does too.
 */
#include "client.h"
#include <linux/landlock.h>
#include <seccomp.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <sys/xattr.h>

#ifndef LANDLOCK_ACCESS_FS_TRUNCATE
#define LANDLOCK_ACCESS_FS_TRUNCATE (1ull << 14)
#endif

#define RIGHTS                                                                                                         \
	(LANDLOCK_ACCESS_FS_READ_FILE | LANDLOCK_ACCESS_FS_READ_DIR | LANDLOCK_ACCESS_FS_WRITE_FILE |                  \
	 LANDLOCK_ACCESS_FS_TRUNCATE | LANDLOCK_ACCESS_FS_MAKE_REG | LANDLOCK_ACCESS_FS_MAKE_DIR |                     \
	 LANDLOCK_ACCESS_FS_MAKE_SYM | LANDLOCK_ACCESS_FS_MAKE_FIFO | LANDLOCK_ACCESS_FS_MAKE_SOCK |                   \
	 LANDLOCK_ACCESS_FS_REMOVE_FILE | LANDLOCK_ACCESS_FS_REMOVE_DIR | LANDLOCK_ACCESS_FS_REFER)

static struct world *w;
static gid_t gid;

static void unlisted(int sig, siginfo_t *info, void *context)
{
	char text[64];
	int n = snprintf(text, sizeof(text), "system call %d is not in the list\n", info->si_syscall);

	if (write(2, text, (size_t)n) < 0)
		_exit(98);
	_exit(97);
}

#define CHECK(expr, want)                                                                                              \
	do {                                                                                                           \
		long got_ = (expr), want_ = (want);                                                                    \
		if (got_ != want_) {                                                                                   \
			char text_[200];                                                                               \
			int n_ = snprintf(text_, sizeof(text_), "line %d: %s is %ld, not %ld\n", __LINE__, #expr,      \
					  got_, want_);                                                                \
			_exit(write(2, text_, (size_t)n_) < 0 ? 98 : 96);                                              \
		}                                                                                                      \
	} while (0)

/* 0, or -errno where the host has no landlock. */
static int restrict_paths(void)
{
	struct landlock_ruleset_attr attr = {.handled_access_fs = RIGHTS | LANDLOCK_ACCESS_FS_EXECUTE |
								  LANDLOCK_ACCESS_FS_MAKE_CHAR |
								  LANDLOCK_ACCESS_FS_MAKE_BLOCK};
	struct landlock_path_beneath_attr rule = {.allowed_access = RIGHTS, .parent_fd = w->share_fd};
	int fd = (int)syscall(SYS_landlock_create_ruleset, &attr, sizeof(attr), 0);

	if (fd < 0)
		return -errno;
	if (syscall(SYS_landlock_add_rule, fd, LANDLOCK_RULE_PATH_BENEATH, &rule, 0) ||
	    prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) || syscall(SYS_landlock_restrict_self, fd, 0))
		return -errno;
	close(fd);
	return 0;
}

static int restrict_calls(void)
{
	static const int calls[] = {
		SCMP_SYS(openat2), SCMP_SYS(openat), SCMP_SYS(statx), SCMP_SYS(fstatfs), SCMP_SYS(readlinkat),
		SCMP_SYS(fchmodat), SCMP_SYS(fchownat), SCMP_SYS(utimensat), SCMP_SYS(ftruncate), SCMP_SYS(preadv),
		SCMP_SYS(pwritev), SCMP_SYS(getdents64), SCMP_SYS(lseek), SCMP_SYS(fsync), SCMP_SYS(fdatasync),
		SCMP_SYS(fcntl), SCMP_SYS(mkdirat), SCMP_SYS(mknodat), SCMP_SYS(symlinkat), SCMP_SYS(unlinkat),
		SCMP_SYS(renameat), SCMP_SYS(linkat), SCMP_SYS(fgetxattr), SCMP_SYS(fsetxattr), SCMP_SYS(flistxattr),
		SCMP_SYS(fremovexattr), SCMP_SYS(close), SCMP_SYS(brk), SCMP_SYS(mmap), SCMP_SYS(munmap), SCMP_SYS(mremap),
		SCMP_SYS(madvise), SCMP_SYS(futex),
		/* the test's own */
		SCMP_SYS(write), SCMP_SYS(exit_group), SCMP_SYS(rt_sigreturn)};
	scmp_filter_ctx ctx = seccomp_init(SCMP_ACT_TRAP);
	int r = ctx ? 0 : -ENOMEM;

	for (size_t i = 0; i < sizeof(calls) / sizeof(*calls) && !r; i++)
		r = seccomp_rule_add(ctx, SCMP_ACT_ALLOW, calls[i], 0);
	if (!r)
		r = seccomp_load(ctx);
	seccomp_release(ctx);
	return r;
}

static int setattr(uint32_t fid, uint32_t valid)
{
	return p9(w, P9_TSETATTR, "dddddqqqqq", fid, valid, 0640, 0, 0, 3ull, 1ull, 2ull, 3ull, 4ull);
}

static void use_files(void)
{
	struct attr a;
	char buf[16];

	CHECK(create(w, 2, "", "f", O_RDWR, 0600), 0);
	CHECK(wr(w, 2, 0, "0123456789", 10), 10);
	CHECK(rd(w, 2, 5, buf, 16), 5);
	CHECK(getattr(w, 2, &a), 0);
	CHECK(p9(w, P9_TFSYNC, "dd", 2, 0), 0);
	CHECK(p9(w, P9_TFSYNC, "dd", 2, 1), 0);
	CHECK(p9(w, P9_TLOCK, "dbdqqds", 2, F_WRLCK, 0, 0ull, 0ull, 1, "me"), 0);
	CHECK(p9(w, P9_TGETLOCK, "dbqqds", 2, F_WRLCK, 0ull, 0ull, 1, "me"), 0);
	CHECK(walk(w, ROOT, 3, "f"), 0);
	CHECK(setattr(3, 0x1ff & ~(P9_SET_CTIME | P9_SET_UID | P9_SET_GID)), 0);
	CHECK(setattr(3, P9_SET_CTIME), 0);
	clunk(w, 2);
	CHECK(setattr(3, P9_SET_SIZE), 0); /* now through a descriptor of its own */
	CHECK(p9(w, P9_TSTATFS, "d", 3), 0);
	CHECK(walk_open(w, 2, "f", O_RDWR | O_TRUNC | O_APPEND), 0);
	CHECK(wr(w, 2, 0, "x", 1), 1);
	CHECK(create(w, 5, "", "f", O_RDWR | O_TRUNC, 0600), 0);
	CHECK(walk_open(w, 4, "", O_RDONLY), 0);
	CHECK(p9(w, P9_TREADDIR, "dqd", 4, 0ull, 4000), 0);
	CHECK(p9(w, P9_TREADDIR, "dqd", 4, 0ull, 4000), 0);
}

static void use_names(void)
{
	CHECK(p9(w, P9_TMKDIR, "dsdd", ROOT, "d", 0755, gid), 0);
	CHECK(p9(w, P9_TMKNOD, "dsdddd", ROOT, "p", S_IFIFO | 0600, 0, 0, gid), 0);
	CHECK(p9(w, P9_TMKNOD, "dsdddd", ROOT, "s", S_IFSOCK | 0600, 0, 0, gid), 0);
	CHECK(p9(w, P9_TMKNOD, "dsdddd", ROOT, "r", S_IFREG | 0600, 0, 0, gid), 0);
	CHECK(p9(w, P9_TSYMLINK, "dssd", ROOT, "l", "../outside/secret", gid), 0);
	CHECK(walk(w, ROOT, 10, "l"), 0);
	CHECK(p9(w, P9_TREADLINK, "d", 10), 0);
	CHECK(setattr(10, P9_SET_MTIME), 0);
	CHECK(walk(w, ROOT, 11, "d"), 0);
	CHECK(walk(w, ROOT, 12, "r"), 0);
	CHECK(p9(w, P9_TLINK, "dds", 11, 12, "r2"), 0); /* into another directory: REFER */
	CHECK(p9(w, P9_TLINK, "dds", ROOT, 10, "l2"), 0);
	CHECK(p9(w, P9_TRENAMEAT, "dsds", ROOT, "r", 11, "r3"), 0);
	CHECK(p9(w, P9_TRENAME, "dds", 12, ROOT, "r4"), 0);
	CHECK(p9(w, P9_TUNLINKAT, "dsd", 11, "r2", 0), 0);
	CHECK(p9(w, P9_TREMOVE, "d", 12), 0);
	CHECK(p9(w, P9_TUNLINKAT, "dsd", ROOT, "d", AT_REMOVEDIR), 0);
}

static void use_xattrs(bool there)
{
	CHECK(walk(w, ROOT, 20, "f"), 0);
	CHECK(p9(w, P9_TXATTRWALK, "dds", 20, 21, ""), 0);
	if (!there)
		return;
	CHECK(walk(w, ROOT, 22, "f"), 0);
	CHECK(p9(w, P9_TXATTRCREATE, "dsqd", 22, "user.a", 1ull, 0), 0);
	CHECK(wr(w, 22, 0, "x", 1), 1);
	CHECK(clunk(w, 22), 0);
	CHECK(p9(w, P9_TXATTRWALK, "dds", 20, 23, "user.a"), 0);
	CHECK(walk(w, ROOT, 22, "f"), 0);
	CHECK(p9(w, P9_TXATTRCREATE, "dsqd", 22, "user.a", 0ull, XATTR_REPLACE), 0);
	CHECK(clunk(w, 22), 0);
}

static void confined_child(bool landlock)
{
	struct sigaction trap = {.sa_sigaction = unlisted, .sa_flags = SA_SIGINFO};
	bool xattrs = !fsetxattr(w->share_fd, "user.probe", "", 0, 0);

	sigaction(SIGSYS, &trap, NULL);
	if (landlock && restrict_paths())
		_exit(95);
	if (restrict_calls())
		_exit(94);
	use_files();
	use_names();
	use_xattrs(xattrs);
	if (landlock) {
		CHECK(openat(w->top_fd, "outside/secret", O_RDONLY), -1);
		CHECK(errno, EACCES);
	}
	_exit(0);
}

static int child(bool landlock)
{
	pid_t pid = fork();
	int status;

	assert_true(pid >= 0);
	if (pid == 0) {
		/* /proc/self/fd is a process's own: the share must be opened in the one that serves it. */
		world_restart(w, 0, 0);
		confined_child(landlock);
	}
	assert_int_equal(waitpid(pid, &status, 0), pid);
	return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}

static void the_listed_calls_and_rights_are_enough(void **state)
{
	bool landlock = syscall(SYS_landlock_create_ruleset, NULL, 0, 1) >= 3; /* ABI 3 has TRUNCATE */

	w = world_new(0, 0);
	gid = getegid();
	if (!landlock)
		print_message("without landlock: this host has none, or an old one\n");
	assert_int_equal(child(landlock), 0);
	world_free(w);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {cmocka_unit_test(the_listed_calls_and_rights_are_enough)};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
