/* SPDX-License-Identifier: MIT */
/* What all virtio devices share: their place in the machine, their threads, their requests. */
#define _GNU_SOURCE
#include "virtio/mmio.h"

#include <errno.h>
#include <linux/virtio_config.h>
#include <linux/virtio_mmio.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <unistd.h>

/* The watch of a device's kicks, for those on the I/O thread. */
struct kick_watch {
	struct watch watch; /* first */
	struct virtio_device *device;
};

static struct kick_watch kick_watches[VIRTIO_DEVICES_MAX];

/* --- making them --- */

void virtio_bus_init(struct virtio_bus *bus, struct vm *vm, struct loop *loop)
{
	*bus = (struct virtio_bus){ .vm = vm, .loop = loop };
	vm->window = (struct vm_window){ .base = MMIO_BASE, .arg = bus, .read = mmio_read, .write = mmio_write };
}

/* The pins above the ISA's first, then those of the ISA that nothing here has: COM1 has 4. */
static unsigned int slot_pin(unsigned int slot)
{
	return slot < 8 ? 16 + slot : 5 + slot - 8;
}

static uint64_t slot_base(unsigned int slot)
{
	return MMIO_BASE + (uint64_t)slot * MMIO_SLOT;
}

int virtio_add(struct virtio_bus *bus, struct virtio_device *d)
{
	unsigned int slot = bus->count;

	if (slot == VIRTIO_DEVICES_MAX)
		return -ENOSPC;
	d->bus = bus;
	pthread_mutex_init(&d->lock, NULL);
	pthread_cond_init(&d->reset_done, NULL);
	for (unsigned int q = 0; q < d->class->queues; q++) {
		d->queue[q].memory = &bus->vm->memory;
		d->queue[q].size_max = d->class->queue_size;
		queue_reset(&d->queue[q]);
	}
	d->kick = eventfd(0, EFD_CLOEXEC | (d->class->own_thread ? 0 : EFD_NONBLOCK));
	d->irq = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	if (d->kick < 0 || d->irq < 0)
		return -errno;
	bus->devices[bus->count++] = d;
	bus->vm->window.size = slot_base(bus->count) - MMIO_BASE;
	return 0;
}

int virtio_cmdline(const struct virtio_bus *bus, char *line, size_t size)
{
	size_t at = 0;

	for (unsigned int i = 0; i < bus->count; i++) {
		int n = snprintf(line + at, size - at, " virtio_mmio.device=%u@%#llx:%u", MMIO_SLOT,
				 (unsigned long long)slot_base(i), slot_pin(i));

		if (n < 0 || (size_t)n >= size - at)
			return -ENOSPC;
		at += (size_t)n;
	}
	return 0;
}

/* --- threads --- */

static void event_raise(int fd)
{
	uint64_t one = 1;

	/* It can only fail where 2^64 - 2 events already wait. */
	if (write(fd, &one, sizeof(one)) < 0)
		return;
}

void virtio_wake(struct virtio_device *d)
{
	event_raise(d->kick);
}

static void device_reset(struct virtio_device *d)
{
	if (d->class->reset)
		d->class->reset(d);
	pthread_mutex_lock(&d->lock);
	for (unsigned int q = 0; q < d->class->queues; q++)
		queue_reset(&d->queue[q]);
	d->status = d->features_sel = d->driver_features_sel = d->queue_sel = 0;
	d->driver_features = 0;
	d->started = d->start_wanted = d->reset_wanted = false;
	__atomic_store_n(&d->interrupts, 0, __ATOMIC_SEQ_CST);
	pthread_cond_broadcast(&d->reset_done);
	pthread_mutex_unlock(&d->lock);
}

void virtio_serve(struct virtio_device *d)
{
	bool reset, start;
	unsigned int ready = 0;

	pthread_mutex_lock(&d->lock);
	reset = d->reset_wanted;
	start = d->start_wanted && !reset;
	if (start) {
		d->started = true;
		d->start_wanted = false;
	}
	for (unsigned int q = 0; q < d->class->queues; q++)
		if (d->started && d->queue[q].ready)
			ready |= 1u << q;
	pthread_mutex_unlock(&d->lock);
	if (reset) {
		device_reset(d);
		return;
	}
	if (start && d->class->start)
		d->class->start(d);
	for (unsigned int q = 0; q < d->class->queues; q++) {
		if (!(ready & 1u << q))
			continue;
		d->budget = d->class->queue_size;
		d->class->kick(d, q);
	}
}

static void device_kicked(struct watch *w, uint32_t events)
{
	struct virtio_device *d = ((struct kick_watch *)w)->device;
	uint64_t count;

	if (read(d->kick, &count, sizeof(count)) == sizeof(count))
		virtio_serve(d);
}

static void *device_thread(void *arg)
{
	struct virtio_device *d = arg;
	uint64_t count;
	char name[16];

	snprintf(name, sizeof(name), "%.15s", d->class->name);
	pthread_setname_np(pthread_self(), name);
	if (d->bus->thread_begin)
		d->bus->thread_begin(d->class);
	for (;;)
		if (read(d->kick, &count, sizeof(count)) == sizeof(count))
			virtio_serve(d);
	return NULL;
}

static int device_start_thread(struct virtio_device *d)
{
	pthread_t thread;
	int r = pthread_create(&thread, NULL, device_thread, d);

	if (r)
		return -r;
	pthread_detach(thread);
	return 0;
}

int virtio_run(struct virtio_bus *bus)
{
	int r = 0;

	for (unsigned int i = 0; i < bus->count && !r; i++) {
		struct virtio_device *d = bus->devices[i];

		r = vm_ioeventfd(bus->vm, slot_base(i) + VIRTIO_MMIO_QUEUE_NOTIFY, d->kick);
		if (!r)
			r = vm_irqfd(bus->vm, slot_pin(i), d->irq);
		if (r)
			break;
		if (d->class->own_thread) {
			r = device_start_thread(d);
			continue;
		}
		kick_watches[i] = (struct kick_watch){ .device = d,
						       .watch = { .fd = d->kick, .ready = device_kicked } };
		r = loop_watch(bus->loop, &kick_watches[i].watch, EPOLLIN);
	}
	return r;
}

/* --- requests --- */

static void device_interrupt(struct virtio_device *d, uint32_t why)
{
	/* An edge each time, since our kernel does not acknowledge them: virtio_mmio.c. */
	__atomic_fetch_or(&d->interrupts, why, __ATOMIC_SEQ_CST);
	event_raise(d->irq);
}

void virtio_needs_reset(struct virtio_device *d)
{
	bool told = d->status & VIRTIO_CONFIG_S_NEEDS_RESET;

	d->status |= VIRTIO_CONFIG_S_NEEDS_RESET;
	if (!told && d->status & VIRTIO_CONFIG_S_DRIVER_OK)
		device_interrupt(d, VIRTIO_MMIO_INT_CONFIG);
}

void virtio_break(struct virtio_device *d)
{
	pthread_mutex_lock(&d->lock);
	for (unsigned int q = 0; q < d->class->queues; q++)
		d->queue[q].broken = true;
	virtio_needs_reset(d);
	pthread_mutex_unlock(&d->lock);
}

void virtio_turn(struct virtio_device *d)
{
	d->budget = QUEUE_SIZE_MAX;
}

int virtio_take(struct virtio_device *d, unsigned int q, struct virtio_chain *c)
{
	int r = 0;

	if (d->budget == 0) {
		/* Enough for one turn, whoever's it is: the driver, told not to kick, would not call again. */
		virtio_wake(d);
		return 0;
	}
	pthread_mutex_lock(&d->lock);
	if (d->started && !d->reset_wanted && !(d->status & VIRTIO_CONFIG_S_NEEDS_RESET))
		r = queue_take(&d->queue[q], c);
	if (r < 0)
		virtio_needs_reset(d);
	pthread_mutex_unlock(&d->lock);
	if (r > 0)
		d->budget--;
	return r > 0;
}

void virtio_untake(struct virtio_device *d, unsigned int q)
{
	pthread_mutex_lock(&d->lock);
	if (d->queue[q].ready && !d->queue[q].broken)
		queue_untake(&d->queue[q]);
	pthread_mutex_unlock(&d->lock);
	d->budget++;
}

void virtio_return(struct virtio_device *d, unsigned int q, const struct virtio_chain *c, uint32_t written)
{
	bool wanted;

	pthread_mutex_lock(&d->lock);
	wanted = queue_return(&d->queue[q], c->head, written);
	pthread_mutex_unlock(&d->lock);
	if (wanted)
		device_interrupt(d, VIRTIO_MMIO_INT_VRING);
}

/* --- pieces --- */

unsigned int iov_part(const struct iovec *iov, unsigned int n, size_t at, size_t len, struct iovec *out)
{
	unsigned int k = 0;

	for (unsigned int i = 0; i < n && len; i++) {
		size_t take;

		if (at >= iov[i].iov_len) {
			at -= iov[i].iov_len;
			continue;
		}
		take = iov[i].iov_len - at < len ? iov[i].iov_len - at : len;
		out[k++] = (struct iovec){ .iov_base = (char *)iov[i].iov_base + at, .iov_len = take };
		len -= take;
		at = 0;
	}
	return k;
}

/* Copies between the pieces and a buffer of our own. */
static size_t chain_copy(const struct iovec *iov, unsigned int n, size_t at, unsigned char *buf, size_t len,
			 bool into_chain)
{
	size_t done = 0;

	for (unsigned int i = 0; i < n && done < len; i++) {
		size_t take;

		if (at >= iov[i].iov_len) {
			at -= iov[i].iov_len;
			continue;
		}
		take = iov[i].iov_len - at < len - done ? iov[i].iov_len - at : len - done;
		if (into_chain)
			memcpy((char *)iov[i].iov_base + at, buf + done, take);
		else
			memcpy(buf + done, (char *)iov[i].iov_base + at, take);
		done += take;
		at = 0;
	}
	return done;
}

size_t chain_read(const struct virtio_chain *c, size_t at, void *buf, size_t len)
{
	return chain_copy(c->iov, c->nout, at, buf, len, false);
}

size_t chain_write(const struct virtio_chain *c, size_t at, const void *buf, size_t len)
{
	return chain_copy(c->iov + c->nout, c->nin, at, (unsigned char *)(uintptr_t)buf, len, true);
}
