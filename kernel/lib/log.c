/* SPDX-License-Identifier: MIT */
#include "lib/log.h"
#include "lib/format.h"
#include "lib/spinlock.h"
#include "lib/string.h"
#include "platform/platform.h"
#include "proc/cpu.h"

#define LINE_MAX	256u
#define BACKTRACE_MAX	24
#define PANIC_SHOWS_LOG 2048u

extern const char text_start[], text_end[]; /* the kernel's code: the linker's script */

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
 * Whatever on the stack looks like a return address: there are no frame pointers to follow (they cost every call
 * at boot), so one that is left over from an earlier call may be among them.
 */
static __no_kasan void show_backtrace(void)
{
	const uintptr_t *p = __builtin_frame_address(0);
	const struct cpu *c = this_cpu();
	uintptr_t end = (uintptr_t)p > c->kstack_low && (uintptr_t)p <= c->kstack_top
				? c->kstack_top
				: ALIGN_UP((uintptr_t)p, PAGE_SIZE); /* another stack: not beyond what is mapped */
	int shown = 0;

	for (; (uintptr_t)p < end && shown < BACKTRACE_MAX; p++) {
		if (*p < (uintptr_t)text_start || *p >= (uintptr_t)text_end)
			continue;
		console_printf("  %#lx", (unsigned long)*p);
		shown++;
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
