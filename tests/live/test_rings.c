// SPDX-License-Identifier: MIT
/* Rings that the launcher inherits: it closes them, says so, and leaves all other fds alone. */
#include <ctype.h>
#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/mount.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "live.h"
#include "verdict.h"

/* Fds that are no rings, and where the target is to write: stdout may be taken. */
enum { FD_DIRECTORY = 40, FD_EVENT, FD_EPOLL, FD_SOCKET, FD_PIPE, FD_NULL, FD_OUT };

struct inherited {
	const char *name;
	unsigned int setup;
	int at;	    /* the fd */
	int copies; /* so many more of it at the fds that follow */
	bool alive; /* whoever opened it lives on; else that is the launcher's process before exec,
		      * and the polling thread of a ring ends there */
	rlim_t limit; /* lowers the limit of fds to this */
	bool no_proc; /* takes /proc away */
};

/* The ring of one that is alive. */
static int held = -1;

/* What goes wrong here shows as a status that no program ends with. */
static void must(bool good)
{
	if (!good)
		_exit(97);
}

static void move_fd(int from, int to)
{
	must(from >= 0 && dup2(from, to) == to);
	if (from != to)
		close(from);
}

static void limit_fds(rlim_t soft, rlim_t hard)
{
	must(setrlimit(RLIMIT_NOFILE, &(struct rlimit){soft, hard}) == 0);
}

static void open_others(void)
{
	int pipe_fds[2];

	must(pipe(pipe_fds) == 0);
	move_fd(open(live.scratch, O_RDONLY), FD_DIRECTORY);
	move_fd(eventfd(0, 0), FD_EVENT);
	move_fd(epoll_create1(0), FD_EPOLL);
	move_fd(socket(AF_UNIX, SOCK_STREAM, 0), FD_SOCKET);
	move_fd(pipe_fds[0], FD_PIPE);
	move_fd(open("/dev/null", O_RDWR), FD_NULL);
	close(pipe_fds[1]);
}

static void inherit(const void *argument)
{
	const struct inherited *inherited = argument;
	struct io_uring_params params = {.flags = inherited->setup};

	limit_fds(100000, 100000);
	open_others();
	must(dup2(STDOUT_FILENO, FD_OUT) == FD_OUT);
	move_fd(inherited->alive ? held : io_uring_setup(4, &params), inherited->at);
	for (int i = 1; i <= inherited->copies; i++)
		must(dup2(inherited->at, inherited->at + i) >= 0);
	if (inherited->limit)
		limit_fds(inherited->limit, inherited->limit);
	if (inherited->no_proc)
		must(unshare(CLONE_NEWNS) == 0 &&
		     mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) == 0 &&
		     umount2("/proc", MNT_DETACH) == 0);
}

#define DISABLED IORING_SETUP_R_DISABLED
#define SQPOLL	 IORING_SETUP_SQPOLL

static const struct inherited rows[] = {
	{.name = "plain", .at = 27},
	{.name = "disabled", .setup = DISABLED, .at = 27},
	{.name = "sqpoll", .setup = SQPOLL, .at = 27},
	{.name = "sqpoll-alive", .setup = SQPOLL, .at = 27, .alive = true},
	{.name = "disabled-alive", .setup = DISABLED, .at = 27, .alive = true},
	{.name = "iopoll", .setup = IORING_SETUP_IOPOLL, .at = 33},
	{.name = "stdin", .at = 0},
	{.name = "stdout", .at = 1},
	{.name = "stderr", .at = 2},
	{.name = "stdin-disabled", .setup = DISABLED, .at = 0},
	{.name = "stdin-sqpoll", .setup = SQPOLL, .at = 0, .alive = true},
	{.name = "high", .at = 900},
	{.name = "very-high", .setup = SQPOLL, .at = 70000},
	{.name = "many", .at = 100, .copies = 400},
	{.name = "above-limit", .at = 900, .limit = 64},
	{.name = "disabled-above-limit", .setup = DISABLED, .at = 70000, .limit = 64},
	{.name = "no-fds-left", .at = 900, .limit = 3},
	{.name = "no-proc", .at = 27, .no_proc = true},
	{.name = "no-proc-above-limit", .at = 900, .limit = 64, .no_proc = true},
};

static const struct inherited *find(const char *name)
{
	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++)
		if (strcmp(rows[i].name, name) == 0)
			return &rows[i];
	abort();
}

/* Whether the number stands in the text by itself. */
static bool mentions(const char *text, int number)
{
	char digits[16];
	size_t length = (size_t)snprintf(digits, sizeof(digits), "%d", number);

	for (const char *at = text; (at = strstr(at, digits)); at += length)
		if ((at == text || !isdigit((unsigned char)at[-1])) &&
		    !isdigit((unsigned char)at[length]))
			return true;
	return false;
}

static void expect_report(const struct run *run, int fd)
{
	if (!strstr(run->err, "ring") || !mentions(run->err, fd))
		failed("fd %d: standard error does not say that the ring was closed: %s", fd,
		       run->err);
}

/* The answer to an enter of the fd, in the target; 1 where there is none. */
static int answer_of(const struct run *run, int fd)
{
	char start[32];
	const char *line;
	int answer;

	snprintf(start, sizeof(start), "enter %d result ", fd);
	line = strstr(run->out, start);
	return line && sscanf(line + strlen(start), "%d", &answer) == 1 ? answer : 1;
}

/* A ring answers with 0, -EBADFD or, without its polling thread, -EOWNERDEAD. */
static void expect_gone(const struct run *run, int fd)
{
	int answer = answer_of(run, fd), expected = fd < 3 ? -EOPNOTSUPP : -EBADF;
	char name[16], link[128] = "closed";

	if (answer != expected)
		failed("fd %d: expected %d from io_uring_enter, got %d", fd, expected, answer);
	if (strstr(run->out, "io_uring]"))
		failed("fd %d: the target has a ring", fd);
	snprintf(name, sizeof(name), "fd%d", fd);
	run_fact(run, name, link, sizeof(link));
	if (fd < 3 && strcmp(link, "/dev/null") != 0)
		failed("fd %d: expected /dev/null in its place, got %s", fd, link);
}

static void expect_others(const struct run *run)
{
	static const struct {
		int fd;
		const char *link;
	} others[] = {
		{FD_EVENT, "anon_inode:[eventfd"},
		{FD_EPOLL, "anon_inode:[eventpoll]"},
		{FD_SOCKET, "socket:["},
		{FD_PIPE, "pipe:["},
		{FD_NULL, "/dev/null"},
		{FD_DIRECTORY, live.scratch},
	};

	for (size_t i = 0; i < sizeof(others) / sizeof(*others); i++) {
		char name[16], link[128] = "closed";

		snprintf(name, sizeof(name), "fd%d", others[i].fd);
		run_fact(run, name, link, sizeof(link));
		if (strncmp(link, others[i].link, strlen(others[i].link)) != 0)
			failed("fd %d: expected %s, got %s", others[i].fd, others[i].link, link);
	}
}

static struct run inheriting(const struct inherited *inherited, const char *policy, char *words,
			     size_t size)
{
	struct io_uring_params params = {.flags = inherited->setup};

	if (inherited->alive) {
		held = io_uring_setup(4, &params);
		must(held >= 0);
	}
	snprintf(words, size, "out=%d enter=%d facts", FD_OUT, inherited->at);
	return (struct run){
		.policy = policy, .words = words, .before = inherit, .argument = inherited};
}

static void closed(const char *name)
{
	const struct inherited *inherited = find(name);
	char words[64];
	struct run run = inheriting(inherited, "--deny-op=openat2", words, sizeof(words));

	if (jailed(&run, NEED_OPS)) {
		expect_gone(&run, inherited->at);
		expect_others(&run);
		expect_report(&run, inherited->at);
	}
	run_clear(&run);
}

/* There is no way to say why, or that a ring was closed. */
static void closed_stderr(const char *name)
{
	const struct inherited *inherited = find(name);
	char words[64];
	struct run run = inheriting(inherited, "--deny-op=openat2", words, sizeof(words));

	run_it(&run);
	if (can_enforce(NEED_OPS)) {
		expect_gone(&run, inherited->at);
		expect_others(&run);
	} else {
		expect_125(&run);
	}
	run_clear(&run);
}

static void quiet(const char *name)
{
	const struct inherited *inherited = find(name);
	char words[64];
	struct run run = inheriting(inherited, "-q --deny-op=openat2", words, sizeof(words));

	if (jailed(&run, NEED_OPS)) {
		expect_gone(&run, inherited->at);
		if (*run.err)
			failed("-q, and still: %s", run.err);
	}
	run_clear(&run);
}

/* Without the launcher the ring gets through: the tests above look at the right thing. */
static void without_jail(const char *name)
{
	const struct inherited *inherited = find(name);
	int expected = inherited->setup & DISABLED			? -EBADFD
		       : inherited->setup & SQPOLL && !inherited->alive ? -EOWNERDEAD
									: 0;
	char words[64];
	struct run run = inheriting(inherited, NULL, words, sizeof(words));

	if (unjailed(&run) && answer_of(&run, inherited->at) != expected)
		failed("expected a ring that answers %d, got %d", expected,
		       answer_of(&run, inherited->at));
	run_clear(&run);
}

/* Where fds cannot be listed, rings have to be found otherwise, or the launcher has to refuse. */
static void unlisted(const char *name)
{
	const struct inherited *inherited = find(name);
	char words[64];
	struct run run = inheriting(inherited, "--deny-op=openat2", words, sizeof(words));

	run_it(&run);
	if (run.ran)
		expect_gone(&run, inherited->at);
	else
		expect_refusal(&run, NULL);
	run_clear(&run);
}

/* The target can open nothing either: it writes to standard output, and leaves no mark. */
static void no_fds_left(const char *name)
{
	const struct inherited *inherited = find(name);
	char words[64];
	struct run run = inheriting(inherited, "--deny-op=openat2", words, sizeof(words));

	snprintf(words, sizeof(words), "enter=%d", inherited->at);
	run_it(&run);
	if (*run.out)
		expect_gone(&run, inherited->at);
	else
		expect_refusal(&run, NULL);
	run_clear(&run);
}

static void inherit_without_enter(const void *argument)
{
	inherit(argument);
	must(kernel_block_call(SYS_io_uring_enter, EPERM) == 0);
}

/* Seccomp answers the question whether an fd is a ring: it has to be found out otherwise. */
static void enter_blocked(const char *name)
{
	const struct inherited *inherited = find(name);
	char words[64], fd[16], link[128];
	struct run run = inheriting(inherited, "--deny-op=openat2", words, sizeof(words));

	run.before = inherit_without_enter;
	snprintf(fd, sizeof(fd), "fd%d", inherited->at);
	if (jailed(&run, NEED_OPS)) {
		if (run_fact(&run, fd, link, sizeof(link)))
			failed("fd %d: %s", inherited->at, link);
		expect_others(&run);
		expect_report(&run, inherited->at);
	}
	run_clear(&run);
}

const struct test ring_tests[] = {
	{"ring-no-jail", without_jail, "plain"},
	{"ring-no-jail-disabled", without_jail, "disabled"},
	{"ring-no-jail-sqpoll", without_jail, "sqpoll"},
	{"ring-no-jail-sqpoll-alive", without_jail, "sqpoll-alive"},
	{"ring-no-jail-above-limit", without_jail, "above-limit"},
	{"ring-plain", closed, "plain"},
	{"ring-disabled", closed, "disabled"},
	{"ring-sqpoll", closed, "sqpoll"},
	{"ring-sqpoll-alive", closed, "sqpoll-alive"},
	{"ring-disabled-alive", closed, "disabled-alive"},
	{"ring-iopoll", closed, "iopoll"},
	{"ring-stdin", closed, "stdin"},
	{"ring-stdout", closed, "stdout"},
	{"ring-stderr", closed_stderr, "stderr"},
	{"ring-stdin-disabled", closed, "stdin-disabled"},
	{"ring-stdin-sqpoll", closed, "stdin-sqpoll"},
	{"ring-high", closed, "high"},
	{"ring-very-high", closed, "very-high"},
	{"ring-many", closed, "many"},
	{"ring-above-limit", closed, "above-limit"},
	{"ring-disabled-above-limit", closed, "disabled-above-limit"},
	{"ring-quiet", quiet, "plain"},
	{"ring-enter-blocked", enter_blocked, "plain"},
	{"ring-enter-blocked-sqpoll", enter_blocked, "sqpoll-alive"},
	{"ring-no-fds-left", no_fds_left, "no-fds-left"},
	{"ring-no-proc", unlisted, "no-proc"},
	{"ring-no-proc-above-limit", unlisted, "no-proc-above-limit"},
	{NULL, NULL, NULL},
};
