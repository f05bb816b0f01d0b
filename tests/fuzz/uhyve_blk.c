/* SPDX-License-Identifier: MIT */
/* The disks' requests (machine.h): one to write, whose image the host may cut, and one to read only. */
#include "machine.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static bool limited;
	struct fuzz_input in = { data, size };

	if (!limited)
		machine_limit_files();
	limited = true;
	machine_begin();
	machine.host = devices_host;
	devices_add_blk();
	machine_run(&in);
	devices_check_blk();
	return 0;
}
