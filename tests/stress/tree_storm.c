/* SPDX-License-Identifier: MIT */
/*
 * Threads do all that can be done to a tree of names at once, in the working directory and in /tmp: no call may
 * hang, crash or give an error that no history explains, and in the end everything can be taken away.
 */
#include "stress.h"
#include <dirent.h>
#include <fcntl.h>
#include <ftw.h>
#include <limits.h>
#include <sys/stat.h>

#define THREADS 4

static char tmp[] = "/tmp/tree.XXXXXX";
static int dirs[2]; /* descriptors of the two roots */

static const char *a_path(uint32_t *seed, char *buf)
{
	static const char *const names[] = {"a", "b", "c", "d", "e"};
	unsigned n = 1 + stress_random(seed) % 4;

	*buf = '\0';
	for (unsigned i = 0; i < n; i++) {
		if (i)
			strcat(buf, "/");
		strcat(buf, names[stress_random(seed) % 5]);
	}
	return buf;
}

/* What races between these calls can lead to, and nothing else. */
static void may_fail(const char *what, long r)
{
	if (r >= 0)
		return;
	switch (errno) {
	case ENOENT:
	case EEXIST:
	case ENOTDIR:
	case EISDIR:
	case ENOTEMPTY:
	case EINVAL: /* a directory into itself; a link that is none */
	case ELOOP:
	case EPERM: /* a hard link to a directory */
	case EBUSY: /* the host's word */
		return;
	default:
		FAIL("%s", what);
	}
}

#define MAY(call) may_fail(#call, call)

static void list(int at, const char *path)
{
	int fd = openat(at, path, O_RDONLY | O_DIRECTORY);
	DIR *d = fd < 0 ? NULL : fdopendir(fd);
	char buf[64], name[PATH_MAX];
	unsigned n = 0;

	MAY(fd);
	if (!d)
		return;
	while (readdir(d))
		n++;
	MUST(n <= 7);
	snprintf(buf, sizeof(buf), "/proc/self/fd/%d", fd);
	MUST(readlink(buf, name, sizeof(name)) > 0);
	closedir(d);
}

static void use(int at, const char *path, uint32_t *seed)
{
	char buf[600];
	struct stat st;
	int fd = openat(at, path, O_RDWR | O_CREAT, 0644);

	MAY(fd);
	if (fd < 0)
		return;
	memset(buf, 'x', sizeof(buf));
	MUST(pwrite(fd, buf, sizeof(buf), stress_random(seed) % 20000) == sizeof(buf));
	MUST(fstat(fd, &st) == 0 && S_ISREG(st.st_mode));
	MUST(ftruncate(fd, stress_random(seed) % 20000) == 0);
	MUST(pread(fd, buf, sizeof(buf), stress_random(seed) % 20000) >= 0);
	MUST(close(fd) == 0);
}

static void *work(void *arg)
{
	uint32_t seed = 77 + 1000 * (uint32_t)(intptr_t)arg;
	char p[64], q[64], buf[256];
	struct stat st;

	for (int i = 0; i < 1500; i++) {
		int at = dirs[i % 16 == 0]; /* the host's directory is slow: less often */

		a_path(&seed, p);
		a_path(&seed, q);
		switch (stress_random(&seed) % 10) {
		case 0:
		case 1:
			MAY(mkdirat(at, p, 0755));
			break;
		case 2:
			MAY(unlinkat(at, p, AT_REMOVEDIR));
			break;
		case 3:
			MAY(unlinkat(at, p, 0));
			break;
		case 4:
			MAY(renameat(at, p, at, q));
			break;
		case 5:
			MAY(linkat(at, p, at, q, 0));
			break;
		case 6:
			MAY(symlinkat(q, at, p));
			break;
		case 7:
			MAY(readlinkat(at, p, buf, sizeof(buf)));
			MAY(fstatat(at, p, &st, 0));
			break;
		case 8:
			list(at, p);
			break;
		default:
			use(at, p, &seed);
		}
	}
	return NULL;
}

static int take_away(const char *path, const struct stat *st, int kind, struct FTW *f)
{
	MUST(remove(path) == 0);
	return 0;
}

int main(void)
{
	MUST(mkdtemp(tmp));
	MUST(mkdir("tree", 0755) == 0);
	dirs[0] = open(tmp, O_RDONLY | O_DIRECTORY);
	dirs[1] = open("tree", O_RDONLY | O_DIRECTORY);
	MUST(dirs[0] >= 0 && dirs[1] >= 0);
	stress_threads(THREADS, work);
	MUST(close(dirs[0]) == 0 && close(dirs[1]) == 0);
	MUST(nftw(tmp, take_away, 16, FTW_DEPTH | FTW_PHYS) == 0);
	MUST(nftw("tree", take_away, 16, FTW_DEPTH | FTW_PHYS) == 0);
	printf("%d threads\n", THREADS);
	return 0;
}
