/* SPDX-License-Identifier: MIT */
#include "machine.h"
#include "virtio/mmio.h"

#include <fcntl.h>
#include <linux/virtio_config.h>
#include <linux/virtio_mmio.h>
#include <linux/virtio_ring.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/resource.h>
#include <unistd.h>

#define LOW	 0x20000u
#define HIGH	 0x2000u /* from 4 GiB on */
#define RINGS	 0x1000u /* bytes for a queue, from the second page on */
#define AVAIL_AT 0x800u
#define USED_AT	 0xa00u
#define BUFFERS	 0x10000u
#define STEPS	 400
#define ROUNDS	 16 /* of devices that wake themselves */

enum { STEP_WRITE, STEP_READ, STEP_START, STEP_REQUEST, STEP_REQUEST_TOO, STEP_SERVE, STEP_MEMORY, STEP_HOST };

struct machine machine;

/* What the driver knows of a queue that it has set up. */
static struct driver_queue {
	uint16_t offered, seen;
	uint16_t desc; /* the next to be filled */
	unsigned int filled; /* of them */
	size_t room[QUEUE_SIZE_MAX]; /* bytes that the device may write, by the head */
	bool out[QUEUE_SIZE_MAX]; /* offered and not used */
} queues[VIRTIO_DEVICES_MAX][VIRTIO_QUEUES_MAX];

static uint32_t buffer; /* where the next piece lies */
static bool sane; /* nothing has been written to memory or registers but by the driver in its right mind */

/* ---- what KVM and threads would do ---- */

int vm_ioeventfd(struct vm *v, uint64_t addr, int fd) { return 0; }
int vm_irqfd(struct vm *v, unsigned int pin, int fd) { return 0; }

int __wrap_pthread_cond_wait(pthread_cond_t *cond, pthread_mutex_t *lock);

/* A vCPU waits until the device's thread has reset it: that is this thread, too. */
int __wrap_pthread_cond_wait(pthread_cond_t *cond, pthread_mutex_t *lock)
{
	for (unsigned int i = 0; i < machine.bus.count; i++) {
		struct virtio_device *d = machine.bus.devices[i];

		if (&d->lock != lock)
			continue;
		pthread_mutex_unlock(lock);
		virtio_serve(d);
		pthread_mutex_lock(lock);
		return 0;
	}
	fuzz_fail(__FILE__, __LINE__, "somebody waits for another thread");
}

static void serve(void)
{
	struct epoll_event e[8];
	uint64_t count;

	for (unsigned int round = 0; round < ROUNDS; round++) {
		bool did = false;
		int n;

		for (unsigned int i = 0; i < machine.bus.count; i++)
			if (read(machine.bus.devices[i]->kick, &count, sizeof(count)) == sizeof(count)) {
				virtio_serve(machine.bus.devices[i]);
				did = true;
			}
		n = epoll_wait(machine.loop.fd, e, 8, 0);
		for (int i = 0; i < n; i++) {
			struct watch *w = e[i].data.ptr;

			if (w->added)
				w->ready(w, e[i].events);
		}
		if (!did && n <= 0)
			break;
	}
}

/* ---- registers ---- */

static void put(unsigned int device, unsigned int reg, uint32_t v)
{
	machine.vm.window.write(machine.vm.window.arg, device * MMIO_SLOT + reg, &v, sizeof(v));
}

static uint32_t get(unsigned int device, unsigned int reg)
{
	uint32_t v = 0;

	machine.vm.window.read(machine.vm.window.arg, device * MMIO_SLOT + reg, &v, sizeof(v));
	return v;
}

/* ---- a driver in its right mind ---- */

static uint32_t rings(unsigned int device, unsigned int q)
{
	unsigned int n = 1 + q;

	for (unsigned int i = 0; i < device; i++)
		n += machine.bus.devices[i]->class->queues;
	return n * RINGS;
}

static unsigned char *ram(uint32_t at) { return machine.vm.memory.piece[0].host + at; }

static void driver_queue_start(unsigned int d, unsigned int q)
{
	uint32_t at = rings(d, q);

	FUZZ_CHECK(at + RINGS <= BUFFERS);
	memset(ram(at), 0, RINGS);
	queues[d][q] = (struct driver_queue){ .offered = 0 };
	put(d, VIRTIO_MMIO_QUEUE_SEL, q);
	put(d, VIRTIO_MMIO_QUEUE_READY, 0);
	put(d, VIRTIO_MMIO_QUEUE_NUM, get(d, VIRTIO_MMIO_QUEUE_NUM_MAX));
	put(d, VIRTIO_MMIO_QUEUE_DESC_LOW, at);
	put(d, VIRTIO_MMIO_QUEUE_DESC_HIGH, 0);
	put(d, VIRTIO_MMIO_QUEUE_AVAIL_LOW, at + AVAIL_AT);
	put(d, VIRTIO_MMIO_QUEUE_AVAIL_HIGH, 0);
	put(d, VIRTIO_MMIO_QUEUE_USED_LOW, at + USED_AT);
	put(d, VIRTIO_MMIO_QUEUE_USED_HIGH, 0);
	put(d, VIRTIO_MMIO_QUEUE_READY, 1);
}

static void driver_start(unsigned int d, uint32_t features)
{
	uint32_t s = VIRTIO_CONFIG_S_ACKNOWLEDGE | VIRTIO_CONFIG_S_DRIVER;

	put(d, VIRTIO_MMIO_STATUS, 0);
	FUZZ_CHECK(get(d, VIRTIO_MMIO_STATUS) == 0);
	put(d, VIRTIO_MMIO_STATUS, s);
	put(d, VIRTIO_MMIO_DRIVER_FEATURES_SEL, 0);
	put(d, VIRTIO_MMIO_DRIVER_FEATURES, features & (uint32_t)machine.bus.devices[d]->features);
	put(d, VIRTIO_MMIO_DRIVER_FEATURES_SEL, 1);
	put(d, VIRTIO_MMIO_DRIVER_FEATURES, 1);
	put(d, VIRTIO_MMIO_STATUS, s |= VIRTIO_CONFIG_S_FEATURES_OK);
	FUZZ_CHECK(get(d, VIRTIO_MMIO_STATUS) == s);
	for (unsigned int q = 0; q < machine.bus.devices[d]->class->queues; q++)
		driver_queue_start(d, q);
	put(d, VIRTIO_MMIO_STATUS, s | VIRTIO_CONFIG_S_DRIVER_OK);
	serve();
}

/* Room for a piece: what the device reads there comes from the input. */
static uint32_t driver_piece(struct fuzz_input *in, uint32_t len, bool writable)
{
	uint32_t at = buffer + len <= LOW ? buffer : BUFFERS;

	if (!writable)
		fuzz_bytes(in, ram(at), len);
	buffer = at + len;
	return at;
}

/* A byte that says how many pieces the device reads and writes, then each one's length and bytes. */
static void driver_request(struct fuzz_input *in, unsigned int d, unsigned int q)
{
	struct driver_queue *k = &queues[d][q];
	uint16_t size = machine.bus.devices[d]->class->queue_size, head = k->desc;
	struct vring_desc *table = (struct vring_desc *)ram(rings(d, q));
	struct vring_avail *avail = (struct vring_avail *)ram(rings(d, q) + AVAIL_AT);
	uint8_t counts = fuzz_u8(in);
	unsigned int out = counts & 7, n = out + (counts >> 3 & 7);

	if (n == 0 || n > size)
		return;
	/* Descriptors go round: an old request that still waits may lose its own. */
	k->filled += n;
	for (unsigned int i = 0; k->filled > size && i < size; i++)
		sane = sane && !k->out[i];
	k->room[head] = 0;
	for (unsigned int i = 0; i < n; i++) {
		bool writable = i >= out;
		uint32_t len = fuzz_u16(in) & 0x1fff;

		table[k->desc] = (struct vring_desc){
			.addr = driver_piece(in, len, writable),
			.len = len,
			.flags = (uint16_t)((writable ? VRING_DESC_F_WRITE : 0) | (i + 1 < n ? VRING_DESC_F_NEXT : 0)),
			.next = (uint16_t)((k->desc + 1) % size),
		};
		k->room[head] += writable ? len : 0;
		k->desc = (uint16_t)((k->desc + 1) % size);
	}
	k->out[head] = true;
	avail->ring[k->offered % size] = head;
	__atomic_store_n(&avail->idx, ++k->offered, __ATOMIC_SEQ_CST);
	put(d, VIRTIO_MMIO_QUEUE_NOTIFY, q);
	if (counts & 0x40)
		serve();
}

/* Each request is answered once, and no more is written than there is room for. */
static void driver_check(unsigned int d, unsigned int q)
{
	struct driver_queue *k = &queues[d][q];
	const struct vring_used *used = (const struct vring_used *)ram(rings(d, q) + USED_AT);
	uint16_t size = machine.bus.devices[d]->class->queue_size;

	FUZZ_CHECK((uint16_t)(used->idx - k->seen) <= (uint16_t)(k->offered - k->seen));
	for (; k->seen != used->idx; k->seen++) {
		const struct vring_used_elem *e = &used->ring[k->seen % size];

		FUZZ_CHECK(e->id < size && k->out[e->id]);
		FUZZ_CHECK(e->len <= k->room[e->id]);
		k->out[e->id] = false;
	}
}

/* ---- steps ---- */

/* Registers, of any width and at any place; the likely ones are whole words. */
static void step_register(struct fuzz_input *in, unsigned int d, bool write)
{
	uint16_t at = fuzz_u16(in);
	unsigned int len = at & 0x8000 ? 1u + (at >> 12 & 7) : 4;
	uint64_t offset = d * MMIO_SLOT + (at & 0x8000 ? at % (MMIO_SLOT + 64) : at % 128 * 4);
	uint8_t bytes[8] = { 0 };

	if (write) {
		fuzz_bytes(in, bytes, len);
		machine.vm.window.write(machine.vm.window.arg, offset, bytes, len);
		sane = false;
	} else {
		machine.vm.window.read(machine.vm.window.arg, offset, bytes, len);
	}
}

/* Bytes anywhere in the guest's memory; mostly in the rings. */
static void step_memory(struct fuzz_input *in)
{
	uint32_t at = fuzz_u16(in);
	uint8_t len = fuzz_u8(in);
	uint8_t *to;

	to = guest_mem(&machine.vm.memory, len & 0x80 ? MEMORY_HOLE_END + at : at, (len & 31) + 1u);
	if (to)
		fuzz_bytes(in, to, (len & 31) + 1u);
	sane = false;
}

static void step(struct fuzz_input *in)
{
	uint8_t what = fuzz_u8(in);
	unsigned int d = (what >> 3 & 3) % machine.bus.count;

	switch (what & 7) {
	case STEP_WRITE:
		step_register(in, d, true);
		break;
	case STEP_READ:
		step_register(in, d, false);
		break;
	case STEP_START:
		driver_start(d, fuzz_u32(in));
		break;
	case STEP_REQUEST:
	case STEP_REQUEST_TOO:
		driver_request(in, d, what & 0x20 ? fuzz_u8(in) % machine.bus.devices[d]->class->queues : 0);
		break;
	case STEP_SERVE:
		serve();
		break;
	case STEP_MEMORY:
		step_memory(in);
		break;
	case STEP_HOST:
		if (machine.host)
			machine.host(in, d);
		break;
	}
	for (unsigned int i = 0; sane && i < machine.bus.count; i++)
		for (unsigned int q = 0; q < machine.bus.devices[i]->class->queues; q++)
			driver_check(i, q);
}

/* ---- a run ---- */

void machine_begin(void)
{
	struct memory *m = &machine.vm.memory;

	if (!m->pieces) {
		/* Each with the sanitizer's walls around it. */
		*m = (struct memory){ .pieces = 2,
				      .piece = { { .size = LOW, .host = malloc(LOW) },
						 { .base = MEMORY_HOLE_END, .size = HIGH, .host = malloc(HIGH) } } };
		FUZZ_CHECK(m->piece[0].host && m->piece[1].host && !loop_make(&machine.loop));
		signal(SIGPIPE, SIG_IGN);
	}
	memset(m->piece[0].host, 0, LOW);
	memset(m->piece[1].host, 0, HIGH);
	for (unsigned int i = 0; i < machine.bus.count; i++) {
		close(machine.bus.devices[i]->kick);
		close(machine.bus.devices[i]->irq);
	}
	virtio_bus_init(&machine.bus, &machine.vm, &machine.loop);
	memset(queues, 0, sizeof(queues));
	buffer = BUFFERS;
	sane = true;
}

void machine_run(struct fuzz_input *in)
{
	for (unsigned int i = 0; i < machine.bus.count; i++)
		fcntl(machine.bus.devices[i]->kick, F_SETFL, O_NONBLOCK);
	for (unsigned int i = 0; i < STEPS && in->left; i++)
		step(in);
	serve();
	for (unsigned int i = 0; i < machine.bus.count; i++) {
		put(i, VIRTIO_MMIO_STATUS, 0);
		FUZZ_CHECK(get(i, VIRTIO_MMIO_STATUS) == 0);
	}
}

void machine_limit_files(void)
{
	struct rlimit small = { 16 << 20, 16 << 20 };

	signal(SIGXFSZ, SIG_IGN);
	FUZZ_CHECK(!setrlimit(RLIMIT_FSIZE, &small));
}
