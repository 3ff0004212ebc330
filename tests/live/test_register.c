// SPDX-License-Identifier: MIT
/* Register operations: on a ring, by index, on a disabled ring and without a ring. */
#include <stdio.h>

#include "live.h"
#include "names.h"
#include "verdict.h"

/* These grant nothing and nested jails need them: denied by their own name only. */
static struct set spared(void)
{
	struct set set = set_with(set_none(), REG_RESTRICTIONS);

	return set_with(set_with(set, REG_QUERY), REG_BPF_FILTER);
}

static void check(const char *policy, enum need need, struct set allowed)
{
	struct run run = {.policy = policy, .words = "register"};

	if (jailed(&run, need))
		expect_registers(&run, allowed);
	run_clear(&run);
}

static void bare(const char *argument)
{
	struct run run = {.words = "register"};

	(void)argument;
	if (unjailed(&run))
		expect_registers(&run, set_all());
	run_clear(&run);
}

static void deny_each(const char *argument)
{
	(void)argument;
	for (unsigned int op = 0; op < live.kernel.register_count; op++) {
		char policy[96], name[64];

		snprintf(policy, sizeof(policy), "--deny-register=%s",
			 register_spelling(op, op, name, sizeof(name)));
		check(policy, NEED_NOTHING, set_without(set_all(), op));
	}
}

static void allow_each(const char *argument)
{
	(void)argument;
	for (unsigned int op = 0; op < live.kernel.register_count; op++) {
		char policy[96], name[64];

		snprintf(policy, sizeof(policy), "--allow-register=%s",
			 register_spelling(op, op / 4 + op, name, sizeof(name)));
		check(policy, NEED_NOTHING, set_with(spared(), op));
	}
}

/* An empty list of restrictions would restrict nothing, so RESTRICTIONS stays where all of them are
 * denied: in a task that is restricted it does nothing any more. Seccomp denies it, too. */
static void deny_all(const char *argument)
{
	const struct kernel *kernel = &live.kernel;
	bool seccomp =
		kernel->loses_at_exec || kernel->disabled_escapes || kernel->ringless_escapes;
	struct set one = set_with(set_none(), REG_RESTRICTIONS);

	(void)argument;
	check("--deny-register=@all", NEED_NOTHING, spared());
	check("--deny-register=@all,query,37", NEED_NOTHING, one);
	check("--deny-register=@all,11,query,bpf_filter", NEED_NOTHING, seccomp ? set_none() : one);
}

/* Denying the operation msg_ring, in whatever way, denies the register operation that does the
 * same. */
static void msg_ring(const char *argument)
{
	struct set allowed = set_without(set_all(), REG_SEND_MSG_RING);

	(void)argument;
	check("--deny-op=msg_ring", NEED_OPS, allowed);
	check("--allow-op=nop", NEED_OPS, allowed);
	check("--default=deny", NEED_OPS, allowed);
	check("--deny-op=@all", NEED_OPS, allowed);
}

/* Rules for operations, or for flags, deny no register operation; rules for register operations
 * deny neither. */
static void alone(const char *argument)
{
	struct run ops = {.policy = "--deny-register=@all", .words = "ops flags"};

	(void)argument;
	check("--deny-op=openat2", NEED_OPS, set_all());
	check("--allow-op=nop,msg_ring", NEED_OPS, set_all());
	check("--deny-sqe-flags=async", NEED_OPS, set_all());
	check("--require-sqe-flags=fixed_file", NEED_OPS, set_all());
	if (jailed(&ops, NEED_NOTHING)) {
		expect_ops(&ops, set_all(), NULL);
		expect_flags(&ops, SQE_FLAGS_ALL, 0);
	}
	run_clear(&ops);
}

/* Everything in one policy. */
static void together(const char *argument)
{
	struct run run = {
		.policy = "--deny-op=openat2 --deny-sqe-flags=async --deny-register=personality",
		.words = "ops flags register",
	};

	(void)argument;
	if (jailed(&run, NEED_OPS)) {
		expect_ops(&run, set_without(set_all(), OP_OPENAT2), NULL);
		expect_flags(&run, SQE_FLAGS_ALL & ~(unsigned int)IOSQE_ASYNC, 0);
		expect_registers(&run, set_without(set_all(), REG_PERSONALITY));
	}
	run_clear(&run);
}

/* Our own filters come after restrictions, which may not deny them. */
static void with_filters(const char *argument)
{
	struct run run = {
		.policy = "--deny-register=bpf_filter --rule=deny\topenat2\tif\tuser_data\t!=\t0",
		.words = "ops register",
	};

	(void)argument;
	if (jailed(&run, NEED_OPS)) {
		expect_ops(&run, set_without(set_all(), OP_OPENAT2), NULL);
		expect_registers(&run, set_without(set_all(), REG_BPF_FILTER));
	}
	run_clear(&run);
}

static void after_exec(const char *words)
{
	struct run run = {.policy = "--deny-register=personality", .words = words};

	if (jailed(&run, NEED_NOTHING))
		expect_registers(&run, set_without(set_all(), REG_PERSONALITY));
	run_clear(&run);
}

const struct test register_tests[] = {
	{"register-no-jail", bare, NULL},
	{"register-deny-each", deny_each, NULL},
	{"register-allow-each", allow_each, NULL},
	{"register-deny-all", deny_all, NULL},
	{"register-msg-ring", msg_ring, NULL},
	{"register-alone", alone, NULL},
	{"register-together", together, NULL},
	{"register-with-filters", with_filters, NULL},
	{"register-exec-after-ring", after_exec, "exec-after-ring register"},
	{"register-exec-from-thread", after_exec, "exec-from-thread register"},
	{"register-thread", after_exec, "fork thread register"},
	{NULL, NULL, NULL},
};
