/* SPDX-License-Identifier: MIT */
#include "ipc/pidfd.h"
#include "lib/format.h"
#include "proc/thread.h"

/* Readable when the process has ended: nobody is there to see the end of the only one. */
static unsigned pidfd_poll(struct file *f, unsigned want, struct poll_hook *hook) { return 0; }

static int pidfd_describe(struct file *f, char *buf, size_t size)
{
	return format_string(buf, size, "anon_inode:[pidfd]");
}

static const struct file_ops pidfd_ops = {.poll = pidfd_poll, .describe = pidfd_describe};

struct file *pidfd_create(struct process *p, u32 flags) { return file_anon(0600, flags, &pidfd_ops, p); }

struct process *pidfd_process(struct file *f) { return f->ops == &pidfd_ops ? f->priv : NULL; }
