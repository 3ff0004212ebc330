// SPDX-License-Identifier: MIT
#include "run.h"

#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "clock.h"
#include "live.h"

#define TIMEOUT_MS    20000
#define OUTPUT_MAX    (256 * 1024)
#define ARGUMENTS_MAX 64

const char *const run_registrant_names[RUN_REGISTRANTS] = {"ring", "index", "disabled", "ringless"};

struct arguments {
	char *list[ARGUMENTS_MAX];
	unsigned int count;
	char text[4096];
	size_t used;
};

/* Appends a copy of each word of the text. */
static void append(struct arguments *arguments, const char *words)
{
	char *copy = arguments->text + arguments->used;
	size_t size = strlen(words) + 1;

	if (size > sizeof(arguments->text) - arguments->used)
		abort();
	memcpy(copy, words, size);
	arguments->used += size;
	for (char *word = strtok(copy, " "); word; word = strtok(NULL, " ")) {
		if (arguments->count == ARGUMENTS_MAX - 1)
			abort();
		arguments->list[arguments->count++] = word;
	}
}

static void append_target(struct arguments *arguments, const struct run *run, const char *mark)
{
	char words[256];

	append(arguments, live.target);
	snprintf(words, sizeof(words), "mark=%s in=%s count=%u,%u", mark, live.scratch,
		 live.kernel.op_count, live.kernel.register_count);
	append(arguments, words);
	append(arguments, run->words ? run->words : "");
}

static void compose(struct arguments *arguments, const struct run *run, const char *mark)
{
	if (run->policy) {
		append(arguments, live.launcher);
		append(arguments, run->policy);
	}
	if (run->command) {
		append(arguments, run->command);
	} else {
		if (run->policy)
			append(arguments, "--");
		append_target(arguments, run, mark);
	}
}

static _Noreturn void become(const struct run *run, char **arguments, int out, int err)
{
	int null = open("/dev/null", O_RDWR | O_CLOEXEC);

	setpgid(0, 0);
	dup2(null, STDIN_FILENO);
	dup2(out, STDOUT_FILENO);
	dup2(err, STDERR_FILENO);
	if (run->before)
		run->before(run->argument);
	execv(arguments[0], arguments);
	dprintf(STDERR_FILENO, "live: %s: %s\n", arguments[0], strerror(errno));
	_exit(99);
}

/* Reads what there is; returns false at the end. What does not fit is not kept. */
static bool drain(int fd, char *text, size_t *used)
{
	char rest[4096];
	bool full = *used == OUTPUT_MAX;
	ssize_t size =
		read(fd, full ? rest : text + *used, full ? sizeof(rest) : OUTPUT_MAX - *used);

	if (size > 0 && !full)
		*used += (size_t)size;
	return size > 0 || (size < 0 && errno == EINTR);
}

/* Returns false where it takes too long. */
static bool read_both(int out, int err, struct run *run)
{
	struct pollfd fds[] = {{.fd = out, .events = POLLIN}, {.fd = err, .events = POLLIN}};
	char *texts[] = {run->out, run->err};
	int64_t deadline = clock_ms() + TIMEOUT_MS;
	size_t used[] = {0, 0};

	while (fds[0].fd >= 0 || fds[1].fd >= 0) {
		int64_t left = deadline - clock_ms();

		if (left <= 0 || poll(fds, 2, (int)left) < 0)
			return false;
		for (int i = 0; i < 2; i++)
			if (fds[i].revents && !drain(fds[i].fd, texts[i], &used[i]))
				fds[i].fd = -1;
	}
	return true;
}

static struct run_record parse_result(const char *text)
{
	struct run_record record = {RUN_ABSENT, 0};

	if (sscanf(text, "result %d", &record.result) == 1)
		record.state = RUN_RESULT;
	else if (sscanf(text, "broken %d", &record.result) == 1)
		record.state = RUN_BROKEN;
	else if (strncmp(text, "hung", 4) == 0)
		record.state = RUN_HUNG;
	return record;
}

static struct run_record *registrant(struct run *run, const char *name, unsigned int op)
{
	for (int i = 0; i < RUN_REGISTRANTS; i++)
		if (strcmp(name, run_registrant_names[i]) == 0)
			return &run->registers[i][op % RUN_REGISTERS];
	return NULL;
}

static void parse_line(struct run *run, const char *line)
{
	char name[32];
	unsigned int number, flags;
	int rest = 0;

	if (strcmp(line, "end") == 0)
		run->ended = true;
	else if (sscanf(line, "op %u %31s flags %x %n", &number, name, &flags, &rest) == 3 && rest)
		run->ops[number % RUN_OPS] = parse_result(line + rest);
	else if (sscanf(line, "flags %x %n", &flags, &rest) == 1 && rest)
		run->flags[flags % RUN_FLAGS] = parse_result(line + rest);
	else if (sscanf(line, "register %u on %31s %n", &number, name, &rest) == 2 && rest &&
		 registrant(run, name, number))
		*registrant(run, name, number) = parse_result(line + rest);
}

static void parse(struct run *run)
{
	char *copy = strdup(run->out);

	for (char *line = strtok(copy, "\n"); line; line = strtok(NULL, "\n"))
		parse_line(run, line);
	free(copy);
}

static void start(struct run *run, const char *mark, int fds[2])
{
	struct arguments arguments = {0};
	int out[2], err[2];

	compose(&arguments, run, mark);
	if (pipe2(out, O_CLOEXEC) < 0 || pipe2(err, O_CLOEXEC) < 0)
		abort();
	run->pid = fork();
	if (run->pid == 0)
		become(run, arguments.list, out[1], err[1]);
	if (run->pid < 0)
		abort();
	close(out[1]);
	close(err[1]);
	fds[0] = out[0];
	fds[1] = err[0];
}

void run_it(struct run *run)
{
	char mark[128];
	int fds[2];

	snprintf(mark, sizeof(mark), "%s/ran", live.scratch);
	unlink(mark);
	run->out = calloc(1, OUTPUT_MAX + 1);
	run->err = calloc(1, OUTPUT_MAX + 1);
	if (!run->out || !run->err)
		abort();
	start(run, mark, fds);
	run->hung = !read_both(fds[0], fds[1], run);
	if (run->hung)
		kill(-run->pid, SIGKILL);
	close(fds[0]);
	close(fds[1]);
	waitpid(run->pid, &run->status, 0);
	run->ran = access(mark, F_OK) == 0;
	parse(run);
}

void run_clear(struct run *run)
{
	free(run->out);
	free(run->err);
	run->out = run->err = NULL;
}

void become_nobody(const void *argument)
{
	(void)argument;
	if (setgroups(0, NULL) < 0 || setgid(65534) < 0 || setuid(65534) < 0)
		_exit(97);
}

bool run_fact(const struct run *run, const char *name, char *value, size_t size)
{
	char start[64];
	const char *line;
	size_t length;

	snprintf(start, sizeof(start), "fact %s ", name);
	line = strstr(run->out, start);
	if (!line)
		return false;
	line += strlen(start);
	length = strcspn(line, "\n");
	if (length >= size)
		length = size - 1;
	memcpy(value, line, length);
	value[length] = '\0';
	return true;
}
