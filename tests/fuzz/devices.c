/* SPDX-License-Identifier: MIT */
/* The host's side of the devices: sockets, a disk image, a directory. */
#define _GNU_SOURCE
#include "machine.h"
#include "tree.h"

#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#define DISK 8192u

/* ---- console ---- */

static int ours[CONSOLE_PORTS] = { -1, -1, -1 }, theirs[CONSOLE_PORTS] = { -1, -1, -1 };

static void console_gone(void *arg) { }

void devices_add_console(void)
{
	for (unsigned int i = 0; i < CONSOLE_PORTS; i++) {
		int pair[2], small = 4096;

		if (ours[i] >= 0)
			close(ours[i]);
		if (theirs[i] >= 0)
			close(theirs[i]);
		FUZZ_CHECK(!socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0, pair));
		ours[i] = pair[0];
		theirs[i] = pair[1];
		/* So that it gets full. */
		setsockopt(theirs[i], SOL_SOCKET, SO_SNDBUF, &small, sizeof(small));
	}
	FUZZ_CHECK(!console_add(&machine.bus, theirs, console_gone, NULL));
}

static void host_console(struct fuzz_input *in)
{
	uint8_t what = fuzz_u8(in), buf[4096];
	int *fd = &ours[what % CONSOLE_PORTS];
	size_t n = fuzz_u8(in);
	const uint8_t *p;
	ssize_t r = 0;

	if (*fd < 0)
		return;
	switch (what >> 6) {
	case 0:
	case 1:
		p = fuzz_take(in, &n);
		r = n ? write(*fd, p, n) : 0;
		break;
	case 2:
		r = read(*fd, buf, sizeof(buf));
		break;
	case 3:
		if (what & 0x20) {
			close(*fd);
			*fd = -1;
		} else {
			shutdown(*fd, what & 0x10 ? SHUT_WR : SHUT_RD);
		}
		break;
	}
	FUZZ_CHECK(r <= (ssize_t)sizeof(buf));
}

/* ---- blk ---- */

enum { DISK_RW, DISK_RO, DISKS };

static int images[DISKS] = { -1, -1 };

void devices_add_blk(void)
{
	static struct virtio_device *disks[DISKS];

	for (unsigned int i = 0; i < DISKS; i++) {
		static unsigned char bytes[DISK];
		char name[40];

		if (disks[i])
			blk_remove(disks[i]);
		else
			images[i] = memfd_create("disk", MFD_CLOEXEC);
		memset(bytes, 0x55, sizeof(bytes));
		FUZZ_CHECK(images[i] >= 0 && pwrite(images[i], bytes, DISK, 0) == DISK);
		snprintf(name, sizeof(name), "/proc/self/fd/%d", images[i]);
		FUZZ_CHECK(!blk_add(&machine.bus, name, i == DISK_RO, i));
		disks[i] = machine.bus.devices[machine.bus.count - 1];
	}
}

/* No request makes an image longer, or changes one that is to be read only. */
void devices_check_blk(void)
{
	static unsigned char bytes[DISK];
	struct stat st;

	FUZZ_CHECK(!fstat(images[DISK_RW], &st) && st.st_size <= DISK);
	FUZZ_CHECK(pread(images[DISK_RO], bytes, DISK, 0) == DISK);
	for (size_t i = 0; i < DISK; i++)
		FUZZ_CHECK(bytes[i] == 0x55);
}

static void host_blk(struct fuzz_input *in)
{
	FUZZ_CHECK(!ftruncate(images[DISK_RW], fuzz_u8(in) * 512 % (DISK + 1)));
}

/* ---- 9p ---- */

void devices_add_9p(void)
{
	static struct virtio_device *d;

	tree_renew();
	if (!d) {
		FUZZ_CHECK(!fs9p_add(&machine.bus, "share", tree_share(), false, 64));
		d = machine.bus.devices[machine.bus.count - 1];
	} else {
		FUZZ_CHECK(!virtio_add(&machine.bus, d)); /* it was reset when its last run ended */
	}
}

void devices_host(struct fuzz_input *in, unsigned int device)
{
	if (!strcmp(machine.bus.devices[device]->class->name, "console"))
		host_console(in);
	else if (!strcmp(machine.bus.devices[device]->class->name, "blk"))
		host_blk(in);
}
