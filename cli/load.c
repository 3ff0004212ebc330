// SPDX-License-Identifier: MIT
#include "cli/load.h"

#include <string.h>

#include "cli/privileges.h"
#include "cli/probe.h"
#include "cli/report.h"
#include "cli/trial.h"
#include "policy/parse.h"

static void load_option(struct loaded *loaded, const struct policy_option *option,
			const struct loader *loader)
{
	const struct source *file;

	switch (option->kind) {
	case OPTION_LIST:
		parse_list(&loaded->policy, &loaded->diags, &option->source, option->subject,
			   option->effect);
		break;
	case OPTION_DEFAULT:
		parse_default(&loaded->policy, &loaded->diags, &option->source);
		break;
	case OPTION_RULE:
		parse_rule(&loaded->policy, &loaded->diags, &option->source, loader);
		break;
	case OPTION_FILE:
		file = files_open(&loaded->files, option->source.text, &loaded->diags);
		if (file)
			parse_text(&loaded->policy, &loaded->diags, file, loader);
		break;
	}
}

static void load_process(struct loaded *loaded, const struct options *options)
{
	loaded->process.keep_ring_fds = options->keep_ring_fds;
	loaded->process.allow_new_privs = options->allow_new_privs;
	for (size_t i = 0; i < options->nr_drop_caps; i++)
		privileges_parse(&options->drop_caps[i], &loaded->process.drop_caps,
				 &loaded->diags);
}

void load_policy(struct loaded *loaded, const struct options *options)
{
	struct loader loader = {.data = &loaded->files, .load = files_include};
	struct range nowhere = {0};

	loaded->policy.arch = arch_here;
	for (size_t i = 0; i < options->nr_policy; i++)
		load_option(loaded, &options->policy[i], &loader);
	load_process(loaded, options);
	policy_check(&loaded->policy, &loaded->diags);
	if (!loaded->policy.first && !options->learn && !diag_failed(&loaded->diags))
		diag_add(&loaded->diags, SEVERITY_ERROR, nowhere,
			 "the policy has no statement; \"default allow\" is one that allows "
			 "everything");
}

void load_kernel(struct kernel *kernel, const struct options *options, const struct policy *policy)
{
	char version[sizeof(kernel->version)];
	unsigned needs;

	if (options->kernel && kernel_known(options->kernel, kernel))
		return;
	probe_kernel(kernel);
	needs = plan_needs(policy, kernel, options->plan.via);
	probe_sizes(kernel, needs);
	trial_run(kernel, needs);
	if (options->action == ACTION_RUN || options->plan.unsupported == UNSUPPORTED_DENY ||
	    kernel->task != TASK_UNSUPPORTED || !(needs & NEED_TASK))
		return;
	memcpy(version, kernel->version, sizeof(version));
	kernel_newest(kernel);
	report_note("Linux %s has no io_uring task restrictions; this is for Linux %s", version,
		    kernel->version);
}

void loaded_destroy(struct loaded *loaded)
{
	plan_destroy(&loaded->plan);
	diags_destroy(&loaded->diags);
	policy_destroy(&loaded->policy);
	files_destroy(&loaded->files);
}
