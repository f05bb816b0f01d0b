/* SPDX-License-Identifier: MIT */
#include "kvm/boot.h"
#include "kvm/elf.h"
#include "kvm/mptable.h"
#include "msg.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define PAGE 4096ull

#define START_INFO 0x1000u
#define CMDLINE	   0x2000u

#define HVM_MAGIC 0x336ec578u
#define HVM_RAM	  1
#define HVM_RESERVED 2

/* Xen's public/arch-x86/hvm/start_info.h, version 1. */
struct hvm_start_info {
	uint32_t magic, version, flags, modules;
	uint64_t module_list, cmdline, rsdp, memmap;
	uint32_t memmap_entries, reserved;
};

struct hvm_module {
	uint64_t addr, size, cmdline, reserved;
};

struct hvm_memmap {
	uint64_t addr, size;
	uint32_t type, reserved;
};

#define MEMMAP_MAX 5

/* What lies at START_INFO. */
struct start_page {
	struct hvm_start_info info;
	struct hvm_module module;
	struct hvm_memmap memmap[MEMMAP_MAX];
};

static uint32_t start_memmap(struct hvm_memmap *map, const struct memory *m)
{
	uint32_t n = 0;

	map[n++] = (struct hvm_memmap){ .addr = 0, .size = MPTABLE_POINTER, .type = HVM_RAM };
	map[n++] = (struct hvm_memmap){ .addr = MPTABLE_POINTER, .size = 0xa0000 - MPTABLE_POINTER,
					.type = HVM_RESERVED };
	map[n++] = (struct hvm_memmap){ .addr = MPTABLE, .size = BOOT_LOW - MPTABLE, .type = HVM_RESERVED };
	map[n++] = (struct hvm_memmap){ .addr = BOOT_LOW, .size = m->piece[0].size - BOOT_LOW, .type = HVM_RAM };
	if (m->pieces > 1)
		map[n++] = (struct hvm_memmap){ .addr = m->piece[1].base, .size = m->piece[1].size,
						.type = HVM_RAM };
	return n;
}

static int boot_start_info(const struct memory *m, struct boot *b, const struct hvm_module *initrd)
{
	struct start_page page = {
		.info = {
			.magic = HVM_MAGIC,
			.version = 1,
			.cmdline = CMDLINE,
			.memmap = START_INFO + offsetof(struct start_page, memmap),
		},
		.module = *initrd,
	};
	size_t len = strlen(b->cmdline) + 1;
	void *to = guest_mem(m, START_INFO, sizeof(page)), *line = guest_mem(m, CMDLINE, len);

	if (len > BOOT_CMDLINE_MAX || !to || !line) {
		msg_error("arguments", "give fewer, or put them into a boot record",
			  "more than the %u bytes that the kernel takes", BOOT_CMDLINE_MAX);
		return -E2BIG;
	}
	if (b->initrd >= 0) {
		page.info.modules = 1;
		page.info.module_list = START_INFO + offsetof(struct start_page, module);
	}
	page.info.memmap_entries = start_memmap(page.memmap, m);
	memcpy(to, &page, sizeof(page));
	memcpy(line, b->cmdline, len);
	b->start_info = START_INFO;
	return 0;
}

/* On the page behind the kernel, so that few page tables cover both. */
static int boot_initrd(const struct memory *m, const struct boot *b, uint64_t kernel_end,
		       struct hvm_module *module)
{
	struct stat st;
	void *to;
	int r;

	*module = (struct hvm_module){ .addr = 0 };
	if (b->initrd < 0)
		return 0;
	if (fstat(b->initrd, &st))
		return -errno;
	if (!S_ISREG(st.st_mode) || st.st_size <= 0) {
		msg_error(b->initrd_name, "give an archive or a program", "%s",
			  S_ISREG(st.st_mode) ? "empty" : "not a file");
		return -EINVAL;
	}
	module->addr = (kernel_end + PAGE - 1) & ~(PAGE - 1);
	module->size = (uint64_t)st.st_size;
	to = guest_mem(m, module->addr, module->size);
	if (!to) {
		msg_error(b->initrd_name, "give the guest more memory", "too big: %llu KiB",
			  (unsigned long long)(module->size >> 10));
		return -ENOMEM;
	}
	r = elf_read_at(b->initrd, to, module->size, 0);
	if (r)
		msg_error(b->initrd_name, NULL, "cannot be read: %s", strerror(-r));
	return r;
}

int boot_load(const struct memory *m, struct boot *b)
{
	struct hvm_module initrd;
	struct elf_image image;
	int r;

	if (m->piece[0].size < 2 * BOOT_LOW) {
		msg_error("guest memory", "give at least 2M", "%llu KiB hold no kernel",
			  (unsigned long long)(m->piece[0].size >> 10));
		return -ENOMEM;
	}
	r = elf_load(m, b->kernel, b->kernel_name, &image);
	if (!r)
		r = boot_initrd(m, b, image.end, &initrd);
	if (!r)
		r = boot_start_info(m, b, &initrd);
	if (!r)
		r = mptable_write(m, b->cpus);
	b->entry = image.entry;
	b->code_start = image.code_start;
	b->code_phys = image.code_phys;
	b->code_end = image.code_end;
	return r;
}
