/* SPDX-License-Identifier: MIT */
/*
 * Exhaustive search for the shortest worst path, as a check on the code generator: all programs of
 * all accepted kinds of instructions (but DIV, NEG, and M[], which X does for), with constants from
 * a pool, that decide a few contexts. If none of N - 1 instructions decides even those, none
 * of these programs decides all contexts.
 */
#ifndef URING_JAIL_TESTS_UNIT_SHORTEST_H
#define URING_JAIL_TESTS_UNIT_SHORTEST_H

#include "../../policy/bpf.h"
#include "../../policy/expr.h"

#include <stdlib.h>

enum { POINTS_MAX = 32, POOL_MAX = 64 };

/* The contexts, as numbers of bits in a mask, and what the program must say of each. */
struct points {
	uint32_t ctx[POINTS_MAX][BPF_CTX_WORDS];
	unsigned n;
	uint32_t truth;
	uint8_t offsets[BPF_CTX_WORDS]; /* the words that there are */
	unsigned n_offsets;
	uint32_t pool[POOL_MAX]; /* the constants that programs may have */
	unsigned n_pool;
};

struct machine_state {
	uint32_t a[POINTS_MAX], x[POINTS_MAX];
};

static bool shortest(const struct points *p, unsigned steps, uint32_t on,
		     const struct machine_state *m);

static bool decided(const struct points *p, uint32_t on)
{
	return !(on & p->truth) || !(on & ~p->truth);
}

static bool same(const struct points *p, uint32_t on, const uint32_t values[])
{
	for (unsigned i = 0, first = __builtin_ctz(on); i < p->n; i++) {
		if (on >> i & 1 && values[i] != values[first])
			return false;
	}
	return true;
}

static bool after_jump(const struct points *p, unsigned steps, uint32_t on,
		       const struct machine_state *m, struct bpf_insn jump)
{
	uint32_t yes = 0;

	for (unsigned i = 0; i < p->n; i++) {
		uint32_t a = m->a[i], b = BPF_SRC(jump.code) == BPF_X ? m->x[i] : jump.k;
		bool taken = BPF_OP(jump.code) == BPF_JEQ   ? a == b
			     : BPF_OP(jump.code) == BPF_JGT ? a > b
			     : BPF_OP(jump.code) == BPF_JGE ? a >= b
							    : (a & b) != 0;
		yes |= (uint32_t)taken << i;
	}
	return (on & yes) && (on & ~yes) && shortest(p, steps - 1, on & yes, m) &&
	       shortest(p, steps - 1, on & ~yes, m);
}

static bool some_jump(const struct points *p, unsigned steps, uint32_t on,
		      const struct machine_state *m)
{
	static const uint8_t ops[] = {BPF_JEQ, BPF_JGT, BPF_JSET};

	for (unsigned op = 0; op < 3; op++) {
		for (unsigned i = 0; i < p->n_pool; i++) {
			struct bpf_insn jump = {.code = BPF_JMP | ops[op] | BPF_K, .k = p->pool[i]};
			if (after_jump(p, steps, on, m, jump))
				return true;
		}
		if (after_jump(p, steps, on, m,
			       (struct bpf_insn){.code = BPF_JMP | ops[op] | BPF_X}))
			return true;
	}
	return after_jump(p, steps, on, m, (struct bpf_insn){.code = BPF_JMP | BPF_JGE | BPF_X});
}

static uint32_t computed(uint8_t op, uint32_t a, uint32_t b)
{
	switch (op) {
	case BPF_ADD:
		return a + b;
	case BPF_SUB:
		return a - b;
	case BPF_MUL:
		return a * b;
	case BPF_AND:
		return a & b;
	case BPF_OR:
		return a | b;
	case BPF_XOR:
		return a ^ b;
	case BPF_LSH:
		return a << (b & 31);
	default:
		return a >> (b & 31);
	}
}

static bool after_alu(const struct points *p, unsigned steps, uint32_t on,
		      const struct machine_state *m, uint8_t op, const uint32_t *k)
{
	struct machine_state next = *m;
	bool changed = false;

	for (unsigned i = 0; i < p->n; i++) {
		next.a[i] = computed(op, m->a[i], k ? *k : m->x[i]);
		changed |= (on >> i & 1) && next.a[i] != m->a[i];
	}
	return changed && !same(p, on, next.a) && shortest(p, steps - 1, on, &next);
}

static bool some_alu(const struct points *p, unsigned steps, uint32_t on,
		     const struct machine_state *m)
{
	static const uint8_t ops[] = {BPF_ADD, BPF_MUL, BPF_AND, BPF_OR, BPF_XOR, BPF_LSH, BPF_RSH};

	for (unsigned op = 0; op < 7; op++) {
		for (unsigned i = 0; i < p->n_pool; i++) {
			if (after_alu(p, steps, on, m, ops[op], &p->pool[i]))
				return true;
		}
		if (!same(p, on, m->x) && after_alu(p, steps, on, m, ops[op], NULL))
			return true;
	}
	return !same(p, on, m->x) && after_alu(p, steps, on, m, BPF_SUB, NULL);
}

static bool some_move(const struct points *p, unsigned steps, uint32_t on,
		      const struct machine_state *m)
{
	struct machine_state next = *m;

	for (unsigned w = 0; w < p->n_offsets; w++) {
		for (unsigned i = 0; i < p->n; i++)
			next.a[i] = p->ctx[i][p->offsets[w] / 4];
		if (!same(p, on, next.a) && shortest(p, steps - 1, on, &next))
			return true;
	}
	if (same(p, on, m->a) || steps < 4)
		return false;
	next = *m;
	for (unsigned i = 0; i < p->n; i++)
		next.x[i] = m->a[i]; /* TAX */
	if (shortest(p, steps - 1, on, &next))
		return true;
	for (unsigned j = 0; j < p->n_pool; j++) { /* TAX and LD #k, one after the other */
		for (unsigned i = 0; i < p->n; i++)
			next.a[i] = p->pool[j];
		if (shortest(p, steps - 2, on, &next))
			return true;
	}
	return false;
}

static void add_constant(struct points *p, uint32_t k)
{
	for (unsigned i = 0; i < p->n_pool; i++) {
		if (p->pool[i] == k)
			return;
	}
	if (p->n_pool < POOL_MAX)
		p->pool[p->n_pool++] = k;
}

/* Whether some program of at most STEPS instructions on its worst path decides the points ON. */
static bool shortest(const struct points *p, unsigned steps, uint32_t on,
		     const struct machine_state *m)
{
	bool known = same(p, on, m->a);

	if (decided(p, on))
		return steps > 0;
	if (steps < 2)
		return false;
	if (!(known && same(p, on, m->x)) && some_jump(p, steps, on, m))
		return true;
	if (steps < 3)
		return false;
	if (some_move(p, steps, on, m))
		return true;
	return !(known && same(p, on, m->x)) && some_alu(p, steps, on, m);
}

/* The same from the start of a program, for an expression. */
static bool shortest_for(struct points *p, const struct expr *expr, unsigned steps)
{
	struct machine_state m = {0};

	p->truth = 0;
	for (unsigned i = 0; i < p->n; i++)
		p->truth |= (uint32_t)expr_eval(expr, p->ctx[i]) << i;
	return shortest(p, steps, p->n == 32 ? UINT32_MAX : (1U << p->n) - 1, &m);
}

#endif
