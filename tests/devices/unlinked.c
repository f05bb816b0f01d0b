/* SPDX-License-Identifier: MIT */
/*
 * Files in the shared directory whose name goes away while they are open: all that a descriptor can do goes on.
 * Servers that know files by name (QEMU's) cannot help there; the client must.
 */
#include "../abi/abi.h"

static char buf[20000], back[20000];

static void stat_of(int fd)
{
	struct stat st;

	if (T(fstat(fd, &st)) == 0)
		printf("  mode %o nlink %lu size %ld\n", st.st_mode, (unsigned long)st.st_nlink, (long)st.st_size);
}

static void content_of(int fd, long at, size_t n)
{
	ssize_t got = pread(fd, back, n, at);
	unsigned long sum = 0;

	for (ssize_t i = 0; i < got; i++)
		sum = sum * 31 + (unsigned char)back[i];
	printf("  %zd bytes at %ld: %lx\n", got, at, sum);
}

static void file_is_usable(int fd)
{
	stat_of(fd);
	T(pwrite(fd, buf, 9000, 100));
	stat_of(fd);
	content_of(fd, 0, sizeof(back));
	T(ftruncate(fd, 5000));
	stat_of(fd);
	content_of(fd, 4000, sizeof(back));
	content_of(fd, 5000, 10);
	T(ftruncate(fd, 12000));
	stat_of(fd);
	content_of(fd, 0, sizeof(back));
	T(lseek(fd, 0, SEEK_END));
	T(write(fd, "tail", 4));
	T(lseek(fd, -10, SEEK_END));
	T(read(fd, back, 100));
	T(ftruncate(fd, 0));
	stat_of(fd);
	T(pread(fd, back, 10, 0));
	T(pwrite(fd, "x", 1, 7000));
	content_of(fd, 0, sizeof(back));
	T(fsync(fd));
	T(fchmod(fd, 0600) == 0 || errno == ENOENT);
}

static void unlinked(void)
{
	int fd;

	puts("-- unlinked");
	fd = (int)T(open("gone", O_RDWR | O_CREAT | O_EXCL, 0644));
	T(write(fd, buf, 10000));
	T(unlink("gone"));
	T(access("gone", F_OK));
	file_is_usable(fd);
	T(close(fd));
}

static void replaced(void)
{
	struct stat st;
	int fd;

	puts("-- replaced by a rename");
	fd = (int)T(open("old", O_RDWR | O_CREAT, 0644));
	T(write(fd, "old content", 11));
	T(close(open("new", O_RDWR | O_CREAT, 0644)));
	T(rename("new", "old"));
	file_is_usable(fd);
	T(stat("old", &st));
	printf("  size %ld\n", (long)st.st_size);
	T(close(fd));
	T(unlink("old"));
}

static void made_again(void)
{
	int a, b;

	puts("-- unlinked and made again");
	for (int i = 0; i < 3; i++) {
		a = open("again", O_RDWR | O_CREAT | O_EXCL, 0644);
		T(write(a, "first", 5));
		T(unlink("again"));
		b = open("again", O_RDWR | O_CREAT | O_EXCL, 0644);
		T(write(b, "the second", 10));
		content_of(a, 0, 100);
		content_of(b, 0, 100);
		stat_of(a);
		stat_of(b);
		T(unlink("again"));
		T(close(a));
		T(close(b));
	}
}

static void renamed_while_open(void)
{
	int fd = (int)T(open("before", O_RDWR | O_CREAT, 0644));

	puts("-- renamed");
	T(mkdir("dir", 0755));
	T(write(fd, "content", 7));
	T(rename("before", "dir/after"));
	stat_of(fd);
	T(ftruncate(fd, 3));
	T(rename("dir", "dir2"));
	stat_of(fd);
	T(ftruncate(fd, 2));
	content_of(fd, 0, 10);
	T(unlink("dir2/after"));
	T(rmdir("dir2"));
	stat_of(fd);
	T(close(fd));
}

static void directory_gone(void)
{
	struct stat st;
	int d;

	puts("-- a directory");
	T(mkdir("d", 0755));
	d = (int)T(open("d", O_RDONLY | O_DIRECTORY));
	T(rmdir("d"));
	T(fstat(d, &st));
	T(openat(d, "x", O_CREAT | O_WRONLY, 0644));
	T(mkdirat(d, "y", 0755));
	T(close(d));
}

int main(void)
{
	for (size_t i = 0; i < sizeof(buf); i++)
		buf[i] = (char)(i * 7 + i / 251);
	unlinked();
	replaced();
	made_again();
	renamed_while_open();
	directory_gone();
	return 0;
}
