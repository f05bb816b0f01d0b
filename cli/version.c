/* SPDX-License-Identifier: MIT */
#include "msg.h"
#include "verbs.h"

#include <stdio.h>

int verb_version(char **args)
{
	if (*args) {
		msg_error(*args, "hermit version takes none", "no such argument");
		return STATUS_LOADER;
	}
	printf("hermit %s\n", HERMIT_VERSION);
	return fflush(stdout) ? STATUS_LOADER : 0;
}
