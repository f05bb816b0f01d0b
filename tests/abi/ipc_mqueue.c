/* SPDX-License-Identifier: MIT */
/* POSIX message queues: names, priorities, full and empty ones, threads that wait, notification, each error. */
#include "abi.h"
#include <mqueue.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <sys/resource.h>
#include <time.h>

static char name[64], text[64];
static mqd_t q;
static volatile int sleeper;

static struct timespec in_ms(int ms)
{
	struct timespec t;

	clock_gettime(CLOCK_REALTIME, &t);
	t.tv_nsec += ms * 1000000l;
	t.tv_sec += t.tv_nsec / 1000000000;
	t.tv_nsec %= 1000000000;
	return t;
}

static void attributes(mqd_t m)
{
	struct mq_attr a;

	if (T(mq_getattr(m, &a)) == 0)
		printf(" flags %lo max %ld size %ld now %ld\n", a.mq_flags, a.mq_maxmsg, a.mq_msgsize, a.mq_curmsgs);
}

static void get(mqd_t m, size_t room)
{
	char buf[9000];
	unsigned prio = 99;
	long n = T(mq_receive(m, buf, room, &prio));

	if (n >= 0)
		printf(" %.*s, priority %u\n", (int)n, buf, prio);
}

static void opening(void)
{
	struct mq_attr a = {.mq_maxmsg = 3, .mq_msgsize = 20}, zero = {0}, big = {.mq_maxmsg = 10, .mq_msgsize = 8192};
	struct rlimit limit, was;
	char longer[300];
	struct stat st;
	mqd_t m;

	SAY("-- mq_open, mq_unlink\n");
	T(mq_open(name, O_RDONLY));
	T(mq_open(name, O_CREAT | O_RDWR, 0600, &zero));
	getrlimit(RLIMIT_MSGQUEUE, &was);
	limit = was;
	limit.rlim_cur = 80000;
	setrlimit(RLIMIT_MSGQUEUE, &limit);
	T(mq_open(name, O_CREAT | O_RDWR, 0600, &big));
	setrlimit(RLIMIT_MSGQUEUE, &was);
	T(mq_open(name, O_CREAT | O_RDWR, 0600, BAD));
	OK(q = mq_open(name, O_CREAT | O_EXCL | O_RDWR, 0640, &a));
	T(mq_open(name, O_CREAT | O_EXCL | O_RDWR, 0600, &a));
	T(mq_open(name, O_ACCMODE));
	T(fcntl(q, F_GETFD));
	IS((fcntl(q, F_GETFL) & ~0100000) == O_RDWR);
	fstat(q, &st);
	printf("mode %o size %ld\n", st.st_mode, (long)st.st_size);
	attributes(q);
	OK(m = mq_open(name, O_CREAT | O_RDONLY, 0600, NULL)); /* the one that is there */
	attributes(m);
	T(mq_send(m, "x", 1, 0));
	close(m);
	memset(longer, 'a', 299);
	longer[299] = 0;
	T(syscall(SYS_mq_open, longer, O_CREAT | O_RDWR, 0600, NULL));
	T(syscall(SYS_mq_open, "", O_CREAT | O_RDWR, 0600, NULL));
	T(syscall(SYS_mq_open, "a/b", O_CREAT | O_RDWR, 0600, NULL));
	T(syscall(SYS_mq_open, "..", O_CREAT | O_RDWR, 0600, NULL));
	T(syscall(SYS_mq_open, BAD, O_CREAT | O_RDWR, 0600, NULL));
	T(syscall(SYS_mq_unlink, "abi-nobody-has-made-this"));
	T(syscall(SYS_mq_unlink, BAD));
	T(syscall(SYS_mq_unlink, longer));
	OK(m = mq_open(text, O_CREAT | O_RDWR, 0600, NULL));
	attributes(m);
	T(mq_unlink(text));
	T(mq_unlink(text));
	T(mq_send(m, "still there", 11, 0));
	get(m, 8192);
	close(m);
}

static void sending(void)
{
	struct timespec soon = in_ms(20), wrong = {0, -1}, past = {1, 0};
	struct mq_attr a = {.mq_flags = O_NONBLOCK}, odd = {.mq_flags = O_APPEND};
	mqd_t out = mq_open(name, O_WRONLY | O_NONBLOCK);
	char buf[100];

	SAY("-- sending, receiving\n");
	T(mq_send(q, "low", 3, 1));
	T(mq_send(q, "high", 4, 32767));
	T(mq_send(q, "low too", 7, 1));
	attributes(q);
	T(mq_send(out, "x", 1, 0));
	T(mq_timedsend(q, "x", 1, 0, &soon));
	T(mq_timedsend(q, "x", 1, 0, &past));
	T(mq_timedsend(q, "x", 1, 0, &wrong));
	T(mq_timedsend(q, "x", 1, 0, BAD));
	memset(buf, 0, sizeof(buf));
	IS(read(q, buf, sizeof(buf)) > 30 && !strncmp(buf, "QSIZE:14 ", 9));
	T(write(q, buf, 1));
	get(out, 20);
	get(q, 19);
	get(q, 20);
	get(q, 20);
	get(q, 100);
	T(mq_send(q, "", 0, 5));
	get(q, 20);
	T(mq_timedreceive(q, buf, 20, NULL, &soon));
	T(mq_timedreceive(q, buf, 20, NULL, &past));
	T(mq_timedreceive(q, buf, 20, NULL, &wrong));
	T(mq_setattr(q, &odd, NULL));
	T(mq_setattr(q, &a, &odd));
	get(q, 20);
	attributes(q);
	a.mq_flags = 0;
	T(mq_setattr(q, &a, NULL));
	T(mq_send(q, "x", 1, 32768));
	T(mq_send(q, buf, 21, 0));
	T(mq_send(q, BAD, 5, 0));
	T(mq_send(q, "lost", 4, 0));
	T(mq_receive(q, BAD, 20, NULL));
	attributes(q);
	T(mq_send(99, "x", 1, 0));
	T(mq_send(1, "x", 1, 0));
	T(mq_receive(1, buf, 20, NULL));
	T(mq_getattr(1, &a));
	T(mq_getattr(99, &a));
	T(mq_notify(1, NULL));
	close(out);
}

static void *receives(void *arg)
{
	char buf[20];
	ssize_t n;

	sleeper = gettid();
	n = mq_receive(q, buf, 20, NULL);

	return (void *)(n < 0 ? -(long)errno : (long)buf[0]);
}

static void *sends(void *arg)
{
	sleeper = gettid();
	return (void *)(long)(mq_send(q, arg, strlen(arg), 0) ? -errno : 0);
}

static void ended(const char *what, pthread_t t)
{
	void *r;

	pthread_join(t, &r);
	if ((long)r < 0)
		printf("%s: %s\n", what, strerrorname_np((int)-(long)r));
	else
		printf("%s: %ld\n", what, (long)r);
}

static volatile int handled;

static void on_signal(int sig) { handled++; }

static void waiting(void)
{
	struct sigaction sa = {.sa_handler = on_signal}, restart = {.sa_handler = on_signal, .sa_flags = SA_RESTART};
	struct pollfd p = {.fd = q, .events = POLLIN | POLLOUT};
	pthread_t t;

	SAY("-- threads that wait\n");
	sigaction(SIGUSR1, &sa, NULL);
	sigaction(SIGUSR2, &restart, NULL);
	T(poll(&p, 1, 0));
	printf(" events %x\n", p.revents);
	pthread_create(&t, NULL, receives, NULL);
	abi_let_sleep(&sleeper);
	T(mq_send(q, "straight", 8, 0));
	attributes(q); /* it never lay in the queue */
	ended("receiver", t);
	pthread_create(&t, NULL, receives, NULL);
	abi_let_sleep(&sleeper);
	pthread_kill(t, SIGUSR1);
	ended("receiver, signal", t);
	pthread_create(&t, NULL, receives, NULL);
	abi_let_sleep(&sleeper);
	pthread_kill(t, SIGUSR2);
	while (handled < 2)
		usleep(1000);
	usleep(20000);
	T(mq_send(q, "r", 1, 0));
	ended("receiver, restarted", t);
	T(mq_send(q, "1", 1, 0));
	T(poll(&p, 1, 0));
	printf(" events %x\n", p.revents);
	T(mq_send(q, "2", 1, 0));
	T(mq_send(q, "3", 1, 0));
	T(poll(&p, 1, 0));
	printf(" events %x\n", p.revents);
	pthread_create(&t, NULL, sends, "4");
	abi_let_sleep(&sleeper);
	get(q, 20);
	attributes(q);
	ended("sender", t);
	pthread_create(&t, NULL, sends, "5");
	abi_let_sleep(&sleeper);
	pthread_kill(t, SIGUSR1);
	ended("sender, signal", t);
	get(q, 20);
	get(q, 20);
	get(q, 20);
	p.events = POLLIN;
	pthread_create(&t, NULL, sends, "6"); /* poll waits, or it is there already */
	T(poll(&p, 1, 5000));
	ended("poll", t);
	sleeper = 0;
	get(q, 20);
	IS(handled == 3);
}

static void show_signal(void)
{
	struct timespec none = {0, 0};
	siginfo_t i;
	sigset_t s;
	int sig;

	sigemptyset(&s);
	sigaddset(&s, SIGRTMIN);
	memset(&i, 0, sizeof(i));
	sig = sigtimedwait(&s, &i, &none);
	if (sig < 0)
		printf("no signal\n");
	else
		printf("signal %d code %d value %d own %d\n", sig - SIGRTMIN, i.si_code, i.si_value.sival_int, i.si_pid == getpid());
}

static void notifying(void)
{
	struct sigevent ev = {.sigev_notify = SIGEV_SIGNAL, .sigev_signo = SIGRTMIN, .sigev_value.sival_int = 77};
	struct sigevent none = {.sigev_notify = SIGEV_NONE}, odd = {.sigev_notify = 9}, high = ev;
	pthread_t t;
	sigset_t s;

	SAY("-- mq_notify\n");
	sigemptyset(&s);
	sigaddset(&s, SIGRTMIN);
	sigprocmask(SIG_BLOCK, &s, NULL);
	high.sigev_signo = 65;
	T(mq_notify(q, &odd));
	T(mq_notify(q, &high));
	T(syscall(SYS_mq_notify, q, BAD));
	T(mq_notify(q, &ev));
	T(mq_notify(q, &ev));
	T(mq_notify(q, &none));
	T(mq_send(q, "a", 1, 0));
	show_signal();
	T(mq_notify(q, &ev)); /* it was for once */
	T(mq_send(q, "b", 1, 0)); /* not empty before */
	show_signal();
	get(q, 20);
	get(q, 20);
	pthread_create(&t, NULL, receives, NULL);
	abi_let_sleep(&sleeper);
	T(mq_send(q, "c", 1, 0)); /* for a thread that waits: no signal */
	ended("receiver", t);
	show_signal();
	T(mq_notify(q, NULL));
	T(mq_notify(q, NULL));
	T(mq_send(q, "d", 1, 0));
	show_signal();
	get(q, 20);
	T(mq_notify(q, &none));
	T(mq_notify(q, &ev));
	T(mq_send(q, "e", 1, 0));
	show_signal();
	get(q, 20);
	T(mq_notify(q, &ev));
	close(dup(q)); /* any close ends it */
	T(mq_send(q, "f", 1, 0));
	show_signal();
	get(q, 20);
}

int main(void)
{
	snprintf(name, sizeof(name), "/abi-%d-%ld", getpid(), (long)time(NULL));
	snprintf(text, sizeof(text), "/abi2-%d-%ld", getpid(), (long)time(NULL));
	opening();
	sending();
	waiting();
	notifying();
	T(mq_unlink(name));
	T(mq_close(q));
	return 0;
}
