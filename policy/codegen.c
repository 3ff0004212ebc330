/* SPDX-License-Identifier: MIT */
/*
 * Two ways to a program. The search (search.c) is exact for small expressions and good for large
 * ones, but rests on decision diagrams, which for some expressions grow without measure; then, and
 * where it comes out shorter, each atom is tested in turn.
 */
#include "policy/codegen.h"

#include "policy/dd.h"
#include "policy/layout.h"
#include "policy/search.h"

#include <stdlib.h>
#include <string.h>

/* With more, an incomplete search is still taken to be better than testing each in turn. */
enum { FEW_ATOMS = 64 };

/* How much longer the worst path may get to fit a program into BPF_LEN_MAX instructions. */
enum { SLACK_MAX = 16 };

/* How many atoms are tested together where a search for all of them has failed. */
enum { ALIKE_MAX = 256 };

/* Steps after which the search gives up. */
enum { WORK_MAX = 1000000, WORK_PER_ATOM = 5000 };

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

/* The mask of the values from LO to HI if they are all those that start with some bits, else 0. */
static uint32_t prefix(uint32_t lo, uint32_t hi)
{
	uint32_t varying = lo ^ hi;

	return (varying & (varying + 1)) == 0 && (lo & varying) == 0 && (hi & varying) == varying
		       ? ~varying
		       : 0;
}

static uint32_t swap(unsigned order, uint32_t value)
{
	return order == EXPR_SWAP32 ? __builtin_bswap32(value) : __builtin_bswap16(value);
}

/*
 * The same test without a swap, where the values share a prefix, and without a mask, where that
 * keeps the upper bits only. Loses nothing: what it returns is only taken for hints.
 */
static struct expr_atom normalise(struct expr_atom a)
{
	uint32_t limit = a.order == EXPR_SWAP16 ? UINT16_MAX : UINT32_MAX, same;

	a.mask &= limit;
	a.hi = a.hi < a.mask ? a.hi : a.mask;
	if (a.lo > a.hi)
		return a;
	same = a.lo == a.hi ? a.mask : a.mask == limit ? prefix(a.lo, a.hi) & limit : 0;
	if (a.order != EXPR_HOST && same) {
		a.lo = a.hi = swap(a.order, a.lo & same);
		a.mask = swap(a.order, same);
		a.order = EXPR_HOST;
	}
	if (a.order == EXPR_HOST && (~a.mask & (~a.mask + 1)) == 0 && !(a.lo & ~a.mask)) {
		a.hi = (a.hi & a.mask) | ~a.mask;
		a.mask = UINT32_MAX;
	}
	return a;
}

struct atoms {
	struct expr_atom *list;
	size_t n, room;
};

static bool add_atoms(struct atoms *atoms, const struct expr *expr)
{
	for (size_t i = 0; i < expr->n; i++) {
		if (!add_atoms(atoms, expr->kids[i]))
			return false;
	}
	if (expr->kind != EXPR_ATOM)
		return true;
	if (atoms->n == atoms->room) {
		size_t room = atoms->room ? atoms->room * 2 : 16;
		struct expr_atom *list = reallocarray(atoms->list, room, sizeof(*list));
		if (!list)
			return false;
		atoms->list = list;
		atoms->room = room;
	}
	atoms->list[atoms->n++] = normalise(expr->atom);
	return true;
}

static bool is_prefix(uint32_t mask)
{
	return (~mask & (~mask + 1)) == 0;
}

/* What the atoms on a word have in common. */
struct usage {
	size_t n;
	uint32_t mask;
	bool mixed;   /* different masks, or swaps that could not be normalised away */
	long swaps;   /* how many more masks are prefixes after a swap than before */
	size_t parts; /* of the expression's parts, how many read it */
};

static void count_usage(const struct atoms *atoms, struct usage usage[DD_WORDS])
{
	for (size_t i = 0; i < atoms->n; i++) {
		const struct expr_atom *a = &atoms->list[i];
		struct usage *u = &usage[a->offset / 4];
		u->mixed |= a->order != EXPR_HOST || (u->n && a->mask != u->mask);
		u->mask = a->mask;
		u->n++;
		if (a->order != EXPR_HOST)
			u->swaps++;
		else
			u->swaps += is_prefix(__builtin_bswap32(a->mask)) - is_prefix(a->mask);
	}
}

/* The words that EXPR reads, one bit each. */
static unsigned words_of(const struct expr *expr)
{
	unsigned words = expr->kind == EXPR_ATOM ? 1U << expr->atom.offset / 4 : 0;

	for (size_t i = 0; i < expr->n; i++)
		words |= words_of(expr->kids[i]);
	return words;
}

/* Counts, for each word, those parts of an AND or OR that read it. */
static void count_parts(const struct expr *expr, struct usage usage[DD_WORDS])
{
	while (expr->n == 1)
		expr = expr->kids[0];
	for (size_t i = 0; i < expr->n; i++) {
		for (unsigned words = words_of(expr->kids[i]); words; words &= words - 1)
			usage[__builtin_ctz(words)].parts++;
	}
}

static bool comes_first(const struct usage *a, const struct usage *b)
{
	return a->parts != b->parts ? a->parts > b->parts : a->n < b->n;
}

/*
 * How the diagram's variables are ordered: first the words that the most parts of the expression
 * read, and of those the ones with few atoms, since they tend to choose between tests on the
 * others; a word's bits as most of its atoms take them.
 */
static void choose_order(const struct expr *expr, const struct atoms *atoms,
			 uint8_t word_at[DD_WORDS], bool swapped[DD_WORDS])
{
	struct usage usage[DD_WORDS] = {0};

	count_usage(atoms, usage);
	count_parts(expr, usage);
	for (unsigned word = 0; word < DD_WORDS; word++) {
		unsigned at = word;
		for (; at > 0 && comes_first(&usage[word], &usage[word_at[at - 1]]); at--)
			word_at[at] = word_at[at - 1];
		word_at[at] = word;
		swapped[word] = usage[word].mixed && usage[word].swaps > 0;
	}
}

struct compiler {
	const struct expr *expr, *assume;
	struct atoms atoms;
	struct codegen_stats stats;
};

/* Lays out the program at ROOT, and keeps it if it is better than what *BEST has. */
static enum codegen_status offer(struct compiler *c, const struct graph *graph, block_id root,
				 struct bpf_program *best)
{
	struct bpf_program prog = {0};
	enum layout_status status;
	unsigned worst;

	if (root == BLOCK_NONE)
		return CODEGEN_NO_MEMORY;
	status = graph_layout(graph, root, &prog);
	if (status != LAYOUT_OK)
		return status == LAYOUT_TOO_LONG ? CODEGEN_TOO_LONG : CODEGEN_NO_MEMORY;
	worst = bpf_worst_path(prog.insns, prog.len);
	if (!best->len || worst < c->stats.worst ||
	    (worst == c->stats.worst && prog.len < c->stats.total)) {
		struct bpf_program old = *best;
		*best = prog;
		prog = old;
		c->stats.worst = worst;
		c->stats.total = best->len;
	}
	bpf_program_destroy(&prog);
	return CODEGEN_OK;
}

static enum codegen_status emit(struct compiler *c, struct search *search, unsigned slack,
				bool tight, struct bpf_program *best)
{
	struct graph graph = {0};
	block_id no = block_return(&graph, false), yes = block_return(&graph, true);
	block_id block = search_emit(search, slack, tight, &graph, yes, no);
	enum codegen_status status = offer(c, &graph, block, best);

	graph_destroy(&graph);
	return status;
}

static enum codegen_status by_search(struct compiler *c, struct bpf_program *best)
{
	enum codegen_status status = CODEGEN_NO_MEMORY;
	struct search *search = NULL;
	uint8_t word_at[DD_WORDS];
	bool swapped[DD_WORDS];
	struct dd dd;
	dd_node root;

	choose_order(c->expr, &c->atoms, word_at, swapped);
	if (!dd_init(&dd, word_at, swapped))
		goto out;
	dd.work_max = WORK_MAX + WORK_PER_ATOM * (uint64_t)c->atoms.n;
	root = dd_expr(&dd, c->expr);
	if (c->assume)
		root = dd_ite(&dd, dd_expr(&dd, c->assume), root, DD_ANY);
	search = search_new(&dd, root, c->assume, c->atoms.list, c->atoms.n);
	if (!search)
		goto out;
	status = emit(c, search, 0, false, best);
	if (status == CODEGEN_OK)
		status = emit(c, search, 0, true, best);
	for (unsigned slack = 1; slack <= SLACK_MAX && status == CODEGEN_TOO_LONG; slack *= 2)
		status = emit(c, search, slack, false, best);
	c->stats.searched = status == CODEGEN_OK && search_complete(search);
out:
	c->stats.work += dd.work;
	search_destroy(search);
	dd_destroy(&dd);
	return status;
}

/* Whether two atoms test the same value. */
static bool alike(const struct expr *a, const struct expr *b)
{
	struct expr_atom x = normalise(a->atom), y = normalise(b->atom);

	return x.offset == y.offset && x.order == y.order && x.mask == y.mask;
}

/* Code that goes on at YES or NO after the tests of N kids that are alike, joined by OR. */
static block_id test_alike(struct compiler *c, struct graph *graph, struct expr **kids, size_t n,
			   block_id yes, block_id no)
{
	struct expr any = {.kind = EXPR_OR, .kids = kids, .n = n};
	struct search *search = NULL;
	struct atoms hints = {0};
	block_id block = BLOCK_NONE;
	uint8_t word_at[DD_WORDS];
	bool swapped[DD_WORDS];
	struct dd dd = {0};

	if (!add_atoms(&hints, &any))
		return BLOCK_NONE;
	choose_order(&any, &hints, word_at, swapped);
	if (dd_init(&dd, word_at, swapped))
		search = search_new(&dd, dd_expr(&dd, &any), false, hints.list, hints.n);
	if (search)
		block = search_emit(search, 0, false, graph, yes, no);
	c->stats.work += dd.work;
	free(hints.list);
	search_destroy(search);
	dd_destroy(&dd);
	return block;
}

static int compare_atoms(const void *a, const void *b)
{
	struct expr_atom p = normalise((*(struct expr *const *)a)->atom);
	struct expr_atom q = normalise((*(struct expr *const *)b)->atom);

	if (p.offset != q.offset)
		return p.offset - q.offset;
	if (p.order != q.order)
		return p.order - q.order;
	if (p.mask != q.mask)
		return p.mask < q.mask ? -1 : 1;
	if (p.lo != q.lo)
		return p.lo < q.lo ? -1 : 1;
	return (p.hi > q.hi) - (p.hi < q.hi);
}

static block_id in_turn(struct compiler *c, struct graph *graph, const struct expr *expr,
			block_id yes, block_id no);

/* For OR: those atoms that test the same value are tested together, then what is not an atom. */
static block_id any_in_turn(struct compiler *c, struct graph *graph, const struct expr *expr,
			    block_id yes, block_id no)
{
	struct expr **atoms = calloc(expr->n + 1, sizeof(struct expr *));
	size_t n = 0;

	if (!atoms)
		return BLOCK_NONE;
	for (size_t i = expr->n; i-- > 0;) {
		if (expr->kids[i]->kind == EXPR_ATOM)
			atoms[n++] = expr->kids[i];
		else
			no = in_turn(c, graph, expr->kids[i], yes, no);
	}
	qsort(atoms, n, sizeof(struct expr *), compare_atoms);
	for (size_t first = n; n > 0; n = first) {
		first = n - 1;
		while (first > 0 && n - first < ALIKE_MAX && alike(atoms[first - 1], atoms[n - 1]))
			first--;
		no = test_alike(c, graph, atoms + first, n - first, yes, no);
	}
	free(atoms);
	return no;
}

/* Code that goes on at YES or NO after testing the atoms of EXPR in turn. */
static block_id in_turn(struct compiler *c, struct graph *graph, const struct expr *expr,
			block_id yes, block_id no)
{
	struct expr *atom = (struct expr *)expr;

	switch (expr->kind) {
	case EXPR_NOT:
		return in_turn(c, graph, expr->kids[0], no, yes);
	case EXPR_AND:
		for (size_t i = expr->n; i-- > 0;)
			yes = in_turn(c, graph, expr->kids[i], yes, no);
		return yes;
	case EXPR_OR:
		return any_in_turn(c, graph, expr, yes, no);
	case EXPR_ATOM:
		return test_alike(c, graph, &atom, 1, yes, no);
	default:
		return expr->kind == EXPR_TRUE ? yes : no;
	}
}

static enum codegen_status by_atoms(struct compiler *c, struct bpf_program *best)
{
	struct graph graph = {0};
	block_id no = block_return(&graph, false), yes = block_return(&graph, true);
	enum codegen_status status = offer(c, &graph, in_turn(c, &graph, c->expr, yes, no), best);

	graph_destroy(&graph);
	return status;
}

enum codegen_status codegen_compile(const struct expr *expr, const struct expr *assume,
				    struct bpf_program *out, struct codegen_stats *stats)
{
	struct compiler c = {.expr = expr, .assume = assume};
	enum codegen_status status = CODEGEN_INVALID;

	bpf_program_destroy(out);
	if (!valid(expr) || (assume && !valid(assume)))
		goto out;
	status = CODEGEN_NO_MEMORY;
	if (!add_atoms(&c.atoms, expr))
		goto out;
	status = by_search(&c, out);
	if (status != CODEGEN_OK || (!c.stats.searched && c.atoms.n <= FEW_ATOMS)) {
		enum codegen_status other = by_atoms(&c, out);
		status = out->len ? CODEGEN_OK : other;
	}
out:
	free(c.atoms.list);
	if (stats)
		*stats = c.stats;
	return status;
}
