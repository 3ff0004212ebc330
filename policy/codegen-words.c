/* SPDX-License-Identifier: MIT */
#include "policy/codegen-parts.h"

#include <stdlib.h>
#include <string.h>

enum {
	RUNS_MAX = 24,	  /* spans of a word that are searched together; more are halved, */
	RUNS_DENSE = 40,  /* where they are not within 32 values */
	RUNS_LIGHT = 100, /* of more, bits are not tested */
	ATOMS_LIGHT = 32, /* nor are many tests tried where a word has more atoms than that; then */
	CELLS_LIGHT = 4,  /* there are no more cells than that */
	FEW_RUNS = 10,	  /* of so many, the short ones are searched value by value */
	SHORT_RUN = 4,
	WORDS_TRIED = 3,  /* that may come first, of those that the most parts read */
	ATOMS_TRIED = 24, /* where there are more only one word is tried, */
	ATOMS_FEW = 12,	  /* with no more, all of three words are tried */
	ATOMS_PAIR = 64,  /* with no more, the first of two words can come first */
	STATES_TRIED = 6, /* and when there are that many states */
	STATES_MAX = 2 * BPF_LEN_MAX,
	ATOMS_MAX = 128, /* more are never cells of one partition */
};

/* --- words */

/* All atoms of a term that read a word; FREE it. */
struct atoms {
	uint32_t *list;
	size_t n;
};

static bool find_atoms(struct builder *b, term t, unsigned word, struct atoms *atoms)
{
	uint32_t most = term_node(&b->terms, t)->atoms;

	most = most < b->terms.n_atoms ? most : b->terms.n_atoms;
	atoms->list = reallocarray(NULL, most, sizeof(*atoms->list));
	b->failed |= !atoms->list;
	atoms->n = atoms->list ? term_atoms(&b->terms, t, word, atoms->list) : 0;
	return atoms->list != NULL;
}

static const struct atom *atom_at(const struct builder *b, const struct atoms *atoms, size_t i)
{
	return &b->terms.atoms[atoms->list[i]];
}

/* The spans of a word's only form, and the states that they lead to. */
struct run {
	struct span span;
	uint32_t target;
};

struct line {
	struct arrival at;
	struct form form;
	uint64_t *cuts; /* where spans start */
	size_t n_cuts;
	struct run *runs; /* behind them: no more than there are cuts */
	uint32_t n;
};

static int compare_cuts(const void *a, const void *b)
{
	uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;

	return (x > y) - (x < y);
}

static bool find_cuts(struct builder *b, const struct atoms *atoms, struct line *line)
{
	size_t n = 0, most = 2 * atoms->n + 2;

	line->cuts = reallocarray(NULL, most, sizeof(*line->cuts) + sizeof(*line->runs));
	if (!line->cuts) {
		b->failed = true;
		return false;
	}
	line->runs = (struct run *)(void *)(line->cuts + most);
	line->cuts[n++] = 0;
	for (size_t i = 0; i < atoms->n; i++) {
		struct span span;
		atom_in_form(atom_at(b, atoms, i), line->form, &span);
		line->cuts[n++] = span.lo;
		line->cuts[n++] = (uint64_t)span.hi + 1;
	}
	if (atoms->n > 1)
		qsort(line->cuts, n, sizeof(*line->cuts), compare_cuts);
	for (size_t i = 0; i < n; i++) {
		if (i == 0 || line->cuts[i] != line->cuts[line->n_cuts - 1])
			line->cuts[line->n_cuts++] = line->cuts[i];
	}
	line->cuts[line->n_cuts] = (uint64_t)UINT32_MAX + 1;
	return true;
}

static void add_run(struct line *line, struct span span, uint32_t target)
{
	if (line->n && line->runs[line->n - 1].target == target)
		line->runs[line->n - 1].span.hi = span.hi;
	else
		line->runs[line->n++] = (struct run){span, target};
}

/*
 * The spans between cut FIRST and cut END, and what is left of the term in each. By itself, since what
 * it needs for that would lie on the stack once for each word.
 */
__attribute__((noinline)) static unsigned split_line(struct builder *b, term t,
						     const struct line *line, size_t first,
						     size_t end, struct span *spans, term *kids)
{
	struct partition p;

	partition_line(&p, line->at.word.word, line->at.word.known, line->form);
	for (size_t i = first; i < end; i++) {
		struct span span = {line->cuts[i], line->cuts[i + 1] - 1};
		if (form_narrow(line->form, p.known, &span))
			partition_add(&p, span, 0);
	}
	term_split(&b->terms, t, p.word, partition_cells, &p, p.n_cells, kids);
	memcpy(spans, p.elements, p.n_cells * sizeof(*spans));
	return p.n_cells;
}

/* The runs between cut FIRST and cut END, of which there are few. */
static void find_few_runs(struct builder *b, term t, struct line *line, size_t first, size_t end)
{
	struct span spans[CELLS_MAX / 2];
	term kids[CELLS_MAX / 2];
	unsigned n = split_line(b, t, line, first, end, spans, kids);

	for (unsigned i = 0; i < n && !codegen_over(b); i++)
		add_run(line, spans[i], codegen_build(b, kids[i]));
}

static void find_runs(struct builder *b, term t, struct line *line, size_t first, size_t end)
{
	size_t middle = first + (end - first) / 2;
	uint32_t lo = line->cuts[first], cut = line->cuts[middle], hi = line->cuts[end] - 1;
	unsigned word = line->at.word.word;

	if (codegen_over(b))
		return;
	if (end - first <= CELLS_MAX / 2) {
		find_few_runs(b, t, line, first, end);
		return;
	}
	find_runs(b, term_with_span(&b->terms, t, word, line->form, (struct span){lo, cut - 1}),
		  line, first, middle);
	find_runs(b, term_with_span(&b->terms, t, word, line->form, (struct span){cut, hi}), line,
		  middle, end);
}

/* Adds a run: as single values, if they are not more than MANY. */
static void add_values(struct partition *p, const struct run *run, uint32_t many)
{
	struct span span = run->span;

	if (span.hi - span.lo >= many) {
		partition_add(p, span, run->target);
		return;
	}
	for (; span.lo <= run->span.hi && span.lo >= run->span.lo; span.lo++) {
		span.hi = run->span.hi;
		if (!form_narrow(p->axes[0].form, p->known, &span))
			break;
		span.hi = span.lo;
		partition_add(p, span, run->target);
	}
}

/* The state that tells runs apart: where they are many, by halves. */
static uint32_t add_runs(struct builder *b, struct arrival at, struct form form,
			 const struct run *runs, uint32_t n)
{
	struct test test = {BPF_JGE, form, runs[n / 2].span.lo};
	struct partition p;
	uint32_t no;

	if (n == 1 || codegen_over(b))
		return runs[0].target;
	at.light = at.light || n > RUNS_LIGHT;
	if (n > RUNS_DENSE || (n > RUNS_MAX && runs[n - 1].span.lo - runs[1].span.lo > 32)) {
		no = add_runs(b, state_after(at, &test), form, runs, n / 2);
		return state_split(
			b, at, test,
			add_runs(b, state_after(at, &test), form, runs + n / 2, n - n / 2), no);
	}
	partition_line(&p, at.word.word, at.word.known, form);
	for (uint32_t i = 0; i < n; i++)
		add_values(&p, &runs[i], n <= FEW_RUNS ? SHORT_RUN : 1);
	return state_add(b, &p, at);
}

static uint32_t build_line(struct builder *b, term t, struct arrival at, const struct atoms *atoms,
			   struct form form)
{
	struct line line = {.at = at, .form = form};
	uint32_t id = 0;

	if (find_cuts(b, atoms, &line))
		find_runs(b, t, &line, 0, line.n_cuts);
	if (line.n > 0 && !codegen_over(b))
		id = add_runs(b, at, line.form, line.runs, line.n);
	free(line.cuts);
	return id;
}

/* The bit of the word that takes the most atoms away, whichever value it has. */
static uint32_t best_bit(const struct builder *b, const struct atoms *atoms)
{
	size_t zero[32] = {0}, one[32] = {0};
	uint32_t bits = 0;
	unsigned best;

	for (size_t i = 0; i < atoms->n; i++) {
		const struct atom *a = atom_at(b, atoms, i);
		uint32_t varying = a->span.lo ^ a->span.hi, fixed = a->form.mask, set;
		bits |= form_to_word(a->form, fixed);
		fixed &= varying ? ~(UINT32_MAX >> __builtin_clz(varying)) : UINT32_MAX;
		set = form_to_word(a->form, fixed & a->span.lo);
		for (fixed = form_to_word(a->form, fixed); fixed; fixed &= fixed - 1)
			(set & fixed & -fixed ? one : zero)[__builtin_ctz(fixed)]++;
	}
	best = 31 - __builtin_clz(bits);
	for (unsigned i = 0; i < 32; i++) {
		size_t less = zero[i] < one[i] ? zero[i] : one[i];
		size_t more = zero[best] < one[best] ? zero[best] : one[best];
		if (less > more || (less == more && zero[i] + one[i] > zero[best] + one[best]))
			best = i;
	}
	return UINT32_C(1) << best;
}

static uint32_t build_word(struct builder *b, term t, struct arrival at);

/* Tests one bit first. */
static uint32_t build_bit(struct builder *b, term t, struct arrival at, uint32_t bit)
{
	struct test test = {BPF_JSET, {FORM_HOST, bit}, bit};
	struct arrival no = state_after(at, &test), yes;
	uint32_t without;

	no.word.known.mask |= bit;
	yes = no;
	yes.word.known.value |= bit;
	without = build_word(b, term_with_bits(&b->terms, t, at.word.word, no.word.known), no);
	return state_split(
		b, at, test,
		build_word(b, term_with_bits(&b->terms, t, at.word.word, yes.word.known), yes),
		without);
}

/* The cells of several forms. False, with *ID unchanged, if they are too many. */
static bool build_cells(struct builder *b, term t, struct arrival at, const struct atoms *atoms,
			uint32_t *id)
{
	struct partition p;
	term kids[CELLS_MAX];
	bool same = true, made;

	if (atoms->n > ATOMS_MAX || (at.light && atoms->n >= CELLS_LIGHT))
		return false;
	made = partition_make(&p, at.word.word, at.word.known, b->terms.atoms, atoms->list,
			      atoms->n);
	b->terms.work += p.work;
	if (!made || (at.light && p.n_cells > CELLS_LIGHT))
		return false;
	term_split(&b->terms, t, p.word, partition_cells, &p, p.n_cells, kids);
	for (unsigned i = 0; i < p.n_cells && !codegen_over(b); i++) {
		p.cells[i].target = codegen_build(b, kids[i]);
		same = same && p.cells[i].target == p.cells[0].target;
	}
	if (!codegen_over(b))
		*id = same ? p.cells[0].target : state_add(b, &p, at);
	return true;
}

/* Whether there is a form that all atoms can have. */
static bool one_form(const struct builder *b, const struct atoms *atoms, struct form *form)
{
	struct span span;

	*form = atom_at(b, atoms, 0)->form;
	for (size_t i = 1; i < atoms->n && form->kind == FORM_HOST; i++)
		*form = atom_at(b, atoms, i)->form;
	for (size_t i = 0; i < atoms->n; i++) {
		if (!atom_in_form(atom_at(b, atoms, i), *form, &span))
			return false;
	}
	return true;
}

/* The state that tests a word; TERM need not read it. */
static uint32_t build_word(struct builder *b, term t, struct arrival at)
{
	struct atoms atoms;
	struct form form;
	uint32_t id = 0;

	if (!(term_words(&b->terms, t) >> at.word.word & 1))
		return codegen_build(b, t);
	if (codegen_over(b) || !find_atoms(b, t, at.word.word, &atoms))
		return 0;
	at.light = at.light || b->light || atoms.n > ATOMS_LIGHT;
	if (one_form(b, &atoms, &form))
		id = build_line(b, t, at, &atoms, form);
	else if (!build_cells(b, t, at, &atoms, &id))
		id = build_bit(b, t, at, best_bit(b, &atoms));
	free(atoms.list);
	return id;
}

/* --- the order of words */

/* The words of those parts of a term that have to do with each other; the fewest such. */
static unsigned component(const struct terms *terms, const struct term_node *node)
{
	unsigned sets[BPF_CTX_WORDS] = {0}, n = 0, best = 0;

	for (uint32_t i = 0; i < node->n; i++) {
		unsigned words = term_words(terms, terms->kids[node->first + i]), kept = 0;
		for (unsigned j = 0; j < n; j++) {
			if (sets[j] & words)
				words |= sets[j];
			else
				sets[kept++] = sets[j];
		}
		sets[kept++] = words;
		n = kept;
	}
	for (unsigned i = 1; i < n; i++) {
		int more = __builtin_popcount(sets[i]) - __builtin_popcount(sets[best]);
		if (more < 0 || (more == 0 && sets[i] < sets[best]))
			best = i;
	}
	return sets[best];
}

/*
 * The words, one bit each, that may be tested first: those that the most parts read, and those of
 * parts that read no other, since such a part decides the whole for some values. All of a few, where
 * there is little to test.
 */
static unsigned first_words(struct builder *b, term t)
{
	const struct terms *terms = &b->terms;
	const struct term_node *node = term_node(terms, t), *part = NULL;
	unsigned parts[BPF_CTX_WORDS] = {0}, words, most = 0, found = 0, n = 0;

	if (!node->n)
		return node->words;
	words = component(terms, node);
	for (uint32_t i = 0; i < node->n; i++) {
		term kid = terms->kids[node->first + i];
		if (!(term_words(terms, kid) & words))
			continue;
		part = term_node(terms, kid);
		n++;
		found |= part->words & (part->words - 1) ? 0 : part->words;
		for (unsigned w = 0; w < BPF_CTX_WORDS; w++) {
			parts[w] += part->words >> w & 1;
			most = parts[w] > most ? parts[w] : most;
		}
	}
	if (n == 1)
		return first_words(b, (term)(part - terms->nodes) * 2);
	if (__builtin_popcount(words) <= WORDS_TRIED && node->atoms <= ATOMS_FEW)
		return words;
	for (unsigned w = 0; w < BPF_CTX_WORDS; w++)
		found |= (parts[w] == most) << w;
	return found;
}

/*
 * Of several words the one with the fewest atoms. But if there are only two, and one has a single atom,
 * that is tested once in either case: then the first, which decides alone for most requests. It is the
 * lower half of a number, where the upper one is 0 for all that are asked about, and the prefix of a
 * network. Of many numbers the upper half still comes first, since that is faster to compile.
 */
static unsigned simplest(struct builder *b, term t, unsigned words)
{
	size_t counts[BPF_CTX_WORDS], least = SIZE_MAX;
	unsigned best = 0, all = words;

	if (!(words & (words - 1)))
		return words;
	term_count_atoms(&b->terms, t, counts);
	for (; words; words &= words - 1) {
		size_t n = counts[__builtin_ctz(words)];
		if (n < least)
			best = words & -words;
		least = n < least ? n : least;
	}
	if (least == 1 && __builtin_popcount(all) == 2 && all == term_words(&b->terms, t) &&
	    term_node(&b->terms, t)->atoms <= ATOMS_PAIR)
		return all & -all;
	return best;
}

static bool better(struct builder *b, uint32_t id, uint32_t than)
{
	if (b->worst[id] != b->worst[than])
		return b->worst[id] < b->worst[than];
	return id != than && state_whole_size(b, id) < state_whole_size(b, than);
}

uint32_t codegen_build(struct builder *b, term t)
{
	uint32_t best = term_node(&b->terms, t)->value[t & 1];
	unsigned words, tried = 0;

	if (t <= TERM_TRUE)
		return t;
	if (best)
		return best;
	words = first_words(b, t);
	if (term_node(&b->terms, t)->atoms > ATOMS_TRIED || b->n_states > STATES_TRIED)
		words = simplest(b, t, words);
	for (; words && tried < WORDS_TRIED; words &= words - 1, tried++) {
		unsigned word = __builtin_ctz(words);
		struct arrival at = {.word = {word, b->terms.known[word]}};
		uint32_t id = build_word(b, t, at);
		if (codegen_over(b))
			return 0;
		if (!tried || better(b, id, best))
			best = id;
	}
	b->gave_up |= b->n_states > STATES_MAX;
	term_node(&b->terms, t)->value[t & 1] = best;
	return best;
}
