/* SPDX-License-Identifier: MIT */
/* The auxiliary vector names a vDSO, and the functions in it tell the same time as the system calls. */
#include "abi.h"
#include <elf.h>
#include <sys/auxv.h>
#include <time.h>

static const Elf64_Ehdr *vdso;

static const void *at(uint64_t addr) { return (const char *)vdso + addr; }

/* By the dynamic section alone, as a C library does it; SYMTAB's length is DT_HASH's second word. */
static void *find(const char *name)
{
	const Elf64_Phdr *ph = at(vdso->e_phoff);
	const Elf64_Dyn *dyn = NULL;
	const Elf64_Sym *sym = NULL;
	const uint32_t *hash = NULL;
	const char *str = NULL;

	for (int i = 0; i < vdso->e_phnum; i++)
		if (ph[i].p_type == PT_DYNAMIC)
			dyn = at(ph[i].p_vaddr);
	for (; dyn && dyn->d_tag != DT_NULL; dyn++) {
		if (dyn->d_tag == DT_SYMTAB)
			sym = at(dyn->d_un.d_ptr);
		else if (dyn->d_tag == DT_STRTAB)
			str = at(dyn->d_un.d_ptr);
		else if (dyn->d_tag == DT_HASH)
			hash = at(dyn->d_un.d_ptr);
	}
	for (uint32_t i = 0; sym && str && hash && i < hash[1]; i++)
		if (!strcmp(str + sym[i].st_name, name))
			return (void *)at(sym[i].st_value);
	return NULL;
}

static int64_t ns(const struct timespec *ts) { return ts->tv_sec * INT64_C(1000000000) + ts->tv_nsec; }

static bool between(clockid_t clock, int (*fn)(clockid_t, struct timespec *))
{
	struct timespec before, now, after;

	for (int i = 0; i < 1000; i++) {
		syscall(SYS_clock_gettime, clock, &before);
		if (fn(clock, &now))
			return false;
		syscall(SYS_clock_gettime, clock, &after);
		if (ns(&now) < ns(&before) || ns(&now) > ns(&after))
			return false;
	}
	return true;
}

int main(void)
{
	int (*gettime)(clockid_t, struct timespec *);
	struct timespec ts;

	vdso = (const Elf64_Ehdr *)getauxval(AT_SYSINFO_EHDR);
	abi_ok("there is a vDSO", vdso && !memcmp(vdso->e_ident, ELFMAG, SELFMAG), 0);
	if (!vdso)
		return 1;
	gettime = (int (*)(clockid_t, struct timespec *))find("__vdso_clock_gettime");
	abi_ok("__vdso_clock_gettime", gettime != NULL, 0);
	abi_ok("__vdso_gettimeofday", find("__vdso_gettimeofday") != NULL, 0);
	abi_ok("__vdso_time", find("__vdso_time") != NULL, 0);
	if (!gettime)
		return 1;
	abi_ok("monotonic lies between two system calls", between(CLOCK_MONOTONIC, gettime), 0);
	abi_ok("realtime lies between two system calls", between(CLOCK_REALTIME, gettime), 0);
	abi_ok("CPU time goes through to the kernel", gettime(CLOCK_PROCESS_CPUTIME_ID, &ts) == 0, 0);
	return 0;
}
