// SPDX-License-Identifier: MIT
#include "policy/lower.h"

#include "policy/network.h"
#include "policy/uring-abi.h"

/* Where struct io_uring_bpf_ctx has its fields (include/uapi/linux/io_uring/bpf_filter.h). */
enum {
	AT_USER_DATA = 0,
	AT_OPCODE = 8, /* a byte; sqe_flags is the next one */
	AT_OPEN_FLAGS = 16,
	AT_OPEN_MODE = 24,
	AT_OPEN_RESOLVE = 32,
	AT_FAMILY = 16, /* of socket and of connect */
	AT_SOCKET_TYPE = 20,
	AT_SOCKET_PROTOCOL = 24,
	AT_CONNECT_PORT = 20, /* be16, then two bytes of zero */
	AT_CONNECT_ADDR = 24, /* be32, or 16 bytes */
};

enum { INET = 2, INET6 = 10, PACKET = 17, SOCK_TYPE_PACKET = 10 };

enum { FLAG_FIXED_FILE = 0x01 };

/* --- what the statements say of an op */

static enum payload payload_of(unsigned op)
{
	const struct row *row = table_row(&op_table, op);

	return row ? row->payload : PAYLOAD_NONE;
}

static bool speaks_of(const struct statement *s, unsigned op)
{
	uint8_t denied, required;

	/* First what most statements of a long policy fail. */
	return set_has(&s->members, op) && s->subject == SUBJECT_OP &&
	       (s->effect == EFFECT_ALLOW || s->effect == EFFECT_DENY) &&
	       !policy_is_flag_rule(s, &denied, &required);
}

/* The ops that the statements are about: those that they decide whatever the request, or not. */
struct said {
	struct set denied, allowed, deny_if, allow_if;
};

static struct said said_of(const struct policy *policy)
{
	struct said said = {0};
	uint8_t denied, required;

	for (const struct statement *s = policy->first; s; s = s->next) {
		if (s->subject != SUBJECT_OP || policy_is_flag_rule(s, &denied, &required))
			continue;
		if (s->effect == EFFECT_DENY)
			set_unite(s->cond ? &said.deny_if : &said.denied, &s->members);
		else if (s->effect == EFFECT_ALLOW)
			set_unite(s->cond ? &said.allow_if : &said.allowed, &s->members);
	}
	return said;
}

static void decide_all(const struct set *set, enum op_verdict verdict,
		       enum op_verdict verdicts[URING_OPS_MAX])
{
	for (unsigned i = 0; i < URING_OPS_MAX / 64; i++)
		for (uint64_t left = set->word[i]; left; left &= left - 1)
			verdicts[i * 64 + (unsigned)__builtin_ctzll(left)] = verdict;
}

/* From the weakest to the strongest: each takes its ops away from those before it. */
void lower_verdicts(const struct policy *policy, enum op_verdict verdicts[URING_OPS_MAX])
{
	struct said said = said_of(policy);
	enum op_verdict otherwise =
		policy_default_allows(policy, SUBJECT_OP) ? OP_ALLOWED : OP_DENIED;

	for (unsigned op = 0; op < URING_OPS_MAX; op++)
		verdicts[op] = otherwise;
	decide_all(&said.allow_if, OP_CONDITIONAL, verdicts);
	decide_all(&said.allowed, OP_ALLOWED, verdicts);
	if (policy_zero_address_denied(policy, URING_OP_CONNECT) &&
	    set_has(&said.allowed, URING_OP_CONNECT))
		verdicts[URING_OP_CONNECT] = OP_CONDITIONAL;
	decide_all(&said.deny_if, OP_CONDITIONAL, verdicts);
	decide_all(&said.denied, OP_DENIED, verdicts);
}

static bool tests_sqe_flags(const struct cond *cond)
{
	if (cond->kind == COND_TEST)
		return cond->test.field == FIELD_SQE_FLAGS;
	return tests_sqe_flags(cond->left) || (cond->right && tests_sqe_flags(cond->right));
}

/* Takes from each of N classes those of its members that are not in SET, as a class of their own. */
static unsigned split_classes(struct set classes[URING_OPS_MAX], unsigned n, const struct set *set)
{
	for (unsigned i = 0, before = n; i < before; i++) {
		struct set out = classes[i], in;

		set_subtract(&out, set);
		in = classes[i];
		set_subtract(&in, &out);
		if (set_is_empty(&in) || set_is_empty(&out))
			continue;
		classes[i] = in;
		classes[n++] = out;
	}
	return n;
}

void lower_alike(const struct policy *policy, uint8_t alike[URING_OPS_MAX])
{
	struct set classes[URING_OPS_MAX], flags = {0}, with[PAYLOAD_CONNECT + 1] = {0};
	unsigned n = 1;

	set_fill(&classes[0]);
	for (size_t i = 0; i < op_table.n; i++)
		if (!op_table.rows[i].proposed)
			set_add(&with[op_table.rows[i].payload], (unsigned)op_table.rows[i].number);
	for (unsigned payload = PAYLOAD_OPEN; payload <= PAYLOAD_CONNECT; payload <<= 1)
		n = split_classes(classes, n, &with[payload]);
	for (const struct statement *s = policy->first; s; s = s->next) {
		if (s->subject != SUBJECT_OP)
			continue;
		n = split_classes(classes, n, &s->members);
		if (s->cond && tests_sqe_flags(s->cond))
			set_unite(&flags, &s->members);
	}
	for (unsigned op = 0; op < URING_OPS_MAX; op++) {
		unsigned i = 0;

		while (!set_has(&classes[i], op))
			i++;
		alike[op] = set_has(&flags, op) ? op : set_first(&classes[i]);
	}
}

/* --- single tests */

/* A field of at most 32 bits within a word of the context. */
struct slot {
	unsigned offset; /* of the word, in bytes */
	enum expr_order order;
	unsigned shift; /* of the field's lowest bit in the ordered word */
};

static struct expr *constant(bool value)
{
	return expr_new(value ? EXPR_TRUE : EXPR_FALSE);
}

/* The bits `mask` of the field are a number from lo to hi. */
static struct expr *in_range(struct slot slot, uint64_t mask, uint64_t lo, uint64_t hi)
{
	if (mask == 0 || (lo == 0 && hi >= mask))
		return constant(lo == 0);
	if (lo > hi || lo > mask)
		return constant(false);
	if (hi > mask)
		hi = mask;
	return expr_atom(slot.offset, slot.order, (uint32_t)(mask << slot.shift),
			 (uint32_t)(lo << slot.shift), (uint32_t)(hi << slot.shift));
}

static struct expr *both(struct expr *a, struct expr *b)
{
	return expr_add(expr_add(expr_new(EXPR_AND), a), b);
}

static struct expr *either(struct expr *a, struct expr *b)
{
	return expr_add(expr_add(expr_new(EXPR_OR), a), b);
}

/* The halves of a 64-bit field at `offset`, which are in the kernel's byte order. */
struct halves {
	struct slot low, high;
};

static struct halves halves_at(unsigned offset, bool big_endian)
{
	return (struct halves){.low = {offset + (big_endian ? 4 : 0), EXPR_HOST, 0},
			       .high = {offset + (big_endian ? 0 : 4), EXPR_HOST, 0}};
}

#define LOW(value)  ((value)&UINT32_MAX)
#define HIGH(value) ((value) >> 32)

static struct expr *at_least(struct halves at, uint64_t mask, uint64_t value)
{
	return either(HIGH(value) == UINT32_MAX
			      ? constant(false)
			      : in_range(at.high, HIGH(mask), HIGH(value) + 1, UINT32_MAX),
		      both(in_range(at.high, HIGH(mask), HIGH(value), HIGH(value)),
			   in_range(at.low, LOW(mask), LOW(value), UINT32_MAX)));
}

static struct expr *at_most(struct halves at, uint64_t mask, uint64_t value)
{
	return either(HIGH(value) == 0 ? constant(false)
				       : in_range(at.high, HIGH(mask), 0, HIGH(value) - 1),
		      both(in_range(at.high, HIGH(mask), HIGH(value), HIGH(value)),
			   in_range(at.low, LOW(mask), 0, LOW(value))));
}

static struct expr *in_wide_range(struct halves at, uint64_t mask, uint64_t lo, uint64_t hi)
{
	if (lo > hi)
		return constant(false);
	if (HIGH(lo) == HIGH(hi))
		return both(in_range(at.high, HIGH(mask), HIGH(lo), HIGH(lo)),
			    in_range(at.low, LOW(mask), LOW(lo), LOW(hi)));
	return both(at_least(at, mask, lo), at_most(at, mask, hi));
}

/* Where a field is, narrow or wide, and which of its bits comparisons look at. */
struct place {
	bool wide;
	struct slot slot;
	struct halves halves;
	uint64_t mask;
};

static struct place place_of(enum field_id id, const struct kernel *kernel)
{
	struct place place = {.mask = field_mask(&fields[id], kernel->arch)};
	bool big = kernel->big_endian;

	switch (id) {
	case FIELD_USER_DATA:
		place.wide = true;
		place.halves = halves_at(AT_USER_DATA, big);
		break;
	case FIELD_FLAGS:
		place.wide = true;
		place.halves = halves_at(AT_OPEN_FLAGS, big);
		break;
	case FIELD_MODE:
		place.wide = true;
		place.halves = halves_at(AT_OPEN_MODE, big);
		break;
	case FIELD_RESOLVE:
		place.wide = true;
		place.halves = halves_at(AT_OPEN_RESOLVE, big);
		break;
	case FIELD_ACCMODE:
		place.slot = halves_at(AT_OPEN_FLAGS, big).low;
		break;
	case FIELD_SQE_FLAGS:
		place.slot = (struct slot){AT_OPCODE, EXPR_HOST, big ? 16 : 8};
		break;
	case FIELD_FAMILY:
		place.slot = (struct slot){AT_FAMILY, EXPR_HOST, 0};
		break;
	case FIELD_TYPE:
		place.slot = (struct slot){AT_SOCKET_TYPE, EXPR_HOST, 0};
		break;
	case FIELD_PROTOCOL:
		place.slot = (struct slot){AT_SOCKET_PROTOCOL, EXPR_HOST, 0};
		break;
	case FIELD_PORT:
		place.slot = big ? (struct slot){AT_CONNECT_PORT, EXPR_HOST, 16}
				 : (struct slot){AT_CONNECT_PORT, EXPR_SWAP16, 0};
		break;
	case FIELD_ADDR:
	case FIELDS:
		break;
	}
	return place;
}

static struct expr *between(const struct place *place, uint64_t mask, uint64_t lo, uint64_t hi)
{
	return place->wide ? in_wide_range(place->halves, mask, lo, hi)
			   : in_range(place->slot, mask, lo, hi);
}

static struct expr *in_elements(const struct place *place, const struct test *test)
{
	struct expr *expr = expr_new(EXPR_OR);

	for (size_t i = 0; i < test->nr_elements; i++)
		expr = expr_add(expr, between(place, place->mask, test->elements[i].lo,
					      test->elements[i].hi));
	return expr;
}

static struct expr *no_bit(const struct place *place, uint64_t mask)
{
	return between(place, mask, 0, 0);
}

static struct expr *lower_numbers(const struct place *place, const struct test *test)
{
	uint64_t mask = place->mask, value = test->value;

	switch (test->relation) {
	case RELATION_EQ:
		return between(place, mask, value, value);
	case RELATION_NE:
		return expr_not(between(place, mask, value, value));
	case RELATION_LT:
		return expr_not(between(place, mask, value, UINT64_MAX));
	case RELATION_LE:
		return between(place, mask, 0, value);
	case RELATION_GT:
		return expr_not(between(place, mask, 0, value));
	case RELATION_GE:
		return between(place, mask, value, UINT64_MAX);
	case RELATION_ANY:
		return expr_not(no_bit(place, test->mask));
	case RELATION_MASK_EQ:
		return between(place, test->mask, value, value);
	case RELATION_MASK_NE:
		return expr_not(between(place, test->mask, value, value));
	case RELATION_IN:
		return in_elements(place, test);
	case RELATION_NOT_IN:
		break;
	}
	return expr_not(in_elements(place, test));
}

/* --- fields with meanings of their own */

static const struct slot family_slot = {AT_FAMILY, EXPR_HOST, 0};

static struct expr *family_is(unsigned family)
{
	return in_range(family_slot, UINT32_MAX, family, family);
}

static struct expr *family_has_port(void)
{
	return either(family_is(INET), family_is(INET6));
}

/* socket(AF_INET, SOCK_PACKET) makes an AF_PACKET socket (net/socket.c: __sock_create). */
static struct expr *is_packet_by_type(void)
{
	struct slot type = {AT_SOCKET_TYPE, EXPR_HOST, 0};

	return both(family_is(INET), in_range(type, 0xf, SOCK_TYPE_PACKET, SOCK_TYPE_PACKET));
}

/* Whether a narrow field with this value passes the test. */
static bool passes(const struct test *test, uint64_t value)
{
	bool among = false;

	for (size_t i = 0; i < test->nr_elements; i++)
		among = among || (value >= test->elements[i].lo && value <= test->elements[i].hi);
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
		return among;
	case RELATION_NOT_IN:
		break;
	}
	return !among;
}

static struct expr *lower_socket_family(const struct place *place, const struct test *test)
{
	struct expr *expr = lower_numbers(place, test);
	bool inet = passes(test, INET);
	bool packet = passes(test, PACKET);

	if (packet && !inet)
		return either(expr, is_packet_by_type());
	if (inet && !packet)
		return both(expr, expr_not(is_packet_by_type()));
	return expr;
}

/* The address at AT_CONNECT_ADDR is in exactly this network, of this family. */
static struct expr *in_prefix(const struct network *network, bool big_endian)
{
	struct expr *expr = expr_add(expr_new(EXPR_AND), family_is(network->v6 ? INET6 : INET));

	for (unsigned word = 0; word * 32 < network->prefix; word++) {
		const uint8_t *b = network->bytes + 4 * word;
		unsigned bits = network->prefix - 32 * word;
		uint32_t mask = bits >= 32 ? UINT32_MAX : ~(UINT32_MAX >> bits);
		uint32_t value =
			(uint32_t)b[0] << 24 | (uint32_t)b[1] << 16 | (uint32_t)b[2] << 8 | b[3];
		struct slot slot = {AT_CONNECT_ADDR + 4 * word,
				    big_endian ? EXPR_HOST : EXPR_SWAP32, 0};

		expr = expr_add(expr, in_range(slot, mask, value, value));
	}
	return expr;
}

static struct expr *lower_addresses(const struct test *test, bool big_endian)
{
	struct expr *expr = expr_new(EXPR_OR);
	struct network expanded[NETWORK_EXPANSION_MAX];

	for (size_t i = 0; i < test->nr_elements; i++) {
		size_t n = network_expand(&test->elements[i].network, expanded);

		for (size_t j = 0; j < n; j++)
			expr = expr_add(expr, in_prefix(&expanded[j], big_endian));
	}
	return test->relation == RELATION_NOT_IN ? expr_not(expr) : expr;
}

static struct expr *lower_test(const struct test *test, const struct kernel *kernel,
			       enum payload payload)
{
	struct place place = place_of(test->field, kernel);

	if (test->field == FIELD_ADDR)
		return both(family_has_port(), lower_addresses(test, kernel->big_endian));
	if (test->field == FIELD_PORT)
		return both(family_has_port(), lower_numbers(&place, test));
	if (test->field == FIELD_FAMILY && payload == PAYLOAD_SOCKET)
		return lower_socket_family(&place, test);
	return lower_numbers(&place, test);
}

static struct expr *lower_cond(const struct cond *cond, const struct kernel *kernel,
			       enum payload payload)
{
	switch (cond->kind) {
	case COND_TEST:
		return lower_test(&cond->test, kernel, payload);
	case COND_NOT:
		return expr_not(lower_cond(cond->left, kernel, payload));
	case COND_AND:
		return both(lower_cond(cond->left, kernel, payload),
			    lower_cond(cond->right, kernel, payload));
	case COND_OR:
		break;
	}
	return either(lower_cond(cond->left, kernel, payload),
		      lower_cond(cond->right, kernel, payload));
}

/* --- whole ops */

/* Whether any statement of this effect matches: the or of their conditions. */
static struct expr *any_matches(const struct policy *policy, const struct kernel *kernel,
				unsigned op, enum effect effect)
{
	struct expr *expr = expr_new(EXPR_OR);

	for (const struct statement *s = policy->first; s; s = s->next)
		if (speaks_of(s, op) && s->effect == effect)
			expr = expr_add(expr, s->cond ? lower_cond(s->cond, kernel, payload_of(op))
						      : constant(true));
	return expr;
}

/*
 * Port and address of an AF_INET or AF_INET6 request are all zero: a kernel without the fix shows
 * that for an address that is too short for its family, and connects it.
 */
static struct expr *zero_address(const struct kernel *kernel)
{
	struct place port = place_of(FIELD_PORT, kernel);
	struct expr *expr = both(family_has_port(), between(&port, port.mask, 0, 0));

	for (unsigned word = 0; word < 4; word++)
		expr = expr_add(expr,
				in_range((struct slot){AT_CONNECT_ADDR + 4 * word, EXPR_HOST, 0},
					 UINT32_MAX, 0, 0));
	return expr;
}

/* The bytes of a context that no request can change: the opcode, and padding. */
static struct expr *always(const struct kernel *kernel, unsigned op)
{
	struct slot opcode = {AT_OPCODE, EXPR_HOST, kernel->big_endian ? 24 : 0};
	struct slot padding = {AT_CONNECT_PORT, EXPR_HOST, kernel->big_endian ? 0 : 16};
	struct expr *expr = expr_add(expr_new(EXPR_AND), in_range(opcode, 0xff, op, op));

	if (payload_of(op) == PAYLOAD_CONNECT)
		expr = expr_add(expr, in_range(padding, 0xffff, 0, 0));
	return expr;
}

static bool is_allowed_if(const struct policy *policy, unsigned op)
{
	for (const struct statement *s = policy->first; s; s = s->next)
		if (set_has(&s->members, op) && s->subject == SUBJECT_OP &&
		    s->effect == EFFECT_ALLOW && s->cond)
			return true;
	return false;
}

struct expr *lower_op(const struct policy *policy, const struct kernel *kernel, unsigned op,
		      struct expr **assume)
{
	struct expr *denied = any_matches(policy, kernel, op, EFFECT_DENY);
	struct expr *allowed = any_matches(policy, kernel, op, EFFECT_ALLOW);

	if (policy_zero_address_denied(policy, op))
		denied = expr_add(denied, zero_address(kernel));
	if (!is_allowed_if(policy, op) && policy_default_allows(policy, SUBJECT_OP))
		allowed = expr_add(allowed, constant(true));
	*assume = always(kernel, op);
	return both(expr_not(denied), allowed);
}

struct expr *lower_sqe_flags(const struct kernel *kernel, uint8_t denied, uint8_t required)
{
	struct place place = place_of(FIELD_SQE_FLAGS, kernel);

	return both(no_bit(&place, denied), between(&place, required, required, required));
}

/* --- what a filter cannot see */

static const struct cond *first_payload_test(const struct cond *cond)
{
	const struct cond *found;

	if (cond->kind == COND_TEST)
		return field_in(&fields[cond->test.field], PAYLOAD_NONE) ? NULL : cond;
	found = first_payload_test(cond->left);
	return found || cond->kind == COND_NOT ? found : first_payload_test(cond->right);
}

const struct cond *lower_payload_test(const struct policy *policy, unsigned op)
{
	const struct cond *found = NULL;

	for (const struct statement *s = policy->first; s && !found; s = s->next)
		if (speaks_of(s, op) && s->cond)
			found = first_payload_test(s->cond);
	return found;
}

/* How the truth of a test changes when one of `bits` is set that was not. */
enum trend { TREND_NONE, TREND_RISES, TREND_FALLS, TREND_UNKNOWN };

static enum trend trend_of(const struct test *test, uint64_t bits)
{
	bool whole = test->relation == RELATION_EQ || test->relation == RELATION_NE;
	bool equal = test->relation == RELATION_EQ || test->relation == RELATION_MASK_EQ;
	uint64_t tested = bits & (whole ? UINT64_MAX : test->mask);

	if (test->relation == RELATION_ANY)
		return tested ? TREND_RISES : TREND_NONE;
	if (!whole && test->relation != RELATION_MASK_EQ && test->relation != RELATION_MASK_NE)
		return TREND_UNKNOWN;
	if (tested == 0)
		return TREND_NONE;
	if ((test->value & tested) == tested)
		return equal ? TREND_RISES : TREND_FALLS;
	if ((test->value & tested) == 0)
		return equal ? TREND_FALLS : TREND_RISES;
	return TREND_UNKNOWN;
}

/* Finds tests whose truth must only fall (or only rise) with the bits, but does not. */
struct flag_search {
	uint64_t bits;
	const struct cond *unsound, *sound;
};

static void search_flags(struct flag_search *search, const struct cond *cond, bool must_rise)
{
	enum trend trend;

	if (cond->kind != COND_TEST) {
		search_flags(search, cond->left, must_rise != (cond->kind == COND_NOT));
		if (cond->kind != COND_NOT)
			search_flags(search, cond->right, must_rise);
		return;
	}
	if (cond->test.field != FIELD_SQE_FLAGS)
		return;
	trend = trend_of(&cond->test, search->bits);
	if (trend == TREND_NONE)
		return;
	if (trend == (must_rise ? TREND_RISES : TREND_FALLS))
		search->sound = search->sound ? search->sound : cond;
	else
		search->unsound = search->unsound ? search->unsound : cond;
}

uint8_t lower_seeming_flags(unsigned op)
{
	return LOWER_SEEMING_FLAGS | (op == URING_OP_NOP ? FLAG_FIXED_FILE : 0);
}

const struct cond *lower_unsound_flags(const struct policy *policy, unsigned op,
				       const struct cond **denies_more)
{
	struct flag_search search = {.bits = lower_seeming_flags(op)};

	for (const struct statement *s = policy->first; s; s = s->next)
		if (speaks_of(s, op) && s->cond)
			search_flags(&search, s->cond, s->effect == EFFECT_DENY);
	*denies_more = search.sound;
	return search.unsound;
}
