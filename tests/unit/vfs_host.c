/* SPDX-License-Identifier: MIT */
#include "vfs_host.h"
#include "fs/console.h"
#include "fs/fd.h"
#include "fs/vfs.h"
#include "lib/format.h"
#include "lib/log.h"
#include "lib/string.h"
#include "lib/uaccess.h"
#include "mm/frame.h"
#include "mm/heap.h"
#include "platform/boot.h"
#include "platform/platform.h"
#include "proc/clock.h"
#include "proc/sched.h"
#include "proc/thread.h"

/* The host's headers have types of the same names as the kernel's, so these are declared here. */
void *malloc(size_t n);
void *calloc(size_t n, size_t size);
void *realloc(void *p, size_t n);
void *aligned_alloc(size_t align, size_t n);
void free(void *p);

unsigned vfs_host_fail_every, vfs_host_sigpipes;
long vfs_host_frames;
unsigned long long vfs_host_now = 1;
const char *vfs_host_archive, *vfs_host_archive_end;
struct thread *unit_current;
struct boot_info boot_info;
struct process *init_process;
bool log_verbose;

void vfs_host_init(void)
{
	static struct thread thread;
	static struct process process;

	process.cap_effective = ~0ull; /* root */
	thread.process = &process;
	unit_current = &thread;
	init_process = &process;
	process.pid = 1;
	process.thread_count = 1;
	process.limits[1].cur = RLIM_INFINITY; /* FSIZE */
	process.limits[7].cur = 64;
	if (!process.fs)
		process.fs = fs_context_create("/", 022);
	if (!process.files)
		process.files = file_table_create();
}

/* ---- memory ---- */

static bool fails(void)
{
	static unsigned count;

	return vfs_host_fail_every && ++count % vfs_host_fail_every == 0;
}

void *kmalloc(size_t n) { return fails() ? NULL : malloc(n); }
void *kzalloc(size_t n) { return fails() ? NULL : calloc(1, n); }
void *krealloc(void *p, size_t n) { return fails() ? NULL : realloc(p, n); }
void kfree(void *p) { free(p); }
size_t kmalloc_size(const void *p) { return PAGE_SIZE; }

/* A frame is a page behind a page that counts its users. */
paddr_t frame_alloc(unsigned order)
{
	char *p = order || fails() ? NULL : aligned_alloc(PAGE_SIZE, 2 * PAGE_SIZE);

	if (!p)
		return 0;
	*(u32 *)p = 1;
	memset(p + PAGE_SIZE, 0xa5, PAGE_SIZE);
	vfs_host_frames++;
	return (paddr_t)(p + PAGE_SIZE);
}

void *frame_ptr(paddr_t p) { return (void *)p; }
paddr_t frame_addr(const void *p) { return (paddr_t)p; }
void frame_ref(paddr_t p) { ++*(u32 *)(p - PAGE_SIZE); }

void frame_unref(paddr_t p)
{
	if (--*(u32 *)(p - PAGE_SIZE))
		return;
	vfs_host_frames--;
	free((void *)(p - PAGE_SIZE));
}

static bool bad(const void *p) { return (uintptr_t)p >= 0x1000 && (uintptr_t)p < 0x2000; }

bool user_range_ok(const void *p, size_t n) { return true; }

size_t copy_from_user_partial(void *dst, const void *src, size_t n)
{
	if (bad(src))
		return n;
	memcpy(dst, src, n);
	return 0;
}

size_t copy_to_user_partial(void *dst, const void *src, size_t n)
{
	if (bad(dst))
		return n;
	memcpy(dst, src, n);
	return 0;
}

int copy_to_user(void *dst, const void *src, size_t n) { return copy_to_user_partial(dst, src, n) ? -EFAULT : 0; }

int clear_user(void *dst, size_t n)
{
	if (bad(dst))
		return -EFAULT;
	memset(dst, 0, n);
	return 0;
}

/* ---- one thread: a lock that is held would never come free ---- */

void mutex_init(struct mutex *m)
{
	m->locked = 0;
	wait_queue_init(&m->wait);
}

void mutex_lock(struct mutex *m)
{
	if (m->locked)
		panic("deadlock");
	m->locked = 1;
}

bool mutex_trylock(struct mutex *m)
{
	bool free_ = !m->locked;

	m->locked = 1;
	return free_;
}

void mutex_unlock(struct mutex *m)
{
	if (!m->locked)
		panic("unlock of a lock that is free");
	m->locked = 0;
}

void wait_queue_init(struct wait_queue *q)
{
	spin_init(&q->lock);
	list_init(&q->waiters);
}
void wait_add(struct wait_queue *q, struct waiter *w) { list_push_back(&q->waiters, &w->link); }
void wait_remove(struct wait_queue *q, struct waiter *w) { list_remove(&w->link); }

void wait_wake_all(struct wait_queue *q, unsigned events)
{
	list_for_each_safe(l, tmp, &q->waiters) {
		struct waiter *w = list_entry(l, struct waiter, link);

		if (w->notify)
			w->notify(w, events);
	}
}
void wait_wake(struct wait_queue *q, unsigned events) { wait_wake_all(q, events); }

void sched_prepare_sleep(bool interruptible) {}
void sched_cancel_sleep(void) {}
bool sched_wake(struct thread *t) { return true; }
/* Nobody else runs, so whoever would sleep is interrupted. */
int sched_sleep(nsec_t deadline) { return deadline == WAIT_FOREVER ? -ERESTARTSYS : -ETIMEDOUT; }

int signal_send(struct process *p, struct thread *t, const struct siginfo *info)
{
	vfs_host_sigpipes += info->si_signo == SIGPIPE;
	return 0;
}

/* ---- the rest ---- */

s64 clock_realtime(void)
{
	static s64 now = 1000000000;

	return now += 1000;
}
nsec_t clock_monotonic(void) { return vfs_host_now; }

void log_printf(const char *fmt, ...) {}
ssize_t console_write_kernel(enum console_stream s, const void *buf, size_t n) { return n; }

int format_string(char *buf, size_t size, const char *fmt, ...)
{
	if (size)
		*buf = '\0';
	return 0;
}

int devfs_mount(struct mount *m, struct superblock **out) { return -ENODEV; }
int procfs_mount(struct mount *m, struct superblock **out) { return -ENODEV; }
int sysfs_mount(struct mount *m, struct superblock **out) { return -ENODEV; }
__attribute__((weak)) int p9_mount(const char *tag, bool rdonly, struct superblock **out) { return -ENODEV; }
u32 frame_refs(paddr_t p) { return *(u32 *)(p - PAGE_SIZE); }
u64 platform_memory_total(void) { return 64 * MiB; }
u64 platform_memory_free(void) { return 32 * MiB; }
