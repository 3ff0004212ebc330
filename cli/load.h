/* SPDX-License-Identifier: MIT */
#ifndef URING_JAIL_CLI_LOAD_H
#define URING_JAIL_CLI_LOAD_H

#include "cli/files.h"
#include "cli/options.h"
#include "policy/plan.h"

/** Everything that is made of the options about policy and process. */
struct loaded {
	struct process process;
	struct files files;
	struct policy policy;
	struct diags diags;
	struct plan plan;
};

/** Nothing loaded. */
static inline void loaded_init(struct loaded *loaded)
{
	memset(loaded, 0, offsetof(struct loaded, plan));
	plan_init(&loaded->plan);
}

/**
 * Reads the options about policy and process and the files that they name, and adds all that is
 * wrong to the messages.
 */
void load_policy(struct loaded *loaded, const struct options *options);

/**
 * Finds out about the kernel that --kernel names, or asks the running one all that the policy
 * depends on. To look at a policy that a kernel without task restrictions cannot enforce, the newest
 * that is known takes its place, with a note.
 */
void load_kernel(struct kernel *kernel, const struct options *options, const struct policy *policy);

/** Frees everything. */
void loaded_destroy(struct loaded *loaded);

#endif
