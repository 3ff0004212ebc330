// SPDX-License-Identifier: MIT
#include "cli/options.h"

#include <argp.h>
#include <getopt.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cli/report.h"
#include "policy/kernel.h"
#include "policy/lex.h"
#include "policy/table.h"

/* Options without a letter are numbered from above the letters. */
enum {
	KEY_DEFAULT = 256,
	KEY_ALLOW_REGISTER,
	KEY_DENY_REGISTER,
	KEY_ALLOW_SQE_FLAGS,
	KEY_DENY_SQE_FLAGS,
	KEY_REQUIRE_SQE_FLAGS,
	KEY_UNSUPPORTED,
	KEY_VIA,
	KEY_DROP_CAPS,
	KEY_ALLOW_NEW_PRIVS,
	KEY_KEEP_RING_FDS,
	KEY_CHECK,
	KEY_PRINT,
	KEY_TEST,
	KEY_EXPLAIN,
	KEY_LIST,
	KEY_DOCTOR,
	KEY_IMPORT_SECCOMP,
	KEY_IMPORT_SYSTEMD,
	KEY_KERNEL,
	KEY_JSON,
	KEY_LEARN,
	KEY_FORCE,
	KEY_LOG_DENIED,
	KEY_TRACE_BUFFER,
	KEY_USAGE,
};

/* KiB; of more no processor has a use. */
#define TRACE_BUFFER_MAX (1024 * 1024)

enum { GROUP_POLICY = 1, GROUP_PROCESS, GROUP_LOOK, GROUP_WATCH, GROUP_OTHER };

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
	{"rule", 'r', "STATEMENT", 0, "One statement of the policy language", GROUP_POLICY},
	{"policy", 'p', "NAME|FILE", 0,
	 "A policy file: with a / in it a path, - standard input, else a name that is searched for",
	 GROUP_POLICY},
	{"unsupported", KEY_UNSUPPORTED, "fail|deny", 0,
	 "Where the kernel cannot enforce a rule: fail (the default), or deny the operation as a "
	 "whole and, if that cannot be done, all of io_uring",
	 GROUP_POLICY},
	{"via", KEY_VIA, "auto|filters", 0,
	 "How to enforce it: as is cheapest (auto), or by filters alone, for a command that "
	 "restricts its own rings",
	 GROUP_POLICY},

	{NULL, 0, NULL, 0, "Process:", GROUP_PROCESS},
	{"drop-caps", KEY_DROP_CAPS, "LIST", OPTION_ARG_OPTIONAL,
	 "Drop all capabilities, or these, from every set (repeatable)", GROUP_PROCESS},
	{"allow-new-privs", KEY_ALLOW_NEW_PRIVS, NULL, 0,
	 "Do not set no_new_privs; needs CAP_SYS_ADMIN", GROUP_PROCESS},
	{"keep-ring-fds", KEY_KEEP_RING_FDS, NULL, 0,
	 "Leave inherited io_uring file descriptors open, which obey no rule", GROUP_PROCESS},

	{NULL, 0, NULL, 0, "Looking, with no command run:", GROUP_LOOK},
	{"check", KEY_CHECK, NULL, 0,
	 "Report what is wrong with the policy, and what looks like a mistake", GROUP_LOOK},
	{NULL, 'W', NULL, 0, "With --check: warnings are errors", GROUP_LOOK},
	{"print", KEY_PRINT, "FORM", OPTION_ARG_OPTIONAL,
	 "Print what would be done, call by call (plan, the default); the policy as one text "
	 "(policy); the filters (bpf); C code that does the same (c); or all for a machine (json)",
	 GROUP_LOOK},
	{"test", KEY_TEST, "REQUEST", 0,
	 "Say what becomes of a request such as \"socket family=AF_INET\" (repeatable; - reads one "
	 "a "
	 "line from standard input)",
	 GROUP_LOOK},
	{"explain", KEY_EXPLAIN, NULL, 0, "With --test: say what each statement came to",
	 GROUP_LOOK},
	{"list", KEY_LIST, "WHAT", 0,
	 "List ops, groups, registers, flags or fields, or the policies that are found by name",
	 GROUP_LOOK},
	{"doctor", KEY_DOCTOR, NULL, 0,
	 "Say what this kernel can enforce in this task, by trying it; beside a policy, whether "
	 "and "
	 "how that is enforced",
	 GROUP_LOOK},
	{"kernel", KEY_KERNEL, "VERSION", 0,
	 "With --print and --check: for the kernel 7.0, 7.1, 7.2, 7.3 or running (the default)",
	 GROUP_LOOK},
	{"import-seccomp", KEY_IMPORT_SECCOMP, "FILE", 0,
	 "Print the policy that allows no more than the seccomp profile of a container, or than "
	 "linux.ioUring, in a JSON file (- is standard input)",
	 GROUP_LOOK},
	{"import-systemd", KEY_IMPORT_SYSTEMD, "CALLS", 0,
	 "Likewise, for a value of systemd's SystemCallFilter=, such as \"@system-service "
	 "~@privileged\" (repeatable)",
	 GROUP_LOOK},
	{"json", KEY_JSON, NULL, 0,
	 "With --check, --test, --list, --doctor and --log-denied: for a machine", GROUP_LOOK},

	{NULL, 0, NULL, 0, "Watching a run (by root, or with CAP_PERFMON):", GROUP_WATCH},
	{"learn", KEY_LEARN, "FILE", 0,
	 "Run COMMAND unrestricted, and write the policy that allows what it did, added to the one "
	 "that is given, if any",
	 GROUP_WATCH},
	{"force", KEY_FORCE, NULL, 0, "With --learn: replace FILE if it is there", GROUP_WATCH},
	{"log-denied", KEY_LOG_DENIED, NULL, 0,
	 "Report each denied request to standard error as it happens", GROUP_WATCH},
	{"trace-buffer", KEY_TRACE_BUFFER, "KIB", 0,
	 "Room for what is watched, for each processor (2048, or what may be locked)", GROUP_WATCH},

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

/*
 * For help and usage alone. argp_parse(3) holds each name against all others before it reads a word,
 * which made half of what a launch does by itself; getopt_long(3), which it reads them with, does not.
 */
static const struct argp argp = {
	.options = argp_options, .args_doc = "COMMAND [ARG...]", .doc = argp_doc};

static _Noreturn void help_and_exit(FILE *out, unsigned flags, int status)
{
	argp_help(&argp, out, flags, program_invocation_short_name);
	exit(status);
}

/* Ends the program, as argp_error(3) does. */
static _Noreturn void __attribute__((format(printf, 1, 2))) usage_error(const char *format, ...)
{
	FILE *out = report_stream();
	va_list args;

	fprintf(out, "%s: ", program_invocation_short_name);
	va_start(args, format);
	vfprintf(out, format, args);
	va_end(args);
	putc('\n', out);
	help_and_exit(out, ARGP_HELP_SEE, EXIT_FAILED);
}

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

static struct policy_option *add_policy_option(struct options *options, const char *name,
					       const char *text)
{
	struct policy_option *option = &options->policy[options->nr_policy++];

	option->source =
		(struct source){.name = name, .text = text, .size = strlen(text), .one_line = true};
	return option;
}

static void add_rule(struct options *options, const char *text)
{
	struct policy_option *option;
	unsigned number = 1;

	for (size_t i = 0; i < options->nr_policy; i++)
		number += options->policy[i].kind == OPTION_RULE;
	option = add_policy_option(options, NULL, text);
	option->kind = OPTION_RULE;
	snprintf(option->name, sizeof(option->name), "-r %u", number);
	option->source.name = option->name;
}

/* Whether the option states a part of the policy; then it is added. */
static bool parse_policy_option(struct options *options, int key, const char *text)
{
	if (key == 'r') {
		add_rule(options, text);
		return true;
	}
	if (key == 'p' || key == KEY_DEFAULT) {
		add_policy_option(options, key == 'p' ? "--policy" : "--default", text)->kind =
			key == 'p' ? OPTION_FILE : OPTION_DEFAULT;
		return true;
	}
	for (size_t i = 0; i < STATEMENT_OPTIONS; i++) {
		struct policy_option *option;

		if (statement_options[i].key != key)
			continue;
		option = add_policy_option(options, statement_options[i].name, text);
		option->subject = statement_options[i].subject;
		option->effect = statement_options[i].effect;
		return true;
	}
	return false;
}

static const char *const looks[] = {[ACTION_CHECK] = "--check",
				    [ACTION_PRINT] = "--print",
				    [ACTION_TEST] = "--test",
				    [ACTION_LIST] = "--list",
				    [ACTION_DOCTOR] = "--doctor",
				    [ACTION_IMPORT_SECCOMP] = "--import-seccomp",
				    [ACTION_IMPORT_SYSTEMD] = "--import-systemd"};

static void look(struct options *options, enum action action)
{
	if (options->action == action && action != ACTION_TEST && action != ACTION_IMPORT_SYSTEMD)
		usage_error("%s can be given only once", looks[action]);
	if (options->action != ACTION_RUN && options->action != action)
		usage_error("%s and %s do not go together", looks[options->action], looks[action]);
	options->action = action;
}

/* The number of a word among some; a word that is not among them ends the program. */
static unsigned choose(const char *option, const char *word, const char *const *words)
{
	char all[128] = "";

	for (unsigned i = 0; words[i]; i++) {
		/* NOLINTNEXTLINE(clang-analyzer-core.NonNullParamChecker): getopt insists on the argument */
		if (strcmp(word, words[i]) == 0)
			return i;
		strcat(all, i == 0 ? "" : words[i + 1] ? ", " : " or ");
		strcat(all, words[i]);
	}
	usage_error("%s: expected %s, not '%s'", option, all, word);
}

static const char *const listings[] = {"ops",	 "groups",   "registers", "flags",
				       "fields", "policies", NULL};
static const char *const forms[] = {"plan", "policy", "bpf", "c", "json", NULL};
static const char *const unsupporteds[] = {"fail", "deny", NULL};
static const char *const vias[] = {"auto", "filters", NULL};

static void parse_kernel(struct options *options, const char *name)
{
	struct kernel kernel;

	/* NOLINTNEXTLINE(clang-analyzer-core.NonNullParamChecker): getopt insists on the argument */
	if (!kernel_known(name, &kernel) && strcmp(name, "running") != 0)
		usage_error("--kernel: expected 7.0, 7.1, 7.2, 7.3 or running, not '%s'", name);
	options->kernel = name;
}

/* Options about the process say nothing about a request, nor in a listing. */
static void check_process(const struct options *options)
{
	if (options->action != ACTION_TEST && options->action != ACTION_LIST)
		return;
	if (options->keep_ring_fds || options->allow_new_privs || options->nr_drop_caps > 0)
		usage_error("%s goes with a COMMAND, --print and --check",
			    options->keep_ring_fds     ? "--keep-ring-fds"
			    : options->allow_new_privs ? "--allow-new-privs"
						       : "--drop-caps");
}

/* Options that only mean something beside one way of looking. */
static void check_beside(const struct options *options)
{
	enum action action = options->action;

	if (options->kernel && action != ACTION_PRINT && action != ACTION_CHECK)
		usage_error("--kernel goes with --print and --check");
	if (options->explain && action != ACTION_TEST)
		usage_error("--explain goes with --test");
	if (options->warnings_are_errors && action != ACTION_CHECK)
		usage_error("-W goes with --check");
	if (options->json && !options->log_denied &&
	    (action == ACTION_RUN || action == ACTION_PRINT || action == ACTION_IMPORT_SECCOMP ||
	     action == ACTION_IMPORT_SYSTEMD))
		usage_error("--json goes with --check, --test, --list, --doctor and "
			    "--log-denied");
}

/* Watching is for a run, and learning for one in which nothing is enforced. */
static void check_watch(const struct options *options)
{
	const char *watch = options->learn ? "--learn" : "--log-denied";
	struct plan_options none = {0};

	if (options->learn && options->log_denied)
		usage_error("--learn denies nothing, so --log-denied does not go with it");
	if ((options->learn || options->log_denied) && options->action != ACTION_RUN)
		usage_error("%s and %s do not go together", watch, looks[options->action]);
	if (options->force && !options->learn)
		usage_error("--force goes with --learn");
	if (options->trace_buffer && !options->learn && !options->log_denied)
		usage_error("--trace-buffer goes with --learn and --log-denied");
	if (options->learn && (options->verbose || options->plan.unsupported != none.unsupported ||
			       options->plan.via != none.via))
		usage_error("--learn enforces nothing, so -v, --unsupported and --via do not "
			    "go with it");
}

static bool takes_no_policy(enum action action)
{
	return action == ACTION_LIST || action == ACTION_IMPORT_SECCOMP ||
	       action == ACTION_IMPORT_SYSTEMD;
}

static void check_together(const struct options *options)
{
	enum action action = options->action;

	for (unsigned i = 0; action == ACTION_PRINT && options->command && forms[i]; i++)
		if (strcmp(options->command[0], forms[i]) == 0)
			usage_error("--print runs no command; did you mean --print=%s?", forms[i]);
	if (action != ACTION_RUN && options->command)
		usage_error("%s runs no command", looks[action]);
	if (action == ACTION_RUN && !options->command)
		usage_error("no COMMAND to run");
	if (!takes_no_policy(action) && action != ACTION_DOCTOR && !options->learn &&
	    options->nr_policy == 0)
		usage_error("no policy; say what to allow or to deny (--default=allow allows "
			    "everything)");
	if (takes_no_policy(action) && options->nr_policy > 0)
		usage_error("%s takes no policy", looks[action]);
	check_process(options);
	check_beside(options);
	check_watch(options);
}

static void parse_trace_buffer(struct options *options, const char *text)
{
	uint64_t kib;

	/* NOLINTNEXTLINE(clang-analyzer-core.NonNullParamChecker): getopt insists on it */
	if (lex_number(text, strlen(text), false, &kib) != NUMBER_OK || kib == 0 ||
	    kib > TRACE_BUFFER_MAX)
		usage_error("--trace-buffer: expected KiB, 1 to %d, not '%s'", TRACE_BUFFER_MAX,
			    text);
	options->trace_buffer = (size_t)kib * 1024;
}

/* Options that say how to watch a run. */
static bool parse_watch(struct options *options, int key, char *arg)
{
	switch (key) {
	case KEY_LEARN:
		if (options->learn)
			usage_error("--learn can be given only once");
		/* NOLINTNEXTLINE(clang-analyzer-core.NullDereference): getopt insists on it */
		if (!*arg)
			usage_error("--learn: expected the name of a file");
		options->learn = arg;
		return true;
	case KEY_FORCE:
		options->force = true;
		return true;
	case KEY_LOG_DENIED:
		options->log_denied = true;
		return true;
	case KEY_TRACE_BUFFER:
		parse_trace_buffer(options, arg);
		return true;
	}
	return false;
}

static _Noreturn void out_of_memory(void)
{
	report_error("out of memory");
	exit(EXIT_FAILED);
}

/* Adds what is given with an option; getopt insists that it is given. */
static void add_line(struct source **lines, size_t *count, const char *option, const char *text)
{
	struct source *grown = reallocarray(*lines, *count + 1, sizeof(**lines));

	if (!grown)
		out_of_memory();
	*lines = grown;
	grown += (*count)++;
	*grown = (struct source){.name = option, .text = text, .one_line = true};
	/* NOLINTNEXTLINE(clang-analyzer-core.NonNullParamChecker) */
	grown->size = strlen(text);
}

/* Options that say how to look. */
static bool parse_look(struct options *options, int key, char *arg)
{
	switch (key) {
	case KEY_CHECK:
		look(options, ACTION_CHECK);
		return true;
	case KEY_PRINT:
		look(options, ACTION_PRINT);
		options->form = arg ? choose("--print", arg, forms) : FORM_PLAN;
		return true;
	case KEY_TEST:
		look(options, ACTION_TEST);
		add_line(&options->tests, &options->nr_tests, "--test", arg);
		return true;
	case KEY_LIST:
		look(options, ACTION_LIST);
		options->listing = choose("--list", arg, listings);
		return true;
	case KEY_DOCTOR:
		look(options, ACTION_DOCTOR);
		return true;
	case KEY_IMPORT_SECCOMP:
		look(options, ACTION_IMPORT_SECCOMP);
		add_line(&options->imports, &options->nr_imports, "--import-seccomp", arg);
		return true;
	case KEY_IMPORT_SYSTEMD:
		look(options, ACTION_IMPORT_SYSTEMD);
		add_line(&options->imports, &options->nr_imports, "--import-systemd", arg);
		return true;
	case KEY_KERNEL:
		parse_kernel(options, arg);
		return true;
	case KEY_EXPLAIN:
		options->explain = true;
		return true;
	case KEY_JSON:
		options->json = true;
		return true;
	case 'W':
		options->warnings_are_errors = true;
		return true;
	}
	return false;
}

/* Options about the process that becomes the target. */
static bool parse_process(struct options *options, int key, const char *arg)
{
	switch (key) {
	case KEY_DROP_CAPS:
		add_line(&options->drop_caps, &options->nr_drop_caps, "--drop-caps",
			 arg ? arg : "@all");
		return true;
	case KEY_ALLOW_NEW_PRIVS:
		options->allow_new_privs = true;
		return true;
	case KEY_KEEP_RING_FDS:
		options->keep_ring_fds = true;
		return true;
	}
	return false;
}

static void parse_option(struct options *options, int key, char *arg)
{
	if ((arg && parse_policy_option(options, key, arg)) || parse_process(options, key, arg) ||
	    parse_look(options, key, arg) || parse_watch(options, key, arg))
		return;
	switch (key) {
	case KEY_UNSUPPORTED:
		options->plan.unsupported = choose("--unsupported", arg, unsupporteds);
		return;
	case KEY_VIA:
		options->plan.via = choose("--via", arg, vias);
		return;
	case 'v':
		options->verbose = true;
		return;
	case 'q':
		options->quiet = true;
		return;
	case 'h':
	case '?':
		help_and_exit(stdout, ARGP_HELP_STD_HELP, EXIT_SUCCESS);
	case KEY_USAGE:
		help_and_exit(stdout, ARGP_HELP_USAGE, EXIT_SUCCESS);
	case 'V':
		puts("uring-jail " URING_JAIL_VERSION);
		exit(EXIT_SUCCESS);
	}
}

#define OPTIONS (sizeof(argp_options) / sizeof(argp_options[0]))

/* The same options for getopt_long(3), which is to stop at the first word that is none. */
struct getopt_table {
	struct option longs[OPTIONS];
	char shorts[3 * OPTIONS + 2];
};

static void fill(struct getopt_table *table)
{
	struct option *next = table->longs;
	char *letter = table->shorts;

	*letter++ = '+';
	for (const struct argp_option *option = argp_options; option < argp_options + OPTIONS;
	     option++) {
		if (option->name)
			*next++ = (struct option){.name = option->name,
						  .has_arg = !option->arg ? no_argument
							     : option->flags & OPTION_ARG_OPTIONAL
								     ? optional_argument
								     : required_argument,
						  .val = option->key};
		if (option->key <= 0 || option->key >= KEY_DEFAULT)
			continue;
		*letter++ = (char)option->key;
		if (option->arg)
			*letter++ = ':';
	}
}

/*
 * The next option, or -1 where there is none. What is wrong with one getopt_long(3) has said; then it
 * returns '?', which is an option, too, but sets optopt, or has read a long one.
 */
static int next_option(int argc, char **argv, const struct getopt_table *table)
{
	const char *word = argv[optind];
	int key = getopt_long(argc, argv, table->shorts, table->longs, NULL);

	if (key == '?' && (optopt != 0 || strncmp(word, "--", 2) == 0))
		help_and_exit(stderr, ARGP_HELP_SEE, EXIT_FAILED);
	return key;
}

/* Options up to the command, whose own are not looked at. */
static void parse_words(struct options *options, int argc, char **argv)
{
	struct getopt_table table = {0};
	int key;

	fill(&table);
	optind = 1;
	while ((key = next_option(argc, argv, &table)) != -1)
		parse_option(options, key, optarg);
	if (optind < argc)
		options->command = argv + optind;
}

void options_parse(int argc, char **argv, struct options *options)
{
	*options = (struct options){0};
	/* Not one after another, since what is said of each has a pointer to its name in it. */
	options->policy = calloc((size_t)argc + 1, sizeof(*options->policy));
	if (!options->policy)
		out_of_memory();
	parse_words(options, argc, argv);
	check_together(options);
}

void options_destroy(struct options *options)
{
	free(options->policy);
	free(options->tests);
	free(options->drop_caps);
	free(options->imports);
	*options = (struct options){0};
}
