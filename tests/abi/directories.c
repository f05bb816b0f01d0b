/* SPDX-License-Identifier: MIT */
/* mkdir, rmdir, chdir, getcwd, getdents64: trees, listings, errors. */
#include "abi.h"

static int by_name(const struct dirent **a, const struct dirent **b)
{
	return strcmp((*a)->d_name, (*b)->d_name);
}

static void list(const char *path)
{
	struct dirent **e;
	int n = scandir(path, &e, NULL, by_name);

	SAY("%s: %d entries\n", path, n);
	for (int i = 0; i < n; i++) {
		SAY("  %s%s\n", e[i]->d_name, e[i]->d_type == DT_DIR ? "/" : e[i]->d_type == DT_REG ? "" : "?");
		free(e[i]);
	}
	if (n >= 0)
		free(e);
}

static const char *tail(const char *path)
{
	return strrchr(path, '/');
}

/* Every name once, however small the buffer, and again after a rewind. */
static void many(void)
{
	enum { N = 300 };
	static char seen[N];
	char name[32], buf[256];
	int fd, rounds = 0, others = 0, i;
	long n;

	T(mkdir("many", 0777));
	for (i = 0; i < N; i++) {
		snprintf(name, sizeof(name), "many/file-%03d", i);
		close(open(name, O_WRONLY | O_CREAT, 0644));
	}
	fd = T(open("many", O_RDONLY | O_DIRECTORY));
	for (int pass = 0; pass < 2; pass++) {
		memset(seen, 0, sizeof(seen));
		others = 0;
		while ((n = syscall(SYS_getdents64, fd, buf, sizeof(buf))) > 0) {
			for (long at = 0; at < n;) {
				struct dirent64 *d = (void *)(buf + at);

				if (sscanf(d->d_name, "file-%d", &i) == 1 && i >= 0 && i < N)
					seen[i]++;
				else
					others++;
				at += d->d_reclen;
			}
			rounds++;
		}
		for (i = 0; i < N && seen[i] == 1; i++)
			;
		SAY("pass %d: result %ld, each once: %s, others %d\n", pass, n, i == N ? "yes" : "no", others);
		T(lseek(fd, 0, SEEK_SET));
	}
	IS(rounds > 10);
	T(syscall(SYS_getdents64, fd, buf, 1));
	T(syscall(SYS_getdents64, fd, BAD, 4096));
	T(close(fd));

	/* entries may go while they are read */
	DIR *d = opendir("many");
	struct dirent *e;
	int gone = 0;

	while ((e = readdir(d)))
		if (e->d_name[0] == 'f' && unlinkat(dirfd(d), e->d_name, 0) == 0)
			gone++;
	closedir(d);
	T(gone);
	T(rmdir("many"));
}

int main(void)
{
	static char name[300], buf[PATH_MAX];
	struct stat st;
	int fd;

	memset(name, 'd', 256);
	T(mkdir("a", 0777));
	T(stat("a", &st));
	T(st.st_mode & 07777);
	T(mkdir("a", 0777));
	T(mkdir("a/b/", 0700));
	T(mkdir("missing/x", 0777));
	abi_put("file", "x");
	T(mkdir("file", 0777));
	T(mkdir("file/x", 0777));
	T(mkdir("", 0777));
	T(mkdir("/", 0777));
	T(mkdir(".", 0777));
	T(mkdir("a/..", 0777));
	T(mkdir(name, 0777));
	T(mkdir(BAD, 0777));
	T(mkdirat(99, "x", 0777));
	abi_put("a/one", "1");
	abi_put("a/b/two", "2");
	list(".");
	list("a");
	list("a/b");
	list("missing");
	list("file");

	T(rmdir("a"));
	T(rmdir("a/b"));
	T(rmdir("file"));
	T(rmdir("missing"));
	T(rmdir("."));
	T(rmdir("a/."));
	T(rmdir("a/.."));
	T(rmdir(""));
	T(rmdir("/"));
	T(rmdir(BAD));

	T(chdir("a"));
	T(strcmp(tail(getcwd(buf, sizeof(buf))), "/a"));
	T(chdir("b"));
	T(strcmp(tail(getcwd(buf, sizeof(buf))), "/b"));
	T(access("two", F_OK));
	T(chdir("../.."));
	T(access("file", F_OK));
	T(chdir("file"));
	T(chdir("missing"));
	T(chdir(""));
	T(chdir(BAD));
	T(syscall(SYS_getcwd, buf, 1));
	T(syscall(SYS_getcwd, BAD, 4096));
	IS(syscall(SYS_getcwd, buf, sizeof(buf)) == (long)strlen(buf) + 1);
	fd = T(open("a", O_RDONLY));
	T(fchdir(fd));
	T(access("one", F_OK));
	T(chdir(".."));
	T(close(fd));
	T(fchdir(99));
	fd = T(open("file", O_RDONLY));
	T(fchdir(fd));
	T(syscall(SYS_getdents64, fd, buf, sizeof(buf)));
	T(close(fd));
	T(syscall(SYS_getdents64, 99, buf, sizeof(buf)));

	/* deep */
	T(mkdir("deep", 0777));
	T(chdir("deep"));
	for (int i = 0; i < 40; i++)
		if (mkdir("x", 0777) || chdir("x"))
			SAY("level %d: %s\n", i, strerrorname_np(errno));
	abi_put("bottom", "here");
	for (int i = 0; i < 41; i++)
		if (chdir(".."))
			SAY("level %d: %s\n", i, strerrorname_np(errno));
	memset(buf, 0, sizeof(buf));
	strcpy(buf, "deep");
	for (int i = 0; i < 40; i++)
		strcat(buf, "/x");
	strcat(buf, "/bottom");
	T(access(buf, F_OK));

	T(unlink("a/b/two"));
	T(rmdir("a/b"));
	list("a");
	many();
	return 0;
}
