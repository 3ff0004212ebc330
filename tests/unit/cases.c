// SPDX-License-Identifier: MIT
#include "tests/cases/cases.h"

#include <criterion/criterion.h>
#include <string.h>

#include "policy/decide.h"
#include "policy/parse.h"
#include "policy/plan.h"
#include "tests/unit/enforce.h"

#define CASES_AT_LEAST 300

static void expect_no_message(const struct test_case *c, const struct diags *diags)
{
	for (const struct diag *d = diags->first; d; d = d->next)
		if (d->severity == SEVERITY_ERROR)
			cr_expect_fail("%s:%zu: %s", c->file, c->line, d->message);
}

static size_t line_of(const struct statement *statement)
{
	if (!statement)
		return 0;
	return diag_position(statement->where.source, statement->where.start).line;
}

/* The reference evaluator decides every case as it stands in the table. */
static void evaluate(struct cases *cases, const struct test_case *c)
{
	struct source text = {.name = c->file, .text = c->policy, .size = strlen(c->policy)};
	struct source line = {.name = c->file, .text = c->request, .size = strlen(c->request)};
	struct loader loader = cases_loader(cases);
	struct policy policy = {.arch = arch_here};
	struct diags diags = {0};
	struct request request;
	struct decision decision;

	parse_text(&policy, &diags, &text, &loader);
	policy_check(&policy, &diags);
	request_parse(&request, &line, policy.arch, &diags);
	expect_no_message(c, &diags);
	decision = policy_decide(&policy, &request);
	cr_expect_eq(decision.allowed, c->allowed, "%s:%zu: %s is %s", c->file, c->line, c->request,
		     decision.allowed ? "allowed" : "denied");
	cr_expect(c->any_decider || line_of(decision.statement) == c->decider,
		  "%s:%zu: line %zu decides about %s", c->file, c->line,
		  line_of(decision.statement), c->request);
	policy_destroy(&policy);
	diags_destroy(&diags);
}

/* Whether the kernel has the op and the flags: it refuses all others before it asks a plan. */
static bool exists(const struct request *request, const struct kernel *kernel)
{
	if (request->is_register)
		return request->op < kernel->nr_register_ops;
	return request->op < kernel->nr_ops &&
	       (request->value[FIELD_SQE_FLAGS] & ~(uint64_t)kernel->sqe_flags) == 0;
}

/* What the policy is compiled to enforces every case, in either byte order. */
static void compile(struct cases *cases, const struct test_case *c, bool big_endian, enum via via,
		    unsigned *compiled)
{
	struct source text = {.name = c->file, .text = c->policy, .size = strlen(c->policy)};
	struct source line = {.name = c->file, .text = c->request, .size = strlen(c->request)};
	struct loader loader = cases_loader(cases);
	struct policy policy = {.arch = arch_here};
	struct diags diags = {0};
	struct request request;
	struct kernel kernel;
	struct plan plan;

	kernel_newest(&kernel);
	kernel.big_endian = big_endian;
	parse_text(&policy, &diags, &text, &loader);
	request_parse(&request, &line, policy.arch, &diags);
	if (plan_compile(&policy, &kernel, (struct plan_options){.via = via}, &plan, &diags) &&
	    exists(&request, &kernel)) {
		cr_expect_eq(enforce(&plan, &kernel, &request, 0), c->allowed,
			     "%s:%zu: %s is %s by the plan", c->file, c->line, c->request,
			     c->allowed ? "denied" : "allowed");
		(*compiled)++;
	}
	plan_destroy(&plan);
	policy_destroy(&policy);
	diags_destroy(&diags);
}

Test(cases, plan)
{
	struct cases cases = {0};
	unsigned compiled = 0;

	cr_assert(cases_load(&cases, "tests/cases"));
	for (size_t i = 0; i < cases.n; i++) {
		compile(&cases, &cases.list[i], false, VIA_AUTO, &compiled);
		compile(&cases, &cases.list[i], true, VIA_AUTO, &compiled);
		compile(&cases, &cases.list[i], false, VIA_FILTERS, &compiled);
	}
	cr_expect_geq(compiled, 3 * CASES_AT_LEAST, "only %u compiled", compiled);
	cases_destroy(&cases);
}

Test(cases, evaluator)
{
	struct cases cases = {0};

	cr_assert(cases_load(&cases, "tests/cases"));
	for (size_t i = 0; i < cases.n; i++)
		evaluate(&cases, &cases.list[i]);
	cr_expect_geq(cases.n, CASES_AT_LEAST, "only %zu cases", cases.n);
	cases_destroy(&cases);
}
