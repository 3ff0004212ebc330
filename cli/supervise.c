// SPDX-License-Identifier: MIT
#include "cli/supervise.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/signalfd.h>
#include <sys/wait.h>
#include <unistd.h>

#include "cli/report.h"

/* How long what has happened may wait for something earlier from another processor. */
#define SETTLE_MS 20

/* How long a process takes at most to end, once the kernel has ceased to watch it. */
#define ENDING_MS 1000

/* How long processes may outlive the command before the user is told what is being waited for. */
#define PATIENCE_MS 1000

/* The state of a run. */
struct run {
	const struct supervision *supervision;
	struct supervised *supervised;
	pid_t child;
	bool ended;	/* the command has, and was waited for */
	bool unwatched; /* no thread is left that is watched */
	bool stopped;	/* a signal has ended the watching */
	bool kept;	/* events are kept back for the next drain */
	bool told;	/* that others are waited for */
	int signals;	/* a signalfd(2) */
	sigset_t inherited;
	struct pollfd *polled; /* the signals, then a buffer of each processor */
	size_t nr_polled;
};

/* --- the child */

static _Noreturn void be_child(const struct run *run, int go, int failed)
{
	char byte;
	int status = EXIT_FAILED;

	/* Nothing comes where the parent could not attach, or is gone. */
	if (read(go, &byte, 1) == 1 && sigprocmask(SIG_SETMASK, &run->inherited, NULL) == 0)
		status = run->supervision->launch(run->supervision->launch_data);
	/* execve(2) closes this; whoever reads a status from it knows that there was none. */
	if (write(failed, &status, sizeof(status)) < 0)
		_exit(EXIT_FAILED);
	_exit(status);
}

/* --- signals */

/* Those that can be passed on: not those that a fault raises, and not those that stop a background
 * job at its terminal, which reach us as well. */
static sigset_t passed_on(void)
{
	static const int own[] = {SIGSEGV, SIGBUS, SIGFPE,  SIGILL,
				  SIGTRAP, SIGSYS, SIGTTIN, SIGTTOU};
	sigset_t set;

	sigfillset(&set);
	for (size_t i = 0; i < sizeof(own) / sizeof(own[0]); i++)
		sigdelset(&set, own[i]);
	return set;
}

static bool is_ignored(int signal)
{
	struct sigaction action;

	return sigaction(signal, NULL, &action) == 0 && action.sa_handler == SIG_IGN;
}

/* Whether a signal would end a program that does nothing about it, as a user means it to. */
static bool ends(int signal)
{
	return (signal == SIGINT || signal == SIGTERM || signal == SIGHUP || signal == SIGQUIT) &&
	       !is_ignored(signal);
}

/*
 * What the terminal sends goes to the whole foreground job, so the command has it already, unless it
 * has left the job.
 */
static bool has_it(const struct run *run, const struct signalfd_siginfo *info)
{
	return info->ssi_code == SI_KERNEL && getpgid(run->child) == getpgrp();
}

static void pass_on(struct run *run, const struct signalfd_siginfo *info)
{
	int signal = (int)info->ssi_signo;

	if (info->ssi_pid == (uint32_t)getpid())
		return; /* SIGPIPE, of a message that nobody reads */
	if (run->ended) {
		run->stopped = run->stopped || ends(signal);
		return;
	}
	if (!has_it(run, info))
		kill(run->child, signal);
	/* Stopped as a job, the command and this process stop together. */
	if (signal == SIGTSTP && !is_ignored(SIGTSTP))
		raise(SIGSTOP);
}

/* The first process of a container inherits the children of others. */
static void reap(struct run *run)
{
	int status;
	pid_t pid;

	while ((pid = waitpid(-1, &status, WNOHANG)) > 0) {
		if (pid != run->child)
			continue;
		run->ended = true;
		run->supervised->status = status;
	}
}

static void take_signals(struct run *run)
{
	struct signalfd_siginfo info;

	while (read(run->signals, &info, sizeof(info)) == (ssize_t)sizeof(info)) {
		if (info.ssi_signo == SIGCHLD)
			reap(run);
		else
			pass_on(run, &info);
	}
}

/* --- watching */

static void drain(struct run *run, bool all)
{
	const struct supervision *supervision = run->supervision;

	run->kept = trace_drain(supervision->trace, all, supervision->handler,
				supervision->handler_data);
}

static bool prepare_poll(struct run *run)
{
	const int *fds;
	size_t n = trace_fds(run->supervision->trace, &fds);

	run->polled = calloc(n + 1, sizeof(*run->polled));
	if (!run->polled) {
		report_error("out of memory");
		return false;
	}
	run->polled[0] = (struct pollfd){.fd = run->signals, .events = POLLIN};
	for (size_t i = 0; i < n; i++)
		run->polled[i + 1] = (struct pollfd){.fd = fds[i], .events = POLLIN};
	run->nr_polled = n + 1;
	return true;
}

/* A buffer that nobody writes to any more would otherwise wake us for ever. */
static void forget_ended(struct run *run)
{
	for (size_t i = 1; i < run->nr_polled; i++)
		if (run->polled[i].revents & (POLLHUP | POLLERR))
			run->polled[i].fd = -1;
}

static int time_limit(const struct run *run)
{
	if (run->kept)
		return SETTLE_MS;
	if (run->ended && !run->told)
		return PATIENCE_MS;
	return run->unwatched && !run->ended && !run->supervised->blind ? ENDING_MS : -1;
}

static void tell(struct run *run)
{
	run->told = true;
	report_note("%s has ended; still watching what it has started, until that ends or a "
		    "signal ends this",
		    run->supervision->name);
}

/* What it means that for so long nothing has come. */
static void wait_no_longer(struct run *run)
{
	if (run->ended && !run->unwatched)
		tell(run);
	if (run->unwatched && !run->ended)
		run->supervised->blind = true;
}

static void watch(struct run *run)
{
	while (!(run->ended && run->unwatched) && !run->stopped) {
		bool waited = !run->kept;
		int n = poll(run->polled, run->nr_polled, time_limit(run));

		take_signals(run);
		forget_ended(run);
		drain(run, false);
		run->unwatched = trace_ended(run->supervision->trace);
		if (n == 0 && waited)
			wait_no_longer(run);
	}
	trace_stop(run->supervision->trace);
	drain(run, true);
}

/* --- the run */

/* Whether the command was executed; if not, the child's exit status is known. */
static bool has_started(struct run *run, int failed)
{
	int status;
	ssize_t size;

	do
		size = read(failed, &status, sizeof(status));
	while (size < 0 && errno == EINTR);
	if (size == 0)
		return true;
	run->supervised->status = size == (ssize_t)sizeof(status) ? status : EXIT_FAILED;
	return false;
}

/*
 * The signals that come are blocked; what the command's end says has to reach us, whatever was
 * inherited; and nothing in the jail may reach out of it through this process.
 */
static void become_parent(void)
{
	signal(SIGCHLD, SIG_DFL);
	prctl(PR_SET_DUMPABLE, 0);
}

static bool attach(struct run *run, int go)
{
	return trace_attach(run->supervision->trace, run->child) && prepare_poll(run) &&
	       write(go, "", 1) == 1;
}

/* From the fork on, with the write end of `go` and the read end of `failed`. */
static bool be_parent(struct run *run, int go, int failed)
{
	become_parent();
	if (!attach(run, go)) {
		close(go);
		waitpid(run->child, NULL, 0);
		return false;
	}
	run->supervised->ran = has_started(run, failed);
	if (run->supervised->ran)
		watch(run);
	else
		waitpid(run->child, NULL, 0);
	return true;
}

static bool make_child(struct run *run)
{
	int go[2], failed[2];
	bool done;

	if (pipe2(go, O_CLOEXEC) < 0 || pipe2(failed, O_CLOEXEC) < 0) {
		report_error("pipe2(2): %s", strerror(errno));
		return false;
	}
	run->child = fork();
	if (run->child < 0) {
		report_error("fork(2): %s", strerror(errno));
		return false;
	}
	if (run->child == 0) {
		close(go[1]);
		be_child(run, go[0], failed[1]);
	}
	close(go[0]);
	close(failed[1]);
	done = be_parent(run, go[1], failed[0]);
	close(failed[0]);
	return done;
}

/*
 * Where standard input, output or error is closed, none of our own may take its place, since
 * messages go there. The command has them closed again.
 */
static bool take_standard(void)
{
	int fd;

	do
		fd = open("/dev/null", O_RDWR | O_CLOEXEC);
	while (fd >= 0 && fd <= STDERR_FILENO);
	if (fd < 0) {
		report_error("/dev/null: %s", strerror(errno));
		return false;
	}
	close(fd);
	return true;
}

bool supervise(const struct supervision *supervision, struct supervised *supervised)
{
	struct run run = {.supervision = supervision, .supervised = supervised};
	sigset_t set = passed_on();
	bool done = false;

	*supervised = (struct supervised){0};
	if (!take_standard())
		return false;
	sigprocmask(SIG_BLOCK, &set, &run.inherited);
	run.signals = signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK);
	if (run.signals < 0)
		report_error("signalfd(2): %s", strerror(errno));
	else
		done = make_child(&run);
	free(run.polled);
	return done;
}

int supervise_end(const struct supervised *supervised)
{
	const struct rlimit none = {0, 0};
	sigset_t set;
	int number;

	if (!supervised->ran)
		return supervised->status;
	if (!WIFSIGNALED(supervised->status))
		return WEXITSTATUS(supervised->status);
	/* The command has left a core file, if one is wanted; this one would replace it. */
	setrlimit(RLIMIT_CORE, &none);
	number = WTERMSIG(supervised->status);
	signal(number, SIG_DFL);
	sigemptyset(&set);
	sigaddset(&set, number);
	sigprocmask(SIG_UNBLOCK, &set, NULL);
	raise(number);
	/* The first process of a container does not die of it. */
	return 128 + number;
}
