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
	return plan_compile(&built->loaded.policy, kernel, (struct plan_options){0}, plan,
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
	{"deny-op=openat2", {.task = TASK_NESTED}, "does not tell how many"},
	{"deny-op=openat2", {.task = TASK_NESTED, .nr_ops = 65}, "could not be tried"},
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

/* Where register restrictions do not hold, or cannot be had. */
static const struct seccomp_case {
	const char *options;
	enum task_state task;
	enum finding survives_exec, ringless_obey, disabled_rings_obey;
	const char *why; /* NULL: by restrictions */
} seccomp_cases[] = {
	{"deny-register=files", TASK_FRESH, FINDING_YES, FINDING_YES, FINDING_YES, NULL},
	{"deny-register=files", TASK_FRESH, FINDING_YES, FINDING_NO, FINDING_YES,
	 "calls without a ring escape restrictions"},
	{"deny-register=files", TASK_FRESH, FINDING_YES, FINDING_YES, FINDING_NO,
	 "rings made disabled escape restrictions"},
	{"deny-register=files", TASK_FRESH, FINDING_YES, FINDING_YES, FINDING_UNKNOWN,
	 "whether restrictions hold could not be tried"},
	{"deny-register=files", TASK_FRESH, FINDING_NO, FINDING_YES, FINDING_YES,
	 "restrictions may be lost at execve(2)"},
	{"deny-register=files", TASK_NESTED, FINDING_YES, FINDING_YES, FINDING_YES,
	 "this task is restricted already, and restrictions can be set only once"},
	{"deny-register=files", TASK_NESTED_SEALED, FINDING_YES, FINDING_YES, FINDING_YES,
	 "this task is restricted already, and restrictions can be set only once"},
	{"deny-register=files", TASK_UNSUPPORTED, FINDING_UNKNOWN, FINDING_UNKNOWN, FINDING_UNKNOWN,
	 "restrictions cannot be set"},
	{"deny-op=msg_ring", TASK_FRESH, FINDING_YES, FINDING_NO, FINDING_YES,
	 "calls without a ring escape restrictions"},
	{"deny-register=bpf_filter", TASK_FRESH, FINDING_YES, FINDING_YES, FINDING_YES, NULL},
	{"deny-register=files rule=deny~socket~if~family~==~AF_INET", TASK_FRESH, FINDING_YES,
	 FINDING_YES, FINDING_YES, NULL},
	{"deny-register=bpf_filter rule=deny~socket~if~family~==~AF_INET", TASK_FRESH, FINDING_YES,
	 FINDING_YES, FINDING_YES,
	 "no filter could be added after restrictions that deny bpf_filter"},
};

Test(plan, register_rules_are_for_seccomp_where_restrictions_do_not_hold)
{
	for (size_t i = 0; i < sizeof(seccomp_cases) / sizeof(seccomp_cases[0]); i++) {
		const struct seccomp_case *c = &seccomp_cases[i];
		struct kernel kernel;
		struct built built;
		struct plan plan;

		kernel_newest(&kernel);
		kernel.task = c->task;
		kernel.survives_exec = c->survives_exec;
		kernel.ringless_obey = c->ringless_obey;
		kernel.disabled_rings_obey = c->disabled_rings_obey;
		build(&built, c->options);
		cr_assert(compile(&built, &kernel, &plan), "%zu: %s", i, built_messages(&built));
		cr_expect_eq(plan.seccomp.len > 0, c->why != NULL, "%zu", i);
		for (unsigned n = 0; n < plan.restrictions.nr_res; n++)
			cr_expect(!c->why || plan.restrictions.entries[n].opcode !=
						     URING_RESTRICTION_REGISTER_OP,
				  "%zu: register op %u", i, plan.restrictions.entries[n].value);
		if (c->why)
			cr_expect_str_eq(plan.why_seccomp, c->why);
		plan_destroy(&plan);
		built_destroy(&built);
	}
}

/* The filters in their order: the op, and d where it denies all, else the length. */
static void format_filters(const struct plan *plan, char *text)
{
	*text = '\0';
	for (size_t i = 0; i < plan->nr_filters; i++)
		text += filter_denies_all(&plan->filters[i])
				? sprintf(text, "%s%u:d", i ? " " : "", plan->filters[i].op)
				: sprintf(text, "%s%u:%zu", i ? " " : "", plan->filters[i].op,
					  plan->filters[i].program.len);
}

static const struct plan_case filter_cases[] = {
	{"deny-op=readv", "1:d"},
	{"allow-op=readv,msg_ring", "0:d 2:d 3:d"},
	{"deny-op=@all", "0:d 1:d 2:d 3:d"},
	{"deny-op=openat2,40", ""},
	{"rule=deny~readv~if~user_data~==~1 deny-op=writev", "1:6 2:d"},
	/* A condition that never holds, or always, is none. */
	{"rule=deny~readv~if~user_data~>=~0", "1:d"},
	{"rule=allow~readv~if~user_data~>=~0 default=allow", ""},
	/* Flags are for every op's filter. */
	{"deny-sqe-flags=io_link", "0:4 1:4 2:4 3:4"},
	{"deny-sqe-flags=io_link deny-op=readv", "0:4 1:d 2:4 3:4"},
	{"require-sqe-flags=io_link", "0:4 1:4 2:4 3:4"},
	{"deny-sqe-flags=async require-sqe-flags=async", "0:d 1:d 2:d 3:d"},
};

Test(plan, filters_alone)
{
	struct kernel kernel = small_kernel();

	kernel.task = TASK_NESTED;
	for (size_t i = 0; i < sizeof(filter_cases) / sizeof(filter_cases[0]); i++) {
		const struct plan_case *c = &filter_cases[i];
		struct built built;
		struct plan plan;
		char filters[8192];

		build(&built, c->options);
		cr_assert(compile(&built, &kernel, &plan), "%s: %s", c->options,
			  built_messages(&built));
		format_filters(&plan, filters);
		cr_expect_str_eq(filters, c->entries, "%s: %s, not %s", c->options, filters,
				 c->entries);
		cr_expect_eq(plan.restrictions.nr_res, 0, "%s", c->options);
		plan_destroy(&plan);
		built_destroy(&built);
	}
}

/* What a filter sees of flags is not enough to require them. */
static const struct {
	const char *options;
	enum unsupported unsupported;
	const char *filters; /* NULL: refused */
	const char *part;    /* of a message */
} flag_cases[] = {
	{"require-sqe-flags=async", UNSUPPORTED_FAIL, NULL, "cannot require them"},
	{"require-sqe-flags=async", UNSUPPORTED_DENY, "0:d 1:d 2:d 3:d", "every request is denied"},
	{"require-sqe-flags=fixed_file", UNSUPPORTED_FAIL, NULL, "cannot enforce this for nop"},
	{"require-sqe-flags=fixed_file", UNSUPPORTED_DENY, "0:d 1:4 2:4 3:4",
	 "nop is denied altogether"},
	{"deny-sqe-flags=io_drain", UNSUPPORTED_FAIL, "0:4 1:4 2:4 3:4", "also denies requests"},
};

Test(plan, filters_see_more_flags_than_there_are)
{
	struct kernel kernel = small_kernel();

	kernel.task = TASK_NESTED;
	for (size_t i = 0; i < sizeof(flag_cases) / sizeof(flag_cases[0]); i++) {
		struct plan_options options = {.unsupported = flag_cases[i].unsupported};
		struct built built;
		struct plan plan;
		char filters[8192];
		bool done;

		build(&built, flag_cases[i].options);
		done = plan_compile(&built.loaded.policy, &kernel, options, &plan,
				    &built.loaded.diags);
		cr_expect_eq(done, flag_cases[i].filters != NULL, "%zu", i);
		format_filters(&plan, filters);
		if (done)
			cr_expect_str_eq(filters, flag_cases[i].filters, "%zu: %s", i, filters);
		cr_expect(strstr(built_messages(&built), flag_cases[i].part), "%zu: %s", i,
			  built_messages(&built));
		plan_destroy(&plan);
		built_destroy(&built);
	}
}

/* What cannot be enforced otherwise closes io_uring, if that is what the user wants. */
Test(plan, unsupported_rules_close_io_uring)
{
	const struct plan_options deny = {.unsupported = UNSUPPORTED_DENY};

	for (size_t i = 0; i < sizeof(refusals) / sizeof(refusals[0]); i++) {
		const struct refusal *r = &refusals[i];
		struct kernel kernel = r->kernel;
		struct built built;
		struct plan plan;

		strcpy(kernel.version, "9.9");
		kernel.failed_call = kernel.failed_error = "x";
		kernel.query_error = kernel.task_error = "x";
		build(&built, r->options);
		cr_assert(plan_compile(&built.loaded.policy, &kernel, deny, &plan,
				       &built.loaded.diags),
			  "%zu: %s", i, built_messages(&built));
		if (strstr(r->options, "deny-op") && r->part) {
			cr_expect(plan.blocks, "%zu", i);
			cr_expect_eq(plan.restrictions.nr_res, 0, "%zu", i);
			cr_expect_eq(plan.nr_filters, 0, "%zu", i);
			cr_expect(strstr(built_messages(&built), "io_uring is denied altogether"),
				  "%zu: %s", i, built_messages(&built));
		}
		plan_destroy(&plan);
		built_destroy(&built);
	}
}

Test(plan, needs_nothing_that_the_policy_does_not_hang_on)
{
	static const struct {
		const char *options;
		unsigned fresh, nested, unsupported;
	} cases[] = {
		{"default=allow", 0, 0, 0},
		{"deny-op=70", 0, 0, 0},
		{"deny-op=openat2", NEED_TASK | NEED_SURVIVES_EXEC, NEED_TASK | NEED_SURVIVES_EXEC,
		 NEED_TASK},
		{"deny-sqe-flags=async", NEED_TASK | NEED_SURVIVES_EXEC,
		 NEED_TASK | NEED_SURVIVES_EXEC, NEED_TASK},
		{"deny-register=files", NEED_SURVIVES_EXEC | NEED_REGISTER_OBEYS, 0, 0},
		{"deny-op=msg_ring", NEED_TASK | NEED_SURVIVES_EXEC | NEED_REGISTER_OBEYS,
		 NEED_TASK | NEED_SURVIVES_EXEC, NEED_TASK},
		{"rule=deny~socket~if~family~==~AF_INET",
		 NEED_TASK | NEED_SURVIVES_EXEC | NEED_SOCKET_SIZE,
		 NEED_TASK | NEED_SURVIVES_EXEC | NEED_SOCKET_SIZE, NEED_TASK},
	};
	struct kernel unsupported, nested, kernel;

	kernel_newest(&kernel);
	nested = unsupported = kernel;
	nested.task = TASK_NESTED;
	unsupported.task = TASK_UNSUPPORTED;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct built built;
		const struct policy *policy = &built.loaded.policy;

		build(&built, cases[i].options);
		cr_expect_eq(plan_needs(policy, &kernel, VIA_AUTO), cases[i].fresh, "%s",
			     cases[i].options);
		cr_expect_eq(plan_needs(policy, &kernel, VIA_FILTERS), cases[i].nested, "%s",
			     cases[i].options);
		cr_expect_eq(plan_needs(policy, &nested, VIA_AUTO), cases[i].nested, "%s",
			     cases[i].options);
		cr_expect_eq(plan_needs(policy, &unsupported, VIA_AUTO), cases[i].unsupported, "%s",
			     cases[i].options);
		built_destroy(&built);
	}
}
