/* SPDX-License-Identifier: MIT */
#ifndef URING_JAIL_CLI_LEARN_H
#define URING_JAIL_CLI_LEARN_H

#include "cli/load.h"

/**
 * --learn: runs the command unrestricted, watches it, and writes a policy that allows what it did.
 * A policy that was given is not enforced, but extended by what it lacks.
 *
 * @param loaded takes the policy that was given; its plan stays one of nothing
 * @param launch what the child does: a launch with that plan; returns the exit status where it fails
 * @return the exit status, which is the command's where that ran and the file is there
 */
int learn(const struct options *options, struct loaded *loaded, int (*launch)(const void *data),
	  const void *launch_data);

#endif
