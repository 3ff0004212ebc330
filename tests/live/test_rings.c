// SPDX-License-Identifier: MIT
/* Rings that the launcher inherits: it closes them, says so, and leaves all other fds alone. */
#include <errno.h>
#include <fcntl.h>
#include <linux/perf_event.h>
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
#include "ring.h"
#include "verdict.h"

/* Fds that are no rings, and where the target is to write: stdout may be taken. */
enum {
	FD_DIRECTORY = 40,
	FD_FILE,
	FD_EVENT,
	FD_EPOLL,
	FD_SOCKET,
	FD_PIPE,
	FD_NULL,
	FD_OUT,
	FD_PERF,
};

/* The first of many fds that are no rings. */
#define FD_MANY 100

/* What seccomp can answer in the kernel's place. */
enum { ENTER = 1, REGISTER = 2, SETUP = 4, MMAP = 8, READLINK = 16, CLOSE = 32, STATX = 64 };

static const int calls[] = {SYS_io_uring_enter, SYS_io_uring_register, SYS_io_uring_setup,
			    SYS_mmap,		SYS_readlinkat,	       SYS_close,
			    SYS_statx};

#define CALLS (sizeof(calls) / sizeof(*calls))

/* What fs.nr_open is unless it was changed. */
#define LIMIT_MAX 1048576

struct inherited {
	const char *name;
	unsigned int setup;
	int at;	    /* the fd */
	int copies; /* so many more of it at the fds that follow */
	int many;   /* so many fds that are no rings */
	bool alive; /* whoever opened it lives on; else that is the launcher's process before exec,
		     * and the polling thread of a ring ends there */
	bool few;   /* no other fds but standard input, output and error */
	bool alone; /* and not those either, but FD_OUT */
	bool path;  /* the fd is of O_PATH, and the ring's own is closed */
	bool no_proc, no_dev;
	bool perf;	      /* FD_PERF, too: an anonymous inode that can be mapped */
	bool doubted;	      /* anonymous inodes cannot be told from rings */
	rlim_t limit;	      /* lowers the limit of fds to this; else it is as high as can be */
	unsigned int blocked; /* system calls that seccomp answers */
	int answer;	      /* with this errno */
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
	else
		must(fcntl(to, F_SETFD, 0) == 0);
}

static bool limit_fds(rlim_t limit)
{
	return setrlimit(RLIMIT_NOFILE, &(struct rlimit){limit, limit}) == 0;
}

/* Without privileges the hard limit is as high as it gets. */
static rlim_t raise_limit(void)
{
	struct rlimit limit;

	if (limit_fds(LIMIT_MAX))
		return LIMIT_MAX;
	must(getrlimit(RLIMIT_NOFILE, &limit) == 0 && limit_fds(limit.rlim_max));
	return limit.rlim_max;
}

static int open_perf(void)
{
	struct perf_event_attr event = {
		.type = PERF_TYPE_SOFTWARE, .size = sizeof(event), .config = PERF_COUNT_SW_DUMMY};

	return (int)syscall(SYS_perf_event_open, &event, 0, -1, -1, 0);
}

static void open_others(int many)
{
	int pipe_fds[2];

	must(pipe(pipe_fds) == 0);
	move_fd(open(live.scratch, O_RDONLY), FD_DIRECTORY);
	move_fd(open(live.target, O_RDONLY), FD_FILE);
	move_fd(eventfd(0, 0), FD_EVENT);
	move_fd(epoll_create1(0), FD_EPOLL);
	move_fd(socket(AF_UNIX, SOCK_STREAM, 0), FD_SOCKET);
	move_fd(pipe_fds[0], FD_PIPE);
	move_fd(open("/dev/null", O_RDWR), FD_NULL);
	close(pipe_fds[1]);
	for (int i = 0; i < many; i++)
		must(dup2(FD_NULL, FD_MANY + i) >= 0);
}

static void hide(const char *path)
{
	must(unshare(CLONE_NEWNS) == 0 && mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) == 0 &&
	     mount("hide", path, "tmpfs", 0, NULL) == 0);
}

/* Only the O_PATH fd is left. */
static void make_path(int fd)
{
	char link[32];
	int path;

	snprintf(link, sizeof(link), "/proc/self/fd/%d", fd);
	path = open(link, O_PATH);
	must(path >= 0 && close(fd) == 0);
	move_fd(path, fd);
}

static void inherit(const void *argument)
{
	const struct inherited *inherited = argument;
	struct io_uring_params params = {.flags = inherited->setup};

	raise_limit();
	if (!inherited->few)
		open_others(inherited->many);
	if (inherited->perf)
		move_fd(open_perf(), FD_PERF);
	if (!inherited->few || inherited->alone)
		must(dup2(STDOUT_FILENO, FD_OUT) == FD_OUT);
	for (int fd = 0; inherited->alone && fd < 3; fd++)
		close(fd);
	move_fd(inherited->alive ? held : io_uring_setup(4, &params), inherited->at);
	for (int i = 1; i <= inherited->copies; i++)
		must(dup2(inherited->at, inherited->at + i) >= 0);
	if (inherited->path)
		make_path(inherited->at);
	if (inherited->limit)
		must(limit_fds(inherited->limit));
	if (inherited->no_proc)
		hide("/proc");
	if (inherited->no_dev)
		hide("/dev");
	for (size_t i = 0; i < CALLS; i++)
		if (inherited->blocked & 1U << i)
			must(kernel_block_call(calls[i], inherited->answer) == 0);
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
	{.name = "single-issuer", .setup = IORING_SETUP_SINGLE_ISSUER, .at = 27, .alive = true},
	{.name = "path", .at = 27, .path = true},
	{.name = "stdin", .at = 0},
	{.name = "stdout", .at = 1},
	{.name = "stderr", .at = 2},
	{.name = "stdin-disabled", .setup = DISABLED, .at = 0},
	{.name = "stdin-sqpoll", .setup = SQPOLL, .at = 0, .alive = true},
	{.name = "alone-stdin", .at = 0, .few = true, .alone = true},
	{.name = "alone-stdout", .at = 1, .few = true, .alone = true},
	{.name = "alone-stderr", .at = 2, .few = true, .alone = true},
	{.name = "few", .at = 3, .few = true},
	{.name = "few-copies", .at = 3, .copies = 5, .few = true},
	{.name = "few-stdin", .at = 0, .few = true},
	{.name = "few-gap", .at = 4, .few = true},
	{.name = "few-no-fds-left", .at = 3, .limit = 3, .few = true},
	{.name = "high", .at = 900},
	{.name = "very-high", .setup = SQPOLL, .at = 70000},
	{.name = "highest", .at = LIMIT_MAX - 1},
	{.name = "copies", .at = 100, .copies = 3000},
	{.name = "many", .at = FD_MANY + 10000, .copies = 3, .many = 10000},
	{.name = "above-limit", .at = 900, .limit = 64},
	{.name = "disabled-above-limit", .setup = DISABLED, .at = 70000, .limit = 64},
	{.name = "no-fds-left", .at = 900, .limit = 3},
	{.name = "no-dev-stdin", .at = 0, .no_dev = true},
	{.name = "no-dev-stdout", .at = 1, .no_dev = true},
	{.name = "no-dev-stderr", .at = 2, .no_dev = true},
	{.name = "no-dev", .at = 27, .no_dev = true},
	{.name = "no-proc", .at = 27, .no_proc = true},
	{.name = "no-proc-stdin", .at = 0, .no_proc = true},
	{.name = "no-proc-disabled", .setup = DISABLED, .at = 27, .no_proc = true},
	{.name = "no-proc-many", .at = FD_MANY + 10000, .many = 10000, .no_proc = true},
	{.name = "no-proc-above-limit", .at = 900, .limit = 64, .no_proc = true},
	{.name = "no-proc-no-fds-left", .at = 900, .limit = 3, .no_proc = true},
	{.name = "no-proc-65535", .at = 65535, .no_proc = true},
	{.name = "no-proc-65536", .at = 65536, .no_proc = true},
	{.name = "no-proc-highest", .setup = SQPOLL, .at = LIMIT_MAX - 1, .no_proc = true},
	{.name = "no-proc-far-above-limit", .at = 1024, .limit = 64, .no_proc = true},
	{.name = "enter-blocked", .at = 27, .blocked = ENTER, .answer = EPERM},
	{.name = "enter-blocked-sqpoll",
	 .setup = SQPOLL,
	 .at = 27,
	 .alive = true,
	 .blocked = ENTER,
	 .answer = EPERM},
	{.name = "enter-blocked-few", .at = 3, .few = true, .blocked = ENTER, .answer = ENOSYS},
	{.name = "enter-blocked-stdin", .at = 0, .blocked = ENTER, .answer = EPERM},
	{.name = "enter-lies-other", .at = 27, .blocked = ENTER, .answer = EOPNOTSUPP},
	{.name = "enter-lies-closed", .at = 27, .blocked = ENTER, .answer = EBADF},
	{.name = "enter-lies-ring", .at = 27, .blocked = ENTER, .answer = 0},
	{.name = "enter-lies-few", .at = 3, .few = true, .blocked = ENTER, .answer = EOPNOTSUPP},
	{.name = "few-disabled", .setup = DISABLED, .at = 3, .few = true},
	{.name = "few-sqpoll", .setup = SQPOLL, .at = 3, .few = true, .alive = true},
	{.name = "no-types-few", .at = 3, .few = true, .blocked = STATX, .answer = EPERM},
	{.name = "types-lie-few", .at = 3, .few = true, .blocked = STATX, .answer = 0},
	{.name = "types-lie-stdin", .at = 0, .few = true, .blocked = STATX, .answer = 0},
	{.name = "types-and-enter-lie-few",
	 .at = 3,
	 .few = true,
	 .blocked = STATX | ENTER,
	 .answer = 0},
	{.name = "no-types-enter-lies-few",
	 .at = 3,
	 .few = true,
	 .blocked = STATX | ENTER,
	 .answer = EOPNOTSUPP},
	{.name = "enter-blocked-no-proc",
	 .at = 27,
	 .blocked = ENTER,
	 .answer = EPERM,
	 .no_proc = true},
	{.name = "enter-blocked-no-fds-left",
	 .at = 27,
	 .limit = 3,
	 .blocked = ENTER,
	 .answer = EPERM},
	{.name = "blind", .at = 27, .blocked = ENTER | REGISTER, .answer = EPERM},
	{.name = "blind-lies-other", .at = 27, .blocked = ENTER | REGISTER, .answer = EOPNOTSUPP},
	{.name = "no-calls", .at = 27, .blocked = ENTER | REGISTER | SETUP, .answer = ENOSYS},
	{.name = "no-calls-sqpoll",
	 .setup = SQPOLL,
	 .at = 27,
	 .alive = true,
	 .blocked = ENTER | REGISTER | SETUP,
	 .answer = EPERM},
	{.name = "no-calls-no-proc",
	 .setup = SQPOLL,
	 .at = 27,
	 .alive = true,
	 .blocked = ENTER | REGISTER | SETUP,
	 .answer = EPERM,
	 .no_proc = true},
	{.name = "no-calls-perf",
	 .at = 27,
	 .blocked = ENTER | REGISTER | SETUP,
	 .answer = ENOSYS,
	 .perf = true},
	{.name = "no-mmap", .at = 27, .blocked = ENTER | REGISTER | MMAP, .answer = EACCES},
	{.name = "no-readlink", .at = 27, .blocked = ENTER | REGISTER | READLINK, .answer = EACCES},
	{.name = "close-lies", .at = 27, .blocked = CLOSE, .answer = 0},
	{.name = "no-close", .at = 27, .blocked = CLOSE, .answer = EPERM},
	{.name = "no-mmap-no-proc",
	 .at = 27,
	 .blocked = ENTER | REGISTER | MMAP,
	 .answer = EACCES,
	 .no_proc = true,
	 .doubted = true},
	{.name = "no-calls-no-proc-disabled",
	 .setup = DISABLED,
	 .at = 27,
	 .blocked = ENTER | REGISTER | SETUP,
	 .answer = EBADF,
	 .no_proc = true},
};

static const struct inherited *find(const char *name)
{
	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++)
		if (strcmp(rows[i].name, name) == 0)
			return &rows[i];
	abort();
}

/* A run with one policy or the other, and what it says. The policy restricts where that is
 * possible: not where the calls that install it are blocked. */
struct trial {
	const struct inherited *row;
	struct run run;
	char policy[128];
	char words[512];
};

static void say_word(struct trial *trial, const char *word, int number)
{
	size_t used = strlen(trial->words);

	snprintf(trial->words + used, sizeof(trial->words) - used, " %s=%d", word, number);
}

static struct trial inheriting(const char *name, const char *options)
{
	const struct inherited *row = find(name);
	struct trial trial = {.row = row, .run = {.before = inherit, .argument = row}};
	struct io_uring_params params = {.flags = row->setup};
	rlim_t highest = raise_limit();

	if (row->perf && open_perf() < 0)
		skip("no perf events here");
	if (highest <= (rlim_t)row->at)
		skip("no more than %llu fds here", (unsigned long long)highest);
	if (row->alive) {
		held = io_uring_setup(4, &params);
		must(held >= 0);
	}
	snprintf(trial.policy, sizeof(trial.policy), "%s %s", options,
		 row->blocked & REGISTER ? "--default=allow" : policy_here());
	say_word(&trial, "out", row->few && !row->alone ? STDOUT_FILENO : FD_OUT);
	for (int fd = 0; fd < 3; fd++)
		say_word(&trial, "open", fd);
	for (int fd = FD_DIRECTORY; fd < FD_OUT && !row->few; fd++)
		say_word(&trial, "open", fd);
	if (row->perf)
		say_word(&trial, "open", FD_PERF);
	if (row->many)
		say_word(&trial, "open", FD_MANY + row->many - 1);
	say_word(&trial, "open", row->at);
	say_word(&trial, "open", row->at + row->copies);
	say_word(&trial, "enter", row->at);
	if (!row->no_proc && !row->many && row->copies < 100 && !(row->blocked & READLINK))
		strcat(trial.words, " facts");
	return trial;
}

static bool run_trial(struct trial *trial, bool jail)
{
	trial->run.words = trial->words;
	trial->run.policy = jail ? trial->policy : NULL;
	return jail ? jailed(&trial->run, NEED_NOTHING) : unjailed(&trial->run);
}

/* What the target found out of an fd with a word; 1 where it says nothing. */
static int answer_of(const struct run *run, const char *word, int fd)
{
	char start[32];
	const char *line;
	int answer;

	snprintf(start, sizeof(start), "%s %d result ", word, fd);
	line = strstr(run->out, start);
	return line && sscanf(line + strlen(start), "%d", &answer) == 1 ? answer : 1;
}

static void expect_open(const struct trial *trial, int fd, int expected)
{
	int answer = answer_of(&trial->run, "open", fd);

	if (answer != expected)
		failed("fd %d: expected %d from fcntl, got %d", fd, expected, answer);
}

static void expect_link(const struct trial *trial, int fd, const char *expected)
{
	char name[16], link[128] = "closed";

	snprintf(name, sizeof(name), "fd%d", fd);
	run_fact(&trial->run, name, link, sizeof(link));
	if (strncmp(link, expected, strlen(expected)) != 0)
		failed("fd %d: expected %s, got %s", fd, expected, link);
}

static void expect_others(const struct trial *trial)
{
	const struct {
		int fd;
		const char *link;
	} others[] = {
		{FD_EVENT, "anon_inode:[eventfd"},
		{FD_EPOLL, "anon_inode:[eventpoll]"},
		{FD_SOCKET, "socket:["},
		{FD_PIPE, "pipe:["},
		{FD_NULL, "/dev/null"},
		{FD_DIRECTORY, live.scratch},
		{FD_FILE, live.target},
	};
	bool listed = strstr(trial->words, "facts");

	for (int fd = 0; fd < 3; fd++)
		if (fd != trial->row->at || trial->run.policy)
			expect_open(trial, fd,
				    trial->row->alone && fd != trial->row->at ? -EBADF : 0);
	for (size_t i = 0; i < sizeof(others) / sizeof(*others) && !trial->row->few; i++) {
		bool lost = trial->row->doubted &&
			    (others[i].fd == FD_EVENT || others[i].fd == FD_EPOLL);

		expect_open(trial, others[i].fd, lost ? -EBADF : 0);
		if (listed)
			expect_link(trial, others[i].fd, others[i].link);
	}
	if (trial->row->perf)
		expect_open(trial, FD_PERF, 0);
	if (trial->row->many)
		expect_open(trial, FD_MANY + trial->row->many - 1, 0);
}

/* The ring and its copies are not there, and with the list, nothing else of the kind. */
static void expect_gone(const struct trial *trial)
{
	const struct inherited *row = trial->row;

	expect_others(trial);
	if (strstr(trial->run.out, "io_uring]"))
		failed("the target has a ring");
	expect_open(trial, row->at, row->at < 3 ? 0 : -EBADF);
	if (row->at < 3 && strstr(trial->words, "facts"))
		expect_link(trial, row->at, "/dev/null");
	if (row->copies)
		expect_open(trial, row->at + row->copies, -EBADF);
	if (!(row->blocked & ENTER) &&
	    answer_of(&trial->run, "enter", row->at) != (row->at < 3 ? -EOPNOTSUPP : -EBADF))
		failed("fd %d: io_uring_enter: %d", row->at,
		       answer_of(&trial->run, "enter", row->at));
}

/* One line for each copy, and nothing else but the lines that `more` starts. Those about others that
 * were taken for rings are passed over. */
static void expect_report(const struct trial *trial, const char *format, const char *more)
{
	const struct inherited *row = trial->row;
	const char *at = trial->run.err;
	char line[256];

	for (int i = 0; i <= row->copies; i++) {
		snprintf(line, sizeof(line), format, row->at + i);
		if (strncmp(at, line, strlen(line)) != 0) {
			failed("expected '%s', got: %s", line, at);
			return;
		}
		at += strlen(line);
	}
	for (int fd = FD_EVENT; row->doubted && fd <= FD_EPOLL; fd++) {
		snprintf(line, sizeof(line), format, fd);
		at += strncmp(at, line, strlen(line)) == 0 ? strlen(line) : 0;
	}
	if (strncmp(at, more, strlen(more)) != 0 || (!*more && *at))
		failed("expected '%s', got: %s", more, at);
}

#define CLOSED	 "uring-jail: closed the inherited io_uring file descriptor %d\n"
#define REPLACED "uring-jail: replaced the inherited io_uring file descriptor %d by /dev/null\n"
#define KEPT                                                                                       \
	"uring-jail: warning: kept the inherited io_uring file descriptor %d, which obeys no "     \
	"rule "                                                                                    \
	"of the policy\n"

static const char *close_report(const struct inherited *row)
{
	return row->at < 3 ? REPLACED : CLOSED;
}

/* Messages about a ring at standard error go to /dev/null with it. */
static bool can_report(const struct inherited *row)
{
	return row->at != STDERR_FILENO && !row->alone;
}

static void closed(const char *name)
{
	struct trial trial = inheriting(name, "");

	if (run_trial(&trial, true)) {
		expect_gone(&trial);
		if (can_report(trial.row))
			expect_report(&trial, close_report(trial.row), "");
		else if (*trial.run.err)
			failed("standard error: %s", trial.run.err);
	}
	run_clear(&trial.run);
}

static void quiet(const char *name)
{
	struct trial trial = inheriting(name, "-q");

	if (run_trial(&trial, true)) {
		expect_gone(&trial);
		if (*trial.run.err)
			failed("-q, and still: %s", trial.run.err);
	}
	run_clear(&trial.run);
}

/* Where fds cannot be listed, numbers up to this are looked at. */
static int unlisted(const struct inherited *row)
{
	rlim_t limit = row->limit ? row->limit : raise_limit();

	return limit < 1024 ? 1024 : limit < 65536 ? (int)limit : 65536;
}

/* The rest are closed. */
static void no_proc(const char *name)
{
	struct trial trial = inheriting(name, "");
	int first = unlisted(trial.row);
	char more[160];

	snprintf(more, sizeof(more),
		 "uring-jail: cannot list the open files in /proc/self/fd (No such file or "
		 "directory): those from %d on are closed\n",
		 first);
	if (run_trial(&trial, true)) {
		expect_gone(&trial);
		if (trial.row->at < first)
			expect_report(&trial, close_report(trial.row), more);
		else if (strcmp(trial.run.err, more) != 0)
			failed("expected '%s', got: %s", more, trial.run.err);
	}
	run_clear(&trial.run);
}

/* The target can open nothing either, so it leaves no mark. */
static void no_fds_left(const char *name)
{
	struct trial trial = inheriting(name, "");

	*strstr(trial.words, " facts") = '\0';
	trial.run.words = trial.words;
	trial.run.policy = trial.policy;
	run_it(&trial.run);
	if (trial.run.ended) {
		trial.run.ran = true;
		expect_gone(&trial);
		expect_report(&trial, CLOSED, "uring-jail: cannot list the open files");
	} else {
		expect_refusal(&trial.run, "Too many open files");
	}
	run_clear(&trial.run);
}

/* Nothing can take the place of standard input, output and error, or the fd cannot be closed. */
static void refused(const char *name)
{
	struct trial trial = inheriting(name, "");
	char expected[160];

	trial.run.words = trial.words;
	trial.run.policy = trial.policy;
	run_it(&trial.run);
	expect_125(&trial.run);
	snprintf(expected, sizeof(expected),
		 trial.row->no_dev
			 ? "uring-jail: cannot replace the inherited io_uring file descriptor %d "
			   "by /dev/null: No such file or directory\n"
		 : trial.row->answer
			 ? "uring-jail: cannot close the inherited io_uring file descriptor %d: "
			   "Operation not permitted\n"
			 : "uring-jail: the inherited io_uring file descriptor %d is still there "
			   "after it was closed; something, most likely a seccomp filter, keeps "
			   "the call from the kernel\n",
		 trial.row->at);
	if (can_report(trial.row) && strncmp(trial.run.err, expected, strlen(expected)) != 0)
		failed("expected '%s', got: %s", expected, trial.run.err);
	run_clear(&trial.run);
}

/* What a ring answers: without its polling thread, EOWNERDEAD. */
static void expect_ring(const struct trial *trial)
{
	const struct inherited *row = trial->row;
	int expected = row->path			    ? -EBADF
		       : row->setup & DISABLED		    ? -EBADFD
		       : row->setup & SQPOLL && !row->alive ? -EOWNERDEAD
							    : 0;
	int answer = answer_of(&trial->run, "enter", row->at);

	expect_others(trial);
	expect_open(trial, row->at, 0);
	if (!(row->blocked & ENTER) && answer != expected)
		failed("expected a ring that answers %d, got %d", expected, answer);
	if (strstr(trial->words, "facts"))
		expect_link(trial, row->at, "anon_inode:[io_uring]");
}

/* Without the launcher the ring gets through: the tests above look at the right thing. */
static void without_jail(const char *name)
{
	struct trial trial = inheriting(name, "");

	if (run_trial(&trial, false))
		expect_ring(&trial);
	run_clear(&trial.run);
}

static void kept(const char *name)
{
	struct trial loud = inheriting(name, "--keep-ring-fds");
	struct trial silent = inheriting(name, "-q --keep-ring-fds");
	char more[256] = "";

	if (loud.row->no_proc)
		snprintf(more, sizeof(more),
			 "uring-jail: warning: cannot list the open files in /proc/self/fd (No "
			 "such file or directory): io_uring file descriptors from %d on are kept, "
			 "too, and obey no rule of the policy\n",
			 unlisted(loud.row));
	if (run_trial(&loud, true)) {
		expect_ring(&loud);
		if (can_report(loud.row))
			expect_report(&loud, KEPT, more);
	}
	if (run_trial(&silent, true)) {
		expect_ring(&silent);
		if (*silent.run.err)
			failed("-q, and still: %s", silent.run.err);
	}
	run_clear(&loud.run);
	run_clear(&silent.run);
}

/* An O_PATH fd gives access to nothing, and stays. */
static void kept_path(const char *name)
{
	struct trial trial = inheriting(name, "");

	if (run_trial(&trial, true)) {
		expect_ring(&trial);
		if (*trial.run.err)
			failed("standard error: %s", trial.run.err);
	}
	run_clear(&trial.run);
}

static void register_ring(const void *argument)
{
	struct ring ring;

	(void)argument;
	must(ring_open(&ring, 4, 0) == 0 && ring_forget_fd(&ring) == 0 &&
	     io_uring_enter((unsigned)ring.index, 0, 0, IORING_ENTER_REGISTERED_RING, NULL) == 0);
}

/* A ring that only the task knows, by its index, does not come through an exec. */
static void registered(const char *words)
{
	struct run run = {.policy = "--default=allow", .words = words, .before = register_ring};

	if (jailed(&run, NEED_NOTHING) && answer_of(&run, "enter-index", 0) != -EINVAL)
		failed("io_uring_enter with a registered ring: %d",
		       answer_of(&run, "enter-index", 0));
	run_clear(&run);
}

/* Nor can it wait in the queue of a socket. */
static void queued(const char *argument)
{
	struct {
		struct cmsghdr head;
		int fd;
	} control = {.head = {.cmsg_len = CMSG_LEN(sizeof(int)),
			      .cmsg_level = SOL_SOCKET,
			      .cmsg_type = SCM_RIGHTS}};
	struct iovec byte = {.iov_base = (char[]){0}, .iov_len = 1};
	struct msghdr message = {.msg_iov = &byte,
				 .msg_iovlen = 1,
				 .msg_control = &control,
				 .msg_controllen = sizeof(control)};
	struct io_uring_params params = {0};
	int sockets[2];

	(void)argument;
	control.fd = io_uring_setup(4, &params);
	must(control.fd >= 0 && socketpair(AF_UNIX, SOCK_STREAM, 0, sockets) == 0);
	if (sendmsg(sockets[0], &message, 0) != -1 || errno != EINVAL)
		failed("a ring was sent over a socket, or this failed of %s", strerror(errno));
	control.fd = sockets[1];
	if (sendmsg(sockets[0], &message, 0) != 1)
		failed("a socket was not sent: %s", strerror(errno));
}

const struct test ring_tests[] = {
	{"ring-no-jail", without_jail, "plain"},
	{"ring-no-jail-disabled", without_jail, "disabled"},
	{"ring-no-jail-sqpoll", without_jail, "sqpoll"},
	{"ring-no-jail-sqpoll-alive", without_jail, "sqpoll-alive"},
	{"ring-no-jail-above-limit", without_jail, "above-limit"},
	{"ring-no-jail-highest", without_jail, "highest"},
	{"ring-no-jail-few", without_jail, "few"},
	{"ring-no-jail-no-proc", without_jail, "no-proc"},
	{"ring-no-jail-no-calls", without_jail, "no-calls"},
	{"ring-plain", closed, "plain"},
	{"ring-disabled", closed, "disabled"},
	{"ring-sqpoll", closed, "sqpoll"},
	{"ring-sqpoll-alive", closed, "sqpoll-alive"},
	{"ring-disabled-alive", closed, "disabled-alive"},
	{"ring-single-issuer", closed, "single-issuer"},
	{"ring-iopoll", closed, "iopoll"},
	{"ring-stdin", closed, "stdin"},
	{"ring-stdout", closed, "stdout"},
	{"ring-stderr", closed, "stderr"},
	{"ring-stdin-disabled", closed, "stdin-disabled"},
	{"ring-stdin-sqpoll", closed, "stdin-sqpoll"},
	{"ring-alone-stdin", closed, "alone-stdin"},
	{"ring-alone-stdout", closed, "alone-stdout"},
	{"ring-alone-stderr", closed, "alone-stderr"},
	{"ring-few", closed, "few"},
	{"ring-few-copies", closed, "few-copies"},
	{"ring-few-stdin", closed, "few-stdin"},
	{"ring-few-gap", closed, "few-gap"},
	{"ring-high", closed, "high"},
	{"ring-very-high", closed, "very-high"},
	{"ring-highest", closed, "highest"},
	{"ring-copies", closed, "copies"},
	{"ring-many", closed, "many"},
	{"ring-above-limit", closed, "above-limit"},
	{"ring-disabled-above-limit", closed, "disabled-above-limit"},
	{"ring-no-dev", closed, "no-dev"},
	{"ring-no-dev-stdin", refused, "no-dev-stdin"},
	{"ring-no-dev-stdout", refused, "no-dev-stdout"},
	{"ring-no-dev-stderr", refused, "no-dev-stderr"},
	{"ring-quiet", quiet, "plain"},
	{"ring-quiet-stdin", quiet, "stdin"},
	{"ring-quiet-no-proc", quiet, "no-proc"},
	{"ring-quiet-no-proc-highest", quiet, "no-proc-highest"},
	{"ring-enter-blocked", closed, "enter-blocked"},
	{"ring-enter-blocked-sqpoll", closed, "enter-blocked-sqpoll"},
	{"ring-enter-blocked-few", closed, "enter-blocked-few"},
	{"ring-enter-blocked-stdin", closed, "enter-blocked-stdin"},
	{"ring-enter-lies-other", closed, "enter-lies-other"},
	{"ring-enter-lies-closed", closed, "enter-lies-closed"},
	{"ring-enter-lies-ring", closed, "enter-lies-ring"},
	{"ring-enter-lies-few", closed, "enter-lies-few"},
	{"ring-few-disabled", closed, "few-disabled"},
	{"ring-few-sqpoll", closed, "few-sqpoll"},
	{"ring-no-types-few", closed, "no-types-few"},
	{"ring-types-lie-few", closed, "types-lie-few"},
	{"ring-types-lie-stdin", closed, "types-lie-stdin"},
	{"ring-types-and-enter-lie-few", closed, "types-and-enter-lie-few"},
	{"ring-no-types-enter-lies-few", closed, "no-types-enter-lies-few"},
	{"ring-enter-blocked-no-proc", no_proc, "enter-blocked-no-proc"},
	{"ring-enter-blocked-no-fds-left", no_fds_left, "enter-blocked-no-fds-left"},
	{"ring-blind", closed, "blind"},
	{"ring-blind-lies-other", closed, "blind-lies-other"},
	{"ring-no-calls", closed, "no-calls"},
	{"ring-no-calls-sqpoll", closed, "no-calls-sqpoll"},
	{"ring-no-calls-perf", closed, "no-calls-perf"},
	{"ring-no-readlink", closed, "no-readlink"},
	{"ring-no-close", refused, "no-close"},
	{"ring-close-lies", refused, "close-lies"},
	{"ring-no-mmap", closed, "no-mmap"},
	{"ring-no-mmap-no-proc", no_proc, "no-mmap-no-proc"},
	{"ring-no-calls-no-proc", no_proc, "no-calls-no-proc"},
	{"ring-no-calls-no-proc-disabled", no_proc, "no-calls-no-proc-disabled"},
	{"ring-no-fds-left", no_fds_left, "no-fds-left"},
	{"ring-few-no-fds-left", no_fds_left, "few-no-fds-left"},
	{"ring-no-proc", no_proc, "no-proc"},
	{"ring-no-proc-stdin", no_proc, "no-proc-stdin"},
	{"ring-no-proc-disabled", no_proc, "no-proc-disabled"},
	{"ring-no-proc-many", no_proc, "no-proc-many"},
	{"ring-no-proc-above-limit", no_proc, "no-proc-above-limit"},
	{"ring-no-proc-far-above-limit", no_proc, "no-proc-far-above-limit"},
	{"ring-no-proc-65535", no_proc, "no-proc-65535"},
	{"ring-no-proc-65536", no_proc, "no-proc-65536"},
	{"ring-no-proc-highest", no_proc, "no-proc-highest"},
	{"ring-keep", kept, "plain"},
	{"ring-keep-disabled", kept, "disabled"},
	{"ring-keep-few-copies", kept, "few-copies"},
	{"ring-keep-stdin", kept, "stdin"},
	{"ring-keep-stderr", kept, "stderr"},
	{"ring-keep-no-proc", kept, "no-proc"},
	{"ring-keep-no-proc-65535", kept, "no-proc-65535"},
	{"ring-keep-enter-blocked", kept, "enter-blocked"},
	{"ring-keep-no-calls", kept, "no-calls"},
	{"ring-path", kept_path, "path"},
	{"ring-registered", registered, "enter-index=0"},
	{"ring-queued", queued, NULL},
	{NULL, NULL, NULL},
};
