/* SPDX-License-Identifier: MIT */
/*
 * One request of a 9P session from its tag to its reply: what the messages in p9_client.c are made of.  May be
 * called by any number of threads; all but p9_fid_* may sleep.  Takes client.lock (spin), also in p9_complete(),
 * which the transport's event handler calls; nothing is held while a request is waited for.
 */
#ifndef FS_P9_REQUEST_H
#define FS_P9_REQUEST_H

#include "fs/p9_client.h"

/* A number for a file; given back only once the server has forgotten it: requests overtake each other. */
u32 p9_fid_alloc(struct p9_client *c);
void p9_fid_free(struct p9_client *c, u32 fid);

/* A request of type `type` to be filled in; waits for a tag.  0, -EINTR, -EIO, -ENOMEM. */
int p9_request_begin(struct p9_client *c, u8 type, struct p9_request **out);
/* Gives back the request's tag and buffers. */
void p9_request_end(struct p9_request *r);
/*
 * A bulk buffer for n bytes (at most a chunk is of use), or for fewer where memory is short: r->bulk, r->bulk_cap.
 * False: there is none at all; P9_SMALL has to do.
 */
bool p9_request_bulk(struct p9_request *r, size_t n);
/* Sends r, and does not wait.  0, -ENAMETOOLONG, -EIO. */
int p9_request_submit(struct p9_request *r);
/*
 * Sends r and waits for the reply.  0: it is there, and *in reads what is in `small` behind the header; r has to
 * be ended.  Else -errno, and r is gone.
 */
int p9_request_call(struct p9_request *r, struct p9_reader *in);
/* The same for replies in which nothing of interest stands: r is gone in any case. */
int p9_request_run(struct p9_request *r);

#endif
