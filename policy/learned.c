// SPDX-License-Identifier: MIT
#include "policy/learned.h"

#include <errno.h>
#include <string.h>

#include "policy/decide.h"
#include "policy/lower.h"
#include "policy/uring-abi.h"
#include "policy/write.h"

/* Where the statements stand that are added; there is no text to point into. */
static const struct source learned_source = {
	.name = "--learn", .text = "", .size = 0, .one_line = true};

static struct range nowhere(void)
{
	return (struct range){&learned_source, 0, 0};
}

/* --- counting */

/*
 * IO_DRAIN and ASYNC are set by the kernel, too, and FIXED_FILE for a nop: on requests like these
 * they say nothing (policy/lower.h). IO_DRAIN is never there without a request that really has it.
 */
void learned_request(struct learned *learned, unsigned op, uint8_t flags, bool own, int error)
{
	const uint8_t drain = 0x02;

	if (op >= URING_OPS_MAX)
		return;
	if (error == -EINVAL && !table_row(&op_table, op)) {
		learned->unknown_ops[op]++;
		return;
	}
	learned->requests[op][flags]++;
	learned->own_flags |= own ? flags : (flags & (drain | ~lower_seeming_flags(op)));
}

void learned_register(struct learned *learned, unsigned op, int64_t result)
{
	if (op >= URING_REGISTER_OPS_MAX)
		return;
	if (result == -EINVAL && !table_row(&register_table, op))
		learned->unknown_registers[op]++;
	else
		learned->registers[op]++;
}

static uint64_t requests_of(const struct learned *learned, unsigned op)
{
	uint64_t n = 0;

	for (unsigned flags = 0; flags < 256; flags++)
		n += learned->requests[op][flags];
	return n;
}

static uint64_t requests_with(const struct learned *learned, unsigned flag)
{
	uint64_t n = 0;

	for (unsigned op = 0; op < URING_OPS_MAX; op++)
		for (unsigned flags = 0; flags < 256; flags++)
			n += (flags & flag) ? learned->requests[op][flags] : 0;
	return n;
}

/* --- extending a policy */

/* Only the flags of a request are known. */
#define KNOWN (1U << FIELD_SQE_FLAGS)

static struct request request_of(unsigned op, uint8_t flags)
{
	struct request request = {.op = op};

	request.value[FIELD_SQE_FLAGS] = flags;
	return request;
}

static bool is_by_default(const struct decision *decision)
{
	return decision->reason == REASON_DEFAULT || decision->reason == REASON_DEFAULT_INFERRED;
}

/* What a policy lacks. */
struct missing {
	struct set ops, registers;
	uint8_t sqe_flags;
};

static void find_op(const struct policy *policy, unsigned op, struct missing *missing)
{
	struct request request = request_of(op, 0);
	struct denials denials = policy_denials(policy, &request, KNOWN);

	if (denials.certain && is_by_default(&denials.last))
		set_add(&missing->ops, op);
}

static void find_flag(const struct policy *policy, uint8_t flag, struct missing *missing)
{
	struct verdicts verdicts = policy_verdicts(policy, true);

	/* Where a statement denies it, an allow would change nothing. */
	for (const struct statement *s = policy->first; s; s = s->next)
		if (s->subject == SUBJECT_SQE_FLAGS && s->effect == EFFECT_DENY &&
		    (s->sqe_flags & flag))
			return;
	if (!(verdicts.sqe_flags & flag))
		missing->sqe_flags |= flag;
}

static void find_register(const struct policy *policy, unsigned op, struct missing *missing)
{
	struct request request = {.is_register = true, .op = op};
	struct decision decision = policy_decide(policy, &request);

	if (!decision.allowed && is_by_default(&decision))
		set_add(&missing->registers, op);
	if (op != URING_REGISTER_SEND_MSG_RING)
		return;
	find_op(policy, URING_OP_MSG_RING, missing);
	/* What denies its twin hides what the policy says of itself. */
	if (decision.reason == REASON_TWIN && !policy_default_allows(policy, SUBJECT_REGISTER))
		set_add(&missing->registers, op);
}

static struct missing find_missing(const struct learned *learned, const struct policy *policy)
{
	struct missing missing = {0};

	for (unsigned op = 0; op < URING_OPS_MAX; op++)
		if (requests_of(learned, op) > 0)
			find_op(policy, op, &missing);
	for (unsigned flag = 1; flag < 256; flag <<= 1)
		if (requests_with(learned, flag) > 0)
			find_flag(policy, (uint8_t)flag, &missing);
	for (unsigned op = 0; op < URING_REGISTER_OPS_MAX; op++)
		if (learned->registers[op] > 0)
			find_register(policy, op, &missing);
	return missing;
}

static void add(struct policy *policy, struct diags *diags, enum subject subject,
		enum effect effect, const struct set *members, uint8_t sqe_flags)
{
	static const struct set none;
	struct statement *statement;

	if (effect == EFFECT_ALLOW && set_equal(members, &none) && sqe_flags == 0)
		return;
	statement = policy_add(policy, diags, nowhere(), subject, effect);
	if (!statement)
		return;
	statement->members = *members;
	statement->sqe_flags = sqe_flags;
}

void learned_extend(const struct learned *learned, struct policy *policy, struct diags *diags)
{
	struct missing missing;
	struct set none = {0};

	if (!policy->first)
		for (enum subject subject = 0; subject < SUBJECTS; subject++)
			add(policy, diags, subject, EFFECT_DEFAULT_DENY, &none, 0);
	missing = find_missing(learned, policy);
	add(policy, diags, SUBJECT_OP, EFFECT_ALLOW, &missing.ops, 0);
	add(policy, diags, SUBJECT_REGISTER, EFFECT_ALLOW, &missing.registers, 0);
	add(policy, diags, SUBJECT_SQE_FLAGS, EFFECT_ALLOW, &none, missing.sqe_flags);
}

/* --- writing */

#define WIDTH 100

/* A list in comments: "#   basic-io: read 12, write 3", broken between its elements. */
struct list {
	FILE *out;
	size_t column; /* 0: nothing was written yet */
	size_t indent;
};

static void start_list(struct list *list, const char *name)
{
	fputs("#   ", list->out);
	for (const char *c = name; *c; c++)
		putc(*c == '_' ? '-' : *c, list->out);
	putc(':', list->out);
	list->column = list->indent = strlen("#   ") + strlen(name) + 1;
}

static void put_element(struct list *list, const char *text)
{
	bool first = list->column == list->indent;

	if (!first)
		putc(',', list->out);
	if (!first && list->column + 2 + strlen(text) > WIDTH - 1) {
		fprintf(list->out, "\n#%*s", (int)list->indent - 1, "");
		list->column = list->indent;
		first = true;
	}
	fprintf(list->out, " %s", text);
	list->column += strlen(text) + 1 + !first;
}

static void put_count(struct list *list, const struct row *row, uint64_t number, uint64_t count,
		      const char *remark)
{
	char text[128];

	if (row)
		snprintf(text, sizeof(text), "%s %llu%s", row->name, (unsigned long long)count,
			 remark);
	else
		snprintf(text, sizeof(text), "%llu %llu%s", (unsigned long long)number,
			 (unsigned long long)count, remark);
	put_element(list, text);
}

/* The first of the groups that a row is in: it is listed there and nowhere else. */
static uint32_t group_of(const struct row *row)
{
	return row ? row->groups & -row->groups : 0;
}

/* What was seen of one group; `group` 0 has what is in none. */
static void put_group(FILE *out, const struct table *table, const char *name, uint32_t group,
		      const uint64_t counts[256])
{
	struct list list = {.out = out};

	for (unsigned op = 0; op < 256; op++) {
		const struct row *row = table_row(table, op);

		if (counts[op] == 0 || group_of(row) != group)
			continue;
		if (list.column == 0)
			start_list(&list, name);
		put_count(&list, row, op, counts[op], "");
	}
	if (list.column > 0)
		putc('\n', out);
}

static void put_groups(FILE *out, const struct table *table, const struct table *groups,
		       const uint64_t counts[256])
{
	for (size_t i = 0; i < groups->n; i++)
		put_group(out, table, groups->rows[i].name, (uint32_t)groups->rows[i].number,
			  counts);
	put_group(out, table, "others", 0, counts);
}

static void put_flags(FILE *out, const struct learned *learned)
{
	struct list list = {.out = out};

	for (unsigned flag = 1; flag < 256; flag <<= 1) {
		uint64_t count = requests_with(learned, flag);

		if (count == 0)
			continue;
		if (list.column == 0)
			start_list(&list, "with SQE flags");
		put_count(&list, table_row(&sqe_flag_table, flag), flag, count,
			  learned->own_flags & flag ? "" : " (by the kernel, or by the program)");
	}
	if (list.column > 0)
		putc('\n', out);
}

static uint64_t sum(const uint64_t counts[256])
{
	uint64_t n = 0;

	for (unsigned i = 0; i < 256; i++)
		n += counts[i];
	return n;
}

static void put_unknown(FILE *out, const char *what, const uint64_t counts[256])
{
	struct list list = {.out = out};

	if (sum(counts) == 0)
		return;
	fprintf(out, "# %s that neither this kernel nor uring-jail knows, which are not allowed:\n",
		what);
	start_list(&list, "numbers");
	for (unsigned op = 0; op < 256; op++)
		if (counts[op] > 0)
			put_count(&list, NULL, op, counts[op], "");
	putc('\n', out);
}

/* --- what is still denied */

/* The text of a statement in one line; where it stood may be a file that is gone by now. */
static void put_statement(FILE *out, const struct statement *statement, enum arch arch)
{
	fputs("by ", out);
	policy_write_statement(out, statement, arch);
}

static void put_denial(FILE *out, const struct policy *policy, const char *prefix,
		       const struct table *table, unsigned op, uint64_t count,
		       const struct denials *denials)
{
	const struct row *row = table_row(table, op);
	const struct statement *statement = denials->possible[0].statement;
	char number[16];

	snprintf(number, sizeof(number), "%u", op);
	fprintf(out, "#   %s%s %llu, %s ", prefix, row ? row->name : number,
		(unsigned long long)count, denials->certain ? "denied" : "perhaps denied");
	if (statement)
		put_statement(out, statement, policy->arch);
	else
		fputs("by default", out);
	putc('\n', out);
}

/* What a policy does not certainly allow of what was seen of an op: how often that was. */
static uint64_t denied_requests(const struct learned *learned, const struct policy *policy,
				unsigned op, struct denials *first)
{
	uint64_t n = 0;

	for (unsigned flags = 0; flags < 256; flags++) {
		struct request request = request_of(op, (uint8_t)flags);
		struct denials denials;

		if (learned->requests[op][flags] == 0)
			continue;
		denials = policy_denials(policy, &request, KNOWN);
		if (denials.n == 0)
			continue;
		if (n == 0)
			*first = denials;
		n += learned->requests[op][flags];
	}
	return n;
}

static uint64_t denied_calls(const struct learned *learned, const struct policy *policy,
			     unsigned op, struct denials *denials)
{
	struct request request = {.is_register = true, .op = op};

	*denials = policy_denials(policy, &request, 0);
	return denials->n > 0 ? learned->registers[op] : 0;
}

/* Writes them, or, without `out`, only says whether there are any. */
static bool put_denials(FILE *out, const struct learned *learned, const struct policy *policy)
{
	bool any = false;

	for (unsigned i = 0; i < URING_OPS_MAX + URING_REGISTER_OPS_MAX; i++) {
		bool is_register = i >= URING_OPS_MAX;
		unsigned op = is_register ? i - URING_OPS_MAX : i;
		struct denials denials;
		uint64_t n = is_register ? denied_calls(learned, policy, op, &denials)
					 : denied_requests(learned, policy, op, &denials);

		if (n == 0)
			continue;
		if (out && !any)
			fputs("# Not, or perhaps not, allowed, since a statement says so:\n", out);
		any = true;
		if (out)
			put_denial(out, policy, is_register ? "register " : "",
				   is_register ? &register_table : &op_table, op, n, &denials);
	}
	return any;
}

bool learned_all_allowed(const struct learned *learned, const struct policy *policy)
{
	return !put_denials(NULL, learned, policy);
}

void learned_write_counts(FILE *out, const struct learned *learned, const struct policy *policy)
{
	uint64_t requests[256];

	for (unsigned op = 0; op < 256; op++)
		requests[op] = requests_of(learned, op);
	fprintf(out, "# Requests: %llu\n", (unsigned long long)sum(requests));
	put_groups(out, &op_table, &group_table, requests);
	put_flags(out, learned);
	fprintf(out, "# Register operations: %llu\n", (unsigned long long)sum(learned->registers));
	put_groups(out, &register_table, &register_group_table, learned->registers);
	put_unknown(out, "Operations", learned->unknown_ops);
	put_unknown(out, "Register operations", learned->unknown_registers);
	put_denials(out, learned, policy);
}
