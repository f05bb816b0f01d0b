/* SPDX-License-Identifier: MIT */
/* arch_prctl(2): the program's segment bases. */
#include <arch/switch.h>
#include "proc/thread.h"
#include "syscall/syscall.h"

#define ARCH_SET_GS 0x1001
#define ARCH_SET_FS 0x1002
#define ARCH_GET_FS 0x1003
#define ARCH_GET_GS 0x1004

long sys_arch_prctl(int code, u64 addr)
{
	u64 zero = 0, base;

	switch (code) {
	case ARCH_SET_FS:
		/* A non-canonical base would make the kernel's own WRMSR fault. */
		if (!user_range_ok((void __user *)addr, 1))
			return -EPERM;
		arch_set_tls(current, addr);
		return 0;
	case ARCH_GET_FS:
		base = arch_get_tls(current);
		return put_user(base, (u64 __user *)addr);
	case ARCH_GET_GS:
		return put_user(zero, (u64 __user *)addr);
	case ARCH_SET_GS: /* GS is the kernel's: docs/limits.md.  What it is already may be asked for. */
		return addr == 0 ? 0 : -EPERM;
	default: /* CPUID faulting, shadow stacks, AMX: a CPU without them */
		return -EINVAL;
	}
}
