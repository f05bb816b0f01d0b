/* SPDX-License-Identifier: MIT */
/*
 * Where the bytes of a read or write go to or come from: a list of buffers of
 * the program or of the kernel, and how far it has been used.  Copying may
 * sleep and may fault, so never with a spinlock held.
 */
#ifndef FS_UIO_H
#define FS_UIO_H

#include "fs/abi.h"
#include "lib/types.h"

struct uio {
	const struct iovec *iov; /* the current buffer; kernel memory */
	unsigned count;		 /* buffers left, this one included */
	bool kernel;		 /* the buffers are the kernel's own */
	bool faulted;		 /* a copy came upon a bad address */
	bool append;		 /* a write to the file's end, whatever its flags say */
	bool in_place;		 /* a write at its offset, whatever they say */
	bool nowait;		 /* -EAGAIN instead of sleeping (files that preadv2(2) lets use it) */
	size_t skip;		 /* bytes of the current buffer already used */
	size_t left;		 /* bytes left in all */
	struct iovec one;	 /* for a list of one */
};

static inline void uio_init_one(struct uio *u, const void *buf, size_t len, bool kernel)
{
	u->one.base = (void *)buf;
	u->one.len = len;
	u->iov = &u->one;
	u->count = 1;
	u->kernel = kernel;
	u->faulted = false;
	u->append = u->in_place = u->nowait = false;
	u->skip = 0;
	u->left = len;
}
static inline void uio_init_user(struct uio *u, const void __user *buf, size_t len)
{
	uio_init_one(u, buf, len, false);
}
static inline void uio_init_kernel(struct uio *u, const void *buf, size_t len) { uio_init_one(u, buf, len, true); }

/*
 * Moves up to min(n, u->left) bytes and advances.  The number moved: fewer only if an address is bad
 * (then u->faulted; a caller that has moved nothing at all returns -EFAULT).
 */
size_t uio_copy_to(struct uio *u, const void *src, size_t n);   /* into the reader's buffers */
size_t uio_copy_from(struct uio *u, void *dst, size_t n);	/* from the writer's buffers */
size_t uio_zero(struct uio *u, size_t n);			/* zeros into the reader's buffers */
void uio_skip(struct uio *u, size_t n);				/* as if moved */
/* What a transfer returns: the bytes moved since `left` was before, or -EFAULT if it was none for a fault. */
#define UIO_RESULT(u, before) ((u)->left != (before) ? (ssize_t)((before) - (u)->left) : (u)->faulted ? -EFAULT : 0)

#endif
