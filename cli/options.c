/* SPDX-License-Identifier: MIT */
#define _GNU_SOURCE
#include "options.h"
#include "entry.h"
#include "isle.h"
#include "msg.h"
#include "text.h"

#include <errno.h>
#include <hermit/boot.h>
#include <inttypes.h>
#include <sched.h>
#include <stdio.h>
#include <string.h>

#define CPUS_MAX 255 /* xAPIC ids */
#define GDB_PORT "1234" /* HermitCore's */

/* --- one function per row: checks the value and stores it --- */

static int opt_bad(const char *who, const char *value, const char *why, const char *mend)
{
	char what[256];

	snprintf(what, sizeof(what), "%s=%s", who, value);
	msg_error(what, mend, "%s", why);
	return -EINVAL;
}

static int opt_bool(const char *who, const char *value, bool *b)
{
	if (text_bool(value, b))
		return opt_bad(who, value, "neither yes nor no", "give 1 or 0");
	return 0;
}

static int opt_isle(struct config *c, const char *who, const char *value)
{
	uint64_t number;

	if (text_number(value, 0, UINT64_MAX, &number) != -EINVAL)
		return opt_bad(who, value, "multi-kernel isles, which HermitCore numbered, are not supported",
			       "name one: qemu");
	if (!isle_find(value))
		return opt_bad(who, value, "no such isle", "there are qemu, uhyve and process");
	c->isle = value;
	return 0;
}

static int opt_machine(struct config *c, const char *who, const char *value)
{
	if (strcmp(value, "microvm") && strcmp(value, "q35") && strcmp(value, "pc"))
		return opt_bad(who, value, "no such machine", "there are microvm, q35 and pc");
	c->machine = value;
	c->machine_named = true;
	return 0;
}

static int opt_kvm(struct config *c, const char *who, const char *value)
{
	bool b;

	if (opt_bool(who, value, &b))
		return -EINVAL;
	c->kvm = b ? KVM_DEMANDED : KVM_NEVER;
	return 0;
}

static int opt_qemu(struct config *c, const char *who, const char *value)
{
	c->qemu = value;
	c->qemu_named = true;
	return 0;
}

static int opt_kernel(struct config *c, const char *who, const char *value)
{
	c->kernel = value;
	return 0;
}

static int opt_cpus(struct config *c, const char *who, const char *value)
{
	uint64_t n;

	if (!strcmp(value, "all")) {
		cpu_set_t set;

		CPU_ZERO(&set);
		n = sched_getaffinity(0, sizeof(set), &set) ? 1 : (uint64_t)CPU_COUNT(&set);
		c->cpus = (unsigned int)(n < CPUS_MAX ? n : CPUS_MAX);
		return 0;
	}
	switch (text_number(value, 1, CPUS_MAX, &n)) {
	case 0:
		c->cpus = (unsigned int)n;
		return 0;
	case -ERANGE:
		return opt_bad(who, value, "out of range", "give 1 to 255, or all");
	default:
		return opt_bad(who, value, "not a number of CPUs", "give 1 to 255, or all");
	}
}

static int opt_affinity(struct config *c, const char *who, const char *value)
{
	unsigned int list[CPUS_MAX];

	if (text_list(value, CPU_SETSIZE - 1, list, CPUS_MAX) < 0)
		return opt_bad(who, value, "not a list of CPUs", "give numbers and ranges, such as 0,4-7");
	c->affinity = value;
	return 0;
}

static int opt_mem(struct config *c, const char *who, const char *value)
{
	switch (text_size(value, &c->mem)) {
	case 0:
		snprintf(c->mem_who, sizeof(c->mem_who), "%s", who);
		/* Above what any x86-64 machine can address it is a slip of the hand. */
		if (c->mem <= 1ull << 52)
			return 0;
		/* fall through */
	case -ERANGE:
		return opt_bad(who, value, "more memory than a machine can have",
			       "give a size such as 512M or 2G");
	default:
		return opt_bad(who, value, "not a size", "give a number with K, M or G, such as 512M");
	}
}

static int opt_mergeable(struct config *c, const char *who, const char *value)
{
	return opt_bool(who, value, &c->mergeable);
}

static int opt_hugepage(struct config *c, const char *who, const char *value)
{
	return opt_bool(who, value, &c->hugepage);
}

static int opt_jail(struct config *c, const char *who, const char *value)
{
	return opt_bool(who, value, &c->jail);
}

static int opt_env(struct config *c, const char *who, const char *value)
{
	const char *eq = strchr(value, '=');

	if (eq == value || !*value)
		return opt_bad(who, value, "a variable needs a name", "give NAME=VALUE");
	if (!eq)
		return 0; /* as in docker: the caller's own value, which is passed anyway */
	if (c->nenv == CONFIG_ENV_MAX)
		return opt_bad(who, value, "too many variables", "set them in the environment");
	c->env[c->nenv++] = value;
	return 0;
}

static int opt_workdir(struct config *c, const char *who, const char *value)
{
	c->workdir = value;
	return 0;
}

static struct share *opt_share(struct config *c, const char *who, const char *value)
{
	if (c->nshares == CONFIG_SHARES_MAX) {
		opt_bad(who, value, "too many shared directories", "share one above them");
		return NULL;
	}
	struct share *s = &c->shares[c->nshares++];
	*s = (struct share){ .host = value, .host_len = strlen(value) };
	return s;
}

static int opt_volume(struct config *c, const char *who, const char *value)
{
	struct share *s = opt_share(c, who, value);
	const char *colon = strchr(value, ':');

	if (!s)
		return -EINVAL;
	if (colon) {
		const char *mode = strchr(colon + 1, ':');

		s->host_len = (size_t)(colon - value);
		s->guest = colon + 1;
		s->guest_len = mode ? (size_t)(mode - s->guest) : strlen(s->guest);
		if (mode && !strcmp(mode, ":ro"))
			s->rdonly = true;
		else if (mode && strcmp(mode, ":rw"))
			return opt_bad(who, value, "no such mode", "give HOST:GUEST:ro or HOST:GUEST:rw");
		if (s->guest_len == 0 || s->guest[0] != '/')
			return opt_bad(who, value, "the place in the program's view must be absolute",
				       "give HOST:/GUEST");
	}
	if (s->host_len == 0)
		return opt_bad(who, value, "no directory named", "give HOST[:GUEST[:ro]]");
	return 0;
}

static int opt_mount(struct config *c, const char *who, const char *value)
{
	return opt_share(c, who, value) ? 0 : -EINVAL;
}

static int opt_root(struct config *c, const char *who, const char *value)
{
	struct share *s = opt_share(c, who, value);

	if (!s)
		return -EINVAL;
	s->guest = "/";
	s->guest_len = 1;
	s->rdonly = s->overlay = true;
	if (s->host_len > 3 && !strcmp(value + s->host_len - 3, ":rw")) {
		s->host_len -= 3;
		s->rdonly = s->overlay = false;
	}
	return s->host_len ? 0 : opt_bad(who, value, "no directory named", "give DIR[:rw]");
}

/* The kernel writes there, and nobody else has a reason to look. */
static int opt_core(struct config *c, const char *who, const char *value)
{
	struct share *s = opt_share(c, who, value);

	if (!s)
		return -EINVAL;
	if (!s->host_len)
		return opt_bad(who, value, "no directory named", "give DIR");
	s->guest = HERMIT_CORE_DIR;
	s->guest_len = strlen(s->guest);
	c->core = true;
	return 0;
}

static int opt_disk(struct config *c, const char *who, const char *value)
{
	struct disk *d = &c->disks[c->ndisks];
	size_t len = strlen(value);

	if (c->ndisks == CONFIG_DISKS_MAX)
		return opt_bad(who, value, "too many disks", "there is room for 26");
	*d = (struct disk){ .path = value, .len = len };
	if (len >= 3 && (!strcmp(value + len - 3, ":ro") || !strcmp(value + len - 3, ":rw"))) {
		d->len -= 3;
		d->rdonly = value[len - 1] == 'o';
	}
	if (d->len == 0)
		return opt_bad(who, value, "no disk image named", "give FILE[:ro]");
	c->ndisks++;
	return 0;
}

static int opt_name(struct config *c, const char *who, const char *value)
{
	if (strlen(value) > ENTRY_NAME_MAX)
		return opt_bad(who, value, "longer than 64 bytes", "give a shorter name");
	if (!entry_name_valid(value))
		return opt_bad(who, value, "not a name", "give letters, digits, '_', '.' and '-', a letter or digit first");
	c->hostname = value;
	return 0;
}

static int opt_verbose(struct config *c, const char *who, const char *value)
{
	return opt_bool(who, value, &c->verbose);
}

static int opt_gdb(struct config *c, const char *who, const char *value)
{
	uint64_t port;
	bool b;

	c->gdb = NULL;
	if (!text_bool(value, &b)) {
		c->gdb = b ? GDB_PORT : NULL;
		return 0;
	}
	/* QEMU's option would end at a comma. */
	if (!strncmp(value, "unix:", 5) ? !value[5] || strchr(value, ',') : text_number(value, 1, 65535, &port))
		return opt_bad(who, value, "no place for gdb to connect to", "give a port from 2 to 65535, or unix:PATH");
	c->gdb = value;
	return 0;
}

static int opt_monitor(struct config *c, const char *who, const char *value)
{
	return opt_bool(who, value, &c->monitor);
}

static int opt_port(struct config *c, const char *who, const char *value)
{
	uint64_t n;

	if (text_number(value, 1, 65534, &n))
		return opt_bad(who, value, "not a port", "give 1 to 65534");
	c->port = (unsigned int)n;
	return 0;
}

static int opt_patch(struct config *c, const char *who, const char *value)
{
	return opt_bool(who, value, &c->patch);
}

static int opt_aslr(struct config *c, const char *who, const char *value)
{
	return opt_bool(who, value, &c->aslr);
}

static int opt_help(struct config *c, const char *who, const char *value)
{
	c->help = true;
	return 0;
}

static int opt_version(struct config *c, const char *who, const char *value)
{
	c->version = true;
	return 0;
}

static int opt_later(const char *who, const char *thing)
{
	msg_error(who, "leave it out", "%s is not there yet", thing);
	return -ENOSYS;
}

static int opt_network_later(struct config *c, const char *who, const char *value)
{
	return opt_later(who, "the network");
}

/* A feature that is switched off is what the user gets. */
static int opt_network_switch_later(struct config *c, const char *who, const char *value)
{
	bool b;

	return !text_bool(value, &b) && !b ? 0 : opt_later(who, "the network");
}

static int opt_detach(struct config *c, const char *who, const char *value)
{
	c->detach = true;
	return 0;
}

static int opt_strace(struct config *c, const char *who, const char *value)
{
	return opt_bool(who, value, &c->strace);
}

static int opt_checkpoint_later(struct config *c, const char *who, const char *value)
{
	return !strcmp(value, "0") ? 0 : opt_later(who, "checkpointing");
}

static int opt_migration_later(struct config *c, const char *who, const char *value)
{
	return !strcmp(value, "0") ? 0 : opt_later(who, "migration");
}

/* --- the table --- */

const struct option_row option_rows[] = {
#define GROUP(title_) { .group = title_ },
#define OPT(letter_, name_, variable_, arg_, apply_, def_, help_)                                                  \
	{ .variable = variable_, .name = name_, .letter = letter_, .arg = arg_, .def = def_, .help = help_,        \
	  .apply = opt_##apply_ },
#include "options.def"
#undef GROUP
#undef OPT
};
const size_t option_count = sizeof(option_rows) / sizeof(option_rows[0]);

#define OPTION_COUNT (sizeof(option_rows) / sizeof(option_rows[0]))

/* --- reading --- */

static const struct option_row *option_by_name(const char *name, size_t len)
{
	for (size_t i = 0; i < option_count; i++) {
		const char *n = option_rows[i].name;

		if (n && strlen(n) == len && !memcmp(n, name, len))
			return &option_rows[i];
	}
	return NULL;
}

static const struct option_row *option_by_letter(char letter)
{
	for (size_t i = 0; i < option_count; i++)
		if (letter && option_rows[i].letter == letter)
			return &option_rows[i];
	return NULL;
}

static const struct option_row *option_by_variable(const char *name, size_t len)
{
	for (size_t i = 0; i < option_count; i++) {
		const char *v = option_rows[i].variable;

		if (v && strlen(v) == len && !memcmp(v, name, len))
			return &option_rows[i];
	}
	return NULL;
}

static int option_unknown(const char *arg, size_t len)
{
	char name[64], mend[128] = "hermit help names them all";

	if (arg[1] == '-' && len - 2 < sizeof(name)) {
		const char *near;

		memcpy(name, arg + 2, len - 2);
		name[len - 2] = 0;
		near = text_nearest(name, &option_rows[0].name, option_count, sizeof(option_rows[0]));
		if (near)
			snprintf(mend, sizeof(mend), "did you mean --%s?", near);
	}
	msg_error(arg, mend, "no such option");
	return -EINVAL;
}

/* Takes the option at args[0].  Gives how many of args it used, or a negative error. */
static int option_take(struct config *c, char **args, bool *seen)
{
	const char *arg = args[0], *value = NULL;
	const struct option_row *o;
	char who[64];
	int used = 1;
	size_t len;

	if (arg[1] == '-') {
		len = strcspn(arg, "=");
		o = option_by_name(arg + 2, len - 2);
		if (arg[len])
			value = arg + len + 1;
	} else {
		len = 2;
		o = option_by_letter(arg[1]);
		if (arg[2])
			value = arg + 2;
	}
	if (!o)
		return option_unknown(arg, len);
	snprintf(who, sizeof(who), "%.*s", (int)len, arg);
	if (!o->arg && value) {
		msg_error(arg, "leave the value out", "%s takes none", who);
		return -EINVAL;
	}
	if (!o->arg)
		value = "1";
	if (!value) {
		value = args[1];
		used = 2;
	}
	if (!value || (!*value && o->letter != 'e')) {
		msg_error(who, "hermit help tells", "needs a value: %s", o->arg);
		return -EINVAL;
	}
	seen[o - option_rows] = true;
	int r = o->apply(c, who, value);

	return r ? r : used;
}

static int option_variable(struct config *c, const char *entry, const bool *seen)
{
	size_t len = strcspn(entry, "=");
	const struct option_row *o;
	char name[64], mend[128] = "hermit help names those there are";
	const char *near;

	if (!entry[len] || !entry[len + 1])
		return 0; /* an empty variable counts as unset */
	o = option_by_variable(entry, len);
	if (o)
		return seen[o - option_rows] ? 0 : o->apply(c, o->variable, entry + len + 1);
	if (len >= sizeof(name))
		return 0;
	memcpy(name, entry, len);
	name[len] = 0;
	near = text_nearest(name, option_rows, option_count, sizeof(option_rows[0]));
	if (near)
		snprintf(mend, sizeof(mend), "did you mean %s?", near);
	msg_warn(name, mend, "no such variable");
	return 0;
}

int options_read(struct config *c, char **args, char **env)
{
	bool seen[OPTION_COUNT] = { false };

	*c = (struct config){
		.machine = "microvm",
		.qemu = "qemu-system-x86_64",
		.cpus = 1,
		.mem = 2ull << 30,
		.mem_who = "HERMIT_MEM",
		.port = 18766,
		.hugepage = true,
		.patch = true,
		.aslr = true,
	};
	while (*args && (*args)[0] == '-' && (*args)[1]) {
		int used;

		if (!strcmp(*args, "--")) {
			args++;
			break;
		}
		used = option_take(c, args, seen);
		if (used < 0)
			return used;
		args += used;
	}
	if (*args)
		c->argv = args;
	if (c->help || c->version)
		return 0;
	for (; *env; env++)
		if (!strncmp(*env, "HERMIT_", 7)) {
			int r = option_variable(c, *env, seen);

			if (r)
				return r;
		}
	return 0;
}
