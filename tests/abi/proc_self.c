/* SPDX-License-Identifier: MIT */
/* The files of /proc and /sys that runtimes read: there, well-formed, agreeing with the calls. */
#include "abi.h"
#include <ctype.h>
#include <sched.h>
#include <sys/mman.h>
#include <sys/sysinfo.h>

static char text[1 << 16];

static long slurp(const char *path)
{
	int fd = open(path, O_RDONLY);
	ssize_t n;
	size_t len = 0;

	if (fd < 0)
		return -1;
	while ((n = read(fd, text + len, sizeof(text) - 1 - len)) > 0)
		len += (size_t)n;
	text[len] = 0;
	close(fd);
	return n < 0 ? -1 : (long)len;
}

/* The number behind a name in a file of "Name: number" lines, or -1. */
static long field(const char *name)
{
	const char *p = strstr(text, name);

	return p ? strtol(p + strlen(name), NULL, 10) : -1;
}

static bool maps_has(const void *addr, const char *prot)
{
	unsigned long lo, hi, a = (unsigned long)addr;
	char p[5];

	for (char *line = text; *line; line = strchr(line, '\n') ? strchr(line, '\n') + 1 : line + strlen(line))
		if (sscanf(line, "%lx-%lx %4s", &lo, &hi, p) == 3 && lo <= a && a < hi)
			return strncmp(p, prot, 4) == 0;
	return false;
}

int main(int argc, char **argv)
{
	char buf[PATH_MAX], *p;
	cpu_set_t set;
	int fd, n;
	static int data = 1;

	IS(slurp("/proc/self/cmdline") > 0);
	IS(strcmp(text, argv[0]) == 0);
	IS(slurp("/proc/self/comm") > 0);
	SAY("comm %s", text);
	n = (int)readlink("/proc/self/exe", buf, sizeof(buf) - 1);
	IS(n > 0 && buf[0] == '/');
	buf[n > 0 ? n : 0] = 0;
	SAY("exe %s\n", strrchr(buf, '/') ? strrchr(buf, '/') : buf);
	fd = OK(open("/proc/self/exe", O_RDONLY));
	T(read(fd, buf, 4));
	IS(memcmp(buf, "\177ELF", 4) == 0);
	close(fd);
	n = (int)readlink("/proc/self/cwd", buf, sizeof(buf) - 1);
	buf[n > 0 ? n : 0] = 0;
	p = getcwd(NULL, 0);
	IS(p && strcmp(p, buf) == 0);

	IS(slurp("/proc/self/maps") > 0);
	IS(maps_has((void *)main, "r-xp"));
	IS(maps_has(&data, "rw-p"));
	IS(maps_has(&n, "rw-p"));
	IS(strstr(text, "[stack]") != NULL);
	p = mmap(NULL, 8192, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	slurp("/proc/self/maps");
	IS(maps_has(p + 8191, "r--p"));

	IS(slurp("/proc/self/stat") > 0);
	IS(atoi(text) == getpid() && strchr(text, ')') != NULL);
	n = 0;
	for (p = strrchr(text, ')'); p && *p; p++)
		n += *p == ' ' && p[1] != '\n' && p[1];
	T(n);
	IS(slurp("/proc/self/statm") > 0);
	IS(atol(text) > 0);
	IS(slurp("/proc/self/status") > 0);
	IS(field("Pid:") == getpid());
	IS(field("Threads:") == 1);
	IS(field("VmRSS:") > 0);
	IS(strstr(text, "Cpus_allowed:") != NULL);

	IS(slurp("/proc/meminfo") > 0);
	IS(field("MemTotal:") > 0 && field("MemFree:") > 0 && field("MemAvailable:") > 0);
	IS(field("MemTotal:") >= field("MemFree:"));
	IS(slurp("/proc/cpuinfo") > 0);
	sched_getaffinity(0, sizeof(set), &set);
	n = 0;
	for (p = text; (p = strstr(p, "processor\t:")); p++)
		n++;
	IS(n == get_nprocs_conf() || n == get_nprocs());
	IS(strstr(text, "model name") != NULL && strstr(text, "flags") != NULL);
	IS(slurp("/proc/stat") > 0);
	IS(strncmp(text, "cpu ", 4) == 0 && strstr(text, "btime ") != NULL);
	IS(slurp("/proc/uptime") > 0);
	IS(isdigit((unsigned char)text[0]));
	IS(slurp("/proc/loadavg") > 0);
	IS(slurp("/proc/version") > 0);
	IS(strncmp(text, "Linux version ", 14) == 0);
	IS(slurp("/proc/mounts") > 0);
	IS(slurp("/proc/self/mounts") > 0);
	IS(slurp("/proc/filesystems") > 0);
	IS(slurp("/proc/sys/kernel/osrelease") > 0);
	IS(slurp("/proc/sys/vm/overcommit_memory") > 0);
	IS(slurp("/sys/devices/system/cpu/online") > 0);
	SAY("cpus start at %c\n", text[0]);
	IS(slurp("/sys/devices/system/cpu/possible") > 0);
	IS(slurp("/sys/kernel/mm/transparent_hugepage/enabled") > 0);
	T(slurp("/sys/kernel/mm/transparent_hugepage/missing"));
	T(open("/proc/missing", O_RDONLY));
	T(open("/proc/self/missing", O_RDONLY));
	T(open("/proc/self/maps/x", O_RDONLY));
	T(open("/proc/4000000/maps", O_RDONLY));
	T(unlink("/proc/self/maps"));
	fd = T(open("/proc/self/fd", O_RDONLY | O_DIRECTORY));
	T(close(fd));
	T(access("/proc/self/fd/1", F_OK));
	T(access("/proc/self/fd/77", F_OK));
	T(access("/proc/self/task", F_OK));
	return 0;
}
