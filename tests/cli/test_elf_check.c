/* SPDX-License-Identifier: MIT */
#include "unit.h"
#include "elf_check.h"

#include <elf.h>

/* A small executable with two segments, to be spoilt in one place at a time. */
static struct image {
	Elf64_Ehdr eh;
	Elf64_Phdr ph[3];
	char code[0x2000 - sizeof(Elf64_Ehdr) - 3 * sizeof(Elf64_Phdr)];
} image;

static void good_image(void)
{
	memset(&image, 0, sizeof(image));
	memcpy(image.eh.e_ident, ELFMAG, SELFMAG);
	image.eh.e_ident[EI_CLASS] = ELFCLASS64;
	image.eh.e_ident[EI_DATA] = ELFDATA2LSB;
	image.eh.e_ident[EI_VERSION] = EV_CURRENT;
	image.eh.e_type = ET_EXEC;
	image.eh.e_machine = EM_X86_64;
	image.eh.e_version = EV_CURRENT;
	image.eh.e_entry = 0x400100;
	image.eh.e_phoff = offsetof(struct image, ph);
	image.eh.e_ehsize = sizeof(Elf64_Ehdr);
	image.eh.e_phentsize = sizeof(Elf64_Phdr);
	image.eh.e_phnum = 2;
	image.ph[0] = (Elf64_Phdr){ .p_type = PT_LOAD, .p_flags = PF_R | PF_X, .p_vaddr = 0x400000,
				    .p_filesz = 0x1000, .p_memsz = 0x1000 };
	image.ph[1] = (Elf64_Phdr){ .p_type = PT_LOAD, .p_flags = PF_R | PF_W, .p_offset = 0x1000,
				    .p_vaddr = 0x401000, .p_filesz = 0x800, .p_memsz = 0x3000 };
}

static bool rooted; /* the machine has a root tree */

/* Checks the first `size` bytes of the image; returns what was said. */
static const char *said(size_t size, int want)
{
	uint64_t need = 0;
	int fd = memfd_create("image", MFD_CLOEXEC), r;

	assert_int_equal(write(fd, &image, size), size);
	heard_begin();
	r = elf_check(fd, size, "prog", rooted, &need);
	heard_end();
	close(fd);
	if (r != want)
		fail_msg("%d, not %d: %s", r, want, heard_text);
	if (!r)
		assert_int_equal(need, 0x4000);
	return heard_text;
}

#define refused(part)                                                                                        \
	do {                                                                                                 \
		const char *s = said(sizeof(image), -ENOEXEC);                                               \
		if (!strstr(s, part) || strncmp(s, "hermit: prog: ", 14))                                    \
			fail_msg("no \"%s\" in: %s", part, s);                                               \
		good_image();                                                                                \
	} while (0)

static void good_executable_passes(void **state)
{
	good_image();
	assert_string_equal(said(sizeof(image), 0), "");
	image.eh.e_ident[EI_OSABI] = 0xff;
	said(sizeof(image), 0);
	image.eh.e_type = ET_DYN; /* static-PIE: no interpreter */
	said(sizeof(image), 0);
}

static void other_files_are_named(void **state)
{
	good_image();
	memcpy(&image, "#! /bin/sh -e\nexit 1\n", 21);
	refused("is a script, not an ELF executable (--root / runs it with this machine's /bin/sh -e)");
	memcpy(&image, "MZ\220", 3);
	refused("Windows");
	memcpy(&image, "!<arch>\n", 8);
	refused("static library");
	memcpy(&image, "hello", 5);
	refused("is not an ELF executable");
	image.eh.e_type = ET_REL;
	refused("object file");
	image.eh.e_type = ET_CORE;
	refused("core dump");
	image.eh.e_type = 77;
	refused("unknown ELF type 77");
	image.eh.e_type = ET_DYN;
	image.eh.e_entry = 0;
	refused("shared library");
}

static void other_machines_are_named(void **state)
{
	good_image();
	image.eh.e_machine = EM_AARCH64;
	refused("is for aarch64, not for x86-64");
	image.eh.e_machine = 4711;
	refused("machine 4711");
	image.eh.e_machine = EM_386;
	image.eh.e_ident[EI_CLASS] = ELFCLASS32;
	refused("i386 (32-bit)");
	image.eh.e_ident[EI_CLASS] = ELFCLASS32;
	refused("x32");
	image.eh.e_ident[EI_DATA] = ELFDATA2MSB;
	image.eh.e_machine = __builtin_bswap16(EM_S390);
	refused("s390x");
	image.eh.e_ident[EI_OSABI] = ELFOSABI_FREEBSD;
	refused("another operating system");
}

static void dynamic_executable_names_its_interpreter(void **state)
{
	good_image();
	image.eh.e_phnum = 3;
	image.ph[2] = (Elf64_Phdr){ .p_type = PT_INTERP, .p_offset = 0x800, .p_filesz = 28 };
	strcpy((char *)&image + 0x800, "/lib64/ld-linux-x86-64.so.2");
	refused("is dynamic and needs the interpreter /lib64/ld-linux-x86-64.so.2 and its libraries (--root / takes both");
	image.eh.e_phnum = 3;
	image.ph[2] = (Elf64_Phdr){ .p_type = PT_INTERP, .p_offset = 0x800, .p_filesz = 28 };
	rooted = true;
	said(sizeof(image), 0);
	rooted = false;
	good_image();
	image.eh.e_phnum = 3;
	image.ph[2] = (Elf64_Phdr){ .p_type = PT_INTERP, .p_offset = UINT64_MAX - 3, .p_filesz = UINT64_MAX };
	refused("truncated");
}

static void damaged_segments_are_refused(void **state)
{
	good_image();
	image.ph[1].p_vaddr = 0x400000;
	refused("segment 1 overlaps");
	image.ph[1].p_vaddr = 0x300000;
	refused("lies below");
	image.ph[1].p_offset = UINT64_MAX - 0xfff;
	image.ph[1].p_filesz = 0x2000;
	refused("overflows");
	image.ph[1].p_memsz = UINT64_MAX;
	refused("overflows");
	image.ph[1].p_vaddr = 0x7ffffffff000ull;
	refused("overflows");
	image.ph[1].p_vaddr = 0xffffffff80000000ull;
	refused("overflows");
	image.ph[1].p_memsz = 0x10;
	refused("larger in the file");
	image.ph[1].p_offset = 0x1001;
	refused("no page can join");
	image.ph[1].p_filesz = 0x2000;
	refused("truncated");
	image.eh.e_entry = 0x401000;
	refused("entry point");
	image.eh.e_entry = 0;
	refused("entry point");
	image.ph[0].p_type = image.ph[1].p_type = PT_NULL;
	refused("no segment to load");
	image.eh.e_phnum = 0;
	refused("no program headers");
	image.eh.e_phnum = 65535;
	refused("damaged");
	image.eh.e_phentsize = 32;
	refused("damaged");
	image.eh.e_phoff = UINT64_MAX;
	refused("truncated");
	image.eh.e_ehsize = 3;
	refused("damaged");
}

/* Cut anywhere, it is either refused or, past the last segment, whole. */
static void every_length_gets_an_answer(void **state)
{
	good_image();
	for (size_t n = 0; n < 0x1800; n++)
		if (!strstr(said(n, -ENOEXEC), "hermit: prog: "))
			fail_msg("%zu: %s", n, heard_text);
	said(0x1800, 0);
}

/* Random damage: no crash (ASan watches), and a refusal always comes with a message. */
static void random_damage_is_borne(void **state)
{
	unsigned int seed = 1;

	for (int i = 0; i < 3000; i++) {
		uint64_t need;
		int fd = memfd_create("image", MFD_CLOEXEC), r;

		good_image();
		for (int n = 0; n < 4; n++)
			((unsigned char *)&image)[(unsigned int)rand_r(&seed) % 232] = (unsigned char)rand_r(&seed);
		assert_int_equal(write(fd, &image, sizeof(image)), sizeof(image));
		heard_begin();
		r = elf_check(fd, sizeof(image), "prog", rooted, &need);
		heard_end();
		close(fd);
		if ((r != 0) != (heard_text[0] != 0))
			fail_msg("%d: %s", r, heard_text);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(good_executable_passes),
		cmocka_unit_test(other_files_are_named),
		cmocka_unit_test(other_machines_are_named),
		cmocka_unit_test(dynamic_executable_names_its_interpreter),
		cmocka_unit_test(damaged_segments_are_refused),
		cmocka_unit_test(every_length_gets_an_answer),
		cmocka_unit_test(random_damage_is_borne),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
