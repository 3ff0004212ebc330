/* SPDX-License-Identifier: MIT */
/*
 * A program tests one word after the other. A state is what is left to decide after some of them: a
 * word, its values cut into cells, and the state that each cell leads to. Equal states are one, so
 * that all ways to the same rest meet. The states' best trees of tests (tree.c) are found from the
 * last words to the first; then, where a path has instructions to spare, smaller ones from the
 * first to the last.
 *
 * The number of states can grow without measure. Where it does the parts of the expression are
 * compiled one by one.
 */
#include "policy/codegen.h"

#include "policy/tree.h"

#include <stdlib.h>
#include <string.h>

enum {
	ALLOWED = 1, /* the states that decide: 0 and 1 */
	FIRST_ROOM = 64,
	RUNS_MAX = 24,	  /* spans of a word that are searched together; more are halved, */
	RUNS_DENSE = 40,  /* where they are not within 32 values */
	RUNS_LIGHT = 100, /* of more, bits are not tested */
	ATOMS_LIGHT = 32, /* nor are many tests tried where a word has more atoms than that; then */
	CELLS_LIGHT = 4,  /* there are no more cells than that */
	FEW_RUNS = 10,	  /* of so many, the short ones are searched value by value */
	SHORT_RUN = 4,
	WORDS_TRIED = 3,    /* that may come first, of those that the most parts read */
	ATOMS_TRIED = 24,   /* where there are more only one word is tried, */
	ATOMS_FEW = 12,	    /* with no more, all of three words are tried */
	STATES_TRIED = 400, /* and when there are that many states */
	SLACK_MAX = 31,	    /* how much longer paths may get to fit a program into BPF_LEN_MAX */
	STATES_MAX = 2 * BPF_LEN_MAX,
	GRAPH_MAX = 2 * BPF_LEN_MAX, /* blocks; more have no chance to fit into a program */
	ATOMS_MAX = 128,	     /* more are never cells of one partition */
	WORK_MIN = 40000,	     /* steps of building, before it is given up, */
	WORK_PER_PART = 300,	     /* and so many for each part of the expression */
	WORK_PART = 1000,  /* as WORK_MIN, for one of the parts that are tested in turn, */
	SIZE_PART = 8,	   /* which take no more instructions than that */
	SIZE_PER_PART = 5, /* and that for each part of theirs */
	UNLIMITED = UINT32_MAX,
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

/* How much is left of the words when a state is reached. */
struct arrival {
	struct loaded word;
	bool loaded;	  /* A holds something of the word: */
	struct form form; /* this */
	bool light;	  /* there are many values: only the surest tests are tried */
};

struct state {
	struct arrival at;
	struct test test; /* SPLIT */
	bool split;	  /* one test, with YES and NO; otherwise a partition and a tree */
	uint32_t yes, no;
	uint32_t key, n_key;	     /* of builder.packed: all that makes it what it is */
	uint32_t targets, n_targets; /* the part of that with where it leads; of a split: none */
	uint32_t next;		     /* in the chain of its hash */
	struct tree tree;
	uint32_t size;	/* its own instructions */
	uint32_t limit; /* how long its longest path may be */
	uint32_t visit;
	block_id block;
};

/* A part of an expression, the words that it reads, and, of an atom, its form. */
struct part {
	unsigned words;
	struct form form;
	term t;
};

struct builder {
	struct terms terms;
	struct trees trees;
	struct state *states;
	uint32_t *worst; /* by state: instructions on the longest path */
	uint32_t *chains;
	uint32_t *packed;
	uint32_t n_states, room_states, n_packed, room_packed, room_worst, room_chains, visit;
	uint64_t work_max; /* steps of terms and trees, after which to give up */
	bool light;	   /* only the surest tests are tried */
	bool failed, gave_up;
};

static bool over(struct builder *b)
{
	b->failed |= b->terms.failed || b->trees.failed;
	b->gave_up |= b->failed || b->terms.work + b->trees.work > b->work_max;
	return b->gave_up;
}

static bool reserve(struct builder *b, void **array, uint32_t n, uint32_t *room, size_t size)
{
	uint32_t more = *room ? *room : FIRST_ROOM;
	void *grown;

	if (n <= *room)
		return true;
	while (more < n)
		more *= 2;
	grown = reallocarray(*array, more, size);
	if (!grown) {
		b->failed = true;
		return false;
	}
	*array = grown;
	*room = more;
	return true;
}

/* --- states */

/* The targets that a state leads to, one call after the other; from AT = 0 on. False: no more. */
static bool next_target(const struct builder *b, uint32_t id, uint32_t *at, uint32_t *target)
{
	const struct state *s = &b->states[id];

	if (id <= ALLOWED || *at >= (s->split ? 2 : s->n_targets))
		return false;
	*target = s->split ? (*at ? s->yes : s->no) : b->packed[s->targets + *at];
	++*at;
	return true;
}

static uint32_t hash(const uint32_t *key, uint32_t n)
{
	uint32_t h = n;

	for (uint32_t i = 0; i < n; i++) {
		h = (h ^ key[i]) * 0x9e3779b1U;
		h ^= h >> 15;
	}
	return h;
}

static bool rehash(struct builder *b)
{
	uint32_t room = b->room_chains ? b->room_chains * 2 : FIRST_ROOM;
	uint32_t *chains = calloc(room, sizeof(*chains));

	if (!chains) {
		b->failed = true;
		return false;
	}
	free(b->chains);
	b->chains = chains;
	b->room_chains = room;
	for (uint32_t i = ALLOWED + 1; i < b->n_states; i++) {
		struct state *s = &b->states[i];
		uint32_t *chain = &chains[hash(b->packed + s->key, s->n_key) & (room - 1)];
		s->next = *chain;
		*chain = i;
	}
	return true;
}

/* The state with the key that was packed last, N numbers; else STATE becomes it, and is *NEW. */
static uint32_t intern(struct builder *b, struct state state, uint32_t n, bool *new)
{
	uint32_t id = b->n_states, *chain;
	const uint32_t *key = b->packed + b->n_packed;

	*new = false;
	if (!reserve(b, (void **)&b->states, id + 1, &b->room_states, sizeof(*b->states)) ||
	    !reserve(b, (void **)&b->worst, id + 1, &b->room_worst, sizeof(*b->worst)) ||
	    (id >= b->room_chains && !rehash(b)))
		return 0;
	chain = &b->chains[hash(key, n) & (b->room_chains - 1)];
	for (uint32_t i = *chain; i; i = b->states[i].next) {
		const struct state *s = &b->states[i];
		if (s->n_key == n && !memcmp(b->packed + s->key, key, n * sizeof(*key)))
			return i;
	}
	*new = true;
	state.key = b->n_packed;
	state.n_key = n;
	state.next = *chain;
	*chain = id;
	b->n_packed += n;
	b->states[id] = state;
	b->n_states++;
	return id;
}

static uint32_t pack_arrival(uint32_t *to, const struct arrival *at)
{
	to[0] = at->word.word | (uint32_t)at->loaded << 8 | (uint32_t)at->light << 9 |
		(uint32_t)at->form.kind << 16;
	to[1] = at->form.mask;
	to[2] = at->word.known.mask;
	to[3] = at->word.known.value;
	return 4;
}

static uint32_t pack_partition(uint32_t *to, const struct partition *p)
{
	uint32_t n = 0;

	to[n++] = p->n_axes | p->n_cells << 8;
	for (unsigned i = 0; i < p->n_axes; i++) {
		const struct axis *axis = &p->axes[i];
		to[n++] = axis->form.kind | (uint32_t)axis->others << 8 | (uint32_t)axis->n << 16;
		to[n++] = axis->form.mask;
		memcpy(to + n, &p->elements[axis->first], axis->n * sizeof(struct span));
		n += 2 * axis->n;
	}
	for (unsigned i = 0; i < p->n_cells; i++, n += sizeof(p->cells[i].element) / 4)
		memcpy(to + n, p->cells[i].element, sizeof(p->cells[i].element));
	for (unsigned i = 0; i < p->n_cells; i++)
		to[n++] = p->cells[i].target;
	return n;
}

static void unpack_partition(const struct builder *b, const struct state *s, struct partition *p)
{
	const uint32_t *from = b->packed + s->key + 4;

	p->word = s->at.word.word;
	p->known = s->at.word.known;
	p->n_axes = *from & UINT8_MAX;
	p->n_cells = *from++ >> 8;
	p->n_elements = 0;
	for (unsigned i = 0; i < p->n_axes; i++) {
		struct axis *axis = &p->axes[i];
		*axis = (struct axis){.form = {from[0] & UINT8_MAX, from[1]},
				      .others = from[0] >> 8 & 1,
				      .first = p->n_elements,
				      .n = from[0] >> 16};
		memcpy(&p->elements[axis->first], from + 2, axis->n * sizeof(struct span));
		p->n_elements += axis->n;
		from += 2 + 2 * axis->n;
	}
	for (unsigned i = 0; i < p->n_cells; i++) {
		memcpy(p->cells[i].element, from, sizeof(p->cells[i].element));
		from += sizeof(p->cells[i].element) / 4;
		p->cells[i].target = b->packed[s->targets + i];
		partition_finish(p, &p->cells[i]);
	}
}

static struct form form_at(const struct arrival *at)
{
	return at->loaded ? at->form : FORM_LOADED;
}

enum { PACKED_MAX = 4 + 1 + 2 * AXES_MAX + 2 * ELEMENTS_MAX + 3 * CELLS_MAX };

static uint32_t add_partition(struct builder *b, const struct partition *p, struct arrival at)
{
	struct state state = {.at = at, .tree.form = form_at(&at), .n_targets = p->n_cells};
	uint32_t n, id;
	bool new;

	if (!reserve(b, (void **)&b->packed, b->n_packed + PACKED_MAX, &b->room_packed,
		     sizeof(*b->packed)))
		return 0;
	n = pack_arrival(b->packed + b->n_packed, &at);
	n += pack_partition(b->packed + b->n_packed + n, p);
	state.targets = b->n_packed + n - p->n_cells;
	id = intern(b, state, n, &new);
	if (!new)
		return id;
	if (!tree_find(&b->trees, p, b->worst, 1, at.light, &state.tree))
		return 0;
	b->states[id].tree = state.tree;
	b->states[id].size = state.tree.size + !at.loaded;
	b->worst[id] = state.tree.worst + !at.loaded;
	return id;
}

static uint32_t add_split(struct builder *b, struct arrival at, struct test test, uint32_t yes,
			  uint32_t no)
{
	struct state state = {.at = at, .test = test, .split = true, .yes = yes, .no = no};
	struct form form = form_at(&at);
	uint32_t id, *key;
	bool new;

	if (yes == no || b->failed)
		return yes;
	if (!reserve(b, (void **)&b->packed, b->n_packed + PACKED_MAX, &b->room_packed,
		     sizeof(*b->packed)))
		return 0;
	key = b->packed + b->n_packed + pack_arrival(b->packed + b->n_packed, &at);
	memcpy(key,
	       (uint32_t[]){UINT32_MAX, test.op, test.form.kind, test.form.mask, test.k, yes, no},
	       7 * sizeof(*key));
	id = intern(b, state, 4 + 7, &new);
	if (!new)
		return id;
	b->states[id].size = test_steps(&at.word, &form, &test) + 1 + !at.loaded;
	b->worst[id] =
		b->states[id].size + (b->worst[yes] > b->worst[no] ? b->worst[yes] : b->worst[no]);
	return id;
}

/* Where a test leaves A for the states after it. */
static struct arrival after(struct arrival at, const struct test *test)
{
	at.form = form_at(&at);
	test_steps(&at.word, &at.form, test);
	at.loaded = true;
	return at;
}

/* --- words */

static uint32_t build(struct builder *b, term t);

/* All atoms of a term that read a word; FREE it. */
struct atoms {
	uint32_t *list;
	size_t n;
};

static bool find_atoms(struct builder *b, term t, unsigned word, struct atoms *atoms)
{
	atoms->n = term_atoms(&b->terms, t, word, NULL, 0);
	atoms->list = reallocarray(NULL, atoms->n + 1, sizeof(*atoms->list));
	b->failed |= !atoms->list;
	if (atoms->list)
		term_atoms(&b->terms, t, word, atoms->list, atoms->n);
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
	struct run *runs;
	uint32_t n, room;
};

static int compare_cuts(const void *a, const void *b)
{
	uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;

	return (x > y) - (x < y);
}

static bool find_cuts(struct builder *b, const struct atoms *atoms, struct line *line)
{
	size_t n = 0;

	line->cuts = reallocarray(NULL, 2 * atoms->n + 2, sizeof(*line->cuts));
	if (!line->cuts) {
		b->failed = true;
		return false;
	}
	line->cuts[n++] = 0;
	for (size_t i = 0; i < atoms->n; i++) {
		struct span span;
		atom_in_form(atom_at(b, atoms, i), line->form, &span);
		line->cuts[n++] = span.lo;
		line->cuts[n++] = (uint64_t)span.hi + 1;
	}
	qsort(line->cuts, n, sizeof(*line->cuts), compare_cuts);
	for (size_t i = 0; i < n; i++) {
		if (i == 0 || line->cuts[i] != line->cuts[line->n_cuts - 1])
			line->cuts[line->n_cuts++] = line->cuts[i];
	}
	line->cuts[line->n_cuts] = (uint64_t)UINT32_MAX + 1;
	return true;
}

static void add_run(struct builder *b, struct line *line, struct span span, uint32_t target)
{
	if (line->n && line->runs[line->n - 1].target == target) {
		line->runs[line->n - 1].span.hi = span.hi;
		return;
	}
	if (reserve(b, (void **)&line->runs, line->n + 1, &line->room, sizeof(*line->runs)))
		line->runs[line->n++] = (struct run){span, target};
}

/* The runs between cut FIRST and cut END, of which there are few. */
static void find_few_runs(struct builder *b, term t, struct line *line, size_t first, size_t end)
{
	struct partition p;
	term kids[CELLS_MAX];

	partition_line(&p, line->at.word.word, line->at.word.known, line->form);
	for (size_t i = first; i < end; i++) {
		struct span span = {line->cuts[i], line->cuts[i + 1] - 1};
		if (form_narrow(line->form, p.known, &span))
			partition_add(&p, span, 0);
	}
	term_split(&b->terms, t, p.word, partition_cells, &p, p.n_cells, kids);
	for (unsigned i = 0; i < p.n_cells && !over(b); i++)
		add_run(b, line, p.elements[i], build(b, kids[i]));
}

static void find_runs(struct builder *b, term t, struct line *line, size_t first, size_t end)
{
	size_t middle = first + (end - first) / 2;
	uint32_t lo = line->cuts[first], cut = line->cuts[middle], hi = line->cuts[end] - 1;
	unsigned word = line->at.word.word;

	if (over(b))
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

	if (n == 1 || over(b))
		return runs[0].target;
	at.light = at.light || n > RUNS_LIGHT;
	if (n > RUNS_DENSE || (n > RUNS_MAX && runs[n - 1].span.lo - runs[1].span.lo > 32)) {
		no = add_runs(b, after(at, &test), form, runs, n / 2);
		return add_split(b, at, test,
				 add_runs(b, after(at, &test), form, runs + n / 2, n - n / 2), no);
	}
	partition_line(&p, at.word.word, at.word.known, form);
	for (uint32_t i = 0; i < n; i++)
		add_values(&p, &runs[i], n <= FEW_RUNS ? SHORT_RUN : 1);
	return add_partition(b, &p, at);
}

static uint32_t build_line(struct builder *b, term t, struct arrival at, const struct atoms *atoms,
			   struct form form)
{
	struct line line = {.at = at, .form = form};
	uint32_t id = 0;

	if (find_cuts(b, atoms, &line))
		find_runs(b, t, &line, 0, line.n_cuts);
	if (!over(b))
		id = add_runs(b, at, line.form, line.runs, line.n);
	free(line.cuts);
	free(line.runs);
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
	struct arrival no = after(at, &test), yes;
	uint32_t without;

	no.word.known.mask |= bit;
	yes = no;
	yes.word.known.value |= bit;
	without = build_word(b, term_with_bits(&b->terms, t, at.word.word, no.word.known), no);
	return add_split(
		b, at, test,
		build_word(b, term_with_bits(&b->terms, t, at.word.word, yes.word.known), yes),
		without);
}

/* The cells of several forms. False, with *ID unchanged, if they are too many. */
static bool build_cells(struct builder *b, term t, struct arrival at, const struct atoms *atoms,
			uint32_t *id)
{
	const struct atom *list[ATOMS_MAX];
	struct partition p;
	term kids[CELLS_MAX];
	bool same = true, made;

	if (atoms->n > ATOMS_MAX || (at.light && atoms->n >= CELLS_LIGHT))
		return false;
	for (size_t i = 0; i < atoms->n; i++)
		list[i] = atom_at(b, atoms, i);
	made = partition_make(&p, at.word.word, at.word.known, list, atoms->n);
	b->terms.work += p.work;
	if (!made || (at.light && p.n_cells > CELLS_LIGHT))
		return false;
	term_split(&b->terms, t, p.word, partition_cells, &p, p.n_cells, kids);
	for (unsigned i = 0; i < p.n_cells && !over(b); i++) {
		p.cells[i].target = build(b, kids[i]);
		same = same && p.cells[i].target == p.cells[0].target;
	}
	if (!over(b))
		*id = same ? p.cells[0].target : add_partition(b, &p, at);
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
		return build(b, t);
	if (over(b) || !find_atoms(b, t, at.word.word, &atoms))
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
	unsigned sets[BPF_CTX_WORDS], n = 0, best = 0;

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

/* Of several words the one with the fewest atoms. */
static unsigned simplest(struct builder *b, term t, unsigned words)
{
	size_t least = SIZE_MAX;
	unsigned best = 0;

	for (; words; words &= words - 1) {
		size_t n = term_atoms(&b->terms, t, __builtin_ctz(words), NULL, 0);
		if (n < least)
			best = words & -words;
		least = n < least ? n : least;
	}
	return best;
}

/* The instructions of all states that ID leads to. */
static uint32_t size_below(struct builder *b, uint32_t id)
{
	uint32_t size = 0, at = 0, target;

	if (id <= ALLOWED || b->states[id].visit == b->visit)
		return 0;
	b->states[id].visit = b->visit;
	while (next_target(b, id, &at, &target))
		size += size_below(b, target);
	return size + b->states[id].size;
}

static uint32_t whole_size(struct builder *b, uint32_t id)
{
	b->visit++;
	return size_below(b, id);
}

static bool better(struct builder *b, uint32_t id, uint32_t than)
{
	if (b->worst[id] != b->worst[than])
		return b->worst[id] < b->worst[than];
	return id != than && whole_size(b, id) < whole_size(b, than);
}

/* The state that decides a term. */
static uint32_t build(struct builder *b, term t)
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
		if (over(b))
			return 0;
		if (!tried || better(b, id, best))
			best = id;
	}
	b->gave_up |= b->n_states > STATES_MAX;
	term_node(&b->terms, t)->value[t & 1] = best;
	return best;
}

/* --- code */

/* A state and all that it leads to, each before those that lead to it. */
struct order {
	uint32_t *ids;
	uint32_t n, room;
};

static void collect(struct builder *b, struct order *order, uint32_t id)
{
	uint32_t at = 0, target;

	if (id <= ALLOWED || b->states[id].visit == b->visit)
		return;
	b->states[id].visit = b->visit;
	b->states[id].limit = UNLIMITED;
	while (next_target(b, id, &at, &target))
		collect(b, order, target);
	if (reserve(b, (void **)&order->ids, order->n + 1, &order->room, sizeof(*order->ids)))
		order->ids[order->n++] = id;
}

static void limit_target(struct builder *b, uint32_t id, uint32_t limit)
{
	if (id > ALLOWED && b->states[id].limit > limit)
		b->states[id].limit = limit;
}

/* Passes on what is left of a path's LIMIT at NODE of a tree. */
static void limit_tree(struct builder *b, const struct loaded *word, uint32_t node,
		       struct form form, uint32_t limit)
{
	struct tree_node n;

	if (node & TREE_LEAF) {
		limit_target(b, node & ~TREE_LEAF, limit);
		return;
	}
	n = b->trees.nodes[node];
	limit -= test_steps(word, &form, &n.test) + 1;
	limit_tree(b, word, n.yes, form, limit);
	limit_tree(b, word, n.no, form, limit);
}

/* Takes a smaller tree, where a longer path does no harm. */
static void limit_state(struct builder *b, struct state *s)
{
	uint32_t limit = s->limit - !s->at.loaded;
	struct form form = form_at(&s->at);
	struct tree tree = s->tree;
	struct partition p;

	if (s->split) {
		limit -= test_steps(&s->at.word, &form, &s->test) + 1;
		limit_target(b, s->yes, limit);
		limit_target(b, s->no, limit);
		return;
	}
	if (limit != tree.worst && tree.size > 2) {
		unpack_partition(b, s, &p);
		if (tree_find(&b->trees, &p, b->worst, limit, s->at.light, &tree) &&
		    (tree.size < s->tree.size || limit < s->tree.worst))
			s->tree = tree;
	}
	limit_tree(b, &s->at.word, s->tree.root, s->tree.form, limit);
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
		block = test_emit(graph, &s->at.word, form_at(&s->at), &s->test,
				  b->states[s->yes].block, b->states[s->no].block);
	else
		block = emit_tree(b, graph, &s->at.word, s->tree.root, s->tree.form);
	return s->at.loaded ? block
			    : block_add(graph, BPF_LD | BPF_W | BPF_ABS, s->at.word.word * 4, block,
					block);
}

/*
 * Adds code that goes on at YES or NO; its longest path may be SLACK instructions longer than it
 * must be. Returns BLOCK_NONE when memory is short.
 */
static block_id emit(struct builder *b, struct graph *graph, uint32_t root, unsigned slack,
		     block_id yes, block_id no)
{
	struct order order = {0};

	b->visit++;
	collect(b, &order, root);
	b->states[0].block = no;
	b->states[ALLOWED].block = yes;
	limit_target(b, root, b->worst[root] + slack);
	for (uint32_t i = order.n; i-- > 0;)
		limit_state(b, &b->states[order.ids[i]]);
	for (uint32_t i = 0; i < order.n; i++)
		b->states[order.ids[i]].block = emit_state(b, graph, &b->states[order.ids[i]]);
	free(order.ids);
	return b->failed || b->trees.failed ? BLOCK_NONE : b->states[root].block;
}

/* --- programs */

/* Builds a term with so much work and in that SIZE, or not: then *ID is unchanged. */
static bool try_build(struct builder *b, term t, uint64_t work, uint32_t size, uint32_t *id)
{
	uint32_t root;

	b->gave_up = false;
	b->work_max = b->terms.work + b->trees.work + work;
	root = build(b, t);
	if (over(b) || whole_size(b, root) > size)
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
		return emit(b, graph, id, 0, yes, no);
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

/* The whole term at once: if that is too long, with longer paths. */
static enum codegen_status at_once(struct builder *b, term t, struct bpf_program *out)
{
	enum codegen_status status = CODEGEN_TOO_LONG;
	uint32_t id;

	if (!try_build(b, t, WORK_MIN + WORK_PER_PART * (uint64_t)b->terms.n_kids, 2 * BPF_LEN_MAX,
		       &id))
		return status;
	for (unsigned slack = 0; slack <= SLACK_MAX && status == CODEGEN_TOO_LONG;
	     slack = 2 * slack + 1) {
		struct graph graph = {0};
		block_id no = block_return(&graph, false), yes = block_return(&graph, true);
		status = lay_out(&graph, emit(b, &graph, id, slack, yes, no), out);
		graph_destroy(&graph);
	}
	return status;
}

static enum codegen_status by_parts(struct builder *b, term t, struct bpf_program *out)
{
	struct graph graph = {0};
	block_id no = block_return(&graph, false), yes = block_return(&graph, true);
	enum codegen_status status;

	b->light = true;
	status = lay_out(&graph, in_turn(b, &graph, t, yes, no), out);
	graph_destroy(&graph);
	return status;
}

static bool builder_init(struct builder *b)
{
	*b = (struct builder){0};
	if (!terms_init(&b->terms) ||
	    !reserve(b, (void **)&b->states, ALLOWED + 1, &b->room_states, sizeof(*b->states)) ||
	    !reserve(b, (void **)&b->worst, ALLOWED + 1, &b->room_worst, sizeof(*b->worst)))
		return false;
	for (; b->n_states <= ALLOWED; b->n_states++) {
		b->states[b->n_states] = (struct state){0};
		b->worst[b->n_states] = 1;
	}
	return true;
}

static void builder_destroy(struct builder *b)
{
	terms_destroy(&b->terms);
	trees_destroy(&b->trees);
	free(b->states);
	free(b->worst);
	free(b->chains);
	free(b->packed);
}

enum codegen_status codegen_compile(const struct expr *expr, const struct expr *assume,
				    struct bpf_program *out, struct codegen_stats *stats)
{
	enum codegen_status status = CODEGEN_NO_MEMORY;
	struct builder b;
	term t;

	bpf_program_destroy(out);
	if (!valid(expr) || (assume && !valid(assume)))
		return CODEGEN_INVALID;
	if (builder_init(&b)) {
		bool possible = !assume || terms_assume(&b.terms, assume);
		t = possible ? term_expr(&b.terms, expr) : TERM_FALSE;
		status = at_once(&b, t, out);
		b.trees.hurried |= status != CODEGEN_OK;
		if (status == CODEGEN_TOO_LONG && !b.failed)
			status = by_parts(&b, t, out);
		if (b.failed || b.terms.failed || b.trees.failed)
			status = CODEGEN_NO_MEMORY;
	}
	if (stats && status == CODEGEN_OK)
		*stats = (struct codegen_stats){.total = out->len,
						.worst = bpf_worst_path(out->insns, out->len),
						.work = b.terms.work + b.trees.work,
						.searched = !b.trees.hurried};
	builder_destroy(&b);
	return status;
}
