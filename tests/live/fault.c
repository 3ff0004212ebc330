// SPDX-License-Identifier: MIT
/*
 * Failures around a launch: every system call that it makes is made to fail in turn, with every
 * error that it can return, to lie, to do less or to be interrupted; and files change under it. The
 * target may then run only if the whole policy is in force, which it finds out itself (inside.h).
 *
 *   fault [-av] [-l LAUNCHER] [LAUNCH...]
 *   fault inside WORD...
 *
 * LAUNCHes are names or patterns (fnmatch). Where a launch makes the same call as one before it, only
 * one error and a lie are tried of calls that decide, and nothing of others; with -a, all again. The
 * calls are those of a trace of the same launch, so a new call is covered by itself. Writes a line for
 * each launch and kind of failure, and the count; the exit status is 1 where something failed, 2 where
 * nothing could be run.
 */
#include <errno.h>
#include <fcntl.h>
#include <fnmatch.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/utsname.h>
#include <sys/wait.h>
#include <unistd.h>

#include "inject.h"
#include "inside.h"
#include "kernel.h"
#include "ring.h"

#define ARGUMENTS_MAX  24
#define ERRORS_MAX     16
#define FAILURES_SHOWN 10
#define SEEN_MAX       4096
#define ALIKE	       8

/* From this minor version of Linux 7 on, restrictions surely survive an exec. */
#define EXEC_SINCE 2

#define EXIT_FAILED    125
#define EXIT_NOT_FOUND 127

struct call_row {
	const char *name;
	long number;
	bool can_lie;
	int errors[ERRORS_MAX]; /* up to the first 0 */
};

static const struct call_row call_rows[] = {
#define CALL(name, can_lie, ...) {#name, SYS_##name, can_lie, {__VA_ARGS__}},
#include "calls.def"
#undef CALL
};

/* What a call that has no row is taken to return. */
static const struct call_row other_row = {
	"another call", -1, true, {EACCES, EAGAIN, EINTR, EINVAL, ENOMEM, ENOSYS, EPERM}};

static const struct call_row *row_of(long number)
{
	for (size_t i = 0; i < sizeof(call_rows) / sizeof(*call_rows); i++)
		if (call_rows[i].number == number)
			return &call_rows[i];
	return &other_row;
}

/* --- what is launched */

/* More than is read at once, between two statements. */
#define LINE	"# ............................................................................\n"
#define LINES_8 LINE LINE LINE LINE LINE LINE LINE LINE
#define FILLING LINES_8 LINES_8 LINES_8 LINES_8 LINES_8 LINES_8 LINES_8 LINES_8

static const struct {
	const char *name, *text;
} files[] = {
	{"main.policy", "deny openat2 if flags & O_CREAT\ninclude \"more.policy\"\n"},
	{"more.policy", "deny socket\n"},
	{"long.policy", "deny openat2\n" FILLING "deny socket\n"},
};

/* Names, in the directory of the files, for this program, as the target. */
#define TARGET "./target"
#define OTHER  "./other"

#define RING_FD 9

static void leave_ring_open(void)
{
	struct ring ring;

	if (ring_open(&ring, 4, 0) < 0 || dup2(ring.fd, RING_FD) != RING_FD)
		_exit(97);
}

/* Fails where the kernel has no restrictions: then the task is just not restricted. */
static void restrict_nop(void)
{
	kernel_deny_op(OP_NOP);
}

/* --- what happens from outside */

static bool write_file(const char *name, const char *text)
{
	FILE *file = fopen(name, "we");

	return file && fputs(text, file) >= 0 && fclose(file) == 0;
}

static void truncate_policy(void)
{
	if (truncate("long.policy", strlen("deny openat2\n" FILLING)) < 0)
		_exit(97);
}

/* In place, with neither the size nor the first statement changed. */
static void weaken_policy(void)
{
	if (!write_file("long.policy", "deny openat2\n" FILLING "# no socket\n"))
		_exit(97);
}

static void extend_policy(void)
{
	if (!write_file("long.policy", "deny openat2\n" FILLING "deny socket\ndefault allow\n"))
		_exit(97);
}

static void replace_policy(void)
{
	if (!write_file("new.policy", "default allow\n") || rename("new.policy", "long.policy") < 0)
		_exit(97);
}

static void remove_policy(void)
{
	unlink("long.policy");
}

static void replace_target(void)
{
	char self[512];
	ssize_t size = readlink("/proc/self/exe", self, sizeof(self) - 1);

	if (size < 0)
		_exit(97);
	self[size] = '\0';
	if (symlink(self, OTHER) < 0 || rename(OTHER, TARGET) < 0)
		_exit(97);
}

static void remove_target(void)
{
	unlink(TARGET);
}

/* What comes before the policy is open and was looked at is no change, but another policy. */
struct act {
	const char *name;
	bool after_open;
	void (*act)(void);
};

static const struct act policy_acts[] = {
	{"the policy is cut off", true, truncate_policy},
	{"the policy is weakened", true, weaken_policy},
	{"the policy is extended", true, extend_policy},
	{"the policy is replaced", true, replace_policy},
	{"the policy is removed", true, remove_policy},
	{0},
};

static const struct act target_acts[] = {
	{"the target is replaced", false, replace_target},
	{"the target is removed", false, remove_target},
	{0},
};

/* --- the launches */

struct launch {
	const char *name;
	unsigned int since; /* the minor version of Linux 7 that runs it for sure; 0: any Linux */
	const char *arguments[8];
	const char *words; /* for the target: see inside.h */
	const char *input; /* a file */
	void (*before)(void);
	const struct act *acts; /* what happens to it from outside */
};

#define LAUNCH(name_, since_, words_, ...)                                                         \
	.name = name_, .since = since_, .words = words_, .arguments = {__VA_ARGS__}

static const struct launch launches[] = {
	{LAUNCH("default-allow", 0, "no-new-privs", "--default=allow")},
	{LAUNCH("deny-op", 2, "no-new-privs restricted open", "--deny-op=openat2")},
	{LAUNCH("inherited-ring", 2, "open closed=9", "--deny-op=openat2"),
	 .before = leave_ring_open},
	{LAUNCH("filter", 2, "restricted inet", "-r", "deny socket if family == AF_INET")},
	{LAUNCH("user-data", 2, "restricted nop", "-r", "deny nop if user_data == 0")},
	{LAUNCH("file", 2, "creat socket", "-p", "./main.policy")},
	{LAUNCH("standard-input", 2, "socket connect", "-p", "-", "-r",
		"deny connect if port == 9"),
	 .input = "more.policy"},
	{LAUNCH("filters-alone", 2, "restricted creat socket", "--via=filters", "-p",
		"./main.policy")},
	{LAUNCH("nested", 2, "nop creat socket", "-p", "./main.policy"), .before = restrict_nop},
	{LAUNCH("register", 0, "register=9", "--deny-register=personality")},
	{LAUNCH("nested-register", 0, "register=9", "--deny-register=personality"),
	 .before = restrict_nop},
	{LAUNCH("drop-caps", 0, "no-new-privs no-caps", "--drop-caps", "--default=allow")},
	{LAUNCH("caps-last", 2, "open no-caps", "--allow-new-privs", "--drop-caps",
		"--deny-op=openat2")},
	{LAUNCH("block", 0, "open", "--unsupported=deny", "--deny-op=openat2")},
	{LAUNCH("changing-file", 2, "open socket", "-p", "./long.policy"), .acts = policy_acts},
	{LAUNCH("changing-target", 2, "open", "--deny-op=openat2"), .acts = target_acts},
};

#define LAUNCHES (sizeof(launches) / sizeof(*launches))

/* --- one launch, again and again */

struct arguments {
	char *list[ARGUMENTS_MAX];
	char text[256];
};

struct context {
	const struct launch *launch;
	const char *launcher, *self;
	unsigned int minor; /* of Linux 7; 0 for what is older */
	bool verbose, all;
	struct call seen[SEEN_MAX]; /* the calls of all launches, each once */
	size_t nr_seen;
	char scratch[64];
	struct arguments arguments;
	struct outcome *reference, *outcome;
	unsigned int passed, failed, skipped;
};

/* What the faults of one kind did to one launch. */
struct count {
	unsigned int faults, refused, killed, whole, failed;
};

static void compose(struct context *context)
{
	struct arguments *arguments = &context->arguments;
	char **next = arguments->list;

	*next++ = (char *)context->launcher;
	for (const char *const *from = context->launch->arguments; *from; from++)
		*next++ = (char *)*from;
	*next++ = "--";
	*next++ = TARGET;
	*next++ = "inside";
	/* Where restrictions may be lost at exec, what survives one is looked at, too. */
	snprintf(arguments->text, sizeof(arguments->text),
		 context->minor < EXEC_SINCE ? "%s exec=%s" : "%s", context->launch->words,
		 context->self);
	for (char *word = strtok(arguments->text, " "); word; word = strtok(NULL, " "))
		*next++ = word;
	*next = NULL;
}

static void run(struct context *context, const struct fault *fault, struct outcome *outcome)
{
	struct launch_under launch = {
		.command = context->arguments.list,
		.input = context->launch->input,
		.before = context->launch->before,
	};

	if (!inject(&launch, fault, outcome))
		exit(2);
}

static bool exited(const struct outcome *outcome, int status)
{
	return WIFEXITED(outcome->status) && WEXITSTATUS(outcome->status) == status;
}

static bool is_whole(const struct outcome *outcome)
{
	return outcome->ran && exited(outcome, INSIDE_WHOLE);
}

static bool is_refused(const struct outcome *outcome)
{
	return !outcome->ran && exited(outcome, EXIT_FAILED);
}

/* The C library's own beginning, whose failures it reports in its own way, if at all. */
static bool is_startup_call(long number)
{
	static const long numbers[] = {
		SYS_brk,  SYS_arch_prctl, SYS_set_tid_address, SYS_set_robust_list,
		SYS_rseq, SYS_prlimit64,  SYS_readlink,	       SYS_readlinkat,
		SYS_mmap, SYS_munmap,	  SYS_getrandom,       SYS_mprotect,
	};

	for (size_t i = 0; i < sizeof(numbers) / sizeof(*numbers); i++)
		if (numbers[i] == number)
			return true;
	return false;
}

static bool is_startup(const struct outcome *reference, const struct call *call)
{
	for (size_t i = 0; i < reference->nr_calls; i++) {
		const struct call *other = &reference->calls[i];

		if (other->process == call->process && other->call <= call->call &&
		    !is_startup_call(other->number))
			return false;
	}
	return true;
}

/* What a jail is made of. */
static bool is_decisive(long number)
{
	static const long numbers[] = {
		SYS_io_uring_register, SYS_seccomp,    SYS_prctl, SYS_capset, SYS_close,
		SYS_close_range,       SYS_getdents64,
	};

	for (size_t i = 0; i < sizeof(numbers) / sizeof(*numbers); i++)
		if (numbers[i] == number)
			return true;
	return false;
}

static bool is_exit(const struct call *call)
{
	return call->number == SYS_exit_group || call->number == SYS_exit;
}

static void describe_fault(char *text, size_t size, const struct fault *fault,
			   const struct call *call)
{
	const char *what = fault->kind == FAULT_ANSWER	? strerrorname_np(-fault->value)
			   : fault->kind == FAULT_SHORT ? "a count of 1"
			   : fault->kind == FAULT_ACT	? "a change of files"
							: sigabbrev_np(fault->value);

	snprintf(text, size, "%s(%#lx, %#lx), call %u of process %u, with %s%s",
		 row_of(call->number)->name, call->arguments[0], call->arguments[1], call->call,
		 call->process, what, fault->onwards ? " from there on" : "");
}

static void complain(const struct context *context, struct count *count, const struct fault *fault,
		     const struct call *call, const char *why)
{
	const struct outcome *outcome = context->outcome;
	char text[256];

	if (count->failed++ >= FAILURES_SHOWN && !context->verbose)
		return;
	describe_fault(text, sizeof(text), fault, call);
	printf("FAIL %s: %s: %s; wait status %#x, said: %.*s\n", context->launch->name, text, why,
	       (unsigned int)outcome->status, (int)strcspn(outcome->text, "\n"), outcome->text);
}

/* NULL, or what is wrong with a launch that did not run the target. */
static const char *judge_refusal(const struct context *context, const struct fault *fault,
				 const struct call *call)
{
	const struct outcome *outcome = context->outcome;
	bool reaches_launch = call->process == 0 || fault->onwards;
	bool exec = fault->kind == FAULT_ACT || (reaches_launch && call->number == SYS_execve);
	bool mute = reaches_launch && call->number == SYS_write;

	if (exited(outcome, 0))
		return "the target did not run, and the status is 0";
	if (call->process == 0 && is_startup(context->reference, call))
		return NULL;
	if (!WIFEXITED(outcome->status))
		return "killed";
	if (WEXITSTATUS(outcome->status) < EXIT_FAILED ||
	    WEXITSTATUS(outcome->status) > (exec ? EXIT_NOT_FOUND : EXIT_FAILED))
		return "refused with another status";
	return mute || strstr(outcome->text, "uring-jail:") || strstr(outcome->text, "error:")
		       ? NULL
		       : "refused without a message";
}

static bool is_signal(const struct fault *fault)
{
	return fault->kind == FAULT_SIGNAL || fault->kind == FAULT_GROUP_SIGNAL;
}

/* One launch with one fault. */
static void try_fault(struct context *context, struct count *count, const struct fault *fault,
		      const struct call *call)
{
	struct outcome *outcome = context->outcome;
	const char *why = NULL;

	run(context, fault, outcome);
	count->faults++;
	if (!outcome->reached)
		why = "the call was not made";
	else if (outcome->hung)
		why = "hung";
	else if (outcome->left)
		why = "left a child behind";
	else if (is_signal(fault) && call->process == 0)
		why = WIFSIGNALED(outcome->status) && WTERMSIG(outcome->status) == fault->value
			      ? NULL
			      : "the signal did not end it";
	else if (outcome->ran)
		why = exited(outcome, INSIDE_WHOLE) ? NULL : "THE TARGET RAN WITH LESS";
	else
		why = judge_refusal(context, fault, call);
	if (why)
		complain(context, count, fault, call, why);
	else if (outcome->ran && !is_signal(fault))
		count->whole++;
	else if (WIFSIGNALED(outcome->status))
		count->killed++;
	else
		count->refused++;
}

static void conclude(struct context *context, const char *kind, const struct count *count)
{
	const struct outcome *reference = context->reference;

	if (count->failed > FAILURES_SHOWN && !context->verbose)
		printf("FAIL %s: and %u more\n", context->launch->name,
		       count->failed - FAILURES_SHOWN);
	printf("%s %s %s: %zu calls (it %s), %u faults: %u refused, %u ended, %u ran in the whole "
	       "jail, %u failures\n",
	       count->failed ? "FAIL" : "ok", context->launch->name, kind, reference->nr_calls,
	       reference->ran ? "runs" : "is refused", count->faults, count->refused, count->killed,
	       count->whole, count->failed);
	fflush(stdout);
	if (count->failed)
		context->failed++;
	else
		context->passed++;
}

/* --- calls that earlier launches have made, too */

/* How many calls of that kind the process has made before. Some are alike. */
static unsigned int nth(const struct outcome *reference, const struct call *call)
{
	unsigned int count = 0;

	for (const struct call *other = reference->calls; other < call && count < ALIKE; other++)
		count += other->process == call->process && inject_same_kind(other, call);
	return count;
}

/* Those of each launch are remembered at its end, with nth() as their number. */
static bool is_seen(const struct context *context, const struct call *call)
{
	unsigned int number = nth(context->reference, call);

	if (number == ALIKE)
		return true;
	for (size_t i = 0; i < context->nr_seen; i++) {
		const struct call *other = &context->seen[i];

		if (other->process == call->process && inject_same_kind(other, call) &&
		    other->call == number && (other->result < 0) == (call->result < 0))
			return true;
	}
	return false;
}

static void remember(struct context *context)
{
	const struct outcome *reference = context->reference;

	for (size_t i = 0; i < reference->nr_calls && context->nr_seen < SEEN_MAX; i++) {
		if (is_seen(context, &reference->calls[i]))
			continue;
		context->seen[context->nr_seen] = reference->calls[i];
		context->seen[context->nr_seen++].call = nth(reference, &reference->calls[i]);
	}
}

/* --- failing, lying and short calls */

/*
 * The kernel shows nobody which filters there are. So that one registration was kept from it, and
 * no other one, could not be found out; but neither can a seccomp filter tell them apart.
 */
static bool is_filter(const struct call *call)
{
	return call->number == SYS_io_uring_register && call->arguments[1] == REG_BPF_FILTER &&
	       call->arguments[2];
}

static void try_answers(struct context *context, struct count *count, const struct call *call,
			bool onwards)
{
	const struct call_row *row = row_of(call->number);
	struct fault fault = {
		.kind = FAULT_ANSWER,
		.process = call->process,
		.call = call->call,
		.onwards = onwards,
	};

	int tried = context->all || !is_seen(context, call) ? ERRORS_MAX : 1;

	for (int i = 0; i < tried && row->errors[i]; i++) {
		fault.value = -row->errors[i];
		/* These say: try again. For ever would be without an end. */
		if (!onwards || (row->errors[i] != EINTR && row->errors[i] != EAGAIN))
			try_fault(context, count, &fault, call);
	}
	fault.value = 0;
	if (!onwards && is_filter(call))
		return;
	/* Nothing written, without an error, makes stdio try again, too. */
	if (row->can_lie && !(onwards && call->number == SYS_write))
		try_fault(context, count, &fault, call);
}

static void try_short(struct context *context, struct count *count, const struct call *call)
{
	struct fault fault = {.kind = FAULT_SHORT, .process = call->process, .call = call->call};

	if ((call->number == SYS_read || call->number == SYS_write) && call->arguments[2] > 1)
		try_fault(context, count, &fault, call);
}

/* Whether no call before it in the trace is of its kind. */
static bool is_first(const struct outcome *reference, const struct call *call)
{
	for (const struct call *other = reference->calls; other < call; other++)
		if (inject_same_kind(other, call))
			return false;
	return true;
}

static void try_errors(struct context *context)
{
	const struct outcome *reference = context->reference;
	struct count count = {0};

	for (size_t i = 0; i < reference->nr_calls; i++) {
		const struct call *call = &reference->calls[i];

		if (is_exit(call) ||
		    (!context->all && is_seen(context, call) &&
		     (!is_decisive(call->number) || nth(reference, call) == ALIKE)))
			continue;
		try_answers(context, &count, call, false);
		try_short(context, &count, call);
		if (is_first(reference, call))
			try_answers(context, &count, call, true);
	}
	conclude(context, "errors", &count);
}

/* --- signals */

static void try_signals(struct context *context)
{
	static const struct {
		enum fault_kind kind;
		int signal;
	} signals[] = {
		{FAULT_GROUP_SIGNAL, SIGINT},
		{FAULT_SIGNAL, SIGTERM},
		{FAULT_SIGNAL, SIGHUP},
		{FAULT_SIGNAL, SIGKILL},
	};
	const struct outcome *reference = context->reference;
	struct count count = {0};

	for (size_t i = 0; i < reference->nr_calls; i++)
		for (size_t j = 0; j < sizeof(signals) / sizeof(*signals); j++) {
			const struct call *call = &reference->calls[i];
			struct fault fault = {
				.kind = signals[j].kind,
				.value = signals[j].signal,
				.process = call->process,
				.call = call->call,
			};

			if (!is_exit(call) && (!is_seen(context, call) || context->all) &&
			    (call->process == 0 || fault.value == SIGKILL))
				try_fault(context, &count, &fault, call);
		}
	conclude(context, "signals", &count);
}

/* --- changes from outside */

static bool make_files(const struct context *context);

/* The number of the first call in the trace at which such a change may be: after the first open, and
 * the look at the file that follows it. */
static size_t first_call(const struct outcome *reference, const struct act *act)
{
	size_t i = 0;

	while (act->after_open && i < reference->nr_calls &&
	       reference->calls[i].number != SYS_openat)
		i++;
	return act->after_open ? i + 2 : 0;
}

static void try_act(struct context *context, struct count *count, const struct act *act)
{
	const struct outcome *reference = context->reference;

	for (size_t i = first_call(reference, act); i < reference->nr_calls; i++) {
		const struct call *call = &reference->calls[i];
		struct fault fault = {
			.kind = FAULT_ACT,
			.process = call->process,
			.call = call->call,
			.act = act->act,
			.name = act->name,
		};

		if (!is_exit(call) && !is_startup(reference, call))
			try_fault(context, count, &fault, call);
		if (!make_files(context))
			exit(2);
	}
}

static void try_acts(struct context *context)
{
	struct count count = {0};

	for (const struct act *act = context->launch->acts; act->name; act++)
		try_act(context, &count, act);
	conclude(context, "changes", &count);
}

/* --- all of it */

/* Runs it undisturbed. False, with a message, where that is not as it has to be. */
static bool refer(struct context *context)
{
	static const struct fault none = {.kind = FAULT_NONE};
	const struct outcome *reference = context->reference;

	run(context, &none, context->reference);
	if (is_whole(reference))
		return true;
	if (is_refused(reference) && (context->launch->since > context->minor))
		return true;
	printf("FAIL %s: undisturbed: wait status %#x, %s, said: %s\n", context->launch->name,
	       (unsigned int)reference->status, reference->ran ? "ran" : "did not run",
	       reference->text);
	context->failed++;
	return false;
}

static void try_launch(struct context *context, const struct launch *launch)
{
	context->launch = launch;
	compose(context);
	if (!refer(context))
		return;
	if (launch->acts) {
		try_acts(context);
		return;
	}
	try_errors(context);
	try_signals(context);
	remember(context);
}

static unsigned int minor_version(void)
{
	struct utsname uts;
	unsigned int major = 0, minor = 0;

	uname(&uts);
	sscanf(uts.release, "%u.%u", &major, &minor);
	return major > 7 ? 99 : major == 7 ? minor : 0;
}

static void clean_up(const struct context *context)
{
	for (size_t i = 0; i < sizeof(files) / sizeof(*files); i++)
		unlink(files[i].name);
	unlink(TARGET);
	if (chdir("/") == 0)
		rmdir(context->scratch);
}

static bool make_files(const struct context *context)
{
	for (size_t i = 0; i < sizeof(files) / sizeof(*files); i++)
		if (!write_file(files[i].name, files[i].text))
			return false;
	unlink(TARGET);
	return symlink(context->self, TARGET) == 0;
}

static bool make_scratch(struct context *context)
{
	strcpy(context->scratch, "/tmp/uring-jail-fault.XXXXXX");
	return mkdtemp(context->scratch) && chdir(context->scratch) == 0 && make_files(context);
}

/* The program of that name beside this one, or in PATH; the caller frees it. */
static char *find(const char *self, const char *name)
{
	char path[512];
	const char *directories[] = {NULL, "..", "../.."}, *slash = strrchr(self, '/');

	for (int i = 0; i < 3; i++) {
		snprintf(path, sizeof(path), "%.*s/%s%s%s", (int)(slash - self), self,
			 directories[i] ? directories[i] : "", directories[i] ? "/" : "", name);
		if (access(path, X_OK) == 0)
			return realpath(path, NULL);
	}
	return NULL;
}

static bool wanted(const char *name, char **patterns)
{
	if (!*patterns)
		return true;
	for (; *patterns; patterns++)
		if (fnmatch(*patterns, name, 0) == 0)
			return true;
	return false;
}

static void parse_options(struct context *context, int argc, char **argv)
{
	int option;

	while ((option = getopt(argc, argv, "al:v")) >= 0) {
		if (option == 'l')
			context->launcher = realpath(optarg, NULL);
		else if (option == 'a')
			context->all = true;
		else if (option == 'v')
			context->verbose = true;
		else
			exit(2);
	}
	context->self = realpath("/proc/self/exe", NULL);
	if (context->self && !context->launcher)
		context->launcher = find(context->self, "uring-jail");
	if (context->launcher)
		return;
	fprintf(stderr, "fault: no uring-jail found\n");
	exit(2);
}

int main(int argc, char **argv)
{
	static struct outcome reference, outcome;
	struct context context = {
		.reference = &reference, .outcome = &outcome, .minor = minor_version()};

	if (argc > 1 && strcmp(argv[1], "inside") == 0)
		return inside(argv + 2);
	parse_options(&context, argc, argv);
	if (!make_scratch(&context)) {
		perror("fault: scratch directory");
		return 2;
	}
	for (size_t i = 0; i < LAUNCHES; i++)
		if (wanted(launches[i].name, argv + optind))
			try_launch(&context, &launches[i]);
	clean_up(&context);
	printf("%u passed, %u failed, %u skipped\n", context.passed, context.failed,
	       context.skipped);
	return context.failed || !context.passed;
}
