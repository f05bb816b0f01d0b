/* SPDX-License-Identifier: MIT */
/*
 * Threads make, fill, rename, list and remove files in the shared working
 * directory and in /tmp at once.  What is left at the end is known.
 */
#include "stress.h"
#include <dirent.h>
#include <fcntl.h>
#include <sys/stat.h>

#define THREADS 4
#define ROUNDS	12

static char tmp[] = "/tmp/storm.XXXXXX";

static void one(const char *dir, int self, int round)
{
	char a[128], b[128], buf[1000], back[1000];
	struct stat st;
	int fd;

	snprintf(a, sizeof(a), "%s/t%d-%d", dir, self, round);
	snprintf(b, sizeof(b), "%s/renamed-%d", dir, self);
	memset(buf, 'a' + self, sizeof(buf));
	fd = open(a, O_RDWR | O_CREAT | O_EXCL, 0644);
	MUST(fd >= 0);
	for (int i = 0; i < 10; i++)
		MUST(write(fd, buf, sizeof(buf)) == sizeof(buf));
	MUST(fstat(fd, &st) == 0 && st.st_size == 10000);
	MUST(rename(a, b) == 0);
	MUST(pread(fd, back, sizeof(back), 4500) == sizeof(back) && memcmp(buf, back, sizeof(buf)) == 0);
	MUST(ftruncate(fd, 100 + round) == 0);
	MUST(close(fd) == 0);
	MUST(stat(b, &st) == 0 && st.st_size == 100 + round);
	MUST(access(a, F_OK) < 0 && errno == ENOENT);
	if (round % 3 == 0)
		MUST(unlink(b) == 0);
}

static void list(const char *dir)
{
	DIR *d = opendir(dir);
	struct dirent *e;
	int n = 0;

	MUST(d);
	errno = 0;
	while ((e = readdir(d)))
		n++;
	MUST(errno == 0 && n >= 2);
	closedir(d);
}

/* All append to one file: no line may be lost or torn. */
static void append(const char *dir, int self)
{
	char path[128], line[32];
	int fd, n;

	snprintf(path, sizeof(path), "%s/log", dir);
	fd = open(path, O_WRONLY | O_CREAT | O_APPEND, 0644);
	MUST(fd >= 0);
	n = snprintf(line, sizeof(line), "thread %d says so\n", self);
	MUST(write(fd, line, (size_t)n) == n);
	MUST(close(fd) == 0);
}

static void *work(void *arg)
{
	int self = (int)(intptr_t)arg;

	for (int i = 0; i < ROUNDS; i++) {
		one(".", self, i);
		one(tmp, self, i);
		list(i % 2 ? "." : tmp);
		append(".", self);
		append(tmp, self);
	}
	return NULL;
}

static void check_log(const char *dir)
{
	char path[128], line[64];
	int count[THREADS] = {0}, self;
	FILE *f;

	snprintf(path, sizeof(path), "%s/log", dir);
	f = fopen(path, "r");
	MUST(f);
	while (fgets(line, sizeof(line), f)) {
		MUST(sscanf(line, "thread %d says so", &self) == 1 && self >= 0 && self < THREADS);
		count[self]++;
	}
	fclose(f);
	for (int i = 0; i < THREADS; i++)
		MUST(count[i] == ROUNDS);
	MUST(unlink(path) == 0);
}

int main(void)
{
	char path[128];

	MUST(mkdtemp(tmp));
	stress_threads(THREADS, work);
	check_log(".");
	check_log(tmp);
	for (int i = 0; i < THREADS; i++) {
		snprintf(path, sizeof(path), "%s/renamed-%d", tmp, i);
		MUST(unlink(path) == 0);
	}
	MUST(rmdir(tmp) == 0);
	printf("%d threads, %d rounds\n", THREADS, ROUNDS);
	return 0;
}
