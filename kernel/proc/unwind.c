/* SPDX-License-Identifier: MIT */
#include "proc/unwind.h"
#include "lib/errno.h"
#include "lib/string.h"

#define STATES_MAX 6 /* DW_CFA_remember_state inside one function */
#define STACK_MAX  16

/* A cursor over the section; ok goes false when something was not there, and reads give 0 from then on. */
struct cursor {
	const u8 *p, *end;
	bool ok;
};

static u64 get_fixed(struct cursor *c, unsigned n)
{
	u64 v = 0;

	if ((size_t)(c->end - c->p) < n) {
		c->ok = false;
		c->p = c->end;
		return 0;
	}
	memcpy(&v, c->p, n);
	c->p += n;
	return v;
}

static u64 get_uleb(struct cursor *c)
{
	u64 v = 0;

	for (unsigned shift = 0;; shift += 7) {
		u8 b = (u8)get_fixed(c, 1);

		if (shift < 64)
			v |= (u64)(b & 0x7f) << shift;
		if (!(b & 0x80) || !c->ok)
			return v;
	}
}

static s64 get_sleb(struct cursor *c)
{
	u64 v = 0;
	unsigned shift = 0;
	u8 b;

	do {
		b = (u8)get_fixed(c, 1);
		if (shift < 64)
			v |= (u64)(b & 0x7f) << shift;
		shift += 7;
	} while ((b & 0x80) && c->ok);
	if ((b & 0x40) && shift < 64)
		v |= ~0ull << shift;
	return (s64)v;
}

/* A pointer encoding (LSB, "DWARF Exception Header Encoding"); relative ones as seen at `at`. */
static u64 get_encoded(struct cursor *c, u8 enc, u64 at)
{
	u64 v;

	switch (enc & 0x0f) {
	case 0x00:
	case 0x04:
	case 0x0c:
		v = get_fixed(c, 8);
		break;
	case 0x01:
		v = get_uleb(c);
		break;
	case 0x02:
		v = get_fixed(c, 2);
		break;
	case 0x03:
		v = get_fixed(c, 4);
		break;
	case 0x09:
		v = (u64)get_sleb(c);
		break;
	case 0x0a:
		v = (u64)(s64)(s16)get_fixed(c, 2);
		break;
	case 0x0b:
		v = (u64)(s64)(s32)get_fixed(c, 4);
		break;
	default:
		c->ok = false;
		return 0;
	}
	return (enc & 0x70) == 0x10 ? v + at : v;
}

struct cie {
	struct cursor insns;
	u64 code_align;
	s64 data_align;
	u64 ra;
	u8 enc;
	bool has_aug, signal;
};

static bool read_cie(struct cursor c, struct cie *cie)
{
	u8 version = (u8)get_fixed(&c, 1);
	const char *aug = (const char *)c.p;
	size_t aug_len = strnlen(aug, (size_t)(c.end - c.p));

	memset(cie, 0, sizeof(*cie));
	if ((version != 1 && version != 3) || aug_len == (size_t)(c.end - c.p))
		return false;
	c.p += aug_len + 1;
	cie->code_align = get_uleb(&c);
	cie->data_align = get_sleb(&c);
	cie->ra = version == 1 ? get_fixed(&c, 1) : get_uleb(&c);
	if (aug[0] == 'z') {
		u64 len = get_uleb(&c);
		struct cursor a = {c.p, c.p, true};

		if (len > (u64)(c.end - c.p))
			return false;
		a.end = c.p += len;
		cie->has_aug = true;
		for (const char *s = aug + 1; *s; s++) {
			if (*s == 'R')
				cie->enc = (u8)get_fixed(&a, 1);
			else if (*s == 'L')
				get_fixed(&a, 1);
			else if (*s == 'P')
				get_encoded(&a, (u8)get_fixed(&a, 1), 0);
			else if (*s == 'S')
				cie->signal = true;
			else
				break;
		}
		if (!a.ok)
			return false;
	}
	cie->insns = c;
	return c.ok && cie->ra < UNWIND_REGS;
}

struct fde {
	struct cie cie;
	struct cursor insns;
	u64 start;
};

/* One entry after the other: there is an index only where the linker was asked for it. */
static bool find_fde(const struct unwind_table *t, u64 pc, struct fde *f)
{
	struct cursor c = {t->data, t->data + t->size, true};

	while (c.ok && c.end - c.p >= 8) {
		u64 len = get_fixed(&c, 4), start, range;
		const u8 *id_at = c.p;
		struct cursor e = c, cie;
		u32 id;

		if (len == 0xffffffff || len > (u64)(c.end - c.p))
			return false; /* 64-bit entries are for tables beyond 4 GiB */
		if (len < 4)
			return false; /* the end mark */
		e.end = c.p += len;
		id = (u32)get_fixed(&e, 4);
		if (!id)
			continue;
		if (id > (u64)(id_at - t->data))
			return false;
		cie.p = id_at - id;
		cie.end = t->data + t->size;
		cie.ok = true;
		len = get_fixed(&cie, 4);
		if (len < 4 || len > (u64)(cie.end - cie.p))
			return false;
		cie.end = cie.p + len;
		if (get_fixed(&cie, 4) != 0 || !read_cie(cie, &f->cie))
			continue;
		start = get_encoded(&e, f->cie.enc, t->addr + (u64)(e.p - t->data));
		range = get_encoded(&e, f->cie.enc & 0x0f, 0);
		if (!e.ok || pc < start || pc - start >= range)
			continue;
		if (f->cie.has_aug) {
			len = get_uleb(&e);
			if (len > (u64)(e.end - e.p))
				return false;
			e.p += len;
		}
		f->start = start;
		f->insns = e;
		return true;
	}
	return false;
}

enum rule_kind { SAME, UNDEFINED, AT_OFFSET, IS_OFFSET, IN_REGISTER, AT_EXPR, IS_EXPR };

struct rule {
	u8 kind;
	s64 value; /* offset from the CFA, or a register */
	struct cursor expr;
};

struct row {
	struct rule reg[UNWIND_REGS], cfa; /* cfa: IN_REGISTER (value = offset, with cfa_reg) or IS_EXPR */
	u64 cfa_reg;
};

struct machine {
	struct row row, initial, saved[STATES_MAX];
	unsigned depth;
	u64 at;
};
_Static_assert(sizeof(struct machine) <= sizeof(struct unwind_scratch), "the scratch room is too small");

static struct cursor get_block(struct cursor *c)
{
	u64 len = get_uleb(c);
	struct cursor b = {c->p, c->p, true};

	if (len > (u64)(c->end - c->p)) {
		c->ok = false;
		return b;
	}
	b.end = c->p += len;
	return b;
}

static void set_rule(struct row *row, u64 reg, u8 kind, s64 value)
{
	if (reg < UNWIND_REGS)
		row->reg[reg] = (struct rule){.kind = kind, .value = value};
}

static void set_expr(struct row *row, struct cursor *c, u8 kind)
{
	u64 reg = get_uleb(c);
	struct cursor e = get_block(c);

	if (reg < UNWIND_REGS)
		row->reg[reg] = (struct rule){.kind = kind, .expr = e};
}

static void restore_rule(struct machine *m, u64 reg)
{
	if (reg < UNWIND_REGS)
		m->row.reg[reg] = m->initial.reg[reg];
}

/* DW_CFA_* with the two high bits clear (DWARF 5, 7.24).  False: unknown, or the state stack is misused. */
static bool run_extended(struct machine *m, struct cursor *c, u8 op, const struct cie *cie)
{
	struct row *r = &m->row;
	u64 reg;

	switch (op) {
	case 0x00: /* nop */
		return true;
	case 0x02: /* advance_loc1, 2, 4 */
		m->at += get_fixed(c, 1) * cie->code_align;
		return true;
	case 0x03:
		m->at += get_fixed(c, 2) * cie->code_align;
		return true;
	case 0x04:
		m->at += get_fixed(c, 4) * cie->code_align;
		return true;
	case 0x05: /* offset_extended */
		reg = get_uleb(c);
		set_rule(r, reg, AT_OFFSET, (s64)get_uleb(c) * cie->data_align);
		return true;
	case 0x06: /* restore_extended */
		restore_rule(m, get_uleb(c));
		return true;
	case 0x07: /* undefined */
		set_rule(r, get_uleb(c), UNDEFINED, 0);
		return true;
	case 0x08: /* same_value */
		set_rule(r, get_uleb(c), SAME, 0);
		return true;
	case 0x09: /* register */
		reg = get_uleb(c);
		set_rule(r, reg, IN_REGISTER, (s64)get_uleb(c));
		return true;
	case 0x0a: /* remember_state */
		if (m->depth == STATES_MAX)
			return false;
		m->saved[m->depth++] = *r;
		return true;
	case 0x0b: /* restore_state */
		if (!m->depth)
			return false;
		*r = m->saved[--m->depth];
		return true;
	case 0x0c: /* def_cfa, def_cfa_register, def_cfa_offset */
		r->cfa_reg = get_uleb(c);
		r->cfa = (struct rule){.kind = IN_REGISTER, .value = (s64)get_uleb(c)};
		return true;
	case 0x0d:
		r->cfa_reg = get_uleb(c);
		return true;
	case 0x0e:
		r->cfa.value = (s64)get_uleb(c);
		return true;
	case 0x0f: /* def_cfa_expression */
		r->cfa = (struct rule){.kind = IS_EXPR, .expr = get_block(c)};
		return true;
	case 0x10: /* expression */
		set_expr(r, c, AT_EXPR);
		return true;
	case 0x11: /* offset_extended_sf, def_cfa_sf, def_cfa_offset_sf */
		reg = get_uleb(c);
		set_rule(r, reg, AT_OFFSET, get_sleb(c) * cie->data_align);
		return true;
	case 0x12:
		r->cfa_reg = get_uleb(c);
		r->cfa = (struct rule){.kind = IN_REGISTER, .value = get_sleb(c) * cie->data_align};
		return true;
	case 0x13:
		r->cfa.value = get_sleb(c) * cie->data_align;
		return true;
	case 0x14: /* val_offset, val_offset_sf */
		reg = get_uleb(c);
		set_rule(r, reg, IS_OFFSET, (s64)get_uleb(c) * cie->data_align);
		return true;
	case 0x15:
		reg = get_uleb(c);
		set_rule(r, reg, IS_OFFSET, get_sleb(c) * cie->data_align);
		return true;
	case 0x16: /* val_expression */
		set_expr(r, c, IS_EXPR);
		return true;
	case 0x2e: /* GNU_args_size */
		get_uleb(c);
		return true;
	default:
		return false;
	}
}

/* The rules that hold at pc. */
static bool run(struct machine *m, struct cursor c, const struct cie *cie, u64 pc)
{
	while (c.ok && c.p < c.end) {
		u8 op = (u8)get_fixed(&c, 1), low = op & 0x3f;

		switch (op >> 6) {
		case 1: /* advance_loc */
			m->at += low * cie->code_align;
			break;
		case 2: /* offset */
			set_rule(&m->row, low, AT_OFFSET, (s64)get_uleb(&c) * cie->data_align);
			break;
		case 3: /* restore */
			restore_rule(m, low);
			break;
		default:
			if (!run_extended(m, &c, op, cie))
				return false;
		}
		if (m->at > pc)
			return true;
	}
	return c.ok;
}

struct context {
	const struct unwind_regs *regs;
	unwind_read_fn *read;
	void *arg;
};

struct stack {
	u64 v[STACK_MAX];
	unsigned n;
};

static bool push(struct stack *s, u64 v)
{
	if (s->n == STACK_MAX)
		return false;
	s->v[s->n++] = v;
	return true;
}

static bool binary(struct stack *s, u8 op)
{
	u64 a, b;

	if (s->n < 2)
		return false;
	b = s->v[--s->n];
	a = s->v[--s->n];
	switch (op) {
	case 0x1a:
		return push(s, a & b);
	case 0x1c:
		return push(s, a - b);
	case 0x21:
		return push(s, a | b);
	case 0x22:
		return push(s, a + b);
	case 0x24:
		return push(s, b < 64 ? a << b : 0);
	default: /* 0x2a: ge */
		return push(s, (s64)a >= (s64)b);
	}
}

/* The part of DWARF's expressions (2.5) that C libraries use: signal frames and the PLT. */
static bool evaluate(struct cursor c, const struct context *x, u64 first, bool has_first, u64 *result)
{
	struct stack s = {.n = 0};

	if (has_first)
		push(&s, first);
	while (c.ok && c.p < c.end) {
		u8 op = (u8)get_fixed(&c, 1);
		bool good;

		if (op >= 0x70 && op < 0x70 + UNWIND_REGS) { /* breg */
			good = push(&s, x->regs->r[op - 0x70] + (u64)get_sleb(&c));
		} else if (op >= 0x30 && op <= 0x4f) { /* lit */
			good = push(&s, op - 0x30u);
		} else {
			switch (op) {
			case 0x06: /* deref */
				good = s.n && x->read(x->arg, s.v[s.n - 1], &s.v[s.n - 1]);
				break;
			case 0x08: /* const1u, const1s, const2u, const4u */
				good = push(&s, get_fixed(&c, 1));
				break;
			case 0x09:
				good = push(&s, (u64)(s64)(s8)get_fixed(&c, 1));
				break;
			case 0x0a:
				good = push(&s, get_fixed(&c, 2));
				break;
			case 0x0c:
				good = push(&s, get_fixed(&c, 4));
				break;
			case 0x12: /* dup */
				good = s.n && push(&s, s.v[s.n - 1]);
				break;
			case 0x1a:
			case 0x1c:
			case 0x21:
			case 0x22:
			case 0x24:
			case 0x2a:
				good = binary(&s, op);
				break;
			case 0x23: /* plus_uconst */
				good = s.n > 0;
				if (good)
					s.v[s.n - 1] += get_uleb(&c);
				break;
			default:
				good = false;
			}
		}
		if (!good)
			return false;
	}
	if (!c.ok || !s.n)
		return false;
	*result = s.v[s.n - 1];
	return true;
}

static int apply(const struct rule *r, unsigned reg, u64 cfa, const struct context *x, u64 *v)
{
	u64 at;

	switch (r->kind) {
	case SAME:
		/* The caller's stack pointer is what the CFA means. */
		*v = reg == UNWIND_RSP ? cfa : x->regs->r[reg];
		return 0;
	case UNDEFINED:
		*v = 0;
		return 0;
	case AT_OFFSET:
		return x->read(x->arg, cfa + (u64)r->value, v) ? 0 : -EFAULT;
	case IS_OFFSET:
		*v = cfa + (u64)r->value;
		return 0;
	case IN_REGISTER:
		if ((u64)r->value >= UNWIND_REGS)
			return -EINVAL;
		*v = x->regs->r[r->value];
		return 0;
	case AT_EXPR:
		if (!evaluate(r->expr, x, cfa, true, &at))
			return -EINVAL;
		return x->read(x->arg, at, v) ? 0 : -EFAULT;
	default:
		return evaluate(r->expr, x, cfa, true, v) ? 0 : -EINVAL;
	}
}

int unwind_step(const struct unwind_table *t, struct unwind_regs *regs, struct unwind_scratch *scratch,
		unwind_read_fn *read, void *arg)
{
	/* A return address may lie behind its function's end, after a call that never returns. */
	u64 pc = regs->r[UNWIND_PC] - t->bias - (regs->exact ? 0 : 1), cfa;
	struct context x = {regs, read, arg};
	struct unwind_regs next;
	struct machine *m = (struct machine *)scratch;
	struct fde f;

	if (!find_fde(t, pc, &f))
		return -ENOENT;
	memset(m, 0, sizeof(*m));
	m->at = f.start;
	if (!run(m, f.cie.insns, &f.cie, ~0ull))
		return -EINVAL;
	m->initial = m->row;
	m->at = f.start;
	if (!run(m, f.insns, &f.cie, pc))
		return -EINVAL;
	if (m->row.cfa.kind == IS_EXPR) {
		if (!evaluate(m->row.cfa.expr, &x, 0, false, &cfa))
			return -EINVAL;
	} else if (m->row.cfa.kind == IN_REGISTER && m->row.cfa_reg < UNWIND_REGS) {
		cfa = regs->r[m->row.cfa_reg] + (u64)m->row.cfa.value;
	} else {
		return -EINVAL;
	}
	if (m->row.reg[f.cie.ra].kind == UNDEFINED)
		return -ENOENT; /* the outermost function says so */
	for (unsigned i = 0; i < UNWIND_REGS; i++) {
		const struct rule *r = &m->row.reg[i];
		int err = apply(r, i, cfa, &x, &next.r[i]);

		if (err)
			return err;
	}
	next.r[UNWIND_PC] = next.r[f.cie.ra];
	next.exact = f.cie.signal; /* what a signal interrupted has not been called */
	if (!next.r[UNWIND_PC] || (!f.cie.signal && next.r[UNWIND_RSP] <= regs->r[UNWIND_RSP]))
		return -ENOENT;
	*regs = next;
	return 0;
}
