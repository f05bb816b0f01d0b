/* SPDX-License-Identifier: MIT */
/* rename(2) and unlink(2): replacement, open files that lose their names, errors. */
#include "abi.h"

int main(void)
{
	static char name[300];
	struct stat st;
	char buf[16];
	int fd, old;

	memset(name, 'n', 256);
	abi_put("a", "aaa");
	abi_put("b", "bbb");
	T(mkdir("d", 0755));
	T(mkdir("e", 0755));
	T(mkdir("full", 0755));
	abi_put("full/x", "x");

	T(rename("a", "c"));
	T(access("a", F_OK));
	abi_show("c");
	T(rename("c", "b"));
	abi_show("b");
	T(rename("b", "b"));
	T(rename("b", "d/b"));
	abi_show("d/b");
	T(rename("d/b", "b"));
	T(rename("missing", "x"));
	T(rename("missing", "missing"));
	T(rename("b", "missing/x"));
	T(rename("b", "d"));
	T(rename("d", "b"));
	T(rename("d", "e"));
	T(rename("e", "full"));
	T(rename("full", "e"));
	abi_show("e/x");
	T(rename("e", "e/sub"));
	T(rename("e", "e/x"));
	T(rename("b", "b/x"));
	T(rename("b", "new/"));
	T(rename("b", ""));
	T(rename("", "x"));
	T(rename("b", name));
	T(rename(name, "b"));
	T(rename(BAD, "b"));
	T(rename("b", BAD));
	T(rename("b", "."));
	T(rename(".", "x"));
	T(rename("..", "x"));
	T(rename("e/", "d"));
	T(access("d/x", F_OK));
	T(renameat(99, "b", AT_FDCWD, "x"));
	T(renameat(AT_FDCWD, "b", 99, "x"));

	/* an open file survives its name */
	fd = T(open("b", O_RDWR));
	T(unlink("b"));
	T(access("b", F_OK));
	T(pread(fd, buf, 3, 0));
	abi_bytes("b", buf, 3);
	T(pwrite(fd, "ZZZZ", 4, 0));
	T(pread(fd, buf, 8, 0));
	T(fstat(fd, &st));
	T(st.st_size);
	T(st.st_nlink);
	T(close(fd));

	/* and its replacement */
	abi_put("target", "old");
	abi_put("source", "new");
	old = T(open("target", O_RDONLY));
	T(rename("source", "target"));
	T(read(old, buf, 8));
	abi_bytes("through the old descriptor", buf, 3);
	T(close(old));
	abi_show("target");

	/* a renamed open file can be written on */
	fd = T(open("target", O_WRONLY | O_APPEND));
	T(rename("target", "d/moved"));
	T(write(fd, "er", 2));
	T(close(fd));
	abi_show("d/moved");

	T(unlink("missing"));
	T(unlink("d"));
	T(unlink("d/moved/x"));
	T(unlink(""));
	T(unlink("."));
	T(unlink("/"));
	T(unlink("d/"));
	T(unlink(name));
	T(unlink(BAD));
	T(unlinkat(99, "x", 0));
	T(unlinkat(AT_FDCWD, "d/moved", 0x4000));
	T(unlinkat(AT_FDCWD, "d/moved", AT_REMOVEDIR));
	T(unlinkat(AT_FDCWD, "d", AT_REMOVEDIR));
	T(unlink("d/moved"));
	T(unlinkat(AT_FDCWD, "d/x", 0));
	T(unlinkat(AT_FDCWD, "d", AT_REMOVEDIR));
	return 0;
}
