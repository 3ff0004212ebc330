// SPDX-License-Identifier: MIT
/*
 * What launchers cost: launch [-n] [ROW...] runs the same program through each, and prints lines of
 * "launch ROW METRIC NUMBER". Instructions and page faults are what the launcher adds, from vfork(2)
 * to the end of the program, to running it directly; calls are the system calls from the launcher's
 * own execve(2) to the program's. With -n rows have "nested-" in front of their names: for a run that
 * is in a jail itself.
 */
#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ptrace.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include "count.h"

#define TARGET "/bin/nothing"

enum { WARM_UP = 3, ROUNDS = 15, WORDS_MAX = 8 };

struct launcher {
	const char *name;
	const char *root; /* where it has the libraries that it was built with, or NULL */
	const char *words[WORDS_MAX];
};

#define JAIL	     "/bin/uring-jail"
#define POLICY(name) JAIL, "-p", "/root/" name ".policy", "--"

static const struct launcher launchers[] = {
	{"floor", NULL, {"/bin/floor"}},
	{"raw", NULL, {"/bin/raw"}},
	{"deny-op", NULL, {JAIL, "--deny-op=openat2", "--"}},
	{"no-network", NULL, {JAIL, "-p", "no-network", "--"}},
	{"strict", NULL, {JAIL, "-p", "strict", "--"}},
	{"short", NULL, {POLICY("short")}},
	{"short-by-hand", NULL, {"/bin/short-by-hand"}},
	{"short-conditions", NULL, {POLICY("short-conditions")}},
	{"short-conditions-by-hand", NULL, {"/bin/short-conditions-by-hand"}},
	{"website", NULL, {POLICY("website")}},
	{"website-by-hand", NULL, {"/bin/website-by-hand"}},
	{"server", NULL, {POLICY("server")}},
	{"server-by-hand", NULL, {"/bin/server-by-hand"}},
	{"conditions", NULL, {POLICY("conditions")}},
	{"conditions-by-hand", NULL, {"/bin/conditions-by-hand"}},
	{"tini-static", NULL, {"/bin/tini-static", "-s", "--"}},
	{"catatonit", NULL, {"/bin/catatonit", "--"}},
	{"env", NULL, {"/bin/env"}},
	{"setpriv", NULL, {"/bin/setpriv", "--no-new-privs"}},
	{"enosys", "/newer", {"/bin/enosys", "-s", "io_uring_setup"}},
	{"bwrap", NULL, {"/bin/bwrap", "--dev-bind", "/", "/"}},
};

#define LAUNCHERS (sizeof(launchers) / sizeof(launchers[0]))

static _Noreturn void fail(const char *name, const char *what)
{
	fprintf(stderr, "launch: %s: %s: %s\n", name, what, strerror(errno));
	exit(EXIT_FAILURE);
}

/* The words of a launch, with the target at their end; without a launcher, only that. */
static void command_of(const struct launcher *launcher, const char *words[WORDS_MAX + 2])
{
	size_t n = 0;

	while (launcher && launcher->words[n]) {
		words[n] = launcher->words[n];
		n++;
	}
	words[n] = TARGET;
	words[n + 1] = NULL;
}

static _Noreturn void run(const struct launcher *launcher, const char *const *words)
{
	if (launcher && launcher->root && chroot(launcher->root) < 0)
		_exit(EXIT_FAILURE);
	execv(words[0], (char **)words);
	_exit(EXIT_FAILURE);
}

static uint64_t measure(const struct launcher *launcher, long *faults)
{
	const char *words[WORDS_MAX + 2];
	uint64_t start;
	int status;
	struct rusage usage;
	pid_t pid;

	command_of(launcher, words);
	start = count_now();
	pid = vfork();
	if (pid == 0)
		run(launcher, words);
	if (pid < 0 || wait4(pid, &status, 0, &usage) < 0)
		fail(words[0], "cannot run it");
	start = count_now() - start;
	errno = 0;
	if (status != 0)
		fail(words[0], "it failed");
	*faults = usage.ru_minflt;
	return start;
}

static uint64_t least(const struct launcher *launcher, long *faults)
{
	uint64_t instructions = UINT64_MAX;

	for (int i = 0; i < WARM_UP; i++)
		measure(launcher, faults);
	for (int i = 0; i < ROUNDS; i++)
		count_least(&instructions, measure(launcher, faults));
	return instructions;
}

/* Whether a task stands in the first instruction of the target. */
static bool is_target(pid_t pid)
{
	char path[64], name[sizeof("nothing") + 1] = "";
	FILE *file;

	snprintf(path, sizeof(path), "/proc/%d/comm", pid);
	file = fopen(path, "r");
	if (!file || !fgets(name, sizeof(name), file))
		fail(path, "cannot read it");
	fclose(file);
	return strcmp(name, "nothing\n") == 0;
}

/* The system calls of all processes of a launch, up to the execve(2) of the target. */
static unsigned count_calls(const struct launcher *launcher)
{
	const char *words[WORDS_MAX + 2];
	int options = PTRACE_O_TRACESYSGOOD | PTRACE_O_TRACEEXEC | PTRACE_O_TRACEFORK |
		      PTRACE_O_TRACEVFORK | PTRACE_O_TRACECLONE | PTRACE_O_EXITKILL;
	unsigned calls = 0, execs = 0;
	bool there = false;
	int status;
	pid_t pid = fork();

	command_of(launcher, words);
	if (pid == 0) {
		ptrace(PTRACE_TRACEME, 0, NULL, NULL);
		raise(SIGSTOP);
		run(launcher, words);
	}
	if (waitpid(pid, &status, 0) != pid || ptrace(PTRACE_SETOPTIONS, pid, NULL, options) < 0 ||
	    ptrace(PTRACE_SYSCALL, pid, NULL, NULL) < 0)
		fail(words[0], "cannot trace it");
	while ((pid = waitpid(-1, &status, __WALL)) > 0) {
		int signal = WIFSTOPPED(status) ? WSTOPSIG(status) : 0;
		bool call = signal == (SIGTRAP | 0x80);

		if (!WIFSTOPPED(status))
			continue;
		if (status >> 8 == (SIGTRAP | PTRACE_EVENT_EXEC << 8)) {
			execs++;
			there = there || is_target(pid);
		}
		if (call && execs > 0 && !there) {
			struct __ptrace_syscall_info info;

			ptrace(PTRACE_GET_SYSCALL_INFO, pid, sizeof(info), &info);
			calls += info.op == PTRACE_SYSCALL_INFO_ENTRY;
		}
		ptrace(PTRACE_SYSCALL, pid, NULL,
		       call || signal == SIGTRAP || signal == SIGSTOP ? 0 : signal);
	}
	if (!there)
		fail(words[0], "it did not run the target");
	/* The last of them is the execve(2) of the target. */
	return calls - 1;
}

static bool is_wanted(const char *name, char **names)
{
	if (!*names)
		return true;
	for (; *names; names++)
		if (strcmp(name, *names) == 0)
			return true;
	return false;
}

/* Whether it sets restrictions, come what may: that can be done once. */
static bool is_once(const char *name)
{
	return strcmp(name, "raw") == 0 || strstr(name, "-by-hand");
}

static void print(const char *prefix, const char *name, const char *metric, uint64_t number)
{
	printf("launch %s%s %s %llu\n", prefix, name, metric, (unsigned long long)number);
}

int main(int argc, char **argv)
{
	bool nested = argc > 1 && strcmp(argv[1], "-n") == 0;
	const char *prefix = nested ? "nested-" : "";
	long direct_faults, faults;
	uint64_t direct = least(NULL, &direct_faults), instructions;

	print(prefix, "directly", "instructions", direct);
	for (size_t i = 0; i < LAUNCHERS; i++) {
		const struct launcher *launcher = &launchers[i];

		if (!is_wanted(launcher->name, argv + 1 + nested) ||
		    (nested && is_once(launcher->name)))
			continue;
		instructions = least(launcher, &faults) - direct;
		print(prefix, launcher->name, "instructions", instructions);
		print(prefix, launcher->name, "calls", count_calls(launcher));
		print(prefix, launcher->name, "faults", (uint64_t)(faults - direct_faults));
		fflush(stdout);
	}
	return EXIT_SUCCESS;
}
