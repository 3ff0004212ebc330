// SPDX-License-Identifier: MIT
#include <stdlib.h>

#include "policy/codegen.h"
#include "policy/plan-parts.h"

static const struct range nowhere;

static enum payload payload_of(unsigned op)
{
	const struct row *row = table_row(&op_table, op);

	return row ? row->payload : PAYLOAD_NONE;
}

static const char *name_of(unsigned op)
{
	const struct row *row = table_row(&op_table, op);

	return row ? row->name : "an operation";
}

/* Whether it is filters that have to enforce what the policy says of every request's flags. */
static bool filters_flags(const struct work *work)
{
	return work->requests == BY_FILTERS &&
	       (denied_flags(work) || work->verdicts.sqe_flags_required);
}

/* --- what a filter cannot enforce */

#define SEES_MORE                                                                                  \
	"a filter sees io_drain, async and, for nop, fixed_file also on requests without them"
#define DENIES_MORE                                                                                \
	"this also denies requests that only seem to have the flag: a filter sees io_drain and "   \
	"async as the kernel has set them itself, too"

/* An op whose conditions the kernel cannot enforce: refused or denied, as asked for. */
static void give_up_op(struct work *work, unsigned op, struct range where, const char *why)
{
	if (work->options.unsupported == UNSUPPORTED_DENY) {
		work->ops[op] = OP_DENIED;
		diag_add(work->diags, SEVERITY_WARNING, where,
			 "%s is denied altogether on Linux %s: %s", name_of(op),
			 work->kernel->version, why);
		return;
	}
	diag_add(work->diags, SEVERITY_ERROR, where,
		 "Linux %s cannot enforce this for %s: %s (--unsupported=deny denies the whole "
		 "operation)",
		 work->kernel->version, name_of(op), why);
}

static bool sees_payload(struct work *work, const struct rules *rules)
{
	enum payload payload = payload_of(rules->op);
	const struct cond *test;

	if (kernel_size(work->kernel, payload) >= kernel_size_wanted(payload))
		return true;
	test = lower_payload_test(rules);
	if (test)
		give_up_op(work, rules->op, test->where, "its filters do not see this field");
	return !test;
}

static bool sees_tested_flags(struct work *work, const struct rules *rules)
{
	const struct cond *denies_more;
	const struct cond *unsound = lower_unsound_flags(rules, &denies_more);

	if (unsound)
		give_up_op(work, rules->op, unsound->where,
			   SEES_MORE ", so it can only deny those that have them");
	else if (denies_more)
		diag_add(work->diags, SEVERITY_WARNING, denies_more->where, DENIES_MORE);
	return !unsound;
}

/* The first statement that denies or requires one of the flags. */
static struct range flag_statement(const struct policy *policy, uint8_t denied, uint8_t required)
{
	for (const struct statement *s = policy->first; s; s = s->next) {
		uint8_t denied_here, required_here;

		policy_is_flag_rule(s, &denied_here, &required_here);
		if (s->subject == SUBJECT_SQE_FLAGS && s->effect == EFFECT_DENY)
			denied_here = s->sqe_flags;
		if (s->subject == SUBJECT_SQE_FLAGS && s->effect == EFFECT_REQUIRE)
			required_here = s->sqe_flags;
		if ((denied_here & denied) || (required_here & required))
			return s->where;
	}
	return nowhere;
}

static bool sees_required_flags(struct work *work, unsigned op)
{
	uint8_t unsound = lower_seeming_flags(op) & work->verdicts.sqe_flags_required;

	if (!filters_flags(work) || !unsound)
		return true;
	give_up_op(work, op, flag_statement(work->policy, 0, unsound),
		   SEES_MORE ", so it cannot require them");
	return false;
}

static bool can_filter(struct work *work, const struct rules *rules)
{
	return sees_payload(work, rules) && sees_tested_flags(work, rules) &&
	       sees_required_flags(work, rules->op);
}

static void deny_all_ops(struct work *work)
{
	for (unsigned op = 0; op < URING_OPS_MAX; op++)
		work->ops[op] = OP_DENIED;
}

/* What is the same for all ops is said once. */
static void check_flags(struct work *work)
{
	uint8_t required = LOWER_SEEMING_FLAGS & work->verdicts.sqe_flags_required;
	uint8_t denied = LOWER_SEEMING_FLAGS & denied_flags(work);
	struct range where;

	if (!filters_flags(work) || work->verdicts.no_requests)
		return;
	where = flag_statement(work->policy, 0, required);
	if (denied)
		diag_add(work->diags, SEVERITY_WARNING, flag_statement(work->policy, denied, 0),
			 DENIES_MORE);
	if (!required)
		return;
	if (work->options.unsupported == UNSUPPORTED_FAIL)
		diag_add(work->diags, SEVERITY_ERROR, where,
			 "Linux %s cannot enforce this by filters: " SEES_MORE ", so it cannot "
			 "require them (--unsupported=deny denies every request)",
			 work->kernel->version);
	else
		diag_add(work->diags, SEVERITY_WARNING, where,
			 "every request is denied on Linux %s: " SEES_MORE ", so it cannot "
			 "require them",
			 work->kernel->version);
	deny_all_ops(work);
}

/* --- programs */

static struct range first_condition(const struct policy *policy, unsigned op)
{
	for (const struct statement *s = policy->first; s; s = s->next)
		if (s->subject == SUBJECT_OP && s->cond && set_has(&s->members, op))
			return s->where;
	return nowhere;
}

static struct expr *with_flags(const struct work *work, struct arena *arena, struct expr *expr)
{
	return expr_pair(arena, EXPR_AND, expr,
			 lower_sqe_flags(work->kernel, arena, denied_flags(work),
					 work->verdicts.sqe_flags_required));
}

static enum codegen_status generate(const struct work *work, const struct rules *rules,
				    struct bpf_program *program)
{
	struct arena arena = {0};
	struct expr *assume = NULL;
	struct expr *expr = lower_op(rules, work->otherwise, work->kernel, &arena, &assume);
	enum codegen_status status = CODEGEN_NO_MEMORY;

	if (filters_flags(work))
		expr = with_flags(work, &arena, expr);
	if (expr && assume)
		status = codegen_with(work->codegen, expr, assume, program, NULL);
	arena_destroy(&arena);
	return status;
}

/* A program of one return needs no filter: the op is allowed or denied as a whole. */
static bool is_constant(const struct bpf_program *program, bool *allows)
{
	if (program->len != 1)
		return false;
	*allows = program->insns[0].k != 0;
	return true;
}

bool filter_denies_all(const struct filter *filter)
{
	bool allows;

	return is_constant(&filter->program, &allows) && !allows;
}

static enum codegen_status copy_program(const struct bpf_program *from, struct bpf_program *to)
{
	for (size_t i = 0; i < from->len; i++)
		if (!bpf_append(to, from->insns[i]))
			return CODEGEN_NO_MEMORY;
	return CODEGEN_OK;
}

/* Generates the program of an op, or copies that of an op that is alike: `deny @all if ...`. */
static enum codegen_status program_of(const struct work *work, const struct plan *plan,
				      const struct rules *rules, struct bpf_program *program)
{
	for (size_t i = 0; i < plan->nr_filters && !filters_flags(work); i++)
		if (!filter_denies_all(&plan->filters[i]) &&
		    lower_alike(&work->rules[plan->filters[i].op], rules))
			return copy_program(&plan->filters[i].program, program);
	return generate(work, rules, program);
}

static void compile_op(struct work *work, struct plan *plan, const struct rules *rules)
{
	struct filter *filter = &plan->filters[plan->nr_filters];
	enum codegen_status status;
	unsigned op = rules->op;
	bool allows;

	*filter = (struct filter){.op = op};
	status = program_of(work, plan, rules, &filter->program);
	if (status == CODEGEN_TOO_LONG) {
		diag_add(work->diags, SEVERITY_ERROR, first_condition(work->policy, op),
			 "the conditions for %s need more than %d BPF instructions, which is all "
			 "that the kernel takes",
			 name_of(op), BPF_LEN_MAX);
	} else if (status != CODEGEN_OK) {
		diag_no_memory(work->diags);
	} else if (is_constant(&filter->program, &allows)) {
		work->ops[op] = allows ? OP_ALLOWED : OP_DENIED;
	} else {
		if (lower_payload_test(rules))
			filter->pdu_size = kernel_size_wanted(payload_of(op));
		plan->nr_filters++;
		return;
	}
	bpf_program_destroy(&filter->program);
}

static void deny_op(struct work *work, struct plan *plan, unsigned op)
{
	struct filter *filter = &plan->filters[plan->nr_filters];

	*filter = (struct filter){.op = op};
	if (bpf_append(&filter->program, (struct bpf_insn){BPF_RET | BPF_K, 0, 0, 0}))
		plan->nr_filters++;
	else
		diag_no_memory(work->diags);
}

/* Whether the op may need a program that looks at requests. */
static bool is_open(const struct work *work, unsigned op)
{
	return work->ops[op] == OP_CONDITIONAL ||
	       (work->ops[op] == OP_ALLOWED && filters_flags(work));
}

static bool is_denied_by_filter(const struct work *work, unsigned op)
{
	return work->ops[op] == OP_DENIED && work->requests == BY_FILTERS;
}

/* The most filters that there can be; one at least, for calloc(3). */
static size_t count_filters(const struct work *work)
{
	size_t n = 1;

	for (unsigned op = 0; op < work->kernel->nr_ops; op++)
		n += is_open(work, op) || is_denied_by_filter(work, op);
	return n;
}

static bool find_rules(struct work *work, struct arena *arena)
{
	struct set ops = {0};

	work->otherwise = policy_default_allows(work->policy, SUBJECT_OP);
	for (unsigned op = 0; op < work->kernel->nr_ops; op++)
		if (is_open(work, op))
			set_add(&ops, op);
	work->rules = lower_rules(work->policy, &ops, arena);
	return work->rules != NULL;
}

static void compile_each(struct work *work, struct plan *plan)
{
	for (unsigned op = 0; op < work->kernel->nr_ops; op++) {
		if (is_open(work, op) && can_filter(work, &work->rules[op]))
			compile_op(work, plan, &work->rules[op]);
		if (is_denied_by_filter(work, op))
			deny_op(work, plan, op);
	}
}

void compile_filters(struct work *work, struct plan *plan)
{
	struct arena arena = {0};

	check_flags(work);
	plan->filters = calloc(count_filters(work), sizeof(*plan->filters));
	work->codegen = codegen_new();
	if (plan->filters && work->codegen && find_rules(work, &arena))
		compile_each(work, plan);
	else
		diag_no_memory(work->diags);
	codegen_free(work->codegen);
	arena_destroy(&arena);
}
