// SPDX-License-Identifier: MIT
#include "policy/policy.h"

#include "policy/uring-abi.h"

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

void policy_check(const struct policy *policy, struct diags *diags)
{
	const struct statement *stated[SUBJECTS] = {NULL};

	for (const struct statement *s = policy->first; s; s = s->next) {
		if (!is_default(s))
			continue;
		if (!stated[s->subject])
			stated[s->subject] = s;
		if (stated[s->subject]->effect == s->effect)
			continue;
		diag_add(diags, SEVERITY_ERROR, s->where, "a second, different default");
		diag_add(diags, SEVERITY_NOTE, stated[s->subject]->where, "first stated here");
	}
}

/* The default of a subject: as stated, else deny if anything is allowed, else allow. */
static bool allows_by_default(const struct policy *policy, enum subject subject)
{
	bool allow = true;

	for (const struct statement *s = policy->first; s; s = s->next) {
		if (s->subject != subject)
			continue;
		if (is_default(s))
			return s->effect == EFFECT_DEFAULT_ALLOW;
		if (s->effect == EFFECT_ALLOW)
			allow = false;
	}
	return allow;
}

/* Deny wins, then allow, then the default. */
static struct set decide(const struct policy *policy, enum subject subject,
			 const struct set *always)
{
	struct set allowed = *always, denied = {0};

	if (allows_by_default(policy, subject))
		set_fill(&allowed);
	for (const struct statement *s = policy->first; s; s = s->next) {
		if (s->subject == subject && s->effect == EFFECT_ALLOW)
			set_unite(&allowed, &s->members);
		if (s->subject == subject && s->effect == EFFECT_DENY)
			set_unite(&denied, &s->members);
	}
	set_subtract(&allowed, &denied);
	return allowed;
}

static void decide_sqe_flags(const struct policy *policy, struct verdicts *verdicts)
{
	uint8_t allowed = allows_by_default(policy, SUBJECT_SQE_FLAGS) ? UINT8_MAX : 0;
	uint8_t denied = 0, required = 0;

	for (const struct statement *s = policy->first; s; s = s->next) {
		if (s->subject != SUBJECT_SQE_FLAGS)
			continue;
		if (s->effect == EFFECT_ALLOW)
			allowed |= s->sqe_flags;
		else if (s->effect == EFFECT_DENY)
			denied |= s->sqe_flags;
		else if (s->effect == EFFECT_REQUIRE)
			required |= s->sqe_flags;
	}
	verdicts->sqe_flags = (uint8_t)((allowed | required) & ~denied);
	verdicts->sqe_flags_required = required;
	if (required & denied)
		verdicts->ops = (struct set){0};
}

struct verdicts policy_verdicts(const struct policy *policy)
{
	struct set harmless = {0};
	struct verdicts verdicts;

	/* These grant nothing, and a nested jail or a probe of features needs them. */
	set_add(&harmless, URING_REGISTER_RESTRICTIONS);
	set_add(&harmless, URING_REGISTER_BPF_FILTER);
	set_add(&harmless, URING_REGISTER_QUERY);
	verdicts.ops = decide(policy, SUBJECT_OP, &(struct set){0});
	verdicts.register_ops = decide(policy, SUBJECT_REGISTER, &harmless);
	decide_sqe_flags(policy, &verdicts);
	if (!set_has(&verdicts.ops, URING_OP_MSG_RING))
		set_remove(&verdicts.register_ops, URING_REGISTER_SEND_MSG_RING);
	return verdicts;
}

const struct statement *policy_denier(const struct policy *policy, enum subject subject,
				      unsigned op)
{
	for (const struct statement *s = policy->first; s; s = s->next)
		if (s->subject == subject && s->effect == EFFECT_DENY && set_has(&s->members, op))
			return s;
	return NULL;
}
