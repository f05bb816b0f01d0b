/* SPDX-License-Identifier: MIT */
#include "fs/p9_request.h"
#include "lib/errno.h"
#include "lib/string.h"
#include "mm/heap.h"

/* ---- tags and fids ---- */

u32 p9_fid_alloc(struct p9_client *c)
{
	unsigned long ev = spin_lock(&c->lock);
	u32 fid = c->fids_free_count ? c->fids_free[--c->fids_free_count] : c->next_fid++;

	c->fids_live++;
	spin_unlock(&c->lock, ev);
	return fid;
}

/* Only once the server has forgotten it: requests overtake each other. */
static void fid_free_locked(struct p9_client *c, u32 fid)
{
	c->fids_live--;
	if (c->fids_free_count < ARRAY_SIZE(c->fids_free))
		c->fids_free[c->fids_free_count++] = fid;
}

void p9_fid_free(struct p9_client *c, u32 fid)
{
	unsigned long ev = spin_lock(&c->lock);

	fid_free_locked(c, fid);
	spin_unlock(&c->lock, ev);
}

static struct p9_request *tag_alloc(struct p9_client *c)
{
	unsigned long ev = spin_lock(&c->lock);
	struct p9_request *r = NULL;

	if (c->free_tags) {
		unsigned tag = (unsigned)__builtin_ctz(c->free_tags);

		c->free_tags &= ~(1u << tag);
		r = &c->requests[tag];
	} else {
		c->tag_freed = false;
	}
	spin_unlock(&c->lock, ev);
	return r;
}

static void tag_free_locked(struct p9_request *r)
{
	struct p9_client *c = r->client;

	c->free_tags |= 1u << r->tag;
	__atomic_store_n(&c->tag_freed, true, __ATOMIC_RELEASE);
}

/* ---- requests ---- */

int p9_request_begin(struct p9_client *c, u8 type, struct p9_request **out)
{
	struct p9_request *r;

	while (!(r = tag_alloc(c))) {
		int err = c->transport->wait(c->device, &c->tag_wait, &c->tag_freed);

		if (err)
			return err;
	}
	if (!r->small && !(r->small = kmalloc(2 * P9_SMALL))) {
		unsigned long ev = spin_lock(&c->lock);

		tag_free_locked(r);
		spin_unlock(&c->lock, ev);
		c->transport->wake(c->device, &c->tag_wait);
		return -ENOMEM;
	}
	r->type = type;
	r->done = r->abandoned = false;
	r->error = 0;
	r->bulk = NULL;
	r->bulk_cap = r->bulk_out = r->bulk_in = 0;
	r->in_head = P9_SMALL;
	p9_write_begin(&r->out, r->small, P9_SMALL, type, type == P9_TVERSION ? P9_NOTAG : r->tag);
	*out = r;
	return 0;
}

void p9_request_end(struct p9_request *r)
{
	struct p9_client *c = r->client;
	u8 *bulk = r->bulk, *drop = bulk;
	unsigned long ev = spin_lock(&c->lock);

	r->bulk = NULL;
	if (bulk && r->bulk_cap == c->chunk && !c->bulk_cache) {
		c->bulk_cache = bulk;
		drop = NULL;
	}
	tag_free_locked(r);
	spin_unlock(&c->lock, ev);
	kfree(drop);
	c->transport->wake(c->device, &c->tag_wait);
}

bool p9_request_bulk(struct p9_request *r, size_t n)
{
	struct p9_client *c = r->client;
	u32 cap = (u32)MIN(ALIGN_UP(n, PAGE_SIZE), (size_t)c->chunk);

	if (cap == c->chunk) {
		unsigned long ev = spin_lock(&c->lock);

		r->bulk = c->bulk_cache;
		c->bulk_cache = NULL;
		spin_unlock(&c->lock, ev);
	}
	while (!r->bulk && !(r->bulk = kmalloc(cap)) && cap > PAGE_SIZE)
		cap = ALIGN_UP(cap / 2, (u32)PAGE_SIZE);
	r->bulk_cap = cap;
	return r->bulk != NULL;
}

void p9_complete(struct p9_request *r, u32 got, int error)
{
	struct p9_client *c = r->client;
	unsigned long ev = spin_lock(&c->lock);
	bool abandoned = r->abandoned;

	r->got = got;
	r->error = error;
	__atomic_store_n(&r->done, true, __ATOMIC_RELEASE);
	if (abandoned && r->type == P9_TCLUNK)
		fid_free_locked(c, r->fid);
	spin_unlock(&c->lock, ev);
	if (abandoned)
		p9_request_end(r);
	else
		c->transport->wake(c->device, &r->wait);
}

/* From now on p9_complete() frees r.  False: it is done already. */
static bool request_abandon(struct p9_request *r)
{
	struct p9_client *c = r->client;
	unsigned long ev = spin_lock(&c->lock);
	bool done = r->done;

	r->abandoned = !done;
	spin_unlock(&c->lock, ev);
	return !done;
}

int p9_request_submit(struct p9_request *r)
{
	struct p9_client *c = r->client;

	p9_write_end(&r->out, r->bulk_out);
	if (r->out.overflow)
		return -ENAMETOOLONG;
	return c->transport->submit(c->device, r);
}

int p9_request_call(struct p9_request *r, struct p9_reader *in)
{
	struct p9_client *c = r->client;
	u8 head[P9_DATA_HEADER];
	u32 have;
	int err = p9_request_submit(r);

	if (!err) {
		err = c->transport->wait(c->device, &r->wait, &r->done);
		if (err && request_abandon(r))
			return err;
		err = r->error;
	}
	if (!err) {
		/* An error reply may run over into the bulk buffer. */
		have = MIN((u32)sizeof(head), r->got);
		memcpy(head, p9_reply(r), MIN(have, r->in_head));
		if (have > r->in_head)
			memcpy(head + r->in_head, r->bulk, have - r->in_head);
		err = p9_check_reply(head, have, r->got, r->type, r->type == P9_TVERSION ? P9_NOTAG : r->tag);
	}
	if (err) {
		p9_request_end(r);
		return err;
	}
	p9_read_begin(in, p9_reply(r), MIN(r->got, r->in_head));
	in->pos = P9_HEADER;
	return 0;
}

int p9_request_run(struct p9_request *r)
{
	struct p9_reader in;
	int err = p9_request_call(r, &in);

	if (!err)
		p9_request_end(r);
	return err;
}
