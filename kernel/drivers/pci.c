/* SPDX-License-Identifier: MIT */
#include "drivers/pci.h"
#include "lib/errno.h"
#include "lib/log.h"
#include "lib/spinlock.h"

#define CONFIG_ADDRESS 0xcf8
#define CONFIG_DATA    0xcfc

static struct spinlock config_lock = SPINLOCK_INIT;

static void config_select(u16 bdf, unsigned off)
{
	port_out32(CONFIG_ADDRESS, 0x80000000u | (u32)bdf << 8 | (off & 0xfc));
}

u32 pci_read32(u16 bdf, unsigned off)
{
	unsigned long ev = spin_lock(&config_lock);
	u32 v;

	config_select(bdf, off);
	v = port_in32(CONFIG_DATA);
	spin_unlock(&config_lock, ev);
	return v;
}

u16 pci_read16(u16 bdf, unsigned off) { return (u16)(pci_read32(bdf, off) >> (off & 2) * 8); }
u8 pci_read8(u16 bdf, unsigned off) { return (u8)(pci_read32(bdf, off) >> (off & 3) * 8); }

void pci_write32(u16 bdf, unsigned off, u32 v)
{
	unsigned long ev = spin_lock(&config_lock);

	config_select(bdf, off);
	port_out32(CONFIG_DATA, v);
	spin_unlock(&config_lock, ev);
}

/* A write of 16 bits leaves the other half alone: beside the command lies the status, cleared by writing ones. */
void pci_write16(u16 bdf, unsigned off, u16 v)
{
	unsigned long ev = spin_lock(&config_lock);

	config_select(bdf, off);
	port_out16((u16)(CONFIG_DATA + (off & 2)), v);
	spin_unlock(&config_lock, ev);
}

void pci_scan(void (*fn)(u16 bdf, u16 vendor, u16 device))
{
	u8 buses[32]; /* found so far; each is behind a bridge on an earlier one */
	unsigned count = 1;

	buses[0] = 0;
	for (unsigned b = 0; b < count; b++) {
		for (unsigned dev = 0; dev < 32; dev++) {
			unsigned functions = 1;

			for (unsigned f = 0; f < functions; f++) {
				u16 bdf = (u16)(buses[b] << 8 | dev << 3 | f);
				u32 id = pci_read32(bdf, PCI_VENDOR);
				u8 type;

				if ((id & 0xffff) == 0xffff)
					continue;
				type = pci_read8(bdf, PCI_HEADER_TYPE);
				if (f == 0 && type & 0x80)
					functions = 8;
				if ((type & 0x7f) == 1 && count < ARRAY_SIZE(buses)) {
					u8 bus = pci_read8(bdf, PCI_SECONDARY_BUS);

					if (bus > buses[count - 1]) /* numbered in the order of the scan; no loops */
						buses[count++] = bus;
				}
				fn(bdf, (u16)id, (u16)(id >> 16));
			}
		}
	}
}

unsigned pci_find_capability(u16 bdf, u8 id, unsigned after)
{
	unsigned off;

	if (after == 0) {
		if (!(pci_read16(bdf, PCI_STATUS) & PCI_STATUS_CAPS))
			return 0;
		off = pci_read8(bdf, PCI_CAPABILITIES);
	} else {
		off = pci_read8(bdf, after + 1);
	}
	for (unsigned n = 0; n < 48; n++) { /* more do not fit: a longer list goes in circles */
		off &= 0xfc;
		if (off < 0x40)
			return 0;
		if (pci_read8(bdf, off) == id)
			return off;
		off = pci_read8(bdf, off + 1);
	}
	return 0;
}

void *pci_map_bar(u16 bdf, unsigned bar, u32 off, u32 len)
{
	u32 low;
	u64 addr;

	if (bar > 5)
		return NULL;
	low = pci_read32(bdf, PCI_BAR0 + 4 * bar);
	if (low & 1) /* ports */
		return NULL;
	addr = low & ~0xfull;
	if ((low & 6) == 4) {
		if (bar == 5)
			return NULL;
		addr |= (u64)pci_read32(bdf, PCI_BAR0 + 4 * (bar + 1)) << 32;
	}
	if (addr == 0 || addr + off + len < addr)
		return NULL;
	return mmio_map(addr + off, len);
}

int pci_msix_enable(u16 bdf, irq_handler *fn, void *arg)
{
	unsigned cap = pci_find_capability(bdf, PCI_CAP_MSIX, 0);
	u32 table, data, *entry;
	u64 addr;
	int err;

	if (!cap)
		return -ENODEV;
	table = pci_read32(bdf, cap + 4);
	entry = pci_map_bar(bdf, table & 7, table & ~7u, 16);
	if (!entry)
		return -ENOMEM;
	err = irq_register_msi(fn, arg, &addr, &data);
	if (err)
		return err;
	mmio_write32(&entry[0], (u32)addr);
	mmio_write32(&entry[1], (u32)(addr >> 32));
	mmio_write32(&entry[2], data);
	mmio_write32(&entry[3], 0); /* not masked */
	pci_write16(bdf, PCI_COMMAND, pci_read16(bdf, PCI_COMMAND) | PCI_COMMAND_NO_INTX);
	/* enable (bit 15), no function mask (bit 14) */
	pci_write16(bdf, cap + 2, (pci_read16(bdf, cap + 2) & 0x3fff) | 0x8000);
	return 0;
}
