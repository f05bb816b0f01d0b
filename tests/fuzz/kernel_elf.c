/* SPDX-License-Identifier: MIT */
/* The kernel's reader of executables (kernel/proc/elf.h): what passes is as its header promises. */
#include "fuzz.h"
#include "proc/elf.h"

#include <string.h>

#define PAGE 4096u

static void check(const struct elf_info *e, size_t size)
{
	uint64_t end = 0;
	bool entry = false;

	FUZZ_CHECK(e->segment_count && e->segment_count <= ELF_SEGMENTS_MAX);
	FUZZ_CHECK(e->align >= PAGE && !(e->align & (e->align - 1)));
	FUZZ_CHECK(e->low % PAGE == 0 && e->high % PAGE == 0 && e->low < e->high);
	for (unsigned int i = 0; i < e->segment_count; i++) {
		const struct elf_segment *s = &e->segments[i];

		FUZZ_CHECK(s->vaddr >= end && s->vaddr + s->memsz >= s->vaddr);
		FUZZ_CHECK(s->vaddr >= e->low && s->vaddr + s->memsz <= e->high);
		FUZZ_CHECK(s->filesz <= s->memsz && s->offset <= size && s->filesz <= size - s->offset);
		FUZZ_CHECK(!s->filesz || (s->vaddr - s->offset) % PAGE == 0);
		end = s->vaddr + s->memsz;
		if (s->prot & ELF_EXEC && e->entry >= s->vaddr && e->entry < end)
			entry = true;
	}
	FUZZ_CHECK(entry);
	FUZZ_CHECK(e->brk == end);
	FUZZ_CHECK(!e->has_interp || memchr(e->interp, 0, sizeof(e->interp)));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct elf_info e;

	if (elf_check(data, size, &e) == 0)
		check(&e, size);
	else
		FUZZ_CHECK(e.why && *e.why);
	return 0;
}
