/* SPDX-License-Identifier: MIT */
/* For the tests of hostfs: a directory to share, and a 9P client that can say everything, also what is wrong. */
#ifndef TEST_HOSTFS_CLIENT_H
#define TEST_HOSTFS_CLIENT_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>
#include <errno.h>
#include <fcntl.h>
#include <unistd.h>
#include "hostfs/p9/p9.h"
#include "hostfs/p9/wire.h"

/* top/ is what the test owns: top/share is shared, top/outside is not; paths are in static buffers. */
struct world {
	char top[64];
	int top_fd, share_fd;
	struct hostfs_share *share;
	struct p9_server *server;
	uint64_t random;
	struct p9_reader reply; /* of the last call, behind the header */
	size_t reply_len;
	uint8_t *buf; /* the last reply */
	uint32_t msize;
};

#define CLIENT_MSIZE P9_MSIZE_MAX
#define ROOT	     1u /* the fid that is attached */

/* A new world; its server has had Tversion and Tattach. */
struct world *world_new(unsigned flags, unsigned max_fds);
void world_free(struct world *w); /* removes the directory, and fails if anything leaked */
/* The same directory, another share and server. */
void world_restart(struct world *w, unsigned flags, unsigned max_fds);

uint64_t world_random(struct world *w);

/*
 * Sends a message and reads its reply: 0, -errno as the server says, or -EPROTO if the reply is none.
 * fmt: b w d q are 8, 16, 32 and 64 bits (as unsigned, unsigned, unsigned, uint64_t), s a string, S a string of
 * (char *, size_t), B bytes of (void *, size_t).
 * Both directions are cut into pieces of random sizes.
 */
int p9(struct world *w, unsigned type, const char *fmt, ...);
/* Sends bytes as they are: the reply's length. */
size_t p9_raw(struct world *w, const void *msg, size_t len, size_t room);
/* Writes a message into buf. */
size_t p9_format(uint8_t *buf, size_t cap, unsigned type, const char *fmt, va_list ap);

int walk(struct world *w, uint32_t from, uint32_t to, const char *path); /* names between slashes */
int walk_open(struct world *w, uint32_t fid, const char *path, int flags);
int create(struct world *w, uint32_t fid, const char *dir, const char *name, int flags, unsigned mode);
ssize_t rd(struct world *w, uint32_t fid, uint64_t off, void *buf, uint32_t count);
ssize_t wr(struct world *w, uint32_t fid, uint64_t off, const void *buf, uint32_t count);
int clunk(struct world *w, uint32_t fid);
/* The next getattr's fields. */
struct attr {
	uint64_t valid;
	struct p9_qid qid;
	uint32_t mode, uid, gid;
	uint64_t nlink, rdev, size, blksize, blocks, atime, atime_ns, mtime, mtime_ns, ctime, ctime_ns, btime,
		btime_ns;
};
int getattr(struct world *w, uint32_t fid, struct attr *a);
struct p9_qid get_qid(struct p9_reader *r);

/* On the host, beneath top/. */
void host_write(struct world *w, const char *path, const char *text);
void host_mkdir(struct world *w, const char *path);
/* The file's text in a static buffer, NULL if there is none. */
const char *host_read(struct world *w, const char *path);
bool host_exists(struct world *w, const char *path);

#endif
