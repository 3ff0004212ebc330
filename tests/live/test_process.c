// SPDX-License-Identifier: MIT
/* What becomes of the process: exit statuses, and all that a target keeps. */
#include <errno.h>
#include <fcntl.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <signal.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/utsname.h>
#include <sys/wait.h>
#include <unistd.h>

#include "live.h"
#include "verdict.h"

static void expect_status(const struct run *run, int expected)
{
	if (run->hung || !WIFEXITED(run->status) || WEXITSTATUS(run->status) != expected)
		failed("[%s] %s: expected exit status %d, got wait status 0x%x; %s", run->policy,
		       run->command ? run->command : run->words, expected, (unsigned)run->status,
		       run->err);
}

/* Arguments that the launcher cannot accept; a target would follow them. */
static void usage_error(const char *policy)
{
	struct run run = {.policy = policy, .words = "facts"};

	run_it(&run);
	expect_status(&run, 125);
	if (run.ran || *run.out)
		failed("[%s]: the target ran", policy);
	if (!*run.err)
		failed("[%s]: no message", policy);
	run_clear(&run);
}

static void usage_errors(const char *argument)
{
	static const char *const policies[] = {
		"",
		"-v",
		"--no-such-option",
		"--deny-op=frobnicate",
		"--deny-op=openat2,opnat2",
		"--allow-op=@no-such-group",
		"--deny-op=",
		"--default=maybe",
		"--default=allow --default=deny",
		"--deny-register=frobnicate",
		"--deny-sqe-flags=frobnicate",
		"--deny-sqe-flags=0x100",
		"--deny-op=256",
		"--deny-register=4294967296",
	};

	(void)argument;
	for (size_t i = 0; i < sizeof(policies) / sizeof(*policies); i++)
		usage_error(policies[i]);
}

static void no_command(const char *policy)
{
	struct run run = {.policy = policy, .command = ""};

	run_it(&run);
	expect_status(&run, 125);
	if (!*run.err)
		failed("[%s]: no message", policy);
	run_clear(&run);
}

/* A policy that installs nothing, and, where the kernel enforces it, one that does. */
static const char *policy_of(int i)
{
	static const char *const policies[] = {"--default=allow", "--deny-op=openat2"};

	return i < (can_enforce(NEED_OPS) ? 2 : 1) ? policies[i] : NULL;
}

static void command_status(const char *command, int expected)
{
	for (int i = 0; policy_of(i); i++) {
		struct run run = {.policy = policy_of(i), .command = command};

		run_it(&run);
		expect_status(&run, expected);
		if (strncmp(run.err, "uring-jail: ", 12) != 0)
			failed("%s: no message of uring-jail's, but: %s", command, run.err);
		run_clear(&run);
	}
}

static void not_found(const char *argument)
{
	(void)argument;
	command_status("/no/such/command", 127);
	command_status("no-such-command-anywhere", 127);
	command_status("-- ./no-such-command", 127);
}

static void not_executable(const char *argument)
{
	char path[128];

	(void)argument;
	snprintf(path, sizeof(path), "%s/not-executable", live.scratch);
	close(open(path, O_WRONLY | O_CREAT, 0644));
	command_status(path, 126);
	command_status(live.scratch, 126);
	unlink(path);
}

static void own_status(const char *argument)
{
	static const int statuses[] = {0, 1, 42, 125, 126, 127, 255};

	(void)argument;
	for (size_t i = 0; i < 7; i++)
		for (int j = 0; policy_of(j); j++) {
			char words[32];
			struct run run = {.policy = policy_of(j), .words = words};

			snprintf(words, sizeof(words), "exit=%d", statuses[i]);
			run_it(&run);
			expect_status(&run, statuses[i]);
			if (!run.ended)
				failed("[%s]: the target did not run", words);
			run_clear(&run);
		}
}

static void own_signal(const char *argument)
{
	static const int signals[] = {SIGTERM, SIGKILL, SIGSEGV, SIGABRT, SIGPIPE};

	(void)argument;
	for (size_t i = 0; i < 5; i++)
		for (int j = 0; policy_of(j); j++) {
			char words[32];
			struct run run = {.policy = policy_of(j), .words = words};

			snprintf(words, sizeof(words), "kill=%d", signals[i]);
			run_it(&run);
			if (!WIFSIGNALED(run.status) || WTERMSIG(run.status) != signals[i])
				failed("[%s]: wait status 0x%x", words, (unsigned)run.status);
			run_clear(&run);
		}
}

/* A process with something of everything that a launcher could lose. */
static void unusual(const void *argument)
{
	sigset_t blocked;

	(void)argument;
	clearenv();
	setenv("PATH", "/bin", 1);
	setenv("EMPTY", "", 1);
	setenv("URING_JAIL", "of no importance", 1);
	setenv("LD_PRELOAD_NOT", "a=b c", 1);
	umask(027);
	sigemptyset(&blocked);
	sigaddset(&blocked, SIGUSR1);
	sigaddset(&blocked, SIGCHLD);
	sigaddset(&blocked, SIGRTMAX);
	sigprocmask(SIG_SETMASK, &blocked, NULL);
	signal(SIGPIPE, SIG_IGN);
	signal(SIGHUP, SIG_IGN);
	signal(SIGINT, SIG_IGN);
	dup2(open("/dev/null", O_RDONLY), 17);
	if (chdir(live.scratch) < 0)
		_exit(97);
}

/* Lines that are allowed to differ; of fds, the numbers of pipes. */
static bool differs_anyway(const char *line, size_t length)
{
	static const char *const starts[] = {"fact pid ", "fact pgid ", "fact NoNewPrivs "};

	for (size_t i = 0; i < sizeof(starts) / sizeof(*starts); i++)
		if (strncmp(line, starts[i], strlen(starts[i])) == 0)
			return true;
	return memmem(line, length, " pipe:[", 7);
}

static bool has_line(const char *text, const char *line, size_t length)
{
	for (size_t other; *text; text += other + (text[other] == '\n')) {
		other = strcspn(text, "\n");
		if (other == length && memcmp(text, line, length) == 0)
			return true;
	}
	return false;
}

/* Every line of one is in the other. */
static void expect_lines(const struct run *one, const struct run *other, const char *problem)
{
	size_t length;

	for (const char *line = one->out; *line; line += length + (line[length] == '\n')) {
		length = strcspn(line, "\n");
		if (strncmp(line, "fact ", 5) == 0 && !differs_anyway(line, length) &&
		    !has_line(other->out, line, length))
			failed("%s: %.*s", problem, (int)length, line);
	}
}

static void expect_number(const struct run *run, const char *name, int expected)
{
	char value[32] = "nothing";

	run_fact(run, name, value, sizeof(value));
	if (strcmp(value, "nothing") == 0 || atoi(value) != expected)
		failed("[%s] %s: expected %d, got %s", run->policy, name, expected, value);
}

static void kept(const char *argument)
{
	struct run bare = {.words = "facts", .before = unusual};
	struct run run = {.policy = "--deny-op=openat2", .words = "facts", .before = unusual};

	(void)argument;
	if (!unjailed(&bare))
		return;
	if (jailed(&run, NEED_OPS)) {
		expect_lines(&bare, &run, "lost in the jail");
		expect_lines(&run, &bare, "new in the jail");
		expect_number(&run, "pid", run.pid);
		expect_number(&run, "pgid", run.pid);
		expect_number(&run, "ppid", getpid());
		expect_number(&run, "NoNewPrivs", 1);
		if (*run.err)
			failed("standard error: %s", run.err);
	}
	run_clear(&bare);
	run_clear(&run);
}

/* The report goes where the target's words say; standard input, output and error stay closed. */
static void close_all_three(const void *argument)
{
	(void)argument;
	dup2(STDOUT_FILENO, 40);
	close(STDIN_FILENO);
	close(STDOUT_FILENO);
	close(STDERR_FILENO);
}

static void kept_closed(const char *words)
{
	struct run bare = {.words = words, .before = close_all_three};
	struct run run = {.policy = "--deny-op=openat2", .words = words, .before = close_all_three};

	if (!unjailed(&bare))
		return;
	run_it(&run);
	if (can_enforce(NEED_OPS)) {
		expect_status(&run, 0);
		if (!run.ended)
			failed("the target did not do what it was told");
		expect_lines(&bare, &run, "lost in the jail");
		expect_lines(&run, &bare, "new in the jail");
	} else {
		expect_125(&run);
	}
	run_clear(&bare);
	run_clear(&run);
}

static void ignore_children(const void *argument)
{
	(void)argument;
	signal(SIGCHLD, SIG_IGN);
}

/* A launcher that forks to try the kernel must not be confused by this, nor change it. */
static void children_ignored(const char *argument)
{
	struct run bare = {.words = "facts", .before = ignore_children};
	struct run run = {
		.policy = "--deny-op=openat2", .words = "facts", .before = ignore_children};

	(void)argument;
	if (unjailed(&bare) && jailed(&run, NEED_OPS)) {
		if (!strstr(bare.out, "fact SigIgn 0000000000010000\n"))
			failed("the target does not ignore SIGCHLD even without a jail");
		expect_lines(&bare, &run, "lost in the jail");
		expect_lines(&run, &bare, "new in the jail");
	}
	run_clear(&bare);
	run_clear(&run);
}

/* No privilege is needed. */
static void unprivileged(const char *argument)
{
	struct run bare = {.words = "ops", .before = become_nobody};
	struct run run = {.policy = "--deny-op=openat2", .words = "ops", .before = become_nobody};

	(void)argument;
	if (unjailed(&bare) && jailed(&run, NEED_OPS))
		expect_ops(&run, set_without(set_all(), OP_OPENAT2), &bare);
	run_clear(&bare);
	run_clear(&run);
}

/* With the privileges of a file, the policy would be somebody else's. */
static void set_user_id(const char *argument)
{
	char command[512], path[128];
	struct run run = {.policy = "--deny-op=openat2", .words = "facts", .before = become_nobody};

	(void)argument;
	snprintf(path, sizeof(path), "%s/set-user-id", live.scratch);
	snprintf(command, sizeof(command), "cp %s %s && chmod 4755 %s", live.launcher, path, path);
	if (system(command) != 0) {
		failed("%s", command);
		return;
	}
	live.launcher = path;
	run_it(&run);
	expect_refusal(&run, NULL);
	run_clear(&run);
	unlink(path);
}

/* Options end at the command, whose own are none of the launcher's business. */
static void own_options(const char *argument)
{
	char command[512];
	struct run run = {.policy = "--deny-op=openat2", .command = command};

	(void)argument;
	snprintf(command, sizeof(command),
		 "%s mark=%s/ran in=%s ops --default=allow --no-such-option -- -q", live.target,
		 live.scratch, live.scratch);
	if (jailed(&run, NEED_OPS))
		expect_ops(&run, set_without(set_all(), OP_OPENAT2), NULL);
	run_clear(&run);
}

static void verbose(const char *argument)
{
	struct run run = {.policy = "-v --deny-op=openat2", .words = "ops"};

	(void)argument;
	if (jailed(&run, NEED_OPS)) {
		expect_ops(&run, set_without(set_all(), OP_OPENAT2), NULL);
		if (!*run.err)
			failed("-v, and nothing on standard error");
	}
	run_clear(&run);
}

/* What the kernel is called, which uring-jail need not have asked for. */
static void version(const char *argument)
{
	struct run run = {.policy = "-v --default=allow", .words = "facts"};
	struct utsname names;
	char expected[96];

	(void)argument;
	uname(&names);
	snprintf(expected, sizeof(expected), "Plan for Linux %.*s:\n",
		 (int)strspn(names.release, "0123456789."), names.release);
	if (jailed(&run, NEED_NOTHING) && strncmp(run.err, expected, strlen(expected)) != 0)
		failed("expected '%s', got: %s", expected, run.err);
	run_clear(&run);
}

/* --- Ctrl-Z */

#define STOP_MS 5000

static bool is_stopped(pid_t pid)
{
	char path[32], state = 0;
	FILE *file;

	snprintf(path, sizeof(path), "/proc/%d/stat", pid);
	file = fopen(path, "re");
	if (!file || fscanf(file, "%*d (%*[^)]) %c", &state) != 1)
		state = 0;
	if (file)
		fclose(file);
	return state == 'T';
}

/*
 * When the launch's child asks a ring, stops the process group as a terminal would. The launch is then
 * to stop, too, and goes on where it does; where it waits for a stopped child, it ends by SIGKILL.
 */
static _Noreturn void stop_in_trial(int listener, pid_t launch)
{
	struct seccomp_notif call = {0};
	struct seccomp_notif_resp response = {.flags = SECCOMP_USER_NOTIF_FLAG_CONTINUE};
	int waited = 0;

	setpgid(0, 0);
	close_range(STDOUT_FILENO, STDERR_FILENO, 0);
	if (ioctl(listener, SECCOMP_IOCTL_NOTIF_RECV, &call) < 0 || (pid_t)call.pid == launch)
		_exit(1);
	kill(-launch, SIGTSTP);
	response.id = call.id;
	ioctl(listener, SECCOMP_IOCTL_NOTIF_SEND, &response);
	close(listener); /* from now on, the kernel answers ENOSYS by itself */
	for (; !is_stopped(launch) && waited < STOP_MS; waited += 10)
		usleep(10000);
	kill(-launch, waited < STOP_MS ? SIGCONT : SIGKILL);
	_exit(0);
}

static void watch_trial(const void *argument)
{
	struct sock_filter code[] = {
		BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr)),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_io_uring_register, 0, 3),
		BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, args[1])),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, REG_PROBE, 0, 1),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_USER_NOTIF),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
	};
	struct sock_fprog program = {.len = sizeof(code) / sizeof(*code), .filter = code};
	pid_t launch = getpid();
	int listener;

	(void)argument;
	prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0);
	listener = (int)syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER,
				SECCOMP_FILTER_FLAG_NEW_LISTENER, &program);
	if (listener < 0)
		_exit(97);
	if (fork() == 0)
		stop_in_trial(listener, launch);
	close(listener);
}

/* A shell waits until what it has started is stopped, and only then lets it be continued. */
static void stopped(const char *policy)
{
	struct run run = {.policy = policy, .words = "facts", .before = watch_trial};
	char blocked[32] = "";

	if (!live.kernel.restricts)
		skip("the kernel has no restrictions, so nothing is tried");
	run_it(&run);
	expect_status(&run, 0);
	if (!run_fact(&run, "SigBlk", blocked, sizeof(blocked)) || strtoull(blocked, NULL, 16) != 0)
		failed("[%s]: blocked signals: %s", policy, blocked);
	run_clear(&run);
}

const struct test process_tests[] = {
	{"usage-errors", usage_errors, NULL},
	{"no-command", no_command, "--deny-op=openat2"},
	{"no-command-default-allow", no_command, "--default=allow"},
	{"not-found", not_found, NULL},
	{"not-executable", not_executable, NULL},
	{"own-status", own_status, NULL},
	{"own-signal", own_signal, NULL},
	{"kept", kept, NULL},
	{"kept-closed-stdio", kept_closed, "out=40 facts"},
	{"children-ignored", children_ignored, NULL},
	{"stopped", stopped, "--deny-register=personality"},
	{"unprivileged", unprivileged, NULL},
	{"set-user-id", set_user_id, NULL},
	{"own-options", own_options, NULL},
	{"verbose", verbose, NULL},
	{"version", version, NULL},
	{NULL, NULL, NULL},
};
