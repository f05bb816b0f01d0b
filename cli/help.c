/* SPDX-License-Identifier: MIT */
#include "msg.h"
#include "options.h"
#include "verbs.h"

#include <stdio.h>

int verb_help(char **args)
{
	printf("usage: hermit VERB ...\n");
	return 0;
}
