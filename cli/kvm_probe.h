/* SPDX-License-Identifier: MIT */
/*
 * Does KVM run programs here?  A /dev/kvm that opens proves nothing, so a tiny
 * guest is run (kvm_guest.S), and what came out is remembered until the next
 * boot in the state directory (state_dir.h), if there is one.
 */
#ifndef CLI_KVM_PROBE_H
#define CLI_KVM_PROBE_H

#include <stdbool.h>

struct kvm_answer {
	bool works;
	char why[160]; /* why not */
	char mend[160]; /* what to do about it */
};

/* Opens /dev/kvm.  The descriptor, or a negative error and what to say of it in *a. */
int kvm_open(struct kvm_answer *a);

void kvm_probe(struct kvm_answer *a);

#endif
