/* SPDX-License-Identifier: MIT */
/* What A can hold, the tests that the atoms suggest for it, and how to get from one to another. */
#include "policy/search-parts.h"

#include <stdlib.h>

/* word << 8 | word << 24: for a 16-bit word, its bytes swapped, in the upper half. */
#define SWAP_FACTOR 0x01000100U

dd_node view_any_bit(struct search *se, unsigned word, uint32_t mask)
{
	return mask ? dd_atom(se->dd, &(struct expr_atom){word * 4, EXPR_HOST, mask, 1, UINT32_MAX})
		    : DD_FALSE;
}

/* The view, found or made; VIEW_NONE if there is no room for it. */
unsigned view_of(struct search *se, struct view view)
{
	for (size_t i = 0; i < se->n_views; i++) {
		const struct view *v = &se->views[i];
		if (v->kind == view.kind && v->word == view.word && v->mask == view.mask &&
		    v->base == view.base && v->fold == view.fold)
			return i;
	}
	if (se->n_views == VIEWS_MAX)
		return VIEW_NONE;
	view.outside = view_any_bit(se, view.word, ~view.mask);
	se->views[se->n_views] = view;
	return se->n_views++;
}

unsigned view_mask(struct search *se, unsigned word, uint32_t mask)
{
	return !~(mask | se->zero[word])
		       ? view_raw(word)
		       : view_of(se, (struct view){.kind = VIEW_MASK, .word = word, .mask = mask});
}

unsigned view_swap_lo(struct search *se, unsigned word)
{
	return view_of(se, (struct view){.kind = VIEW_SWAP_LO, .word = word, .mask = 0xffff});
}

unsigned view_swap_hi(struct search *se, unsigned word)
{
	return view_of(se, (struct view){.kind = VIEW_SWAP_HI, .word = word, .mask = 0xffff0000});
}

/* Where the value of VIEW, not VIEW_HOT, is from LO to HI; a swapped view's value is its p. */
dd_node view_between(struct search *se, const struct view *view, uint32_t lo, uint32_t hi)
{
	struct expr_atom atom = {view->word * 4, EXPR_HOST, view->mask, lo, hi};

	if (view->kind == VIEW_SWAP_LO)
		atom.order = EXPR_SWAP16;
	else if (view->kind == VIEW_SWAP_HI)
		atom.order = EXPR_SWAP32;
	if (view->kind == VIEW_SWAP_LO || view->kind == VIEW_SWAP_HI)
		atom.mask = UINT16_MAX;
	return dd_atom(se->dd, &atom);
}

static void add_cut(struct search *se, unsigned view, uint64_t value)
{
	struct view *v = &se->views[view];

	if (view == VIEW_NONE || value == 0 || value > UINT32_MAX)
		return;
	if (v->n == v->room) {
		size_t room = v->room ? v->room * 2 : 8;
		struct cut *cuts = reallocarray(v->cuts, room, sizeof(*cuts));
		if (!cuts) {
			se->failed = true;
			return;
		}
		v->cuts = cuts;
		v->room = room;
	}
	v->cuts[v->n++] = (struct cut){.value = value};
}

static void add_bits(struct search *se, unsigned word, uint32_t mask)
{
	size_t n = se->n_bits[word];

	for (size_t i = 0; i < n; i++) {
		if (se->bits[word][i].mask == mask)
			return;
	}
	if (mask && n <= BITS_MAX)
		se->bits[word][se->n_bits[word]++] = (struct bits){.mask = mask};
}

/* Few enough to test one by one. */
bool view_few_bits(uint32_t mask)
{
	return __builtin_popcount(mask) <= 4;
}

/* The tests that may help to decide an atom. */
static void add_atom(struct search *se, const struct expr_atom *a)
{
	unsigned word = a->offset / 4;
	unsigned lo =
		view_of(se, (struct view){.kind = VIEW_SWAP_LO, .word = word, .mask = 0xffff});
	unsigned hi, masked;

	for (uint32_t m = a->mask; a->order != EXPR_HOST && m && view_few_bits(a->mask); m &= m - 1)
		add_bits(se, word,
			 a->order == EXPR_SWAP16 ? __builtin_bswap16(m & -m)
						 : __builtin_bswap32(m & -m));
	if (a->order == EXPR_SWAP16) {
		lo = view_swap_lo(se, word);
		add_cut(se, lo, a->lo);
		if (a->hi < UINT16_MAX)
			add_cut(se, lo, a->hi + 1);
		return;
	}
	if (a->order == EXPR_SWAP32) {
		lo = view_swap_lo(se, word);
		hi = view_swap_hi(se, word);
		add_cut(se, lo, a->lo >> 16);
		add_cut(se, lo, (a->lo >> 16) + 1);
		add_cut(se, lo, a->hi >> 16);
		add_cut(se, lo, (a->hi >> 16) + 1);
		add_cut(se, hi, a->lo & 0xffff);
		add_cut(se, hi, (a->hi & 0xffff) + 1);
		return;
	}
	masked = view_mask(se, word, a->mask);
	add_cut(se, masked, a->lo);
	add_cut(se, masked, (uint64_t)a->hi + 1);
	if (a->lo != a->hi || a->mask == UINT32_MAX)
		return;
	add_bits(se, word, a->mask & ~a->lo);
	add_bits(se, word, a->mask & a->lo);
	for (uint32_t m = a->mask; m && view_few_bits(a->mask); m &= m - 1)
		add_bits(se, word, m & -m);
}

static int compare_cuts(const void *a, const void *b)
{
	uint32_t x = ((const struct cut *)a)->value, y = ((const struct cut *)b)->value;

	return (x > y) - (x < y);
}

/* Sorts a view's cuts, drops double ones and finds their functions. */
static void finish_cuts(struct search *se, struct view *v)
{
	size_t n = 0;

	if (v->n)
		qsort(v->cuts, v->n, sizeof(*v->cuts), compare_cuts);
	for (size_t i = 0; i < v->n; i++) {
		if (i == 0 || v->cuts[i].value != v->cuts[n - 1].value)
			v->cuts[n++] = v->cuts[i];
	}
	v->n = n;
	for (size_t i = 0; i < n; i++) {
		v->cuts[i].below = view_between(se, v, 0, v->cuts[i].value - 1);
		v->cuts[i].equal = view_between(se, v, v->cuts[i].value, v->cuts[i].value);
	}
}

/*
 * Into ordered[word] goes the mask that leaves a word's values in the order of the diagram's
 * variables, or, if the atoms have none in common, 0: then only bits are tested where tests must be
 * chosen without looking further.
 */
static void find_order(struct search *se, const struct expr_atom *atoms, size_t n)
{
	bool seen[DD_WORDS] = {false};

	for (size_t i = 0; i < n; i++) {
		unsigned word = atoms[i].offset / 4;
		uint32_t mask = atoms[i].mask;
		if (se->dd->swapped[word]) /* there, only a range as loaded is out of order */
			mask = atoms[i].order != EXPR_HOST || mask != UINT32_MAX ||
					       atoms[i].lo == atoms[i].hi
				       ? UINT32_MAX
				       : 0;
		se->ordered[word] = !seen[word] || se->ordered[word] == mask ? mask : 0;
		seen[word] = true;
	}
}

/* What is known of each word from the start. */
static void find_known(struct search *se)
{
	for (unsigned word = 0; word < DD_WORDS; word++) {
		for (unsigned bit = 0; bit < 32; bit++) {
			if (!dd_meets(se->dd, view_any_bit(se, word, 1U << bit), se->root))
				se->zero[word] |= 1U << bit;
		}
	}
}

void view_prepare(struct search *se, const struct expr_atom *atoms, size_t n)
{
	if (se->assumed)
		find_known(se);
	view_of(se, (struct view){.kind = VIEW_NONE});
	for (unsigned word = 0; word < DD_WORDS; word++)
		view_of(se, (struct view){.kind = VIEW_RAW, .word = word, .mask = UINT32_MAX});
	for (size_t i = 0; i < n; i++)
		add_atom(se, &atoms[i]);
	for (size_t i = 1; i < se->n_views; i++)
		finish_cuts(se, &se->views[i]);
	for (unsigned word = 0; word < DD_WORDS; word++) {
		if (se->n_bits[word] > BITS_MAX)
			se->n_bits[word] = 0; /* try_even_bits() finds better ones */
		for (size_t i = 0; i < se->n_bits[word]; i++)
			se->bits[word][i].node = view_any_bit(se, word, se->bits[word][i].mask);
	}
	find_order(se, atoms, n);
}

/* Masked values: from the whole word, or from one that is masked with more bits. */
static unsigned to_mask(const struct search *se, unsigned from, unsigned word, uint32_t mask,
			bool bare, struct step steps[STEPS_MAX])
{
	const struct view *f = &se->views[from];
	unsigned n = 0;

	if (f->word != word || (f->kind != VIEW_RAW && (f->kind != VIEW_MASK || mask & ~f->mask)))
		steps[n++] = (struct step){BPF_LD | BPF_W | BPF_ABS, word * 4};
	if (!bare && mask != UINT32_MAX && (n || f->mask != mask))
		steps[n++] = (struct step){BPF_ALU | BPF_AND | BPF_K, mask};
	return n;
}

static unsigned to_swap(const struct search *se, unsigned from, const struct view *t, bool bare,
			struct step steps[STEPS_MAX])
{
	unsigned n;

	if (t->kind == VIEW_SWAP_LO) {
		n = to_mask(se, from, t->word, t->mask, bare, steps);
	} else {
		n = to_mask(se, from, t->word, UINT32_MAX, false, steps);
		steps[n++] = (struct step){BPF_ALU | BPF_RSH | BPF_K, 16};
	}
	steps[n++] = (struct step){BPF_ALU | BPF_MUL | BPF_K, SWAP_FACTOR};
	return n;
}

static unsigned to_hot(const struct search *se, unsigned from, const struct view *t, bool bare,
		       struct step steps[STEPS_MAX])
{
	unsigned n = view_steps(se, from, t->base, bare, steps);

	if (t->fold)
		steps[n++] = (struct step){BPF_ALU | BPF_AND | BPF_K, 31};
	steps[n++] = (struct step){BPF_MISC | BPF_TAX, 0};
	steps[n++] = (struct step){BPF_LD | BPF_IMM, 1};
	steps[n++] = (struct step){BPF_ALU | BPF_LSH | BPF_X, 0};
	return n;
}

/* The fewest instructions that turn view FROM into view TO: their number. */
unsigned view_steps(const struct search *se, unsigned from, unsigned to, bool bare,
		    struct step steps[STEPS_MAX])
{
	const struct view *f = &se->views[from], *t = &se->views[to];

	if (from == to)
		return 0;
	if (f->kind == VIEW_HOT && f->base == to && !f->fold && t->kind != VIEW_RAW) {
		steps[0] = (struct step){BPF_MISC | BPF_TXA, 0};
		return 1;
	}
	if (t->kind == VIEW_HOT)
		return to_hot(se, from, t, bare, steps);
	if (t->kind == VIEW_SWAP_LO || t->kind == VIEW_SWAP_HI)
		return to_swap(se, from, t, bare, steps);
	return to_mask(se, from, t->word, t->mask, bare, steps);
}

/* The view to test in: bits of a word can be tested in a masked word too, if it still has them. */
unsigned view_tested_in(const struct search *se, const struct candidate *c, unsigned from)
{
	const struct view *f = &se->views[from], *t = &se->views[c->view];

	if (c->op == BPF_JSET && t->kind == VIEW_RAW && f->kind == VIEW_MASK &&
	    f->word == t->word && !(c->k & ~f->mask))
		return from;
	return c->view;
}
