/* SPDX-License-Identifier: MIT */
/*
 * The kernel's side of a virtqueue (kernel/drivers/virtqueue.h) against a device that does anything.  The input: the
 * queue's size, then steps.
 */
#include "fuzz.h"
#include "drivers/virtqueue.h"

#include <stdlib.h>
#include <string.h>

#define MOST 64u

static struct virtqueue vq;
static uint8_t *rings;

/* What has been offered and not come back: its token is its own address. */
static struct offer {
	bool out;
	unsigned int count;
	uint32_t room;
} offers[MOST];

static struct offer *offer_free(void)
{
	for (unsigned int i = 0; i < MOST; i++)
		if (!offers[i].out)
			return &offers[i];
	return NULL;
}

static void add(struct fuzz_input *in, bool one)
{
	struct virtq_buf bufs[8];
	uint8_t counts = fuzz_u8(in);
	unsigned int nout = counts & 3, nin = counts >> 2 & 3;
	struct offer *o = offer_free();
	int r;

	if (!o)
		return;
	*o = (struct offer){ .count = one ? 1 : nout + nin };
	if (one) {
		bool writes = counts & 1;

		o->room = writes ? counts : 0;
		r = virtqueue_add_one(&vq, 0x1000, counts, writes, o);
	} else {
		for (unsigned int i = 0; i < nout + nin; i++) {
			bufs[i] = (struct virtq_buf){ .addr = 0x1000u * i, .len = fuzz_u8(in) };
			o->room += i >= nout ? bufs[i].len : 0;
		}
		r = virtqueue_add(&vq, bufs, nout, nin, o);
	}
	o->out = r == 0;
}

static void take(bool again)
{
	uint32_t len;
	struct offer *o = virtqueue_take(&vq, &len);

	if (!o)
		return;
	FUZZ_CHECK(o >= offers && o < offers + MOST && o->out);
	FUZZ_CHECK(len <= o->room);
	o->out = false;
	if (again && o->count == 1) {
		virtqueue_add_again(&vq);
		o->out = true;
	}
}

static void check(void)
{
	unsigned int out = 0;

	for (unsigned int i = 0; i < MOST; i++)
		out += offers[i].out ? offers[i].count : 0;
	FUZZ_CHECK(vq.free_count + out == vq.size);
	(void)virtqueue_has_used(&vq);
	(void)virtqueue_drained(&vq);
	(void)virtqueue_wants_notify(&vq);
}

static void step(struct fuzz_input *in)
{
	uint8_t what = fuzz_u8(in);
	unsigned int at, n;

	switch (what & 7) {
	case 0:
	case 1:
		add(in, what & 1);
		break;
	case 2:
	case 3:
		take(what & 1);
		break;
	case 4:
	case 5: /* the device is done with one, perhaps with one that it was given */
		at = vq.used->idx % vq.size;
		n = fuzz_u8(in);
		vq.used->ring[at] = (struct virtq_used_elem){ what & 1 ? n : vq.avail->ring[n % vq.size], fuzz_u8(in) };
		vq.used->idx = (uint16_t)(vq.used->idx + 1);
		break;
	case 6: /* it writes anywhere that it can reach */
		at = fuzz_u16(in) % VIRTQ_SLOTS_OFFSET(vq.size);
		n = VIRTQ_SLOTS_OFFSET(vq.size) - at;
		fuzz_bytes(in, rings + at, n < 8 ? n : 8);
		break;
	case 7:
		vq.used->idx = fuzz_u16(in);
		break;
	}
	check();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct fuzz_input in = { data, size };
	unsigned int entries = 1u << fuzz_u8(&in) % 6;

	memset(offers, 0, sizeof(offers));
	rings = aligned_alloc(16, VIRTQ_BYTES(entries));
	FUZZ_CHECK(rings);
	memset(rings, 0, VIRTQ_BYTES(entries));
	virtqueue_init(&vq, rings, entries);
	while (in.left)
		step(&in);
	free(rings);
	return 0;
}
