/* SPDX-License-Identifier: MIT */
/* A good executable, and each way in which it can lie. */
#include <elf.h>
#include "unit.h"
#include "proc/elf.h"
#undef ENOEXEC
#include "lib/errno.h"

#define SIZE 0x3000u

/* Text at 0x400000, data at 0x402000 with 0x5000 more of zeros, a stack note. */
static struct image {
	Elf64_Ehdr eh;
	Elf64_Phdr ph[4];
} good;

enum { TEXT, DATA, STACK, SPARE };

static u8 file[SIZE];
static struct elf_info info;

static int build(void **state)
{
	memset(&good, 0, sizeof(good));
	memcpy(good.eh.e_ident, ELFMAG, SELFMAG);
	good.eh.e_ident[EI_CLASS] = ELFCLASS64;
	good.eh.e_ident[EI_DATA] = ELFDATA2LSB;
	good.eh.e_ident[EI_VERSION] = EV_CURRENT;
	good.eh.e_ident[EI_OSABI] = 0xff;
	good.eh.e_type = ET_EXEC;
	good.eh.e_machine = EM_X86_64;
	good.eh.e_version = EV_CURRENT;
	good.eh.e_entry = 0x400200;
	good.eh.e_phoff = sizeof(Elf64_Ehdr);
	good.eh.e_ehsize = sizeof(Elf64_Ehdr);
	good.eh.e_phentsize = sizeof(Elf64_Phdr);
	good.eh.e_phnum = 4;
	good.ph[TEXT] = (Elf64_Phdr){PT_LOAD, PF_R | PF_X, 0, 0x400000, 0x400000, 0x1800, 0x1800, 0x1000};
	good.ph[DATA] = (Elf64_Phdr){PT_LOAD, PF_R | PF_W, 0x2000, 0x402000, 0x402000, 0x1000, 0x6000, 0x1000};
	good.ph[STACK] = (Elf64_Phdr){PT_GNU_STACK, PF_R | PF_W, 0, 0, 0, 0, 0, 16};
	good.ph[SPARE] = (Elf64_Phdr){PT_NULL, 0, 0, 0, 0, 0, 0, 0};
	return 0;
}

static int check_len(size_t len)
{
	u8 *copy = malloc(len ? len : 1);
	int ret;

	assert_non_null(copy);
	memset(file, 0, sizeof(file));
	memcpy(file, &good, sizeof(good));
	memcpy(file + 0x1000, "/lib64/ld-linux-x86-64.so.2", 28);
	memcpy(copy, file, len);
	ret = elf_check(copy, len, &info);
	free(copy);
	return ret;
}

static int check(void) { return check_len(SIZE); }

static void good_executable_passes(void **state)
{
	assert_int_equal(check(), 0);
	assert_false(info.pie);
	assert_int_equal(info.entry, 0x400200);
	assert_int_equal(info.phdr_addr, 0x400040);
	assert_int_equal(info.phnum, 4);
	assert_int_equal(info.phent, 56);
	assert_int_equal(info.osabi, 0xff);
	assert_int_equal(info.low, 0x400000);
	assert_int_equal(info.high, 0x408000);
	assert_int_equal(info.brk, 0x408000);
	assert_int_equal(info.align, PAGE_SIZE);
	assert_false(info.has_interp);
	assert_true(info.has_stack_note);
	assert_false(info.stack_exec);
	assert_int_equal(info.segment_count, 2);
	assert_int_equal(info.segments[0].prot, ELF_READ | ELF_EXEC);
	assert_int_equal(info.segments[1].vaddr, 0x402000);
	assert_int_equal(info.segments[1].offset, 0x2000);
	assert_int_equal(info.segments[1].filesz, 0x1000);
	assert_int_equal(info.segments[1].memsz, 0x6000);
	assert_int_equal(info.segments[1].prot, ELF_READ | ELF_WRITE);
}

static void position_independent_starts_near_zero(void **state)
{
	good.eh.e_type = ET_DYN;
	good.eh.e_entry = 0x200;
	good.ph[TEXT].p_vaddr = 0;
	good.ph[TEXT].p_align = 0x200000;
	good.ph[DATA].p_vaddr = 0x3000;
	assert_int_equal(check(), 0);
	assert_true(info.pie);
	assert_int_equal(info.align, 0x200000);
	assert_int_equal(info.low, 0);
	assert_int_equal(info.high, 0x9000);
}

static void interpreter_is_named(void **state)
{
	good.ph[SPARE] = (Elf64_Phdr){PT_INTERP, PF_R, 0x1000, 0x401000, 0x401000, 28, 28, 1};
	assert_int_equal(check(), 0);
	assert_true(info.has_interp);
	assert_string_equal(info.interp, "/lib64/ld-linux-x86-64.so.2");
}

static void stack_without_note_is_executable(void **state)
{
	good.ph[STACK].p_type = PT_NULL;
	assert_int_equal(check(), 0);
	assert_false(info.has_stack_note);
	assert_true(info.stack_exec);
	good.ph[STACK].p_type = PT_GNU_STACK;
	good.ph[STACK].p_flags = PF_R | PF_W | PF_X;
	assert_int_equal(check(), 0);
	assert_true(info.stack_exec);
}

/* Segments that share a page, as linkers make them without -z separate-code. */
static void segments_may_share_a_page(void **state)
{
	good.ph[TEXT].p_filesz = good.ph[TEXT].p_memsz = 0x1800;
	good.ph[DATA].p_offset = 0x1800;
	good.ph[DATA].p_vaddr = 0x401800;
	good.ph[DATA].p_filesz = 0x100;
	assert_int_equal(check(), 0);
}

#define LIE(assignment, text)                                                                                \
	do {                                                                                                 \
		build(NULL);                                                                                 \
		assignment;                                                                                  \
		assert_int_equal(check(), -ENOEXEC);                                                         \
		assert_non_null(info.why);                                                                   \
		if (!strstr(info.why, text))                                                                 \
			fail_msg("%s: says \"%s\"", #assignment, info.why);                                  \
	} while (0)

static void lying_headers_are_refused(void **state)
{
	LIE(good.eh.e_ident[1] = 'e', "not an ELF");
	LIE(good.eh.e_ident[EI_CLASS] = ELFCLASS32, "32-bit");
	LIE(good.eh.e_ident[EI_DATA] = ELFDATA2MSB, "another machine");
	LIE(good.eh.e_machine = EM_AARCH64, "another machine");
	LIE(good.eh.e_ident[EI_VERSION] = 0, "version");
	LIE(good.eh.e_version = 2, "version");
	LIE(good.eh.e_type = ET_REL, "no executable");
	LIE(good.eh.e_type = ET_CORE, "no executable");
	LIE(good.eh.e_phentsize = 32, "program headers");
	LIE(good.eh.e_phnum = 0, "program headers");
	LIE(good.eh.e_phnum = 0xffff, "program headers");
	LIE(good.eh.e_phoff = SIZE - 100, "beyond the end");
	LIE(good.eh.e_phoff = ~0ull - 8, "beyond the end");
	LIE(good.eh.e_entry = 0x402000, "entry point");
	LIE(good.eh.e_entry = 0x401800, "entry point");
	LIE(good.eh.e_entry = 0, "entry point");
}

static void lying_segments_are_refused(void **state)
{
	LIE(good.ph[DATA].p_filesz = 0x6001, "more in the file");
	LIE((good.ph[DATA].p_memsz = 0, good.ph[DATA].p_filesz = 1), "more in the file");
	LIE(good.ph[DATA].p_filesz = 0x1001, "truncated");
	LIE(good.ph[DATA].p_offset = ~0xfffull, "truncated");
	LIE(good.ph[DATA].p_offset = SIZE + 0x1000, "truncated");
	LIE(good.ph[DATA].p_vaddr = 0x401000, "overlap");
	LIE(good.ph[DATA].p_vaddr = 0x400000, "overlap");
	LIE(good.ph[DATA].p_vaddr = 0x100000, "overlap");
	LIE(good.ph[DATA].p_memsz = ~0ull, "outside");
	LIE(good.ph[DATA].p_memsz = ~0ull - 0x402000, "outside");
	LIE(good.ph[DATA].p_vaddr = ~0xfffull, "outside");
	LIE(good.ph[DATA].p_vaddr = 0xffffffff80000000ull, "outside");
	LIE(good.ph[DATA].p_vaddr = 0x7fffffffe000ull, "outside");
	LIE(good.ph[TEXT].p_vaddr = 0, "outside");
	LIE(good.ph[TEXT].p_vaddr = 0x1000, "outside");
	LIE(good.ph[DATA].p_offset = 0x1fff, "cannot be mapped");
	LIE(good.ph[DATA].p_align = 0x3000, "power of two");
	LIE(good.ph[DATA].p_align = 1ull << 63, "outside");
	LIE(good.ph[TEXT].p_flags = PF_R, "entry point");
	LIE((good.ph[TEXT].p_type = PT_NULL, good.ph[DATA].p_type = PT_NULL), "nothing to load");
	LIE((good.ph[TEXT].p_memsz = 0, good.ph[TEXT].p_filesz = 0), "entry point");
}

static void lying_interpreters_are_refused(void **state)
{
	const Elf64_Phdr interp = {PT_INTERP, PF_R, 0x1000, 0, 0, 28, 28, 1};

	LIE((good.ph[SPARE] = interp, good.ph[SPARE].p_filesz = 5000), "interpreter");
	LIE((good.ph[SPARE] = interp, good.ph[SPARE].p_filesz = 1), "interpreter");
	LIE((good.ph[SPARE] = interp, good.ph[SPARE].p_filesz = 27), "interpreter");
	LIE((good.ph[SPARE] = interp, good.ph[SPARE].p_offset = SIZE - 4), "interpreter");
	LIE((good.ph[SPARE] = interp, good.ph[SPARE].p_offset = ~0ull), "interpreter");
	LIE((good.ph[SPARE] = interp, good.ph[SPARE].p_offset = 0x1100), "interpreter");
	LIE((good.ph[SPARE] = interp, good.ph[STACK] = interp), "two interpreters");
}

static void truncated_files_are_refused(void **state)
{
	for (size_t len = 0; len < SIZE; len += len < 0x200 ? 1 : 0x101)
		assert_int_equal(check_len(len), -ENOEXEC);
	check_len(10);
	assert_non_null(strstr(info.why, "truncated"));
	check_len(3);
	assert_non_null(strstr(info.why, "not an ELF"));
}

static void too_many_segments_are_refused(void **state)
{
	struct {
		Elf64_Ehdr eh;
		Elf64_Phdr ph[ELF_SEGMENTS_MAX + 1];
	} many = {.eh = good.eh};

	many.eh.e_phnum = ELF_SEGMENTS_MAX + 1;
	for (unsigned i = 0; i <= ELF_SEGMENTS_MAX; i++)
		many.ph[i] = (Elf64_Phdr){PT_LOAD, PF_R | PF_X, 0, 0x400000 + i * 0x1000, 0, 0x300, 0x300, 0x1000};
	assert_int_equal(elf_check(&many, sizeof(many), &info), -E2BIG);
	many.eh.e_phnum--;
	assert_int_equal(elf_check(&many, sizeof(many), &info), 0);
}

static int failing_read(void *arg, u64 off, void *buf, size_t len)
{
	if (off)
		return -EIO;
	memcpy(buf, &good, len);
	return 0;
}

static void read_errors_are_passed_on(void **state)
{
	assert_int_equal(elf_parse(failing_read, NULL, SIZE, &info), -EIO);
}

/* Whatever it accepts must keep what the header promises. */
static void check_promises(void)
{
	u64 end = 0;

	assert_in_range(info.segment_count, 1, ELF_SEGMENTS_MAX);
	assert_true(info.align >= PAGE_SIZE && !(info.align & (info.align - 1)));
	for (unsigned i = 0; i < info.segment_count; i++) {
		const struct elf_segment *s = &info.segments[i];

		assert_true(s->vaddr >= end && s->memsz && s->filesz <= s->memsz);
		assert_true(s->offset + s->filesz >= s->offset && s->offset + s->filesz <= SIZE);
		assert_true(!s->filesz || (s->vaddr - s->offset) % PAGE_SIZE == 0);
		end = s->vaddr + s->memsz;
		assert_true(end > s->vaddr && end <= 0x7ffffffff000);
		assert_true(s->vaddr >= info.low && end <= info.high);
	}
	assert_true(!info.has_interp || memchr(info.interp, 0, ELF_INTERP_MAX));
}

static void damaged_headers_do_no_harm(void **state)
{
	unsigned passed = 0;

	for (unsigned i = 0; i < 100000; i++) {
		u8 *bytes = (u8 *)&good;

		build(NULL);
		if (unit_below(2))
			good.ph[SPARE] = (Elf64_Phdr){PT_INTERP, PF_R, 0x1000, 0, 0, 28, 28, 1};
		for (unsigned k = 0; k < 1 + i % 4; k++)
			bytes[unit_below(sizeof(good))] = (u8)unit_random();
		if (check() == 0) {
			check_promises();
			passed++;
		}
	}
	assert_true(passed > 1000);
}

static void hosts_own_programs_pass(void **state)
{
	static const char *const names[] = {"/proc/self/exe", "/bin/sh"};

	for (size_t i = 0; i < ARRAY_SIZE(names); i++) {
		FILE *f = fopen(names[i], "rb");
		char *all;
		long size;

		assert_non_null(f);
		assert_int_equal(fseek(f, 0, SEEK_END), 0);
		size = ftell(f);
		rewind(f);
		all = malloc((size_t)size);
		assert_non_null(all);
		assert_int_equal(fread(all, 1, (size_t)size, f), size);
		fclose(f);
		assert_int_equal(elf_check(all, (size_t)size, &info), 0);
		assert_true(info.has_interp);
		free(all);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(good_executable_passes, build),
		cmocka_unit_test_setup(position_independent_starts_near_zero, build),
		cmocka_unit_test_setup(interpreter_is_named, build),
		cmocka_unit_test_setup(stack_without_note_is_executable, build),
		cmocka_unit_test_setup(segments_may_share_a_page, build),
		cmocka_unit_test_setup(lying_headers_are_refused, build),
		cmocka_unit_test_setup(lying_segments_are_refused, build),
		cmocka_unit_test_setup(lying_interpreters_are_refused, build),
		cmocka_unit_test_setup(truncated_files_are_refused, build),
		cmocka_unit_test_setup(too_many_segments_are_refused, build),
		cmocka_unit_test_setup(read_errors_are_passed_on, build),
		cmocka_unit_test_setup(damaged_headers_do_no_harm, build),
		cmocka_unit_test_setup(hosts_own_programs_pass, build),
	};

	return cmocka_run_group_tests_name("elf", tests, NULL, NULL);
}
