/* SPDX-License-Identifier: MIT */
/* The few ports there are: COM1, as far as a log needs it, and the exit port. */
#include "kvm/cpu.h"

#include <hermit/ctl.h>

#include <errno.h>
#include <poll.h>
#include <string.h>
#include <unistd.h>

#define COM1	   0x3f8
#define LOG_LINE   512
#define LOG_WAIT   1000 /* ms for a reader that does not read */

enum { UART_DATA, UART_IER, UART_IIR, UART_LCR, UART_MCR, UART_LSR, UART_MSR, UART_SCR };

static struct {
	pthread_mutex_t lock;
	char text[LOG_LINE];
	size_t len;
	unsigned char lcr; /* bit 7: the first two registers are the divisor's */
} log_state = { .lock = PTHREAD_MUTEX_INITIALIZER };

/* With the lock held.  A reader that stands still loses lines; the guest goes on. */
static void log_out(int fd)
{
	size_t at = 0;

	while (fd >= 0 && at < log_state.len) {
		ssize_t n = write(fd, log_state.text + at, log_state.len - at);
		struct pollfd p = { .fd = fd, .events = POLLOUT };

		if (n > 0)
			at += (size_t)n;
		else if (n < 0 && errno == EAGAIN && poll(&p, 1, LOG_WAIT) == 1)
			continue;
		else if (n == 0 || errno != EINTR)
			break;
	}
	log_state.len = 0;
}

static void log_byte(struct vm *vm, char c)
{
	log_state.text[log_state.len++] = c;
	if (c == '\n' || log_state.len == LOG_LINE)
		log_out(vm->log);
}

void log_write(struct vm *vm, const char *s, size_t n)
{
	pthread_mutex_lock(&log_state.lock);
	while (n--)
		log_byte(vm, *s++);
	pthread_mutex_unlock(&log_state.lock);
}

void log_flush(struct vm *vm)
{
	pthread_mutex_lock(&log_state.lock);
	log_out(vm->log);
	pthread_mutex_unlock(&log_state.lock);
}

static void uart_write(struct vm *vm, unsigned int reg, unsigned char v)
{
	pthread_mutex_lock(&log_state.lock);
	if (reg == UART_DATA && !(log_state.lcr & 0x80))
		log_byte(vm, (char)v);
	else if (reg == UART_LCR)
		log_state.lcr = v;
	pthread_mutex_unlock(&log_state.lock);
}

/* An empty 8250 whose transmitter always has room. */
static unsigned char uart_read(unsigned int reg)
{
	switch (reg) {
	case UART_IIR:
		return 0x01; /* no interrupt */
	case UART_LSR:
		return 0x60; /* transmitter empty */
	case UART_MSR:
		return 0xb0; /* carrier, ready, clear to send */
	default:
		return 0;
	}
}

void ports_access(struct vm *vm, uint16_t port, bool out, unsigned int size, unsigned int count,
		  unsigned char *data)
{
	bool uart = port >= COM1 && port < COM1 + 8 && size == 1;

	for (; count--; data += size) {
		if (out && uart)
			uart_write(vm, port - COM1, *data);
		else if (out && port == HERMIT_DEBUG_EXIT_PORT)
			vm_end(vm, *data ? VM_GUEST_FAILED : VM_POWERED_OFF);
		else if (!out && uart)
			*data = uart_read(port - COM1);
		else if (!out)
			memset(data, 0xff, size); /* nobody drives the bus */
	}
}
