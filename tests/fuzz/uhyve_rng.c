/* SPDX-License-Identifier: MIT */
/* The entropy device's requests (machine.h). */
#include "machine.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct fuzz_input in = { data, size };

	machine_begin();
	FUZZ_CHECK(!rng_add(&machine.bus));
	machine_run(&in);
	return 0;
}
