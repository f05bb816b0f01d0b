/* SPDX-License-Identifier: MIT */
/* The rarer calls on files: sendfile, copy_file_range, fallocate, statx, statfs, renameat2, chown, mknod, fadvise. */
#include "abi.h"
#include <linux/fs.h>
#include <sys/sendfile.h>
#include <sys/statfs.h>
#include <sys/time.h>
#include <sys/uio.h>

static void copies(void)
{
	off_t off = 2;
	loff_t from = 0, to = 3;
	int in, out, fds[2];
	char buf[32];

	abi_put("in", "0123456789");
	in = T(open("in", O_RDONLY));
	out = T(open("out", O_RDWR | O_CREAT, 0644));
	T(sendfile(out, in, &off, 4));
	T(off);
	T(lseek(in, 0, SEEK_CUR));
	abi_show("out");
	T(sendfile(out, in, NULL, 100));
	T(sendfile(out, in, NULL, 100));
	abi_show("out");
	T(sendfile(out, 99, NULL, 1));
	T(sendfile(99, in, NULL, 1));
	T(sendfile(in, in, NULL, 1));
	T(sendfile(out, in, BAD, 1));
	off = -1;
	T(sendfile(out, in, &off, 1));
	T(pipe(fds));
	off = 0;
	T(sendfile(fds[1], in, &off, 5));
	T(read(fds[0], buf, sizeof(buf)));

	T(ftruncate(out, 0));
	T(copy_file_range(in, &from, out, &to, 4, 0));
	SAY("%ld %ld\n", (long)from, (long)to);
	abi_show("out");
	T(copy_file_range(in, NULL, out, NULL, 4, 1));
	T(copy_file_range(99, NULL, out, NULL, 4, 0));
	T(copy_file_range(out, NULL, in, NULL, 4, 0));
	close(in);
	close(out);
}

static void allocation(void)
{
	struct stat st;
	int fd = T(open("alloc", O_RDWR | O_CREAT, 0644)), fds[2];

	if (getenv("ABI_TMP")) { /* 9p has no such call */
		T(fallocate(fd, 0, 0, 5000));
		T(fstat(fd, &st));
		T(st.st_size);
		T(fallocate(fd, FALLOC_FL_KEEP_SIZE, 0, 9000));
		T(fstat(fd, &st));
		T(st.st_size);
	}
	T(fallocate(fd, 0, -1, 10));
	T(fallocate(fd, 0, 0, 0));
	T(fallocate(99, 0, 0, 10));
	T(pipe(fds));
	T(fallocate(fds[1], 0, 0, 10));
	T(posix_fadvise(fd, 0, 0, POSIX_FADV_WILLNEED));
	T(posix_fadvise(fd, 0, 0, 99));
	T(posix_fadvise(99, 0, 0, POSIX_FADV_WILLNEED));
	T(posix_fadvise(fds[0], 0, 0, POSIX_FADV_WILLNEED));
	close(fd);
}

static void told(void)
{
	struct statx sx;
	struct statfs sf;
	int fd;

	abi_put("told", "xyz");
	T(statx(AT_FDCWD, "told", 0, STATX_BASIC_STATS, &sx));
	SAY("mode %o size %lu nlink %u\n", sx.stx_mode, (unsigned long)sx.stx_size, sx.stx_nlink);
	IS((sx.stx_mask & STATX_BASIC_STATS) == STATX_BASIC_STATS);
	T(statx(AT_FDCWD, "missing", 0, STATX_BASIC_STATS, &sx));
	T(statx(AT_FDCWD, "told", 0x80000, STATX_BASIC_STATS, &sx));
	T(statx(AT_FDCWD, "told", 0, STATX_BASIC_STATS, BAD));
	T(statx(99, "told", 0, STATX_BASIC_STATS, &sx));
	fd = T(open("told", O_RDONLY));
	T(statx(fd, "", AT_EMPTY_PATH, STATX_SIZE, &sx));
	T(sx.stx_size);
	T(statfs(".", &sf));
	IS(sf.f_bsize > 0 && sf.f_namelen >= 255);
	T(fstatfs(fd, &sf));
	T(statfs("missing", &sf));
	T(statfs(".", BAD));
	T(fstatfs(99, &sf));
	T(syncfs(fd));
	T(syncfs(99));
	close(fd);
}

static void renames(void)
{
	abi_put("a", "aaa");
	abi_put("b", "bbb");
	T(renameat2(AT_FDCWD, "a", AT_FDCWD, "b", RENAME_NOREPLACE));
	T(renameat2(AT_FDCWD, "a", AT_FDCWD, "c", RENAME_NOREPLACE));
	abi_show("c");
	T(renameat2(AT_FDCWD, "b", AT_FDCWD, "c", 0x99));
	T(renameat2(AT_FDCWD, "b", AT_FDCWD, "c", RENAME_NOREPLACE | RENAME_EXCHANGE));
	T(renameat2(AT_FDCWD, "b", AT_FDCWD, "c", 0));
	abi_show("c");
	T(renameat2(AT_FDCWD, "b", AT_FDCWD, "d", RENAME_NOREPLACE));
}

static void owners(void)
{
	int fd;

	abi_put("owned", "x");
	fd = T(open("owned", O_RDWR));
	T(chown("owned", getuid(), getgid()));
	T(fchown(fd, (uid_t)-1, (gid_t)-1));
	T(lchown("owned", getuid(), (gid_t)-1));
	T(chown("missing", getuid(), getgid()));
	T(fchown(99, getuid(), getgid()));
	T(fchownat(AT_FDCWD, "", getuid(), getgid(), 0));
	T(fchownat(fd, "", getuid(), getgid(), AT_EMPTY_PATH));
	T(fchownat(AT_FDCWD, "owned", getuid(), getgid(), 0x80000));
	T(fchmodat(AT_FDCWD, "owned", 0600, 0));
	T(fchmodat(99, "owned", 0600, 0));
	T(faccessat(AT_FDCWD, "owned", R_OK, AT_EACCESS));
	T(syscall(SYS_faccessat2, AT_FDCWD, "owned", R_OK, 0x80000));
	close(fd);
}

static void times_of(void)
{
	struct timeval tv[2] = {{1000, 250000}, {2000, 750000}};
	struct timeval bad[2] = {{0, 1000000}, {0, 0}};
	struct timespec now[2] = {{0, UTIME_OMIT}, {3000, 5000}};
	struct stat st;
	int fd;

	abi_put("timed", "x");
	T(utimes("timed", tv));
	T(stat("timed", &st));
	SAY("%ld.%09ld %ld.%09ld\n", st.st_atim.tv_sec, st.st_atim.tv_nsec, st.st_mtim.tv_sec, st.st_mtim.tv_nsec);
	T(utimes("timed", bad));
	T(utimes("missing", tv));
	fd = T(open("timed", O_RDONLY));
	T(futimens(fd, now));
	T(fstat(fd, &st));
	SAY("%ld.%09ld %ld.%09ld\n", st.st_atim.tv_sec, st.st_atim.tv_nsec, st.st_mtim.tv_sec, st.st_mtim.tv_nsec);
	T(futimens(99, now));
	T(utimensat(AT_FDCWD, "timed", NULL, 0));
	T(stat("timed", &st));
	IS(st.st_mtim.tv_sec > 1600000000);
	close(fd);
}

static void nodes(void)
{
	struct stat st;

	T(mknod("regular", S_IFREG | 0640, 0));
	T(stat("regular", &st));
	SAY("%o\n", st.st_mode);
	T(mknod("regular", S_IFREG | 0640, 0));
	T(mknod("missing/x", S_IFREG | 0640, 0));
	T(mknod("odd", S_IFDIR | 0700, 0));
}

static void vectors(void)
{
	char a[4] = "abc", b[4] = "";
	struct iovec out = {a, 3}, in = {b, 3};
	int fd = T(open("vec", O_RDWR | O_CREAT, 0644));

	T(pwritev2(fd, &out, 1, 0, 0));
	T(pwritev2(fd, &out, 1, -1, RWF_APPEND));
	T(preadv2(fd, &in, 1, 3, 0));
	abi_bytes("b", b, 3);
	T(preadv2(fd, &in, 1, 0, 0x7000));
	T(preadv(fd, &in, 1, -2));
	T(syscall(SYS_close_range, 50, 40, 0));
	T(syscall(SYS_close_range, 50, 60, 0x99));
	T(fcntl(fd, F_GETFD));
	T(syscall(SYS_close_range, fd, fd, 4)); /* CLOSE_RANGE_CLOEXEC */
	T(fcntl(fd, F_GETFD));
	T(syscall(SYS_close_range, fd, fd, 0));
	T(fcntl(fd, F_GETFD));
}

int main(void)
{
	copies();
	allocation();
	told();
	renames();
	owners();
	times_of();
	nodes();
	vectors();
	return 0;
}
