/* SPDX-License-Identifier: MIT */
/*
 * The boot record as the kernel reads it (kernel/boot.c).  The input: how long the command line is and what the rest
 * is (a record, which is packed into an archive here, or the whole initrd), the command line, the rest.
 */
#include "fuzz.h"
#include "kernel.h"
#include "lib/log.h"
#include "lib/string.h"
#include "mm/heap.h"
#include "platform/boot.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define HEADER 110
#define DATA_AT (HEADER + 14) /* behind the name, padded */

bool log_verbose;
static jmp_buf panicked;

/* ---- what the kernel has ---- */

/* All that is allocated in a run is freed by its end: the kernel keeps it. */
static struct block {
	struct block *next;
	size_t size;
	_Alignas(16) unsigned char bytes[];
} *blocks;

void *kmalloc(size_t size)
{
	struct block *b = malloc(sizeof(*b) + size);

	FUZZ_CHECK(b);
	b->next = blocks;
	b->size = size;
	blocks = b;
	memset(b->bytes, 0xa5, size);
	return b->bytes;
}

void *krealloc(void *p, size_t size)
{
	void *to = kmalloc(size);

	if (p) {
		size_t was = ((struct block *)((unsigned char *)p - offsetof(struct block, bytes)))->size;

		memcpy(to, p, was < size ? was : size);
	}
	return to;
}

char *kstrdup(const char *s)
{
	size_t len = strlen(s) + 1;

	return memcpy(kmalloc(len), s, len);
}

void log_printf(const char *fmt, ...)
{
	char line[256];
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(line, sizeof(line), fmt, ap);
	va_end(ap);
}

void panic(const char *fmt, ...)
{
	longjmp(panicked, 1);
}

size_t string_copy(char *dst, const char *src, size_t size)
{
	size_t len = strlen(src);

	if (size) {
		size_t n = len < size ? len : size - 1;

		memcpy(dst, src, n);
		dst[n] = 0;
	}
	return len;
}

/* ---- the target ---- */

static size_t total;

static void read_all(const char *s)
{
	total += s ? strlen(s) : 0;
}

static void check_strings(char **v, unsigned int n)
{
	for (unsigned int i = 0; i < n; i++)
		read_all(v[i]);
	FUZZ_CHECK(v[n] == NULL);
}

static void check(void)
{
	const struct boot_info *b = &boot_info;

	read_all(b->program);
	read_all(b->cwd);
	read_all(b->hostname);
	check_strings(b->argv, b->argc);
	check_strings(b->envp, b->envc);
	FUZZ_CHECK(b->mount_count <= BOOT_MOUNTS_MAX);
	for (unsigned int i = 0; i < b->mount_count; i++) {
		FUZZ_CHECK(memchr(b->mounts[i].tag, 0, sizeof(b->mounts[i].tag)));
		read_all(b->mounts[i].path);
	}
	for (size_t i = 0; i < b->host_dirs_len; i++)
		total += (unsigned char)b->host_dirs[i];
}

/* An archive with the record as its file: in a piece of its own length, so that a byte too many is seen. */
static uint8_t *pack(const uint8_t *record, size_t len, size_t *size)
{
	uint8_t *p;
	char header[HEADER + 1];

	*size = DATA_AT + len;
	p = calloc(1, *size);
	FUZZ_CHECK(p);
	snprintf(header, sizeof(header), "070701%08x%08x%08x%08x%08x%08x%08zx%08x%08x%08x%08x%08x%08x", 1, 0100400, 0, 0, 1, 0,
		 len, 0, 0, 0, 0, 13, 0);
	memcpy(p, header, HEADER);
	memcpy(p + HEADER, HERMIT_BOOT_PATH, 13);
	if (len)
		memcpy(p + DATA_AT, record, len);
	return p;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct fuzz_input in = { data, size };
	uint8_t line_len = fuzz_u8(&in), whole = fuzz_u8(&in);
	char line[256] = "";
	uint8_t *initrd;
	size_t len;

	fuzz_bytes(&in, line, line_len);
	initrd = pack(in.at, in.left, &len);
	boot_info = (struct boot_info){ .initrd = initrd, .initrd_len = len };
	if (whole & 1) {
		boot_info.initrd += DATA_AT;
		boot_info.initrd_len -= DATA_AT;
	}
	if (!setjmp(panicked)) {
		boot_read(line);
		check();
	}
	free(initrd);
	while (blocks) {
		struct block *b = blocks;

		blocks = b->next;
		free(b);
	}
	return 0;
}
