/* SPDX-License-Identifier: MIT */
#define _GNU_SOURCE
#include "pack.h"
#include "msg.h"

#include <hermit/boot.h>

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/sendfile.h>
#include <sys/stat.h>
#include <unistd.h>

#define CPIO_HEADER 110 /* bytes, all in ASCII: cpio(5), "New ASCII Format" */
#define CPIO_MAX    UINT32_MAX /* sizes are eight hex digits */
#define PAGE	    4096u

struct entry {
	const char *name;
	size_t name_len;
	uint32_t mode, uid, gid, mtime;
	uint64_t size;
	uint32_t align; /* of the data in the archive; a power of two, at least 4 */
};

/*
 * Writes header and name.  The name field counts its NULs, and readers stop at
 * the first, so that more of them move the data to where it is wanted.
 */
static void cpio_head(struct buf *b, const struct entry *e)
{
	static uint32_t ino;
	size_t name = e->name_len + 1;
	size_t data = b->len + CPIO_HEADER + name;
	char head[CPIO_HEADER + 1];

	name += -data & (e->align - 1);
	snprintf(head, sizeof(head), "070701%08x%08x%08x%08x%08x%08x%08x%08x%08x%08x%08x%08x%08x", ++ino,
		 e->mode, e->uid, e->gid, 1u, e->mtime, (uint32_t)e->size, 0u, 0u, 0u,
		 0u, (uint32_t)name, 0u);
	buf_add(b, head, CPIO_HEADER);
	buf_add(b, e->name, e->name_len);
	buf_zero(b, name - e->name_len);
}

static void cpio_end(struct buf *b)
{
	cpio_head(b, &(struct entry){ .name = "TRAILER!!!", .name_len = 10, .align = 4 });
}

static int pack_write(int fd, const char *data, size_t len)
{
	while (len) {
		ssize_t n = write(fd, data, len);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return -errno;
		data += n;
		len -= (size_t)n;
	}
	return 0;
}

/* Copies the program: the kernel moves the pages, nothing passes through here. */
static int pack_copy(int fd, int from, uint64_t size)
{
	off_t at = 0;

	while ((uint64_t)at < size) {
		ssize_t n = sendfile(fd, from, &at, size - (uint64_t)at);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return -errno;
		if (n == 0)
			return -EIO; /* it shrank since it was checked */
	}
	return 0;
}

static int pack_fill(struct pack *k, const struct program *p, const struct buf *record)
{
	uint64_t size = p->in_root ? 0 : (uint64_t)p->st.st_size;
	struct buf head = { 0 }, tail = { 0 };
	int r;

	/* No directories: the kernel makes those that a path implies, and reading an entry takes time at each start. */
	cpio_head(&head, &(struct entry){ .name = HERMIT_BOOT_PATH,
					  .name_len = strlen(HERMIT_BOOT_PATH),
					  .mode = S_IFREG | 0600,
					  .size = record->len,
					  .align = 8 });
	buf_add(&head, record->data, record->len);
	buf_zero(&head, -head.len & 3);
	if (!p->in_root)
		cpio_head(&head, &(struct entry){ .name = p->path + 1,
						  .name_len = strlen(p->path + 1),
						  .mode = p->st.st_mode,
						  .uid = p->st.st_uid,
						  .gid = p->st.st_gid,
						  .mtime = (uint32_t)p->st.st_mtime,
						  .size = size,
						  .align = PAGE });
	/* The data begins on a page, so up to 3 bytes after it restore the alignment by 4. */
	cpio_end(&tail);
	r = head.failed || tail.failed ? -ENOMEM : 0;
	if (!r)
		r = pack_write(k->fd, head.data, head.len);
	if (!r && size)
		r = pack_copy(k->fd, p->fd, size);
	if (!r)
		r = pack_write(k->fd, "\0\0\0", -size & 3);
	if (!r)
		r = pack_write(k->fd, tail.data, tail.len);
	k->size = head.len + size + (-size & 3) + tail.len;
	explicit_bzero(head.data, head.len);
	buf_free(&head);
	buf_free(&tail);
	return r;
}

int pack_make(struct pack *k, const struct program *p, const struct buf *record)
{
	int r;

	*k = (struct pack){ .fd = -1 };
	if ((p->in_root ? 0 : (uint64_t)p->st.st_size) + record->len > CPIO_MAX - (1u << 20)) {
		msg_error(p->name, "strip it, or share its data with -v", "is larger than 4 GiB");
		return -EFBIG;
	}
	k->fd = memfd_create("hermit-initrd", MFD_CLOEXEC | MFD_ALLOW_SEALING);
	r = k->fd < 0 ? -errno : pack_fill(k, p, record);
	/* uhyve gives sealed pages to the guest without a copy; who does not know seals does without. */
	if (!r && fcntl(k->fd, F_ADD_SEALS, F_SEAL_WRITE | F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_SEAL))
		msg_warn(p->name, NULL, "its copy is not sealed: %s", strerror(errno));
	if (r) {
		msg_error(p->name, r == -ENOMEM || r == -ENOSPC ? "free some memory" : "build or copy it again",
			  "cannot be packed: %s", strerror(-r));
		if (k->fd >= 0)
			close(k->fd);
		k->fd = -1;
	}
	return r;
}
