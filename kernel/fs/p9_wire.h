/* SPDX-License-Identifier: MIT */
/*
 * The messages of 9P2000.L on the wire: pure code, no state, no locks.
 * Integers are little-endian, strings have a length of 16 bits in front
 * (intro(5) of the Plan 9 manual; the .L messages as diod's protocol.md has
 * them).  Nothing in a reply is trusted: a reader that runs out says so.
 */
#ifndef FS_P9_WIRE_H
#define FS_P9_WIRE_H

#include "lib/types.h"

#include <hermit/p9.h>

struct p9_writer {
	u8 *buf;
	u32 cap, len;
	bool overflow; /* something did not fit */
};

void p9_write_begin(struct p9_writer *w, void *buf, u32 cap, u8 type, u16 tag);
void p9_put8(struct p9_writer *w, u8 v);
void p9_put16(struct p9_writer *w, u16 v);
void p9_put32(struct p9_writer *w, u32 v);
void p9_put64(struct p9_writer *w, u64 v);
void p9_put_string(struct p9_writer *w, const char *s, size_t len);
/* Fills in the size: what has been put, and `more` bytes that follow in another buffer. */
void p9_write_end(struct p9_writer *w, u32 more);

struct p9_reader {
	const u8 *buf;
	u32 len, pos;
	bool short_; /* more was read than there is: what came of it is zeros */
};

static inline void p9_read_begin(struct p9_reader *r, const void *buf, u32 len)
{
	*r = (struct p9_reader){.buf = buf, .len = len};
}
u8 p9_get8(struct p9_reader *r);
u16 p9_get16(struct p9_reader *r);
u32 p9_get32(struct p9_reader *r);
u64 p9_get64(struct p9_reader *r);
/* Points into the buffer; not ended by NUL. */
const char *p9_get_string(struct p9_reader *r, u16 *len);

struct p9_qid {
	u8 type; /* P9_QT* */
	u32 version;
	u64 path; /* the file's number: the host's inode */
};

void p9_get_qid(struct p9_reader *r, struct p9_qid *q);

/*
 * Checks a reply's header and, for Rlerror, its code.  `head`: the first bytes of the reply, `have` of them;
 * `got`: bytes of the reply in all.  0 for the right reply; the error the server sent; -EIO for rubbish.
 */
int p9_check_reply(const u8 *head, u32 have, u32 got, u8 request_type, u16 tag);

struct p9_attr { /* Rgetattr */
	struct p9_qid qid;
	u32 mode, uid, gid;
	u64 nlink, rdev, size, blksize, blocks;
	s64 atime, mtime, ctime; /* ns since 1970 */
};
int p9_get_attr(struct p9_reader *r, struct p9_attr *a); /* 0 or -EIO */

struct p9_dirent {
	struct p9_qid qid;
	u64 next; /* where to read on after this one */
	u8 dtype; /* DT_* */
	u16 len;
	const char *name; /* not ended by NUL */
};
/* The next entry of Rreaddir's data: 1; 0 at the end; -EIO for rubbish (also a name that cannot be one). */
int p9_get_dirent(struct p9_reader *r, struct p9_dirent *d);

#endif
