/* SPDX-License-Identifier: MIT */
/*
 * A 9P2000.L server over a share of hostfs: a request's bytes in, a reply's bytes out, in pieces (the guest's memory),
 * which read and write use directly.  For uhyve's virtio device and for tests; knows neither virtio nor KVM.
 * The client is hostile: every length is checked, tables are bounded, and what is checked is copied first.
 * No locks: one thread at a time per server.  System calls: those of hostfs (hostfs.h), none of its own.
 */
#ifndef HOSTFS_P9_H
#define HOSTFS_P9_H

#include "hostfs/hostfs.h"

#define P9_MSIZE_MAX ((1u << 20) + 4096) /* data of 1 MiB and its header: bytes of the largest message that is agreed to */
#define P9_FIDS_MAX  (1u << 18) /* -ENFILE beyond */

struct p9_server;

/* The share is the caller's and must outlive the server.  0 or -ENOMEM. */
int p9_server_new(struct hostfs_share *share, struct p9_server **out);
void p9_server_free(struct p9_server *s);

/* Forgets the session with all its fids, as Tversion does: when the device is reset. */
void p9_server_reset(struct p9_server *s);

/*
 * Serves the request in `in`; the reply goes to `out`.  The reply's length in bytes; 0: no reply could be given (a
 * request without a whole header, or no room for the shortest reply).  Waits for the host's file system.
 */
size_t p9_serve(struct p9_server *s, const struct iovec *in, unsigned nin, const struct iovec *out,
		unsigned nout);

#endif
