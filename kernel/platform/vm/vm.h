/* SPDX-License-Identifier: MIT */
/*
 * What the platform `vm` offers to its drivers: interrupts, registers, addresses for DMA.
 * Only drivers/ and platform/vm/ may include this.
 */
#ifndef PLATFORM_VM_H
#define PLATFORM_VM_H

#include "lib/types.h"

/* ---- addresses ---- */
#define DIRECT_BASE 0xffff800000000000ull /* all of physical memory */
#define MMIO_BASE   0xffffc00000000000ull
#define STACK_BASE  0xffffe00000000000ull
#define KERNEL_BASE 0xffffffff80000000ull /* + physical address */
#define USER_END    0x00007ffffffff000ull

static inline void *phys_to_virt(paddr_t p) { return (void *)(p + DIRECT_BASE); }
/* Of memory from kmalloc, frames, or the kernel image; not of kernel stacks or MMIO. */
paddr_t virt_to_phys(const void *p);

/* Maps device registers, uncached.  NULL: no memory. */
void *mmio_map(paddr_t phys, size_t len);

static inline u8 mmio_read8(const volatile void *p) { return *(const volatile u8 *)p; }
static inline u16 mmio_read16(const volatile void *p) { return *(const volatile u16 *)p; }
static inline u32 mmio_read32(const volatile void *p) { return *(const volatile u32 *)p; }
static inline void mmio_write8(volatile void *p, u8 v) { *(volatile u8 *)p = v; }
static inline void mmio_write16(volatile void *p, u16 v) { *(volatile u16 *)p = v; }
static inline void mmio_write32(volatile void *p, u32 v) { *(volatile u32 *)p = v; }
static inline void mmio_write64(volatile void *p, u64 v) { *(volatile u64 *)p = v; }

static inline u8 port_in8(u16 port)
{
	u8 v;
	__asm__ volatile("inb %1, %0" : "=a"(v) : "Nd"(port));
	return v;
}
static inline u16 port_in16(u16 port)
{
	u16 v;
	__asm__ volatile("inw %1, %0" : "=a"(v) : "Nd"(port));
	return v;
}
static inline u32 port_in32(u16 port)
{
	u32 v;
	__asm__ volatile("inl %1, %0" : "=a"(v) : "Nd"(port));
	return v;
}
static inline void port_out8(u16 port, u8 v) { __asm__ volatile("outb %0, %1" ::"a"(v), "Nd"(port)); }
static inline void port_out16(u16 port, u16 v) { __asm__ volatile("outw %0, %1" ::"a"(v), "Nd"(port)); }
static inline void port_out32(u16 port, u32 v) { __asm__ volatile("outl %0, %1" ::"a"(v), "Nd"(port)); }

/* ---- interrupts: handlers run in event context on the CPU that took it ---- */
typedef void irq_handler(void *arg);
/*
 * IOAPIC line (level: as PCI INTx and microvm's virtio-mmio... say which), handled on CPU 0.
 * 0 or -errno.  Handlers of one line are shared.  Where the machine says that a line is an edge, it is one.
 */
int irq_register_line(unsigned gsi, bool level, irq_handler *fn, void *arg);
bool irq_line_is_edge(unsigned gsi); /* the machine says so */
/* A vector of its own for an MSI(-X): gives the message to program.  0 or -errno. */
int irq_register_msi(irq_handler *fn, void *arg, u64 *msg_addr, u32 *msg_data);

/* ---- machine ---- */
struct virtio_mmio_slot {
	paddr_t addr;
	u32 size, irq;
};
#define VIRTIO_MMIO_MAX 32
/* From the command line's virtio_mmio.device=SIZE@ADDR:IRQ words. */
extern struct virtio_mmio_slot virtio_mmio_slots[VIRTIO_MMIO_MAX];
extern unsigned virtio_mmio_count;
extern bool machine_has_pci; /* there is a host bridge behind ports 0xcf8/0xcfc */

#endif
