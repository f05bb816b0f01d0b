/* SPDX-License-Identifier: MIT */
/*
 * The verb `help`: the option table as text for a terminal, as a man page
 * (help man) and as shell completion (help bash).  The build installs the last
 * two from here, so that they cannot differ from what the parser takes.
 */
#include "msg.h"
#include "options.h"
#include "verbs.h"

#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#define WIDTH  80
#define INDENT 8

/* --- text --- */

static void text_wrap(const char *s)
{
	size_t column = 0;

	while (*s) {
		size_t n = strcspn(s, " ");

		if (column && column + 1 + n > WIDTH - INDENT) {
			putchar('\n');
			column = 0;
		}
		if (column)
			putchar(' ');
		else
			printf("%*s", INDENT, "");
		column += n + (column != 0);
		printf("%.*s", (int)n, s);
		s += n;
		s += *s == ' ';
	}
	putchar('\n');
}

static void text_names(const struct option_row *o)
{
	const char *comma = "  ";

	if (o->letter) {
		printf("%s-%c", comma, o->letter);
		if (o->arg)
			printf(" %s", o->arg);
		comma = ", ";
	}
	if (o->name) {
		printf("%s--%s", comma, o->name);
		if (o->arg)
			printf(" %s", o->arg);
		comma = ", ";
	}
	if (o->variable)
		printf("%s%s=%s", comma, o->variable, o->arg ? o->arg : "0|1");
	putchar('\n');
}

static void text_row(const struct option_row *o)
{
	char text[600];

	text_names(o);
	snprintf(text, sizeof(text), "%s%s%s%s", o->help, o->def ? " Default: " : "", o->def ? o->def : "",
		 o->def ? "." : "");
	text_wrap(text);
}

static void help_text(void)
{
	printf("usage: hermit run [OPTIONS] PROGRAM [ARGUMENT...]\n"
	       "       proxy [OPTIONS] PROGRAM [ARGUMENT...]\n");
	for (unsigned int i = 0; i < verb_count; i++)
		printf("  hermit %-10s %s\n", verbs[i].name, verbs[i].what);
	printf("\nOptions end at the program's name. An option goes before its variable, a variable before\n"
	       "the default; an empty variable counts as unset.\n");
	for (size_t i = 0; i < option_count; i++) {
		if (option_rows[i].group)
			printf("\n%s:\n", option_rows[i].group);
		else
			text_row(&option_rows[i]);
	}
	printf("\nStatus: the program's (128 + N if signal N ended it); 125: hermit could not do its part,\n"
	       "126: the program cannot be run, 127: there is no such program.\n");
}

/* --- man page --- */

/* roff reads '-' as a hyphen, and '.' or "'" at the start of a line as a request. */
static void man_put(const char *s)
{
	if (*s == '.' || *s == '\'')
		printf("\\&");
	for (; *s; s++) {
		if (*s == '-')
			printf("\\-");
		else if (*s == '\\')
			printf("\\e");
		else
			putchar(*s);
	}
}

static void man_name(const char *sep, const char *dash, const char *name, const char *eq, const char *arg)
{
	printf("%s\\fB", sep);
	man_put(dash);
	man_put(name);
	printf("\\fR");
	if (arg) {
		printf("%s\\fI", eq);
		man_put(arg);
		printf("\\fR");
	}
}

static void man_row(const struct option_row *o)
{
	const char *sep = "";

	printf(".TP\n");
	if (o->letter) {
		man_name(sep, "-", (char[]){ o->letter, 0 }, " ", o->arg);
		sep = ", ";
	}
	if (o->name) {
		man_name(sep, "--", o->name, " ", o->arg);
		sep = ", ";
	}
	if (o->variable)
		man_name(sep, "", o->variable, "=", o->arg ? o->arg : "0|1");
	printf("\n");
	man_put(o->help);
	if (o->def) {
		printf("\nDefault: ");
		man_put(o->def);
		putchar('.');
	}
	printf("\n");
}

static void help_man(void)
{
	printf(".TH HERMIT 1 \"\" \"hermit %s\" \"User Commands\"\n", HERMIT_VERSION);
	printf(".SH NAME\nhermit, proxy \\- run a Linux program as a unikernel\n");
	printf(".SH SYNOPSIS\n.B hermit run\n[\\fIOPTIONS\\fR] \\fIPROGRAM\\fR [\\fIARGUMENT\\fR...]\n.br\n"
	       ".B proxy\n[\\fIOPTIONS\\fR] \\fIPROGRAM\\fR [\\fIARGUMENT\\fR...]\n");
	for (unsigned int i = 1; i < verb_count; i++)
		printf(".br\n.B hermit %s\n", verbs[i].name);
	printf(".SH DESCRIPTION\nRuns one program as its own small operating system, in the isle that "
	       "\\fBHERMIT_ISLE\\fR names.\nStandard streams, arguments, environment, working directory, "
	       "signals and exit status pass through.\nOptions end at the program's name. An option goes "
	       "before its variable, a variable before the default;\nan empty variable counts as unset.\n");
	printf(".SH VERBS\n");
	for (unsigned int i = 0; i < verb_count; i++) {
		printf(".TP\n.B %s\n", verbs[i].name);
		man_put(verbs[i].what);
		printf("\n");
	}
	for (size_t i = 0; i < option_count; i++) {
		if (option_rows[i].group)
			printf(".SH \"%s\"\n", option_rows[i].group);
		else
			man_row(&option_rows[i]);
	}
	printf(".SH \"EXIT STATUS\"\nThe program's, or 128 + N if signal N ended it.\n"
	       ".TP\n125\nhermit could not do its part; one line on stderr says what, why, and what to do.\n"
	       ".TP\n126\nThe program cannot be run.\n.TP\n127\nThere is no such program.\n");
}

/* --- shell completion --- */

static void bash_options(void)
{
	for (size_t i = 0; i < option_count; i++)
		if (option_rows[i].name)
			printf("--%s ", option_rows[i].name);
}

/* Options that take a value: the word after one of them is not the program. */
static void bash_with_value(void)
{
	const char *sep = "";

	for (size_t i = 0; i < option_count; i++) {
		const struct option_row *o = &option_rows[i];

		if (!o->arg)
			continue;
		if (o->letter) {
			printf("%s-%c", sep, o->letter);
			sep = "|";
		}
		if (o->name) {
			printf("%s--%s", sep, o->name);
			sep = "|";
		}
	}
}

static void help_bash(void)
{
	printf("# bash completion for hermit and proxy; made by `hermit help bash`.\n"
	       "_hermit() {\n"
	       "\tlocal cur=${COMP_WORDS[COMP_CWORD]} prev=${COMP_WORDS[COMP_CWORD-1]} i=1\n"
	       "\tif [ \"${COMP_WORDS[0]##*/}\" = hermit ]; then\n"
	       "\t\tif [ \"$COMP_CWORD\" = 1 ]; then\n"
	       "\t\t\tCOMPREPLY=($(compgen -W '");
	for (unsigned int i = 0; i < verb_count; i++)
		printf("%s ", verbs[i].name);
	printf("' -- \"$cur\"))\n\t\t\treturn\n\t\tfi\n\t\ti=2\n\tfi\n"
	       "\tcase $prev in\n"
	       "\t--isle) COMPREPLY=($(compgen -W 'qemu uhyve process' -- \"$cur\")); return ;;\n"
	       "\t--machine) COMPREPLY=($(compgen -W 'microvm q35 pc' -- \"$cur\")); return ;;\n"
	       "\tesac\n"
	       "\twhile [ $i -lt \"$COMP_CWORD\" ]; do\n"
	       "\t\tcase ${COMP_WORDS[i]} in\n"
	       "\t\t");
	bash_with_value();
	printf(") i=$((i + 2)) ;;\n"
	       "\t\t-*) i=$((i + 1)) ;;\n"
	       "\t\t*) COMPREPLY=($(compgen -f -- \"$cur\")); return ;;\n"
	       "\t\tesac\n"
	       "\tdone\n"
	       "\tcase $cur in\n"
	       "\t-*) COMPREPLY=($(compgen -W '");
	bash_options();
	printf("' -- \"$cur\")) ;;\n"
	       "\t*/*) COMPREPLY=($(compgen -f -- \"$cur\")) ;;\n"
	       "\t*) COMPREPLY=($(compgen -c -- \"$cur\")) ;;\n"
	       "\tesac\n"
	       "}\n"
	       "complete -o filenames -F _hermit hermit proxy\n");
}

int verb_help(char **args)
{
	if (!*args)
		help_text();
	else if (!strcmp(*args, "man"))
		help_man();
	else if (!strcmp(*args, "bash"))
		help_bash();
	else {
		msg_error(*args, "there are hermit help, hermit help man and hermit help bash", "no such help");
		return STATUS_LOADER;
	}
	if (fflush(stdout) || ferror(stdout)) {
		msg_error("help", "check where stdout goes", "cannot be written");
		return STATUS_LOADER;
	}
	return 0;
}
