/* SPDX-License-Identifier: MIT */
#define _GNU_SOURCE
#include "entry.h"
#include "state_dir.h"

#include <ctype.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#define INFO_MAX    4096
/* Others hold a lock for a moment to remove what is dead, and may remove the entry between two steps of ours. */
#define LOCK_TRIES   50
#define LOCK_WAIT_NS 1000000

static void entry_close(struct entry *e)
{
	if (e->lock >= 0)
		close(e->lock);
	if (e->dir >= 0)
		close(e->dir);
	if (e->runs >= 0)
		close(e->runs);
	*e = (struct entry)ENTRY_NONE;
}

bool entry_name_valid(const char *name)
{
	size_t n = strlen(name);

	if (n == 0 || n > ENTRY_NAME_MAX || !isalnum((unsigned char)name[0]))
		return false;
	return strspn(name, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_.-") == n;
}

static int runs_open(bool make)
{
	int state = state_dir_open(make), runs;

	if (state < 0)
		return state;
	runs = state_subdir_open(state, "runs", make);
	close(state);
	return runs;
}

/* ---- the lock ---- */

static struct flock lock_of(short type) { return (struct flock){ .l_type = type, .l_whence = SEEK_SET }; }

/* Whether the lock file that is open is still the one that others will find. */
static bool lock_is_current(const struct entry *e)
{
	struct stat ours, theirs;

	return !fstat(e->lock, &ours) && !fstatat(e->dir, "lock", &theirs, AT_SYMLINK_NOFOLLOW) &&
	       ours.st_ino == theirs.st_ino && ours.st_dev == theirs.st_dev;
}

/*
 * Opens the entry and takes its lock.  A process that closes a lock file loses its lock on it, so no process may do
 * this to an entry of its own.  -EBUSY: somebody has it; -ENOENT: no such entry (or, with `make`, it just vanished).
 */
static int entry_lock(struct entry *e, const char *name, bool make)
{
	struct flock lock = lock_of(F_WRLCK);
	int r;

	*e = (struct entry)ENTRY_NONE;
	snprintf(e->name, sizeof(e->name), "%s", name);
	e->runs = runs_open(make);
	if (e->runs < 0)
		return e->runs;
	e->dir = state_subdir_open(e->runs, name, make);
	if (e->dir < 0)
		return e->dir;
	e->lock = openat(e->dir, "lock", O_RDWR | O_NOFOLLOW | O_CLOEXEC | (make ? O_CREAT : 0), 0600);
	if (e->lock < 0)
		return -errno;
	r = fcntl(e->lock, F_SETLK, &lock) ? -errno : 0;
	if (r == -EACCES || r == -EAGAIN)
		return -EBUSY;
	if (!r && !lock_is_current(e))
		return -ENOENT;
	return r;
}

static int entry_lock_retry(struct entry *e, const char *name)
{
	const struct timespec wait = { .tv_nsec = LOCK_WAIT_NS };
	int r = -EBUSY;

	for (int i = 0; i < LOCK_TRIES; i++) {
		r = entry_lock(e, name, true);
		/* Without a place for entries there is not even `runs`. */
		if (r == 0 || e->runs < 0 || (r != -EBUSY && r != -ENOENT))
			break;
		entry_close(e);
		nanosleep(&wait, NULL);
	}
	if (r)
		entry_close(e);
	return r;
}

/* ---- a run of one's own ---- */

static void remove_files(const struct entry *e)
{
	static const char *const files[] = { "end", "end.new", "info", "info.new", "log", "stats" };

	for (size_t i = 0; i < sizeof(files) / sizeof(files[0]); i++)
		unlinkat(e->dir, files[i], 0);
}

int entry_make(struct entry *e, const char *name)
{
	int r;

	*e = (struct entry)ENTRY_NONE;
	if (!entry_name_valid(name))
		return -EINVAL;
	r = entry_lock_retry(e, name);
	if (!r)
		remove_files(e);
	return r;
}

/* Whole or not at all: others may be reading. */
static int write_file(const struct entry *e, const char *name, const char *text, size_t len)
{
	char new[32];
	int fd, r = 0;

	snprintf(new, sizeof(new), "%s.new", name);
	fd = openat(e->dir, new, O_WRONLY | O_CREAT | O_TRUNC | O_NOFOLLOW | O_CLOEXEC, 0600);
	if (fd < 0)
		return -errno;
	if (write(fd, text, len) != (ssize_t)len)
		r = -EIO;
	close(fd);
	if (!r && renameat(e->dir, new, e->dir, name))
		r = -errno;
	if (r)
		unlinkat(e->dir, new, 0);
	return r;
}

int entry_write(const struct entry *e, const struct entry_info *i)
{
	char text[INFO_MAX];
	int n;

	if (e->dir < 0)
		return 0;
	n = snprintf(text, sizeof(text),
		     "machine %d\nisle %s\ncpus %u\nmem %" PRIu64 "\nstarted %" PRId64 "\nready_ms %" PRId64
		     "\nprogram %s\n",
		     (int)i->machine, i->isle, i->cpus, i->mem, i->started, i->ready_ms, i->program);
	return write_file(e, "info", text, (size_t)n);
}

void entry_end(struct entry *e, int status)
{
	char text[32];
	int n = snprintf(text, sizeof(text), "%d\n", status);

	if (e->dir >= 0)
		(void)write_file(e, "end", text, (size_t)n); /* else it counts as lost, which is near the truth */
	entry_close(e);
}

void entry_remove(struct entry *e)
{
	if (e->dir >= 0) {
		remove_files(e);
		/* The lock last: from then on the name is free. */
		unlinkat(e->dir, "lock", 0);
		unlinkat(e->runs, e->name, AT_REMOVEDIR);
	}
	entry_close(e);
}

int entry_log_create(const struct entry *e)
{
	int fd = openat(e->dir, "log", O_WRONLY | O_CREAT | O_TRUNC | O_APPEND | O_NOFOLLOW | O_CLOEXEC, 0600);

	return fd < 0 ? -errno : fd;
}

int entry_stats_create(const struct entry *e)
{
	return e->dir < 0 ? -1 : openat(e->dir, "stats", O_RDWR | O_CREAT | O_TRUNC | O_NOFOLLOW | O_CLOEXEC, 0600);
}

/* ---- runs of others ---- */

static int open_in(const char *name, const char *file)
{
	int runs, dir, fd;

	if (!entry_name_valid(name))
		return -ENOENT;
	runs = runs_open(false);
	if (runs < 0)
		return runs;
	dir = state_subdir_open(runs, name, false);
	close(runs);
	if (dir < 0)
		return dir == -ENOTDIR || dir == -ELOOP ? -ENOENT : dir; /* what is no directory is no entry */
	fd = openat(dir, file, O_RDONLY | O_NOFOLLOW | O_CLOEXEC);
	if (fd < 0)
		fd = -errno;
	close(dir);
	return fd;
}

int entry_log_open(const char *name) { return open_in(name, "log"); }

int entry_stats_open(const char *name) { return open_in(name, "stats"); }

/* The file's text, ended by 0.  Its length or a negative error. */
static ssize_t read_file(const char *name, const char *file, char *text, size_t size)
{
	int fd = open_in(name, file);
	ssize_t n;

	if (fd < 0)
		return fd;
	n = read(fd, text, size - 1);
	if (n < 0)
		n = -errno;
	else
		text[n] = 0;
	close(fd);
	return n;
}

static void info_line(struct entry_info *i, const char *line)
{
	const char *value = strchr(line, ' ');

	if (!value)
		return;
	value++;
	if (!strncmp(line, "machine ", 8))
		i->machine = (pid_t)strtol(value, NULL, 10);
	else if (!strncmp(line, "isle ", 5))
		snprintf(i->isle, sizeof(i->isle), "%s", value);
	else if (!strncmp(line, "cpus ", 5))
		i->cpus = (unsigned int)strtoul(value, NULL, 10);
	else if (!strncmp(line, "mem ", 4))
		i->mem = strtoull(value, NULL, 10);
	else if (!strncmp(line, "started ", 8))
		i->started = strtoll(value, NULL, 10);
	else if (!strncmp(line, "ready_ms ", 9))
		i->ready_ms = strtoll(value, NULL, 10);
	else if (!strncmp(line, "program ", 8))
		snprintf(i->program, sizeof(i->program), "%s", value);
}

/* Who holds the lock: 1 and *pid (0: not visible from here), 0: nobody; or a negative error. */
static int lock_holder(const char *name, pid_t *pid)
{
	struct flock lock = lock_of(F_WRLCK);
	int fd = open_in(name, "lock"), r;

	*pid = 0;
	if (fd < 0)
		return fd;
	r = fcntl(fd, F_GETLK, &lock) ? -errno : lock.l_type != F_UNLCK;
	if (r == 1)
		*pid = lock.l_pid > 0 ? lock.l_pid : 0;
	close(fd);
	return r;
}

int entry_read(const char *name, struct entry_info *i)
{
	char text[INFO_MAX], *rest = text, *line;
	int held;

	*i = (struct entry_info){ .state = ENTRY_RUNNING };
	if (!entry_name_valid(name))
		return -ENOENT;
	snprintf(i->name, sizeof(i->name), "%s", name);
	/* First: a run that ends between the two looks is then seen as one that runs, not as one that is lost. */
	held = lock_holder(name, &i->loader);
	if (held < 0)
		return held;
	if (!held) {
		i->state = read_file(name, "end", text, sizeof(text)) > 0 ? ENTRY_ENDED : ENTRY_LOST;
		if (i->state == ENTRY_ENDED)
			i->status = (int)strtol(text, NULL, 10);
	}
	if (read_file(name, "info", text, sizeof(text)) > 0)
		while ((line = strsep(&rest, "\n")))
			info_line(i, line);
	return 0;
}

static int forget(const char *name, bool lost_only)
{
	struct entry e;
	int r = entry_lock(&e, name, false);

	/* Under the lock: has it an end by now? */
	if (!r && lost_only && !faccessat(e.dir, "end", F_OK, 0))
		r = -EBUSY;
	if (r)
		entry_close(&e);
	else
		entry_remove(&e);
	return r;
}

int entry_forget(const char *name) { return entry_name_valid(name) ? forget(name, false) : -ENOENT; }

static int entry_visit(const char *name, int (*fn)(const struct entry_info *i, void *arg), void *arg)
{
	struct entry_info i;

	if (entry_read(name, &i))
		return 0; /* it went away meanwhile */
	if (i.state == ENTRY_LOST && forget(name, true) == 0)
		return 0;
	return fn(&i, arg);
}

static int by_name(const void *a, const void *b) { return strcmp(*(char *const *)a, *(char *const *)b); }

static int names_add(char ***names, size_t *count, const char *name)
{
	char **more = realloc(*names, (*count + 1) * sizeof(**names));

	if (!more)
		return -ENOMEM;
	*names = more;
	more[*count] = strdup(name);
	if (!more[*count])
		return -ENOMEM;
	(*count)++;
	return 0;
}

int entry_each(int (*fn)(const struct entry_info *i, void *arg), void *arg)
{
	char **names = NULL;
	size_t count = 0;
	struct dirent *d;
	int r = 0, runs = runs_open(false);
	DIR *dir;

	if (runs < 0)
		return runs;
	dir = fdopendir(runs);
	if (!dir) {
		r = -errno;
		close(runs);
		return r;
	}
	while (!r && (d = readdir(dir)))
		if (entry_name_valid(d->d_name))
			r = names_add(&names, &count, d->d_name);
	closedir(dir);
	if (count)
		qsort(names, count, sizeof(*names), by_name);
	for (size_t i = 0; i < count; i++) {
		if (!r)
			r = entry_visit(names[i], fn, arg);
		free(names[i]);
	}
	free(names);
	return r;
}

int entry_signal(const char *name, int sig)
{
	pid_t pid, again;
	int fd, r = lock_holder(name, &pid);

	if (r <= 0)
		return r ? r : -ESRCH;
	if (!pid)
		return -EXDEV;
	fd = (int)syscall(SYS_pidfd_open, pid, 0u);
	if (fd < 0)
		return -errno;
	/* The descriptor is the run's if the run still holds the lock: its number cannot have been used again. */
	r = lock_holder(name, &again);
	if (r == 1 && again == pid)
		r = syscall(SYS_pidfd_send_signal, fd, sig, NULL, 0u) ? -errno : 0;
	else
		r = r < 0 ? r : -ESRCH;
	close(fd);
	return r;
}
