/* SPDX-License-Identifier: MIT */
/*
 * Thousands of calls on files, chosen by a generator that is the same everywhere, in a small world of names so
 * that they meet: whatever Linux makes of such a history, the isle must make of it too.
 * The seed is the first argument.
 */
#include "abi.h"

static uint64_t state;

static unsigned pick(unsigned n)
{
	state ^= state << 13;
	state ^= state >> 7;
	state ^= state << 17;
	return (unsigned)((state >> 11) % n);
}

static int fds[6] = {-1, -1, -1, -1, -1, -1};

/* A path of one to three components, sometimes odd. */
static const char *a_path(void)
{
	static const char *const names[] = {"a", "b", "c", "d", "a", "b", "l", "m", "..", ".", "nowhere"};
	static char bufs[4][1024];
	static unsigned next;
	char *buf = bufs[next++ % 4];
	unsigned n = 1 + pick(3);

	buf[0] = '\0';
	switch (pick(60)) {
	case 0:
		return buf; /* the empty path */
	case 1: /* a name that is too long */
		memset(buf, 'x', 256);
		buf[256] = '\0';
		return buf;
	case 2: /* and one that is not */
		memset(buf, 'y', 255);
		buf[255] = '\0';
		return buf;
	default:
		break;
	}
	for (unsigned i = 0; i < n; i++) {
		if (i)
			strcat(buf, pick(12) ? "/" : "//");
		strcat(buf, names[pick(sizeof(names) / sizeof(*names))]);
	}
	if (!pick(10))
		strcat(buf, "/");
	/* The walk must not leave the directory of the test. */
	if (strncmp(buf, "..", 2) == 0 || strstr(buf, "/.."))
		strcpy(buf, pick(2) ? "a/.." : "b/../a");
	return buf;
}

static void say(const char *what, const char *p, const char *q, long r)
{
	const char *e = r == -1 ? strerrorname_np(errno) : NULL;

	if (strlen(p) > 60)
		p = "LONG";
	if (q && strlen(q) > 60)
		q = "LONG";
	if (e)
		printf("%s %s %s: %s\n", what, p, q ? q : "", e);
	else
		printf("%s %s %s: %ld\n", what, p, q ? q : "", r);
}

static void do_open(void)
{
	static const int modes[] = {O_RDONLY, O_WRONLY, O_RDWR};
	static const int extra[] = {0, O_CREAT, O_CREAT, O_CREAT | O_EXCL, O_TRUNC, O_CREAT | O_TRUNC, O_APPEND,
				    O_CREAT | O_APPEND, O_DIRECTORY, O_NOFOLLOW, O_CREAT | O_NOFOLLOW,
				    O_DIRECTORY | O_NOFOLLOW, O_PATH, O_PATH | O_NOFOLLOW, O_CREAT | O_EXCL | O_NOFOLLOW};
	const char *p = a_path();
	int flags = modes[pick(3)] | extra[pick(sizeof(extra) / sizeof(*extra))];
	unsigned slot = pick(6);
	char what[32];
	int fd;

	if (fds[slot] >= 0)
		close(fds[slot]);
	fd = fds[slot] = open(p, flags, 0644);
	snprintf(what, sizeof(what), "open %#o", flags);
	say(what, p, NULL, fd < 0 ? -1 : 0);
}

static void do_rw(int fd)
{
	char buf[700], what[64];
	struct stat st;
	unsigned n = pick(sizeof(buf)), off = pick(9000);
	long r;

	/* What a position in a directory means is each file system's own affair. */
	if (fstat(fd, &st) == 0 && S_ISDIR(st.st_mode)) {
		printf("a directory\n");
		return;
	}
	switch (pick(10)) {
	case 0:
		r = read(fd, buf, n);
		break;
	case 1:
		memset(buf, 'A' + pick(26), sizeof(buf));
		r = write(fd, buf, n);
		break;
	case 2:
		r = pread(fd, buf, n, off);
		break;
	case 3:
		memset(buf, 'a' + pick(26), sizeof(buf));
		r = pwrite(fd, buf, n, off);
		break;
	case 4:
		r = ftruncate(fd, off);
		break;
	case 5:
		r = lseek(fd, off, SEEK_SET);
		break;
	case 6:
		r = lseek(fd, -(long)pick(5000), SEEK_END);
		break;
	case 7:
		r = lseek(fd, (long)pick(2000) - 1000, SEEK_CUR);
		break;
	case 8:
		r = fchmod(fd, 0400 | pick(01000));
		break;
	default:
		r = fsync(fd);
		break;
	}
	snprintf(what, sizeof(what), "on a file %u %u", n, off);
	say(what, "", NULL, r);
}

static int by_name(const void *a, const void *b) { return strcmp(*(char *const *)a, *(char *const *)b); }

static void list(const char *p)
{
	DIR *d = opendir(p);
	char *names[64];
	unsigned n = 0;
	struct dirent *e;

	say("list", p, NULL, d ? 0 : -1);
	if (!d)
		return;
	while (n < 64 && (e = readdir(d)))
		names[n++] = strdup(e->d_name);
	closedir(d);
	qsort(names, n, sizeof(*names), by_name);
	for (unsigned i = 0; i < n; i++) {
		printf(" %s", strlen(names[i]) > 60 ? "LONG" : names[i]);
		free(names[i]);
	}
	printf("\n");
}

static void show(const char *p, int flags)
{
	struct stat st;
	long r = fstatat(AT_FDCWD, p, &st, flags);

	say(flags ? "lstat" : "stat", p, NULL, r);
	if (r)
		return;
	printf(" %o", st.st_mode);
	if (!S_ISDIR(st.st_mode))
		printf(" size %ld links %lu", (long)st.st_size, (unsigned long)st.st_nlink);
	printf("\n");
}

static void content(const char *p)
{
	unsigned long sum = 5381, len = 0;
	char buf[512];
	ssize_t n;
	int fd = open(p, O_RDONLY | O_NONBLOCK);

	if (fd < 0)
		return;
	while ((n = read(fd, buf, sizeof(buf))) > 0) {
		for (ssize_t i = 0; i < n; i++)
			sum = sum * 33 + (unsigned char)buf[i];
		len += (unsigned long)n;
	}
	printf(" %lu bytes, sum %lx%s\n", len, sum, n < 0 ? strerrorname_np(errno) : "");
	close(fd);
}

static void one(bool in_tmp)
{
	const char *p = a_path(), *q = a_path();
	char buf[300];
	long r;

	switch (pick(24)) {
	case 0:
	case 1:
	case 2:
	case 3:
	case 4:
		do_open();
		break;
	case 5:
	case 6:
	case 7:
		do_rw(fds[pick(6)]);
		break;
	case 8:
	case 9:
		say("mkdir", p, NULL, mkdir(p, 0755));
		break;
	case 10:
		say("rmdir", p, NULL, rmdir(p));
		break;
	case 11:
	case 12:
		say("unlink", p, NULL, unlink(p));
		break;
	case 13:
	case 14:
		say("rename", p, q, rename(p, q));
		break;
	case 15:
		say("link", p, q, link(p, q));
		break;
	case 16:
		say("symlink", p, q, symlink(p, q));
		break;
	case 17:
		r = readlink(p, buf, sizeof(buf) - 1);
		say("readlink", p, NULL, r);
		break;
	case 18:
		list(p);
		break;
	case 19:
		show(p, AT_SYMLINK_NOFOLLOW);
		break;
	case 20:
		show(p, 0);
		content(p);
		break;
	case 21:
		say("access", p, NULL, access(p, (int)pick(8)));
		break;
	case 22:
		if (in_tmp) { /* 9p has no such flags */
			unsigned flags = 1 + pick(2);

			say(flags == 1 ? "rename noreplace" : "rename exchange", p, q,
			    renameat2(AT_FDCWD, p, AT_FDCWD, q, flags));
		}
		break;
	default:
		say("truncate", p, NULL, truncate(p, pick(10000)));
		break;
	}
}

int main(int argc, char **argv)
{
	/* A link to "." and ".." behind it lead upwards: not out of here. */
	for (int i = 0; i < 8; i++)
		if (mkdir("x", 0755) || chdir("x"))
			return 99;
	state = 88172645463325252ull + (argc > 1 ? strtoull(argv[1], NULL, 0) * 7919 : 0);
	for (int i = 0; i < 4000; i++) {
		printf("%d ", i);
		one(getenv("ABI_TMP") != NULL);
	}
	return 0;
}
