/* SPDX-License-Identifier: MIT */
/* All devices beside each other, for writes to any register of any of them (machine.h). */
#include "machine.h"
#include "tree.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct fuzz_input in = { data, size };

	machine_begin();
	machine.host = devices_host;
	FUZZ_CHECK(!rng_add(&machine.bus));
	devices_add_console();
	devices_add_9p();
	devices_add_blk();
	machine_run(&in);
	devices_check_blk();
	tree_check_outside();
	return 0;
}
