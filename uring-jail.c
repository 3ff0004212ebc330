// SPDX-License-Identifier: MIT
/*
 * uring-jail: runs a program under an io_uring policy. The order of what happens is here; what
 * each step does is in cli/ and policy/.
 */
#include <stdlib.h>
#include <sys/auxv.h>

#include "cli/exec.h"
#include "cli/install.h"
#include "cli/options.h"
#include "cli/print.h"
#include "cli/probe.h"
#include "cli/report.h"
#include "cli/rings.h"
#include "cli/trial.h"
#include "policy/parse.h"
#include "policy/plan.h"

static void read_policy(const struct options *options, struct policy *policy, struct diags *diags)
{
	for (size_t i = 0; i < options->nr_policy; i++) {
		const struct policy_option *option = &options->policy[i];

		if (option->is_default)
			parse_default(policy, diags, &option->source);
		else
			parse_list(policy, diags, &option->source, option->subject, option->effect);
	}
	policy_check(policy, diags);
}

/* Asks the running kernel everything that the plan for this policy depends on. */
static void probe_for(struct kernel *kernel, const struct policy *policy)
{
	probe_kernel(kernel);
	trial_run(kernel, plan_needs(policy, kernel));
}

static void choose_kernel(struct kernel *kernel, const struct options *options,
			  const struct policy *policy)
{
	if (options->kernel) {
		*kernel = *options->kernel;
		return;
	}
	probe_for(kernel, policy);
	if (options->action == ACTION_RUN || kernel->task != TASK_UNSUPPORTED)
		return;
	report_note("Linux %s has no io_uring task restrictions; this is for Linux %s",
		    kernel->version, kernel_newest()->version);
	*kernel = *kernel_newest();
}

static int list(const struct options *options)
{
	struct kernel kernel;

	probe_kernel(&kernel);
	print_list(stdout, options->listing, &kernel);
	return EXIT_SUCCESS;
}

static int launch(const struct options *options, const struct plan *plan,
		  const struct kernel *kernel)
{
	if (options->verbose)
		print_plan(stderr, plan, kernel);
	if (!rings_close() || !install_plan(plan))
		return EXIT_FAILED;
	return exec_command(options->command);
}

int main(int argc, char **argv)
{
	__attribute__((cleanup(options_destroy))) struct options options = {0};
	__attribute__((cleanup(policy_destroy))) struct policy policy = {0};
	__attribute__((cleanup(diags_destroy))) struct diags diags = {0};
	struct kernel kernel;
	struct plan plan;

	if (trial_is_image(argc, argv))
		return trial_image();
	if (getauxval(AT_SECURE)) {
		report_error("refusing to run with the privileges of a set-user-ID file");
		return EXIT_FAILED;
	}
	report_check_output();
	options_parse(argc, argv, &options);
	if (options.quiet)
		report_quiet();
	if (!install_no_new_privs())
		return EXIT_FAILED;
	if (options.action == ACTION_LIST)
		return list(&options);
	read_policy(&options, &policy, &diags);
	if (!diag_failed(&diags)) {
		choose_kernel(&kernel, &options, &policy);
		plan_compile(&policy, &kernel, &plan, &diags);
	}
	report_diags(&diags);
	if (diag_failed(&diags))
		return EXIT_FAILED;
	if (options.action == ACTION_RUN)
		return launch(&options, &plan, &kernel);
	print_plan(stdout, &plan, &kernel);
	return EXIT_SUCCESS;
}
