// SPDX-License-Identifier: MIT
#include "policy/plan.h"

#include <criterion/criterion.h>
#include <stdio.h>
#include <string.h>

#include "tests/unit/build.h"

/* The entries in the order they are in: o: op, r: register op, f: flags allowed, q: required. */
static void format_entries(const struct plan *plan, char *text)
{
	*text = '\0';
	for (unsigned i = 0; i < plan->restrictions.nr_res; i++)
		text += sprintf(text, "%s%c%u", i ? " " : "",
				"rofq"[plan->restrictions.entries[i].opcode],
				plan -> restrictions.entries[i].value);
}

/* A small kernel, so that whole plans can be written down: 4 ops, 40 register ops, flags 0x7f. */
static struct kernel small_kernel(void)
{
	struct kernel kernel;

	kernel_newest(&kernel);

	kernel.nr_ops = 4;
	kernel.nr_register_ops = 4;
	return kernel;
}

static bool compile(struct built *built, const struct kernel *kernel, struct plan *plan)
{
	return plan_compile(&built->loaded.policy, kernel, UNSUPPORTED_FAIL, plan,
			    &built->loaded.diags);
}

static const struct plan_case {
	const char *options;
	const char *entries;
} plan_cases[] = {
	/* All that the kernel has is allowed: nothing to say. */
	{"default=allow", ""},
	{"allow-op=@all", ""},
	{"allow-op=0,1,2,3,msg_ring", ""},
	{"deny-op=openat2,40", ""},
	{"deny-sqe-flags=0x80", ""},
	{"deny-register=99", ""},
	{"deny-register=clone_files", ""},
	{"allow-register=0,1,2,3", ""},
	/* Op entries close the others; the flags have to be listed beside them. */
	{"deny-op=readv", "f127 o0 o2 o3"},
	{"allow-op=readv,msg_ring", "f127 o1"},
	/* No op left: an empty list would leave all open. */
	{"deny-op=@all", "f127"},
	{"default=deny", "f127"},
	/* Flags alone: every op has to be listed. */
	{"deny-sqe-flags=async", "f111 o0 o1 o2 o3"},
	{"allow-sqe-flags=async", "f16 o0 o1 o2 o3"},
	{"deny-sqe-flags=@all", "f0 o0 o1 o2 o3"},
	{"require-sqe-flags=fixed_file", "f127 q1 o0 o1 o2 o3"},
	{"require-sqe-flags=0x80", "f127 q128 o0 o1 o2 o3"},
	{"deny-sqe-flags=async require-sqe-flags=async", "f111 q16"},
	/* Register ops alone leave the ops open. */
	{"deny-register=files", "r0 r1 r3"},
	{"allow-register=files", "r2"},
	/* No register op left: one that is harmless, since an empty list would leave all open. */
	{"deny-register=@all", "r11"},
	{"deny-op=@all deny-register=@all,11,35,37", "f127 r11"},
};

Test(plan, restrictions)
{
	struct kernel kernel = small_kernel();

	for (size_t i = 0; i < sizeof(plan_cases) / sizeof(plan_cases[0]); i++) {
		const struct plan_case *c = &plan_cases[i];
		struct built built;
		struct plan plan;
		char entries[8192];
		bool done;

		build(&built, c->options);
		done = compile(&built, &kernel, &plan);
		cr_expect(done, "%s: %s", c->options, built_messages(&built));
		format_entries(&plan, entries);
		cr_expect_str_eq(entries, c->entries, "%s: %s, not %s", c->options, entries,
				 c->entries);
		cr_expect_eq(plan_is_empty(&plan), c->entries[0] == '\0', "%s", c->options);
		built_destroy(&built);
	}
}

Test(plan, a_closed_list_names_every_allowed_number_of_the_kernel)
{
	struct built built;
	struct kernel kernel;
	struct plan plan;
	bool seen[URING_OPS_MAX] = {false}, seen_register[URING_REGISTER_OPS_MAX] = {false};

	kernel_newest(&kernel);
	build(&built, "deny-op=openat2,msg_ring");
	cr_assert(compile(&built, &kernel, &plan));
	for (unsigned i = 0; i < plan.restrictions.nr_res; i++) {
		if (plan.restrictions.entries[i].opcode == URING_RESTRICTION_SQE_OP)
			seen[plan.restrictions.entries[i].value] = true;
		if (plan.restrictions.entries[i].opcode == URING_RESTRICTION_REGISTER_OP)
			seen_register[plan.restrictions.entries[i].value] = true;
	}
	for (unsigned op = 0; op < URING_OPS_MAX; op++)
		cr_expect_eq(seen[op], op < 65 && op != 28 && op != 40, "op %u", op);
	for (unsigned op = 0; op < URING_REGISTER_OPS_MAX; op++)
		cr_expect_eq(seen_register[op], op < 38 && op != 31, "register op %u", op);
	/* io_uring/register.c: IORING_MAX_RESTRICTIONS */
	cr_expect_leq(plan.restrictions.nr_res, 4 + 65 + 38);
	built_destroy(&built);
}

Test(plan, the_whole_of_the_largest_kernel_fits)
{
	struct kernel kernel;
	struct built built;
	struct plan plan;

	kernel_newest(&kernel);
	build(&built, "deny-sqe-flags=async require-sqe-flags=fixed_file "
		      "deny-register=clone_files,255");
	kernel.nr_ops = URING_OPS_MAX;
	kernel.nr_register_ops = 38;
	cr_assert(compile(&built, &kernel, &plan));
	cr_expect_eq(plan.restrictions.nr_res, 2 + URING_OPS_MAX);
	built_destroy(&built);
}

/* Kernels that cannot enforce a policy, and what they are refused with. */
static const struct refusal {
	const char *options;
	struct kernel kernel;
	const char *part; /* of the message; NULL: not refused */
} refusals[] = {
	{"deny-op=openat2", {.task = TASK_UNSUPPORTED}, "has no io_uring task restrictions"},
	{"deny-op=openat2", {.task = TASK_BLOCKED}, "is blocked"},
	{"deny-op=openat2", {.task = TASK_STRANGE}, "answers as no kernel does"},
	{"deny-op=openat2", {.task = TASK_NESTED}, "already restricted"},
	{"deny-op=openat2", {.task = TASK_NESTED_SEALED}, "already restricted"},
	{"deny-op=openat2",
	 {.task = TASK_FRESH, .survives_exec = FINDING_YES},
	 "does not tell how many"},
	{"deny-op=openat2",
	 {.task = TASK_FRESH, .nr_ops = 65, .nr_register_ops = 38, .survives_exec = FINDING_NO},
	 "loses io_uring restrictions"},
	{"deny-op=openat2",
	 {.task = TASK_FRESH, .nr_ops = 65, .nr_register_ops = 38},
	 "could not be tried"},
	{"deny-register=files",
	 {.task = TASK_FRESH,
	  .nr_ops = 65,
	  .nr_register_ops = 38,
	  .survives_exec = FINDING_YES,
	  .ringless_obey = FINDING_YES},
	 "could not be tried"},
	{"deny-register=files",
	 {.task = TASK_FRESH,
	  .nr_ops = 65,
	  .nr_register_ops = 38,
	  .survives_exec = FINDING_YES,
	  .ringless_obey = FINDING_YES,
	  .disabled_rings_obey = FINDING_NO},
	 "rings made disabled escape"},
	{"deny-op=msg_ring",
	 {.task = TASK_FRESH,
	  .nr_ops = 65,
	  .nr_register_ops = 38,
	  .survives_exec = FINDING_YES,
	  .ringless_obey = FINDING_NO,
	  .disabled_rings_obey = FINDING_YES},
	 "denial of msg_ring"},
	{"deny-register=clone_files",
	 {.task = TASK_FRESH,
	  .nr_ops = 65,
	  .nr_register_ops = 39,
	  .sqe_flags = 0x7f,
	  .survives_exec = FINDING_YES,
	  .ringless_obey = FINDING_YES,
	  .disabled_rings_obey = FINDING_YES},
	 "clone_files may be one of them"},
	/* Denied by default with all that is not known, the proposal is denied for certain. */
	{"deny-register=clone_files allow-register=files",
	 {.task = TASK_FRESH,
	  .nr_ops = 65,
	  .nr_register_ops = 39,
	  .sqe_flags = 0x7f,
	  .survives_exec = FINDING_YES,
	  .ringless_obey = FINDING_YES,
	  .disabled_rings_obey = FINDING_YES},
	 NULL},
	/* What is not there needs no enforcing, whatever else the kernel lacks. */
	{"default=allow", {.task = TASK_UNSUPPORTED}, NULL},
	{"deny-op=70",
	 {.task = TASK_UNSUPPORTED, .nr_ops = 65, .nr_register_ops = 38, .sqe_flags = 0x7f},
	 NULL},
	/* Not knowing what is there is no reason to think that it is not. */
	{"deny-op=70", {.task = TASK_UNSUPPORTED}, "has no io_uring task restrictions"},
	{"deny-register=clone_files", {.task = TASK_UNSUPPORTED}, "may be one of them"},
};

Test(plan, refusals)
{
	for (size_t i = 0; i < sizeof(refusals) / sizeof(refusals[0]); i++) {
		const struct refusal *r = &refusals[i];
		struct built built;
		struct kernel kernel = r->kernel;
		struct plan plan;
		bool done;

		strcpy(kernel.version, "9.9");
		kernel.failed_call = kernel.failed_error = "x";
		kernel.query_error = kernel.task_error = "x";
		build(&built, r->options);
		done = compile(&built, &kernel, &plan);
		cr_expect_eq(done, r->part == NULL, "%zu: %s: %s", i, r->options,
			     built_messages(&built));
		cr_expect(!r->part || strstr(built_messages(&built), r->part), "%zu: %s: %s", i,
			  r->options, built_messages(&built));
		cr_expect(done || plan_is_empty(&plan), "%s: a plan beside a refusal", r->options);
		built_destroy(&built);
	}
}

Test(plan, needs_nothing_that_the_policy_does_not_hang_on)
{
	static const struct {
		const char *options;
		unsigned needs;
	} cases[] = {
		{"default=allow", 0},
		{"deny-op=70", 0},
		{"deny-op=openat2", NEED_SURVIVES_EXEC},
		{"deny-sqe-flags=async", NEED_SURVIVES_EXEC},
		{"deny-register=files", NEED_SURVIVES_EXEC | NEED_REGISTER_OBEYS},
		{"deny-op=msg_ring", NEED_SURVIVES_EXEC | NEED_REGISTER_OBEYS},
		{"allow-op=read", NEED_SURVIVES_EXEC | NEED_REGISTER_OBEYS},
	};
	struct kernel unsupported = {.task = TASK_UNSUPPORTED}, kernel;

	kernel_newest(&kernel);

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct built built;

		build(&built, cases[i].options);
		cr_expect_eq(plan_needs(&built.loaded.policy, &kernel), cases[i].needs, "%s",
			     cases[i].options);
		cr_expect_eq(plan_needs(&built.loaded.policy, &unsupported), 0, "%s",
			     cases[i].options);
		built_destroy(&built);
	}
}
