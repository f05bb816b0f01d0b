/* SPDX-License-Identifier: MIT */
#include "kvm/mptable.h"
#include "kvm/vm.h"

#include <errno.h>
#include <string.h>

#define LAPIC_ADDR  0xfee00000u
#define IOAPIC_ADDR 0xfec00000u
#define LAPIC_VERSION 0x14

struct mp_pointer { /* 4.1 */
	char signature[4];
	uint32_t table;
	uint8_t length, revision, checksum, features[5];
};

struct mp_header { /* 4.2 */
	char signature[4];
	uint16_t length;
	uint8_t revision, checksum;
	char oem[8], product[12];
	uint32_t oem_table;
	uint16_t oem_length, entries;
	uint32_t lapic;
	uint16_t ext_length;
	uint8_t ext_checksum, reserved;
};

enum { MP_CPU, MP_BUS, MP_IOAPIC, MP_INTERRUPT };
#define CPU_ENABLED 1
#define CPU_BOOT    2
#define EDGE_HIGH   5 /* active high, edge-triggered */

struct mp_cpu { /* 4.3.1 */
	uint8_t type, apic_id, version, flags;
	uint32_t signature, features, reserved[2];
};

struct mp_bus { /* 4.3.2 */
	uint8_t type, id;
	char name[6];
};

struct mp_ioapic { /* 4.3.3 */
	uint8_t type, id, version, flags;
	uint32_t addr;
};

struct mp_interrupt { /* 4.3.4 */
	uint8_t type, kind;
	uint16_t flags;
	uint8_t bus, bus_irq, apic, pin;
};

struct mp_table {
	unsigned char bytes[sizeof(struct mp_header) + VM_CPUS_MAX * sizeof(struct mp_cpu) + sizeof(struct mp_bus) +
			    sizeof(struct mp_ioapic) + VM_PINS * sizeof(struct mp_interrupt)];
	size_t len;
	uint16_t entries;
};

static void table_add(struct mp_table *t, const void *entry, size_t size)
{
	memcpy(t->bytes + t->len, entry, size);
	t->len += size;
	t->entries++;
}

static uint8_t checksum(const void *p, size_t len)
{
	uint8_t sum = 0;

	for (size_t i = 0; i < len; i++)
		sum = (uint8_t)(sum + ((const uint8_t *)p)[i]);
	return (uint8_t)-sum;
}

static void table_entries(struct mp_table *t, unsigned int cpus)
{
	/* An id that no CPU has; the kernel asks for none. */
	struct mp_ioapic ioapic = { .type = MP_IOAPIC, .id = (uint8_t)cpus, .version = 0x11, .flags = 1,
				    .addr = IOAPIC_ADDR };
	struct mp_bus bus = { .type = MP_BUS, .id = 0, .name = "ISA   " };

	for (unsigned int i = 0; i < cpus; i++) {
		struct mp_cpu cpu = { .type = MP_CPU, .apic_id = (uint8_t)i, .version = LAPIC_VERSION,
				      .flags = i ? CPU_ENABLED : CPU_ENABLED | CPU_BOOT };

		table_add(t, &cpu, sizeof(cpu));
	}
	table_add(t, &bus, sizeof(bus));
	table_add(t, &ioapic, sizeof(ioapic));
	for (unsigned int pin = 0; pin < VM_PINS; pin++) {
		struct mp_interrupt irq = { .type = MP_INTERRUPT, .flags = EDGE_HIGH, .bus_irq = (uint8_t)pin,
					    .apic = (uint8_t)cpus, .pin = (uint8_t)pin };

		table_add(t, &irq, sizeof(irq));
	}
}

int mptable_write(const struct memory *m, unsigned int cpus)
{
	struct mp_pointer pointer = { .signature = "_MP_", .table = MPTABLE, .length = 1, .revision = 4 };
	struct mp_header head = { .signature = "PCMP", .revision = 4, .oem = "HERMIT  ", .product = "UHYVE       ",
				  .lapic = LAPIC_ADDR };
	struct mp_table t = { .len = sizeof(head) };
	void *at, *at_pointer;

	table_entries(&t, cpus);
	head.length = (uint16_t)t.len;
	head.entries = t.entries;
	memcpy(t.bytes, &head, sizeof(head));
	head.checksum = checksum(t.bytes, t.len);
	memcpy(t.bytes, &head, sizeof(head));
	pointer.checksum = checksum(&pointer, sizeof(pointer));
	at = guest_mem(m, MPTABLE, t.len);
	at_pointer = guest_mem(m, MPTABLE_POINTER, sizeof(pointer));
	if (!at || !at_pointer)
		return -ENOMEM;
	memcpy(at, t.bytes, t.len);
	memcpy(at_pointer, &pointer, sizeof(pointer));
	return 0;
}
