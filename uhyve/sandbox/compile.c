/* SPDX-License-Identifier: MIT */
/* Runs when uhyve is built: makes BPF of rules.def, as C text on stdout. */
#define _GNU_SOURCE
#include <errno.h>
#include <linux/filter.h>
#include <linux/fs.h>
#include <linux/kvm.h>
#include <seccomp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

enum op { OP_ALWAYS, OP_IS, OP_WITHOUT };

struct rule {
	const char *kind; /* set: this row opens a kind */
	const char *name;
	int call;
	enum op op;
	unsigned int arg;
	unsigned long value;
};

static const struct rule rules[] = {
#define KIND(kind_)	   {.kind = #kind_},
#define RULE(call_, user_) {.name = #call_, .call = SCMP_SYS(call_), .op = OP_ALWAYS},
#define RULE_IS(call_, arg_, value_, user_)                                                                  \
	{.name = #call_, .call = SCMP_SYS(call_), .op = OP_IS, .arg = arg_, .value = value_},
#define RULE_WITHOUT(call_, arg_, bits_, user_)                                                              \
	{.name = #call_, .call = SCMP_SYS(call_), .op = OP_WITHOUT, .arg = arg_, .value = bits_},
#include "rules.def"
};
#define RULES (sizeof(rules) / sizeof(rules[0]))

static void must(int r, const char *what)
{
	if (r >= 0)
		return;
	fprintf(stderr, "rules.def: %s: %s\n", what, strerror(-r));
	exit(1);
}

static void add(scmp_filter_ctx c, const struct rule *r)
{
	/* Request numbers are 32 bits wide for the kernel, whatever the register above them holds. */
	struct scmp_arg_cmp is = SCMP_CMP(r->arg, SCMP_CMP_MASKED_EQ, 0xffffffffu, r->value);
	struct scmp_arg_cmp without = SCMP_CMP(r->arg, SCMP_CMP_MASKED_EQ, r->value, 0);

	if (r->op == OP_ALWAYS)
		must(seccomp_rule_add(c, SCMP_ACT_ALLOW, r->call, 0), r->name);
	else
		must(seccomp_rule_add(c, SCMP_ACT_ALLOW, r->call, 1, r->op == OP_IS ? is : without), r->name);
}

/* Adds the rules behind row `from` up to the next kind. */
static void add_kind(scmp_filter_ctx c, size_t from)
{
	for (size_t i = from + 1; i < RULES && !rules[i].kind; i++)
		add(c, &rules[i]);
}

static void print(scmp_filter_ctx c, const char *kind)
{
	struct sock_filter f;
	int fd = memfd_create("bpf", 0);

	must(fd < 0 ? -errno : 0, "memfd_create");
	must(seccomp_export_bpf(c, fd), kind);
	lseek(fd, 0, SEEK_SET);
	printf("static struct sock_filter filter_%s[] = {\n", kind);
	while (read(fd, &f, sizeof(f)) == sizeof(f))
		printf("\t{ %#x, %u, %u, %#x },\n", f.code, f.jt, f.jf, f.k);
	printf("};\n\n");
	close(fd);
}

int main(void)
{
	for (size_t i = 1; i < RULES; i++) {
		scmp_filter_ctx c;

		if (!rules[i].kind)
			continue;
		c = seccomp_init(SCMP_ACT_KILL_PROCESS);
		must(c ? 0 : -ENOMEM, rules[i].kind);
		must(seccomp_attr_set(c, SCMP_FLTATR_CTL_OPTIMIZE, 2), "optimize");
		add_kind(c, 0);
		add_kind(c, i);
		print(c, rules[i].kind);
		seccomp_release(c);
	}
	return fflush(stdout) ? 1 : 0;
}
