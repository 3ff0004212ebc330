/* SPDX-License-Identifier: MIT */
#include "policy/codegen.h"
#include "policy/partition.h"
#include "tests/unit/exprs.h"
#include "tests/unit/shortest.h"

#include <criterion/criterion.h>
#include <stdio.h>
#include <string.h>

/* What the program for EXPR, which is consumed, looks like. */
static void list(struct expr *expr, struct expr *assume, struct bpf_program *prog,
		 struct codegen_stats *stats, char *text, size_t size)
{
	size_t len = 0;

	cr_assert_eq(codegen_compile(expr, assume, prog, stats), CODEGEN_OK);
	cr_assert_eq(bpf_validate(prog->insns, prog->len, NULL), BPF_VALID);
	cr_assert_eq(prog->len, stats->total);
	*text = '\0';
	for (size_t pc = 0; pc < prog->len && len + BPF_TEXT_MAX < size; pc++) {
		len += bpf_format(text + len, size - len, prog->insns, prog->len, pc, -1, NULL);
		len += snprintf(text + len, size - len, "\n");
	}
	arena_destroy(&scratch);
}

#define GOLDEN(id, name, tree, known, why, total, worst, listing)                                  \
	static struct expr *expr_##id(void)                                                        \
	{                                                                                          \
		return tree;                                                                       \
	}                                                                                          \
	static struct expr *assume_##id(void)                                                      \
	{                                                                                          \
		return known;                                                                      \
	}
#include "tests/unit/golden.def"
#undef GOLDEN

static const struct {
	const char *name;
	struct expr *(*expr)(void), *(*assume)(void);
	unsigned total, worst;
	const char *listing;
} goldens[] = {
#define GOLDEN(id, name, tree, known, why, total, worst, listing)                                  \
	{name, expr_##id, assume_##id, total, worst, listing},
#include "tests/unit/golden.def"
#undef GOLDEN
};

Test(codegen, golden)
{
	for (size_t i = 0; i < sizeof(goldens) / sizeof(*goldens); i++) {
		struct bpf_program prog = {0};
		struct codegen_stats stats;
		char text[4096];
		list(goldens[i].expr(), goldens[i].assume(), &prog, &stats, text, sizeof(text));
		cr_expect_str_eq(text, goldens[i].listing, "%s:\n%s", goldens[i].name, text);
		cr_expect_eq(stats.total, goldens[i].total, "%s", goldens[i].name);
		cr_expect_eq(stats.worst, goldens[i].worst, "%s", goldens[i].name);
		bpf_program_destroy(&prog);
	}
}

static unsigned worst_of(struct expr *expr)
{
	struct bpf_program prog = {0};
	struct codegen_stats stats;

	cr_assert_eq(codegen_compile(expr, NULL, &prog, &stats), CODEGEN_OK);
	bpf_program_destroy(&prog);
	return stats.worst;
}

/* All 256 sets of the values 0 to 7: no program with a shorter worst path decides a few contexts. */
Test(codegen, exhaustive, .timeout = 120)
{
	static const uint32_t values[] = {
		0,	    1,		2,	    3,	       4,	  5,	      6,
		7,	    8,		9,	    10,	       11,	  12,	      13,
		14,	    15,		16,	    17,	       31,	  32,	      64,
		128,	    256,	4097,	    65536,     0x1000000, 0x20000003, 0x7fffffff,
		0x80000000, 0x80000005, 0xfffffff0, UINT32_MAX};
	struct points p = {.n = 32, .offsets = {16}, .n_offsets = 1};
	unsigned longer = 0;

	for (uint32_t k = 0; k <= 8; k++) {
		add_constant(&p, k);
		add_constant(&p, ~k);
	}

	for (unsigned i = 0; i < p.n; i++)
		p.ctx[i][4] = values[i];
	for (unsigned set = 0; set < 256; set++) {
		struct expr *expr = expr_new(&scratch, EXPR_OR);
		unsigned worst;
		for (unsigned value = 0; value < 8; value++) {
			if (set >> value & 1)
				expr = expr_add(&scratch, expr, EQ(16, value));
		}
		worst = worst_of(expr);
		if (shortest_for(&p, expr, worst - 1)) {
			cr_log_warn("set %#x: worst path %u", set, worst);
			longer++;
		}
		arena_destroy(&scratch);
	}
	cr_expect_eq(longer, 0, "%u sets", longer);
}

/* The same for two words of two bits, and for what conditions on them may look like. */
Test(codegen, exhaustive_words, .timeout = 120)
{
	struct points p = {.n = 16, .offsets = {16, 20}, .n_offsets = 2};
	struct expr *exprs[] = {
		AND(EQ(16, 1), EQ(20, 2)),
		OR(EQ(16, 1), EQ(20, 2)),
		AND(EQ(16, 1), NOT(EQ(20, 2))),
		AND(NOT(EQ(16, 0)), NOT(EQ(20, 0))),
		OR(AND(EQ(16, 1), EQ(20, 2)), AND(NOT(EQ(16, 1)), EQ(20, 1))),
		OR(AND(EQ(16, 1), EQ(20, 1)), AND(EQ(16, 2), EQ(20, 2))),
		OR(AND(ANY_BIT(16, 2), EQ(20, 1)), AND(MASKED(16, 2, 0), NOT(EQ(20, 1)))),
		AND(RANGE(16, 1, 2), RANGE(20, 1, 2)),
	};

	for (uint32_t k = 0; k <= 3; k++) {
		add_constant(&p, k);
		add_constant(&p, ~k);
	}
	for (unsigned i = 0; i < 16; i++) {
		p.ctx[i][4] = i % 4;
		p.ctx[i][5] = i / 4;
	}
	for (size_t i = 0; i < sizeof(exprs) / sizeof(*exprs); i++) {
		struct expr *small = AND(RANGE(16, 0, 3), RANGE(20, 0, 3));
		struct bpf_program prog = {0};
		struct codegen_stats stats;
		cr_assert_eq(codegen_compile(exprs[i], small, &prog, &stats), CODEGEN_OK);
		cr_expect_not(shortest_for(&p, exprs[i], stats.worst - 1), "%zu: %u", i,
			      stats.worst);
		bpf_program_destroy(&prog);
	}
	arena_destroy(&scratch);
}

/* Random numbers that are the same everywhere (xorshift64). */
static uint64_t state;

static uint32_t random_word(void)
{
	state ^= state << 13;
	state ^= state >> 7;
	state ^= state << 17;
	return state >> 16;
}

static uint32_t below(uint32_t n)
{
	return random_word() % n;
}

static uint32_t random_value(void)
{
	switch (below(6)) {
	case 0:
		return below(4);
	case 1:
		return below(40);
	case 2:
		return 1U << below(32);
	case 3:
		return random_word();
	case 4:
		return (1U << below(32)) - 1;
	default:
		return below(65536);
	}
}

/* The limits of the atoms, as the words that they are compared with: where errors would be. */
static uint32_t limits[4096];
static size_t n_limits;

static void add_limit(uint32_t value, unsigned order)
{
	if (order == EXPR_SWAP16)
		value = __builtin_bswap16(value);
	else if (order == EXPR_SWAP32)
		value = __builtin_bswap32(value);
	if (n_limits < sizeof(limits) / sizeof(*limits))
		limits[n_limits++] = value;
}

static struct expr *random_atom(unsigned words)
{
	unsigned offset = 16 + 4 * below(words), order = below(4) ? EXPR_HOST : below(3);
	uint32_t mask = UINT32_MAX, lo = random_value(), hi;

	switch (below(5)) {
	case 0:
		mask = random_value();
		break;
	case 1:
		mask = UINT32_MAX << below(32);
		break;
	case 2:
		mask = 0xf;
		break;
	}
	mask = mask ? mask : 1;
	lo = below(3) ? lo & mask : lo;
	hi = below(3) == 0 ? random_value() : below(3) == 0 ? lo + below(20) : lo;
	add_limit(lo, order);
	add_limit(hi, order);
	return expr_atom(&scratch, offset, order, mask, lo < hi ? lo : hi, lo < hi ? hi : lo);
}

static struct expr *random_expr(unsigned depth, unsigned words)
{
	unsigned kind = below(12);
	struct expr *expr;

	if (depth == 0 || kind < 3)
		return below(40) ? random_atom(words)
				 : expr_new(&scratch, below(2) ? EXPR_TRUE : EXPR_FALSE);
	if (kind < 5)
		return NOT(random_expr(depth - 1, words));
	expr = expr_new(&scratch, kind & 1 ? EXPR_AND : EXPR_OR);
	for (unsigned n = below(5); n > 0; n--)
		expr = expr_add(&scratch, expr, random_expr(depth - 1, words));
	return expr;
}

static void random_context(uint32_t ctx[BPF_CTX_WORDS])
{
	for (unsigned i = 0; i < BPF_CTX_WORDS; i++) {
		ctx[i] = n_limits && below(4) ? limits[below(n_limits)] + below(3) - 1
					      : random_value();
		if (below(8) == 0)
			ctx[i] ^= 1U << below(32);
	}
}

/* Compares the program for EXPR with EXPR itself. Returns the contexts where ASSUME holds. */
static unsigned compare(const struct expr *expr, const struct expr *assume, unsigned contexts)
{
	struct bpf_program prog = {0};
	struct codegen_stats stats;
	unsigned pairs = 0;

	cr_assert_eq(codegen_compile(expr, assume, &prog, &stats), CODEGEN_OK);
	cr_assert_eq(bpf_validate(prog.insns, prog.len, NULL), BPF_VALID);
	cr_assert_eq(bpf_worst_path(prog.insns, prog.len), stats.worst);
	while (contexts-- > 0) {
		uint32_t ctx[BPF_CTX_WORDS];
		struct bpf_trace trace;
		random_context(ctx);
		if (assume && !expr_eval(assume, ctx))
			continue;
		pairs++;
		cr_assert_eq(bpf_run(prog.insns, prog.len, ctx, &trace), expr_eval(expr, ctx));
		cr_assert_not(trace.wide_shift);
		cr_assert_leq(trace.steps, stats.worst);
	}
	bpf_program_destroy(&prog);
	return pairs;
}

/* SEED=N and EXPRS=N choose others. */
Test(codegen, differential, .timeout = 600)
{
	const char *seed_text = getenv("SEED"), *exprs_text = getenv("EXPRS");
	uint64_t seed = seed_text ? strtoull(seed_text, NULL, 0) : 20261121;
	unsigned exprs = exprs_text ? strtoul(exprs_text, NULL, 0) : 500;
	unsigned pairs = 0;

	for (unsigned i = 0; i < exprs; i++) {
		unsigned words;
		struct expr *expr, *assume;
		state = seed * UINT64_C(0x9e3779b97f4a7c15) + i * 7919 + 1;
		random_word();
		n_limits = 0;
		words = 1 + below(4);
		expr = random_expr(1 + below(3), words);
		assume = below(4) ? NULL : random_expr(1, words);
		cr_assert(expr);
		pairs += compare(expr, assume, 2600);
		arena_destroy(&scratch);
	}
	fprintf(stderr, "codegen differential: seed %llu, %u expressions, %u pairs\n",
		(unsigned long long)seed, exprs, pairs);
	cr_expect(exprs != 500 || pairs > 1000000, "%u pairs", pairs);
}

/* The constants and words of the atoms, and what one might compute from them. */
static void add_pool(struct points *p, const struct expr *expr)
{
	const struct expr_atom *a = &expr->atom;
	bool known = false;

	for (size_t i = 0; i < expr->n; i++)
		add_pool(p, expr->kids[i]);
	if (expr->kind != EXPR_ATOM)
		return;
	for (unsigned i = 0; i < p->n_offsets; i++)
		known |= p->offsets[i] == a->offset;
	if (!known)
		p->offsets[p->n_offsets++] = a->offset;
	for (unsigned i = 0; i < 2; i++) {
		uint32_t v = i ? a->hi : a->lo;
		add_limit(v, a->order);
		if (a->order == EXPR_SWAP16)
			v = __builtin_bswap16(v);
		else if (a->order == EXPR_SWAP32)
			v = __builtin_bswap32(v);
		add_constant(p, v);
		add_constant(p, v - 1);
		add_constant(p, v + 1);
		add_constant(p, ~v);
		add_constant(p, a->mask & ~v);
	}
	add_constant(p, a->order == EXPR_SWAP32 ? __builtin_bswap32(a->mask) : a->mask);
	add_constant(p, ~a->mask);
}

static bool is_new(const struct points *p, const uint32_t ctx[BPF_CTX_WORDS])
{
	for (unsigned i = 0; i < p->n; i++) {
		unsigned same = 0;
		for (unsigned j = 0; j < p->n_offsets; j++)
			same += p->ctx[i][p->offsets[j] / 4] == ctx[p->offsets[j] / 4];
		if (same == p->n_offsets)
			return false;
	}
	return true;
}

/* Random contexts about the limits, or one bit off; half of them true if there are so many. */
static void add_points(struct points *p, const struct expr *expr, const struct expr *assume)
{
	unsigned n[2] = {0};

	for (unsigned tries = 0; tries < 100000 && p->n < POINTS_MAX; tries++) {
		uint32_t *ctx = p->ctx[p->n];
		bool value, late = tries > 50000;
		random_context(ctx);
		for (unsigned i = 0; i < p->n_offsets; i++) {
			if (below(2))
				ctx[p->offsets[i] / 4] =
					limits[below(n_limits)] ^ 1U << below(below(2) ? 5 : 32);
		}
		value = expr_eval(expr, ctx);
		if ((assume && !expr_eval(assume, ctx)) || !is_new(p, ctx) ||
		    (n[value] >= POINTS_MAX / 2 && !late))
			continue;
		n[value]++;
		p->n++;
	}
}

/* No shorter worst path for the golden programs either, as far as that can be tried in time. */
Test(codegen, exhaustive_golden, .timeout = 300)
{
	unsigned tried = 0;

	for (size_t i = 0; i < sizeof(goldens) / sizeof(*goldens); i++) {
		struct expr *expr = goldens[i].expr(), *assume = goldens[i].assume();
		struct points p = {0};
		n_limits = 0;
		state = 7;
		add_constant(&p, 1);
		add_constant(&p, 8);
		add_constant(&p, 16);
		add_pool(&p, expr);
		if (p.n_offsets <= 2 && goldens[i].worst <= 5) {
			add_points(&p, expr, assume);
			cr_expect_not(shortest_for(&p, expr, goldens[i].worst - 1), "%s",
				      goldens[i].name);
			tried++;
		}
		arena_destroy(&scratch);
	}
	fprintf(stderr, "codegen exhaustive: %u golden programs\n", tried);
	cr_expect_geq(tried, 20);
}

/* N networks, of LENGTH bits or, if 0, of 8 to 32. HOST: in the order of a big-endian machine. */
static struct expr *networks(unsigned n, unsigned length, bool host)
{
	struct expr *expr = expr_new(&scratch, EXPR_OR);

	while (n-- > 0) {
		unsigned bits = length ? length : 8 + below(25);
		uint32_t mask = UINT64_C(0xffffffff00000000) >> bits, net = random_word() & mask;
		expr = expr_add(&scratch, expr,
				host ? RANGE(ADDR, net, net | ~mask) : CIDR(ADDR, net, bits));
		add_limit(net, host ? EXPR_HOST : EXPR_SWAP32);
		add_limit(net | ~mask, host ? EXPR_HOST : EXPR_SWAP32);
	}
	return expr;
}

/* 2001:db8:X:Y::/64, all of them AND of four words at most. */
static struct expr *networks6(unsigned n)
{
	struct expr *expr = expr_new(&scratch, EXPR_OR);

	while (n-- > 0) {
		uint32_t rest = random_word();
		expr = expr_add(&scratch, expr,
				AND(EQ(ADDR, 0xb80d0120), CIDR(ADDR + 4, rest, 32)));
		add_limit(rest, EXPR_SWAP32);
		add_limit(0x20010db8, EXPR_SWAP32);
	}
	return expr;
}

/* The first N of many networks: sizes, longest paths, and work that grows with N, not with N². */
Test(codegen, networks, .timeout = 120)
{
	static const struct {
		const char *name;
		unsigned n, length;
		bool host, six;
		unsigned total, worst;
		uint64_t work;
	} rows[] = {
		{"1000 ranges", 1000, 0, true, false, 1700, 17, 2000000},
		{"3000 ranges", 3000, 0, true, false, 3000, 20, 3000000},
		{"1000 of 24 bits", 1000, 24, false, false, 1700, 18, 2000000},
		{"3000 of 24 bits", 3000, 24, false, false, 4096, 21, 6000000},
		{"1000 of 8 to 32 bits", 1000, 0, false, false, 3200, 30, 3000000},
		{"3000 of 8 to 32 bits", 3000, 0, false, false, 4096, 300, 20000000},
		{"1000 of IPv6", 1000, 0, false, true, 1800, 20, 3000000},
		{"3000 of IPv6", 3000, 0, false, true, 4096, 24, 6000000},
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		struct bpf_program prog = {0}, again = {0};
		struct codegen_stats stats = {0};
		struct expr *expr;
		unsigned held = 0;
		state = 88172645463325252;
		n_limits = 0;
		expr = rows[i].six ? networks6(rows[i].n)
				   : networks(rows[i].n, rows[i].length, rows[i].host);
		cr_assert_eq(codegen_compile(expr, NULL, &prog, &stats), CODEGEN_OK, "%s",
			     rows[i].name);
		cr_expect_eq(bpf_validate(prog.insns, prog.len, NULL), BPF_VALID);
		cr_expect_leq(stats.total, rows[i].total, "%s: total %u", rows[i].name,
			      stats.total);
		cr_expect_leq(stats.worst, rows[i].worst, "%s: worst %u", rows[i].name,
			      stats.worst);
		cr_expect_leq(stats.work, rows[i].work, "%s: work %llu", rows[i].name,
			      (unsigned long long)stats.work);
		for (unsigned j = 0; j < 5000; j++) {
			uint32_t ctx[BPF_CTX_WORDS], result;
			random_context(ctx);
			if (rows[i].six && below(8))
				ctx[ADDR / 4] = 0xb80d0120;
			result = bpf_run(prog.insns, prog.len, ctx, NULL);
			held += result;
			cr_assert_eq(result, expr_eval(expr, ctx), "%s", rows[i].name);
		}
		cr_expect(held > 500 && held < 4900, "%s: %u", rows[i].name, held);
		cr_assert_eq(codegen_compile(expr, NULL, &again, NULL), CODEGEN_OK);
		cr_expect(again.len == prog.len &&
			  !memcmp(again.insns, prog.insns, prog.len * sizeof(*prog.insns)));
		bpf_program_destroy(&prog);
		bpf_program_destroy(&again);
		arena_destroy(&scratch);
	}
}

/* Every far jump of a large program goes through a trampoline, or to a RET that is near. */
Test(codegen, trampolines)
{
	struct bpf_program prog = {0};
	struct expr *expr;
	unsigned ja = 0, ret = 0;

	state = 1;
	n_limits = 0;
	expr = AND(networks(1500, 24, false), EQ(PORT, 1));
	cr_assert_eq(codegen_compile(expr, NULL, &prog, NULL), CODEGEN_OK);
	for (size_t i = 0; i < prog.len; i++) {
		ja += prog.insns[i].code == (BPF_JMP | BPF_JA);
		ret += BPF_CLASS(prog.insns[i].code) == BPF_RET;
	}
	cr_expect(prog.len > 1500, "%zu", prog.len);
	/* in every 255 instructions at most one of each that jumps from there need */
	cr_expect_leq(ja + ret, 3 * (prog.len / 240 + 1), "%u JA, %u RET", ja, ret);
	cr_expect_gt(ja + ret, 2);
	bpf_program_destroy(&prog);
	arena_destroy(&scratch);
}

/* The states of this grow as 2^30: the work stays bounded, and the parts are tested in turn. */
Test(codegen, no_blow_up, .timeout = 60)
{
	struct expr *expr = expr_new(&scratch, EXPR_OR);
	struct codegen_stats stats;
	struct bpf_program prog = {0};

	for (unsigned bit = 0; bit < 30; bit++)
		expr = expr_add(&scratch, expr,
				AND(ANY_BIT(FLAGS, 1U << bit), ANY_BIT(MODE, 1U << bit)));
	cr_assert_eq(codegen_compile(expr, NULL, &prog, &stats), CODEGEN_OK);
	cr_expect_leq(stats.total, 200, "%u", stats.total);
	cr_expect_leq(stats.worst, 90, "%u", stats.worst); /* atom by atom: 121 */
	cr_expect_leq(stats.work, 2000000, "%llu", (unsigned long long)stats.work);
	state = 5;
	n_limits = 0;
	compare(expr, NULL, 10000);
	bpf_program_destroy(&prog);
	arena_destroy(&scratch);
}

/*
 * Dense sets within 32 values, beside a path that is long anyway: one bit test instead of a tree,
 * which is shorter in all; never a shift by 32 or more, wherever the set starts.
 */
Test(codegen, bit_tests)
{
	static const uint32_t bases[] = {0, 0, 5, 1000, 0x7ffffff0, 0xffffffe0};
	unsigned shifts = 0, folds = 0;

	for (unsigned i = 0; i < 30; i++) {
		uint32_t base = bases[i % 6], bits = 0x96a5a569 ^ 1U << i;
		struct expr *set = expr_new(&scratch, EXPR_OR), *expr, *other;
		struct bpf_program prog = {0};
		n_limits = 0;
		state = i + 1;
		for (unsigned bit = 0; bit < 32; bit++) {
			add_limit(base + bit, EXPR_HOST);
			if (bits >> bit & 1)
				set = expr_add(&scratch, set, EQ(20, base + bit));
		}
		other = AND(EQ(16, 2), EQ(20, base), EQ(24, 1), EQ(28, 2), EQ(32, 3), EQ(36, 4));
		expr = OR(other, AND(EQ(16, 1), set));
		add_limit(1, EXPR_HOST);
		cr_assert_eq(codegen_compile(expr, NULL, &prog, NULL), CODEGEN_OK);
		for (size_t pc = 0; pc < prog.len; pc++) {
			const struct bpf_insn *insn = &prog.insns[pc];
			shifts += insn->code == (BPF_ALU | BPF_LSH | BPF_X);
			folds += insn->code == (BPF_ALU | BPF_AND | BPF_K) && insn->k == 31;
		}
		for (unsigned j = 0; j < 2000; j++) {
			uint32_t ctx[BPF_CTX_WORDS];
			struct bpf_trace trace;
			random_context(ctx);
			ctx[4] = 1 + below(2);
			cr_assert_eq(bpf_run(prog.insns, prog.len, ctx, &trace),
				     expr_eval(expr, ctx));
			cr_assert_not(trace.wide_shift);
		}
		bpf_program_destroy(&prog);
		arena_destroy(&scratch);
	}
	cr_expect_geq(shifts, 10, "%u", shifts);
	cr_expect_geq(folds, 5, "%u", folds);
}

Test(codegen, errors)
{
	static const struct expr_atom bad[] = {
		{40, EXPR_HOST, 1, 0, 0}, {2, EXPR_HOST, 1, 0, 0},  {16, EXPR_HOST, 0, 0, 0},
		{16, 3, 1, 0, 0},	  {16, EXPR_HOST, 1, 1, 0},
	};
	struct bpf_program prog = {0};
	struct codegen_stats stats;
	struct expr *expr, *many;

	for (size_t i = 0; i < sizeof(bad) / sizeof(*bad); i++) {
		const struct expr_atom *a = &bad[i];
		expr = NOT(expr_atom(&scratch, a->offset, a->order, a->mask, a->lo, a->hi));
		cr_expect_eq(codegen_compile(expr, NULL, &prog, NULL), CODEGEN_INVALID, "%zu", i);
		arena_destroy(&scratch);
	}
	expr = expr_new(&scratch, EXPR_NOT);
	cr_expect_eq(codegen_compile(expr, NULL, &prog, NULL), CODEGEN_INVALID);
	arena_destroy(&scratch);
	state = 3;
	n_limits = 0;
	many = networks(6000, 24, false);
	cr_expect_eq(codegen_compile(many, NULL, &prog, &stats), CODEGEN_TOO_LONG);
	cr_expect_null(prog.insns);
	cr_expect_eq(prog.len, 0);
	arena_destroy(&scratch);
	cr_expect_null(expr_add(&scratch, NULL, expr_new(&scratch, EXPR_TRUE)));
	cr_expect_null(expr_add(&scratch, expr_new(&scratch, EXPR_AND), NULL));
}

/* What nothing satisfies denies; what ASSUME makes true needs no test. */
Test(codegen, assumptions)
{
	struct bpf_program prog = {0};
	struct codegen_stats stats;
	char text[1024];

	list(EQ(16, 2), expr_new(&scratch, EXPR_FALSE), &prog, &stats, text, sizeof(text));
	cr_expect_str_eq(text, " 0: ret #0\n");
	list(RANGE(16, 2, 10), EQ(16, 3), &prog, &stats, text, sizeof(text));
	cr_expect_str_eq(text, " 0: ret #1\n");
	list(AND(EQ(16, 2), NOT(EQ(16, 2))), NULL, &prog, &stats, text, sizeof(text));
	cr_expect_str_eq(text, " 0: ret #0\n");
	list(OR(RANGE(16, 0, 7), RANGE(16, 8, UINT32_MAX)), NULL, &prog, &stats, text,
	     sizeof(text));
	cr_expect_str_eq(text, " 0: ret #1\n");
	bpf_program_destroy(&prog);
}

/* Where two masks have bits in common, what no number is has no cell: there are as many as can be. */
Test(codegen, cells_of_masks_that_overlap)
{
	static const struct atom atoms[] = {
		{4, {FORM_HOST, 0xa}, {2, 8}},
		{4, {FORM_HOST, 0xb}, {1, 10}},
	};
	static const uint32_t list[] = {0, 1};
	struct partition p;
	bool there[3][3] = {{false}};
	unsigned cells = 0;

	cr_assert(partition_make(&p, 4, (struct bits){0}, atoms, list, 2));
	for (uint32_t value = 0; value < 16; value++) {
		uint32_t a = value & 0xa, b = value & 0xb;
		bool *seen = &there[(a >= 2) + (a > 8)][(b >= 1) + (b > 10)];
		cells += !*seen;
		*seen = true;
	}
	cr_expect_lt(cells, 9);
	cr_expect_eq(p.n_cells, cells, "%u, not %u", p.n_cells, cells);
}
