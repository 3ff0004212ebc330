/* SPDX-License-Identifier: MIT */
#ifndef URING_JAIL_CLI_OPTIONS_H
#define URING_JAIL_CLI_OPTIONS_H

#include "policy/policy.h"

/** What to do: run a command, or look at something with no command run. */
enum action { ACTION_RUN, ACTION_PRINT, ACTION_LIST };

enum listing { LIST_OPS, LIST_REGISTERS, LIST_FLAGS };

/** One option that states a part of the policy, with its text as it was given. */
struct policy_option {
	struct source source;
	enum subject subject;
	enum effect effect;
	bool is_default; /* --default: effect is in the text */
};

struct options {
	enum action action;
	enum listing listing;
	const struct kernel *kernel; /* of --kernel; NULL: the running one */
	bool verbose, quiet;
	struct policy_option *policy; /* in the order of the command line */
	size_t nr_policy;
	char **command; /* the target and its arguments, up to a NULL; NULL if there is none */
};

/**
 * Reads the command line. Usage errors, --help, --usage and --version end the program here, with a
 * message.
 *
 * @param options is filled in, and points into `argv`; options_destroy() frees what is in it
 */
void options_parse(int argc, char **argv, struct options *options);

/** Frees what options_parse() took. All zero is allowed. */
void options_destroy(struct options *options);

#endif
