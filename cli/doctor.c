/* SPDX-License-Identifier: MIT */
#include "isle.h"
#include "options.h"
#include "msg.h"
#include "verbs.h"

#include <stdio.h>

extern char **environ;

int verb_doctor(char **args)
{
	static const char *const states[] = { "works", "does not work", "not yet" };
	static struct config c;
	bool any = false;

	if (options_read(&c, args, environ))
		return STATUS_LOADER;
	for (size_t i = 0; i < isle_count; i++) {
		struct isle_report r = { .mend = "" };

		isles[i]->report(&c, &r);
		any |= r.state == ISLE_WORKS;
		printf("%-8s %-14s %s\n", isles[i]->name, states[r.state], r.text);
		if (r.mend[0])
			printf("%-8s %-14s mend: %s\n", "", "", r.mend);
	}
	return any ? 0 : 1;
}
