/* SPDX-License-Identifier: MIT */
/*
 * io_uring(7): rings of requests and of completions that the program shares.
 * uring.c has the rings, uring_req.c what requests do.  What would block waits
 * for its file to be ready; then a thread of the kernel goes on with it, so that
 * completions come whatever the program does.
 * Locks: ring.submit (sleeping: requests are started and continued one at a
 * time) -> ring.lock (a spinlock: the completion ring, the list of requests).
 */
#ifndef IPC_URING_H
#define IPC_URING_H

#include "fs/file.h"
#include "proc/timer.h"
#include "proc/wait.h"

#define URING_ENTRIES_MAX 32768

/* Flags of io_uring_setup(2) that are here, and what it says it has. */
#define IORING_SETUP_CQSIZE	   (1u << 3)
#define IORING_SETUP_CLAMP	   (1u << 4)
#define IORING_SETUP_SUBMIT_ALL	   (1u << 7)
#define IORING_SETUP_COOP_TASKRUN  (1u << 8)
#define URING_SETUP_KNOWN                                                                                    \
	(IORING_SETUP_CQSIZE | IORING_SETUP_CLAMP | IORING_SETUP_SUBMIT_ALL | IORING_SETUP_COOP_TASKRUN)
/* SINGLE_MMAP, NODROP, SUBMIT_STABLE, RW_CUR_POS, FAST_POLL, POLL_32BITS, EXT_ARG */
#define URING_FEATURES (1u << 0 | 1u << 1 | 1u << 2 | 1u << 3 | 1u << 5 | 1u << 6 | 1u << 8)

struct uring_sqe { /* struct io_uring_sqe of the ABI */
	u8 opcode, flags;
	u16 ioprio;
	s32 fd;
	u64 off, addr;
	u32 len, op_flags;
	u64 user_data;
	u16 buf_index, personality;
	s32 file_index;
	u64 addr3, pad;
};
_Static_assert(sizeof(struct uring_sqe) == 64, "struct io_uring_sqe of the ABI");

struct uring_cqe {
	u64 user_data;
	s32 res;
	u32 flags;
};

enum { /* opcodes that are here */
	IORING_OP_NOP = 0,
	IORING_OP_READV = 1,
	IORING_OP_WRITEV = 2,
	IORING_OP_FSYNC = 3,
	IORING_OP_READ_FIXED = 4,
	IORING_OP_WRITE_FIXED = 5,
	IORING_OP_POLL_ADD = 6,
	IORING_OP_POLL_REMOVE = 7,
	IORING_OP_TIMEOUT = 11,
	IORING_OP_TIMEOUT_REMOVE = 12,
	IORING_OP_ACCEPT = 13,
	IORING_OP_ASYNC_CANCEL = 14,
	IORING_OP_LINK_TIMEOUT = 15,
	IORING_OP_CLOSE = 19,
	IORING_OP_READ = 22,
	IORING_OP_WRITE = 23,
	IORING_OP_SEND = 26,
	IORING_OP_RECV = 27,
	IORING_OP_COUNT
};
bool uring_op_known(unsigned op);

/* The ring as both sides see it: at most a line apart, as on Linux.  Its entries follow, then the array of indices. */
struct uring_shared {
	u32 sq_head, pad0[15], sq_tail, pad1[15], cq_head, pad2[15], cq_tail, pad3[15];
	u32 sq_mask, cq_mask, sq_entries, cq_entries, sq_dropped, sq_flags, cq_flags, cq_overflow, pad4[8];
	struct uring_cqe cqes[];
};
#define URING_SQ_CQ_OVERFLOW (1u << 1) /* in sq_flags */

struct uring {
	u32 refs; /* the file's, and one of each request */
	bool closed;
	u32 flags, sq_entries, cq_entries; /* ours: the shared ones belong to the program */
	struct uring_shared *shared;
	struct uring_sqe *sqes;
	u64 shared_pages, sqe_pages;
	struct mutex submit;
	struct spinlock lock;
	u32 sq_head, cq_tail;	/* ours, too */
	struct list active;	/* requests that wait */
	struct list deferred;	/* chains behind one that drains; with the next two under `submit` */
	unsigned running;	/* chains started and not done */
	bool draining;		/* one of them lets none start behind it */
	struct list all;	/* in the list of rings */
	struct list overflow;	/* completions that found no room */
	struct wait_queue cq_wait;
	struct file *eventfd;	/* a reference, or NULL */
	struct iovec *buffers;	/* registered; under `submit` */
	unsigned buffer_count;
	struct file **files;
	unsigned file_count;
};

/* NULL: no memory, or *err says what else. */
struct file *uring_create(u32 entries, u32 cq_entries, u32 flags, int *err);
struct uring *uring_of(struct file *f); /* NULL: f is none */
u32 uring_array_offset(const struct uring *r);
void uring_put(struct uring *r);
unsigned uring_ready(struct uring *r); /* completions to be read */
void uring_flush(struct uring *r);     /* those that found no room, as far as there is some now */
void uring_post(struct uring *r, u64 user_data, s32 res);
void uring_post_more(struct uring *r, u64 user_data, s32 res); /* of a request that goes on */
void uring_each(void (*fn)(struct uring *r)); /* fn with a spinlock held */
void uring_exec(void); /* before the program's memory becomes another's */
void uring_reopen(struct uring *r);
int uring_start_worker(void); /* once: 0, -ENOMEM */
/* Starts up to n requests, under `submit`: how many. */
unsigned uring_submit(struct uring *r, unsigned n);
/* The file goes: whatever waits is dropped. */
void uring_cancel_all(struct uring *r);
/* A completion has been posted: time-outs that count them.  Under r->lock. */
void uring_count_timeouts(struct uring *r);

#endif
