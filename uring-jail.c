// SPDX-License-Identifier: MIT
/*
 * uring-jail: runs a program under an io_uring policy. The order of what happens is here; what
 * each step does is in cli/ and policy/.
 */
#include <stdlib.h>
#include <sys/auxv.h>

#include "cli/doctor.h"
#include "cli/exec.h"
#include "cli/import.h"
#include "cli/install.h"
#include "cli/learn.h"
#include "cli/load.h"
#include "cli/log-denied.h"
#include "cli/look.h"
#include "cli/options.h"
#include "cli/print.h"
#include "cli/privileges.h"
#include "cli/report.h"
#include "cli/rings.h"
#include "cli/trial.h"
#include "policy/lint.h"

/* What a launch is made of. */
struct launch {
	const struct options *options;
	const struct loaded *loaded;
	const struct kernel *kernel;
};

/*
 * Also in the child of a run that is watched: `data` is a struct launch. Without no_new_privs it takes
 * a capability to restrict a task, so there they are dropped last.
 */
static int launch(const void *data)
{
	const struct launch *l = data;
	const struct process *process = &l->loaded->process;
	const struct plan *plan = &l->loaded->plan;
	uint64_t drop_first = process->allow_new_privs ? 0 : process->drop_caps;
	uint64_t drop_last = process->allow_new_privs ? process->drop_caps : 0;

	if (l->options->verbose)
		print_plan(report_stream(), plan, l->kernel, &l->loaded->policy, process);
	if (!rings_close(process->keep_ring_fds, plan->blocks) || !privileges_drop(drop_first) ||
	    !install_plan(plan) || !privileges_drop(drop_last))
		return EXIT_FAILED;
	return exec_command(l->options->command);
}

/* Everything that depends on the policy. What is loaded is freed by the caller. */
static int follow(const struct options *options, struct loaded *loaded)
{
	struct kernel kernel;
	struct launch l = {options, loaded, &kernel};
	bool good = false;

	if (options->learn)
		return learn(options, loaded, launch, &l);
	load_policy(loaded, options);
	if (options->action == ACTION_TEST)
		return look_test(options, loaded);
	if (options->action == ACTION_PRINT && options->form == FORM_POLICY)
		return look_policy(loaded);
	if (options->action != ACTION_CHECK)
		lint_voided(&loaded->policy, &loaded->diags);
	if (!diag_failed(&loaded->diags)) {
		load_kernel(&kernel, options, &loaded->policy);
		good = plan_compile(&loaded->policy, &kernel, options->plan, &loaded->plan,
				    &loaded->diags);
	}
	if (options->action == ACTION_CHECK)
		return look_check(options, loaded);
	report_diags(&loaded->diags);
	if (diag_failed(&loaded->diags) || !good)
		return EXIT_FAILED;
	if (options->action == ACTION_PRINT)
		return look_print(options, loaded, &kernel);
	if (options->log_denied)
		return log_denied(options, loaded, launch, &l);
	return launch(&l);
}

/* To look, no_new_privs is set all the same: the kernel tells nothing to a task with neither. */
static bool set_privileges(const struct options *options)
{
	if (options->action == ACTION_RUN && options->allow_new_privs)
		return privileges_allow_new();
	return install_no_new_privs();
}

static int run(int argc, char **argv, struct loaded *loaded)
{
	__attribute__((cleanup(options_destroy))) struct options options = {0};

	if (trial_is_image(argc, argv))
		return trial_image();
	report_begin();
	if (getauxval(AT_SECURE)) {
		report_error("refusing to run with the privileges of a set-user-ID file");
		return EXIT_FAILED;
	}
	options_parse(argc, argv, &options);
	if (options.quiet)
		report_quiet();
	if (!set_privileges(&options))
		return EXIT_FAILED;
	if (options.action == ACTION_LIST)
		return look_list(&options);
	if (options.action == ACTION_IMPORT_SECCOMP || options.action == ACTION_IMPORT_SYSTEMD)
		return import_run(&options, loaded);
	if (options.action == ACTION_DOCTOR)
		return doctor(&options, loaded);
	return follow(&options, loaded);
}

int main(int argc, char **argv)
{
	/* Room for the longest plan, which takes more of a stack than what a launch touches of it. */
	static struct loaded loaded;
	int status;

	loaded_init(&loaded);
	status = run(argc, argv, &loaded);
	loaded_destroy(&loaded);
	return status;
}
