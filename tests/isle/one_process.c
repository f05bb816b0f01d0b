/* SPDX-License-Identifier: MIT */
/* There is one process: fork and its like, and execve, say ENOSYS, and the program goes on. */
#define _GNU_SOURCE
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

extern char **environ;

static void say(const char *what, long r)
{
	printf("%s: %s\n", what, r == -1 ? strerrorname_np(errno) : "worked");
}

int main(void)
{
	char name[] = "/proc/self/exe", *argv[] = {name, NULL};

	say("fork", syscall(SYS_fork));
	say("vfork", syscall(SYS_vfork));
	say("clone", syscall(SYS_clone, 17, 0, 0, 0, 0));
	say("execve", execve(name, argv, environ));
	say("pid 1", getpid() == 1 && getppid() == 0 ? 0 : -1);
	return 0;
}
