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

enum p9_type { /* of requests; the reply's is one more */
	P9_TLERROR = 6,
	P9_TSTATFS = 8,
	P9_TLOPEN = 12,
	P9_TLCREATE = 14,
	P9_TSYMLINK = 16,
	P9_TREADLINK = 22,
	P9_TGETATTR = 24,
	P9_TSETATTR = 26,
	P9_TREADDIR = 40,
	P9_TFSYNC = 50,
	P9_TLINK = 70,
	P9_TMKDIR = 72,
	P9_TRENAMEAT = 74,
	P9_TUNLINKAT = 76,
	P9_TVERSION = 100,
	P9_TATTACH = 104,
	P9_TWALK = 110,
	P9_TREAD = 116,
	P9_TWRITE = 118,
	P9_TCLUNK = 120,
};
#define P9_RLERROR (P9_TLERROR + 1)

#define P9_NOTAG 0xffff
#define P9_NOFID 0xffffffffu
#define P9_VERSION "9P2000.L"

#define P9_HEADER	7	 /* size[4] type[1] tag[2] */
#define P9_DATA_HEADER	11	 /* of Rread and Rreaddir: ... count[4] */
#define P9_WRITE_HEADER (7 + 16) /* of Twrite: ... fid[4] offset[8] count[4] */

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
#define P9_QTDIR     0x80
#define P9_QTSYMLINK 0x02

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
#define P9_GETATTR_BASIC 0x7ffull
int p9_get_attr(struct p9_reader *r, struct p9_attr *a); /* 0 or -EIO */

/* Tsetattr's `valid` */
#define P9_SET_MODE	 0x001u
#define P9_SET_UID	 0x002u
#define P9_SET_GID	 0x004u
#define P9_SET_SIZE	 0x008u
#define P9_SET_ATIME	 0x010u /* to now, or with _SET to the time given */
#define P9_SET_MTIME	 0x020u
#define P9_SET_ATIME_SET 0x080u
#define P9_SET_MTIME_SET 0x100u

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
