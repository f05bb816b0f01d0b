/* SPDX-License-Identifier: MIT */
/* Names in the shared directory: many, long, deep, linked; listed and looked up again. */
#include "../abi/abi.h"

static int by_name(const void *a, const void *b) { return strcmp(*(char *const *)a, *(char *const *)b); }

static void list(const char *path)
{
	char *names[2000];
	struct dirent *e;
	int n = 0, dirs = 0;
	DIR *d = opendir(path);

	if (!d) {
		printf("%s: %s\n", path, strerrorname_np(errno));
		return;
	}
	while ((e = readdir(d)) && n < 2000) {
		dirs += e->d_type == DT_DIR;
		names[n++] = strdup(e->d_name);
	}
	rewinddir(d);
	for (int again = 0; readdir(d); again++)
		if (again > n)
			printf("more entries the second time\n");
	closedir(d);
	qsort(names, (size_t)n, sizeof(*names), by_name);
	printf("%s: %d entries, %d directories\n", path, n, dirs);
	for (int i = 0; i < n; i++) {
		if (i < 5 || i > n - 3)
			printf("  %s\n", names[i]);
		free(names[i]);
	}
}

static void many(void)
{
	char name[64];

	puts("-- many");
	mkdir("many", 0755);
	for (int i = 0; i < 1200; i++) {
		snprintf(name, sizeof(name), "many/a rather long name, so that one message is not enough %d", i);
		if (i % 10 == 0 ? mkdir(name, 0755) : close(open(name, O_CREAT | O_WRONLY, 0644)))
			printf("%s: %s\n", name, strerrorname_np(errno));
	}
	list("many");
	for (int i = 0; i < 1200; i += 3) {
		snprintf(name, sizeof(name), "many/a rather long name, so that one message is not enough %d", i);
		if (i % 10 == 0 ? rmdir(name) : unlink(name))
			printf("%s: %s\n", name, strerrorname_np(errno));
	}
	list("many");
}

/* getdents64 with a buffer so small that entries come one by one, and lseek to where one was. */
static void piecewise(void)
{
	char small[120];
	int d = open("many", O_RDONLY | O_DIRECTORY), n = 0, calls = 0;
	long got;

	puts("-- piecewise");
	while ((got = syscall(SYS_getdents64, d, small, sizeof(small))) > 0) {
		calls++;
		for (long at = 0; at < got; at += *(unsigned short *)(small + at + 16))
			n++;
	}
	printf("%d entries, last call %ld\n", n, got);
	T(syscall(SYS_getdents64, d, small, 10));
	T(lseek(d, 0, SEEK_SET));
	n = 0;
	while ((got = syscall(SYS_getdents64, d, small, sizeof(small))) > 0)
		n++;
	printf("again: %s\n", n == calls ? "the same" : "not the same");
	T(syscall(SYS_getdents64, d, small, 10));
	T(close(d));
}

static void long_names(void)
{
	char name[300], path[5000] = "deep", *p;
	struct stat st;
	int made = 0;

	puts("-- long");
	memset(name, 'n', sizeof(name));
	name[255] = 0;
	T(close(open(name, O_CREAT | O_WRONLY, 0644)));
	T(stat(name, &st));
	T(unlink(name));
	name[255] = 'n';
	name[256] = 0;
	OK(open(name, O_CREAT | O_WRONLY, 0644) >= 0);
	p = path + 4;
	mkdir(path, 0755);
	while (p - path < 3900) {
		p += sprintf(p, "/%.*s", 99, name);
		if (mkdir(path, 0755))
			break;
		made++;
	}
	printf("%d levels\n", made);
	T(chdir(path));
	T(close(open("at the end", O_CREAT | O_WRONLY, 0644)));
	T(stat("at the end", &st));
	list(".");
	T(unlink("at the end"));
	for (int i = 0; i <= made; i++)
		if (chdir(".."))
			printf("..: %s\n", strerrorname_np(errno));
	for (; made >= 0; made--) {
		if (rmdir(path))
			printf("rmdir: %s\n", strerrorname_np(errno));
		p = strrchr(path, '/');
		if (p)
			*p = 0;
	}
	T(access("deep", F_OK));
}

static void links(void)
{
	static char target[4096], back[5000];
	struct stat st;

	puts("-- links");
	for (size_t i = 0; i < sizeof(target); i++)
		target[i] = (char)('a' + i % 26);
	for (size_t len = 1; len < 4096; len = len < 2000 ? len * 3 + 1 : len + 531) {
		target[len] = 0;
		if (symlink(target, "link"))
			printf("%zu: %s\n", len, strerrorname_np(errno));
		else if (readlink("link", back, sizeof(back)) != (ssize_t)len || memcmp(target, back, len))
			printf("%zu: differs\n", len);
		T(lstat("link", &st));
		printf("  %ld\n", (long)st.st_size);
		T(unlink("link"));
		target[len] = 'x';
	}
	T(symlink("../there/../many", "link"));
	T(readlink("link", back, 4));
	T(stat("link", &st));
	T(unlink("link"));
	T(symlink("many", "link"));
	list("link/.");
	T(rmdir("link"));
	T(unlink("link"));
	T(close(open("f", O_CREAT | O_WRONLY, 0644)));
	T(link("f", "g"));
	T(stat("g", &st));
	printf("  nlink %lu\n", (unsigned long)st.st_nlink);
	T(unlink("f"));
	T(stat("g", &st));
	printf("  nlink %lu\n", (unsigned long)st.st_nlink);
	T(link("g", "g"));
	T(link("nothing", "h"));
	T(link("many", "h"));
	T(unlink("g"));
}

static void renames(void)
{
	puts("-- renames");
	T(mkdir("r", 0755));
	T(mkdir("r/in", 0755));
	T(close(open("r/f", O_CREAT | O_WRONLY, 0644)));
	T(rename("r", "r/in/r"));
	T(rename("r/f", "r/in"));
	T(rename("r/in", "r/f"));
	T(rename("many", "r/in"));
	T(rename("r/in", "many"));
	T(rename("r/f", "r/f"));
	T(rename("r/f/", "r/g"));
	T(rename("r/f", "r/in/f"));
	T(rmdir("r/in"));
	T(unlink("r/in"));
	T(rename("r/in/f", "/tmp/f"));
	T(unlink("r/in/f"));
	T(rmdir("r/in"));
	T(rmdir("r/."));
	T(rmdir("r"));
}

int main(void)
{
	many();
	piecewise();
	long_names();
	links();
	renames();
	return 0;
}
