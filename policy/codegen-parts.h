/* SPDX-License-Identifier: MIT */
/*
 * What the parts of the code generator share: codegen-words.c (which states decide an expression),
 * codegen-states.c (states, each of them once) and codegen.c (the program). Nobody else includes
 * this.
 */
#ifndef URING_JAIL_POLICY_CODEGEN_PARTS_H
#define URING_JAIL_POLICY_CODEGEN_PARTS_H

#include "policy/tree.h"

/* The states that decide: 0 and 1. */
enum { ALLOWED = 1 };

/* How much is left of the words when a state is reached. */
struct arrival {
	struct loaded word;
	bool loaded;	  /* A holds something of the word: */
	struct form form; /* this */
	bool light;	  /* there are many values: only the surest tests are tried */
};

struct state {
	struct arrival at;
	struct test test; /* SPLIT */
	bool split;	  /* one test, with YES and NO; otherwise a partition and a tree */
	uint32_t yes, no;
	uint32_t key, n_key;	     /* of builder.packed: all that makes it what it is */
	uint32_t targets, n_targets; /* the part of that with where it leads; of a split: none */
	uint32_t next;		     /* in the chain of its hash */
	struct tree tree;
	uint32_t size; /* its own instructions */
	uint32_t visit;
	block_id block;
};

struct builder {
	struct terms terms;
	struct trees trees;
	struct state *states;
	uint32_t *worst; /* by state: instructions on the longest path */
	uint32_t *chains;
	uint32_t *packed;
	uint32_t *order; /* of states, for emitting them */
	uint32_t n_states, room_states, n_packed, room_packed, room_worst, room_chains, visit;
	uint32_t n_order, room_order;
	uint64_t work_max; /* steps of terms and trees, after which to give up */
	bool light;	   /* only the surest tests are tried */
	bool failed, gave_up;
};

/* codegen-states.c */

/* Whether to give up: memory is short, or all the work that is granted is done. */
bool codegen_over(struct builder *b);

/* Makes room for N elements of SIZE bytes in an array. False when memory is short. */
bool codegen_reserve(struct builder *b, void **array, uint32_t n, uint32_t *room, size_t size);

/* Makes it have no states, and keeps their memory. */
void states_clear(struct builder *b);

/* The targets that a state leads to, one call after the other; from AT = 0 on. False: no more. */
bool state_next_target(const struct builder *b, uint32_t id, uint32_t *at, uint32_t *target);

/* What A holds on arrival, or what is nothing of use: the word as loaded, which it has to load. */
struct form state_form(const struct arrival *at);

/* The state that decides by a partition, found or added. 0, and B failed, when memory is short. */
uint32_t state_add(struct builder *b, struct partition *p, struct arrival at);

/* The same for one that decides by one test. */
uint32_t state_split(struct builder *b, struct arrival at, struct test test, uint32_t yes,
		     uint32_t no);

/* Where a test leaves A for the states after it. */
struct arrival state_after(struct arrival at, const struct test *test);

/* The instructions of a state and of all that it leads to. */
uint32_t state_whole_size(struct builder *b, uint32_t id);

/* codegen-words.c */

/* The state that decides a term. */
uint32_t codegen_build(struct builder *b, term t);

#endif
