/* SPDX-License-Identifier: MIT */
/*
 * A 9P2000.L session: requests, tags, fids, and one function for each message.
 * For the 9p file system (fs/p9*.c).  Functions sleep until the reply is there
 * and may be called by any number of threads; client.lock (a spinlock, taken
 * from event handlers too) guards tags and fids.  The transport is behind three
 * function pointers; host I/O is waited for without any lock.
 *
 * A wait is not ended by signals, as that for a disk is not; it ends when the
 * process is being killed (-EINTR: the request is abandoned, its buffers stay
 * the device's until it answers) or when the device is dead (-EIO).
 */
#ifndef FS_P9_CLIENT_H
#define FS_P9_CLIENT_H

#include "fs/abi.h"
#include "fs/p9_wire.h"
#include "lib/spinlock.h"
#include "lib/types.h"
#include "proc/wait.h"

struct p9_client;
struct uio;

#define P9_TAGS	     16
#define P9_CHUNK_MAX MiB /* bytes of data that one message moves, where memory allows */
#define P9_SMALL     2048	 /* bytes for a request, and for a reply, without a bulk buffer */

struct p9_request {
	struct p9_client *client;
	struct wait_queue wait; /* for `done` */
	u16 tag;
	u8 type;
	bool done;	/* set by the transport's event handler, with release */
	bool abandoned; /* nobody waits: whoever completes it frees it */
	int error;	/* the transport's */
	u8 *small;	/* request in the first half, reply in the second; kept for the tag's next user */
	struct p9_writer out;
	u8 *bulk; /* the message's data, behind what is in `small` */
	u32 bulk_cap, bulk_out, bulk_in;
	u32 in_head; /* bytes of the reply that go to `small` */
	u32 got;     /* bytes of the reply in all */
	u32 fid;     /* of an abandoned clunk: to be given back */
};

static inline u8 *p9_reply(struct p9_request *r) { return r->small + P9_SMALL; }

struct p9_transport {
	/* Sends r: the reply is announced by p9_complete(), perhaps before this returns.  0, -EAGAIN: full, -EIO. */
	int (*submit)(void *device, struct p9_request *r);
	bool (*dead)(void *device);
	/* Sleeps on q until *cond is set: 0; -EINTR: the process is being killed; -EIO: the device is dead. */
	int (*wait)(void *device, struct wait_queue *q, const bool *cond);
	/* A condition that is waited for on q has been set; from event handlers too. */
	void (*wake)(void *device, struct wait_queue *q);
};

struct p9_client {
	const struct p9_transport *transport;
	void *device;
	struct spinlock lock;
	u32 free_tags;	   /* bit n: tag n is free */
	bool tag_freed;	   /* a condition to wait for */
	struct wait_queue tag_wait;
	u32 chunk_max;	   /* for `chunk`; 0: P9_CHUNK_MAX */
	u32 chunk;	   /* bytes of data that fit in one message */
	u32 next_fid;
	u32 fids_free[64]; /* given back, to be used again */
	unsigned fids_free_count;
	unsigned fids_live; /* for tests: those that the server knows */
	u8 *bulk_cache;
	struct p9_request requests[P9_TAGS];
};

/* Called by the transport, from any context, when the device has answered with `got` bytes, or with an error. */
void p9_complete(struct p9_request *r, u32 got, int error);

/* Sets up the session and attaches: *root gets a fid.  `c` is zeros but for transport, device and chunk_max.  0 or -errno. */
int p9_client_start(struct p9_client *c, u32 uid, u32 *root, struct p9_qid *qid);

/* Walks one name (len 0: makes a second fid for the same file).  *newfid is the caller's, to be clunked. */
int p9_walk(struct p9_client *c, u32 fid, const char *name, size_t len, u32 *newfid, struct p9_qid *qid);
/* Gives a fid back, also if the server fails.  Does not wait. */
void p9_clunk(struct p9_client *c, u32 fid);

int p9_lopen(struct p9_client *c, u32 fid, u32 flags, struct p9_qid *qid);
/* fid, of the directory, becomes the open file. */
int p9_lcreate(struct p9_client *c, u32 fid, const char *name, size_t len, u32 flags, u32 mode, u32 gid);
int p9_getattr(struct p9_client *c, u32 fid, struct p9_attr *a);
int p9_setattr(struct p9_client *c, u32 fid, u32 valid, u32 mode, u32 uid, u32 gid, u64 size, s64 atime, s64 mtime);
int p9_statfs(struct p9_client *c, u32 fid, struct linux_statfs *st);
int p9_fsync(struct p9_client *c, u32 fid, bool data_only);
int p9_mkdir(struct p9_client *c, u32 dir, const char *name, size_t len, u32 mode, u32 gid);
int p9_symlink(struct p9_client *c, u32 dir, const char *name, size_t len, const char *target, u32 gid);
ssize_t p9_readlink(struct p9_client *c, u32 fid, char *buf, size_t size);
int p9_link(struct p9_client *c, u32 dir, u32 fid, const char *name, size_t len);
int p9_unlinkat(struct p9_client *c, u32 dir, const char *name, size_t len, u32 flags);
/*
 * newfid becomes a file of the attribute's value, or with an empty name of the list of names; *size: its bytes.  It is
 * the caller's, to be clunked.
 */
int p9_xattrwalk(struct p9_client *c, u32 fid, const char *name, u32 *newfid, u64 *size);
/* fid becomes a file for an attribute's new value of `size` bytes, set when it is clunked; 0 and XATTR_REPLACE: removed. */
int p9_xattrcreate(struct p9_client *c, u32 fid, const char *name, u64 size, int flags);
/* Gives a fid back, and waits for what the server says to it. */
int p9_clunk_wait(struct p9_client *c, u32 fid);
int p9_renameat(struct p9_client *c, u32 old_dir, const char *old_name, size_t old_len, u32 new_dir,
		const char *new_name, size_t new_len);

/* One message: at most min(u->left, c->chunk) bytes; 0 at the end.  *full: as many came as were asked for. */
ssize_t p9_read(struct p9_client *c, u32 fid, struct uio *u, u64 off, bool *full);
ssize_t p9_write(struct p9_client *c, u32 fid, struct uio *u, u64 off);
/* The same; tell: called with the bytes that the server has taken, which are gone when it returns. */
ssize_t p9_write_tell(struct p9_client *c, u32 fid, struct uio *u, u64 off,
		      void (*tell)(void *arg, u64 off, const u8 *data, u32 n), void *arg);
/* A read into memory of its own (whole frames), which is the caller's, to be kfree'd, unless it returns <= 0. */
ssize_t p9_read_buffer(struct p9_client *c, u32 fid, u64 off, size_t want, u8 **data, bool *full);

/*
 * One message of directory entries from offset `off` on: fn is called for each until it returns false.
 * The number of entries that fn took; 0 at the end; -errno.
 */
int p9_readdir(struct p9_client *c, u32 fid, u64 off, bool (*fn)(void *arg, const struct p9_dirent *d), void *arg);

#endif
