/* SPDX-License-Identifier: MIT */
#define _GNU_SOURCE
#include "kvm/boot.h"
#include "kvm/elf.h"
#include "kvm/mptable.h"
#include "msg.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#define PAGE 4096ull
#define PLENTY (32ull << 20) /* of memory: up to a huge page of it may be left over between kernel and initrd */

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

/* A file that cannot change any more, as the loader's: the guest may have its pages as they are. */
static bool boot_is_sealed(int fd)
{
	int seals = fcntl(fd, F_GET_SEALS);

	return seals >= 0 && (seals & (F_SEAL_WRITE | F_SEAL_SHRINK)) == (F_SEAL_WRITE | F_SEAL_SHRINK);
}

static int boot_map(int fd, void *to, uint64_t len)
{
	if (mmap(to, len, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_FIXED, fd, 0) == MAP_FAILED)
		return -errno;
	madvise(to, len, MADV_DONTDUMP);
	return 0;
}

/*
 * On the page behind the kernel, so that few page tables cover both. One that is mapped goes on a huge page's
 * boundary, so that the kernel keeps its own, where memory is not short.
 */
static int boot_initrd(const struct memory *m, const struct boot *b, uint64_t kernel_end,
		       struct hvm_module *module)
{
	struct stat st;
	bool sealed;
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
	sealed = boot_is_sealed(b->initrd);
	if (sealed && m->piece[0].size >= PLENTY)
		module->addr = (kernel_end + HUGE_PAGE - 1) & ~(HUGE_PAGE - 1);
	to = guest_mem(m, module->addr, module->size);
	if (!to) {
		msg_error(b->initrd_name, "give the guest more memory", "too big: %llu KiB",
			  (unsigned long long)(module->size >> 10));
		return -ENOMEM;
	}
	r = sealed ? boot_map(b->initrd, to, module->size) : elf_read_at(b->initrd, to, module->size, 0);
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
