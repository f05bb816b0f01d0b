/* SPDX-License-Identifier: MIT */
/*
 * The terminal's modes: changed only when the program asks, put back at the end
 * and while the loader is stopped.
 */
#ifndef CLI_TERMINAL_H
#define CLI_TERMINAL_H

#include <hermit/ctl.h>

#include <stdbool.h>

struct terminal {
	int fd; /* -1: there is none */
	bool changed;
	struct hermit_ctl_termios before, now;
};

void terminal_set(struct terminal *t, const struct hermit_ctl_termios *modes);
void terminal_restore(struct terminal *t); /* gives the terminal back */
void terminal_resume(struct terminal *t); /* sets the program's modes again */

#endif
