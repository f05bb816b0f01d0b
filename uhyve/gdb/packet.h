/* SPDX-License-Identifier: MIT */
/*
 * The text of packets: taking apart what gdb sent, and putting a reply together
 * in g->out.  For rsp.c.  The take functions move *s behind what they took, and
 * give whether it was there.
 */
#ifndef UHYVE_GDB_PACKET_H
#define UHYVE_GDB_PACKET_H

#include "gdb/gdb.h"

int packet_hex_digit(char c); /* -1: it is none */
bool packet_take_number(const char **s, uint64_t *v); /* hexadecimal, at least one digit */
bool packet_take_char(const char **s, char c);
bool packet_take_word(const char **s, const char *word);
bool packet_take_bytes(const char **s, void *to, size_t n); /* from 2 n digits */

/* What does not fit into a packet is cut. */
void packet_put(struct gdb *g, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
void packet_put_mem(struct gdb *g, const void *bytes, size_t n); /* as they are */
void packet_put_hex(struct gdb *g, const void *bytes, size_t n);
void packet_put_error(struct gdb *g, int error); /* a negative errno */
void packet_put_result(struct gdb *g, int error); /* "OK" if it is 0 */

void packet_send_reply(struct gdb *g);
void packet_raw_send(struct gdb *g, const void *bytes, size_t n);

#endif
