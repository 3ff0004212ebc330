// SPDX-License-Identifier: MIT
/* What the launcher must refuse, and what it would be worth if it did not. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "live.h"
#include "verdict.h"

/* For `before`: what has been done to the process by the time the launcher starts. */
static void deny_openat2(const void *argument)
{
	(void)argument;
	if (kernel_deny_op(OP_OPENAT2) < 0)
		_Exit(98);
}

static void deny_personality(const void *argument)
{
	(void)argument;
	if (kernel_deny_register(REG_PERSONALITY) < 0)
		_Exit(98);
}

static void block_register(const void *answer)
{
	if (kernel_block_call(SYS_io_uring_register, *(const int *)answer) < 0)
		_Exit(98);
}

static void block_install(const void *answer)
{
	if (kernel_block_install(*(const int *)answer) < 0)
		_Exit(98);
}

static void expect_probe(const struct run *run, unsigned int op, int expected)
{
	char line[64];

	snprintf(line, sizeof(line), "probe %u result %d\n", op, expected);
	if (!strstr(run->out, line))
		failed("[%s]: expected '%.*s', got: %s", run->policy, (int)strlen(line) - 1, line,
		       run->out);
}

/* An explicit default allow is a policy: it installs nothing, and runs on any kernel. */
static void default_allow(const char *argument)
{
	struct run run = {.policy = "--default=allow", .words = "probe ops flags register"};
	struct run rules = {.policy = "--default=allow --deny-op=openat2", .words = "probe"};

	(void)argument;
	if (jailed(&run, NEED_NOTHING)) {
		expect_probe(&run, REG_RESTRICTIONS, -EFAULT);
		expect_ops(&run, set_all(), NULL);
		expect_flags(&run, SQE_FLAGS_ALL, 0);
		expect_registers(&run, set_all());
	}
	if (jailed(&rules, NEED_OPS))
		expect_probe(&rules, REG_RESTRICTIONS, -EPERM);
	run_clear(&run);
	run_clear(&rules);
}

/* Restrictions set raw, and a target that opens a ring and execs: on a kernel that loses them
 * there, what was denied works. That is what a launcher without the refusal would be worth. */
static void exec_hole(const char *words)
{
	bool lost = live.kernel.loses_at_exec;
	struct run run = {.words = words, .before = deny_openat2};

	if (unjailed(&run))
		expect_ops(&run, lost ? set_all() : set_without(set_all(), OP_OPENAT2), NULL);
	run_clear(&run);
}

static void exec_hole_refused(const char *policy)
{
	struct run run = {.policy = policy, .words = "ops"};

	if (!live.kernel.loses_at_exec)
		skip("this kernel keeps restrictions at exec");
	run_it(&run);
	expect_refusal(&run, "exec");
	run_clear(&run);
}

/* Register operations that are denied raw, and still work on a disabled ring or without one. */
static void register_holes(const char *argument)
{
	struct run run = {.words = "register", .before = deny_personality};
	static const enum run_registrant on[] = {RUN_RING, RUN_INDEX};
	int result;

	(void)argument;
	if (live.kernel.loses_at_exec)
		skip("this kernel loses all restrictions at exec");
	if (!unjailed(&run))
		return;
	for (int i = 0; i < 2; i++) {
		result = run.registers[on[i]][REG_PERSONALITY].result;
		if (result != -EACCES)
			failed("personality on %s: %d", run_registrant_names[on[i]], result);
	}
	result = run.registers[RUN_DISABLED][REG_PERSONALITY].result;
	if (live.kernel.disabled_escapes != (result != -EACCES))
		failed("personality on a disabled ring: %d", result);
	result = run.registers[RUN_RINGLESS][REG_PERSONALITY].result;
	if (live.kernel.ringless_escapes != (result != -EACCES))
		failed("personality without a ring: %d", result);
	run_clear(&run);
}

static void expect_refusals(const char *policy, void (*before)(const void *argument))
{
	static const int answers[] = {EPERM, EACCES, ENOSYS, EINVAL, EFAULT, 0};

	for (size_t i = 0; i < sizeof(answers) / sizeof(*answers); i++) {
		struct run run = {
			.policy = policy,
			.words = "facts",
			.before = before,
			.argument = &answers[i],
		};

		run_it(&run);
		expect_refusal(&run, NULL);
		run_clear(&run);
	}
}

/* Seccomp may answer for the kernel, success included: then nothing is known, and nothing runs. */
static void seccomp(const char *policy)
{
	expect_refusals(policy, block_register);
}

static void seccomp_install(const char *policy)
{
	expect_refusals(policy, block_install);
}

static void block_restrictions(const void *answer)
{
	if (kernel_block_register(REG_RESTRICTIONS, *(const int *)answer) < 0)
		_Exit(98);
}

/* A seccomp filter that denies restrictions alone makes a task look restricted already. So it must
 * not be what tells that restrictions survive exec. */
static void seccomp_restrictions(const char *argument)
{
	static const int answers[] = {EPERM, EACCES};

	(void)argument;
	for (size_t i = 0; i < sizeof(answers) / sizeof(*answers); i++) {
		struct run run = {
			.policy = "--deny-op=openat2",
			.words = "exec-after-ring ops",
			.before = block_restrictions,
			.argument = &answers[i],
			.filters = true,
		};

		if (jailed(&run, NEED_OPS))
			expect_ops(&run, set_without(set_all(), OP_OPENAT2), NULL);
		run_clear(&run);
	}
}

static void block_query(const void *answer)
{
	if (kernel_block_register(REG_QUERY, *(const int *)answer) < 0)
		_Exit(98);
}

/* Filters tell how many operations there are where the query does not. */
static void seccomp_query(const char *argument)
{
	static const int answers[] = {EPERM, 0};
	char words[32];

	(void)argument;
	snprintf(words, sizeof(words), "count=%u,%u ops", live.kernel.op_count,
		 live.kernel.register_count);
	for (size_t i = 0; i < sizeof(answers) / sizeof(*answers); i++) {
		struct run run = {
			.policy = "--deny-op=openat2",
			.words = words,
			.before = block_query,
			.argument = &answers[i],
			.filters = true,
		};

		if (jailed(&run, NEED_OPS))
			expect_ops(&run, set_without(set_all(), OP_OPENAT2), NULL);
		run_clear(&run);
	}
}

/* Rules for register operations do not need the kernel's word: our seccomp filter comes last. */
static void seccomp_registers(const char *argument)
{
	static void (*const blocks[])(const void *answer) = {block_register, block_install};
	static const int answers[] = {EPERM, ENOSYS, EINVAL, EFAULT, 0};

	(void)argument;
	for (size_t i = 0; i < 2 * sizeof(answers) / sizeof(*answers); i++) {
		struct run run = {
			.policy = "--deny-register=query",
			.words = "query",
			.before = blocks[i % 2],
			.argument = &answers[i / 2],
		};

		if (jailed(&run, NEED_NOTHING) && !strstr(run.out, "query result -13\n"))
			failed("[%s] under seccomp that answers %d: %s", run.policy, answers[i / 2],
			       run.out);
		run_clear(&run);
	}
}

/* What cannot be enforced is denied with all of io_uring; what can be, as ever. */
static void unsupported_deny(const char *quiet)
{
	static const char message[] = "uring-jail: warning: io_uring is denied altogether (ENOSYS)";
	char policy[64];
	struct run run = {.policy = policy, .words = "probe enter=99 setup query"};
	bool quietly = quiet != NULL;

	snprintf(policy, sizeof(policy), "%s --unsupported=deny --deny-op=openat2",
		 quietly ? quiet : "");
	run_it(&run);
	if (!run.ended || run.status != 0)
		failed("[%s]: status 0x%x; %s", policy, (unsigned)run.status, run.err);
	if (!live.kernel.loses_at_exec) {
		expect_probe(&run, REG_RESTRICTIONS, -EPERM);
		if (*run.err)
			failed("[%s]: %s", policy, run.err);
	} else if (!strstr(run.out, "enter 99 result -38\n") ||
		   !strstr(run.out, "setup result -38\n") ||
		   !strstr(run.out, "query result -38\n")) {
		failed("[%s]: %s", policy, run.out);
	} else if (quietly ? *run.err : strncmp(run.err, message, strlen(message)) != 0) {
		failed("[%s]: %s", policy, run.err);
	}
	run_clear(&run);
}

static void seccomp_default_allow(const char *argument)
{
	static const int answer = ENOSYS;
	struct run run = {
		.policy = "--default=allow",
		.words = "facts",
		.before = block_register,
		.argument = &answer,
	};

	(void)argument;
	jailed(&run, NEED_NOTHING);
	run_clear(&run);
}

static bool set_disabled(char value)
{
	FILE *file = fopen("/proc/sys/kernel/io_uring_disabled", "w");
	bool written = file && fputc(value, file) != EOF;

	return file && fclose(file) == 0 && written;
}

static void block_setup(const void *argument)
{
	(void)argument;
	if (kernel_block_call(SYS_io_uring_setup, ENOSYS) < 0)
		_Exit(98);
}

/* Where no ring can be opened, what only a ring tells is not known: then the launcher must refuse.
 * What needs no ring to be known it may not be put off by. */
static void expect_ringless(void (*before)(const void *argument))
{
	struct run ops = {.policy = "--deny-op=openat2", .words = "probe", .before = before};
	struct run registers = {
		.policy = "--deny-register=query", .words = "query", .before = before};

	run_it(&ops);
	if (older_than_7_2())
		expect_refusal(&ops, NULL);
	else if (!ops.ran || !ops.ended)
		failed("[%s]: the target did not run: %s", ops.policy, ops.err);
	else
		expect_probe(&ops, REG_RESTRICTIONS, -EPERM);
	if (jailed(&registers, NEED_NOTHING) && !strstr(registers.out, "query result -13\n"))
		failed("[%s]: %s", registers.policy, registers.out);
	run_clear(&ops);
	run_clear(&registers);
}

static void rings_disabled(const char *argument)
{
	(void)argument;
	if (!set_disabled('2'))
		skip("no kernel.io_uring_disabled");
	expect_ringless(NULL);
	set_disabled('0');
}

static void setup_blocked(const char *argument)
{
	(void)argument;
	expect_ringless(block_setup);
}

static void block_restrictions_and_enter(const void *argument)
{
	static const int answer = EPERM;

	(void)argument;
	block_restrictions(&answer);
	if (kernel_block_call(SYS_io_uring_enter, EACCES) < 0)
		_Exit(98);
}

/* Where a task looks restricted and cannot make a request, nothing tells whether it stays so: an
 * EACCES of seccomp is none of a request. */
static void enter_blocked(const char *argument)
{
	struct run run = {
		.policy = "--deny-op=openat2",
		.words = "probe",
		.before = block_restrictions_and_enter,
	};

	(void)argument;
	run_it(&run);
	if (older_than_7_2())
		expect_refusal(&run, "exec");
	else if (!run.ran || !run.ended)
		failed("[%s]: the target did not run: %s", run.policy, run.err);
	run_clear(&run);
}

static void block_probe(const void *argument)
{
	(void)argument;
	if (kernel_block_register_of_files(REG_PROBE, EACCES) < 0)
		_Exit(98);
}

/* EACCES of seccomp on a disabled ring says nothing of restrictions: so they are not relied on. */
static void probe_blocked(const char *argument)
{
	static const char why[] = "since whether restrictions hold could not be tried";
	struct run run = {
		.policy = "--print --deny-register=personality",
		.command = "",
		.before = block_probe,
	};

	(void)argument;
	run_it(&run);
	if (!live.kernel.ringless_escapes && !live.kernel.loses_at_exec && !strstr(run.out, why))
		failed("[%s]: %s%s", run.policy, run.out, run.err);
	if (!strstr(run.out, "seccomp(SECCOMP_SET_MODE_FILTER)"))
		failed("[%s]: no seccomp: %s%s", run.policy, run.out, run.err);
	run_clear(&run);
}

/* Standard input holds every answer that the trial's image could give, each saying yes. */
static void forge_answers(const void *call)
{
	unsigned char answers[16][8] = {{0}};
	int fd = memfd_create("answers", MFD_CLOEXEC);

	for (unsigned char step = 0; step < 16; step++) {
		answers[step][0] = step;
		answers[step][1] = 2;
	}
	if (fd < 0 || pwrite(fd, answers, sizeof(answers), 0) != sizeof(answers) ||
	    dup2(fd, STDIN_FILENO) != STDIN_FILENO || kernel_block_call(*(const int *)call, 0) < 0)
		_Exit(98);
}

/* A pipe that is none leads neither to what the target is to read nor to what it is to write. */
static void pipe_faked(const char *argument)
{
	static const int calls[] = {SYS_pipe2, SYS_dup2};

	(void)argument;
	for (size_t i = 0; i < sizeof(calls) / sizeof(*calls); i++) {
		struct run run = {
			.policy = "--deny-op=openat2",
			.words = "probe",
			.before = forge_answers,
			.argument = &calls[i],
		};

		run_it(&run);
		if (!older_than_7_2()) {
			expect_probe(&run, REG_RESTRICTIONS, -EPERM);
		} else {
			expect_refusal(&run, live.kernel.restricts ? "could not be tried" : NULL);
			if (*run.out)
				failed("call %d faked: wrote to standard output", calls[i]);
		}
		run_clear(&run);
	}
}

static void fake_sizes(const void *argument)
{
	(void)argument;
	if (kernel_block_register(REG_BPF_FILTER, EMSGSIZE) < 0)
		_Exit(98);
}

/* Seccomp can say that a filter claims too much payload, but not how much there is. */
static void sizes_faked(const char *argument)
{
	struct run run = {
		.policy = "--print --rule=deny\tsocket\tif\tfamily\t==\tAF_INET",
		.command = "",
		.before = fake_sizes,
	};

	(void)argument;
	run_it(&run);
	expect_refusal(&run, live.kernel.restricts && !older_than_7_2() ? "do not see" : NULL);
	run_clear(&run);
}

static void fake_seccomp_within(const void *argument)
{
	(void)argument;
	if (kernel_deny_register(REG_PERSONALITY) < 0 || kernel_block_call(SYS_seccomp, 0) < 0)
		_Exit(98);
}

/* What restrictions around it deny is not taken for the work of a filter that is not there. */
static void seccomp_faked_within(const char *argument)
{
	struct run run = {
		.policy = "--deny-register=personality,unregister_personality",
		.words = "probe",
		.before = fake_seccomp_within,
	};

	(void)argument;
	if (!live.kernel.restricts)
		skip("the kernel has no restrictions");
	run_it(&run);
	expect_refusal(&run, "is not denied");
	run_clear(&run);
}

const struct test refusal_tests[] = {
	{"default-allow", default_allow, NULL},
	{"exec-hole", exec_hole, "exec-after-ring ops"},
	{"exec-hole-thread", exec_hole, "exec-from-thread ops"},
	{"exec-hole-refused", exec_hole_refused, "--deny-op=openat2"},
	{"exec-hole-refused-flags", exec_hole_refused, "--deny-sqe-flags=async"},
	{"register-holes", register_holes, NULL},
	{"rings-disabled", rings_disabled, NULL},
	{"seccomp-setup", setup_blocked, NULL},
	{"seccomp-enter", enter_blocked, NULL},
	{"seccomp-probe", probe_blocked, NULL},
	{"seccomp-pipe", pipe_faked, NULL},
	{"seccomp-sizes", sizes_faked, NULL},
	{"seccomp-within", seccomp_faked_within, NULL},
	{"seccomp-ops", seccomp, "--deny-op=openat2"},
	{"seccomp-register", seccomp_registers, NULL},
	{"seccomp-restrictions", seccomp_restrictions, NULL},
	{"seccomp-query", seccomp_query, NULL},
	{"seccomp-install-ops", seccomp_install, "--deny-op=openat2"},
	{"unsupported-deny", unsupported_deny, NULL},
	{"unsupported-deny-quiet", unsupported_deny, "-q"},
	{"seccomp-default-allow", seccomp_default_allow, NULL},
	{NULL, NULL, NULL},
};
