/* SPDX-License-Identifier: MIT */
/*
 * init of the lab's Linux (tests/kvm/nested.py): loads KVM, runs the commands of
 * /lab/commands one after the other and says of each, as it happens, what it writes
 * and how it ends.
 *
 * It says so in frames through QEMU's debug console, an I/O port: nothing is between
 * this program and the host's pipe, so nothing is lost, mixed with the kernel's log or
 * still on its way when the machine ends. A frame is a kind, the length of the data
 * (4 bytes, little endian) and the data. Kinds: b begin, o stdout, e stderr, x end of a
 * command (struct command_end), ! what is wrong with the lab, z all done.
 */
#define _GNU_SOURCE
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/kvm.h>
#include <poll.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/io.h>
#include <sys/ioctl.h>
#include <sys/mount.h>
#include <sys/signalfd.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define FRAME_PORT 0xe9
#define EXIT_PORT  0xf4

struct command {
	uint32_t timeout_ms, length;
	char text[]; /* for sh -c, with its NUL */
};

struct command_end {
	int32_t status; /* as a shell has it: 128 + signal */
	uint32_t timed_out, milliseconds;
	uint32_t left_over; /* processes that had to be killed */
};

static void port_write(const void *data, size_t len)
{
	asm volatile("rep outsb" : "+S"(data), "+c"(len) : "d"(FRAME_PORT) : "memory");
}

static void say(char kind, const void *data, uint32_t len)
{
	uint8_t head[5] = {(uint8_t)kind, (uint8_t)len, (uint8_t)(len >> 8), (uint8_t)(len >> 16),
			   (uint8_t)(len >> 24)};

	port_write(head, sizeof(head));
	port_write(data, len);
}

static void complain(const char *what, int error)
{
	char line[200];

	snprintf(line, sizeof(line), "%s: %s", what, strerror(error));
	say('!', line, (uint32_t)strlen(line));
}

static _Noreturn void power_off(void)
{
	outl(0, EXIT_PORT);
	for (;;)
		pause();
}

static _Noreturn void give_up(const char *what)
{
	complain(what, errno);
	power_off();
}

static uint64_t now_ms(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (uint64_t)t.tv_sec * 1000 + (uint64_t)t.tv_nsec / 1000000;
}

static void mounted(const char *type, const char *where, const char *options)
{
	mkdir(where, 0755);
	if (mount(type, where, type, 0, options) < 0)
		give_up(where);
}

static void load_module(const char *path)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC);

	if (fd < 0 || syscall(SYS_finit_module, fd, "", 0) < 0)
		give_up(path);
	close(fd);
}

/* In the order of their names. */
static void load_modules(const char *dir)
{
	struct dirent **list;
	int n = scandir(dir, &list, NULL, alphasort);

	if (n < 0 || chdir(dir) < 0)
		give_up(dir);
	for (int i = 0; i < n; i++)
		if (list[i]->d_name[0] != '.')
			load_module(list[i]->d_name);
}

/*
 * A VM that nobody uses, for as long as the lab runs. Linux rewrites its own code when the first VM comes and when the
 * last one goes (the static keys of preempt notifiers and of vCPUs without a LAPIC), and QEMU before 8.1 may go on
 * with what it translated from the old code if another CPU runs there at that moment: a breakpoint in the scheduler
 * that is never taken out hangs the lab. So this happens once, while there is one CPU.
 */
static void keep_vm(void)
{
	int kvm = open("/dev/kvm", O_RDWR | O_CLOEXEC);
	int vm = kvm < 0 ? -1 : ioctl(kvm, KVM_CREATE_VM, 0);

	if (vm < 0 || ioctl(vm, KVM_CREATE_VCPU, 0) < 0)
		give_up("/dev/kvm");
	fcntl(vm, F_SETFD, FD_CLOEXEC);
}

/* Linux has booted with one CPU (maxcpus=1). */
static void start_cpus(void)
{
	char path[64];
	int fd;

	for (int cpu = 1;; cpu++) {
		snprintf(path, sizeof(path), "/sys/devices/system/cpu/cpu%d/online", cpu);
		fd = open(path, O_WRONLY | O_CLOEXEC);
		if (fd < 0 && errno == ENOENT)
			return;
		if (fd < 0 || write(fd, "1", 1) != 1)
			give_up(path);
		close(fd);
	}
}

static _Noreturn void child_run(const struct command *c, int out, int err)
{
	static char path[] = "PATH=/opt/hermit/bin:/bin:/sbin:/usr/bin", home[] = "HOME=/",
		    lang[] = "LANG=C.UTF-8", run[] = "XDG_RUNTIME_DIR=/run", sh[] = "sh", flag[] = "-c";
	char *env[] = {path, home, lang, run, NULL};
	char *argv[] = {sh, flag, (char *)c->text, NULL};
	sigset_t none;

	setsid();
	ioperm(FRAME_PORT, 1, 0);
	ioperm(EXIT_PORT, 4, 0);
	sigemptyset(&none);
	sigprocmask(SIG_SETMASK, &none, NULL);
	dup2(out, 1);
	dup2(err, 2);
	execve("/bin/sh", argv, env);
	perror("/bin/sh");
	_exit(127);
}

/* Passes on what can be read at once; true as long as there may be more. */
static int relay(int fd, char kind)
{
	static char buf[65536];
	ssize_t n;

	while ((n = read(fd, buf, sizeof(buf))) > 0)
		say(kind, buf, (uint32_t)n);
	return n < 0 && errno == EAGAIN;
}

/* Every process but this one ends. How many there were. */
static uint32_t kill_the_rest(void)
{
	uint32_t count = 0;

	while (kill(-1, SIGKILL) == 0 || errno == EPERM) {
		pid_t pid = waitpid(-1, NULL, 0);

		if (pid < 0)
			break;
		count++;
	}
	return count;
}

static void command_run(const struct command *c, int chld)
{
	struct command_end end = {.status = -1};
	uint64_t start = now_ms(), age;
	int out[2], err[2], status = 0, ended = 0;
	pid_t pid;

	if (pipe2(out, O_CLOEXEC) < 0 || pipe2(err, O_CLOEXEC) < 0)
		give_up("pipe");
	say('b', "", 0);
	pid = fork();
	if (pid < 0)
		give_up("fork");
	if (pid == 0)
		child_run(c, out[1], err[1]);
	close(out[1]);
	close(err[1]);
	fcntl(out[0], F_SETFL, O_NONBLOCK);
	fcntl(err[0], F_SETFL, O_NONBLOCK);

	struct pollfd fds[] = {{out[0], POLLIN, 0}, {err[0], POLLIN, 0}, {chld, POLLIN, 0}};

	while (!ended) {
		struct signalfd_siginfo drop;
		pid_t one;

		age = now_ms() - start;
		if (age >= c->timeout_ms) {
			end.timed_out = 1;
			kill(pid, SIGKILL);
			waitpid(pid, &status, 0);
			break;
		}
		poll(fds, 3, (int)(c->timeout_ms - age));
		while (read(chld, &drop, sizeof(drop)) > 0)
			;
		/* Before the last read of the pipes: what it wrote before it ended is in them. */
		while ((one = waitpid(-1, &status, WNOHANG)) > 0) {
			ended = one == pid;
			if (ended)
				break;
		}
		if (fds[0].fd >= 0 && !relay(fds[0].fd, 'o'))
			fds[0].fd = -1;
		if (fds[1].fd >= 0 && !relay(fds[1].fd, 'e'))
			fds[1].fd = -1;
	}
	end.milliseconds = (uint32_t)(now_ms() - start);
	end.status = WIFSIGNALED(status) ? 128 + WTERMSIG(status) : WEXITSTATUS(status);
	end.left_over = kill_the_rest();
	relay(out[0], 'o');
	relay(err[0], 'e');
	close(out[0]);
	close(err[0]);
	say('x', &end, sizeof(end));
}

static void set_up(void)
{
	if (ioperm(FRAME_PORT, 1, 1) < 0 || ioperm(EXIT_PORT, 4, 1) < 0)
		exit(1); /* the kernel panics, and the host sees that no frame came */
	mounted("devtmpfs", "/dev", NULL);
	mounted("proc", "/proc", NULL);
	mounted("sysfs", "/sys", NULL);
	mounted("devpts", "/dev/pts", NULL);
	mounted("tmpfs", "/dev/shm", "mode=1777");
	mounted("tmpfs", "/tmp", "mode=1777");
	mounted("tmpfs", "/run", "mode=0700");
	/*
	 * A thread that KVM makes for each VM joins its maker's cgroups, which without this option waits for a grace
	 * period of RCU: most of what KVM_CREATE_VM takes. Hosts that start many VMs have it (docs/uhyve.md).
	 */
	mounted("cgroup2", "/sys/fs/cgroup", "favordynmods");
	symlink("/proc/self/fd", "/dev/fd");
	symlink("/proc/self/fd/0", "/dev/stdin");
	symlink("/proc/self/fd/1", "/dev/stdout");
	symlink("/proc/self/fd/2", "/dev/stderr");
	load_modules("/lab/modules");
	keep_vm();
	start_cpus();
	mkdir("/test", 0755);
	if (chdir("/test") < 0)
		give_up("/test");
}

int main(void)
{
	int fd, null, chld;
	struct stat st;
	sigset_t set;
	char *all;

	set_up();
	sigemptyset(&set);
	sigaddset(&set, SIGCHLD);
	sigprocmask(SIG_BLOCK, &set, NULL);
	chld = signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK);
	fd = open("/lab/commands", O_RDONLY | O_CLOEXEC);
	null = open("/dev/null", O_RDWR);
	if (chld < 0 || null < 0 || fd < 0 || fstat(fd, &st) < 0)
		give_up("/lab/commands");
	all = malloc((size_t)st.st_size);
	if (!all || read(fd, all, (size_t)st.st_size) != st.st_size)
		give_up("/lab/commands");
	for (int i = 0; i < 3; i++)
		dup2(null, i);
	for (off_t at = 0; at < st.st_size;) {
		struct command *c = (struct command *)(all + at);

		command_run(c, chld);
		at += (off_t)(sizeof(*c) + ((c->length + 3) & ~3U));
	}
	say('z', "", 0);
	power_off();
}
