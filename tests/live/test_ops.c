// SPDX-License-Identifier: MIT
/* Whole operations, denied and allowed: in every kind of process and ring, and one by one. */
#include <stdio.h>
#include <string.h>

#include "live.h"
#include "names.h"
#include "request.h"
#include "verdict.h"

/* The requests themselves, without a jail: the table in request.c has to be right. */
static void requests(const char *argument)
{
	struct run run = {.words = "ops"};

	(void)argument;
	if (unjailed(&run))
		for (unsigned int op = 0; op < OP_COUNT; op++)
			if (run.ops[op].state != RUN_RESULT ||
			    !request_expects(request_find(op), run.ops[op].result))
				failed("op %u %s: state %d, result %d is not what the table says",
				       op, op_name(op), run.ops[op].state, run.ops[op].result);
	run_clear(&run);
}

/* `where` is a kind of process or ring, in the target's words. */
static void mode(const char *where)
{
	char words[128];
	struct run bare = {.words = words};
	struct run deny = {.policy = "--deny-op=openat2", .words = words};
	struct run allow = {.policy = "--allow-op=nop,read,msg_ring", .words = words};
	struct set few = set_with(set_with(set_with(set_none(), OP_NOP), OP_READ), OP_MSG_RING);

	snprintf(words, sizeof(words), "%s%sops", where, *where ? " " : "");
	if (!unjailed(&bare))
		return;
	expect_ops(&bare, set_all(), NULL);
	if (jailed(&deny, NEED_OPS))
		expect_ops(&deny, set_without(set_all(), OP_OPENAT2), &bare);
	if (jailed(&allow, NEED_OPS))
		expect_ops(&allow, few, &bare);
	run_clear(&bare);
	run_clear(&deny);
	run_clear(&allow);
}

static void deny_each(const char *argument)
{
	static const char *const formats[] = {
		"--deny-op=%s",
		"--default=allow -d %s",
		"--allow-op=@all --deny-op=%s",
		"--default=deny -a @all --deny-op %s",
		"--deny-op %s",
	};
	struct run bare = {.words = "ops"};

	(void)argument;
	if (!unjailed(&bare))
		return;
	for (unsigned int op = 0; op < live.kernel.op_count; op++) {
		char policy[96], name[40];
		struct run run = {.policy = policy, .words = "ops"};

		op_spelling(op, op, name, sizeof(name));
		snprintf(policy, sizeof(policy), formats[op % 5], name);
		if (jailed(&run, NEED_OPS))
			expect_ops(&run, set_without(set_all(), op), &bare);
		run_clear(&run);
	}
	run_clear(&bare);
}

static void allow_each(const char *argument)
{
	static const char *const formats[] = {
		"--allow-op=%s",
		"--default=deny -a %s",
		"-a %s --default deny",
	};
	struct run bare = {.words = "ops"};

	(void)argument;
	if (!unjailed(&bare))
		return;
	for (unsigned int op = 0; op < live.kernel.op_count; op++) {
		char policy[96], name[40];
		struct run run = {.policy = policy, .words = "ops"};

		op_spelling(op, op / 4 + op, name, sizeof(name));
		snprintf(policy, sizeof(policy), formats[op % 3], name);
		if (jailed(&run, NEED_OPS))
			expect_ops(&run, set_with(set_none(), op), &bare);
		run_clear(&run);
	}
	run_clear(&bare);
}

/* Policies that deny every operation, msg_ring included. */
static void deny_all(const char *policy)
{
	struct run run = {.policy = policy, .words = "ops"};

	if (jailed(&run, NEED_OPS))
		expect_ops(&run, set_none(), NULL);
	run_clear(&run);
}

/* Policies that have statements, but end up allowing everything: there is nothing to enforce. */
static void allow_all(const char *policy)
{
	struct run run = {.policy = policy, .words = "ops"};

	if (jailed(&run, NEED_NOTHING))
		expect_ops(&run, set_all(), NULL);
	run_clear(&run);
}

/* Policies that deny openat, openat2 and statx, and nothing else. */
static void deny_three(const char *policy)
{
	struct set allowed = set_all();
	struct run run = {.policy = policy, .words = "ops"};

	allowed = set_without(allowed, OP_OPENAT);
	allowed = set_without(allowed, OP_OPENAT2);
	allowed = set_without(allowed, OP_STATX);
	if (jailed(&run, NEED_OPS))
		expect_ops(&run, allowed, NULL);
	run_clear(&run);
}

/* Policies that allow read, write and msg_ring, and nothing else. */
static void allow_three(const char *policy)
{
	struct set allowed = set_none();
	struct run run = {.policy = policy, .words = "ops"};

	allowed = set_with(allowed, OP_READ);
	allowed = set_with(allowed, OP_WRITE);
	allowed = set_with(allowed, OP_MSG_RING);
	if (jailed(&run, NEED_OPS))
		expect_ops(&run, allowed, NULL);
	run_clear(&run);
}

const struct test op_tests[] = {
	{"requests", requests, NULL},
	{"mode-self", mode, ""},
	{"mode-fork", mode, "fork"},
	{"mode-vfork", mode, "vfork"},
	{"mode-clone3", mode, "clone3"},
	{"mode-clone-vm", mode, "clone-vm"},
	{"mode-thread", mode, "thread"},
	{"mode-exec", mode, "exec"},
	{"mode-exec-after-ring", mode, "exec-after-ring"},
	{"mode-exec-from-thread", mode, "exec-from-thread"},
	{"mode-exec-twice", mode, "exec-after-ring fork exec-from-thread thread"},
	{"mode-sqpoll", mode, "sqpoll"},
	{"mode-iopoll", mode, "iopoll"},
	{"mode-r-disabled", mode, "r-disabled"},
	{"mode-sqe128", mode, "sqe128"},
	{"mode-sqe-mixed", mode, "sqe-mixed"},
	{"mode-cqe32", mode, "cqe32"},
	{"mode-defer", mode, "defer"},
	{"mode-registered-ring", mode, "registered-ring"},
	{"mode-fd-less", mode, "fd-less"},
	{"mode-linked", mode, "linked"},
	{"mode-drained", mode, "drained"},
	{"mode-sqpoll-linked", mode, "exec-after-ring sqpoll linked"},
	{"deny-each-op", deny_each, NULL},
	{"allow-each-op", allow_each, NULL},
	{"deny-all-ops", deny_all, "--deny-op=@all"},
	{"default-deny", deny_all, "--default=deny"},
	{"default-deny-deny-op", deny_all, "--default=deny --deny-op=nop"},
	{"default-allow-deny-all", deny_all, "--default=allow -d @all"},
	{"allow-all-deny-all", deny_all, "-a @all -d @all"},
	{"allow-all-ops", allow_all, "-a @all"},
	{"default-deny-allow-all", allow_all, "--default=deny --allow-op=@all"},
	{"default-allow-allow-op", allow_all, "--default=allow --allow-op=nop"},
	{"deny-list", deny_three, "--deny-op=openat,openat2,statx"},
	{"deny-lists", deny_three, "-d openat -d 28 --deny-op IORING_OP_STATX"},
	{"deny-wins", deny_three, "-a @all,statx -d statx,openat,OpenAt2 -a openat"},
	{"allow-list", allow_three, "--allow-op=read,write,msg_ring"},
	{"allow-lists", allow_three, "-a read -a IORING_OP_WRITE -a 40 --default=deny"},
	{"allow-list-deny", allow_three, "-a read,openat2,write,Msg-Ring -d openat2"},
	{NULL, NULL, NULL},
};
