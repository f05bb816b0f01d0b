/* SPDX-License-Identifier: MIT */
/* open(2), openat(2): the errors of paths. */
#include "abi.h"
#include <sys/resource.h>

int main(void)
{
	static char name[300], path[5000];
	struct rlimit lim;
	int dir, fd;

	abi_put("file", "x");
	T(mkdir("dir", 0755));
	T(open("", O_RDONLY));
	T(open("missing", O_RDONLY));
	T(open("missing/below", O_RDONLY));
	T(open("missing/below", O_WRONLY | O_CREAT, 0666));
	T(open("file/below", O_RDONLY));
	T(open("file/", O_RDONLY));
	T(open("file/.", O_RDONLY));
	T(open("file/..", O_RDONLY));
	T(open("new/", O_WRONLY | O_CREAT, 0666));
	T(open("missing/../file", O_RDONLY));
	fd = T(open("dir/../file", O_RDONLY));
	T(close(fd));
	fd = T(open("./././/file", O_RDONLY));
	T(close(fd));
	fd = T(open("dir//", O_RDONLY));
	T(close(fd));
	T(open(BAD, O_RDONLY));
	T(open("file", O_WRONLY | O_CREAT | O_EXCL));
	T(open("dir", O_WRONLY | O_CREAT | O_EXCL));
	fd = T(open("/../../..", O_RDONLY | O_DIRECTORY));
	T(close(fd));

	memset(name, 'n', 255);
	fd = OK(open(name, O_WRONLY | O_CREAT, 0666));
	T(close(fd));
	T(unlink(name));
	name[255] = 'n';
	T(open(name, O_WRONLY | O_CREAT, 0666));
	T(open(name, O_RDONLY));
	for (size_t i = 0; i + 1 < sizeof(path); i += 2)
		memcpy(path + i, "./", 2);
	T(open(path, O_RDONLY));
	path[4094] = 0;
	fd = T(open(path, O_RDONLY));
	T(close(fd));
	path[4094] = '.';
	path[4095] = 0;
	fd = T(open(path, O_RDONLY));
	T(close(fd));

	/* descriptors as starting points */
	T(openat(-1, "file", O_RDONLY));
	T(openat(77, "file", O_RDONLY));
	fd = T(open("file", O_RDONLY));
	T(openat(fd, "below", O_RDONLY));
	T(close(fd));
	dir = T(open("dir", O_RDONLY | O_DIRECTORY));
	fd = T(openat(dir, "inner", O_RDWR | O_CREAT, 0644));
	T(close(fd));
	T(access("dir/inner", F_OK));
	fd = T(openat(dir, "../file", O_RDONLY));
	T(close(fd));
	T(openat(dir, "missing", O_RDONLY));
	fd = OK(openat(-1, "/dev/null", O_RDONLY)); /* an absolute path needs no start */
	T(close(fd));
	T(close(dir));

	/* no descriptor left */
	T(getrlimit(RLIMIT_NOFILE, &lim));
	lim.rlim_cur = 5;
	T(setrlimit(RLIMIT_NOFILE, &lim));
	T(open("file", O_RDONLY));
	T(open("file", O_RDONLY));
	T(open("file", O_RDONLY));
	T(open("not-made", O_WRONLY | O_CREAT, 0666));
	T(access("not-made", F_OK));
	T(dup(0));
	T(close(3));
	T(open("file", O_RDONLY));
	return 0;
}
