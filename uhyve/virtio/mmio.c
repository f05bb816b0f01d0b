/* SPDX-License-Identifier: MIT */
#include "virtio/mmio.h"
#include "kvm/stats.h"

#include <linux/virtio_config.h>
#include <linux/virtio_mmio.h>
#include <string.h>

#define MMIO_MAGIC   0x74726976 /* "virt" */
#define MMIO_VERSION 2
#define MMIO_VENDOR  0x4d524548 /* "HERM" */

static uint64_t offered(const struct virtio_device *d)
{
	return d->features | 1ull << VIRTIO_F_VERSION_1;
}

static uint32_t feature_word(uint64_t features, uint32_t sel)
{
	return sel == 0 ? (uint32_t)features : sel == 1 ? (uint32_t)(features >> 32) : 0;
}

static struct virtqueue *selected(struct virtio_device *d)
{
	return d->queue_sel < d->class->queues ? &d->queue[d->queue_sel] : NULL;
}

static uint32_t register_read(struct virtio_device *d, unsigned int offset)
{
	const struct virtqueue *q = selected(d);

	switch (offset) {
	case VIRTIO_MMIO_MAGIC_VALUE:
		return MMIO_MAGIC;
	case VIRTIO_MMIO_VERSION:
		return MMIO_VERSION;
	case VIRTIO_MMIO_DEVICE_ID:
		return d->class->id;
	case VIRTIO_MMIO_VENDOR_ID:
		return MMIO_VENDOR;
	case VIRTIO_MMIO_DEVICE_FEATURES:
		return feature_word(offered(d), d->features_sel);
	case VIRTIO_MMIO_QUEUE_NUM_MAX:
		return q ? q->size_max : 0;
	case VIRTIO_MMIO_QUEUE_READY:
		return q && q->ready;
	case VIRTIO_MMIO_INTERRUPT_STATUS:
		return __atomic_load_n(&d->interrupts, __ATOMIC_SEQ_CST);
	case VIRTIO_MMIO_STATUS:
		return d->status;
	default: /* among them ConfigGeneration: the configuration never changes */
		return 0;
	}
}

/* The reset is the device's thread's to do: what it is at now comes to its end first. */
static void status_reset(struct virtio_device *d)
{
	if (d->status == 0 && !d->started && !d->start_wanted)
		return;
	d->reset_wanted = true;
	virtio_wake(d);
	while (d->reset_wanted)
		pthread_cond_wait(&d->reset_done, &d->lock);
}

static void status_write(struct virtio_device *d, uint32_t status)
{
	status &= 0xff;
	if (status == 0) {
		status_reset(d);
		return;
	}
	/* 2.2.2: what was not offered is not accepted, and version 1 is not optional. */
	if (status & VIRTIO_CONFIG_S_FEATURES_OK &&
	    (d->driver_features & ~offered(d) || !(d->driver_features & 1ull << VIRTIO_F_VERSION_1)))
		status &= ~(uint32_t)VIRTIO_CONFIG_S_FEATURES_OK;
	d->status = status | (d->status & VIRTIO_CONFIG_S_NEEDS_RESET);
	if (d->status & VIRTIO_CONFIG_S_DRIVER_OK && d->status & VIRTIO_CONFIG_S_FEATURES_OK && !d->started) {
		d->start_wanted = true;
		virtio_wake(d);
		stats_stage(HERMIT_STAGE_DEVICES);
	}
}

static void features_write(struct virtio_device *d, uint32_t v)
{
	if (d->status & VIRTIO_CONFIG_S_FEATURES_OK)
		return;
	if (d->driver_features_sel == 0)
		d->driver_features = (d->driver_features & ~0xffffffffull) | v;
	else if (d->driver_features_sel == 1)
		d->driver_features = (d->driver_features & 0xffffffffull) | (uint64_t)v << 32;
}

static void ready_write(struct virtio_device *d, struct virtqueue *q, uint32_t v)
{
	if (!v)
		queue_reset(q);
	else if (!q->ready && queue_enable(q))
		virtio_needs_reset(d);
}

static void address_write(uint64_t *address, bool high, uint32_t v)
{
	*address = high ? (*address & 0xffffffffull) | (uint64_t)v << 32 : (*address & ~0xffffffffull) | v;
}

static void queue_write(struct virtio_device *d, struct virtqueue *q, unsigned int offset, uint32_t v)
{
	if (offset == VIRTIO_MMIO_QUEUE_READY) {
		ready_write(d, q, v);
		return;
	}
	if (q->ready) /* where it lies is fixed now */
		return;
	switch (offset) {
	case VIRTIO_MMIO_QUEUE_NUM:
		q->size = v <= q->size_max ? (uint16_t)v : 0; /* 0: cannot be enabled */
		break;
	case VIRTIO_MMIO_QUEUE_DESC_LOW:
	case VIRTIO_MMIO_QUEUE_DESC_HIGH:
		address_write(&q->desc_addr, offset == VIRTIO_MMIO_QUEUE_DESC_HIGH, v);
		break;
	case VIRTIO_MMIO_QUEUE_AVAIL_LOW:
	case VIRTIO_MMIO_QUEUE_AVAIL_HIGH:
		address_write(&q->avail_addr, offset == VIRTIO_MMIO_QUEUE_AVAIL_HIGH, v);
		break;
	case VIRTIO_MMIO_QUEUE_USED_LOW:
	case VIRTIO_MMIO_QUEUE_USED_HIGH:
		address_write(&q->used_addr, offset == VIRTIO_MMIO_QUEUE_USED_HIGH, v);
		break;
	}
}

static void register_write(struct virtio_device *d, unsigned int offset, uint32_t v)
{
	switch (offset) {
	case VIRTIO_MMIO_DEVICE_FEATURES_SEL:
		d->features_sel = v;
		break;
	case VIRTIO_MMIO_DRIVER_FEATURES_SEL:
		d->driver_features_sel = v;
		break;
	case VIRTIO_MMIO_DRIVER_FEATURES:
		features_write(d, v);
		break;
	case VIRTIO_MMIO_QUEUE_SEL:
		d->queue_sel = v;
		break;
	case VIRTIO_MMIO_QUEUE_NOTIFY: /* KVM's ioeventfd takes these; where it does not, so do we */
		virtio_wake(d);
		break;
	case VIRTIO_MMIO_INTERRUPT_ACK:
		__atomic_and_fetch(&d->interrupts, ~v, __ATOMIC_SEQ_CST);
		break;
	case VIRTIO_MMIO_STATUS:
		status_write(d, v);
		break;
	default:
		if (selected(d))
			queue_write(d, selected(d), offset, v);
	}
}

static struct virtio_device *device_at(struct virtio_bus *bus, uint64_t *offset)
{
	uint64_t slot = *offset / MMIO_SLOT;

	*offset %= MMIO_SLOT;
	return slot < bus->count ? bus->devices[slot] : NULL;
}

static void config_read(const struct virtio_device *d, uint64_t offset, void *data, unsigned int len)
{
	const unsigned char *config = d->config;

	for (unsigned int i = 0; i < len && offset + i < d->config_len; i++)
		((unsigned char *)data)[i] = config[offset + i];
}

void mmio_read(void *arg, uint64_t offset, void *data, unsigned int len)
{
	struct virtio_device *d = device_at(arg, &offset);
	uint32_t v;

	if (!d)
		return;
	if (offset >= VIRTIO_MMIO_CONFIG) {
		config_read(d, offset - VIRTIO_MMIO_CONFIG, data, len);
		return;
	}
	if (len != sizeof(v) || offset % sizeof(v)) /* 4.2.2.2: registers are read whole */
		return;
	pthread_mutex_lock(&d->lock);
	v = register_read(d, (unsigned int)offset);
	pthread_mutex_unlock(&d->lock);
	memcpy(data, &v, sizeof(v));
}

void mmio_write(void *arg, uint64_t offset, const void *data, unsigned int len)
{
	struct virtio_device *d = device_at(arg, &offset);
	uint32_t v;

	/* No device has a configuration that the driver may write. */
	if (!d || offset >= VIRTIO_MMIO_CONFIG || len != sizeof(v) || offset % sizeof(v))
		return;
	memcpy(&v, data, sizeof(v));
	pthread_mutex_lock(&d->lock);
	register_write(d, (unsigned int)offset, v);
	pthread_mutex_unlock(&d->lock);
}
