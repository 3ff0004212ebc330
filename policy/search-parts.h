/* SPDX-License-Identifier: MIT */
/*
 * What the parts of the search share: search.c (goals, and the programs for them), candidate.c (the
 * tests of a state) and view.c (what A can hold). Nobody else includes this.
 */
#ifndef URING_JAIL_POLICY_SEARCH_PARTS_H
#define URING_JAIL_POLICY_SEARCH_PARTS_H

#include "policy/search.h"

enum view_kind {
	VIEW_NONE,    /* nothing of use */
	VIEW_RAW,     /* the word */
	VIEW_MASK,    /* word & mask */
	VIEW_SWAP_LO, /* p << 16 | (p & 0xff00), where p is bswap16(word & 0xffff): in p's order */
	VIEW_SWAP_HI, /* the same, p is bswap16(word >> 16) */
	VIEW_HOT, /* 1 << (base % 32), where all values of the base are within 32 of each other */
};

/* A limit on a view's value: VALUE and more, less than VALUE, VALUE itself. */
struct cut {
	uint32_t value;
	dd_node below, equal;
};

struct view {
	uint8_t kind, word;
	bool fold;	  /* VIEW_HOT: base & 31 first */
	uint16_t base;	  /* VIEW_HOT: a view */
	uint32_t mask;	  /* the bits of the word that it depends on */
	dd_node outside;  /* where others are set */
	struct cut *cuts; /* ascending */
	size_t n, room;
};

struct bits {
	uint32_t mask;
	dd_node node; /* where any of them is set */
};

/* A test and where it leads. */
struct candidate {
	dd_node yes, no;
	uint32_t k; /* in the view's terms */
	uint16_t view;
	uint8_t op; /* BPF_JEQ, BPF_JGE, BPF_JSET */
	bool bare;  /* the word's bits outside the view's mask are 0 here: no need to mask */
};

/* The candidates of one diagram that test one word. */
struct state {
	uint32_t first, n;
};

/* One program for a goal: its longest path and, not counting RETs or what is shared, its size. */
struct option {
	uint32_t worst, size;
	uint32_t candidate;
	block_id block;	   /* where it was last emitted to, */
	uint32_t emission; /* by that call of search_emit() */
};

/* A state, arrived at with a view in A; its options, by rising worst and falling size. */
struct goal {
	dd_node node;
	uint16_t view;
	uint16_t limit; /* longer worst paths were not looked for */
	uint32_t first, n;
};

enum {
	OPTIONS_MAX = 8,
	WORST_MAX = 400, /* ten words of at most 32 tests, and their loads */
	VIEWS_MAX = 512,
	STEPS_MAX = 8,
	BITS_MAX = 48, /* static masks per word */
	RUNS_MAX = 20, /* one with more runs is split in the middle, */
	RUNS_ALL = 5,  /* with so many, at each */
	RUNS_BITS = 9,
	LARGE_WEIGHT = 100,
	CUTS_MAX = 64,	 /* a view with more is split at the middle one */
	CUTS_ALL = 8,	 /* one with more, at one about the middle, */
	CUTS_MIDDLE = 5, /* of so many */
	HOT_CUTS = 6,	 /* a set with fewer is faster by comparing */
	HULL_NODES = 2048,
	WORK_ALL = 150000,    /* steps of the diagram before candidates get fewer */
	WORK_SOME = 300000,   /* before they get few: this, */
	WORK_PER_ATOM = 1000, /* and so much for each atom */
	RUNS_HURRY = 3,	      /* RUNS_ALL after that */
};

/* An open-addressed index from pairs of numbers to positions in an array. */
struct index {
	uint64_t *keys;
	uint32_t *values;
	uint32_t n, room;
};

/* What a walk over a diagram notes of a node. */
struct mark {
	uint32_t visit; /* the last walk that saw it */
	uint32_t paths; /* for try_even_bits(); at most DD_WEIGHT_MAX */
};

struct search {
	struct dd *dd;
	struct view *views;
	size_t n_views;
	struct bits bits[DD_WORDS][BITS_MAX + 1];
	size_t n_bits[DD_WORDS];
	uint32_t ordered[DD_WORDS]; /* see find_order() */
	uint32_t zero[DD_WORDS];    /* bits that are 0 in all contexts */
	bool assumed;		    /* something is known of the words from the start */
	dd_node root;
	uint64_t hurry; /* work after which only the surest tests are tried */
	struct candidate *candidates;
	uint32_t n_candidates, room_candidates;
	struct state *states;
	uint32_t n_states, room_states;
	struct goal *goals;
	uint32_t n_goals, room_goals;
	struct option *options;
	uint32_t n_options, room_options;
	struct index state_index, goal_index;
	struct mark *marks; /* by node */
	uint32_t n_marks, visit;
	struct graph *graph;
	block_id yes, no;
	uint32_t emission;
	bool tight, cut_short, failed;
};

/* search.c */

/* Makes room for one more element of an array. False, and SE failed, when memory is short. */
bool search_reserve(struct search *se, void **array, uint32_t n, uint32_t *room, size_t size);

#define RESERVE(se, name)                                                                          \
	search_reserve(se, (void **)&(se)->name, (se)->n_##name, &(se)->room_##name,               \
		       sizeof(*(se)->name))

/* The position stored for KEY, or UINT32_MAX. */
uint32_t search_find(const struct index *index, uint64_t key);

/* Stores POSITION for a KEY that is not in the index. */
void search_index(struct search *se, struct index *index, uint64_t key, uint32_t position);

/* What is left to decide of a diagram: without those WORDS (bits) that do not matter any more. */
dd_node search_simplify(struct search *se, dd_node s, unsigned words);

static inline bool search_hurries(const struct search *se)
{
	return se->dd->work > se->hurry;
}

/* candidate.c */

/*
 * The candidates of a diagram that test WORD, found or made. There may be none for a word that is
 * not the diagram's first, unless NEEDED.
 */
struct state candidates_of(struct search *se, dd_node s, unsigned word, bool needed);

/* view.c */

/* An instruction without a jump. */
struct step {
	uint16_t code;
	uint32_t k;
};

/* Finds all views and tests that the atoms suggest. se->dd, root and assumed are set. */
void view_prepare(struct search *se, const struct expr_atom *atoms, size_t n);

/* The view, found or made; VIEW_NONE if there is no room for it. */
unsigned view_of(struct search *se, struct view view);

/* The view of WORD as loaded. */
static inline unsigned view_raw(unsigned word)
{
	return 1 + word;
}

/* WORD & MASK; WORD as loaded where that is the same in all contexts. */
unsigned view_mask(struct search *se, unsigned word, uint32_t mask);

/* The lower and the upper half of WORD, in the order of their swapped values. */
unsigned view_swap_lo(struct search *se, unsigned word);
unsigned view_swap_hi(struct search *se, unsigned word);

/* Where the value of VIEW, not VIEW_HOT, is from LO to HI; a swapped view's value is its p. */
dd_node view_between(struct search *se, const struct view *view, uint32_t lo, uint32_t hi);

/* Where any of the bits of MASK, which may be 0, is set in WORD. */
dd_node view_any_bit(struct search *se, unsigned word, uint32_t mask);

/* Few enough to test one by one. */
bool view_few_bits(uint32_t mask);

/* The fewest instructions that turn view FROM into view TO: their number. */
unsigned view_steps(const struct search *se, unsigned from, unsigned to, bool bare,
		    struct step steps[STEPS_MAX]);

/* The view to test in: bits of a word can be tested in a masked word too, if it still has them. */
unsigned view_tested_in(const struct search *se, const struct candidate *c, unsigned from);

#endif
