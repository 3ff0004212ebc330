// SPDX-License-Identifier: MIT
/*
 * Tests of uring-jail on a real kernel.
 *
 *   live [-ov] [-l LAUNCHER] [-t TARGET] [TEST...]
 *
 * As root, in a virtual machine: it mounts a tmpfs, and /proc where it is missing, and brings the
 * loopback interface up. TESTs are names or patterns (fnmatch). LAUNCHER is by default the
 * uring-jail next to this program, or else in PATH; TARGET the program `target` or `live-target`;
 * the program `watched` is searched for likewise.
 * With -o the kernel may be too old to restrict tasks: then only those tests run that mean something
 * there.
 *
 * Writes one line a test, `ok NAME`, `FAIL NAME: why` or `skip NAME: why`, and the count. The exit
 * status is 1 where a test failed or none ran, 2 where they could not be run.
 */
#include "live.h"

#include <fcntl.h>
#include <fnmatch.h>
#include <poll.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "clock.h"

#define TEST_TIMEOUT_MS 90000
#define FAILURES_SHOWN	5
#define SKIPPED		77

struct live live;

static struct {
	unsigned int passed, failed, skipped;
} count;

/* In the process of a test: what it reports goes here, a line each, 'F' or 'S' first. */
static FILE *report;
static unsigned int failures;

static void say(char kind, const char *format, va_list arguments)
{
	char text[1024];

	vsnprintf(text, sizeof(text), format, arguments);
	for (char *end; (end = strchr(text, '\n'));)
		*end = end[1] ? '|' : '\0';
	fprintf(report, "%c%s\n", kind, text);
}

void failed(const char *format, ...)
{
	va_list arguments;

	va_start(arguments, format);
	if (failures++ < FAILURES_SHOWN || live.verbose)
		say('F', format, arguments);
	va_end(arguments);
}

void skip(const char *format, ...)
{
	va_list arguments;

	va_start(arguments, format);
	say('S', format, arguments);
	va_end(arguments);
	fclose(report);
	_exit(SKIPPED);
}

static _Noreturn void in_child(const struct test *test, int fd)
{
	setpgid(0, 0);
	report = fdopen(fd, "w");
	if (!report)
		_exit(99);
	setvbuf(report, NULL, _IOLBF, 0);
	test->run(test->argument);
	if (failures > FAILURES_SHOWN && !live.verbose)
		fprintf(report, "Fand %u more\n", failures - FAILURES_SHOWN);
	fclose(report);
	_exit(failures ? 1 : 0);
}

static void print_line(const struct test *test, const char *line)
{
	printf("%s %s: %s", *line == 'S' ? "skip" : "FAIL", test->name, line + 1);
}

/* Prints what the test reports until it has ended; returns false where that takes too long. */
static bool relay(const struct test *test, int fd)
{
	int64_t deadline = clock_ms() + TEST_TIMEOUT_MS;
	struct pollfd wait = {.fd = fd, .events = POLLIN};
	char line[1100];
	size_t used = 0;

	while (poll(&wait, 1, (int)(deadline - clock_ms())) > 0) {
		if (read(fd, line + used, 1) <= 0)
			return true;
		if (line[used++] != '\n' && used < sizeof(line) - 1)
			continue;
		line[used] = '\0';
		print_line(test, line);
		used = 0;
	}
	return false;
}

/* Counts a test by how its process ended. What it has not said itself is said here. */
static void judge(const struct test *test, bool in_time, int status, int64_t took)
{
	if (in_time && WIFEXITED(status) && WEXITSTATUS(status) == 0) {
		count.passed++;
		printf("ok %s", test->name);
		printf(live.verbose ? " (%lld ms)\n" : "\n", (long long)took);
		return;
	}
	if (in_time && WIFEXITED(status) && WEXITSTATUS(status) == SKIPPED) {
		count.skipped++;
		return;
	}
	count.failed++;
	if (!in_time)
		printf("FAIL %s: took too long\n", test->name);
	else if (!WIFEXITED(status) || WEXITSTATUS(status) != 1)
		printf("FAIL %s: its process ended with wait status 0x%x\n", test->name,
		       (unsigned)status);
}

static void run_test(const struct test *test)
{
	int64_t start = clock_ms();
	int fds[2], status = -1;
	bool in_time;
	pid_t child;

	fflush(stdout);
	if (pipe2(fds, O_CLOEXEC) < 0 || (child = fork()) < 0) {
		perror("live");
		exit(2);
	}
	if (child == 0)
		in_child(test, fds[1]);
	close(fds[1]);
	in_time = relay(test, fds[0]);
	if (!in_time)
		kill(-child, SIGKILL);
	close(fds[0]);
	waitpid(child, &status, 0);
	judge(test, in_time, status, clock_ms() - start);
}

static bool wanted(const struct test *test, char **patterns)
{
	if (!*patterns)
		return true;
	for (; *patterns; patterns++)
		if (fnmatch(*patterns, test->name, 0) == 0)
			return true;
	return false;
}

static void run_list(const struct test *list, char **patterns)
{
	for (const struct test *test = list; test->name; test++)
		if (wanted(test, patterns))
			run_test(test);
}

static void run_tests(char **patterns)
{
	static const struct test *const need_restrictions[] = {
		op_tests, flag_tests, register_tests, refusal_tests, process_tests, nested_tests,
	};

	for (size_t i = 0;
	     live.kernel.restricts && i < sizeof(need_restrictions) / sizeof(*need_restrictions);
	     i++)
		run_list(need_restrictions[i], patterns);
	run_list(ring_tests, patterns);
	run_list(privilege_tests, patterns);
	run_list(limit_tests, patterns);
	run_list(learn_tests, patterns);
}

/* The program of that name in the directory, if it is there, absolute; the caller frees it. */
static char *find_in(const char *directory, size_t length, const char *name)
{
	char path[512];

	snprintf(path, sizeof(path), "%.*s/%s", (int)length, directory, name);
	return access(path, X_OK) == 0 ? realpath(path, NULL) : NULL;
}

static char *find_beside(const char *name)
{
	char path[512];
	ssize_t size = readlink("/proc/self/exe", path, sizeof(path) - 1);
	const char *slash;

	if (size < 0)
		return NULL;
	path[size] = '\0';
	slash = strrchr(path, '/');
	return find_in(path, (size_t)(slash - path), name);
}

static char *find_program(const char *name)
{
	char *found = find_beside(name);
	const char *directory = getenv("PATH");

	for (; !found && directory && *directory; directory += *directory == ':') {
		size_t length = strcspn(directory, ":");

		found = find_in(directory, length, name);
		directory += length;
	}
	return found;
}

static bool mount_proc(void)
{
	if (access("/proc/self/exe", F_OK) == 0)
		return true;
	mkdir("/proc", 0555);
	return mount("proc", "/proc", "proc", 0, NULL) == 0;
}

static bool make_scratch(void)
{
	const char *tmp = "/tmp";

	mkdir(tmp, 01777);
	snprintf(live.scratch, sizeof(live.scratch), "%s/uring-jail-live.XXXXXX", tmp);
	return mkdtemp(live.scratch) && mount("live", live.scratch, "tmpfs", 0, "mode=0777") == 0;
}

static void remove_scratch(void)
{
	umount2(live.scratch, MNT_DETACH);
	rmdir(live.scratch);
}

static void parse_options(int argc, char **argv)
{
	int option;

	while ((option = getopt(argc, argv, "ol:t:v")) >= 0) {
		if (option == 'o')
			live.old = true;
		else if (option == 'l')
			live.launcher = realpath(optarg, NULL);
		else if (option == 't')
			live.target = realpath(optarg, NULL);
		else if (option == 'o')
			live.old = true;
		else if (option == 'v')
			live.verbose = true;
		else
			exit(2);
	}
	if (!live.launcher)
		live.launcher = find_program("uring-jail");
	if (!live.target)
		live.target = find_program("target");
	if (!live.target)
		live.target = find_program("live-target");
	live.watched = find_program("watched");
	if (live.launcher && live.target && live.watched)
		return;
	fprintf(stderr, "live: no %s found\n",
		!live.launcher ? "uring-jail"
		: !live.target ? "target"
			       : "watched");
	exit(2);
}

static void describe(void)
{
	const struct kernel *kernel = &live.kernel;

	if (!kernel->restricts) {
		printf("kernel: no restrictions for tasks\n");
		return;
	}
	printf("kernel: %u ops, %u register ops;", kernel->op_count, kernel->register_count);
	printf("%s%s%s%s\n", kernel->loses_at_exec ? " loses restrictions at exec;" : "",
	       kernel->disabled_escapes ? " disabled rings escape;" : "",
	       kernel->ringless_escapes ? " ring-less calls escape;" : "",
	       kernel->loses_at_exec || kernel->disabled_escapes || kernel->ringless_escapes
		       ? ""
		       : " no holes");
}

int main(int argc, char **argv)
{
	if (!mount_proc()) {
		perror("live: /proc");
		return 2;
	}
	parse_options(argc, argv);
	if (!make_scratch()) {
		perror("live: scratch directory");
		return 2;
	}
	if (live.old) {
		live.kernel = (struct kernel){.op_count = 1, .loses_at_exec = true};
	} else if (!kernel_explore(&live.kernel, live.target)) {
		remove_scratch();
		return 2;
	} else {
		describe();
	}
	if (!live.kernel.restricts && !live.old) {
		fprintf(stderr, "live: no io_uring restrictions for tasks here\n");
		remove_scratch();
		return 2;
	}
	describe();
	run_tests(argv + optind);
	remove_scratch();
	printf("%u passed, %u failed, %u skipped\n", count.passed, count.failed, count.skipped);
	return count.failed || !count.passed;
}
