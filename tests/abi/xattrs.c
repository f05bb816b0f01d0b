/* SPDX-License-Identifier: MIT */
/* Extended attributes: set, get, list, remove, by path, link and descriptor; the errors of xattr(7). */
#include "abi.h"
#include <sys/xattr.h>

static int by_name(const void *a, const void *b) { return strcmp(*(const char *const *)a, *(const char *const *)b); }

/* The names in an order of our own: file systems have theirs. */
static void list(const char *path)
{
	char buf[1024];
	const char *names[16];
	ssize_t n = T(listxattr(path, buf, sizeof(buf)));
	int count = 0;

	for (char *p = buf; n > 0 && p < buf + n && count < 16; p += strlen(p) + 1)
		names[count++] = p;
	qsort(names, (size_t)count, sizeof(*names), by_name);
	for (int i = 0; i < count; i++)
		SAY("  %s\n", names[i]);
}

static void show(const char *path, const char *name)
{
	char buf[256];
	ssize_t n = getxattr(path, name, buf, sizeof(buf));

	if (n < 0)
		abi_result(name, n, errno);
	else
		abi_bytes(name, buf, (size_t)n);
}

/* QEMU's 9p server cannot keep an empty value. */
static bool empty(void) { return getenv("ABI_TMP") != NULL; }

static void values(void)
{
	static char big[3000], back[3000];
	char buf[8];

	T(listxattr("f", NULL, 0));
	T(setxattr("f", "user.one", "first", 5, 0));
	T(setxattr("f", "user.two", "2", empty() ? 0 : 1, 0));
	T(setxattr("f", "user.bytes", "a\0b", 3, XATTR_CREATE));
	list("f");
	show("f", "user.one");
	show("f", "user.two");
	show("f", "user.bytes");
	T(getxattr("f", "user.one", NULL, 0));
	T(getxattr("f", "user.one", buf, 4));
	T(getxattr("f", "user.one", buf, 5));
	T(getxattr("f", "user.none", buf, sizeof(buf)));
	T(listxattr("f", buf, sizeof(buf)));

	T(setxattr("f", "user.one", "x", 1, XATTR_CREATE));
	T(setxattr("f", "user.none", "x", 1, XATTR_REPLACE));
	T(setxattr("f", "user.one", "second", 6, XATTR_REPLACE));
	show("f", "user.one");
	T(setxattr("f", "user.one", "3", empty() ? 0 : 1, XATTR_REPLACE));
	show("f", "user.one");
	T(setxattr("f", "user.one", "x", 1, XATTR_CREATE | XATTR_REPLACE));

	T(removexattr("f", "user.two"));
	T(removexattr("f", "user.two"));
	list("f");

	memset(big, 'v', sizeof(big));
	T(setxattr("f", "user.big", big, sizeof(big), 0));
	T(getxattr("f", "user.big", back, sizeof(back)));
	IS(!memcmp(big, back, sizeof(big)));
	T(removexattr("f", "user.big"));
}

static void errors(void)
{
	static char huge[65537];
	char long_name[300] = "user.", buf[16];

	memset(long_name + 5, 'n', 294);
	T(setxattr("f", long_name, "x", 1, 0) == -1 ? errno == ERANGE : 2);
	T(getxattr("f", long_name, buf, 1) == -1 ? errno == ERANGE : 2);
	T(setxattr("f", "", "x", 1, 0));
	T(getxattr("f", "", buf, 1));
	T(removexattr("f", ""));
	T(setxattr("f", "user.", "x", 1, 0));
	T(getxattr("f", "user.", buf, 1));
	T(setxattr("f", "nothing", "x", 1, 0));
	T(getxattr("f", "nothing", buf, 1));
	T(removexattr("f", "nothing"));
	T(setxattr("f", "odd.name", "x", 1, 0));
	T(setxattr("f", "user.x", "x", 1, 4));
	T(setxattr("f", "user.x", huge, sizeof(huge), 0));
	T(setxattr("f", "user.x", BAD, 1, 0));
	T(setxattr("f", BAD, "x", 1, 0));
	T(setxattr(BAD, "user.x", "x", 1, 0));
	T(getxattr("f", "user.bytes", BAD, 8));
	T(listxattr("f", BAD, 100));
	T(setxattr("missing", "user.x", "x", 1, 0));
	T(getxattr("missing", "user.x", buf, 1));
	T(listxattr("missing", buf, 1));
	T(removexattr("missing", "user.x"));
	T(getxattr("f/x", "user.x", buf, 1));
	T(fsetxattr(-1, "user.x", "x", 1, 0));
	T(fsetxattr(-1, "", "x", 1, 0));
	T(fgetxattr(99, "user.x", buf, 1));
	T(flistxattr(99, buf, 1));
	T(fremovexattr(99, "user.x"));
}

static void kinds(void)
{
	char buf[16];
	int fd, path;

	T(symlink("f", "link"));
	T(getxattr("link", "user.bytes", buf, sizeof(buf)));
	T(lgetxattr("link", "user.bytes", buf, sizeof(buf)));
	T(lsetxattr("link", "user.x", "x", 1, 0));
	T(lremovexattr("link", "user.x"));
	T(llistxattr("link", buf, sizeof(buf)));
	T(setxattr("link", "user.via", "link", 4, 0));
	show("f", "user.via");
	T(lremovexattr("f", "user.via"));
	T(symlink("loop", "loop"));
	T(setxattr("loop", "user.x", "x", 1, 0));

	T(mkdir("d", 0755));
	T(setxattr("d", "user.dir", "yes", 3, 0));
	show("d", "user.dir");
	list("d");

	fd = OK(open("f", O_RDONLY));
	path = OK(open("f", O_PATH));
	T(fsetxattr(fd, "user.fd", "1", 1, 0));
	T(fgetxattr(fd, "user.fd", buf, sizeof(buf)));
	T(flistxattr(fd, NULL, 0) > 0);
	T(fremovexattr(fd, "user.fd"));
	T(fgetxattr(fd, "user.fd", buf, sizeof(buf)));
	T(fgetxattr(path, "user.bytes", buf, sizeof(buf)));
	T(fsetxattr(path, "user.x", "x", 1, 0));
	close(fd);
	close(path);
	T(mkfifo("/tmp/abi-xattr-fifo", 0600));
	T(setxattr("/tmp/abi-xattr-fifo", "user.x", "x", 1, 0));
	T(getxattr("/tmp/abi-xattr-fifo", "user.x", buf, 1));
	unlink("/tmp/abi-xattr-fifo");
}

/* They belong to the file, not to its name. */
static void with_the_file(void)
{
	struct stat before, after;

	T(setxattr("f", "user.stays", "here", 4, 0));
	T(rename("f", "g"));
	show("g", "user.stays");
	T(link("g", "h"));
	show("h", "user.stays");
	T(removexattr("h", "user.stays"));
	show("g", "user.stays");
	stat("g", &before);
	usleep(20000);
	T(setxattr("g", "user.time", "now", 3, 0));
	stat("g", &after);
	IS(after.st_ctim.tv_sec != before.st_ctim.tv_sec || after.st_ctim.tv_nsec != before.st_ctim.tv_nsec);
	IS(after.st_mtim.tv_sec == before.st_mtim.tv_sec && after.st_mtim.tv_nsec == before.st_mtim.tv_nsec);
}

int main(void)
{
	abi_put("f", "contents");
	values();
	errors();
	kinds();
	with_the_file();
	return 0;
}
