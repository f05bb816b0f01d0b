/* SPDX-License-Identifier: MIT */
/* What lies in the guest's memory before its first instruction, and kernels that lie. */
#define _GNU_SOURCE
#include "kvm/boot.h"
#include "kvm/elf.h"
#include "kvm/mptable.h"
#include "said.h"

#include <elf.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#define RAM   (4u << 20)
#define ENTRY 0x100010u

/* A kernel: header, two segments, a note, then what they hold. */
struct kernel {
	Elf64_Ehdr head;
	Elf64_Phdr segment[3];
	struct {
		Elf64_Nhdr head;
		char name[4];
		uint32_t entry;
	} note;
	unsigned char code[64], data[32];
};

static struct memory memory;
static struct kernel good;

static int setup(void **state)
{
	unsigned char *host = calloc(1, RAM);

	memory = (struct memory){ .pieces = 1, .piece = { { .base = 0, .size = RAM, .host = host } } };
	good = (struct kernel){
		.head = { .e_type = ET_EXEC, .e_machine = EM_X86_64, .e_phoff = offsetof(struct kernel, segment),
			  .e_phentsize = sizeof(Elf64_Phdr), .e_phnum = 3 },
		.segment = {
			{ .p_type = PT_LOAD, .p_flags = PF_R | PF_X, .p_offset = offsetof(struct kernel, code),
			  .p_vaddr = 0xffffffff80100000, .p_paddr = 0x100000, .p_filesz = 64, .p_memsz = 64 },
			{ .p_type = PT_LOAD, .p_flags = PF_R | PF_W, .p_offset = offsetof(struct kernel, data),
			  .p_vaddr = 0xffffffff80101000, .p_paddr = 0x101000, .p_filesz = 32, .p_memsz = 5000 },
			{ .p_type = PT_NOTE, .p_offset = offsetof(struct kernel, note), .p_filesz = 20 },
		},
		.note = { .head = { .n_namesz = 4, .n_descsz = 4, .n_type = 18 }, .name = "Xen", .entry = ENTRY },
	};
	memcpy(good.head.e_ident, ELFMAG, SELFMAG);
	good.head.e_ident[EI_CLASS] = ELFCLASS64;
	good.head.e_ident[EI_DATA] = ELFDATA2LSB;
	memset(good.code, 0x90, sizeof(good.code));
	memset(good.data, 0xdd, sizeof(good.data));
	said_count = 0;
	return host ? 0 : -1;
}

static int teardown(void **state)
{
	free(memory.piece[0].host);
	return 0;
}

static int file(const void *bytes, size_t size)
{
	int fd = memfd_create("test", MFD_CLOEXEC);

	assert_true(fd >= 0);
	assert_int_equal(write(fd, bytes, size), size);
	return fd;
}

static int load(const struct kernel *k, size_t size, struct boot *b)
{
	int r;

	b->kernel = file(k, size);
	b->kernel_name = "kernel";
	r = boot_load(&memory, b);
	close(b->kernel);
	return r;
}

/* Refused in one line, of which `why` is a part. */
static void refused(const struct kernel *k, size_t size, const char *why)
{
	struct boot b = { .initrd = -1, .cmdline = "", .cpus = 1 };

	said_count = 0;
	assert_true(load(k, size, &b) < 0);
	assert_int_equal(said_count, 1);
	if (!strstr(said, why))
		fail_msg("said '%s', not '%s'", said, why);
}

static uint32_t get32(uint64_t at)
{
	uint32_t v;

	memcpy(&v, guest_mem(&memory, at, 4), 4);
	return v;
}

static uint64_t get64(uint64_t at)
{
	uint64_t v;

	memcpy(&v, guest_mem(&memory, at, 8), 8);
	return v;
}

static void a_kernel_is_put_where_it_is_linked(void **state)
{
	int initrd = file("initrd", 6);
	struct boot b = { .initrd = initrd, .initrd_name = "initrd", .cmdline = "a b", .cpus = 3 };

	assert_int_equal(load(&good, sizeof(good), &b), 0);
	assert_int_equal(b.entry, ENTRY);
	assert_memory_equal(guest_mem(&memory, 0x100000, 64), good.code, 64);
	assert_memory_equal(guest_mem(&memory, 0x101000, 32), good.data, 32);
	assert_true(b.code_start == 0xffffffff80100000 && b.code_end == 0xffffffff80100040);
	/* hvm_start_info: magic, version, modules, command line, memory map */
	assert_int_equal(get32(b.start_info), 0x336ec578);
	assert_int_equal(get32(b.start_info + 4), 1);
	assert_int_equal(get32(b.start_info + 12), 1);
	assert_string_equal(guest_mem(&memory, get64(b.start_info + 24), 4), "a b");
	uint64_t module = get64(b.start_info + 16);
	assert_int_equal(get64(module), 0x103000); /* the page behind 0x101000 + 5000 */
	assert_int_equal(get64(module + 8), 6);
	assert_memory_equal(guest_mem(&memory, 0x103000, 6), "initrd", 6);
	close(initrd);
}

static void the_memory_map_is_the_memory(void **state)
{
	struct boot b = { .initrd = -1, .cmdline = "", .cpus = 1 };
	uint64_t ram = 0, map;
	uint32_t entries;

	memory.pieces = 2;
	memory.piece[1] = (struct memory_piece){ .base = MEMORY_HOLE_END, .size = 1 << 20 };
	assert_int_equal(load(&good, sizeof(good), &b), 0);
	map = get64(b.start_info + 40);
	entries = get32(b.start_info + 48);
	for (uint32_t i = 0; i < entries; i++)
		if (get32(map + 24 * i + 16) == 1)
			ram += get64(map + 24 * i + 8);
	/* All but the MP pointer's KiB and what PCs have between 640 KiB and 1 MiB. */
	assert_int_equal(ram, RAM + (1 << 20) - (384 << 10) - 1024);
}

static void the_mp_table_adds_up(void **state)
{
	for (unsigned int cpus = 1; cpus <= 255; cpus += 127) {
		const unsigned char *p, *t;
		unsigned int found = 0, pins = 0, at = 44;
		uint8_t sum = 0;

		assert_int_equal(mptable_write(&memory, cpus), 0);
		p = guest_mem(&memory, MPTABLE_POINTER, 16);
		assert_memory_equal(p, "_MP_", 4);
		for (unsigned int i = 0; i < 16; i++)
			sum = (uint8_t)(sum + p[i]);
		assert_int_equal(sum, 0);
		t = guest_mem(&memory, get32(MPTABLE_POINTER + 4), 4);
		assert_memory_equal(t, "PCMP", 4);
		unsigned int len = t[4] | (unsigned int)t[5] << 8, entries = t[34] | (unsigned int)t[35] << 8;
		for (unsigned int i = 0; i < len; i++)
			sum = (uint8_t)(sum + t[i]);
		assert_int_equal(sum, 0);
		for (unsigned int i = 0; i < entries; i++) {
			found += t[at] == 0;
			pins += t[at] == 3;
			at += t[at] == 0 ? 20 : 8;
		}
		assert_int_equal(at, len);
		assert_int_equal(found, cpus);
		assert_int_equal(pins, 24);
	}
}

static void no_kernel(void **state)
{
	struct kernel k = good;

	refused(&k, 0, "not an ELF");
	k.head.e_ident[1] = 'X';
	refused(&k, sizeof(k), "not an ELF");
	k = good;
	k.head.e_ident[EI_CLASS] = ELFCLASS32;
	refused(&k, sizeof(k), "not for x86-64");
	k = good;
	k.head.e_machine = EM_AARCH64;
	refused(&k, sizeof(k), "not for x86-64");
	k = good;
	k.head.e_type = ET_DYN;
	refused(&k, sizeof(k), "not a kernel");
	k = good;
	k.note.head.n_type = 1;
	refused(&k, sizeof(k), "no PVH note");
	k = good;
	k.note.entry = 0x200000;
	refused(&k, sizeof(k), "entry lies outside");
}

static void a_kernel_that_ends_too_early(void **state)
{
	for (size_t size = 0; size < offsetof(struct kernel, data) + sizeof(good.data); size++)
		refused(&good, size, "");
}

static void headers_that_lie(void **state)
{
	struct kernel k;

#define LIE(field, value, why)                                                                                     \
	k = good;                                                                                                  \
	k.field = (value);                                                                                         \
	refused(&k, sizeof(k), why)

	LIE(head.e_phentsize, 55, "makes no sense");
	LIE(head.e_phnum, 0, "makes no sense");
	LIE(head.e_phnum, 0xffff, "makes no sense");
	LIE(head.e_phoff, ~0ull, "truncated");
	LIE(head.e_phoff, sizeof(good) - 8, "truncated");
	LIE(segment[0].p_filesz, ~0ull, "makes no sense");
	LIE(segment[0].p_offset, ~0ull, "truncated");
	LIE(segment[0].p_offset, sizeof(good), "truncated");
	LIE(segment[0].p_paddr, 0, "below 1 MiB");
	LIE(segment[0].p_paddr, ~0ull, "too big");
	LIE(segment[0].p_paddr, RAM, "too big");
	LIE(segment[1].p_memsz, RAM, "too big");
	LIE(segment[1].p_memsz, ~0ull, "");
	LIE(segment[1].p_paddr, 0x100020, "overlap");
	LIE(segment[2].p_filesz, ~0ull, "too long");
	LIE(segment[2].p_offset, ~0ull, "truncated");
	LIE(note.head.n_namesz, ~0u, "make no sense");
	LIE(note.head.n_descsz, ~0u, "make no sense");
	LIE(note.head.n_descsz, ~0u - 3, "make no sense");
}

/* Its pages are the guest's, without a copy; what the guest writes there is the guest's alone. */
static void a_sealed_initrd_is_mapped(void **state)
{
	size_t ram[] = { 32u << 20, 16u << 20 }, size = 3 * 4096 + 5;
	uint64_t at[] = { 0x200000, 0x103000 }; /* where there is plenty, on the next huge page */
	unsigned char *bytes = malloc(size), *back = malloc(size);
	int fd = memfd_create("sealed", MFD_CLOEXEC | MFD_ALLOW_SEALING);
	struct boot b = { .initrd = fd, .initrd_name = "initrd", .cmdline = "", .cpus = 1 };
	unsigned char *own = memory.piece[0].host;

	memset(bytes, 0x5a, size);
	assert_int_equal(write(fd, bytes, size), size);
	assert_int_equal(fcntl(fd, F_ADD_SEALS, F_SEAL_WRITE | F_SEAL_SHRINK), 0);
	for (int i = 0; i < 2; i++) {
		void *host = mmap(NULL, ram[i], PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
		unsigned char *there;

		assert_true(host != MAP_FAILED);
		memory.piece[0] = (struct memory_piece){ .base = 0, .size = ram[i], .host = host };
		assert_int_equal(load(&good, sizeof(good), &b), 0);
		assert_int_equal(get64(get64(b.start_info + 16)), at[i]);
		there = guest_mem(&memory, at[i], 4 * 4096);
		assert_memory_equal(there, bytes, size);
		for (size_t k = size; k < 4 * 4096; k++)
			assert_int_equal(there[k], 0);
		memset(there, 0, 4 * 4096);
		assert_int_equal(pread(fd, back, size, 0), size);
		assert_memory_equal(back, bytes, size);
		munmap(host, ram[i]);
	}
	close(fd);
	memory.piece[0] = (struct memory_piece){ .base = 0, .size = RAM, .host = own };
	free(bytes);
	free(back);
}

static void initrds_that_do_not_fit(void **state)
{
	int empty = file("", 0), big = memfd_create("big", MFD_CLOEXEC), pipes[2];
	struct boot b = { .initrd = empty, .initrd_name = "initrd", .cmdline = "", .cpus = 1 };

	assert_true(load(&good, sizeof(good), &b) < 0);
	assert_string_equal(said, "empty");
	assert_int_equal(ftruncate(big, RAM - 0x103000 + 1), 0);
	b.initrd = big;
	assert_true(load(&good, sizeof(good), &b) < 0);
	assert_non_null(strstr(said, "too big"));
	assert_int_equal(ftruncate(big, RAM - 0x103000), 0);
	assert_int_equal(load(&good, sizeof(good), &b), 0);
	assert_int_equal(pipe(pipes), 0);
	b.initrd = pipes[0];
	assert_true(load(&good, sizeof(good), &b) < 0);
	assert_string_equal(said, "not a file");
	assert_int_equal(said_count, 3);
	close(empty);
	close(big);
	close(pipes[0]);
	close(pipes[1]);
}

static void little_memory_and_long_lines(void **state)
{
	char line[BOOT_CMDLINE_MAX + 1];
	struct boot b = { .initrd = -1, .cmdline = line, .cpus = 1 };

	memset(line, 'a', sizeof(line));
	line[BOOT_CMDLINE_MAX] = 0;
	assert_true(load(&good, sizeof(good), &b) < 0);
	line[BOOT_CMDLINE_MAX - 1] = 0;
	assert_int_equal(load(&good, sizeof(good), &b), 0);
	for (uint64_t size = 4096; size < 2 << 20; size *= 2) {
		memory.piece[0].size = size;
		assert_true(load(&good, sizeof(good), &b) < 0);
	}
}

static void random_damage(void **state)
{
	unsigned int loaded = 0;

	srand(1);
	for (unsigned int round = 0; round < 5000; round++) {
		struct boot b = { .initrd = -1, .cmdline = "", .cpus = 1 };
		struct kernel k = good;

		for (unsigned int n = 1 + (unsigned int)rand() % 3; n--;)
			((unsigned char *)&k)[(unsigned int)rand() % offsetof(struct kernel, code)] = (unsigned char)rand();
		loaded += load(&k, sizeof(k), &b) == 0;
	}
	assert_true(loaded > 0 && loaded < 5000);
}

#define T(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		T(a_kernel_is_put_where_it_is_linked),
		T(the_memory_map_is_the_memory),
		T(the_mp_table_adds_up),
		T(no_kernel),
		T(a_kernel_that_ends_too_early),
		T(headers_that_lie),
		T(a_sealed_initrd_is_mapped),
		T(initrds_that_do_not_fit),
		T(little_memory_and_long_lines),
		T(random_damage),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
