/* SPDX-License-Identifier: MIT */
/*
 * Programs as graphs of instructions without addresses, and their layout as classic BPF, whose
 * conditional jumps reach no further than 255 instructions. Equal instructions with equal
 * successors are one block, which is what shares code and returns.
 */
#ifndef URING_JAIL_POLICY_LAYOUT_H
#define URING_JAIL_POLICY_LAYOUT_H

#include "policy/bpf.h"

typedef uint32_t block_id;

/* What block_add() returns when memory is short; every graph function passes it on. */
#define BLOCK_NONE UINT32_MAX

struct block {
	uint16_t code;
	uint32_t k;
	block_id t, f; /* a jump's targets; otherwise both the next instruction; RET: 0 */
	block_id next; /* in the chain of its hash */
};

struct graph {
	struct block *blocks; /* successors come before the blocks that lead to them */
	block_id n, room;
	block_id *chains;
};

/* The block, found or made. All zero is a valid empty graph; graph_destroy() frees it. */
block_id block_add(struct graph *graph, uint16_t code, uint32_t k, block_id t, block_id f);

block_id block_return(struct graph *graph, bool value);

/* Makes it empty, and keeps its memory. */
void graph_clear(struct graph *graph);

void graph_destroy(struct graph *graph);

enum layout_status { LAYOUT_OK, LAYOUT_TOO_LONG, LAYOUT_NO_MEMORY };

/* Replaces *OUT with the program that starts at ROOT. On failure *OUT is empty. */
enum layout_status graph_layout(const struct graph *graph, block_id root, struct bpf_program *out);

#endif
