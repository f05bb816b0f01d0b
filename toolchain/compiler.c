/* SPDX-License-Identifier: MIT */
/* The compiler drivers: looks at the command line, adds to it, becomes the system's compiler. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "driver.h"

/* What the command line asks for, as far as it matters here. */
struct request {
	bool links;	    /* no -c, -S, -E, -M, -MM, -fsyntax-only */
	bool partial;	    /* -r: an object file, not a program */
	bool shared;
	bool form;	    /* one of the options that is_form() knows was given */
	bool pie;	    /* what the last of them asks for */
	bool dumpmachine;
	bool version;
	const char *isa;    /* -m32 and the like */
};

/* Options whose next word is theirs: it must not be read as an option. */
static bool takes_word(const char *arg)
{
	static const char *const list[] = {
		"-o", "-x", "-I", "-L", "-D", "-U", "-l", "-u", "-T", "-B", "-MF", "-MT", "-MQ", "-include", "-imacros",
		"-isystem", "-iquote", "-idirafter", "-iprefix", "-iwithprefix", "-iwithprefixbefore", "-isysroot",
		"-imultilib", "-Xlinker", "-Xassembler", "-Xpreprocessor", "-z", "-e", "-aux-info", "-dumpdir", "-dumpbase",
		"-dumpbase-ext", "-wrapper", "-J", "--param", "-A", "-G", "-fintrinsic-modules-path",
	};

	for (size_t i = 0; i < sizeof(list) / sizeof(list[0]); i++)
		if (!strcmp(arg, list[i]))
			return true;
	return false;
}

static bool is_one_of(const char *arg, const char *const *list)
{
	for (; *list; list++)
		if (!strcmp(arg, *list))
			return true;
	return false;
}

/*
 * The options that choose between a program at a fixed place and a PIE. -pie by itself would ask for a
 * dynamic loader; whoever typed it means "position independent", so it is -static-pie here. GCC makes
 * no sense of several of them together (-static -pie), so only what the last one says is passed on.
 */
static bool is_form(const char *arg, bool *pie)
{
	if (arg[0] == '-' && arg[1] == '-')
		arg++;
	if (!strcmp(arg, "-pie") || !strcmp(arg, "-static-pie"))
		*pie = true;
	else if (!strcmp(arg, "-no-pie") || !strcmp(arg, "-nopie"))
		*pie = false;
	else
		return !strcmp(arg, "-static"); /* goes with both */
	return true;
}

static void request_read(struct request *r, const struct args *args)
{
	static const char *const no_link[] = { "-c", "-S", "-E", "-M", "-MM", "-fsyntax-only", NULL };
	static const char *const other_isa[] = { "-m32", "-mx32", "-m16", "-miamcu", NULL };

	*r = (struct request){ .links = true };
	for (int i = 1; i < args->n; i++) {
		const char *arg = args->v[i];

		if (takes_word(arg))
			i++;
		else if (is_one_of(arg, no_link))
			r->links = false;
		else if (is_one_of(arg, other_isa))
			r->isa = arg;
		else if (!strcmp(arg, "-r"))
			r->partial = true;
		else if (!strcmp(arg, "-shared") || !strcmp(arg, "--shared"))
			r->shared = true;
		else if (is_form(arg, &r->pie))
			r->form = true;
		else if (!strcmp(arg, "-dumpmachine"))
			r->dumpmachine = true;
		else if (!strcmp(arg, "--version"))
			r->version = true;
	}
}

static void request_check(const struct request *r, const struct tool *tool)
{
	if (r->isa)
		die(r->isa, "Hermit runs 64-bit programs only", "leave the option out");
	if (!r->links)
		return;
	if (r->shared)
		die("-shared", "a Hermit program is one static file and loads no shared library",
		    "build a static library with x86_64-hermit-ar, or configure with --disable-shared");
	if (tool->lang == LANG_GO && r->pie)
		die("-static-pie", "gccgo's run-time library crashes in a static PIE", "leave the option out");
}

/* "gcc (Debian ...) 12.2.0" becomes "x86_64-hermit-gcc (Debian ...) 12.2.0": configure scripts
 * look for the rest of the text, people for the name. */
static void version_rename(FILE *from, FILE *to)
{
	char line[4096];
	bool first = true;

	while (fgets(line, sizeof(line), from)) {
		const char *rest = first ? strchr(line, ' ') : NULL;

		first = false;
		if (rest)
			fprintf(to, "%s%s", driver_name, rest);
		else
			fputs(line, to);
	}
}

/* Takes the options of is_form() out; they may have stood in a response file, so args is expanded. */
static void forms_remove(struct args *args)
{
	bool ignored;
	int n = 1;

	for (int i = 1; i < args->n; i++) {
		bool word = takes_word(args->v[i]);

		if (is_form(args->v[i], &ignored))
			continue;
		args->v[n++] = args->v[i];
		if (word && i + 1 < args->n)
			args->v[n++] = args->v[++i];
	}
	args->v[n] = NULL;
	args->n = n;
}

int compiler_main(const struct tool *tool, const struct place *place, struct args *args)
{
	const char *real;
	struct request r;
	struct args seen;
	int at = 1;

	args_expand(&seen, args);
	request_read(&r, &seen);
	if (r.dumpmachine) {
		puts(place->triplet);
		return 0;
	}
	if (!r.version)
		request_check(&r, tool);
	real = tool_find(tool->real, NULL);
	if (!real)
		die(tool->real, "not found in PATH", "install it; on Debian: apt install gcc g++ gfortran gccgo");
	if (r.links && r.form && !r.partial) {
		forms_remove(&seen);
		*args = seen;
	}
	args->v[0] = (char *)real;
	if (r.version)
		return run_filtered(real, args->v, STDOUT_FILENO, version_rename);

	if (tool->lang != LANG_GO)
		args_insert(args, at++, "-D__hermit__=1");
	if (tool->lang != LANG_CPP) {
		args_insert(args, at++, "-B");
		args_insert(args, at++, place->linker_dir);
	}
	if (r.links && tool->lang != LANG_CPP && !r.partial)
		args_insert(args, at, r.pie ? "-static-pie" : "-static");
	execv(real, args->v);
	die(real, strerror(errno), "check the installation");
	return 1;
}
