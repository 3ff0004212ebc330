// SPDX-License-Identifier: MIT
#include "policy/lower.h"

#include <string.h>

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

static bool is_rule(const struct statement *s)
{
	uint8_t denied, required;

	if (s->subject != SUBJECT_OP)
		return false;
	/* Only denials under a condition can be about flags, and most others are asked about. */
	return s->effect == EFFECT_ALLOW ||
	       (s->effect == EFFECT_DENY &&
		(!s->cond || !policy_is_flag_rule(s, &denied, &required)));
}

/* Adds a statement to the lists of those ops that it is about. */
static void add_rule(const struct statement *s, const struct set *ops, struct rules *rules)
{
	for (unsigned i = 0; i < URING_OPS_MAX / 64; i++)
		for (uint64_t left = s->members.word[i] & ops->word[i]; left; left &= left - 1) {
			struct rules *of = &rules[i * 64 + (unsigned)__builtin_ctzll(left)];

			of->statements[of->n++] = s;
		}
}

/* Each list has room for all statements, of which what is not used is never touched. */
struct rules *lower_rules(const struct policy *policy, const struct set *ops, struct arena *arena)
{
	unsigned op, room = 0;
	struct rules *rules;
	size_t n = 0;

	for (op = set_next(ops, 0); op < URING_OPS_MAX; op = set_next(ops, op + 1))
		room = op + 1;
	for (const struct statement *s = policy->first; s; s = s->next)
		n++;
	rules = arena_take(arena, room * sizeof(*rules));
	if (!rules)
		return NULL;
	for (op = set_next(ops, 0); op < URING_OPS_MAX; op = set_next(ops, op + 1)) {
		rules[op] = (struct rules){.policy = policy, .op = op};
		rules[op].statements = arena_take(arena, n * sizeof(const struct statement *));
		if (!rules[op].statements)
			return NULL;
	}
	for (const struct statement *s = policy->first; s; s = s->next)
		if (is_rule(s))
			add_rule(s, ops, rules);
	return rules;
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

bool lower_alike(const struct rules *a, const struct rules *b)
{
	if (a->n != b->n)
		return false;
	for (size_t i = 0; i < a->n; i++)
		if (a->statements[i] != b->statements[i])
			return false;
	if (payload_of(a->op) != payload_of(b->op))
		return false;
	for (size_t i = 0; i < a->n; i++)
		if (a->statements[i]->cond && tests_sqe_flags(a->statements[i]->cond))
			return false;
	return true;
}

/* --- single tests */

/* A field of at most 32 bits within a word of the context. */
struct slot {
	unsigned offset; /* of the word, in bytes */
	enum expr_order order;
	unsigned shift; /* of the field's lowest bit in the ordered word */
};

/* What is being lowered, and expressions that are made once for all places that need them. */
struct lowering {
	struct arena *arena;
	const struct kernel *kernel;
	enum payload payload;
	struct expr *yes, *no, *inet, *inet6, *has_port;
	const struct network *last;
	struct expr *in_last;
};

static struct expr *constant(struct lowering *l, bool value)
{
	return value ? l->yes : l->no;
}

/* The bits `mask` of the field are a number from lo to hi. */
static struct expr *in_range(struct lowering *l, struct slot slot, uint64_t mask, uint64_t lo,
			     uint64_t hi)
{
	if (mask == 0 || (lo == 0 && hi >= mask))
		return constant(l, lo == 0);
	if (lo > hi || lo > mask)
		return constant(l, false);
	if (hi > mask)
		hi = mask;
	return expr_atom(l->arena, slot.offset, slot.order, (uint32_t)(mask << slot.shift),
			 (uint32_t)(lo << slot.shift), (uint32_t)(hi << slot.shift));
}

/* If memory ran out for one, which is NULL then, so is this, unless it does not hang on that one. */
static struct expr *both(struct lowering *l, struct expr *a, struct expr *b)
{
	if (a == l->no || b == l->yes)
		return a;
	return a == l->yes || b == l->no ? b : expr_pair(l->arena, EXPR_AND, a, b);
}

static struct expr *either(struct lowering *l, struct expr *a, struct expr *b)
{
	if (a == l->yes || b == l->no)
		return a;
	return a == l->no || b == l->yes ? b : expr_pair(l->arena, EXPR_OR, a, b);
}

static struct expr *opposite(struct lowering *l, struct expr *expr)
{
	return expr_not(l->arena, expr);
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

static struct expr *at_least(struct lowering *l, struct halves at, uint64_t mask, uint64_t value)
{
	return either(l,
		      HIGH(value) == UINT32_MAX
			      ? constant(l, false)
			      : in_range(l, at.high, HIGH(mask), HIGH(value) + 1, UINT32_MAX),
		      both(l, in_range(l, at.high, HIGH(mask), HIGH(value), HIGH(value)),
			   in_range(l, at.low, LOW(mask), LOW(value), UINT32_MAX)));
}

static struct expr *at_most(struct lowering *l, struct halves at, uint64_t mask, uint64_t value)
{
	return either(l,
		      HIGH(value) == 0 ? constant(l, false)
				       : in_range(l, at.high, HIGH(mask), 0, HIGH(value) - 1),
		      both(l, in_range(l, at.high, HIGH(mask), HIGH(value), HIGH(value)),
			   in_range(l, at.low, LOW(mask), 0, LOW(value))));
}

static struct expr *in_wide_range(struct lowering *l, struct halves at, uint64_t mask, uint64_t lo,
				  uint64_t hi)
{
	if (lo > hi)
		return constant(l, false);
	if (HIGH(lo) == HIGH(hi))
		return both(l, in_range(l, at.high, HIGH(mask), HIGH(lo), HIGH(lo)),
			    in_range(l, at.low, LOW(mask), LOW(lo), LOW(hi)));
	return both(l, at_least(l, at, mask, lo), at_most(l, at, mask, hi));
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

static struct expr *between(struct lowering *l, const struct place *place, uint64_t mask,
			    uint64_t lo, uint64_t hi)
{
	return place->wide ? in_wide_range(l, place->halves, mask, lo, hi)
			   : in_range(l, place->slot, mask, lo, hi);
}

static struct expr *in_elements(struct lowering *l, const struct place *place,
				const struct test *test)
{
	struct expr *expr = expr_new(l->arena, EXPR_OR);

	for (size_t i = 0; i < test->nr_elements; i++)
		expr = expr_add(
			l->arena, expr,
			between(l, place, place->mask, test->elements[i].lo, test->elements[i].hi));
	return expr;
}

static struct expr *no_bit(struct lowering *l, const struct place *place, uint64_t mask)
{
	return between(l, place, mask, 0, 0);
}

static struct expr *lower_numbers(struct lowering *l, const struct place *place,
				  const struct test *test)
{
	uint64_t mask = place->mask, value = test->value;

	switch (test->relation) {
	case RELATION_EQ:
		return between(l, place, mask, value, value);
	case RELATION_NE:
		return opposite(l, between(l, place, mask, value, value));
	case RELATION_LT:
		return opposite(l, between(l, place, mask, value, UINT64_MAX));
	case RELATION_LE:
		return between(l, place, mask, 0, value);
	case RELATION_GT:
		return opposite(l, between(l, place, mask, 0, value));
	case RELATION_GE:
		return between(l, place, mask, value, UINT64_MAX);
	case RELATION_ANY:
		return opposite(l, no_bit(l, place, test->mask));
	case RELATION_MASK_EQ:
		return between(l, place, test->mask, value, value);
	case RELATION_MASK_NE:
		return opposite(l, between(l, place, test->mask, value, value));
	case RELATION_IN:
		return in_elements(l, place, test);
	case RELATION_NOT_IN:
		break;
	}
	return opposite(l, in_elements(l, place, test));
}

/* --- fields with meanings of their own */

/* socket(AF_INET, SOCK_PACKET) makes an AF_PACKET socket (net/socket.c: __sock_create). */
static struct expr *is_packet_by_type(struct lowering *l)
{
	struct slot type = {AT_SOCKET_TYPE, EXPR_HOST, 0};

	return both(l, l->inet, in_range(l, type, 0xf, SOCK_TYPE_PACKET, SOCK_TYPE_PACKET));
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

static struct expr *lower_socket_family(struct lowering *l, const struct place *place,
					const struct test *test)
{
	struct expr *expr = lower_numbers(l, place, test);
	bool inet = passes(test, INET);
	bool packet = passes(test, PACKET);

	if (packet && !inet)
		return either(l, expr, is_packet_by_type(l));
	if (inet && !packet)
		return both(l, expr, opposite(l, is_packet_by_type(l)));
	return expr;
}

/* The address at AT_CONNECT_ADDR is in exactly this network, of this family. */
static struct expr *in_prefix(struct lowering *l, const struct network *network)
{
	enum expr_order order = l->kernel->big_endian ? EXPR_HOST : EXPR_SWAP32;
	struct expr *all[1 + 4] = {network->v6 ? l->inet6 : l->inet};
	unsigned word = 0;

	for (; word * 32 < network->prefix; word++) {
		const uint8_t *b = network->bytes + 4 * word;
		unsigned bits = network->prefix - 32 * word;
		uint32_t mask = bits >= 32 ? UINT32_MAX : ~(UINT32_MAX >> bits);
		uint32_t value =
			(uint32_t)b[0] << 24 | (uint32_t)b[1] << 16 | (uint32_t)b[2] << 8 | b[3];

		all[1 + word] =
			expr_atom(l->arena, AT_CONNECT_ADDR + 4 * word, order, mask, value, value);
	}
	return expr_group(l->arena, EXPR_AND, all, 1 + word);
}

static struct expr *in_networks(struct lowering *l, const struct element *elements, size_t n)
{
	struct expr *expr = expr_new(l->arena, EXPR_OR);
	struct network expanded[NETWORK_EXPANSION_MAX];

	for (size_t i = 0; i < n; i++) {
		size_t forms = network_expand(&elements[i].network, expanded);

		for (size_t j = 0; j < forms; j++)
			expr = expr_add(l->arena, expr, in_prefix(l, &expanded[j]));
	}
	return expr;
}

/* Many statements in a row name the same network. */
static struct expr *in_network(struct lowering *l, const struct element *element)
{
	const struct network *network = &element->network;

	if (l->last && memcmp(network, l->last, sizeof(*network)) == 0)
		return l->in_last;
	l->last = network;
	l->in_last = in_networks(l, element, 1);
	return l->in_last;
}

static struct expr *lower_addresses(struct lowering *l, const struct test *test)
{
	struct expr *expr = test->nr_elements == 1
				    ? in_network(l, test->elements)
				    : in_networks(l, test->elements, test->nr_elements);

	return test->relation == RELATION_NOT_IN ? opposite(l, expr) : expr;
}

static struct expr *lower_test(struct lowering *l, const struct test *test)
{
	struct place place;

	if (test->field == FIELD_ADDR)
		return both(l, l->has_port, lower_addresses(l, test));
	place = place_of(test->field, l->kernel);
	if (test->field == FIELD_PORT)
		return both(l, l->has_port, lower_numbers(l, &place, test));
	if (test->field == FIELD_FAMILY && l->payload == PAYLOAD_SOCKET)
		return lower_socket_family(l, &place, test);
	return lower_numbers(l, &place, test);
}

static struct expr *lower_cond(struct lowering *l, const struct cond *cond)
{
	switch (cond->kind) {
	case COND_TEST:
		return lower_test(l, &cond->test);
	case COND_NOT:
		return opposite(l, lower_cond(l, cond->left));
	case COND_AND:
		return both(l, lower_cond(l, cond->left), lower_cond(l, cond->right));
	case COND_OR:
		break;
	}
	return either(l, lower_cond(l, cond->left), lower_cond(l, cond->right));
}

/* --- whole ops */

/* Prepares for lowering; false when memory runs out. */
static bool begin(struct lowering *l, const struct kernel *kernel, struct arena *arena,
		  enum payload payload)
{
	*l = (struct lowering){.arena = arena, .kernel = kernel, .payload = payload};
	l->yes = expr_new(arena, EXPR_TRUE);
	l->no = expr_new(arena, EXPR_FALSE);
	l->inet = expr_atom(arena, AT_FAMILY, EXPR_HOST, UINT32_MAX, INET, INET);
	l->inet6 = expr_atom(arena, AT_FAMILY, EXPR_HOST, UINT32_MAX, INET6, INET6);
	l->has_port = expr_pair(arena, EXPR_OR, l->inet, l->inet6);
	return l->yes && l->no && l->has_port;
}

/* Whether any statement of this effect matches: the or of their conditions. */
static struct expr *any_matches(struct lowering *l, const struct rules *rules, enum effect effect)
{
	struct expr *expr = expr_new(l->arena, EXPR_OR);

	for (size_t i = 0; i < rules->n; i++) {
		const struct statement *s = rules->statements[i];

		if (s->effect == effect)
			expr = expr_add(l->arena, expr,
					s->cond ? lower_cond(l, s->cond) : constant(l, true));
	}
	return expr;
}

/*
 * Port and address of an AF_INET or AF_INET6 request are all zero: a kernel without the fix shows
 * that for an address that is too short for its family, and connects it.
 */
static struct expr *zero_address(struct lowering *l)
{
	struct place port = place_of(FIELD_PORT, l->kernel);
	struct expr *expr =
		expr_pair(l->arena, EXPR_AND, l->has_port, between(l, &port, port.mask, 0, 0));

	for (unsigned word = 0; word < 4; word++)
		expr = expr_add(l->arena, expr,
				in_range(l, (struct slot){AT_CONNECT_ADDR + 4 * word, EXPR_HOST, 0},
					 UINT32_MAX, 0, 0));
	return expr;
}

/* The bytes of a context that no request can change: the opcode, and padding. */
static struct expr *always(struct lowering *l, unsigned op)
{
	bool big = l->kernel->big_endian;
	struct slot opcode = {AT_OPCODE, EXPR_HOST, big ? 24 : 0};
	struct slot padding = {AT_CONNECT_PORT, EXPR_HOST, big ? 0 : 16};
	struct expr *expr =
		expr_add(l->arena, expr_new(l->arena, EXPR_AND), in_range(l, opcode, 0xff, op, op));

	if (l->payload == PAYLOAD_CONNECT)
		expr = expr_add(l->arena, expr, in_range(l, padding, 0xffff, 0, 0));
	return expr;
}

struct expr *lower_op(const struct rules *rules, bool otherwise, const struct kernel *kernel,
		      struct arena *arena, struct expr **assume)
{
	struct expr *denied, *allowed;
	struct lowering l;

	if (!begin(&l, kernel, arena, payload_of(rules->op)))
		return NULL;
	denied = any_matches(&l, rules, EFFECT_DENY);
	allowed = any_matches(&l, rules, EFFECT_ALLOW);
	if (policy_zero_address_denied(rules->policy, rules->op))
		denied = expr_add(arena, denied, zero_address(&l));
	if (otherwise && allowed && allowed->n == 0)
		allowed = expr_add(arena, allowed, constant(&l, true));
	*assume = always(&l, rules->op);
	return both(&l, opposite(&l, denied), allowed);
}

struct expr *lower_sqe_flags(const struct kernel *kernel, struct arena *arena, uint8_t denied,
			     uint8_t required)
{
	struct place place = place_of(FIELD_SQE_FLAGS, kernel);
	struct lowering l;

	if (!begin(&l, kernel, arena, PAYLOAD_NONE))
		return NULL;
	return both(&l, no_bit(&l, &place, denied),
		    between(&l, &place, required, required, required));
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

const struct cond *lower_payload_test(const struct rules *rules)
{
	const struct cond *found = NULL;

	for (size_t i = 0; i < rules->n && !found; i++)
		if (rules->statements[i]->cond)
			found = first_payload_test(rules->statements[i]->cond);
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

const struct cond *lower_unsound_flags(const struct rules *rules, const struct cond **denies_more)
{
	struct flag_search search = {.bits = lower_seeming_flags(rules->op)};

	for (size_t i = 0; i < rules->n; i++) {
		const struct statement *s = rules->statements[i];

		if (s->cond)
			search_flags(&search, s->cond, s->effect == EFFECT_DENY);
	}
	*denies_more = search.sound;
	return search.unsound;
}
