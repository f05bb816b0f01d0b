/* SPDX-License-Identifier: MIT */
/*
 * The fuzz target of the 9P server: the input is messages, each with two bytes of length and one that says how much
 * room the reply has and how the pieces lie.  Under libFuzzer (`ninja fuzz_p9`, then build/fuzz/p9 CORPUS), and from
 * fuzz_short.c.  The share lies in a directory of its own; what lies beside it must never be seen nor change.
 */
#include "fuzz.h"
#include "hostfs/p9/p9.h"
#include "hostfs/p9/wire.h"
#include <fcntl.h>
#include <ftw.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

#define ROOM_MAX 70000u
#define REBUILD	 100 /* inputs that one tree lives through: they rename and remove in it */

static char top[] = "/tmp/fuzz_p9.XXXXXX";
static char share_path[sizeof(top) + 8];
static int top_fd;
static uint8_t reply[ROOM_MAX];
static const char secret[] = "\x2d\x32\x3b\x2e"
			     "nobody sees"; /* the file's first bytes are these with 0x5a: a fuzzer must not learn them */

static _Noreturn void fail(const char *what)
{
	fprintf(stderr, "fuzz_p9: %s\n", what);
	abort();
}

static void put_file(const char *name, const char *text, size_t len, uint8_t mask)
{
	int fd = openat(top_fd, name, O_WRONLY | O_CREAT | O_CLOEXEC, 0644);

	for (size_t i = 0; i < len; i++) {
		uint8_t c = (uint8_t)text[i] ^ mask;

		if (write(fd, &c, 1) != 1)
			fail("no file");
	}
	close(fd);
}

static int unlock_one(const char *path, const struct stat *st, int type, struct FTW *ftw)
{
	return S_ISDIR(st->st_mode) ? chmod(path, 0700) : 0;
}

static int remove_one(const char *path, const struct stat *st, int type, struct FTW *ftw) { return remove(path); }

static void clear_share(void)
{
	/* First the directories' permissions, from above. */
	if (nftw(share_path, unlock_one, 16, FTW_PHYS) || nftw(share_path, remove_one, 16, FTW_DEPTH | FTW_PHYS))
		fail("the share cannot be cleared");
}

static void clean(void)
{
	clear_share();
	unlinkat(top_fd, "outside/secret", 0);
	unlinkat(top_fd, "outside", AT_REMOVEDIR);
	if (rmdir(top))
		fprintf(stderr, "%s stays\n", top);
}

static void fill(void)
{
	if (mkdirat(top_fd, "share", 0755) || mkdirat(top_fd, "share/d", 0755) || mkdirat(top_fd, "share/d/e", 0755) ||
	    symlinkat("../outside/secret", top_fd, "share/s") || symlinkat("..", top_fd, "share/d/up") ||
	    mkfifoat(top_fd, "share/p", 0600))
		fail("no tree");
	put_file("share/f", "0123456789", 10, 0);
	put_file("share/d/g", "abc", 3, 0);
}

static void start(void)
{
	struct rlimit small = {1 << 20, 1 << 20};

	signal(SIGXFSZ, SIG_IGN);
	if (!mkdtemp(top) || setrlimit(RLIMIT_FSIZE, &small))
		fail("no directory");
	snprintf(share_path, sizeof(share_path), "%s/share", top);
	top_fd = open(top, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (mkdirat(top_fd, "outside", 0755))
		fail("no directory");
	put_file("outside/secret", secret, sizeof(secret) - 1, 0x5a);
	fill();
	atexit(clean);
}

#ifdef __clang__
__attribute__((no_sanitize("coverage")))
#endif
static bool is_secret(const uint8_t *p, size_t n)
{
	size_t same = 0;

	for (size_t i = 0; i < n && same < sizeof(secret) - 1; i++)
		same = (p[i] ^ 0x5a) == (uint8_t)secret[same] ? same + 1 : 0;
	return same == sizeof(secret) - 1;
}

static void check_outside(void)
{
	uint8_t buf[64];
	int fd = openat(top_fd, "outside/secret", O_RDONLY | O_CLOEXEC);
	struct stat st;

	if (fd < 0 || read(fd, buf, sizeof(buf)) != sizeof(secret) - 1 || !is_secret(buf, sizeof(secret) - 1))
		fail("the file outside has changed");
	if (fstat(fd, &st) || st.st_nlink != 1 || (st.st_mode & 07777) != 0644)
		fail("the file outside has been linked or opened up");
	close(fd);
}

static void serve(struct p9_server *s, const uint8_t *msg, size_t len, uint8_t how)
{
	size_t room = how & 1 ? ROOM_MAX : (size_t)(how >> 1);
	size_t in_cut = len * (how >> 4) / 16, out_cut = room * (how & 15) / 16, n;
	uint8_t *copy = malloc(len + 1);
	struct iovec in[2], out[2];

	if (!copy)
		fail("no memory");
	memcpy(copy, msg, len);
	in[0] = (struct iovec){copy, in_cut};
	in[1] = (struct iovec){copy + in_cut, len - in_cut};
	out[0] = (struct iovec){reply, out_cut};
	out[1] = (struct iovec){reply + out_cut, room - out_cut};
	n = p9_serve(s, in, 2, out, 2);
	free(copy);
	if (n > room || (n && n < P9_HEADER) || (n && (reply[0] | reply[1] << 8 | reply[2] << 16) != (int)n))
		fail("a reply's size is wrong");
	if (is_secret(reply, n))
		fail("the file outside has been read");
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static unsigned inputs;
	struct hostfs_share *share;
	struct p9_server *s;

	if (inputs == 0) {
		start();
	} else if (inputs % REBUILD == 0) {
		clear_share();
		fill();
	}
	inputs++;
	if (hostfs_share_open(share_path, 0, 64, &share) || p9_server_new(share, &s))
		fail("no share");
	while (size >= 3) {
		size_t len = data[0] | (size_t)data[1] << 8;
		uint8_t how = data[2];

		data += 3;
		size -= 3;
		if (len > size)
			len = size;
		serve(s, data, len, how);
		data += len;
		size -= len;
	}
	p9_server_free(s);
	if (hostfs_share_nodes(share) != 1 || hostfs_share_fds(share) != 1)
		fail("a node or a descriptor is left over");
	hostfs_share_close(share);
	check_outside();
	return 0;
}
