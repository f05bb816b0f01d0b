/* SPDX-License-Identifier: MIT */
/*
 * Asks for the same things again and again: how much the host hears of it is what is looked at.
 *
 *   ask stat|reread PATH | read PATH PIECE | map PATH private|shared | list PATH
 */
#include "../abi/abi.h"
#include <sys/mman.h>

static char buf[1 << 20];

static void list(const char *path, bool first)
{
	char name[PATH_MAX];
	struct dirent *e;
	struct stat st;
	DIR *d = opendir(path);
	int n = 0;

	while (d && (e = readdir(d))) {
		snprintf(name, sizeof(name), "%s/%s", path, e->d_name);
		n += !lstat(name, &st);
	}
	if (first)
		printf("%d entries\n", n);
	if (d)
		closedir(d);
}

int main(int argc, char **argv)
{
	const char *what = argc > 2 ? argv[1] : "", *path = argc > 2 ? argv[2] : "", *how = argc > 3 ? argv[3] : "";
	int fd = open(path, O_RDONLY), sum = 0;
	struct stat st;
	ssize_t n;
	char *p;

	if (!strcmp(what, "stat")) {
		for (int i = 0; i < 1000; i++)
			sum += !stat(path, &st);
	} else if (!strcmp(what, "reread")) {
		for (int i = 0; i < 100; i++) {
			close(fd);
			fd = open(path, O_RDONLY);
			while ((n = read(fd, buf, 1000)) > 0)
				sum += (int)n;
		}
	} else if (!strcmp(what, "read")) {
		while ((n = read(fd, buf, (size_t)atol(how))) > 0)
			sum += (int)n;
	} else if (!strcmp(what, "map")) {
		if (fstat(fd, &st))
			return 1;
		p = mmap(NULL, (size_t)st.st_size, PROT_READ, *how == 's' ? MAP_SHARED : MAP_PRIVATE, fd, 0);
		for (off_t i = 0; i < st.st_size; i += 4096)
			sum += p[i] == 0;
	} else if (!strcmp(what, "list")) {
		list(path, true);
		list(path, false);
	}
	printf("%d\n", sum);
	return 0;
}
