/* SPDX-License-Identifier: MIT */
/*
 * The devices as a driver finds them: through their registers and rings, with
 * the I/O thread running.  Among the drivers is one that writes anything.
 */
#define _GNU_SOURCE
#include "kvm/cpu.h"
#include "said.h"
#include "virtio/devices.h"
#include "virtio/mmio.h"

#include <linux/virtio_config.h>
#include <linux/virtio_console.h>
#include <linux/virtio_mmio.h>
#include <linux/virtio_ring.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#define RAM	 (1u << 20)
#define QUEUE	 0x2000u /* bytes of rings for each queue of each device */
#define BUFFERS	 0x80000u
#define PATIENCE 10000 /* ms */

enum { CONSOLE, RNG };

static struct vm vm;
static struct virtio_bus bus;
static struct loop loop;
static int ours[CONSOLE_PORTS];
static int gone;

/* --- what KVM would do --- */

int vm_ioeventfd(struct vm *v, uint64_t addr, int fd) { return 0; }
int vm_irqfd(struct vm *v, unsigned int pin, int fd) { return 0; }

static uint32_t get(unsigned int device, unsigned int reg)
{
	uint32_t v = 0;

	vm.window.read(vm.window.arg, device * MMIO_SLOT + reg, &v, sizeof(v));
	return v;
}

static void put(unsigned int device, unsigned int reg, uint32_t v)
{
	vm.window.write(vm.window.arg, device * MMIO_SLOT + reg, &v, sizeof(v));
}

/* --- a driver --- */

static uint16_t offered[2][VIRTIO_QUEUES_MAX], seen[2][VIRTIO_QUEUES_MAX];

static uint32_t rings(unsigned int device, unsigned int q)
{
	return (device * VIRTIO_QUEUES_MAX + q + 1) * QUEUE;
}

static struct vring_avail *avail(unsigned int d, unsigned int q) { return guest_mem(&vm.memory, rings(d, q) + 0x800, 4); }
static struct vring_used *used(unsigned int d, unsigned int q) { return guest_mem(&vm.memory, rings(d, q) + 0x1000, 4); }

static void driver_queue(unsigned int d, unsigned int q)
{
	uint32_t at = rings(d, q);

	memset(guest_mem(&vm.memory, at, QUEUE), 0, QUEUE);
	put(d, VIRTIO_MMIO_QUEUE_SEL, q);
	put(d, VIRTIO_MMIO_QUEUE_NUM, get(d, VIRTIO_MMIO_QUEUE_NUM_MAX));
	put(d, VIRTIO_MMIO_QUEUE_DESC_LOW, at);
	put(d, VIRTIO_MMIO_QUEUE_DESC_HIGH, 0);
	put(d, VIRTIO_MMIO_QUEUE_AVAIL_LOW, at + 0x800);
	put(d, VIRTIO_MMIO_QUEUE_AVAIL_HIGH, 0);
	put(d, VIRTIO_MMIO_QUEUE_USED_LOW, at + 0x1000);
	put(d, VIRTIO_MMIO_QUEUE_USED_HIGH, 0);
	put(d, VIRTIO_MMIO_QUEUE_READY, 1);
	assert_int_equal(get(d, VIRTIO_MMIO_QUEUE_READY), 1);
	offered[d][q] = seen[d][q] = 0;
}

static void driver_start(unsigned int d, uint32_t features)
{
	unsigned int s = VIRTIO_CONFIG_S_ACKNOWLEDGE | VIRTIO_CONFIG_S_DRIVER;
	uint64_t count;

	put(d, VIRTIO_MMIO_STATUS, 0);
	assert_int_equal(get(d, VIRTIO_MMIO_STATUS), 0);
	while (read(bus.devices[d]->irq, &count, sizeof(count)) > 0) /* what was asked before the reset */
		;
	put(d, VIRTIO_MMIO_STATUS, s);
	put(d, VIRTIO_MMIO_DRIVER_FEATURES_SEL, 0);
	put(d, VIRTIO_MMIO_DRIVER_FEATURES, features);
	put(d, VIRTIO_MMIO_DRIVER_FEATURES_SEL, 1);
	put(d, VIRTIO_MMIO_DRIVER_FEATURES, 1);
	put(d, VIRTIO_MMIO_STATUS, s |= VIRTIO_CONFIG_S_FEATURES_OK);
	assert_true(get(d, VIRTIO_MMIO_STATUS) & VIRTIO_CONFIG_S_FEATURES_OK);
	for (unsigned int q = 0; q < bus.devices[d]->class->queues; q++)
		driver_queue(d, q);
	put(d, VIRTIO_MMIO_STATUS, s | VIRTIO_CONFIG_S_DRIVER_OK);
}

/* Offers one piece: the buffer number `slot`, 4 KiB each.  Gives its memory. */
static void *driver_offer(unsigned int d, unsigned int q, unsigned int slot, uint32_t len, bool writable)
{
	struct vring_desc *desc = guest_mem(&vm.memory, rings(d, q), 16 * 64);
	uint32_t at = BUFFERS + slot * 4096;
	unsigned int n = offered[d][q] % bus.devices[d]->class->queue_size;

	desc[n] = (struct vring_desc){ .addr = at, .len = len, .flags = writable ? VRING_DESC_F_WRITE : 0 };
	avail(d, q)->ring[n] = (uint16_t)n;
	__atomic_store_n(&avail(d, q)->idx, ++offered[d][q], __ATOMIC_SEQ_CST);
	return guest_mem(&vm.memory, at, 4096);
}

static void driver_kick(unsigned int d, unsigned int q)
{
	put(d, VIRTIO_MMIO_QUEUE_NOTIFY, q);
}

static bool driver_used(unsigned int d, unsigned int q)
{
	return __atomic_load_n(&used(d, q)->idx, __ATOMIC_ACQUIRE) != seen[d][q];
}

/* Waits for the next used buffer.  Gives how much was written into it. */
static uint32_t driver_wait(unsigned int d, unsigned int q)
{
	for (unsigned int ms = 0; !driver_used(d, q); ms++) {
		assert_true(ms < PATIENCE);
		usleep(1000);
	}
	return used(d, q)->ring[seen[d][q]++ % bus.devices[d]->class->queue_size].len;
}

static void settle(unsigned int d)
{
	put(d, VIRTIO_MMIO_STATUS, 0);
	assert_int_equal(get(d, VIRTIO_MMIO_STATUS), 0);
}

/* --- the tests --- */

static void devices_say_what_they_are(void **state)
{
	char line[256] = "";

	for (unsigned int d = 0; d < 2; d++) {
		assert_int_equal(get(d, VIRTIO_MMIO_MAGIC_VALUE), 0x74726976);
		assert_int_equal(get(d, VIRTIO_MMIO_VERSION), 2);
		assert_int_equal(get(d, VIRTIO_MMIO_DEVICE_ID), d == CONSOLE ? 3 : 4);
		put(d, VIRTIO_MMIO_DEVICE_FEATURES_SEL, 1);
		assert_int_equal(get(d, VIRTIO_MMIO_DEVICE_FEATURES), 1);
		put(d, VIRTIO_MMIO_DEVICE_FEATURES_SEL, 2);
		assert_int_equal(get(d, VIRTIO_MMIO_DEVICE_FEATURES), 0);
	}
	assert_int_equal(get(2, VIRTIO_MMIO_MAGIC_VALUE), 0);
	assert_int_equal(virtio_cmdline(&bus, line, sizeof(line)), 0);
	assert_string_equal(line, " virtio_mmio.device=512@0xfeb00000:16 virtio_mmio.device=512@0xfeb00200:17");
	assert_true(virtio_cmdline(&bus, line, 60) < 0);
}

static void features_that_were_not_offered_are_refused(void **state)
{
	static const struct {
		uint32_t low, high;
		bool good;
	} rows[] = { { 0, 1, true }, { 0, 0, false }, { 1, 1, false }, { 0, 3, false }, { 2, 1, true } };

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		put(CONSOLE, VIRTIO_MMIO_STATUS, 0);
		put(CONSOLE, VIRTIO_MMIO_DRIVER_FEATURES_SEL, 0);
		put(CONSOLE, VIRTIO_MMIO_DRIVER_FEATURES, rows[i].low);
		put(CONSOLE, VIRTIO_MMIO_DRIVER_FEATURES_SEL, 1);
		put(CONSOLE, VIRTIO_MMIO_DRIVER_FEATURES, rows[i].high);
		put(CONSOLE, VIRTIO_MMIO_STATUS, 3 | VIRTIO_CONFIG_S_FEATURES_OK);
		assert_int_equal(!!(get(CONSOLE, VIRTIO_MMIO_STATUS) & VIRTIO_CONFIG_S_FEATURES_OK), rows[i].good);
	}
	settle(CONSOLE);
}

static void random_bytes_come_with_an_interrupt(void **state)
{
	static const unsigned char zeros[64];
	struct pollfd irq = { .fd = bus.devices[RNG]->irq, .events = POLLIN };
	unsigned char *p;
	uint64_t count;

	driver_start(RNG, 0);
	p = driver_offer(RNG, 0, 0, 64, true);
	driver_kick(RNG, 0);
	assert_int_equal(poll(&irq, 1, PATIENCE), 1);
	assert_int_equal(read(irq.fd, &count, sizeof(count)), sizeof(count));
	assert_int_equal(get(RNG, VIRTIO_MMIO_INTERRUPT_STATUS), VIRTIO_MMIO_INT_VRING);
	put(RNG, VIRTIO_MMIO_INTERRUPT_ACK, VIRTIO_MMIO_INT_VRING);
	assert_int_equal(get(RNG, VIRTIO_MMIO_INTERRUPT_STATUS), 0);
	assert_int_equal(driver_wait(RNG, 0), 64);
	assert_memory_not_equal(p, zeros, 64);
	settle(RNG);
}

static void a_broken_ring_needs_a_reset_and_no_more(void **state)
{
	driver_start(RNG, 0);
	avail(RNG, 0)->idx = 100;
	driver_kick(RNG, 0);
	for (unsigned int ms = 0; !(get(RNG, VIRTIO_MMIO_STATUS) & VIRTIO_CONFIG_S_NEEDS_RESET); ms++) {
		assert_true(ms < PATIENCE);
		usleep(1000);
	}
	assert_int_equal(get(RNG, VIRTIO_MMIO_INTERRUPT_STATUS), VIRTIO_MMIO_INT_CONFIG);
	random_bytes_come_with_an_interrupt(state);
}

/* Control queue: 2 receives, 3 sends. */
static void control(uint32_t id, uint16_t event, uint16_t value)
{
	struct virtio_console_control m = { .id = id, .event = event, .value = value };

	memcpy(driver_offer(CONSOLE, 3, 40, sizeof(m), false), &m, sizeof(m));
	driver_kick(CONSOLE, 3);
	driver_wait(CONSOLE, 3);
}

static void console_start(void)
{
	static const char *const names[] = { "hermit.io", "hermit.err", "hermit.ctl" };
	struct virtio_console_control m;
	unsigned char *p[9];

	driver_start(CONSOLE, 1u << VIRTIO_CONSOLE_F_MULTIPORT);
	for (unsigned int i = 0; i < 9; i++)
		p[i] = driver_offer(CONSOLE, 2, 41 + i, 64, true);
	driver_kick(CONSOLE, 2);
	control(0, VIRTIO_CONSOLE_DEVICE_READY, 1);
	for (uint32_t i = 0; i < 3; i++) {
		assert_int_equal(driver_wait(CONSOLE, 2), sizeof(m));
		memcpy(&m, p[i], sizeof(m));
		assert_int_equal(m.event, VIRTIO_CONSOLE_PORT_ADD);
		assert_int_equal(m.id, i + 1);
	}
	for (uint32_t i = 0; i < 3; i++) {
		control(i + 1, VIRTIO_CONSOLE_PORT_READY, 1);
		assert_int_equal(driver_wait(CONSOLE, 2), sizeof(m) + strlen(names[i]));
		assert_memory_equal(p[3 + 2 * i] + sizeof(m), names[i], strlen(names[i]));
		assert_int_equal(driver_wait(CONSOLE, 2), sizeof(m));
		memcpy(&m, p[4 + 2 * i], sizeof(m));
		assert_int_equal(m.event, VIRTIO_CONSOLE_PORT_OPEN);
	}
}

static void ports_carry_bytes_both_ways(void **state)
{
	char buf[16], *p;

	console_start();
	memcpy(driver_offer(CONSOLE, 5, 0, 5, false), "hello", 5);
	driver_kick(CONSOLE, 5);
	driver_wait(CONSOLE, 5);
	assert_int_equal(read(ours[CONSOLE_IO], buf, sizeof(buf)), 5);
	assert_memory_equal(buf, "hello", 5);
	/* What comes before there is a buffer waits. */
	assert_int_equal(write(ours[CONSOLE_ERR], "input", 5), 5);
	usleep(10000);
	p = driver_offer(CONSOLE, 6, 1, 3, true);
	driver_kick(CONSOLE, 6);
	assert_int_equal(driver_wait(CONSOLE, 6), 3);
	assert_memory_equal(p, "inp", 3);
	p = driver_offer(CONSOLE, 6, 2, 100, true);
	driver_kick(CONSOLE, 6);
	assert_int_equal(driver_wait(CONSOLE, 6), 2);
	assert_memory_equal(p, "ut", 2);
	settle(CONSOLE);
}

static void a_reader_that_stands_still_holds_the_writer_and_loses_nothing(void **state)
{
	enum { ROUNDS = 600 };
	unsigned int sent = 0, done = 0;
	unsigned char expected = 0, buf[4096];

	console_start();
	while (done < ROUNDS) {
		while (sent < ROUNDS && sent - done < 32) {
			unsigned char *p = guest_mem(&vm.memory, BUFFERS + sent % 32 * 4096, 4096);

			/* First the bytes: a device that is awake takes what is offered at once. */
			for (unsigned int i = 0; i < 4096; i++)
				p[i] = (unsigned char)((sent * 4096 + i) / 7);
			driver_offer(CONSOLE, 5, sent++ % 32, 4096, false);
		}
		driver_kick(CONSOLE, 5);
		while (driver_used(CONSOLE, 5)) {
			driver_wait(CONSOLE, 5);
			done++;
		}
		/* The reader comes only when the writer cannot go on. */
		usleep(200);
		if (sent - done == 32 || sent == ROUNDS)
			for (ssize_t n; (n = recv(ours[CONSOLE_IO], buf, sizeof(buf), MSG_DONTWAIT)) > 0;)
				for (ssize_t i = 0; i < n; i++) {
					static unsigned int at;

					expected = (unsigned char)(at++ / 7);
					assert_int_equal(buf[i], expected);
				}
	}
	settle(CONSOLE);
	while (recv(ours[CONSOLE_IO], buf, sizeof(buf), MSG_DONTWAIT) > 0)
		;
}

/*
 * A driver that gives buffers back as fast as they are filled, and kicks only when it is told to: the device must not
 * stop in the middle of a turn that was long enough, and then wait for a kick that it has said it does not want.
 */
static void a_driver_that_need_not_kick_is_not_forgotten(void **state)
{
	enum { BYTES = 30000, AHEAD = 32 };
	static char bytes[BYTES];
	unsigned int asked = 0, got = 0;
	time_t late = time(NULL) + 20;

	console_start();
	while (asked < AHEAD)
		driver_offer(CONSOLE, 4, asked++, 1, true);
	driver_kick(CONSOLE, 4);
	usleep(20000); /* the device waits for the socket: what comes next is a turn of the socket's */
	assert_int_equal(write(ours[CONSOLE_IO], bytes, BYTES), BYTES);
	while (got < BYTES) {
		while (driver_used(CONSOLE, 4)) {
			assert_int_equal(driver_wait(CONSOLE, 4), 1);
			got++;
			if (asked == BYTES)
				continue;
			driver_offer(CONSOLE, 4, asked++ % AHEAD, 1, true);
			__atomic_thread_fence(__ATOMIC_SEQ_CST);
			if (!(__atomic_load_n(&used(CONSOLE, 4)->flags, __ATOMIC_RELAXED) & VRING_USED_F_NO_NOTIFY))
				driver_kick(CONSOLE, 4);
		}
		if (time(NULL) > late)
			fail_msg("it stands still after %u bytes", got);
	}
	settle(CONSOLE);
}

static void the_end_of_a_turn_calls_for_the_next(void **state)
{
	struct virtio_device d = { .kick = eventfd(0, EFD_NONBLOCK) };
	struct virtio_chain c;
	uint64_t count = 0;

	assert_false(virtio_take(&d, 0, &c));
	assert_int_equal(read(d.kick, &count, sizeof(count)), sizeof(count));
	assert_int_equal(count, 1);
	close(d.kick);
}

static void wild(unsigned int d)
{
	static const unsigned int regs[] = {
		VIRTIO_MMIO_DEVICE_FEATURES_SEL, VIRTIO_MMIO_DRIVER_FEATURES, VIRTIO_MMIO_DRIVER_FEATURES_SEL,
		VIRTIO_MMIO_QUEUE_SEL, VIRTIO_MMIO_QUEUE_NUM, VIRTIO_MMIO_QUEUE_READY, VIRTIO_MMIO_QUEUE_NOTIFY,
		VIRTIO_MMIO_INTERRUPT_ACK, VIRTIO_MMIO_STATUS, VIRTIO_MMIO_QUEUE_DESC_LOW,
		VIRTIO_MMIO_QUEUE_AVAIL_LOW, VIRTIO_MMIO_QUEUE_USED_LOW, VIRTIO_MMIO_QUEUE_USED_HIGH,
	};
	unsigned char data[8];

	switch (rand() % 4) {
	case 0: /* any place and width */
		for (unsigned int i = 0; i < 8; i++)
			data[i] = (unsigned char)rand();
		vm.window.write(vm.window.arg, d * MMIO_SLOT + (uint64_t)rand() % MMIO_SLOT, data, 1u << rand() % 4);
		vm.window.read(vm.window.arg, d * MMIO_SLOT + (uint64_t)rand() % MMIO_SLOT, data, 1u << rand() % 4);
		break;
	case 1:
		put(d, regs[(unsigned int)rand() % (sizeof(regs) / sizeof(regs[0]))], (uint32_t)rand() % 300);
		break;
	default: /* the rings and what they point to */
		for (unsigned int n = 0; n < 8; n++) {
			unsigned int q = (unsigned int)rand() % bus.devices[d]->class->queues;
			unsigned char *p = guest_mem(&vm.memory, rings(d, q), QUEUE);

			p[0x800 * (unsigned int)(rand() % 3) + (unsigned int)rand() % 64] = (unsigned char)rand();
		}
		put(d, VIRTIO_MMIO_QUEUE_NOTIFY, 0);
	}
}

static void a_driver_gone_mad(void **state)
{
	char buf[4096];

	srand(1);
	for (unsigned int round = 0; round < 200; round++) {
		unsigned int d = round % 2;

		driver_start(d, d == CONSOLE ? 1u << VIRTIO_CONSOLE_F_MULTIPORT : 0);
		for (unsigned int i = 0; i < 64; i++)
			driver_offer(d, i % bus.devices[d]->class->queues, i, (uint32_t)rand() % 5000, rand() % 2);
		for (unsigned int n = 0; n < 300; n++) {
			wild(d);
			if (n % 50 == 0)
				for (unsigned int i = 0; i < CONSOLE_PORTS; i++)
					if (recv(ours[i], buf, sizeof(buf), MSG_DONTWAIT) <= 0)
						(void)!send(ours[i], buf, 64, MSG_DONTWAIT);
		}
	}
	for (unsigned int i = 0; i < CONSOLE_PORTS; i++)
		while (recv(ours[i], buf, sizeof(buf), MSG_DONTWAIT) > 0)
			;
	/* And after a reset all is well. */
	settle(CONSOLE);
	settle(RNG);
	random_bytes_come_with_an_interrupt(state);
}

static void the_end_of_the_control_port_is_told(void **state)
{
	assert_int_equal(__atomic_load_n(&gone, __ATOMIC_SEQ_CST), 0);
	close(ours[CONSOLE_CTL]);
	for (unsigned int ms = 0; !__atomic_load_n(&gone, __ATOMIC_SEQ_CST); ms++) {
		assert_true(ms < PATIENCE);
		usleep(1000);
	}
}

static void on_gone(void *arg)
{
	__atomic_store_n(&gone, 1, __ATOMIC_SEQ_CST);
}

static void *run(void *arg)
{
	loop_run(&loop);
	return NULL;
}

static int start(void **state)
{
	int theirs[CONSOLE_PORTS];
	pthread_t thread;

	vm.memory = (struct memory){ .pieces = 1, .piece = { { .base = 0, .size = RAM, .host = calloc(1, RAM) } } };
	if (!vm.memory.piece[0].host || loop_make(&loop))
		return -1;
	virtio_bus_init(&bus, &vm, &loop);
	for (unsigned int i = 0; i < CONSOLE_PORTS; i++) {
		int pair[2];

		if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0, pair))
			return -1;
		ours[i] = pair[0];
		theirs[i] = pair[1];
	}
	return console_add(&bus, theirs, on_gone, NULL) || rng_add(&bus) || virtio_run(&bus) ||
	       pthread_create(&thread, NULL, run, NULL) || pthread_detach(thread);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(devices_say_what_they_are),
		cmocka_unit_test(features_that_were_not_offered_are_refused),
		cmocka_unit_test(random_bytes_come_with_an_interrupt),
		cmocka_unit_test(a_broken_ring_needs_a_reset_and_no_more),
		cmocka_unit_test(ports_carry_bytes_both_ways),
		cmocka_unit_test(a_reader_that_stands_still_holds_the_writer_and_loses_nothing),
		cmocka_unit_test(a_driver_that_need_not_kick_is_not_forgotten),
		cmocka_unit_test(the_end_of_a_turn_calls_for_the_next),
		cmocka_unit_test(a_driver_gone_mad),
		cmocka_unit_test(the_end_of_the_control_port_is_told),
	};
	int r = cmocka_run_group_tests(tests, start, NULL);

	/* The I/O thread is at it still: no destructors under its feet. */
	fflush(NULL);
	_exit(r);
}
