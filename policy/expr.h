/* SPDX-License-Identifier: MIT */
/* Boolean expressions over the words of an io_uring filter's context: what codegen.h compiles. */
#ifndef URING_JAIL_POLICY_EXPR_H
#define URING_JAIL_POLICY_EXPR_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

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

/* A node of a tree that owns its children. AND of none is true, OR of none false. */
struct expr {
	enum expr_kind kind;
	struct expr_atom atom; /* EXPR_ATOM */
	struct expr **kids;    /* EXPR_NOT: one; EXPR_AND, EXPR_OR: any number */
	size_t n, room;
};

/* A node of that kind without children (not EXPR_ATOM). NULL when memory is short. */
struct expr *expr_new(enum expr_kind kind);

/* An atom. NULL when memory is short. */
struct expr *expr_atom(unsigned offset, enum expr_order order, uint32_t mask, uint32_t lo,
		       uint32_t hi);

/*
 * Appends KID to the children of PARENT, which owns it from then on. Returns PARENT. If either is
 * NULL or memory is short, destroys both and returns NULL, so that trees can be built in one
 * expression and checked once.
 */
struct expr *expr_add(struct expr *parent, struct expr *kid);

/* NOT of KID; KID is consumed as by expr_add(). */
struct expr *expr_not(struct expr *kid);

/* Frees a tree. NULL is fine. */
void expr_destroy(struct expr *expr);

/* The value of the atom's test on the words at CTX. */
bool expr_atom_eval(const struct expr_atom *atom, const uint32_t ctx[10]);

/* The value of the tree on the words at CTX, straight from its definition. */
bool expr_eval(const struct expr *expr, const uint32_t ctx[10]);

#endif
