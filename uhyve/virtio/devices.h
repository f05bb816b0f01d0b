/* SPDX-License-Identifier: MIT */
/* The devices, one row each: main.c adds them.  0 or a negative error, silent, where nothing else is said. */
#ifndef UHYVE_DEVICES_H
#define UHYVE_DEVICES_H

#include "virtio/virtio.h"

int rng_add(struct virtio_bus *bus);

/* Ports of the console: sockets that belong to it from now on; -1: no such port. */
enum { CONSOLE_IO, CONSOLE_ERR, CONSOLE_CTL, CONSOLE_PORTS };
/* `gone` is called on the I/O thread once the other end of hermit.ctl is closed. */
int console_add(struct virtio_bus *bus, const int fds[CONSOLE_PORTS], void (*gone)(void *arg), void *arg);

/* Shares a directory under a tag (1 to 63 bytes); it may hold max_fds descriptors. */
int fs9p_add(struct virtio_bus *bus, const char *tag, const char *dir, bool rdonly, unsigned int max_fds);

/* The disk image `file` as /dev/vda plus `index`.  blk_why(): the error in words. */
int blk_add(struct virtio_bus *bus, const char *file, bool rdonly, unsigned int index);
const char *blk_why(int error);
void blk_remove(struct virtio_device *d); /* for tests: one that has no thread */

#endif
