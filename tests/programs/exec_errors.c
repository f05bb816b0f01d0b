/* SPDX-License-Identifier: MIT */
/* What execve(2) and execveat(2) refuse, and that the program goes on as if nothing had happened. */
#include "../abi/abi.h"
#include <elf.h>
#include <stddef.h>
#include <sys/mman.h>
#include <sys/resource.h>

static char *args[] = {"x", NULL}, *none[] = {NULL};

static void file(const char *name, const void *bytes, size_t n, mode_t mode)
{
	int fd = open(name, O_WRONLY | O_CREAT | O_TRUNC, 0700);

	if (fd < 0 || write(fd, bytes, n) != (ssize_t)n)
		SAY("%s cannot be made\n", name);
	close(fd);
	chmod(name, mode);
}

static void script(const char *name, const char *text) { file(name, text, strlen(text), 0755); }

/* An ELF file that is right but for what is changed by the caller. */
static struct image {
	Elf64_Ehdr eh;
	Elf64_Phdr ph[3];
	char interp[64];
	char code[64];
} good = {
	.eh = {.e_ident = {0x7f, 'E', 'L', 'F', ELFCLASS64, ELFDATA2LSB, EV_CURRENT},
	       .e_type = ET_EXEC, .e_machine = EM_X86_64, .e_version = EV_CURRENT, .e_entry = 0x400000 + offsetof(struct image, code),
	       .e_phoff = sizeof(Elf64_Ehdr), .e_ehsize = sizeof(Elf64_Ehdr), .e_phentsize = sizeof(Elf64_Phdr), .e_phnum = 2},
	.ph = {{.p_type = PT_INTERP, .p_flags = PF_R, .p_offset = offsetof(struct image, interp), .p_filesz = 20, .p_memsz = 20},
	       {.p_type = PT_LOAD, .p_flags = PF_R | PF_X, .p_vaddr = 0x400000, .p_filesz = sizeof(struct image),
		.p_memsz = sizeof(struct image), .p_align = 4096}},
};

static void elf(const char *name, const char *interp, size_t interp_size)
{
	struct image i = good;

	strcpy(i.interp, interp);
	i.ph[0].p_filesz = i.ph[0].p_memsz = interp_size;
	file(name, &i, sizeof(i), 0755);
}

static void files(void)
{
	struct image i;

	T(execve("missing", args, none));
	T(execve("", args, none));
	T(execve("/", args, none));
	file("plain", "hello", 5, 0644);
	T(execve("plain", args, none));
	T(execve("plain/x", args, none));
	file("text", "hello\n", 6, 0755);
	T(execve("text", args, none));
	file("empty", "", 0, 0755);
	T(execve("empty", args, none));
	T(execve("/dev/null", args, none));
	T(symlink("loop", "loop"));
	T(execve("loop", args, none));
	T(symlink("missing", "dangling"));
	T(execve("dangling", args, none));

	i = good;
	i.eh.e_machine = EM_AARCH64;
	file("aarch64", &i, sizeof(i), 0755);
	T(execve("aarch64", args, none));
	i = good;
	i.eh.e_phnum = 0;
	file("no-headers", &i, sizeof(i), 0755);
	T(execve("no-headers", args, none));
	i = good;
	i.eh.e_type = ET_REL;
	file("object", &i, sizeof(i), 0755);
	T(execve("object", args, none));
	file("short", &good, 30, 0755);
	T(execve("short", args, none));
}

static void interpreters(void)
{
	elf("interp-missing", "/nowhere/ld.so", 15);
	T(execve("interp-missing", args, none));
	elf("interp-unended", "/nowhere/ld.so", 14);
	T(execve("interp-unended", args, none));
	elf("interp-directory", "/", 2);
	T(execve("interp-directory", args, none));
	elf("interp-text", "text", 5);
	file("text", "this is longer than the header of an ELF file has to be, so that it is read and not found short\n", 97, 0755);
	T(execve("interp-text", args, none));
	elf("interp-not-executable", "plain", 6);
	T(execve("interp-not-executable", args, none));
	elf("interp-other", "aarch64", 8);
	T(execve("interp-other", args, none));
}

static void scripts(void)
{
	char line[400];

	script("s-none", "#!\n");
	T(execve("s-none", args, none));
	script("s-blank", "#!  \t \n");
	T(execve("s-blank", args, none));
	script("s-missing", "#!/nowhere/sh\n");
	T(execve("s-missing", args, none));
	script("s-directory", "#!/\n");
	T(execve("s-directory", args, none));
	script("s-itself", "#!s-itself\n");
	T(execve("s-itself", args, none));
	script("s-a", "#!s-b\n");
	script("s-b", "#! s-a -x\n");
	T(execve("s-a", args, none));
	memset(line, 'x', sizeof(line));
	memcpy(line, "#!/", 3);
	line[sizeof(line) - 1] = 0;
	script("s-long", line);
	T(execve("s-long", args, none));
	line[254] = '\n';
	line[255] = 0;
	script("s-255", line);
	T(execve("s-255", args, none));
	script("s-binary", "#!text\n");
	T(execve("s-binary", args, none));
	script("s-no-newline", "#!/nowhere/sh");
	T(execve("s-no-newline", args, none));
}

static void arguments(void)
{
	static char big[140000], *many[300];
	char **tight = mmap(NULL, 8192, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	struct rlimit small;

	T(execve(BAD, args, none));
	T(execve("text", BAD, none));
	T(execve("text", args, BAD));
	munmap((char *)tight + 4096, 4096);
	tight[511] = "x"; /* the list runs into what is not mapped */
	T(execve("text", tight + 511, none));
	T(execve("text", (char *[]){BAD, NULL}, none));
	memset(big, 'a', sizeof(big) - 1);
	T(execve("/proc/self/exe", (char *[]){big, NULL}, none));
	T(execve("/proc/self/exe", args, (char *[]){big, NULL}));
	big[131072] = 0;
	T(execve("text", (char *[]){big, NULL}, none)); /* with its NUL one byte too long */
	big[131071] = 0;
	T(execve("text", (char *[]){big, NULL}, none));
	big[100000] = 0;
	for (unsigned i = 0; i < 299; i++)
		many[i] = big;
	T(execve("/proc/self/exe", many, none)); /* together 30 MB */
	getrlimit(RLIMIT_STACK, &small);
	small.rlim_cur = 1 << 20;
	setrlimit(RLIMIT_STACK, &small);
	many[3] = NULL;
	T(execve("/proc/self/exe", many, none)); /* a quarter of the stack is 256 KiB */
	many[2] = NULL;
	T(execve("text", many, none));
}

static void at(void)
{
	int dir = open(".", O_RDONLY | O_DIRECTORY), fd = open("text", O_RDONLY | O_CLOEXEC), in;

	T(execveat(dir, "missing", args, none, 0));
	T(execveat(dir, "text", args, none, 0));
	T(execveat(99, "text", args, none, 0));
	T(execveat(fd, "text", args, none, 0));
	T(execveat(fd, "", args, none, 0));
	T(execveat(fd, "", args, none, AT_EMPTY_PATH));
	T(execveat(dir, "", args, none, AT_EMPTY_PATH));
	T(execveat(dir, "text", args, none, 0x40));
	T(execveat(dir, "dangling", args, none, AT_SYMLINK_NOFOLLOW));
	in = open("s-missing", O_RDONLY | O_CLOEXEC);
	T(execveat(in, "", args, none, AT_EMPTY_PATH)); /* its interpreter could not open it any more */
	in = open("s-missing", O_RDONLY);
	T(execveat(in, "", args, none, AT_EMPTY_PATH));
}

int main(int argc, char **argv)
{
	if (argc < 1 || !strcmp(argv[0], "x")) {
		SAY("this program has been started\n");
		return 1;
	}
	files();
	interpreters();
	scripts();
	arguments();
	at();
	return 0;
}
