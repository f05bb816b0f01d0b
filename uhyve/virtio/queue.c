/* SPDX-License-Identifier: MIT */
#include "virtio/queue.h"

#include <errno.h>
#include <linux/virtio_ring.h>

/* The guest writes these while we read them: once, and not torn. */
#define READ(x)	    __atomic_load_n(&(x), __ATOMIC_RELAXED)
#define WRITE(x, v) __atomic_store_n(&(x), (v), __ATOMIC_RELAXED)

int queue_enable(struct virtqueue *q)
{
	uint64_t n = q->size;

	if (n == 0 || n > q->size_max || (n & (n - 1)))
		return -EINVAL;
	/* 2.7: alignments and sizes of the three parts; without EVENT_IDX the last word of two is not used. */
	if (q->desc_addr % 16 || q->avail_addr % 2 || q->used_addr % 4)
		return -EINVAL;
	q->desc = guest_mem(q->memory, q->desc_addr, 16 * n);
	q->avail = guest_mem(q->memory, q->avail_addr, 4 + 2 * n);
	q->used = guest_mem(q->memory, q->used_addr, 4 + 8 * n);
	if (!q->desc || !q->avail || !q->used)
		return -EINVAL;
	q->avail_idx = q->used_idx = 0;
	q->broken = q->quiet = false;
	q->ready = true;
	return 0;
}

void queue_reset(struct virtqueue *q)
{
	*q = (struct virtqueue){ .memory = q->memory, .size_max = q->size_max, .size = q->size_max };
}

/* Tells the driver whether to kick; a request that came before it could hear is not missed (2.7.10). */
static void queue_hush(struct virtqueue *q, bool quiet)
{
	struct vring_used *used = q->used;

	WRITE(used->flags, quiet ? VRING_USED_F_NO_NOTIFY : 0);
	q->quiet = quiet;
	__atomic_thread_fence(__ATOMIC_SEQ_CST);
}

/* How many requests wait, or -EPROTO. */
static int queue_waiting(struct virtqueue *q)
{
	struct vring_avail *avail = q->avail;
	uint16_t n = (uint16_t)(__atomic_load_n(&avail->idx, __ATOMIC_ACQUIRE) - q->avail_idx);

	return n > q->size ? -EPROTO : n;
}

static int chain_add(const struct virtqueue *q, struct virtio_chain *c, const struct vring_desc *d)
{
	bool writable = d->flags & VRING_DESC_F_WRITE;
	void *host;

	if (d->flags & VRING_DESC_F_INDIRECT) /* not offered */
		return -EPROTO;
	if (!writable && c->nin) /* 2.7.4.2: what is read comes first */
		return -EPROTO;
	if (d->len == 0)
		return 0;
	host = guest_mem(q->memory, d->addr, d->len);
	if (!host)
		return -EPROTO;
	c->iov[c->nout + c->nin] = (struct iovec){ .iov_base = host, .iov_len = d->len };
	if (writable) {
		c->nin++;
		c->in_len += d->len;
	} else {
		c->nout++;
		c->out_len += d->len;
	}
	return 0;
}

static int queue_walk(const struct virtqueue *q, struct virtio_chain *c)
{
	struct vring_desc *table = q->desc;
	uint16_t at = c->head;

	c->nout = c->nin = 0;
	c->out_len = c->in_len = 0;
	/* A chain longer than the table is a ring. */
	for (unsigned int n = 0; n < q->size; n++) {
		struct vring_desc d;

		if (at >= q->size)
			return -EPROTO;
		d.addr = READ(table[at].addr);
		d.len = READ(table[at].len);
		d.flags = READ(table[at].flags);
		d.next = READ(table[at].next);
		if (chain_add(q, c, &d))
			return -EPROTO;
		if (!(d.flags & VRING_DESC_F_NEXT))
			return 1;
		at = d.next;
	}
	return -EPROTO;
}

int queue_take(struct virtqueue *q, struct virtio_chain *c)
{
	struct vring_avail *avail = q->avail;
	int n;

	if (q->broken)
		return -EPROTO;
	if (!q->ready)
		return 0;
	n = queue_waiting(q);
	if (n == 0 && q->quiet) {
		queue_hush(q, false);
		n = queue_waiting(q);
	}
	if (n > 0) {
		if (!q->quiet)
			queue_hush(q, true);
		c->head = READ(avail->ring[q->avail_idx % q->size]);
		n = queue_walk(q, c);
	}
	if (n < 0)
		q->broken = true;
	else if (n > 0)
		q->avail_idx++;
	return n;
}

void queue_untake(struct virtqueue *q)
{
	q->avail_idx--;
}

bool queue_return(struct virtqueue *q, uint16_t head, uint32_t written)
{
	struct vring_avail *avail = q->avail;
	struct vring_used *used = q->used;
	struct vring_used_elem *e;

	if (q->broken || !q->ready)
		return false;
	e = &used->ring[q->used_idx % q->size];
	WRITE(e->id, head);
	WRITE(e->len, written);
	__atomic_store_n(&used->idx, ++q->used_idx, __ATOMIC_RELEASE);
	/* 2.7.7.1: the flag is looked at after the index can be seen. */
	__atomic_thread_fence(__ATOMIC_SEQ_CST);
	return !(READ(avail->flags) & VRING_AVAIL_F_NO_INTERRUPT);
}
