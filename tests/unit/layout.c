/* SPDX-License-Identifier: MIT */
#include "policy/layout.h"

#include <criterion/criterion.h>

enum { BLOCKS_MAX = 1500 };

static uint64_t state;

static uint32_t below(uint32_t n)
{
	state ^= state << 13;
	state ^= state >> 7;
	state ^= state << 17;
	return (uint32_t)(state >> 16) % n;
}

/* What the graph itself returns, and in how many steps. */
static uint32_t walk(const struct graph *graph, block_id at, const uint32_t ctx[BPF_CTX_WORDS],
		     unsigned *steps)
{
	uint32_t a = 0;

	for (*steps = 1;; ++*steps) {
		const struct block *b = &graph->blocks[at];
		if (BPF_CLASS(b->code) == BPF_RET)
			return b->k;
		if (BPF_CLASS(b->code) == BPF_LD)
			a = ctx[b->k / 4];
		at = BPF_CLASS(b->code) != BPF_JMP || a & b->k ? b->t : b->f;
	}
}

static block_id some_block(const struct graph *graph)
{
	unsigned reach = below(3) ? 4 : 700;

	return graph->n - 1 - below(reach < graph->n ? reach : graph->n);
}

/* Random jumps and loads: each block leads to any of those before it, most often to near ones. */
static block_id random_graph(struct graph *graph, unsigned n)
{
	block_id last = block_return(graph, true);

	last = block_return(graph, false);
	while (graph->n < n) {
		block_id t = some_block(graph), f = below(3) ? last : some_block(graph);
		if (below(8) == 0)
			last = block_add(graph, BPF_LD | BPF_W | BPF_ABS, 4 * below(10), last,
					 last);
		else
			last = block_add(graph, BPF_JMP | BPF_JSET | BPF_K, 1U << below(32), t, f);
	}
	return last;
}

/* Laid out, each graph does the same, with nothing but trampolines on the way. */
Test(layout, random_graphs, .timeout = 60)
{
	unsigned islands = 0;

	for (unsigned i = 1; i <= 1000; i++) {
		struct graph graph = {0};
		struct bpf_program prog = {0};
		block_id root;
		state = i * 7919;
		root = random_graph(&graph, 2 + below(BLOCKS_MAX));
		cr_assert_eq(graph_layout(&graph, root, &prog), LAYOUT_OK);
		cr_assert_eq(bpf_validate(prog.insns, prog.len, NULL), BPF_VALID);
		cr_assert_leq(prog.len, 2 * graph.n);
		islands += prog.len > graph.n;
		for (unsigned j = 0; j < 100; j++) {
			uint32_t ctx[BPF_CTX_WORDS];
			struct bpf_trace trace;
			unsigned steps;
			for (unsigned k = 0; k < BPF_CTX_WORDS; k++)
				ctx[k] = state = state * 6364136223846793005 + 1;
			cr_assert_eq(bpf_run(prog.insns, prog.len, ctx, &trace),
				     walk(&graph, root, ctx, &steps), "graph %u", i);
			cr_assert_geq(trace.steps, steps);
			cr_assert_leq(trace.steps, 2 * steps);
		}
		bpf_program_destroy(&prog);
		graph_destroy(&graph);
	}
	cr_expect_geq(islands, 100);
}

/* Equal blocks are one; what nothing leads to is left out. */
Test(layout, sharing)
{
	struct graph graph = {0};
	struct bpf_program prog = {0};
	block_id no = block_return(&graph, false), yes = block_return(&graph, true);
	block_id a = block_add(&graph, BPF_JMP | BPF_JEQ | BPF_K, 1, yes, no);

	cr_expect_eq(block_add(&graph, BPF_JMP | BPF_JEQ | BPF_K, 1, yes, no), a);
	cr_expect_eq(block_return(&graph, true), yes);
	cr_expect_eq(block_add(&graph, BPF_JMP | BPF_JEQ | BPF_K, 1, BLOCK_NONE, no), BLOCK_NONE);
	cr_assert_eq(graph_layout(&graph, yes, &prog), LAYOUT_OK);
	cr_expect_eq(prog.len, 1);
	cr_assert_eq(graph_layout(&graph, a, &prog), LAYOUT_OK);
	cr_expect_eq(prog.len, 3);
	bpf_program_destroy(&prog);
	graph_destroy(&graph);
}
