// SPDX-License-Identifier: MIT
#include "policy/plan.h"

#include <stdlib.h>

#include "policy/codegen.h"
#include "policy/lower.h"

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

static uint8_t flags_of(const struct kernel *kernel)
{
	return kernel->sqe_flags ? kernel->sqe_flags : UINT8_MAX;
}

/* What a policy decides about everything that a kernel has. */
struct work {
	const struct policy *policy;
	const struct kernel *kernel;
	enum unsupported unsupported;
	struct diags *diags;
	enum op_verdict ops[URING_OPS_MAX];
	struct verdicts verdicts;
};

static void decide(struct work *work)
{
	for (unsigned op = 0; op < URING_OPS_MAX; op++)
		work->ops[op] = lower_op_verdict(work->policy, op);
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
	uint8_t flags = flags_of(work->kernel);

	return (work->verdicts.sqe_flags & flags) != flags || work->verdicts.sqe_flags_required;
}

static bool is_nothing(const struct work *work)
{
	return !some_op_is(work, OP_DENIED) && !some_op_is(work, OP_CONDITIONAL) &&
	       !restricts_register_ops(work) && !restricts_flags(work);
}

bool plan_is_empty(const struct plan *plan)
{
	return plan->restrictions.nr_res == 0 && plan->nr_filters == 0;
}

static enum payload payload_of(unsigned op)
{
	const struct row *row = table_row(&op_table, op);

	return row ? row->payload : PAYLOAD_NONE;
}

static unsigned size_needs(const struct work *work)
{
	unsigned needs = 0;

	for (unsigned op = 0; op < op_count(work->kernel); op++) {
		enum payload payload = payload_of(op);

		if (work->ops[op] != OP_CONDITIONAL || !lower_payload_test(work->policy, op))
			continue;
		needs |= payload == PAYLOAD_OPEN     ? NEED_OPEN_SIZE
			 : payload == PAYLOAD_SOCKET ? NEED_SOCKET_SIZE
						     : NEED_CONNECT_SIZE;
	}
	return needs;
}

unsigned plan_needs(const struct policy *policy, const struct kernel *kernel)
{
	struct work work = {.policy = policy, .kernel = kernel};

	decide(&work);
	if (is_nothing(&work) || kernel->task != TASK_FRESH)
		return 0;
	return NEED_SURVIVES_EXEC | size_needs(&work) |
	       (restricts_register_ops(&work) ? NEED_REGISTER_OBEYS : 0);
}

/* --- what stands against the whole plan */

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

static void check_register_ops(const struct work *work)
{
	const struct kernel *kernel = work->kernel;
	const char *hole = register_hole(kernel);
	struct range rule = register_rule(work->policy);
	const struct statement *denier = policy_denier(work->policy, SUBJECT_OP, URING_OP_MSG_RING);

	if (!hole)
		return;
	if (rule.source)
		diag_add(work->diags, SEVERITY_ERROR, rule,
			 "Linux %s cannot enforce rules for register operations: %s",
			 kernel->version, hole);
	else
		diag_add(work->diags, SEVERITY_ERROR, denier ? denier->where : nowhere,
			 "Linux %s cannot enforce the denial of msg_ring, since the register "
			 "operation send_msg_ring does the same and %s; to go on without it, allow "
			 "msg_ring",
			 kernel->version, hole);
}

/*
 * A proposal has no number that can be denied. As long as the kernel has nothing beyond the table
 * it does not have the proposal either; what it has beyond the table may be it.
 */
static void check_proposals(const struct work *work)
{
	bool open = false;

	for (unsigned n = table_known(&register_table); n < register_op_count(work->kernel); n++)
		open = open || set_has(&work->verdicts.register_ops, n);
	for (const struct statement *s = work->policy->first; open && s; s = s->next)
		for (const struct proposal *p = s->proposals; p; p = p->next)
			if (s->effect == EFFECT_DENY)
				diag_add(work->diags, SEVERITY_ERROR, p->where,
					 "Linux %s has register operations that this version does "
					 "not know, and %s may be one of them",
					 work->kernel->version, p->row->name);
}

static void check_whole(const struct work *work)
{
	check_task(work->kernel, work->diags);
	if (work->kernel->task != TASK_FRESH)
		return;
	check_exec(work->kernel, work->diags);
	if (restricts_register_ops(work))
		check_register_ops(work);
}

/* --- filters */

/* An op whose conditions the kernel cannot enforce: refused or denied, as asked for. */
static void give_up_op(struct work *work, unsigned op, struct range where, const char *why)
{
	const char *name = table_row(&op_table, op) ? table_row(&op_table, op)->name : "this one";

	if (work->unsupported == UNSUPPORTED_DENY) {
		work->ops[op] = OP_DENIED;
		diag_add(work->diags, SEVERITY_WARNING, where,
			 "%s is denied altogether on Linux %s: %s", name, work->kernel->version,
			 why);
		return;
	}
	diag_add(work->diags, SEVERITY_ERROR, where,
		 "Linux %s cannot enforce this for %s: %s (--unsupported=deny denies the whole "
		 "operation)",
		 work->kernel->version, name, why);
}

/* Whether a filter can enforce what the policy says of the op; if not, the op is given up. */
static bool can_filter(struct work *work, unsigned op)
{
	enum payload payload = payload_of(op);
	const struct cond *test = lower_payload_test(work->policy, op);
	const struct cond *denies_more;
	const struct cond *unsound = lower_unsound_flags(work->policy, op, &denies_more);

	if (test && kernel_size(work->kernel, payload) < kernel_size_wanted(payload)) {
		give_up_op(work, op, test->where, "its filters do not see this field");
		return false;
	}
	if (unsound) {
		give_up_op(
			work, op, unsound->where,
			"a filter sees io_drain, async and, for nop, fixed_file also on requests "
			"without them, so it can only deny those that have them");
		return false;
	}
	if (denies_more)
		diag_add(work->diags, SEVERITY_WARNING, denies_more->where,
			 "this also denies requests that only seem to have the flag: a filter sees "
			 "io_drain and async as the kernel has set them itself, too");
	return true;
}

static struct range first_condition(const struct policy *policy, unsigned op)
{
	for (const struct statement *s = policy->first; s; s = s->next)
		if (s->subject == SUBJECT_OP && s->cond && set_has(&s->members, op))
			return s->where;
	return nowhere;
}

static enum codegen_status generate(const struct work *work, unsigned op,
				    struct bpf_program *program)
{
	struct expr *assume = NULL;
	struct expr *expr = lower_op(work->policy, work->kernel, op, &assume);
	enum codegen_status status = CODEGEN_NO_MEMORY;

	if (expr && assume)
		status = codegen_compile(expr, assume, program, NULL);
	expr_destroy(expr);
	expr_destroy(assume);
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

static bool tests_sqe_flags(const struct cond *cond)
{
	if (cond->kind == COND_TEST)
		return cond->test.field == FIELD_SQE_FLAGS;
	return tests_sqe_flags(cond->left) || (cond->right && tests_sqe_flags(cond->right));
}

/*
 * Whether the policy says the same of two ops whose contexts look the same, so that one program does
 * for both. The word with the SQE flags has the opcode, too, which a program may make use of.
 */
static bool are_alike(const struct policy *policy, unsigned a, unsigned b)
{
	if (payload_of(a) != payload_of(b))
		return false;
	for (const struct statement *s = policy->first; s; s = s->next) {
		if (s->subject != SUBJECT_OP)
			continue;
		if (set_has(&s->members, a) != set_has(&s->members, b) ||
		    (set_has(&s->members, a) && s->cond && tests_sqe_flags(s->cond)))
			return false;
	}
	return true;
}

static enum codegen_status copy_program(const struct bpf_program *from, struct bpf_program *to)
{
	for (size_t i = 0; i < from->len; i++)
		if (!bpf_append(to, from->insns[i]))
			return CODEGEN_NO_MEMORY;
	return CODEGEN_OK;
}

/* Generates the program of an op, or copies that of an op that is alike: `deny @all if ...`. */
static enum codegen_status program_of(const struct work *work, const struct plan *plan, unsigned op,
				      struct bpf_program *program)
{
	for (size_t i = 0; i < plan->nr_filters; i++)
		if (are_alike(work->policy, plan->filters[i].op, op))
			return copy_program(&plan->filters[i].program, program);
	return generate(work, op, program);
}

static void compile_op(struct work *work, struct plan *plan, unsigned op)
{
	struct filter *filter = &plan->filters[plan->nr_filters];
	enum codegen_status status;
	bool allows;

	*filter = (struct filter){.op = op};
	status = program_of(work, plan, op, &filter->program);
	if (status == CODEGEN_TOO_LONG) {
		diag_add(work->diags, SEVERITY_ERROR, first_condition(work->policy, op),
			 "the conditions for %s need more than %d BPF instructions, which is all "
			 "that the kernel takes",
			 table_row(&op_table, op) ? table_row(&op_table, op)->name : "an operation",
			 BPF_LEN_MAX);
	} else if (status != CODEGEN_OK) {
		diag_no_memory(work->diags);
	} else if (is_constant(&filter->program, &allows)) {
		work->ops[op] = allows ? OP_ALLOWED : OP_DENIED;
	} else {
		if (lower_payload_test(work->policy, op))
			filter->pdu_size = kernel_size_wanted(payload_of(op));
		plan->nr_filters++;
		return;
	}
	bpf_program_destroy(&filter->program);
}

static void compile_filters(struct work *work, struct plan *plan)
{
	plan->filters = calloc(work->kernel->nr_ops, sizeof(*plan->filters));
	if (!plan->filters) {
		diag_no_memory(work->diags);
		return;
	}
	for (unsigned op = 0; op < work->kernel->nr_ops; op++)
		if (work->ops[op] == OP_CONDITIONAL && can_filter(work, op))
			compile_op(work, plan, op);
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

bool plan_compile(const struct policy *policy, const struct kernel *kernel,
		  enum unsupported unsupported, struct plan *plan, struct diags *diags)
{
	struct work work = {
		.policy = policy, .kernel = kernel, .unsupported = unsupported, .diags = diags};
	size_t errors = diags->errors;

	*plan = (struct plan){0};
	decide(&work);
	check_proposals(&work);
	if (is_nothing(&work))
		return diags->errors == errors;
	check_whole(&work);
	if (diags->errors == errors && some_op_is(&work, OP_CONDITIONAL))
		compile_filters(&work, plan);
	if (diags->errors > errors || diags->out_of_memory)
		return false;
	if (some_op_is(&work, OP_DENIED) || restricts_flags(&work))
		restrict_ops(plan, &work);
	if (restricts_register_ops(&work))
		restrict_register_ops(plan, &work);
	return true;
}

void plan_destroy(struct plan *plan)
{
	for (size_t i = 0; i < plan->nr_filters; i++)
		bpf_program_destroy(&plan->filters[i].program);
	free(plan->filters);
	*plan = (struct plan){0};
}
