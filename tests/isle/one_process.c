/* SPDX-License-Identifier: MIT */
/* There is one process: fork and its like say EAGAIN, however often and from however many threads, and the program
 * goes on.  What Linux refuses for its flags is refused for them here too. */
#define _GNU_SOURCE
#include <errno.h>
#include <linux/sched.h>
#include <pthread.h>
#include <signal.h>
#include <spawn.h>
#include <stdio.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

static int wrong;

static void want(const char *what, long r, int error, int expected)
{
	if (r == 0)
		_exit(99); /* a child, for which nothing here is made */
	if (r == -1 && error == expected)
		return;
	__atomic_fetch_add(&wrong, 1, __ATOMIC_SEQ_CST);
	printf("%s: %ld, errno %d, %d is wanted\n", what, r, error, expected);
}

#define WANT(expected, ...)                                  \
	do {                                                 \
		long r_ = (__VA_ARGS__);                     \
		want(#__VA_ARGS__, r_, errno, expected);     \
	} while (0)

static void *all(void *arg)
{
	struct clone_args plain = {.exit_signal = SIGCHLD};
	struct clone_args spawn = {.flags = CLONE_VM | CLONE_VFORK, .exit_signal = SIGCHLD};
	struct clone_args sighand = {.flags = CLONE_SIGHAND, .exit_signal = SIGCHLD};
	char *args[] = {(char *)"true", NULL};
	pid_t pid;

	WANT(EAGAIN, syscall(SYS_fork));
	WANT(EAGAIN, syscall(SYS_vfork));
	WANT(EAGAIN, syscall(SYS_clone, SIGCHLD, 0, 0, 0, 0));
	WANT(EAGAIN, syscall(SYS_clone, SIGCHLD | CLONE_VM | CLONE_VFORK, 0, 0, 0, 0));
	WANT(EAGAIN, syscall(SYS_clone, SIGCHLD | CLONE_FS | CLONE_FILES, 0, 0, 0, 0));
	WANT(EAGAIN, syscall(SYS_clone3, &plain, sizeof(plain)));
	WANT(EAGAIN, syscall(SYS_clone3, &spawn, sizeof(spawn)));
	WANT(EAGAIN, fork());
	WANT(EINVAL, syscall(SYS_clone, SIGCHLD | CLONE_SIGHAND, 0, 0, 0, 0));
	WANT(EINVAL, syscall(SYS_clone, CLONE_THREAD | CLONE_VM, 0, 0, 0, 0));
	WANT(EINVAL, syscall(SYS_clone3, &sighand, sizeof(sighand)));
	want("posix_spawn", -1, posix_spawn(&pid, "/bin/true", NULL, NULL, args, NULL), EAGAIN);
	WANT(ECHILD, waitpid(-1, NULL, 0)); /* nothing was left of any of them */
	return arg;
}

int main(void)
{
	pthread_t t[4];

	for (int i = 0; i < 4; i++)
		pthread_create(&t[i], NULL, all, NULL);
	for (int i = 0; i < 4; i++)
		pthread_join(t[i], NULL);
	all(NULL);
	WANT(ECHILD, wait(NULL));
	if (getpid() != 1 || getppid() != 0)
		puts("not process 1");
	printf("%d wrong\n", wrong);
	return 0;
}
