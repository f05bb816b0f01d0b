/* SPDX-License-Identifier: MIT */
/* The registers of the devices (virtio 1.2, 4.2.2), for device.c: called by vCPUs, takes the device's lock. */
#ifndef UHYVE_MMIO_H
#define UHYVE_MMIO_H

#include "virtio/virtio.h"

#define MMIO_BASE 0xfeb00000u
#define MMIO_SLOT 0x200u

/* Offsets within the window of all devices. */
void mmio_read(void *bus, uint64_t offset, void *data, unsigned int len);
void mmio_write(void *bus, uint64_t offset, const void *data, unsigned int len);

/* device.c's, for the registers. */
void virtio_wake(struct virtio_device *d); /* its thread looks at it */
/* What a kick leads to, of any queue or of a status that was written: on the device's thread, and for tests. */
void virtio_serve(struct virtio_device *d);
void virtio_needs_reset(struct virtio_device *d); /* with the lock held */

#endif
