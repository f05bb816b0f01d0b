/* SPDX-License-Identifier: MIT */
#include "proc/symbols.h"
#include "fs/file.h"
#include "lib/errno.h"
#include "lib/string.h"
#include "mm/heap.h"

#define SHT_SYMTAB    2
#define SHT_NOBITS    8
#define SHT_DYNSYM    11
#define FRAMES_MAX    (16 * MiB)
#define STT_NOTYPE    0
#define STT_FUNC      2
#define STT_GNU_IFUNC 10
#define SECTIONS_MAX  256
#define SYMS_AT_ONCE  160
#define UNSIZED_REACH 4096

struct elf_shdr {
	u32 name, type;
	u64 flags, addr, offset, size;
	u32 link, info;
	u64 align, entsize;
};

struct elf_sym {
	u32 name;
	u8 info, other;
	u16 shndx;
	u64 value, size;
};

struct table {
	u64 offset, size;	  /* of the symbols */
	u64 str_offset, str_size; /* of their names */
};

static int read_all(struct file *f, void *buf, size_t n, u64 off)
{
	ssize_t got = file_kernel_read(f, buf, n, off);

	return got < 0 ? (int)got : (size_t)got == n ? 0 : -ENOEXEC;
}

struct sections {
	u64 offset;
	u16 count, names; /* names: index of the one that has their names */
};

static int find_sections(struct file *f, struct sections *s)
{
	u8 head[64];
	u16 entsize;
	int err = read_all(f, head, sizeof(head), 0);

	if (err)
		return err;
	memcpy(&s->offset, head + 40, sizeof(s->offset));
	memcpy(&entsize, head + 58, sizeof(entsize));
	memcpy(&s->count, head + 60, sizeof(s->count));
	memcpy(&s->names, head + 62, sizeof(s->names));
	return s->offset && entsize == sizeof(struct elf_shdr) && s->count <= SECTIONS_MAX ? 0 : -ENOENT;
}

static int read_section(struct file *f, const struct sections *s, unsigned i, struct elf_shdr *sh)
{
	return i < s->count ? read_all(f, sh, sizeof(*sh), s->offset + i * sizeof(*sh)) : -ENOENT;
}

static int find_table(struct file *f, struct table *t)
{
	struct elf_shdr sh, str;
	struct sections s;
	bool found = false;
	int err = find_sections(f, &s);

	for (unsigned i = 0; !err && i < s.count; i++) {
		struct elf_shdr x;

		err = read_section(f, &s, i, &x);
		if (!err && (x.type == SHT_SYMTAB || (x.type == SHT_DYNSYM && !found))) {
			sh = x;
			found = true;
			if (x.type == SHT_SYMTAB)
				break;
		}
	}
	if (err || !found)
		return err ? err : -ENOENT;
	err = read_section(f, &s, sh.link, &str);
	if (!err)
		*t = (struct table){sh.offset, sh.size, str.offset, str.size};
	return err;
}

int symbols_read_frames(struct file *f, struct unwind_table *t)
{
	static const char name[] = ".eh_frame";
	struct elf_shdr names, sh;
	struct sections s;
	char got[sizeof(name)];
	u8 *data;
	int err = find_sections(f, &s);

	if (!err)
		err = read_section(f, &s, s.names, &names);
	for (unsigned i = 0; !err && i < s.count; i++) {
		err = read_section(f, &s, i, &sh);
		if (err || sh.type == SHT_NOBITS || sh.name >= names.size ||
		    read_all(f, got, sizeof(got), names.offset + sh.name) || memcmp(got, name, sizeof(name)))
			continue;
		if (sh.size > FRAMES_MAX)
			return -E2BIG;
		data = kmalloc(sh.size);
		if (!data)
			return -ENOMEM;
		err = read_all(f, data, sh.size, sh.offset);
		if (err)
			kfree(data);
		else
			*t = (struct unwind_table){data, sh.size, sh.addr, 0};
		return err;
	}
	return err ? err : -ENOENT;
}

static void read_name(struct file *f, const struct table *t, u32 at, char *name, size_t size)
{
	ssize_t n;

	name[0] = '\0';
	if (at >= t->str_size)
		return;
	n = file_kernel_read(f, name, MIN(size - 1, t->str_size - at), t->str_offset + at);
	name[n > 0 ? n : 0] = '\0';
}

/* The nearest function at or before each address; `best` has the index of its name. */
static void consider(const struct elf_sym *sym, struct symbol *s, unsigned count, u32 *best)
{
	u8 type = sym->info & 15;

	if (!sym->shndx || (type != STT_FUNC && type != STT_GNU_IFUNC && type != STT_NOTYPE))
		return;
	for (unsigned i = 0; i < count; i++) {
		if (sym->value > s[i].addr || (best[i] && sym->value < s[i].start))
			continue;
		if (sym->size && s[i].addr >= sym->value + sym->size)
			continue;
		/* Assembly's symbols often have no size: believed only if they are near, and nothing better
		 * is. */
		if (!sym->size && (best[i] || s[i].addr - sym->value > UNSIZED_REACH))
			continue;
		/* Of several names for one place a function's wins over a label. */
		if (best[i] && sym->value == s[i].start && type == STT_NOTYPE)
			continue;
		s[i].start = sym->value;
		best[i] = sym->name;
	}
}

int symbols_find(struct file *f, struct symbol *s, unsigned count)
{
	struct elf_sym *syms = NULL;
	u32 *best = NULL;
	struct table t;
	int err;

	for (unsigned i = 0; i < count; i++)
		s[i].start = 0, s[i].name[0] = '\0';
	err = find_table(f, &t);
	if (err)
		return err;
	syms = kmalloc(SYMS_AT_ONCE * sizeof(*syms));
	best = kzalloc(count * sizeof(*best));
	if (!syms || !best)
		err = -ENOMEM;
	for (u64 done = 0; !err && done < t.size / sizeof(*syms);) {
		size_t n = MIN((u64)SYMS_AT_ONCE, t.size / sizeof(*syms) - done);

		err = read_all(f, syms, n * sizeof(*syms), t.offset + done * sizeof(*syms));
		for (size_t i = 0; !err && i < n; i++)
			consider(&syms[i], s, count, best);
		done += n;
	}
	for (unsigned i = 0; !err && i < count; i++)
		if (best[i])
			read_name(f, &t, best[i], s[i].name, sizeof(s[i].name));
	kfree(syms);
	kfree(best);
	return err;
}
