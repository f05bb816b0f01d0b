/* SPDX-License-Identifier: MIT */
/*
 * Carries the bytes of a run: stdin, stdout, stderr and the control channel
 * between the user's descriptors and the guest's ports, until the program has
 * ended and all it wrote has been delivered.  The guest is not trusted: what it
 * sends is bounded and checked.  The user's descriptors are never made
 * nonblocking, since they are shared with others.
 */
#ifndef CLI_PUMP_H
#define CLI_PUMP_H

#include "machine.h"
#include "stdio_state.h"

/*
 * Runs the machine to its end and reaps it.  Gives the exit status for the
 * loader: the program's, or STATUS_LOADER after a message.  `name` is what
 * messages call the program.
 */
int pump_run(struct machine *m, const struct stdio_state *s, const char *name, bool verbose);

#endif
