/* SPDX-License-Identifier: MIT */
/* The tests that are tried in a state. */
#include "policy/search-parts.h"

#include <stdlib.h>
#include <string.h>

/* A list of candidates under construction, for one state. */
struct list {
	struct search *se;
	dd_node node;
	uint32_t first; /* in se->candidates */
};

/* The same after a test of WORD: what is known of the others has not changed. */
static dd_node after(struct search *se, dd_node s, unsigned word)
{
	return search_simplify(se, s, se->assumed ? UINT32_MAX : 1U << word);
}

/* Adds the test that is true where T is, unless its outcome is known or another does the same. */
static void try(struct list *list, unsigned view, unsigned op, uint32_t k, dd_node t)
{
	struct search *se = list->se;
	struct dd *dd = se->dd;
	dd_node yes = dd_ite(dd, t, list->node, DD_ANY), no = dd_ite(dd, t, DD_ANY, list->node);
	const struct view *v = &se->views[view];
	struct candidate c = {.k = k, .view = view, .op = op};

	if (view == VIEW_NONE || yes == DD_ANY || no == DD_ANY || dd->full)
		return;
	c.yes = after(se, yes, v->word);
	c.no = after(se, no, v->word);
	if (c.yes == c.no)
		return;
	if (op == BPF_JSET && v->kind != VIEW_HOT && se->ordered[v->word] &&
	    !dd->swapped[v->word] && dd->nodes[list->node].weight > RUNS_BITS &&
	    dd->nodes[c.yes].weight + dd->nodes[c.no].weight > dd->nodes[list->node].weight / 2)
		return; /* of a set that is told by its limits, bits that do not tell much */
	for (uint32_t i = list->first; i < se->n_candidates; i++) {
		const struct candidate *o = &se->candidates[i];
		if (o->view == view &&
		    ((o->yes == c.yes && o->no == c.no) || (o->yes == c.no && o->no == c.yes)))
			return;
	}
	c.bare = v->kind != VIEW_SWAP_HI && !dd_meets(dd, v->outside, list->node);
	if (RESERVE(se, candidates))
		se->candidates[se->n_candidates++] = c;
}

/* The cuts from *FIRST to before *END are those that some context is below and some not. */
static void live_cuts(struct search *se, const struct view *v, dd_node s, size_t *first,
		      size_t *end)
{
	size_t a = 0, b = v->n;

	while (a < b) {
		size_t middle = a + (b - a) / 2;
		if (dd_meets(se->dd, v->cuts[middle].below, s))
			b = middle;
		else
			a = middle + 1;
	}
	*first = a;
	b = v->n;
	while (a < b) {
		size_t middle = a + (b - a) / 2;
		dd_node above = dd_ite(se->dd, v->cuts[middle].below, DD_FALSE, DD_TRUE);
		if (dd_meets(se->dd, above, s))
			a = middle + 1;
		else
			b = middle;
	}
	*end = a;
}

/*
 * The part of a view's values that is still possible, cut in pieces: before cut FIRST, between the
 * cuts, from cut END - 1 on. What is left of the state in each of them.
 */
struct pieces {
	const struct view *view;
	size_t first, n; /* cuts */
	dd_node rest[CUTS_MAX + 1];
};

static void find_pieces(struct list *list, const struct view *view, size_t first, size_t n,
			struct pieces *pieces)
{
	struct dd *dd = list->se->dd;
	dd_node from = list->node;

	*pieces = (struct pieces){.view = view, .first = first, .n = n};
	for (size_t i = 0; i < n; i++) {
		dd_node below = view->cuts[first + i].below;
		pieces->rest[i] = after(list->se, dd_ite(dd, below, from, DD_ANY), view->word);
		from = dd_ite(dd, below, DD_ANY, from);
	}
	pieces->rest[n] = after(list->se, from, view->word);
}

/* Whether the state is the same before and after cut I, so that there is no need to know. */
static bool idle(const struct search *se, const struct pieces *p, size_t i)
{
	size_t before = i;

	while (before > 0 && p->rest[before] == DD_ANY)
		before--;
	return p->rest[before] == p->rest[i + 1] || p->rest[i + 1] == DD_ANY
		       ? !(se->dd->nodes[p->rest[i + 1]].words & 1U << p->view->word)
		       : false;
}

/* Whether piece I is one value. */
static bool single(const struct pieces *p, size_t i)
{
	const struct cut *cuts = p->view->cuts + p->first;
	uint64_t lo = i ? cuts[i - 1].value : p->first ? p->view->cuts[p->first - 1].value : 0;

	return i < p->n && cuts[i].value - lo == 1;
}

static void try_equal(struct list *list, unsigned view, const struct pieces *p, size_t i)
{
	const struct cut *cut = &p->view->cuts[p->first + i];

	try(list, view, BPF_JEQ, cut->value - 1,
	    view_between(list->se, p->view, cut->value - 1, cut->value - 1));
}

static void try_limit(struct list *list, unsigned view, const struct cut *cut)
{
	try(list, view, BPF_JGE, cut->value, dd_ite(list->se->dd, cut->below, DD_FALSE, DD_TRUE));
}

/*
 * A single value among others that lead elsewhere is told by JEQ; only from the first and the last
 * of those that lead to the same place, since any order of them costs the same.
 */
static void try_singles(struct list *list, unsigned view, const struct pieces *p)
{
	size_t last = p->n;

	for (size_t i = 0; i < p->n; i++) {
		bool seen = false;
		if (!single(p, i) || p->rest[i] == DD_ANY)
			continue;
		for (size_t j = 0; j < i; j++)
			seen |= single(p, j) && p->rest[j] == p->rest[i];
		if (!seen)
			try_equal(list, view, p, i);
		last = i;
	}
	if (last < p->n)
		try_equal(list, view, p, last);
}

/* The widest choice of tests for a set within 32 values: which of its bits is set in 1 << value. */
static void try_hot(struct list *list, unsigned view, size_t first, size_t end)
{
	struct search *se = list->se;
	struct view v = se->views[view];
	uint64_t lo = first ? v.cuts[first - 1].value : 0;
	uint64_t hi = end < v.n ? v.cuts[end].value : (uint64_t)v.mask + 1;
	dd_node rest[32], where[32];
	uint32_t bits[32], n = 0;
	unsigned hot;

	if (v.kind == VIEW_SWAP_LO || v.kind == VIEW_SWAP_HI || hi - lo > 32)
		return;
	for (uint64_t value = lo; value < hi; value++) {
		dd_node equal = view_between(se, &v, value, value);
		dd_node left = after(se, dd_ite(se->dd, equal, list->node, DD_ANY), v.word);
		uint32_t i = 0;
		while (i < n && rest[i] != left)
			i++;
		if (left == DD_ANY)
			continue;
		if (i == n) {
			rest[n] = left;
			where[n] = DD_FALSE;
			bits[n++] = 0;
		}
		where[i] = dd_ite(se->dd, equal, DD_TRUE, where[i]);
		bits[i] |= 1U << value % 32;
	}
	hot = view_of(se, (struct view){.kind = VIEW_HOT,
					.word = v.word,
					.mask = v.mask,
					.base = view,
					.fold = hi > 32});
	for (uint32_t i = 0; i < n && n <= 4; i++)
		try(list, hot, BPF_JSET, bits[i], where[i]);
}

/* For try_hull(): per bit of a word, whether some context that ends in TRUTH has it 0, 1. */
struct hull {
	unsigned word, truths;
	uint32_t zero, one;
	unsigned visited;
};

static bool first_visit(struct search *se, dd_node s)
{
	if (s >= se->n_marks) {
		uint32_t n = se->dd->n * 2;
		struct mark *marks = reallocarray(se->marks, n, sizeof(*marks));
		if (!marks) {
			se->failed = true;
			return false;
		}
		memset(marks + se->n_marks, 0, (n - se->n_marks) * sizeof(*marks));
		se->marks = marks;
		se->n_marks = n;
	}
	if (se->marks[s].visit == se->visit)
		return false;
	se->marks[s] = (struct mark){.visit = se->visit};
	return true;
}

/* The bits of WORD whose variables are FIRST or later and before END. */
static uint32_t bits_between(const struct dd *dd, unsigned word, unsigned first, unsigned end)
{
	unsigned base = dd->position[word] * 32U;
	uint32_t from = first <= base	    ? UINT32_MAX
			: first < base + 32 ? UINT32_MAX >> (first - base)
					    : 0;
	uint32_t to = end <= base ? UINT32_MAX : end < base + 32 ? UINT32_MAX >> (end - base) : 0;

	return dd->swapped[word] ? __builtin_bswap32(from & ~to) : from & ~to;
}

static void grow_hull(struct search *se, struct hull *hull, dd_node s)
{
	const struct dd *dd = se->dd;
	struct dd_entry e = dd->nodes[s];

	if (s <= DD_ANY || hull->visited > HULL_NODES || !first_visit(se, s))
		return;
	hull->visited++;
	for (unsigned side = 0; side < 2; side++) {
		dd_node next = side ? e.hi : e.lo;
		uint32_t *known = side ? &hull->one : &hull->zero;
		uint32_t skipped;
		if (!(dd->nodes[next].truths & hull->truths))
			continue;
		skipped = bits_between(dd, hull->word, e.var + 1, dd->nodes[next].var);
		hull->one |= skipped;
		hull->zero |= skipped;
		if (dd->word_at[e.var / 32] == hull->word)
			*known |= bits_between(dd, hull->word, e.var, e.var + 1);
		grow_hull(se, hull, next);
	}
}

/* The bits that are the same in all contexts that end in TRUTHS (bits): *MASK, their *VALUE. */
static bool fixed_bits(struct search *se, dd_node s, unsigned word, unsigned truths, uint32_t *mask,
		       uint32_t *value)
{
	struct hull hull = {.word = word, .truths = truths};

	hull.zero = hull.one = bits_between(se->dd, word, 0, se->dd->nodes[s].var);
	se->visit++;
	grow_hull(se, &hull, s);
	*mask = ~(hull.zero & hull.one);
	*value = hull.one & *mask;
	return hull.visited <= HULL_NODES;
}

/* Tests for the bits that all true contexts share, or all false ones, but not all contexts. */
static void try_hull(struct list *list, unsigned word)
{
	struct search *se = list->se;
	uint32_t known, known_value, mask, value, all;

	if (!fixed_bits(se, list->node, word, 3, &known, &known_value))
		return;
	for (unsigned truth = DD_FALSE; truth <= DD_TRUE; truth++) {
		unsigned raw = view_raw(word), masked;
		fixed_bits(se, list->node, word, 1U << truth, &mask, &value);
		if (mask == UINT32_MAX)
			try(list, raw, BPF_JEQ, value,
			    view_between(se, &se->views[raw], value, value));
		all = mask & ~known;
		if (!all)
			continue;
		if (all & ~value)
			try(list, raw, BPF_JSET, all & ~value,
			    view_any_bit(se, word, all & ~value));
		for (uint32_t m = all & value; m && __builtin_popcount(all & value) <= 4;
		     m &= m - 1)
			try(list, raw, BPF_JSET, m & -m, view_any_bit(se, word, m & -m));
		if (__builtin_popcount(all) < 2 || mask == UINT32_MAX)
			continue;
		masked = view_mask(se, word, all);
		if (masked != VIEW_NONE)
			try(list, masked, BPF_JEQ, value & all,
			    view_between(se, &se->views[masked], value & all, value & all));
	}
}

static int descending(const void *a, const void *b)
{
	dd_node x = *(const dd_node *)a, y = *(const dd_node *)b;

	return (x < y) - (x > y);
}

/* Nodes of the top word, parents first. */
struct level {
	dd_node *nodes;
	size_t n, room;
};

static void collect(struct search *se, struct level *level, dd_node s, unsigned word)
{
	if (s <= DD_ANY || dd_word(se->dd, s) != word || !first_visit(se, s))
		return;
	if (level->n == level->room) {
		size_t room = level->room ? level->room * 2 : 256;
		dd_node *nodes = reallocarray(level->nodes, room, sizeof(*nodes));
		if (!nodes) {
			se->failed = true;
			return;
		}
		level->nodes = nodes;
		level->room = room;
	}
	level->nodes[level->n++] = s;
	collect(se, level, se->dd->nodes[s].lo, word);
	collect(se, level, se->dd->nodes[s].hi, word);
}

static uint64_t min(uint64_t a, uint64_t b)
{
	return a < b ? a : b;
}

static void add_paths(struct search *se, dd_node s, uint32_t paths)
{
	if (s < se->n_marks && se->marks[s].visit == se->visit)
		se->marks[s].paths = min((uint64_t)se->marks[s].paths + paths, DD_WEIGHT_MAX);
}

/* A sum of products of weights, each below 2^61, that does not overflow. */
static void add_product(uint64_t *sum, uint64_t a, uint64_t b)
{
	*sum = min(*sum + a * b, UINT64_C(1) << 62);
}

/* The two bits of the top word that split the paths through the diagram most evenly. */
static void try_even_bits(struct list *list, unsigned word)
{
	struct search *se = list->se;
	const struct dd *dd = se->dd;
	struct level level = {0};
	uint64_t zero[32] = {0}, one[32] = {0};

	se->visit++;
	collect(se, &level, list->node, word);
	if (se->failed)
		goto out;
	qsort(level.nodes, level.n, sizeof(*level.nodes), descending);
	se->marks[list->node].paths = 1;
	for (size_t i = 0; i < level.n; i++) {
		dd_node s = level.nodes[i];
		const struct dd_entry *e = &dd->nodes[s];
		uint32_t paths = se->marks[s].paths;
		add_paths(se, e->lo, paths);
		add_paths(se, e->hi, paths);
		add_product(&zero[dd_bit(dd, s)], paths, dd->nodes[e->lo].weight);
		add_product(&one[dd_bit(dd, s)], paths, dd->nodes[e->hi].weight);
	}
	for (unsigned i = 0; i < 2; i++) {
		unsigned best = 0;
		for (unsigned bit = 1; bit < 32; bit++) {
			if (min(zero[bit], one[bit]) > min(zero[best], one[best]))
				best = bit;
		}
		try(list, view_raw(word), BPF_JSET, 1U << best, view_any_bit(se, word, 1U << best));
		zero[best] = 0;
	}
out:
	free(level.nodes);
}

/* The cuts of one view: all that tell something, or, of many, those about the middle. */
static void try_cuts(struct list *list, unsigned view, const struct pieces *p)
{
	size_t cuts[CUTS_MAX], n = 0, first = 0, end;

	for (size_t i = 0; i < p->n; i++) {
		bool after_single = p->n > CUTS_ALL && i > 0 && single(p, i) &&
				    p->rest[i - 1] == p->rest[i + 1];
		if (!idle(list->se, p, i) && !after_single)
			cuts[n++] = p->first + i;
	}
	end = n;
	if (n > CUTS_ALL) {
		first = n / 2 - CUTS_MIDDLE / 2;
		end = first + CUTS_MIDDLE;
		list->se->cut_short = true;
		try_limit(list, view, &p->view->cuts[cuts[0]]);
		try_limit(list, view, &p->view->cuts[cuts[n - 1]]);
	}
	for (size_t i = first; i < end; i++)
		try_limit(list, view, &p->view->cuts[cuts[i]]);
}

/* Whether the word has no bits but those of a piece's last value. */
static void try_submasks(struct list *list, const struct pieces *p)
{
	unsigned word = p->view->word;

	for (size_t i = 0; i < p->n && p->n <= CUTS_ALL; i++) {
		uint32_t others = p->view->mask & ~(p->view->cuts[p->first + i].value - 1);
		if (others)
			try(list, view_raw(word), BPF_JSET, others,
			    view_any_bit(list->se, word, others));
	}
}

static void try_view(struct list *list, unsigned view)
{
	const struct view *v = &list->se->views[view];
	struct pieces pieces;
	size_t first, end;

	live_cuts(list->se, v, list->node, &first, &end);
	if (first >= end)
		return;
	if (end - first > CUTS_MAX) {
		list->se->cut_short = true;
		try_limit(list, view, &v->cuts[first + (end - first) / 2]);
		return;
	}
	find_pieces(list, v, first, end - first, &pieces);
	try_singles(list, view, &pieces);
	try_cuts(list, view, &pieces);
	if (v->kind == VIEW_RAW || v->kind == VIEW_MASK)
		try_submasks(list, &pieces);
	if (end - first >= HOT_CUTS)
		try_hot(list, view, first, end);
}

/*
 * The values of a word in the order of the diagram's variables, cut where the rest of the diagram
 * changes: all that is looked at where there is too much for more.
 */
struct run {
	uint32_t start;
	dd_node rest;
};

struct runs {
	struct run list[RUNS_MAX + 1];
	size_t n;     /* RUNS_MAX + 1: there are more */
	unsigned end; /* variables from here on are not of this view */
};

static void find_runs(const struct dd *dd, struct runs *runs, dd_node s, uint32_t start)
{
	const struct dd_entry *e = &dd->nodes[s];

	if (runs->n > RUNS_MAX || s == DD_ANY)
		return;
	if (e->var < runs->end) {
		find_runs(dd, runs, e->lo, start);
		find_runs(dd, runs, e->hi, start | 1U << (31 - e->var % 32));
	} else if (!runs->n || runs->list[runs->n - 1].rest != s) {
		runs->list[runs->n++] = (struct run){start, s};
	}
}

/* The start of the run in the middle, or of the part with the same value of these variables. */
static uint32_t middle_of(const struct dd *dd, dd_node s, unsigned end)
{
	uint32_t n = dd->nodes[s].weight / 2; /* the number of runs before it */
	uint32_t start = 0;

	while (dd->nodes[s].var < end) {
		const struct dd_entry *e = &dd->nodes[s];
		uint32_t lo = dd->nodes[e->lo].weight;
		bool right = n >= lo;
		if (right) {
			n -= lo - dd_joined(dd, e->lo, e->hi);
			start |= 1U << (31 - e->var % 32);
		}
		s = right ? e->hi : e->lo;
	}
	return start;
}

/* The test of one run, if it is a single value of the view. */
static void try_run(struct list *list, unsigned view, const struct run *run, unsigned shift)
{
	const struct view *v = &list->se->views[view];
	uint32_t value = run->start >> shift;
	uint32_t step = v->kind == VIEW_MASK ? v->mask & -v->mask : 1U << shift;

	if (run[1].start - run->start == step)
		try(list, view, BPF_JEQ, value, view_between(list->se, v, value, value));
}

/* A bit test, if what is left of the view's values allows one. */
static void try_window(struct list *list, unsigned view)
{
	size_t first, end;

	live_cuts(list->se, &list->se->views[view], list->node, &first, &end);
	if (end >= first + HOT_CUTS)
		try_hot(list, view, first, end);
}

/* Tests for the runs of a view whose values are the runs' starts, shifted right by SHIFT. */
static void try_runs(struct list *list, unsigned view, dd_node s, unsigned end, unsigned shift)
{
	struct search *se = list->se;
	const struct view *v = &se->views[view];
	struct runs runs = {.end = end};
	bool few, dense;

	find_runs(se->dd, &runs, s, 0);
	if (runs.n > RUNS_MAX) {
		uint32_t k = middle_of(se->dd, s, end) >> shift;
		try(list, view, BPF_JGE, k, view_between(se, v, k, UINT32_MAX));
		return;
	}
	few = runs.n <= (search_hurries(se) ? RUNS_HURRY : RUNS_ALL);
	dense = !search_hurries(se) && runs.n > HOT_CUTS &&
		runs.list[runs.n - 1].start - runs.list[1].start <= 32;
	for (size_t i = 1; i < runs.n; i++) {
		uint32_t k = runs.list[i].start >> shift;
		if (few || i == runs.n / 2 || (dense && (i == 1 || i == runs.n - 1)))
			try(list, view, BPF_JGE, k, view_between(se, v, k, UINT32_MAX));
		if (few || (i <= 2 && !search_hurries(se)))
			try_run(list, view, &runs.list[i - 1], shift);
	}
	if (dense)
		try_window(list, view);
}

/* The tests of the diagram's first word where it has too many. */
static void try_ordered(struct list *list, unsigned word)
{
	struct search *se = list->se;
	const struct dd *dd = se->dd;
	unsigned base = dd->position[word] * 32U;
	struct runs runs = {.end = base + 16};
	dd_node s = list->node;

	if (!se->ordered[word]) {
		try_even_bits(list, word);
		return;
	}
	if (!dd->swapped[word]) {
		try_runs(list, view_mask(se, word, se->ordered[word]), s, base + 32, 0);
		return;
	}
	find_runs(dd, &runs, s, 0);
	if (runs.n > 1)
		try_runs(list, view_swap_lo(se, word), s, base + 16, 16);
	else
		try_runs(list, view_swap_hi(se, word), runs.list[0].rest, base + 32, 0);
}

/* All tests of a word that may be of use. */
static void try_word(struct list *list, unsigned word)
{
	struct search *se = list->se;
	size_t n_views = se->n_views;

	for (size_t i = 1; i < n_views; i++) {
		if (se->views[i].word == word && se->views[i].n)
			try_view(list, i);
	}
	for (size_t i = 0; i < se->n_bits[word]; i++)
		try(list, view_raw(word), BPF_JSET, se->bits[word][i].mask, se->bits[word][i].node);
	try_hull(list, word);
}

/* A test that splits a state which depends on WORD, where no other was found. */
static void try_any_bit(struct list *list, unsigned word)
{
	for (unsigned bit = 32; bit-- > 0 && list->se->n_candidates == list->first;)
		try(list, view_raw(word), BPF_JSET, 1U << bit,
		    view_any_bit(list->se, word, 1U << bit));
}

/* How many cuts the views of a word still have. */
static size_t count_cuts(struct search *se, dd_node s, unsigned word)
{
	size_t live = 0;

	for (size_t i = 1; i < se->n_views; i++) {
		const struct view *v = &se->views[i];
		size_t first, end;
		if (!v->n || v->word != word)
			continue;
		live_cuts(se, v, s, &first, &end);
		live += end > first ? end - first : 0;
	}
	return live;
}

/*
 * The candidates of a diagram that test WORD, found or made. There may be none for a word that is
 * not the diagram's first, unless NEEDED.
 */
struct state candidates_of(struct search *se, dd_node s, unsigned word, bool needed)
{
	uint64_t key = ((uint64_t)needed << 8 | word) << 32 | s;
	uint32_t found = search_find(&se->state_index, key);
	struct list list = {.se = se, .node = s, .first = se->n_candidates};
	struct state state = {.first = se->n_candidates};
	bool large;

	if (found != UINT32_MAX)
		return se->states[found];
	large = se->dd->nodes[s].weight > LARGE_WEIGHT || se->dd->work > WORK_ALL ||
		count_cuts(se, s, word) > CUTS_MAX;
	se->cut_short |= large;
	if (!large)
		try_word(&list, word);
	else if (word == dd_word(se->dd, s))
		try_ordered(&list, word);
	if (needed || word == dd_word(se->dd, s))
		try_any_bit(&list, word);
	state.n = se->n_candidates - list.first;
	if (RESERVE(se, states)) {
		search_index(se, &se->state_index, key, se->n_states);
		se->states[se->n_states++] = state;
	}
	return state;
}
