/* SPDX-License-Identifier: MIT */
#ifndef URING_JAIL_CLI_OPTIONS_H
#define URING_JAIL_CLI_OPTIONS_H

#include "policy/plan.h"

/** What to do: run a command, or look at something with no command run. */
enum action {
	ACTION_RUN,
	ACTION_CHECK,
	ACTION_PRINT,
	ACTION_TEST,
	ACTION_LIST,
	ACTION_DOCTOR,
	ACTION_IMPORT_SECCOMP,
	ACTION_IMPORT_SYSTEMD
};

enum listing { LIST_OPS, LIST_GROUPS, LIST_REGISTERS, LIST_FLAGS, LIST_FIELDS, LIST_POLICIES };

/** What --print prints. */
enum form { FORM_PLAN, FORM_POLICY, FORM_BPF, FORM_C, FORM_JSON };

/** How an option states a part of the policy. */
enum policy_option_kind { OPTION_LIST, OPTION_DEFAULT, OPTION_RULE, OPTION_FILE };

/** One option that states a part of the policy, with its text as it was given. */
struct policy_option {
	enum policy_option_kind kind;
	struct source source; /* of OPTION_FILE the name of the file, not what is in it */
	enum subject subject; /* of OPTION_LIST */
	enum effect effect;   /* of OPTION_LIST */
	char name[16];	      /* of OPTION_RULE: "-r 2", which source.name points to */
};

/** What is done to the process that becomes the target, beside restricting it. */
struct process {
	bool keep_ring_fds, allow_new_privs;
	uint64_t drop_caps; /* a bit for each capability */
};

struct options {
	enum action action;
	enum listing listing;
	enum form form;
	struct plan_options plan;
	const char *kernel; /* of --kernel; NULL or "running": the running one */
	bool verbose, quiet, json, explain, warnings_are_errors;
	bool keep_ring_fds, allow_new_privs;
	struct source *drop_caps; /* the lists of --drop-caps; @all where it has none */
	size_t nr_drop_caps;
	struct policy_option *policy; /* in the order of the command line */
	size_t nr_policy;
	struct source *tests; /* of --test */
	size_t nr_tests;
	struct source *imports; /* of --import-seccomp, the name of a file, or --import-systemd */
	size_t nr_imports;
	const char *learn; /* the file of --learn */
	bool force;	   /* that file may be replaced */
	bool log_denied;
	size_t trace_buffer; /* bytes; 0: not given */
	char **command;	     /* the target and its arguments, up to a NULL; NULL if there is none */
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
