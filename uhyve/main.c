/* SPDX-License-Identifier: MIT */
/*
 * uhyve: runs one guest.  The order of start-up: the options, KVM, the guest's
 * memory and what lies in it, devices, CPUs, then the I/O loop on this thread.
 * Without --port it is the front for a uhyve of its own: front.c.
 */
#define _GNU_SOURCE
#include "front.h"
#include "gdb/target.h"
#include "hostfs/hostfs.h"
#include "kvm/boot.h"
#include "kvm/cpu.h"
#include "kvm/debug.h"
#include "kvm/stats.h"
#include "kvm/vm.h"
#include "msg.h"
#include "options.h"
#include "sandbox/sandbox.h"
#include "text.h"
#include "virtio/devices.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <linux/virtio_ids.h>
#include <malloc.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/resource.h>
#include <unistd.h>

static struct vm vm = { .kvm = -1, .fd = -1, .log = -1 };
static struct virtio_bus bus;
static struct loop loop;

/* --- the end --- */

static void main_ended(struct watch *w, uint32_t events)
{
	enum vm_end why = (enum vm_end)__atomic_load_n(&vm.end, __ATOMIC_SEQ_CST);

	log_flush(&vm);
	gdb_finish(why == VM_POWERED_OFF ? 0 : STATUS_LOADER);
	/* At once, with all threads: the CPUs have stopped, and what the guest said is delivered. */
	_exit(why == VM_POWERED_OFF ? 0 : STATUS_LOADER);
}

/* Whom the guest talks to is gone: nobody is left to tell. */
static void main_gone(void *arg)
{
	_exit(STATUS_LOADER);
}

/* --- the start --- */

static int main_open(const char *name, int *fd)
{
	uint64_t n;

	/* The loader's memfd, also where no /proc is mounted. */
	if (!strncmp(name, "/dev/fd/", 8) && !text_number(name + 8, 0, INT_MAX, &n))
		*fd = fcntl((int)n, F_DUPFD_CLOEXEC, 0);
	else
		*fd = open(name, O_RDONLY | O_CLOEXEC);
	if (*fd >= 0)
		return 0;
	msg_error(name, "check the name", "cannot be opened: %s", strerror(errno));
	return -ENOENT;
}

/* The program's arguments, which count if there is no boot record, then the devices. */
static int main_cmdline(const struct uhyve_options *o, char *line, size_t size)
{
	size_t at = 0;

	for (char **a = o->args; *a; a++) {
		size_t len = strlen(*a);

		if (len + 2 > size - at || strpbrk(*a, " \n") || !len) {
			msg_error(*a, "pack a boot record, as the loader does",
				  len + 2 > size - at ? "too many arguments" : "the command line cannot carry it");
			return -E2BIG;
		}
		at += (size_t)sprintf(line + at, at ? " %s" : "%s", *a);
	}
	line[at] = 0;
	if (virtio_cmdline(&bus, line + at, size - at)) {
		msg_error("arguments", "pack a boot record, as the loader does", "too many");
		return -E2BIG;
	}
	return 0;
}

/* The guest's files are our descriptors: as many as we may have, but for some, shared out. */
#define MAIN_FDS_OWN	   128
#define MAIN_FDS_SHARE_MAX 16384

static unsigned int main_share_fds(const struct uhyve_options *o)
{
	struct rlimit r;
	rlim_t n;

	if (getrlimit(RLIMIT_NOFILE, &r))
		return 0;
	r.rlim_cur = r.rlim_max;
	if (setrlimit(RLIMIT_NOFILE, &r))
		getrlimit(RLIMIT_NOFILE, &r);
	n = r.rlim_cur > MAIN_FDS_OWN ? (r.rlim_cur - MAIN_FDS_OWN) / o->shares : 0;
	return n < MAIN_FDS_SHARE_MAX ? (unsigned int)n : MAIN_FDS_SHARE_MAX;
}

/* By what name to open what lies at path, in `buf` or path itself; with --jail through a mount of its own.  NULL: errno. */
static const char *main_place(const struct uhyve_options *o, const char *path, bool rdonly, char buf[32])
{
	int fd;

	if (!o->jail)
		return path;
	fd = jail_tree(path, rdonly);
	if (fd < 0) {
		errno = -fd;
		return NULL;
	}
	snprintf(buf, 32, "/proc/self/fd/%d", fd);
	return buf;
}

static int main_shares(const struct uhyve_options *o)
{
	unsigned int fds = o->shares ? main_share_fds(o) : 0;

	for (size_t i = 0; i < o->shares; i++) {
		const struct uhyve_share *s = &o->share[i];
		char buf[32];
		const char *dir = main_place(o, s->dir, s->rdonly, buf);
		int r = dir ? fs9p_add(&bus, s->tag, dir, s->rdonly, fds) : -errno;

		if (r == 0)
			continue;
		msg_error(s->dir, r == -ENOSPC ? "share one above them" : "name a directory that you may read",
			  "cannot be shared: %s", r == -ENOSPC ? "too many devices" : strerror(-r));
		return r;
	}
	return 0;
}

static int main_disks(const struct uhyve_options *o)
{
	for (size_t i = 0; i < o->disks; i++) {
		char buf[32];
		const char *file = main_place(o, o->disk[i].file, o->disk[i].rdonly, buf);
		int r = file ? blk_add(&bus, file, o->disk[i].rdonly, (unsigned int)i) : -errno;

		if (!r)
			continue;
		msg_error(o->disk[i].file, "give a raw image of your own, with :ro to read only", "%s", blk_why(r));
		return r;
	}
	return 0;
}

static int main_devices(const struct uhyve_options *o)
{
	int r = loop_make(&loop);

	virtio_bus_init(&bus, &vm, &loop);
	if (!r)
		r = console_add(&bus, o->port, main_gone, NULL);
	if (!r)
		r = rng_add(&bus);
	if (r)
		msg_error("devices", "raise ulimit -n", "%s", strerror(-r));
	if (!r)
		r = main_shares(o);
	return r ? r : main_disks(o);
}

static int main_boot(const struct uhyve_options *o)
{
	char line[BOOT_CMDLINE_MAX];
	struct boot b = {
		.kernel_name = o->kernel,
		.initrd_name = o->initrd,
		.initrd = -1,
		.cmdline = line,
		.cpus = o->cpus,
	};
	int r = main_open(o->kernel, &b.kernel);

	if (!r && o->initrd)
		r = main_open(o->initrd, &b.initrd);
	if (!r)
		r = main_cmdline(o, line, sizeof(line));
	if (!r)
		r = boot_load(&vm.memory, &b);
	if (r)
		return r;
	close(b.kernel);
	if (b.initrd >= 0)
		close(b.initrd);
	vm.entry = b.entry;
	vm.start_info = b.start_info;
	vm.code_start = b.code_start;
	vm.code_phys = b.code_phys;
	vm.code_end = b.code_end;
	return 0;
}

/* --- locking in: all threads, then the guest's first instruction --- */

static struct {
	pthread_mutex_t lock;
	pthread_cond_t none_left;
	unsigned int left; /* threads without a filter */
} main_unlocked = { .lock = PTHREAD_MUTEX_INITIALIZER, .none_left = PTHREAD_COND_INITIALIZER };

static void main_lock_in(enum sandbox_kind kind)
{
	int r = sandbox_thread(kind);

	if (!r)
		return;
	msg_error("seccomp", "use HERMIT_ISLE=qemu", "the host does not let a process lock itself in: %s", strerror(-r));
	_exit(STATUS_LOADER);
}

/* This thread has its filter.  `wait`: until all have; the last one, as a CPU's is, does not sleep for that. */
static void main_locked_in(bool wait)
{
	pthread_mutex_lock(&main_unlocked.lock);
	if (--main_unlocked.left == 0)
		pthread_cond_broadcast(&main_unlocked.none_left);
	while (wait && main_unlocked.left)
		pthread_cond_wait(&main_unlocked.none_left, &main_unlocked.lock);
	pthread_mutex_unlock(&main_unlocked.lock);
}

static void main_device_begins(const struct virtio_class *class)
{
	main_lock_in(class->id == VIRTIO_ID_9P ? SANDBOX_P9 : SANDBOX_BLK);
	main_locked_in(false);
}

static void main_gdb_begins(void)
{
	main_lock_in(SANDBOX_GDB);
	main_locked_in(false);
}

static void main_cpu_begins(void)
{
	main_lock_in(SANDBOX_CPU);
	main_locked_in(true);
}

/* Before the first thread. */
static int main_jail(void)
{
	int proc = jail_enter();

	hostfs_use_proc(proc);
	return proc < 0 ? proc : 0;
}

/* Once all that the machine needs is open.  From here on threads may begin. */
static int main_sandbox(const struct uhyve_options *o, bool gdb)
{
	struct sandbox_dir dirs[OPTIONS_SHARES_MAX];
	bool landlock;
	int r;

	for (size_t i = 0; i < o->shares; i++)
		dirs[i] = (struct sandbox_dir){ .path = o->share[i].dir, .rdonly = o->share[i].rdonly };
	r = sandbox_process(dirs, o->shares, o->jail, &landlock);
	if (r) {
		msg_error(o->jail ? "--jail, landlock" : "landlock", "use HERMIT_ISLE=qemu", "the host does not let a process lock itself in: %s",
			  strerror(-r));
		return r;
	}
	main_unlocked.left = vm.cpu_count + gdb + 1; /* this thread is one, too */
	for (unsigned int i = 0; i < bus.count; i++)
		main_unlocked.left += bus.devices[i]->class->own_thread;
	bus.thread_begin = main_device_begins;
	vm.cpu_begin = main_cpu_begins;
	return 0;
}

/* Starts the CPUs; with --gdb they wait for it. */
static int main_go(int gdb)
{
	int r;

	stats_stage(HERMIT_STAGE_READY);
	r = gdb < 0 ? 0 : debug_make(&vm);
	if (!r)
		r = vm_start(&vm);
	if (!r && gdb >= 0)
		r = gdb_serve(&vm, gdb, main_gdb_begins);
	return r;
}

/* What needs no VM, and is done while that is made. */
struct main_rest {
	const struct uhyve_options *options;
	int result;
};

static void *main_rest(void *arg)
{
	struct main_rest *rest = arg;
	const struct uhyve_options *o = rest->options;
	struct memory_wish memory = { .size = o->mem, .hugepage = o->hugepage, .mergeable = o->mergeable };
	int r = vm_memory(&vm, &memory);

	if (!r)
		r = main_devices(o);
	if (!r)
		r = main_boot(o);
	stats_stage(HERMIT_STAGE_LOADED);
	rest->result = r;
	return NULL;
}

/*
 * A second heap costs time and memory, and so do the 8 MiB of stack that a thread has by default: where huge pages
 * are for everybody (transparent_hugepage/enabled is "always") one of 2 MiB would lie below it.
 */
#define MAIN_STACK (512u << 10)

static void main_be_small(void)
{
	pthread_attr_t attr;

	mallopt(M_ARENA_MAX, 1);
	pthread_attr_init(&attr);
	pthread_attr_setstacksize(&attr, MAIN_STACK);
	pthread_setattr_default_np(&attr);
	pthread_attr_destroy(&attr);
}

/* The VM, and its memory with all that lies in it. */
static int main_create(const struct uhyve_options *o)
{
	struct main_rest rest = { .options = o };
	pthread_t thread;
	int r = vm_cpus(&vm, o->cpus);

	if (r)
		return r;
	main_be_small();
	r = pthread_create(&thread, NULL, main_rest, &rest);
	if (r) {
		msg_error("threads", "raise ulimit -u", "%s", strerror(r));
		return -r;
	}
	vm_create(&vm);
	pthread_join(thread, NULL);
	return rest.result ? rest.result : vm_created(&vm);
}

static int main_machine(const struct uhyve_options *o)
{
	static struct watch end = { .ready = main_ended };
	int gdb = -1, r;

	vm.log = o->log;
	if (o->stats >= 0 && stats_open(o->stats))
		msg_warn("--stats", NULL, "nothing will be counted: %s", strerror(errno));
	r = vm_open(&vm);
	if (!r && o->jail)
		r = main_jail();
	if (!r)
		r = main_create(o);
	if (!r)
		r = vm_make_cpus(&vm);
	if (r)
		return r;
	r = vm_affinity(&vm, o->affinity, o->affinities);
	if (r) {
		msg_error("--affinity", "taskset -p $$ tells which you may use", "no such CPU here: %s", strerror(-r));
		return r;
	}
	if (o->gdb) {
		gdb = gdb_listen(o->gdb);
		if (gdb < 0)
			return gdb;
	}
	end.fd = vm.end_event;
	r = loop_watch(&loop, &end, EPOLLIN);
	if (!r)
		r = main_sandbox(o, gdb >= 0);
	if (!r)
		r = virtio_run(&bus);
	if (r) {
		msg_error("devices", "raise ulimit -n and -u", "%s", strerror(-r));
		return r;
	}
	r = main_go(gdb);
	if (r)
		return r;
	main_lock_in(SANDBOX_IO);
	main_locked_in(false);
	return loop_run(&loop);
}

int main(int argc, char **argv)
{
	static struct uhyve_options o;
	int r;

	stats_stage(HERMIT_STAGE_START);
	msg_program = "uhyve";
	r = uhyve_options_read(&o, argv + 1);
	if (r)
		return STATUS_LOADER;
	if (o.help) {
		uhyve_options_help();
		return 0;
	}
	if (o.version) {
		puts("uhyve " HERMIT_VERSION);
		return 0;
	}
	if (!o.has_ports)
		return front_run(&o, argv);
	signal(SIGPIPE, SIG_IGN); /* a log that nobody reads */
	signal(SIGXFSZ, SIG_IGN); /* a file that grows beyond the user's limit: the guest gets EFBIG */
	main_machine(&o);
	_exit(STATUS_LOADER);
}
