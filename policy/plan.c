// SPDX-License-Identifier: MIT
#include "policy/plan.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include "policy/plan-parts.h"
#include "policy/seccomp.h"

static const struct range nowhere;

/* How many opcodes count; where the kernel does not say, all that there can be. */
static unsigned op_count(const struct kernel *kernel)
{
	return kernel->nr_ops ? kernel->nr_ops : URING_OPS_MAX;
}

static unsigned register_op_count(const struct kernel *kernel)
{
	return kernel->nr_register_ops ? kernel->nr_register_ops : URING_REGISTER_OPS_MAX;
}

uint8_t denied_flags(const struct work *work)
{
	uint8_t known = work->kernel->sqe_flags ? work->kernel->sqe_flags : UINT8_MAX;

	return (uint8_t)(known & ~work->verdicts.sqe_flags);
}

static void decide(struct work *work)
{
	lower_verdicts(work->policy, work->ops);
	work->verdicts = policy_verdicts(work->policy, work->ops[URING_OP_MSG_RING] == OP_ALLOWED);
	if (work->verdicts.no_requests)
		for (unsigned op = 0; op < URING_OPS_MAX; op++)
			work->ops[op] = OP_DENIED;
}

static bool some_op_is(const struct work *work, enum op_verdict verdict)
{
	for (unsigned op = 0; op < op_count(work->kernel); op++)
		if (work->ops[op] == verdict)
			return true;
	return false;
}

static bool restricts_register_ops(const struct work *work)
{
	for (unsigned op = 0; op < register_op_count(work->kernel); op++)
		if (!set_has(&work->verdicts.register_ops, op))
			return true;
	return false;
}

static bool restricts_flags(const struct work *work)
{
	return denied_flags(work) || work->verdicts.sqe_flags_required;
}

/* Ops and SQE flags: what only restrictions and filters can enforce. */
static bool restricts_requests(const struct work *work)
{
	return some_op_is(work, OP_DENIED) || some_op_is(work, OP_CONDITIONAL) ||
	       restricts_flags(work);
}

bool plan_is_empty(const struct plan *plan)
{
	return plan->restrictions.nr_res == 0 && plan->nr_filters == 0 && plan->seccomp.len == 0;
}

/* Whether restrictions can be had: they can be set once, and have to list all that is allowed. */
static bool can_restrict(const struct work *work)
{
	const struct kernel *kernel = work->kernel;

	return kernel->task == TASK_FRESH && work->options.via == VIA_AUTO && kernel->nr_ops &&
	       kernel->nr_register_ops;
}

static bool can_filter(const struct kernel *kernel)
{
	return (kernel->task == TASK_FRESH || kernel->task == TASK_NESTED) && kernel->nr_ops;
}

static unsigned need_of_payload(unsigned op)
{
	static const unsigned needs_of[] = {[PAYLOAD_OPEN] = NEED_OPEN_SIZE,
					    [PAYLOAD_SOCKET] = NEED_SOCKET_SIZE,
					    [PAYLOAD_CONNECT] = NEED_CONNECT_SIZE};
	const struct row *row = table_row(&op_table, op);

	return row ? needs_of[row->payload] : 0;
}

/* Without memory to find out, all that can be needed is. */
static unsigned size_needs(const struct work *work)
{
	struct arena arena = {0};
	struct set ops = {0};
	struct rules *rules;
	unsigned needs = 0;

	for (unsigned op = 0; op < op_count(work->kernel); op++)
		if (work->ops[op] == OP_CONDITIONAL && need_of_payload(op))
			set_add(&ops, op);
	rules = lower_rules(work->policy, &ops, &arena);
	for (unsigned op = set_next(&ops, 0); op < URING_OPS_MAX; op = set_next(&ops, op + 1))
		if (!rules || lower_payload_test(&rules[op]))
			needs |= need_of_payload(op);
	arena_destroy(&arena);
	return needs;
}

unsigned plan_needs(const struct policy *policy, const struct kernel *kernel, enum via via)
{
	struct work work = {.policy = policy, .kernel = kernel, .options.via = via};
	unsigned needs = 0;

	decide(&work);
	if (restricts_requests(&work))
		needs = NEED_TASK;
	if (needs && can_filter(kernel))
		needs |= NEED_SURVIVES_EXEC | size_needs(&work);
	if (restricts_register_ops(&work) && can_restrict(&work))
		needs |= NEED_SURVIVES_EXEC | NEED_REGISTER_OBEYS;
	return needs;
}

/* --- which mechanisms */

/* The whole policy cannot be enforced: an error, or a reason to close io_uring. */
__attribute__((format(printf, 3, 4))) static void refuse(struct work *work, struct range where,
							 const char *format, ...)
{
	char why[512];
	va_list arguments;

	va_start(arguments, format);
	vsnprintf(why, sizeof(why), format, arguments);
	va_end(arguments);
	if (work->options.unsupported == UNSUPPORTED_DENY) {
		work->blocks = true;
		diag_add(work->diags, SEVERITY_WARNING, where,
			 "io_uring is denied altogether (ENOSYS): %s", why);
		return;
	}
	diag_add(work->diags, SEVERITY_ERROR, where,
		 "%s (--unsupported=deny denies io_uring altogether)", why);
}

static void refuse_task(struct work *work)
{
	const struct kernel *kernel = work->kernel;

	switch (kernel->task) {
	case TASK_FRESH:
	case TASK_NESTED:
		refuse(work, nowhere,
		       "Linux %s does not tell how many io_uring operations it has "
		       "(IORING_REGISTER_QUERY: %s)",
		       kernel->version, kernel->query_error);
		break;
	case TASK_UNSUPPORTED:
		refuse(work, nowhere,
		       "Linux %s has no io_uring task restrictions (7.0 or later is needed)",
		       kernel->version);
		break;
	case TASK_BLOCKED:
		refuse(work, nowhere,
		       "io_uring_register(2) is blocked (%s), most likely by a seccomp filter "
		       "around uring-jail; allow that call there",
		       kernel->task_error);
		break;
	case TASK_STRANGE:
		refuse(work, nowhere,
		       "io_uring_register(2) answers as no kernel does (%s), so something, most "
		       "likely a seccomp filter around uring-jail, stands in its place",
		       kernel->task_error);
		break;
	case TASK_NESTED_SEALED:
		refuse(work, nowhere,
		       "io_uring is already restricted for this task, by a jail that denies the "
		       "register operation bpf_filter, so that no filter can be added; start "
		       "uring-jail outside of that jail, or allow bpf_filter there");
		break;
	}
}

static void refuse_exec(struct work *work)
{
	const struct kernel *kernel = work->kernel;

	if (kernel->survives_exec == FINDING_NO)
		refuse(work, nowhere,
		       "Linux %s loses io_uring restrictions when a program that has used a ring "
		       "executes another (CVE-2026-80713); 7.2, or a release with its fix, is "
		       "needed",
		       kernel->version);
	else
		refuse(work, nowhere,
		       "Linux %s may lose io_uring restrictions at execve(2) (CVE-2026-80713), "
		       "and whether it does could not be tried (%s: %s)",
		       kernel->version, kernel->failed_call, kernel->failed_error);
}

static const char *no_restrictions(const struct work *work)
{
	const struct kernel *kernel = work->kernel;

	if (kernel->task == TASK_NESTED || kernel->task == TASK_NESTED_SEALED)
		return "this task is restricted already, and restrictions can be set only once";
	if (kernel->task != TASK_FRESH)
		return "restrictions cannot be set";
	if (work->options.via == VIA_FILTERS)
		return "restrictions are left for the target";
	return "the kernel does not tell all that it has, as restrictions would have to list it";
}

/*
 * The cheapest that holds, by instructions of a NOP on Linux 7.3.4 with the JIT (tests/bench/run
 * request): 376 without a jail, 397 under restrictions, however many ops they deny; 417 where there is
 * any filter, on other ops alone; 523 with a filter of one test on the op itself, as much for one
 * that only returns, and 58 for each filter more that is stacked. So whole ops and flags are left to
 * restrictions, also beside filters, an op has one filter at the most, and no op has one that only
 * denies where restrictions can. Within a program tests are cheap: 5 numbers cost 6 more than one,
 * 20 cost 14, as a tree of comparisons (tree.c), which is why no other way to test a set is used.
 */
static void choose_for_requests(struct work *work, struct plan *plan)
{
	if (!can_filter(work->kernel))
		refuse_task(work);
	else if (work->kernel->survives_exec != FINDING_YES)
		refuse_exec(work);
	else if (can_restrict(work))
		work->requests = BY_RESTRICTIONS;
	else
		work->requests = BY_FILTERS;
	if (work->requests == BY_FILTERS)
		plan->why_filters = no_restrictions(work);
}

/* Why register restrictions do not hold on the kernel, or NULL where they do. */
static const char *register_hole(const struct kernel *kernel)
{
	if (kernel->survives_exec != FINDING_YES)
		return "restrictions may be lost at execve(2)";
	if (kernel->ringless_obey == FINDING_NO)
		return "calls without a ring escape restrictions";
	if (kernel->disabled_rings_obey == FINDING_NO)
		return "rings made disabled escape restrictions";
	if (kernel->ringless_obey == FINDING_YES && kernel->disabled_rings_obey == FINDING_YES)
		return NULL;
	return "whether restrictions hold could not be tried";
}

/*
 * Restrictions come first, and where calls without a ring obey them, they would deny our own filters
 * (io_uring/register.c: io_uring_register_blind).
 */
static bool denies_own_filters(const struct work *work)
{
	return some_op_is(work, OP_CONDITIONAL) &&
	       !set_has(&work->verdicts.register_ops, URING_REGISTER_BPF_FILTER);
}

static const char *why_not_restrictions(const struct work *work)
{
	const char *why = can_restrict(work) ? register_hole(work->kernel) : no_restrictions(work);

	if (!why && denies_own_filters(work))
		why = "no filter could be added after restrictions that deny bpf_filter";
	return why;
}

static void choose_for_registers(struct work *work, struct plan *plan)
{
	plan->why_seccomp = why_not_restrictions(work);
	work->registers = plan->why_seccomp ? BY_SECCOMP : BY_RESTRICTIONS;
}

/*
 * A proposal has no number that can be denied. As long as the kernel has nothing beyond the table
 * it does not have the proposal either; what it has beyond the table may be it.
 */
static void check_proposal(struct work *work, const struct proposal *proposal)
{
	const char *name = proposal->row->name;

	if (work->options.unsupported == UNSUPPORTED_FAIL) {
		diag_add(work->diags, SEVERITY_ERROR, proposal->where,
			 "Linux %s has register operations that this version does not know, and %s "
			 "may be one of them (--unsupported=deny denies those)",
			 work->kernel->version, name);
		return;
	}
	diag_add(work->diags, SEVERITY_WARNING, proposal->where,
		 "all register operations that this version does not know are denied, since %s may "
		 "be one of those that Linux %s has",
		 name, work->kernel->version);
	for (unsigned n = table_known(&register_table); n < URING_REGISTER_OPS_MAX; n++)
		set_remove(&work->verdicts.register_ops, n);
}

static bool allows_unknown_register_op(const struct work *work)
{
	for (unsigned n = table_known(&register_table); n < register_op_count(work->kernel); n++)
		if (set_has(&work->verdicts.register_ops, n))
			return true;
	return false;
}

static void check_proposals(struct work *work)
{
	for (const struct statement *s = work->policy->first; s; s = s->next)
		for (const struct proposal *p = s->proposals; p; p = p->next)
			if (s->effect == EFFECT_DENY && allows_unknown_register_op(work))
				check_proposal(work, p);
}

/* --- restrictions */

static void add(struct plan *plan, uint16_t opcode, unsigned value)
{
	struct uring_restriction *entry = &plan->restrictions.entries[plan->restrictions.nr_res++];

	*entry = (struct uring_restriction){.opcode = opcode, .value = (uint8_t)value};
}

/*
 * An op or flag entry closes every op that has no entry, and denies every flag that is neither
 * allowed nor required: so both are listed as soon as one is restricted
 * (io_uring/io_uring.c: io_check_restriction). With no op left, the flags alone do it.
 */
static void restrict_ops(struct plan *plan, const struct work *work)
{
	const struct verdicts *verdicts = &work->verdicts;

	add(plan, URING_RESTRICTION_SQE_FLAGS_ALLOWED,
	    verdicts->sqe_flags & work->kernel->sqe_flags);
	if (verdicts->sqe_flags_required)
		add(plan, URING_RESTRICTION_SQE_FLAGS_REQUIRED, verdicts->sqe_flags_required);
	for (unsigned op = 0; op < work->kernel->nr_ops; op++)
		if (work->ops[op] != OP_DENIED)
			add(plan, URING_RESTRICTION_SQE_OP, op);
}

/*
 * An empty list would restrict nothing. Where every register op is denied, RESTRICTIONS is listed:
 * it is harmless, since a task that has restrictions gets EPERM or EBUSY from it anyway
 * (io_uring/register.c: io_register_restrictions_task, io_register_restrictions).
 */
static void restrict_register_ops(struct plan *plan, const struct work *work)
{
	unsigned before = plan->restrictions.nr_res;

	for (unsigned op = 0; op < work->kernel->nr_register_ops; op++)
		if (set_has(&work->verdicts.register_ops, op))
			add(plan, URING_RESTRICTION_REGISTER_OP, op);
	if (plan->restrictions.nr_res == before)
		add(plan, URING_RESTRICTION_REGISTER_OP, URING_REGISTER_RESTRICTIONS);
}

static void check_status(enum codegen_status status, struct diags *diags)
{
	if (status != CODEGEN_OK)
		diag_no_memory(diags);
}

/* What is left when something can be enforced only by closing io_uring: that alone. */
static void block(struct work *work, struct plan *plan)
{
	plan->blocks = true;
	plan->why_seccomp = "a rule cannot be enforced otherwise";
	check_status(seccomp_io_uring(&plan->seccomp), work->diags);
}

static void compile(struct work *work, struct plan *plan)
{
	size_t errors = work->diags->errors;

	if (work->requests == BY_FILTERS || some_op_is(work, OP_CONDITIONAL))
		compile_filters(work, plan);
	if (work->diags->errors > errors)
		return;
	if (work->requests == BY_RESTRICTIONS &&
	    (some_op_is(work, OP_DENIED) || restricts_flags(work)))
		restrict_ops(plan, work);
	if (work->registers == BY_RESTRICTIONS)
		restrict_register_ops(plan, work);
	if (work->registers != BY_SECCOMP)
		return;
	plan->register_ops = work->verdicts.register_ops;
	check_status(seccomp_register_ops(&work->verdicts.register_ops, work->kernel->big_endian,
					  &plan->seccomp),
		     work->diags);
}

bool plan_compile(const struct policy *policy, const struct kernel *kernel,
		  struct plan_options options, struct plan *plan, struct diags *diags)
{
	struct work work = {.policy = policy, .kernel = kernel, .options = options, .diags = diags};
	size_t errors = diags->errors;

	plan_init(plan);
	decide(&work);
	check_proposals(&work);
	if (restricts_requests(&work))
		choose_for_requests(&work, plan);
	if (restricts_register_ops(&work))
		choose_for_registers(&work, plan);
	if (work.blocks)
		block(&work, plan);
	else if (diags->errors == errors)
		compile(&work, plan);
	return diags->errors == errors && !diags->out_of_memory;
}

void plan_destroy(struct plan *plan)
{
	for (size_t i = 0; i < plan->nr_filters; i++)
		bpf_program_destroy(&plan->filters[i].program);
	free(plan->filters);
	bpf_program_destroy(&plan->seccomp);
	plan_init(plan);
}
