/* SPDX-License-Identifier: MIT */
/* What a thread that has locked itself in cannot do any more, each tried in a process of its own. */
#define _GNU_SOURCE
#include "said.h"
#include "sandbox/sandbox.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/kvm.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

static char dir[] = "/tmp/hermit-sandbox.XXXXXX", shared[64], readable[64], other[64];

/* --- attempts: 0 or -errno --- */

static long made_socket(void)
{
	return socket(AF_INET, SOCK_STREAM, 0) < 0 ? -errno : 0;
}
static long made_thread(void)
{
	return syscall(SYS_clone, SIGCHLD, 0, 0, 0, 0) < 0 ? -errno : 0;
}
static long ran_program(void)
{
	return execl("/bin/true", "true", NULL) < 0 ? -errno : 0;
}
static long made_code(void)
{
	return syscall(SYS_mmap, 0, 4096, PROT_READ | PROT_EXEC, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0) < 0
		       ? -errno
		       : 0;
}
static long made_text(void)
{
	static char page[8192] __attribute__((aligned(4096)));

	return mprotect(page, 4096, PROT_READ | PROT_WRITE | PROT_EXEC) < 0 ? -errno : 0;
}
static long opened(const char *folder, int flags)
{
	char path[128];
	int fd;

	snprintf(path, sizeof(path), "%s/file", folder);
	fd = openat(AT_FDCWD, path, flags, 0600);
	return fd < 0 ? -errno : 0;
}
static long opened_shared(void)
{
	return opened(shared, O_RDWR | O_CREAT);
}
static long opened_readable(void)
{
	return opened(readable, O_RDONLY);
}
static long wrote_readable(void)
{
	return opened(readable, O_WRONLY);
}
static long opened_other(void)
{
	return opened(other, O_RDONLY);
}
static long opened_passwd(void)
{
	return open("/etc/passwd", O_RDONLY) < 0 ? -errno : 0;
}
static long left_by_dots(void)
{
	char path[200];

	snprintf(path, sizeof(path), "%s/../other/file", shared);
	return open(path, O_RDONLY) < 0 ? -errno : 0;
}
static long ran_guest(void)
{
	return ioctl(-1, KVM_RUN, 0) < 0 ? -errno : 0;
}
static long ran_wide(void)
{
	return syscall(SYS_ioctl, -1, (unsigned long)KVM_RUN | 1ul << 40, 0) < 0 ? -errno : 0;
}
static long made_vm(void)
{
	return ioctl(-1, KVM_CREATE_VM, 0) < 0 ? -errno : 0;
}
static long called_by_32_bits(void)
{
	long r;

	asm volatile("int $0x80" : "=a"(r) : "a"(20) : "memory"); /* getpid there */
	return r < 0 ? r : 0;
}
static long wrote(void)
{
	return write(-1, "", 1) < 0 ? -errno : 0;
}

/* --- each in a process of its own --- */

enum { PROCESS_ONLY = -1 };

/* Gives 0 or -errno of the attempt; 1000 + the signal that ended it. */
static long attempt(int kind, long (*fn)(void))
{
	const struct sandbox_dir dirs[] = {{shared, false}, {readable, true}};
	long *result = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0), r;
	pid_t pid = fork();
	int status;

	assert_true(pid >= 0);
	if (pid == 0) {
		bool landlock;

		*result = 2000;
		if (sandbox_process(dirs, 2, false, &landlock) ||
		    (kind != PROCESS_ONLY && sandbox_thread((enum sandbox_kind)kind)))
			syscall(SYS_exit_group, 1);
		*result = fn();
		syscall(SYS_exit_group, 0);
	}
	assert_int_equal(waitpid(pid, &status, 0), pid);
	r = WIFSIGNALED(status) ? 1000 + WTERMSIG(status) : *result;
	munmap(result, 4096);
	return r;
}

#define ENDED (1000 + SIGSYS)

static void calls_that_no_thread_makes_end_the_process(void **state)
{
	for (int kind = 0; kind < SANDBOX_KINDS; kind++) {
		assert_int_equal(attempt(kind, made_socket), ENDED);
		assert_int_equal(attempt(kind, made_thread), ENDED);
		assert_int_equal(attempt(kind, ran_program), ENDED);
		assert_int_equal(attempt(kind, made_code), ENDED);
		assert_int_equal(attempt(kind, made_text), ENDED);
		assert_int_equal(attempt(kind, made_vm), ENDED);
		assert_int_equal(attempt(kind, called_by_32_bits), ENDED);
		assert_int_equal(attempt(kind, wrote), -EBADF);
	}
}

static void each_kind_has_its_own(void **state)
{
	assert_int_equal(attempt(SANDBOX_CPU, ran_guest), -EBADF);
	assert_int_equal(attempt(SANDBOX_CPU, ran_wide),
			 -EBADF); /* the same request: the kernel looks at 32 bits */
	assert_int_equal(attempt(SANDBOX_IO, ran_guest), ENDED);
	assert_int_equal(attempt(SANDBOX_P9, opened_shared), 0);
	assert_int_equal(attempt(SANDBOX_CPU, opened_shared), ENDED);
	assert_int_equal(attempt(SANDBOX_BLK, opened_shared), ENDED);
	assert_int_equal(attempt(SANDBOX_IO, opened_shared), ENDED);
}

static void only_shared_directories_can_be_reached(void **state)
{
	const struct sandbox_dir none[] = {{"/nothing/here", false}};
	bool landlock = false;
	pid_t pid = fork();
	int status;

	if (pid == 0) /* also says whether there is landlock here */
		_exit(sandbox_process(none, 0, false, &landlock) ? 2 : landlock ? 0 : 77);
	assert_int_equal(waitpid(pid, &status, 0), pid);
	if (WEXITSTATUS(status) == 77) {
		print_message("no landlock on this host\n");
		skip();
	}
	assert_int_equal(WEXITSTATUS(status), 0);
	assert_int_equal(attempt(PROCESS_ONLY, opened_shared), 0);
	assert_int_equal(attempt(PROCESS_ONLY, opened_readable), 0);
	assert_int_equal(attempt(PROCESS_ONLY, wrote_readable), -EACCES);
	assert_int_equal(attempt(PROCESS_ONLY, opened_other), -EACCES);
	assert_int_equal(attempt(PROCESS_ONLY, left_by_dots), -EACCES);
	assert_int_equal(attempt(PROCESS_ONLY, opened_passwd), -EACCES);
	assert_int_equal(attempt(PROCESS_ONLY, ran_program), -EACCES);
}

static void a_directory_that_is_not_there_is_an_error(void **state)
{
	const struct sandbox_dir gone[] = {{"/nothing/here", false}};
	pid_t pid = fork();
	bool landlock;
	int status;

	if (pid == 0) {
		int r = sandbox_process(gone, 1, false, &landlock);

		_exit(r == -ENOENT || (!r && !landlock) ? 0 : 1);
	}
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_int_equal(status, 0);
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
		cmocka_unit_test(calls_that_no_thread_makes_end_the_process),
		cmocka_unit_test(each_kind_has_its_own),
		cmocka_unit_test(only_shared_directories_can_be_reached),
		cmocka_unit_test(a_directory_that_is_not_there_is_an_error),
	};

	return cmocka_run_group_tests(tests, make_all, remove_all);
}
