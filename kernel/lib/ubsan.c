/* SPDX-License-Identifier: MIT */
/*
 * What the compiler calls in a kernel built with -fsanitize=undefined: says what was wrong and where, and ends
 * the run, so that no test passes over it.  Each call's first argument begins with the place in the source; the
 * rest differs (see the headers of the compilers' libubsan).
 */
#include "lib/log.h"
#include "lib/types.h"

struct source_location {
	const char *file;
	u32 line, column;
};

struct type_descriptor {
	u16 kind, info;
	char name[];
};

struct type_mismatch {
	struct source_location where;
	const struct type_descriptor *type;
	u8 log_alignment, access;
};

struct out_of_bounds {
	struct source_location where;
	const struct type_descriptor *array, *index;
};

static void report(const struct source_location *where, const char *what) __noreturn __cold;

static void report(const struct source_location *where, const char *what)
{
	panic("UBSan: %s:%u:%u: %s", where->file, where->line, where->column, what);
}

/* The operands follow in registers; the place and the kind say enough to find them. */
#define HANDLER(name, what)                                                                                  \
	void __ubsan_handle_##name(const struct source_location *where);                                     \
	void __ubsan_handle_##name(const struct source_location *where) { report(where, what); }

HANDLER(add_overflow, "addition overflows")
HANDLER(sub_overflow, "subtraction overflows")
HANDLER(mul_overflow, "multiplication overflows")
HANDLER(negate_overflow, "negation overflows")
HANDLER(divrem_overflow, "division by zero, or it overflows")
HANDLER(shift_out_of_bounds, "shift by a wrong number of bits, or of a negative value")
HANDLER(vla_bound_not_positive, "array of variable length without elements")
HANDLER(load_invalid_value, "a bool or enum holds what it cannot")
HANDLER(builtin_unreachable, "unreachable code was reached")
HANDLER(missing_return, "a function ends without a value")
HANDLER(pointer_overflow, "pointer arithmetic overflows")
HANDLER(nonnull_arg, "NULL for an argument that must not be")
HANDLER(invalid_builtin, "a builtin function was given 0")
HANDLER(alignment_assumption, "a promised alignment does not hold")
HANDLER(function_type_mismatch_v1, "called through a pointer of another type")

void __ubsan_handle_out_of_bounds(const struct out_of_bounds *data, u64 index);
void __ubsan_handle_out_of_bounds(const struct out_of_bounds *data, u64 index)
{
	panic("UBSan: %s:%u:%u: index %lld is outside of %s", data->where.file, data->where.line, data->where.column,
	      (long long)index, data->array->name);
}

void __ubsan_handle_type_mismatch_v1(const struct type_mismatch *data, u64 pointer);
void __ubsan_handle_type_mismatch_v1(const struct type_mismatch *data, u64 pointer)
{
	const char *what = "points to too little memory";

	if (!pointer)
		what = "is NULL";
	else if (pointer & ((1ull << data->log_alignment) - 1))
		what = "is misaligned";
	panic("UBSan: %s:%u:%u: pointer %#llx to %s %s", data->where.file, data->where.line, data->where.column,
	      (unsigned long long)pointer, data->type->name, what);
}

/* Returned attributes come with two places: the declaration's, and this one. */
void __ubsan_handle_nonnull_return_v1(const void *data, const struct source_location *where);
void __ubsan_handle_nonnull_return_v1(const void *data, const struct source_location *where)
{
	report(where, "NULL returned where it must not be");
}
