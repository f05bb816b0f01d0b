/* SPDX-License-Identifier: MIT */
/* Virtio over MMIO (virtio 1.2, section 4.2): devices that the command line names. */
#include "drivers/virtio.h"
#include "lib/errno.h"
#include "lib/log.h"

enum mmio_reg { /* 4.2.2 */
	MMIO_MAGIC = 0x000,
	MMIO_VERSION = 0x004,
	MMIO_DEVICE_ID = 0x008,
	MMIO_DEVICE_FEATURES = 0x010,
	MMIO_DEVICE_FEATURES_SEL = 0x014,
	MMIO_DRIVER_FEATURES = 0x020,
	MMIO_DRIVER_FEATURES_SEL = 0x024,
	MMIO_QUEUE_SEL = 0x030,
	MMIO_QUEUE_NUM_MAX = 0x034,
	MMIO_QUEUE_NUM = 0x038,
	MMIO_QUEUE_READY = 0x044,
	MMIO_QUEUE_NOTIFY = 0x050,
	MMIO_INTERRUPT_STATUS = 0x060,
	MMIO_INTERRUPT_ACK = 0x064,
	MMIO_STATUS = 0x070,
	MMIO_QUEUE_DESC = 0x080,
	MMIO_QUEUE_DRIVER = 0x090,
	MMIO_QUEUE_DEVICE = 0x0a0,
	MMIO_CONFIG_GENERATION = 0x0fc,
	MMIO_CONFIG = 0x100,
};
#define MMIO_MAGIC_VALUE 0x74726976 /* "virt" */

static u32 reg_read(struct virtio_device *d, enum mmio_reg r) { return mmio_read32((u8 *)d->regs + r); }
static void reg_write(struct virtio_device *d, enum mmio_reg r, u32 v) { mmio_write32((u8 *)d->regs + r, v); }

static u32 mmio_get_features(struct virtio_device *d, unsigned word)
{
	reg_write(d, MMIO_DEVICE_FEATURES_SEL, word);
	return reg_read(d, MMIO_DEVICE_FEATURES);
}

static void mmio_set_features(struct virtio_device *d, unsigned word, u32 bits)
{
	reg_write(d, MMIO_DRIVER_FEATURES_SEL, word);
	reg_write(d, MMIO_DRIVER_FEATURES, bits);
}

static u8 mmio_get_status(struct virtio_device *d) { return (u8)reg_read(d, MMIO_STATUS); }
static void mmio_set_status(struct virtio_device *d, u8 status) { reg_write(d, MMIO_STATUS, status); }
static u32 mmio_config_generation(struct virtio_device *d) { return reg_read(d, MMIO_CONFIG_GENERATION); }

static void mmio_read_config(struct virtio_device *d, unsigned off, void *buf, unsigned len)
{
	virtio_copy_config((u8 *)d->regs + MMIO_CONFIG, off, buf, len);
}

static unsigned mmio_queue_max(struct virtio_device *d, unsigned index)
{
	reg_write(d, MMIO_QUEUE_SEL, index);
	return reg_read(d, MMIO_QUEUE_NUM_MAX);
}

static void write_addr(u8 *reg, paddr_t a)
{
	mmio_write32(reg, (u32)a);
	mmio_write32(reg + 4, (u32)(a >> 32));
}

static int mmio_queue_enable(struct virtio_device *d, struct virtqueue *vq)
{
	paddr_t a = virt_to_phys(vq->desc); /* the rings lie in one piece */
	unsigned size = vq->size;
	u8 *regs = d->regs;

	mmio_write32(regs + MMIO_QUEUE_NUM, size);
	write_addr(regs + MMIO_QUEUE_DESC, a);
	write_addr(regs + MMIO_QUEUE_DRIVER, a + VIRTQ_AVAIL_OFFSET(size));
	write_addr(regs + MMIO_QUEUE_DEVICE, a + VIRTQ_USED_OFFSET(size));
	mmio_write32(regs + MMIO_QUEUE_READY, 1);
	vq->notify = regs + MMIO_QUEUE_NOTIFY;
	vq->notify_wide = true;
	return 0;
}

static void mmio_irq(void *arg)
{
	struct virtio_device *d = arg;
	u32 why = reg_read(d, MMIO_INTERRUPT_STATUS);

	if (!why) /* the line is shared */
		return;
	reg_write(d, MMIO_INTERRUPT_ACK, why);
	d->handler(d->handler_arg);
}

/*
 * An edge is no line that a device holds until it is acknowledged, and drivers look at their queues whatever the cause.
 * So the two registers, an exit each, are left alone, though 4.2.3.4 asks for the second: uhyve, which alone has such
 * pins, raises an edge for each interrupt.
 */
static void mmio_irq_edge(void *arg)
{
	struct virtio_device *d = arg;

	d->handler(d->handler_arg);
}

static int mmio_enable_irq(struct virtio_device *d)
{
	bool edge = irq_line_is_edge(d->mmio.irq);

	return irq_register_line(d->mmio.irq, !edge, edge ? mmio_irq_edge : mmio_irq, d);
}

static const struct virtio_ops mmio_ops = {
	.get_features = mmio_get_features,
	.set_features = mmio_set_features,
	.get_status = mmio_get_status,
	.set_status = mmio_set_status,
	.read_config = mmio_read_config,
	.config_generation = mmio_config_generation,
	.queue_max = mmio_queue_max,
	.queue_enable = mmio_queue_enable,
	.enable_irq = mmio_enable_irq,
};

static void probe_slot(const struct virtio_mmio_slot *s, void *regs)
{
	u32 id = mmio_read32((u8 *)regs + MMIO_DEVICE_ID);
	struct virtio_device *d;

	if (id == 0) /* an empty slot (4.2.2.2) */
		return;
	if (mmio_read32((u8 *)regs + MMIO_MAGIC) != MMIO_MAGIC_VALUE) {
		log_warn("no virtio device at %#llx", (unsigned long long)s->addr);
		return;
	}
	if (mmio_read32((u8 *)regs + MMIO_VERSION) != 2) {
		log_error("virtio device %u at %#llx is of the old version 1: give QEMU the option "
			  "-global virtio-mmio.force-legacy=false",
			  id, (unsigned long long)s->addr);
		return;
	}
	d = virtio_device_new(id);
	if (!d)
		return;
	d->ops = &mmio_ops;
	d->regs = regs;
	d->mmio.irq = s->irq;
}

void virtio_mmio_probe(void)
{
	paddr_t mapped = ~0ull; /* slots are small: several share a page, which is mapped once */
	u8 *page = NULL;

	for (unsigned i = 0; i < virtio_mmio_count; i++) {
		const struct virtio_mmio_slot *s = &virtio_mmio_slots[i];
		paddr_t base = ALIGN_DOWN(s->addr, PAGE_SIZE);
		u64 off = s->addr - base;

		if (s->size < MMIO_CONFIG + 4 || off + s->size > PAGE_SIZE) {
			log_warn("virtio slot at %#llx of size %u is not used", (unsigned long long)s->addr, s->size);
			continue;
		}
		if (base != mapped) {
			page = mmio_map(base, PAGE_SIZE);
			if (!page) {
				log_error("no memory to map the virtio devices");
				return;
			}
			mapped = base;
		}
		probe_slot(s, page + off);
	}
}
