/* SPDX-License-Identifier: MIT */
/* Counts for `hermit stats`, see <hermit/stats.h>.  Any thread; without a file they go nowhere. */
#ifndef UHYVE_STATS_H
#define UHYVE_STATS_H

#include <hermit/stats.h>

/* Counts into this file from now on.  0 or a negative error.  Before any thread. */
int stats_open(int fd);

/* The stage has been reached; only its first time counts. */
void stats_stage(enum hermit_stats_stage stage);
void stats_exit(enum hermit_stats_exit why);

#endif
