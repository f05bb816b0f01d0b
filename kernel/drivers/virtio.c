/* SPDX-License-Identifier: MIT */
#include <arch/thread.h>
#include "drivers/virtio.h"
#include "drivers/console.h"
#include "drivers/drivers.h"
#include "lib/errno.h"
#include "lib/log.h"

struct virtio_device virtio_devices[VIRTIO_DEVICES_MAX];
unsigned virtio_device_count;

void drivers_init(void)
{
	virtio_mmio_probe();
	if (machine_has_pci)
		virtio_pci_probe();
	console_start();
}

struct virtio_device *virtio_device_new(u32 id)
{
	struct virtio_device *d;

	if (virtio_device_count == VIRTIO_DEVICES_MAX) {
		log_warn("more than %u virtio devices: the rest is not used", VIRTIO_DEVICES_MAX);
		return NULL;
	}
	d = &virtio_devices[virtio_device_count++];
	d->id = id;
	return d;
}

struct virtio_device *virtio_find(u32 id, unsigned *from)
{
	while (*from < virtio_device_count) {
		struct virtio_device *d = &virtio_devices[(*from)++];

		if (d->id == id && !d->claimed)
			return d;
	}
	return NULL;
}

static void status_add(struct virtio_device *d, u8 bits)
{
	d->status |= bits;
	d->ops->set_status(d, d->status);
}

int virtio_start(struct virtio_device *d, u64 wanted, u64 *got)
{
	u64 offered;

	d->claimed = true;
	d->status = 0;
	d->ops->set_status(d, 0);
	/* A reset is done when the status reads 0 (4.1.4.3.2, 4.2.2.2); a device that never gets there is dead. */
	for (unsigned tries = 0; d->ops->get_status(d) != 0; tries++) {
		if (tries == 1000000)
			return -EIO;
		cpu_relax();
	}
	status_add(d, VIRTIO_ACKNOWLEDGE | VIRTIO_DRIVER);
	offered = d->ops->get_features(d, 0) | (u64)d->ops->get_features(d, 1) << 32;
	if (!(offered & VIRTIO_F_VERSION_1)) {
		log_error("virtio device %u offers no version 1", d->id);
		virtio_fail(d);
		return -ENODEV;
	}
	*got = offered & (wanted | VIRTIO_F_VERSION_1);
	d->ops->set_features(d, 0, (u32)*got);
	d->ops->set_features(d, 1, (u32)(*got >> 32));
	status_add(d, VIRTIO_FEATURES_OK);
	if (!(d->ops->get_status(d) & VIRTIO_FEATURES_OK)) {
		log_error("virtio device %u refuses features %#llx", d->id, (unsigned long long)*got);
		virtio_fail(d);
		return -ENODEV;
	}
	return 0;
}

int virtio_queue(struct virtio_device *d, unsigned index, struct virtqueue *vq, void *mem, unsigned size)
{
	unsigned max = d->ops->queue_max(d, index);

	if (max == 0)
		return -ENODEV;
	while (size > max) /* what is not a power of two is a lie, and rounded down */
		size /= 2;
	virtqueue_init(vq, mem, size);
	vq->index = (u16)index;
	return d->ops->queue_enable(d, vq);
}

int virtio_go(struct virtio_device *d, irq_handler *fn, void *arg)
{
	int err;

	d->handler = fn;
	d->handler_arg = arg;
	err = d->ops->enable_irq(d);
	if (err)
		return err;
	status_add(d, VIRTIO_DRIVER_OK);
	return 0;
}

void virtio_fail(struct virtio_device *d)
{
	d->ops->set_status(d, 0);
	d->status = VIRTIO_FAILED;
	d->ops->set_status(d, VIRTIO_FAILED);
}

bool virtio_dead(struct virtio_device *d)
{
	return d->ops->get_status(d) & (VIRTIO_NEEDS_RESET | VIRTIO_FAILED) || d->status == VIRTIO_FAILED;
}

/* Bytewise is right for byte arrays and strings; wider fields are read as such (4.2.2.2). */
void virtio_copy_config(const volatile void *config, unsigned off, void *buf, unsigned len)
{
	const volatile u8 *p = (const volatile u8 *)config + off;
	u8 *out = buf;

	if (len == 4 && off % 4 == 0) {
		u32 v = mmio_read32(p);

		__builtin_memcpy(buf, &v, 4);
	} else if (len == 2 && off % 2 == 0) {
		u16 v = mmio_read16(p);

		__builtin_memcpy(buf, &v, 2);
	} else {
		while (len--)
			*out++ = mmio_read8(p++);
	}
}

int virtio_config(struct virtio_device *d, unsigned off, void *buf, unsigned len)
{
	for (unsigned tries = 0; tries < 100; tries++) {
		u32 before = d->ops->config_generation(d);

		d->ops->read_config(d, off, buf, len);
		if (d->ops->config_generation(d) == before)
			return 0;
	}
	return -EIO;
}
