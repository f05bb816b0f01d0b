/* SPDX-License-Identifier: MIT */
/*
 * How long VMMs take from exec to a byte that their guest sends, and what memory they have then.
 *
 *   vmm_start time PORT RUNS [-- COMMAND...]...    a line "INDEX NANOSECONDS" for each run, the commands by turns
 *   vmm_start memory PORT BYTES -- COMMAND...      "guest RSS", "vmm RSS PSS": kB, guest memory being the one mapping
 *                                                  of that size
 *
 * A command has sockets for the guest's ports, io 10, err 11, ctl 12 and log 13; PORT is the one that the byte comes
 * from. A word @FILE of a command becomes /dev/fd/15, a sealed copy of FILE, as the loader hands over. 14 is a file for uhyve's --stats: what that says is printed as "INDEX stage S NANOSECONDS" since the exec.
 * The machine is killed as soon as it has said its byte.
 */
#define _GNU_SOURCE
#include <hermit/stats.h>

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/sendfile.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define FIRST_FD 10
#define PORTS	 4
#define STATS_FD 14
#define COPY_FD	 15
#define WAIT_MS	 60000
#define MOST	 8 /* commands */
#define SETTLE_MS 500 /* what follows the program's first output is over by then */

static const char *const port_names[PORTS] = { "io", "err", "ctl", "log" };

struct run {
	pid_t pid;
	int port[PORTS]; /* our ends */
	int stats;
	volatile uint64_t exec_at; /* written by the child, which shares our memory until then */
};

static int copy = -1;
static char copy_path[] = "/dev/fd/15";

static void fail(const char *what)
{
	fprintf(stderr, "vmm_start: %s: %s\n", what, strerror(errno));
	exit(1);
}

static uint64_t now(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (uint64_t)t.tv_sec * 1000000000 + (uint64_t)t.tv_nsec;
}

static void __attribute__((noinline, noreturn)) child(struct run *r, const int *theirs, char **argv)
{
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	for (int i = 0; i < PORTS; i++)
		dup2(theirs[i], FIRST_FD + i);
	dup2(r->stats, STATS_FD);
	if (copy >= 0)
		dup2(copy, COPY_FD);
	r->exec_at = now();
	execv(argv[0], argv);
	_exit(127);
}

/* Ends above the numbers that the child gives its own. */
static int high(int fd)
{
	int up = fcntl(fd, F_DUPFD_CLOEXEC, 64);

	if (fd < 0 || up < 0)
		fail("descriptors");
	close(fd);
	return up;
}

static void make_copy(const char *path)
{
	int from = open(path, O_RDONLY | O_CLOEXEC);
	ssize_t n;

	if (from < 0)
		fail(path);
	copy = high(memfd_create("copy", MFD_CLOEXEC | MFD_ALLOW_SEALING));
	while ((n = sendfile(copy, from, NULL, 1 << 20)) > 0)
		;
	if (n < 0 || fcntl(copy, F_ADD_SEALS, F_SEAL_WRITE | F_SEAL_SHRINK | F_SEAL_GROW))
		fail("copy");
	close(from);
}

static void begin(struct run *r, char **argv)
{
	int theirs[PORTS];

	for (int i = 0; i < PORTS; i++) {
		int pair[2];

		if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair))
			fail("socketpair");
		r->port[i] = high(pair[0]);
		theirs[i] = high(pair[1]);
	}
	r->stats = high(memfd_create("stats", MFD_CLOEXEC));
	r->pid = vfork();
	if (r->pid == 0)
		child(r, theirs, argv);
	if (r->pid < 0)
		fail("vfork");
	for (int i = 0; i < PORTS; i++)
		close(theirs[i]);
}

/* When the guest's first byte was there. */
static uint64_t first_byte(struct run *r, int port, char **argv)
{
	struct pollfd p = { .fd = r->port[port], .events = POLLIN };
	int n = poll(&p, 1, WAIT_MS);
	uint64_t at = now();
	char byte;

	if (n == 1 && read(p.fd, &byte, 1) == 1)
		return at;
	kill(r->pid, SIGKILL);
	fprintf(stderr, "vmm_start: %s: %s\n", argv[0], n ? "ended without a word" : "says nothing");
	exit(1);
}

static void end(struct run *r)
{
	kill(r->pid, SIGKILL);
	if (waitpid(r->pid, NULL, 0) < 0)
		fail("waitpid");
	for (int i = 0; i < PORTS; i++)
		close(r->port[i]);
	close(r->stats);
}

static void print_stages(const struct run *r, int index)
{
	struct hermit_stats s;

	if (pread(r->stats, &s, sizeof(s), 0) != sizeof(s) || s.magic != HERMIT_STATS_MAGIC)
		return;
	for (int i = 0; i < HERMIT_STAGES; i++)
		if (s.stage[i])
			printf("%d stage %d %llu\n", index, i, (unsigned long long)(s.stage[i] - r->exec_at));
}

static void time_by_turns(int port, int runs, char ***commands, int n)
{
	for (int i = 0; i < runs; i++)
		for (int k = 0; k < n; k++) {
			/* Who is first changes, too. */
			int index = i % 2 ? n - 1 - k : k;
			struct run r = { .pid = -1 };
			uint64_t at;

			poll(NULL, 0, SETTLE_MS); /* the machine before leaves the kernel something to do */
			begin(&r, commands[index]);
			at = first_byte(&r, port, commands[index]);
			printf("%d %llu\n", index, (unsigned long long)(at - r.exec_at));
			print_stages(&r, index);
			end(&r);
			fflush(stdout);
		}
}

static struct mapping {
	unsigned long start, stop, rss, pss; /* kB */
} mappings[256];

static int read_mappings(const struct run *r)
{
	struct mapping *m = mappings;
	char name[64], line[512];
	int count = 0;
	FILE *f;

	snprintf(name, sizeof(name), "/proc/%d/smaps", (int)r->pid);
	f = fopen(name, "r");
	if (!f)
		fail(name);
	while (fgets(line, sizeof(line), f)) {
		unsigned long start, stop;

		if (sscanf(line, "%lx-%lx ", &start, &stop) == 2) {
			if (count == 256)
				fail("mappings");
			m = &mappings[count++];
			m->start = start;
			m->stop = stop;
			fprintf(stderr, "%s", line);
		} else if (sscanf(line, "Rss: %lu kB", &m->rss) == 1) {
			fprintf(stderr, "    %lu kB\n", m->rss);
		} else {
			sscanf(line, "Pss: %lu kB", &m->pss);
		}
	}
	fclose(f);
	return count;
}

/* The guest's memory may be several mappings side by side: how many from `first` on make up its size; 0. */
static int guest_mappings(int first, int count, unsigned long guest_size)
{
	for (int last = first; last < count; last++) {
		if (last > first && mappings[last].start != mappings[last - 1].stop)
			return 0;
		if (mappings[last].stop - mappings[first].start == guest_size)
			return last - first + 1;
	}
	return 0;
}

static void memory_of(const struct run *r, unsigned long guest_size)
{
	unsigned long rss = 0, pss = 0, guest = 0;
	int count = read_mappings(r), found = 0;

	for (int i = 0; i < count; i++) {
		int n = guest_mappings(i, count, guest_size);

		found += n > 0;
		for (; n > 0; n--)
			guest += mappings[i++].rss;
		if (i < count) {
			rss += mappings[i].rss;
			pss += mappings[i].pss;
		}
	}
	if (found != 1) {
		fprintf(stderr, "vmm_start: %d places of %lu bytes, so which one is the guest's?\n", found, guest_size);
		exit(1);
	}
	printf("guest %lu\nvmm %lu %lu\n", guest, rss, pss);
}

static void memory_once(int port, unsigned long guest_size, char **argv)
{
	struct run r = { .pid = -1 };

	begin(&r, argv);
	first_byte(&r, port, argv);
	poll(NULL, 0, SETTLE_MS);
	memory_of(&r, guest_size);
	end(&r);
}

int main(int argc, char **argv)
{
	char **commands[MOST];
	int n = 0, port = 0;

	while (argc > 4 && port < PORTS && strcmp(argv[2], port_names[port]))
		port++;
	for (int i = 4; i < argc; i++)
		if (!strcmp(argv[i], "--") && n < MOST) {
			argv[i] = NULL;
			commands[n++] = &argv[i + 1];
		} else if (argv[i][0] == '@') {
			if (copy < 0)
				make_copy(argv[i] + 1);
			argv[i] = copy_path;
		}
	if (n == 0 || port == PORTS) {
		fprintf(stderr, "vmm_start time|memory PORT RUNS|BYTES -- COMMAND... [-- COMMAND...]\n");
		return 2;
	}
	if (!strcmp(argv[1], "memory"))
		memory_once(port, strtoul(argv[3], NULL, 0), commands[0]);
	else
		time_by_turns(port, atoi(argv[3]), commands, n);
	return 0;
}
