// SPDX-License-Identifier: MIT
/* Jails within jails, and filters in place of restrictions. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "live.h"
#include "verdict.h"

/* Outer jails that are not made by the launcher; each denies openat2 or nothing. */

static void restricted(const void *argument)
{
	(void)argument;
	if (kernel_deny_op(OP_OPENAT2) < 0)
		_Exit(98);
}

static void filtered(const void *argument)
{
	(void)argument;
	if (kernel_filter_op(OP_OPENAT2, false, false) < 0)
		_Exit(98);
}

/* Lets everything pass, and so leaves a filter where an inner DENY_REST would put none. */
static void filtered_to_no_end(const void *argument)
{
	(void)argument;
	if (kernel_filter_op(OP_SOCKET, true, false) < 0)
		_Exit(98);
}

/* The same, then what an inner jail must not be: nop and all that had a filter stay open. */
static void leaking(const void *argument)
{
	filtered_to_no_end(argument);
	if (kernel_filter_op(OP_NOP, true, true) < 0)
		_Exit(98);
}

static void leak(const char *argument)
{
	struct run run = {.words = "ops", .before = leaking, .filters = true};

	(void)argument;
	if (live.kernel.loses_at_exec)
		skip("this kernel loses filters, too, and there is no nesting");
	if (unjailed(&run))
		expect_ops(&run, set_with(set_with(set_none(), OP_NOP), OP_SOCKET), NULL);
	run_clear(&run);
}

static void no_leak(const char *policy)
{
	struct run run = {
		.policy = policy, .words = "ops", .before = filtered_to_no_end, .filters = true};

	if (jailed(&run, NEED_OPS))
		expect_ops(&run, set_with(set_none(), OP_NOP), NULL);
	run_clear(&run);
}

/* Within each kind of jail: openat2 is denied by that, statx by ours. */
static void within(const char *argument)
{
	static void (*const outer[])(const void *argument) = {restricted, filtered};
	struct set allowed = set_without(set_without(set_all(), OP_OPENAT2), OP_STATX);

	(void)argument;
	for (int i = 0; i < 2; i++) {
		struct run inner = {
			.policy = "--deny-op=statx", .words = "ops", .before = outer[i]};
		struct run nothing = {
			.policy = "--default=allow", .words = "ops", .before = outer[i]};

		if (jailed(&inner, NEED_OPS))
			expect_ops(&inner, allowed, NULL);
		jailed(&nothing, NEED_NOTHING);
		run_clear(&inner);
		run_clear(&nothing);
	}
}

/* Each level only narrows, whatever it allows. */
static void three_levels(const char *argument)
{
	struct set allowed = set_all();
	char policy[512];
	struct run run = {.policy = policy, .words = "ops register"};

	(void)argument;
	snprintf(policy, sizeof(policy),
		 "-q -d openat2,nop --deny-register=probe -- %s -q -a @all -d statx -- %s -q "
		 "--default=allow --allow-op=nop,openat2 -d read --deny-register=personality",
		 live.launcher, live.launcher);
	allowed = set_without(set_without(allowed, OP_OPENAT2), OP_NOP);
	allowed = set_without(set_without(allowed, OP_STATX), OP_READ);
	if (jailed(&run, NEED_OPS)) {
		expect_ops(&run, allowed, NULL);
		expect_registers(&run,
				 set_without(set_without(set_all(), REG_PROBE), REG_PERSONALITY));
	}
	run_clear(&run);
}

/* A filter sees flags truly but for drain and async, and every op is tried with none. */
static void flags(const char *argument)
{
	struct run deny = {.policy = "--via=filters --deny-sqe-flags=io_link,io_hardlink",
			   .words = "flags"};
	struct run require = {.policy = "--via=filters --require-sqe-flags=io_link",
			      .words = "flags"};

	(void)argument;
	if (jailed(&deny, NEED_OPS))
		expect_flags(&deny, SQE_FLAGS_ALL & ~(IOSQE_IO_LINK | IOSQE_IO_HARDLINK), 0);
	if (jailed(&require, NEED_OPS))
		expect_flags(&require, SQE_FLAGS_ALL, IOSQE_IO_LINK);
	run_clear(&deny);
	run_clear(&require);
}

static void refused_flags(const char *policy)
{
	struct run run = {.policy = policy, .words = "flags"};

	run_it(&run);
	expect_refusal(&run, live.kernel.loses_at_exec ? "exec" : "cannot require");
	run_clear(&run);
}

/* Filters do as restrictions do, op by op. */
static void filters_deny_each(const char *argument)
{
	struct run bare = {.words = "ops"};

	(void)argument;
	if (!unjailed(&bare))
		return;
	for (unsigned int op = 0; op < live.kernel.op_count; op++) {
		char policy[96];
		struct run run = {.policy = policy, .words = "ops", .filters = true};

		snprintf(policy, sizeof(policy), "--via=filters --deny-op=%u", op);
		if (jailed(&run, NEED_OPS))
			expect_ops(&run, set_without(set_all(), op), &bare);
		run_clear(&run);
	}
	run_clear(&bare);
}

static void filters_allow(const char *argument)
{
	struct run run = {.policy = "--via=filters -a nop,read --deny-register=personality",
			  .words = "ops register",
			  .filters = true};
	struct set registers = set_without(set_all(), REG_SEND_MSG_RING);

	(void)argument;
	if (jailed(&run, NEED_OPS)) {
		expect_ops(&run, set_with(set_with(set_none(), OP_NOP), OP_READ), NULL);
		expect_registers(&run, set_without(registers, REG_PERSONALITY));
	}
	run_clear(&run);
}

/*
 * Its own code runs before the filter, and has marked the request before it by then: so a denied
 * link_timeout is cancelled, with that request, before either does anything.
 */
static void link_timeout(const char *argument)
{
	struct run armed = {.policy = "--via=filters -d nop", .words = "timer"};
	struct run denied = {.policy = "--via=filters -d link_timeout", .words = "timer"};

	(void)argument;
	if (jailed(&armed, NEED_OPS) && !strstr(armed.out, "timer timeout result -62\n"))
		failed("allowed: %s", armed.out);
	if (jailed(&denied, NEED_OPS) && (!strstr(denied.out, "timer timeout result -125\n") ||
					  !strstr(denied.out, "timer poll result -125\n")))
		failed("denied: %s", denied.out);
	run_clear(&armed);
	run_clear(&denied);
}

static void expect_restrict(const char *policy, int expected)
{
	struct run run = {.policy = policy, .words = "restrict"};
	char line[64];

	snprintf(line, sizeof(line), "restrict result %d\n", expected);
	if (jailed(&run, NEED_OPS) && !strstr(run.out, line))
		failed("[%s] expected '%s', got: %s", policy, line, run.out);
	run_clear(&run);
}

/* What --via=filters is for: a target that restricts a ring of its own. */
static void own_restrictions(const char *argument)
{
	(void)argument;
	expect_restrict("-d openat2", -EBUSY);
	expect_restrict("--via=filters -d openat2", 0);
	expect_restrict("--via=filters -d openat2 --deny-register=personality", 0);
}

/* An outer jail that denies asking, or adding filters. */
static void sealed(const char *argument)
{
	struct run unasked = {.words = "ops"}, closed = {.words = "ops"};
	char policy[256], refused[256];

	(void)argument;
	if (live.kernel.ringless_escapes)
		skip("this kernel's jails deny those by seccomp");
	snprintf(policy, sizeof(policy), "-q --deny-register=query,restrictions -- %s -d statx",
		 live.launcher);
	snprintf(refused, sizeof(refused), "-q --deny-register=bpf_filter -- %s -d statx",
		 live.launcher);
	unasked.policy = policy;
	closed.policy = refused;
	if (jailed(&unasked, NEED_OPS))
		expect_ops(&unasked, set_without(set_all(), OP_STATX), NULL);
	run_it(&closed);
	expect_refusal(&closed, "bpf_filter");
	run_clear(&unasked);
	run_clear(&closed);
}

/* Seccomp is there only where something needs it. */
static void expect_seccomp(const char *policy, enum need need, bool expected)
{
	struct run run = {.policy = policy, .words = "facts"};
	char value[16] = "";

	if (jailed(&run, need) && (!run_fact(&run, "Seccomp", value, sizeof(value)) ||
				   strcmp(value, expected ? "2" : "0") != 0))
		failed("[%s] Seccomp: %s", policy, value);
	run_clear(&run);
}

static void seccomp_if_needed(const char *argument)
{
	const struct kernel *kernel = &live.kernel;
	bool holes = kernel->disabled_escapes || kernel->ringless_escapes;

	(void)argument;
	expect_seccomp("-d openat2", NEED_OPS, false);
	expect_seccomp("--via=filters -d openat2", NEED_OPS, false);
	expect_seccomp("--default=allow", NEED_NOTHING, false);
	expect_seccomp("--deny-register=personality", NEED_NOTHING, holes || kernel->loses_at_exec);
	expect_seccomp("-d msg_ring", NEED_OPS, holes);
	expect_seccomp("--via=filters -d msg_ring", NEED_OPS, true);
}

const struct test nested_tests[] = {
	{"nested-leak", leak, NULL},
	{"nested-no-leak", no_leak, "--allow-op=nop"},
	{"nested-no-leak-default", no_leak, "--default=deny -a nop"},
	{"nested-within", within, NULL},
	{"nested-three-levels", three_levels, NULL},
	{"nested-sealed", sealed, NULL},
	{"filters-deny-each", filters_deny_each, NULL},
	{"filters-allow", filters_allow, NULL},
	{"filters-link-timeout", link_timeout, NULL},
	{"filters-flags", flags, NULL},
	{"filters-require-async", refused_flags, "--via=filters --require-sqe-flags=async"},
	{"filters-require-drain", refused_flags, "--via=filters --require-sqe-flags=0x2"},
	{"filters-own-restrictions", own_restrictions, NULL},
	{"seccomp-if-needed", seccomp_if_needed, NULL},
	{NULL, NULL, NULL},
};
