// SPDX-License-Identifier: MIT
#include "policy/decide.h"

#include <sys/socket.h>

#include "policy/network.h"
#include "policy/uring-abi.h"

static enum payload payload_of(unsigned op)
{
	const struct row *row = table_row(&op_table, op);

	return row ? row->payload : PAYLOAD_NONE;
}

/* --- conditions */

static bool has_address(const struct request *request)
{
	return request->value[FIELD_FAMILY] == AF_INET || request->value[FIELD_FAMILY] == AF_INET6;
}

/* The family of the socket that is made; requests for other ops have type 0. */
static uint64_t family_of(const struct request *request)
{
	uint64_t type = request->value[FIELD_TYPE] & fields[FIELD_TYPE].mask;

	if (request->value[FIELD_FAMILY] == AF_INET && type == SOCK_PACKET)
		return AF_PACKET;
	return request->value[FIELD_FAMILY];
}

/* The number that a test of a field compares. */
static uint64_t value_of(enum field_id field, const struct request *request, enum arch arch)
{
	switch (field) {
	case FIELD_FAMILY:
		return family_of(request);
	case FIELD_ACCMODE:
		return request->value[FIELD_FLAGS] & REQUEST_ACCMODE;
	default:
		return request->value[field] & field_mask(&fields[field], arch);
	}
}

static bool number_in(const struct test *test, uint64_t value)
{
	for (size_t i = 0; i < test->nr_elements; i++)
		if (test->elements[i].lo <= value && value <= test->elements[i].hi)
			return true;
	return false;
}

static bool address_in(const struct test *test, const struct request *request)
{
	for (size_t i = 0; i < test->nr_elements; i++)
		if (network_matches(&test->elements[i].network, request->value[FIELD_FAMILY],
				    request->addr))
			return true;
	return false;
}

static bool number_test_holds(const struct test *test, uint64_t value)
{
	switch (test->relation) {
	case RELATION_EQ:
		return value == test->value;
	case RELATION_NE:
		return value != test->value;
	case RELATION_LT:
		return value < test->value;
	case RELATION_LE:
		return value <= test->value;
	case RELATION_GT:
		return value > test->value;
	case RELATION_GE:
		return value >= test->value;
	case RELATION_ANY:
		return (value & test->mask) != 0;
	case RELATION_MASK_EQ:
		return (value & test->mask) == test->value;
	case RELATION_MASK_NE:
		return (value & test->mask) != test->value;
	case RELATION_IN:
		return number_in(test, value);
	case RELATION_NOT_IN:
		break;
	}
	return !number_in(test, value);
}

static bool test_holds(const struct test *test, const struct request *request, enum arch arch)
{
	bool of_address = test->field == FIELD_PORT || test->field == FIELD_ADDR;

	if (of_address && !has_address(request))
		return false;
	if (test->field == FIELD_ADDR)
		return address_in(test, request) == (test->relation == RELATION_IN);
	return number_test_holds(test, value_of(test->field, request, arch));
}

bool cond_holds(const struct cond *cond, const struct request *request, enum arch arch)
{
	switch (cond->kind) {
	case COND_TEST:
		return test_holds(&cond->test, request, arch);
	case COND_NOT:
		return !cond_holds(cond->left, request, arch);
	case COND_AND:
		return cond_holds(cond->left, request, arch) &&
		       cond_holds(cond->right, request, arch);
	case COND_OR:
		break;
	}
	return cond_holds(cond->left, request, arch) || cond_holds(cond->right, request, arch);
}

static bool reads_address(const struct cond *cond)
{
	if (!cond)
		return false;
	if (cond->kind == COND_TEST)
		return cond->test.field == FIELD_PORT || cond->test.field == FIELD_ADDR;
	return reads_address(cond->left) || reads_address(cond->right);
}

/* --- statements */

static bool is_for(const struct statement *statement, enum subject subject, enum effect effect,
		   unsigned op)
{
	return statement->subject == subject && statement->effect == effect &&
	       set_has(&statement->members, op);
}

/* The first statement of this effect for an op or register op, whatever its condition. */
static const struct statement *first_for(const struct policy *policy, enum subject subject,
					 enum effect effect, unsigned op)
{
	for (const struct statement *s = policy->first; s; s = s->next)
		if (is_for(s, subject, effect, op))
			return s;
	return NULL;
}

/* The first statement of this effect for a request's op whose condition, if any, holds. */
static const struct statement *first_match(const struct policy *policy, enum effect effect,
					   const struct request *request)
{
	for (const struct statement *s = policy->first; s; s = s->next)
		if (is_for(s, SUBJECT_OP, effect, request->op) &&
		    (!s->cond || cond_holds(s->cond, request, policy->arch)))
			return s;
	return NULL;
}

static struct decision decision(bool allowed, enum reason reason, const struct statement *statement)
{
	return (struct decision){allowed, reason, statement};
}

static bool is_default(const struct statement *statement)
{
	return statement->effect == EFFECT_DEFAULT_ALLOW ||
	       statement->effect == EFFECT_DEFAULT_DENY;
}

static unsigned depth_of(const struct statement *statement)
{
	return statement->where.source ? statement->where.source->depth : 0;
}

static struct decision by_default(const struct policy *policy, enum subject subject)
{
	const struct statement *stated = NULL;
	bool any_allow = false;

	for (const struct statement *s = policy->first; s; s = s->next) {
		if (s->subject != subject)
			continue;
		if (s->effect == EFFECT_ALLOW)
			any_allow = true;
		if (is_default(s) && (!stated || depth_of(s) < depth_of(stated)))
			stated = s;
	}
	if (stated)
		return decision(stated->effect == EFFECT_DEFAULT_ALLOW, REASON_DEFAULT, stated);
	return decision(!any_allow, REASON_DEFAULT_INFERRED, NULL);
}

/* --- ops */

static bool is_zero(const uint8_t address[16])
{
	for (int i = 0; i < 16; i++)
		if (address[i])
			return false;
	return true;
}

/* Whether it is what a sockaddr that is too short looks like on a kernel with that hole. */
static bool lacks_address(const struct request *request)
{
	return payload_of(request->op) == PAYLOAD_CONNECT && has_address(request) &&
	       request->value[FIELD_PORT] == 0 && is_zero(request->addr);
}

/* The first statement for an op that tests port or addr, whatever its effect. */
static const struct statement *first_reading_address(const struct policy *policy, unsigned op)
{
	for (const struct statement *s = policy->first; s; s = s->next)
		if (s->subject == SUBJECT_OP && set_has(&s->members, op) && reads_address(s->cond))
			return s;
	return NULL;
}

/* What is permitted to the op, whatever its flags; step by step as policy_decide() says. */
static struct decision decide_op(const struct policy *policy, const struct request *request)
{
	const struct statement *s;

	s = first_match(policy, EFFECT_DENY, request);
	if (s)
		return decision(false, REASON_DENY, s);
	s = lacks_address(request) ? first_reading_address(policy, request->op) : NULL;
	if (s)
		return decision(false, REASON_NO_ADDRESS, s);
	s = first_match(policy, EFFECT_ALLOW, request);
	if (s)
		return decision(true, REASON_ALLOW, s);
	s = first_for(policy, SUBJECT_OP, EFFECT_ALLOW, request->op);
	if (s)
		return decision(false, REASON_ALLOW_UNMET, s);
	return by_default(policy, SUBJECT_OP);
}

/* --- SQE flags */

static const struct statement *first_with_flag(const struct policy *policy, enum effect effect,
					       uint8_t flag)
{
	for (const struct statement *s = policy->first; s; s = s->next)
		if (s->subject == SUBJECT_SQE_FLAGS && s->effect == effect && (s->sqe_flags & flag))
			return s;
	return NULL;
}

static struct decision decide_flag(const struct policy *policy, uint8_t flag)
{
	const struct statement *s = first_with_flag(policy, EFFECT_DENY, flag);
	struct decision defaulted = by_default(policy, SUBJECT_SQE_FLAGS);

	if (s)
		return decision(false, REASON_FLAG_DENIED, s);
	s = first_with_flag(policy, EFFECT_ALLOW, flag);
	if (!s)
		s = first_with_flag(policy, EFFECT_REQUIRE, flag);
	if (s)
		return decision(true, REASON_ALLOW, s);
	return decision(defaulted.allowed, REASON_FLAG_DENIED, defaulted.statement);
}

/* Whether the flags of a request are permitted; if so, what decided about its op decides. */
static struct decision decide_flags(const struct policy *policy, uint8_t flags,
				    struct decision of_op)
{
	for (unsigned bit = 0; bit < 8; bit++) {
		uint8_t flag = (uint8_t)(1U << bit);
		struct decision of_flag = decide_flag(policy, flag);

		if ((flags & flag) && !of_flag.allowed)
			return of_flag;
	}
	for (const struct statement *s = policy->first; s; s = s->next)
		if (s->subject == SUBJECT_SQE_FLAGS && s->effect == EFFECT_REQUIRE &&
		    (s->sqe_flags & ~flags))
			return decision(false, REASON_FLAG_REQUIRED, s);
	return of_op;
}

/* --- register ops */

/* The flags that a statement denies to every request, and those it requires of every request. */
static void flags_of(const struct statement *statement, uint8_t *denied, uint8_t *required)
{
	*denied = *required = 0;
	if (policy_is_flag_rule(statement, denied, required))
		return;
	if (statement->subject == SUBJECT_SQE_FLAGS && statement->effect == EFFECT_DENY)
		*denied = statement->sqe_flags;
	if (statement->subject == SUBJECT_SQE_FLAGS && statement->effect == EFFECT_REQUIRE)
		*required = statement->sqe_flags;
}

/*
 * The first statement that denies a flag which is required, too, or else that requires one which is
 * denied by default: no request is allowed then.
 */
static const struct statement *contradiction(const struct policy *policy)
{
	uint8_t denied, required, all_required = 0;

	for (const struct statement *s = policy->first; s; s = s->next) {
		flags_of(s, &denied, &required);
		all_required |= required;
	}
	for (const struct statement *s = policy->first; s; s = s->next) {
		flags_of(s, &denied, &required);
		if (denied & all_required)
			return s;
	}
	/* `deny @all if not sqe_flags & ...` requires a flag without allowing it. */
	for (const struct statement *s = policy->first; s; s = s->next)
		if (policy_is_flag_rule(s, &denied, &required) && required &&
		    !decide_flag(policy, required).allowed)
			return s;
	return NULL;
}

/* The first statement that denies requests for msg_ring, and not for their SQE flags alone. */
static const struct statement *msg_ring_denier(const struct policy *policy)
{
	uint8_t denied, required;

	for (const struct statement *s = policy->first; s; s = s->next)
		if (is_for(s, SUBJECT_OP, EFFECT_DENY, URING_OP_MSG_RING) &&
		    !policy_is_flag_rule(s, &denied, &required))
			return s;
	return contradiction(policy);
}

/* Whether every request for msg_ring is allowed: then SEND_MSG_RING is none to deny for that. */
static struct decision decide_twin(const struct policy *policy)
{
	const struct statement *s = msg_ring_denier(policy);
	struct decision defaulted = by_default(policy, SUBJECT_OP);

	if (s)
		return decision(false, REASON_TWIN, s);
	for (s = policy->first; s; s = s->next)
		if (is_for(s, SUBJECT_OP, EFFECT_ALLOW, URING_OP_MSG_RING) && !s->cond)
			return decision(true, REASON_TWIN, s);
	s = first_for(policy, SUBJECT_OP, EFFECT_ALLOW, URING_OP_MSG_RING);
	if (s)
		return decision(false, REASON_TWIN, s);
	return decision(defaulted.allowed, REASON_TWIN, defaulted.statement);
}

/* They grant nothing, and a nested jail or a probe of features needs them. */
static bool is_harmless(unsigned op)
{
	return op == URING_REGISTER_RESTRICTIONS || op == URING_REGISTER_BPF_FILTER ||
	       op == URING_REGISTER_QUERY;
}

static const struct statement *register_denier(const struct policy *policy, unsigned op)
{
	for (const struct statement *s = policy->first; s; s = s->next)
		if (is_for(s, SUBJECT_REGISTER, EFFECT_DENY, op) &&
		    !(is_harmless(op) && set_has(&s->by_group, op)))
			return s;
	return NULL;
}

static struct decision decide_register(const struct policy *policy, unsigned op)
{
	const struct statement *s = register_denier(policy, op);
	struct decision twin = decide_twin(policy);

	if (s)
		return decision(false, REASON_DENY, s);
	if (op == URING_REGISTER_SEND_MSG_RING && !twin.allowed)
		return twin;
	s = first_for(policy, SUBJECT_REGISTER, EFFECT_ALLOW, op);
	if (s)
		return decision(true, REASON_ALLOW, s);
	if (is_harmless(op))
		return decision(true, REASON_HARMLESS, NULL);
	return by_default(policy, SUBJECT_REGISTER);
}

struct decision policy_decide(const struct policy *policy, const struct request *request)
{
	struct decision of_op;

	if (request->is_register)
		return decide_register(policy, request->op);
	of_op = decide_op(policy, request);
	if (!of_op.allowed)
		return of_op;
	return decide_flags(policy, (uint8_t)request->value[FIELD_SQE_FLAGS], of_op);
}

/* --- requests that are known in part */

enum truth { TRUTH_NO, TRUTH_UNKNOWN, TRUTH_YES };

static bool knows(unsigned known, enum field_id field)
{
	return known >> field & 1;
}

/* Whether a test can be decided: its field is known, and what changes the meaning of that. */
static bool is_decidable(const struct test *test, const struct request *request, unsigned known)
{
	switch (test->field) {
	case FIELD_ACCMODE:
		return knows(known, FIELD_FLAGS);
	case FIELD_FAMILY:
		return knows(known, FIELD_FAMILY) &&
		       (payload_of(request->op) != PAYLOAD_SOCKET || knows(known, FIELD_TYPE));
	case FIELD_PORT:
	case FIELD_ADDR:
		return knows(known, FIELD_FAMILY) &&
		       (knows(known, test->field) || !has_address(request));
	default:
		return knows(known, test->field);
	}
}

/* cond_holds() as far as is known. */
static enum truth truth_of(const struct cond *cond, const struct request *request, unsigned known,
			   enum arch arch)
{
	enum truth left, right;

	if (!cond)
		return TRUTH_YES;
	if (cond->kind == COND_TEST) {
		if (!is_decidable(&cond->test, request, known))
			return TRUTH_UNKNOWN;
		return cond_holds(cond, request, arch) ? TRUTH_YES : TRUTH_NO;
	}
	left = truth_of(cond->left, request, known, arch);
	if (cond->kind == COND_NOT)
		return TRUTH_YES - left;
	right = truth_of(cond->right, request, known, arch);
	if (cond->kind == COND_AND)
		return left < right ? left : right;
	return left > right ? left : right;
}

/* lacks_address() as far as is known. */
static enum truth lacks_address_truth(const struct request *request, unsigned known)
{
	unsigned all = 1U << FIELD_FAMILY | 1U << FIELD_PORT | 1U << FIELD_ADDR;

	if (payload_of(request->op) != PAYLOAD_CONNECT ||
	    (knows(known, FIELD_FAMILY) && !has_address(request)) ||
	    (knows(known, FIELD_PORT) && request->value[FIELD_PORT] != 0) ||
	    (knows(known, FIELD_ADDR) && !is_zero(request->addr)))
		return TRUTH_NO;
	return (known & all) == all ? TRUTH_YES : TRUTH_UNKNOWN;
}

static void add_denial(struct denials *denials, enum truth truth, struct decision decision)
{
	if (truth == TRUTH_NO || denials->certain)
		return;
	if (denials->n < DENIALS_KEPT)
		denials->possible[denials->n] = decision;
	denials->last = decision;
	denials->n++;
	denials->certain = truth == TRUTH_YES;
}

/* The highest truth of the conditions under which a request's op is allowed. */
static enum truth allowed_truth(const struct policy *policy, const struct request *request,
				unsigned known)
{
	enum truth highest = TRUTH_NO;

	for (const struct statement *s = policy->first; s; s = s->next) {
		enum truth truth;

		if (!is_for(s, SUBJECT_OP, EFFECT_ALLOW, request->op))
			continue;
		truth = truth_of(s->cond, request, known, policy->arch);
		highest = truth > highest ? truth : highest;
	}
	return highest;
}

/* The steps of decide_op(). */
static void add_op_denials(const struct policy *policy, const struct request *request,
			   unsigned known, struct denials *denials)
{
	const struct statement *reading = first_reading_address(policy, request->op);
	const struct statement *allow = first_for(policy, SUBJECT_OP, EFFECT_ALLOW, request->op);
	struct decision defaulted = by_default(policy, SUBJECT_OP);

	for (const struct statement *s = policy->first; s; s = s->next)
		if (is_for(s, SUBJECT_OP, EFFECT_DENY, request->op))
			add_denial(denials, truth_of(s->cond, request, known, policy->arch),
				   decision(false, REASON_DENY, s));
	if (reading)
		add_denial(denials, lacks_address_truth(request, known),
			   decision(false, REASON_NO_ADDRESS, reading));
	if (allow)
		add_denial(denials, TRUTH_YES - allowed_truth(policy, request, known),
			   decision(false, REASON_ALLOW_UNMET, allow));
	else if (!defaulted.allowed)
		add_denial(denials, TRUTH_YES, defaulted);
}

struct denials policy_denials(const struct policy *policy, const struct request *request,
			      unsigned known)
{
	struct decision allowed = decision(true, REASON_ALLOW, NULL), decided;
	struct denials denials = {0};

	if (request->is_register) {
		decided = policy_decide(policy, request);
	} else {
		add_op_denials(policy, request, known, &denials);
		decided = decide_flags(policy, (uint8_t)request->value[FIELD_SQE_FLAGS], allowed);
	}
	if (!decided.allowed)
		add_denial(&denials, TRUTH_YES, decided);
	return denials;
}
