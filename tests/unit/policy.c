// SPDX-License-Identifier: MIT
#include "policy/policy.h"

#include <criterion/criterion.h>
#include <string.h>

#include "policy/lower.h"
#include "policy/uring-abi.h"
#include "tests/unit/build.h"

/* Ops and register ops by their numbers, so that these tests do not lean on the tables. */
enum { OPENAT = 18, READ = 22, WRITE = 23, OPENAT2 = 28 };
enum { FILES = 2, RESTRICTIONS = 11, SEND_MSG_RING = 31, QUERY = 35, BPF_FILTER = 37 };

/* Everything that a policy decides, whatever the kernel and the request. */
struct all_verdicts {
	struct set ops; /* those that are allowed */
	struct verdicts others;
};

static struct all_verdicts verdicts_of(const char *options)
{
	struct all_verdicts verdicts = {0};
	enum op_verdict ops[URING_OPS_MAX];
	struct built built;

	build(&built, options);
	cr_assert_not(diag_failed(&built.loaded.diags), "%s: %s", options, built_messages(&built));
	lower_verdicts(&built.loaded.policy, ops);
	for (unsigned op = 0; op < URING_OPS_MAX; op++)
		if (ops[op] == OP_ALLOWED)
			set_add(&verdicts.ops, op);
	verdicts.others =
		policy_verdicts(&built.loaded.policy, set_has(&verdicts.ops, URING_OP_MSG_RING));
	if (verdicts.others.no_requests)
		verdicts.ops = (struct set){0};
	built_destroy(&built);
	return verdicts;
}

static const struct op_case {
	const char *options;
	bool read, openat2, unknown; /* whether read, openat2 and op 200 are allowed */
} op_cases[] = {
	{"default=allow", true, true, true},
	{"default=deny", false, false, false},
	{"deny-op=openat2", true, false, true},
	{"deny-op=28", true, false, true},
	{"deny-op=@all", false, false, false},
	{"allow-op=read", true, false, false},
	{"allow-op=@all", true, true, true},
	{"allow-op=200", false, false, true},
	{"allow-op=read default=allow", true, true, true},
	{"deny-op=openat2 default=deny", false, false, false},
	{"allow-op=read,openat2 deny-op=openat2", true, false, false},
	{"deny-op=openat2 allow-op=read,openat2", true, false, false},
	{"allow-op=@all deny-op=openat2", true, false, true},
	{"allow-op=read allow-op=openat2", true, true, false},
	{"allow-register=files", true, true, true},
	{"deny-register=@all", true, true, true},
	{"allow-sqe-flags=async", true, true, true},
	{"deny-sqe-flags=async require-sqe-flags=async", false, false, false},
	{"default=deny default=deny", false, false, false},
};

Test(policy, ops)
{
	for (size_t i = 0; i < sizeof(op_cases) / sizeof(op_cases[0]); i++) {
		const struct op_case *c = &op_cases[i];
		struct all_verdicts verdicts = verdicts_of(c->options);

		cr_expect_eq(set_has(&verdicts.ops, READ), c->read, "%s: read", c->options);
		cr_expect_eq(set_has(&verdicts.ops, OPENAT2), c->openat2, "%s: openat2",
			     c->options);
		cr_expect_eq(set_has(&verdicts.ops, 200), c->unknown, "%s: 200", c->options);
	}
}

static const struct register_case {
	const char *options;
	bool files, send_msg_ring, restrictions, query, bpf_filter, unknown;
} register_cases[] = {
	{"default=allow", true, true, true, true, true, true},
	{"default=allow deny-register=files", false, true, true, true, true, true},
	{"deny-register=@all", false, false, true, true, true, false},
	{"deny-register=@all,11", false, false, false, true, true, false},
	{"deny-register=query", true, true, true, false, true, true},
	{"deny-register=IORING_REGISTER_BPF_FILTER", true, true, true, true, false, true},
	{"allow-register=files", true, false, true, true, true, false},
	{"allow-register=clone_files", false, false, true, true, true, false},
	{"deny-register=clone_files", true, true, true, true, true, true},
	{"deny-op=msg_ring", true, false, true, true, true, true},
	{"allow-op=read", true, false, true, true, true, true},
	{"allow-op=read,msg_ring", true, true, true, true, true, true},
	{"deny-op=msg_ring allow-register=send_msg_ring", false, false, true, true, true, false},
	{"default=deny", true, false, true, true, true, true},
};

Test(policy, register_ops)
{
	for (size_t i = 0; i < sizeof(register_cases) / sizeof(register_cases[0]); i++) {
		const struct register_case *c = &register_cases[i];
		struct all_verdicts verdicts = verdicts_of(c->options);
		const struct set *set = &verdicts.others.register_ops;

		cr_expect_eq(set_has(set, FILES), c->files, "%s", c->options);
		cr_expect_eq(set_has(set, SEND_MSG_RING), c->send_msg_ring, "%s", c->options);
		cr_expect_eq(set_has(set, RESTRICTIONS), c->restrictions, "%s", c->options);
		cr_expect_eq(set_has(set, QUERY), c->query, "%s", c->options);
		cr_expect_eq(set_has(set, BPF_FILTER), c->bpf_filter, "%s", c->options);
		cr_expect_eq(set_has(set, 100), c->unknown, "%s", c->options);
	}
}

static const struct flag_case {
	const char *options;
	uint8_t allowed, required;
} flag_cases[] = {
	{"default=deny", 0xff, 0},
	{"deny-sqe-flags=async,io_drain", 0xed, 0},
	{"allow-sqe-flags=async,io_drain", 0x12, 0},
	{"allow-sqe-flags=0x12", 0x12, 0},
	{"allow-sqe-flags=async,io_drain deny-sqe-flags=0x10", 0x02, 0},
	{"require-sqe-flags=fixed_file", 0xff, 0x01},
	{"allow-sqe-flags=async require-sqe-flags=fixed_file", 0x11, 0x01},
	{"deny-sqe-flags=@all", 0, 0},
	{"allow-sqe-flags=@all", 0xff, 0},
};

Test(policy, sqe_flags)
{
	for (size_t i = 0; i < sizeof(flag_cases) / sizeof(flag_cases[0]); i++) {
		const struct flag_case *c = &flag_cases[i];
		struct all_verdicts verdicts = verdicts_of(c->options);

		cr_expect_eq(verdicts.others.sqe_flags, c->allowed, "%s: 0x%02x", c->options,
			     verdicts.others.sqe_flags);
		cr_expect_eq(verdicts.others.sqe_flags_required, c->required, "%s", c->options);
	}
}

Test(policy, two_different_defaults_are_an_error)
{
	struct built built;

	build(&built, "default=deny default=allow");
	cr_expect_eq(built.loaded.diags.errors, 1);
	cr_expect_str_eq(built_messages(&built),
			 "a second, different default\nfirst stated here\n");
	built_destroy(&built);
}

/* Whether two ops need one program only: `rules` of -r, as in the command line. */
static const struct alike_case {
	const char *options;
	unsigned a, b;
	bool alike;
} alike_cases[] = {
	{"rule=deny~read,openat2~if~user_data~==~1", READ, OPENAT2, false},
	{"rule=deny~read,write~if~user_data~==~1", READ, WRITE, true},
	{"rule=deny~read,write~if~sqe_flags~&~async", READ, WRITE, false},
	{"rule=deny~read,write~if~user_data~==~1 allow-op=read", READ, WRITE, false},
	{"rule=deny~read,write~if~user_data~==~1 rule=deny~write~if~user_data~==~2", READ, WRITE,
	 false},
	{"rule=deny~read~if~user_data~==~1 rule=deny~write~if~user_data~==~1", READ, WRITE, false},
	{"rule=deny~@all~if~user_data~==~1", READ, WRITE, true},
	{"rule=deny~@all~if~sqe_flags~&~async rule=deny~@all~if~user_data~==~1", READ, WRITE, true},
	{"rule=deny~openat,openat2~if~mode~==~1", OPENAT, OPENAT2, true},
};

Test(policy, ops_are_alike_if_all_that_is_said_of_them_is_the_same)
{
	for (size_t i = 0; i < sizeof(alike_cases) / sizeof(alike_cases[0]); i++) {
		const struct alike_case *c = &alike_cases[i];
		struct arena arena = {0};
		struct set both = {0};
		struct rules *rules;
		struct built built;

		set_add(&both, c->a);
		set_add(&both, c->b);
		build(&built, c->options);
		cr_assert_not(diag_failed(&built.loaded.diags), "%s: %s", c->options,
			      built_messages(&built));
		rules = lower_rules(&built.loaded.policy, &both, &arena);
		cr_assert_not_null(rules);
		cr_expect_eq(lower_alike(&rules[c->a], &rules[c->b]), c->alike, "%s", c->options);
		cr_expect_eq(lower_alike(&rules[c->b], &rules[c->a]), c->alike, "%s", c->options);
		arena_destroy(&arena);
		built_destroy(&built);
	}
}
