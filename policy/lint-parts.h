/* SPDX-License-Identifier: MIT */
/*
 * What the parts of the lints share: lint.c (the policy as they look at it), lint-conditions.c
 * (what never matters), lint-holes.c (ways around a rule) and lint-kernels.c (what some kernels
 * cannot enforce). Nobody else includes this.
 */
#ifndef URING_JAIL_POLICY_LINT_PARTS_H
#define URING_JAIL_POLICY_LINT_PARTS_H

#include "policy/dd.h"
#include "policy/lint.h"
#include "policy/lower.h"
#include "policy/plan.h"

/* What lint() may cost; policy/lint.h says what is left out beyond. */
enum {
	CONDITION_SIZE_MAX = 4096, /* tests and elements of a condition that is examined */
	CONDITIONALS_MAX = 128,	   /* conditional statements of an op that are compared */
	WORK_MAX = 1 << 24,	   /* steps of decision diagrams, all together */
	TRIALS_WORK_MAX = 1 << 20, /* tests and elements that requests of connect are tried on */
};

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

/* Address families, as every architecture numbers them. */
enum { INET = 2, INET6 = 10 };

/* Part of a message; what does not fit is cut. */
struct text {
	char bytes[256];
	size_t size;
};

/* A statement. What policy_is_flag_rule() says is about flags is a statement about flags here. */
struct view {
	const struct statement *statement;
	const struct source *scope; /* the text it is judged in, with all in it; NULL: all */
	enum subject subject;
	enum effect effect;
	struct set members;	 /* ops, register ops, or bits of SQE flags */
	const struct cond *cond; /* NULL: always */
	bool reads_address;	 /* the condition has policy_zero_address_denied() hold */
	bool remarked;		 /* there is a warning about it already */
	bool useless;		 /* it never matters, given those that are not useless */
	dd_node holds[4];	 /* of holds(), by payload; DD_ANY: not known yet */
};

struct lint {
	const struct policy *policy;
	struct diags *diags;
	struct arena arena;
	struct kernel kernel; /* whose filters conditions are lowered for */
	struct view *views;
	size_t nr_views;
	enum op_verdict ops[URING_OPS_MAX];
	struct verdicts verdicts;
	bool some_open;	  /* some op of the table has requests that are allowed */
	bool some_closed; /* some op of the table has requests that are denied */
	struct dd dd;
	uint64_t work; /* steps that diagrams before `dd` took */
};

static inline struct policy lint_policy_of(const struct policy *of, struct statement *statement)
{
	return (struct policy){.arch = of->arch, .first = statement, .last = statement};
}

static inline bool lint_is_rule(const struct view *view)
{
	return view->effect == EFFECT_ALLOW || view->effect == EFFECT_DENY ||
	       view->effect == EFFECT_REQUIRE;
}

/* Whether the view is a statement about this op, register op or flag. */
static inline bool lint_is_about(const struct view *view, enum subject subject, unsigned op)
{
	return view->subject == subject && lint_is_rule(view) && set_has(&view->members, op);
}

static inline unsigned lint_set_size(const struct set *set)
{
	unsigned n = 0;

	for (int i = 0; i < 4; i++)
		n += (unsigned)__builtin_popcountll(set->word[i]);
	return n;
}

static inline enum payload lint_payload_of(unsigned op)
{
	const struct row *row = table_row(&op_table, op);

	return row ? row->payload : PAYLOAD_NONE;
}

/* The tests of a condition, and the elements of their sets. */
static inline size_t lint_size_of(const struct cond *cond)
{
	if (!cond)
		return 0;
	if (cond->kind == COND_TEST)
		return 1 + cond->test.nr_elements;
	return lint_size_of(cond->left) + lint_size_of(cond->right);
}

/* Adds to a text. */
void lint_append(struct text *text, const char *format, ...) __attribute__((format(printf, 2, 3)));

/* An op, a register op, or the bit of an SQE flag. */
void lint_append_name(struct text *text, enum subject subject, unsigned n);

/* "read", "read and readv", "read, readv and 7 more" */
void lint_append_list(struct text *text, enum subject subject, const struct set *set);

/* lint-conditions.c */

/* Warns of conditions that are always true or false, and of statements that never matter. */
void lint_conditions(struct lint *lint);

/* lint-holes.c */

/* Warns of ops that do what another one is denied, and of other forms of a denied address. */
void lint_holes(struct lint *lint);

/* lint-kernels.c */

/* Notes what some kernels cannot enforce. */
void lint_kernels(struct lint *lint);

#endif
