/* SPDX-License-Identifier: MIT */
/* The kernel's reader of archives (kernel/fs/cpio.h): what it gives lies in the archive, and it comes to an end. */
#include "fuzz.h"
#include "fs/cpio.h"

#include <string.h>

static bool climbs(const char *name)
{
	for (const char *p = name; (p = strstr(p, "..")); p++)
		if ((p == name || p[-1] == '/') && (!p[2] || p[2] == '/'))
			return true;
	return false;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct cpio_entry e;
	struct cpio c;
	size_t entries = 0, end = 0;
	int r;

	(void)cpio_probe(data, size);
	cpio_open(&c, data, size);
	while ((r = cpio_next(&c, &e)) == 1) {
		const uint8_t *name = (const uint8_t *)e.name;

		FUZZ_CHECK(name >= data + end && name < data + size && e.name_len < (size_t)(data + size - name));
		FUZZ_CHECK(strlen(e.name) == e.name_len && e.name[0] != '/' && !climbs(e.name));
		FUZZ_CHECK(e.size == 0 || (e.data > name && e.data <= data + size));
		FUZZ_CHECK(e.size == 0 || e.size <= (size_t)(data + size - e.data));
		FUZZ_CHECK(++entries <= size / 110);
		end = (size_t)(name - data);
	}
	FUZZ_CHECK(cpio_next(&c, &e) == r);
	return 0;
}
