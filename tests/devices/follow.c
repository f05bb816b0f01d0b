/* SPDX-License-Identifier: MIT */
/* Does to files what it is told on stdin, a line at a time, and says what came of it: the host watches and meddles. */
#include "../abi/abi.h"
#include <sys/mman.h>

static char name[PATH_MAX];
static int fd = -1;

static void say(const char *what, long r)
{
	if (r < 0)
		printf("%s: %s\n", what, strerrorname_np(errno));
	else
		printf("%s: %ld\n", what, r);
	fflush(stdout);
}

static void stat_it(bool by_fd)
{
	struct stat st;

	if (by_fd ? fstat(fd, &st) : stat(name, &st))
		say("stat", -1);
	else
		say("size", (long)st.st_size);
}

static void read_it(void)
{
	char buf[256];
	ssize_t n = pread(fd, buf, sizeof(buf) - 1, 0);

	if (n < 0) {
		say("read", n);
		return;
	}
	buf[n] = 0;
	printf("read: %s\n", buf);
	fflush(stdout);
}

static void list(void)
{
	DIR *d = opendir(name);
	int n = 0;

	if (!d) {
		say("list", -1);
		return;
	}
	while (readdir(d))
		n++;
	closedir(d);
	say("entries", n);
}

/* Looks until the file has so many bytes, with nobody to tell that it has. */
static void await(const char *what)
{
	struct stat st;

	for (int i = 0; i < 600; i++) {
		if (!strcmp(what, "gone") ? stat(name, &st) && errno == ENOENT
					  : !stat(name, &st) && st.st_size == atol(what)) {
			printf("await: %s\n", what);
			fflush(stdout);
			return;
		}
		usleep(20000);
	}
	say("await", 0);
}

int main(void)
{
	char line[PATH_MAX + 20], verb[16], more[32], *map = NULL;

	while (fgets(line, sizeof(line), stdin)) {
		name[0] = 0;
		if (sscanf(line, "%15s %4095s %31s", verb, name, more) < 1)
			continue;
		if (!strcmp(verb, "open"))
			say("open", (fd = open(name, O_RDWR)) < 0 ? -1 : 0);
		else if (!strcmp(verb, "openro"))
			say("open", (fd = open(name, O_RDONLY)) < 0 ? -1 : 0);
		else if (!strcmp(verb, "create"))
			say("create", (fd = open(name, O_RDWR | O_CREAT | O_EXCL, 0644)) < 0 ? -1 : 0);
		else if (!strcmp(verb, "write"))
			say("write", pwrite(fd, "guest", 5, 0));
		else if (!strcmp(verb, "cut"))
			say("cut", ftruncate(fd, 2));
		else if (!strcmp(verb, "close"))
			say("close", close(fd));
		else if (!strcmp(verb, "stat"))
			stat_it(false);
		else if (!strcmp(verb, "fstat"))
			stat_it(true);
		else if (!strcmp(verb, "read"))
			read_it();
		else if (!strcmp(verb, "map"))
			say("map", (map = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0)) == MAP_FAILED ? -1 : map[0]);
		else if (!strcmp(verb, "look")) {
			printf("look: %.4s\n", map);
			fflush(stdout);
		} else if (!strcmp(verb, "content")) {
			fd = open(name, O_RDONLY);
			if (fd < 0)
				say("content", -1);
			else
				read_it();
			close(fd);
		} else if (!strcmp(verb, "await"))
			await(more);
		else if (!strcmp(verb, "list"))
			list();
		else if (!strcmp(verb, "unlink"))
			say("unlink", unlink(name));
		else if (!strcmp(verb, "mkdir"))
			say("mkdir", mkdir(name, 0755));
		else if (!strcmp(verb, "chdir"))
			say("chdir", chdir(name));
		else
			say(verb, -1);
	}
	return 0;
}
