/* SPDX-License-Identifier: MIT */
/*
 * Decision diagrams over the bits of the context's words, with three terminals: false, true and
 * "any", for contexts that cannot get here or whose verdict is free. Nodes are hash-consed, so that
 * two equal functions are the same number.
 */
#ifndef URING_JAIL_POLICY_DD_H
#define URING_JAIL_POLICY_DD_H

#include "policy/expr.h"

typedef uint32_t dd_node;

enum { DD_FALSE, DD_TRUE, DD_ANY };

enum { DD_WORDS = 10, DD_NODES_MAX = 1 << 21 };

struct dd_entry {
	dd_node lo, hi; /* where the variable is 0, 1 */
	uint32_t next;	/* in the chain of its hash */
	uint16_t var; /* 32 * position of its word + position of its bit; the root has the least */
};

struct dd_cached {
	uint32_t f, g, h, result;
};

struct dd {
	struct dd_entry *nodes;
	uint32_t n, room;
	uint32_t *chains; /* room of them, each the newest node with that hash */
	struct dd_cached *cache;
	uint32_t cache_size;	    /* a power of two */
	uint8_t word_at[DD_WORDS];  /* the word at each position */
	uint8_t position[DD_WORDS]; /* and back */
	bool swapped[DD_WORDS];	    /* its bits are ordered as a be32's on little-endian */
	uint64_t work;		    /* steps taken */
	bool full;		    /* memory or DD_NODES_MAX reached: every result is void */
};

/*
 * Prepares an empty diagram whose root tests WORD_AT[0], and so on; each word's most significant
 * bit comes first, or, where SWAPPED (indexed by word), the bits of its lowest byte do. Returns
 * false when memory is short. dd_destroy() frees it in either case.
 */
bool dd_init(struct dd *dd, const uint8_t word_at[DD_WORDS], const bool swapped[DD_WORDS]);

void dd_destroy(struct dd *dd);

/* The function that is true where the atom is. */
dd_node dd_atom(struct dd *dd, const struct expr_atom *atom);

/* The function of a whole tree. */
dd_node dd_expr(struct dd *dd, const struct expr *expr);

/* Where F (which has no "any") is true G, elsewhere H. */
dd_node dd_ite(struct dd *dd, dd_node f, dd_node g, dd_node h);

#endif
