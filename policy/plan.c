// SPDX-License-Identifier: MIT
#include "policy/plan.h"

/* What a kernel needs to be told: which of its three subjects are not wholly open. */
struct work {
	struct verdicts verdicts;
	bool ops, register_ops, sqe_flags;
};

/* How many opcodes count; where the kernel does not say, all that there can be. */
static unsigned op_count(const struct kernel *kernel)
{
	return kernel->nr_ops ? kernel->nr_ops : URING_OPS_MAX;
}

static unsigned register_op_count(const struct kernel *kernel)
{
	return kernel->nr_register_ops ? kernel->nr_register_ops : URING_REGISTER_OPS_MAX;
}

static bool has_all(const struct set *set, unsigned count)
{
	for (unsigned n = 0; n < count; n++)
		if (!set_has(set, n))
			return false;
	return true;
}

static struct work work_of(const struct policy *policy, const struct kernel *kernel)
{
	struct work work = {.verdicts = policy_verdicts(policy)};
	uint8_t flags = kernel->sqe_flags ? kernel->sqe_flags : UINT8_MAX;

	work.ops = !has_all(&work.verdicts.ops, op_count(kernel));
	work.register_ops = !has_all(&work.verdicts.register_ops, register_op_count(kernel));
	work.sqe_flags =
		(work.verdicts.sqe_flags & flags) != flags || work.verdicts.sqe_flags_required != 0;
	return work;
}

static bool is_nothing(const struct work *work)
{
	return !work->ops && !work->register_ops && !work->sqe_flags;
}

bool plan_is_empty(const struct plan *plan)
{
	return plan->restrictions.nr_res == 0;
}

unsigned plan_needs(const struct policy *policy, const struct kernel *kernel)
{
	struct work work = work_of(policy, kernel);

	if (is_nothing(&work) || kernel->task != TASK_FRESH)
		return 0;
	return NEED_SURVIVES_EXEC | (work.register_ops ? NEED_REGISTER_OBEYS : 0);
}

static const struct range nowhere;

static void check_task(const struct kernel *kernel, struct diags *diags)
{
	switch (kernel->task) {
	case TASK_FRESH:
		if (kernel->nr_ops && kernel->nr_register_ops)
			break;
		diag_add(diags, SEVERITY_ERROR, nowhere,
			 "Linux %s does not tell how many io_uring operations it has "
			 "(IORING_REGISTER_QUERY: %s)",
			 kernel->version, kernel->query_error);
		break;
	case TASK_UNSUPPORTED:
		diag_add(diags, SEVERITY_ERROR, nowhere,
			 "Linux %s has no io_uring task restrictions (7.0 or later is needed)",
			 kernel->version);
		break;
	case TASK_BLOCKED:
		diag_add(diags, SEVERITY_ERROR, nowhere,
			 "io_uring_register(2) is blocked (%s), most likely by a seccomp filter "
			 "around uring-jail; allow that call there",
			 kernel->task_error);
		break;
	case TASK_STRANGE:
		diag_add(diags, SEVERITY_ERROR, nowhere,
			 "io_uring_register(2) answers as no kernel does (%s), so something, most "
			 "likely a seccomp filter around uring-jail, stands in its place",
			 kernel->task_error);
		break;
	case TASK_NESTED:
	case TASK_NESTED_SEALED:
		diag_add(
			diags, SEVERITY_ERROR, nowhere,
			"io_uring is already restricted for this task, and its restrictions can be "
			"set only once; start uring-jail outside of that jail");
		break;
	}
}

static void check_exec(const struct kernel *kernel, struct diags *diags)
{
	if (kernel->survives_exec == FINDING_NO)
		diag_add(diags, SEVERITY_ERROR, nowhere,
			 "Linux %s loses io_uring restrictions when a program that has used a ring "
			 "executes another (CVE-2026-80713); 7.2, or a release with its fix, is "
			 "needed",
			 kernel->version);
	else if (kernel->survives_exec == FINDING_UNKNOWN)
		diag_add(diags, SEVERITY_ERROR, nowhere,
			 "Linux %s may lose io_uring restrictions at execve(2) (CVE-2026-80713), "
			 "and "
			 "whether it does could not be tried (%s: %s)",
			 kernel->version, kernel->failed_call, kernel->failed_error);
}

/* Why register restrictions do not hold on the kernel, or NULL where they do. */
static const char *register_hole(const struct kernel *kernel)
{
	if (kernel->ringless_obey == FINDING_NO)
		return "calls without a ring escape its restrictions";
	if (kernel->disabled_rings_obey == FINDING_NO)
		return "rings made disabled escape its restrictions";
	if (kernel->ringless_obey == FINDING_YES && kernel->disabled_rings_obey == FINDING_YES)
		return NULL;
	return "whether its restrictions hold could not be tried";
}

/* The first statement about register ops that can have taken something away. */
static struct range register_rule(const struct policy *policy)
{
	for (const struct statement *s = policy->first; s; s = s->next)
		if (s->subject == SUBJECT_REGISTER && s->effect != EFFECT_DEFAULT_ALLOW)
			return s->where;
	return nowhere;
}

static void check_register_ops(const struct policy *policy, const struct kernel *kernel,
			       struct diags *diags)
{
	const char *hole = register_hole(kernel);
	struct range rule = register_rule(policy);
	const struct statement *denier = policy_denier(policy, SUBJECT_OP, URING_OP_MSG_RING);

	if (!hole)
		return;
	if (rule.source)
		diag_add(diags, SEVERITY_ERROR, rule,
			 "Linux %s cannot enforce rules for register operations: %s",
			 kernel->version, hole);
	else
		diag_add(diags, SEVERITY_ERROR, denier ? denier->where : nowhere,
			 "Linux %s cannot enforce the denial of msg_ring, since the register "
			 "operation send_msg_ring does the same and %s; to go on without it, allow "
			 "msg_ring",
			 kernel->version, hole);
}

/*
 * A proposal has no number that can be denied. As long as the kernel has nothing beyond the table
 * it does not have the proposal either; what it has beyond the table may be it.
 */
static void check_proposals(const struct policy *policy, const struct kernel *kernel,
			    const struct verdicts *verdicts, struct diags *diags)
{
	bool open = false;

	for (unsigned n = table_known(&register_table); n < register_op_count(kernel); n++)
		open = open || set_has(&verdicts->register_ops, n);
	for (const struct statement *s = policy->first; open && s; s = s->next)
		for (const struct proposal *p = s->proposals; p; p = p->next)
			if (s->effect == EFFECT_DENY)
				diag_add(diags, SEVERITY_ERROR, p->where,
					 "Linux %s has register operations that this version does "
					 "not know, and %s may be one of them",
					 kernel->version, p->row->name);
}

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
static void restrict_ops(struct plan *plan, const struct work *work, const struct kernel *kernel)
{
	const struct verdicts *verdicts = &work->verdicts;

	add(plan, URING_RESTRICTION_SQE_FLAGS_ALLOWED, verdicts->sqe_flags & kernel->sqe_flags);
	if (verdicts->sqe_flags_required)
		add(plan, URING_RESTRICTION_SQE_FLAGS_REQUIRED, verdicts->sqe_flags_required);
	for (unsigned op = 0; op < kernel->nr_ops; op++)
		if (set_has(&verdicts->ops, op))
			add(plan, URING_RESTRICTION_SQE_OP, op);
}

/*
 * An empty list would restrict nothing. Where every register op is denied, RESTRICTIONS is listed:
 * it is harmless, since a task that has restrictions gets EPERM or EBUSY from it anyway
 * (io_uring/register.c: io_register_restrictions_task, io_register_restrictions).
 */
static void restrict_register_ops(struct plan *plan, const struct work *work,
				  const struct kernel *kernel)
{
	unsigned before = plan->restrictions.nr_res;

	for (unsigned op = 0; op < kernel->nr_register_ops; op++)
		if (set_has(&work->verdicts.register_ops, op))
			add(plan, URING_RESTRICTION_REGISTER_OP, op);
	if (plan->restrictions.nr_res == before)
		add(plan, URING_RESTRICTION_REGISTER_OP, URING_REGISTER_RESTRICTIONS);
}

bool plan_compile(const struct policy *policy, const struct kernel *kernel, struct plan *plan,
		  struct diags *diags)
{
	struct work work = work_of(policy, kernel);
	size_t errors = diags->errors;

	*plan = (struct plan){0};
	check_proposals(policy, kernel, &work.verdicts, diags);
	if (is_nothing(&work))
		return diags->errors == errors;
	check_task(kernel, diags);
	if (kernel->task == TASK_FRESH)
		check_exec(kernel, diags);
	if (kernel->task == TASK_FRESH && work.register_ops)
		check_register_ops(policy, kernel, diags);
	if (diags->errors > errors || diags->out_of_memory)
		return false;
	if (work.ops || work.sqe_flags)
		restrict_ops(plan, &work, kernel);
	if (work.register_ops)
		restrict_register_ops(plan, &work, kernel);
	return true;
}
