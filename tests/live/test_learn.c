// SPDX-License-Identifier: MIT
/* Watching a run: what is learned from it, and what is said of what was denied. */
#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <linux/capability.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "live.h"
#include "verdict.h"

#define TEXT_MAX 16384

/* Where the policy is that a test learns. */
static const char *learned_path(void)
{
	static char path[128];

	snprintf(path, sizeof(path), "%s/learned.policy", live.scratch);
	return path;
}

static void read_file(const char *path, char text[TEXT_MAX])
{
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	ssize_t size = fd < 0 ? 0 : read(fd, text, TEXT_MAX - 1);

	text[size < 0 ? 0 : size] = '\0';
	if (fd >= 0)
		close(fd);
}

static void write_file(const char *path, const char *text)
{
	FILE *file = fopen(path, "w");

	if (!file || fputs(text, file) < 0 || fclose(file) != 0)
		abort();
}

/* Runs the launcher with options, in which %s is the policy, on the program with words. */
static void run_watched(struct run *run, const char *options, const char *words)
{
	static char policy[512], command[512];

	snprintf(policy, sizeof(policy), options, learned_path());
	if (run->command == NULL) {
		snprintf(command, sizeof(command), "-- %s %s", live.watched, words);
		run->command = command;
	}
	run->policy = policy;
	run_it(run);
}

static void expect_exit(const struct run *run, int status)
{
	if (run->hung || !WIFEXITED(run->status) || WEXITSTATUS(run->status) != status)
		failed("[%s] %s: expected exit status %d, got wait status 0x%x; %s", run->policy,
		       run->command, status, (unsigned)run->status, run->err);
}

static void expect_signal(const struct run *run, int signal)
{
	if (run->hung || !WIFSIGNALED(run->status) || WTERMSIG(run->status) != signal)
		failed("[%s] %s: expected signal %d, got wait status 0x%x; %s", run->policy,
		       run->command, signal, (unsigned)run->status, run->err);
}

/* Nothing else than what was there before is in the scratch directory: no temporary files. */
static void expect_no_rest(void)
{
	char command[256];

	snprintf(command, sizeof(command), "test -z \"$(ls %s | grep learned.policy.)\"",
		 live.scratch);
	if (system(command) != 0)
		failed("a temporary file is left");
}

static void expect_text(const char *text, const char *expected)
{
	if (!strstr(text, expected))
		failed("expected '%s' in: %s", expected, text);
}

/* The lines of a policy file that are no comments. */
static void expect_policy(const char *expected)
{
	char text[TEXT_MAX], *policy = text;

	read_file(learned_path(), text);
	while (*policy == '#' && strchr(policy, '\n'))
		policy = strchr(policy, '\n') + 1;
	if (strcmp(policy, expected) != 0)
		failed("expected '%s', got '%s'", expected, text);
	expect_no_rest();
}

static void learn(const char *words, const char *expected)
{
	struct run run = {0};

	run_watched(&run, "--learn=%s --force", words);
	expect_exit(&run, 0);
	if (*run.err || *run.out)
		failed("%s: output: %s%s", words, run.out, run.err);
	expect_policy(expected);
	run_clear(&run);
}

/* --- what is learned */

#define DENIED "\ndefault deny\ndefault register deny\ndefault sqe-flags deny\n"

static void kinds(const char *argument)
{
	(void)argument;
	learn("", DENIED);
	learn("nops=1", DENIED "allow nop\n");
	learn("thread nops=1", DENIED "allow nop\n");
	learn("fork nops=1", DENIED "allow nop\n");
	learn("exec nops=1", DENIED "allow nop\n");
	learn("sqpoll nops=1", DENIED "allow nop\n");
	learn("thread fork thread exec sqpoll openat", DENIED "allow openat\n");
	learn("linked", DENIED "allow nop\nallow sqe-flags io_link\n");
	learn("fixed", DENIED "allow read\nallow register files, unregister_files\n"
			      "allow sqe-flags fixed_file\n");
	learn("query", DENIED);
	learn("unknown unregistered", DENIED);
	learn("invalid", DENIED "allow read\nallow sqe-flags async\n");
}

/* Register operations without a ring have no tracepoint of their own. */
static void ringless(const char *argument)
{
	(void)argument;
	learn("message", DENIED "allow msg_ring\nallow register send_msg_ring\n");
}

#define MANY                                                                                       \
	"nops=100 thread linked fork openat openat2 sqpoll nops=50 statx exec fixed thread query " \
	"socket fork sqpoll nops=100"

static void counts(const char *argument)
{
	struct run run = {0};
	char text[TEXT_MAX];

	(void)argument;
	run_watched(&run, "--learn=%s --force", MANY);
	expect_exit(&run, 0);
	read_file(learned_path(), text);
	expect_text(text, "# Requests: 257\n"
			  "#   basic-io: read 1\n"
			  "#   file-system: openat 1, statx 1, openat2 1\n"
			  "#   network-io: socket 1\n"
			  "#   ring: nop 252\n"
			  "#   with SQE flags: fixed_file 1, io_link 1");
	expect_text(text, "# Register operations: 3\n"
			  "#   files: files 1, unregister_files 1\n"
			  "#   features: query 1\n");
	expect_text(text, DENIED "allow nop, openat, statx, read, openat2, socket\n"
				 "allow register files, unregister_files\n"
				 "allow sqe-flags fixed_file, io_link");
	run_clear(&run);
}

static unsigned lines_with(const char *text, const char *word)
{
	unsigned n = 0;

	for (; (text = strstr(text, word)); text++)
		n++;
	return n;
}

/* What was learned denies nothing of the same, and does deny something else. */
static void enforced(const char *argument)
{
	struct run first = {0}, same = {0}, other = {0};

	(void)argument;
	run_watched(&first, "--learn=%s --force", MANY);
	expect_exit(&first, 0);
	run_watched(&same, "-p %s --log-denied", MANY);
	if (!can_enforce(NEED_OPS)) {
		expect_exit(&same, 125);
	} else {
		expect_exit(&same, 0);
		if (strcmp(same.err, "uring-jail: denied in all: nothing\n") != 0)
			failed("denied: %s", same.err);
		run_watched(&other, "-p %s --log-denied", MANY " fsync");
		expect_exit(&other, 0);
		expect_text(other.err, "uring-jail: denied in all: fsync 1\n");
		if (lines_with(other.err, "uring-jail: denied: ") != 1)
			failed("denied: %s", other.err);
		run_clear(&other);
	}
	run_clear(&first);
	run_clear(&same);
}

/* A policy that is given is extended; what it says by a statement stays. */
static void extended(const char *argument)
{
	struct run run = {0};
	char text[TEXT_MAX];

	(void)argument;
	write_file(learned_path(), "allow openat2 if resolve & RESOLVE_BENEATH\n"
				   "allow nop # of mine\ndeny statx\n");
	run_watched(&run, "-p %1$s --learn=%1$s --force", "nops=1 openat openat2 statx");
	expect_exit(&run, 0);
	expect_text(run.err, "uring-jail: learning: the policy is not enforced in this run, but "
			     "extended\n");
	expect_text(run.err, "does not allow, or only under conditions, some of what");
	read_file(learned_path(), text);
	expect_text(text, "#   statx 1, denied by deny statx\n"
			  "#   openat2 1, perhaps denied by allow ");
	expect_text(text, "\nallow nop, openat\n");
	expect_text(text, "\ndeny statx\n");
	run_clear(&run);
}

/* What outlives the command is still watched. */
static void orphans(const char *argument)
{
	struct run run = {0};
	char command[256], path[128];

	(void)argument;
	snprintf(path, sizeof(path), "%s/orphans", live.scratch);
	snprintf(command, sizeof(command),
		 "#!/bin/sh\n(sleep 2; exec %s nops=3) >/dev/null 2>&1 &\n"
		 "exit 3\n",
		 live.watched);
	write_file(path, command);
	chmod(path, 0755);
	run.command = path;
	run_watched(&run, "--learn=%s --force", NULL);
	expect_exit(&run, 3);
	expect_text(run.err, "has ended; still watching what it has started");
	expect_policy(DENIED "allow nop\n");
	run_clear(&run);
}

/* --- the end of a run */

static void statuses(const char *options)
{
	static const int values[] = {0, 1, 42, 125, 126, 127, 255};
	static const int signals[] = {SIGTERM, SIGKILL, SIGSEGV, SIGABRT, SIGINT, SIGPIPE};
	char words[32];

	for (size_t i = 0; i < sizeof(values) / sizeof(*values); i++) {
		struct run run = {0};

		snprintf(words, sizeof(words), "exit=%d", values[i]);
		run_watched(&run, options, words);
		expect_exit(&run, values[i]);
		run_clear(&run);
	}
	for (size_t i = 0; i < sizeof(signals) / sizeof(*signals); i++) {
		struct run run = {0};

		snprintf(words, sizeof(words), "kill=%d", signals[i]);
		run_watched(&run, options, words);
		expect_signal(&run, signals[i]);
		run_clear(&run);
	}
}

/* A command that does not run leaves no file. */
static void not_run(const char *argument)
{
	struct run missing = {.command = "/no/such/command"};
	struct run unusable = {.command = live.scratch};

	(void)argument;
	unlink(learned_path());
	run_watched(&missing, "--learn=%s", NULL);
	expect_exit(&missing, 127);
	run_watched(&unusable, "--learn=%s", NULL);
	expect_exit(&unusable, 126);
	if (access(learned_path(), F_OK) == 0)
		failed("there is a file");
	expect_no_rest();
	run_clear(&missing);
	run_clear(&unusable);
}

/* Starts the launcher in a process group of its own, with the program that sleeps; waits for that. */
static pid_t start_sleeper(const char *option)
{
	char mark[128];
	pid_t launcher;

	snprintf(mark, sizeof(mark), "%s/ready", live.scratch);
	unlink(mark);
	launcher = fork();
	if (launcher == 0) {
		setpgid(0, 0);
		execl(live.launcher, "uring-jail", "-q", option, "--force", "--", live.watched,
		      "nops=5", "mark", mark, "sleep", NULL);
		_exit(99);
	}
	for (int i = 0; i < 1000 && access(mark, F_OK) < 0; i++)
		usleep(10000);
	return launcher;
}

static void interrupted_by(int number, bool group)
{
	char option[160];
	pid_t launcher;
	int status;

	snprintf(option, sizeof(option), "--learn=%s", learned_path());
	unlink(learned_path());
	launcher = start_sleeper(option);
	kill(group ? -launcher : launcher, number);
	waitpid(launcher, &status, 0);
	if (!WIFSIGNALED(status) || WTERMSIG(status) != number)
		failed("signal %d: wait status 0x%x", number, (unsigned)status);
	expect_policy(DENIED "allow nop\n");
}

static void interrupted(const char *argument)
{
	(void)argument;
	interrupted_by(SIGINT, true);
	interrupted_by(SIGINT, false);
	interrupted_by(SIGTERM, false);
	interrupted_by(SIGHUP, false);
	interrupted_by(SIGUSR1, false);
}

/* The state of the process, as in ps(1). */
static char state_of(pid_t pid)
{
	char path[64], text[TEXT_MAX];
	const char *end;

	snprintf(path, sizeof(path), "/proc/%d/stat", (int)pid);
	read_file(path, text);
	end = strrchr(text, ')');
	return end ? end[2] : '?';
}

static pid_t child_of(pid_t pid)
{
	char path[64], text[TEXT_MAX];

	snprintf(path, sizeof(path), "/proc/%d/task/%d/children", (int)pid, (int)pid);
	read_file(path, text);
	return (pid_t)atoi(text);
}

/* As a job, both stop and go on. */
static void stopped(const char *argument)
{
	char option[160];
	pid_t launcher;
	int status;

	(void)argument;
	snprintf(option, sizeof(option), "--learn=%s", learned_path());
	launcher = start_sleeper(option);
	kill(launcher, SIGTSTP);
	if (waitpid(launcher, &status, WUNTRACED) != launcher || !WIFSTOPPED(status))
		failed("wait status 0x%x", (unsigned)status);
	usleep(100000);
	if (state_of(child_of(launcher)) != 'T')
		failed("the command is %c", state_of(child_of(launcher)));
	kill(launcher, SIGCONT);
	usleep(200000);
	if (state_of(child_of(launcher)) != 'S')
		failed("the command is %c", state_of(child_of(launcher)));
	kill(launcher, SIGTERM);
	waitpid(launcher, &status, 0);
	if (!WIFSIGNALED(status) || WTERMSIG(status) != SIGTERM)
		failed("wait status 0x%x", (unsigned)status);
}

/* Nothing of the trace outlives a launcher that is killed; neither does half a file. */
static void killed(const char *argument)
{
	char option[160];
	pid_t launcher;
	int status;

	(void)argument;
	snprintf(option, sizeof(option), "--learn=%s", learned_path());
	unlink(learned_path());
	launcher = start_sleeper(option);
	if (child_of(launcher) == 0)
		failed("the launcher is not the parent");
	kill(launcher, SIGKILL);
	waitpid(launcher, &status, 0);
	kill(-launcher, SIGKILL);
	if (access(learned_path(), F_OK) == 0)
		failed("there is a file");
	expect_no_rest();
	if (access("/sys/kernel/tracing/events", F_OK) == 0 &&
	    system("test -z \"$(ls /sys/kernel/tracing/instances)\" &&"
		   "! grep -q io_uring /sys/kernel/tracing/set_event") != 0)
		failed("something of the trace is left");
}

/* --- the file */

static void expect_kept(const char *options, const char *message, const char *text)
{
	struct run run = {0};
	char now[TEXT_MAX];

	run_watched(&run, options, "nops=1");
	expect_exit(&run, 125);
	expect_text(run.err, message);
	read_file(learned_path(), now);
	if (strcmp(now, text) != 0)
		failed("[%s] the file has changed: %s", options, now);
	run_clear(&run);
}

static void files(const char *argument)
{
	char link[160], text[TEXT_MAX];
	struct run run = {0};

	(void)argument;
	write_file(learned_path(), "mine\n");
	expect_kept("--learn=%s", "is there already; --force replaces it", "mine\n");
	expect_kept("--learn=%s/x", "Not a directory", "mine\n");
	expect_kept("--learn=/no/such/directory/x", "No such file or directory", "mine\n");
	expect_kept("--force --learn=/dev/null", "not a regular file", "mine\n");
	expect_kept("--force --learn=/tmp", "not a regular file", "mine\n");
	snprintf(link, sizeof(link), "%s/link", live.scratch);
	if (symlink(learned_path(), link) < 0)
		abort();
	snprintf(text, sizeof(text), "--learn=%s", link);
	expect_kept(text, "is there already", "mine\n");
	snprintf(text, sizeof(text), "--force --learn=%s", link);
	run_watched(&run, text, "nops=1");
	expect_exit(&run, 0);
	expect_policy(DENIED "allow nop\n");
	if (readlink(link, text, sizeof(text)) < 0)
		failed("the link was replaced: %s", strerror(errno));
	unlink(link);
	run_clear(&run);
}

/* One that came up meanwhile is not replaced, and what was learned is not lost. */
static void overtaken(const char *argument)
{
	char option[160], text[TEXT_MAX], command[512];
	pid_t launcher;
	int status;

	(void)argument;
	snprintf(option, sizeof(option), "--learn=%s", learned_path());
	unlink(learned_path());
	launcher = fork();
	if (launcher == 0) {
		execl(live.launcher, "uring-jail", "-q", option, "--", live.watched, "nops=5",
		      "mark", learned_path(), NULL);
		_exit(99);
	}
	waitpid(launcher, &status, 0);
	if (!WIFEXITED(status) || WEXITSTATUS(status) != 125)
		failed("wait status 0x%x", (unsigned)status);
	read_file(learned_path(), text);
	if (*text)
		failed("the file was replaced: %s", text);
	snprintf(command, sizeof(command), "grep -q '^allow nop$' %s.?????? && rm %s.??????",
		 learned_path(), learned_path());
	if (system(command) != 0)
		failed("what was learned is lost");
}

/* --- what goes wrong */

static void lost(const char *argument)
{
	struct run run = {0}, other = {0};
	char text[TEXT_MAX];

	(void)argument;
	run_watched(&run, "--learn=%s --force --trace-buffer=4", "stop nops=250 continue");
	expect_exit(&run, 125);
	expect_text(run.err, " events were lost, so ");
	read_file(learned_path(), text);
	expect_text(text, "# INCOMPLETE: ");
	expect_text(text, "\nallow nop\n");
	run_watched(&other, "--learn=%s --force --trace-buffer=4", "stop nops=250 continue exit=3");
	expect_exit(&other, 3);
	expect_text(other.err, " events were lost, so ");
	run_clear(&run);
	run_clear(&other);
}

/* Nothing runs, and there is no file; leaves what was said in `err`, for the caller to run_clear(). */
static void expect_not_run(struct run *run, const char *options)
{
	char mark[128], words[160];

	snprintf(mark, sizeof(mark), "%s/ready", live.scratch);
	snprintf(words, sizeof(words), "mark %s", mark);
	unlink(mark);
	unlink(learned_path());
	run_watched(run, options, words);
	expect_exit(run, 125);
	if (access(mark, F_OK) == 0)
		failed("[%s] the command ran", options);
	if (access(learned_path(), F_OK) == 0)
		failed("[%s] there is a file", options);
}

static void unprivileged(const char *options)
{
	struct run run = {.before = become_nobody};

	expect_not_run(&run, options);
	expect_text(run.err, "root");
	run_clear(&run);
}

/* Where tracefs is not mounted, a private mount of it serves. */
static void without_tracefs(const void *argument)
{
	(void)argument;
	if (unshare(CLONE_NEWNS) < 0 || mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) < 0)
		_exit(97);
	umount2("/sys/kernel/tracing", MNT_DETACH);
	if (access("/sys/kernel/tracing/events", F_OK) == 0)
		_exit(96);
}

static void private_mount(const char *argument)
{
	struct run run = {.before = without_tracefs};

	(void)argument;
	run_watched(&run, "--learn=%s --force", "nops=1");
	expect_exit(&run, 0);
	expect_policy(DENIED "allow nop\n");
	run_clear(&run);
}

/* --- what is denied */

/* A line of the log, or what is left of it after the time: "watched[12/13] nop: ...". */
struct line {
	char time[32], program[16];
	int pid, tid; /* tid is 0 where it is the pid */
	char what[512];
};

static bool read_line(const char **text, struct line *line)
{
	static const char start[] = "uring-jail: denied: ";
	const char *end;
	int size = 0;

	*line = (struct line){0};
	if (strncmp(*text, start, strlen(start)) != 0)
		return false;
	*text += strlen(start);
	if (sscanf(*text, "%31s %15[^[][%d] %n", line->time, line->program, &line->pid, &size) <
		    3 ||
	    size == 0)
		sscanf(*text, "%31s %15[^[][%d/%d] %n", line->time, line->program, &line->pid,
		       &line->tid, &size);
	end = strchrnul(*text, '\n');
	if (size == 0 || end - *text - size >= (int)sizeof(line->what))
		return false;
	memcpy(line->what, *text + size, (size_t)(end - *text - size));
	*text = end + (*end == '\n');
	return true;
}

/* A time between the two, and no earlier than the one before. */
static void expect_time(const char *time, char before[32], time_t start)
{
	struct tm tm = {0};
	const char *rest = strptime(time, "%Y-%m-%dT%H:%M:%S.", &tm);
	time_t seconds = timegm(&tm);

	if (!rest || strlen(rest) != 7 || rest[6] != 'Z' || seconds < start - 1 ||
	    seconds > start + 60)
		failed("time %s", time);
	if (strcmp(time, before) < 0)
		failed("%s after %s", time, before);
	strcpy(before, time);
}

static void expect_log(const struct run *run, const char *const *expected, size_t n, time_t start)
{
	const char *text = run->err;
	char before[32] = "";
	struct line line;

	for (size_t i = 0; i < n; i++) {
		if (!read_line(&text, &line)) {
			failed("'%s' is missing: %s", expected[i], run->err);
			return;
		}
		if (strcmp(line.what, expected[i]) != 0)
			failed("expected '%s', got '%s'", expected[i], line.what);
		if (strcmp(line.program, "watched") != 0)
			failed("program %s: %s", line.program, line.what);
		expect_time(line.time, before, start);
	}
	if (strcmp(text, "uring-jail: denied in all: nop 2, openat 1, statx 1, read 1, socket 1, "
			 "register query 1\n") != 0)
		failed("in the end: %s", text);
}

/* Requests are told of once each, in their order, with what is known of them. */
static void told(const char *argument)
{
#define AT "./denied.policy:"
	static const char *const expected[] = {
		"nop: " AT "1: deny nop, statx",
		"nop: " AT "1: deny nop, statx",
		"statx: " AT "1: deny nop, statx",
		"openat flags=O_WRONLY|O_CLOEXEC user_data=0x1234: " AT
		"2: deny openat if accmode != O_RDONLY",
		"socket family=? type=SOCK_STREAM (?: not in the trace): perhaps " AT
		"3: deny socket if family == AF_INET6, or " AT
		"4: deny socket if type == SOCK_STREAM",
		"read sqe_flags=IOSQE_FIXED_FILE: " AT "5: deny sqe-flags fixed_file",
		"register query: " AT "6: deny register query",
	};
	struct run run = {0};
	time_t start = time(NULL);

	(void)argument;
	if (chdir(live.scratch) < 0)
		abort();
	write_file("denied.policy", "deny nop, statx\n"
				    "deny openat if accmode != O_RDONLY\n"
				    "deny socket if family == AF_INET6\n"
				    "deny socket if type == SOCK_STREAM\n"
				    "deny sqe-flags fixed_file\n"
				    "deny register query\n");
	run_watched(&run, "--log-denied -p ./denied.policy",
		    "openat2 nops=2 thread fork statx openat sqpoll socket fixed query");
	if (can_enforce(NEED_OPS)) {
		expect_exit(&run, 0);
		expect_log(&run, expected, sizeof(expected) / sizeof(*expected), start);
	} else {
		expect_exit(&run, 125);
	}
	run_clear(&run);
}

/* For programs: an object for each, one for all, and nothing else. */
static void told_json(const char *argument)
{
	struct run run = {0};

	(void)argument;
	run_watched(&run, "--log-denied --json -d socket --deny-register=files", "sqpoll socket");
	if (can_enforce(NEED_OPS)) {
		expect_exit(&run, 0);
		if (lines_with(run.err, "\n") != 2)
			failed("%s", run.err);
		expect_text(run.err, "{\"kind\":\"denied\",\"schema\":1,\"time\":\"20");
		expect_text(run.err,
			    "\"program\":\"watched\",\"errno\":13,\"request\":\"socket family=? "
			    "type=SOCK_STREAM\",\"operation\":{\"number\":45,\"name\":\"socket\","
			    "\"register\":false},\"unknown\":[\"family\"],\"sqe\":{\"opcode\":45,"
			    "\"flags\":0,\"ioprio\":0,\"off\":\"0x1\",");
		expect_text(run.err, "\"certain\":true,\"denied_by\":[{\"reason\":\"deny\","
				     "\"statement\":{\"text\":\"socket\",\"source\":\"--deny-op\"");
		expect_text(run.err, "\n{\"kind\":\"denied_counts\",\"schema\":1,\"operations\":[{"
				     "\"number\":45,\"name\":\"socket\",\"register\":false,"
				     "\"count\":1}],\"other_register_operations\":0,\"setups\":0,"
				     "\"lost_events\":0,\"complete\":true}\n");
	} else {
		expect_exit(&run, 125);
	}
	run_clear(&run);
}

/* Register operations: by restrictions or by seccomp, which keeps them from the tracepoint. */
static void told_register(const char *argument)
{
	struct run run = {0};

	(void)argument;
	run_watched(&run, "--log-denied --deny-register=files,query,send_msg_ring",
		    "query fork message query fork fixed");
	expect_text(run.err, "] register query: --deny-register: files,query,send_msg_ring\n");
	expect_text(run.err,
		    "] register send_msg_ring: --deny-register: files,query,send_msg_ring\n");
	expect_text(run.err, "] register files: --deny-register: files,query,send_msg_ring\n");
	expect_text(run.err, "denied in all: register files 1, register send_msg_ring 1, register "
			     "query 2\n");
	if (lines_with(run.err, "uring-jail: denied: ") != 4)
		failed("%s", run.err);
	run_clear(&run);
}

/* A jail around this one is not this policy. */
static void told_of_others(const char *argument)
{
	struct run run = {0};
	char policy[256];

	(void)argument;
	if (!can_enforce(NEED_OPS))
		skip("this kernel enforces no rule for operations");
	snprintf(policy, sizeof(policy), "-q -d fsync -- %s -q --log-denied -d nop", live.launcher);
	run_watched(&run, policy, "nops=1 fsync");
	expect_exit(&run, 0);
	expect_text(run.err, "] fsync: not by this policy\n");
	expect_text(run.err, "] nop: --deny-op: nop\n");
	run_clear(&run);
}

/* Where all of io_uring is closed, that is what is denied. */
static void told_closed(const char *argument)
{
	struct run run = {0};

	(void)argument;
	if (can_enforce(NEED_OPS))
		skip("this kernel enforces rules for operations");
	run_watched(&run, "-q --log-denied --unsupported=deny -d nop", "nops=1");
	expect_exit(&run, 99);
	expect_text(run.err, "] io_uring_setup(2): all of io_uring is closed\n");
	expect_text(run.err, "denied in all: io_uring_setup(2) 1\n");
	run_clear(&run);
}

static void told_lost(const char *argument)
{
	struct run run = {0};

	(void)argument;
	if (!can_enforce(NEED_OPS))
		skip("this kernel enforces no rule for operations");
	run_watched(&run, "--log-denied --trace-buffer=4 -d nop", "stop nops=250 continue");
	expect_exit(&run, 0);
	expect_text(run.err, " events were lost: not every denied request was reported");
	run_clear(&run);
}

/* --- the command itself */

/* All that a command can inherit, and a launcher that watches could spoil. */
static void with_much(const void *argument)
{
	sigset_t blocked;

	(void)argument;
	sigemptyset(&blocked);
	sigaddset(&blocked, SIGUSR1);
	sigaddset(&blocked, SIGCHLD);
	sigprocmask(SIG_SETMASK, &blocked, NULL);
	signal(SIGCHLD, SIG_IGN);
	signal(SIGHUP, SIG_IGN);
	dup2(open("/dev/null", O_RDONLY), 17);
}

/* Lines of the one that the other lacks, but for the process's own numbers. */
static void expect_facts(const struct run *one, const struct run *other)
{
	char line[512];
	size_t length;

	for (const char *at = one->out; *at; at += length + (at[length] == '\n')) {
		length = strcspn(at, "\n");
		snprintf(line, sizeof(line), "%.*s\n", (int)length, at);
		if (strncmp(line, "fact pid ", 9) == 0 || strncmp(line, "fact ppid ", 10) == 0 ||
		    strncmp(line, "fact pgid ", 10) == 0 || strstr(line, " pipe:["))
			continue;
		if (!strstr(other->out, line))
			failed("[%s] not in the other run: %s", one->policy, line);
	}
}

/* It finds the same as without being watched: file descriptors, signals, environment. */
static void unchanged(const char *options)
{
	char policy[256];
	struct run plain = {.policy = "-q --default=allow", .words = "facts", .before = with_much};
	struct run run = {.policy = policy, .words = "facts", .before = with_much};

	snprintf(policy, sizeof(policy), options, learned_path());
	run_it(&plain);
	run_it(&run);
	expect_exit(&plain, 0);
	expect_exit(&run, 0);
	expect_facts(&plain, &run);
	expect_facts(&run, &plain);
	if (!strstr(plain.out, "fact fd17 "))
		failed("no facts: %s", plain.out);
	/* The numbers of pipes differ, so these are only counted. */
	if (lines_with(plain.out, "\nfact fd") != lines_with(run.out, "\nfact fd"))
		failed("[%s] other file descriptors: %s", options, run.out);
	run_clear(&plain);
	run_clear(&run);
}

static void close_all_three(const void *argument)
{
	(void)argument;
	dup2(STDOUT_FILENO, 40);
	close(STDIN_FILENO);
	close(STDOUT_FILENO);
	close(STDERR_FILENO);
}

/* Nothing of the launcher's takes the place of what is closed. */
static void closed(const char *options)
{
	struct run plain = {
		.policy = "-q --default=allow", .words = "out=40 facts", .before = close_all_three};
	struct run run = {.policy = options, .words = "out=40 facts", .before = close_all_three};

	run_it(&plain);
	run_it(&run);
	expect_exit(&plain, 0);
	expect_exit(&run, 0);
	expect_facts(&plain, &run);
	expect_facts(&run, &plain);
	run_clear(&plain);
	run_clear(&run);
}

static void with_few_files(const void *argument)
{
	const struct rlimit few = {9, 9};

	close_all_three(argument);
	if (setrlimit(RLIMIT_NOFILE, &few) < 0)
		_exit(97);
}

/* Where the launcher fails after its fork, the command does not run, and no message lets it. */
static void not_attached(const char *options)
{
	struct run run = {.before = with_few_files};

	expect_not_run(&run, options);
	run_clear(&run);
}

/* Somebody who may watch, and nothing else but read tracefs. */
static void become_watcher(const void *argument)
{
	static const int caps[] = {CAP_PERFMON, CAP_DAC_READ_SEARCH};
	struct __user_cap_header_struct header = {.version = _LINUX_CAPABILITY_VERSION_3};
	struct __user_cap_data_struct data[2] = {0};

	(void)argument;
	if (access("/sys/kernel/tracing/events", F_OK) < 0 &&
	    (unshare(CLONE_NEWNS) < 0 || mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) < 0 ||
	     mount("tracefs", "/sys/kernel/tracing", "tracefs", 0, NULL) < 0))
		_exit(97);
	for (int i = 0; i < 2; i++) {
		struct __user_cap_data_struct *part = &data[CAP_TO_INDEX(caps[i])];

		part->effective |= CAP_TO_MASK(caps[i]);
		part->permitted = part->inheritable = part->effective;
	}
	if (prctl(PR_SET_KEEPCAPS, 1) < 0 || setgroups(0, NULL) < 0 || setgid(65534) < 0 ||
	    setuid(65534) < 0 || syscall(SYS_capset, &header, data) < 0)
		_exit(97);
	for (int i = 0; i < 2; i++)
		if (prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_RAISE, caps[i], 0, 0) < 0)
			_exit(97);
}

/*
 * CAP_PERFMON is enough, the smaller buffer included. And the launcher, which is outside the jail,
 * is not open to the command, which has the same user and the same capabilities.
 */
static void perfmon(const char *argument)
{
	static const char paranoid[] = "/proc/sys/kernel/perf_event_paranoid";
	struct run run = {.before = become_watcher};
	char before[TEXT_MAX];

	(void)argument;
	unlink(learned_path());
	/* Debian's kernels have a 3, which wants CAP_SYS_ADMIN. */
	read_file(paranoid, before);
	write_file(paranoid, "2\n");
	run_watched(&run, "--learn=%s", "nops=2 peek");
	write_file(paranoid, before);
	expect_exit(&run, 0);
	expect_policy(DENIED "allow nop\n");
	run_clear(&run);
}

const struct test learn_tests[] = {
	{"learn-kinds", kinds, NULL},
	{"learn-ringless", ringless, NULL},
	{"learn-counts", counts, NULL},
	{"learn-enforced", enforced, NULL},
	{"learn-extended", extended, NULL},
	{"learn-orphans", orphans, NULL},
	{"learn-status", statuses, "--learn=%s --force"},
	{"learn-not-run", not_run, NULL},
	{"learn-interrupted", interrupted, NULL},
	{"learn-stopped", stopped, NULL},
	{"learn-killed", killed, NULL},
	{"learn-not-attached", not_attached, "--learn=%s"},
	{"log-not-attached", not_attached, "--log-denied --default=allow"},
	{"learn-files", files, NULL},
	{"learn-overtaken", overtaken, NULL},
	{"learn-lost", lost, NULL},
	{"learn-unprivileged", unprivileged, "--learn=%s"},
	{"learn-perfmon", perfmon, NULL},
	{"learn-private-mount", private_mount, NULL},
	{"learn-unchanged", unchanged, "-q --learn=%s --force"},
	{"learn-closed", closed, "-q --learn=/tmp/closed.policy --force"},
	{"log-told", told, NULL},
	{"log-json", told_json, NULL},
	{"log-register", told_register, NULL},
	{"log-others", told_of_others, NULL},
	{"log-closed", told_closed, NULL},
	{"log-lost", told_lost, NULL},
	{"log-status", statuses, "-q --log-denied --default=allow"},
	{"log-unprivileged", unprivileged, "--log-denied --default=allow"},
	{"log-unchanged", unchanged, "-q --log-denied --default=allow"},
	{"log-fds-closed", closed, "-q --log-denied --default=allow"},
	{NULL, NULL, NULL},
};
