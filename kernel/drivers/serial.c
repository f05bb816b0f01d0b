/* SPDX-License-Identifier: MIT */
/*
 * COM1 (16550) as stdin, stdout and stderr, for a machine without virtio-serial: bytes as they are, no line
 * discipline, no end of file.  Output polls; input comes by IRQ 4 into a ring of what nobody has read yet.
 *
 * The UART's FIFOs stay as they are found, which is off: to switch them is to empty them, and what the host has typed
 * ahead would be lost; QEMU does not even go on reading then until something else wakes it.
 */
#include <arch/thread.h>
#include "drivers/console.h"
#include "lib/errno.h"
#include "lib/log.h"
#include "lib/spinlock.h"
#include "platform/vm/vm.h"
#include "proc/wait.h"

#define COM1	 0x3f8
#define COM1_IRQ 4
enum { UART_DATA, UART_IER, UART_MCR = 4, UART_LSR };
#define LSR_READY 0x01
#define LSR_EMPTY 0x20

#define RING_SIZE 1024 /* a power of two */

struct wait_queue serial_wait = WAIT_QUEUE_INIT(serial_wait);
static struct spinlock ring_lock = SPINLOCK_INIT, out_lock = SPINLOCK_INIT;
static u8 ring[RING_SIZE];
static u32 ring_head, ring_tail; /* next to fill, next to take; free-running, under ring_lock */

/* A full ring leaves the bytes in the UART: the host waits. */
static void ring_fill(void)
{
	unsigned long ev = spin_lock(&ring_lock);

	while (ring_head - ring_tail < RING_SIZE && port_in8(COM1 + UART_LSR) & LSR_READY)
		ring[ring_head++ % RING_SIZE] = port_in8(COM1 + UART_DATA);
	spin_unlock(&ring_lock, ev);
}

static void serial_irq(void *arg)
{
	ring_fill();
	wait_wake(&serial_wait, POLLIN | POLLRDNORM);
}

void serial_start(void)
{
	port_out8(COM1 + UART_MCR, 0x0b); /* DTR, RTS, OUT2: interrupts reach the line */
	if (irq_register_line(COM1_IRQ, false, serial_irq, NULL) == 0)
		port_out8(COM1 + UART_IER, 0x01);
	else
		log_warn("no interrupt for COM1: no stdin");
}

unsigned serial_poll(void)
{
	ring_fill();
	return READ_ONCE(ring_head) != READ_ONCE(ring_tail) ? POLLIN | POLLRDNORM : 0;
}

ssize_t serial_read(struct uio *u, bool nonblock)
{
	size_t before = u->left;
	int err;

	if (before == 0)
		return 0;
	for (;;) {
		u8 piece[128];
		size_t n = 0;
		unsigned long ev = spin_lock(&ring_lock);

		while (n < MIN(sizeof(piece), u->left) && ring_tail != ring_head)
			piece[n++] = ring[ring_tail++ % RING_SIZE];
		spin_unlock(&ring_lock, ev);
		if (n) {
			(void)uio_copy_to(u, piece, n);
			return UIO_RESULT(u, before);
		}
		if (serial_poll())
			continue;
		if (nonblock)
			return -EAGAIN;
		err = WAIT_EVENT(&serial_wait, serial_poll(), WAIT_FOREVER, WAIT_INTERRUPTIBLE);
		if (err)
			return err;
	}
}

static void serial_put(const u8 *s, size_t n)
{
	unsigned long ev = spin_lock(&out_lock);

	for (size_t i = 0; i < n; i++) {
		while (!(port_in8(COM1 + UART_LSR) & LSR_EMPTY))
			cpu_relax();
		port_out8(COM1 + UART_DATA, s[i]);
	}
	spin_unlock(&out_lock, ev);
}

ssize_t serial_write(struct uio *u)
{
	size_t before = u->left;

	while (u->left) {
		u8 piece[128];
		size_t n = uio_copy_from(u, piece, MIN(sizeof(piece), u->left));

		if (n == 0)
			break;
		serial_put(piece, n);
	}
	return UIO_RESULT(u, before);
}
