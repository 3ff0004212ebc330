// SPDX-License-Identifier: MIT
#include "policy/lint.h"

#include <stdio.h>
#include <string.h>

#include "policy/dd.h"
#include "policy/decide.h"
#include "policy/kernel.h"
#include "policy/lower.h"
#include "policy/plan.h"
#include "policy/uring-abi.h"

/* What lint() may cost; policy/lint.h says what is left out beyond. */
enum {
	CONDITION_SIZE_MAX = 4096, /* tests and elements of a condition that is examined */
	CONDITIONALS_MAX = 128,	   /* conditional statements of an op that are compared */
	WORK_MAX = 1 << 24,	   /* steps of decision diagrams, all together */
	TRIALS_WORK_MAX = 1 << 20, /* tests and elements that requests of connect are tried on */
};

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

enum { INET = 2, INET6 = 10 };

static const struct range nowhere;

/* --- texts of messages */

/* Part of a message; what does not fit is cut. */
struct text {
	char bytes[256];
	size_t size;
};

/* Names that a list has before it only says how many more there are. */
#define LISTED_MAX 5

__attribute__((format(printf, 2, 3))) static void append(struct text *text, const char *format, ...)
{
	size_t room = sizeof(text->bytes) - text->size;
	va_list args;
	int length;

	va_start(args, format);
	length = vsnprintf(text->bytes + text->size, room, format, args);
	va_end(args);
	if (length > 0)
		text->size += (size_t)length < room ? (size_t)length : room - 1;
}

/* An op, a register op, or the bit of an SQE flag. */
static void append_name(struct text *text, enum subject subject, unsigned n)
{
	uint64_t number = subject == SUBJECT_SQE_FLAGS ? UINT64_C(1) << n : n;
	const struct row *row = table_row(policy_table(subject), number);

	if (row)
		append(text, "%s", row->name);
	else
		append(text, "%llu", (unsigned long long)number);
}

static unsigned set_size(const struct set *set)
{
	unsigned n = 0;

	for (int i = 0; i < 4; i++)
		n += (unsigned)__builtin_popcountll(set->word[i]);
	return n;
}

/* "read", "read and readv", "read, readv and 7 more" */
static void append_list(struct text *text, enum subject subject, const struct set *set)
{
	unsigned size = set_size(set), n = 0;

	for (unsigned op = 0; op < URING_OPS_MAX; op++) {
		if (!set_has(set, op))
			continue;
		if (n > 0)
			append(text, n + 1 == size || n == LISTED_MAX ? " and " : ", ");
		if (n == LISTED_MAX && n + 1 < size) {
			append(text, "%u more", size - n);
			return;
		}
		append_name(text, subject, op);
		n++;
	}
}

/* --- the policy as lints look at it */

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

static struct policy policy_of_one(const struct policy *of, struct statement *statement)
{
	return (struct policy){.arch = of->arch, .first = statement, .last = statement};
}

static bool is_about_flags(struct view *view)
{
	const struct statement *s = view->statement;
	uint8_t denied, required, flags = s->sqe_flags;

	if (policy_is_flag_rule(s, &denied, &required)) {
		view->effect = denied ? EFFECT_DENY : EFFECT_REQUIRE;
		flags = denied | required;
	} else if (s->subject != SUBJECT_SQE_FLAGS) {
		return false;
	}
	view->subject = SUBJECT_SQE_FLAGS;
	view->members = (struct set){.word = {flags}};
	view->cond = NULL;
	return true;
}

static struct view view_of(const struct policy *policy, const struct statement *s)
{
	struct statement alone = *s;
	struct policy one = policy_of_one(policy, &alone);
	struct view view = {
		.statement = s,
		.scope = s->where.source && s->where.source->depth ? s->where.source : NULL,
		.subject = s->subject,
		.effect = s->effect,
		.members = s->members,
		.cond = s->cond,
		.holds = {DD_ANY, DD_ANY, DD_ANY, DD_ANY},
	};

	alone.next = NULL;
	if (!is_about_flags(&view))
		view.reads_address = policy_zero_address_denied(&one, URING_OP_CONNECT);
	return view;
}

static bool is_rule(const struct view *view)
{
	return view->effect == EFFECT_ALLOW || view->effect == EFFECT_DENY ||
	       view->effect == EFFECT_REQUIRE;
}

/* Whether the view is a statement about this op, register op or flag. */
static bool is_about(const struct view *view, enum subject subject, unsigned op)
{
	return view->subject == subject && is_rule(view) && set_has(&view->members, op);
}

static bool prepare(struct lint *lint)
{
	size_t n = 0;

	for (const struct statement *s = lint->policy->first; s; s = s->next)
		n++;
	lint->views = arena_alloc(&lint->arena, n * sizeof(*lint->views));
	if (!lint->views) {
		diag_no_memory(lint->diags);
		return false;
	}
	for (const struct statement *s = lint->policy->first; s; s = s->next)
		lint->views[lint->nr_views++] = view_of(lint->policy, s);
	for (unsigned op = 0; op < URING_OPS_MAX; op++)
		lint->ops[op] = lower_op_verdict(lint->policy, op);
	lint->verdicts = policy_verdicts(lint->policy, lint->ops[URING_OP_MSG_RING] == OP_ALLOWED);
	if (lint->verdicts.no_requests)
		for (unsigned op = 0; op < URING_OPS_MAX; op++)
			lint->ops[op] = OP_DENIED;
	for (unsigned op = 0; op < table_known(&op_table); op++) {
		lint->some_open = lint->some_open || lint->ops[op] != OP_DENIED;
		lint->some_closed = lint->some_closed || lint->ops[op] != OP_ALLOWED;
	}
	kernel_newest(&lint->kernel);
	lint->kernel.arch = lint->policy->arch;
	return true;
}

/* --- conditions as decision diagrams */

/* Starts a new diagram: nodes of the one before are void. False when memory runs out. */
static bool renew(struct lint *lint)
{
	static const uint8_t word_at[DD_WORDS] = {0, 1, 2, 3, 4, 5, 6, 7, 8, 9};
	/* Ports and addresses are in network order, and their networks are what makes diagrams big. */
	bool swap = !lint->kernel.big_endian;
	bool swapped[DD_WORDS] = {[5] = swap, swap, swap, swap, swap};

	lint->work += lint->dd.work;
	dd_destroy(&lint->dd);
	if (dd_init(&lint->dd, word_at, swapped))
		return true;
	diag_no_memory(lint->diags);
	return false;
}

/* Whether nothing more may be looked at, or what was looked at last is void. */
static bool exhausted(const struct lint *lint)
{
	return lint->dd.full || lint->work + lint->dd.work > WORK_MAX;
}

/* The tests of a condition, and the elements of their sets. */
static size_t size_of(const struct cond *cond)
{
	if (!cond)
		return 0;
	if (cond->kind == COND_TEST)
		return 1 + cond->test.nr_elements;
	return size_of(cond->left) + size_of(cond->right);
}

static enum payload payload_of(unsigned op)
{
	const struct row *row = table_row(&op_table, op);

	return row ? row->payload : PAYLOAD_NONE;
}

/* One op for all that have its payload, since conditions mean the same for them. */
static unsigned stand_in(enum payload payload)
{
	for (unsigned op = 0;; op++)
		if (payload_of(op) == payload)
			return op;
}

/* Where a policy of one statement with this condition allows requests with the payload. */
static dd_node allowed_by(struct lint *lint, const struct cond *cond, enum effect effect,
			  enum payload payload)
{
	struct statement statement = {.subject = SUBJECT_OP, .effect = effect, .cond = cond};
	struct policy one = policy_of_one(lint->policy, &statement);
	unsigned op = stand_in(payload);
	struct expr *assume = NULL, *expr;
	dd_node node = DD_FALSE;

	set_add(&statement.members, op);
	expr = lower_op(&one, &lint->kernel, op, &assume);
	if (expr && assume)
		node = dd_ite(&lint->dd, dd_expr(&lint->dd, assume), dd_expr(&lint->dd, expr),
			      DD_FALSE);
	else
		diag_no_memory(lint->diags);
	expr_destroy(expr);
	expr_destroy(assume);
	return node;
}

static dd_node both(struct lint *lint, dd_node a, dd_node b)
{
	return dd_ite(&lint->dd, a, b, DD_FALSE);
}

static dd_node either(struct lint *lint, dd_node a, dd_node b)
{
	return dd_ite(&lint->dd, a, DD_TRUE, b);
}

static dd_node except(struct lint *lint, dd_node a, dd_node b)
{
	return dd_ite(&lint->dd, b, DD_FALSE, a);
}

/* --- conditions that are always true, or never */

/* Where a condition may hold and where it may fail: together everywhere, and almost disjoint. */
struct truth {
	dd_node holds, fails;
};

/* Whether a test holds for a request of connect with port and address zero. */
static bool holds_for_zero(const struct lint *lint, const struct cond *test, unsigned family)
{
	struct request zero = {.op = URING_OP_CONNECT, .value = {[FIELD_FAMILY] = family}};

	return cond_holds(test, &zero, lint->policy->arch);
}

/*
 * A statement that reads port or address denies requests that have neither, whether its condition
 * holds for them or not; so for those the condition itself is asked. Where that hangs on the family
 * both is taken for possible.
 */
static struct truth truth_of_test(struct lint *lint, const struct cond *cond, enum payload payload)
{
	struct truth truth = {
		.holds = allowed_by(lint, cond, EFFECT_ALLOW, payload),
		.fails = allowed_by(lint, cond, EFFECT_DENY, payload),
	};
	bool inet = holds_for_zero(lint, cond, INET), inet6 = holds_for_zero(lint, cond, INET6);
	dd_node zero;

	if (payload != PAYLOAD_CONNECT)
		return truth;
	zero = allowed_by(lint, NULL, EFFECT_ALLOW, payload);
	zero = except(lint, except(lint, zero, truth.holds), truth.fails);
	if (inet || inet6)
		truth.holds = either(lint, truth.holds, zero);
	if (!inet || !inet6)
		truth.fails = either(lint, truth.fails, zero);
	return truth;
}

/* A look for conditions that are constant. */
struct search {
	struct lint *lint;
	unsigned payloads; /* of the statement's ops */
	size_t found;
};

static struct truth truth_of_leaf(struct search *search, const struct cond *cond)
{
	struct truth truth = {DD_FALSE, DD_FALSE}, one;

	for (unsigned payload = PAYLOAD_NONE; payload <= PAYLOAD_CONNECT; payload *= 2) {
		if (!(search->payloads & payload))
			continue;
		one = truth_of_test(search->lint, cond, payload);
		truth.holds = either(search->lint, truth.holds, one.holds);
		truth.fails = either(search->lint, truth.fails, one.fails);
	}
	return truth;
}

static struct truth truth_of(struct search *search, const struct cond *cond);

static struct truth truth_of_branch(struct search *search, const struct cond *cond)
{
	struct truth left = truth_of(search, cond->left), right;
	struct lint *lint = search->lint;

	if (cond->kind == COND_NOT)
		return (struct truth){left.fails, left.holds};
	right = truth_of(search, cond->right);
	if (cond->kind == COND_AND)
		return (struct truth){both(lint, left.holds, right.holds),
				      either(lint, left.fails, right.fails)};
	return (struct truth){either(lint, left.holds, right.holds),
			      both(lint, left.fails, right.fails)};
}

/* Warns of the smallest conditions that are constant; what is only so because of them is not. */
static struct truth truth_of(struct search *search, const struct cond *cond)
{
	size_t found_before = search->found;
	struct truth truth;

	if (exhausted(search->lint))
		return (struct truth){DD_TRUE, DD_TRUE};
	truth = cond->kind == COND_TEST ? truth_of_leaf(search, cond)
					: truth_of_branch(search, cond);
	if ((truth.holds != DD_FALSE && truth.fails != DD_FALSE) || search->found > found_before ||
	    exhausted(search->lint) || search->lint->diags->out_of_memory)
		return truth;
	search->found++;
	diag_add(search->lint->diags, SEVERITY_WARNING, cond->where,
		 truth.holds == DD_FALSE ? "this condition is never true: no request meets it"
					 : "this condition is always true: every request meets it");
	return truth;
}

static void lint_constants(struct lint *lint, struct view *view)
{
	struct search search = {.lint = lint};

	if (!view->statement->cond || size_of(view->statement->cond) > CONDITION_SIZE_MAX ||
	    !renew(lint))
		return;
	for (unsigned op = 0; op < URING_OPS_MAX; op++)
		if (set_has(&view->statement->members, op))
			search.payloads |= payload_of(op);
	truth_of(&search, view->statement->cond);
	if (search.found > 0)
		view->remarked = true;
}

/* --- conditions that another statement voids */

/* The first statements that decide about an op whatever the request. */
struct unconditional {
	const struct statement *allow[URING_OPS_MAX], *deny[URING_OPS_MAX];
};

static void find_unconditional(const struct policy *policy, struct unconditional *found)
{
	for (const struct statement *s = policy->first; s; s = s->next) {
		const struct statement **first =
			s->effect == EFFECT_ALLOW ? found->allow : found->deny;

		if (s->subject != SUBJECT_OP || s->cond ||
		    (s->effect != EFFECT_ALLOW && s->effect != EFFECT_DENY))
			continue;
		for (unsigned op = 0; op < URING_OPS_MAX; op++)
			if (set_has(&s->members, op) && !first[op])
				first[op] = s;
	}
}

static bool warn_if_voided(const struct statement *s, const struct unconditional *unconditional,
			   struct diags *diags)
{
	struct set voided = {0};
	struct text ops = {0}, first = {0};
	unsigned op = 0;

	if (s->subject != SUBJECT_OP || s->effect != EFFECT_ALLOW || !s->cond)
		return false;
	for (unsigned i = URING_OPS_MAX; i-- > 0;) {
		if (!set_has(&s->members, i) || !unconditional->allow[i] || unconditional->deny[i])
			continue;
		set_add(&voided, i);
		op = i;
	}
	if (set_size(&voided) == 0)
		return false;
	append_list(&ops, SUBJECT_OP, &voided);
	append_name(&first, SUBJECT_OP, op);
	diag_add(diags, SEVERITY_WARNING, s->cond->where,
		 "this condition does not limit %s: another statement allows %s without one; deny "
		 "%s under the opposite condition instead",
		 ops.bytes, set_size(&voided) == 1 ? "it" : "them",
		 set_size(&voided) == 1 ? "it" : "them");
	diag_add(diags, SEVERITY_NOTE, unconditional->allow[op]->where,
		 "%s is allowed here whatever the request", first.bytes);
	return true;
}

void lint_voided(const struct policy *policy, struct diags *diags)
{
	struct unconditional unconditional = {0};

	find_unconditional(policy, &unconditional);
	for (const struct statement *s = policy->first; s; s = s->next)
		warn_if_voided(s, &unconditional, diags);
}

/* Likewise, and notes which statements need no further warning. */
static void lint_voided_views(struct lint *lint)
{
	struct unconditional unconditional = {0};

	find_unconditional(lint->policy, &unconditional);
	for (size_t i = 0; i < lint->nr_views; i++)
		if (warn_if_voided(lint->views[i].statement, &unconditional, lint->diags))
			lint->views[i].remarked = true;
}

/* --- statements that never matter */

/* What a statement can say about an op or flag. */
enum saying {
	SAYS_ALLOW,
	SAYS_ALLOW_IF,
	SAYS_DENY,
	SAYS_DENY_IF,
	SAYS_REQUIRE,	/* a flag, which is allowed thereby */
	SAYS_DENY_LACK, /* of a flag, which it does not allow: deny @all if not sqe_flags & async */
	SAYINGS
};

/* How many statements of a text say what about each op, register op and flag. */
struct counts {
	unsigned n[SUBJECTS][SAYINGS][URING_OPS_MAX];
	unsigned allows[SUBJECTS]; /* statements */
	unsigned defaults[SUBJECTS];
	unsigned readers; /* statements that read the port or address of a connect */
};

static enum saying saying_of(const struct view *view)
{
	if (view->effect == EFFECT_ALLOW)
		return view->cond ? SAYS_ALLOW_IF : SAYS_ALLOW;
	if (view->effect == EFFECT_DENY)
		return view->cond ? SAYS_DENY_IF : SAYS_DENY;
	return view->statement->effect == EFFECT_DENY ? SAYS_DENY_LACK : SAYS_REQUIRE;
}

/* Adds a statement to the counts, or with -1 takes it away again. */
static void count(struct counts *counts, const struct view *view, int step)
{
	unsigned *n;

	if (!is_rule(view)) {
		counts->defaults[view->subject] += (unsigned)step;
		return;
	}
	n = counts->n[view->subject][saying_of(view)];
	for (unsigned op = 0; op < URING_OPS_MAX; op++)
		if (set_has(&view->members, op))
			n[op] += (unsigned)step;
	if (view->effect == EFFECT_ALLOW)
		counts->allows[view->subject] += (unsigned)step;
	if (view->reads_address)
		counts->readers += (unsigned)step;
}

/* Whether a statement stands in the text or in one that is included there. */
static bool is_within(const struct view *view, const struct source *scope)
{
	const struct source *source = view->statement->where.source;

	while (scope && source && source != scope)
		source = source->included ? source->included->source : NULL;
	return !scope || source == scope;
}

static void count_all(const struct lint *lint, const struct source *scope, struct counts *counts)
{
	*counts = (struct counts){0};
	for (size_t i = 0; i < lint->nr_views; i++)
		if (!lint->views[i].useless && is_within(&lint->views[i], scope))
			count(counts, &lint->views[i], 1);
}

/*
 * Where a statement's condition holds, requests of connect apart that are denied anyway since
 * statements read their port and address and both are zero.
 */
static dd_node holds(struct lint *lint, struct view *view, unsigned op)
{
	enum payload payload = payload_of(op);
	dd_node *known = &view->holds[__builtin_ctz(payload)];

	if (*known == DD_ANY)
		*known = size_of(view->cond) > CONDITION_SIZE_MAX
				 ? DD_FALSE
				 : allowed_by(lint, view->cond, EFFECT_ALLOW, payload);
	return *known;
}

/* Whether a condition has something to say that no other statement about the op does. */
static bool adds_something(struct lint *lint, const struct counts *counts, struct view *view,
			   unsigned op)
{
	const unsigned(*n)[URING_OPS_MAX] = counts->n[SUBJECT_OP];
	unsigned others = n[view->effect == EFFECT_DENY ? SAYS_DENY_IF : SAYS_ALLOW_IF][op] - 1;
	dd_node rest;

	/* Without others that allow it under a condition the op would be left to the default. */
	if (others == 0 || n[SAYS_DENY_IF][op] + n[SAYS_ALLOW_IF][op] > CONDITIONALS_MAX ||
	    size_of(view->cond) > CONDITION_SIZE_MAX)
		return true;
	rest = holds(lint, view, op);
	for (size_t i = 0; i < lint->nr_views && rest != DD_FALSE && !exhausted(lint); i++) {
		struct view *other = &lint->views[i];

		if (other == view || other->useless || !other->cond ||
		    !is_about(other, SUBJECT_OP, op) || !is_within(other, view->scope))
			continue;
		if (other->effect == EFFECT_DENY || view->effect == EFFECT_ALLOW)
			rest = except(lint, rest, holds(lint, other, op));
	}
	return rest != DD_FALSE || exhausted(lint) || lint->diags->out_of_memory;
}

/* Whether requests for the op would be decided otherwise, or for another reason, without it. */
static bool matters_for(struct lint *lint, const struct counts *counts, struct view *view,
			unsigned op)
{
	const unsigned(*n)[URING_OPS_MAX] = counts->n[view->subject];
	enum saying saying = saying_of(view);

	if (saying == SAYS_REQUIRE)
		return n[SAYS_REQUIRE][op] == 1;
	if (saying == SAYS_DENY_LACK)
		return n[SAYS_REQUIRE][op] + n[SAYS_DENY_LACK][op] == 1;
	if (n[SAYS_DENY][op] > (saying == SAYS_DENY))
		return false;
	if (view->reads_address && op == URING_OP_CONNECT && counts->readers == 1)
		return true;
	if (view->effect == EFFECT_ALLOW &&
	    (n[SAYS_ALLOW][op] > (saying == SAYS_ALLOW) || n[SAYS_REQUIRE][op] > 0))
		return false;
	return !view->cond || adds_something(lint, counts, view, op);
}

static bool matters(struct lint *lint, const struct counts *counts, struct view *view)
{
	enum subject subject = view->subject;

	/* The first statement that allows anything has the default be deny. */
	if (view->effect == EFFECT_ALLOW && counts->defaults[subject] == 0 &&
	    counts->allows[subject] == 1)
		return true;
	if (view->statement->proposals)
		return true;
	for (unsigned op = 0; op < URING_OPS_MAX; op++)
		if (set_has(&view->members, op) && matters_for(lint, counts, view, op))
			return true;
	return false;
}

/*
 * From the last statement to the first, so that of two that say the same the later one is found;
 * those found do not count any more, so that all of them can be left out together.
 */
static void find_useless(struct lint *lint, struct counts *counts)
{
	const struct source *scope = NULL;

	count_all(lint, scope, counts);
	for (size_t i = lint->nr_views; i-- > 0;) {
		struct view *view = &lint->views[i];

		if (!is_rule(view) || view->remarked)
			continue;
		if (view->scope != scope)
			count_all(lint, view->scope, counts);
		scope = view->scope;
		if (matters(lint, counts, view))
			continue;
		view->useless = true;
		count(counts, view, -1);
	}
}

/* Whether what a statement says of an op is said, or overruled, by another without a condition. */
static bool settles(const struct view *other, const struct view *view)
{
	switch (saying_of(other)) {
	case SAYS_DENY:
		return view->effect != EFFECT_REQUIRE;
	case SAYS_ALLOW:
		return view->effect == EFFECT_ALLOW;
	case SAYS_REQUIRE:
		return view->effect != EFFECT_DENY;
	case SAYS_DENY_LACK:
		return saying_of(view) == SAYS_DENY_LACK;
	default:
		return false;
	}
}

/* The first statement that settles what a useless one says of an op, denials before others. */
static const struct view *settler(const struct lint *lint, const struct view *view, unsigned op)
{
	const struct view *found = NULL;

	for (size_t i = 0; i < lint->nr_views; i++) {
		const struct view *other = &lint->views[i];

		if (other->useless || !is_about(other, view->subject, op) ||
		    !is_within(other, view->scope) || !settles(other, view))
			continue;
		if (other->effect == EFFECT_DENY)
			return other;
		found = found ? found : other;
	}
	return found;
}

static const char *why_useless(const struct lint *lint, const struct view *view)
{
	unsigned denied = 0, others = 0, unknown = 0;

	if (view->effect == EFFECT_DENY)
		return "other statements deny all of it, too; leave it out";
	if (view->effect == EFFECT_REQUIRE)
		return "another statement requires all of it, too; leave it out";
	for (unsigned op = 0; op < URING_OPS_MAX; op++) {
		const struct view *by;

		if (!set_has(&view->members, op))
			continue;
		by = settler(lint, view, op);
		*(!by ? &unknown : by->effect == EFFECT_DENY ? &denied : &others) += 1;
	}
	if (others + unknown == 0)
		return "other statements deny all of it; leave it out, or deny less";
	if (denied + unknown == 0)
		return "other statements allow all of it, too; leave it out";
	return "other statements decide about all of it already; leave it out";
}

static void warn_useless(struct lint *lint, const struct view *view)
{
	const struct view *first = NULL;
	struct text name = {0};
	unsigned op = 0;

	for (; op < URING_OPS_MAX && !first; op++)
		if (set_has(&view->members, op))
			first = settler(lint, view, op);
	diag_add(lint->diags, SEVERITY_WARNING, view->statement->where,
		 "this statement never matters: %s", why_useless(lint, view));
	if (!first)
		return;
	append_name(&name, view->subject, op - 1);
	diag_add(lint->diags, SEVERITY_NOTE, first->statement->where, "%s is %s here", name.bytes,
		 first->effect == EFFECT_DENY	 ? "denied"
		 : first->effect == EFFECT_ALLOW ? "allowed"
						 : "required");
}

static void lint_useless(struct lint *lint)
{
	struct counts *counts = arena_alloc(&lint->arena, sizeof(*counts));

	if (!counts)
		diag_no_memory(lint->diags);
	if (!counts || !renew(lint))
		return;
	find_useless(lint, counts);
	for (size_t i = 0; i < lint->nr_views; i++)
		if (lint->views[i].useless)
			warn_useless(lint, &lint->views[i]);
}

/* --- holes between equivalents */

static const struct {
	enum subject subject;
	const char *ops;
	enum subject others_subject;
	const char *others;
} equivalents[] = {
#define EQUIVALENT(subject, ops, others_subject, others)                                           \
	{SUBJECT_##subject, ops, SUBJECT_##others_subject, others},
#include "policy/equivalent.def"
#undef EQUIVALENT
};

/* The numbers of names with spaces between. */
static struct set named(enum subject subject, const char *names)
{
	struct set set = {0};

	while (*names) {
		size_t size = strcspn(names, " ");
		const struct row *row = table_find(policy_table(subject), names, size);

		if (row)
			set_add(&set, (unsigned)row->number);
		names += size + (names[size] == ' ');
	}
	return set;
}

static bool is_open(const struct lint *lint, enum subject subject, unsigned op)
{
	return subject == SUBJECT_OP ? lint->ops[op] == OP_ALLOWED
				     : set_has(&lint->verdicts.register_ops, op);
}

static struct set open_of(const struct lint *lint, enum subject subject, struct set set)
{
	for (unsigned op = 0; op < URING_OPS_MAX; op++)
		if (set_has(&set, op) && !is_open(lint, subject, op))
			set_remove(&set, op);
	return set;
}

/*
 * The statement by which an op is not open: the first that denies it, else one that limits it. An
 * op that is denied by default has none: what others are allowed then, was chosen.
 */
static const struct view *closer(const struct lint *lint, enum subject subject, unsigned op)
{
	const struct view *found = NULL;

	if (is_open(lint, subject, op))
		return NULL;
	for (size_t i = 0; i < lint->nr_views; i++) {
		const struct view *view = &lint->views[i];

		if (!is_about(view, subject, op) || (view->effect == EFFECT_ALLOW && !view->cond))
			continue;
		if (!view->cond)
			return view;
		found = found ? found : view;
	}
	return found;
}

/* Of these ops those that are not open by the statement alone, or by it as the first. */
static struct set closed_by(const struct lint *lint, const struct view *view, struct set set)
{
	for (unsigned op = 0; op < URING_OPS_MAX; op++)
		if (set_has(&set, op) && closer(lint, view->subject, op) != view)
			set_remove(&set, op);
	return set;
}

/* "read is denied here, but readv and read_fixed, which are open, do the same" */
static void warn_hole(struct lint *lint, const struct view *closer, const struct set *closed,
		      enum subject open_subject, const struct set *open)
{
	bool one_closed = set_size(closed) == 1, one_open = set_size(open) == 1;
	bool denied = !closer->cond;
	struct text here = {0}, there = {0};

	if (closer->subject == SUBJECT_REGISTER)
		append(&here, "the register operation%s ", one_closed ? "" : "s");
	append_list(&here, closer->subject, closed);
	if (open_subject != closer->subject)
		append(&there, "the register operation%s ", one_open ? "" : "s");
	append_list(&there, open_subject, open);
	diag_add(lint->diags, SEVERITY_WARNING, closer->statement->where,
		 "%s %s %s here, but %s, which %s open, %s the same; %s %s, too", here.bytes,
		 one_closed ? "is" : "are", denied ? "denied" : "limited", there.bytes,
		 one_open ? "is" : "are", one_open ? "does" : "do", denied ? "deny" : "limit",
		 one_open ? "it" : "them");
}

static void lint_equivalents(struct lint *lint, size_t row)
{
	enum subject subject = equivalents[row].subject;
	enum subject others_subject = equivalents[row].others_subject;
	struct set ops = named(subject, equivalents[row].ops), closed;
	struct set open = open_of(lint, subject, ops);
	struct set others =
		open_of(lint, others_subject, named(others_subject, equivalents[row].others));
	const struct view *by = NULL;

	for (unsigned op = 0; op < URING_OPS_MAX && !by; op++)
		if (set_has(&ops, op))
			by = closer(lint, subject, op);
	/* Without any request the register operations do nothing. */
	if (!by || !lint->some_open)
		return;
	if (subject == others_subject)
		set_unite(&open, &others);
	else
		open = others;
	closed = closed_by(lint, by, ops);
	/* A register operation has no condition, so it cannot follow the limits of an operation. */
	if (set_size(&open) > 0 && (subject == others_subject || !by->cond))
		warn_hole(lint, by, &closed, others_subject, &open);
}

/* --- ways around a limit on addresses */

/* TCP fast open and datagrams: net/ipv4/tcp.c, tcp_sendmsg_fastopen(); net/socket.c */
static const char carry_addresses[] = "send sendmsg send_zc sendmsg_zc";

/* Whether connect is denied or its addresses are limited; only its family is not enough. */
static const struct view *address_closer(const struct lint *lint)
{
	const struct view *by = closer(lint, SUBJECT_OP, URING_OP_CONNECT);

	if (!by || !by->cond)
		return by;
	for (size_t i = 0; i < lint->nr_views; i++)
		if (lint->views[i].reads_address)
			return &lint->views[i];
	return NULL;
}

static void lint_sends(struct lint *lint)
{
	struct set open = open_of(lint, SUBJECT_OP, named(SUBJECT_OP, carry_addresses));
	const struct view *by = address_closer(lint);
	struct text list = {0};

	if (!by || set_size(&open) == 0)
		return;
	append_list(&list, SUBJECT_OP, &open);
	diag_add(lint->diags, SEVERITY_WARNING, by->statement->where,
		 "connect is %s here, but %s, which %s open, can carry any address (datagrams, TCP "
		 "fast open); deny %s, and send with write",
		 by->cond ? "limited" : "denied", list.bytes, set_size(&open) == 1 ? "is" : "are",
		 set_size(&open) == 1 ? "it" : "them");
}

/* Requests of connect that are tried by both ways to an IPv4 address. */
struct trials {
	uint8_t addresses[32][4];
	size_t nr_addresses;
	uint16_t ports[32];
	size_t nr_ports;
};

static void try_address(struct trials *trials, const uint8_t address[4])
{
	if (trials->nr_addresses < COUNT(trials->addresses))
		memcpy(trials->addresses[trials->nr_addresses++], address, 4);
}

static void try_port(struct trials *trials, uint64_t port)
{
	if (port > 0 && port <= UINT16_MAX && trials->nr_ports < COUNT(trials->ports))
		trials->ports[trials->nr_ports++] = (uint16_t)port;
}

/* Every address and port that a condition speaks of may be the one that makes the difference. */
static void collect_trials(struct trials *trials, const struct cond *cond)
{
	const struct test *test = &cond->test;

	if (cond->kind != COND_TEST) {
		collect_trials(trials, cond->left);
		if (cond->right)
			collect_trials(trials, cond->right);
		return;
	}
	if (test->field == FIELD_PORT) {
		try_port(trials, test->value);
		try_port(trials, test->value + 1);
		try_port(trials, test->value - 1);
	}
	for (size_t i = 0; i < test->nr_elements; i++) {
		if (test->field == FIELD_PORT)
			try_port(trials, test->elements[i].lo);
		if (test->field == FIELD_ADDR && !test->elements[i].network.v6)
			try_address(trials, test->elements[i].network.bytes);
	}
}

/* Adds what the policy says of connect alone, and of no flags. */
static void add_connect(struct lint *lint, struct policy *connect)
{
	bool allows = policy_default_allows(lint->policy, SUBJECT_OP);
	struct statement *s;

	policy_add(connect, lint->diags, nowhere, SUBJECT_OP,
		   allows ? EFFECT_DEFAULT_ALLOW : EFFECT_DEFAULT_DENY);
	for (size_t i = 0; i < lint->nr_views; i++) {
		const struct view *view = &lint->views[i];

		if (!is_about(view, SUBJECT_OP, URING_OP_CONNECT))
			continue;
		s = policy_add(connect, lint->diags, view->statement->where, SUBJECT_OP,
			       view->effect);
		if (!s)
			return;
		set_add(&s->members, URING_OP_CONNECT);
		s->cond = view->cond;
	}
}

static struct decision decide_connect(const struct policy *policy, const uint8_t address[4],
				      uint16_t port, bool mapped)
{
	struct request request = {
		.op = URING_OP_CONNECT,
		.value = {[FIELD_FAMILY] = mapped ? INET6 : INET, [FIELD_PORT] = port},
	};

	if (mapped)
		request.addr[10] = request.addr[11] = 0xff;
	memcpy(request.addr + (mapped ? 12 : 0), address, 4);
	return policy_decide(policy, &request);
}

/* Warns if an IPv4 address is not allowed, but is as a v4-mapped one, by which IPv6 reaches it. */
static bool warn_if_mapped_only(struct lint *lint, const struct policy *connect,
				const uint8_t address[4], uint16_t port)
{
	struct decision plain = decide_connect(connect, address, port, false);
	struct decision mapped = decide_connect(connect, address, port, true);
	struct text ipv4 = {0};

	if (plain.allowed || !mapped.allowed)
		return false;
	append(&ipv4, "%u.%u.%u.%u", address[0], address[1], address[2], address[3]);
	if (plain.reason == REASON_DENY)
		diag_add(lint->diags, SEVERITY_WARNING, plain.statement->where,
			 "this denies %s, but not ::ffff:%s, by which an AF_INET6 socket reaches "
			 "it; deny what is in ::ffff:0:0/96, too",
			 ipv4.bytes, ipv4.bytes);
	else
		diag_add(lint->diags, SEVERITY_WARNING, mapped.statement->where,
			 "this allows ::ffff:%s, by which an AF_INET6 socket reaches %s, which is "
			 "not allowed; add 'and addr not in ::ffff:0:0/96'",
			 ipv4.bytes, ipv4.bytes);
	return true;
}

/* Tries every address with every port, until one makes a warning. */
static void try_mapped(struct lint *lint, const struct policy *connect, const struct trials *trials,
		       size_t size)
{
	size_t work = 0;

	for (size_t i = 0; i < trials->nr_addresses; i++)
		for (size_t j = 0; j < trials->nr_ports; j++) {
			work += size;
			if (work > TRIALS_WORK_MAX ||
			    warn_if_mapped_only(lint, connect, trials->addresses[i],
						trials->ports[j]))
				return;
		}
}

static void lint_mapped(struct lint *lint)
{
	/* 192.0.2.1 is for documentation: no policy speaks of it unless it speaks of all. */
	struct trials trials = {
		.addresses = {{192, 0, 2, 1}}, .nr_addresses = 1, .ports = {1}, .nr_ports = 1};
	struct policy connect = {.arch = lint->policy->arch};
	size_t size = 0;

	if (lint->ops[URING_OP_CONNECT] != OP_CONDITIONAL)
		return;
	add_connect(lint, &connect);
	for (const struct statement *s = connect.first; s; s = s->next) {
		size += 1 + size_of(s->cond);
		if (s->cond)
			collect_trials(&trials, s->cond);
	}
	if (!lint->diags->out_of_memory)
		try_mapped(lint, &connect, &trials, size);
	policy_destroy(&connect);
}

/* --- what some kernels cannot enforce */

/* What some kernels cannot enforce, as an error of plan_compile() without "Linux 7.1". */
struct refusal {
	struct refusal *next;
	struct range where;
	const char *message;
	struct text kernels;
	size_t nr_kernels;
	const char *last; /* of their versions; not in `kernels` yet */
};

static bool same_range(struct range a, struct range b)
{
	return a.source == b.source && a.start == b.start && a.end == b.end;
}

static char *copy(struct lint *lint, const char *text)
{
	size_t size = strlen(text) + 1;
	char *memory = arena_alloc(&lint->arena, size);

	if (!memory)
		diag_no_memory(lint->diags);
	return memory ? memcpy(memory, text, size) : NULL;
}

/* What the list has with that message and place, added if there is none; NULL without memory. */
static struct refusal *find_refusal(struct lint *lint, struct refusal **list, struct range where,
				    const char *message)
{
	while (*list &&
	       !(same_range((*list)->where, where) && strcmp((*list)->message, message) == 0))
		list = &(*list)->next;
	if (!*list) {
		*list = arena_alloc(&lint->arena, sizeof(**list));
		if (!*list) {
			diag_no_memory(lint->diags);
			return NULL;
		}
		(*list)->where = where;
		(*list)->message = copy(lint, message);
		if (!(*list)->message)
			*list = NULL;
	}
	return *list;
}

/* "Linux 7.0, 7.1 and 7.2": the last one is known only when there is no more. */
static void add_kernel(struct lint *lint, struct refusal *refusal, const struct kernel *kernel)
{
	if (refusal->last)
		append(&refusal->kernels, "%s%s", refusal->nr_kernels > 1 ? ", " : "",
		       refusal->last);
	refusal->last = copy(lint, kernel->version);
	refusal->nr_kernels++;
}

static void refuse(struct lint *lint, struct refusal **list, const struct kernel *kernel,
		   struct range where, const char *message)
{
	struct text start = {0};
	struct refusal *refusal;

	append(&start, "Linux %s ", kernel->version);
	if (strncmp(message, start.bytes, start.size) == 0)
		message += start.size;
	refusal = find_refusal(lint, list, where, message);
	if (refusal)
		add_kernel(lint, refusal, kernel);
}

static bool add_copy(struct lint *lint, struct policy *to, const struct statement *statement)
{
	struct statement *s = policy_add(to, lint->diags, statement->where, statement->subject,
					 statement->effect);

	if (!s)
		return false;
	*s = *statement;
	s->next = NULL;
	return true;
}

/*
 * The policy without conditions, where what they limit is denied: what stands against the whole of
 * it on some kernel is the same, and it takes no time to compile.
 */
static bool add_unconditional(struct lint *lint, struct policy *policy)
{
	struct statement all = {.subject = SUBJECT_OP, .effect = EFFECT_DEFAULT_ALLOW};
	struct statement closed = {.subject = SUBJECT_OP, .effect = EFFECT_DENY};
	bool done = add_copy(lint, policy, &all);

	for (unsigned op = 0; op < URING_OPS_MAX; op++)
		if (lint->ops[op] != OP_ALLOWED)
			set_add(&closed.members, op);
	done = done && add_copy(lint, policy, &closed);
	for (size_t i = 0; i < lint->nr_views && done; i++)
		if (lint->views[i].subject != SUBJECT_OP)
			done = add_copy(lint, policy, lint->views[i].statement);
	return done;
}

static void refuse_policy(struct lint *lint, struct refusal **list, const struct policy *policy,
			  const struct kernel *kernel)
{
	struct diags diags = {0};
	struct plan plan;

	plan_compile(policy, kernel, (struct plan_options){0}, &plan, &diags);
	plan_destroy(&plan);
	if (diags.out_of_memory)
		diag_no_memory(lint->diags);
	for (const struct diag *diag = diags.first; diag; diag = diag->next)
		if (diag->severity == SEVERITY_ERROR)
			refuse(lint, list, kernel, diag->where, diag->message);
	diags_destroy(&diags);
}

/* Conditions on fields that the kernel's filters do not see. */
static void refuse_fields(struct lint *lint, struct refusal **list, const struct kernel *kernel)
{
	for (unsigned op = 0; op < kernel->nr_ops; op++) {
		enum payload payload = payload_of(op);
		const struct cond *test = NULL;
		struct text message = {0}, name = {0};

		if (lint->ops[op] == OP_CONDITIONAL &&
		    kernel_size(kernel, payload) < kernel_size_wanted(payload))
			test = lower_payload_test(lint->policy, op);
		if (!test)
			continue;
		append_name(&name, SUBJECT_OP, op);
		append(&message,
		       "cannot enforce this for %s: filters there do not see this field "
		       "(--unsupported=deny denies all of %s)",
		       name.bytes, name.bytes);
		refuse(lint, list, kernel, test->where, message.bytes);
	}
}

static void note_kernels(struct lint *lint)
{
	struct policy unconditional = {.arch = lint->policy->arch};
	struct refusal *list = NULL;
	struct kernel kernel;

	if (add_unconditional(lint, &unconditional))
		for (size_t i = 0; kernel_at(i, &kernel); i++) {
			refuse_policy(lint, &list, &unconditional, &kernel);
			refuse_fields(lint, &list, &kernel);
		}
	for (const struct refusal *r = list; r; r = r->next)
		diag_add(lint->diags, SEVERITY_NOTE, r->where, "Linux %s%s%s %s", r->kernels.bytes,
			 r->nr_kernels > 1 ? " and " : "", r->last ? r->last : "", r->message);
	policy_destroy(&unconditional);
}

/* --- all of them */

static void note_system_calls(struct lint *lint)
{
	if (lint->some_closed)
		diag_add(lint->diags, SEVERITY_NOTE, nowhere,
			 "only io_uring is restricted: what this denies stays open through plain "
			 "system calls, unless seccomp denies those");
}

void lint(const struct policy *policy, struct diags *diags)
{
	struct lint lint = {.policy = policy, .diags = diags};

	if (prepare(&lint)) {
		lint_voided_views(&lint);
		for (size_t i = 0; i < lint.nr_views && lint.work < WORK_MAX; i++)
			lint_constants(&lint, &lint.views[i]);
		lint_useless(&lint);
		for (size_t row = 0; row < COUNT(equivalents); row++)
			lint_equivalents(&lint, row);
		lint_sends(&lint);
		lint_mapped(&lint);
		note_kernels(&lint);
		note_system_calls(&lint);
	}
	dd_destroy(&lint.dd);
	arena_destroy(&lint.arena);
}
