/* SPDX-License-Identifier: MIT */
/* The machine's end, and the serial port for last words. */
#include <hermit/ctl.h>
#include "platform/platform.h"
#include "platform/vm/apic.h"
#include "platform/vm/machine.h"
#include "platform/vm/vm.h"
#include <arch/cpu.h>
#include "lib/string.h"

#define COM1 0x3f8

void platform_console_write(const char *s, size_t n)
{
	for (; n--; s++) {
		/* The transmitter of a port that nobody drains must not hold up the machine. */
		for (int spin = 0; !(port_in8(COM1 + 5) & 0x20) && spin < 100000; spin++)
			cpu_relax();
		port_out8(COM1, *s);
	}
}

void platform_power_off(bool failed)
{
	events_off();
	port_out8(HERMIT_DEBUG_EXIT_PORT, failed ? 1 : 0);
	if (machine.pm1a_control)
		port_out16(machine.pm1a_control, 1u << 13 | machine.sleep_type << 10); /* ACPI 6.4, 4.8.3.2 */
	port_out16(0x604, 1u << 13); /* QEMU's q35 and pc without their tables */
	port_out16(0xb004, 1u << 13);
	port_out8(0x64, 0xfe); /* keyboard controller: reset */
	struct {
		u16 limit;
		u64 base;
	} __packed nothing = {0, 0};
	__asm__ volatile("lidt %0; int3" ::"m"(nothing)); /* triple fault */
	for (;;)
		__asm__ volatile("cli; hlt");
}

size_t platform_entropy(void *buf, size_t n)
{
	u8 *p = buf;
	size_t done = 0;

	if (!cpu_has(CPU_FEATURE_RDRAND))
		return 0;
	while (done < n) {
		u64 v;
		bool ok;

		__asm__ volatile("rdrand %0" : "=r"(v), "=@ccc"(ok));
		if (!ok)
			break;
		size_t k = MIN(n - done, sizeof(v));
		memcpy(p + done, &v, k);
		done += k;
	}
	return done;
}
