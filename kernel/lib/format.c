/* SPDX-License-Identifier: MIT */
#include "lib/format.h"
#include "lib/string.h"

struct out {
	char *buf;
	size_t size; /* bytes that fit, the end's NUL not counted */
	size_t len;  /* bytes that the text has so far */
};

struct spec {
	bool left, plus, space, alt, zero;
	int width;
	int precision; /* -1: none */
	u8 bytes;      /* of an integer argument */
};

static void put(struct out *o, char c)
{
	if (o->len < o->size)
		o->buf[o->len] = c;
	o->len++;
}

static void put_block(struct out *o, const char *s, size_t n)
{
	if (o->len < o->size)
		memcpy(o->buf + o->len, s, MIN(n, o->size - o->len));
	o->len += n;
}

static void put_many(struct out *o, char c, long n)
{
	for (; n > 0; n--)
		put(o, c);
}

static void put_padded(struct out *o, const struct spec *s, const char *text, size_t n)
{
	long pad = s->width - (long)n;

	if (!s->left)
		put_many(o, ' ', pad);
	put_block(o, text, n);
	if (s->left)
		put_many(o, ' ', pad);
}

static size_t digits_of(u64 v, unsigned base, bool upper, char *end)
{
	const char *set = upper ? "0123456789ABCDEF" : "0123456789abcdef";
	char *p = end;

	for (; v; v /= base)
		*--p = set[v % base];
	return end - p;
}

/* `sign`: "", "-", "+", " ", "0x": what stands before the digits, zeros that fill up included. */
static void put_number(struct out *o, const struct spec *s, u64 v, unsigned base, bool upper, const char *sign)
{
	char buf[24];
	size_t n = digits_of(v, base, upper, buf + sizeof(buf)), sign_len = strlen(sign);
	long zeros = (s->precision < 0 ? 1 : s->precision) - (long)n;
	long pad;

	if (base == 8 && s->alt && zeros <= 0 && (v || s->precision == 0))
		zeros = 1;
	if (zeros < 0)
		zeros = 0;
	pad = s->width - (long)(n + zeros + sign_len);
	if (s->zero && !s->left && s->precision < 0 && pad > 0) {
		zeros += pad;
		pad = 0;
	}
	if (!s->left)
		put_many(o, ' ', pad);
	put_block(o, sign, sign_len);
	put_many(o, '0', zeros);
	put_block(o, buf + sizeof(buf) - n, n);
	if (s->left)
		put_many(o, ' ', pad);
}

static void put_signed(struct out *o, const struct spec *s, s64 v)
{
	const char *sign = v < 0 ? "-" : s->plus ? "+" : s->space ? " " : "";

	put_number(o, s, v < 0 ? -(u64)v : (u64)v, 10, false, sign);
}

static void put_string(struct out *o, const struct spec *s, const char *text)
{
	if (!text)
		text = "(null)";
	put_padded(o, s, text, s->precision < 0 ? strlen(text) : strnlen(text, s->precision));
}

static const char *parse_flags(const char *f, struct spec *s)
{
	for (;; f++) {
		switch (*f) {
		case '-':
			s->left = true;
			break;
		case '+':
			s->plus = true;
			break;
		case ' ':
			s->space = true;
			break;
		case '#':
			s->alt = true;
			break;
		case '0':
			s->zero = true;
			break;
		default:
			return f;
		}
	}
}

static const char *parse_int(const char *f, int *value)
{
	for (*value = 0; *f >= '0' && *f <= '9'; f++)
		if (*value < 100000)
			*value = *value * 10 + (*f - '0');
	return f;
}

static const char *parse_size(const char *f, struct spec *s)
{
	s->bytes = sizeof(int);
	switch (*f) {
	case 'h':
		if (f[1] == 'h') {
			s->bytes = 1;
			return f + 2;
		}
		s->bytes = 2;
		return f + 1;
	case 'l':
		s->bytes = sizeof(long);
		return f[1] == 'l' ? f + 2 : f + 1;
	case 'z':
	case 't':
		s->bytes = sizeof(size_t);
		return f + 1;
	default:
		return f;
	}
}

static s64 signed_of(const struct spec *s, u64 v)
{
	switch (s->bytes) {
	case 1:
		return (s8)v;
	case 2:
		return (s16)v;
	case 4:
		return (s32)v;
	default:
		return (s64)v;
	}
}

static u64 unsigned_of(const struct spec *s, u64 v)
{
	return s->bytes == 8 ? v : v & ((1ull << (8 * s->bytes)) - 1);
}

int format_vstring(char *buf, size_t size, const char *fmt, va_list ap)
{
	struct out o = {.buf = buf, .size = size ? size - 1 : 0};

	for (const char *f = fmt; *f;) {
		struct spec s = {.precision = -1};
		const char *start = f;
		u64 v;
		char c;

		if (*f != '%') {
			put(&o, *f++);
			continue;
		}
		f = parse_flags(f + 1, &s);
		if (*f == '*') {
			s.width = va_arg(ap, int);
			if (s.width < 0) {
				s.left = true;
				s.width = -s.width;
			}
			f++;
		} else {
			f = parse_int(f, &s.width);
		}
		if (*f == '.') {
			if (*++f == '*') {
				s.precision = va_arg(ap, int);
				f++;
			} else {
				f = parse_int(f, &s.precision);
			}
		}
		f = parse_size(f, &s);
		switch (*f) {
		case 'd':
		case 'i':
			v = s.bytes == 8 ? va_arg(ap, u64) : (u64)va_arg(ap, int);
			put_signed(&o, &s, signed_of(&s, v));
			break;
		case 'u':
		case 'x':
		case 'X':
		case 'o':
			v = unsigned_of(&s, s.bytes == 8 ? va_arg(ap, u64) : va_arg(ap, unsigned));
			if (*f == 'u')
				put_number(&o, &s, v, 10, false, "");
			else if (*f == 'o')
				put_number(&o, &s, v, 8, false, "");
			else
				put_number(&o, &s, v, 16, *f == 'X', !s.alt || !v ? "" : *f == 'X' ? "0X" : "0x");
			break;
		case 'p':
			put_number(&o, &s, (uintptr_t)va_arg(ap, void *), 16, false, "0x");
			break;
		case 'c':
			c = (char)va_arg(ap, int);
			put_padded(&o, &s, &c, 1);
			break;
		case 's':
			put_string(&o, &s, va_arg(ap, const char *));
			break;
		case '%':
			put(&o, '%');
			break;
		case 0:
			f--; /* a lone % at the end */
			/* fallthrough */
		default: /* not known: shown as it is written */
			put_block(&o, start, f + 1 - start);
			break;
		}
		f++;
	}
	if (size)
		buf[MIN(o.len, o.size)] = 0;
	return (int)o.len;
}

int format_string(char *buf, size_t size, const char *fmt, ...)
{
	va_list ap;
	int n;

	va_start(ap, fmt);
	n = format_vstring(buf, size, fmt, ap);
	va_end(ap);
	return n;
}
