/* SPDX-License-Identifier: MIT */
/* Boolean expressions over the words of an io_uring filter's context: what codegen.h compiles. */
#ifndef URING_JAIL_POLICY_EXPR_H
#define URING_JAIL_POLICY_EXPR_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "policy/arena.h"

enum expr_kind { EXPR_FALSE, EXPR_TRUE, EXPR_ATOM, EXPR_NOT, EXPR_AND, EXPR_OR };

/* How a word, as LD loads it, becomes the number that an atom compares. */
enum expr_order {
	EXPR_HOST,   /* as loaded */
	EXPR_SWAP16, /* bswap16(word & 0xffff): a be16 at its offset, on little-endian machines */
	EXPR_SWAP32, /* bswap32(word): a be32, on little-endian machines */
};

/* (order(word at offset) & mask) in [lo, hi], unsigned. Equality is lo == hi. */
struct expr_atom {
	uint8_t offset; /* bytes: 0, 4, … 36 */
	uint8_t order;	/* enum expr_order */
	uint32_t mask;	/* not 0 */
	uint32_t lo, hi;
};

/* A node of a tree, of which kids may be shared. AND of none is true, OR of none false. */
struct expr {
	enum expr_kind kind;
	uint32_t n; /* kids: EXPR_NOT: one; EXPR_AND, EXPR_OR: any number */
	union {
		struct expr_atom atom; /* EXPR_ATOM */
		struct {
			uint32_t nowhere; /* 0, where an atom has its offset */
			uint32_t room;
			struct expr **kids;
		};
	};
};

/*
 * What follows takes its memory from the arena, and returns NULL if there is none left or any
 * expression that is given is NULL, so that trees can be built in one expression and checked once.
 */

/* A node of that kind without children (not EXPR_ATOM). */
struct expr *expr_new(struct arena *arena, enum expr_kind kind);

struct expr *expr_atom(struct arena *arena, unsigned offset, enum expr_order order, uint32_t mask,
		       uint32_t lo, uint32_t hi);

/* Appends KID to the children of PARENT. Returns PARENT. */
struct expr *expr_add(struct arena *arena, struct expr *parent, struct expr *kid);

/* A node with N children, which is cheaper than to append them. */
struct expr *expr_group(struct arena *arena, enum expr_kind kind, struct expr *const *kids,
			uint32_t n);

/* An AND or OR of two. */
struct expr *expr_pair(struct arena *arena, enum expr_kind kind, struct expr *a, struct expr *b);

/* NOT of KID. */
struct expr *expr_not(struct arena *arena, struct expr *kid);

/* The value of the atom's test on the words at CTX. */
bool expr_atom_eval(const struct expr_atom *atom, const uint32_t ctx[10]);

/* The value of the tree on the words at CTX, straight from its definition. */
bool expr_eval(const struct expr *expr, const uint32_t ctx[10]);

#endif
