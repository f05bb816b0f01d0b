/* SPDX-License-Identifier: MIT */
#include "elf_check.h"
#include "msg.h"

#include <elf.h>
#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define PAGE	    4096ull
#define USER_END    0x7ffffffff000ull /* end of the lower half, as Linux has it */
#define PHDRS_MAX   (65536 / sizeof(Elf64_Phdr)) /* Linux's limit, fs/binfmt_elf.c */
#define OSABI_HERMIT 0xff

struct elf {
	int fd;
	uint64_t size;
	const char *name;
	bool rooted, script;
	Elf64_Ehdr eh;
	Elf64_Phdr *ph;
};

/* Reads exactly len bytes, or says that the file is shorter or unreadable. */
static int elf_read(const struct elf *e, void *buf, size_t len, uint64_t off, const char *what)
{
	uint64_t end;
	size_t done = 0;

	if (__builtin_add_overflow(off, (uint64_t)len, &end) || end > e->size) {
		msg_error(e->name, "build or copy it again", "truncated: the file ends before its %s", what);
		return -ENOEXEC;
	}
	while (done < len) {
		ssize_t n = pread(e->fd, (char *)buf + done, len - done, (off_t)(off + done));

		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0) {
			msg_error(e->name, "check the disk it is on", "cannot read its %s: %s", what,
				  n ? strerror(errno) : "the file shrank");
			return -EIO;
		}
		done += (size_t)n;
	}
	return 0;
}

static const char *elf_machine(unsigned int machine)
{
	static const struct {
		unsigned int machine;
		const char *name;
	} names[] = {
		{ EM_386, "i386" },	  { EM_AARCH64, "aarch64" }, { EM_ARM, "arm" },
		{ EM_RISCV, "riscv" },	  { EM_PPC64, "ppc64" },     { EM_PPC, "ppc" },
		{ EM_S390, "s390x" },	  { EM_MIPS, "mips" },	     { EM_SPARCV9, "sparc64" },
		{ EM_IA_64, "ia64" },	  { EM_ALPHA, "alpha" },     { EM_PARISC, "hppa" },
		{ EM_68K, "m68k" },	  { EM_SH, "sh4" },	     { 258, "loongarch" },
	};
	static char other[32];

	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		if (names[i].machine == machine)
			return names[i].name;
	snprintf(other, sizeof(other), "machine %u", machine);
	return other;
}

/* A file without ELF's magic: say what it is, since the mend depends on it. */
static int elf_not(struct elf *e, const unsigned char *head, size_t len)
{
	char line[128], mend[400];

	if (len == 0) {
		msg_error(e->name, "build or copy it again", "the file is empty");
	} else if (len > 2 && head[0] == '#' && head[1] == '!') {
		size_t n = 0, start = 2;

		if (e->rooted) {
			e->script = true;
			return 0;
		}
		while (start < len && (head[start] == ' ' || head[start] == '\t'))
			start++;
		while (start + n < len && n < sizeof(line) - 1 && head[start + n] != '\n')
			n++;
		memcpy(line, head + start, n);
		line[n] = 0;
		snprintf(mend, sizeof(mend), "--root / runs it with this machine's %s", line);
		msg_error(e->name, mend, "is a script, not an ELF executable");
	} else if (len > 2 && head[0] == 'M' && head[1] == 'Z') {
		msg_error(e->name, "compile it with x86_64-hermit-gcc", "is a Windows executable, not ELF");
	} else if (len >= 8 && !memcmp(head, "!<arch>\n", 8)) {
		msg_error(e->name, "link it into a program with x86_64-hermit-gcc",
			  "is a static library, not an executable");
	} else {
		msg_error(e->name, "name a program that was compiled with x86_64-hermit-gcc",
			  "is not an ELF executable");
	}
	return -ENOEXEC;
}

static int elf_check_header(struct elf *e)
{
	const Elf64_Ehdr *h = &e->eh;
	const unsigned char *id = h->e_ident;
	unsigned char head[sizeof(e->eh)];
	size_t len = e->size < sizeof(head) ? (size_t)e->size : sizeof(head);
	/* e_machine lies at the same place in both classes. */
	unsigned int machine;
	int r = elf_read(e, head, len, 0, "header");

	if (r)
		return r;
	if (len < SELFMAG || memcmp(head, ELFMAG, SELFMAG))
		return elf_not(e, head, len); /* 0: a script, nothing more to check */
	r = elf_read(e, &e->eh, sizeof(e->eh), 0, "ELF header");
	if (r)
		return r;
	machine = id[EI_DATA] == ELFDATA2MSB ? __builtin_bswap16(h->e_machine) : h->e_machine;
	if (machine != EM_X86_64 || id[EI_DATA] != ELFDATA2LSB) {
		msg_error(e->name, "compile it with x86_64-hermit-gcc", "is for %s%s, not for x86-64",
			  elf_machine(machine), id[EI_CLASS] == ELFCLASS32 ? " (32-bit)" : "");
		return -ENOEXEC;
	}
	if (id[EI_CLASS] != ELFCLASS64) {
		msg_error(e->name, "compile it without -mx32", "is a 32-bit (x32) executable");
		return -ENOEXEC;
	}
	if (id[EI_VERSION] != EV_CURRENT || h->e_ehsize < sizeof(*h)) {
		msg_error(e->name, "build or copy it again", "its ELF header is damaged");
		return -ENOEXEC;
	}
	if (id[EI_OSABI] != ELFOSABI_NONE && id[EI_OSABI] != ELFOSABI_GNU && id[EI_OSABI] != OSABI_HERMIT) {
		msg_error(e->name, "compile it with x86_64-hermit-gcc",
			  "is for another operating system (OS/ABI %u)", id[EI_OSABI]);
		return -ENOEXEC;
	}
	return 0;
}

static int elf_check_type(const struct elf *e)
{
	switch (e->eh.e_type) {
	case ET_EXEC:
	case ET_DYN:
		return 0;
	case ET_REL:
		msg_error(e->name, "link it with x86_64-hermit-gcc", "is an object file, not an executable");
		return -ENOEXEC;
	case ET_CORE:
		msg_error(e->name, "name the program that dumped it", "is a core dump, not an executable");
		return -ENOEXEC;
	default:
		msg_error(e->name, "build or copy it again", "has the unknown ELF type %u", e->eh.e_type);
		return -ENOEXEC;
	}
}

static int elf_read_phdrs(struct elf *e)
{
	size_t n = e->eh.e_phnum;

	if (n == 0) {
		msg_error(e->name, "build or copy it again", "has no program headers, so nothing to load");
		return -ENOEXEC;
	}
	if (e->eh.e_phentsize != sizeof(Elf64_Phdr) || n > PHDRS_MAX) {
		msg_error(e->name, "build or copy it again", "its program headers are damaged");
		return -ENOEXEC;
	}
	e->ph = malloc(n * sizeof(Elf64_Phdr));
	if (!e->ph) {
		msg_error(e->name, "free some memory", "no memory to read it");
		return -ENOMEM;
	}
	return elf_read(e, e->ph, n * sizeof(Elf64_Phdr), e->eh.e_phoff, "program headers");
}

static int elf_dynamic(const struct elf *e, const Elf64_Phdr *ph)
{
	char interp[256] = "";
	size_t len = ph->p_filesz < sizeof(interp) ? (size_t)ph->p_filesz : sizeof(interp) - 1;
	int r = elf_read(e, interp, len, ph->p_offset, "interpreter's name");

	if (r)
		return r;
	msg_error(e->name, "--root / takes both from this machine; or link it with -static",
		  "is dynamic and needs the interpreter %s and its libraries", interp);
	return -ENOEXEC;
}

static int elf_damaged(const struct elf *e, size_t i, const char *why)
{
	msg_error(e->name, "build or copy it again", "segment %zu %s", i, why);
	return -ENOEXEC;
}

static int elf_check_load(const struct elf *e, size_t i)
{
	const Elf64_Phdr *ph = &e->ph[i];
	uint64_t end;

	if (__builtin_add_overflow(ph->p_offset, ph->p_filesz, &end))
		return elf_damaged(e, i, "overflows: its end in the file is beyond 2^64");
	if (end > e->size) {
		msg_error(e->name, "build or copy it again",
			  "truncated: segment %zu ends at byte %llu, the file at %llu", i,
			  (unsigned long long)end, (unsigned long long)e->size);
		return -ENOEXEC;
	}
	if (ph->p_filesz > ph->p_memsz)
		return elf_damaged(e, i, "is larger in the file than in memory");
	if (__builtin_add_overflow(ph->p_vaddr, ph->p_memsz, &end) || end > USER_END)
		return elf_damaged(e, i, "overflows: it ends beyond the program's half of the address space");
	if ((ph->p_vaddr ^ ph->p_offset) & (PAGE - 1))
		return elf_damaged(e, i, "has an offset and an address that no page can join");
	return 0;
}

static bool elf_overlap(const Elf64_Phdr *a, const Elf64_Phdr *b)
{
	return a->p_memsz && b->p_memsz && a->p_vaddr < b->p_vaddr + b->p_memsz &&
	       b->p_vaddr < a->p_vaddr + a->p_memsz;
}

static int elf_check_segments(const struct elf *e, uint64_t *image_size)
{
	const Elf64_Phdr *last = NULL;
	bool entry = false;

	for (size_t i = 0; i < e->eh.e_phnum; i++) {
		const Elf64_Phdr *ph = &e->ph[i];
		int r;

		if (ph->p_type != PT_LOAD)
			continue;
		r = elf_check_load(e, i);
		if (r)
			return r;
		/* The ELF specification has PT_LOAD ascending, and Linux relies on it. */
		if (last && elf_overlap(last, ph))
			return elf_damaged(e, i, "overlaps the one before it");
		if (last && ph->p_vaddr < last->p_vaddr)
			return elf_damaged(e, i, "lies below the one before it");
		last = ph;
		if ((ph->p_flags & PF_X) && e->eh.e_entry - ph->p_vaddr < ph->p_memsz)
			entry = true;
		*image_size += ((ph->p_vaddr & (PAGE - 1)) + ph->p_memsz + PAGE - 1) & ~(PAGE - 1);
	}
	if (!last) {
		msg_error(e->name, "build or copy it again", "has no segment to load");
		return -ENOEXEC;
	}
	if (!entry) {
		if (e->eh.e_type == ET_DYN && e->eh.e_entry == 0)
			msg_error(e->name, "name a program", "is a shared library, nothing to start");
		else
			msg_error(e->name, "build or copy it again", "its entry point is outside its code");
		return -ENOEXEC;
	}
	return 0;
}

static int elf_check_all(struct elf *e, uint64_t *image_size)
{
	int r = elf_check_header(e);

	*image_size = 0;
	if (r || e->script)
		return r;
	r = elf_check_type(e);
	if (!r)
		r = elf_read_phdrs(e);
	for (size_t i = 0; !r && i < e->eh.e_phnum; i++)
		if (e->ph[i].p_type == PT_INTERP && !e->rooted)
			r = elf_dynamic(e, &e->ph[i]);
	if (!r)
		r = elf_check_segments(e, image_size);
	return r;
}

int elf_check(int fd, uint64_t size, const char *name, bool rooted, uint64_t *image_size)
{
	struct elf e = { .fd = fd, .size = size, .name = name, .rooted = rooted };
	int r = elf_check_all(&e, image_size);

	free(e.ph);
	return r;
}
