/* SPDX-License-Identifier: MIT */
/*
 * A program tests one word after the other. A state is what is left to decide after some of them: a
 * word, its values cut into cells, and the state that each cell leads to. Equal states are one, so
 * that all ways to the same rest meet. The states' best trees of tests (tree.c) are found from the
 * last words to the first.
 *
 * The number of states can grow without measure. Where it does the parts of the expression are
 * compiled one by one.
 */
#include "policy/codegen.h"

#include "policy/codegen-parts.h"

#include <stdlib.h>
#include <string.h>

enum {
	GRAPH_MAX = 2 * BPF_LEN_MAX, /* blocks; more have no chance to fit into a program */
	WORK_MIN = 40000,	     /* steps of building, before it is given up, */
	WORK_PER_PART = 300,	     /* and so many for each part of the expression */
	WORK_PART = 1000,  /* as WORK_MIN, for one of the parts that are tested in turn, */
	SIZE_PART = 8,	   /* which take no more instructions than that */
	SIZE_PER_PART = 5, /* and that for each part of theirs */
};

static bool valid(const struct expr *expr)
{
	const struct expr_atom *a = &expr->atom;

	if (expr->kind == EXPR_ATOM)
		return a->offset < BPF_CTX_SIZE && a->offset % 4 == 0 && a->mask &&
		       a->lo <= a->hi && a->order <= EXPR_SWAP32;
	if (expr->kind > EXPR_OR || (expr->kind == EXPR_NOT && expr->n != 1))
		return false;
	for (size_t i = 0; i < expr->n; i++) {
		if (!valid(expr->kids[i]))
			return false;
	}
	return true;
}

/* A part of an expression, the words that it reads, and, of an atom, its form. */
struct part {
	unsigned words;
	struct form form;
	term t;
};

/* --- code */

/* A state and all that it leads to, each before those that lead to it, into b->order. */
static void collect(struct builder *b, uint32_t id)
{
	uint32_t at = 0, target;

	if (id <= ALLOWED || b->states[id].visit == b->visit)
		return;
	b->states[id].visit = b->visit;
	while (state_next_target(b, id, &at, &target))
		collect(b, target);
	if (codegen_reserve(b, (void **)&b->order, b->n_order + 1, &b->room_order,
			    sizeof(*b->order)))
		b->order[b->n_order++] = id;
}

static block_id emit_tree(const struct builder *b, struct graph *graph, const struct loaded *word,
			  uint32_t node, struct form form)
{
	const struct tree_node *n = &b->trees.nodes[node];
	struct form next = form;
	block_id yes, no;

	if (node & TREE_LEAF)
		return b->states[node & ~TREE_LEAF].block;
	test_steps(word, &next, &n->test);
	yes = emit_tree(b, graph, word, n->yes, next);
	no = emit_tree(b, graph, word, n->no, next);
	return test_emit(graph, word, form, &n->test, yes, no);
}

static block_id emit_state(const struct builder *b, struct graph *graph, const struct state *s)
{
	block_id block;

	if (s->split)
		block = test_emit(graph, &s->at.word, state_form(&s->at), &s->test,
				  b->states[s->yes].block, b->states[s->no].block);
	else
		block = emit_tree(b, graph, &s->at.word, s->tree.root, s->tree.form);
	return s->at.loaded ? block
			    : block_add(graph, BPF_LD | BPF_W | BPF_ABS, s->at.word.word * 4, block,
					block);
}

/* Adds code that goes on at YES or NO. Returns BLOCK_NONE when memory is short. */
static block_id emit(struct builder *b, struct graph *graph, uint32_t root, block_id yes,
		     block_id no)
{
	b->visit++;
	b->n_order = 0;
	collect(b, root);
	b->states[0].block = no;
	b->states[ALLOWED].block = yes;
	for (uint32_t i = 0; i < b->n_order; i++)
		b->states[b->order[i]].block = emit_state(b, graph, &b->states[b->order[i]]);
	return b->failed || b->trees.failed ? BLOCK_NONE : b->states[root].block;
}

/* --- programs */

/* Builds a term with so much work and in that SIZE, or not: then *ID is unchanged. */
static bool try_build(struct builder *b, term t, uint64_t work, uint32_t size, uint32_t *id)
{
	uint32_t root;

	b->gave_up = false;
	b->work_max = b->terms.work + b->trees.work + work;
	root = codegen_build(b, t);
	if (codegen_over(b) || state_whole_size(b, root) > size)
		return false;
	*id = root;
	return true;
}

static int compare_kinds(const struct part *p, const struct part *q)
{
	if (p->words != q->words)
		return p->words < q->words ? -1 : 1;
	if (p->form.kind != q->form.kind)
		return p->form.kind < q->form.kind ? -1 : 1;
	return (p->form.mask > q->form.mask) - (p->form.mask < q->form.mask);
}

static int compare_parts(const void *a, const void *b)
{
	const struct part *p = a, *q = b;
	int kinds = compare_kinds(p, q);

	return kinds ? kinds : (p->t > q->t) - (p->t < q->t);
}

/* What a kid of an OR has in common with others that it is best tested with. */
static struct part part_of(const struct builder *b, term t)
{
	const struct term_node *node = term_node(&b->terms, t);
	struct part part = {.t = t, .words = node->words};

	if (!node->n)
		part.form = b->terms.atoms[node->first].form;
	return part;
}

static block_id in_turn(struct builder *b, struct graph *graph, term t, block_id yes, block_id no);

/* Parts of a kind are tested together; if all do, the halves of them. */
static block_id parts_in_turn(struct builder *b, struct graph *graph, struct part *parts, size_t n,
			      term *kids, block_id yes, block_id no)
{
	bool same = compare_kinds(&parts[0], &parts[n - 1]) == 0;

	for (size_t end = n, from; end > 0; end = from) {
		from = end - 1;
		while (from > 0 && compare_kinds(&parts[from - 1], &parts[from]) == 0 &&
		       !(same && from == n / 2))
			from--;
		for (size_t i = from; i < end; i++)
			kids[i] = parts[i].t;
		no = in_turn(b, graph, term_any(&b->terms, kids + from, end - from), yes, no);
	}
	return no;
}

/* Code that goes on at YES or NO after testing the parts of T in turn, if it cannot be at once. */
static block_id in_turn(struct builder *b, struct graph *graph, term t, block_id yes, block_id no)
{
	struct term_node node = *term_node(&b->terms, t);
	struct part *parts;
	term *kids;
	uint32_t id;

	if (b->failed || graph->n > GRAPH_MAX || yes == BLOCK_NONE || no == BLOCK_NONE)
		return BLOCK_NONE;
	if (try_build(b, t, WORK_PART + WORK_PER_PART * (uint64_t)node.n,
		      SIZE_PART + SIZE_PER_PART * node.n, &id))
		return emit(b, graph, id, yes, no);
	if (b->failed || !node.n)
		return BLOCK_NONE;
	parts = reallocarray(NULL, node.n, sizeof(*parts));
	kids = reallocarray(NULL, node.n, sizeof(*kids));
	for (uint32_t i = 0; parts && i < node.n; i++)
		parts[i] = part_of(b, b->terms.kids[node.first + i]);
	if (parts && kids) {
		qsort(parts, node.n, sizeof(*parts), compare_parts);
		no = parts_in_turn(b, graph, parts, node.n, kids, t & 1 ? no : yes,
				   t & 1 ? yes : no);
	} else {
		b->failed = true;
	}
	free(parts);
	free(kids);
	return no;
}

static enum codegen_status lay_out(const struct graph *graph, block_id root,
				   struct bpf_program *out)
{
	enum layout_status status;

	if (root == BLOCK_NONE)
		return graph->n > GRAPH_MAX ? CODEGEN_TOO_LONG : CODEGEN_NO_MEMORY;
	status = graph_layout(graph, root, out);
	return status == LAYOUT_OK	   ? CODEGEN_OK
	       : status == LAYOUT_TOO_LONG ? CODEGEN_TOO_LONG
					   : CODEGEN_NO_MEMORY;
}

/* The builder and the graph of the last program; their arrays are used again. */
struct codegen {
	struct builder b;
	struct graph graph;
};

static enum codegen_status at_once(struct codegen *codegen, term t, struct bpf_program *out)
{
	struct builder *b = &codegen->b;
	struct graph *graph = &codegen->graph;
	block_id no, yes;
	uint32_t id;

	if (!try_build(b, t, WORK_MIN + WORK_PER_PART * (uint64_t)b->terms.n_kids, 2 * BPF_LEN_MAX,
		       &id))
		return CODEGEN_TOO_LONG;
	graph_clear(graph);
	no = block_return(graph, false);
	yes = block_return(graph, true);
	return lay_out(graph, emit(b, graph, id, yes, no), out);
}

static enum codegen_status by_parts(struct codegen *codegen, term t, struct bpf_program *out)
{
	struct graph *graph = &codegen->graph;
	block_id no, yes;

	graph_clear(graph);
	no = block_return(graph, false);
	yes = block_return(graph, true);
	codegen->b.light = true;
	return lay_out(graph, in_turn(&codegen->b, graph, t, yes, no), out);
}

struct codegen *codegen_new(void)
{
	return calloc(1, sizeof(struct codegen));
}

void codegen_free(struct codegen *codegen)
{
	struct builder *b;

	if (!codegen)
		return;
	b = &codegen->b;
	terms_destroy(&b->terms);
	trees_destroy(&b->trees);
	free(b->states);
	free(b->worst);
	free(b->chains);
	free(b->packed);
	free(b->order);
	graph_destroy(&codegen->graph);
	free(codegen);
}

static bool start(struct builder *b)
{
	b->failed = b->gave_up = b->light = false;
	states_clear(b);
	trees_clear(&b->trees);
	if (!terms_init(&b->terms) ||
	    !codegen_reserve(b, (void **)&b->states, ALLOWED + 1, &b->room_states,
			     sizeof(*b->states)) ||
	    !codegen_reserve(b, (void **)&b->worst, ALLOWED + 1, &b->room_worst, sizeof(*b->worst)))
		return false;
	for (; b->n_states <= ALLOWED; b->n_states++) {
		b->states[b->n_states] = (struct state){0};
		b->worst[b->n_states] = 1;
	}
	return true;
}

enum codegen_status codegen_with(struct codegen *codegen, const struct expr *expr,
				 const struct expr *assume, struct bpf_program *out,
				 struct codegen_stats *stats)
{
	enum codegen_status status = CODEGEN_NO_MEMORY;
	struct builder *b = &codegen->b;
	term t;

	bpf_program_destroy(out);
	if (!valid(expr) || (assume && !valid(assume)))
		return CODEGEN_INVALID;
	if (start(b)) {
		bool possible = !assume || terms_assume(&b->terms, assume);
		t = possible ? term_expr(&b->terms, expr) : TERM_FALSE;
		status = at_once(codegen, t, out);
		if (status == CODEGEN_TOO_LONG && !b->failed)
			status = by_parts(codegen, t, out);
		if (b->failed || b->terms.failed || b->trees.failed)
			status = CODEGEN_NO_MEMORY;
	}
	if (stats && status == CODEGEN_OK)
		*stats = (struct codegen_stats){.total = out->len,
						.worst = bpf_worst_path(out->insns, out->len),
						.work = b->terms.work + b->trees.work};
	return status;
}

enum codegen_status codegen_compile(const struct expr *expr, const struct expr *assume,
				    struct bpf_program *out, struct codegen_stats *stats)
{
	struct codegen *codegen = codegen_new();
	enum codegen_status status = CODEGEN_NO_MEMORY;

	if (codegen)
		status = codegen_with(codegen, expr, assume, out, stats);
	else
		bpf_program_destroy(out);
	codegen_free(codegen);
	return status;
}
