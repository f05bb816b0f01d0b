/* SPDX-License-Identifier: MIT */
/* The 9p device's requests (machine.h): messages in pieces, and what a driver can do to them. */
#include "machine.h"
#include "tree.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct fuzz_input in = { data, size };

	machine_begin();
	devices_add_9p();
	machine_run(&in);
	tree_check_outside();
	return 0;
}
