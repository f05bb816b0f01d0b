/* SPDX-License-Identifier: MIT */
/* The console's requests (machine.h), with a host that speaks, does not listen, and goes away. */
#include "machine.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct fuzz_input in = { data, size };

	machine_begin();
	machine.host = devices_host;
	devices_add_console();
	machine_run(&in);
	return 0;
}
