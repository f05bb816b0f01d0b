/* SPDX-License-Identifier: MIT */
/*
 * init of the Linux guest that a benchmark is compared with: runs /program with
 * the arguments behind the kernel's "--", then ends the machine by isa-debug-exit.
 */
#include <stdio.h>
#include <sys/io.h>
#include <sys/mount.h>
#include <sys/wait.h>
#include <unistd.h>

#define DEBUG_EXIT_PORT 0xf4

int main(int argc, char **argv)
{
	static char path[] = "PATH=/", program[] = "/program";
	char *env[] = { path, NULL };
	int status = -1;
	pid_t pid;

	mount("proc", "/proc", "proc", 0, NULL);
	mount("sysfs", "/sys", "sysfs", 0, NULL);
	argv[0] = program;
	pid = fork();
	if (pid == 0) {
		execve(argv[0], argv, env);
		perror(argv[0]);
		_exit(127);
	}
	if (pid < 0 || waitpid(pid, &status, 0) != pid)
		perror("init");
	printf("program ended: %d\n", status);
	fflush(stdout);
	usleep(50000); /* the serial port empties */
	if (ioperm(DEBUG_EXIT_PORT, 4, 1) == 0)
		outl(0, DEBUG_EXIT_PORT);
	perror("ioperm");
	for (;;)
		pause();
}
