/* SPDX-License-Identifier: MIT */
#include "policy/expr.h"

#include <stdlib.h>

struct expr *expr_new(enum expr_kind kind)
{
	struct expr *expr = calloc(1, sizeof(*expr));

	if (expr)
		expr->kind = kind;
	return expr;
}

struct expr *expr_atom(unsigned offset, enum expr_order order, uint32_t mask, uint32_t lo,
		       uint32_t hi)
{
	struct expr *expr = expr_new(EXPR_ATOM);

	if (expr)
		expr->atom = (struct expr_atom){offset, order, mask, lo, hi};
	return expr;
}

struct expr *expr_add(struct expr *parent, struct expr *kid)
{
	if (!parent || !kid)
		goto fail;
	if (parent->n == parent->room) {
		size_t room = parent->room ? parent->room * 2 : 2;
		struct expr **kids = reallocarray(parent->kids, room, sizeof(struct expr *));
		if (!kids)
			goto fail;
		parent->kids = kids;
		parent->room = room;
	}
	parent->kids[parent->n++] = kid;
	return parent;
fail:
	expr_destroy(parent);
	expr_destroy(kid);
	return NULL;
}

struct expr *expr_not(struct expr *kid)
{
	return expr_add(expr_new(EXPR_NOT), kid);
}

void expr_destroy(struct expr *expr)
{
	if (!expr)
		return;
	for (size_t i = 0; i < expr->n; i++)
		expr_destroy(expr->kids[i]);
	free(expr->kids);
	free(expr);
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
