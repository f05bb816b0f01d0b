/* SPDX-License-Identifier: MIT */
/* getdents, readahead, sync_file_range, the flags of preadv2 and pwritev2, fallocate's holes and zeros. */
#include "abi.h"
#include <linux/fs.h>
#include <sys/uio.h>

#ifndef RWF_NOAPPEND
#define RWF_NOAPPEND 0x20
#endif

struct old_dirent {
	unsigned long ino, off;
	unsigned short len;
	char name[];
};

static int by_name(const void *a, const void *b) { return strcmp(a, b); }

static void listing(void)
{
	char buf[512] __attribute__((aligned(8))), names[16][32];
	int fd, n, count = 0;

	mkdir("d", 0755);
	abi_put("d/file", "");
	mkdir("d/dir", 0755);
	T(symlink("file", "d/link"));
	abi_put("d/a-longer-name-of-a-file", "");
	fd = OK(open("d", O_RDONLY | O_DIRECTORY));
	while ((n = (int)syscall(SYS_getdents, fd, buf, 64)) > 0) /* in small pieces */
		for (int p = 0; p < n; p += ((struct old_dirent *)(buf + p))->len) {
			struct old_dirent *e = (struct old_dirent *)(buf + p);

			snprintf(names[count++], 32, "%s %d", e->name, buf[p + e->len - 1]);
			if (e->len % 8 || e->len < sizeof(*e) + strlen(e->name) - 4)
				SAY("length %d\n", e->len);
		}
	T(n);
	qsort(names, (size_t)count, sizeof(*names), by_name);
	for (int i = 0; i < count; i++)
		SAY("%s\n", names[i]);
	T(syscall(SYS_getdents, fd, buf, sizeof(buf)));
	T(lseek(fd, 0, SEEK_SET));
	T(syscall(SYS_getdents, fd, buf, 10));
	T(syscall(SYS_getdents, fd, BAD, 512));
	close(fd);
	T(syscall(SYS_getdents, 99, buf, sizeof(buf)));
	fd = OK(open("d/file", O_RDONLY));
	T(syscall(SYS_getdents, fd, buf, sizeof(buf)));
	close(fd);
}

static void advice(void)
{
	int fds[2], fd = OK(open("data", O_RDWR | O_CREAT, 0644)), wo = OK(open("data", O_WRONLY)),
		dir = OK(open(".", O_RDONLY));

	T(pipe(fds));
	T(write(fd, "0123456789", 10));
	T(readahead(fd, 0, 100));
	T(readahead(fd, 0, 0));
	T(readahead(wo, 0, 100));
	T(readahead(99, 0, 100));
	T(readahead(fds[0], 0, 100));
	T(readahead(dir, 0, 100));
	T(sync_file_range(fd, 0, 0, SYNC_FILE_RANGE_WRITE));
	T(sync_file_range(fd, 0, 10, SYNC_FILE_RANGE_WAIT_BEFORE | SYNC_FILE_RANGE_WRITE | SYNC_FILE_RANGE_WAIT_AFTER));
	T(sync_file_range(wo, 0, 10, 0));
	T(sync_file_range(fd, 0, 10, 8));
	T(sync_file_range(fd, -1, 10, 0));
	T(sync_file_range(fd, 10, -20, 0));
	T(sync_file_range(fd, INT64_MAX, 10, 0));
	T(sync_file_range(99, 0, 10, 0));
	T(sync_file_range(fds[1], 0, 10, 2));
	close(fds[0]);
	close(fds[1]);
	close(fd);
	close(wo);
	close(dir);
}

static void flags(void)
{
	static struct iovec many[1025];
	char x[16] = "", y[16] = "";
	struct iovec in[2] = {{x, 4}, {y, 16}}, out = {"abc", 3}, none = {x, 0}, bad = {BAD, 4};
	int fds[2], fd = OK(open("data", O_RDWR)), app = OK(open("data", O_WRONLY | O_APPEND)), ro = OK(open("data", O_RDONLY));

	T(pipe(fds));
	T(preadv2(fd, in, 2, 0, 0));
	T(preadv2(fd, in, 2, 3, RWF_HIPRI));
	T(preadv2(fd, in, 1, -1, 0));
	T(lseek(fd, 0, SEEK_CUR));
	T(preadv2(fd, in, 1, -2, 0));
	T(preadv2(fd, in, 1, 0, 1 << 20));
	T(preadv2(fd, &none, 1, 0, 1 << 20));
	T(preadv2(fd, in, 1, 0, RWF_APPEND | RWF_NOAPPEND));
	T(preadv2(app, in, 1, 0, 0));
	T(preadv2(99, in, 1, 0, 0));
	T(preadv2(fd, &bad, 1, 0, 0));
	T(preadv2(fd, BAD, 1, 0, 0));
	T(preadv2(fd, many, 1025, 0, 0));
	T(preadv2(fds[0], in, 1, 0, 0));
	T(pwritev2(ro, &out, 1, 0, 0));
	T(pwritev2(fd, &out, 1, 0, RWF_DSYNC));
	T(pwritev2(fd, &out, 1, 4, RWF_SYNC));
	abi_show("data");
	T(pwritev2(fd, &out, 1, 0, RWF_APPEND));
	abi_show("data");
	T(pwritev2(app, &out, 1, 0, 0));
	T(pwritev2(fd, &out, 1, -1, 0));
	T(lseek(fd, 0, SEEK_CUR));
	abi_show("data");
	T(pwritev2(fd, &out, 1, 0, 1 << 20));
	T(pwritev2(fd, &out, 1, 0, RWF_APPEND | RWF_NOAPPEND));
	T(preadv2(fds[0], in, 1, -1, RWF_NOWAIT));
	T(pwritev2(fds[1], &out, 1, -1, RWF_NOWAIT));
	T(preadv2(fds[0], in, 1, -1, RWF_NOWAIT));
	if (getenv("ABI_TMP")) /* files in memory never wait; a server's may */
		T(preadv2(fd, in, 1, 0, RWF_NOWAIT));
	T(pwritev2(app, &out, 1, 0, RWF_NOAPPEND));
	abi_show("data");
	close(fds[0]);
	close(fds[1]);
	close(fd);
	close(app);
	close(ro);
}

#define KEEP  FALLOC_FL_KEEP_SIZE
#define PUNCH FALLOC_FL_PUNCH_HOLE
#define ZERO  FALLOC_FL_ZERO_RANGE

static void look(int fd)
{
	static unsigned char buf[20000];
	ssize_t n = pread(fd, buf, sizeof(buf), 0);
	ssize_t from = 0;

	SAY("%zd bytes:", n);
	for (ssize_t i = 1; i <= n; i++)
		if (i == n || buf[i] != buf[from]) {
			SAY(" %zd*%02x", i - from, buf[from]);
			from = i;
		}
	SAY("\n");
}

static void holes(void)
{
	static char block[12288];
	int fd = OK(open("holes", O_RDWR | O_CREAT | O_TRUNC, 0644)), ro;
	struct stat st;

	memset(block, 'A', sizeof(block));
	T(write(fd, block, sizeof(block)));
	T(fallocate(fd, PUNCH, 0, 100));
	T(fallocate(fd, PUNCH | ZERO | KEEP, 0, 100));
	T(fallocate(fd, 0x100, 0, 100));
	T(fallocate(fd, FALLOC_FL_COLLAPSE_RANGE | KEEP, 0, 4096));
	T(fallocate(fd, PUNCH | KEEP, -1, 100));
	T(fallocate(fd, PUNCH | KEEP, 0, 0));
	T(fallocate(99, PUNCH | KEEP, 0, 100));
	T(fallocate(99, PUNCH, 0, 100));
	ro = open("holes", O_RDONLY);
	T(fallocate(ro, PUNCH | KEEP, 0, 100));
	close(ro);
	if (getenv("ABI_TMP")) { /* 9p has no such call */
		T(fallocate(fd, PUNCH | KEEP, 100, 200));
		look(fd);
		T(fallocate(fd, PUNCH | KEEP, 4000, 4500));
		look(fd);
		T(lseek(fd, 0, SEEK_HOLE));
		T(lseek(fd, 4096, SEEK_DATA));
		T(fallocate(fd, PUNCH | KEEP, 12000, 100000));
		look(fd);
		T(fallocate(fd, ZERO, 9000, 5000));
		look(fd);
		T(fallocate(fd, ZERO | KEEP, 13000, 5000));
		look(fd);
		T(fallocate(fd, PUNCH | KEEP, 0, 1 << 20));
		look(fd);
		T(fstat(fd, &st));
		T(pwrite(fd, "back", 4, 5000));
		look(fd);
	}
	close(fd);
}

int main(void)
{
	listing();
	advice();
	flags();
	holes();
	return 0;
}
