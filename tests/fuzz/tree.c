/* SPDX-License-Identifier: MIT */
#define _GNU_SOURCE
#include "tree.h"
#include "fuzz.h"

#include <fcntl.h>
#include <ftw.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#define RENEW	   100 /* inputs that one tree lives through */
#define SECRET_LEN (sizeof(secret) - 1)

static char top[256];
static char share_path[sizeof(top) + 8];
static int top_fd;
static const char secret[] = "\x2d\x32\x3b\x2e"
			     "nobody sees"; /* the file's bytes are these with 0x5a: a fuzzer must not learn them */

static void put_file(const char *name, const char *text, size_t len, uint8_t mask)
{
	int fd = openat(top_fd, name, O_WRONLY | O_CREAT | O_CLOEXEC, 0644);

	for (size_t i = 0; i < len; i++) {
		uint8_t c = (uint8_t)text[i] ^ mask;

		FUZZ_CHECK(write(fd, &c, 1) == 1);
	}
	close(fd);
}

static int unlock_one(const char *path, const struct stat *st, int type, struct FTW *ftw)
{
	return S_ISDIR(st->st_mode) ? chmod(path, 0700) : 0;
}

/* All but the directory itself, which a device may have open. */
static int remove_one(const char *path, const struct stat *st, int type, struct FTW *ftw)
{
	return ftw->level ? remove(path) : 0;
}

static void clear_share(void)
{
	/* First the directories' permissions, from above. */
	FUZZ_CHECK(!nftw(share_path, unlock_one, 16, FTW_PHYS));
	FUZZ_CHECK(!nftw(share_path, remove_one, 16, FTW_DEPTH | FTW_PHYS));
}

static void clean(void)
{
	clear_share();
	unlinkat(top_fd, "share", AT_REMOVEDIR);
	unlinkat(top_fd, "outside/secret", 0);
	unlinkat(top_fd, "outside", AT_REMOVEDIR);
	if (rmdir(top))
		fprintf(stderr, "%s stays\n", top);
}

static void fill(void)
{
	FUZZ_CHECK(!mkdirat(top_fd, "share/d", 0755) && !mkdirat(top_fd, "share/d/e", 0755) &&
		   !symlinkat("../outside/secret", top_fd, "share/s") && !symlinkat("..", top_fd, "share/d/up") &&
		   !mkfifoat(top_fd, "share/p", 0600));
	put_file("share/f", "0123456789", 10, 0);
	put_file("share/d/g", "abc", 3, 0);
}

static void start(void)
{
	struct rlimit small = { 16 << 20, 16 << 20 };
	const char *dir = getenv("TMPDIR");

	signal(SIGXFSZ, SIG_IGN);
	snprintf(top, sizeof(top), "%s/fuzz_tree.XXXXXX", dir ? dir : "/tmp");
	FUZZ_CHECK(mkdtemp(top) && !setrlimit(RLIMIT_FSIZE, &small));
	snprintf(share_path, sizeof(share_path), "%s/share", top);
	top_fd = open(top, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	FUZZ_CHECK(top_fd >= 0 && !mkdirat(top_fd, "outside", 0755) && !mkdirat(top_fd, "share", 0755));
	put_file("outside/secret", secret, SECRET_LEN, 0x5a);
	fill();
	atexit(clean);
}

void tree_renew(void)
{
	static unsigned int inputs;

	if (inputs == 0) {
		start();
	} else if (inputs % RENEW == 0) {
		clear_share();
		fill();
	}
	inputs++;
}

const char *tree_share(void) { return share_path; }

#ifdef __clang__
__attribute__((no_sanitize("coverage")))
#endif
bool tree_is_secret(const uint8_t *p, size_t n)
{
	size_t same = 0;

	for (size_t i = 0; i < n && same < SECRET_LEN; i++)
		same = (p[i] ^ 0x5a) == (uint8_t)secret[same] ? same + 1 : 0;
	return same == SECRET_LEN;
}

void tree_check_outside(void)
{
	uint8_t buf[64];
	int fd = openat(top_fd, "outside/secret", O_RDONLY | O_CLOEXEC);
	struct stat st;

	FUZZ_CHECK(fd >= 0 && read(fd, buf, sizeof(buf)) == SECRET_LEN && tree_is_secret(buf, SECRET_LEN));
	FUZZ_CHECK(!fstat(fd, &st) && st.st_nlink == 1 && (st.st_mode & 07777) == 0644);
	close(fd);
}
