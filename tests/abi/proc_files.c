/* SPDX-License-Identifier: MIT */
/* Files of /proc that tools read: the areas' counts, tables of sockets, namespaces, those of a thread. */
#include "abi.h"
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/un.h>

static char text[1 << 20];

static bool load(const char *path)
{
	int fd = open(path, O_RDONLY);
	size_t len = 0;
	ssize_t n;

	if (fd < 0) {
		SAY("%s: %s\n", path, strerrorname_np(errno));
		return false;
	}
	while (len < sizeof(text) - 1 && (n = read(fd, text + len, sizeof(text) - 1 - len)) > 0)
		len += (size_t)n;
	text[len] = 0;
	close(fd);
	return true;
}

/* The value in kB of a field of the area that begins at p; -1: there is none. */
static long field(const char *p, const char *name)
{
	char head[64], *at, *end;

	snprintf(head, sizeof(head), "%s:", name);
	end = strstr(p, "VmFlags:");
	for (at = strstr(p, head); at && at[-1] != '\n'; at = strstr(at + 1, head))
		;
	return at && (!end || at < end) ? strtol(at + strlen(head), NULL, 10) : -1;
}

static void areas(void)
{
	static const char *const names[] = {"Size", "KernelPageSize", "MMUPageSize", "Rss", "Pss", "Shared_Clean",
		"Shared_Dirty", "Private_Clean", "Private_Dirty", "Referenced", "Anonymous", "AnonHugePages",
		"ShmemPmdMapped", "Swap", "SwapPss", "Locked", "THPeligible"};
	char *touched = mmap(NULL, 3 << 20, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0), start[32];
	char *vast = mmap(NULL, 1ul << 40, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0), *p;
	unsigned blocks = 0, flags = 0;
	long rss;

	/* An area of its own, of pages that are not huge. */
	mprotect(touched, 1 << 20, PROT_NONE);
	mprotect(touched + (2 << 20), 1 << 20, PROT_NONE);
	madvise(touched + (1 << 20), 1 << 20, MADV_NOHUGEPAGE);
	for (size_t i = 0; i < 100 * 4096; i += 4096)
		touched[(1 << 20) + i] = 1;
	if (!load("/proc/self/smaps"))
		return;
	snprintf(start, sizeof(start), "%lx-", (unsigned long)touched + (1 << 20));
	p = strstr(text, start);
	IS(p);
	if (!p)
		return;
	for (size_t i = 0; i < sizeof(names) / sizeof(*names); i++)
		if (field(p, names[i]) < 0)
			SAY("no %s\n", names[i]);
	SAY("size %ld, rss %ld, pss %ld, dirty %ld, anonymous %ld, swap %ld\n", field(p, "Size"), field(p, "Rss"),
	    field(p, "Pss"), field(p, "Private_Dirty"), field(p, "Anonymous"), field(p, "Swap"));
	p = strstr(p, "VmFlags:");
	IS(p && !strncmp(p, "VmFlags: rd wr mr mw me", 23));
	snprintf(start, sizeof(start), "%lx-", (unsigned long)vast);
	p = strstr(text, start);
	IS(p && field(p, "Size") == 1l << 30 && field(p, "Rss") == 0);
	for (p = text; (p = strstr(p, "\nSize:")); p++)
		blocks++;
	for (p = text; (p = strstr(p, "\nVmFlags:")); p++)
		flags++;
	IS(blocks == flags && blocks > 4);
	IS(strstr(text, "[stack]"));
	load("/proc/self/smaps_rollup");
	IS(strstr(text, "[rollup]\n"));
	rss = field(strchr(text, '\n'), "Rss");
	IS(rss >= 400 && rss < 100000 && field(strchr(text, '\n'), "Anonymous") >= 400);
	munmap(vast, 1ul << 40);
}

static void first_line(const char *path)
{
	if (!load(path))
		return;
	text[strcspn(text, "\n")] = 0;
	SAY("%s: %s\n", path, text);
}

static void sockets(void)
{
	struct sockaddr_un a = {.sun_family = AF_UNIX, .sun_path = "\0proc_files-of-abi"};
	int fd = socket(AF_UNIX, SOCK_STREAM, 0);
	char *p;

	T(bind(fd, (void *)&a, 2 + 18));
	T(listen(fd, 1));
	first_line("/proc/net/unix");
	first_line("/proc/self/net/netlink");
	first_line("/proc/net/packet");
	load("/proc/net/dev");
	IS(strstr(text, "|bytes    packets errs drop fifo frame compressed multicast|bytes    packets errs drop fifo colls"));
	load("/proc/net/unix");
	p = strstr(text, "@proc_files-of-abi");
	IS(p && p[18] == '\n');
	while (p && p > text && p[-1] != '\n')
		p--;
	if (p) {
		char flags[16], type[16], state[16];

		SAY("%d: ", sscanf(p, "%*s %*s %*s %15s %15s %15s", flags, type, state));
		SAY("%s %s %s\n", flags, type, state);
	}
	T(close(fd));
	load("/proc/net/unix");
	IS(!strstr(text, "@proc_files-of-abi"));
}

static void spaces(void)
{
	static const char *const names[] = {"cgroup", "ipc", "mnt", "net", "pid", "user", "uts"};
	char path[64], link[64], want[64];

	for (size_t i = 0; i < sizeof(names) / sizeof(*names); i++) {
		ssize_t n;

		snprintf(path, sizeof(path), "/proc/self/ns/%s", names[i]);
		n = readlink(path, link, sizeof(link) - 1);
		link[n > 0 ? n : 0] = 0;
		snprintf(want, sizeof(want), "%s:[4026", names[i]);
		SAY("%s: %s\n", names[i], !strncmp(link, want, strlen(want)) ? "one" : "none");
	}
}

static void there(const char *format)
{
	char path[128];

	snprintf(path, sizeof(path), format, (int)gettid());
	SAY("%s: %s\n", format, access(path, F_OK) ? strerrorname_np(errno) : "there");
}

static void thread_files(void)
{
	static const char *const names[] = {"comm", "stat", "status", "statm", "maps", "smaps", "cmdline", "environ",
		"auxv", "limits", "exe", "mounts", "mountinfo", "children", "wchan", "oom_score_adj"};
	char path[64];

	for (size_t i = 0; i < sizeof(names) / sizeof(*names); i++) {
		snprintf(path, sizeof(path), "/proc/self/task/%%d/%s", names[i]);
		there(path);
	}
	there("/proc/self/wchan");
	there("/proc/self/none");
}

static void system_files(void)
{
	first_line("/proc/sys/kernel/sched_rr_timeslice_ms");
	load("/proc/interrupts");
	IS(strstr(text, "CPU0") && strstr(text, "LOC:"));
	load("/proc/partitions");
	IS(!strncmp(text, "major minor  #blocks  name\n\n", 28));
	load("/proc/sys/fs/inotify/max_user_watches");
	IS(atoi(text) > 0);
	load("/proc/sys/fs/inotify/max_user_instances");
	IS(atoi(text) > 0);
	load("/proc/sys/kernel/pty/max");
	IS(atoi(text) > 0);
}

int main(void)
{
	areas();
	sockets();
	spaces();
	thread_files();
	system_files();
	return 0;
}
