/* SPDX-License-Identifier: MIT */
#include "unit.h"
#include "drivers/virtqueue.h"
#include "lib/errno.h"

#define SIZE 8

static struct virtqueue vq;
static void *memory;
static u16 device_avail; /* how far the device has read */

static int begin(void **state)
{
	memory = aligned_alloc(16, VIRTQ_BYTES(SIZE));
	memset(memory, 0, VIRTQ_BYTES(SIZE));
	virtqueue_init(&vq, memory, SIZE);
	device_avail = 0;
	return 0;
}

static int end(void **state)
{
	free(memory);
	return 0;
}

/* The device's side. */
static u16 device_next(void)
{
	assert_int_not_equal(device_avail, vq.avail->idx);
	return vq.avail->ring[device_avail++ % SIZE];
}

static void device_use(u32 id, u32 len)
{
	vq.used->ring[vq.used->idx % SIZE] = (struct virtq_used_elem){id, len};
	vq.used->idx++;
}

static void a_chain_carries_its_buffers_in_order(void **state)
{
	struct virtq_buf b[3] = {{0x1000, 10}, {0x2000, 20}, {0x3000, 30}};
	int token;
	u16 d;

	assert_int_equal(virtqueue_add(&vq, b, 1, 2, &token), 0);
	d = device_next();
	assert_int_equal(vq.desc[d].addr, 0x1000);
	assert_int_equal(vq.desc[d].flags, VIRTQ_DESC_NEXT);
	d = vq.desc[d].next;
	assert_int_equal(vq.desc[d].addr, 0x2000);
	assert_int_equal(vq.desc[d].flags, VIRTQ_DESC_NEXT | VIRTQ_DESC_WRITE);
	d = vq.desc[d].next;
	assert_int_equal(vq.desc[d].len, 30);
	assert_int_equal(vq.desc[d].flags, VIRTQ_DESC_WRITE);
}

static void tokens_come_back_in_the_devices_order(void **state)
{
	struct virtq_buf b = {0x1000, 100};
	int token[3];
	u16 d[3];
	u32 len;

	for (int i = 0; i < 3; i++) {
		assert_int_equal(virtqueue_add(&vq, &b, 0, 1, &token[i]), 0);
		d[i] = device_next();
	}
	assert_null(virtqueue_take(&vq, &len));
	assert_false(virtqueue_drained(&vq));
	device_use(d[2], 7);
	device_use(d[0], 100);
	assert_ptr_equal(virtqueue_take(&vq, &len), &token[2]);
	assert_int_equal(len, 7);
	assert_ptr_equal(virtqueue_take(&vq, &len), &token[0]);
	assert_null(virtqueue_take(&vq, &len));
	device_use(d[1], 0);
	assert_true(virtqueue_drained(&vq));
	assert_ptr_equal(virtqueue_take(&vq, &len), &token[1]);
	assert_int_equal(vq.free_count, SIZE);
}

static void a_buffer_offered_again_is_the_same_one(void **state)
{
	int token[2];
	u32 len;
	u16 d;

	assert_int_equal(virtqueue_add_one(&vq, 0x5000, 50, true, &token[0]), 0);
	assert_int_equal(virtqueue_add_one(&vq, 0x6000, 60, false, &token[1]), 0);
	for (unsigned i = 0; i < 100000; i++) {
		d = device_next();
		device_use(d, 100);
		assert_ptr_equal(virtqueue_take(&vq, &len), &token[i % 2]);
		assert_int_equal(len, i % 2 ? 0 : 50);
		assert_int_equal(vq.desc[d].flags, i % 2 ? 0 : VIRTQ_DESC_WRITE);
		virtqueue_add_again(&vq);
		assert_int_equal(vq.free_count, SIZE - 2);
	}
}

static void a_full_queue_takes_no_more(void **state)
{
	struct virtq_buf b[3] = {{0x1000, 1}, {0x2000, 1}, {0x3000, 1}};

	assert_int_equal(virtqueue_add(&vq, b, 3, 0, b), 0);
	assert_int_equal(virtqueue_add(&vq, b, 3, 0, b), 0);
	assert_int_equal(virtqueue_add(&vq, b, 3, 0, b), -ENOSPC);
	assert_int_equal(virtqueue_add(&vq, b, 2, 0, b), 0);
	assert_int_equal(virtqueue_add(&vq, b, 1, 0, b), -ENOSPC);
	assert_int_equal(vq.avail->idx, 3);
}

static void a_length_beyond_the_chain_is_cut(void **state)
{
	struct virtq_buf b[2] = {{0x1000, 10}, {0x2000, 20}};
	u32 len = 0;

	assert_int_equal(virtqueue_add(&vq, b, 1, 1, b), 0);
	device_use(device_next(), 0xffffffff);
	assert_ptr_equal(virtqueue_take(&vq, &len), b);
	assert_int_equal(len, 20);
}

static void a_wrong_id_breaks_the_queue(void **state)
{
	static const u32 ids[] = {SIZE, 0xffffffff, 5 /* free */, 0x10000};
	struct virtq_buf b = {0x1000, 10};
	u32 len;

	for (unsigned i = 0; i < ARRAY_SIZE(ids); i++) {
		memset(memory, 0, VIRTQ_BYTES(SIZE));
		virtqueue_init(&vq, memory, SIZE);
		assert_int_equal(virtqueue_add(&vq, &b, 0, 1, &b), 0);
		device_use(ids[i], 1);
		assert_null(virtqueue_take(&vq, &len));
		assert_true(vq.broken);
		assert_true(virtqueue_drained(&vq));
		assert_int_equal(virtqueue_add(&vq, &b, 0, 1, &b), -EIO);
	}
}

static void the_middle_of_a_chain_is_no_head(void **state)
{
	struct virtq_buf b[2] = {{0x1000, 10}, {0x2000, 10}};
	u32 len;

	assert_int_equal(virtqueue_add(&vq, b, 2, 0, b), 0);
	device_use(vq.desc[device_next()].next, 0);
	assert_null(virtqueue_take(&vq, &len));
	assert_true(vq.broken);
}

static void a_chain_used_twice_breaks_the_queue(void **state)
{
	struct virtq_buf b = {0x1000, 10};
	u16 d;
	u32 len;

	assert_int_equal(virtqueue_add(&vq, &b, 1, 0, &b), 0);
	assert_int_equal(virtqueue_add(&vq, &b, 1, 0, &b), 0);
	d = device_next();
	device_use(d, 0);
	device_use(d, 0);
	assert_non_null(virtqueue_take(&vq, &len));
	assert_null(virtqueue_take(&vq, &len));
	assert_true(vq.broken);
}

static void an_index_ahead_of_all_requests_breaks_the_queue(void **state)
{
	struct virtq_buf b = {0x1000, 10};
	u32 len;

	assert_int_equal(virtqueue_add(&vq, &b, 1, 0, &b), 0);
	vq.used->idx = 2;
	assert_null(virtqueue_take(&vq, &len));
	assert_true(vq.broken);
}

static void descriptors_scribbled_over_by_the_device_do_no_harm(void **state)
{
	struct virtq_buf b[4] = {{0x1000, 1}, {0x2000, 1}, {0x3000, 1}, {0x4000, 1}};
	u16 d;
	u32 len;

	assert_int_equal(virtqueue_add(&vq, b, 2, 2, b), 0);
	d = device_next();
	memset(vq.desc, 0xff, SIZE * sizeof(*vq.desc));
	device_use(d, 2);
	assert_ptr_equal(virtqueue_take(&vq, &len), b);
	assert_int_equal(vq.free_count, SIZE);
	assert_int_equal(virtqueue_add(&vq, b, 4, 0, b), 0);
	assert_int_equal(virtqueue_add(&vq, b, 4, 0, b), 0);
}

/* Against a device that answers at random, rightly; indices wrap many times. */
static void random_traffic_loses_nothing(void **state)
{
	struct virtq_buf b[3] = {{0x1000, 5}, {0x2000, 6}, {0x3000, 7}};
	u16 held[SIZE];
	unsigned nheld = 0, outstanding = 0, lens[SIZE];
	u64 sent = 0, taken = 0;

	while (taken < 200000) {
		u64 r = unit_random();
		unsigned nout = r & 1, nin = 1 + (r >> 1 & 1);
		u32 len;

		if (virtqueue_add(&vq, b, nout, nin, (void *)(uintptr_t)(1 + nout + nin)) == 0) {
			sent++;
			outstanding++;
		} else {
			assert_true(vq.free_count < nout + nin);
		}
		while (device_avail != vq.avail->idx)
			held[nheld++] = device_next();
		if (nheld && r & 8) {
			unsigned i = (unsigned)unit_below(nheld);

			lens[vq.used->idx % SIZE] = (unsigned)unit_below(6);
			device_use(held[i], lens[vq.used->idx % SIZE]);
			held[i] = held[--nheld];
		}
		if (r & 16) {
			unsigned at = vq.used_idx % SIZE;

			if (virtqueue_take(&vq, &len)) {
				assert_int_equal(len, lens[at]);
				taken++;
				outstanding--;
			}
		}
		assert_false(vq.broken);
	}
	assert_int_equal(sent - taken, outstanding);
}

/* And against one that writes anything anywhere in its ring. */
static void random_rubbish_never_leads_out_of_bounds(void **state)
{
	struct virtq_buf b[2] = {{0x1000, 5}, {0x2000, 6}};

	for (unsigned round = 0; round < 20000; round++) {
		memset(memory, 0, VIRTQ_BYTES(SIZE));
		virtqueue_init(&vq, memory, SIZE);
		for (unsigned step = 0; step < 20; step++) {
			u64 r = unit_random();
			u32 len;
			void *t;

			(void)virtqueue_add(&vq, b, r & 1, 1, b);
			vq.used->ring[unit_below(SIZE)] =
				(struct virtq_used_elem){(u32)(r >> 8) % (SIZE + 2), (u32)(r >> 40)};
			if (r & 2)
				vq.used->idx = (u16)(vq.used->idx + unit_below(3));
			t = virtqueue_take(&vq, &len);
			assert_true(!t || (t == b && len <= 6));
			assert_true(vq.free_count <= SIZE);
		}
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(a_chain_carries_its_buffers_in_order, begin, end),
		cmocka_unit_test_setup_teardown(tokens_come_back_in_the_devices_order, begin, end),
		cmocka_unit_test_setup_teardown(a_buffer_offered_again_is_the_same_one, begin, end),
		cmocka_unit_test_setup_teardown(a_full_queue_takes_no_more, begin, end),
		cmocka_unit_test_setup_teardown(a_length_beyond_the_chain_is_cut, begin, end),
		cmocka_unit_test_setup_teardown(a_wrong_id_breaks_the_queue, begin, end),
		cmocka_unit_test_setup_teardown(the_middle_of_a_chain_is_no_head, begin, end),
		cmocka_unit_test_setup_teardown(a_chain_used_twice_breaks_the_queue, begin, end),
		cmocka_unit_test_setup_teardown(an_index_ahead_of_all_requests_breaks_the_queue, begin, end),
		cmocka_unit_test_setup_teardown(descriptors_scribbled_over_by_the_device_do_no_harm, begin, end),
		cmocka_unit_test_setup_teardown(random_traffic_loses_nothing, begin, end),
		cmocka_unit_test_setup_teardown(random_rubbish_never_leads_out_of_bounds, begin, end),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
