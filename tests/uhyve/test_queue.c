/* SPDX-License-Identifier: MIT */
/* The device's side of a virtqueue, against drivers that lie. */
#include "said.h"
#include "virtio/queue.h"

#include <errno.h>
#include <linux/virtio_ring.h>
#include <stdlib.h>
#include <string.h>

#define RAM   0x10000u
#define BASE  0x100000u
#define SIZE  8
#define DESC  (BASE + 0x1000)
#define AVAIL (BASE + 0x2000)
#define USED  (BASE + 0x3000)

static struct memory memory;
static struct virtqueue q;
static struct virtio_chain c;

static int setup(void **state)
{
	memory = (struct memory){ .pieces = 1, .piece = { { .base = BASE, .size = RAM, .host = calloc(1, RAM) } } };
	q = (struct virtqueue){ .memory = &memory, .size_max = SIZE };
	queue_reset(&q);
	q.desc_addr = DESC;
	q.avail_addr = AVAIL;
	q.used_addr = USED;
	return memory.piece[0].host ? queue_enable(&q) : -1;
}

static int teardown(void **state)
{
	free(memory.piece[0].host);
	return 0;
}

static struct vring_desc *desc(void) { return guest_mem(&memory, DESC, 16 * SIZE); }
static struct vring_avail *avail(void) { return guest_mem(&memory, AVAIL, 4); }
static struct vring_used *used(void) { return guest_mem(&memory, USED, 4); }

static void set(unsigned int i, uint64_t addr, uint32_t len, uint16_t flags, uint16_t next)
{
	desc()[i] = (struct vring_desc){ .addr = addr, .len = len, .flags = flags, .next = next };
}

static void offer(uint16_t head)
{
	avail()->ring[avail()->idx % SIZE] = head;
	avail()->idx++;
}

static void breaks(void)
{
	assert_int_equal(queue_take(&q, &c), -EPROTO);
	assert_true(q.broken);
	/* ... and stays so, whatever comes. */
	avail()->idx = 0;
	assert_int_equal(queue_take(&q, &c), -EPROTO);
	assert_false(queue_return(&q, 0, 0));
}

static void a_request_comes_and_goes(void **state)
{
	set(3, BASE, 10, VRING_DESC_F_NEXT, 1);
	set(1, BASE + 0x100, 20, VRING_DESC_F_NEXT | VRING_DESC_F_WRITE, 2);
	set(2, BASE + RAM - 30, 30, VRING_DESC_F_WRITE, 0);
	assert_int_equal(queue_take(&q, &c), 0);
	assert_int_equal(used()->flags, 0);
	offer(3);
	assert_int_equal(queue_take(&q, &c), 1);
	assert_int_equal(used()->flags, VRING_USED_F_NO_NOTIFY);
	assert_int_equal(c.head, 3);
	assert_int_equal(c.nout, 1);
	assert_int_equal(c.nin, 2);
	assert_int_equal(c.out_len, 10);
	assert_int_equal(c.in_len, 50);
	assert_ptr_equal(c.iov[0].iov_base, memory.piece[0].host);
	assert_ptr_equal(c.iov[2].iov_base, memory.piece[0].host + RAM - 30);
	assert_true(queue_return(&q, c.head, 7));
	assert_int_equal(used()->idx, 1);
	assert_int_equal(used()->ring[0].id, 3);
	assert_int_equal(used()->ring[0].len, 7);
	assert_int_equal(queue_take(&q, &c), 0);
	assert_int_equal(used()->flags, 0);
}

static void an_interrupt_that_is_not_wanted_is_not_asked_for(void **state)
{
	set(0, BASE, 1, 0, 0);
	offer(0);
	avail()->flags = VRING_AVAIL_F_NO_INTERRUPT;
	assert_int_equal(queue_take(&q, &c), 1);
	assert_false(queue_return(&q, c.head, 0));
}

static void what_is_put_back_comes_again(void **state)
{
	set(5, BASE, 1, 0, 0);
	offer(5);
	assert_int_equal(queue_take(&q, &c), 1);
	queue_untake(&q);
	c.head = 0;
	assert_int_equal(queue_take(&q, &c), 1);
	assert_int_equal(c.head, 5);
}

static void indices_wrap(void **state)
{
	set(0, BASE, 1, 0, 0);
	for (unsigned int i = 0; i < 70000; i++) {
		offer(0);
		assert_int_equal(queue_take(&q, &c), 1);
		queue_return(&q, c.head, 0);
	}
	assert_int_equal(used()->idx, 70000 % 65536);
}

static void an_empty_piece_is_no_piece(void **state)
{
	set(0, ~0ull, 0, VRING_DESC_F_NEXT, 1);
	set(1, BASE, 4, 0, 0);
	offer(0);
	assert_int_equal(queue_take(&q, &c), 1);
	assert_int_equal(c.nout, 1);
	assert_int_equal(c.out_len, 4);
}

static void more_requests_than_the_queue_is_long(void **state)
{
	avail()->idx = SIZE + 1;
	breaks();
}

static void a_head_beyond_the_table(void **state)
{
	offer(SIZE);
	breaks();
}

static void a_next_beyond_the_table(void **state)
{
	set(0, BASE, 1, VRING_DESC_F_NEXT, 0xffff);
	offer(0);
	breaks();
}

static void a_chain_that_is_a_ring(void **state)
{
	set(0, BASE, 1, VRING_DESC_F_NEXT, 1);
	set(1, BASE, 1, VRING_DESC_F_NEXT, 0);
	offer(0);
	breaks();
}

static void a_piece_that_is_read_behind_one_that_is_written(void **state)
{
	set(0, BASE, 1, VRING_DESC_F_WRITE | VRING_DESC_F_NEXT, 1);
	set(1, BASE, 1, 0, 0);
	offer(0);
	breaks();
}

static void an_indirect_table(void **state)
{
	set(0, BASE, 16, VRING_DESC_F_INDIRECT, 0);
	offer(0);
	breaks();
}

static void pieces_outside_of_the_memory(void **state)
{
	static const struct {
		uint64_t addr;
		uint32_t len;
	} bad[] = {
		{ 0, 1 },
		{ BASE - 1, 2 },
		{ BASE + RAM, 1 },
		{ BASE + RAM - 1, 2 },
		{ BASE, RAM + 1 },
		{ BASE, ~0u },
		{ ~0ull, 1 },
		{ ~0ull - 0xfff, 0x2000 },
	};

	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		teardown(NULL);
		assert_int_equal(setup(NULL), 0);
		set(0, bad[i].addr, bad[i].len, i % 2 ? VRING_DESC_F_WRITE : 0, 0);
		offer(0);
		breaks();
	}
}

static void rings_that_cannot_be(void **state)
{
	static const struct {
		uint16_t size;
		uint64_t desc, avail, used;
	} bad[] = {
		{ 0, DESC, AVAIL, USED },
		{ 3, DESC, AVAIL, USED },
		{ 2 * SIZE, DESC, AVAIL, USED },
		{ SIZE, DESC + 8, AVAIL, USED },
		{ SIZE, DESC, AVAIL + 1, USED },
		{ SIZE, DESC, AVAIL, USED + 2 },
		{ SIZE, BASE + RAM - 16 * SIZE + 16, AVAIL, USED },
		{ SIZE, DESC, BASE + RAM - 2, USED },
		{ SIZE, DESC, AVAIL, BASE + RAM - 8 },
		{ SIZE, ~0ull - 15, AVAIL, USED },
		{ SIZE, 0, AVAIL, USED },
	};

	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		queue_reset(&q);
		q.size = bad[i].size;
		q.desc_addr = bad[i].desc;
		q.avail_addr = bad[i].avail;
		q.used_addr = bad[i].used;
		assert_int_equal(queue_enable(&q), -EINVAL);
		assert_false(q.ready);
		assert_int_equal(queue_take(&q, &c), 0);
	}
}

/* A driver that writes anything at any time.  What the queue gives must lie in the memory, each time. */
static void a_driver_gone_mad(void **state)
{
	unsigned char *host = memory.piece[0].host;
	unsigned int taken = 0;

	srand(1);
	for (unsigned int round = 0; round < 200000; round++) {
		for (unsigned int n = rand() % 8 ? 0 : 8; n--;) {
			static const unsigned int place[] = { 0x1000, 0x2000, 0x3000 };

			host[place[rand() % 3] + (unsigned int)rand() % 160] = (unsigned char)rand();
		}
		/* Addresses that are near the truth now and then, or nearly nothing would be taken. */
		if (rand() % 2)
			set((unsigned int)rand() % SIZE, BASE + (uint64_t)(rand() % (RAM + 64)), (uint32_t)rand() % 128,
			    (uint16_t)(rand() % 4), (uint16_t)(rand() % (SIZE + 1)));
		avail()->idx = (uint16_t)(q.avail_idx + rand() % 3);
		if (rand() % 4)
			avail()->ring[q.avail_idx % SIZE] = (uint16_t)(rand() % SIZE);
		if (queue_take(&q, &c) == 1) {
			taken++;
			for (unsigned int i = 0; i < c.nout + c.nin; i++) {
				unsigned char *p = c.iov[i].iov_base;

				assert_true(p >= host && p + c.iov[i].iov_len <= host + RAM);
				if (i >= c.nout)
					memset(p, rand(), c.iov[i].iov_len);
			}
			queue_return(&q, c.head, (uint32_t)c.in_len);
		}
		if (q.broken) {
			queue_reset(&q);
			q.desc_addr = DESC;
			q.avail_addr = AVAIL;
			q.used_addr = USED;
			assert_int_equal(queue_enable(&q), 0);
		}
	}
	assert_true(taken > 1000);
}

#define T(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		T(a_request_comes_and_goes),
		T(an_interrupt_that_is_not_wanted_is_not_asked_for),
		T(what_is_put_back_comes_again),
		T(indices_wrap),
		T(an_empty_piece_is_no_piece),
		T(more_requests_than_the_queue_is_long),
		T(a_head_beyond_the_table),
		T(a_next_beyond_the_table),
		T(a_chain_that_is_a_ring),
		T(a_piece_that_is_read_behind_one_that_is_written),
		T(an_indirect_table),
		T(pieces_outside_of_the_memory),
		T(rings_that_cannot_be),
		T(a_driver_gone_mad),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
