// SPDX-License-Identifier: MIT
#include <string.h>

#include "policy/decide.h"
#include "policy/lint-parts.h"

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

/* One op for all that have its payload, since conditions mean the same for them. */
static unsigned stand_in(enum payload payload)
{
	for (unsigned op = 0;; op++)
		if (lint_payload_of(op) == payload)
			return op;
}

/* Where a policy of one statement with this condition allows requests with the payload. */
static dd_node allowed_by(struct lint *lint, const struct cond *cond, enum effect effect,
			  enum payload payload)
{
	struct statement statement = {.subject = SUBJECT_OP, .effect = effect, .cond = cond};
	struct policy one = lint_policy_of(lint->policy, &statement);
	unsigned op = stand_in(payload);
	struct expr *assume = NULL, *expr;
	struct arena arena = {0};
	dd_node node = DD_FALSE;
	struct rules *rules;

	set_add(&statement.members, op);
	rules = lower_rules(&one, &statement.members, &arena);
	expr = rules ? lower_op(&rules[op], effect == EFFECT_DENY, &lint->kernel, &arena, &assume)
		     : NULL;
	if (expr && assume)
		node = dd_ite(&lint->dd, dd_expr(&lint->dd, assume), dd_expr(&lint->dd, expr),
			      DD_FALSE);
	else
		diag_no_memory(lint->diags);
	arena_destroy(&arena);
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

static void warn_constant(struct lint *lint, struct view *view)
{
	struct search search = {.lint = lint};

	if (!view->statement->cond || lint_size_of(view->statement->cond) > CONDITION_SIZE_MAX ||
	    !renew(lint))
		return;
	for (unsigned op = 0; op < URING_OPS_MAX; op++)
		if (set_has(&view->statement->members, op))
			search.payloads |= lint_payload_of(op);
	truth_of(&search, view->statement->cond);
	if (search.found > 0)
		view->remarked = true;
}

/* --- conditions that another statement voids */

/* The ops that a statement decides about whatever the request. */
struct unconditional {
	struct set allowed, denied;
};

static bool is_unconditional(const struct statement *s, enum effect effect)
{
	return s->subject == SUBJECT_OP && !s->cond && s->effect == effect;
}

static struct unconditional find_unconditional(const struct policy *policy)
{
	struct unconditional found = {0};

	for (const struct statement *s = policy->first; s; s = s->next) {
		if (is_unconditional(s, EFFECT_ALLOW))
			set_unite(&found.allowed, &s->members);
		else if (is_unconditional(s, EFFECT_DENY))
			set_unite(&found.denied, &s->members);
	}
	return found;
}

/* The first of those that allow an op, of which there is one. */
static const struct statement *allowed_at(const struct policy *policy, unsigned op)
{
	const struct statement *s = policy->first;

	while (!is_unconditional(s, EFFECT_ALLOW) || !set_has(&s->members, op))
		s = s->next;
	return s;
}

/* The ops of a conditional allow that others allow without a condition, and none denies. */
static struct set voided_of(const struct statement *s, const struct unconditional *unconditional)
{
	struct set voided;

	for (int i = 0; i < 4; i++)
		voided.word[i] = s->members.word[i] & unconditional->allowed.word[i] &
				 ~unconditional->denied.word[i];
	return voided;
}

static void warn_voided_by(const struct policy *policy, const struct statement *s,
			   const struct set *voided, struct diags *diags)
{
	struct text ops = {0}, first = {0};

	lint_append_list(&ops, SUBJECT_OP, voided);
	lint_append_name(&first, SUBJECT_OP, set_first(voided));
	diag_add(diags, SEVERITY_WARNING, s->cond->where,
		 "this condition does not limit %s: another statement allows %s without one; deny "
		 "%s under the opposite condition instead",
		 ops.bytes, lint_set_size(voided) == 1 ? "it" : "them",
		 lint_set_size(voided) == 1 ? "it" : "them");
	diag_add(diags, SEVERITY_NOTE, allowed_at(policy, set_first(voided))->where,
		 "%s is allowed here whatever the request", first.bytes);
}

static bool warn_if_voided(const struct policy *policy, const struct statement *s,
			   const struct unconditional *unconditional, struct diags *diags)
{
	struct set voided;

	if (s->subject != SUBJECT_OP || s->effect != EFFECT_ALLOW || !s->cond)
		return false;
	voided = voided_of(s, unconditional);
	if (set_is_empty(&voided))
		return false;
	warn_voided_by(policy, s, &voided, diags);
	return true;
}

void lint_voided(const struct policy *policy, struct diags *diags)
{
	struct unconditional unconditional = find_unconditional(policy);

	for (const struct statement *s = policy->first; s; s = s->next)
		warn_if_voided(policy, s, &unconditional, diags);
}

/* Likewise, and notes which statements need no further warning. */
static void warn_voided(struct lint *lint)
{
	struct unconditional unconditional = find_unconditional(lint->policy);

	for (size_t i = 0; i < lint->nr_views; i++)
		if (warn_if_voided(lint->policy, lint->views[i].statement, &unconditional,
				   lint->diags))
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

	if (!lint_is_rule(view)) {
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
	enum payload payload = lint_payload_of(op);
	dd_node *known = &view->holds[__builtin_ctz(payload)];

	if (*known == DD_ANY)
		*known = lint_size_of(view->cond) > CONDITION_SIZE_MAX
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
	    lint_size_of(view->cond) > CONDITION_SIZE_MAX)
		return true;
	rest = holds(lint, view, op);
	for (size_t i = 0; i < lint->nr_views && rest != DD_FALSE && !exhausted(lint); i++) {
		struct view *other = &lint->views[i];

		if (other == view || other->useless || !other->cond ||
		    !lint_is_about(other, SUBJECT_OP, op) || !is_within(other, view->scope))
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

		if (!lint_is_rule(view) || view->remarked)
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

		if (other->useless || !lint_is_about(other, view->subject, op) ||
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
	lint_append_name(&name, view->subject, op - 1);
	diag_add(lint->diags, SEVERITY_NOTE, first->statement->where, "%s is %s here", name.bytes,
		 first->effect == EFFECT_DENY	 ? "denied"
		 : first->effect == EFFECT_ALLOW ? "allowed"
						 : "required");
}

static void warn_all_useless(struct lint *lint)
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

void lint_conditions(struct lint *lint)
{
	warn_voided(lint);
	for (size_t i = 0; i < lint->nr_views && lint->work < WORK_MAX; i++)
		warn_constant(lint, &lint->views[i]);
	warn_all_useless(lint);
}
