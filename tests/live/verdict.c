// SPDX-License-Identifier: MIT
#include "verdict.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/utsname.h>
#include <sys/wait.h>

#include "live.h"
#include "names.h"
#include "request.h"
#include "uapi.h"

struct set set_none(void)
{
	return (struct set){0};
}

struct set set_all(void)
{
	return (struct set){{~0ULL, ~0ULL, ~0ULL, ~0ULL}};
}

struct set set_with(struct set set, unsigned int member)
{
	set.bits[member / 64] |= 1ULL << member % 64;
	return set;
}

struct set set_without(struct set set, unsigned int member)
{
	set.bits[member / 64] &= ~(1ULL << member % 64);
	return set;
}

bool set_has(struct set set, unsigned int member)
{
	return set.bits[member / 64] >> member % 64 & 1;
}

__attribute__((format(printf, 2, 3))) static void wrong(const struct run *run, const char *format,
							...)
{
	char text[512];
	va_list arguments;

	va_start(arguments, format);
	vsnprintf(text, sizeof(text), format, arguments);
	va_end(arguments);
	failed("[%s] %s: %s", run->policy ? run->policy : "no jail",
	       run->command ? run->command : run->words, text);
}

bool can_enforce(enum need need)
{
	return need == NEED_NOTHING || (live.kernel.restricts && !live.kernel.loses_at_exec);
}

bool older_than_7_2(void)
{
	struct utsname names;
	int major = 0, minor = 0;

	uname(&names);
	sscanf(names.release, "%d.%d", &major, &minor);
	return major < 7 || (major == 7 && minor < 2);
}

const char *policy_here(void)
{
	return can_enforce(NEED_OPS) ? "--deny-op=openat2" : "--default=allow";
}

struct set allowed_here(void)
{
	return can_enforce(NEED_OPS) ? set_without(set_all(), OP_OPENAT2) : set_all();
}

/* The first line of what was written to standard error. */
static const char *complaint(const struct run *run)
{
	static char line[256];

	snprintf(line, sizeof(line), "%.*s", (int)strcspn(run->err, "\n"), run->err);
	return line;
}

/* The last line of what was written to standard output. */
static const char *progress(const struct run *run)
{
	static char line[256];
	size_t end = strlen(run->out), start;

	while (end && run->out[end - 1] == '\n')
		end--;
	for (start = end; start && run->out[start - 1] != '\n'; start--)
		;
	snprintf(line, sizeof(line), "%.*s", (int)(end - start), run->out + start);
	return line;
}

static bool completed(const struct run *run)
{
	if (run->hung)
		wrong(run, "hung after '%s'; %s", progress(run), complaint(run));
	else if (WIFSIGNALED(run->status))
		wrong(run, "died of signal %d; %s", WTERMSIG(run->status), complaint(run));
	else if (WEXITSTATUS(run->status))
		wrong(run, "status %d; %s", WEXITSTATUS(run->status), complaint(run));
	else if (!run->ended || !run->ran)
		wrong(run, "the target did not do what it was told; %s", complaint(run));
	else
		return true;
	return false;
}

bool jailed(struct run *run, enum need need)
{
	run_it(run);
	if (can_enforce(need))
		return completed(run);
	expect_refusal(run, live.kernel.restricts ? "exec" : "no io_uring task restrictions");
	return false;
}

bool unjailed(struct run *run)
{
	run_it(run);
	return completed(run);
}

void expect_125(const struct run *run)
{
	if (run->ran || *run->out)
		wrong(run, "the target ran; expected a refusal");
	if (run->hung)
		wrong(run, "hung; expected a refusal");
	else if (!WIFEXITED(run->status) || WEXITSTATUS(run->status) != 125)
		wrong(run, "wait status 0x%x, expected exit status 125; %s", (unsigned)run->status,
		      complaint(run));
}

/* A message starts with the program's name, or with a place and "error: ". */
void expect_refusal(const struct run *run, const char *reason)
{
	expect_125(run);
	if (strncmp(run->err, "uring-jail: ", 12) != 0 && !strstr(run->err, ": error: "))
		wrong(run, "no error message on standard error, but: %s", complaint(run));
	if (reason && !strcasestr(run->err, reason))
		wrong(run, "does not name the reason '%s': %s", reason, complaint(run));
}

/* Describes what came instead of a verdict; false where there is a result. */
static bool no_result(const struct run *run, const char *what, struct run_record record)
{
	switch (record.state) {
	case RUN_RESULT:
		return false;
	case RUN_HUNG:
		wrong(run, "%s: hung", what);
		break;
	case RUN_BROKEN:
		wrong(run, "%s: could not be submitted: %s", what, strerror(-record.result));
		break;
	default:
		wrong(run, "%s: nothing was reported", what);
	}
	return true;
}

static void expect_verdict(const struct run *run, const char *what, struct run_record record,
			   bool allowed)
{
	bool denied = record.result == -EACCES;

	if (no_result(run, what, record))
		return;
	if (denied == allowed)
		wrong(run, "%s: expected %s, got %d", what, allowed ? "allowed" : "denied",
		      record.result);
}

/* Results that are not errors are fds, sizes and the like: they may differ. */
static bool alike(int one, int other)
{
	return one == other || (one >= 0 && other >= 0);
}

void expect_ops(const struct run *run, struct set allowed, const struct run *other)
{
	for (unsigned int op = 0; op < live.kernel.op_count; op++) {
		struct run_record record = run->ops[op];
		char what[64];

		snprintf(what, sizeof(what), "op %u %s", op, op_name(op));
		if (run->filters && op == OP_LINK_TIMEOUT && !set_has(allowed, op) &&
		    record.state == RUN_RESULT && record.result == -ECANCELED)
			continue;
		expect_verdict(run, what, record, set_has(allowed, op));
		if (!other || !set_has(allowed, op) || record.state != RUN_RESULT ||
		    record.result == -EACCES)
			continue;
		if (!no_result(other, what, other->ops[op]) &&
		    !alike(record.result, other->ops[op].result))
			wrong(run, "%s: %d, but %d without a jail", what, record.result,
			      other->ops[op].result);
	}
}

void expect_flags(const struct run *run, unsigned int allowed, unsigned int required)
{
	unsigned int never = IOSQE_IO_DRAIN | IOSQE_CQE_SKIP_SUCCESS;

	for (unsigned int flags = 0; flags <= SQE_FLAGS_ALL; flags++) {
		char what[64];

		if ((flags & never) == never)
			continue;
		snprintf(what, sizeof(what), "flags 0x%02x", flags);
		expect_verdict(run, what, run->flags[flags],
			       (flags & required) == required && !(flags & ~(allowed | required)));
	}
}

void expect_registers(const struct run *run, struct set allowed)
{
	for (int on = 0; on < RUN_REGISTRANTS; on++)
		for (unsigned int op = 0; op < live.kernel.register_count; op++) {
			char what[96];

			snprintf(what, sizeof(what), "register op %u %s on %s", op,
				 register_name(op), run_registrant_names[on]);
			expect_verdict(run, what, run->registers[on][op], set_has(allowed, op));
		}
}
