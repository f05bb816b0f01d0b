/* SPDX-License-Identifier: MIT */
#include "verbs.h"

#include <stdio.h>

int verb_version(char **args)
{
	printf("hermit %s\n", HERMIT_VERSION);
	return 0;
}
