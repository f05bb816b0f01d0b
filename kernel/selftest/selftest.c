/* SPDX-License-Identifier: MIT */
#include "selftest/selftest.h"
#include "kernel.h"
#include "lib/log.h"
#include "lib/string.h"
#include "platform/boot.h"
#include "platform/platform.h"
#include "proc/sched.h"
#include "proc/thread.h"

#define KEY "selftest="

void __real_kernel_main(void) __noreturn;
void __wrap_kernel_main(void) __noreturn;

static const struct selftest *find_in(const struct selftest *t, const char *name)
{
	while (t->name && strcmp(t->name, name) != 0)
		t++;
	return t->name ? t : NULL;
}

static const char *wanted(void)
{
	for (unsigned i = 0; i < boot_info.argc; i++)
		if (!strncmp(boot_info.argv[i], KEY, sizeof(KEY) - 1))
			return boot_info.argv[i] + sizeof(KEY) - 1;
	return NULL;
}

static void run(void *arg)
{
	const struct selftest *t = arg;

	t->run();
	if (!t->returns)
		panic("selftest %s: went unnoticed", t->name);
	log_info("selftest %s: passed", t->name);
	platform_power_off(false);
}

void __wrap_kernel_main(void)
{
	const char *name = wanted();
	const struct selftest *t;

	if (!name)
		__real_kernel_main();
	log_verbose = true;
	t = find_in(selftests_wrong, name);
	if (!t)
		t = find_in(selftests_stress, name);
	if (!t)
		t = find_in(selftests_hypervisor, name);
	if (!t)
		panic("there is no selftest %s", name);
	log_info("selftest %s: starts", name);
	if (!thread_spawn_kernel("selftest", run, (void *)t))
		panic("no memory for a thread");
	sched_idle_loop();
}
