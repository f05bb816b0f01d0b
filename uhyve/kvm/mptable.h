/* SPDX-License-Identifier: MIT */
/* The MP table (MultiProcessor Specification 1.4, chapter 4): CPUs, IOAPIC, and that pins are edge-triggered. */
#ifndef UHYVE_MPTABLE_H
#define UHYVE_MPTABLE_H

#include "kvm/memory.h"

#define MPTABLE_POINTER 0x9fc00ull
#define MPTABLE		0xf0000ull

/* APIC ids are 0 to cpus - 1.  0, or -ENOMEM: no memory lies there. */
int mptable_write(const struct memory *m, unsigned int cpus);

#endif
