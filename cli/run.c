/* SPDX-License-Identifier: MIT */
/* The verb `run`, and all that `proxy` does. */
#include "boot_record.h"
#include "elf_check.h"
#include "isle.h"
#include "msg.h"
#include "options.h"
#include "pack.h"
#include "program.h"
#include "pump.h"
#include "verbs.h"
#include "view.h"

#include <stdio.h>
#include <stdlib.h>
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

static int run_program(const struct config *c, struct program *p, const struct stdio_state *stdio)
{
	const struct isle *isle = isle_choose(c);
	struct machine m;
	struct pack k;
	struct view v;
	int r;

	if (!isle)
		return STATUS_LOADER;
	r = view_make(&v, c);
	if (!r)
		r = run_pack(&k, c, p, &v, stdio);
	if (!r)
		r = run_check_memory(c, p, &k);
	if (!r)
		r = isle->start(c, &v, k.fd, &m);
	view_free(&v);
	if (r)
		return STATUS_LOADER;
	close(p->fd);
	close(k.fd);
	return pump_run(&m, stdio, p->name, c->verbose);
}

int verb_run(char **args)
{
	static struct config c;
	static struct program p;
	struct stdio_state stdio;
	int r;

	stdio_inspect(&stdio);
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
	r = program_find(&p, c.argv[0]);
	if (r)
		return r;
	if (elf_check(p.fd, (uint64_t)p.st.st_size, p.name, &p.image_size))
		return STATUS_NOEXEC;
	return run_program(&c, &p, &stdio);
}
