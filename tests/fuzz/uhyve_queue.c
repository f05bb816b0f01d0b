/* SPDX-License-Identifier: MIT */
/*
 * uhyve's side of a virtqueue (uhyve/virtio/queue.h) against a driver that does anything at any moment.  The input:
 * where the three parts lie and the queue's size, then steps.
 */
#include "fuzz.h"
#include "virtio/queue.h"

#include <stdlib.h>
#include <string.h>

#define LOW   16384u
#define HIGH  8192u
#define STEPS 2000

static struct memory memory;

static void start(void)
{
	if (!memory.pieces) {
		/* Each with the sanitizer's walls around it. */
		memory = (struct memory){ .pieces = 2,
					  .piece = { { .size = LOW, .host = malloc(LOW) },
						     { .base = MEMORY_HOLE_END, .size = HIGH, .host = malloc(HIGH) } } };
		FUZZ_CHECK(memory.piece[0].host && memory.piece[1].host);
	}
	memset(memory.piece[0].host, 0, LOW);
	memset(memory.piece[1].host, 0, HIGH);
}

static bool in_piece(const struct iovec *v, const struct memory_piece *p)
{
	const unsigned char *at = v->iov_base;

	return at >= p->host && at < p->host + p->size && v->iov_len <= (size_t)(p->host + p->size - at);
}

static void check_chain(const struct virtio_chain *c, unsigned int size)
{
	size_t out = 0, in = 0;

	FUZZ_CHECK(c->nout + c->nin <= size);
	for (unsigned int i = 0; i < c->nout + c->nin; i++) {
		const struct iovec *v = &c->iov[i];

		FUZZ_CHECK(v->iov_len && (in_piece(v, &memory.piece[0]) || in_piece(v, &memory.piece[1])));
		*(i < c->nout ? &out : &in) += v->iov_len;
	}
	FUZZ_CHECK(out == c->out_len && in == c->in_len);
}

/* 2 bytes say 8 KiB here and there, so that most places exist. */
static uint64_t place(struct fuzz_input *in)
{
	uint16_t v = fuzz_u16(in);

	switch (v >> 14) {
	case 0:
	case 1:
		return (v & 0x7fffu) % (LOW + 64);
	case 2:
		return MEMORY_HOLE_END + (v & 0x3fffu) % (HIGH + 64) - 32;
	default:
		return ~(uint64_t)0 - (v & 0x3fffu);
	}
}

static void step(struct virtqueue *q, struct fuzz_input *in, struct virtio_chain *c, bool *taken)
{
	uint8_t what = fuzz_u8(in);
	uint8_t *to;
	uint16_t n;

	switch (what & 7) {
	case 0: /* where the queue lies, which is fixed while it is ready: mmio.c */
		if (q->ready)
			break;
		q->size = what & 8 ? (uint16_t)(1u << (what >> 4)) : fuzz_u16(in);
		q->desc_addr = place(in);
		q->avail_addr = place(in);
		q->used_addr = place(in);
		if (q->size > q->size_max)
			q->size = 0;
		(void)queue_enable(q);
		break;
	case 1:
	case 2: /* the next head */
		if (q->avail && q->ready) {
			uint16_t *avail = q->avail, head = fuzz_u8(in);

			avail[2 + avail[1] % q->size] = head;
			avail[1] = (uint16_t)(avail[1] + 1);
		}
		break;
	case 3:
		*taken = queue_take(q, c) == 1;
		if (*taken)
			check_chain(c, q->size);
		break;
	case 4:
		if (*taken)
			(void)queue_return(q, c->head, (uint32_t)c->in_len);
		*taken = false;
		break;
	case 5:
		if (*taken && q->ready && !q->broken)
			queue_untake(q);
		*taken = false;
		break;
	case 6: /* a descriptor */
		n = fuzz_u8(in);
		to = q->ready && n < q->size ? (uint8_t *)q->desc + 16u * n : NULL;
		if (to) {
			uint64_t at = place(in);
			uint32_t len = fuzz_u16(in), flags = fuzz_u8(in) & 7, next = fuzz_u8(in);

			flags |= next << 16;
			memcpy(to, &at, 8);
			memcpy(to + 8, &len, 4);
			memcpy(to + 12, &flags, 4);
		}
		break;
	case 7: /* any bytes anywhere, or the reset */
		if (what >> 3 == 31) {
			queue_reset(q);
			*taken = false;
			break;
		}
		to = guest_mem(&memory, place(in), 32);
		if (to)
			fuzz_bytes(in, to, 1 + (what >> 3));
		break;
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct fuzz_input in = { data, size };
	struct virtqueue q = { .memory = &memory, .size_max = QUEUE_SIZE_MAX };
	struct virtio_chain c;
	bool taken = false;

	start();
	queue_reset(&q);
	for (unsigned int i = 0; i < STEPS && in.left; i++)
		step(&q, &in, &c, &taken);
	return 0;
}
