/* SPDX-License-Identifier: MIT */
/* Short names to write expressions with in tests, all in one arena. Any NULL makes the whole NULL. */
#ifndef URING_JAIL_TESTS_UNIT_EXPRS_H
#define URING_JAIL_TESTS_UNIT_EXPRS_H

#include "../../policy/expr.h"

#include <stdarg.h>

static struct arena scratch;

#define GROUP_END ((struct expr *)-1)

static inline struct expr *group(enum expr_kind kind, ...)
{
	struct expr *expr = expr_new(&scratch, kind);
	va_list kids;

	va_start(kids, kind);
	for (;;) {
		struct expr *kid = va_arg(kids, struct expr *);
		if (kid == GROUP_END)
			break;
		expr = expr_add(&scratch, expr, kid);
	}
	va_end(kids);
	return expr;
}

#define AND(...)		group(EXPR_AND, __VA_ARGS__, GROUP_END)
#define OR(...)			group(EXPR_OR, __VA_ARGS__, GROUP_END)
#define NOT(e)			expr_not(&scratch, e)
#define RANGE(offset, lo, hi)	expr_atom(&scratch, offset, EXPR_HOST, UINT32_MAX, lo, hi)
#define EQ(offset, value)	RANGE(offset, value, value)
#define SMALL(v)		AND(EQ(0, v), EQ(4, 0)) /* user_data */
#define MASKED(offset, mask, v) expr_atom(&scratch, offset, EXPR_HOST, mask, v, v)
#define ANY_BIT(offset, mask)	NOT(MASKED(offset, mask, 0))
#define BE16(offset, lo, hi)	expr_atom(&scratch, offset, EXPR_SWAP16, 0xffff, lo, hi)
#define BE32(offset, lo, hi)	expr_atom(&scratch, offset, EXPR_SWAP32, UINT32_MAX, lo, hi)
#define CIDR(offset, a, bits)                                                                      \
	expr_atom(&scratch, offset, EXPR_SWAP32,                                                   \
		  (uint32_t)(UINT64_C(0xffffffff00000000) >> (bits)), a, a)

static inline struct expr *set_of(unsigned offset, size_t n, const uint32_t *values)
{
	struct expr *expr = expr_new(&scratch, EXPR_OR);

	for (size_t i = 0; i < n; i++)
		expr = expr_add(&scratch, expr, EQ(offset, values[i]));
	return expr;
}

/* The words of struct io_uring_bpf_ctx that conditions read. */
enum {
	USER_DATA = 0,
	FAMILY = 16,
	TYPE = 20,
	PROTOCOL = 24,
	FLAGS = 16,
	FLAGS_HI = 20,
	MODE = 24,
	RESOLVE = 32,
	PORT = 20,
	ADDR = 24,
};

/* What conditions on addresses come to: of either family, a mapped network, none at all. */
#define INET_FAMILY   IN(FAMILY, 2, 10)
#define NET4(a, bits) AND(EQ(FAMILY, 2), CIDR(ADDR, a, bits))
#define MAPPED(a, bits)                                                                            \
	AND(EQ(FAMILY, 10), EQ(24, 0), EQ(28, 0), EQ(32, 0xffff0000), CIDR(36, a, bits))
#define NO_ADDRESS AND(INET_FAMILY, BE16(PORT, 0, 0), EQ(24, 0), EQ(28, 0), EQ(32, 0), EQ(36, 0))

/* The kernel zeroes the bytes after the port. */
#define PAD MASKED(PORT, 0xffff0000, 0)

#define IN(offset, ...)                                                                            \
	set_of(offset, sizeof((uint32_t[]){__VA_ARGS__}) / 4, (uint32_t[]){__VA_ARGS__})

#endif
