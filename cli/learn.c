// SPDX-License-Identifier: MIT
#include "cli/learn.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/utsname.h>

#include "cli/publish.h"
#include "cli/report.h"
#include "cli/supervise.h"
#include "policy/learned.h"
#include "policy/memstream.h"
#include "policy/write.h"

/* What the events are counted in. */
struct learner {
	const struct options *options;
	struct loaded *loaded;
	int (*launch)(const void *data);
	const void *launch_data;
	struct learned *learned;
	uint64_t lost;
	bool extends, blind;
	bool opened; /* any ring */
	int refused; /* the error number of the last ring that could not be opened; 0: none */
};

static void count(void *data, const struct trace_event *event)
{
	struct learner *learner = data;

	switch (event->kind) {
	case TRACE_REQUEST:
		learned_request(learner->learned, event->op, event->flags, false, 0);
		break;
	case TRACE_FAILED:
		learned_request(learner->learned, event->op, event->flags, true,
				(int)event->result);
		break;
	case TRACE_REGISTER:
		learned_register(learner->learned, event->op, event->result);
		break;
	case TRACE_SETUP:
		learner->opened = learner->opened || event->result >= 0;
		learner->refused = event->result < 0 ? (int)-event->result : learner->refused;
		break;
	default:
		break;
	}
}

/* --- the file */

/* The command as it was given, in one line. */
static void put_command(FILE *out, char *const *command)
{
	for (; *command; command++) {
		putc(' ', out);
		for (const char *c = *command; *c; c++)
			putc((unsigned char)*c < ' ' || *c == 0x7f ? '?' : *c, out);
	}
	putc('\n', out);
}

static void put_text(FILE *out, const struct learner *learner)
{
	const struct policy *policy = &learner->loaded->policy;
	struct utsname system;

	if (uname(&system) < 0)
		strcpy(system.release, "?");
	fprintf(out, "# Learned by uring-jail " URING_JAIL_VERSION " on Linux %s from\n#  ",
		system.release);
	put_command(out, learner->options->command);
	if (learner->extends)
		fputs("# with a policy that was given, and lacked some of it\n", out);
	if (learner->lost > 0)
		fprintf(out,
			"# INCOMPLETE: %llu events were lost, and what they told may be missing.\n",
			(unsigned long long)learner->lost);
	if (learner->blind)
		fputs("# INCOMPLETE: the kernel did not let it be watched to its end.\n", out);
	fputs("#\n", out);
	learned_write_counts(out, learner->learned, policy);
	putc('\n', out);
	policy_write(out, policy);
}

static bool write_file(struct learner *learner)
{
	const struct options *options = learner->options;
	struct loaded *loaded = learner->loaded;
	char *text = NULL;
	size_t size = 0;
	FILE *out;
	bool good;

	learned_extend(learner->learned, &loaded->policy, &loaded->diags);
	out = open_memstream(&text, &size);
	if (out)
		put_text(out, learner);
	good = memstream_close(out, &text);
	if (!good || diag_failed(&loaded->diags)) {
		report_error("out of memory");
		good = false;
	}
	good = good && publish(options->learn, text, size, options->force);
	free(text);
	return good;
}

/* What the user has to know about the file. Returns false where it cannot be relied on. */
static bool tell(const struct learner *learner)
{
	const char *file = learner->options->learn;

	if (learner->lost > 0)
		report_error("%llu events were lost, so %s may lack some of what the command did; "
			     "give --trace-buffer more than before, or run it again with -p to add "
			     "what is missing",
			     (unsigned long long)learner->lost, file);
	if (learner->blind)
		report_error("the kernel did not let the command be watched to its end, so %s may "
			     "lack some of what it did; a program file must be readable to be "
			     "watched",
			     file);
	if (!learner->opened && learner->refused)
		report_note("the command opened no ring, since io_uring_setup(2) failed: %s",
			    strerror(learner->refused));
	if (!learned_all_allowed(learner->learned, &learner->loaded->policy))
		report_note("%s does not allow, or only under conditions, some of what the command "
			    "did, since the policy that was given says so; its comments have the "
			    "list",
			    file);
	return learner->lost == 0 && !learner->blind;
}

/* --- the run */

static int finish(struct learner *learner, const struct supervised *supervised)
{
	bool good;
	int status;

	if (!supervised->ran)
		return supervise_end(supervised);
	learner->blind = supervised->blind;
	if (!write_file(learner))
		return EXIT_FAILED;
	good = tell(learner);
	status = supervise_end(supervised);
	return status == 0 && !good ? EXIT_FAILED : status;
}

static int run(struct learner *learner, struct trace *trace)
{
	struct supervision supervision = {
		.name = learner->options->command[0],
		.launch = learner->launch,
		.launch_data = learner->launch_data,
		.trace = trace,
		.handler = count,
		.handler_data = learner,
	};
	struct supervised supervised;
	bool done = supervise(&supervision, &supervised);

	learner->lost = trace_lost(trace);
	return done ? finish(learner, &supervised) : EXIT_FAILED;
}

/* The policy that is to be extended. */
static bool load(struct learner *learner)
{
	struct loaded *loaded = learner->loaded;

	load_policy(loaded, learner->options);
	learner->extends = loaded->policy.first != NULL;
	report_diags(&loaded->diags);
	return !diag_failed(&loaded->diags);
}

int learn(const struct options *options, struct loaded *loaded, int (*launch)(const void *data),
	  const void *launch_data)
{
	struct learner learner = {
		.options = options, .loaded = loaded, .launch = launch, .launch_data = launch_data};
	struct trace *trace;
	int status = EXIT_FAILED;

	if (!load(&learner) || !publish_check(options->learn, options->force))
		return EXIT_FAILED;
	if (learner.extends)
		report_note("learning: the policy is not enforced in this run, but extended");
	learner.learned = calloc(1, sizeof(*learner.learned));
	if (!learner.learned) {
		report_error("out of memory");
		return EXIT_FAILED;
	}
	trace = trace_prepare(TRACE_ALL, options->trace_buffer);
	if (trace && !trace_sees_all_calls(trace))
		report_note("this kernel does not trace system calls, so register operations "
			    "without a ring are not learned");
	if (trace)
		status = run(&learner, trace);
	trace_close(trace);
	free(learner.learned);
	return status;
}
