/* SPDX-License-Identifier: MIT */
/*
 * PCI configuration space by ports 0xcf8/0xcfc (PCI 3.0, 3.2.2.3.2), base
 * addresses and MSI-X.  For transports, on CPU 0 during start or later under
 * their own lock: the two ports are one register pair, guarded here.
 */
#ifndef DRIVERS_PCI_H
#define DRIVERS_PCI_H

#include "lib/types.h"
#include "platform/vm/vm.h"

#define PCI_VENDOR	  0x00
#define PCI_DEVICE	  0x02
#define PCI_COMMAND	  0x04
#define PCI_STATUS	  0x06
#define PCI_HEADER_TYPE	  0x0e
#define PCI_BAR0	  0x10
#define PCI_SECONDARY_BUS 0x19
#define PCI_SUBSYSTEM	  0x2e
#define PCI_CAPABILITIES  0x34

#define PCI_COMMAND_MEMORY  0x0002
#define PCI_COMMAND_MASTER  0x0004
#define PCI_COMMAND_NO_INTX 0x0400
#define PCI_STATUS_CAPS	    0x0010

#define PCI_CAP_VENDOR 0x09
#define PCI_CAP_MSIX   0x11

/* bdf: bus << 8 | device << 3 | function */
u32 pci_read32(u16 bdf, unsigned off);
u16 pci_read16(u16 bdf, unsigned off);
u8 pci_read8(u16 bdf, unsigned off);
void pci_write16(u16 bdf, unsigned off, u16 v);
void pci_write32(u16 bdf, unsigned off, u32 v);

/* Calls fn for each function on bus 0 and behind its bridges. */
void pci_scan(void (*fn)(u16 bdf, u16 vendor, u16 device));

/* The offset of the first capability `id` behind the one at `after` (0: from the start); 0: none. */
unsigned pci_find_capability(u16 bdf, u8 id, unsigned after);

/* Maps [off, off + len) of memory BAR `bar`.  NULL: it is no memory, not assigned, or there is no memory to map. */
void *pci_map_bar(u16 bdf, unsigned bar, u32 off, u32 len);

/* Has fn called for MSI-X entry 0, and enables MSI-X.  0, -ENODEV: the function has none, other -errno. */
int pci_msix_enable(u16 bdf, irq_handler *fn, void *arg);

#endif
