/* SPDX-License-Identifier: MIT */
/* The 9p device as a driver finds it, through its ring: messages in any pieces, and a driver gone mad. */
#define _GNU_SOURCE
#include "ring.h"
#include "said.h"

#include <errno.h>
#include <ftw.h>
#include <linux/virtio_config.h>
#include <linux/virtio_ring.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#define RAM   (1u << 20)
#define OUT   0x10000u
#define IN    0x20000u

static struct virtio_bus bus;
static struct virtio_device *d; /* one for all tests: it lives as long as its machine */
static char share[] = "/tmp/hermit-9p.XXXXXX";

int vm_ioeventfd(struct vm *v, uint64_t addr, int fd) { return 0; }
int vm_irqfd(struct vm *v, unsigned int pin, int fd) { return 0; }

static uint64_t rnd(uint64_t below)
{
	static uint64_t state = 0x9e3779b97f4a7c15;

	state ^= state << 13;
	state ^= state >> 7;
	state ^= state << 17;
	return state % below;
}

/* A driver that has reset the device and set its queue up. */
static int begin(void **state)
{
	d->class->reset(d);
	queue_reset(&d->queue[0]);
	ring_start(d);
	d->status = 0;
	return 0;
}

static const unsigned char version[] = {21, 0, 0, 0, 100, 0xff, 0xff, 0, 0, 2, 0, 8, 0, '9', 'P', '2', '0', '0', '0', '.', 'L'};
static const unsigned char attach[] = {23, 0, 0, 0, 104, 1, 0, 1, 0, 0, 0, 255, 255, 255, 255, 0, 0, 0, 0, 0, 0, 0, 0};
static const unsigned char getattr[] = {19, 0, 0, 0, 24, 2, 0, 1, 0, 0, 0, 255, 7, 0, 0, 0, 0, 0, 0};

/* Both ways in pieces of `cut` bytes. */
static long send(const unsigned char *msg, uint32_t len, uint32_t cut)
{
	struct piece p[QUEUE];
	unsigned int n = 0;

	memcpy(ram(OUT), msg, len);
	memset(ram(IN), 0, 200);
	for (uint32_t at = 0; at < len; at += cut)
		p[n++] = (struct piece){OUT + at, len - at < cut ? len - at : cut, false};
	for (uint32_t at = 0; at < 200 && n < QUEUE; at += cut)
		p[n++] = (struct piece){IN + at, 200 - at < cut ? 200 - at : cut, true};
	return ring_serve(d, p, n);
}

static void the_tag_is_in_the_configuration(void **state)
{
	assert_int_equal(d->config_len, 2 + 6);
	assert_memory_equal(d->config, "\6\0shared", 8);
	assert_true(d->features & 1);
	assert_int_equal(fs9p_add(&bus, "", share, false, 0), -EINVAL);
	assert_int_equal(fs9p_add(&bus, "x", "/dev/null", false, 0), -ENOTDIR);
	assert_int_equal(fs9p_add(&bus, "x", "/dev/missing", false, 0), -ENOENT);
}

static void messages_pass_in_any_pieces(void **state)
{
	static const uint32_t cuts[] = {200, 64, 11, 7, 3};
	struct stat st;
	uint32_t mode;

	assert_int_equal(stat(share, &st), 0);
	for (unsigned int i = 0; i < sizeof(cuts) / sizeof(cuts[0]); i++) {
		assert_int_equal(send(version, sizeof(version), cuts[i]), 21);
		assert_int_equal(*ram(IN + 4), 101);
		assert_int_equal(send(attach, sizeof(attach), cuts[i]), 20);
		assert_int_equal(send(getattr, sizeof(getattr), cuts[i]), 160);
		memcpy(&mode, ram(IN + 7 + 8 + 13), 4);
		assert_int_equal(mode, st.st_mode);
	}
}

static void a_reset_forgets_the_session(void **state)
{
	assert_int_equal(send(version, sizeof(version), 100), 21);
	assert_int_equal(send(attach, sizeof(attach), 100), 20);
	begin(NULL);
	assert_int_equal(send(getattr, sizeof(getattr), 100), 11); /* an error */
	assert_int_equal(*ram(IN + 4), 7);
}

static void what_cannot_be_answered_breaks_the_device_until_it_is_reset(void **state)
{
	static const struct piece bad[][2] = {
		{{OUT, 6, false}, {IN, 100, true}},   /* no header */
		{{OUT, 21, false}, {IN, 10, true}},   /* no room for an error */
		{{OUT, 21, false}, {OUT, 21, false}}, /* no room at all */
		{{IN, 100, true}, {IN, 100, true}},   /* no message */
	};

	for (unsigned int i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		begin(NULL);
		memcpy(ram(OUT), version, sizeof(version));
		assert_int_equal(ring_serve(d, bad[i], 2), -1);
		assert_true(d->status & VIRTIO_CONFIG_S_NEEDS_RESET);
		assert_int_equal(send(version, sizeof(version), 100), -1);
		begin(NULL);
		assert_int_equal(send(version, sizeof(version), 100), 21);
	}
}

/* A reply that lands on the request, or a request that lies in the rings. */
static void pieces_may_lie_anywhere(void **state)
{
	struct piece over[] = {{OUT, 21, false}, {OUT, 100, true}};
	struct piece rings[] = {{RINGS, 100, false}, {IN, 100, true}};

	memcpy(ram(OUT), version, sizeof(version));
	assert_int_equal(ring_serve(d, over, 2), 21);
	assert_int_equal(*ram(OUT + 4), 101);
	(void)ring_serve(d, rings, 2);
}

static void a_mad_driver_harms_only_itself(void **state)
{
	unsigned int answered = 0;

	for (unsigned int i = 0; i < 20000; i++) {
		unsigned int n = 1 + (unsigned int)rnd(8);
		struct piece p[8];

		if (d->status & VIRTIO_CONFIG_S_NEEDS_RESET || i % 50 == 0) {
			begin(NULL);
			(void)send(version, sizeof(version), 100);
			(void)send(attach, sizeof(attach), 100);
		}
		for (unsigned int k = 0; k < n; k++)
			p[k] = (struct piece){rnd(20) ? OUT + (uint32_t)rnd(0x20000) : (uint32_t)rnd(2 * RAM),
					      (uint32_t)(rnd(4) ? rnd(64) : rnd(0x20000)), k >= n / 2};
		if (rnd(20) == 0)
			p[rnd(n)].in = rnd(2);
		/* A message with a plausible head where the chain begins. */
		if (p[0].addr < RAM - 64) {
			unsigned char head[] = {(unsigned char)(7 + rnd(30)), 0, 0, 0, (unsigned char)(rnd(70) * 2), 0, 0,
						(unsigned char)rnd(3), 0, 0, 0, (unsigned char)rnd(4)};

			memcpy(ram(p[0].addr), head, sizeof(head));
			for (unsigned int k = sizeof(head); k < 40; k++)
				ram(p[0].addr)[k] = rnd(3) ? 0 : (unsigned char)rnd(256);
		}
		answered += ring_serve(d, p, n) > 0;
	}
	assert_true(answered > 1000); /* else it was not much of a test */
	begin(NULL);
	assert_int_equal(send(version, sizeof(version), 100), 21);
}

static int remove_one(const char *path, const struct stat *st, int type, struct FTW *ftw) { return remove(path); }

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(the_tag_is_in_the_configuration, begin),
		cmocka_unit_test_setup(messages_pass_in_any_pieces, begin),
		cmocka_unit_test_setup(a_reset_forgets_the_session, begin),
		cmocka_unit_test_setup(what_cannot_be_answered_breaks_the_device_until_it_is_reset, begin),
		cmocka_unit_test_setup(pieces_may_lie_anywhere, begin),
		cmocka_unit_test_setup(a_mad_driver_harms_only_itself, begin),
	};
	struct memory_wish wish = {.size = RAM};
	struct rlimit small = {1 << 20, 1 << 20};
	int r;

	signal(SIGXFSZ, SIG_IGN);
	if (!mkdtemp(share) || memory_make(&vm.memory, &wish))
		return 1;
	if (setrlimit(RLIMIT_FSIZE, &small))
		return 1;
	virtio_bus_init(&bus, &vm, NULL);
	if (fs9p_add(&bus, "shared", share, false, 0))
		return 1;
	d = bus.devices[0];
	r = cmocka_run_group_tests(tests, NULL, NULL);
	d->class->reset(d);
	return nftw(share, remove_one, 16, FTW_DEPTH | FTW_PHYS) ? 1 : r;
}
