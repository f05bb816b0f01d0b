/* SPDX-License-Identifier: MIT */
/*
 * Registers in the order of gdb's standard features for x86-64 ("i386
 * Features" in its manual): one table gives numbers, places and description.
 */
#include "gdb/gdb.h"

#include <stdio.h>
#include <string.h>

struct row {
	const char *name; /* with %u if there are several */
	unsigned int first; /* number of the first one in its name */
	unsigned int count;
	unsigned int offset, size; /* of the first; the others follow */
	const char *type;
	const char *feature; /* set: a feature begins with this row */
	bool avx;
};

#define AT(field_)   offsetof(struct gdb_regs, field_)
#define SIZE(field_) sizeof(((struct gdb_regs *)0)->field_)
#define ONE(name_, field_, type_) { name_, 0, 1, AT(field_), SIZE(field_), type_, NULL, false }

static const struct row rows[] = {
	{ "rax", 0, 1, AT(gpr[0]), 8, "int64", "org.gnu.gdb.i386.core", false },
	ONE("rbx", gpr[1], "int64"),
	ONE("rcx", gpr[2], "int64"),
	ONE("rdx", gpr[3], "int64"),
	ONE("rsi", gpr[4], "int64"),
	ONE("rdi", gpr[5], "int64"),
	ONE("rbp", gpr[6], "data_ptr"),
	ONE("rsp", gpr[7], "data_ptr"),
	{ "r%u", 8, 8, AT(gpr[8]), 8, "int64", NULL, false },
	ONE("rip", rip, "code_ptr"),
	ONE("eflags", eflags, "i386_eflags"),
	ONE("cs", seg[0], "int32"),
	ONE("ss", seg[1], "int32"),
	ONE("ds", seg[2], "int32"),
	ONE("es", seg[3], "int32"),
	ONE("fs", seg[4], "int32"),
	ONE("gs", seg[5], "int32"),
	{ "st%u", 0, 8, AT(st), 10, "i387_ext", NULL, false },
	ONE("fctrl", fctrl, "int"),
	ONE("fstat", fstat, "int"),
	ONE("ftag", ftag, "int"),
	ONE("fiseg", fiseg, "int"),
	ONE("fioff", fioff, "int"),
	ONE("foseg", foseg, "int"),
	ONE("fooff", fooff, "int"),
	ONE("fop", fop, "int"),
	{ "xmm%u", 0, 16, AT(xmm), 16, "vec128", "org.gnu.gdb.i386.sse", false },
	ONE("mxcsr", mxcsr, "i386_mxcsr"),
	{ "fs_base", 0, 1, AT(fs_base), 8, "int64", "org.gnu.gdb.i386.segments", false },
	ONE("gs_base", gs_base, "int64"),
	{ "ymm%uh", 0, 16, AT(ymmh), 16, "uint128", "org.gnu.gdb.i386.avx", true },
};
#define ROWS (sizeof(rows) / sizeof(rows[0]))

/* Types that a feature's registers need, as the manual wants them defined. */
static const char core_types[] =
	"<flags id=\"i386_eflags\" size=\"4\">"
	"<field name=\"CF\" start=\"0\" end=\"0\"/><field name=\"\" start=\"1\" end=\"1\"/>"
	"<field name=\"PF\" start=\"2\" end=\"2\"/><field name=\"AF\" start=\"4\" end=\"4\"/>"
	"<field name=\"ZF\" start=\"6\" end=\"6\"/><field name=\"SF\" start=\"7\" end=\"7\"/>"
	"<field name=\"TF\" start=\"8\" end=\"8\"/><field name=\"IF\" start=\"9\" end=\"9\"/>"
	"<field name=\"DF\" start=\"10\" end=\"10\"/><field name=\"OF\" start=\"11\" end=\"11\"/>"
	"<field name=\"AC\" start=\"18\" end=\"18\"/><field name=\"ID\" start=\"21\" end=\"21\"/></flags>";
static const char sse_types[] =
	"<vector id=\"v4f\" type=\"ieee_single\" count=\"4\"/><vector id=\"v2d\" type=\"ieee_double\" count=\"2\"/>"
	"<vector id=\"v16i8\" type=\"int8\" count=\"16\"/><vector id=\"v8i16\" type=\"int16\" count=\"8\"/>"
	"<vector id=\"v4i32\" type=\"int32\" count=\"4\"/><vector id=\"v2i64\" type=\"int64\" count=\"2\"/>"
	"<union id=\"vec128\"><field name=\"v4_float\" type=\"v4f\"/><field name=\"v2_double\" type=\"v2d\"/>"
	"<field name=\"v16_int8\" type=\"v16i8\"/><field name=\"v8_int16\" type=\"v8i16\"/>"
	"<field name=\"v4_int32\" type=\"v4i32\"/><field name=\"v2_int64\" type=\"v2i64\"/>"
	"<field name=\"uint128\" type=\"uint128\"/></union>"
	"<flags id=\"i386_mxcsr\" size=\"4\">"
	"<field name=\"IE\" start=\"0\" end=\"0\"/><field name=\"DE\" start=\"1\" end=\"1\"/>"
	"<field name=\"ZE\" start=\"2\" end=\"2\"/><field name=\"OE\" start=\"3\" end=\"3\"/>"
	"<field name=\"UE\" start=\"4\" end=\"4\"/><field name=\"PE\" start=\"5\" end=\"5\"/></flags>";

unsigned int gdb_reg_count(bool avx)
{
	unsigned int n = 0;

	for (size_t i = 0; i < ROWS; i++)
		if (avx || !rows[i].avx)
			n += rows[i].count;
	return n;
}

void *gdb_reg(struct gdb_regs *r, unsigned int n, bool avx, unsigned int *size)
{
	for (size_t i = 0; i < ROWS && (avx || !rows[i].avx); i++) {
		if (n < rows[i].count) {
			*size = rows[i].size;
			return (char *)r + rows[i].offset + (size_t)n * rows[i].size;
		}
		n -= rows[i].count;
	}
	return NULL;
}

#define XML_MAX 16384

static size_t xml_row(char *xml, size_t at, const struct row *row)
{
	for (unsigned int i = 0; i < row->count; i++) {
		char name[16];

		/* The only conversion in a name is its number. */
		const char *number = strchr(row->name, '%');

		if (number)
			snprintf(name, sizeof(name), "%.*s%u%s", (int)(number - row->name), row->name, row->first + i,
				 number + 2);
		else
			snprintf(name, sizeof(name), "%s", row->name);
		at += (size_t)snprintf(xml + at, XML_MAX - at, "<reg name=\"%s\" bitsize=\"%u\" type=\"%s\"/>", name,
				       row->size * 8, row->type);
	}
	return at;
}

const char *gdb_target_xml(bool avx)
{
	static char texts[2][XML_MAX];
	char *xml = texts[avx];
	const char *close = "";
	size_t at;

	if (xml[0])
		return xml;
	at = (size_t)snprintf(xml, XML_MAX,
			      "<?xml version=\"1.0\"?><!DOCTYPE target SYSTEM \"gdb-target.dtd\"><target>"
			      "<architecture>i386:x86-64</architecture><osabi>GNU/Linux</osabi>");
	for (size_t i = 0; i < ROWS && (avx || !rows[i].avx); i++) {
		const char *f = rows[i].feature;

		if (f) {
			at += (size_t)snprintf(xml + at, XML_MAX - at, "%s<feature name=\"%s\">%s", close, f,
					       strstr(f, "core") ? core_types : strstr(f, "sse") ? sse_types : "");
			close = "</feature>";
		}
		at = xml_row(xml, at, &rows[i]);
	}
	snprintf(xml + at, XML_MAX - at, "</feature></target>");
	return xml;
}
