/* SPDX-License-Identifier: MIT */
#include "policy/layout.h"

#include <stdlib.h>
#include <string.h>

enum { FIRST_ROOM = 16, REACH = UINT8_MAX };

static bool is_return(const struct block *b)
{
	return BPF_CLASS(b->code) == BPF_RET;
}

static bool is_jump(const struct block *b)
{
	return BPF_CLASS(b->code) == BPF_JMP;
}

static uint32_t hash(uint16_t code, uint32_t k, block_id t, block_id f)
{
	uint64_t h = (k ^ (uint64_t)code << 32) * UINT64_C(0x9e3779b97f4a7c15);

	h = (h ^ h >> 29 ^ t ^ (uint64_t)f << 32) * UINT64_C(0xbf58476d1ce4e5b9);
	return h >> 32;
}

static bool grow(struct graph *graph)
{
	block_id room = graph->room ? graph->room * 2 : FIRST_ROOM;
	struct block *blocks = reallocarray(graph->blocks, room, sizeof(*blocks));
	block_id *chains;

	if (!blocks)
		return false;
	graph->blocks = blocks;
	chains = reallocarray(graph->chains, room, sizeof(*chains));
	if (!chains)
		return false;
	graph->chains = chains;
	graph->room = room;
	memset(chains, 0xff, room * sizeof(*chains));
	for (block_id i = 0; i < graph->n; i++) {
		struct block *b = &blocks[i];
		block_id *chain = &chains[hash(b->code, b->k, b->t, b->f) & (room - 1)];
		b->next = *chain;
		*chain = i;
	}
	return true;
}

block_id block_add(struct graph *graph, uint16_t code, uint32_t k, block_id t, block_id f)
{
	uint32_t h = hash(code, k, t, f);

	if (t == BLOCK_NONE || f == BLOCK_NONE)
		return BLOCK_NONE;
	if (graph->n == graph->room && !grow(graph))
		return BLOCK_NONE;
	for (block_id i = graph->chains[h & (graph->room - 1)]; i != BLOCK_NONE;
	     i = graph->blocks[i].next) {
		struct block *b = &graph->blocks[i];
		if (b->code == code && b->k == k && b->t == t && b->f == f)
			return i;
	}
	graph->blocks[graph->n] = (struct block){
		.code = code, .k = k, .t = t, .f = f, .next = graph->chains[h & (graph->room - 1)]};
	graph->chains[h & (graph->room - 1)] = graph->n;
	return graph->n++;
}

block_id block_return(struct graph *graph, bool value)
{
	return block_add(graph, BPF_RET | BPF_K, value, 0, 0);
}

void graph_clear(struct graph *graph)
{
	graph->n = 0;
	if (graph->room > FIRST_ROOM)
		graph->room = FIRST_ROOM;
	if (graph->room)
		memset(graph->chains, 0xff, graph->room * sizeof(*graph->chains));
}

void graph_destroy(struct graph *graph)
{
	free(graph->blocks);
	free(graph->chains);
	*graph = (struct graph){0};
}

/* A block in a program. */
struct placed {
	size_t place;  /* of its nearest copy or trampoline, or 0 */
	uint32_t size; /* blocks below it, shared ones counted each time, or 0 */
};

/*
 * Since every jump goes forward, code is written from its end to its start: a jump's targets are in
 * place before the jump. Places count from the end of the program.
 */
struct writer {
	const struct graph *graph;
	struct bpf_program *out; /* backwards */
	struct placed *blocks;	 /* by block */
	enum layout_status status;
};

static void put(struct writer *w, uint16_t code, uint32_t k, size_t jt, size_t jf)
{
	struct bpf_insn insn = {.code = code, .k = k, .jt = jt, .jf = jf};

	if (w->status == LAYOUT_OK && w->out->len >= BPF_LEN_MAX)
		w->status = LAYOUT_TOO_LONG;
	else if (w->status == LAYOUT_OK && !bpf_append(w->out, insn))
		w->status = LAYOUT_NO_MEMORY;
}

/* Turns round what was written from FROM on. */
static void reverse(struct bpf_program *prog, size_t from)
{
	for (size_t to = prog->len; from + 1 < to; from++) {
		struct bpf_insn insn = prog->insns[from];
		prog->insns[from] = prog->insns[--to];
		prog->insns[to] = insn;
	}
}

/* How far a jump written now would jump to reach BLOCK. */
static size_t distance(const struct writer *w, block_id block)
{
	return w->out->len - w->blocks[block].place;
}

/*
 * Brings BLOCK into reach of a jump that comes SLACK instructions later, and of those before it:
 * a second RET costs no more than a jump to the first.
 */
static void bring(struct writer *w, block_id block, size_t slack)
{
	const struct block *b = &w->graph->blocks[block];

	if (distance(w, block) + slack <= REACH)
		return;
	if (is_return(b))
		put(w, b->code, b->k, 0, 0);
	else
		put(w, BPF_JMP | BPF_JA, distance(w, block), 0, 0);
	w->blocks[block].place = w->out->len;
}

/* Writes a jump, or RET, that ends a straight piece of code. */
static void put_end(struct writer *w, const struct block *b)
{
	if (is_return(b)) {
		put(w, b->code, b->k, 0, 0);
		return;
	}
	bring(w, b->t, 1);
	bring(w, b->f, 0);
	if (distance(w, b->t) > REACH || distance(w, b->f) > REACH)
		w->status = LAYOUT_TOO_LONG; /* does not happen; but a jump is never cut short */
	put(w, b->code, b->k, distance(w, b->t), distance(w, b->f));
}

/* The jump or RET that BLOCK runs into. */
static block_id end_of(const struct graph *graph, block_id block)
{
	while (!is_jump(&graph->blocks[block]) && !is_return(&graph->blocks[block]))
		block = graph->blocks[block].t;
	return block;
}

/*
 * Writes the straight piece of code that starts at BLOCK. A piece that runs into code which is
 * written already ends with a copy of it, up to its jump: no longer than a JA would be.
 */
static void put_piece(struct writer *w, block_id block)
{
	const struct graph *g = w->graph;
	block_id end = end_of(g, block);
	size_t from;

	put_end(w, &g->blocks[end]);
	from = w->out->len;
	w->blocks[end].place = from;
	for (block_id at = block; at != end; at = g->blocks[at].t)
		put(w, g->blocks[at].code, g->blocks[at].k, 0, 0);
	reverse(w->out, from);
	for (size_t place = w->out->len; block != end; block = g->blocks[block].t)
		w->blocks[block].place = place--;
}

/* Writes what BLOCK leads to, the larger side first, and so further away; then BLOCK itself. */
static void put_tree(struct writer *w, block_id block)
{
	const struct graph *g = w->graph;
	const struct block *end = &g->blocks[end_of(g, block)];

	if (w->blocks[block].place || w->status != LAYOUT_OK)
		return;
	if (is_jump(end)) {
		bool larger = w->blocks[end->t].size >= w->blocks[end->f].size;
		put_tree(w, larger ? end->t : end->f);
		put_tree(w, larger ? end->f : end->t);
	}
	put_piece(w, block);
}

/* What is reachable from ROOT, and how much is below it. */
static void measure(struct writer *w, block_id root)
{
	const struct graph *g = w->graph;
	size_t reachable = 0;

	w->blocks[root].size = 1;
	for (block_id i = root + 1; i-- > 0;) {
		const struct block *b = &g->blocks[i];
		if (w->blocks[i].size == 0)
			continue;
		reachable++;
		if (is_return(b))
			continue;
		w->blocks[b->t].size = w->blocks[b->f].size = 1;
	}
	if (reachable > BPF_LEN_MAX)
		w->status = LAYOUT_TOO_LONG;
	for (block_id i = 0; i <= root; i++) {
		const struct block *b = &g->blocks[i];
		uint64_t size = w->blocks[i].size;
		if (size && !is_return(b))
			size += (uint64_t)w->blocks[b->t].size +
				(is_jump(b) ? w->blocks[b->f].size : 0);
		w->blocks[i].size = size < UINT32_MAX ? size : UINT32_MAX;
	}
}

enum layout_status graph_layout(const struct graph *graph, block_id root, struct bpf_program *out)
{
	struct writer w = {.graph = graph, .out = out};

	out->len = 0;
	w.blocks = calloc(graph->n, sizeof(*w.blocks));
	if (w.blocks) {
		measure(&w, root);
		put_tree(&w, root);
		reverse(out, 0);
	} else {
		w.status = LAYOUT_NO_MEMORY;
	}
	free(w.blocks);
	if (w.status != LAYOUT_OK)
		bpf_program_destroy(out);
	return w.status;
}
