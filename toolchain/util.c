/* SPDX-License-Identifier: MIT */
#include <ctype.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "driver.h"

/* A response file that names itself would never end. */
#define RESPONSE_FILES_MAX 2000

void *xmalloc(size_t len)
{
	void *p = calloc(1, len);

	if (!p)
		die("memory", "used up", "close something");
	return p;
}

char *xstrdup(const char *s)
{
	size_t len = strlen(s) + 1;

	return memcpy(xmalloc(len), s, len);
}

char *xformat(const char *format, ...)
{
	va_list ap;
	char *s;

	va_start(ap, format);
	if (vasprintf(&s, format, ap) < 0)
		die("memory", "used up", "close something");
	va_end(ap);
	return s;
}

void args_init(struct args *args, int argc, char **argv)
{
	args->n = argc;
	args->v = xmalloc(((size_t)argc + 1) * sizeof(char *));
	memcpy(args->v, argv, (size_t)argc * sizeof(char *));
	args->v[argc] = NULL;
}

void args_insert(struct args *args, int at, const char *arg)
{
	char **v = xmalloc(((size_t)args->n + 2) * sizeof(char *));

	memcpy(v, args->v, (size_t)at * sizeof(char *));
	v[at] = (char *)arg;
	memcpy(v + at + 1, args->v + at, ((size_t)(args->n - at) + 1) * sizeof(char *));
	args->v = v;
	args->n++;
}

/* The next word of a response file: white space parts words, quotes keep it, a backslash keeps
 * any character. NULL at the end. */
static char *response_word(const char **text)
{
	const char *s = *text;
	char *word, *w, quote = 0;

	while (isspace((unsigned char)*s))
		s++;
	if (!*s)
		return NULL;
	word = w = xmalloc(strlen(s) + 1);
	for (; *s && (quote || !isspace((unsigned char)*s)); s++) {
		if (*s == '\\' && s[1])
			*w++ = *++s;
		else if (quote && *s == quote)
			quote = 0;
		else if (!quote && (*s == '\'' || *s == '"'))
			quote = *s;
		else
			*w++ = *s;
	}
	*w = 0;
	*text = s;
	return word;
}

static char *file_text(const char *path)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	struct stat st;
	size_t len = 0;
	char *text;

	if (fd < 0)
		return NULL;
	if (fstat(fd, &st) || !S_ISREG(st.st_mode) || st.st_size > 64 << 20) {
		close(fd);
		return NULL;
	}
	text = xmalloc((size_t)st.st_size + 1);
	while (len < (size_t)st.st_size) {
		ssize_t n = read(fd, text + len, (size_t)st.st_size - len);

		if (n <= 0)
			break;
		len += (size_t)n;
	}
	text[len] = 0;
	close(fd);
	return text;
}

void args_expand(struct args *out, const struct args *in)
{
	int files = 0;

	args_init(out, in->n, in->v);
	for (int i = 1; i < out->n;) {
		char *text = out->v[i][0] == '@' && files < RESPONSE_FILES_MAX ? file_text(out->v[i] + 1) : NULL;
		const char *rest = text;
		char *word;
		int at = i;

		/* As GCC does: what cannot be opened is an argument that begins with '@'. */
		if (!text) {
			i++;
			continue;
		}
		files++;
		memmove(out->v + i, out->v + i + 1, (size_t)(out->n - i) * sizeof(char *));
		out->n--;
		while ((word = response_word(&rest)))
			args_insert(out, at++, word);
		free(text);
	}
}

static bool runnable(const char *path, const struct stat *self)
{
	struct stat st;

	return !access(path, X_OK) && !stat(path, &st) && S_ISREG(st.st_mode) &&
	       !(st.st_dev == self->st_dev && st.st_ino == self->st_ino);
}

/* dir/name, or the dir/name-N with the highest N. */
static char *find_in_dir(const char *dir, const char *name, const struct stat *self)
{
	char *path = xformat("%s/%s", dir, name);
	size_t len = strlen(name);
	long best = -1;
	struct dirent *e;
	DIR *d;

	if (runnable(path, self))
		return path;
	if (strcmp(name, "gccgo") && strcmp(name, "gfortran") && strcmp(name, "gcc") && strcmp(name, "g++"))
		return NULL;
	d = opendir(dir);
	path = NULL;
	while (d && (e = readdir(d))) {
		char *end, *candidate;
		long version;

		if (strncmp(e->d_name, name, len) || e->d_name[len] != '-' ||
		    !isdigit((unsigned char)e->d_name[len + 1]))
			continue;
		version = strtol(e->d_name + len + 1, &end, 10);
		candidate = xformat("%s/%s", dir, e->d_name);
		if (!*end && version > best && runnable(candidate, self)) {
			best = version;
			path = candidate;
		}
	}
	if (d)
		closedir(d);
	return path;
}

const char *tool_find(const char *name, const char *first)
{
	const char *path = getenv("PATH");
	const char *lists[] = { first, path ? path : "/usr/local/bin:/usr/bin:/bin" };
	struct stat self = { 0 };

	if (stat("/proc/self/exe", &self))
		die("/proc/self/exe", "cannot be read", "mount /proc");
	for (int i = 0; i < 2; i++) {
		char *list = lists[i] ? xstrdup(lists[i]) : NULL, *save, *dir, *found;

		for (dir = list ? strtok_r(list, ":", &save) : NULL; dir; dir = strtok_r(NULL, ":", &save)) {
			found = find_in_dir(dir, name, &self);
			if (found) {
				free(list);
				return found;
			}
		}
		free(list);
	}
	return NULL;
}

static int wait_status(pid_t pid, const char *path)
{
	int status;

	while (waitpid(pid, &status, 0) < 0)
		if (errno != EINTR)
			die(path, strerror(errno), "try again");
	if (WIFSIGNALED(status)) {
		/* The caller should see the death its child had: make deletes targets by it. */
		signal(WTERMSIG(status), SIG_DFL);
		raise(WTERMSIG(status));
		return 128 + WTERMSIG(status);
	}
	return WEXITSTATUS(status);
}

int run_filtered(const char *path, char **argv, int fd, void (*filter)(FILE *from, FILE *to))
{
	FILE *from, *to;
	int fds[2];
	pid_t pid;

	fflush(NULL);
	if (pipe(fds) || (pid = fork()) < 0)
		die(path, strerror(errno), "close something");
	if (!pid) {
		dup2(fds[1], fd);
		close(fds[0]);
		close(fds[1]);
		execv(path, argv);
		fprintf(stderr, "%s: %s: %s\n", driver_name, path, strerror(errno));
		_exit(127);
	}
	close(fds[1]);
	from = fdopen(fds[0], "r");
	to = fd == STDOUT_FILENO ? stdout : stderr;
	if (!from)
		die(path, strerror(errno), "close something");
	filter(from, to);
	fclose(from);
	fflush(to);
	return wait_status(pid, path);
}
