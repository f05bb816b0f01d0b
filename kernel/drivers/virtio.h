/* SPDX-License-Identifier: MIT */
/*
 * Virtio devices, version 1 (virtio 1.2), the same over MMIO and PCI.  For
 * device drivers only.  A device belongs to its driver, which locks its queues;
 * transports take no locks.  Configuration values come from the host: drivers
 * check them before use.
 */
#ifndef DRIVERS_VIRTIO_H
#define DRIVERS_VIRTIO_H

#include "drivers/virtqueue.h"
#include "lib/types.h"
#include "platform/vm/vm.h"

enum virtio_id { VIRTIO_ID_BLK = 2, VIRTIO_ID_CONSOLE = 3, VIRTIO_ID_RNG = 4, VIRTIO_ID_9P = 9 };

/* Device status (2.1) */
#define VIRTIO_ACKNOWLEDGE 1
#define VIRTIO_DRIVER	   2
#define VIRTIO_DRIVER_OK   4
#define VIRTIO_FEATURES_OK 8
#define VIRTIO_NEEDS_RESET 64
#define VIRTIO_FAILED	   128

#define VIRTIO_F_VERSION_1 (1ull << 32)

struct virtio_device;

struct virtio_ops {
	u32 (*get_features)(struct virtio_device *d, unsigned word);
	void (*set_features)(struct virtio_device *d, unsigned word, u32 bits);
	u8 (*get_status)(struct virtio_device *d);
	void (*set_status)(struct virtio_device *d, u8 status);
	void (*read_config)(struct virtio_device *d, unsigned off, void *buf, unsigned len);
	u32 (*config_generation)(struct virtio_device *d);
	/* Selects a queue; the most descriptors it can have, 0: there is no such queue. */
	unsigned (*queue_max)(struct virtio_device *d, unsigned index);
	/* Tells the selected queue where it lies, enables it and fills in vq's doorbell.  0 or -errno. */
	int (*queue_enable)(struct virtio_device *d, struct virtqueue *vq);
	/* Has d->handler called for the device's interrupts.  0 or -errno. */
	int (*enable_irq)(struct virtio_device *d);
};

struct virtio_device {
	const struct virtio_ops *ops;
	u32 id; /* enum virtio_id */
	bool claimed; /* a driver has it */
	irq_handler *handler;
	void *handler_arg;
	u8 status; /* as last written */
	/* the transport's */
	void *regs; /* MMIO registers; PCI common configuration */
	union {
		struct {
			u32 irq;
		} mmio;
		struct {
			u16 bdf;
			void *config;
			u32 config_len;
			void *notify;
			u32 notify_len, notify_multiplier;
		} pci;
	};
};

#define VIRTIO_DEVICES_MAX 32
extern struct virtio_device virtio_devices[VIRTIO_DEVICES_MAX];
extern unsigned virtio_device_count;

/* For the transports: room for one more device; NULL: the table is full. */
struct virtio_device *virtio_device_new(u32 id);
void virtio_mmio_probe(void);
void virtio_pci_probe(void);

/* The first device of that id that no driver has claimed, from index *from on (moved behind it); NULL: none. */
struct virtio_device *virtio_find(u32 id, unsigned *from);

/*
 * Resets the device and negotiates (3.1.1, steps 1 to 6): VERSION_1 and those of `wanted` that it offers;
 * *got tells which.  0; -ENODEV: it refuses; -EIO.
 */
int virtio_start(struct virtio_device *d, u64 wanted, u64 *got);
/* Makes queue `index` of at most `size` descriptors in mem (VIRTQ_BYTES(size), zeros).  0 or -errno. */
int virtio_queue(struct virtio_device *d, unsigned index, struct virtqueue *vq, void *mem, unsigned size);
/* Step 8: the device may go.  fn runs in event context for each interrupt.  0 or -errno. */
int virtio_go(struct virtio_device *d, irq_handler *fn, void *arg);
/* The driver gives the device up (status FAILED after a reset): it does nothing more to memory. */
void virtio_fail(struct virtio_device *d);
/* Whether the device has said that it cannot go on. */
bool virtio_dead(struct virtio_device *d);

/* Reads [off, off + len) of the device's configuration, all of one generation (2.5.1).  0 or -EIO. */
int virtio_config(struct virtio_device *d, unsigned off, void *buf, unsigned len);

/* For transports: the same from where the configuration is mapped. */
void virtio_copy_config(const volatile void *config, unsigned off, void *buf, unsigned len);

/* Rings the doorbell if the device wants it. */
static inline void virtio_notify(struct virtqueue *vq)
{
	if (!virtqueue_wants_notify(vq))
		return;
	if (vq->notify_wide)
		mmio_write32(vq->notify, vq->index);
	else
		mmio_write16(vq->notify, vq->index);
}

#endif
