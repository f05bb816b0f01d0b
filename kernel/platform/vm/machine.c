/* SPDX-License-Identifier: MIT */
/*
 * Reads the tables that describe the machine: ACPI's MADT and FADT (ACPI 6.4, 5.2)
 * where there is an RSDP, else the MP table (MultiProcessor Specification 1.4).
 * The tables are the hypervisor's: lengths are checked all the same.
 */
#include "platform/vm/machine.h"
#include "lib/log.h"
#include "lib/string.h"
#include "platform/vm/apic.h"
#include "platform/vm/vm.h"

#define TABLE_MAX (1 * MiB)

struct machine machine;

struct acpi_rsdp {
	char signature[8];
	u8 checksum;
	char oem[6];
	u8 revision;
	u32 rsdt;
	u32 length;
	u64 xsdt;
} __packed;

struct acpi_header {
	char signature[4];
	u32 length;
	u8 revision, checksum;
	char oem[6], oem_table[8];
	u32 oem_revision, creator, creator_revision;
} __packed;

static void add_cpu(u32 apic_id)
{
	if (machine.cpu_count < CPU_MAX)
		machine.apic_ids[machine.cpu_count++] = apic_id;
}

static const struct acpi_header *acpi_map(paddr_t pa)
{
	const struct acpi_header *h = mmio_map(pa, sizeof(*h));

	if (!h || h->length < sizeof(*h) || h->length > TABLE_MAX)
		return NULL;
	return mmio_map(pa, h->length);
}

static void parse_madt(const struct acpi_header *h)
{
	const u8 *p = (const u8 *)h + sizeof(*h) + 8, *end = (const u8 *)h + h->length;

	for (; p + 2 <= end && p[1] >= 2 && p + p[1] <= end; p += p[1]) {
		u32 id, flags, gsi;

		switch (p[0]) {
		case 0: /* local APIC: enabled, or can be */
			memcpy(&flags, p + 4, 4);
			if (flags & 1)
				add_cpu(p[3]);
			break;
		case 1:
			memcpy(&id, p + 4, 4);
			memcpy(&gsi, p + 8, 4);
			if (!gsi)
				ioapic_init(id, gsi);
			break;
		case 9: /* local x2APIC */
			memcpy(&id, p + 4, 4);
			memcpy(&flags, p + 8, 4);
			if (flags & 1)
				add_cpu(id);
			break;
		}
	}
}

/* The value of SLP_TYPa in \_S5: the first element of a package in the DSDT's byte code. */
static u16 find_sleep_type(paddr_t dsdt)
{
	const struct acpi_header *h = acpi_map(dsdt);

	if (!h)
		return 0;
	const u8 *p = (const u8 *)(h + 1), *end = (const u8 *)h + h->length;
	for (; p + 8 <= end; p++) {
		if (memcmp(p, "_S5_", 4) || p[4] != 0x12 /* PackageOp */)
			continue;
		p += 5;
		p += 1 + (*p >> 6); /* PkgLength */
		p++;		    /* NumElements */
		if (p + 2 > end)
			return 0;
		return *p == 0x0a /* BytePrefix */ ? p[1] : *p == 1 ? 1 : 0;
	}
	return 0;
}

static void parse_fadt(const struct acpi_header *h)
{
	u32 dsdt, pm1a;

	if (h->length < 68)
		return;
	memcpy(&dsdt, (const u8 *)h + 40, 4);
	memcpy(&pm1a, (const u8 *)h + 64, 4);
	machine.pm1a_control = pm1a;
	machine.sleep_type = find_sleep_type(dsdt);
}

static void parse_acpi(paddr_t rsdp_pa)
{
	const struct acpi_rsdp *rsdp = mmio_map(rsdp_pa, sizeof(*rsdp));
	bool wide = rsdp && rsdp->revision >= 2 && rsdp->xsdt;
	const struct acpi_header *root = rsdp ? acpi_map(wide ? rsdp->xsdt : rsdp->rsdt) : NULL;
	size_t width = wide ? 8 : 4;

	if (!root)
		return;
	for (const u8 *p = (const u8 *)(root + 1); p + width <= (const u8 *)root + root->length; p += width) {
		const struct acpi_header *h;
		u64 pa = 0;

		memcpy(&pa, p, width);
		h = acpi_map(pa);
		if (h && !memcmp(h->signature, "APIC", 4))
			parse_madt(h);
		else if (h && !memcmp(h->signature, "FACP", 4))
			parse_fadt(h);
	}
}

struct mp_header {
	char signature[4]; /* "PCMP" */
	u16 length;
	u8 revision, checksum;
	char oem[8], product[12];
	u32 oem_table;
	u16 oem_length, entries; /* QEMU's microvm says 0 entries: walk by length */
	u32 lapic;
	u16 ext_length;
	u8 ext_checksum, reserved;
} __packed;

static bool parse_mp_at(const u8 *from, size_t len)
{
	for (const u8 *p = from; p + 16 <= from + len; p += 16) {
		const struct mp_header *h;
		u32 pa;

		if (memcmp(p, "_MP_", 4))
			continue;
		memcpy(&pa, p + 4, 4);
		if (!pa || pa >= 1 * MiB - sizeof(*h))
			return false;
		h = phys_to_virt(pa);
		if (memcmp(h->signature, "PCMP", 4) || pa + h->length > 1 * MiB)
			return false;
		const u8 *e = (const u8 *)(h + 1), *end = (const u8 *)h + h->length;
		while (e + 8 <= end) {
			u32 addr;

			if (e[0] == 0) { /* processor: 20 bytes, the others 8 */
				if (e + 20 <= end && e[3] & 1)
					add_cpu(e[1]);
				e += 20;
				continue;
			}
			if (e[0] == 3 && (e[2] >> 2 & 3) == 1 && e[7] < 32) /* 4.3.4: the trigger mode is "edge" */
				machine.edge_pins |= 1u << e[7];
			if (e[0] == 2) {
				memcpy(&addr, e + 4, 4);
				ioapic_init(addr, 0);
			}
			e += 8;
		}
		return true;
	}
	return false;
}

void machine_probe(paddr_t rsdp)
{
	if (rsdp)
		parse_acpi(rsdp);
	if (!machine.cpu_count && !parse_mp_at(phys_to_virt(0x9fc00), KiB))
		parse_mp_at(phys_to_virt(0xf0000), 64 * KiB);
	if (!machine.cpu_count)
		add_cpu(apic_id());
}
