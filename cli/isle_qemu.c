/* SPDX-License-Identifier: MIT */
/*
 * The isle `qemu`.  Its command line is kept short because start-up is a bar;
 * docs/loader.md says what each part of it costs.
 */
#define _GNU_SOURCE
#include "args.h"
#include "disk.h"
#include "isle.h"
#include "kvm_probe.h"
#include "msg.h"
#include "paths.h"
#include "program.h"

#include <hermit/ctl.h>

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define MICROVM_SLOTS 8  /* virtio-mmio devices that microvm has without ACPI */
#define PCI_SLOTS     29 /* q35 and pc have 32, and devices of their own on some */
#define MEM_STEP      8192ull
#define QEMU_PACKAGE  "install it: apt install qemu-system-x86"

/* QEMU's option parser ends a value at a comma; two stand for one. */
static char *qemu_quote(const char *s)
{
	char *out = malloc(2 * strlen(s) + 1), *o = out;

	if (!out)
		return NULL;
	for (; *s; s++) {
		*o++ = *s;
		if (*s == ',')
			*o++ = ',';
	}
	*o = 0;
	return out;
}

/* --- the command line --- */

static void qemu_machine(struct args *a, const struct config *c, const char *machine)
{
	/* QEMU rounds the machine's memory up to this, but not the backend's, and then refuses both. */
	unsigned long long kib = (c->mem + MEM_STEP - 1) / MEM_STEP * (MEM_STEP >> 10);

	args_add(a, "-M");
	if (!strcmp(machine, "microvm"))
		args_add(a, "microvm,isa-serial=on,acpi=off,x-option-roms=off,pic=off,pit=off,rtc=off,"
			    "memory-backend=ram");
	else
		args_add(a, "%s,memory-backend=ram", machine);
	/* reserve=off: the host is asked only for what is touched, so the default fits small hosts too. */
	args_add(a, "-object");
	args_add(a, "memory-backend-ram,id=ram,size=%lluK,reserve=off,merge=%s,dump=off",
		 kib, c->mergeable ? "on" : "off");
	args_add(a, "-m");
	args_add(a, "%lluK", kib);
	args_add(a, "-nodefaults");
	args_add(a, "-no-user-config");
	args_add(a, "-display");
	args_add(a, "none");
	args_add(a, "-no-reboot");
	args_add(a, "-device");
	args_add(a, "isa-debug-exit,iobase=0x%x,iosize=4", HERMIT_DEBUG_EXIT_PORT);
}

static void qemu_cpus(struct args *a, const struct config *c, bool kvm)
{
	args_add(a, "-accel");
	args_add(a, kvm ? "kvm" : "tcg");
	args_add(a, "-cpu");
	args_add(a, kvm ? "host" : "max");
	if (c->cpus > 1) {
		args_add(a, "-smp");
		args_add(a, "%u", c->cpus);
	}
}

static void qemu_socket(struct args *a, const char *id, int fd)
{
	args_add(a, "-chardev");
	args_add(a, "socket,id=%s,fd=%d", id, fd);
}

static void qemu_console(struct args *a, const int *fds, const char *bus)
{
	static const char *const ports[][2] = {
		{ "io", HERMIT_PORT_IO }, { "err", HERMIT_PORT_ERR }, { "ctl", HERMIT_PORT_CTL }
	};

	args_add(a, "-device");
	args_add(a, "virtio-serial-%s", bus);
	for (size_t i = 0; i < 3; i++) {
		qemu_socket(a, ports[i][0], fds[i]);
		args_add(a, "-device");
		args_add(a, "virtserialport,chardev=%s,name=%s", ports[i][0], ports[i][1]);
	}
	qemu_socket(a, "log", fds[3]);
	args_add(a, "-serial");
	args_add(a, "chardev:log");
}

static void qemu_mounts(struct args *a, const struct view *v, const char *bus)
{
	for (size_t i = 0; i < v->nmounts; i++) {
		char *host = qemu_quote(v->mounts[i].host);

		if (!host) {
			a->failed = -ENOMEM;
			return;
		}
		args_add(a, "-fsdev");
		args_add(a, "local,id=fs%zu,path=%s,security_model=none,multidevs=remap%s", i, host,
			 v->mounts[i].rdonly ? ",readonly=on" : "");
		args_add(a, "-device");
		args_add(a, "virtio-9p-%s,fsdev=fs%zu,mount_tag=" VIEW_TAG_FORMAT, bus, i, i);
		free(host);
	}
}

static void qemu_disks(struct args *a, const struct config *c, const struct disk_image *images,
		       const char *bus)
{
	for (size_t i = 0; i < c->ndisks; i++) {
		char *path = qemu_quote(images[i].path);

		if (!path) {
			a->failed = true;
			return;
		}
		args_add(a, "-drive");
		args_add(a, "if=none,id=disk%zu,format=raw,readonly=%s,discard=unmap,werror=report,rerror=report,"
			    "file.driver=%s,file.filename=%s", i,
			 c->disks[i].rdonly ? "on" : "off", images[i].device ? "host_device" : "file", path);
		/* The kernel calls a disk by its serial number: devices are not found in the order of the options. */
		args_add(a, "-device");
		args_add(a, "virtio-blk-%s,drive=disk%zu,serial=vd%c", bus, i, 'a' + (int)i);
		free(path);
	}
}

static void qemu_debug(struct args *a, const struct config *c)
{
	if (c->monitor) {
		args_add(a, "-monitor");
		args_add(a, "telnet:127.0.0.1:%u,server=on,wait=off", c->port + 1);
	}
	if (c->gdb) {
		args_add(a, "-gdb");
		if (!strncmp(c->gdb, "unix:", 5))
			args_add(a, "%s,server=on", c->gdb);
		else
			args_add(a, "tcp:127.0.0.1:%s", c->gdb);
		args_add(a, "-S");
	}
}

/* fds: io, err, ctl, serial: the guest's ends. */
static void qemu_args(struct args *a, const struct config *c, const struct view *v,
		      const struct disk_image *images, const char *kernel, const char *machine, bool kvm,
		      const int *fds, int initrd)
{
	const char *bus = strcmp(machine, "microvm") ? "pci" : "device";

	args_add(a, "%s", c->qemu);
	qemu_machine(a, c, machine);
	qemu_cpus(a, c, kvm);
	if (!strcmp(bus, "device")) {
		args_add(a, "-global");
		args_add(a, "virtio-mmio.force-legacy=false");
	}
	qemu_console(a, fds, bus);
	qemu_mounts(a, v, bus);
	qemu_disks(a, c, images, bus);
	qemu_debug(a, c);
	args_add(a, "-kernel");
	args_add(a, "%s", kernel);
	args_add(a, "-initrd");
	args_add(a, "/dev/fd/%d", initrd);
}

/* --- choices --- */

/* microvm has a slot for each device; with more of them it takes a machine that has PCI. */
static int qemu_choose_machine(const struct config *c, const struct view *v, const char **machine)
{
	size_t devices = 1 + v->nmounts + c->ndisks; /* the console is one */
	size_t slots = strcmp(c->machine, "microvm") ? PCI_SLOTS : MICROVM_SLOTS;

	*machine = c->machine;
	if (devices <= slots)
		return 0;
	if (slots == MICROVM_SLOTS && !c->machine_named && devices <= PCI_SLOTS) {
		*machine = "q35";
		return 0;
	}
	msg_error(*machine, devices <= PCI_SLOTS ? "leave the machine out, or share less" : "share less",
		  "has room for %zu shared directories and disks, not %zu", slots - 1, devices - 1);
	return -ENOSPC;
}

static int qemu_check_disks(const struct config *c, struct disk_image *images)
{
	int r = 0;

	for (size_t i = 0; i < c->ndisks && !r; i++)
		r = disk_open_check(c, i, &images[i]);
	return r;
}

static int qemu_choose_kvm(const struct config *c, bool *kvm)
{
	struct kvm_answer answer;

	*kvm = false;
	if (c->kvm == KVM_NEVER)
		return 0;
	kvm_probe(&answer);
	if (answer.works) {
		*kvm = true;
		return 0;
	}
	if (c->kvm != KVM_DEMANDED)
		return 0;
	msg_error("HERMIT_KVM=1", answer.mend, "%s", answer.why);
	return -ENODEV;
}

static int qemu_find(const struct config *c, char path[PATH_MAX])
{
	int r = program_lookup(c->qemu, path);

	if (r == -ENOENT)
		msg_error(c->qemu, QEMU_PACKAGE, "not found, and the isle qemu needs it");
	else if (r)
		msg_error(c->qemu, "check HERMIT_QEMU", "cannot be run: %s", strerror(-r));
	return r;
}

static void qemu_announce(const struct config *c, const struct args *a, const char *kernel)
{
	if (c->verbose)
		args_note(a);
	if (c->gdb)
		isle_announce_gdb(c, kernel);
	if (c->monitor)
		msg_note("monitor: telnet 127.0.0.1 %u", c->port + 1);
}

/* --- start --- */

static int qemu_start(const struct config *c, const struct view *v, int initrd, struct machine *m)
{
	char qemu[PATH_MAX], kernel[PATH_MAX];
	struct args a = { .n = 0 };
	static struct disk_image images[CONFIG_DISKS_MAX]; /* too large for a stack */
	int theirs[MACHINE_SOCKETS];
	const char *machine;
	bool kvm;
	int r;

	if (c->affinity) {
		msg_error("HERMIT_AFFINITY", "leave it out, or start hermit with taskset",
			  "the isle qemu does not say which CPU runs where");
		return -ENOSYS;
	}
	if (c->jail) {
		msg_error("HERMIT_JAIL", "leave --jail out, or use HERMIT_ISLE=uhyve", "the isle qemu has no jail");
		return -ENOSYS;
	}
	m->stats = -1; /* QEMU counts nothing for us */
	r = qemu_find(c, qemu);
	if (!r)
		r = path_kernel(c, kernel);
	if (!r)
		r = qemu_choose_machine(c, v, &machine);
	if (!r)
		r = qemu_check_disks(c, images);
	if (!r)
		r = qemu_choose_kvm(c, &kvm);
	if (!r)
		r = machine_sockets(m, theirs);
	if (r)
		return r;
	qemu_args(&a, c, v, images, kernel, machine, kvm, theirs, initrd);
	qemu_announce(c, &a, kernel);
	r = machine_spawn(m, c->qemu, "check HERMIT_QEMU", qemu, &a, theirs, initrd, !c->hugepage);
	args_free(&a);
	return r;
}

static void qemu_report(const struct config *c, struct isle_report *r)
{
	char path[PATH_MAX], kernel[PATH_MAX];
	struct kvm_answer kvm;

	r->state = ISLE_BROKEN;
	r->mend[0] = 0;
	if (program_lookup(c->qemu, path)) {
		snprintf(r->text, sizeof(r->text), "%s is not found", c->qemu);
		snprintf(r->mend, sizeof(r->mend), "%s", QEMU_PACKAGE);
		return;
	}
	if (path_kernel_find(c, kernel)) {
		snprintf(r->text, sizeof(r->text), "no kernel at %.400s", kernel);
		snprintf(r->mend, sizeof(r->mend), "install hermit again, or set HERMIT_KERNEL");
		return;
	}
	r->state = ISLE_WORKS;
	if (c->kvm == KVM_NEVER) {
		snprintf(r->text, sizeof(r->text), "by translation (HERMIT_KVM=0)");
		return;
	}
	kvm_probe(&kvm);
	if (kvm.works) {
		snprintf(r->text, sizeof(r->text), "on KVM");
		return;
	}
	if (c->kvm == KVM_DEMANDED)
		r->state = ISLE_BROKEN;
	snprintf(r->text, sizeof(r->text), "%s: KVM does not work here: %s",
		 c->kvm == KVM_DEMANDED ? "HERMIT_KVM=1 is set" : "by translation", kvm.why);
	snprintf(r->mend, sizeof(r->mend), "%s", kvm.mend);
}

const struct isle isle_qemu = {
	.name = "qemu",
	.what = "a QEMU virtual machine, with KVM or by translation",
	.report = qemu_report,
	.start = qemu_start,
};
