/* SPDX-License-Identifier: MIT */
#include "mm/vdso.h"
#include "lib/errno.h"
#include "mm/frame.h"
#include "mm/space.h"

extern const u8 vdso_image[], vdso_image_end[];

static union {
	struct vdso_clock clock;
	u8 page[PAGE_SIZE]; /* nothing else may lie in what programs see */
} vvar __aligned(4096);

struct vdso_clock *const vdso_clock = &vvar.clock;

int vdso_map(struct space *s, vaddr_t *base)
{
	u64 image = vdso_image_end - vdso_image;
	s64 at = space_map(s, 0, PAGE_SIZE + image, AREA_READ | AREA_EXEC | AREA_KERNEL, false, false, NULL, 0, "[vdso]");
	int err;

	if (at < 0)
		return at;
	s->vdso = at;
	err = space_protect(s, at, PAGE_SIZE, AREA_READ);
	*base = at + PAGE_SIZE;
	return err;
}

paddr_t vdso_frame(u64 offset)
{
	return offset < PAGE_SIZE ? frame_addr(vvar.page) : frame_addr(vdso_image + offset - PAGE_SIZE);
}
