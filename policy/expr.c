/* SPDX-License-Identifier: MIT */
#include "policy/expr.h"

struct expr *expr_new(struct arena *arena, enum expr_kind kind)
{
	struct expr *expr = arena_take(arena, sizeof(*expr));

	if (expr)
		*expr = (struct expr){.kind = kind};
	return expr;
}

struct expr *expr_atom(struct arena *arena, unsigned offset, enum expr_order order, uint32_t mask,
		       uint32_t lo, uint32_t hi)
{
	struct expr *expr = arena_take(arena, sizeof(*expr));

	if (expr)
		*expr = (struct expr){EXPR_ATOM, 0, {{offset, order, mask, lo, hi}}};
	return expr;
}

static bool grow(struct arena *arena, struct expr *expr)
{
	uint32_t room = expr->room ? expr->room * 2 : 2;
	struct expr **kids = arena_take(arena, room * sizeof(struct expr *));

	if (!kids)
		return false;
	for (uint32_t i = 0; i < expr->n; i++)
		kids[i] = expr->kids[i];
	expr->kids = kids;
	expr->room = room;
	return true;
}

struct expr *expr_add(struct arena *arena, struct expr *parent, struct expr *kid)
{
	if (!parent || !kid || (parent->n == parent->room && !grow(arena, parent)))
		return NULL;
	parent->kids[parent->n++] = kid;
	return parent;
}

/* A node with room for its N children right behind it. */
static struct expr *new_group(struct arena *arena, enum expr_kind kind, uint32_t n)
{
	struct expr *expr = arena_take(arena, sizeof(*expr) + n * sizeof(struct expr *));

	if (expr)
		*expr = (struct expr){
			.kind = kind, .n = n, .room = n, .kids = (struct expr **)(expr + 1)};
	return expr;
}

struct expr *expr_group(struct arena *arena, enum expr_kind kind, struct expr *const *kids,
			uint32_t n)
{
	struct expr *expr = new_group(arena, kind, n);

	for (uint32_t i = 0; i < n && expr; i++) {
		if (!kids[i])
			return NULL;
		expr->kids[i] = kids[i];
	}
	return expr;
}

struct expr *expr_pair(struct arena *arena, enum expr_kind kind, struct expr *a, struct expr *b)
{
	struct expr *expr = a && b ? new_group(arena, kind, 2) : NULL;

	if (expr) {
		expr->kids[0] = a;
		expr->kids[1] = b;
	}
	return expr;
}

struct expr *expr_not(struct arena *arena, struct expr *kid)
{
	struct expr *expr = kid ? new_group(arena, EXPR_NOT, 1) : NULL;

	if (expr)
		expr->kids[0] = kid;
	return expr;
}

bool expr_atom_eval(const struct expr_atom *atom, const uint32_t ctx[10])
{
	uint32_t value = ctx[atom->offset / 4];

	if (atom->order == EXPR_SWAP16)
		value = __builtin_bswap16((uint16_t)value);
	else if (atom->order == EXPR_SWAP32)
		value = __builtin_bswap32(value);
	value &= atom->mask;
	return atom->lo <= value && value <= atom->hi;
}

bool expr_eval(const struct expr *expr, const uint32_t ctx[10])
{
	switch (expr->kind) {
	case EXPR_ATOM:
		return expr_atom_eval(&expr->atom, ctx);
	case EXPR_NOT:
		return !expr_eval(expr->kids[0], ctx);
	case EXPR_AND:
		for (size_t i = 0; i < expr->n; i++) {
			if (!expr_eval(expr->kids[i], ctx))
				return false;
		}
		return true;
	case EXPR_OR:
		for (size_t i = 0; i < expr->n; i++) {
			if (expr_eval(expr->kids[i], ctx))
				return true;
		}
		return false;
	default:
		return expr->kind == EXPR_TRUE;
	}
}
