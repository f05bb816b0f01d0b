/* SPDX-License-Identifier: MIT */
/*
 * The devices of the platform `vm`: what the kernel calls of them.  Streams of
 * the console are in fs/console.h, mounting is in fs/vfs.h.
 */
#ifndef DRIVERS_DRIVERS_H
#define DRIVERS_DRIVERS_H

#include "lib/types.h"

/*
 * Finds the machine's virtio devices and starts the console; the others start when they are first used.
 * Once, on CPU 0, with the heap and irq_register_*() working; events may be masked.  init_process must
 * exist: from here on the host's signals are sent to it.
 */
void drivers_init(void);

/* Random bytes from virtio-rng: how many it gave, 0 if there is no such device.  Sleeps; threads only. */
size_t virtio_rng_read(void *buf, size_t n);

#endif
