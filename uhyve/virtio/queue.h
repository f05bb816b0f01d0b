/* SPDX-License-Identifier: MIT */
/*
 * Split virtqueue, the device's side (virtio 1.2, section 2.7): the rings alone,
 * so that it is tested without KVM.  For virtio/mmio.c, which locks; devices use
 * virtio_take() and virtio_return() of virtio.h.  The rings are the guest's and
 * change while we look: each word is read once.  A queue that lies is `broken`
 * and gives nothing more until it is reset.
 */
#ifndef UHYVE_QUEUE_H
#define UHYVE_QUEUE_H

#include "kvm/memory.h"

#include <sys/uio.h>

#define QUEUE_SIZE_MAX 256

/*
 * A request: the pieces that the device reads, then those that it writes.  They
 * lie in the guest's RAM, which the guest may go on changing.
 */
struct virtio_chain {
	uint16_t head;
	unsigned int nout, nin;
	size_t out_len, in_len; /* bytes in all */
	struct iovec iov[QUEUE_SIZE_MAX]; /* nout of them, then nin */
};

struct virtqueue {
	const struct memory *memory;
	uint16_t size; /* a power of two, as the driver chose it */
	uint16_t size_max;
	bool ready, broken;
	bool quiet; /* the driver has been told not to kick */
	uint16_t avail_idx, used_idx; /* next to take, next to fill */
	uint64_t desc_addr, avail_addr, used_addr;
	void *desc, *avail, *used;
};

/* As the driver set it up.  0, or -EINVAL: sizes or places that cannot be. */
int queue_enable(struct virtqueue *q);
void queue_reset(struct virtqueue *q);

/* 1: *c is a request; 0: there is none, and the driver will kick; -EPROTO: the queue is broken. */
int queue_take(struct virtqueue *q, struct virtio_chain *c);

/* Puts the request that was taken last back: the next queue_take() gives it again. */
void queue_untake(struct virtqueue *q);

/* The request is done with, `written` bytes of it filled.  Whether the driver wants an interrupt. */
bool queue_return(struct virtqueue *q, uint16_t head, uint32_t written);

#endif
