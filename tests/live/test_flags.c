// SPDX-License-Identifier: MIT
/* The flags of submission entries: every combination of them, under every kind of rule. */
#include <errno.h>
#include <stdio.h>

#include "live.h"
#include "verdict.h"

static const char *const names[] = {
	"fixed_file", "io_drain",      "io_link",	   "io_hardlink",
	"async",      "buffer_select", "cqe_skip_success",
};
static const char *const c_names[] = {
	"IOSQE_FIXED_FILE", "IOSQE_IO_DRAIN",	   "IOSQE_IO_LINK",	     "IOSQE_IO_HARDLINK",
	"IOSQE_ASYNC",	    "IOSQE_BUFFER_SELECT", "IOSQE_CQE_SKIP_SUCCESS",
};

#define FLAG_COUNT (sizeof(names) / sizeof(*names))

/* One run tries every combination on rings of one kind. */
static void check(const char *policy, const char *words, unsigned int allowed,
		  unsigned int required)
{
	struct run run = {.policy = policy, .words = words};

	if (jailed(&run, NEED_OPS))
		expect_flags(&run, allowed, required);
	run_clear(&run);
}

static void bare(const char *words)
{
	struct run run = {.words = words};

	if (unjailed(&run))
		expect_flags(&run, SQE_FLAGS_ALL, 0);
	run_clear(&run);
}

static void deny_each(const char *argument)
{
	(void)argument;
	for (unsigned int i = 0; i < FLAG_COUNT; i++) {
		char policy[64];

		snprintf(policy, sizeof(policy), "--deny-sqe-flags=%s", names[i]);
		check(policy, "flags", SQE_FLAGS_ALL & ~(1U << i), 0);
	}
}

static void allow_each(const char *argument)
{
	(void)argument;
	for (unsigned int i = 0; i < FLAG_COUNT; i++) {
		char policy[64];

		snprintf(policy, sizeof(policy), "--allow-sqe-flags=%s", c_names[i]);
		check(policy, "flags", 1U << i, 0);
	}
}

static void require_each(const char *argument)
{
	(void)argument;
	for (unsigned int i = 0; i < FLAG_COUNT; i++) {
		char policy[64];

		snprintf(policy, sizeof(policy), "--require-sqe-flags=%s", names[i]);
		check(policy, "flags", SQE_FLAGS_ALL, 1U << i);
	}
}

static void mixed(const char *argument)
{
	static const struct {
		const char *policy;
		unsigned int allowed, required;
	} rows[] = {
		{"--deny-sqe-flags=async,io_drain", SQE_FLAGS_ALL & ~0x12U, 0},
		{"--deny-sqe-flags=0x12", SQE_FLAGS_ALL & ~0x12U, 0},
		{"--deny-sqe-flags=0x7f", 0, 0},
		{"--allow-sqe-flags=io_link,io_hardlink --allow-sqe-flags=async", 0x1c, 0},
		{"--allow-sqe-flags=0x1c --deny-sqe-flags=async", 0x0c, 0},
		{"--allow-sqe-flags=async --require-sqe-flags=fixed_file", 0x10, 0x01},
		{"--require-sqe-flags=fixed_file,async", SQE_FLAGS_ALL, 0x11},
		{"--require-sqe-flags=fixed_file --deny-sqe-flags=async", SQE_FLAGS_ALL & ~0x10U,
		 0x01},
		{"--deny-op=openat2 --deny-sqe-flags=async", SQE_FLAGS_ALL & ~0x10U, 0},
	};

	(void)argument;
	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++)
		check(rows[i].policy, "flags", rows[i].allowed, rows[i].required);
}

/* A flag both denied and required leaves nothing, whatever the flags of the request. */
static void denied_and_required(const char *policy)
{
	struct run run = {.policy = policy, .words = "flags"};

	if (jailed(&run, NEED_OPS))
		for (unsigned int flags = 0; flags <= SQE_FLAGS_ALL; flags++)
			if (run.flags[flags].state == RUN_RESULT &&
			    run.flags[flags].result != -EACCES)
				failed("flags 0x%02x: expected denied, got %d", flags,
				       run.flags[flags].result);
	run_clear(&run);
}

static void on_rings(const char *kind)
{
	char words[64];

	snprintf(words, sizeof(words), "%s flags", kind);
	bare(words);
	check("--deny-sqe-flags=async", words, SQE_FLAGS_ALL & ~0x10U, 0);
	check("--require-sqe-flags=fixed_file", words, SQE_FLAGS_ALL, 0x01);
}

/* Rules for flags deny no operation, and rules for operations no flag. */
static void alone(const char *argument)
{
	struct run ops = {.policy = "--deny-sqe-flags=async", .words = "ops"};
	struct run flags = {.policy = "--deny-op=openat2", .words = "flags"};

	(void)argument;
	if (jailed(&ops, NEED_OPS))
		expect_ops(&ops, set_all(), NULL);
	if (jailed(&flags, NEED_OPS))
		expect_flags(&flags, SQE_FLAGS_ALL, 0);
	run_clear(&ops);
	run_clear(&flags);
}

const struct test flag_tests[] = {
	{"flags-no-jail", bare, "flags"},
	{"flags-deny-each", deny_each, NULL},
	{"flags-allow-each", allow_each, NULL},
	{"flags-require-each", require_each, NULL},
	{"flags-mixed", mixed, NULL},
	{"flags-denied-and-required", denied_and_required,
	 "--deny-sqe-flags=async --require-sqe-flags=async"},
	{"flags-sqpoll", on_rings, "sqpoll"},
	{"flags-exec-after-ring", on_rings, "exec-after-ring"},
	{"flags-alone", alone, NULL},
	{NULL, NULL, NULL},
};
