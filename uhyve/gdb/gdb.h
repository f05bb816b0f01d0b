/* SPDX-License-Identifier: MIT */
/*
 * gdb's remote protocol, and what it needs of a machine.  rsp.c knows the
 * protocol and no machine, regs.c the registers as gdb numbers them, debug.c
 * does to the vCPUs what is asked, and server.c is the thread that gdb talks to.
 *
 * Everything here runs on that one thread; the target's functions may wait for
 * vCPUs to stop.  All-stop: when one CPU stops, all do.
 */
#ifndef UHYVE_GDB_H
#define UHYVE_GDB_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define GDB_CPUS_MAX 255

/* Registers of a CPU, as the target description names them. */
struct gdb_regs {
	uint64_t gpr[16]; /* rax rbx rcx rdx rsi rdi rbp rsp r8 ... r15 */
	uint64_t rip;
	uint32_t eflags;
	uint32_t seg[6]; /* cs ss ds es fs gs */
	uint8_t st[8][10];
	uint32_t fctrl, fstat, ftag, fiseg, fioff, foseg, fooff, fop;
	uint8_t xmm[16][16];
	uint32_t mxcsr;
	uint64_t fs_base, gs_base;
	uint8_t ymmh[16][16]; /* upper halves */
};

enum gdb_point { /* as in Z packets */
	GDB_BREAK_SOFT,
	GDB_BREAK_HARD,
	GDB_WATCH_WRITE,
	GDB_WATCH_READ,
	GDB_WATCH_ACCESS,
};

enum gdb_why {
	GDB_STOP_SIGNAL, /* asked for, or a step has been made */
	GDB_STOP_BREAK_SOFT,
	GDB_STOP_BREAK_HARD,
	GDB_STOP_WATCH, /* `addr` was touched */
	GDB_STOP_EXITED, /* the machine has ended with `status` */
};

struct gdb_stop {
	unsigned int cpu;
	enum gdb_why why;
	int signal; /* a Linux signal number */
	enum gdb_point watch;
	uint64_t addr;
	int status;
};

/* What a CPU is to do when the machine goes on. */
enum gdb_go { GDB_HALT, GDB_CONT, GDB_STEP };

struct gdb_target {
	unsigned int cpus;
	bool avx;
	/* The CPUs are stopped while these are called.  0 or a negative errno. */
	int (*read_regs)(struct gdb_target *t, unsigned int cpu, struct gdb_regs *r);
	int (*write_regs)(struct gdb_target *t, unsigned int cpu, const struct gdb_regs *r);
	/* By the addresses that `cpu` sees.  -EFAULT unless all of it is there. */
	int (*read_mem)(struct gdb_target *t, unsigned int cpu, uint64_t addr, void *buf, size_t n);
	int (*write_mem)(struct gdb_target *t, unsigned int cpu, uint64_t addr, const void *buf, size_t n);
	/* -ENOSPC: no debug register is left; -EINVAL: a length or place that cannot be watched. */
	int (*insert)(struct gdb_target *t, enum gdb_point p, uint64_t addr, unsigned int len);
	int (*remove)(struct gdb_target *t, enum gdb_point p, uint64_t addr, unsigned int len);
	/* Each CPU does as go[cpu] says; the stop is told by gdb_stopped(). */
	void (*go)(struct gdb_target *t, const enum gdb_go *go);
	/* Makes a machine that runs stop soon, with SIGINT. */
	void (*interrupt)(struct gdb_target *t);
	/* gdb has gone: no points are left, and the machine goes on. */
	void (*detach)(struct gdb_target *t);
	void (*kill)(struct gdb_target *t);
	void (*describe)(struct gdb_target *t, unsigned int cpu, char *text, size_t size); /* "halted", ... */
};

/* A packet is hex of memory for the most part: 16 KiB of it and the rest. */
#define GDB_PACKET_MAX 0x8100

struct gdb {
	struct gdb_target *target;
	/* Bytes for gdb.  Whether they went out. */
	bool (*send)(void *arg, const void *bytes, size_t n);
	void *arg;
	bool broken; /* send failed */
	bool running; /* no packets are answered but an interrupt */
	bool no_ack;
	bool ended;   /* gdb detached or killed: the connection is to be closed */
	unsigned int cpu; /* of Hg: registers and memory are this one's */
	unsigned int listed; /* CPUs told by qfThreadInfo so far */
	struct gdb_stop stop; /* the last one */
	enum { GDB_IDLE, GDB_BODY, GDB_SUM1, GDB_SUM2 } state;
	uint8_t sum, want;
	size_t in_len, out_len;
	char in[GDB_PACKET_MAX + 1], out[GDB_PACKET_MAX + 1];
};

/* A connection that begins: the machine is stopped for `stop`. */
void gdb_begin(struct gdb *g, struct gdb_target *t, bool (*send)(void *, const void *, size_t), void *arg,
	       const struct gdb_stop *stop);
/* Bytes from gdb, whatever they are. */
void gdb_input(struct gdb *g, const void *bytes, size_t n);
/* The machine that ran has stopped. */
void gdb_stopped(struct gdb *g, const struct gdb_stop *stop);

/* ---- regs.c ---- */

/* How many registers there are, by gdb's numbers. */
unsigned int gdb_reg_count(bool avx);
/* Where register n lies in *r, and its size in bytes.  NULL: there is no such register. */
void *gdb_reg(struct gdb_regs *r, unsigned int n, bool avx, unsigned int *size);
/* The target description, target.xml. */
const char *gdb_target_xml(bool avx);

#endif
