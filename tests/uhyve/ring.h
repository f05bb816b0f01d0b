/* SPDX-License-Identifier: MIT */
/* The driver's side of a device with one queue: the rings in the test's RAM, and a request of any pieces. */
#ifndef RING_H
#define RING_H

#include "virtio/devices.h"

#include <linux/virtio_ring.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

#define RINGS 0x1000u /* guest physical; three pages */
#define QUEUE 128u

struct piece {
	uint32_t addr, len; /* guest physical */
	bool in;
};

static struct vm vm;

static unsigned char *ram(uint32_t at) { return vm.memory.piece[0].host + at; }

/* The queue as a driver that is ready leaves it. */
static void ring_start(struct virtio_device *dev)
{
	struct virtqueue *q = &dev->queue[0];

	memset(ram(RINGS), 0, 0x3000);
	q->size = QUEUE;
	q->desc_addr = RINGS;
	q->avail_addr = RINGS + 0x1000;
	q->used_addr = RINGS + 0x2000;
	assert_int_equal(queue_enable(q), 0);
	dev->started = true;
}

/* Sends a chain and has it served.  Gives the bytes that the device says it has written; -1: no answer. */
static long ring_serve(struct virtio_device *dev, const struct piece *p, unsigned int n)
{
	struct vring_desc *desc = (struct vring_desc *)ram(RINGS);
	struct vring_avail *avail = (struct vring_avail *)ram(RINGS + 0x1000);
	struct vring_used *used = (struct vring_used *)ram(RINGS + 0x2000);
	uint16_t before = used->idx;

	for (unsigned int i = 0; i < n; i++)
		desc[i] = (struct vring_desc){.addr = p[i].addr,
					      .len = p[i].len,
					      .next = (uint16_t)(i + 1),
					      .flags = (uint16_t)((p[i].in ? VRING_DESC_F_WRITE : 0) |
								  (i + 1 < n ? VRING_DESC_F_NEXT : 0))};
	avail->ring[avail->idx % QUEUE] = 0;
	avail->idx++;
	dev->budget = QUEUE;
	dev->class->kick(dev, 0);
	return used->idx == before ? -1 : (long)used->ring[before % QUEUE].len;
}

#endif
