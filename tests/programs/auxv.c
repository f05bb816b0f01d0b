/* SPDX-License-Identifier: MIT */
/* What a program finds when it starts: the auxiliary vector, where things lie, that they move from run to run. */
#include "../abi/abi.h"
#include <dlfcn.h>
#include <elf.h>
#include <link.h>
#include <sys/auxv.h>

extern char _start[], __ehdr_start[];
static int in_data = 5, in_bss[5000];

/* The line of /proc/self/maps that holds an address: permissions and the file's last component. */
static void where(const char *what, const void *p)
{
	unsigned long from, to;
	char line[512], perms[8], path[400];
	FILE *f = fopen("/proc/self/maps", "re");

	while (f && fgets(line, sizeof(line), f)) {
		path[0] = 0;
		if (sscanf(line, "%lx-%lx %7s %*s %*s %*s %399s", &from, &to, perms, path) < 3)
			continue;
		if ((unsigned long)p < from || (unsigned long)p >= to)
			continue;
		printf("%s: %s %s\n", what, perms, strrchr(path, '/') ? strrchr(path, '/') + 1 : path);
	}
	if (f)
		fclose(f);
}

int main(int argc, char **argv, char **envp)
{
	const ElfW(Phdr) *ph = (const ElfW(Phdr) *)getauxval(AT_PHDR);
	const char *execfn = (const char *)getauxval(AT_EXECFN), *slash = strrchr(execfn, '/');
	bool interp = false;
	char exe[PATH_MAX] = "";

	for (unsigned long i = 0; i < getauxval(AT_PHNUM); i++)
		interp |= ph[i].p_type == PT_INTERP;
	SAY("interpreter %d\n", interp);
	IS(getauxval(AT_PHENT) == sizeof(*ph));
	IS((const char *)ph == __ehdr_start + ((ElfW(Ehdr) *)__ehdr_start)->e_phoff);
	IS(getauxval(AT_ENTRY) == (unsigned long)_start);
	IS(!!getauxval(AT_BASE) == interp);
	IS(!interp || !memcmp((void *)getauxval(AT_BASE), ELFMAG, SELFMAG));
	IS(!memcmp((void *)getauxval(AT_SYSINFO_EHDR), ELFMAG, SELFMAG));
	IS(getauxval(AT_PAGESZ) == 4096);
	IS(getauxval(AT_SECURE) == 0);
	IS(getauxval(AT_FLAGS) == 0);
	IS(getauxval(AT_UID) == getuid() && getauxval(AT_EUID) == geteuid());
	IS(getauxval(AT_GID) == getgid() && getauxval(AT_EGID) == getegid());
	IS(getauxval(AT_CLKTCK) == (unsigned long)sysconf(_SC_CLK_TCK));
	IS(!strcmp((const char *)getauxval(AT_PLATFORM), "x86_64"));
	IS(memcmp((void *)getauxval(AT_RANDOM), (char[16]){0}, 16) != 0);
	IS((unsigned long)envp == (unsigned long)(argv + argc + 1));
	IS(((unsigned long)argv - 8) % 16 == 0);
	SAY("execfn %s, argc %d, argv[0] %s\n", slash ? slash + 1 : execfn, argc,
	    strrchr(argv[0], '/') ? strrchr(argv[0], '/') + 1 : argv[0]);
	IS(readlink("/proc/self/exe", exe, sizeof(exe) - 1) > 0);
	SAY("exe %s\n", strrchr(exe, '/') ? strrchr(exe, '/') + 1 : exe);
	for (unsigned i = 0; i < sizeof(in_bss) / sizeof(in_bss[0]); i++)
		if (in_bss[i])
			SAY("bss has %d\n", in_bss[i]);
	in_bss[4999] = in_data;
	where("code", (void *)main);
	where("data", &in_data);
	where("stack", &argc);
	where("vdso", (void *)getauxval(AT_SYSINFO_EHDR));
	if (interp)
		where("interpreter", (void *)getauxval(AT_BASE));
	return 0;
}
