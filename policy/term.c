/* SPDX-License-Identifier: MIT */
#include "policy/term.h"

#include <stdlib.h>
#include <string.h>

enum { FIRST_ROOM = 32, NIL = 0 /* ends a chain: the constant is in none */ };

static uint32_t low_half(uint32_t bits)
{
	return __builtin_bswap16((uint16_t)bits);
}

uint32_t form_to_word(struct form form, uint32_t bits)
{
	return form.kind == FORM_HOST ? bits
	       : form.kind == FORM_LO ? low_half(bits)
				      : low_half(bits) << 16;
}

uint32_t form_from_word(struct form form, uint32_t bits)
{
	return form.kind == FORM_HOST ? bits
	       : form.kind == FORM_LO ? low_half(bits)
				      : low_half(bits >> 16);
}

/* All bits up to the highest of BITS, which are not 0. */
static uint32_t smear(uint32_t bits)
{
	return UINT32_MAX >> __builtin_clz(bits);
}

/* The least number from LIMIT on whose FREE bits are any and whose others are FIXED. */
static bool least(uint32_t limit, uint32_t free, uint32_t fixed, uint32_t *out)
{
	uint32_t y = fixed | (limit & free), differ = y ^ limit, below, up;

	*out = y;
	if (!differ)
		return true;
	below = smear(differ) >> 1;
	if (y > limit) {
		*out = y & ~(free & below);
		return true;
	}
	up = free & ~limit & ~(below << 1 | 1);
	up &= -up;
	*out = (y & ~(free & (up - 1))) | up;
	return up != 0;
}

/* The greatest up to LIMIT. */
static bool greatest(uint32_t limit, uint32_t free, uint32_t fixed, uint32_t *out)
{
	bool found = least(~limit, free, ~free & ~fixed, out);

	*out = ~*out;
	return found;
}

bool form_narrow(struct form form, struct bits known, struct span *span)
{
	uint32_t mask = form_from_word(form, known.mask) & form.mask, free = form.mask & ~mask;
	uint32_t fixed = form_from_word(form, known.value) & mask;

	if (free == UINT32_MAX)
		return true;
	if (span->lo == span->hi)
		return (span->lo & ~free) == fixed;
	return least(span->lo, free, fixed, &span->lo) &&
	       greatest(span->hi, free, fixed, &span->hi) && span->lo <= span->hi;
}

bool atom_in_form(const struct atom *atom, struct form form, struct span *span)
{
	*span = atom->span;
	if (form_equal(atom->form, form))
		return true;
	if (span->lo != span->hi || atom->form.kind != FORM_HOST ||
	    atom->form.mask != form_to_word(form, form.mask))
		return false;
	span->lo = span->hi = form_from_word(form, span->lo);
	return true;
}

/* Memory */

static bool reserve(struct terms *terms, void **array, uint32_t n, uint32_t *room, size_t size)
{
	uint32_t more = *room ? *room : FIRST_ROOM;
	void *grown;

	if (n <= *room)
		return true;
	while (more < n)
		more *= 2;
	grown = reallocarray(*array, more, size);
	if (!grown) {
		terms->failed = true;
		return false;
	}
	*array = grown;
	*room = more;
	return true;
}

#define RESERVE(terms, name, more)                                                                 \
	reserve(terms, (void **)&(terms)->name, (terms)->n_##name + (more), &(terms)->room_##name, \
		sizeof(*(terms)->name))

static uint32_t mix(uint32_t hash, uint32_t value)
{
	hash = (hash ^ value) * 0x9e3779b1U;
	return hash ^ hash >> 15;
}

static uint32_t hash_atom(const struct atom *a)
{
	return mix(mix(mix((uint32_t)a->word << 8 | a->form.kind, a->form.mask), a->span.lo),
		   a->span.hi);
}

static uint32_t hash_kids(const term *kids, size_t n)
{
	uint32_t hash = (uint32_t)n;

	for (size_t i = 0; i < n; i++)
		hash = mix(hash, kids[i]);
	return hash;
}

static uint32_t hash_node(const struct terms *terms, const struct term_node *node)
{
	return node->n ? hash_kids(&terms->kids[node->first], node->n)
		       : hash_atom(&terms->atoms[node->first]);
}

/* Makes room for one more node, and hashes all anew when that moves the chains. */
static bool reserve_node(struct terms *terms)
{
	uint32_t room = terms->room_nodes;
	uint32_t *chains;

	if (!RESERVE(terms, nodes, 1))
		return false;
	if (terms->room_nodes == room)
		return true;
	chains = calloc(terms->room_nodes, sizeof(*chains));
	if (!chains) {
		terms->failed = true;
		return false;
	}
	free(terms->chains);
	terms->chains = chains;
	for (uint32_t i = 1; i < terms->n_nodes; i++) {
		struct term_node *node = &terms->nodes[i];
		uint32_t *chain = &chains[hash_node(terms, node) & (terms->room_nodes - 1)];
		node->next = *chain;
		*chain = i;
	}
	return true;
}

static term add_node(struct terms *terms, struct term_node node, uint32_t hash)
{
	uint32_t *chain = &terms->chains[hash & (terms->room_nodes - 1)];

	node.next = *chain;
	*chain = terms->n_nodes;
	terms->nodes[terms->n_nodes] = node;
	return 2 * terms->n_nodes++;
}

bool terms_init(struct terms *terms)
{
	terms->n_nodes = 1;
	terms->n_atoms = terms->n_kids = terms->n_stack = 0;
	terms->work = 0;
	terms->failed = false;
	memset(terms->known, 0, sizeof(terms->known));
	if (!reserve(terms, (void **)&terms->nodes, FIRST_ROOM, &terms->room_nodes,
		     sizeof(*terms->nodes)))
		return false;
	terms->room_nodes = FIRST_ROOM;
	terms->nodes[0] = (struct term_node){0};
	if (!terms->chains)
		terms->chains = reallocarray(NULL, FIRST_ROOM, sizeof(*terms->chains));
	terms->failed = !terms->chains;
	if (terms->chains)
		memset(terms->chains, 0, FIRST_ROOM * sizeof(*terms->chains));
	return !terms->failed;
}

void terms_destroy(struct terms *terms)
{
	free(terms->nodes);
	free(terms->atoms);
	free(terms->kids);
	free(terms->stack);
	free(terms->chains);
	*terms = (struct terms){0};
}

/* Atoms */

static term intern_atom(struct terms *terms, struct atom atom)
{
	uint32_t hash = hash_atom(&atom);

	if (terms->failed || !reserve_node(terms) || !RESERVE(terms, atoms, 1))
		return TERM_FALSE;
	for (uint32_t i = terms->chains[hash & (terms->room_nodes - 1)]; i != NIL;
	     i = terms->nodes[i].next) {
		const struct term_node *node = &terms->nodes[i];
		const struct atom *a = &terms->atoms[node->first];
		if (!node->n && a->word == atom.word && form_equal(a->form, atom.form) &&
		    a->span.lo == atom.span.lo && a->span.hi == atom.span.hi)
			return 2 * i;
	}
	terms->atoms[terms->n_atoms] = atom;
	return add_node(
		terms,
		(struct term_node){.first = terms->n_atoms++, .atoms = 1, .words = 1U << atom.word},
		hash);
}

/* The atom, without the known bits, if it is still one. */
static term make_atom(struct terms *terms, struct atom atom, struct bits known)
{
	struct form *form = &atom.form;
	struct span *span = &atom.span, all = {0, UINT32_MAX};
	uint32_t free;

	if (!form_narrow(*form, known, span) || !form_narrow(*form, known, &all))
		return TERM_FALSE;
	if (span->lo == all.lo && span->hi == all.hi)
		return TERM_TRUE;
	free = form->mask & ~form_from_word(*form, known.mask);
	if (span->hi == all.hi) {
		span->hi = span->lo - 1;
		span->lo = 0;
		return make_atom(terms, atom, known) ^ 1;
	}
	span->lo &= free;
	span->hi &= free;
	form->mask = free;
	if (span->lo == span->hi && form->kind != FORM_HOST) {
		span->lo = span->hi = form_to_word(*form, span->lo);
		*form = (struct form){FORM_HOST, form_to_word(*form, free)};
	}
	if (form->kind == FORM_HOST && span->lo == span->hi && (~free & (~free + 1)) == 0 &&
	    ~(free | known.mask)) {
		form->mask = ~known.mask; /* the upper bits alone: numbers in a row */
		span->hi |= ~free & ~known.mask;
	}
	return intern_atom(terms, atom);
}

/* One of the two halves of a be32: its bits of MASK are from LO to HI. */
static term half(struct terms *terms, const struct expr_atom *a, bool upper, uint32_t lo,
		 uint32_t hi)
{
	struct atom atom = {.word = a->offset / 4, .form.kind = upper ? FORM_LO : FORM_HI};

	atom.form.mask = upper ? a->mask >> 16 : a->mask & UINT16_MAX;
	if (lo > hi)
		return TERM_FALSE;
	atom.span = (struct span){lo, hi};
	return make_atom(terms, atom, terms->known[atom.word]);
}

static term both(struct terms *terms, term a, term b)
{
	return term_any(terms, (term[]){a ^ 1, b ^ 1}, 2) ^ 1;
}

/* A be32 is at most LIMIT. */
static term at_most(struct terms *terms, const struct expr_atom *a, uint32_t limit)
{
	uint32_t high = limit >> 16, low = limit & UINT16_MAX;
	term less = high ? half(terms, a, true, 0, high - 1) : TERM_FALSE;
	term equal = both(terms, half(terms, a, true, high, high), half(terms, a, false, 0, low));

	return term_any(terms, (term[]){less, equal}, 2);
}

static term be32(struct terms *terms, const struct expr_atom *a)
{
	uint32_t varying = a->lo ^ a->hi, mask = a->mask & ~varying;
	struct atom atom = {.word = a->offset / 4};
	term up;

	if ((varying & (varying + 1)) || (a->lo & varying) || (a->mask & varying) != varying) {
		up = at_most(terms, a, a->hi);
		return a->lo ? both(terms, up, at_most(terms, a, a->lo - 1) ^ 1) : up;
	}
	if (a->lo & ~a->mask)
		return TERM_FALSE;
	atom.form = (struct form){FORM_HOST, __builtin_bswap32(mask)};
	atom.span.lo = atom.span.hi = __builtin_bswap32(a->lo);
	return mask ? make_atom(terms, atom, terms->known[atom.word]) : TERM_TRUE;
}

static term from_atom(struct terms *terms, const struct expr_atom *a)
{
	struct atom atom = {
		.word = a->offset / 4, .form = {FORM_HOST, a->mask}, .span = {a->lo, a->hi}};

	if (a->order == EXPR_SWAP32)
		return be32(terms, a);
	if (a->order == EXPR_SWAP16)
		atom.form = (struct form){FORM_LO, a->mask & UINT16_MAX};
	if (!atom.form.mask)
		return a->lo == 0 ? TERM_TRUE : TERM_FALSE;
	return make_atom(terms, atom, terms->known[atom.word]);
}

/* Groups */

static int compare(const void *a, const void *b)
{
	term x = *(const term *)a, y = *(const term *)b;

	return (x > y) - (x < y);
}

static void sort(term *kids, size_t n)
{
	size_t i = 1;

	while (i < n && kids[i - 1] <= kids[i])
		i++;
	if (i < n && n > 16) {
		qsort(kids, n, sizeof(*kids), compare);
		return;
	}
	for (; i < n; i++) {
		term kid = kids[i];
		size_t at = i;
		for (; at > 0 && kids[at - 1] > kid; at--)
			kids[at] = kids[at - 1];
		kids[at] = kid;
	}
}

static void push(struct terms *terms, term t)
{
	terms->work++;
	if (RESERVE(terms, stack, 1))
		terms->stack[terms->n_stack++] = t;
}

/* Puts a kid of an OR on the stack, or, if it is an OR itself, its kids. */
static void push_kid(struct terms *terms, term t)
{
	const struct term_node *node = term_node(terms, t);

	if (t == TERM_FALSE)
		return;
	if (t & 1 || !node->n) {
		push(terms, t);
		return;
	}
	for (uint32_t i = 0, first = node->first, n = node->n; i < n; i++)
		push(terms, terms->kids[first + i]);
}

static void add_kid(struct term_node *node, const struct term_node *kid)
{
	uint64_t atoms = (uint64_t)node->atoms + kid->atoms;

	node->words |= kid->words;
	node->atoms = atoms < UINT32_MAX ? atoms : UINT32_MAX;
}

static term intern_any(struct terms *terms, const term *kids, uint32_t n)
{
	uint32_t hash = hash_kids(kids, n);
	struct term_node node = {.first = terms->n_kids, .n = n};

	if (!reserve_node(terms) || !RESERVE(terms, kids, n))
		return TERM_FALSE;
	for (uint32_t i = terms->chains[hash & (terms->room_nodes - 1)]; i != NIL;
	     i = terms->nodes[i].next) {
		const struct term_node *other = &terms->nodes[i];
		if (other->n == n && !memcmp(&terms->kids[other->first], kids, n * sizeof(*kids)))
			return 2 * i;
	}
	memcpy(&terms->kids[terms->n_kids], kids, n * sizeof(*kids));
	terms->n_kids += n;
	for (uint32_t i = 0; i < n; i++)
		add_kid(&node, term_node(terms, kids[i]));
	return add_node(terms, node, hash);
}

/* The OR of what is on the stack from FIRST on, which is taken off. */
static term pop_any(struct terms *terms, uint32_t first)
{
	uint32_t n = 0, end = terms->n_stack - first;
	term *kids;

	terms->n_stack = first;
	if (terms->failed || !end)
		return TERM_FALSE;
	kids = terms->stack + first;
	sort(kids, end);
	for (uint32_t i = 0; i < end; i++) {
		if (n && kids[n - 1] == kids[i])
			continue;
		if (kids[i] == TERM_TRUE || (n && kids[n - 1] == (kids[i] ^ 1)))
			return TERM_TRUE;
		kids[n++] = kids[i];
	}
	return n == 1 ? kids[0] : intern_any(terms, kids, n);
}

term term_any(struct terms *terms, const term *kids, size_t n)
{
	uint32_t first = terms->n_stack;

	for (size_t i = 0; i < n; i++)
		push_kid(terms, kids[i]);
	return pop_any(terms, first);
}

term term_expr(struct terms *terms, const struct expr *expr)
{
	uint32_t first = terms->n_stack;
	term all = expr->kind == EXPR_AND;

	switch (expr->kind) {
	case EXPR_ATOM:
		return from_atom(terms, &expr->atom);
	case EXPR_NOT:
		return term_expr(terms, expr->kids[0]) ^ 1;
	case EXPR_AND:
	case EXPR_OR:
		for (size_t i = 0; i < expr->n; i++)
			push_kid(terms, term_expr(terms, expr->kids[i]) ^ all);
		return pop_any(terms, first) ^ all;
	default:
		return expr->kind == EXPR_TRUE ? TERM_TRUE : TERM_FALSE;
	}
}

/* The bits that an atom with one value says are known, as bits of its word. */
static struct bits bits_of(const struct expr_atom *a)
{
	uint32_t varying = a->lo ^ a->hi, mask = a->mask, value = a->lo;

	if ((varying & (varying + 1)) || (a->lo & varying) || (mask & varying) != varying)
		return (struct bits){0};
	mask &= ~varying;
	if (a->order == EXPR_SWAP32)
		return (struct bits){__builtin_bswap32(mask), __builtin_bswap32(value)};
	if (a->order == EXPR_SWAP16)
		return (struct bits){low_half(mask), low_half(value)};
	return (struct bits){mask, value};
}

bool terms_assume(struct terms *terms, const struct expr *assume)
{
	struct bits *known = &terms->known[assume->atom.offset / 4], more = {0};
	bool possible = assume->kind != EXPR_FALSE;

	for (size_t i = 0; i < assume->n && assume->kind == EXPR_AND; i++)
		possible = terms_assume(terms, assume->kids[i]) && possible;
	if (assume->kind == EXPR_ATOM)
		more = bits_of(&assume->atom);
	possible = possible && !(more.mask & known->mask & (more.value ^ known->value)) &&
		   !(more.value & ~more.mask);
	known->value |= more.value & more.mask & ~known->mask;
	known->mask |= more.mask;
	return possible;
}

/* Walks */

static void collect(struct terms *terms, term t, unsigned word, uint32_t *out, size_t *n)
{
	struct term_node *node = term_node(terms, t);

	if (!(node->words >> word & 1) || node->visit == terms->visit)
		return;
	node->visit = terms->visit;
	terms->work++;
	if (!node->n)
		out[(*n)++] = node->first;
	for (uint32_t i = 0; i < node->n; i++)
		collect(terms, terms->kids[node->first + i], word, out, n);
}

size_t term_atoms(struct terms *terms, term t, unsigned word, uint32_t *out)
{
	size_t n = 0;

	terms->visit++;
	collect(terms, t, word, out, &n);
	return n;
}

static void count(struct terms *terms, term t, size_t counts[BPF_CTX_WORDS])
{
	struct term_node *node = term_node(terms, t);

	if (node->visit == terms->visit)
		return;
	node->visit = terms->visit;
	terms->work++;
	if (!node->n)
		counts[terms->atoms[node->first].word]++;
	for (uint32_t i = 0; i < node->n; i++)
		count(terms, terms->kids[node->first + i], counts);
}

void term_count_atoms(struct terms *terms, term t, size_t counts[BPF_CTX_WORDS])
{
	memset(counts, 0, BPF_CTX_WORDS * sizeof(*counts));
	terms->visit++;
	count(terms, t, counts);
}

/* What is said of a word: its bits, or the span or cell (if CELL is not 0, a bit) it is in. */
struct given {
	unsigned word;
	struct bits known;
	const struct span *span;
	struct form form; /* of the span */
	uint64_t cell;
};

static term atom_given(struct terms *terms, uint32_t i, const struct given *given)
{
	struct atom atom = terms->atoms[terms->nodes[i].first];
	struct span span;

	if (!given->span)
		return make_atom(terms, atom, given->known);
	atom_in_form(&atom, given->form, &span);
	if (span.lo > given->span->hi || span.hi < given->span->lo)
		return TERM_FALSE;
	return span.lo <= given->span->lo && given->span->hi <= span.hi ? TERM_TRUE : 2 * i;
}

static term simplify(struct terms *terms, term t, const struct given *given)
{
	uint32_t i = t >> 1, first = terms->n_stack;
	struct term_node *node = &terms->nodes[i];
	term result;

	if (!(node->words >> given->word & 1))
		return t;
	if (given->cell && (node->yes | node->no) & given->cell)
		return (node->yes & given->cell ? TERM_TRUE : TERM_FALSE) ^ (t & 1);
	if (node->visit == terms->visit)
		return node->memo ^ (t & 1);
	if (!node->n) {
		result = atom_given(terms, i, given);
	} else {
		for (uint32_t k = 0, kid = node->first, n = node->n; k < n; k++) {
			term simple = simplify(terms, terms->kids[kid + k], given);
			push_kid(terms, simple);
			if (simple == TERM_TRUE)
				break;
		}
		result = pop_any(terms, first);
	}
	terms->nodes[i].visit = terms->visit;
	terms->nodes[i].memo = result;
	return result ^ (t & 1);
}

static term walk(struct terms *terms, term t, const struct given *given)
{
	terms->visit++;
	return simplify(terms, t, given);
}

term term_with_bits(struct terms *terms, term t, unsigned word, struct bits known)
{
	struct given given = {.word = word, .known = known};

	return walk(terms, t, &given);
}

term term_with_span(struct terms *terms, term t, unsigned word, struct form form, struct span span)
{
	struct given given = {.word = word, .span = &span, .form = form};

	return walk(terms, t, &given);
}

/* Notes in each node the cells where it is true, and those where it is false, by WORD alone. */
static void mark(struct terms *terms, term t, unsigned word, cells_of_atom *cells, void *data)
{
	struct term_node *node = term_node(terms, t);

	if (!(node->words >> word & 1) || node->visit == terms->visit)
		return;
	node->visit = terms->visit;
	terms->work++;
	if (!node->n) {
		node->yes = cells(data, &terms->atoms[node->first]);
		node->no = ~node->yes;
		return;
	}
	node->yes = 0;
	node->no = UINT64_MAX;
	for (uint32_t i = 0; i < node->n; i++) {
		term t2 = terms->kids[node->first + i];
		const struct term_node *kid = term_node(terms, t2);
		bool reads = kid->words >> word & 1;
		mark(terms, t2, word, cells, data);
		node->yes |= !reads ? 0 : t2 & 1 ? kid->no : kid->yes;
		node->no &= !reads ? 0 : t2 & 1 ? kid->yes : kid->no;
	}
}

void term_split(struct terms *terms, term t, unsigned word, cells_of_atom *cells, void *data,
		unsigned n, term *out)
{
	terms->visit++;
	mark(terms, t, word, cells, data);
	for (unsigned i = 0; i < n; i++) {
		struct given given = {.word = word, .cell = UINT64_C(1) << i};
		out[i] = walk(terms, t, &given);
	}
}
