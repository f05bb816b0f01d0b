/* SPDX-License-Identifier: MIT */
/*
 * The probe guest's memory, shared by kvm_probe.c and kvm_guest.S.  Guest
 * physical addresses, which are also its virtual ones:
 *
 *   0x01000  PML4    0x02000  PDPT   0x03000  PD of the first GiB
 *   0x04000  PD of the fourth GiB (the APIC)   0x05000  PT of the first 2 MiB
 *   0x06000  IDT     0x07000  GDT    0x07ff0  the step that runs
 *   0x08000  code    0x0f000  top of the stack
 *   0x10000  a page that is absent until the page-fault handler maps it
 */
#ifndef CLI_KVM_GUEST_H
#define CLI_KVM_GUEST_H

#define GUEST_PML4  0x1000
#define GUEST_PDPT  0x2000
#define GUEST_PD0   0x3000
#define GUEST_PD3   0x4000
#define GUEST_PT    0x5000
#define GUEST_IDT   0x6000
#define GUEST_GDT   0x7000
#define GUEST_STEP  0x7ff0
#define GUEST_CODE  0x8000
#define GUEST_STACK 0xf000
#define GUEST_HOLE  0x10000
#define GUEST_SIZE  0x20000

#define GUEST_CS 0x08
#define GUEST_DS 0x10

#define GUEST_PORT 0xf4 /* it writes GUEST_GOOD there when all has worked */
#define GUEST_GOOD 0x4b

#define GUEST_TIMER_VECTOR 0x40

#ifndef __ASSEMBLER__
#include <stdint.h>

extern const char kvm_guest_start[];

/* Of the code at kvm_guest_start: its size, and where in it the handlers begin. */
extern const struct kvm_guest_layout {
	uint32_t size, fault, timer;
} kvm_guest_layout;
#endif

#endif
