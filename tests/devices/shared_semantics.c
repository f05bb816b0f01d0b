/* SPDX-License-Identifier: MIT */
/* What programs rely on in a shared directory, however much of it is kept in memory. */
#include "../abi/abi.h"
#include <sys/mman.h>

static char text[8192];

static const char *content(const char *name)
{
	int fd = open(name, O_RDONLY);
	ssize_t n = fd < 0 ? -1 : read(fd, text, sizeof(text) - 1);

	close(fd);
	if (n < 0)
		return strerrorname_np(errno);
	text[n] = 0;
	return text;
}

static const char *of_fd(int fd)
{
	ssize_t n = pread(fd, text, sizeof(text) - 1, 0);

	if (n < 0)
		return strerrorname_np(errno);
	text[n] = 0;
	return text;
}

static void put(const char *name, const char *what)
{
	int fd = open(name, O_WRONLY | O_CREAT | O_TRUNC, 0644);

	if (write(fd, what, strlen(what)) != (ssize_t)strlen(what))
		printf("%s: %s\n", name, strerrorname_np(errno));
	close(fd);
}

static void flags(void)
{
	int a, b, c;

	puts("-- O_APPEND, O_TRUNC, O_EXCL");
	put("f", "begin ");
	a = open("f", O_WRONLY | O_APPEND);
	b = open("f", O_RDWR | O_APPEND);
	for (int i = 0; i < 3; i++) {
		T(write(a, "one ", 4));
		T(write(b, "two ", 4));
	}
	puts(of_fd(b));
	T(lseek(a, 0, SEEK_CUR));
	T(fcntl(b, F_SETFL, 0));
	T(pwrite(b, "BEGIN", 5, 0));
	puts(content("f"));
	c = open("f", O_RDWR | O_TRUNC);
	puts(of_fd(b));
	T(lseek(b, 0, SEEK_END));
	T(write(a, "anew", 4));
	puts(of_fd(c));
	T(open("f", O_CREAT | O_EXCL | O_RDWR, 0644));
	T(open("none/f", O_CREAT | O_EXCL | O_RDWR, 0644));
	T(unlink("f"));
	T(open("f", O_RDONLY));
	T(close(open("f", O_CREAT | O_EXCL | O_RDWR, 0644)) == 0);
	T(open("f", O_CREAT | O_EXCL | O_RDWR, 0644));
	T(symlink("nowhere", "dangling"));
	T(open("dangling", O_CREAT | O_EXCL | O_RDWR, 0644));
	close(a);
	close(b);
	close(c);
}

static void nameless(void)
{
	struct stat st;
	int fd, other;
	char *p;

	puts("-- removed and replaced while open");
	put("gone", "still here");
	fd = open("gone", O_RDWR);
	puts(of_fd(fd));
	p = mmap(NULL, 4096, PROT_READ, MAP_SHARED, fd, 0);
	T(unlink("gone"));
	T(access("gone", F_OK));
	puts(of_fd(fd));
	puts(p);
	T(pwrite(fd, "STILL", 5, 0));
	puts(of_fd(fd));
	T(ftruncate(fd, 7));
	puts(of_fd(fd));
	T(fstat(fd, &st));
	printf("%d names, %d bytes\n", (int)st.st_nlink, (int)st.st_size);
	put("gone", "another");
	puts(of_fd(fd));
	puts(content("gone"));
	close(fd);
	munmap(p, 4096);

	put("old", "the old one");
	put("new", "the new one");
	fd = open("old", O_RDONLY);
	puts(of_fd(fd));
	T(rename("new", "old"));
	puts(of_fd(fd));
	other = open("old", O_RDONLY);
	puts(of_fd(other));
	puts(content("new"));
	T(rename("old", "old"));
	puts(content("old"));
	close(fd);
	close(other);
	T(mkdir("d", 0755));
	T(mkdir("e", 0755));
	put("e/x", "in e");
	T(rename("old", "d"));
	T(rename("d", "old"));
	T(rename("d", "e"));
	T(rename("e", "d"));
	puts(content("d/x"));
	puts(content("e/x"));
	T(rename("d", "d/y"));
}

static void directory_seek(void)
{
	char name[64], seen[300];
	long at[64];
	struct dirent *e;
	int n = 0, same = 0;
	DIR *d;

	puts("-- directory seek");
	T(mkdir("many", 0755));
	for (int i = 0; i < 50; i++) {
		snprintf(name, sizeof(name), "many/file %d", i);
		put(name, "");
	}
	d = opendir("many");
	for (;; n++) {
		at[n] = telldir(d);
		e = readdir(d);
		if (!e)
			break;
	}
	printf("%d entries\n", n);
	for (int i = n - 1; i >= 0; i -= 7) {
		seekdir(d, at[i]);
		e = readdir(d);
		snprintf(seen, sizeof(seen), "%s", e ? e->d_name : "-");
		seekdir(d, at[i]);
		e = readdir(d);
		same += e && !strcmp(e->d_name, seen);
	}
	printf("%d times the same\n", same);
	put("many/late", "");
	T(unlink("many/file 7"));
	rewinddir(d);
	for (n = same = 0; (e = readdir(d)); n++)
		same += !strcmp(e->d_name, "late") + 100 * !strcmp(e->d_name, "file 7");
	printf("%d entries, %d\n", n, same);
	closedir(d);
}

static void errors(void)
{
	char name[300], path[6000] = "";
	int deep = 0;

	puts("-- errors, long names, deep trees");
	memset(name, 'n', sizeof(name));
	name[255] = 0;
	put(name, "255");
	puts(content(name));
	T(rename(name, "short"));
	T(access(name, F_OK));
	name[255] = 'n';
	name[256] = 0;
	T(open(name, O_RDONLY));
	T(open(name, O_CREAT | O_RDWR, 0644));
	T(mkdir(name, 0755));
	T(unlink(name));
	T(rename("short", name));
	T(symlink("x", name));
	T(link("short", name));
	T(rmdir("many"));
	T(unlink("many"));
	T(rmdir("short"));
	T(open("short/x", O_RDONLY));
	T(open("short/", O_RDONLY));
	T(open("many", O_RDWR));
	T(symlink("loop2", "loop1"));
	T(symlink("loop1", "loop2"));
	T(open("loop1", O_RDONLY));
	T(mkdir("many", 0755));
	T(readlink("short", name, sizeof(name)));
	/* As deep as a path can say, and deeper. */
	name[200] = 0;
	for (; deep < 40; deep++)
		if (mkdir(name, 0755) || chdir(name))
			break;
	printf("%d deep: %s\n", deep, strerrorname_np(errno = 0));
	put("bottom", "at the bottom");
	puts(content("bottom"));
	T(chdir("../.."));
	snprintf(path, sizeof(path), "%.200s/%.200s/bottom", name, name);
	puts(content(path));
	T(unlink(path));
	for (T(chdir(name) + chdir(name)); deep > 0; deep--)
		if (chdir("..") || rmdir(name))
			break;
	printf("%d left\n", deep);
}

static void links(void)
{
	struct stat st;

	puts("-- links");
	T(mkdir("in", 0755));
	put("in/target", "through a link");
	T(symlink("in", "to-in"));
	T(symlink("../in/target", "in/up"));
	puts(content("to-in/up"));
	T(unlink("to-in"));
	puts(content("to-in/up"));
	T(symlink("nowhere", "to-in"));
	puts(content("to-in/up"));
	T(lstat("to-in", &st));
	printf("%d bytes\n", (int)st.st_size);
	T(link("in/target", "second"));
	T(stat("second", &st));
	printf("%d names\n", (int)st.st_nlink);
	T(unlink("in/target"));
	T(stat("second", &st));
	printf("%d names\n", (int)st.st_nlink);
	puts(content("second"));
	puts(content("in/target"));
	T(chmod("second", 0400));
	T(stat("second", &st));
	printf("%o\n", st.st_mode & 07777);
}

int main(void)
{
	flags();
	nameless();
	directory_seek();
	errors();
	links();
	return 0;
}
