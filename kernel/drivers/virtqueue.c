/* SPDX-License-Identifier: MIT */
#include "drivers/virtqueue.h"
#include "lib/errno.h"

void virtqueue_init(struct virtqueue *vq, void *mem, unsigned size)
{
	u8 *base = mem;

	*vq = (struct virtqueue){
		.desc = mem,
		.avail = (struct virtq_avail *)(base + VIRTQ_AVAIL_OFFSET(size)),
		.used = (struct virtq_used *)(base + VIRTQ_USED_OFFSET(size)),
		.slots = (struct virtq_slot *)(base + VIRTQ_SLOTS_OFFSET(size)),
		.size = (u16)size,
		.free_count = (u16)size,
		.free_head = VIRTQ_NONE,
	};
}

static u16 desc_alloc(struct virtqueue *vq)
{
	u16 d = vq->free_head;

	vq->free_count--;
	if (d == VIRTQ_NONE)
		return vq->fresh++;
	vq->free_head = vq->slots[d].next;
	return d;
}

static void offer(struct virtqueue *vq, u16 head)
{
	vq->avail->ring[vq->avail_idx & (vq->size - 1)] = head;
	vq->avail_idx++;
	/* The chain and its place in the ring must be seen before the index (2.7.13.2). */
	__atomic_store_n(&vq->avail->idx, vq->avail_idx, __ATOMIC_RELEASE);
}

int virtqueue_add_one(struct virtqueue *vq, u64 addr, u32 len, bool device_writes, void *token)
{
	u16 d;

	if (unlikely(vq->broken))
		return -EIO;
	if (unlikely(vq->free_count == 0))
		return -ENOSPC;
	d = desc_alloc(vq);
	vq->desc[d] = (struct virtq_desc){.addr = addr, .len = len, .flags = device_writes ? VIRTQ_DESC_WRITE : 0};
	vq->slots[d] = (struct virtq_slot){.token = token, .in_len = device_writes ? len : 0, .count = 1};
	offer(vq, d);
	return 0;
}

void virtqueue_add_again(struct virtqueue *vq)
{
	u16 d = vq->free_head;

	vq->free_head = vq->slots[d].next;
	vq->free_count--;
	vq->slots[d].count = 1;
	offer(vq, d);
}

int virtqueue_add(struct virtqueue *vq, const struct virtq_buf *bufs, unsigned nout, unsigned nin, void *token)
{
	unsigned n = nout + nin;
	u16 head = VIRTQ_NONE, last = VIRTQ_NONE;
	u32 in_len = 0;

	if (vq->broken)
		return -EIO;
	if (n == 0 || n > vq->free_count)
		return -ENOSPC;
	for (unsigned i = 0; i < n; i++) {
		u16 d = desc_alloc(vq);
		struct virtq_desc *desc = &vq->desc[d];

		desc->addr = bufs[i].addr;
		desc->len = bufs[i].len;
		desc->flags = i < nout ? 0 : VIRTQ_DESC_WRITE;
		if (i >= nout)
			in_len += bufs[i].len;
		if (last == VIRTQ_NONE) {
			head = d;
		} else {
			vq->desc[last].flags |= VIRTQ_DESC_NEXT;
			vq->desc[last].next = d;
			vq->slots[last].next = d;
		}
		last = d;
	}
	vq->slots[head].token = token;
	vq->slots[head].in_len = in_len;
	vq->slots[head].count = (u16)n;
	offer(vq, head);
	return 0;
}

void *virtqueue_take(struct virtqueue *vq, u32 *len)
{
	struct virtq_used_elem *e;
	struct virtq_slot *head;
	u16 used, pending, last;
	u32 id, n;

	if (vq->broken)
		return NULL;
	used = __atomic_load_n(&vq->used->idx, __ATOMIC_ACQUIRE);
	pending = used - vq->used_idx;
	if (pending == 0)
		return NULL;
	if (pending > (u16)(vq->avail_idx - vq->used_idx)) /* more than it was ever given */
		goto broken;
	e = &vq->used->ring[vq->used_idx & (vq->size - 1)];
	id = READ_ONCE(e->id);
	n = READ_ONCE(e->len);
	head = id < vq->size ? &vq->slots[id] : NULL;
	if (!head || head->count == 0) /* no chain of ours starts there */
		goto broken;
	vq->used_idx++;

	last = (u16)id;
	for (u16 i = 1; i < head->count; i++)
		last = vq->slots[last].next;
	vq->slots[last].next = vq->free_head;
	vq->free_head = (u16)id;
	vq->free_count += head->count;
	head->count = 0;
	/* Devices that count what they would have written exist: only what fits can be there. */
	*len = MIN(n, head->in_len);
	return head->token;
broken:
	vq->broken = true;
	return NULL;
}
