/* SPDX-License-Identifier: MIT */
/*
 * What the files of io_uring's requests share: uring_take.c takes them from the ring, uring_req.c does them.
 * All under ring.submit, but for what is armed (see uring_req.c).
 */
#ifndef SYSCALL_URING_REQ_H
#define SYSCALL_URING_REQ_H

#include "ipc/uring.h"
#include "syscall/args.h"

#define IOSQE_FIXED_FILE       (1u << 0)
#define IOSQE_IO_DRAIN	       (1u << 1)
#define IOSQE_IO_LINK	       (1u << 2)
#define IOSQE_IO_HARDLINK      (1u << 3)
#define IOSQE_ASYNC	       (1u << 4) /* as good as not: what blocks is left to the worker anyway */
#define IOSQE_CQE_SKIP_SUCCESS (1u << 6)
#define SQE_FLAGS_KNOWN                                                                                      \
	(IOSQE_FIXED_FILE | IOSQE_IO_DRAIN | IOSQE_IO_LINK | IOSQE_IO_HARDLINK | IOSQE_ASYNC | IOSQE_CQE_SKIP_SUCCESS)

#define IORING_FSYNC_DATASYNC	    1u
#define IORING_TIMEOUT_ABS	    1u
#define IORING_TIMEOUT_UPDATE	    2u
#define IORING_TIMEOUT_BOOTTIME	    4u
#define IORING_TIMEOUT_REALTIME	    8u
#define IORING_TIMEOUT_ETIME_SUCCESS 32u
#define IORING_ASYNC_CANCEL_ALL	    1u
#define IORING_ASYNC_CANCEL_FD	    2u
#define IORING_ASYNC_CANCEL_ANY	    4u
#define IORING_POLL_ADD_MULTI	    1u /* in sqe.len */
#define IORING_ACCEPT_MULTISHOT	    1u /* in sqe.ioprio */
#define IORING_CQE_F_MORE	    2u
#define RWF_NOWAIT		    8u

#define HOOKS_MAX  4
enum req_state { REQ_RUNS, REQ_ARMED, REQ_FIRED };

struct uring_req {
	struct list link; /* in ring.active, under ring.lock; of a chain's first one: in ring.deferred */
	struct list work; /* in the worker's list */
	struct uring *ring;
	struct uring_req *next; /* of its chain: starts when this one is done */
	struct uring_sqe sqe;
	u32 state; /* enum req_state, atomic */
	int error; /* found when it was prepared, or given from outside */
	bool unfit; /* by what it asks for: its chain is given up, and this is its own error */
	struct file *file;
	unsigned want; /* POLL* bits it waits for */
	struct poll_hook hook;
	struct {
		struct waiter w;
		struct wait_queue *q;
	} hooks[HOOKS_MAX];
	unsigned hook_count;
	bool hooks_lacking;
	struct iov_arg iov;
	bool has_iov;
	struct timer timer;
	nsec_t deadline;
	u32 target;	  /* of a time-out that counts: ring.cq_tail then */
	bool counts, due; /* due: it came to its number before its time */
	bool drain;	  /* its chain waits for all before it, and all behind wait for it */
	struct uring_req *timed; /* of a linked time-out: what it is to end */
	bool hit;	  /* ... and did */
};

/* A deadline that the program's struct timespec at addr says: 0 or -errno.  flags: IORING_TIMEOUT_*. */
int uring_get_deadline(u64 addr, u32 flags, nsec_t *deadline);
/* Starts a chain, or puts it off behind one that drains. */
void uring_start_chain(struct uring_req *head);

#endif
