/* SPDX-License-Identifier: MIT */
/*
 * The boot record of a run, see <hermit/boot.h>.
 */
#ifndef CLI_BOOT_RECORD_H
#define CLI_BOOT_RECORD_H

#include "buf.h"
#include "config.h"
#include "program.h"
#include "stdio_state.h"
#include "view.h"

/* `env` is the caller's environment.  0, or a negative error, reported; b is the caller's to free. */
int boot_record(struct buf *b, const struct config *c, const struct program *p, const struct view *v,
		const struct stdio_state *s, char **env);

#endif
