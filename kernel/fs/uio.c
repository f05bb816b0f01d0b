/* SPDX-License-Identifier: MIT */
#include "fs/uio.h"
#include "lib/errno.h"
#include "lib/string.h"
#include "lib/uaccess.h"

/* The next run of bytes that lie together, at most n; 0 at the end. */
static size_t uio_span(struct uio *u, size_t n, char **at)
{
	while (u->count && u->skip == u->iov->len) {
		u->iov++;
		u->count--;
		u->skip = 0;
	}
	if (!u->count)
		return 0;
	*at = (char *)u->iov->base + u->skip;
	return MIN(n, u->iov->len - u->skip);
}

void uio_skip(struct uio *u, size_t n)
{
	while (n) {
		char *at;
		size_t k = uio_span(u, n, &at);

		if (!k)
			return;
		u->skip += k;
		u->left -= k;
		n -= k;
	}
}

enum uio_op { UIO_TO, UIO_FROM, UIO_ZERO };

static size_t uio_move(struct uio *u, char *mem, size_t n, enum uio_op op)
{
	size_t done = 0;

	n = MIN(n, u->left);
	while (done < n) {
		char *at;
		size_t k = uio_span(u, n - done, &at);
		size_t missed = 0;

		if (!k)
			break;
		if (u->kernel) {
			if (op == UIO_TO)
				memcpy(at, mem + done, k);
			else if (op == UIO_FROM)
				memcpy(mem + done, at, k);
			else
				memset(at, 0, k);
		} else if (op == UIO_TO) {
			missed = copy_to_user_partial(at, mem + done, k);
		} else if (op == UIO_FROM) {
			missed = copy_from_user_partial(mem + done, at, k);
		} else {
			static const char zeros[256];

			k = MIN(k, sizeof(zeros));
			/* A big run goes the short way; where that faults, the slow one finds out where. */
			if (uio_span(u, n - done, &at) >= PAGE_SIZE && !clear_user(at, PAGE_SIZE))
				k = PAGE_SIZE;
			else
				missed = copy_to_user_partial(at, zeros, k);
		}
		k -= missed;
		u->skip += k;
		u->left -= k;
		done += k;
		if (missed) {
			u->faulted = true;
			break;
		}
	}
	return done;
}

/* What nearly every call has: one buffer of the program's. */
static bool uio_is_simple(const struct uio *u) { return u->count == 1 && !u->kernel; }

static size_t uio_done(struct uio *u, size_t n, size_t missed)
{
	n -= missed;
	u->skip += n;
	u->left -= n;
	if (unlikely(missed))
		u->faulted = true;
	return n;
}

size_t uio_copy_to(struct uio *u, const void *src, size_t n)
{
	if (likely(uio_is_simple(u))) {
		n = MIN(n, u->left);
		return uio_done(u, n, copy_to_user_partial((char *)u->iov->base + u->skip, src, n));
	}
	return uio_move(u, (char *)src, n, UIO_TO);
}

size_t uio_copy_from(struct uio *u, void *dst, size_t n)
{
	if (likely(uio_is_simple(u))) {
		n = MIN(n, u->left);
		return uio_done(u, n, copy_from_user_partial(dst, (char *)u->iov->base + u->skip, n));
	}
	return uio_move(u, dst, n, UIO_FROM);
}

size_t uio_zero(struct uio *u, size_t n) { return uio_move(u, NULL, n, UIO_ZERO); }
