/* SPDX-License-Identifier: MIT */
/*
 * Kernel, initrd and command line that uhyve puts into a guest's memory.  The input: CPUs, how long the command line
 * and the initrd are, those two, and the kernel file.
 */
#define _GNU_SOURCE
#include "fuzz.h"
#include "kvm/boot.h"
#include "kvm/elf.h"

#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#define RAM    (4u << 20)
#define GUARD  4096u
#define KERNEL_MAX 65536u

static struct memory memory;

static int file_of(const void *bytes, size_t size)
{
	int fd = memfd_create("fuzz", MFD_CLOEXEC);

	FUZZ_CHECK(fd >= 0 && write(fd, bytes, size) == (ssize_t)size);
	return fd;
}

/* Fresh zeros, with nothing mapped behind them. */
static void start(void)
{
	if (!memory.pieces) {
		unsigned char *p = mmap(NULL, RAM + GUARD, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

		FUZZ_CHECK(p != MAP_FAILED && !mprotect(p, RAM, PROT_READ | PROT_WRITE));
		memory = (struct memory){ .pieces = 1, .piece = { { .size = RAM, .host = p } } };
	}
	FUZZ_CHECK(!madvise(memory.piece[0].host, RAM, MADV_DONTNEED));
}

static bool in_ram(uint64_t at, uint64_t len)
{
	return at <= RAM && len <= RAM - at;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct fuzz_input in = { data, size };
	struct boot b = { .kernel_name = "kernel", .initrd_name = "initrd", .initrd = -1 };
	char line[BOOT_CMDLINE_MAX + 64] = "";
	size_t line_len, initrd_len;
	int r;

	start();
	b.cpus = 1 + fuzz_u8(&in) % 255u;
	line_len = fuzz_u16(&in) % (sizeof(line) - 1);
	initrd_len = fuzz_u16(&in);
	fuzz_bytes(&in, line, line_len);
	b.cmdline = line;
	if (initrd_len) {
		const uint8_t *p = fuzz_take(&in, &initrd_len);

		b.initrd = file_of(p, initrd_len);
	}
	b.kernel = file_of(in.at, in.left < KERNEL_MAX ? in.left : KERNEL_MAX);
	r = boot_load(&memory, &b);
	if (r == 0) {
		FUZZ_CHECK(b.entry >= BOOT_LOW && in_ram(b.entry, 1));
		FUZZ_CHECK(b.start_info && b.start_info < BOOT_LOW);
		FUZZ_CHECK(b.code_end >= b.code_start);
		FUZZ_CHECK(b.code_end == 0 || in_ram(b.code_phys, b.code_end - b.code_start));
	}
	close(b.kernel);
	if (b.initrd >= 0)
		close(b.initrd);
	return 0;
}
