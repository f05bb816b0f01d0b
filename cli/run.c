/* SPDX-License-Identifier: MIT */
/* The verb `run`, and all that `proxy` does. */
#define _GNU_SOURCE
#include "boot_record.h"
#include "detach.h"
#include "elf_check.h"
#include "entry.h"
#include "gdb_place.h"
#include "isle.h"
#include "msg.h"
#include "options.h"
#include "pack.h"
#include "program.h"
#include "pump.h"
#include "verbs.h"
#include "view.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

/* Measured: below this a machine ends before it can say why; above, the program gets ENOMEM as it should. */
#define KERNEL_NEED (1536ull << 10)

extern char **environ;

/* The machine holds the archive and, beside it, the program's own memory. */
static int run_check_memory(const struct config *c, const struct program *p, const struct pack *k)
{
	uint64_t need = KERNEL_NEED + k->size + p->image_size;
	char what[96];

	if (c->mem >= need)
		return 0;
	snprintf(what, sizeof(what), "%s=%lluK", c->mem_who, (unsigned long long)(c->mem >> 10));
	msg_error(what, "give more", "too little: %s needs at least %lluM", p->name,
		  (unsigned long long)((need + (1 << 20) - 1) >> 20));
	return -1;
}

static int run_pack(struct pack *k, const struct config *c, const struct program *p, const struct view *v,
		    const struct stdio_state *s)
{
	struct buf record = { 0 };
	int r = boot_record(&record, c, p, v, s, environ);

	if (!r)
		r = pack_make(k, p, &record);
	buf_free(&record);
	return r;
}

/* One run, as the verbs that look at it from outside know it. */
struct run {
	const struct config *c;
	struct program *p;
	struct view *v;
	struct stdio_state stdio;
	struct entry entry;
	struct detach detach;
	struct timespec begin; /* CLOCK_MONOTONIC */
};

static void run_tell(struct run *run, const struct isle *isle, const struct machine *m)
{
	struct entry_info i = { .machine = m->pid, .cpus = run->c->cpus, .mem = run->c->mem, .started = time(NULL) };
	struct timespec now;
	size_t n = 0;

	if (run->entry.dir < 0) /* nobody looks at a run without a name, and a detached one has one */
		return;
	clock_gettime(CLOCK_MONOTONIC, &now);
	i.ready_ms = (now.tv_sec - run->begin.tv_sec) * 1000 + (now.tv_nsec - run->begin.tv_nsec) / 1000000;
	snprintf(i.isle, sizeof(i.isle), "%s", isle->name);
	for (char **a = run->c->argv; *a && n + 1 < sizeof(i.program); a++)
		n += (size_t)snprintf(i.program + n, sizeof(i.program) - n, "%s%s", n ? " " : "", *a);
	for (char *s = i.program; *s; s++)
		if ((unsigned char)*s < ' ' || *s == 127)
			*s = '?';
	if (entry_write(&run->entry, &i))
		msg_warn(run->entry.name, "is XDG_RUNTIME_DIR full?", "the run's entry cannot be written");
	detach_started(&run->detach);
}

static int run_program(struct run *run)
{
	const struct config *c = run->c;
	struct program *p = run->p;
	const struct isle *isle = isle_choose(c);
	struct machine m = { .stats = entry_stats_create(&run->entry) };
	struct pack k;
	int r;

	if (!isle || gdb_place_check(c->gdb))
		return STATUS_LOADER;
	r = run_pack(&k, c, p, run->v, &run->stdio);
	if (!r)
		r = run_check_memory(c, p, &k);
	if (!r)
		r = isle->start(c, run->v, k.fd, &m);
	if (r)
		return STATUS_LOADER;
	if (p->fd >= 0)
		close(p->fd);
	close(k.fd);
	run_tell(run, isle, &m);
	r = pump_run(&m, &run->stdio, p->name, c->verbose);
	gdb_place_clean(c->gdb);
	return r;
}

/* A name for a run that was given none: the program's, as far as it goes, and a number. */
static void run_name(const struct run *run, char name[ENTRY_NAME_MAX + 1])
{
	const char *slash = strrchr(run->c->argv[0], '/'), *base = slash ? slash + 1 : run->c->argv[0];

	snprintf(name, ENTRY_NAME_MAX + 1, "%.40s-%d", base, (int)getpid());
	for (char *s = name; *s; s++)
		if (!entry_name_valid((char[]){ 'a', *s, 0 }))
			*s = '_';
	if (!entry_name_valid(name))
		name[0] = 'x';
}

/* Takes the entry of a run that has a name.  -1 to go on, else the exit status. */
static int run_enter(struct run *run)
{
	const char *name = run->c->hostname;
	char made[ENTRY_NAME_MAX + 1];
	int r;

	if (run->c->detach) {
		if (!name) {
			run_name(run, made);
			name = made;
		}
		r = detach_run(&run->detach, &run->entry, name);
		if (r < 0)
			stdio_inspect(&run->stdio);
		return r;
	}
	if (!name)
		return -1;
	r = entry_make(&run->entry, name);
	if (r == -EBUSY) {
		msg_error(name, "choose another --name, or hermit kill it", "such a run is there");
		return STATUS_LOADER;
	}
	if (r && run->c->verbose)
		msg_warn(name, "set XDG_RUNTIME_DIR to a directory of your own", "hermit ps will not show it: %s",
			 strerror(-r));
	return -1;
}

int verb_run(char **args)
{
	static struct config c;
	static struct program p;
	static struct view v;
	struct run run = { .c = &c, .p = &p, .v = &v, .entry = ENTRY_NONE, .detach = { .ready = -1 } };
	int r;

	clock_gettime(CLOCK_MONOTONIC, &run.begin);
	stdio_inspect(&run.stdio);
	if (options_read(&c, args, environ))
		return STATUS_LOADER;
	if (c.help)
		return verb_help((char *[]){ NULL });
	if (c.version)
		return verb_version((char *[]){ NULL });
	if (!c.argv) {
		msg_error("run", "hermit run [options] PROGRAM [ARGUMENT...]", "no program named");
		return STATUS_LOADER;
	}
	if (view_make(&v, &c)) {
		view_free(&v);
		return STATUS_LOADER;
	}
	r = view_root(&v) ? program_find_in_root(&p, c.argv[0], &c, &v) : program_find(&p, c.argv[0]);
	if (!r && p.fd >= 0 && elf_check(p.fd, (uint64_t)p.st.st_size, p.name, p.in_root, &p.image_size))
		r = STATUS_NOEXEC;
	if (r)
		return r;
	r = run_enter(&run);
	if (r >= 0)
		return r;
	r = run_program(&run);
	view_free(&v);
	if (run.detach.ready >= 0) { /* it has not even begun */
		detach_failed(&run.detach, &run.entry);
		entry_remove(&run.entry);
	} else {
		entry_end(&run.entry, r);
	}
	return r;
}
