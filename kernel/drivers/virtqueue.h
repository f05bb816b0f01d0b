/* SPDX-License-Identifier: MIT */
/*
 * Split virtqueue, the driver's side (virtio 1.2, section 2.7): the data
 * structure alone, so that it is tested on the host.  The caller locks.
 * What the device writes (the used ring) is not trusted: an index or id that
 * cannot be marks the queue `broken`, after which it gives and takes nothing.
 * Descriptors are only ever read back from the driver's private copy.
 */
#ifndef DRIVERS_VIRTQUEUE_H
#define DRIVERS_VIRTQUEUE_H

#include "lib/types.h"

struct virtq_desc {
	u64 addr;
	u32 len;
	u16 flags;
	u16 next;
};
#define VIRTQ_DESC_NEXT	 1
#define VIRTQ_DESC_WRITE 2 /* the device writes */

struct virtq_avail {
	u16 flags;
	u16 idx;
	u16 ring[];
};
#define VIRTQ_AVAIL_NO_INTERRUPT 1

struct virtq_used_elem {
	u32 id;
	u32 len;
};

struct virtq_used {
	u16 flags;
	u16 idx;
	struct virtq_used_elem ring[];
};
#define VIRTQ_USED_NO_NOTIFY 1

struct virtq_slot { /* the driver's private half of a descriptor */
	void *token; /* of a chain's head */
	u32 in_len;  /* bytes the device may write into the chain */
	u16 next;    /* in the chain, or in the free list */
	u16 count;   /* descriptors in the chain that starts here; 0: no chain does */
};

struct virtqueue {
	struct virtq_desc *desc;
	struct virtq_avail *avail;
	struct virtq_used *used;
	struct virtq_slot *slots;
	u16 size;	/* a power of two */
	u16 free_head;	/* list of descriptors that were used before; VIRTQ_NONE: empty */
	u16 fresh;	/* descriptors from here on were never used */
	u16 free_count;
	u16 avail_idx, used_idx; /* ours: next to offer, next to take */
	u16 index;		 /* which queue of its device */
	bool broken;
	/* doorbell; filled in by the transport */
	volatile void *notify;
	bool notify_wide; /* 32 bits wide (MMIO), not 16 (PCI) */
};

#define VIRTQ_NONE 0xffff
#define VIRTQ_SIZE_MAX 1024

struct virtq_buf {
	u64 addr; /* physical */
	u32 len;
};

/* Bytes that a queue of `size` descriptors wants: rings and private part; also a constant expression. */
#define VIRTQ_AVAIL_OFFSET(size) ((size) * 16u)
#define VIRTQ_USED_OFFSET(size)	 ALIGN_UP(VIRTQ_AVAIL_OFFSET(size) + 6 + 2 * (size), 4u)
#define VIRTQ_SLOTS_OFFSET(size) ALIGN_UP(VIRTQ_USED_OFFSET(size) + 6 + 8 * (size), 16u)
#define VIRTQ_BYTES(size)	 (VIRTQ_SLOTS_OFFSET(size) + 16u * (size))

/* mem: VIRTQ_BYTES(size) zeros, aligned to 16, that the device can reach in one piece. */
void virtqueue_init(struct virtqueue *vq, void *mem, unsigned size);

/*
 * Offers a chain: `nout` buffers that the device reads, then `nin` that it writes.  token (not NULL) comes
 * back from virtqueue_take().  0; -ENOSPC: too few descriptors free; -EIO: broken.
 */
int virtqueue_add(struct virtqueue *vq, const struct virtq_buf *bufs, unsigned nout, unsigned nin, void *token);

/* The same for a chain of one buffer, which the device writes or reads. */
int virtqueue_add_one(struct virtqueue *vq, u64 addr, u32 len, bool device_writes, void *token);

/* Offers the chain of one buffer again that virtqueue_take() has just given: right after it, before anything else. */
void virtqueue_add_again(struct virtqueue *vq);

/*
 * The next chain that the device has done with, or NULL (none, or broken).  *len: how much it says it has
 * written, never more than the chain holds.
 */
void *virtqueue_take(struct virtqueue *vq, u32 *len);

/* Whether virtqueue_take() has something to do. */
static inline bool virtqueue_has_used(const struct virtqueue *vq)
{
	return __atomic_load_n(&vq->used->idx, __ATOMIC_ACQUIRE) != vq->used_idx;
}

/* Whether the device has done with all that was offered.  A broken queue is done with, too. */
static inline bool virtqueue_drained(const struct virtqueue *vq)
{
	return vq->broken || __atomic_load_n(&vq->used->idx, __ATOMIC_ACQUIRE) == vq->avail_idx;
}

static inline void virtqueue_irq_off(struct virtqueue *vq)
{
	WRITE_ONCE(vq->avail->flags, VIRTQ_AVAIL_NO_INTERRUPT);
}

static inline bool virtqueue_irq_is_on(const struct virtqueue *vq)
{
	return !(vq->avail->flags & VIRTQ_AVAIL_NO_INTERRUPT);
}

/* Full barrier: a look at the used ring after it sees what came without an interrupt. */
static inline void virtqueue_irq_on(struct virtqueue *vq)
{
	WRITE_ONCE(vq->avail->flags, 0);
	__atomic_thread_fence(__ATOMIC_SEQ_CST);
}

/* Whether the device wants its doorbell rung for what was added (2.7.10). */
static inline bool virtqueue_wants_notify(const struct virtqueue *vq)
{
	__atomic_thread_fence(__ATOMIC_SEQ_CST);
	return !(READ_ONCE(vq->used->flags) & VIRTQ_USED_NO_NOTIFY);
}

#endif
