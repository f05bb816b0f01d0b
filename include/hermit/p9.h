/* SPDX-License-Identifier: MIT */
/*
 * Numbers of 9P2000.L, for the kernel's client and hostfs's server (intro(5) of
 * the Plan 9 manual; the .L messages as diod's protocol.md has them).
 *
 * Shared by kernel and tools: C only, no dependency.
 */
#ifndef HERMIT_P9_H
#define HERMIT_P9_H

enum p9_type { /* of requests; the reply's is one more */
	P9_TLERROR = 6,
	P9_TSTATFS = 8,
	P9_TLOPEN = 12,
	P9_TLCREATE = 14,
	P9_TSYMLINK = 16,
	P9_TMKNOD = 18,
	P9_TRENAME = 20,
	P9_TREADLINK = 22,
	P9_TGETATTR = 24,
	P9_TSETATTR = 26,
	P9_TXATTRWALK = 30,
	P9_TXATTRCREATE = 32,
	P9_TREADDIR = 40,
	P9_TFSYNC = 50,
	P9_TLOCK = 52,
	P9_TGETLOCK = 54,
	P9_TLINK = 70,
	P9_TMKDIR = 72,
	P9_TRENAMEAT = 74,
	P9_TUNLINKAT = 76,
	P9_TVERSION = 100,
	P9_TAUTH = 102,
	P9_TATTACH = 104,
	P9_TFLUSH = 108,
	P9_TWALK = 110,
	P9_TREAD = 116,
	P9_TWRITE = 118,
	P9_TCLUNK = 120,
	P9_TREMOVE = 122,
};
#define P9_RLERROR (P9_TLERROR + 1)

#define P9_NOTAG   0xffff
#define P9_NOFID   0xffffffffu
#define P9_VERSION "9P2000.L"

#define P9_HEADER	7	 /* size[4] type[1] tag[2] */
#define P9_DATA_HEADER	11	 /* of Rread and Rreaddir: ... count[4] */
#define P9_WRITE_HEADER (7 + 16) /* of Twrite: ... fid[4] offset[8] count[4] */
#define P9_IO_HEADER	24	 /* what a client takes off msize for data */
#define P9_WALK_MAX	16	 /* names in a Twalk */

#define P9_QTDIR     0x80
#define P9_QTSYMLINK 0x02

#define P9_GETATTR_BASIC 0x7ffull
#define P9_GETATTR_BTIME 0x800ull

/* Tsetattr's `valid` */
#define P9_SET_MODE	 0x001u
#define P9_SET_UID	 0x002u
#define P9_SET_GID	 0x004u
#define P9_SET_SIZE	 0x008u
#define P9_SET_ATIME	 0x010u /* to now, or with _SET to the time given */
#define P9_SET_MTIME	 0x020u
#define P9_SET_CTIME	 0x040u
#define P9_SET_ATIME_SET 0x080u
#define P9_SET_MTIME_SET 0x100u

enum { P9_LOCK_SUCCESS, P9_LOCK_BLOCKED, P9_LOCK_ERROR, P9_LOCK_GRACE }; /* Rlock's status */

#endif
