/* SPDX-License-Identifier: MIT */
/* What the drivers know of each other's consoles; everybody else uses fs/console.h. */
#ifndef DRIVERS_CONSOLE_H
#define DRIVERS_CONSOLE_H

#include "fs/console.h"
#include "lib/types.h"

/* Starts the virtio-serial ports, or COM1 where the machine has none. */
void console_start(void);

/* COM1, when it is the console (serial.c). */
void serial_start(void);
ssize_t serial_read(struct uio *u, bool nonblock);
ssize_t serial_write(struct uio *u);
unsigned serial_poll(void);
extern struct wait_queue serial_wait;

#endif
