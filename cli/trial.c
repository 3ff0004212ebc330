// SPDX-License-Identifier: MIT
#include "cli/trial.h"

#include <errno.h>
#include <fcntl.h>
#include <liburing.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/auxv.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "cli/install.h"
#include "cli/probe.h"
#include "policy/uring-abi.h"

/* The image is told apart by its whole argument list, which is this one word. */
#define IMAGE_NAME "uring-jail:trial"

/* The child answers on its standard output. */
#define ANSWER_FD STDOUT_FILENO

/* The calls that are made on the way to an answer. */
enum step {
	STEP_RESTRICT,
	STEP_RINGLESS,
	STEP_DISABLED,
	STEP_CLONE,
	STEP_SETUP,
	STEP_EXEC,
	STEP_ASK,
	STEPS
};

static const char *const step_names[STEPS] = {
	[STEP_RESTRICT] = "io_uring_register(IORING_REGISTER_RESTRICTIONS)",
	[STEP_RINGLESS] = "io_uring_register(IORING_REGISTER_QUERY)",
	[STEP_DISABLED] = "io_uring_setup(IORING_SETUP_R_DISABLED)",
	[STEP_CLONE] = "clone",
	[STEP_SETUP] = "io_uring_setup",
	[STEP_EXEC] = "execve",
	[STEP_ASK] = "io_uring_register after execve",
};

/* What the child writes, each with one write(2): a step's finding, or the error that ended it. */
struct answer {
	uint8_t step;
	uint8_t finding;
	int error;
};

static void answer(enum step step, enum finding finding, int error)
{
	struct answer message = {.step = step, .finding = finding, .error = error};

	if (write(ANSWER_FD, &message, sizeof(message)) != sizeof(message))
		_exit(EXIT_FAILURE);
}

/* One entry, which leaves all ops open and closes every register op but RESTRICTIONS. */
static int restrict_register_ops(void)
{
	struct {
		uint16_t flags, nr_res;
		uint32_t resv[3];
		struct uring_restriction entry;
	} task = {.nr_res = 1,
		  .entry = {.opcode = URING_RESTRICTION_REGISTER_OP,
			    .value = URING_REGISTER_RESTRICTIONS}};

	return -io_uring_register((unsigned)-1, URING_REGISTER_RESTRICTIONS, &task, 1);
}

/* A denied call that is refused obeys, one that goes through escapes; all else says nothing. */
static enum finding obeys(int error)
{
	return error == EACCES ? FINDING_YES : error == 0 ? FINDING_NO : FINDING_UNKNOWN;
}

static void try_ringless(void)
{
	struct uring_query_opcode counts;
	struct uring_query_hdr header = {
		.query_data = (uint64_t)(uintptr_t)&counts,
		.size = sizeof(counts),
	};
	int error = -io_uring_register((unsigned)-1, URING_REGISTER_QUERY, &header, 0);

	answer(STEP_RINGLESS, obeys(error), error);
}

static void try_disabled_ring(void)
{
	struct io_uring_params params = {.flags = IORING_SETUP_R_DISABLED};
	struct io_uring_probe probe = {0};
	int fd = io_uring_setup(1, &params);
	int error =
		fd < 0 ? -fd : -io_uring_register((unsigned)fd, URING_REGISTER_PROBE, &probe, 0);

	answer(STEP_DISABLED, fd < 0 ? FINDING_UNKNOWN : obeys(error), error);
	if (fd >= 0)
		close(fd);
}

/* A child whose exit raises `signal`. Not fork(3), which knows no signal but SIGCHLD. */
static pid_t start_child(int signal)
{
	return (pid_t)syscall(SYS_clone, signal, NULL, NULL, NULL, NULL);
}

static void reap(pid_t pid)
{
	while (waitpid(pid, NULL, __WALL) < 0 && errno == EINTR)
		;
}

/* The ring is what loses the restrictions, so it stays open. Without /proc, by our own path. */
static void exec_image(void)
{
	char *argv[] = {(char[]){IMAGE_NAME}, NULL};
	char *envp[] = {NULL};
	struct io_uring_params params = {0};
	int fd = io_uring_setup(1, &params);
	const char *path = (const char *)getauxval(AT_EXECFN);

	if (fd < 0) {
		answer(STEP_SETUP, FINDING_UNKNOWN, -fd);
		return;
	}
	execve("/proc/self/exe", argv, envp);
	if (errno == ENOENT && path)
		execve(path, argv, envp);
	answer(STEP_EXEC, FINDING_UNKNOWN, errno);
}

/*
 * In a child of the child: execve(2) makes SIGCHLD the signal of an exit again (fs/exec.c:
 * begin_new_exec), which is to reach this process and not the one that becomes the target.
 */
static void try_exec(void)
{
	pid_t pid = start_child(SIGCHLD);

	if (pid == 0) {
		exec_image();
		_exit(EXIT_FAILURE);
	}
	if (pid < 0)
		answer(STEP_CLONE, FINDING_UNKNOWN, errno);
	else
		reap(pid);
}

/*
 * A task that is restricted already is so in the child, too. It has to be the kernel that says so:
 * a seccomp filter's EACCES would be the same after the restrictions are lost.
 */
static int be_restricted(bool already)
{
	int error;

	if (!already)
		return restrict_register_ops();
	error = probe_restrictions();
	return error == EPERM ? 0 : error ? error : EPROTO;
}

static _Noreturn void child(bool already, unsigned needs)
{
	int error;

	/* Or the image, if it has lost the restrictions and its privileges, would be told EACCES,
	 * as if it had them. */
	if (!install_no_new_privs())
		_exit(EXIT_FAILURE);
	error = be_restricted(already);
	if (error) {
		answer(STEP_RESTRICT, FINDING_UNKNOWN, error);
		_exit(EXIT_FAILURE);
	}
	if ((needs & NEED_REGISTER_OBEYS) && !already) {
		try_ringless();
		try_disabled_ring();
	}
	if (needs & NEED_SURVIVES_EXEC)
		try_exec();
	_exit(EXIT_SUCCESS);
}

bool trial_is_image(int argc, char **argv)
{
	return argc == 1 && strcmp(argv[0], IMAGE_NAME) == 0;
}

int trial_image(void)
{
	enum finding finding = FINDING_UNKNOWN;
	int error = probe_restrictions();

	if (error == EFAULT)
		finding = FINDING_NO;
	else if (error == EPERM)
		finding = FINDING_YES;
	answer(STEP_ASK, finding, error);
	return EXIT_SUCCESS;
}

static void take(struct kernel *kernel, const struct answer *answer)
{
	enum finding finding = answer->finding;

	if (answer->step >= STEPS || finding > FINDING_YES)
		return;
	if (finding == FINDING_UNKNOWN) {
		kernel->failed_call = step_names[answer->step];
		kernel->failed_error = strerror(answer->error);
	} else if (answer->step == STEP_RINGLESS) {
		kernel->ringless_obey = finding;
	} else if (answer->step == STEP_DISABLED) {
		kernel->disabled_rings_obey = finding;
	} else if (answer->step == STEP_ASK) {
		kernel->survives_exec = finding;
	}
}

/*
 * Once the child has ended, all answers are in the pipe: so what is read does not block, and hangs
 * on nobody else having its other end.
 */
static void read_answers(struct kernel *kernel, int fd)
{
	struct answer answer;
	ssize_t size;

	for (;;) {
		size = read(fd, &answer, sizeof(answer));
		if (size < 0 && errno == EINTR)
			continue;
		if (size != sizeof(answer))
			return;
		take(kernel, &answer);
	}
}

static void cannot(struct kernel *kernel, const char *call)
{
	kernel->failed_call = call;
	kernel->failed_error = strerror(errno);
}

static _Noreturn void answer_on(int fd, bool already, unsigned needs)
{
	if (dup2(fd, ANSWER_FD) < 0 || fcntl(ANSWER_FD, F_SETFD, 0) < 0)
		_exit(EXIT_FAILURE);
	child(already, needs);
}

/*
 * The child's exit raises no signal: so nothing is left pending for the target, and it can be
 * waited for by a parent that ignores SIGCHLD.
 */
void trial_run(struct kernel *kernel, unsigned needs)
{
	int pipe_fds[2];
	pid_t pid;

	if (kernel->survives_exec != FINDING_UNKNOWN)
		needs &= ~NEED_SURVIVES_EXEC;
	if (!(needs & (NEED_SURVIVES_EXEC | NEED_REGISTER_OBEYS)) ||
	    (kernel->task != TASK_FRESH && kernel->task != TASK_NESTED))
		return;
	kernel->failed_call = "the child that tries it";
	kernel->failed_error = "no answer";
	if (pipe2(pipe_fds, O_CLOEXEC | O_NONBLOCK) < 0) {
		cannot(kernel, "pipe2");
		return;
	}
	pid = start_child(0);
	if (pid == 0)
		answer_on(pipe_fds[1], kernel->task != TASK_FRESH, needs);
	if (pid < 0)
		cannot(kernel, "clone");
	close(pipe_fds[1]);
	if (pid > 0) {
		reap(pid);
		read_answers(kernel, pipe_fds[0]);
	}
	close(pipe_fds[0]);
}
