/* SPDX-License-Identifier: MIT */
/* Calls about other processes, used on the process itself and on nobody: pidfds, process_vm_*, kcmp, ptrace, unshare. */
#include "abi.h"
#include <linux/kcmp.h>
#include <poll.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/ptrace.h>
#include <sys/uio.h>

#define NOBODY 4000000

static int handled;

static void on_signal(int sig, siginfo_t *i, void *ctx) { handled = i->si_code * 100 + i->si_value.sival_int; }

#define pidfd_open(...)	       syscall(SYS_pidfd_open, __VA_ARGS__)
#define pidfd_send_signal(...) syscall(SYS_pidfd_send_signal, __VA_ARGS__)
#define pidfd_getfd(...)       syscall(SYS_pidfd_getfd, __VA_ARGS__)
#define kcmp(...)	       syscall(SYS_kcmp, __VA_ARGS__)

static void pidfds(void)
{
	struct sigaction sa = {.sa_sigaction = on_signal, .sa_flags = SA_SIGINFO};
	struct pollfd p = {.events = POLLIN};
	siginfo_t info = {.si_signo = SIGUSR1, .si_code = SI_QUEUE};
	int fd, other, fds[2];
	char c;

	SAY("-- pidfd\n");
	T(pidfd_open(0, 0));
	T(pidfd_open(-1, 0));
	T(pidfd_open(NOBODY, 0));
	T(pidfd_open(getpid(), 1));
	OK(fd = (int)pidfd_open(getpid(), O_NONBLOCK));
	T(fcntl(fd, F_GETFD));
	IS(fcntl(fd, F_GETFL) & O_NONBLOCK);
	p.fd = fd;
	T(poll(&p, 1, 0));
	T(read(fd, &c, 1));
	T(write(fd, &c, 1));
	sigaction(SIGUSR1, &sa, NULL);
	T(pidfd_send_signal(fd, 0, NULL, 0));
	T(pidfd_send_signal(fd, SIGUSR1, NULL, 0));
	IS(handled == 0);
	info.si_value.sival_int = 5;
	T(pidfd_send_signal(fd, SIGUSR1, &info, 0));
	IS(handled == SI_QUEUE * 100 + 5);
	T(pidfd_send_signal(fd, SIGUSR2, &info, 0));
	T(pidfd_send_signal(fd, SIGUSR1, BAD, 0));
	T(pidfd_send_signal(fd, 65, NULL, 0));
	T(pidfd_send_signal(fd, 0, NULL, 64));
	T(pidfd_send_signal(1, 0, NULL, 0));
	T(pidfd_send_signal(99, 0, NULL, 0));
	if (pipe(fds))
		return;
	OK(other = (int)pidfd_getfd(fd, fds[0], 0));
	T(fcntl(other, F_GETFD));
	T(write(fds[1], "x", 1));
	T(read(other, &c, 1));
	T(pidfd_getfd(fd, 99, 0));
	T(pidfd_getfd(99, 0, 0));
	T(pidfd_getfd(1, 0, 0));
	T(pidfd_getfd(fd, 0, 1));
	T(kcmp(getpid(), getpid(), KCMP_FILE, other, fds[0]));
	IS(kcmp(getpid(), getpid(), KCMP_FILE, fds[0], fds[1]) + kcmp(getpid(), getpid(), KCMP_FILE, fds[1], fds[0]) == 3);
	T(kcmp(getpid(), getpid(), KCMP_FILE, 99, 0));
	T(kcmp(getpid(), getpid(), KCMP_VM, 0, 0));
	T(kcmp(getpid(), getpid(), KCMP_FILES, 0, 0));
	T(kcmp(getpid(), getpid(), KCMP_FS, 0, 0));
	T(kcmp(getpid(), getpid(), KCMP_SIGHAND, 0, 0));
	T(kcmp(getpid(), getpid(), KCMP_IO, 0, 0));
	T(kcmp(getpid(), getpid(), KCMP_SYSVSEM, 0, 0));
	T(kcmp(getpid(), getpid(), 99, 0, 0));
	T(kcmp(NOBODY, getpid(), KCMP_VM, 0, 0));
	T(kcmp(getpid(), NOBODY, KCMP_VM, 0, 0));
	close(fd);
	close(other);
	close(fds[0]);
	close(fds[1]);
}

/* A process's directory in /proc is as good as a pidfd, for signals alone; nothing else of /proc is. */
static void directory_as_pidfd(void)
{
	static const char *const others[] = {"/proc", "/proc/self/task", "/proc/thread-self", "/proc/self/fd", "/proc/self/stat", "/sys", "."};
	char own[32];
	int fd;

	SAY("-- /proc/PID as a pidfd\n");
	snprintf(own, sizeof(own), "/proc/%d", getpid());
	OK(fd = open(own, O_RDONLY | O_DIRECTORY));
	handled = -1;
	T(pidfd_send_signal(fd, 0, NULL, 0));
	T(pidfd_send_signal(fd, SIGUSR1, NULL, 0));
	IS(handled == 0);
	T(pidfd_send_signal(fd, 65, NULL, 0));
	T(pidfd_getfd(fd, 0, 0));
	close(fd);
	OK(fd = open("/proc/self", O_RDONLY));
	T(pidfd_send_signal(fd, 0, NULL, 0));
	close(fd);
	OK(fd = open("/proc/self", O_PATH));
	T(pidfd_send_signal(fd, 0, NULL, 0));
	close(fd);
	for (size_t i = 0; i < sizeof(others) / sizeof(others[0]); i++) {
		OK(fd = open(others[i], O_RDONLY));
		T(pidfd_send_signal(fd, 0, NULL, 0));
		close(fd);
	}
}

static void memory(void)
{
	char a[16] = "abcdefghijklmno", b[16] = "";
	struct iovec l[2] = {{b, 4}, {b + 8, 4}}, r[3] = {{a + 1, 3}, {NULL, 0}, {a + 8, 5}}, bad = {BAD, 4}, huge = {a, (size_t)-1};
	char *edge = mmap(NULL, 8192, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	struct iovec e = {edge + 4090, 12}, room = {b, 12};
	pid_t me = getpid();

	SAY("-- process_vm_readv, process_vm_writev\n");
	T(process_vm_readv(me, l, 2, r, 3, 0));
	abi_bytes("read", b, 16);
	T(process_vm_writev(me, l, 2, r, 1, 0));
	abi_bytes("written", a, 16);
	T(process_vm_readv(me, l, 2, r, 0, 0));
	T(process_vm_readv(me, l, 0, r, 3, 0));
	T(process_vm_readv(NOBODY, l, 0, r, 3, 0));
	T(process_vm_readv(NOBODY, l, 1, r, 3, 0));
	T(process_vm_readv(-1, l, 1, r, 3, 0));
	T(process_vm_readv(me, l, 1, r, 1, 1));
	T(process_vm_readv(me, l, 1025, r, 1, 0));
	T(process_vm_readv(me, l, 1, r, 1025, 0));
	T(process_vm_readv(me, BAD, 1, r, 1, 0));
	T(process_vm_readv(me, l, 1, BAD, 1, 0));
	T(process_vm_readv(me, l, 1, &bad, 1, 0));
	T(process_vm_readv(me, &bad, 1, r, 1, 0));
	T(process_vm_readv(me, &huge, 1, r, 1, 0));
	T(process_vm_readv(me, l, 1, &huge, 1, 0));
	memset(edge, 'e', 4096);
	munmap(edge + 4096, 4096);
	T(process_vm_readv(me, &room, 1, &e, 1, 0)); /* as far as it goes */
	abi_bytes("edge", b, 7);
	mprotect(edge, 4096, PROT_READ);
	e.iov_base = edge;
	T(process_vm_writev(me, &room, 1, &e, 1, 0));
	T(process_vm_readv(me, &room, 1, &e, 1, 0));
}

static void *stays(void *arg)
{
	*(int *)arg = gettid();
	for (;;)
		pause();
	return NULL;
}

static void others(void)
{
	volatile int tid = 0;
	pthread_t t;

	SAY("-- ptrace, unshare, setns\n");
	T(ptrace(PTRACE_ATTACH, NOBODY, 0, 0));
	T(ptrace(PTRACE_ATTACH, getpid(), 0, 0));
	T(ptrace(PTRACE_CONT, getpid(), 0, 0));
	T(ptrace(PTRACE_DETACH, NOBODY, 0, 0));
	T(unshare(0));
	T(unshare(CLONE_SYSVSEM));
	T(unshare(CLONE_FILES | CLONE_FS));
	T(unshare(CLONE_VM));
	T(unshare(1));
	T(setns(99, 0));
	T(setns(1, 0));
	pthread_create(&t, NULL, stays, (void *)&tid);
	while (!tid)
		sched_yield();
	T(unshare(CLONE_VM));
	T(unshare(CLONE_THREAD));
	T(ptrace(PTRACE_ATTACH, tid, 0, 0));
	T(ptrace(PTRACE_SEIZE, tid, 0, 0));
	T(kcmp(getpid(), tid, KCMP_VM, 0, 0));
	T(kcmp(tid, getpid(), KCMP_FILES, 0, 0));
	T(pidfd_open(tid, 0));
}

int main(void)
{
	pidfds();
	directory_as_pidfd();
	memory();
	others();
	return 0;
}
