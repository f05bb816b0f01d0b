/* SPDX-License-Identifier: MIT */
#include "kvm/elf.h"
#include "msg.h"

#include <elf.h>
#include <errno.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define SEGMENTS_MAX 32
#define NOTES_MAX    65536 /* bytes */
#define PHYS32_ENTRY 18 /* XEN_ELFNOTE_PHYS32_ENTRY */

#define MEND "give hermit's kernel, hermit-x86_64.elf"

struct elf_file {
	int fd;
	uint64_t size;
	Elf64_Ehdr head;
	Elf64_Phdr segment[SEGMENTS_MAX];
};

int elf_read_at(int fd, void *buf, uint64_t len, uint64_t at)
{
	unsigned char *p = buf;

	while (len) {
		ssize_t n = pread(fd, p, len < 1u << 30 ? len : 1u << 30, (off_t)at);

		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0)
			return n < 0 ? -errno : -ENODATA;
		p += n;
		at += (uint64_t)n;
		len -= (uint64_t)n;
	}
	return 0;
}

static bool within(uint64_t at, uint64_t len, uint64_t size)
{
	return at <= size && len <= size - at;
}

/* Gives what is wrong with the file, NULL: nothing. */
static const char *elf_open(struct elf_file *f)
{
	const Elf64_Ehdr *h = &f->head;
	struct stat st;

	if (fstat(f->fd, &st) || !S_ISREG(st.st_mode))
		return "not a file";
	f->size = (uint64_t)st.st_size;
	if (f->size < sizeof(*h) || elf_read_at(f->fd, &f->head, sizeof(*h), 0) ||
	    memcmp(h->e_ident, ELFMAG, SELFMAG))
		return "not an ELF file";
	if (h->e_ident[EI_CLASS] != ELFCLASS64 || h->e_ident[EI_DATA] != ELFDATA2LSB || h->e_machine != EM_X86_64)
		return "not for x86-64";
	if (h->e_type != ET_EXEC)
		return "not a kernel: no fixed address";
	if (h->e_phentsize != sizeof(Elf64_Phdr) || h->e_phnum == 0 || h->e_phnum > SEGMENTS_MAX)
		return "its header makes no sense";
	if (!within(h->e_phoff, h->e_phnum * sizeof(Elf64_Phdr), f->size) ||
	    elf_read_at(f->fd, f->segment, h->e_phnum * sizeof(Elf64_Phdr), h->e_phoff))
		return "truncated: no program headers";
	return NULL;
}

/* The entry that a note segment names: *entry, unless there is none. */
static const char *elf_note(const struct elf_file *f, const Elf64_Phdr *s, uint32_t *entry)
{
	unsigned char notes[NOTES_MAX];
	uint64_t at = 0;

	if (s->p_filesz > sizeof(notes))
		return "its notes are too long";
	if (!within(s->p_offset, s->p_filesz, f->size) || elf_read_at(f->fd, notes, s->p_filesz, s->p_offset))
		return "truncated: no notes";
	while (s->p_filesz - at >= sizeof(Elf64_Nhdr)) {
		Elf64_Nhdr n;
		uint64_t name, desc, left;

		memcpy(&n, notes + at, sizeof(n));
		at += sizeof(n);
		left = s->p_filesz - at;
		name = ((uint64_t)n.n_namesz + 3) & ~3ull;
		desc = ((uint64_t)n.n_descsz + 3) & ~3ull;
		if (name > left || desc > left - name)
			return "its notes make no sense";
		if (n.n_type == PHYS32_ENTRY && n.n_namesz == 4 && !memcmp(notes + at, "Xen", 4) && n.n_descsz >= 4)
			memcpy(entry, notes + at + name, sizeof(*entry));
		at += name + desc;
	}
	return NULL;
}

static bool segments_overlap(const Elf64_Phdr *a, const Elf64_Phdr *b)
{
	return a->p_paddr < b->p_paddr + b->p_memsz && b->p_paddr < a->p_paddr + a->p_memsz;
}

static const char *elf_segment(const struct memory *m, const struct elf_file *f, unsigned int i,
			       struct elf_image *image)
{
	const Elf64_Phdr *s = &f->segment[i];
	unsigned char *to;

	if (s->p_memsz == 0)
		return NULL;
	if (s->p_filesz > s->p_memsz || s->p_vaddr + s->p_memsz < s->p_vaddr)
		return "its header makes no sense";
	if (!within(s->p_offset, s->p_filesz, f->size))
		return "truncated";
	if (s->p_paddr < BOOT_LOW)
		return "it wants to lie below 1 MiB";
	to = guest_mem(m, s->p_paddr, s->p_memsz);
	if (!to || s->p_paddr + s->p_memsz > MEMORY_HOLE)
		return "too big for the guest's memory";
	/* None of these sums overflows: those before it have passed the same checks. */
	for (unsigned int k = 0; k < i; k++)
		if (f->segment[k].p_type == PT_LOAD && f->segment[k].p_memsz && segments_overlap(s, &f->segment[k]))
			return "its segments overlap";
	if (elf_read_at(f->fd, to, s->p_filesz, s->p_offset)) /* the rest is fresh memory: zeros */
		return "cannot be read";
	if (s->p_paddr + s->p_memsz > image->end)
		image->end = s->p_paddr + s->p_memsz;
	if (s->p_flags & PF_X && image->code_end == 0) {
		image->code_start = s->p_vaddr;
		image->code_phys = s->p_paddr;
		image->code_end = s->p_vaddr + s->p_memsz;
	}
	return NULL;
}

static bool elf_entry_loaded(const struct elf_file *f, uint32_t entry)
{
	for (unsigned int i = 0; i < f->head.e_phnum; i++) {
		const Elf64_Phdr *s = &f->segment[i];

		/* One without memory was not loaded, whatever else it says. */
		if (s->p_type == PT_LOAD && s->p_memsz && entry >= s->p_paddr && entry - s->p_paddr < s->p_filesz)
			return true;
	}
	return false;
}

static const char *elf_parts(const struct memory *m, struct elf_file *f, struct elf_image *image)
{
	const char *why = elf_open(f);

	for (unsigned int i = 0; !why && i < f->head.e_phnum; i++) {
		if (f->segment[i].p_type == PT_LOAD)
			why = elf_segment(m, f, i, image);
		else if (f->segment[i].p_type == PT_NOTE)
			why = elf_note(f, &f->segment[i], &image->entry);
	}
	if (why)
		return why;
	if (!image->entry)
		return "not a kernel: it has no PVH note";
	return elf_entry_loaded(f, image->entry) ? NULL : "its entry lies outside of it";
}

int elf_load(const struct memory *m, int fd, const char *name, struct elf_image *image)
{
	struct elf_file f = { .fd = fd };
	const char *why;

	*image = (struct elf_image){ .end = 0 };
	why = elf_parts(m, &f, image);
	if (!why)
		return 0;
	msg_error(name, MEND, "%s", why);
	return -ENOEXEC;
}
