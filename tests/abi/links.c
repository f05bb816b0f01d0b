/* SPDX-License-Identifier: MIT */
/* link, symlink, readlink: following, loops, errors. */
#include "abi.h"

int main(void)
{
	struct stat a, b;
	char buf[64];
	int n;

	abi_put("f", "target");
	T(mkdir("d", 0755));
	T(symlink("f", "s"));
	abi_show("s");
	n = T(readlink("s", buf, sizeof(buf)));
	abi_bytes("points to", buf, n > 0 ? (size_t)n : 0);
	T(readlink("s", buf, 1));
	T(readlink("s", buf, 0));
	T(lstat("s", &a));
	T(S_ISLNK(a.st_mode));
	T(a.st_size);
	T(stat("s", &a));
	T(S_ISREG(a.st_mode));
	T(open("s", O_RDONLY | O_NOFOLLOW));
	T(symlink("f", "s"));
	T(symlink("nowhere", "dangling"));
	T(open("dangling", O_RDONLY));
	T(open("dangling", O_WRONLY | O_CREAT | O_EXCL, 0644));
	n = T(open("dangling", O_WRONLY | O_CREAT, 0644));
	close(n);
	T(access("nowhere", F_OK));
	T(symlink("loop2", "loop1"));
	T(symlink("loop1", "loop2"));
	T(open("loop1", O_RDONLY));
	T(stat("loop1", &a));
	T(symlink("../f", "d/up"));
	abi_show("d/up");
	T(symlink("d", "dl"));
	abi_put("dl/new", "in d");
	abi_show("d/new");
	T(rmdir("dl"));
	T(open("dl", O_RDONLY | O_DIRECTORY | O_NOFOLLOW));
	T(unlink("s"));
	abi_show("f");
	T(symlink("", "x"));
	T(symlink("f", ""));
	T(symlink("f", "missing/x"));
	T(symlink(BAD, "x"));

	T(link("f", "hard"));
	T(stat("f", &a));
	T(stat("hard", &b));
	IS(a.st_ino == b.st_ino && a.st_nlink == 2);
	T(link("f", "hard"));
	T(link("missing", "x"));
	T(link("d", "x"));
	T(link("f", "missing/x"));
	T(unlink("f"));
	abi_show("hard");
	T(stat("hard", &b));
	T(b.st_nlink);
	return 0;
}
