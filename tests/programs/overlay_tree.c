/* SPDX-License-Identifier: MIT */
/*
 * Does to a tree what can be done to one, and shows it at the end.  On Linux it is the tree itself, in an isle the
 * overlay over it: both must come to the same.  tests/programs/overlay makes the tree.
 */
#include "../abi/abi.h"
#include <pthread.h>
#include <sys/mman.h>
#include <sys/sendfile.h>

static int by_name(const void *a, const void *b) { return strcmp(*(char *const *)a, *(char *const *)b); }

static char **names(const char *dir, size_t *n)
{
	char **v = NULL;
	DIR *d = opendir(dir);
	struct dirent *e;

	*n = 0;
	while (d && (e = readdir(d)) != NULL) {
		if (!strcmp(e->d_name, ".") || !strcmp(e->d_name, ".."))
			continue;
		v = realloc(v, (*n + 1) * sizeof(*v));
		v[(*n)++] = strdup(e->d_name);
	}
	if (d)
		closedir(d);
	qsort(v, *n, sizeof(*v), by_name);
	return v;
}

static unsigned long sum_of(const char *path)
{
	unsigned long sum = 5381;
	int fd = open(path, O_RDONLY), n;
	char buf[3000];

	while (fd >= 0 && (n = (int)read(fd, buf, sizeof(buf))) > 0)
		for (int i = 0; i < n; i++)
			sum = sum * 33 + (unsigned char)buf[i];
	if (fd >= 0)
		close(fd);
	return sum;
}

static void show(const char *path, unsigned depth)
{
	struct stat st;
	char target[256];
	ssize_t k;

	if (lstat(path, &st)) {
		SAY("%s: %s\n", path, strerrorname_np(errno));
		return;
	}
	SAY("%*s%s %o", depth * 2, "", path, st.st_mode);
	if (S_ISREG(st.st_mode))
		SAY(" links %lu size %ld sum %lx", (unsigned long)st.st_nlink, (long)st.st_size, sum_of(path));
	else if (S_ISLNK(st.st_mode) && (k = readlink(path, target, sizeof(target))) > 0)
		SAY(" size %ld -> %.*s", (long)st.st_size, (int)k, target);
	SAY("\n");
	if (S_ISDIR(st.st_mode)) {
		size_t n;
		char **v = names(path, &n), below[PATH_MAX];

		for (size_t i = 0; i < n; i++) {
			snprintf(below, sizeof(below), "%s/%s", path, v[i]);
			show(below, depth + 1);
			free(v[i]);
		}
		free(v);
	}
}

static long count(const char *dir)
{
	size_t n;
	char **v = names(dir, &n);

	for (size_t i = 0; i < n; i++)
		free(v[i]);
	free(v);
	return (long)n;
}

static void append(const char *name, const char *text, int flags)
{
	int fd = open(name, O_WRONLY | flags, 0644);

	SAY("open %s: %s\n", name, fd < 0 ? strerrorname_np(errno) : "ok");
	if (fd >= 0) {
		T(write(fd, text, strlen(text)));
		close(fd);
	}
}

static void files(void)
{
	struct stat a, b;
	char buf[64];
	int fd, rd;

	rd = open("a", O_RDONLY);
	append("a", "more", O_APPEND); /* who has it open to read sees it */
	T(read(rd, buf, sizeof(buf)));
	fstat(rd, &a);
	stat("a", &b);
	IS(a.st_ino == b.st_ino && a.st_dev == b.st_dev && a.st_size == b.st_size);
	append("big", "in the midst", 0);
	fd = open("big", O_RDWR);
	T(pwrite(fd, "XYZ", 3, 100001));
	T(pwrite(fd, "end", 3, 400000)); /* a hole */
	T(ftruncate(fd, 350000));
	T(ftruncate(fd, 360000));
	T(pread(fd, buf, 8, 100000));
	abi_bytes("big", buf, 8);
	close(fd);
	append("short", "", O_TRUNC);
	fd = open("cut", O_RDWR);
	T(ftruncate(fd, 5000));
	T(ftruncate(fd, 70000)); /* what was there must not come back */
	T(pread(fd, buf, 8, 4996));
	abi_bytes("cut", buf, 8);
	T(pread(fd, buf, 8, 65536));
	abi_bytes("cut", buf, 8);
	close(fd);
	T(truncate("empty", 10));
	append("new", "new", O_CREAT | O_EXCL);
	append("new", "new", O_CREAT | O_EXCL);
	append("a", "", O_CREAT | O_EXCL);
	T(chmod("ro", 0600));
	append("ro", "now", 0);
	close(rd);
	rd = open("gone", O_RDONLY);
	T(unlink("gone"));
	T(unlink("gone"));
	T(open("gone", O_RDONLY));
	T(read(rd, buf, 4));
	fstat(rd, &a);
	SAY("links of what is gone: %lu\n", (unsigned long)a.st_nlink);
	append("gone", "again", O_CREAT | O_EXCL);
	T(read(rd, buf, 4));
	close(rd);
}

static void links(void)
{
	struct stat a, b;

	stat("hard1", &a);
	stat("sub/hard2", &b);
	IS(a.st_ino == b.st_ino);
	append("hard1", "through one name", O_APPEND);
	abi_show("sub/hard2");
	T(link("a", "a-also"));
	append("a-also", "!", O_APPEND);
	T(unlink("hard1"));
	T(link("sub", "sub-also"));
	T(link("missing", "x"));
	T(link("a", "big"));
	append("link", "via link", O_APPEND);
	T(symlink("sub/deep", "to-deep"));
	T(symlink("x", "link"));
	append("to-deep/f1", "f", O_APPEND);
	append("dangling", "made", O_CREAT);
	T(readlink("link", (char[2]){0}, 2));
	T(unlink("link"));
}

static void directories(void)
{
	struct stat st;
	int dir;

	T(mkdir("sub", 0700));
	T(mkdir("fresh", 0700));
	T(mkdir("fresh/in", 0755));
	T(rmdir("fresh"));
	T(rmdir("sub"));
	T(rmdir("a"));
	T(unlink("sub"));
	T(rmdir("void"));
	T(rmdir("void"));
	T(mkdir("void", 0755));
	SAY("in the new void: %ld\n", count("void"));
	/* A directory emptied, removed and made again must not show what the lower one has. */
	T(unlink("opaque/one"));
	T(rmdir("opaque"));
	T(unlink("opaque/two"));
	T(rmdir("opaque"));
	T(mkdir("opaque", 0755));
	T(stat("opaque/one", &st));
	SAY("in the new opaque: %ld\n", count("opaque"));
	append("opaque/one", "another one", O_CREAT | O_EXCL);
	dir = open("leave", O_RDONLY | O_DIRECTORY);
	T(unlink("leave/it"));
	T(rmdir("leave"));
	T(openat(dir, "it", O_RDONLY));
	T(openat(dir, "new", O_WRONLY | O_CREAT, 0644));
	close(dir);
}

static void renames(void)
{
	T(rename("sub/x", "sub/renamed"));
	T(rename("sub/y", "moved-up"));
	T(rename("sub/deep", "deep-moved")); /* a directory of the lower tree */
	SAY("in it: %ld\n", count("deep-moved"));
	append("deep-moved/f2", "after the move", O_APPEND);
	T(open("sub/deep/f2", O_RDONLY));
	T(mkdir("sub/deep", 0755));
	SAY("in the new one: %ld\n", count("sub/deep"));
	T(rename("new", "over")); /* over a file of the lower tree */
	T(rename("fresh", "sub"));
	T(rename("fresh", "target")); /* over an empty directory */
	T(rename("sub", "sub/inside"));
	T(rename("missing", "x"));
	T(rename("a", "target"));
	T(rename("target", "a"));
	T(renameat2(AT_FDCWD, "moved-up", AT_FDCWD, "a", RENAME_NOREPLACE));
	T(renameat2(AT_FDCWD, "exchange-a", AT_FDCWD, "exchange-d", RENAME_EXCHANGE));
	SAY("in exchange-a: %ld\n", count("exchange-a"));
	T(rename("hop", "hop1"));
	T(rename("hop1", "hop2"));
	T(rename("hop2", "hop"));
	append("hop/file", "hopped", O_APPEND);
}

static void listing(void)
{
	DIR *d = opendir("many");
	struct dirent *e;
	unsigned seen = 0, old = 0, removed = 0;
	char name[64];
	long at = 0;

	/* Names come and go while they are listed: each old one that stays is seen once. */
	while ((e = readdir(d)) != NULL) {
		if (e->d_name[0] == '.')
			continue;
		if (!strncmp(e->d_name, "file", 4))
			old++;
		if (++seen == 10) {
			at = telldir(d);
			for (unsigned i = 0; i < 50; i++) {
				snprintf(name, sizeof(name), "many/made-%u", i);
				close(open(name, O_WRONLY | O_CREAT, 0644));
			}
		}
		if (old % 3 == 0 && !strncmp(e->d_name, "file", 4)) {
			snprintf(name, sizeof(name), "many/%.50s", e->d_name);
			removed += unlink(name) == 0;
		}
	}
	SAY("old names seen: %u, removed: %u\n", old, removed);
	IS(at != 0);
	rewinddir(d);
	for (seen = 0; (e = readdir(d)) != NULL;)
		seen++;
	SAY("names after a rewind: %u\n", seen);
	closedir(d);
	SAY("names: %ld\n", count("many"));
	/* What is looked up first and listed later is there once. */
	T(access("many2/file7", F_OK));
	T(access("many2/missing", F_OK));
	T(unlink("many2/file8"));
	SAY("names: %ld\n", count("many2"));
	T(access("many2/missing", F_OK));
	T(access("many2/file9", F_OK));
}

static void mappings(void)
{
	int fd = open("mapped", O_RDWR), out;
	char *p = mmap(NULL, 8192, PROT_READ | PROT_WRITE, MAP_PRIVATE, fd, 0), *s, c;
	off_t from = 10;

	abi_bytes("private", p, 8);
	p[0] = 'P'; /* mine alone */
	s = mmap(NULL, 8192, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 4096);
	s[1] = 'S';
	T(pread(fd, &c, 1, 4097));
	SAY("read sees %c\n", c);
	T(pwrite(fd, "W", 1, 4098));
	SAY("the mapping sees %c\n", s[2]);
	T(msync(s, 8192, MS_SYNC));
	munmap(p, 8192);
	munmap(s, 8192);
	out = open("copy", O_RDWR | O_CREAT | O_TRUNC, 0644);
	T(sendfile(out, fd, &from, 9000));
	T(copy_file_range(fd, (off_t[]){3}, out, NULL, 5000, 0));
	close(out);
	close(fd);
}

static void *writer(void *arg)
{
	char name[32], line[64];
	int fd;

	for (int i = 0; i < 40; i++) {
		fd = open("shared", O_WRONLY | O_APPEND);
		(void)!write(fd, "0123456789abcdef", 16);
		close(fd);
		snprintf(name, sizeof(name), "race/%ld-%d", (long)arg, i);
		close(open(name, O_WRONLY | O_CREAT, 0644));
		snprintf(line, sizeof(line), "race/to-%ld-%d", (long)arg, i);
		rename(name, line);
		if (i % 2)
			unlink(line);
		(void)sum_of("race/lower");
	}
	return NULL;
}

static void races(void)
{
	pthread_t t[4];

	for (long i = 0; i < 4; i++)
		pthread_create(&t[i], NULL, writer, (void *)i);
	for (unsigned i = 0; i < 4; i++)
		pthread_join(t[i], NULL);
}

int main(int argc, char **argv)
{
	umask(022);
	if (argc < 2 || chdir(argv[1])) {
		perror(argv[1]);
		return 99;
	}
	files();
	links();
	directories();
	renames();
	listing();
	mappings();
	races();
	show(".", 0);
	return 0;
}
