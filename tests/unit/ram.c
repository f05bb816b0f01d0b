/* SPDX-License-Identifier: MIT */
#include <sys/mman.h>
#include "unit.h"
#include "ram.h"
#include "proc/cpu.h"

u8 *unit_ram;
struct cpu test_cpu;

static u64 ram_size;
static struct frame *ram_meta;

void *frame_ptr(paddr_t p)
{
	assert_true(p < ram_size);
	return unit_ram + p;
}

paddr_t frame_addr(const void *p) { return (paddr_t)((const u8 *)p - unit_ram); }

void unit_ram_init(u64 size)
{
	if (unit_ram) {
		while (frame_alloc(BUDDY_MAX_ORDER)) /* the last, failing one empties the CPUs' caches */
			;
		munmap(unit_ram, ram_size);
	}
	free(ram_meta);
	unit_ram = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
	assert_true(unit_ram != MAP_FAILED);
	ram_size = size;
	ram_meta = malloc(size / PAGE_SIZE * sizeof(struct frame));
	assert_non_null(ram_meta);
	memset(ram_meta, 0x01, size / PAGE_SIZE * sizeof(struct frame)); /* looks like FRAME_FREE of order 1 */
	test_cpu.id = 0;
	frames_init(ram_meta, size / PAGE_SIZE);
}
