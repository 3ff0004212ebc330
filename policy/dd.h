/* SPDX-License-Identifier: MIT */
/*
 * Decision diagrams over the bits of the context's words, with three terminals: false, true and
 * "any", for contexts that cannot get here or whose verdict is free. Nodes are hash-consed, so that
 * two equal functions are the same number: a state of the code generator's search is one node.
 */
#ifndef URING_JAIL_POLICY_DD_H
#define URING_JAIL_POLICY_DD_H

#include "policy/expr.h"

typedef uint32_t dd_node;

enum { DD_FALSE, DD_TRUE, DD_ANY };

/* What dd_forget() returns where it cannot. Not a node. */
#define DD_CONFLICT UINT32_MAX

enum { DD_WORDS = 10, DD_NODES_MAX = 1 << 21, DD_WEIGHT_MAX = 1 << 30 };

struct dd_entry {
	dd_node lo, hi; /* where the variable is 0, 1 */
	uint32_t next;	/* in the chain of its hash */
	/* runs of false and true, "any" apart, in the order of the variables; at most DD_WEIGHT_MAX */
	uint32_t weight;
	uint16_t var; /* 32 * position of its word + position of its bit; the root has the least */
	uint16_t words; /* bit W: some node below tests word W */
	uint8_t truths; /* bit DD_FALSE, bit DD_TRUE: such a terminal is below */
	uint8_t ends;	/* the first run in bit 0, the last in bit 1: DD_FALSE or DD_TRUE */
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
	uint64_t work, work_max;    /* steps taken, and when to stop */
	bool full; /* memory, DD_NODES_MAX or work_max reached: every result is void */
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

/* Whether F, which has no "any", is true somewhere where S is not "any". */
bool dd_meets(struct dd *dd, dd_node f, dd_node s);

/*
 * A function that does not test WORD and agrees with S wherever S is not "any", or DD_CONFLICT if
 * there is none.
 */
dd_node dd_forget(struct dd *dd, dd_node s, unsigned word);

/* The bit of its word that a node tests. */
unsigned dd_bit(const struct dd *dd, dd_node s);

/* The word that a node, not a terminal, tests. */
static inline unsigned dd_word(const struct dd *dd, dd_node s)
{
	return dd->word_at[dd->nodes[s].var / 32];
}

/* Whether the last run of LO goes on as the first of HI. */
static inline bool dd_joined(const struct dd *dd, dd_node lo, dd_node hi)
{
	return lo != DD_ANY && hi != DD_ANY && dd->nodes[lo].ends >> 1 == (dd->nodes[hi].ends & 1);
}

#endif
