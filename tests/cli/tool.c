/* SPDX-License-Identifier: MIT */
/* What the end-to-end tests of the loader run: one verb each for what passes through it. */
#define _GNU_SOURCE
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <termios.h>
#include <unistd.h>

extern char **environ;

static int fail(const char *what)
{
	printf("%s: %s\n", what, strerror(errno));
	return 1;
}

/* Copies stdin, `size` bytes at a time, by bare calls: what is read is what was asked for. */
static int cat(size_t size)
{
	char *buf = malloc(size);
	ssize_t n;

	while ((n = read(0, buf, size)) > 0)
		for (ssize_t at = 0, w; at < n; at += w)
			if ((w = write(1, buf + at, (size_t)(n - at))) < 0)
				return errno == EPIPE ? 3 : 2;
	free(buf);
	return n < 0;
}

static volatile sig_atomic_t caught;

static void catch(int sig)
{
	caught = sig;
}

static int wait_for_signal(void)
{
	static const int sigs[] = { SIGINT, SIGTERM, SIGHUP, SIGQUIT, SIGUSR1, SIGUSR2, SIGWINCH };

	for (size_t i = 0; i < sizeof(sigs) / sizeof(sigs[0]); i++)
		signal(sigs[i], catch);
	puts("ready");
	fflush(stdout);
	while (!caught)
		poll(NULL, 0, 50);
	return caught;
}

static int window(void)
{
	struct winsize w;

	if (ioctl(1, TIOCGWINSZ, &w))
		return fail("TIOCGWINSZ");
	printf("%ux%u\n", w.ws_row, w.ws_col);
	fflush(stdout);
	return 0;
}

static int window_change(void)
{
	signal(SIGWINCH, catch);
	puts("ready");
	fflush(stdout);
	while (!caught)
		poll(NULL, 0, 50);
	return window();
}

static int raw(void)
{
	struct termios t;

	if (tcgetattr(0, &t))
		return fail("tcgetattr");
	cfmakeraw(&t);
	if (tcsetattr(0, TCSANOW, &t))
		return fail("tcsetattr");
	puts("raw");
	fflush(stdout);
	poll(NULL, 0, 300);
	return 0;
}

static int list(const char *dir)
{
	DIR *d = opendir(dir);
	struct dirent *e;

	if (!d)
		return fail(dir);
	while ((e = readdir(d)))
		puts(e->d_name);
	return closedir(d);
}

static int put(const char *path, const char *text)
{
	int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC, 0644);

	if (fd < 0 || write(fd, text, strlen(text)) != (ssize_t)strlen(text) || close(fd))
		return fail(path);
	return 0;
}

/* Both streams by turns, unbuffered. */
static int turns(int n)
{
	char line[16];

	for (int i = 0; i < n; i++)
		if (write(1 + i % 2, line, (size_t)sprintf(line, "%d\n", i)) < 0)
			return 1;
	return 0;
}

static int kinds(void)
{
	for (int fd = 0; fd < 3; fd++) {
		struct stat st;

		if (fstat(fd, &st))
			printf("%d closed\n", fd);
		else
			printf("%d %s%s\n", fd, S_ISFIFO(st.st_mode) ? "pipe" : S_ISREG(st.st_mode) ? "file" :
			       S_ISSOCK(st.st_mode) ? "socket" : S_ISCHR(st.st_mode) ? "device" : "other",
			       isatty(fd) ? " tty" : "");
	}
	return 0;
}

int main(int argc, char **argv)
{
	const char *verb = argc > 1 ? argv[1] : "", *arg = argc > 2 ? argv[2] : "";

	if (!strcmp(verb, "cat"))
		return cat(argc > 2 ? strtoul(arg, NULL, 10) : 65536);
	if (!strcmp(verb, "exit"))
		exit(atoi(arg));
	if (!strcmp(verb, "raise"))
		return raise(atoi(arg));
	if (!strcmp(verb, "null"))
		return *(volatile int *)(size_t)atoi(arg);
	if (!strcmp(verb, "args")) {
		for (int i = 0; i < argc; i++)
			printf("[%s]\n", argv[i]);
		return 0;
	}
	if (!strcmp(verb, "env")) {
		for (char **e = environ; *e; e++)
			printf("[%s]\n", *e);
		return 0;
	}
	if (!strcmp(verb, "cwd"))
		return puts(getcwd((char[4096]){ 0 }, 4096)) < 0;
	if (!strcmp(verb, "exe"))
		return puts(realpath("/proc/self/exe", (char[4097]){ 0 })) < 0;
	if (!strcmp(verb, "umask"))
		return printf("%03o %u %u\n", umask(0), getuid(), getgid()) < 0;
	if (!strcmp(verb, "hostname")) {
		char name[128] = "";

		gethostname(name, sizeof(name));
		return puts(name) < 0;
	}
	if (!strcmp(verb, "signal"))
		return wait_for_signal();
	if (!strcmp(verb, "winsize"))
		return window();
	if (!strcmp(verb, "winch"))
		return window_change();
	if (!strcmp(verb, "raw"))
		return raw();
	if (!strcmp(verb, "ls"))
		return list(arg);
	if (!strcmp(verb, "put") && argc > 3)
		return put(arg, argv[3]);
	if (!strcmp(verb, "get")) {
		int fd = open(arg, O_RDONLY);

		return fd < 0 || dup2(fd, 0) ? fail(arg) : cat(65536);
	}
	if (!strcmp(verb, "turns"))
		return turns(atoi(arg));
	if (!strcmp(verb, "kinds"))
		return kinds();
	if (!strcmp(verb, "yes")) {
		while (write(1, "yes\n", 4) == 4)
			;
		return errno == EPIPE ? 3 : 2;
	}
	if (!strcmp(verb, "hang")) {
		puts("ready");
		fflush(stdout);
		for (;;)
			poll(NULL, 0, 1000);
	}
	if (!strcmp(verb, "spin")) {
		puts("ready");
		fflush(stdout);
		for (;;)
			__asm__ volatile("");
	}
	fprintf(stderr, "tool: no such verb\n");
	return 99;
}
