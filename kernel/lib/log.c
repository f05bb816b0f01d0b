/* SPDX-License-Identifier: MIT */
#include "lib/log.h"
#include "lib/format.h"
#include "lib/spinlock.h"
#include "lib/string.h"
#include "platform/platform.h"
#include "proc/cpu.h"

#define LINE_MAX	256u
#define BACKTRACE_MAX	24
#define STACK_SPAN	(16 * KiB) /* a kernel stack is at most this long */
#define KERNEL_SPAN	(16 * MiB) /* and the kernel's text */
#define PANIC_SHOWS_LOG 2048u

bool log_verbose;

static struct {
	struct spinlock lock;
	size_t total; /* bytes ever written; the ring holds the last LOG_RING_SIZE of them */
	char ring[LOG_RING_SIZE];
} klog;

/* Copies at most `size` of the last bytes, from the start of a line.  The caller locks, or knows better. */
static size_t ring_copy(char *buf, size_t size)
{
	size_t n = MIN(klog.total, (size_t)LOG_RING_SIZE), start;

	if (n > size)
		n = size;
	start = klog.total - n;
	if (n < klog.total) /* begins in the middle of a line, unless the byte before ended one */
		while (start < klog.total && klog.ring[start++ % LOG_RING_SIZE] != '\n')
			;
	n = klog.total - start;
	for (size_t i = 0; i < n; i++)
		buf[i] = klog.ring[(start + i) % LOG_RING_SIZE];
	return n;
}

static void ring_write(const char *s, size_t n)
{
	size_t at = klog.total % LOG_RING_SIZE, first = MIN(n, LOG_RING_SIZE - at);

	memcpy(klog.ring + at, s, first);
	memcpy(klog.ring, s + first, n - first);
	klog.total += n;
}

/* Ends the text with "\n", cut to what fits.  Its length. */
static size_t format_line(char line[LINE_MAX], const char *fmt, va_list ap)
{
	int len = format_vstring(line, LINE_MAX - 1, fmt, ap);
	size_t n = MIN((size_t)len, LINE_MAX - 2);

	line[n++] = '\n';
	return n;
}

void log_printf(const char *fmt, ...)
{
	char line[LINE_MAX];
	unsigned long ev;
	va_list ap;
	size_t n;

	va_start(ap, fmt);
	n = format_line(line, fmt, ap);
	va_end(ap);
	ev = spin_lock(&klog.lock);
	ring_write(line, n);
	if (log_verbose)
		platform_console_write(line, n);
	spin_unlock(&klog.lock, ev);
}

size_t log_read(char *buf, size_t size)
{
	unsigned long ev = spin_lock(&klog.lock);
	size_t n = ring_copy(buf, size);

	spin_unlock(&klog.lock, ev);
	return n;
}

static void console_printf(const char *fmt, ...) __printf(1, 2);

static void console_printf(const char *fmt, ...)
{
	char line[LINE_MAX];
	va_list ap;
	size_t n;

	va_start(ap, fmt);
	n = format_line(line, fmt, ap);
	va_end(ap);
	platform_console_write(line, n);
}

/*
 * Follows the saved frame pointers.  Whatever the stack holds, only addresses above the last frame and within a
 * stack's length are read, and only what points into the kernel is shown.
 */
static void show_backtrace(void)
{
	const uintptr_t *fp = __builtin_frame_address(0);
	uintptr_t bottom = (uintptr_t)fp, text = (uintptr_t)&panic;

	for (int i = 0; i < BACKTRACE_MAX; i++) {
		const uintptr_t *next = (const uintptr_t *)fp[0];
		uintptr_t pc = fp[1];

		if (pc - text + KERNEL_SPAN >= 2 * KERNEL_SPAN)
			break;
		console_printf("  %#lx", (unsigned long)pc);
		if (next <= fp || (uintptr_t)next - bottom >= STACK_SPAN || (uintptr_t)next % sizeof(*next))
			break;
		fp = next;
	}
}

void log_show_past(void)
{
	unsigned long ev = spin_lock(&klog.lock);
	size_t n = MIN(klog.total, (size_t)LOG_RING_SIZE), at = (klog.total - n) % LOG_RING_SIZE;
	size_t first = MIN(n, LOG_RING_SIZE - at);

	platform_console_write(klog.ring + at, first);
	platform_console_write(klog.ring, n - first);
	spin_unlock(&klog.lock, ev);
}

static void show_log(void)
{
	static char tail[PANIC_SHOWS_LOG];

	if (!log_verbose) /* else it has been shown */
		platform_console_write(tail, ring_copy(tail, sizeof(tail)));
}

/* One CPU tells; others that panic wait for the end, and a panic while telling ends at once. */
static void panic_enter(void)
{
	static unsigned entries, teller;
	unsigned n = __atomic_fetch_add(&entries, 1, __ATOMIC_SEQ_CST);

	if (n > 4 * CPU_MAX) /* this_cpu() itself may be what faults */
		platform_power_off(true);
	if (n == 0) {
		__atomic_store_n(&teller, this_cpu()->id, __ATOMIC_RELEASE);
		return;
	}
	if (__atomic_load_n(&teller, __ATOMIC_ACQUIRE) == this_cpu()->id)
		platform_power_off(true);
	for (;;)
		platform_spin_wait();
}

void panic(const char *fmt, ...)
{
	static char line[LINE_MAX]; /* the stack may be what is short */
	va_list ap;

	events_save();
	panic_enter();
	show_log();
	platform_console_write("panic: ", 7);
	va_start(ap, fmt);
	platform_console_write(line, format_line(line, fmt, ap));
	va_end(ap);
	show_backtrace();
	platform_power_off(true);
}
