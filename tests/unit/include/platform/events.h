/* SPDX-License-Identifier: MIT */
/* Stands in for a platform's: a test has no events. */
#ifndef PLATFORM_EVENTS_H
#define PLATFORM_EVENTS_H

static inline unsigned long events_save(void) { return 0; }

#endif
