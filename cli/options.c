// SPDX-License-Identifier: MIT
#include "cli/options.h"

#include <argp.h>
#include <stdlib.h>
#include <string.h>

#include "cli/report.h"
#include "policy/kernel.h"
#include "policy/table.h"

/* Options without a letter are numbered from above the letters. */
enum {
	KEY_DEFAULT = 256,
	KEY_ALLOW_REGISTER,
	KEY_DENY_REGISTER,
	KEY_ALLOW_SQE_FLAGS,
	KEY_DENY_SQE_FLAGS,
	KEY_REQUIRE_SQE_FLAGS,
	KEY_PRINT,
	KEY_LIST,
	KEY_KERNEL,
	KEY_USAGE,
};

enum { GROUP_POLICY = 1, GROUP_LOOK, GROUP_OTHER };

static const struct argp_option argp_options[] = {
	{NULL, 0, NULL, 0, "Policy (repeatable; everything adds up):", GROUP_POLICY},
	{"allow-op", 'a', "LIST", 0, "Allow these operations, and no others by default",
	 GROUP_POLICY},
	{"deny-op", 'd', "LIST", 0, "Deny these operations", GROUP_POLICY},
	{"default", KEY_DEFAULT, "allow|deny", 0, "What to do with all other operations",
	 GROUP_POLICY},
	{"allow-register", KEY_ALLOW_REGISTER, "LIST", 0,
	 "Allow these operations of io_uring_register(2), and no others", GROUP_POLICY},
	{"deny-register", KEY_DENY_REGISTER, "LIST", 0,
	 "Deny these operations of io_uring_register(2)", GROUP_POLICY},
	{"allow-sqe-flags", KEY_ALLOW_SQE_FLAGS, "LIST", 0,
	 "Allow requests these flags, and no others", GROUP_POLICY},
	{"deny-sqe-flags", KEY_DENY_SQE_FLAGS, "LIST", 0, "Deny requests with any of these flags",
	 GROUP_POLICY},
	{"require-sqe-flags", KEY_REQUIRE_SQE_FLAGS, "LIST", 0,
	 "Deny requests without all of these flags", GROUP_POLICY},

	{NULL, 0, NULL, 0, "Looking, with no command run:", GROUP_LOOK},
	{"print", KEY_PRINT, "plan", OPTION_ARG_OPTIONAL, "Print what would be done, call by call",
	 GROUP_LOOK},
	{"list", KEY_LIST, "ops|registers|flags", 0, "List the names that a LIST can hold",
	 GROUP_LOOK},
	{"kernel", KEY_KERNEL, "VERSION", 0,
	 "With --print: for the kernel 7.0, 7.1, 7.2, 7.3 or running (the default)", GROUP_LOOK},

	{NULL, 0, NULL, 0, "Other:", GROUP_OTHER},
	{"verbose", 'v', NULL, 0, "Print the plan to standard error, then run", GROUP_OTHER},
	{"quiet", 'q', NULL, 0, "No notes and no warnings; errors remain", GROUP_OTHER},
	{"help", 'h', NULL, 0, "Print this help", GROUP_OTHER},
	{NULL, '?', NULL, OPTION_ALIAS, NULL, GROUP_OTHER},
	{"usage", KEY_USAGE, NULL, 0, "Print a short usage message", GROUP_OTHER},
	{"version", 'V', NULL, 0, "Print the version", GROUP_OTHER},
	{0},
};

static const char argp_doc[] =
	"Runs COMMAND, and all that it starts, under an io_uring policy."
	"\v"
	"A LIST holds names (openat2, IORING_OP_OPENAT2), numbers and @all, with commas between. "
	"Deny wins over allow, allow over the default.\n"
	"\n"
	"uring-jail restricts io_uring only: the same operation through a plain system call is "
	"seccomp's business.\n"
	"\n"
	"Exit status: COMMAND's own; 125 if uring-jail fails (COMMAND does not run then), 126 if "
	"COMMAND cannot be run, 127 if it is not found.\n"
	"\n"
	"See uring-jail(1).";

/* Which part of a policy an option states. */
struct statement_option {
	int key;
	const char *name;
	enum subject subject;
	enum effect effect;
};

static const struct statement_option statement_options[] = {
	{'a', "--allow-op", SUBJECT_OP, EFFECT_ALLOW},
	{'d', "--deny-op", SUBJECT_OP, EFFECT_DENY},
	{KEY_ALLOW_REGISTER, "--allow-register", SUBJECT_REGISTER, EFFECT_ALLOW},
	{KEY_DENY_REGISTER, "--deny-register", SUBJECT_REGISTER, EFFECT_DENY},
	{KEY_ALLOW_SQE_FLAGS, "--allow-sqe-flags", SUBJECT_SQE_FLAGS, EFFECT_ALLOW},
	{KEY_DENY_SQE_FLAGS, "--deny-sqe-flags", SUBJECT_SQE_FLAGS, EFFECT_DENY},
	{KEY_REQUIRE_SQE_FLAGS, "--require-sqe-flags", SUBJECT_SQE_FLAGS, EFFECT_REQUIRE},
};

#define STATEMENT_OPTIONS (sizeof(statement_options) / sizeof(statement_options[0]))

/* Whether the option states a part of the policy; then it is added. */
static bool add_policy_option(struct options *options, int key, const char *text)
{
	struct policy_option option = {.is_default = key == KEY_DEFAULT};

	option.source = (struct source){"--default", text, text ? strlen(text) : 0, true};
	for (size_t i = 0; i < STATEMENT_OPTIONS; i++) {
		if (statement_options[i].key != key)
			continue;
		option.source.name = statement_options[i].name;
		option.subject = statement_options[i].subject;
		option.effect = statement_options[i].effect;
		options->policy[options->nr_policy++] = option;
		return true;
	}
	if (option.is_default)
		options->policy[options->nr_policy++] = option;
	return option.is_default;
}

static void look(struct options *options, enum action action, struct argp_state *state)
{
	if (options->action != ACTION_RUN)
		argp_error(state, "--print and --list can be given only once, and not together");
	options->action = action;
}

static void parse_listing(struct options *options, const char *what, struct argp_state *state)
{
	static const char *const names[] = {
		[LIST_OPS] = "ops", [LIST_REGISTERS] = "registers", [LIST_FLAGS] = "flags"};

	for (enum listing i = LIST_OPS; i <= LIST_FLAGS; i++) {
		if (strcmp(what, names[i]) != 0)
			continue;
		options->listing = i;
		return;
	}
	argp_error(state, "--list: expected ops, registers or flags, not '%s'", what);
}

static void parse_kernel(struct options *options, const char *name, struct argp_state *state)
{
	options->kernel = kernel_known(name);
	if (!options->kernel && strcmp(name, "running") != 0)
		argp_error(state, "--kernel: expected 7.0, 7.1, 7.2, 7.3 or running, not '%s'",
			   name);
}

/* The first argument that is no option starts the command, options of its own included. */
static void take_command(struct options *options, struct argp_state *state)
{
	options->command = state->argv + state->next - 1;
	state->next = state->argc;
}

static void check_together(const struct options *options, struct argp_state *state)
{
	const char *look = options->action == ACTION_PRINT ? "--print" : "--list";

	if (options->action != ACTION_RUN && options->command &&
	    strcmp(options->command[0], "plan") == 0)
		argp_error(state, "%s runs no command; for --print plan write --print=plan", look);
	if (options->action != ACTION_RUN && options->command)
		argp_error(state, "%s runs no command", look);
	if (options->action != ACTION_PRINT && options->kernel)
		argp_error(state, "--kernel goes with --print");
	if (options->action == ACTION_RUN && !options->command)
		argp_error(state, "no COMMAND to run");
	if (options->action != ACTION_LIST && options->nr_policy == 0)
		argp_error(state, "no policy; say what to allow or to deny (--default=allow allows "
				  "everything)");
	if (options->action == ACTION_LIST && options->nr_policy > 0)
		argp_error(state, "--list takes no policy");
}

static error_t parse_option(int key, char *arg, struct argp_state *state)
{
	struct options *options = state->input;

	if (add_policy_option(options, key, arg))
		return 0;
	switch (key) {
	case KEY_PRINT:
		look(options, ACTION_PRINT, state);
		if (arg && strcmp(arg, "plan") != 0)
			argp_error(state, "--print: expected plan, not '%s'", arg);
		return 0;
	case KEY_LIST:
		look(options, ACTION_LIST, state);
		parse_listing(options, arg, state);
		return 0;
	case KEY_KERNEL:
		parse_kernel(options, arg, state);
		return 0;
	case 'v':
		options->verbose = true;
		return 0;
	case 'q':
		options->quiet = true;
		return 0;
	case 'h':
	case '?':
		argp_state_help(state, stdout, ARGP_HELP_STD_HELP);
		return 0;
	case KEY_USAGE:
		argp_state_help(state, stdout, ARGP_HELP_USAGE | ARGP_HELP_EXIT_OK);
		return 0;
	case 'V':
		puts("uring-jail " URING_JAIL_VERSION);
		exit(EXIT_SUCCESS);
	case ARGP_KEY_ARG:
		take_command(options, state);
		return 0;
	case ARGP_KEY_END:
		check_together(options, state);
		return 0;
	}
	return ARGP_ERR_UNKNOWN;
}

static const struct argp argp = {argp_options, parse_option, "COMMAND [ARG...]", argp_doc, NULL,
				 NULL,	       NULL};

void options_parse(int argc, char **argv, struct options *options)
{
	error_t error;

	argp_err_exit_status = EXIT_FAILED;
	*options = (struct options){0};
	/* No command line states more parts of a policy than it has words. */
	options->policy = calloc((size_t)argc + 1, sizeof(*options->policy));
	if (!options->policy) {
		report_error("out of memory");
		exit(EXIT_FAILED);
	}
	error = argp_parse(&argp, argc, argv, ARGP_IN_ORDER | ARGP_NO_HELP, NULL, options);
	if (error) {
		report_error("cannot read the command line: %s", strerror(error));
		exit(EXIT_FAILED);
	}
}

void options_destroy(struct options *options)
{
	free(options->policy);
	options->policy = NULL;
}
