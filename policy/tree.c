/* SPDX-License-Identifier: MIT */
/*
 * Cells that are still possible are a set of bits. The search tries, for such a set and what A
 * holds, each test that may help, within a limit for the longest path that is raised until a tree
 * fits; what it finds is remembered. Tests are the values and limits of cells, and the bits that
 * cells with the same target have in common: by JSET, or by JEQ after a mask. Where there are many
 * cells that is too much: then the test is taken that leaves the fewest pairs of cells undecided, and
 * so on, which is what flag words need anyway.
 */
#include "policy/tree.h"

#include <limits.h>
#include <stdlib.h>
#include <string.h>

/* word << 8 | word << 24: for a 16-bit word, its bytes swapped, in the upper half. */
#define SWAP_FACTOR 0x01000100U

/* It loses sight of what *trees has, behind the pointer in struct search. */
#ifndef __clang__
#pragma GCC diagnostic ignored "-Wanalyzer-malloc-leak"
#endif

enum {
	IMPOSSIBLE = UINT16_MAX,
	GREEDY = IMPOSSIBLE,
	OUTCOMES = 64,
	FIRST_ROOM = 16,
	WORK_MAX = 150,	  /* steps of one search, after which it takes what comes first */
	WORK_BITS = 2500, /* with tests of bits */
	WORK_FIRST = 1000,
	WORK_LIGHT = 300,    /* where there are many values */
	WORK_PROGRAM = 8000, /* after so many in all searches of a program, */
	WORK_RATIO = 16,     /* the next take that part of it */
	TARGETS_MAX = 4,     /* where there are more of them, too, */
	RUNS_LIGHT = 7,	     /* only so few are told by JEQ */
	POINTS_SET = 2,	     /* and so few of a set: more make it shorter, but most paths longer */
	CUTS_ALL = 8,	     /* where there are more cuts, the ones about the middle are tried */
	CUTS_MIDDLE = 5,
	CUTS_LIGHT = 1,
	FEW_CELLS = 9, /* of so many, all bits are tried that either of their ends does not have */
	SMALL_VALUE = 256, /* tests of such bits are only tried for numbers up to that */
	HOT_CELLS = 6,	   /* fewer are told apart faster by comparing */
	BITS_MAX = 4,
	LINE_CELLS = 3, /* of no more, one test may tell at once */
	RUNS_FIRST = 3, /* spans that a path of one test can tell, where all are single values; */
	RUNS_MORE = 6,	/* of two; with each further test, twice as many */
};

/* Tests */

struct step {
	uint16_t code;
	uint32_t k;
};

enum { STEPS_MAX = 8 };

struct steps {
	struct step list[STEPS_MAX];
	unsigned n;
};

static void step(struct steps *steps, uint16_t code, uint32_t k)
{
	steps->list[steps->n++] = (struct step){code, k};
}

/* Makes A hold MASK of the word; exactly, or with more known bits. */
static struct form to_mask(struct steps *steps, const struct loaded *word, struct form a,
			   uint32_t mask)
{
	uint32_t known = mask | word->known.mask;

	if (a.kind != FORM_HOST || (mask & ~a.mask)) {
		step(steps, BPF_LD | BPF_W | BPF_ABS, word->word * 4);
		a = FORM_LOADED;
	}
	if (!(a.mask & ~known))
		return a;
	step(steps, BPF_ALU | BPF_AND | BPF_K, mask);
	a.mask = mask;
	return a;
}

/* Makes A hold the swapped half of the word that FORM is about. */
static struct form to_half(struct steps *steps, const struct loaded *word, struct form a,
			   struct form form)
{
	uint32_t zero = word->known.mask & ~word->known.value, mask = form_to_word(form, form.mask);

	if (form_equal(a, form))
		return a;
	if (a.kind != FORM_HOST || (mask & ~a.mask)) {
		step(steps, BPF_LD | BPF_W | BPF_ABS, word->word * 4);
		a = FORM_LOADED;
	}
	if (form.kind == FORM_HI) {
		step(steps, BPF_ALU | BPF_RSH | BPF_K, 16);
		mask >>= 16;
		zero >>= 16;
		a.mask >>= 16;
	}
	if (a.mask & ~(mask | zero))
		step(steps, BPF_ALU | BPF_AND | BPF_K, mask);
	step(steps, BPF_ALU | BPF_MUL | BPF_K, SWAP_FACTOR);
	return form;
}

static struct form to_hot(struct steps *steps, const struct loaded *word, struct form a,
			  struct form form)
{
	to_mask(steps, word, a, form.mask);
	if (form.kind == FORM_HOT_FOLDED)
		step(steps, BPF_ALU | BPF_AND | BPF_K, 31);
	step(steps, BPF_MISC | BPF_TAX, 0);
	step(steps, BPF_LD | BPF_IMM, 1);
	step(steps, BPF_ALU | BPF_LSH | BPF_X, 0);
	return form;
}

static struct form prepare(struct steps *steps, const struct loaded *word, struct form a,
			   const struct test *test)
{
	if (test->form.kind >= FORM_HOT)
		return to_hot(steps, word, a, test->form);
	if (test->form.kind != FORM_HOST)
		return to_half(steps, word, a, test->form);
	if (test->op != BPF_JSET)
		return to_mask(steps, word, a, test->form.mask);
	if (a.kind == FORM_HOST && !(test->k & ~a.mask))
		return a;
	step(steps, BPF_LD | BPF_W | BPF_ABS, word->word * 4);
	return FORM_LOADED;
}

unsigned test_steps(const struct loaded *word, struct form *a, const struct test *test)
{
	struct steps steps = {.n = 0};

	*a = prepare(&steps, word, *a, test);
	return steps.n;
}

block_id test_emit(struct graph *graph, const struct loaded *word, struct form a,
		   const struct test *test, block_id yes, block_id no)
{
	struct steps steps = {.n = 0};
	struct form form = prepare(&steps, word, a, test);
	uint32_t k = test->k;
	block_id block;

	if (form.kind == FORM_LO || form.kind == FORM_HI)
		k = k << 16 | (test->op == BPF_JEQ ? k & 0xff00 : 0);
	else if (form.kind == FORM_HOST && test->op != BPF_JSET)
		k |= word->known.value & form.mask & ~test->form.mask;
	block = block_add(graph, BPF_JMP | test->op | BPF_K, k, yes, no);
	while (steps.n-- > 0)
		block = block_add(graph, steps.list[steps.n].code, steps.list[steps.n].k, block,
				  block);
	return block;
}

/* The search */

/* The cells where a test of bits may hold, and where it may fail. */
struct outcome {
	struct test test;
	uint32_t round;
	uint64_t yes, no;
};

/* The best that was found for a set of cells. */
struct tried {
	uint64_t live, yes, no;
	struct test test;
	struct form a;
	uint32_t round;
	uint16_t limit, size; /* GREEDY: without a limit */
	uint16_t worst;	      /* then, the longest path */
};

struct search {
	struct trees *trees;
	const struct partition *p;
	struct loaded word;
	uint64_t with[CELLS_MAX];   /* the cells with a target */
	uint32_t target[CELLS_MAX]; /* these targets */
	unsigned weight[CELLS_MAX];
	uint8_t label[CELLS_MAX]; /* by cell: which of them it has */
	unsigned n_targets;
	uint64_t single;		/* cells of one value */
	uint64_t element[ELEMENTS_MAX]; /* the cells with an element */
	uint64_t all;
	uint32_t tested; /* bits of the word that any test can be about */
	uint64_t work_max;
	bool line;   /* one axis, of spans */
	bool light;  /* only few tests, */
	bool bits;   /* or those of bits, too */
	bool greedy; /* the test that decides most is taken, and others are not */
};

/* A set of cells for which a test is sought. */
struct goal {
	uint64_t live;
	unsigned n_live; /* how many */
	struct form a;
	unsigned limit;
	uint64_t at_once; /* cells of a target that only the next test can reach within the limit */
	unsigned enough;  /* no tree is known to be smaller than that */
	bool tried;	  /* some test was */
	unsigned open;	  /* greedy: what the best test leaves to decide */
	struct tried best;
};

static unsigned solve(struct search *s, uint64_t live, struct form a, unsigned limit);

static uint64_t bit(unsigned i)
{
	return UINT64_C(1) << i;
}

static unsigned first(uint64_t set)
{
	return __builtin_ctzll(set);
}

static unsigned last(uint64_t set)
{
	return 63 - __builtin_clzll(set);
}

static bool hurries(const struct search *s)
{
	return s->trees->work > s->work_max;
}

/* The least weight among the targets of cells. */
static unsigned lightest(const struct search *s, uint64_t live)
{
	unsigned least = IMPOSSIBLE;

	for (unsigned i = 0; i < s->n_targets; i++) {
		if (s->with[i] & live && s->weight[i] < least)
			least = s->weight[i];
	}
	return least;
}

static bool done(const struct search *s, const struct goal *goal)
{
	return goal->best.size <= goal->enough || (goal->best.size != IMPOSSIBLE && hurries(s));
}

/* Pairs of cells that lead to different places. */
static unsigned open_pairs(const struct search *s, uint64_t live)
{
	unsigned n = __builtin_popcountll(live), open = n * n;

	for (unsigned i = 0; i < s->n_targets; i++) {
		unsigned same = s->with[i] & live ? __builtin_popcountll(s->with[i] & live) : 0;
		open -= same * same;
	}
	return open;
}

/* Notes a test if it leaves less to decide than those before. */
static void choose(const struct search *s, struct goal *goal, struct test test, uint64_t yes,
		   uint64_t no)
{
	struct form a = goal->a;
	unsigned open = STEPS_MAX * (open_pairs(s, yes) + open_pairs(s, no)) +
			test_steps(&s->word, &a, &test);

	if (goal->tried && open >= goal->open)
		return;
	goal->tried = true;
	goal->open = open;
	goal->best.test = test;
	goal->best.yes = yes;
	goal->best.no = no;
}

/* Tries a test that may hold in the cells YES and fail in the cells NO. */
static void try(struct search *s, struct goal *goal, struct test test, uint64_t yes, uint64_t no)
{
	struct form a = goal->a;
	unsigned steps, size, other;

	s->trees->work++;
	if (done(s, goal) || !yes || !no || yes == goal->live || no == goal->live)
		return;
	if (s->greedy) {
		choose(s, goal, test, yes, no);
		return;
	}
	if (hurries(s) && (goal->tried || s->bits))
		return;
	goal->tried = true;
	if (goal->at_once && yes != goal->at_once && no != goal->at_once)
		return;
	steps = test_steps(&s->word, &a, &test) + 1;
	if (steps >= goal->limit || steps >= goal->best.size)
		return;
	size = solve(s, yes, a, goal->limit - steps);
	if (size == IMPOSSIBLE || size + steps >= goal->best.size)
		return;
	other = solve(s, no, a, goal->limit - steps);
	if (other == IMPOSSIBLE || size + other + steps >= goal->best.size)
		return;
	goal->best.test = test;
	goal->best.yes = yes;
	goal->best.no = no;
	goal->best.size = size + other + steps;
}

/* A form's number has one value. Halves are compared as they are unless A has them swapped already. */
static struct test equal(struct form a, struct form form, uint32_t value)
{
	if (form_equal(form, a) || form.kind == FORM_HOST)
		return (struct test){BPF_JEQ, form, value};
	return (struct test){
		BPF_JEQ, {FORM_HOST, form_to_word(form, form.mask)}, form_to_word(form, value)};
}

static void try_equal(struct search *s, struct goal *goal, struct form form, uint32_t value,
		      uint64_t yes, uint64_t no)
{
	try(s, goal, equal(goal->a, form, value), yes, no);
}

/* Lines: cells in the order of their values */

static const struct span *span_of(const struct search *s, unsigned cell)
{
	return &s->p->elements[s->p->cells[cell].element[0]];
}

/*
 * Cells in a row with the same target are a run. Points are runs of one value that have longer ones
 * on both sides.
 */
struct shape {
	unsigned runs, values, points;
	unsigned
		weight; /* of the lightest point or the lightest other run: of the heavier of these */
};

static struct shape shape_of(const struct search *s, uint64_t live)
{
	unsigned value = IMPOSSIBLE, other_run = IMPOSSIBLE;
	struct shape shape = {0};
	bool single = false, candidate = false;

	while (live) {
		uint64_t same = s->with[s->label[first(live)]], other = live & ~same;
		uint64_t run = other ? live & ((other & -other) - 1) : live;
		bool now = !(run & (run - 1)) && (run & s->single);
		unsigned weight = s->weight[s->label[first(live)]],
			 *least = now ? &value : &other_run;
		*least = weight < *least ? weight : *least;
		shape.runs++;
		shape.values += now;
		shape.points += candidate && !now;
		candidate = now && !single;
		single = now;
		live &= ~run;
	}
	shape.points += candidate;
	value = value == IMPOSSIBLE ? 0 : value;
	other_run = other_run == IMPOSSIBLE ? 0 : other_run;
	shape.weight = value > other_run ? value : other_run;
	return shape;
}

/* The most runs that JEQ and JGE can tell apart on paths of so many tests. */
static unsigned runs_within(unsigned tests)
{
	return tests == 0   ? 1
	       : tests == 1 ? RUNS_FIRST
	       : tests > 7  ? 999
			    : RUNS_MORE << (tests - 2);
}

/* The most points: JGE halves them, until JEQ tells the last. */
static unsigned points_within(unsigned tests)
{
	return tests == 0 ? 0 : tests > 9 ? 999 : 1U << (tests - 1);
}

/* The fewest tests, JEQ and JGE, for a shape: each point takes one, and paths are so long. */
static unsigned fewest(struct shape shape, unsigned tests)
{
	unsigned limits = shape.runs - 1 > shape.values ? shape.runs - 1 - shape.values : 0;
	unsigned leaves = 1, depth = 0;

	limits = limits < shape.runs / 2 ? shape.runs / 2 : limits;
	/* LEAVES of a tree of JGE, most even, each with JEQ for as many points as there is room for */
	while (leaves * (tests - depth) < shape.points + 2 * (leaves - (1U << depth)) &&
	       leaves < shape.points)
		depth += ++leaves == 2U << depth;
	return shape.points + leaves - 1 > limits ? shape.points + leaves - 1 : limits;
}

/* Whether a cell is a run of its own. */
static bool alone(const struct search *s, const struct goal *goal, unsigned cell)
{
	uint64_t below = goal->live & (bit(cell) - 1), above = goal->live & ~below & ~bit(cell);
	uint64_t same = s->with[s->label[cell]];

	return !(below && (same & bit(last(below)))) && !(above && (same & bit(first(above))));
}

/* The values of a target that are told by JEQ: the first and the last; the order is all the same. */
static void try_singles(struct search *s, struct goal *goal)
{
	struct form form = s->p->axes[0].form;

	for (unsigned i = 0; i < s->n_targets; i++) {
		uint64_t cells = s->with[i] & goal->live & s->single;
		unsigned cell;
		if (!cells)
			continue;
		cell = first(cells);
		if (s->bits || alone(s, goal, cell))
			try_equal(s, goal, form, span_of(s, cell)->lo, bit(cell),
				  goal->live & ~bit(cell));
		if (done(s, goal) || last(cells) == cell)
			continue;
		cell = last(cells);
		if (s->bits || alone(s, goal, cell))
			try_equal(s, goal, form, span_of(s, cell)->lo, bit(cell),
				  goal->live & ~bit(cell));
	}
}

static void try_cut(struct search *s, struct goal *goal, unsigned cell)
{
	struct test test = {BPF_JGE, s->p->axes[0].form, span_of(s, cell)->lo};
	uint64_t below = bit(cell) - 1;

	try(s, goal, test, goal->live & ~below, goal->live & below);
}

static void try_cuts(struct search *s, struct goal *goal)
{
	unsigned cuts[CELLS_MAX], n = 0, before = first(goal->live), from = 0, to;

	for (uint64_t rest = goal->live & (goal->live - 1); rest; rest &= rest - 1) {
		unsigned cell = first(rest);
		if (s->label[cell] != s->label[before])
			cuts[n++] = cell;
		before = cell;
	}
	to = n;
	if (n > CUTS_ALL || hurries(s) || s->light) {
		unsigned middle = hurries(s) ? 1 : s->light ? CUTS_LIGHT : CUTS_MIDDLE;
		middle = middle < n ? middle : n;
		from = (n - middle) / 2;
		to = from + middle;
	}
	for (unsigned above = (from + to) / 2, below = above; below > from || above < to;) {
		if (above < to)
			try_cut(s, goal, cuts[above++]);
		if (below > from)
			try_cut(s, goal, cuts[--below]);
	}
}

/* Few values within 32 and two targets: one bit test tells them, once the others are cut off. */
static void try_hot(struct search *s, struct goal *goal)
{
	struct form form = s->p->axes[0].form;
	unsigned low = first(goal->live & (goal->live - 1)), high = last(goal->live);
	uint32_t lo = span_of(s, first(goal->live))->lo, hi = span_of(s, high)->hi;
	uint64_t yes = goal->live & s->with[s->label[first(goal->live)]], no = goal->live & ~yes;
	struct test test = {BPF_JSET, {FORM_HOT, form.mask}, 0};

	if (form.kind != FORM_HOST || goal->n_live < HOT_CELLS)
		return;
	if (hi - lo >= 32 && span_of(s, high)->lo - span_of(s, low)->lo <= 32) {
		if (hi - span_of(s, low)->lo >= 32)
			try_cut(s, goal, high);
		else
			try_cut(s, goal, low);
	}
	if (hi - lo >= 32)
		return;
	if (no & ~s->with[s->label[first(no)]])
		return;
	if (hi >= 32)
		test.form.kind = FORM_HOT_FOLDED;
	for (uint64_t rest = yes; rest; rest &= rest - 1) {
		const struct span *span = span_of(s, first(rest));
		for (uint32_t value = span->lo; value - span->lo <= span->hi - span->lo; value++)
			test.k |= 1U << value % 32;
	}
	try(s, goal, test, yes, no);
}

/* Products */

static void try_axis(struct search *s, struct goal *goal, const struct axis *axis)
{
	uint32_t mask = form_to_word(axis->form, axis->form.mask);
	uint64_t above = 0;

	for (unsigned e = axis->n; e-- > 0;) {
		const struct span *span = &s->p->elements[axis->first + e];
		uint64_t same = s->element[axis->first + e] & goal->live;
		above |= same;
		if (span->hi == 0)
			try(s, goal, (struct test){BPF_JSET, {FORM_HOST, mask}, mask},
			    goal->live & ~same, same);
		else if (span->lo == span->hi)
			try_equal(s, goal, axis->form, span->lo, same, goal->live & ~same);
		if (!axis->others && e > 0)
			try(s, goal, (struct test){BPF_JGE, axis->form, span->lo}, above,
			    goal->live & ~above);
	}
}

/* Bits: found once for all cells */

/* The cells among OPEN that may have a value with these bits, as far as each axis tells by itself. */
static uint64_t meeting(const struct search *s, uint64_t open, struct bits bits)
{
	for (unsigned i = 0; i < s->p->n_axes; i++) {
		const struct axis *axis = &s->p->axes[i];
		if (!(form_to_word(axis->form, axis->form.mask) & bits.mask))
			continue;
		for (unsigned e = 0; e < axis->n; e++)
			if ((s->element[axis->first + e] & open) &&
			    !partition_meets(s->p, i, e, bits))
				open &= ~s->element[axis->first + e];
	}
	return open;
}

static struct outcome *outcome_of(struct search *s, struct test test)
{
	uint32_t key = (test.k ^ test.form.mask * 5) * 0x9e3779b1U;
	struct outcome *o = &s->trees->outcomes[key >> 26];
	bool set = test.op == BPF_JSET;
	struct bits bits = {test.form.mask, set ? 0 : test.k};
	uint64_t never = 0, always = 0, may = 0, met;

	if (o->round == s->trees->round && o->test.op == test.op && o->test.k == test.k &&
	    o->test.form.mask == test.form.mask)
		return o;
	s->trees->work += 1 + s->p->n_cells / 4;
	for (unsigned i = 0; i < s->p->n_cells; i++) {
		const struct cell *cell = &s->p->cells[i];
		uint32_t known = cell->known.mask & bits.mask;
		never |= (uint64_t)(((cell->known.value ^ bits.value) & known) != 0) << i;
		always |= (uint64_t)(known == bits.mask) << i;
		may |= (uint64_t)((cell->ones & test.k) != 0) << i;
	}
	always &= ~never;
	met = always | meeting(s, s->all & ~(never | always), bits);
	*o = (struct outcome){.round = s->trees->round, .test = test};
	o->yes = set ? may : met;
	o->no = set ? met : s->all & ~always;
	return o;
}

static void try_bits(struct search *s, struct goal *goal, uint32_t mask)
{
	struct test test = {BPF_JSET, {FORM_HOST, mask}, mask};
	const struct outcome *o;

	if (!mask || done(s, goal))
		return;
	o = outcome_of(s, test);
	try(s, goal, test, o->yes & goal->live, o->no & goal->live);
}

static void try_masked(struct search *s, struct goal *goal, struct bits bits)
{
	struct test test = {BPF_JEQ, {FORM_HOST, bits.mask}, bits.value};
	const struct outcome *o;

	if (!(bits.mask & (bits.mask - 1)) || done(s, goal))
		return;
	o = outcome_of(s, test);
	try(s, goal, test, o->yes & goal->live, o->no & goal->live);
}

/* What cells have in common. */
struct common {
	struct bits known;
	uint32_t ones;
};

static struct common common(const struct search *s, uint64_t cells)
{
	struct common c = {s->p->cells[first(cells)].known, 0};

	for (; cells; cells &= cells - 1) {
		const struct cell *cell = &s->p->cells[first(cells)];
		c.ones |= cell->ones;
		c.known.mask &= cell->known.mask & ~(c.known.value ^ cell->known.value);
	}
	c.known.value &= c.known.mask;
	return c;
}

/* Bits by which cells with the same target differ from some others. */
static void try_common(struct search *s, struct goal *goal, uint64_t cells, struct common all)
{
	struct common c = common(s, cells);
	struct bits bits = {c.known.mask & ~all.known.mask, 0};
	uint32_t set = bits.mask & c.known.value;

	bits.value = set;
	try_bits(s, goal, all.ones & s->tested & ~c.ones);
	try_masked(s, goal, bits);
	for (unsigned i = 0; set && i < BITS_MAX; i++, set &= set - 1)
		try_bits(s, goal, set & -set);
}

static void try_all_common(struct search *s, struct goal *goal)
{
	struct common all = common(s, goal->live);
	bool few = goal->n_live <= FEW_CELLS;
	bool last_test =
		goal->limit <= lightest(s, goal->live) + 1 || (goal->at_once && s->n_targets == 2);

	for (unsigned i = 0; i < s->n_targets; i++) {
		uint64_t cells = s->with[i] & goal->live;
		if (cells && cells != goal->live)
			try_common(s, goal, cells, all);
	}
	if (s->greedy || last_test || (s->line && span_of(s, last(goal->live))->lo > SMALL_VALUE))
		return;
	for (uint64_t rest = goal->live; few && rest; rest &= rest - 1) {
		const struct span *span = s->line ? span_of(s, first(rest)) : NULL;
		if (!s->line) {
			try_common(s, goal, rest & -rest, all);
			continue;
		}
		try_bits(s, goal, s->tested & ~form_to_word(s->p->axes[0].form, span->lo));
		try_bits(s, goal, s->tested & ~form_to_word(s->p->axes[0].form, span->hi));
	}
}

/* Solving */

static uint32_t slot_of(const struct trees *trees, uint64_t live, struct form a, unsigned limit)
{
	uint64_t key = live * UINT64_C(0x9e3779b97f4a7c15) ^
		       ((uint64_t)a.mask << 16 ^ (uint64_t)a.kind << 8 ^ limit);
	uint32_t slot;

	key = (key ^ key >> 29) * UINT64_C(0xbf58476d1ce4e5b9);
	slot = key >> 32 & (trees->room_tried - 1);
	for (;; slot = (slot + 1) & (trees->room_tried - 1)) {
		const struct tried *t = &trees->tried[slot];
		if (t->round != trees->round ||
		    (t->live == live && t->limit == limit && form_equal(t->a, a)))
			return slot;
	}
}

/* Makes room in the table. */
static bool grow(struct trees *trees)
{
	uint32_t n = trees->room_tried, room = n ? n * 2 : FIRST_ROOM;
	struct tried *old = trees->tried, *tried;

	if (trees->n_tried * 2 < n)
		return true;
	tried = calloc(room, sizeof(*tried));
	if (!tried) {
		trees->failed = true;
		return false;
	}
	trees->tried = tried;
	trees->room_tried = room;
	for (uint32_t i = 0; i < n; i++)
		if (old[i].round == trees->round)
			tried[slot_of(trees, old[i].live, old[i].a, old[i].limit)] = old[i];
	free(old);
	return true;
}

/* Where the table has the entry of these, or room for it; NULL when memory is short. */
static struct tried *entry_of(struct trees *trees, uint64_t live, struct form a, unsigned limit)
{
	return grow(trees) ? &trees->tried[slot_of(trees, live, a, limit)] : NULL;
}

static bool decided(const struct search *s, uint64_t live)
{
	return !(live & ~s->with[s->label[first(live)]]);
}

/*
 * No path can be shorter than that: the targets are leaves of a tree of two ways each. *AT_ONCE is as a
 * goal's.
 */
static bool too_short(const struct search *s, uint64_t live, unsigned limit, uint64_t *at_once)
{
	uint64_t sum = 0;

	for (unsigned i = 0; i < s->n_targets; i++) {
		if (!(s->with[i] & live))
			continue;
		if (s->weight[i] >= limit)
			return true;
		if (s->weight[i] + 1 == limit)
			*at_once = s->with[i] & live;
		sum += limit - s->weight[i] < 32 ? bit(32 - (limit - s->weight[i])) : 1;
	}
	return sum > bit(32);
}

/* Whether some of the cells are a part of the line, without others between. */
static bool in_a_row(uint64_t cells, uint64_t live)
{
	uint64_t from_first = live & ~(bit(first(cells)) - 1);

	return !(from_first & ~cells & (bit(last(cells)) - 1));
}

/* Tests of values and limits in a line. */
static void try_line(struct search *s, struct goal *goal)
{
	uint64_t at_once = goal->at_once;
	struct shape shape;
	unsigned tests;

	if (at_once && !in_a_row(at_once, goal->live) &&
	    !in_a_row(goal->live & ~at_once, goal->live))
		return;
	shape = shape_of(s, goal->live);
	tests = goal->limit - shape.weight;
	goal->enough = fewest(shape, tests);
	try_hot(s, goal);
	if ((shape.runs > runs_within(goal->limit - lightest(s, goal->live)) ||
	     shape.points > points_within(tests)) &&
	    (shape.runs > FEW_CELLS || span_of(s, last(goal->live))->lo > SMALL_VALUE))
		return;
	if (s->light ? shape.runs <= RUNS_LIGHT : s->n_targets > 2 || shape.points <= POINTS_SET)
		try_singles(s, goal);
	try_cuts(s, goal);
}

/* Tests of bits are dear to look for: in lines with many values they are left out. */
static void try_all(struct search *s, struct goal *goal)
{
	bool many = goal->n_live > FEW_CELLS;

	goal->enough = 1;
	if (!s->line) {
		try_all_common(s, goal);
		for (unsigned i = 0; i < s->p->n_axes; i++)
			try_axis(s, goal, &s->p->axes[i]);
		return;
	}
	try_line(s, goal);
	if (!s->bits || s->light || done(s, goal) || (many && goal->best.size != IMPOSSIBLE))
		return;
	goal->enough = 1;
	try_all_common(s, goal);
}

/* The size of the best tree for cells whose longest path is at most LIMIT, or IMPOSSIBLE. */
static unsigned solve(struct search *s, uint64_t live, struct form a, unsigned limit)
{
	struct trees *trees = s->trees;
	struct goal goal = {.live = live, .a = a, .limit = limit};
	struct tried *t;

	if (decided(s, live))
		return s->weight[s->label[first(live)]] <= limit ? 0 : IMPOSSIBLE;
	if (too_short(s, live, limit, &goal.at_once))
		return IMPOSSIBLE;
	t = entry_of(trees, live, a, limit);
	if (!t || t->round == trees->round)
		return t ? t->size : IMPOSSIBLE;
	goal.n_live = __builtin_popcountll(live);
	goal.best = (struct tried){
		.live = live, .a = a, .limit = limit, .size = IMPOSSIBLE, .round = trees->round};
	try_all(s, &goal);
	t = entry_of(trees, live, a, limit);
	if (!t)
		return IMPOSSIBLE;
	*t = goal.best;
	trees->n_tried++;
	return goal.best.size;
}

/* The size of the tree of those tests that decide most, each in its turn; *WORST as struct tree's. */
static unsigned decide(struct search *s, uint64_t live, struct form a, unsigned *worst)
{
	struct trees *trees = s->trees;
	struct goal goal = {.live = live, .a = a, .limit = GREEDY};
	unsigned steps, yes, no;
	struct tried *t;

	*worst = s->weight[s->label[first(live)]];
	if (decided(s, live))
		return 0;
	t = entry_of(trees, live, a, GREEDY);
	if (!t)
		return IMPOSSIBLE;
	if (t->round == trees->round) {
		*worst = t->worst;
		return t->size;
	}
	goal.n_live = __builtin_popcountll(live);
	goal.best = (struct tried){
		.live = live, .a = a, .limit = GREEDY, .size = IMPOSSIBLE, .round = trees->round};
	try_all_common(s, &goal);
	if (s->line) {
		try_hot(s, &goal);
		try_singles(s, &goal);
		try_cuts(s, &goal);
	} else {
		for (unsigned i = 0; i < s->p->n_axes; i++)
			try_axis(s, &goal, &s->p->axes[i]);
	}
	steps = test_steps(&s->word, &a, &goal.best.test) + 1;
	goal.best.size = steps + decide(s, goal.best.yes, a, &yes);
	goal.best.size += decide(s, goal.best.no, a, &no);
	goal.best.worst = *worst = (yes > no ? yes : no) + steps;
	t = entry_of(trees, live, goal.a, GREEDY);
	if (!t)
		return IMPOSSIBLE;
	*t = goal.best;
	trees->n_tried++;
	return goal.best.size;
}

/* Makes room for so many nodes more. */
static bool reserve(struct trees *trees, uint32_t more)
{
	uint32_t room = trees->room ? trees->room : FIRST_ROOM;
	struct tree_node *nodes;

	while (room < trees->n + more)
		room *= 2;
	if (room == trees->room)
		return true;
	nodes = reallocarray(trees->nodes, room, sizeof(*nodes));
	if (!nodes) {
		trees->failed = true;
		return false;
	}
	trees->nodes = nodes;
	trees->room = room;
	return true;
}

/* Takes the tree that solve() or decide() found out of the table. */
static uint32_t take(struct search *s, uint64_t live, struct form a, unsigned limit)
{
	struct trees *trees = s->trees;
	struct tried t;
	uint32_t at, yes, no;
	unsigned steps;

	if (decided(s, live))
		return s->target[s->label[first(live)]] | TREE_LEAF;
	at = trees->n++;
	t = trees->tried[slot_of(trees, live, a, limit)];
	steps = test_steps(&s->word, &a, &t.test) + 1;
	limit -= limit == GREEDY ? 0 : steps;
	yes = take(s, t.yes, a, limit);
	no = take(s, t.no, a, limit);
	trees->nodes[at] = (struct tree_node){t.test, yes, no};
	return at;
}

static void find_elements(struct search *s)
{
	memset(s->element, 0, s->p->n_elements * sizeof(*s->element));
	for (unsigned i = 0; i < s->p->n_cells; i++) {
		for (unsigned axis = 0; axis < s->p->n_axes; axis++)
			s->element[s->p->axes[axis].first + s->p->cells[i].element[axis]] |= bit(i);
	}
}

static void find_targets(struct search *s, const uint32_t *weights)
{
	s->n_targets = 0;
	s->single = 0;
	for (unsigned i = 0; i < s->p->n_cells; i++) {
		uint32_t target = s->p->cells[i].target;
		unsigned label = 0;
		while (label < s->n_targets && s->target[label] != target)
			label++;
		if (label == s->n_targets) {
			s->target[label] = target;
			s->weight[label] = weights[target];
			s->with[label] = 0;
			s->n_targets++;
		}
		s->label[i] = label;
		s->with[label] |= bit(i);
		if (s->line && span_of(s, i)->lo == span_of(s, i)->hi)
			s->single |= bit(i);
	}
}

static void start(struct search *s)
{
	s->trees->round++;
	s->trees->n_tried = 0;
}

/* Takes a tree that was found, if it is better, from those with the limit. */
static void take_better(struct search *s, unsigned worst, unsigned size, unsigned limit,
			struct tree *tree)
{
	if (worst > tree->worst || (worst == tree->worst && size >= tree->size))
		return;
	/* Each of its nodes is an instruction at least. */
	if (s->trees->failed || !reserve(s->trees, size))
		return;
	tree->worst = worst;
	tree->size = size;
	tree->root = take(s, s->all, tree->form, limit);
}

/*
 * Whether no tree can be better, if none is shorter than LIMIT: it takes a test to part two targets, and
 * the longest path alone has as many instructions as LIMIT leaves for them.
 */
static bool is_best(const struct search *s, unsigned limit, const struct tree *tree)
{
	unsigned heaviest = 0;

	for (unsigned i = 0; i < s->n_targets; i++)
		heaviest = s->weight[i] > heaviest ? s->weight[i] : heaviest;
	return tree->worst <= limit &&
	       (tree->size < s->n_targets || tree->size + heaviest <= limit);
}

/* Looks for a tree within LIMIT, or the least limit that is not longer than the tree that is there. */
static void search(struct search *s, unsigned limit, struct tree *tree)
{
	unsigned most = tree->worst, size;

	start(s);
	while (!is_best(s, limit, tree)) {
		size = solve(s, s->all, tree->form, limit);
		if (size != IMPOSSIBLE)
			take_better(s, limit, size, limit, tree);
		if (size != IMPOSSIBLE || limit >= most || s->trees->failed ||
		    (s->bits && hurries(s)))
			break;
		limit++;
	}
}

static void search_greedily(struct search *s, struct tree *tree)
{
	unsigned size, worst;

	start(s);
	s->greedy = true;
	size = decide(s, s->all, tree->form, &worst);
	take_better(s, worst, size, GREEDY, tree);
	s->greedy = false;
}

/* Takes a test for the tree if it alone parts two targets, with nothing before it. */
static bool take_test(struct search *s, struct tree *tree, struct test test, uint64_t yes)
{
	struct trees *trees = s->trees;
	uint64_t no = s->all & ~yes;
	struct form a = tree->form;
	unsigned one, other;

	if (!yes || !no || !decided(s, yes) || !decided(s, no) ||
	    test_steps(&s->word, &a, &test) > 0 || !reserve(trees, 1))
		return false;
	one = s->label[first(yes)];
	other = s->label[first(no)];
	trees->nodes[trees->n] =
		(struct tree_node){test, s->target[one] | TREE_LEAF, s->target[other] | TREE_LEAF};
	*tree = (struct tree){.worst = 1 + (s->weight[one] > s->weight[other] ? s->weight[one]
									      : s->weight[other]),
			      .size = 1,
			      .root = trees->n++,
			      .form = tree->form};
	return true;
}

/* One value, or one limit, needs no search. */
static bool take_line(struct search *s, struct tree *tree)
{
	struct form form = s->p->axes[0].form;

	if (!s->line || s->p->n_cells > LINE_CELLS)
		return false;
	for (unsigned i = 0; i < s->p->n_cells; i++) {
		const struct span *span = span_of(s, i);
		if (span->lo == span->hi &&
		    take_test(s, tree, equal(tree->form, form, span->lo), bit(i)))
			return true;
	}
	for (unsigned i = 1; i < s->p->n_cells; i++)
		if (take_test(s, tree, (struct test){BPF_JGE, form, span_of(s, i)->lo},
			      s->all & ~(bit(i) - 1)))
			return true;
	return false;
}

static void start_search(struct search *s, struct trees *trees, const struct partition *p,
			 const uint32_t *weights)
{
	s->trees = trees;
	s->p = p;
	s->all = p->n_cells == 64 ? UINT64_MAX : bit(p->n_cells) - 1;
	s->word = (struct loaded){p->word, p->known};
	s->line = p->n_axes == 1 && !p->axes[0].others;
	find_targets(s, weights);
}

static void prepare_search(struct search *s, bool light)
{
	s->tested = 0;
	for (unsigned i = 0; i < s->p->n_axes; i++)
		s->tested |= form_to_word(s->p->axes[i].form, s->p->axes[i].form.mask);
	s->bits = s->greedy = false;
	find_elements(s);
	s->light = light || s->n_targets > TARGETS_MAX;
	s->work_max = s->trees->work + (s->light ? WORK_LIGHT : WORK_MAX);
}

bool tree_find(struct trees *trees, struct partition *p, const uint32_t *weights, bool light,
	       struct tree *tree)
{
	bool few = p->n_cells <= FEW_CELLS;
	unsigned limit = 1;
	uint64_t ignored;
	struct search s;

	start_search(&s, trees, p, weights);
	if (take_line(&s, tree))
		return true;
	for (unsigned i = 0; i < p->n_cells && s.line; i++)
		partition_finish(p, &p->cells[i]);
	prepare_search(&s, light);
	while (too_short(&s, s.all, limit, &ignored))
		limit++;
	if (s.line)
		search(&s, limit, tree);
	if ((s.line && light) || is_best(&s, limit, tree) || trees->failed)
		return !trees->failed;
	if (!trees->outcomes)
		trees->outcomes = calloc(OUTCOMES, sizeof(*trees->outcomes));
	if (!trees->outcomes) {
		trees->failed = true;
		return false;
	}
	s.bits = true;
	if (!(s.line && few))
		search_greedily(&s, tree);
	if (light || trees->failed || is_best(&s, limit, tree) ||
	    (!few && (!s.line || trees->work >= WORK_FIRST)))
		return !trees->failed;
	s.work_max = trees->work + WORK_BITS;
	search(&s, limit, tree);
	return !trees->failed;
}

void trees_clear(struct trees *trees)
{
	trees->n = 0;
	trees->work = 0;
	trees->failed = false;
}

void trees_destroy(struct trees *trees)
{
	free(trees->nodes);
	free(trees->tried);
	free(trees->outcomes);
	*trees = (struct trees){0};
}
