/* SPDX-License-Identifier: MIT */
/*
 * Runs that have a name: a directory each in $XDG_RUNTIME_DIR/hermit/runs, for
 * the verbs that look at a run from outside.  It holds
 *
 *	lock	write-locked (fcntl) by the loader as long as the run lives: who
 *		holds it is the run, whatever pids have been used again since
 *	info	"key value" lines, see struct entry_info
 *	log	output of a detached run
 *	stats	what the VMM counts, <hermit/stats.h>
 *	end	the exit status, once the run has ended
 *
 * Whoever changes an entry holds its lock.  One whose lock is free and that has
 * no end was left by a loader that died; the next verb removes it.
 * Single-threaded.
 */
#ifndef CLI_ENTRY_H
#define CLI_ENTRY_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#define ENTRY_NAME_MAX 64

struct entry {
	int runs, dir, lock; /* descriptors; all -1: there is no entry */
	char name[ENTRY_NAME_MAX + 1];
};
#define ENTRY_NONE { .runs = -1, .dir = -1, .lock = -1 }

enum entry_state {
	ENTRY_RUNNING,
	ENTRY_ENDED,
	ENTRY_LOST, /* the loader died without a word */
};

struct entry_info {
	char name[ENTRY_NAME_MAX + 1];
	enum entry_state state;
	pid_t loader; /* 0 unless it runs, or where it runs in another pid namespace */
	pid_t machine;
	char isle[16];
	unsigned int cpus;
	uint64_t mem; /* bytes */
	int64_t started; /* CLOCK_REALTIME, s */
	int64_t ready_ms; /* from the loader's start until the machine was started */
	int status; /* once ENTRY_ENDED */
	char program[256]; /* and arguments, for people: control characters replaced, cut if long */
};

/* Letters, digits, '_', '.', '-', the first one a letter or a digit. */
bool entry_name_valid(const char *name);

/*
 * The entry of a run that begins, locked; what an ended run of that name left
 * is removed.  -EBUSY: such a run is there; -ENOENT: there is no place for
 * entries; -EINVAL: no name for one; or another negative error.  Not reported.
 */
int entry_make(struct entry *e, const char *name);
/* Tells who it is.  `i->name`, state, loader and status are not looked at. */
int entry_write(const struct entry *e, const struct entry_info *i);
/* The run has ended with this status; lets go of the lock. */
void entry_end(struct entry *e, int status);
/* Nothing of it is to be left. */
void entry_remove(struct entry *e);

/* The file `log`, empty, for appending; a descriptor or a negative error. */
int entry_log_create(const struct entry *e);
int entry_log_open(const char *name);

/* The file for the VMM's counts; a descriptor, or -1. */
int entry_stats_create(const struct entry *e);
int entry_stats_open(const char *name);

/* 0, -ENOENT, or another negative error. */
int entry_read(const char *name, struct entry_info *i);
/* Removes an entry that has ended.  -EBUSY: it runs. */
int entry_forget(const char *name);
/* All entries in the order of their names, dead ones removed.  `fn` gives 0 to go on.  -ENOENT: no place for any. */
int entry_each(int (*fn)(const struct entry_info *i, void *arg), void *arg);

/* Sends a signal to the loader of a run, which passes it on; never to another process.  -ESRCH: it does not run. */
int entry_signal(const char *name, int sig);

#endif
