/* SPDX-License-Identifier: MIT */
#include "gdb/packet.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

/* ---- text ---- */

int packet_hex_digit(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	if (c >= 'a' && c <= 'f')
		return c - 'a' + 10;
	if (c >= 'A' && c <= 'F')
		return c - 'A' + 10;
	return -1;
}

/* Reads a hexadecimal number, at least one digit, at *s and moves *s behind it. */
bool packet_take_number(const char **s, uint64_t *v)
{
	const char *begin = *s;

	for (*v = 0; packet_hex_digit(**s) >= 0; (*s)++) {
		if (*v >> 60)
			return false;
		*v = *v << 4 | (unsigned int)packet_hex_digit(**s);
	}
	return *s != begin;
}

bool packet_take_char(const char **s, char c)
{
	if (**s != c)
		return false;
	(*s)++;
	return true;
}

bool packet_take_word(const char **s, const char *word)
{
	size_t n = strlen(word);

	if (strncmp(*s, word, n))
		return false;
	*s += n;
	return true;
}

/* n bytes from 2 n digits.  Whether they were there. */
bool packet_take_bytes(const char **s, void *to, size_t n)
{
	uint8_t *p = to;

	for (size_t i = 0; i < n; i++) {
		int high = packet_hex_digit((*s)[0]), low = high < 0 ? -1 : packet_hex_digit((*s)[1]);

		if (low < 0)
			return false;
		p[i] = (uint8_t)(high << 4 | low);
		*s += 2;
	}
	return true;
}

/* ---- replies ---- */

void packet_put_mem(struct gdb *g, const void *bytes, size_t n)
{
	if (n > GDB_PACKET_MAX - g->out_len)
		n = GDB_PACKET_MAX - g->out_len;
	memcpy(g->out + g->out_len, bytes, n);
	g->out_len += n;
}

void packet_put(struct gdb *g, const char *fmt, ...)
{
	char text[256];
	va_list ap;
	int n;

	va_start(ap, fmt);
	n = vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	if (n > 0)
		packet_put_mem(g, text, (size_t)n < sizeof(text) ? (size_t)n : sizeof(text) - 1);
}

void packet_put_hex(struct gdb *g, const void *bytes, size_t n)
{
	static const char digits[] = "0123456789abcdef";
	const uint8_t *p = bytes;

	for (size_t i = 0; i < n; i++) {
		char two[2] = {digits[p[i] >> 4], digits[p[i] & 15]};

		packet_put_mem(g, two, 2);
	}
}

void packet_put_error(struct gdb *g, int error)
{
	packet_put(g, "E%02x", (unsigned int)(-error) & 0xff);
}

void packet_put_result(struct gdb *g, int error)
{
	if (error)
		packet_put_error(g, error);
	else
		packet_put(g, "OK");
}

void packet_raw_send(struct gdb *g, const void *bytes, size_t n)
{
	if (!g->broken && !g->send(g->arg, bytes, n))
		g->broken = true;
}

void packet_send_reply(struct gdb *g)
{
	uint8_t sum = 0;
	char tail[4];

	for (size_t i = 0; i < g->out_len; i++)
		sum = (uint8_t)(sum + (uint8_t)g->out[i]);
	snprintf(tail, sizeof(tail), "#%02x", sum);
	packet_raw_send(g, "$", 1);
	packet_raw_send(g, g->out, g->out_len);
	packet_raw_send(g, tail, 3);
}
