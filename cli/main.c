/* SPDX-License-Identifier: MIT */
#include "msg.h"
#include "text.h"
#include "verbs.h"

#include <stdio.h>
#include <string.h>

const struct verb verbs[] = {
#define VERB(name_, what_) { #name_, what_, verb_##name_ },
#include "verbs.def"
#undef VERB
};
const unsigned int verb_count = sizeof(verbs) / sizeof(verbs[0]);

static int verb_unknown(const char *name)
{
	const char *near = text_nearest(name, verbs, verb_count, sizeof(verbs[0]));
	char mend[300];

	if (strchr(name, '/') || !near)
		snprintf(mend, sizeof(mend), "to run a program: hermit run %.200s", name);
	else
		snprintf(mend, sizeof(mend), "did you mean %s?", near);
	msg_error(name, mend, "no such verb");
	return STATUS_LOADER;
}

/* One program, two names: as HermitCore's loader it runs what it is given, as `hermit` it has verbs. */
int main(int argc, char **argv)
{
	const char *self = argc > 0 ? argv[0] : "hermit", *slash = strrchr(self, '/');

	if (argc == 0)
		return verb_help(argv);
	if (slash)
		self = slash + 1;
	if (!strncmp(self, "proxy", 5))
		return verb_run(argv + 1);
	if (argc < 2 || !strcmp(argv[1], "-h") || !strcmp(argv[1], "--help"))
		return verb_help(argv + argc);
	if (!strcmp(argv[1], "-V") || !strcmp(argv[1], "--version"))
		return verb_version(argv + argc);
	for (unsigned int i = 0; i < verb_count; i++)
		if (!strcmp(argv[1], verbs[i].name))
			return verbs[i].run(argv + 2);
	return verb_unknown(argv[1]);
}
