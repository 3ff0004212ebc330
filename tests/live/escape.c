// SPDX-License-Identifier: MIT
/*
 * Tries to escape from uring-jail, on a real kernel.
 *
 *   escape [-v] [-l LAUNCHER] [-t TARGET] [ATTEMPT...]
 *   escape -w
 *
 * As root, in a virtual machine. ATTEMPTs are names or patterns (fnmatch); -w lists them all, and why
 * each could work. LAUNCHER is by default the uring-jail beside this program, TARGET the `target`.
 *
 * Writes a line for each attempt and goal: what came of it without a jail and in each kind of jail:
 *
 *   done      the goal was reached, as it must be without a jail
 *   denied    the request or call failed for it
 *   refused   uring-jail cannot enforce the policy on this kernel, and runs nothing
 *   limit     reached, and known to be
 *   -         this kernel does not have what the attempt takes, as was seen without a jail
 *   ESCAPED   the goal was reached in a jail
 *   ODD       none of these; a FAIL line says what
 *
 * and nothing for a jail that says no more than another. Last comes the count, in which each of these
 * words is one. The exit status is 1 where something failed, 2 where nothing could be run.
 *
 * This program is also the one that runs in the jail: `escape @ ATTEMPT GOAL [PID]`.
 */
#include <errno.h>
#include <fcntl.h>
#include <fnmatch.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "clock.h"
#include "escape.h"
#include "live.h"
#include "run.h"

struct live live;
struct escape escape;

static const struct attempt plain_attempts[] = {
	{.name = "plain", .why = "it is the request itself", .goals = BOTH, .run = request_plainly},
	{.name = NULL},
};

static const struct attempt *const lists[] = {
	plain_attempts, ring_attempts,	submit_attempts,   hide_attempts, leave_attempts,
	stack_attempts, field_attempts, register_attempts, abi_attempts,  limit_attempts,
};

#define LISTS (sizeof(lists) / sizeof(*lists))

/*
 * The kinds of jails. LAUNCHER and POLICY stand for the program and for what denies the goal. A new
 * kind is a new row.
 */
static const struct plan {
	const char *name;
	const char *words;
	bool restricts; /* some operation, whatever the goal */
	/* Not for goals that are denied so, since another row is the same or nearly so. */
	enum needs not_for[3];
	/* For kernels that cannot enforce the first one: io_uring is closed as a whole. */
	bool closes;
} plans[] = {
	{.name = "jail", .words = "POLICY --"},
	{
		.name = "crowded",
		.words = "-p ./crowd.policy POLICY --",
		.restricts = true,
		.not_for = {NEEDS_RESTRICTIONS},
	},
	{
		.name = "filters",
		.words = "--via=filters POLICY --",
		.not_for = {NEEDS_FILTER, NEEDS_ADDRESS},
	},
	{.name = "nested", .words = "-d nop128 -- LAUNCHER POLICY --", .restricts = true},
	{.name = "closed", .words = "-q --unsupported=deny POLICY --", .closes = true},
};

#define PLANS (sizeof(plans) / sizeof(*plans))

/* A filter on every operation, and restrictions: both at work on every request. */
static const char crowd[] = "default allow\n"
			    "deny @all if user_data == 0xdeadbeef\n"
			    "deny tee\n";

/* --- in the jail, or where one would be */

/* Said where io_uring is closed as a whole. */
#define CLOSED "closed\n"

static const struct attempt *find_attempt(const char *name)
{
	for (size_t i = 0; i < LISTS; i++)
		for (const struct attempt *attempt = lists[i]; attempt->name; attempt++)
			if (strcmp(attempt->name, name) == 0)
				return attempt;
	return NULL;
}

static const struct goal *find_goal(const char *name)
{
	for (size_t i = 0; i < LISTS; i++)
		for (const struct attempt *attempt = lists[i]; attempt->name; attempt++)
			for (const struct goal *const *goal = attempt->goals; *goal; goal++)
				if (strcmp((*goal)->name, name) == 0)
					return *goal;
	return NULL;
}

static void find_self(void)
{
	static char path[512];
	ssize_t size = readlink("/proc/self/exe", path, sizeof(path) - 1);

	escape.self = size > 0 ? path : "/proc/self/exe";
}

static _Noreturn void attempt_it(char **words)
{
	const struct goal *goal = words[0] && words[1] ? find_goal(words[1]) : NULL;

	escape.attempt = words[0] ? find_attempt(words[0]) : NULL;
	if (!escape.attempt || !goal)
		_exit(EXIT_BROKEN);
	if (io_uring_setup(0, NULL) == -ENOSYS)
		dprintf(STDOUT_FILENO, CLOSED);
	escape.argument = escape.attempt->argument;
	escape.outside = words[2] ? atoi(words[2]) : 0;
	finish(goal, escape.attempt->run(goal));
}

/* Run by the kernel to take a core dump. Whoever waits for the effect judges it, and undoes it. */
static _Noreturn void take_core(const char *directory, const char *goal)
{
	if (chdir(directory) == 0 && find_goal(goal))
		request_plainly(find_goal(goal));
	_exit(0);
}

/* --- the driver */

static struct {
	unsigned int passed, failed, skipped;
} count;

enum cell { DONE, DENIED, REFUSED, LIMIT, SAME, ABSENT, ESCAPED, ODD };

static const char *const cell_names[] = {
	[DONE] = "done", [DENIED] = "denied", [REFUSED] = "refused", [LIMIT] = "limit",
	[SAME] = "",	 [ABSENT] = "-",      [ESCAPED] = "ESCAPED", [ODD] = "ODD",
};

static void fail(const struct attempt *attempt, const struct goal *goal, const struct plan *plan,
		 const struct run *run, const char *why)
{
	const char *said = run && *run->out ? run->out : run ? run->err : "";

	printf("FAIL %s %s %s: %s (wait status 0x%x, %.*s)\n", attempt ? attempt->name : "policy",
	       goal->name, plan ? plan->name : "no jail", why, run ? (unsigned)run->status : 0,
	       (int)strcspn(said, "\n"), said);
}

static void prepare_child(const void *goal)
{
	if (escape.attempt->before)
		escape.attempt->before(goal);
}

/* Starts the process outside, and returns when it is ready; 0 where the attempt has none. */
static pid_t start_outside(const struct goal *goal)
{
	int fds[2];
	pid_t child;
	char byte;

	if (!escape.attempt->outside)
		return 0;
	if (pipe2(fds, O_CLOEXEC) < 0 || (child = fork()) < 0)
		abort();
	if (child == 0) {
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		escape.attempt->outside(goal);
		if (write(fds[1], "", 1) == 1)
			for (;;)
				pause();
		_exit(1);
	}
	close(fds[1]);
	if (read(fds[0], &byte, 1) != 1)
		printf("FAIL %s: the process outside is not ready\n", escape.attempt->name);
	close(fds[0]);
	return child;
}

/* The words of a plan, for this goal. */
static void compose(char *words, size_t size, const struct plan *plan, const struct goal *goal)
{
	char copy[256];
	size_t used = 0;

	snprintf(copy, sizeof(copy), "%s", plan->words);
	for (char *word = strtok(copy, " "); word; word = strtok(NULL, " "))
		used += (size_t)(strcmp(word, "LAUNCHER") == 0
					 ? snprintf(words + used, size - used, "%s ", live.launcher)
				 : strcmp(word, "POLICY") == 0
					 ? snprintf(words + used, size - used, "-p ./%s.policy ",
						    goal->name)
					 : snprintf(words + used, size - used, "%s ", word));
}

/* Runs the attempt, in a jail if there is a plan. */
static void run_attempt(struct run *run, const struct attempt *attempt, const struct goal *goal,
			const struct plan *plan)
{
	char policy[512], command[256];

	escape.attempt = attempt;
	escape.argument = attempt->argument;
	escape.outside = start_outside(goal);
	if (plan)
		compose(policy, sizeof(policy), plan, goal);
	snprintf(command, sizeof(command), "%s @ %s %s %d", escape.self, attempt->name, goal->name,
		 escape.outside);
	*run = (struct run){.policy = plan ? policy : NULL,
			    .command = command,
			    .before = prepare_child,
			    .argument = goal};
	unlink("made");
	run_it(run);
	run->policy = run->command = NULL;
	if (escape.outside) {
		kill(escape.outside, SIGKILL);
		waitpid(escape.outside, NULL, 0);
	}
	if (live.verbose && *run->out)
		printf("     %s: %s", plan ? plan->name : "no jail", run->out);
}

static int exit_of(const struct run *run)
{
	return run->hung || !WIFEXITED(run->status) ? -1 : WEXITSTATUS(run->status);
}

/* The notes of a sweep, "" where there was none; the caller frees them. */
static char *notes_of(const struct run *run)
{
	const char *line = strstr(run->out, "sweep: ");

	return line ? strndup(line + 7, strcspn(line + 7, "\n")) : strdup("");
}

/* Whether every request that reaches its goal without a jail was denied in it. */
static bool all_denied(const char *notes, const char *free_notes)
{
	size_t length = strlen(free_notes);

	for (size_t i = 0; i < length; i++)
		if (!notes[i] || (free_notes[i] == 'R' && notes[i] != 'D'))
			return false;
	return !notes[length];
}

static enum cell judge_free(const struct attempt *attempt, const struct goal *goal,
			    const struct run *run)
{
	int status = exit_of(run);

	if (status == EXIT_REACHED)
		return DONE;
	if (status == EXIT_NOT_HERE)
		return ABSENT;
	fail(attempt, goal, NULL, run, "does not reach its goal");
	return ODD;
}

/* The attempt found every call to fail, and went on as far as it could. */
static bool is_closed(const struct run *run)
{
	return exit_of(run) >= 0 && exit_of(run) != EXIT_REACHED && strstr(run->out, CLOSED);
}

static enum cell judge_jailed(const struct attempt *attempt, const struct goal *goal,
			      const struct plan *plan, const struct run *run,
			      const char *free_notes)
{
	char *notes;
	const char *wrong = NULL;
	enum cell cell = DENIED;

	if (plan->closes && is_closed(run))
		return DENIED;
	notes = notes_of(run);
	switch (exit_of(run)) {
	case EXIT_REACHED:
		cell = attempt->limit ? LIMIT : ESCAPED;
		wrong = attempt->limit ? NULL : "escaped";
		break;
	case EXIT_DENIED:
		if (attempt->limit && !plan->closes)
			wrong = "denied, so it is no limit any more";
		else if (!all_denied(notes, free_notes))
			wrong = "other requests are denied than reach the goal without a jail";
		break;
	default:
		wrong = "neither reached nor denied";
	}
	free(notes);
	if (wrong)
		fail(attempt, goal, plan, run, wrong);
	return wrong && cell == DENIED ? ODD : cell;
}

/* What the kernel cannot enforce, uring-jail has to refuse. */
static bool must_refuse(const struct plan *plan, const struct goal *goal)
{
	const struct kernel *kernel = &live.kernel;

	if (plan->closes)
		return false;
	return (kernel->loses_at_exec && (plan->restricts || goal->needs != NEEDS_NOTHING)) ||
	       (!kernel->shows_addresses && goal->needs == NEEDS_ADDRESS);
}

/* Whether the plan says more of this goal than the other plans do. */
static bool is_different(const struct plan *plan, const struct goal *goal)
{
	if (plan->closes)
		return must_refuse(&plans[0], goal);
	for (const enum needs *needs = plan->not_for; *needs; needs++)
		if (*needs == goal->needs)
			return false;
	return true;
}

static bool is_refused(const struct plan *plan, const struct goal *goal)
{
	char policy[512];
	struct run run = {.policy = policy, .command = "/bin/true"};
	bool expected = must_refuse(plan, goal), refused;

	compose(policy, sizeof(policy), plan, goal);
	run_it(&run);
	refused = exit_of(&run) == 125;
	if (!refused && exit_of(&run) != 0)
		fail(NULL, goal, plan, &run, "neither refused nor run");
	else if (refused != expected)
		fail(NULL, goal, plan, &run, refused ? "refused" : "not refused");
	count.failed += refused != expected || (!refused && exit_of(&run) != 0);
	run_clear(&run);
	return refused;
}

/* Asked of uring-jail once for each plan and goal. */
static bool refuses(const struct plan *plan, const struct goal *goal)
{
	static struct {
		const struct goal *goal;
		bool refused[PLANS];
	} known[32];
	size_t i = 0;

	while (known[i].goal && known[i].goal != goal)
		i++;
	if (!known[i].goal) {
		known[i].goal = goal;
		for (size_t j = 0; j < PLANS; j++)
			known[i].refused[j] = is_refused(&plans[j], goal);
	}
	return known[i].refused[plan - plans];
}

static void tally(enum cell cell)
{
	printf(" %-8s", cell_names[cell]);
	if (cell == SAME)
		return;
	if (cell == ABSENT)
		count.skipped++;
	else if (cell == ESCAPED || cell == ODD)
		count.failed++;
	else
		count.passed++;
}

static void try_goal(const struct attempt *attempt, const struct goal *goal)
{
	enum cell cells[PLANS + 1];
	int64_t start = clock_ms();
	char *notes;
	struct run run;

	run_attempt(&run, attempt, goal, NULL);
	cells[0] = judge_free(attempt, goal, &run);
	notes = notes_of(&run);
	run_clear(&run);
	for (size_t i = 0; i < PLANS && cells[0] == DONE; i++) {
		cells[i + 1] = is_different(&plans[i], goal) ? REFUSED : SAME;
		if (cells[i + 1] == SAME || refuses(&plans[i], goal))
			continue;
		run_attempt(&run, attempt, goal, &plans[i]);
		cells[i + 1] = judge_jailed(attempt, goal, &plans[i], &run, notes);
		run_clear(&run);
	}
	free(notes);
	printf("%-31s %-16s", attempt->name, goal->name);
	for (size_t i = 0; i < (cells[0] == DONE ? PLANS + 1 : 1); i++)
		tally(cells[i]);
	printf(live.verbose ? " %lld ms\n" : "\n", (long long)(clock_ms() - start));
	fflush(stdout);
}

static bool wanted(const struct attempt *attempt, char **patterns)
{
	if (!*patterns)
		return true;
	for (; *patterns; patterns++)
		if (fnmatch(*patterns, attempt->name, 0) == 0)
			return true;
	return false;
}

static void try_all(char **patterns)
{
	printf("%-31s %-16s %-8s", "attempt", "goal", "no jail");
	for (size_t i = 0; i < PLANS; i++)
		printf(" %-8s", plans[i].name);
	printf("\n");
	for (size_t i = 0; i < LISTS; i++)
		for (const struct attempt *attempt = lists[i]; attempt->name; attempt++)
			for (const struct goal *const *goal = attempt->goals;
			     *goal && wanted(attempt, patterns); goal++)
				try_goal(attempt, *goal);
}

static void list_all(void)
{
	for (size_t i = 0; i < LISTS; i++)
		for (const struct attempt *attempt = lists[i]; attempt->name; attempt++)
			printf("%-31s %s\n", attempt->name, attempt->why);
}

/* --- setting up */

static bool write_file(const char *name, const char *text)
{
	FILE *file = fopen(name, "we");

	return file && fputs(text, file) >= 0 && fputs("\n", file) >= 0 && fclose(file) == 0;
}

static bool write_files(void)
{
	char name[64];
	bool good = write_file("crowd.policy", crowd) && write_file("text", "some text") &&
		    chmod("text", 0666) == 0;

	for (size_t i = 0; i < LISTS; i++)
		for (const struct attempt *attempt = lists[i]; attempt->name; attempt++)
			for (const struct goal *const *goal = attempt->goals; *goal; goal++) {
				snprintf(name, sizeof(name), "%s.policy", (*goal)->name);
				good = good && write_file(name, (*goal)->policy);
			}
	return good;
}

static char *beside(const char *name)
{
	static char path[2][600];
	static unsigned int next;
	char *slash;

	snprintf(path[next], sizeof(path[next]), "%s", escape.self);
	slash = strrchr(path[next], '/');
	snprintf(slash + 1, sizeof(path[next]) - (size_t)(slash + 1 - path[next]), "%s", name);
	return path[next++];
}

static bool set_up(void)
{
	snprintf(live.scratch, sizeof(live.scratch), "/tmp/escape.XXXXXX");
	return mkdtemp(live.scratch) &&
	       mount("escape", live.scratch, "tmpfs", 0, "mode=0777") == 0 &&
	       chdir(live.scratch) == 0 && write_files();
}

static void parse_options(int argc, char **argv)
{
	int option;

	while ((option = getopt(argc, argv, "l:t:vw")) >= 0) {
		if (option == 'l') {
			live.launcher = realpath(optarg, NULL);
		} else if (option == 't') {
			live.target = realpath(optarg, NULL);
		} else if (option == 'v') {
			live.verbose = true;
		} else if (option == 'w') {
			list_all();
			exit(0);
		} else {
			exit(2);
		}
	}
	if (!live.launcher)
		live.launcher = beside("uring-jail");
	if (!live.target)
		live.target = beside("target");
}

int main(int argc, char **argv)
{
	find_self();
	if (argc >= 2 && strcmp(argv[1], "@") == 0)
		attempt_it(argv + 2);
	if (argc == 3 && strcmp(argv[1], "@script") == 0) /* a script named like "script-openat2" */
		attempt_it((char *[]){"plain", strchr(argv[2], '-') + 1, NULL});
	if (argc == 4 && strcmp(argv[1], "@core") == 0)
		take_core(argv[2], argv[3]);
	parse_options(argc, argv);
	if (!set_up()) {
		perror("escape");
		return 2;
	}
	if (!kernel_explore(&live.kernel, live.target))
		return 2;
	try_all(argv + optind);
	printf("%u passed, %u failed, %u skipped\n", count.passed, count.failed, count.skipped);
	return count.failed || !count.passed;
}
