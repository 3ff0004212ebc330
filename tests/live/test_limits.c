// SPDX-License-Identifier: MIT
/*
 * Where something that a launch may need is missing: the target runs with the whole policy in force,
 * or not at all, and then there is a reason.
 */
#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "live.h"
#include "uapi.h"
#include "verdict.h"

/* What goes wrong here shows as a status that no program ends with. */
static void must(bool good)
{
	if (!good)
		_exit(97);
}

/* In the target: restricted or, under a policy that allows everything, not. */
static int probe_here(void)
{
	return can_enforce(NEED_OPS) ? -EPERM : live.kernel.restricts ? -EFAULT : -EINVAL;
}

static bool probed(const struct run *run, int expected)
{
	char line[64];

	snprintf(line, sizeof(line), "probe %u result %d\n", REG_RESTRICTIONS, expected);
	return strstr(run->out, line);
}

/* Whether the target ran: then the policy is in force. */
static bool ran_restricted(const struct run *run, const char *where)
{
	if (!run->ended)
		return false;
	if (!probed(run, probe_here()))
		failed("%s: the target runs, and says: %s", where, run->out);
	return true;
}

static void expect_run(const struct run *run, const char *where)
{
	if (!ran_restricted(run, where))
		failed("%s: wait status 0x%x, and not run: %s", where, (unsigned)run->status,
		       run->err);
}

/* Or nothing ran at all, for a reason. */
static void expect_run_or_reason(const struct run *run, const char *where)
{
	if (ran_restricted(run, where))
		return;
	if (*run->out || run->hung || !WIFEXITED(run->status) || WEXITSTATUS(run->status) != 125 ||
	    strncmp(run->err, "uring-jail: ", 12) != 0)
		failed("%s: wait status 0x%x: %s%s", where, (unsigned)run->status, run->out,
		       run->err);
}

/* Then a launch takes a child, a pipe and a ring. */
static bool needs_trial(void)
{
	return can_enforce(NEED_OPS) && older_than_7_2();
}

static void expect_run_unless_tried(const struct run *run, const char *where)
{
	if (needs_trial())
		expect_run_or_reason(run, where);
	else
		expect_run(run, where);
}

/* Both files and the mark are out of reach in many of these, so it is standard output that counts. */
static struct run probing(void (*before)(const void *argument), const void *argument)
{
	return (struct run){
		.policy = policy_here(), .words = "probe", .before = before, .argument = argument};
}

/* --- limits */

struct limit {
	int resource;
	rlim_t value;
};

static void set_limit(const void *argument)
{
	const struct limit *limit = argument;

	must(setrlimit(limit->resource, &(struct rlimit){limit->value, limit->value}) == 0);
}

static void set_limit_as_nobody(const void *argument)
{
	must(setgroups(0, NULL) == 0 && setgid(65534) == 0);
	set_limit(argument);
	must(setuid(65534) == 0);
}

static void few_fds(const char *argument)
{
	(void)argument;
	for (rlim_t value = 0; value <= 6; value++) {
		struct limit limit = {RLIMIT_NOFILE, value};
		struct run run = probing(set_limit, &limit);
		char where[32];

		snprintf(where, sizeof(where), "%d fds", (int)value);
		run_it(&run);
		expect_run_unless_tried(&run, where);
		run_clear(&run);
	}
}

static void no_processes(const char *argument)
{
	struct limit limit = {RLIMIT_NPROC, 0};
	struct run run = probing(set_limit_as_nobody, &limit);

	(void)argument;
	run_it(&run);
	expect_run_unless_tried(&run, "no processes");
	run_clear(&run);
}

/* Whether a program can be run by itself under the limit: the kernel ends one that it cannot load. */
static bool can_run(const struct limit *limit, const char *command)
{
	struct run run = {.command = command, .before = set_limit, .argument = limit};
	bool good;

	run_it(&run);
	good = !run.hung && WIFEXITED(run.status) && WEXITSTATUS(run.status) == 0;
	run_clear(&run);
	return good;
}

/* How many times the target ran, and how many times not. */
struct tally {
	unsigned int ran, refused;
};

/* A policy that takes memory: a filter with hundreds of instructions. */
static const char *large_policy(void)
{
	static char option[128];
	char path[120];
	FILE *file;

	if (!can_enforce(NEED_OPS))
		return policy_here();
	snprintf(path, sizeof(path), "%s/large.policy", live.scratch);
	file = fopen(path, "w");
	must(file && fputs("deny nop if user_data in {1", file) != EOF);
	for (int i = 1; i < 60; i++)
		fprintf(file, ", %d", i * i * 7 + 1);
	must(fputs("}\ndeny openat2\n", file) != EOF && fclose(file) == 0);
	snprintf(option, sizeof(option), "-p %s", path);
	return option;
}

/* A stack that is too small ends the process; that the launcher cannot report. */
static bool out_of_stack(const struct run *run, const struct limit *limit)
{
	return limit->resource == RLIMIT_STACK && WIFSIGNALED(run->status) &&
	       WTERMSIG(run->status) == SIGSEGV && !*run->out;
}

static void try_memory(const struct limit *limit, const char *policy, const char *where,
		       struct tally *tally)
{
	struct run run = probing(set_limit, limit);

	run.policy = policy;
	run_it(&run);
	if (!out_of_stack(&run, limit))
		expect_run_or_reason(&run, where);
	*(run.ended ? &tally->ran : &tally->refused) += 1;
	run_clear(&run);
}

/* From too little to start up to enough. */
static void little_memory(int resource, const char *name, rlim_t from, rlim_t to, rlim_t step)
{
	char launcher[256], target[256], where[64];
	const char *policies[] = {policy_here(), large_policy()};
	struct tally tally = {0};

	snprintf(launcher, sizeof(launcher), "%s --version", live.launcher);
	snprintf(target, sizeof(target), "%s probe", live.target);
	for (rlim_t value = from; value <= to; value += step) {
		struct limit limit = {resource, value};

		snprintf(where, sizeof(where), "%s %llu", name, (unsigned long long)value);
		if (!can_run(&limit, launcher) || !can_run(&limit, target))
			continue;
		for (int i = 0; i < 2; i++)
			try_memory(&limit, policies[i], where, &tally);
	}
	if (!tally.ran)
		failed("%s: nothing ran with any limit", name);
	if (live.verbose)
		printf("   %s: %u ran, %u refused\n", name, tally.ran, tally.refused);
}

static void little_address_space(const char *argument)
{
	(void)argument;
	little_memory(RLIMIT_AS, "RLIMIT_AS", 1024 << 10, 2048 << 10, 64 << 10);
}

static void little_data(const char *argument)
{
	(void)argument;
	little_memory(RLIMIT_DATA, "RLIMIT_DATA", 0, 256 << 10, 16 << 10);
}

static void little_stack(const char *argument)
{
	(void)argument;
	little_memory(RLIMIT_STACK, "RLIMIT_STACK", 8 << 10, 64 << 10, 8 << 10);
}

/* --- file systems */

static void hide(const char *path)
{
	must(mount("hide", path, "tmpfs", 0, NULL) == 0);
}

static void own_mounts(void)
{
	must(unshare(CLONE_NEWNS) == 0 && mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) == 0);
}

static void without_proc_and_dev(const void *argument)
{
	(void)argument;
	own_mounts();
	hide("/proc");
	hide("/dev");
}

static void read_only_root(const void *argument)
{
	(void)argument;
	own_mounts();
	must(mount("/", "/", NULL, MS_BIND | MS_REC, NULL) == 0 && chroot("/") == 0 &&
	     mount(NULL, "/", NULL, MS_REMOUNT | MS_BIND | MS_RDONLY, NULL) == 0 &&
	     mount(NULL, live.scratch, NULL, MS_REMOUNT | MS_BIND | MS_RDONLY, NULL) == 0);
	must(open("/file", O_CREAT | O_WRONLY, 0600) < 0 && errno == EROFS);
}

static void without_directory(const void *argument)
{
	char path[128];

	(void)argument;
	snprintf(path, sizeof(path), "%s/gone", live.scratch);
	must(mkdir(path, 0700) == 0 && chdir(path) == 0 && rmdir(path) == 0);
}

static void close_three(const void *argument)
{
	(void)argument;
	for (int fd = 0; fd < 3; fd++)
		close(fd);
}

static void close_three_without_proc_and_dev(const void *argument)
{
	without_proc_and_dev(argument);
	must(dup2(STDOUT_FILENO, 40) == 40);
	close_three(argument);
}

static const struct {
	const char *name;
	void (*before)(const void *argument);
} places[] = {
	{"no-proc-no-dev", without_proc_and_dev},
	{"read-only", read_only_root},
	{"no-directory", without_directory},
};

static void in_place(const char *name)
{
	for (size_t i = 0; i < sizeof(places) / sizeof(*places); i++) {
		struct run run = probing(places[i].before, NULL);

		if (strcmp(places[i].name, name) != 0)
			continue;
		run_it(&run);
		expect_run(&run, name);
		run_clear(&run);
	}
}

/* Nothing to write messages to, nothing to open, and no list of what is open. */
static void nothing_at_all(const char *words)
{
	struct run run = probing(close_three_without_proc_and_dev, NULL);

	run.words = words;
	run_it(&run);
	expect_run(&run, "nothing at all");
	run_clear(&run);
}

/* An error that cannot be said is one all the same. */
static void silent_error(const char *policy)
{
	struct run run = {.policy = policy, .words = "probe", .before = close_three};

	run_it(&run);
	expect_125(&run);
	run_clear(&run);
}

/* --- the arguments; each of these executes the launcher itself */

/* Memory for as many words as anybody could want. */
static char **vector(size_t words)
{
	char **argv = calloc(words + 16, sizeof(*argv));

	must(argv);
	argv[0] = (char *)live.launcher;
	argv[1] = (char *)policy_here();
	argv[2] = (char *)live.target;
	argv[3] = "probe";
	argv[4] = "--";
	return argv;
}

struct arguments {
	size_t count, size;
};

static void exec_many(const void *argument)
{
	const struct arguments *arguments = argument;
	char **argv = vector(arguments->count);
	char *word = malloc(arguments->size + 1);

	must(word);
	memset(word, 'x', arguments->size);
	word[arguments->size] = '\0';
	for (size_t i = 0; i < arguments->count; i++)
		argv[5 + i] = word;
	execv(live.launcher, argv);
	must(false);
}

/* Two megabytes, in all, in long words and in short ones, are what Linux takes with a stack of the
 * usual size; a word cannot be longer than 128 KiB. */
static void many_arguments(const char *argument)
{
	static const struct arguments many[] = {{15, 131000}, {190000, 1}, {2000, 1000}};

	(void)argument;
	for (size_t i = 0; i < 3; i++) {
		struct run run = probing(exec_many, &many[i]);
		char where[64];

		snprintf(where, sizeof(where), "%zu words of %zu", many[i].count, many[i].size);
		run_it(&run);
		expect_run(&run, where);
		run_clear(&run);
	}
}

static void exec_without_environment(const void *argument)
{
	(void)argument;
	execve(live.launcher, vector(0), (char *[]){NULL});
	must(false);
}

static void empty_environment(const char *argument)
{
	struct run run = probing(exec_without_environment, NULL);

	(void)argument;
	run_it(&run);
	expect_run(&run, "empty environment");
	run_clear(&run);
}

static void exec_without_arguments(const void *argument)
{
	(void)argument;
	execve(live.launcher, (char *[]){NULL}, (char *[]){NULL});
	must(false);
}

/* Linux makes an empty argv[0] of none. */
static void no_arguments(const char *argument)
{
	struct run run = {.before = exec_without_arguments};

	(void)argument;
	run_it(&run);
	expect_125(&run);
	if (!strstr(run.err, ": no COMMAND to run\n"))
		failed("no arguments: %s", run.err);
	run_clear(&run);
}

/* --- memory of a control group */

#define GROUP "/sys/fs/cgroup/uring-jail-live"

static bool write_file(const char *path, const char *text)
{
	int fd = open(path, O_WRONLY | O_CLOEXEC);
	bool good = fd >= 0 && write(fd, text, strlen(text)) == (ssize_t)strlen(text);

	if (fd >= 0)
		close(fd);
	return good;
}

static void enter_group(const void *argument)
{
	(void)argument;
	must(write_file(GROUP "/cgroup.procs", "0"));
}

/* Where it is not enough the kernel kills the process. */
static void little_group_memory(const char *argument)
{
	unsigned int ran = 0;

	(void)argument;
	write_file("/sys/fs/cgroup/cgroup.subtree_control", "+memory");
	if ((mkdir(GROUP, 0755) < 0 && errno != EEXIST) || !write_file(GROUP "/memory.max", "max"))
		skip("no control group for memory here");
	for (int pages = 16; pages <= 1024; pages += pages / 4) {
		struct run run = probing(enter_group, NULL);
		char max[32];

		snprintf(max, sizeof(max), "%d", pages * 4096);
		if (!write_file(GROUP "/memory.max", max))
			failed("cannot set memory.max to %s", max);
		run_it(&run);
		if (!WIFSIGNALED(run.status) || WTERMSIG(run.status) != SIGKILL || *run.out)
			expect_run_or_reason(&run, max);
		ran += run.ended;
		run_clear(&run);
	}
	rmdir(GROUP);
	if (!ran)
		failed("nothing ran with any limit");
}

/* --- who runs it */

static void new_user_namespace(const void *argument)
{
	become_nobody(argument);
	must(unshare(CLONE_NEWUSER) == 0);
}

/* The ids of a user namespace that has none are nobody's, and its process has all capabilities. */
static void by_somebody(const char *name)
{
	struct run run =
		probing(strcmp(name, "nobody") == 0 ? become_nobody : new_user_namespace, NULL);

	run.words = live.kernel.restricts ? "probe ops" : "probe";
	run_it(&run);
	expect_run(&run, name);
	if (live.kernel.restricts)
		expect_ops(&run, allowed_here(), NULL);
	run_clear(&run);
}

static bool set_disabled(const char *value)
{
	return write_file("/proc/sys/kernel/io_uring_disabled", value);
}

/* What the administrator forbids stays forbidden, and nothing else is. */
static void disabled(void (*before)(const void *argument), int expected)
{
	struct run bare = {.words = "setup", .before = before};
	struct run run = {.policy = policy_here(), .words = "probe setup", .before = before};
	char line[64];

	snprintf(line, sizeof(line), "setup result %d\n", expected);
	run_it(&bare);
	run_it(&run);
	if (!strstr(bare.out, line))
		failed("without the launcher: %s", bare.out);
	if (expected && needs_trial())
		expect_refusal(&run, "io_uring_setup");
	else if (ran_restricted(&run, line) && !strstr(run.out, line))
		failed("with the launcher: %s", run.out);
	else
		expect_run(&run, line);
	run_clear(&bare);
	run_clear(&run);
}

static void disabled_for_some(const char *argument)
{
	(void)argument;
	if (!live.kernel.restricts || !set_disabled("1"))
		skip("no io_uring_disabled to set here");
	disabled(NULL, 0);
	disabled(become_nobody, -EPERM);
	set_disabled("0");
}

static void disabled_for_all(const char *argument)
{
	(void)argument;
	if (!live.kernel.restricts || !set_disabled("2"))
		skip("no io_uring_disabled to set here");
	disabled(NULL, -EPERM);
	disabled(become_nobody, -EPERM);
	set_disabled("0");
}

const struct test limit_tests[] = {
	{"limit-fds", few_fds, NULL},
	{"limit-processes", no_processes, NULL},
	{"limit-address-space", little_address_space, NULL},
	{"limit-data", little_data, NULL},
	{"limit-stack", little_stack, NULL},
	{"limit-group-memory", little_group_memory, NULL},
	{"limit-no-proc-no-dev", in_place, "no-proc-no-dev"},
	{"limit-read-only", in_place, "read-only"},
	{"limit-no-directory", in_place, "no-directory"},
	{"limit-nothing", nothing_at_all, "out=40 probe"},
	{"limit-silent-usage", silent_error, "--no-such-option"},
	{"limit-silent-policy", silent_error, "--deny-op=nonsense"},
	{"limit-silent-privilege", silent_error, "--default=allow --drop-caps=nonsense"},
	{"limit-many-arguments", many_arguments, NULL},
	{"limit-empty-environment", empty_environment, NULL},
	{"limit-no-arguments", no_arguments, NULL},
	{"limit-nobody", by_somebody, "nobody"},
	{"limit-user-namespace", by_somebody, "user-namespace"},
	{"limit-disabled-for-some", disabled_for_some, NULL},
	{"limit-disabled-for-all", disabled_for_all, NULL},
	{NULL, NULL, NULL},
};
