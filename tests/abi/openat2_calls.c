/* SPDX-License-Identifier: MIT */
/* openat2: its structure's sizes, flags that open(2) would pass over, and each RESOLVE_* flag. */
#include "abi.h"
#include <linux/openat2.h>
#include <sys/mman.h>

static int dir;

static long how(int at, const char *path, uint64_t flags, uint64_t mode, uint64_t resolve)
{
	struct open_how h = {.flags = flags, .mode = mode, .resolve = resolve};

	return syscall(SYS_openat2, at, path, &h, sizeof(h));
}

/* Opens, says what the file holds or how it failed, and closes. */
static void try(const char *path, uint64_t flags, uint64_t resolve)
{
	char buf[32];
	long fd = how(dir, path, flags, 0, resolve);
	ssize_t n;

	SAY("%s %#lx %#lx: ", path, (unsigned long)flags, (unsigned long)resolve);
	if (fd < 0) {
		SAY("%s\n", strerrorname_np(errno));
		return;
	}
	n = read((int)fd, buf, sizeof(buf));
	if (n < 0)
		SAY("open, %s\n", strerrorname_np(errno));
	else
		SAY("%.*s\n", (int)n, buf);
	close((int)fd);
}

static void structure(void)
{
	struct {
		struct open_how h;
		char more[8];
	} big = {.h = {.flags = O_RDONLY}};
	static char page[4097];
	char *end = (char *)mmap(NULL, 8192, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0) + 4096;

	munmap(end, 4096);
	T(syscall(SYS_openat2, AT_FDCWD, "top", &big, 0));
	T(syscall(SYS_openat2, AT_FDCWD, "top", &big, 23));
	close((int)OK(syscall(SYS_openat2, AT_FDCWD, "top", &big, sizeof(big))));
	big.more[7] = 1;
	T(syscall(SYS_openat2, AT_FDCWD, "top", &big, sizeof(big)));
	T(syscall(SYS_openat2, AT_FDCWD, "top", page, sizeof(page)));
	close((int)OK(syscall(SYS_openat2, AT_FDCWD, "top", page, 4096)));
	T(syscall(SYS_openat2, AT_FDCWD, "top", BAD, 24));
	T(syscall(SYS_openat2, AT_FDCWD, "top", end - 8, 24));
	T(syscall(SYS_openat2, AT_FDCWD, "top", end - 24, 32));
	T(how(AT_FDCWD, BAD, 0, 0, 0));
	T(how(AT_FDCWD, "", 0, 0, 0));
	T(how(99, "top", 0, 0, 0));
	T(how(AT_FDCWD, "top/x", 0, 0, 0));
}

static void flags(void)
{
	T(how(AT_FDCWD, "top", 1ull << 40, 0, 0));
	T(how(AT_FDCWD, "top", 1u << 30, 0, 0));
	T(how(AT_FDCWD, "top", 0, 0, 0x40));
	T(how(AT_FDCWD, "top", 0, 0, RESOLVE_BENEATH | RESOLVE_IN_ROOT));
	T(how(AT_FDCWD, "top", 0, 0644, 0));
	T(how(AT_FDCWD, "new", O_CREAT | O_WRONLY, 010000, 0));
	T(how(AT_FDCWD, "new", O_CREAT | O_DIRECTORY, 0644, 0));
	T(how(AT_FDCWD, ".", O_TMPFILE, 0600, 0));
	T(how(AT_FDCWD, ".", (O_TMPFILE & ~O_DIRECTORY) | O_RDWR, 0600, 0));
	T(how(AT_FDCWD, "top", O_PATH | O_RDWR, 0, 0));
	T(how(AT_FDCWD, "top", O_PATH | O_TRUNC, 0, 0));
	close((int)OK(how(AT_FDCWD, "top", O_PATH | O_CLOEXEC, 0, 0)));
	close((int)OK(how(AT_FDCWD, "new", O_CREAT | O_EXCL | O_WRONLY, 0640, 0)));
	T(how(AT_FDCWD, "new", O_CREAT | O_EXCL | O_WRONLY, 0640, 0));
	T(how(AT_FDCWD, "new", O_CREAT | O_WRONLY, 0640, RESOLVE_CACHED));
	T(how(AT_FDCWD, "new", O_TRUNC | O_WRONLY, 0, RESOLVE_CACHED));
	if (getenv("ABI_TMP")) /* a shared directory's names are asked for each time */
		close((int)OK(how(AT_FDCWD, "new", O_RDONLY, 0, RESOLVE_CACHED)));
}

static void make(void)
{
	char path[PATH_MAX], to[PATH_MAX + 16];

	abi_put("top", "top");
	mkdir("box", 0755);
	mkdir("box/in", 0755);
	abi_put("box/file", "file");
	abi_put("box/in/deep", "deep");
	T(symlink("file", "box/link"));
	T(symlink("in", "box/dirlink"));
	T(symlink("../top", "box/out"));
	T(symlink("in/../file", "box/around"));
	T(symlink("/file", "box/rooted"));
	T(symlink("/in/deep", "box/rooted2"));
	snprintf(to, sizeof(to), "%s/box/file", getcwd(path, sizeof(path)));
	T(symlink(to, "box/absolute"));
	T(symlink("/proc/self/fd/0", "box/magic"));
	dir = open("box", O_RDONLY | O_DIRECTORY);
}

static void resolve(void)
{
	static const char *const paths[] = {"file", "in/deep", "link", "dirlink/deep", "out", "around", "rooted",
					    "rooted2", "absolute", "../top", "in/../file", "in/../../top", ".",
					    "..", "/file", "/in/deep", "../../file", "missing", "link/x"};
	static const unsigned how_to[] = {RESOLVE_BENEATH, RESOLVE_IN_ROOT, RESOLVE_NO_SYMLINKS, RESOLVE_NO_MAGICLINKS};

	for (unsigned h = 0; h < 3; h++)
		for (unsigned p = 0; p < sizeof(paths) / sizeof(*paths); p++)
			if (h < 2 || paths[p][0] != '/')
				try(paths[p], O_RDONLY, how_to[h]);
	try("link", O_RDONLY, RESOLVE_NO_MAGICLINKS);
	try("link", O_RDONLY | O_NOFOLLOW, 0);
	try("link", O_PATH | O_NOFOLLOW, RESOLVE_NO_SYMLINKS);
	try("dirlink/deep", O_PATH | O_NOFOLLOW, RESOLVE_NO_SYMLINKS);
}

static void magic(void)
{
	char path[64];
	int fd = open("top", O_RDONLY);

	snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
	close((int)OK(how(AT_FDCWD, path, O_RDONLY, 0, 0)));
	T(how(AT_FDCWD, path, O_RDONLY, 0, RESOLVE_NO_MAGICLINKS));
	T(how(AT_FDCWD, path, O_RDONLY, 0, RESOLVE_NO_SYMLINKS));
	T(how(AT_FDCWD, path, O_RDONLY, 0, RESOLVE_BENEATH));
	close((int)OK(how(AT_FDCWD, path, O_PATH | O_NOFOLLOW, 0, RESOLVE_NO_MAGICLINKS)));
	close(fd);
	fd = open("/", O_RDONLY | O_DIRECTORY);
	T(how(fd, "proc/version", O_RDONLY, 0, RESOLVE_NO_XDEV));
	close((int)OK(how(fd, "proc/version", O_RDONLY, 0, RESOLVE_BENEATH)));
	close((int)OK(how(fd, "/proc/version", O_RDONLY, 0, RESOLVE_IN_ROOT)));
	close(fd);
	fd = open("/proc", O_RDONLY | O_DIRECTORY);
	T(how(fd, "..", O_RDONLY, 0, RESOLVE_NO_XDEV));
	close((int)OK(how(fd, "version", O_RDONLY, 0, RESOLVE_NO_XDEV)));
	T(how(fd, "..", O_RDONLY, 0, RESOLVE_BENEATH));
	close(fd);
	T(how(99, "/proc/version", O_RDONLY, 0, RESOLVE_IN_ROOT));
	close((int)OK(how(99, "/proc/version", O_RDONLY, 0, 0)));
	T(how(99, "/proc/version", O_RDONLY, 0, RESOLVE_BENEATH));
}

static void creation(void)
{
	T(how(dir, "../escaped", O_CREAT | O_WRONLY, 0644, RESOLVE_BENEATH));
	close((int)OK(how(dir, "made", O_CREAT | O_WRONLY, 0644, RESOLVE_BENEATH)));
	close((int)OK(how(dir, "/rooted-made", O_CREAT | O_WRONLY, 0644, RESOLVE_IN_ROOT)));
	close((int)OK(how(dir, "../up-made", O_CREAT | O_WRONLY, 0644, RESOLVE_IN_ROOT)));
	T(access("box/made", F_OK));
	T(access("box/rooted-made", F_OK));
	T(access("box/up-made", F_OK));
	T(symlink("../dangling", "box/dangling"));
	T(how(dir, "dangling", O_CREAT | O_WRONLY, 0644, RESOLVE_BENEATH));
	T(how(dir, "dangling", O_CREAT | O_WRONLY, 0644, RESOLVE_NO_SYMLINKS));
	T(access("dangling", F_OK));
	close((int)OK(how(dir, "dangling", O_CREAT | O_WRONLY, 0644, RESOLVE_IN_ROOT)));
	T(access("box/dangling", F_OK));
	T(faccessat(dir, "dangling", F_OK, AT_SYMLINK_NOFOLLOW));
}

int main(void)
{
	make();
	structure();
	flags();
	resolve();
	magic();
	creation();
	return 0;
}
