/* SPDX-License-Identifier: MIT */
/*
 * A state is a decision diagram that is "any" wherever the tests so far rule a context out. A test
 * turns it into two smaller states; one without true, or without false, is decided. Since the
 * diagrams are exact, nothing that earlier tests imply is ever tested again, and a word that cannot
 * change the verdict any more is forgotten, so that all ways to the same rest meet in one state.
 *
 * Tests apply to views: what A holds after loading a word and, perhaps, computing with it. For a
 * state and the view that A holds on arrival, solve() finds the best programs: the fewest
 * instructions for each length of the worst path that is worth having, by trying every candidate
 * test and combining the best programs of the two states that it leads to. Candidates come from the
 * atoms' limits and masks, and from the bits that all true (or all false) contexts share. Where
 * there are too many, those that split the state most evenly are tried.
 */
#include "policy/search-parts.h"

#include <stdlib.h>
#include <string.h>

/* Arrays and indices */

/* Makes room for one more element of an array. */
bool search_reserve(struct search *se, void **array, uint32_t n, uint32_t *room, size_t size)
{
	uint32_t more = *room ? *room * 2 : 64;
	void *grown;

	if (n < *room)
		return true;
	grown = reallocarray(*array, more, size);
	if (!grown) {
		se->failed = true;
		return false;
	}
	*array = grown;
	*room = more;
	return true;
}

static uint32_t slot_of(const struct index *index, uint64_t key)
{
	uint32_t mask = index->room - 1;
	uint32_t i = (uint32_t)(key * UINT64_C(0x9e3779b97f4a7c15) >> 32) & mask;

	while (index->values[i] && index->keys[i] != key)
		i = (i + 1) & mask;
	return i;
}

/* The position stored for KEY, or UINT32_MAX. */
uint32_t search_find(const struct index *index, uint64_t key)
{
	return index->room ? index->values[slot_of(index, key)] - 1 : UINT32_MAX;
}

static bool index_grow(struct index *index)
{
	struct index old = *index;

	index->room = old.room ? old.room * 2 : 256;
	index->keys = calloc(index->room, sizeof(*index->keys));
	index->values = calloc(index->room, sizeof(*index->values));
	if (!index->keys || !index->values) {
		free(index->keys);
		free(index->values);
		*index = old;
		return false;
	}
	for (uint32_t i = 0; i < old.room; i++) {
		uint32_t slot;
		if (!old.values[i])
			continue;
		slot = slot_of(index, old.keys[i]);
		index->keys[slot] = old.keys[i];
		index->values[slot] = old.values[i];
	}
	free(old.keys);
	free(old.values);
	return true;
}

/* Stores POSITION for a KEY that is not in the index. */
void search_index(struct search *se, struct index *index, uint64_t key, uint32_t position)
{
	uint32_t slot;

	if (index->n * 2 >= index->room && !index_grow(index)) {
		se->failed = true;
		return;
	}
	slot = slot_of(index, key);
	index->keys[slot] = key;
	index->values[slot] = position + 1;
	index->n++;
}

/* What is left to decide of a diagram: without those WORDS (bits) that do not matter any more. */
dd_node search_simplify(struct search *se, dd_node s, unsigned words)
{
	struct dd *dd = se->dd;
	unsigned truths = dd->nodes[s].truths;

	if (truths == 0)
		return DD_ANY;
	if (truths == 1 << DD_FALSE)
		return DD_FALSE;
	if (truths == 1 << DD_TRUE)
		return DD_TRUE;
	if (!(dd->nodes[s].words & (dd->nodes[s].words - 1)))
		return s; /* one word alone always matters */
	for (words &= dd->nodes[s].words; words; words &= words - 1) {
		dd_node less = dd_forget(dd, s, __builtin_ctz(words));
		if (less != DD_CONFLICT)
			s = less;
	}
	return s;
}

struct search *search_new(struct dd *dd, dd_node root, bool assumed, const struct expr_atom *atoms,
			  size_t n)
{
	struct search *se = calloc(1, sizeof(*se));

	if (!se)
		return NULL;
	se->dd = dd;
	se->views = calloc(VIEWS_MAX, sizeof(*se->views));
	if (!se->views) {
		search_destroy(se);
		return NULL;
	}
	se->root = search_simplify(se, root, UINT32_MAX);
	se->assumed = assumed;
	se->hurry = WORK_SOME + WORK_PER_ATOM * (uint64_t)n;
	view_prepare(se, atoms, n);
	return se;
}

void search_destroy(struct search *se)
{
	if (!se)
		return;
	for (size_t i = 0; i < se->n_views; i++)
		free(se->views[i].cuts);
	free(se->views);
	free(se->candidates);
	free(se->states);
	free(se->goals);
	free(se->options);
	free(se->state_index.keys);
	free(se->state_index.values);
	free(se->goal_index.keys);
	free(se->goal_index.values);
	free(se->marks);
	free(se);
}

bool search_complete(const struct search *se)
{
	return !se->cut_short;
}

/* Goals */

/* Options being collected: by rising worst path and falling size. */
struct front {
	struct option options[OPTIONS_MAX + 1];
	unsigned n;
};

static void offer(struct front *front, uint32_t worst, uint32_t size, uint32_t candidate)
{
	unsigned i = 0, end;

	while (i < front->n && front->options[i].worst < worst)
		i++;
	if ((i > 0 && front->options[i - 1].size <= size) ||
	    (i < front->n && front->options[i].worst == worst && front->options[i].size <= size))
		return;
	for (end = i; end < front->n && front->options[end].size >= size;)
		end++;
	if (end == i && front->n == OPTIONS_MAX && i == OPTIONS_MAX)
		return;
	memmove(&front->options[i + 1], &front->options[end],
		(front->n - end) * sizeof(front->options[0]));
	front->n += 1 + i - end;
	front->options[i] = (struct option){worst, size, candidate, 0, 0};
	if (front->n > OPTIONS_MAX)
		front->n = OPTIONS_MAX;
}

/* The smallest option of a goal whose worst path is at most that, or NULL. */
static const struct option *within(const struct search *se, const struct goal *goal, uint32_t worst)
{
	for (uint32_t i = goal->n; i-- > 0;) {
		const struct option *o = &se->options[goal->first + i];
		if (o->worst <= worst)
			return o;
	}
	return NULL;
}

/*
 * All pairs of options after the test C that are worth having, if their worst path, the STEPS before
 * the test included, is at most LIMIT.
 */
static void combine(const struct search *se, struct front *front, uint32_t c, unsigned steps,
		    uint32_t limit, const struct goal *yes, const struct goal *no)
{
	const struct goal *sides[] = {yes, no};

	for (unsigned side = 0; side < 2; side++) {
		for (uint32_t i = 0; i < sides[side]->n; i++) {
			const struct option *a = &se->options[sides[side]->first + i];
			const struct option *b = within(se, sides[!side], a->worst);
			uint64_t size = steps + 1 + (uint64_t)a->size + (b ? b->size : 0);
			if (b && a->worst + steps + 1 <= limit)
				offer(front, a->worst + steps + 1,
				      size < UINT32_MAX ? size : UINT32_MAX, c);
		}
	}
}

/* What A holds, as far as it is of use for a state. */
static unsigned useful(const struct search *se, dd_node s, unsigned view)
{
	return se->dd->nodes[s].words >> se->views[view].word & 1 ? view : VIEW_NONE;
}

/* Stores what was found for a goal, in place of what was found within a lower limit. */
static struct goal store_goal(struct search *se, struct goal goal, const struct front *front)
{
	uint64_t key = (uint64_t)goal.view << 32 | goal.node;
	uint32_t at = search_find(&se->goal_index, key);

	goal.first = se->n_options;
	goal.n = 0;
	while (goal.n < front->n && RESERVE(se, options)) {
		se->options[se->n_options++] = front->options[goal.n];
		goal.n++;
	}
	if (at == UINT32_MAX && RESERVE(se, goals)) {
		at = se->n_goals++;
		search_index(se, &se->goal_index, key, at);
	}
	if (!se->failed)
		se->goals[at] = goal;
	return goal;
}

static struct goal solve(struct search *se, dd_node s, unsigned view, uint32_t limit);

/* What can be had by testing WORD next. */
static void solve_word(struct search *se, const struct goal *goal, unsigned word,
		       struct front *front)
{
	struct state state = candidates_of(se, goal->node, word, goal->view != VIEW_NONE);

	se->dd->work += state.n;
	for (uint32_t i = 0; i < state.n && !se->failed && !se->dd->full; i++) {
		struct candidate c = se->candidates[state.first + i];
		struct step steps[STEPS_MAX];
		unsigned in = view_tested_in(se, &c, goal->view);
		unsigned n = view_steps(se, goal->view, in, c.bare, steps);
		struct goal yes, no;
		if (n + 1 >= goal->limit)
			continue;
		yes = solve(se, c.yes, in, goal->limit - n - 1);
		if (!yes.n)
			continue;
		no = solve(se, c.no, in, goal->limit - n - 1);
		combine(se, front, state.first + i, n, goal->limit, &yes, &no);
	}
}

/* What was found within a lower limit stays, even if time is short now. */
static void keep_options(const struct search *se, struct front *front, const struct goal *goal)
{
	for (uint32_t i = 0; i < goal->n; i++) {
		const struct option *o = &se->options[goal->first + i];
		offer(front, o->worst, o->size, o->candidate);
	}
}

/* The worst path cannot be shorter. */
static uint32_t least(const struct search *se, dd_node s, unsigned view)
{
	unsigned words = se->dd->nodes[s].words;

	/* a word that matters is loaded and tested, and of two both on some path; then comes RET */
	return s <= DD_ANY ? 1 : (view == VIEW_NONE) + (words & (words - 1) ? 4 : 2);
}

/*
 * The best programs for a state, arriving with VIEW in A, whose worst path is at most LIMIT. A word
 * that was tested and still matters is tested further: leaving it half decided would mean to load
 * it once more.
 */
static struct goal solve(struct search *se, dd_node s, unsigned view, uint32_t limit)
{
	struct goal goal = {.node = s, .view = useful(se, s, view), .limit = limit};
	uint32_t found = search_find(&se->goal_index, (uint64_t)goal.view << 32 | s);
	struct front front = {0};
	unsigned words = se->dd->nodes[s].words;

	if (found != UINT32_MAX && se->goals[found].limit >= limit)
		return se->goals[found];
	if (limit < least(se, s, goal.view))
		return goal;
	if (found != UINT32_MAX)
		keep_options(se, &front, &se->goals[found]);
	if (s <= DD_ANY)
		offer(&front, 1, 0, 0);
	else if (goal.view != VIEW_NONE)
		solve_word(se, &goal, se->views[goal.view].word, &front);
	else if (search_hurries(se))
		solve_word(se, &goal, dd_word(se->dd, s), &front);
	else
		for (; words; words &= words - 1)
			solve_word(se, &goal, __builtin_ctz(words), &front);
	return store_goal(se, goal, &front);
}

/* Emission */

static block_id emit(struct search *se, dd_node s, unsigned view, uint32_t worst);

/* The block for a test, its constant as A holds it. */
static block_id emit_test(struct search *se, const struct candidate *c, block_id yes, block_id no)
{
	unsigned kind = se->views[c->view].kind;
	uint32_t k = c->k;

	if (kind == VIEW_SWAP_LO || kind == VIEW_SWAP_HI)
		k = c->op == BPF_JEQ ? k << 16 | (k & 0xff00) : k << 16;
	return block_add(se->graph, BPF_JMP | c->op | BPF_K, k, yes, no);
}

static block_id emit_option(struct search *se, unsigned view, struct option option)
{
	struct candidate c = se->candidates[option.candidate];
	struct step steps[STEPS_MAX];
	unsigned in = view_tested_in(se, &c, view);
	unsigned n = view_steps(se, view, in, c.bare, steps);
	block_id yes = emit(se, c.yes, in, option.worst - n - 1);
	block_id no = emit(se, c.no, in, option.worst - n - 1);
	block_id block = emit_test(se, &c, yes, no);

	while (n-- > 0)
		block = block_add(se->graph, steps[n].code, steps[n].k, block, block);
	return block;
}

static block_id emit(struct search *se, dd_node s, unsigned view, uint32_t worst)
{
	struct goal goal;
	uint32_t at;

	if (s <= DD_ANY)
		return s == DD_TRUE ? se->yes : se->no;
	goal = solve(se, s, view, worst);
	if (se->failed || se->dd->full || goal.n == 0)
		return BLOCK_NONE; /* otherwise some option is within any limit that is asked for */
	at = se->tight ? goal.first : (uint32_t)(within(se, &goal, worst) - se->options);
	if (se->options[at].emission != se->emission) {
		block_id block = emit_option(se, goal.view, se->options[at]);
		se->options[at].block = block;
		se->options[at].emission = se->emission;
	}
	return se->options[at].block;
}

block_id search_emit(struct search *se, unsigned slack, bool tight, struct graph *graph,
		     block_id yes, block_id no)
{
	struct goal goal = {0};
	unsigned limit = 0;

	while (limit < WORST_MAX && !goal.n && !se->failed && !se->dd->full)
		goal = solve(se, se->root, VIEW_NONE, ++limit);
	if (goal.n == 0)
		return BLOCK_NONE;
	limit = se->options[goal.first].worst + slack;
	solve(se, se->root, VIEW_NONE, limit);
	se->graph = graph;
	se->yes = yes;
	se->no = no;
	se->tight = tight;
	se->emission++;
	return emit(se, se->root, VIEW_NONE, limit);
}
