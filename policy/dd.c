/* SPDX-License-Identifier: MIT */
#include "policy/dd.h"

#include <stdlib.h>
#include <string.h>

enum {
	TERMINAL_VAR = UINT16_MAX,
	FIRST_ROOM = 1 << 10,
	CACHE_MAX = 1 << 19,
	NIL = 0, /* ends a chain: terminals are in none */
};

static uint32_t hash(uint32_t a, uint32_t b, uint32_t c)
{
	uint64_t h = a * UINT64_C(0x9e3779b97f4a7c15) + b;

	h = (h ^ h >> 29) * UINT64_C(0xbf58476d1ce4e5b9) + c;
	h = (h ^ h >> 32) * UINT64_C(0x94d049bb133111eb);
	return h >> 32;
}

static void rehash(struct dd *dd)
{
	memset(dd->chains, 0, dd->room * sizeof(*dd->chains));
	for (uint32_t i = DD_ANY + 1; i < dd->n; i++) {
		struct dd_entry *e = &dd->nodes[i];
		uint32_t *chain = &dd->chains[hash(e->var, e->lo, e->hi) & (dd->room - 1)];
		e->next = *chain;
		*chain = i;
	}
}

/* Doubles the space; the cache keeps pace, since what it loses is computed again. */
static bool grow(struct dd *dd)
{
	uint32_t room = dd->room ? dd->room * 2 : FIRST_ROOM;
	struct dd_entry *nodes = NULL;
	uint32_t *chains = NULL;

	if (room <= DD_NODES_MAX)
		nodes = reallocarray(dd->nodes, room, sizeof(*nodes));
	if (nodes)
		dd->nodes = nodes;
	if (nodes)
		chains = reallocarray(dd->chains, room, sizeof(*chains));
	if (!chains)
		return false;
	dd->chains = chains;
	dd->room = room;
	rehash(dd);
	if (room > CACHE_MAX)
		return true;
	free(dd->cache);
	dd->cache_size = room;
	dd->cache = calloc(room, sizeof(*dd->cache));
	return dd->cache != NULL;
}

bool dd_init(struct dd *dd, const uint8_t word_at[DD_WORDS], const bool swapped[DD_WORDS])
{
	*dd = (struct dd){.full = true};
	if (!grow(dd))
		return false;
	for (dd_node i = 0; i <= DD_ANY; i++)
		dd->nodes[i] = (struct dd_entry){.var = TERMINAL_VAR, .lo = i, .hi = i};
	dd->n = DD_ANY + 1;
	memcpy(dd->word_at, word_at, sizeof(dd->word_at));
	memcpy(dd->swapped, swapped, sizeof(dd->swapped));
	for (unsigned i = 0; i < DD_WORDS; i++)
		dd->position[word_at[i]] = i;
	dd->full = false;
	return true;
}

void dd_destroy(struct dd *dd)
{
	free(dd->nodes);
	free(dd->chains);
	free(dd->cache);
	*dd = (struct dd){0};
}

static unsigned min(unsigned a, unsigned b)
{
	return a < b ? a : b;
}

/* The node (var, lo, hi), found or made. */
static dd_node make(struct dd *dd, unsigned var, dd_node lo, dd_node hi)
{
	uint32_t h = hash(var, lo, hi);

	if (lo == hi || dd->full)
		return lo;
	for (uint32_t i = dd->chains[h & (dd->room - 1)]; i != NIL; i = dd->nodes[i].next) {
		struct dd_entry *e = &dd->nodes[i];
		if (e->lo == lo && e->hi == hi && e->var == var)
			return i;
	}
	if (dd->n == dd->room && !grow(dd)) {
		dd->full = true;
		return lo;
	}
	dd->nodes[dd->n] = (struct dd_entry){
		.lo = lo, .hi = hi, .next = dd->chains[h & (dd->room - 1)], .var = var};
	dd->chains[h & (dd->room - 1)] = dd->n;
	return dd->n++;
}

/* The cached result of an operation, or NULL; *slot is where to store it. */
static bool lookup(struct dd *dd, uint32_t f, uint32_t g, uint32_t h, uint32_t *result)
{
	const struct dd_cached *c = &dd->cache[hash(f, g, h) & (dd->cache_size - 1)];

	dd->work++;
	if (c->f != f || c->g != g || c->h != h)
		return false;
	*result = c->result;
	return true;
}

static uint32_t store(struct dd *dd, uint32_t f, uint32_t g, uint32_t h, uint32_t result)
{
	if (!dd->full)
		dd->cache[hash(f, g, h) & (dd->cache_size - 1)] =
			(struct dd_cached){f, g, h, result};
	return result;
}

/* S where VAR, which no variable of S precedes, has that value. */
static dd_node cofactor(const struct dd *dd, dd_node s, unsigned var, bool value)
{
	const struct dd_entry *e = &dd->nodes[s];

	return e->var != var ? s : value ? e->hi : e->lo;
}

dd_node dd_ite(struct dd *dd, dd_node f, dd_node g, dd_node h)
{
	unsigned var;
	dd_node lo, hi, result;

	if (f == DD_TRUE || g == h || dd->full)
		return g;
	if (f == DD_FALSE)
		return h;
	if (g == DD_TRUE && h == DD_FALSE)
		return f;
	if (lookup(dd, f, g, h, &result))
		return result;
	var = min(dd->nodes[f].var, min(dd->nodes[g].var, dd->nodes[h].var));
	lo = dd_ite(dd, cofactor(dd, f, var, 0), cofactor(dd, g, var, 0), cofactor(dd, h, var, 0));
	hi = dd_ite(dd, cofactor(dd, f, var, 1), cofactor(dd, g, var, 1), cofactor(dd, h, var, 1));
	return store(dd, f, g, h, make(dd, var, lo, hi));
}

/* A bit's position in its word's order, and, since both orders are their own inverses, back. */
static unsigned flip(const struct dd *dd, unsigned word, unsigned bit)
{
	return dd->swapped[word] ? bit ^ 7 : 31 - bit;
}

/* The word's bit that holds bit BIT of the number that an atom compares. */
static unsigned source_bit(unsigned order, unsigned bit)
{
	return order == EXPR_HOST ? bit : order == EXPR_SWAP16 ? bit ^ 8 : bit ^ 24;
}

/* The node that goes to HI where VAR is 1 and to LO where it is 0. */
static dd_node choose(struct dd *dd, unsigned var, dd_node lo, dd_node hi)
{
	if (var < dd->nodes[lo].var && var < dd->nodes[hi].var)
		return make(dd, var, lo, hi);
	return dd_ite(dd, make(dd, var, DD_FALSE, DD_TRUE), hi, lo);
}

/* Where the atom's number is at most LIMIT, or, if LEAST, at least LIMIT. */
static dd_node bound(struct dd *dd, const struct expr_atom *atom, uint32_t limit, bool least)
{
	unsigned word = atom->offset / 4;
	dd_node result = DD_TRUE;

	for (unsigned i = 0; i < 32; i++) {
		/* what follows where this bit is another than LIMIT's */
		dd_node other = (limit >> i & 1) != least ? DD_TRUE : DD_FALSE;
		unsigned var =
			dd->position[word] * 32U + flip(dd, word, source_bit(atom->order, i));
		if (!(atom->mask >> i & 1) || (atom->order == EXPR_SWAP16 && i > 15))
			result = limit >> i & 1 ? other : result;
		else if (limit >> i & 1)
			result = choose(dd, var, other, result);
		else
			result = choose(dd, var, result, other);
	}
	return result;
}

/*
 * Where all bits that MASK selects are as in VALUE; INVERT: where some are not. Made from the last
 * variable to the first.
 */
static dd_node cube(struct dd *dd, const struct expr_atom *atom, uint32_t value, bool invert)
{
	unsigned word = atom->offset / 4;
	dd_node other = invert ? DD_TRUE : DD_FALSE, result = invert ? DD_FALSE : DD_TRUE;

	for (unsigned at = 32; at-- > 0;) {
		unsigned bit = source_bit(atom->order, flip(dd, word, at)); /* its own inverse */
		unsigned var = dd->position[word] * 32U + at;
		if (!(atom->mask >> bit & 1) || (atom->order == EXPR_SWAP16 && bit > 15))
			continue;
		if (value >> bit & 1)
			result = make(dd, var, other, result);
		else
			result = make(dd, var, result, other);
	}
	return result;
}

dd_node dd_atom(struct dd *dd, const struct expr_atom *atom)
{
	uint32_t mask = atom->order == EXPR_SWAP16 ? atom->mask & UINT16_MAX : atom->mask;

	if (atom->lo == atom->hi)
		return atom->lo & ~mask ? DD_FALSE : cube(dd, atom, atom->lo, false);
	if (atom->lo == 0)
		return bound(dd, atom, atom->hi, false);
	if (atom->hi >= mask)
		return atom->lo == 1 ? cube(dd, atom, 0, true) : bound(dd, atom, atom->lo, true);
	return dd_ite(dd, bound(dd, atom, atom->lo, true), bound(dd, atom, atom->hi, false),
		      DD_FALSE);
}

/* The children of an AND or OR from FIRST to before LAST, joined in halves: N log N, not N². */
static dd_node join(struct dd *dd, const struct expr *expr, size_t first, size_t last)
{
	bool all = expr->kind == EXPR_AND;
	dd_node a, b;

	if (first == last)
		return all ? DD_TRUE : DD_FALSE;
	if (last - first == 1)
		return dd_expr(dd, expr->kids[first]);
	a = join(dd, expr, first, first + (last - first) / 2);
	b = join(dd, expr, first + (last - first) / 2, last);
	return dd_ite(dd, a, all ? b : DD_TRUE, all ? DD_FALSE : b);
}

dd_node dd_expr(struct dd *dd, const struct expr *expr)
{
	switch (expr->kind) {
	case EXPR_ATOM:
		return dd_atom(dd, &expr->atom);
	case EXPR_NOT:
		return dd_ite(dd, dd_expr(dd, expr->kids[0]), DD_FALSE, DD_TRUE);
	case EXPR_AND:
	case EXPR_OR:
		return join(dd, expr, 0, expr->n);
	default:
		return expr->kind == EXPR_TRUE ? DD_TRUE : DD_FALSE;
	}
}
