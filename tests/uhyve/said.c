/* SPDX-License-Identifier: MIT */
#include "said.h"
#include "msg.h"

#include <stdio.h>

char said[512];
unsigned int said_count;
const char *msg_program;

void msg_error(const char *what, const char *mend, const char *why, ...)
{
	va_list ap;

	va_start(ap, why);
	vsnprintf(said, sizeof(said), why, ap);
	va_end(ap);
	said_count++;
}
