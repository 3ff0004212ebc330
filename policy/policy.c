// SPDX-License-Identifier: MIT
#include "policy/policy.h"

#include "policy/uring-abi.h"

const struct table *policy_table(enum subject subject)
{
	switch (subject) {
	case SUBJECT_OP:
		return &op_table;
	case SUBJECT_REGISTER:
		return &register_table;
	case SUBJECT_SQE_FLAGS:
		break;
	}
	return &sqe_flag_table;
}

struct statement *policy_add(struct policy *policy, struct diags *diags, struct range where,
			     enum subject subject, enum effect effect)
{
	struct statement *statement = arena_alloc(&policy->arena, sizeof(*statement));

	if (!statement) {
		diag_no_memory(diags);
		return NULL;
	}
	statement->where = where;
	statement->subject = subject;
	statement->effect = effect;
	if (policy->last)
		policy->last->next = statement;
	else
		policy->first = statement;
	policy->last = statement;
	return statement;
}

void policy_destroy(struct policy *policy)
{
	arena_destroy(&policy->arena);
	*policy = (struct policy){0};
}

static bool is_default(const struct statement *statement)
{
	return statement->effect == EFFECT_DEFAULT_ALLOW ||
	       statement->effect == EFFECT_DEFAULT_DENY;
}

static unsigned depth(const struct statement *statement)
{
	return statement->where.source->depth;
}

/* The outermost default that is stated for a subject, of those the first; NULL if none is. */
static const struct statement *stated_default(const struct policy *policy, enum subject subject)
{
	const struct statement *found = NULL;

	for (const struct statement *s = policy->first; s; s = s->next)
		if (s->subject == subject && is_default(s) && (!found || depth(s) < depth(found)))
			found = s;
	return found;
}

void policy_check(const struct policy *policy, struct diags *diags)
{
	for (const struct statement *s = policy->first; s; s = s->next) {
		const struct statement *first = NULL;

		if (!is_default(s))
			continue;
		for (first = policy->first; first != s; first = first->next)
			if (is_default(first) && first->subject == s->subject &&
			    depth(first) == depth(s))
				break;
		if (first->effect == s->effect)
			continue;
		diag_add(diags, SEVERITY_ERROR, s->where, "a second, different default");
		diag_add(diags, SEVERITY_NOTE, first->where, "first stated here");
	}
}

bool policy_default_allows(const struct policy *policy, enum subject subject)
{
	const struct statement *stated = stated_default(policy, subject);

	if (stated)
		return stated->effect == EFFECT_DEFAULT_ALLOW;
	for (const struct statement *s = policy->first; s; s = s->next)
		if (s->subject == subject && s->effect == EFFECT_ALLOW)
			return false;
	return true;
}

static bool is_single_bit(uint64_t value)
{
	return value && (value & (value - 1)) == 0;
}

bool policy_is_flag_rule(const struct statement *statement, uint8_t *denied, uint8_t *required)
{
	const struct cond *cond = statement->cond;
	bool negated = cond && cond->kind == COND_NOT;
	const struct test *test;

	*denied = *required = 0;
	if (statement->subject != SUBJECT_OP || statement->effect != EFFECT_DENY || !cond)
		return false;
	if (!set_is_full(&statement->members))
		return false;
	if (negated)
		cond = cond->left;
	test = &cond->test;
	if (cond->kind != COND_TEST || test->field != FIELD_SQE_FLAGS ||
	    test->relation != RELATION_ANY || (negated && !is_single_bit(test->mask)))
		return false;
	*(negated ? required : denied) = (uint8_t)test->mask;
	return true;
}

static bool reads_address(const struct cond *cond)
{
	if (cond->kind == COND_TEST)
		return cond->test.field == FIELD_PORT || cond->test.field == FIELD_ADDR;
	return reads_address(cond->left) || (cond->right && reads_address(cond->right));
}

bool policy_zero_address_denied(const struct policy *policy, unsigned op)
{
	if (op != URING_OP_CONNECT)
		return false;
	for (const struct statement *s = policy->first; s; s = s->next)
		if (s->subject == SUBJECT_OP && s->cond && set_has(&s->members, op) &&
		    reads_address(s->cond))
			return true;
	return false;
}

/* Deny wins, then allow, then the default. */
static struct set decide_register_ops(const struct policy *policy)
{
	struct set allowed = {0}, denied = {0};

	/* These grant nothing, and a nested jail or a probe of features needs them. */
	set_add(&allowed, URING_REGISTER_RESTRICTIONS);
	set_add(&allowed, URING_REGISTER_BPF_FILTER);
	set_add(&allowed, URING_REGISTER_QUERY);
	if (policy_default_allows(policy, SUBJECT_REGISTER))
		set_fill(&allowed);
	for (const struct statement *s = policy->first; s; s = s->next) {
		if (s->subject == SUBJECT_REGISTER && s->effect == EFFECT_ALLOW)
			set_unite(&allowed, &s->members);
		if (s->subject == SUBJECT_REGISTER && s->effect == EFFECT_DENY)
			set_unite(&denied, &s->members);
	}
	set_subtract(&allowed, &denied);
	return allowed;
}

/*
 * The flags that statements allow, deny or require. `insisted` are those that a rule for all ops
 * denies requests without, which does not allow them.
 */
struct flag_sums {
	uint8_t allowed, denied, required, insisted;
};

static void add_flags(struct flag_sums *sums, const struct statement *s)
{
	uint8_t denied, required;

	if (s->cond && policy_is_flag_rule(s, &denied, &required)) {
		sums->denied |= denied;
		sums->insisted |= required;
	}
	if (s->subject != SUBJECT_SQE_FLAGS)
		return;
	if (s->effect == EFFECT_ALLOW)
		sums->allowed |= s->sqe_flags;
	else if (s->effect == EFFECT_DENY)
		sums->denied |= s->sqe_flags;
	else if (s->effect == EFFECT_REQUIRE)
		sums->required |= s->sqe_flags;
}

struct verdicts policy_verdicts(const struct policy *policy, bool msg_ring)
{
	struct verdicts verdicts = {.register_ops = decide_register_ops(policy)};
	struct flag_sums sums = {0};

	if (policy_default_allows(policy, SUBJECT_SQE_FLAGS))
		sums.allowed = UINT8_MAX;
	for (const struct statement *s = policy->first; s; s = s->next)
		add_flags(&sums, s);
	verdicts.sqe_flags = (uint8_t)((sums.allowed | sums.required) & ~sums.denied);
	verdicts.sqe_flags_required = sums.required | sums.insisted;
	verdicts.no_requests = (verdicts.sqe_flags_required & ~verdicts.sqe_flags) != 0;
	if (!msg_ring || verdicts.no_requests)
		set_remove(&verdicts.register_ops, URING_REGISTER_SEND_MSG_RING);
	return verdicts;
}

const struct statement *policy_denier(const struct policy *policy, enum subject subject,
				      unsigned op)
{
	for (const struct statement *s = policy->first; s; s = s->next)
		if (s->subject == subject && s->effect == EFFECT_DENY && !s->cond &&
		    set_has(&s->members, op))
			return s;
	return NULL;
}
