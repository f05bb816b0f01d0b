/* SPDX-License-Identifier: MIT */
/*
 * The fuzz target of the 9P server: the input is messages, each with two bytes of length and one that says how much
 * room the reply has and how the pieces lie.  Under libFuzzer (`ninja fuzz_p9`, then build/fuzz/p9 CORPUS), and from
 * fuzz_short.c.  A share in a directory of its own; what lies beside it must never be seen nor change.
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

#define SECRET	 "what nobody may see"
#define ROOM_MAX 70000u

static char top[] = "/tmp/fuzz_p9.XXXXXX";
static uint8_t reply[ROOM_MAX];

static void put_file(const char *name, const char *text)
{
	FILE *f = fopen(name, "we");

	if (!f || fputs(text, f) < 0 || fclose(f))
		abort();
}

static int remove_one(const char *path, const struct stat *st, int type, struct FTW *ftw)
{
	return remove(path);
}

static void clean(void)
{
	if (chdir("/") || nftw(top, remove_one, 16, FTW_DEPTH | FTW_PHYS))
		fprintf(stderr, "%s stays\n", top);
}

static void fill(void)
{
	if (mkdir("share", 0755) || mkdir("share/d", 0755) || mkdir("share/d/e", 0755) ||
	    symlink("../outside/secret", "share/s") || symlink("..", "share/d/up") || mkfifo("share/p", 0600))
		abort();
	put_file("share/f", "0123456789");
	put_file("share/d/g", "abc");
}

static void start(void)
{
	struct rlimit small = {1 << 20, 1 << 20};

	signal(SIGXFSZ, SIG_IGN);
	if (!mkdtemp(top) || chdir(top) || setrlimit(RLIMIT_FSIZE, &small))
		abort();
	atexit(clean);
	if (mkdir("outside", 0755))
		abort();
	put_file("outside/secret", SECRET);
	fill();
}

static void check_outside(void)
{
	char buf[64] = "";
	int fd = open("outside/secret", O_RDONLY | O_CLOEXEC);

	if (fd < 0 || read(fd, buf, sizeof(buf)) != (ssize_t)strlen(SECRET) || strcmp(buf, SECRET))
		abort();
	close(fd);
}

static void serve(struct p9_server *s, const uint8_t *msg, size_t len, uint8_t how)
{
	size_t room = how & 1 ? ROOM_MAX : (size_t)(how >> 1);
	size_t in_cut = len * (how >> 4) / 16, out_cut = room * (how & 15) / 16, n;
	uint8_t *copy = malloc(len + 1);
	struct iovec in[2], out[2];

	if (!copy)
		abort();
	memcpy(copy, msg, len);
	in[0] = (struct iovec){copy, in_cut};
	in[1] = (struct iovec){copy + in_cut, len - in_cut};
	out[0] = (struct iovec){reply, out_cut};
	out[1] = (struct iovec){reply + out_cut, room - out_cut};
	n = p9_serve(s, in, 2, out, 2);
	free(copy);
	if (n > room || (n && n < P9_HEADER) ||
	    (n && (reply[0] | reply[1] << 8 | reply[2] << 16) != (int)n) ||
	    memmem(reply, n, SECRET, strlen(SECRET)))
		abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static bool started;
	struct hostfs_share *share;
	struct p9_server *s;

	if (!started)
		start();
	started = true;
	if (hostfs_share_open("share", 0, 64, &share) || p9_server_new(share, &s))
		abort();
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
		abort();
	hostfs_share_close(share);
	check_outside();
	return 0;
}
