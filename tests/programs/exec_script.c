/* SPDX-License-Identifier: MIT */
/* Scripts that are run: what their interpreters are given.  The last interpreter is this program. */
#include "../abi/abi.h"
#include <sys/auxv.h>

static char self[PATH_MAX];
static unsigned turn;

static void script(const char *name, const char *line)
{
	int fd = open(name, O_WRONLY | O_CREAT | O_TRUNC, 0755);

	(void)!write(fd, line, strlen(line));
	close(fd);
}

static void show(char **argv)
{
	char name[16] = "";
	int fd = open("/proc/self/comm", O_RDONLY);
	ssize_t n = read(fd, name, sizeof(name) - 1);

	if (turn != 7) /* run by a descriptor alone: kernels have changed their mind about its name */
		printf("comm %.*s ", n > 0 ? (int)n - 1 : 0, name);
	printf("execfn %s:", (char *)getauxval(AT_EXECFN));
	for (; *argv; argv++) {
		if (!strcmp(*argv, self))
			printf(" <self>");
		else
			printf(" <%s>", *argv);
	}
	printf("\n");
}

/* Runs the next one; this program comes back, as its interpreter, with TURN raised. */
static void next(void)
{
	char line[2 * PATH_MAX], number[12], blanks[101];

	snprintf(number, sizeof(number), "%u", turn + 1);
	setenv("TURN", number, 1);
	memset(blanks, ' ', sizeof(blanks));
	blanks[100] = 0;
	switch (turn) {
	case 0:
		snprintf(line, sizeof(line), "#!%s\n", self);
		script("plain", line);
		execl("./plain", "name", "one", "two", NULL);
		break;
	case 1:
		snprintf(line, sizeof(line), "#! \t %s  an argument of several words \t \nignored\n", self);
		script("words", line);
		execl("./words", "name", "one", NULL);
		break;
	case 2:
		snprintf(line, sizeof(line), "#!%s", self);
		script("unended", line);
		execv("unended", (char *[]){NULL});
		break;
	case 3: /* five levels */
		snprintf(line, sizeof(line), "#!%s -0\n", self);
		script("s0", line);
		script("s1", "#!s0 -1\n");
		script("s2", "#!s1\n");
		script("s3", "#!s2 -3\n");
		script("s4", "#!s3 -4\n");
		execl("s4", "name", "rest", NULL);
		break;
	case 4: /* six are too many */
		script("s5", "#!s4\n");
		T(execl("s5", "name", NULL));
		setenv("TURN", "6", 1);
		turn = 5;
		/* fall through */
	case 5: /* the argument is cut where the first 256 bytes end */
		snprintf(line, sizeof(line), "#!%s %s-long-%s-argument", self, blanks, blanks);
		memset(line + strlen(line), 'z', sizeof(line) - strlen(line) - 1);
		line[sizeof(line) - 1] = 0;
		script("long", line);
		execl("./long", "name", NULL);
		break;
	case 6:
		snprintf(line, sizeof(line), "#!%s -fd\n", self);
		script("by-fd", line);
		execveat(open("by-fd", O_RDONLY), "", (char *[]){"name", "x", NULL}, environ, AT_EMPTY_PATH);
		break;
	case 7:
		execveat(open(".", O_RDONLY | O_DIRECTORY), "plain", (char *[]){"name", "y", NULL}, environ, 0);
		break;
	default:
		exit(0);
	}
	printf("turn %u: %s\n", turn, strerrorname_np(errno));
	exit(1);
}

int main(int argc, char **argv)
{
	if (argc < 1 || readlink("/proc/self/exe", self, sizeof(self) - 1) < 0)
		return 2;
	/* Where the build lies may be far away: the first line of a script has room for 255 bytes. */
	if (strlen(self) > 120) {
		printf("the path of this program is too long for the test\n");
		return 0;
	}
	turn = getenv("TURN") ? (unsigned)atoi(getenv("TURN")) : 0;
	if (turn)
		show(argv);
	fflush(stdout);
	next();
}
