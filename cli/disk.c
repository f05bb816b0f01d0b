/* SPDX-License-Identifier: MIT */
#define _GNU_SOURCE
#include "disk.h"
#include "msg.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define SECTOR 512

static int disk_refuse(const char *name, int err, const char *why, const char *mend)
{
	msg_error(name, mend, "%s", why);
	return err;
}

static int disk_cannot_open(const char *name, bool rdonly, int err)
{
	const char *mend = NULL;
	char read_only[PATH_MAX + 64];

	if (err == ENOENT) {
		mend = "make it first: truncate -s 1G FILE";
	} else if (!rdonly && (err == EACCES || err == EROFS || err == EPERM)) {
		snprintf(read_only, sizeof(read_only), "make it writable, or give --disk %.*s:ro", PATH_MAX,
			 name);
		mend = read_only;
	}
	msg_error(name, mend, "the disk image cannot be opened: %s", strerror(err));
	return -err;
}

/* What the open image is, and its size. */
static int disk_inspect(const char *name, int fd, struct disk_image *out)
{
	struct stat st;
	off_t size;

	if (fstat(fd, &st))
		return -errno;
	out->device = S_ISBLK(st.st_mode);
	if (S_ISDIR(st.st_mode))
		return disk_refuse(name, -EISDIR, "a directory is no disk image", "share it: -v DIR");
	if (!S_ISREG(st.st_mode) && !out->device)
		return disk_refuse(name, -EINVAL, "no disk image: neither a file nor a block device", NULL);
	size = lseek(fd, 0, SEEK_END);
	if (size < 0)
		return -errno;
	if (size == 0)
		return disk_refuse(name, -EINVAL, "the disk image is empty",
				   "give it a size: truncate -s 1G FILE");
	if (size % SECTOR)
		return disk_refuse(name, -EINVAL, "the disk image's size is no multiple of 512 bytes",
				   "make it one: truncate -s %512 FILE");
	return 0;
}

int disk_open_check(const struct config *c, size_t i, struct disk_image *out)
{
	const struct disk *d = &c->disks[i];
	char name[PATH_MAX];
	int fd, r;

	if (d->len >= sizeof(name))
		return disk_refuse("--disk", -ENAMETOOLONG, "the disk image's name is too long", NULL);
	memcpy(name, d->path, d->len);
	name[d->len] = 0;
	/* O_NONBLOCK: a FIFO is refused, not waited for. */
	fd = open(name, (d->rdonly ? O_RDONLY : O_RDWR) | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
	if (fd < 0 && errno == EISDIR)
		fd = open(name, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (fd < 0)
		return disk_cannot_open(name, d->rdonly, errno);
	r = disk_inspect(name, fd, out);
	close(fd);
	if (!r && !realpath(name, out->path))
		r = disk_cannot_open(name, d->rdonly, errno);
	return r;
}
