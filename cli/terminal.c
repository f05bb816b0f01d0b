/* SPDX-License-Identifier: MIT */
#include "terminal.h"

#include <asm/termbits.h>
#include <signal.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

/* The kernel's struct termios (not libc's) is what the message carries. */
_Static_assert(sizeof(struct termios) == sizeof(struct hermit_ctl_termios), "kernel ABI of termios");

/* Modes of a terminal that another job uses are not ours to change. */
static bool terminal_foreground(const struct terminal *t)
{
	pid_t group;

	return t->fd >= 0 && !ioctl(t->fd, TIOCGPGRP, &group) && group == getpgrp();
}

static bool terminal_apply(const struct terminal *t, const struct hermit_ctl_termios *modes)
{
	struct termios kernel;

	memcpy(&kernel, modes, sizeof(kernel));
	return terminal_foreground(t) && !ioctl(t->fd, TCSETS, &kernel);
}

void terminal_set(struct terminal *t, const struct hermit_ctl_termios *modes)
{
	struct termios kernel;

	if (t->fd < 0)
		return;
	if (!t->changed) {
		if (ioctl(t->fd, TCGETS, &kernel))
			return;
		memcpy(&t->before, &kernel, sizeof(kernel));
	}
	if (terminal_apply(t, modes)) {
		t->changed = true;
		t->now = *modes;
	}
}

void terminal_restore(struct terminal *t)
{
	if (t->changed)
		terminal_apply(t, &t->before);
}

void terminal_resume(struct terminal *t)
{
	if (t->changed)
		terminal_apply(t, &t->now);
}
