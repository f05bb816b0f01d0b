/* SPDX-License-Identifier: MIT */
/* uhyve's messages (cli/msg.h): formatted, so that their arguments are looked at, and shown to nobody. */
#include "msg.h"

#include <stdarg.h>
#include <stdio.h>

const char *msg_program = "fuzz";

void msg_error(const char *what, const char *mend, const char *why, ...)
{
	char line[512];
	va_list ap;

	va_start(ap, why);
	vsnprintf(line, sizeof(line), why, ap);
	va_end(ap);
}
