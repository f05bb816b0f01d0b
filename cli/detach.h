/* SPDX-License-Identifier: MIT */
/*
 * `hermit run -d`: the run goes on in a process of its own, without a terminal,
 * its output in the entry's log; the caller waits until the machine has been
 * started.
 */
#ifndef CLI_DETACH_H
#define CLI_DETACH_H

#include "entry.h"

struct detach {
	int ready; /* in the new process: where it says so; -1 in a run that is not detached */
};

/*
 * Gives -1 in the new process, which goes on with the run: descriptors 0 to 2
 * are /dev/null and e's log by now.  In the caller's it gives the exit status
 * to end with, once the run has been started or has failed to, after having
 * printed the name, or what the new process had to say.
 */
int detach_run(struct detach *d, struct entry *e, const char *name);

/* The machine has been started: the caller may go. */
void detach_started(struct detach *d);
/* It has not: the caller gets to read what the log says about that. */
void detach_failed(struct detach *d, const struct entry *e);

#endif
