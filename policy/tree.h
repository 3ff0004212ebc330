/* SPDX-License-Identifier: MIT */
/* The best tree of tests on one word, and the code for tests. */
#ifndef URING_JAIL_POLICY_TREE_H
#define URING_JAIL_POLICY_TREE_H

#include "policy/layout.h"
#include "policy/partition.h"

/* What A can hold beside the numbers of enum form_kind, before a last test of their values. */
enum {
	FORM_HOT = FORM_HI + 1, /* 1 << (word & mask), which is less than 32 */
	FORM_HOT_FOLDED,	/* 1 << (word & mask) % 32 */
};

/* The word as loaded. */
#define FORM_LOADED ((struct form){FORM_HOST, UINT32_MAX})

/* A jump: K in the form's own number. BPF_JSET: any form of the host's order with the bits of K. */
struct test {
	uint8_t op; /* BPF_JEQ, BPF_JGE, BPF_JSET */
	struct form form;
	uint32_t k;
};

/* A word, and what is known of it. */
struct loaded {
	unsigned word;
	struct bits known;
};

/*
 * How many instructions it takes before the jump of TEST where A holds *A, which becomes what the
 * jump finds there.
 */
unsigned test_steps(const struct loaded *word, struct form *a, const struct test *test);

/* Adds the test, with the instructions before it, to GRAPH. */
block_id test_emit(struct graph *graph, const struct loaded *word, struct form a,
		   const struct test *test, block_id yes, block_id no);

/* A test in a tree. Where it leads: the position of another, or a target and TREE_LEAF. */
struct tree_node {
	struct test test;
	uint32_t yes, no;
};

#define TREE_LEAF 0x80000000U

/* The size and the longest path of a tree that has not been found yet. */
#define TREE_NONE UINT32_MAX

struct tree {
	unsigned worst;	  /* instructions on the longest path, with the weights of targets */
	unsigned size;	  /* instructions, without those that are behind targets */
	uint32_t root;	  /* as tree_node.yes */
	struct form form; /* what A holds before it */
};

/* The space and the results of searches. All zero is empty. */
struct trees {
	struct tree_node *nodes;
	uint32_t n, room;
	struct tried *tried; /* a hash table of what the search has solved */
	struct outcome *outcomes;
	uint32_t room_tried, n_tried, round;
	uint64_t work; /* steps, in all */
	bool failed;   /* memory is short */
};

/* Makes it empty, and keeps its memory. */
void trees_clear(struct trees *trees);

void trees_destroy(struct trees *trees);

/*
 * Finds a tree for P whose longest path is short, the shortest where there are few cells, and of those
 * one with few instructions. A holds TREE's form. WEIGHTS has by target how many instructions are still
 * ahead there. LIGHT: tests of bits are not tried in lines. The cells of a line are finished. *TREE,
 * which is TREE_NONE but for its form, is replaced. False when memory is short.
 */
bool tree_find(struct trees *trees, struct partition *p, const uint32_t *weights, bool light,
	       struct tree *tree);

#endif
