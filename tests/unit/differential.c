// SPDX-License-Identifier: MIT
/*
 * Random policies and requests: what the reference evaluator decides, the compiled plan enforces,
 * for kernels of either byte order. SEED=n repeats a run; PAIRS=n makes it longer.
 */
#include <criterion/criterion.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "policy/decide.h"
#include "policy/parse.h"
#include "policy/plan.h"
#include "tests/cases/random.h"
#include "tests/unit/enforce.h"

#define PAIRS_DEFAULT	    1000000
#define REQUESTS_PER_POLICY 2000

/* --- the comparison */

static struct source source_of(const struct random_text *text)
{
	return (struct source){.name = "random", .text = text->buffer, .size = text->size};
}

struct tally {
	uint64_t pairs, policies, refused;
};

static void compare(struct random *random, const struct policy *policy, const struct plan *plan,
		    const struct kernel *kernel, const struct random_text *policy_text)
{
	struct random_text text;
	struct source line;
	struct request request;
	struct diags diags = {0};
	bool allowed;

	random_request(random, &text);
	line = source_of(&text);
	cr_assert(request_parse(&request, &line, arch_here, &diags), "%s: %s", text.buffer,
		  diags.first ? diags.first->message : "");
	allowed = policy_decide(policy, &request).allowed;
	cr_assert_eq(enforce(plan, kernel, &request, 0), allowed,
		     "%s-endian: %s should be %s by\n%s", kernel->big_endian ? "big" : "little",
		     text.buffer, allowed ? "allowed" : "denied", policy_text->buffer);
	/* Flags that only a filter sees never let more pass. */
	cr_assert(allowed || !enforce(plan, kernel, &request, 0x12),
		  "%s passes with flags it does not have, by\n%s", text.buffer,
		  policy_text->buffer);
}

static void one_policy(struct random *random, struct tally *tally)
{
	struct random_text text;
	struct source source;
	struct policy policy = {.arch = arch_here};
	struct diags diags = {0};
	struct kernel kernel;
	struct plan plan;

	random_policy(random, &text);
	source = source_of(&text);
	parse_text(&policy, &diags, &source, NULL);
	cr_assert(!diag_failed(&diags), "%s: %s", text.buffer, diags.first->message);
	kernel_newest(&kernel);
	kernel.big_endian = random_below(random, 4) == 0;
	if (random_below(random, 4) == 0)
		kernel.ringless_obey = FINDING_NO;
	if (random_below(random, 4) == 0)
		kernel.task = TASK_NESTED;
	if (plan_compile(&policy, &kernel, (struct plan_options){0}, &plan, &diags)) {
		for (unsigned i = 0; i < REQUESTS_PER_POLICY; i++)
			compare(random, &policy, &plan, &kernel, &text);
		tally->pairs += REQUESTS_PER_POLICY;
		tally->policies++;
	} else {
		tally->refused++;
	}
	plan_destroy(&plan);
	diags_destroy(&diags);
	policy_destroy(&policy);
}

static uint64_t number_from(const char *variable, uint64_t otherwise)
{
	const char *text = getenv(variable);

	return text ? strtoull(text, NULL, 0) : otherwise;
}

Test(differential, plans_enforce_what_the_evaluator_decides, .timeout = 600)
{
	uint64_t seed = number_from("SEED", 1), pairs = number_from("PAIRS", PAIRS_DEFAULT);
	struct random random = {seed};
	struct tally tally = {0};

	while (tally.pairs < pairs)
		one_policy(&random, &tally);
	printf("differential: %" PRIu64 " pairs of %" PRIu64 " policies agree (%" PRIu64
	       " more could not be enforced), seed %" PRIu64 "\n",
	       tally.pairs, tally.policies, tally.refused, seed);
	cr_expect_lt(tally.refused, tally.policies);
}
