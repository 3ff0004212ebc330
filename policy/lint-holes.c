// SPDX-License-Identifier: MIT
#include <string.h>

#include "policy/decide.h"
#include "policy/lint-parts.h"

static const struct range nowhere;

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

		if (!lint_is_about(view, subject, op) ||
		    (view->effect == EFFECT_ALLOW && !view->cond))
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
	bool one_closed = lint_set_size(closed) == 1, one_open = lint_set_size(open) == 1;
	bool denied = !closer->cond;
	struct text here = {0}, there = {0};

	if (closer->subject == SUBJECT_REGISTER)
		lint_append(&here, "the register operation%s ", one_closed ? "" : "s");
	lint_append_list(&here, closer->subject, closed);
	if (open_subject != closer->subject)
		lint_append(&there, "the register operation%s ", one_open ? "" : "s");
	lint_append_list(&there, open_subject, open);
	diag_add(lint->diags, SEVERITY_WARNING, closer->statement->where,
		 "%s %s %s here, but %s, which %s open, %s the same; %s %s, too", here.bytes,
		 one_closed ? "is" : "are", denied ? "denied" : "limited", there.bytes,
		 one_open ? "is" : "are", one_open ? "does" : "do", denied ? "deny" : "limit",
		 one_open ? "it" : "them");
}

static void warn_equivalents(struct lint *lint, size_t row)
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
	if (lint_set_size(&open) > 0 && (subject == others_subject || !by->cond))
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

static void warn_sends(struct lint *lint)
{
	struct set open = open_of(lint, SUBJECT_OP, named(SUBJECT_OP, carry_addresses));
	const struct view *by = address_closer(lint);
	struct text list = {0};

	if (!by || lint_set_size(&open) == 0)
		return;
	lint_append_list(&list, SUBJECT_OP, &open);
	diag_add(lint->diags, SEVERITY_WARNING, by->statement->where,
		 "connect is %s here, but %s, which %s open, can carry any address (datagrams, TCP "
		 "fast open); deny %s, and send with write",
		 by->cond ? "limited" : "denied", list.bytes,
		 lint_set_size(&open) == 1 ? "is" : "are",
		 lint_set_size(&open) == 1 ? "it" : "them");
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

		if (!lint_is_about(view, SUBJECT_OP, URING_OP_CONNECT))
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
	lint_append(&ipv4, "%u.%u.%u.%u", address[0], address[1], address[2], address[3]);
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

static void warn_mapped(struct lint *lint)
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
		size += 1 + lint_size_of(s->cond);
		if (s->cond)
			collect_trials(&trials, s->cond);
	}
	if (!lint->diags->out_of_memory)
		try_mapped(lint, &connect, &trials, size);
	policy_destroy(&connect);
}

void lint_holes(struct lint *lint)
{
	for (size_t row = 0; row < COUNT(equivalents); row++)
		warn_equivalents(lint, row);
	warn_sends(lint);
	warn_mapped(lint);
}
