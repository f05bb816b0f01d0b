/* SPDX-License-Identifier: MIT */
/* The block device as a driver finds it, through its ring: what it does, what it refuses, and a driver gone
 * mad. */
#define _GNU_SOURCE
#include "ring.h"
#include "said.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/virtio_blk.h>
#include <linux/virtio_ring.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/stat.h>
#include <unistd.h>

#define RAM    (1u << 20)
#define HEAD   0x4000u
#define STATUS 0x5000u
#define RANGES 0x6000u
#define DATA   0x10000u
#define DISK   65536u
#define UNTOLD 0xaa /* a status byte that nobody has written */

static struct virtio_bus bus;
static char image[] = "/tmp/hermit-blk.XXXXXX";

int vm_ioeventfd(struct vm *v, uint64_t addr, int fd)
{
	return 0;
}
int vm_irqfd(struct vm *v, unsigned int pin, int fd)
{
	return 0;
}

/* --- a driver --- */

/* The device as it is once the driver is ready. */
static struct virtio_device *begin(bool rdonly)
{
	struct virtio_device *d;

	virtio_bus_init(&bus, &vm, NULL);
	assert_int_equal(blk_add(&bus, image, rdonly, 1), 0);
	d = bus.devices[0];
	ring_start(d);
	return d;
}

static void end(struct virtio_device *d)
{
	close(d->kick);
	close(d->irq);
	blk_remove(d);
}

static void head(uint32_t type, uint64_t sector)
{
	struct virtio_blk_outhdr h = {.type = type, .sector = sector};

	memcpy(ram(HEAD), &h, sizeof(h));
	*ram(STATUS) = UNTOLD;
}

/* A request with one piece of data.  Gives its status. */
static int request(struct virtio_device *d, uint32_t type, uint64_t sector, uint32_t addr, uint32_t len)
{
	bool in = type == VIRTIO_BLK_T_IN || type == VIRTIO_BLK_T_GET_ID;
	struct piece p[] = {{HEAD, 16, false}, {addr, len, in}, {STATUS, 1, true}};
	struct piece none[] = {{HEAD, 16, false}, {STATUS, 1, true}};
	long written;

	head(type, sector);
	written = len ? ring_serve(d, p, 3) : ring_serve(d, none, 2);
	assert_true(written >= 1);
	if (type != VIRTIO_BLK_T_IN && type != VIRTIO_BLK_T_GET_ID)
		assert_int_equal(written, 1);
	return *ram(STATUS);
}

static int range(struct virtio_device *d, uint32_t type, uint64_t sector, uint32_t sectors, uint32_t flags)
{
	struct virtio_blk_discard_write_zeroes r = {.sector = sector, .num_sectors = sectors, .flags = flags};

	memcpy(ram(RANGES), &r, sizeof(r));
	return request(d, type, 0, RANGES, sizeof(r));
}

static void put_image(off_t size)
{
	int fd = open(image, O_WRONLY | O_TRUNC);

	for (off_t i = 0; i < size; i += 512) {
		unsigned char sector[512];

		memset(sector, (int)(i / 512) + 1, sizeof(sector));
		assert_int_equal(write(fd, sector, sizeof(sector)), sizeof(sector));
	}
	close(fd);
}

static off_t image_size(void)
{
	struct stat st;

	return stat(image, &st) ? -1 : st.st_size;
}

/* --- the tests --- */

static void sectors_are_read_and_written(void **state)
{
	struct virtio_device *d = begin(false);
	const struct virtio_blk_config *c = d->config;
	int fd = open(image, O_RDONLY);
	unsigned char byte;

	assert_int_equal(c->capacity, DISK / 512);
	assert_int_equal(request(d, VIRTIO_BLK_T_IN, 5, DATA, 1024), VIRTIO_BLK_S_OK);
	assert_int_equal(*ram(DATA), 6);
	assert_int_equal(*ram(DATA + 1023), 7);
	memset(ram(DATA), 0x5a, 512);
	assert_int_equal(request(d, VIRTIO_BLK_T_OUT, DISK / 512 - 1, DATA, 512), VIRTIO_BLK_S_OK);
	assert_int_equal(pread(fd, &byte, 1, DISK - 1), 1);
	assert_int_equal(byte, 0x5a);
	assert_int_equal(request(d, VIRTIO_BLK_T_FLUSH, 0, 0, 0), VIRTIO_BLK_S_OK);
	assert_int_equal(request(d, VIRTIO_BLK_T_IN, 5, 0, 0), VIRTIO_BLK_S_OK); /* nothing is not too much */
	assert_int_equal(request(d, VIRTIO_BLK_T_GET_ID, 0, DATA, VIRTIO_BLK_ID_BYTES), VIRTIO_BLK_S_OK);
	assert_string_equal((char *)ram(DATA), "vdb");
	close(fd);
	end(d);
}

static void what_is_not_on_the_disk_is_an_error(void **state)
{
	static const struct {
		uint64_t sector;
		uint32_t len;
	} rows[] = {{DISK / 512, 512}, {DISK / 512 - 1, 1024}, {UINT64_MAX, 512}, {UINT64_MAX / 512, 512},
		    {1ull << 55, 512}, {0, DISK + 512},	       {0, 100},	  {3, 511}};
	struct virtio_device *d = begin(false);

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		assert_int_equal(request(d, VIRTIO_BLK_T_IN, rows[i].sector, DATA, rows[i].len),
				 VIRTIO_BLK_S_IOERR);
		assert_int_equal(request(d, VIRTIO_BLK_T_OUT, rows[i].sector, DATA, rows[i].len),
				 VIRTIO_BLK_S_IOERR);
		assert_int_equal(range(d, VIRTIO_BLK_T_DISCARD, rows[i].sector,
				       rows[i].len < 512 ? 4000000000u : rows[i].len / 512, 0),
				 VIRTIO_BLK_S_IOERR);
	}
	assert_int_equal(image_size(), DISK);
	assert_int_equal(request(d, 99, 0, DATA, 512), VIRTIO_BLK_S_UNSUPP);
	/* The image is cut under the machine. */
	assert_int_equal(truncate(image, 1024), 0);
	assert_int_equal(request(d, VIRTIO_BLK_T_IN, 8, DATA, 512), VIRTIO_BLK_S_IOERR);
	end(d);
}

static void a_disk_to_read_only_is_never_written(void **state)
{
	struct virtio_device *d = begin(true);

	assert_true(d->features & 1u << VIRTIO_BLK_F_RO);
	assert_int_equal(request(d, VIRTIO_BLK_T_OUT, 0, DATA, 512), VIRTIO_BLK_S_IOERR);
	assert_int_equal(range(d, VIRTIO_BLK_T_DISCARD, 0, 8, 0), VIRTIO_BLK_S_IOERR);
	assert_int_equal(range(d, VIRTIO_BLK_T_WRITE_ZEROES, 0, 8, 0), VIRTIO_BLK_S_IOERR);
	assert_int_equal(request(d, VIRTIO_BLK_T_IN, 0, DATA, 512), VIRTIO_BLK_S_OK);
	assert_int_equal(*ram(DATA), 1);
	end(d);
}

static void ranges_become_zeros(void **state)
{
	struct virtio_device *d = begin(false);

	for (unsigned int unmap = 0; unmap < 2; unmap++) {
		assert_int_equal(range(d, VIRTIO_BLK_T_WRITE_ZEROES, 8 + 8 * unmap, 7, unmap),
				 VIRTIO_BLK_S_OK);
		assert_int_equal(request(d, VIRTIO_BLK_T_IN, 7 + 8 * unmap, DATA, 9 * 512), VIRTIO_BLK_S_OK);
		assert_int_equal(*ram(DATA + 511), 8 + 8 * unmap);
		assert_int_equal(*ram(DATA + 512), 0);
		assert_int_equal(*ram(DATA + 8 * 512 - 1), 0);
		assert_int_equal(*ram(DATA + 8 * 512), 16 + 8 * unmap);
	}
	assert_int_equal(range(d, VIRTIO_BLK_T_DISCARD, 0, 8, 0), VIRTIO_BLK_S_OK);
	assert_int_equal(range(d, VIRTIO_BLK_T_DISCARD, 0, 8, 1), VIRTIO_BLK_S_UNSUPP);
	assert_int_equal(range(d, VIRTIO_BLK_T_WRITE_ZEROES, 0, 8, 2), VIRTIO_BLK_S_UNSUPP);
	assert_int_equal(request(d, VIRTIO_BLK_T_DISCARD, 0, RANGES, 15), VIRTIO_BLK_S_IOERR);
	assert_int_equal(request(d, VIRTIO_BLK_T_DISCARD, 0, RANGES, 17 * 16), VIRTIO_BLK_S_IOERR);
	assert_int_equal(image_size(), DISK);
	end(d);
}

/* 2.7.4.1: a driver may cut a request into pieces anywhere. */
static void pieces_may_be_cut_anywhere(void **state)
{
	const struct piece p[] = {{HEAD, 3, false},	 {HEAD + 3, 13, false},	  {DATA, 1, true},
				  {DATA + 1, 700, true}, {DATA + 701, 323, true}, {STATUS, 1, true}};
	const struct piece together[] = {{HEAD, 16, false}, {DATA, 513, true}};
	struct virtio_device *d = begin(false);

	head(VIRTIO_BLK_T_IN, 2);
	assert_int_equal(ring_serve(d, p, 6), 1025);
	assert_int_equal(*ram(STATUS), VIRTIO_BLK_S_OK);
	assert_int_equal(*ram(DATA + 511), 3);
	assert_int_equal(*ram(DATA + 512), 4);
	head(VIRTIO_BLK_T_IN, 0);
	*ram(DATA + 512) = UNTOLD;
	assert_int_equal(ring_serve(d, together, 2), 513);
	assert_int_equal(*ram(DATA + 512), VIRTIO_BLK_S_OK);
	end(d);
}

static void a_request_that_cannot_be_answered_breaks_the_device(void **state)
{
	const struct piece rows[][2] = {{{HEAD, 15, false}, {STATUS, 1, true}},
					{{HEAD, 16, false}, {DATA, 512, false}},
					{{STATUS, 1, true}, {DATA, 512, true}}};

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct virtio_device *d = begin(false);

		head(VIRTIO_BLK_T_FLUSH, 0);
		ring_serve(d, rows[i], 2);
		assert_true(d->queue[0].broken);
		assert_int_equal(*ram(STATUS), UNTOLD);
		end(d);
	}
}

static void a_driver_gone_mad(void **state)
{
	struct virtio_device *d = begin(false);

	srand(1);
	for (unsigned int round = 0; round < 20000; round++) {
		struct piece p[12];
		unsigned int n = 1 + (unsigned int)rand() % 12, nout = (unsigned int)rand() % (n + 1);
		uint64_t sector =
			rand() % 3 ? (uint64_t)rand() % 200 : (uint64_t)rand() << 33 | (uint64_t)rand();

		head((uint32_t)rand() % 15, sector);
		for (unsigned int i = 0; i < n; i++)
			p[i] = (struct piece){DATA + (uint32_t)rand() % 0x20000, 1 + (uint32_t)rand() % 3000,
					      i >= nout};
		if (rand() % 8)
			p[0] = (struct piece){HEAD, 16, nout == 0};
		if (rand() % 2 && n > 1)
			p[1].len = 512u * (1 + (uint32_t)rand() % 6) + (nout < n && n == 2);
		for (unsigned int i = 0; i < 64; i++)
			*ram(DATA + (uint32_t)rand() % 0x100) = (unsigned char)rand();
		ring_serve(d, p, n);
		if (d->queue[0].broken) {
			end(d);
			d = begin(false);
		}
	}
	assert_int_equal(image_size(), DISK);
	end(d);
}

static void images_that_cannot_work_are_named(void **state)
{
	char name[] = "/tmp/hermit-blk.d.XXXXXX", path[64];
	struct virtio_device *d;

	virtio_bus_init(&bus, &vm, NULL);
	assert_int_equal(blk_add(&bus, "/nothing/here", false, 0), -ENOENT);
	assert_non_null(mkdtemp(name));
	assert_int_equal(blk_add(&bus, name, false, 0), -EISDIR);
	assert_int_equal(blk_add(&bus, name, true, 0), -EISDIR);
	snprintf(path, sizeof(path), "%s/fifo", name);
	assert_int_equal(mkfifo(path, 0600), 0);
	assert_int_equal(blk_add(&bus, path, true, 0), -ENOTBLK);
	unlink(path);
	rmdir(name);
	assert_int_equal(truncate(image, 0), 0);
	assert_int_equal(blk_add(&bus, image, false, 0), -ENODATA);
	assert_int_equal(truncate(image, 1000), 0);
	assert_int_equal(blk_add(&bus, image, false, 0), -EMEDIUMTYPE);
	assert_int_equal(bus.count, 0);
	/* One that writes is alone; those that read are many. */
	put_image(DISK);
	d = begin(false);
	assert_int_equal(blk_add(&bus, image, false, 0), -EBUSY);
	assert_int_equal(blk_add(&bus, image, true, 0), -EBUSY);
	end(d);
	d = begin(true);
	assert_int_equal(blk_add(&bus, image, true, 0), 0);
	assert_int_equal(blk_add(&bus, image, false, 0), -EBUSY);
	end(bus.devices[1]);
	end(d);
}

static int fresh_image(void **state)
{
	put_image(DISK);
	return 0;
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(sectors_are_read_and_written, fresh_image),
		cmocka_unit_test_setup(what_is_not_on_the_disk_is_an_error, fresh_image),
		cmocka_unit_test_setup(a_disk_to_read_only_is_never_written, fresh_image),
		cmocka_unit_test_setup(ranges_become_zeros, fresh_image),
		cmocka_unit_test_setup(pieces_may_be_cut_anywhere, fresh_image),
		cmocka_unit_test_setup(a_request_that_cannot_be_answered_breaks_the_device, fresh_image),
		cmocka_unit_test_setup(a_driver_gone_mad, fresh_image),
		cmocka_unit_test_setup(images_that_cannot_work_are_named, fresh_image),
	};
	int fd = mkstemp(image), failed;

	vm.memory = (struct memory){.pieces = 1, .piece = {{.base = 0, .size = RAM, .host = calloc(1, RAM)}}};
	if (fd < 0 || !vm.memory.piece[0].host)
		return 1;
	close(fd);
	failed = cmocka_run_group_tests(tests, NULL, NULL);
	unlink(image);
	return failed;
}
