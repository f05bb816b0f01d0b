/* SPDX-License-Identifier: MIT */
/* The isle `uhyve`: our own VMM, a program beside this one.  See docs/uhyve.md. */
#include "args.h"
#include "disk.h"
#include "isle.h"
#include "kvm_probe.h"
#include "msg.h"
#include "paths.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#define OTHER_ISLE "HERMIT_ISLE=qemu has it"

/* What only QEMU has.  NULL: nothing of that is asked for. */
static const char *uhyve_lacks(const struct config *c)
{
	if (c->monitor)
		return "a monitor";
	return NULL;
}

static void uhyve_args(struct args *a, const struct config *c, const struct view *v,
		       const struct disk_image *images, const char *uhyve, const char *kernel, const int theirs[MACHINE_SOCKETS], int initrd, int stats)
{
	args_add(a, "%s", uhyve);
	args_add(a, "--cpus=%u", c->cpus);
	if (c->affinity)
		args_add(a, "--affinity=%s", c->affinity);
	args_add(a, "--memory=%lluK", (unsigned long long)(c->mem >> 10));
	args_add(a, "--hugepage=%d", c->hugepage);
	args_add(a, "--mergeable=%d", c->mergeable);
	args_add(a, "--port=io=%d", theirs[SOCKET_IO]);
	args_add(a, "--port=err=%d", theirs[SOCKET_ERR]);
	args_add(a, "--port=ctl=%d", theirs[SOCKET_CTL]);
	args_add(a, "--log=%d", theirs[SOCKET_SERIAL]);
	for (size_t i = 0; i < v->nmounts; i++)
		args_add(a, "--fs=" VIEW_TAG_FORMAT "=%s:%s", i, v->mounts[i].host, v->mounts[i].rdonly ? "ro" : "rw");
	for (size_t i = 0; i < c->ndisks; i++)
		args_add(a, "--disk=%s:%s", images[i].path, c->disks[i].rdonly ? "ro" : "rw");
	if (c->jail)
		args_add(a, "--jail");
	if (stats >= 0)
		args_add(a, "--stats=%d", stats);
	if (c->gdb)
		args_add(a, "--gdb=%s", c->gdb);
	args_add(a, "%s", kernel);
	args_add(a, "/dev/fd/%d", initrd);
}

static int uhyve_start(const struct config *c, const struct view *v, int initrd, struct machine *m)
{
	static struct disk_image images[CONFIG_DISKS_MAX]; /* too large for a stack */
	char uhyve[PATH_MAX], kernel[PATH_MAX];
	const char *lacks = uhyve_lacks(c);
	struct args a = { .n = 0 };
	struct kvm_answer kvm;
	int theirs[MACHINE_SOCKETS], r;

	if (lacks) {
		msg_error("HERMIT_ISLE=uhyve", OTHER_ISLE, "it does not have %s yet", lacks);
		return -ENOSYS;
	}
	if (c->kvm == KVM_NEVER) {
		msg_error("HERMIT_KVM=0", "leave it out, or use HERMIT_ISLE=qemu", "the isle uhyve is nothing without KVM");
		return -ENODEV;
	}
	/* Named by the user or chosen: a KVM that cannot run programs would end in a riddle. */
	kvm_probe(&kvm);
	if (!kvm.works) {
		msg_error("isle uhyve", kvm.mend, "%s", kvm.why);
		return -ENODEV;
	}
	r = path_uhyve(uhyve);
	if (r) {
		msg_error(uhyve, "install hermit again", "cannot be run: %s", strerror(-r));
		return r;
	}
	r = path_kernel(c, kernel);
	for (size_t i = 0; i < c->ndisks && !r; i++)
		r = disk_open_check(c, i, &images[i]);
	if (!r)
		r = machine_sockets(m, theirs);
	if (r)
		return r;
	uhyve_args(&a, c, v, images, uhyve, kernel, theirs, initrd, m->stats);
	if (c->verbose)
		args_note(&a);
	if (c->gdb)
		isle_announce_gdb(c, kernel);
	r = machine_spawn(m, uhyve, "install hermit again", uhyve, &a, theirs, initrd, false);
	args_free(&a);
	return r;
}

static void uhyve_report(const struct config *c, struct isle_report *r)
{
	char path[PATH_MAX];
	const char *lacks = uhyve_lacks(c);
	struct kvm_answer kvm;

	r->state = ISLE_BROKEN;
	r->mend[0] = 0;
	if (path_uhyve(path)) {
		snprintf(r->text, sizeof(r->text), "no uhyve at %.400s", path);
		snprintf(r->mend, sizeof(r->mend), "install hermit again");
		return;
	}
	if (path_kernel_find(c, path)) {
		snprintf(r->text, sizeof(r->text), "no kernel at %.400s", path);
		snprintf(r->mend, sizeof(r->mend), "install hermit again, or set HERMIT_KERNEL");
		return;
	}
	if (lacks) {
		snprintf(r->text, sizeof(r->text), "it does not have %s yet", lacks);
		return;
	}
	if (c->kvm == KVM_NEVER) {
		snprintf(r->text, sizeof(r->text), "HERMIT_KVM=0 is set");
		return;
	}
	kvm_probe(&kvm);
	if (kvm.works) {
		r->state = ISLE_WORKS;
		snprintf(r->text, sizeof(r->text), "on KVM");
		return;
	}
	snprintf(r->text, sizeof(r->text), "%s", kvm.why);
	snprintf(r->mend, sizeof(r->mend), "%s", kvm.mend);
}

const struct isle isle_uhyve = {
	.name = "uhyve",
	.what = "the own virtual machine monitor, on KVM",
	.report = uhyve_report,
	.start = uhyve_start,
};
