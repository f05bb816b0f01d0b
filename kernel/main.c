/* SPDX-License-Identifier: MIT */
/* The program: its process, its first thread, and how that thread gets to the program's first instruction. */
#include <arch/switch.h>
#include "drivers/drivers.h"
#include "fs/console.h"
#include "fs/fd.h"
#include "fs/vfs.h"
#include "kernel.h"
#include "lib/errno.h"
#include "lib/format.h"
#include "lib/log.h"
#include "lib/random.h"
#include "lib/string.h"
#include "mm/heap.h"
#include "mm/space.h"
#include "platform/boot.h"
#include "platform/platform.h"
#include "proc/cred.h"
#include "proc/exec.h"
#include "proc/clock.h"
#include "proc/sched.h"
#include "proc/thread.h"

#define STATUS_CANNOT_RUN 126
#define STATUS_NOT_FOUND  127 /* it, or what has to interpret it */

/* Linux's defaults where a program may look at them. */
static void init_limits(struct process *p)
{
	for (unsigned i = 0; i < RLIMIT_COUNT; i++)
		p->limits[i] = (struct rlimit64){RLIM_INFINITY, RLIM_INFINITY};
	p->limits[3].cur = 8 * MiB;			    /* STACK */
	p->limits[4].cur = 0;				    /* CORE */
	p->limits[6] = (struct rlimit64){32768, 32768};	    /* NPROC: threads */
	p->limits[7] = (struct rlimit64){1024, 1048576};    /* NOFILE */
	p->limits[8] = (struct rlimit64){8 * MiB, 8 * MiB}; /* MEMLOCK */
	p->limits[11] = (struct rlimit64){4096, 4096};	    /* SIGPENDING */
	p->limits[12] = (struct rlimit64){819200, 819200};  /* MSGQUEUE */
	p->limits[13] = p->limits[14] = (struct rlimit64){0, 0}; /* NICE, RTPRIO */
}

static struct process *create_init_process(void)
{
	struct process *p = kzalloc(sizeof(*p));
	const struct hermit_boot_ids *ids = &boot_info.ids;

	if (!p)
		return NULL;
	p->refs = 1;
	p->pid = 1;
	list_init(&p->threads);
	signal_init_process(p);
	init_limits(p);
	p->uid = ids->uid;
	p->euid = p->suid = ids->euid;
	p->gid = ids->gid;
	p->egid = p->sgid = ids->egid;
	p->cap_bounding = CAP_ALL;
	cred_start(p);
	p->started = clock_monotonic();
	p->space = space_create();
	p->files = file_table_create();
	p->fs = fs_context_create(boot_info.cwd, ids->umask);
	p->exe = kstrdup(boot_info.program);
	return p->space && p->files && p->fs && p->exe ? p : NULL;
}

/* The program cannot be started: one line on its stderr, and the status a shell would give. */
static __noreturn void cannot_run(int err, const char *why)
{
	char line[512];
	int n = format_string(line, sizeof(line), "hermit: %s: %s (error %d)\n", boot_info.program,
			      why ? why
			      : err == -ENOMEM ? "not enough memory: give the machine more with HERMIT_MEM or -m"
			      : err == -ENOENT || err == -ENOTDIR ? "not found"
			      : err == -EACCES ? "no permission to run it, or what interprets it"
			      : err == -E2BIG  ? "arguments and environment are larger than the stack"
					       : "cannot be loaded",
			      -err);

	console_write_kernel(CONSOLE_ERR, line, MIN((size_t)n, sizeof(line) - 1));
	process_exit(current->process, err == -ENOENT || err == -ENOTDIR ? STATUS_NOT_FOUND : STATUS_CANNOT_RUN, 0);
}

/* Without a loader's random bytes the machine's random device is asked, before the program's addresses are drawn. */
static void seed_from_device(void)
{
	u8 bytes[HERMIT_BOOT_RANDOM_LEN];
	size_t n = virtio_rng_read(bytes, sizeof(bytes));

	if (n == 0)
		return;
	random_add(bytes, n);
	log_info("random numbers are seeded from virtio-rng");
	memset(bytes, 0, sizeof(bytes));
}

static void start_program(void *arg)
{
	struct exec_args args = {
		.path = boot_info.program,
		.name = boot_info.program,
		.argv = boot_info.argv,
		.envp = boot_info.envp,
		.argc = boot_info.argc,
		.envc = boot_info.envc,
	};
	const char *why = NULL;
	struct exec *e;
	u64 pc, sp;
	int err;

	if (!boot_info.has_random)
		seed_from_device();
	err = fd_install_std(current->process->files, &boot_info);
	if (!err)
		err = exec_prepare(&args, NULL, &e, &why);
	if (!err)
		err = exec_load(e, &pc, &sp);
	if (err)
		cannot_run(err, why);
	exec_free(e);
	arch_frame_init(current->frame, pc, sp);
	arch_return_to_program(current->frame);
}

void kernel_main(void)
{
	struct thread *t;
	int err = vfs_init_root(boot_info.initrd, boot_info.initrd_len);

	if (err)
		panic("the initrd cannot be read: error %d", -err);
	init_process = create_init_process();
	t = init_process ? thread_create(init_process) : NULL;
	if (!t)
		panic("no memory for the program's process");
	drivers_init();
	arch_thread_set_start(t, start_program, NULL);
	sched_start(t);
	sched_idle_loop();
}
