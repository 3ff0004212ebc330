/* SPDX-License-Identifier: MIT */
#ifndef URING_JAIL_CLI_LOOK_H
#define URING_JAIL_CLI_LOOK_H

#include "cli/load.h"

/*
 * Looking, with no command run. Each function returns the exit status.
 */

/** --list */
int look_list(const struct options *options);

/** --print=policy: no kernel matters. */
int look_policy(const struct loaded *loaded);

/** --print in other forms: what `loaded` was compiled to. */
int look_print(const struct options *options, const struct loaded *loaded,
	       const struct kernel *kernel);

/** --check: reports the messages of `loaded`, with the lints. */
int look_check(const struct options *options, struct loaded *loaded);

/** --test: decides each request; 1 if any is denied, 125 if there was any error. */
int look_test(const struct options *options, struct loaded *loaded);

#endif
