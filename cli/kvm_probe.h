/* SPDX-License-Identifier: MIT */
/*
 * Does KVM run programs here?  A /dev/kvm that opens proves nothing, so a tiny
 * guest is run; see kvm_probe.c.
 */
#ifndef CLI_KVM_PROBE_H
#define CLI_KVM_PROBE_H

#include <stdbool.h>

struct kvm_answer {
	bool works;
	char why[160]; /* why not */
	char mend[160]; /* what to do about it */
};

void kvm_probe(struct kvm_answer *a);

#endif
