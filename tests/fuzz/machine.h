/* SPDX-License-Identifier: MIT */
/*
 * A guest for uhyve's devices, without KVM: memory, and a driver that does what the input says.  Most of its steps
 * are those of a driver in its right mind, so that requests get to the devices; some write anything anywhere.
 *
 * An input: steps until its end, each begun by a byte: three bits for what it is (enum in machine.c), the others
 * for the device.
 */
#ifndef TESTS_FUZZ_MACHINE_H
#define TESTS_FUZZ_MACHINE_H

#include "fuzz.h"
#include "virtio/devices.h"

struct machine {
	struct vm vm;
	struct virtio_bus bus;
	struct loop loop;
	/* The other side of the devices, for steps of their own.  May be NULL. */
	void (*host)(struct fuzz_input *in, unsigned int device);
};

extern struct machine machine;

/* Fresh memory and no devices: add them, then run. */
void machine_begin(void);
/* All steps, then a reset of all devices. */
void machine_run(struct fuzz_input *in);

/* For inputs that devices keep files of: no file beyond 16 MiB, which libFuzzer itself takes. */
void machine_limit_files(void);

/* ---- the devices (devices.c): each may be added once a run ---- */

void devices_add_console(void);
void devices_add_blk(void); /* two: one to write, one to read only */
void devices_check_blk(void);
void devices_add_9p(void);
/* Steps of the host's: input for the console, a reader that goes away, a disk that is cut. */
void devices_host(struct fuzz_input *in, unsigned int device);

#endif
