/* SPDX-License-Identifier: MIT */
/* chroot: what "/" and ".." mean in it, what the working directory is called, and the way out that Linux leaves. */
#include "abi.h"

static void where(void)
{
	char buf[PATH_MAX];
	long n = syscall(SYS_getcwd, buf, sizeof(buf));

	SAY("in %s\n", n < 0 ? strerrorname_np(errno) : buf);
}

int main(void)
{
	int out, old = OK(open("/", O_RDONLY | O_DIRECTORY)), home = OK(open(".", O_RDONLY | O_DIRECTORY));
	char buf[PATH_MAX];
	ssize_t n;

	T(mkdir("jail", 0755));
	T(mkdir("jail/dir", 0755));
	abi_put("jail/dir/file", "inside");
	abi_put("outside", "outside");
	T(symlink("/dir/file", "jail/link"));
	T(symlink("../../outside", "jail/up"));
	T(chroot("outside"));
	T(chroot("missing"));
	T(chroot(""));
	T(chroot(BAD));
	T(chdir("jail"));
	T(chroot("."));
	where();
	abi_show("/dir/file");
	abi_show("/link");
	abi_show("/up");
	abi_show("/../dir/file");
	abi_show("/../../../outside");
	T(access("/proc", F_OK));
	T(chdir("dir"));
	where();
	T(chdir("../.."));
	where();
	T(chdir("/dir"));
	where();
	abi_put("/made", "made");
	T(mkdir("/../sub", 0700));
	out = OK(open("/dir", O_RDONLY));
	T(faccessat(home, "outside", F_OK, 0)); /* what is open stays open */
	T(faccessat(home, "../dir", F_OK, 0) == 0 || errno == ENOENT);
	T(chroot("/dir"));
	where();
	abi_show("/file");
	T(access("/made", F_OK));
	T(chdir("/.."));
	where();
	T(fchdir(old));
	T(chroot("."));
	T(fchdir(out));
	n = readlink("/proc/self/root", buf, sizeof(buf));
	SAY("%.*s\n", (int)(n < 0 ? 0 : n), buf);
	T(fchdir(home));
	abi_show("outside");
	abi_show("jail/made");
	T(access("jail/sub", F_OK));
	T(access("jail/link", F_OK));
	close(out);
	close(old);
	close(home);
	return 0;
}
