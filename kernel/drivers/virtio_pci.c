/* SPDX-License-Identifier: MIT */
/* Virtio over PCI (virtio 1.2, section 4.1), by its modern capabilities; one MSI-X vector for a whole device. */
#include "drivers/pci.h"
#include "drivers/virtio.h"
#include "lib/errno.h"
#include "lib/log.h"

#define PCI_VENDOR_VIRTIO 0x1af4

struct pci_common { /* 4.1.4.3 */
	u32 device_feature_select;
	u32 device_feature;
	u32 driver_feature_select;
	u32 driver_feature;
	u16 config_msix_vector;
	u16 num_queues;
	u8 device_status;
	u8 config_generation;
	u16 queue_select;
	u16 queue_size;
	u16 queue_msix_vector;
	u16 queue_enable;
	u16 queue_notify_off;
	u32 queue_desc[2], queue_driver[2], queue_device[2];
};
_Static_assert(sizeof(struct pci_common) == 56, "virtio_pci_common_cfg");

enum { CAP_COMMON = 1, CAP_NOTIFY = 2, CAP_DEVICE = 4 }; /* cfg_type, 4.1.4 */

static struct pci_common *common(struct virtio_device *d) { return d->regs; }

static u32 pci_get_features(struct virtio_device *d, unsigned word)
{
	mmio_write32(&common(d)->device_feature_select, word);
	return mmio_read32(&common(d)->device_feature);
}

static void pci_set_features(struct virtio_device *d, unsigned word, u32 bits)
{
	mmio_write32(&common(d)->driver_feature_select, word);
	mmio_write32(&common(d)->driver_feature, bits);
}

static u8 pci_get_status(struct virtio_device *d) { return mmio_read8(&common(d)->device_status); }
static void pci_set_status(struct virtio_device *d, u8 status) { mmio_write8(&common(d)->device_status, status); }
static u32 pci_config_generation(struct virtio_device *d) { return mmio_read8(&common(d)->config_generation); }

static void pci_read_config(struct virtio_device *d, unsigned off, void *buf, unsigned len)
{
	if (!d->pci.config || off + len > d->pci.config_len) { /* the host promised less */
		__builtin_memset(buf, 0, len);
		return;
	}
	virtio_copy_config(d->pci.config, off, buf, len);
}

static unsigned pci_queue_max(struct virtio_device *d, unsigned index)
{
	if (index >= mmio_read16(&common(d)->num_queues))
		return 0;
	mmio_write16(&common(d)->queue_select, (u16)index);
	return mmio_read16(&common(d)->queue_size);
}

static void write_addr(u32 *reg, paddr_t a)
{
	mmio_write32(&reg[0], (u32)a);
	mmio_write32(&reg[1], (u32)(a >> 32));
}

static int pci_queue_enable(struct virtio_device *d, struct virtqueue *vq)
{
	struct pci_common *c = common(d);
	paddr_t a = virt_to_phys(vq->desc); /* the rings lie in one piece */
	u64 bell = (u64)mmio_read16(&c->queue_notify_off) * d->pci.notify_multiplier;

	if (bell + 2 > d->pci.notify_len)
		return -EIO;
	mmio_write16(&c->queue_size, vq->size);
	write_addr(c->queue_desc, a);
	write_addr(c->queue_driver, a + VIRTQ_AVAIL_OFFSET(vq->size));
	write_addr(c->queue_device, a + VIRTQ_USED_OFFSET(vq->size));
	mmio_write16(&c->queue_msix_vector, 0);
	if (mmio_read16(&c->queue_msix_vector) != 0) /* the device had no room for it (4.1.5.1.2.1) */
		return -ENOMEM;
	mmio_write16(&c->queue_enable, 1);
	vq->notify = (u8 *)d->pci.notify + bell;
	vq->notify_wide = false;
	return 0;
}

static void pci_irq(void *arg)
{
	struct virtio_device *d = arg;

	if (d->handler) /* none yet: a device that was not asked to speak */
		d->handler(d->handler_arg);
}

static int pci_enable_irq(struct virtio_device *d) { return 0; } /* done by claim(), before queues take the vector */

static const struct virtio_ops pci_ops = {
	.get_features = pci_get_features,
	.set_features = pci_set_features,
	.get_status = pci_get_status,
	.set_status = pci_set_status,
	.read_config = pci_read_config,
	.config_generation = pci_config_generation,
	.queue_max = pci_queue_max,
	.queue_enable = pci_queue_enable,
	.enable_irq = pci_enable_irq,
};

/* Maps what the device's capabilities point to.  False: it is not a modern device. */
static bool map_capabilities(struct virtio_device *d)
{
	u16 bdf = d->pci.bdf;

	for (unsigned cap = 0, n = 0; n < 48 && (cap = pci_find_capability(bdf, PCI_CAP_VENDOR, cap)); n++) {
		u32 head = pci_read32(bdf, cap), bar = pci_read8(bdf, cap + 4);
		u32 off = pci_read32(bdf, cap + 8), len = pci_read32(bdf, cap + 12);

		switch (head >> 24) {
		case CAP_COMMON:
			if (!d->regs && len >= sizeof(struct pci_common))
				d->regs = pci_map_bar(bdf, bar, off, sizeof(struct pci_common));
			break;
		case CAP_NOTIFY:
			if (!d->pci.notify) {
				d->pci.notify_len = MIN(len, 65536u);
				d->pci.notify = pci_map_bar(bdf, bar, off, d->pci.notify_len);
				d->pci.notify_multiplier = pci_read32(bdf, cap + 16);
			}
			break;
		case CAP_DEVICE:
			if (!d->pci.config && len) {
				d->pci.config_len = MIN(len, 4096u);
				d->pci.config = pci_map_bar(bdf, bar, off, d->pci.config_len);
			}
			break;
		}
	}
	return d->regs && d->pci.notify;
}

static void probe_function(u16 bdf, u16 vendor, u16 device)
{
	struct virtio_device *d;
	u32 id;
	int err;

	if (vendor != PCI_VENDOR_VIRTIO || device < 0x1000 || device > 0x107f)
		return;
	/* A transitional device's id says nothing new: its subsystem does (4.1.2.3). */
	id = device >= 0x1040 ? device - 0x1040u : pci_read16(bdf, PCI_SUBSYSTEM);
	if (id != VIRTIO_ID_BLK && id != VIRTIO_ID_CONSOLE && id != VIRTIO_ID_RNG && id != VIRTIO_ID_9P)
		return;
	d = virtio_device_new(id);
	if (!d)
		return;
	d->ops = &pci_ops;
	d->pci.bdf = bdf;
	pci_write16(bdf, PCI_COMMAND, pci_read16(bdf, PCI_COMMAND) | PCI_COMMAND_MEMORY | PCI_COMMAND_MASTER);
	if (!map_capabilities(d)) {
		log_error("virtio device %u at %02x:%02x.%x is an old one: give QEMU disable-legacy=on for it", id,
			  bdf >> 8, bdf >> 3 & 31, bdf & 7);
		goto drop;
	}
	err = pci_msix_enable(bdf, pci_irq, d);
	if (err) {
		log_error("virtio device %u at %02x:%02x.%x has no MSI-X (%d)", id, bdf >> 8, bdf >> 3 & 31, bdf & 7,
			  err);
		goto drop;
	}
	return;
drop:
	*d = (struct virtio_device){0};
	virtio_device_count--;
}

void virtio_pci_probe(void) { pci_scan(probe_function); }
