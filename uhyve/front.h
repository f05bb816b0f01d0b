/* SPDX-License-Identifier: MIT */
/* uhyve typed by a user: starts a uhyve that has sockets for its console, and pumps them as the loader does. */
#ifndef UHYVE_FRONT_H
#define UHYVE_FRONT_H

#include "options.h"

/* Gives the exit status. */
int front_run(const struct uhyve_options *o, char **argv);

#endif
