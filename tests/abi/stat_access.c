/* SPDX-License-Identifier: MIT */
/* stat and its forms, access, readlink, chmod, utimensat: what is told of a file. */
#include "abi.h"
#include <sys/sysmacros.h>

static void show(const char *what, const struct stat *st)
{
	SAY("%s: mode %o nlink %s size %ld uid %d gid %d\n", what, st->st_mode,
	    S_ISDIR(st->st_mode) ? "-" : st->st_nlink == 1 ? "1" : "more",
	    S_ISDIR(st->st_mode) ? -1 : (long)st->st_size, st->st_uid == getuid(), st->st_gid == getgid());
}

int main(void)
{
	struct stat st, again;
	struct timespec times[2] = {{1000000000, 5000}, {1234567890, 123456000}};
	struct timespec bad[2] = {{0, 2000000000}, {0, 0}};
	char buf[64];
	int fd, fds[2];

	abi_put("f", "12345");
	T(mkdir("d", 0750));
	T(stat("f", &st));
	show("f", &st);
	T(lstat("d", &st));
	show("d", &st);
	fd = T(open("f", O_RDONLY));
	T(fstat(fd, &again));
	stat("f", &st);
	IS(st.st_ino == again.st_ino && st.st_dev == again.st_dev);
	T(fstatat(fd, "", &again, AT_EMPTY_PATH));
	T(fstatat(AT_FDCWD, "", &again, AT_EMPTY_PATH));
	T(S_ISDIR(again.st_mode));
	T(fstatat(AT_FDCWD, "", &again, 0));
	T(fstatat(AT_FDCWD, "f", &again, 0x8000000));
	T(fstatat(99, "f", &again, 0));
	T(fstatat(fd, "x", &again, 0));
	T(stat("d", &again));
	IS(st.st_ino != again.st_ino);
	T(stat("missing", &st));
	T(stat("f/x", &st));
	T(stat("f/", &st));
	T(stat("", &st));
	T(stat(BAD, &st));
	T(stat("f", BAD));
	T(fstat(99, &st));
	T(fstat(fd, BAD));

	T(stat("/dev/null", &st));
	SAY("null: %o %d:%d\n", st.st_mode & S_IFMT, (int)major(st.st_rdev), (int)minor(st.st_rdev));
	T(stat("/dev/zero", &st));
	SAY("zero: %o %d:%d\n", st.st_mode & S_IFMT, (int)major(st.st_rdev), (int)minor(st.st_rdev));
	T(stat("/", &st));
	T(S_ISDIR(st.st_mode));
	T(pipe(fds));
	T(fstat(fds[0], &st));
	SAY("pipe: %o size %ld\n", st.st_mode, (long)st.st_size);

	T(access("f", F_OK));
	T(access("f", R_OK | W_OK));
	T(access("d", R_OK | W_OK | X_OK));
	T(access("missing", F_OK));
	T(access("f/x", F_OK));
	T(access("f", 99));
	T(access(BAD, F_OK));
	T(access("", F_OK));
	T(faccessat(99, "f", F_OK, 0));

	T(readlink("f", buf, sizeof(buf)));
	T(readlink("missing", buf, sizeof(buf)));
	T(readlink("d", buf, sizeof(buf)));
	T(readlink("f", buf, 0));
	T(readlink(BAD, buf, sizeof(buf)));
	T(readlink("", buf, sizeof(buf)));

	T(chmod("f", 0604));
	T(stat("f", &st));
	show("f", &st);
	T(fchmod(fd, 0640));
	T(fstat(fd, &st));
	show("f", &st);
	T(chmod("missing", 0600));
	T(fchmod(99, 0600));
	T(chmod("d", 0700));
	T(stat("d", &st));
	show("d", &st);

	T(utimensat(AT_FDCWD, "f", times, 0));
	T(stat("f", &st));
	SAY("atime %ld.%09ld mtime %ld.%09ld\n", st.st_atim.tv_sec, st.st_atim.tv_nsec, st.st_mtim.tv_sec,
	    st.st_mtim.tv_nsec);
	T(utimensat(AT_FDCWD, "f", bad, 0));
	T(utimensat(AT_FDCWD, "missing", times, 0));
	T(umask(027));
	T(umask(022));
	T(umask(07022));
	T(umask(022));
	return 0;
}
