/* SPDX-License-Identifier: MIT */
/*
 * Expressions as the code generator works with them: equal ones are one number, tests are brought
 * into one form each, and what is known of a word simplifies them.
 */
#ifndef URING_JAIL_POLICY_TERM_H
#define URING_JAIL_POLICY_TERM_H

#include "policy/bpf.h"
#include "policy/expr.h"

/* The number of a node, twice, and 1 for its negation. */
typedef uint32_t term;

enum { TERM_FALSE, TERM_TRUE };

/* A part of a word as a number: what it takes to compare it. */
struct form {
	uint8_t kind;  /* enum form_kind */
	uint32_t mask; /* the bits of the number that are looked at */
};

enum form_kind {
	FORM_HOST, /* the word */
	FORM_LO,   /* its lower half, bytes swapped: 16 bits */
	FORM_HI,   /* its upper half, bytes swapped: 16 bits */
};

/* Bits of a word that have a known value. */
struct bits {
	uint32_t mask, value;
};

/* The bits of a word that bits of a form's number are, and back. */
uint32_t form_to_word(struct form form, uint32_t bits);
uint32_t form_from_word(struct form form, uint32_t bits);

static inline bool form_equal(struct form a, struct form b)
{
	return a.kind == b.kind && a.mask == b.mask;
}

/* The values of a form from LO to HI. */
struct span {
	uint32_t lo, hi;
};

/*
 * Narrows SPAN to the least and the greatest value that has no bits but the form's, and the known
 * ones. Returns false if there is none.
 */
bool form_narrow(struct form form, struct bits known, struct span *span);

/* A word's number is in SPAN: not always, and not up to the greatest number that there is. */
struct atom {
	uint8_t word;
	struct form form;
	struct span span;
};

/*
 * What an atom says in a form: FORM must be its own, or, of a single value, one with the same bits in
 * another order. Returns false if it is not.
 */
bool atom_in_form(const struct atom *atom, struct form form, struct span *span);

/* An atom, or terms joined by OR; AND is the negation of the OR of negations. */
struct term_node {
	uint32_t first, n; /* of terms.kids; an atom: of terms.atoms, and 0 */
	uint32_t next;	   /* in the chain of its hash */
	uint32_t memo;	   /* what it came to in the walk of that number */
	uint32_t visit;	   /* the last walk that saw it */
	uint32_t value[2]; /* free for the user, of the term and its negation; at first 0 */
	uint32_t atoms;	   /* how many there are below, shared ones counted each time */
	uint16_t words;	   /* bit W: reads word W */
	uint64_t yes, no;  /* see term_split() */
};

struct terms {
	struct term_node *nodes;
	struct atom *atoms;
	term *kids;
	term *stack; /* of kids being collected */
	uint32_t *chains;
	uint32_t n_nodes, room_nodes, n_atoms, room_atoms, n_kids, room_kids, n_stack, room_stack;
	uint32_t visit;
	struct bits known[BPF_CTX_WORDS]; /* in every context */
	uint64_t work;			  /* steps taken */
	bool failed;			  /* memory is short: all results are void */
};

/* Prepares what is all zero, or was used before. False when memory is short. */
bool terms_init(struct terms *terms);

void terms_destroy(struct terms *terms);

/*
 * Takes the bits of words that ASSUME, an AND of atoms, says are always the same into KNOWN; what
 * else it says is not used. False if that cannot be.
 */
bool terms_assume(struct terms *terms, const struct expr *assume);

/* The term for a whole tree. Recursion is bounded by the tree's depth, as it is in all that follows. */
term term_expr(struct terms *terms, const struct expr *expr);

static inline struct term_node *term_node(const struct terms *terms, term t)
{
	return &terms->nodes[t >> 1];
}

static inline unsigned term_words(const struct terms *terms, term t)
{
	return terms->nodes[t >> 1].words;
}

/* The OR of N terms, which may be in TERMS itself. */
term term_any(struct terms *terms, const term *kids, size_t n);

/* The different atoms of T that read WORD, into OUT, which has room for all atoms below it. */
size_t term_atoms(struct terms *terms, term t, unsigned word, uint32_t *out);

/* How many different atoms of T read each word. */
void term_count_atoms(struct terms *terms, term t, size_t counts[BPF_CTX_WORDS]);

/* T in contexts whose WORD has these bits. */
term term_with_bits(struct terms *terms, term t, unsigned word, struct bits known);

/* T in contexts where the number of WORD in FORM, which all of its atoms in T can have, is in SPAN. */
term term_with_span(struct terms *terms, term t, unsigned word, struct form form, struct span span);

/* For term_split(): the cells of the current partition in which an atom is true. */
typedef uint64_t cells_of_atom(void *data, const struct atom *atom);

/*
 * T where each of N <= 64 cells of WORD leaves it, into OUT. In each cell every atom of WORD is
 * either true or false.
 */
void term_split(struct terms *terms, term t, unsigned word, cells_of_atom *cells, void *data,
		unsigned n, term *out);

#endif
