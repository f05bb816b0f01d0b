/* SPDX-License-Identifier: MIT */
/*
 * void idle_wait(void): with events masked, sleeps until an event has been served; returns with them masked.
 *
 * sti takes effect behind the next instruction (SDM 2B, STI), so no event comes between it and hlt. Some
 * hypervisors lose that when they leave the guest just there and come back (QEMU 7.2's SVM does not give the interrupt
 * shadow back at VMRUN): what the event woke would sleep on. An event that finds the CPU before its hlt therefore
 * goes on behind it; platform_interrupt() sees to that.
 */
	.text
	.globl idle_wait, idle_hlt, idle_woken
idle_wait:
	sti
idle_hlt:
	hlt
idle_woken:
	cli
	ret
	.section .note.GNU-stack, "", @progbits
